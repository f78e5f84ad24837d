/** Getting a container's image, with pauses after failures. Given. */

import type { Clock, Container, Pod } from '#apimachinery';
import { type AuthConfig, type CriClient, CriError } from '#container-runtime/cri';

/** The first pause after a failed pull, and the longest; milliseconds. */
const BACKOFF_MS = { first: 10_000, longest: 300_000 };

/** Tells an event about a container. */
export type ContainerEvent = (
  pod: Pod,
  container: Container,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
) => void;

/** The image could not be had; `reason` is what the container waits for. */
export class ImagePullError extends Error {
  override readonly name = 'ImagePullError';
  readonly reason: string;
  /** When it makes sense to try again, in milliseconds. */
  readonly retryMs: number;

  constructor(reason: string, message: string, retryMs: number) {
    super(message);
    this.reason = reason;
    this.retryMs = retryMs;
  }
}

/** Pulls images, each of them at most once at a time. */
export class ImagePuller {
  readonly #cri: CriClient;
  readonly #clock: Clock;
  readonly #event: ContainerEvent;
  readonly #pulls = new Map<string, Promise<{ id: string; tookMs: number; size: number }>>();
  readonly #waits = new Map<string, { backoffMs: number; at: number; error: string }>();

  constructor({ cri, clock, event }: { cri: CriClient; clock: Clock; event: ContainerEvent }) {
    this.#cri = cri;
    this.#clock = clock;
    this.#event = event;
  }

  /**
   * @returns the image's id
   * @throws ImagePullError when it is not there and could not be pulled
   * @see pkg/kubelet/images/image_manager.go (1.33), EnsureImageExists
   */
  async ensureImage(pod: Pod, container: Container, auth: readonly AuthConfig[]): Promise<string> {
    const image = container.image ?? '';
    const policy = container.imagePullPolicy ?? 'IfNotPresent';
    const present = await this.#present(image);
    const tell = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
      this.#event(pod, container, type, reason, message);
    if (present !== undefined && policy !== 'Always') {
      tell('Normal', 'Pulled', `Container image "${image}" already present on machine`);
      return present;
    }
    if (policy === 'Never') {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      tell('Warning', 'ErrImageNeverPull', message);
      throw new ImagePullError('ErrImageNeverPull', message, BACKOFF_MS.first);
    }
    const key = `${pod.metadata?.uid}_${image}`;
    this.#refuseTooSoon(key, image, tell);
    return this.#pull(key, image, auth, tell);
  }

  async #present(image: string): Promise<string | undefined> {
    return (await this.#cri.imageStatus({ image: { image } })).image?.id;
  }

  #refuseTooSoon(
    key: string,
    image: string,
    tell: (type: 'Normal' | 'Warning', reason: string, message: string) => void,
  ): void {
    const wait = this.#waits.get(key);
    if (wait === undefined) return;
    const leftMs = wait.at + wait.backoffMs - this.#clock.now();
    if (leftMs <= 0) return;
    const message = `Back-off pulling image "${image}"`;
    tell('Normal', 'BackOff', message);
    throw new ImagePullError('ImagePullBackOff', `${message}: ErrImagePull: ${wait.error}`, leftMs);
  }

  async #pull(
    key: string,
    image: string,
    auth: readonly AuthConfig[],
    tell: (type: 'Normal' | 'Warning', reason: string, message: string) => void,
  ): Promise<string> {
    tell('Normal', 'Pulling', `Pulling image "${image}"`);
    const began = this.#clock.monotonic();
    try {
      const { id, tookMs, size } = await this.#once(image, auth);
      const waitedMs = this.#clock.monotonic() - began;
      const took = `${goDuration(tookMs)} (${goDuration(waitedMs)} including waiting)`;
      tell(
        'Normal',
        'Pulled',
        `Successfully pulled image "${image}" in ${took}. Image size: ${size} bytes.`,
      );
      this.#waits.delete(key);
      return id;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      tell('Warning', 'Failed', `Failed to pull image "${image}": ${text}`);
      const before = this.#waits.get(key);
      const isStale =
        before !== undefined && this.#clock.now() - before.at > 2 * BACKOFF_MS.longest;
      const backoffMs =
        before === undefined || isStale
          ? BACKOFF_MS.first
          : Math.min(before.backoffMs * 2, BACKOFF_MS.longest);
      this.#waits.set(key, { backoffMs, at: this.#clock.now(), error: text });
      throw new ImagePullError('ErrImagePull', text, BACKOFF_MS.first);
    }
  }

  /** Two pods that want the same image wait for the same pull. */
  #once(image: string, auth: readonly AuthConfig[]) {
    const key = JSON.stringify([image, auth]);
    const running = this.#pulls.get(key);
    if (running) return running;
    const pull = this.#pullNow(image, auth).finally(() => this.#pulls.delete(key));
    this.#pulls.set(key, pull);
    return pull;
  }

  async #pullNow(image: string, auths: readonly AuthConfig[]) {
    const began = this.#clock.monotonic();
    let failure: unknown = new CriError('UNKNOWN', 'no credentials');
    for (const auth of auths.length > 0 ? auths : [undefined]) {
      try {
        const { imageRef } = await this.#cri.pullImage({ image: { image }, ...(auth && { auth }) });
        const tookMs = this.#clock.monotonic() - began;
        const { image: pulled } = await this.#cri.imageStatus({ image: { image: imageRef } });
        return { id: imageRef, tookMs, size: pulled?.size ?? 0 };
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }
}

/** As Go writes a duration, in milliseconds at the finest. */
export function goDuration(ms: number): string {
  if (ms < 1000) return ms === 0 ? '0s' : `${Math.round(ms)}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = `${Math.round(ms % 60_000) / 1000}s`;
  return minutes === 0 ? seconds : `${minutes}m${seconds}`;
}
