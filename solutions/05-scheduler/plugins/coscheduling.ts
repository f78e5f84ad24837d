/**
 * The plugin Coscheduling: the pods of a group are bound together or not at all. Given: how a permit
 * plugin uses the waiting pods of `cycle/binding.ts`. It is in no profile unless enabled.
 */

import type { Pod, Timer } from '#apimachinery';
import { PODS } from '#client';
import type { Handle } from '../framework/handle.ts';
import type {
  EnqueueExtensions,
  PermitPlugin,
  PostFilterPlugin,
  PreFilterPlugin,
  ReservePlugin,
} from '../framework/plugin.ts';
import { Status } from '../framework/status.ts';

/** The name of the pod's group, in the pod's namespace. */
export const POD_GROUP_LABEL = 'scheduling.x-k8s.io/pod-group';
/** An annotation: how many pods of the group must have a place before any of them is bound. */
export const MIN_MEMBER_ANNOTATION = 'scheduling.x-k8s.io/min-member';

/** Arguments of the plugin. */
export interface CoschedulingArgs {
  /** How long a pod waits for the others of its group. */
  readonly permitWaitingTimeSeconds?: number;
  /** How long a group that has given up its places is left alone; upstream's default is 0. */
  readonly podGroupBackoffSeconds?: number;
}

const NAME = 'Coscheduling';
/** Up to this share of a group may be missing before the others give up their places. */
const TOLERABLE_GAP = 0.1;

type Coscheduling = PreFilterPlugin &
  PostFilterPlugin &
  ReservePlugin &
  PermitPlugin &
  EnqueueExtensions;

interface PodGroup {
  /** `namespace/name`. */
  readonly key: string;
  readonly minMember: number;
}

/**
 * Makes the plugin.
 *
 * @throws Error when the waiting time is not more than 0
 * @see kubernetes-sigs/scheduler-plugins pkg/coscheduling/coscheduling.go
 */
export function newCoscheduling(args: unknown, handle: Handle): Coscheduling {
  const { permitWaitingTimeSeconds = 60, podGroupBackoffSeconds = 10 } = (args ??
    {}) as CoschedulingArgs;
  if (!(permitWaitingTimeSeconds > 0)) {
    throw new Error(
      `permitWaitingTimeSeconds: Invalid value: ${permitWaitingTimeSeconds}: must be greater than 0`,
    );
  }
  if (!(podGroupBackoffSeconds >= 0)) {
    throw new Error(
      `podGroupBackoffSeconds: Invalid value: ${podGroupBackoffSeconds}: must be greater than or equal to 0`,
    );
  }
  handle.informers.informer(PODS);
  // Places that a group gives up wake its own pods: without a pause it would try for ever.
  const denied = new Map<string, Timer>();
  const deny = (pod: Pod, group: PodGroup): void => {
    if (podGroupBackoffSeconds === 0 || denied.has(group.key)) return;
    const retry = (): void => {
      denied.delete(group.key);
      activateUnplaced(handle, pod, group);
    };
    denied.set(group.key, handle.clock.after(podGroupBackoffSeconds * 1000, retry));
  };
  return {
    name: NAME,

    preFilter: (_state, { pod }) => {
      const group = groupOf(pod);
      if (!group) return { status: new Status('Skip') };
      if (denied.has(group.key)) {
        const text = `podGroup ${group.key} failed recently`;
        return { status: new Status('UnschedulableAndUnresolvable', [text]) };
      }
      const members = membersOf(handle, pod, group).length;
      if (members >= group.minMember) return undefined;
      const text = `pre-filter pod ${pod.metadata?.name} cannot find enough sibling pods, current pods number: ${members}, minMember of group: ${group.minMember}`;
      return { status: new Status('UnschedulableAndUnresolvable', [text]) };
    },

    // The others of the group hold places that are of no use to them: what one could not get, the
    // next will not get either.
    postFilter: async (_state, { pod }) => {
      const group = groupOf(pod);
      if (group) {
        const missing = group.minMember - placedPods(handle, group).length;
        if (missing > 0 && missing / group.minMember > TOLERABLE_GAP) {
          rejectWaiting(handle, group, 'optimistic rejection in PostFilter');
        }
      }
      return { status: new Status('Unschedulable') };
    },

    reserve: () => undefined,

    // One that gives up, because its time is over or its binding failed, takes the others with it.
    unreserve: (_state, { pod }) => {
      const group = groupOf(pod);
      if (!group) return;
      rejectWaiting(handle, group, 'rejection in Unreserve');
      deny(pod, group);
    },

    permit: (_state, { pod }) => {
      const group = groupOf(pod);
      if (!group) return undefined;
      // The pod itself has been assumed after the snapshot was taken.
      if (placedPods(handle, group).length + 1 < group.minMember) {
        activateUnplaced(handle, pod, group, pod.metadata?.uid);
        return { status: new Status('Wait'), timeoutMs: permitWaitingTimeSeconds * 1000 };
      }
      for (const waiting of handle.waitingPods.list()) {
        if (isMember(waiting.pod, group)) waiting.allow(NAME);
      }
      return undefined;
    },

    eventsToRegister: () => [
      {
        resource: 'UnscheduledPod',
        actions: ['Add'],
        hint: (pod, _before, after) => {
          const group = groupOf(pod);
          return group && after && isMember(after as Pod, group) ? 'Queue' : 'QueueSkip';
        },
      },
      { resource: 'AssignedPod', actions: ['Add', 'Delete'] },
      { resource: 'Node', actions: ['Add', 'UpdateNodeAllocatable'] },
    ],
  };
}

/** The pod's group; a minimum that is missing or no number is 1. */
function groupOf({ metadata }: Pod): PodGroup | undefined {
  const name = metadata?.labels?.[POD_GROUP_LABEL];
  if (!name) return undefined;
  const minMember = Number.parseInt(metadata?.annotations?.[MIN_MEMBER_ANNOTATION] ?? '1', 10);
  return { key: `${metadata?.namespace}/${name}`, minMember: Math.max(minMember || 1, 1) };
}

function isMember({ metadata }: Pod, group: PodGroup): boolean {
  return `${metadata?.namespace}/${metadata?.labels?.[POD_GROUP_LABEL]}` === group.key;
}

function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function membersOf({ informers }: Handle, { metadata }: Pod, group: PodGroup): Pod[] {
  const { lister } = informers.informer(PODS);
  return lister
    .listNamespace(metadata?.namespace ?? '')
    .filter((other) => isMember(other, group) && !isFinished(other));
}

/**
 * Calls the members that have no place: those that came when the group was too small wait for nothing but
 * this. Not those that have one: the call would come back to them should they lose it.
 *
 * @param exceptUid - the pod that is just getting its place
 */
function activateUnplaced(handle: Handle, pod: Pod, group: PodGroup, exceptUid?: string): void {
  const placed = new Set(placedPods(handle, group).map(({ metadata }) => metadata?.uid));
  const others = membersOf(handle, pod, group).filter(
    ({ metadata, spec }) =>
      !spec?.nodeName && !placed.has(metadata?.uid) && metadata?.uid !== exceptUid,
  );
  if (others.length > 0) handle.activate?.(others);
}

/** The members that have a place, also those that wait or are being bound. */
function placedPods({ snapshot }: Handle, group: PodGroup): Pod[] {
  return snapshot.nodes.flatMap((node) =>
    node.pods.flatMap(({ pod }) => (isMember(pod, group) ? [pod] : [])),
  );
}

function rejectWaiting({ waitingPods }: Handle, group: PodGroup, message: string): void {
  for (const waiting of waitingPods.list()) {
    if (isMember(waiting.pod, group)) waiting.reject(NAME, message);
  }
}
