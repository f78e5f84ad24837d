/** What one asks of entries of a history, again and again. Given. */

import type { KubernetesObject } from '#apimachinery';
import type { ContainerStarted, Deleted, Entry, Put } from './history.ts';

/** Is it a write of the store? */
export function isWrite(entry: Entry): entry is Put | Deleted {
  return entry.kind === 'put' || entry.kind === 'deleted';
}

/** Is it a write of an object of a resource: `isWriteOf(entry, 'pods')`? */
export function isWriteOf(entry: Entry, resource: string): entry is Put | Deleted {
  return isWrite(entry) && entry.resource === resource;
}

/** `default/web-0`, of a write or a pod. */
export function nameOf({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${namespace}/${name}`;
}

/** Is it known that somebody asked who is no part of the cluster? */
export function isPerson(by: string | undefined): boolean {
  return by !== undefined && !by.startsWith('system:');
}

/** Nobody has asked for the object to go. */
export function isStaying({ metadata }: KubernetesObject): boolean {
  return metadata?.deletionTimestamp === undefined;
}

/** Is it the same container of the same pod on the same node? */
export function isSameContainer(
  one: ContainerStarted,
  other: { readonly node: string; readonly pod: { uid: string }; readonly container: string },
): boolean {
  return (
    one.node === other.node && one.pod.uid === other.pod.uid && one.container === other.container
  );
}
