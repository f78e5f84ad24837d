/** The probe workers of all pods: one for each probe of each container. Given. */

import type { PodStatus } from 'kubernetes-types/core/v1.js';
import type { Clock, Container, Pod, Random } from '#apimachinery';
import { isSidecar } from '../runtime/pod-runtime-status.ts';
import type { ProbeVerdicts } from '../sync-pod/sync-pod.ts';
import { type ProbeChange, type ProbeKind, ProbeResults } from './probe-results.ts';
import { applyProbes, type Prober, ProbeWorker } from './probes.ts';

/** What the manager needs. */
export interface ProbeManagerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly prober: Prober;
  readonly statusOf: (uid: string) => PodStatus | undefined;
  readonly event: (pod: Pod, container: Container, reason: string, message: string) => void;
  readonly onChange: (kind: ProbeKind, change: ProbeChange) => void;
}

interface Running {
  readonly worker: ProbeWorker;
  readonly stop: AbortController;
  /** It is about to be woken. */
  soon: { cancel(): void } | undefined;
}

/** A server that has just begun does not listen yet; who asks at once waits a whole period to ask again. */
const FIRST_PROBE_MS = 100;

/** @see pkg/kubelet/prober/prober_manager.go (1.33) */
export class ProbeManager implements ProbeVerdicts {
  readonly #options: ProbeManagerOptions;
  readonly #results: Readonly<Record<ProbeKind, ProbeResults>>;
  readonly #workers = new Map<string, Running>();
  readonly #startedAt: number;

  constructor(options: ProbeManagerOptions) {
    this.#options = options;
    const resultsOf = (kind: ProbeKind) =>
      new ProbeResults((change) => options.onChange(kind, change));
    this.#results = {
      startup: resultsOf('startup'),
      liveness: resultsOf('liveness'),
      readiness: resultsOf('readiness'),
    };
    this.#startedAt = options.clock.monotonic();
  }

  startup(containerId: string) {
    return this.#results.startup.get(containerId);
  }

  liveness(containerId: string) {
    return this.#results.liveness.get(containerId);
  }

  /** Starts the workers a pod needs and does not have. */
  addPod(pod: Pod): void {
    const { initContainers = [], containers = [] } = pod.spec ?? {};
    for (const container of [...initContainers.filter(isSidecar), ...containers]) {
      this.#add(pod, container, 'startup', container.startupProbe);
      this.#add(pod, container, 'liveness', container.livenessProbe);
      this.#add(pod, container, 'readiness', container.readinessProbe);
    }
  }

  #add(pod: Pod, container: Container, kind: ProbeKind, probe: Container['startupProbe']): void {
    const key = keyOf(pod, kind, container.name);
    if (probe === undefined || this.#workers.has(key)) return;
    const { clock, random, prober, statusOf, event } = this.#options;
    const uid = pod.metadata?.uid ?? '';
    const worker = new ProbeWorker({
      kind,
      pod,
      container,
      probe,
      prober,
      clock,
      results: this.#results[kind],
      statusOf: () => statusOf(uid),
      event: (reason, message) => event(pod, container, reason, message),
    });
    const stop = new AbortController();
    this.#workers.set(key, { worker, stop, soon: undefined });
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    // A kubelet that has just begun finds many pods at once.
    const hasJustBegun = clock.monotonic() - this.#startedAt < periodMs;
    const delayMs = hasJustBegun ? random.next() * periodMs : 0;
    worker.run(stop.signal, delayMs).finally(() => {
      const running = this.#workers.get(key);
      if (running?.worker !== worker) return;
      end(running);
      this.#workers.delete(key);
    });
  }

  /** A pod that ends needs no more startup and liveness probes. */
  stopLiveness(pod: Pod): void {
    this.#stopKinds(pod, ['startup', 'liveness']);
  }

  removePod(pod: Pod): void {
    this.#stopKinds(pod, ['startup', 'liveness', 'readiness']);
  }

  #stopKinds(pod: Pod, kinds: readonly ProbeKind[]): void {
    const { initContainers = [], containers = [] } = pod.spec ?? {};
    for (const { name } of [...initContainers, ...containers]) {
      for (const kind of kinds) {
        const key = keyOf(pod, kind, name);
        const running = this.#workers.get(key);
        if (running) end(running);
        this.#workers.delete(key);
      }
    }
  }

  /** Forgets what is known of a container that is gone. */
  forget(containerId: string): void {
    for (const results of Object.values(this.#results)) results.remove(containerId);
  }

  apply(pod: Pod, status: PodStatus): void {
    applyProbes(pod, status, {
      verdict: (kind, id) => this.#results[kind].get(id),
      isProbed: (kind, name) => {
        const running = this.#workers.get(keyOf(pod, kind, name));
        // Somebody waits for the answer.
        if (kind === 'readiness' && running) this.#wakeSoon(running);
        return running !== undefined;
      },
    });
  }

  #wakeSoon(running: Running): void {
    running.soon ??= this.#options.clock.after(FIRST_PROBE_MS, () => {
      running.soon = undefined;
      running.worker.wake();
    });
  }

  stop(): void {
    for (const running of this.#workers.values()) end(running);
    this.#workers.clear();
  }
}

function end({ stop, soon }: Running): void {
  soon?.cancel();
  stop.abort();
}

function keyOf({ metadata }: Pod, kind: ProbeKind, container: string): string {
  return `${metadata?.uid}/${kind}/${container}`;
}
