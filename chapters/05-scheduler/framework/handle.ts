/** What plugins get from the scheduler they are part of. Given. */

import type { Clock, Logger, Pod, Random } from '#apimachinery';
import type { Client, EventRecorder, InformerFactory } from '#client';
import type { CycleState } from './cycle-state.ts';
import type { NodeInfo } from './node-info.ts';
import type { Plugin } from './plugin.ts';
import type { PodInfo } from './pod-info.ts';
import type { Snapshot } from './snapshot.ts';
import type { Status } from './status.ts';

/** Pods that were promised a node which is not free yet: preemption is making room. */
export interface Nominations {
  /** The pods nominated for a node. */
  podsOn(nodeName: string): readonly PodInfo[];
}

/** A pod that permit made wait. */
export interface WaitingPod {
  readonly pod: Pod;
  /** The plugins it waits for. */
  readonly pendingPlugins: readonly string[];
  /** One plugin says yes; once all have, the pod is bound. */
  allow(plugin: string): void;
  /** One plugin says no: the pod is not bound, and goes back into the queue. */
  reject(plugin: string, message: string): void;
}

/** All pods that wait for permits. */
export interface WaitingPodList {
  /** @param uid - the pod's */
  get(uid: string): WaitingPod | undefined;
  list(): readonly WaitingPod[];
}

/** Filters as preemption asks them: on copies of states and nodes. */
export interface FilterRunner {
  runFilterPlugins(state: CycleState, pod: PodInfo, node: NodeInfo): Status | undefined;
  runPreFilterAddPod(
    state: CycleState,
    pod: PodInfo,
    added: PodInfo,
    node: NodeInfo,
  ): Status | undefined;
  runPreFilterRemovePod(
    state: CycleState,
    pod: PodInfo,
    removed: PodInfo,
    node: NodeInfo,
  ): Status | undefined;
}

/** The scheduler as a plugin sees it. */
export interface Handle {
  /** The nodes of the attempt that is under way. Always the same object. */
  readonly snapshot: Snapshot;
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly nominations: Nominations;
  readonly waitingPods: WaitingPodList;
  /** Tries these pods again at once, whatever they wait for, those among them that wait. */
  readonly activate?: (pods: readonly Pod[]) => void;
  /** The filters of the profile the plugin is in. */
  readonly filters: FilterRunner;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Makes a plugin.
 *
 * @param args - from the profile's `pluginConfig`, with defaults filled in
 * @throws Error when the arguments are not valid
 */
export type NewPlugin = (args: unknown, handle: Handle) => Plugin;
