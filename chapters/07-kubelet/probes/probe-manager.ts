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
}

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
    this.#workers.set(key, { worker, stop });
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    // A kubelet that has just begun finds many pods at once.
    const hasJustBegun = clock.monotonic() - this.#startedAt < periodMs;
    const delayMs = hasJustBegun ? random.next() * periodMs : 0;
    worker.run(stop.signal, delayMs).finally(() => {
      if (this.#workers.get(key)?.worker === worker) this.#workers.delete(key);
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
        this.#workers.get(key)?.stop.abort();
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
        if (kind === 'readiness') running?.worker.wake();
        return running !== undefined;
      },
    });
  }

  stop(): void {
    for (const { stop } of this.#workers.values()) stop.abort();
    this.#workers.clear();
  }
}

function keyOf({ metadata }: Pod, kind: ProbeKind, container: string): string {
  return `${metadata?.uid}/${kind}/${container}`;
}
