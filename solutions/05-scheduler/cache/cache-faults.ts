/**
 * What a caller of the cache can do wrong, as errors with upstream's messages. Given.
 *
 * When they are thrown is said at the methods of `cache.ts`.
 */

import { keyOf, type Pod } from '#apimachinery';

/** What tells pods apart in the cache. */
export function uidOf(pod: Pod): string {
  return pod.metadata?.uid ?? '';
}

/** The name of the pod's node; `''` when it has none. */
export function nodeNameOf(pod: Pod): string {
  return pod.spec?.nodeName ?? '';
}

/** `assumePod` of a pod that is known. */
export function alreadyKnown(pod: Pod): Error {
  return new Error(`pod ${nameOf(pod)} is in the cache, so can't be assumed`);
}

/** `forgetPod` of a pod that is known with the node `known`. */
export function assumedElsewhere(pod: Pod, known: string): Error {
  return new Error(`pod ${nameOf(pod)} was assumed on ${nodeNameOf(pod)} but assigned to ${known}`);
}

/** `forgetPod` of a pod that is not assumed. */
export function notAssumed(pod: Pod): Error {
  return new Error(`pod ${nameOf(pod)} wasn't assumed so cannot be forgotten`);
}

/** `addPod` of a pod that is added. */
export function alreadyAdded(pod: Pod): Error {
  return new Error(`pod ${nameOf(pod)} was already in added state`);
}

/** `updatePod` of a pod that is not known. */
export function unknownOnUpdate(pod: Pod): Error {
  return new Error(`pod ${nameOf(pod)} is not added to scheduler cache, so cannot be updated`);
}

/** `updatePod` of a pod that is only assumed. */
export function onlyAssumed(pod: Pod): Error {
  return new Error(`assumed pod ${nameOf(pod)} should not be updated`);
}

/** `updatePod` of a pod that is known with the node `known`. */
export function movedFrom(pod: Pod, known: string): Error {
  return new Error(`pod ${nameOf(pod)} updated on ${nodeNameOf(pod)} but was added to ${known}`);
}

/** `removePod` of a pod that is not known. */
export function unknownOnRemove(pod: Pod): Error {
  return new Error(
    `pod ${nameOf(pod)} is not found in scheduler cache, so cannot be removed from it`,
  );
}

/** `removeNode` of a node that is not there. */
export function unknownNode(name: string): Error {
  return new Error(`node ${name} is not found`);
}

function nameOf(pod: Pod): string {
  return `${uidOf(pod)}(${keyOf(pod)})`;
}
