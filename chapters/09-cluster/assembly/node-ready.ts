/** Is a node up, and not only said to be by a kubelet that has died since? Given. */

import type { Node } from '#apimachinery';

const SECOND_MS = 1000;

/**
 * Tells whether a node's kubelet has said since some moment that it is ready.
 *
 * @remarks The condition of a node stays as it was when its kubelet ends, for as long as nobody misses it.
 * But each status that a kubelet writes says when, and one that starts writes one: it serves elsewhere.
 *
 * @param sinceMs - in milliseconds since 1970; as conditions tell seconds only, its second counts
 */
export function isReadySince({ status }: Node, sinceMs: number): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const saidAt = Date.parse(ready?.lastHeartbeatTime ?? '');
  return ready?.status === 'True' && saidAt >= Math.floor(sinceMs / SECOND_MS) * SECOND_MS;
}
