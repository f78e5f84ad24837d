/**
 * What informers report goes into the cache and wakes pods in the queue. Given.
 *
 * A pod with a node is the cache's, one without is the queue's, if it is ours. What a change means for
 * pods that wait is `queue/cluster-events.ts`.
 *
 * @see pkg/scheduler/eventhandlers.go (1.33)
 */

import type { KubernetesObject, Node, Pod } from '#apimachinery';
import {
  CSI_NODES,
  type InformerFactory,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  type ResourceType,
  STORAGE_CLASSES,
} from '#client';
import type { SchedulerCache } from './cache/cache.ts';
import type { EventResource } from './framework/plugin.ts';
import { podInfoOf } from './framework/pod-info.ts';
import type { Nominator } from './preemption/nominator.ts';
import {
  ASSIGNED_POD_DELETE,
  clusterEvent,
  NODE_ADD,
  NODE_DELETE,
  nodeSchedulingPropertiesChange,
} from './queue/cluster-events.ts';
import type { SchedulingQueue } from './queue/scheduling-queue.ts';

/** Where reports go. */
export interface EventSinks {
  readonly informers: InformerFactory;
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly nominator: Nominator;
  readonly waitingPods: {
    get(uid: string): { reject(plugin: string, message: string): void } | undefined;
  };
  /** Does a pod without a node belong to one of this scheduler's profiles? */
  readonly isOurs: (pod: Pod) => boolean;
}

/** Begins to listen. Informers are started by the caller. */
export function addEventHandlers(sinks: EventSinks): void {
  addPodHandlers(sinks);
  addNodeHandlers(sinks);
  const others: [ResourceType, EventResource][] = [
    [PERSISTENT_VOLUMES as ResourceType, 'PersistentVolume'],
    [PERSISTENT_VOLUME_CLAIMS as ResourceType, 'PersistentVolumeClaim'],
    [STORAGE_CLASSES as ResourceType, 'StorageClass'],
    [CSI_NODES as ResourceType, 'CSINode'],
  ];
  for (const [type, resource] of others) addOtherHandlers(sinks, type, resource);
}

/** A pod that has ended takes no place any more: for the scheduler it is gone. */
function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function takesPlace(pod: Pod): boolean {
  return Boolean(pod.spec?.nodeName) && !hasEnded(pod);
}

function addPodHandlers(sinks: EventSinks): void {
  const { informers } = sinks;
  informers.informer(PODS).addEventHandler({
    onAdd: (pod) => {
      if (takesPlace(pod)) assigned(sinks, undefined, pod);
      else if (isWaiting(sinks, pod)) enqueue(sinks, pod);
    },
    onUpdate: (before, after) => {
      // The informer may have missed that one was deleted and another made with its name.
      if (before.metadata?.uid !== after.metadata?.uid) {
        gone(sinks, before);
        if (takesPlace(after)) assigned(sinks, undefined, after);
        else if (isWaiting(sinks, after)) enqueue(sinks, after);
        return;
      }
      if (takesPlace(after)) assigned(sinks, takesPlace(before) ? before : undefined, after);
      else if (takesPlace(before)) leaves(sinks, before);
      else if (!isWaiting(sinks, after)) sinks.queue.delete(after);
      // One that is assumed is on its way: what it was before must not come back into the queue.
      else if (!sinks.cache.isAssumedPod(after)) {
        sinks.queue.update(before, after);
        sinks.nominator.update(before, podInfoOf(after));
      } else if (after.metadata?.deletionTimestamp) takeBack(sinks, after);
    },
    onDelete: (pod) => gone(sinks, objectOf(pod) as Pod),
  });
}

/** A pod may have been promised a node before this scheduler began. */
function enqueue({ queue, nominator }: EventSinks, pod: Pod): void {
  queue.add(pod);
  nominator.add(podInfoOf(pod));
}

/** A pod that is assumed, and goes before it is bound: it need not be waited for. */
function takeBack({ cache, queue, waitingPods }: EventSinks, pod: Pod): void {
  const waiting = waitingPods.get(pod.metadata?.uid ?? '');
  if (waiting) {
    // Its binding cycle undoes the rest.
    waiting.reject('', 'the pod is being deleted');
    return;
  }
  const assumed = cache.getPod(pod);
  if (!assumed || !cache.isAssumedPod(pod)) return;
  cache.forgetPod(podInfoOf(assumed));
  queue.moveAllToActiveOrBackoffQueue(ASSIGNED_POD_DELETE, pod, undefined);
}

function isWaiting({ isOurs }: EventSinks, pod: Pod): boolean {
  return !pod.spec?.nodeName && !hasEnded(pod) && isOurs(pod);
}

function assigned(
  { cache, queue, nominator }: EventSinks,
  before: Pod | undefined,
  pod: Pod,
): void {
  if (before) {
    cache.updatePod(pod);
    queue.assignedPodUpdated(before, pod);
    return;
  }
  cache.addPod(pod);
  nominator.delete(pod);
  // Somebody else may have given a node to a pod that waits here.
  queue.delete(pod);
  queue.assignedPodAdded(pod);
}

function leaves({ cache, queue }: EventSinks, pod: Pod): void {
  cache.removePod(pod);
  queue.moveAllToActiveOrBackoffQueue(ASSIGNED_POD_DELETE, pod, undefined);
}

function gone(sinks: EventSinks, pod: Pod): void {
  if (takesPlace(pod)) {
    leaves(sinks, pod);
    return;
  }
  sinks.queue.delete(pod);
  sinks.nominator.delete(pod);
  takeBack(sinks, pod);
}

function addNodeHandlers({ informers, cache, queue }: EventSinks): void {
  informers.informer(NODES).addEventHandler({
    onAdd: (node) => {
      cache.addNode(node);
      queue.moveAllToActiveOrBackoffQueue(NODE_ADD, undefined, node);
    },
    onUpdate: (before, after) => {
      cache.updateNode(after);
      for (const event of nodeSchedulingPropertiesChange(before, after)) {
        queue.moveAllToActiveOrBackoffQueue(event, before, after);
      }
    },
    onDelete: (object) => {
      const node = objectOf(object) as Node;
      cache.removeNode(node);
      queue.moveAllToActiveOrBackoffQueue(NODE_DELETE, node, undefined);
    },
  });
}

function addOtherHandlers(
  { informers, queue }: EventSinks,
  type: ResourceType,
  resource: EventResource,
): void {
  informers.informer(type).addEventHandler({
    onAdd: (object) =>
      queue.moveAllToActiveOrBackoffQueue(clusterEvent(resource, 'Add'), undefined, object),
    onUpdate: (before, after) =>
      queue.moveAllToActiveOrBackoffQueue(clusterEvent(resource, 'Update'), before, after),
    onDelete: (object) =>
      queue.moveAllToActiveOrBackoffQueue(
        clusterEvent(resource, 'Delete'),
        objectOf(object),
        undefined,
      ),
  });
}

/** The informer may not have seen the end of an object: then it tells the last it knows. */
function objectOf(object: unknown): KubernetesObject {
  const last = (object as { object?: KubernetesObject }).object;
  return last ?? (object as KubernetesObject);
}
