/**
 * Pod lifecycle events: what changed in the runtime since the last look.
 *
 * Looking is cheap (two lists), reading a pod's whole status is not: so the kubelet looks at all
 * pods every second and reads only those in which something changed. `pleg/relist.ts` does the
 * looking.
 */

import { NotImplemented } from '#not-implemented';

/** What a container, or a sandbox, was seen to be. `missing`: it was not seen. */
export type SeenState = 'running' | 'exited' | 'unknown' | 'missing';

/** All containers and sandboxes of one pod that one look brought, by id. */
export type SeenPod = ReadonlyMap<string, SeenState>;

/** What happened to a container or sandbox. */
export interface PodLifecycleEvent {
  readonly podUid: string;
  readonly type: 'ContainerStarted' | 'ContainerDied' | 'ContainerRemoved' | 'ContainerChanged';
  readonly containerId: string;
}

/**
 * What happened between two looks.
 *
 * @remarks For every container or sandbox of either look, by its state before and after:
 *
 * | before | after | events |
 * |---|---|---|
 * | the same | | none |
 * | any other | `running` | `ContainerStarted` |
 * | any other | `exited` | `ContainerDied` |
 * | any other | `unknown` | `ContainerChanged` |
 * | `exited` | `missing` | `ContainerRemoved` |
 * | `running`, `unknown` | `missing` | `ContainerDied`, `ContainerRemoved` |
 *
 * What is not in a look is `missing`, a whole pod too. So one that came and ended between two looks
 * is told as `ContainerDied` alone.
 *
 * @param before - by the pods' uid
 * @returns pods in the order of `before`, then new ones; in a pod in that order too
 * @see pkg/kubelet/pleg/generic.go (1.33), computeEvents
 * @exercise kubelet/pleg
 */
export function lifecycleEvents(
  before: ReadonlyMap<string, SeenPod>,
  after: ReadonlyMap<string, SeenPod>,
): PodLifecycleEvent[] {
  throw new NotImplemented('kubelet/pleg', 'lifecycleEvents');
}

/** What each look needs. */
export interface LifecycleSource<S> {
  /** Everything in the runtime now. */
  look(): Promise<ReadonlyMap<string, SeenPod>>;
  /** A pod's whole status, read anew. */
  read(podUid: string): Promise<S>;
}

/**
 * Turns looks into events, and keeps pods' statuses so that they are read only when something
 * changed.
 *
 * @see pkg/kubelet/pleg/generic.go (1.33), Relist
 */
export class LifecycleEventGenerator<S> {
  // Your state goes here: fields of your own choosing.

  /** @exercise kubelet/pleg */
  constructor(source: LifecycleSource<S>) {
    throw new NotImplemented('kubelet/pleg', 'LifecycleEventGenerator.constructor');
  }

  /**
   * Looks once.
   *
   * @remarks The statuses of pods with events are read, one after another, before the events are
   * told; the status of a pod that is not in the look any more is forgotten instead. When a pod's
   * status cannot be read, its events are kept back, and at the next look it is read again, whether
   * something changed or not; then they are told before newer ones of that pod. Apart from that,
   * events are told in the order of `lifecycleEvents`; where pods with events kept back come among
   * the others is open. `ContainerChanged` is not told, it only has the status read.
   *
   * @returns the events to tell
   * @throws what `look` rejects with, as a rejection; then nothing has changed
   * @exercise kubelet/pleg
   */
  async relist(): Promise<PodLifecycleEvent[]> {
    throw new NotImplemented('kubelet/pleg', 'LifecycleEventGenerator.relist');
  }

  /**
   * The status that was read last; `undefined` for a pod the runtime does not have.
   *
   * @exercise kubelet/pleg
   */
  statusOf(podUid: string): S | undefined {
    throw new NotImplemented('kubelet/pleg', 'LifecycleEventGenerator.statusOf');
  }
}
