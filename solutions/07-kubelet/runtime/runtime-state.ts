/**
 * Whether the runtime is there, and whether pods can have a network: asked every five seconds. Given.
 *
 * What it says becomes the node's condition `Ready` (`node/`); without a network only pods on the
 * node's own are started (`kubelet/pod-lifecycle.ts`).
 */

import type { Clock, Logger } from '#apimachinery';
import type { CriClient, RuntimeCondition } from '#container-runtime/cri';

/** A runtime that has been silent for so long is down, milliseconds. */
const DOWN_MS = 30_000;
/** So often it is asked, milliseconds. */
const UPDATE_MS = 5000;

/** @see pkg/kubelet/runtime.go (1.33), and updateRuntimeUp in pkg/kubelet/kubelet.go */
export class RuntimeState {
  readonly #cri: CriClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  #readyAt: number | undefined;
  #runtimeFault: string | undefined;
  #networkFault: string | undefined = 'network state unknown';

  constructor({ cri, clock, log }: { cri: CriClient; clock: Clock; log: Logger }) {
    this.#cri = cri;
    this.#clock = clock;
    this.#log = log;
  }

  /** What is wrong with the runtime; empty when nothing is. */
  get runtimeFaults(): string[] {
    const fault = this.#runtimeFault === undefined ? [] : [this.#runtimeFault];
    if (this.#readyAt === undefined) {
      return ['container runtime status check may not have completed yet', ...fault];
    }
    const isDown = this.#clock.monotonic() - this.#readyAt >= DOWN_MS;
    return isDown ? ['container runtime is down', ...fault] : fault;
  }

  /** What is wrong with the network; empty when nothing is. */
  get networkFaults(): string[] {
    return this.#networkFault === undefined ? [] : [this.#networkFault];
  }

  /** Resolves when the signal has aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.update();
      await this.#clock.sleep(UPDATE_MS, signal).catch(() => {});
    }
  }

  /** Asks once. */
  async update(): Promise<void> {
    try {
      const { status } = await this.#cri.status({});
      const faultOf = (type: string): string | undefined => {
        const found = status?.conditions.find((one) => one.type === type);
        return found?.status ? undefined : textOf(found);
      };
      const network = faultOf('NetworkReady');
      this.#networkFault = network && `container runtime network not ready: ${network}`;
      const runtime = faultOf('RuntimeReady');
      this.#runtimeFault = runtime && `container runtime not ready: ${runtime}`;
      if (runtime === undefined) this.#readyAt = this.#clock.monotonic();
    } catch (error) {
      this.#log.warn('the runtime does not tell how it is', { error: String(error) });
    }
  }
}

/** As Go prints it; one that was not told at all is a nil pointer there. */
function textOf(condition: RuntimeCondition | undefined): string {
  if (condition === undefined) return '<nil>';
  const { type, status, reason, message } = condition;
  return `${type}=${status} reason:${reason} message:${message}`;
}
