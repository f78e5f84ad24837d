/** Looks at the runtime again and again, or when it says that something happened. Given. */

import type { Clock, Logger } from '#apimachinery';
import type { CriClient } from '#container-runtime/cri';
import type { PodRuntimeStatus } from '../runtime/pod-runtime-status.ts';
import { type RuntimeReader, readPod } from '../runtime/read-runtime.ts';
import { LifecycleEventGenerator } from './pleg.ts';
import { lookAtRuntime } from './relist.ts';

/** What the loop needs. */
export interface RelistLoopOptions {
  readonly cri: CriClient;
  readonly reader: RuntimeReader;
  readonly clock: Clock;
  readonly log: Logger;
  /** Be told of changes by the runtime, and look only every five minutes. */
  readonly evented: boolean;
  /** Absent: a second. */
  readonly relistMs?: number | undefined;
  /** Something happened with a pod. */
  readonly onPod: (uid: string) => void;
  /** One of its containers has ended. */
  readonly onDeath: (uid: string) => Promise<void>;
}

const RELIST_MS = 1000;
const EVENTED_RELIST_MS = 300_000;
const DEAD_MS = 180_000;

/** @see pkg/kubelet/pleg/generic.go (1.33) */
export class RelistLoop {
  readonly #options: RelistLoopOptions;
  readonly #pleg: LifecycleEventGenerator<PodRuntimeStatus>;
  #lookedAt: number;
  #lookSoon: (() => void) | undefined;

  constructor(options: RelistLoopOptions) {
    const { cri, reader, clock } = options;
    this.#options = options;
    this.#pleg = new LifecycleEventGenerator({
      look: () => lookAtRuntime(cri),
      read: (uid) => readPod(reader, uid),
    });
    this.#lookedAt = clock.monotonic();
  }

  /** What keeps the node from being ready: it has not looked for too long. */
  get faults(): string[] {
    const silentMs = this.#options.clock.monotonic() - this.#lookedAt;
    if (silentMs < DEAD_MS || this.#options.evented) return [];
    const minutes = Math.floor(silentMs / 60_000);
    return [
      `PLEG is not healthy: pleg was last seen active ${minutes}m${Math.floor((silentMs % 60_000) / 1000)}s ago; threshold is 3m0s`,
    ];
  }

  /** Resolves when the signal has aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { cri, evented } = this.#options;
    this.#lookedAt = this.#options.clock.monotonic();
    const events = evented ? this.#listen(cri.getContainerEvents(signal), signal) : undefined;
    await Promise.all([this.#relistAll(signal), events]);
  }

  async #relistAll(signal: AbortSignal): Promise<void> {
    const { log, evented, relistMs } = this.#options;
    const periodMs = relistMs ?? (evented ? EVENTED_RELIST_MS : RELIST_MS);
    while (!signal.aborted) {
      try {
        await this.#relist();
      } catch (error) {
        if (!signal.aborted) log.warn('cannot look at the runtime', { error: String(error) });
      }
      await this.#untilLook(periodMs, signal);
    }
  }

  #untilLook(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        this.#lookSoon = undefined;
        resolve();
      };
      const timer = this.#options.clock.after(ms, end);
      signal.addEventListener('abort', end, { once: true });
      this.#lookSoon = end;
    });
  }

  async #relist(): Promise<void> {
    const { clock, onPod, onDeath } = this.#options;
    const events = await this.#pleg.relist();
    this.#lookedAt = clock.monotonic();
    const died = events.filter(({ type }) => type === 'ContainerDied');
    for (const uid of new Set(events.map(({ podUid }) => podUid))) onPod(uid);
    for (const uid of new Set(died.map(({ podUid }) => podUid))) await onDeath(uid).catch(() => {});
  }

  async #listen(events: AsyncIterable<unknown>, signal: AbortSignal): Promise<void> {
    try {
      for await (const _ of events) this.#lookSoon?.();
    } catch (error) {
      if (signal.aborted) return;
      this.#options.log.warn('the runtime does not tell of changes', { error: String(error) });
    }
  }
}
