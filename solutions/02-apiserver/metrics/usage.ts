/**
 * What nodes and containers use, from what kubelets counted. Given.
 *
 * A kubelet tells how much CPU time something has had since it began. How much it uses now is the
 * difference between two such points, over the time between them: so of each node and container the
 * last two points are kept.
 *
 * @see metrics-server pkg/storage (0.7)
 */

/** What was counted at one moment. */
export interface UsagePoint {
  /** When it was measured, in milliseconds since 1970. */
  readonly atMs: number;
  /** When the container began, the same way; 0 when nobody said. */
  readonly startMs: number;
  /** CPU time since then, in billionths of a second. */
  readonly cpuNanos: number;
  readonly memoryBytes: number;
}

/** What one pod's containers used, and which node said so. */
export interface PodPoints {
  readonly nodeName: string;
  readonly containers: ReadonlyMap<string, UsagePoint>;
}

/** What all kubelets said in one round. */
export interface UsageBatch {
  readonly nodes: ReadonlyMap<string, UsagePoint>;
  /** By `namespace/name`. */
  readonly pods: ReadonlyMap<string, PodPoints>;
}

/** What is used at a time. */
export interface Usage {
  readonly cpuNanoCores: number;
  readonly memoryBytes: number;
  readonly atMs: number;
  /** How long it was measured. */
  readonly windowMs: number;
}

/** Two points: the last, and the one before it. */
interface Pair {
  readonly last: UsagePoint;
  readonly before: UsagePoint | undefined;
}

/** A container younger than this tells too little. */
const MIN_AGE_MS = 10_000;

/** The last two rounds. */
export class UsageStore {
  readonly #resolutionMs: number;
  #nodes = new Map<string, Pair>();
  #pods = new Map<string, { nodeName: string; containers: Map<string, Pair> }>();

  /** @param resolutionMs - the time between two rounds */
  constructor(resolutionMs: number) {
    this.#resolutionMs = resolutionMs;
  }

  /** Takes a round in; what is not in it is forgotten. */
  add({ nodes, pods }: UsageBatch): void {
    const knownNodes = this.#nodes;
    this.#nodes = new Map();
    for (const [name, last] of nodes) {
      this.#nodes.set(name, { last, before: pointBefore(last, knownNodes.get(name)) });
    }
    const knownPods = this.#pods;
    this.#pods = new Map();
    for (const [key, { nodeName, containers }] of pods) {
      const known = knownPods.get(key)?.containers;
      const pairs = [...containers].map(([name, last]): [string, Pair] => {
        const before = this.#sinceStart(last) ?? sameRun(last, known?.get(name));
        return [name, { last, before }];
      });
      this.#pods.set(key, { nodeName, containers: new Map(pairs) });
    }
  }

  /** @returns `undefined` when there are not yet two points */
  node(name: string): Usage | undefined {
    return usageOf(this.#nodes.get(name));
  }

  /**
   * What each container of a pod uses, by name; `window` and time are those of the oldest.
   *
   * @returns `undefined` when a container has not yet two points, or another node told of the pod
   */
  pod(key: string, nodeName: string): Map<string, Usage> | undefined {
    const pod = this.#pods.get(key);
    if (pod?.nodeName !== nodeName) return undefined;
    const pairs = [...pod.containers];
    if (pairs.some(([, { before }]) => before === undefined)) return undefined;
    const usages = pairs.flatMap(([name, pair]): [string, Usage][] => {
      const usage = usageOf(pair);
      return usage ? [[name, usage]] : [];
    });
    return usages.length === 0 ? undefined : new Map(usages.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A container that began since the last round is measured from its beginning, where it had 0. */
  #sinceStart(last: UsagePoint): UsagePoint | undefined {
    const ageMs = last.atMs - last.startMs;
    if (ageMs < MIN_AGE_MS || ageMs >= this.#resolutionMs) return undefined;
    return { ...last, atMs: last.startMs, cpuNanos: 0 };
  }
}

/** A container that was started anew counts from 0 again: its old points tell nothing. */
function sameRun(last: UsagePoint, known: Pair | undefined): UsagePoint | undefined {
  return known && last.startMs < known.last.atMs ? pointBefore(last, known) : undefined;
}

/** A kubelet may tell the same point twice; then the one before it still counts. */
function pointBefore(last: UsagePoint, known: Pair | undefined): UsagePoint | undefined {
  if (known === undefined) return undefined;
  if (last.atMs > known.last.atMs) return known.last;
  return known.before && known.before.atMs < last.atMs ? known.before : undefined;
}

function usageOf(pair: Pair | undefined): Usage | undefined {
  if (pair?.before === undefined) return undefined;
  const { last, before } = pair;
  if (last.startMs < before.startMs || last.cpuNanos < before.cpuNanos) return undefined;
  const windowMs = last.atMs - before.atMs;
  const cpuNanoCores = Math.trunc((last.cpuNanos - before.cpuNanos) / (windowMs / 1000));
  return { cpuNanoCores, memoryBytes: last.memoryBytes, atMs: last.atMs, windowMs };
}
