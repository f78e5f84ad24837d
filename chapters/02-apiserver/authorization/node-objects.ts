/**
 * The objects the node authorizer looks at, from the server's caches: which pods are on which node,
 * and what is behind their claims. Given. What follows from them is `node-graph.ts`.
 */

import type { PersistentVolume, PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import type { VolumeAttachment } from 'kubernetes-types/storage/v1.js';
import type { Mirror } from '../storage/mirror.ts';
import type { NodeObjects } from './node-graph.ts';

const PODS = '/registry/pods/';
const CLAIMS = '/registry/persistentvolumeclaims/';
const VOLUMES = '/registry/persistentvolumes/';
const ATTACHMENTS = '/registry/volumeattachments/';

/**
 * @param mirror - the objects under a prefix, at hand
 * @param signal - when it aborts, changes are no longer followed
 */
export function nodeObjectsOf(
  mirror: (prefix: string) => Mirror,
  signal: AbortSignal,
): NodeObjects {
  const pods = mirror(PODS);
  const claims = mirror(CLAIMS);
  const volumes = mirror(VOLUMES);
  const attachments = mirror(ATTACHMENTS);
  const index = new PodsByNode(pods, signal);
  return {
    podsOn: (nodeName) => index.on(nodeName),
    pod: (namespace, name) => pods.get(`${PODS}${namespace}/${name}`) as Pod | undefined,
    persistentVolumeClaim: (namespace, name) =>
      claims.get(`${CLAIMS}${namespace}/${name}`) as PersistentVolumeClaim | undefined,
    persistentVolume: (name) => volumes.get(`${VOLUMES}${name}`) as PersistentVolume | undefined,
    volumeAttachment: (name) =>
      attachments.get(`${ATTACHMENTS}${name}`) as unknown as VolumeAttachment | undefined,
  };
}

/**
 * Keys of pods by node.
 *
 * @remarks A change only notes the key: writes of pods are many, and questions few. What has changed
 * since the last question is looked at when the next one comes.
 */
class PodsByNode {
  readonly #pods: Mirror;
  readonly #keys = new Map<string, Set<string>>();
  readonly #nodeOf = new Map<string, string>();
  readonly #changed = new Set<string>();

  constructor(pods: Mirror, signal: AbortSignal) {
    this.#pods = pods;
    pods.onChange((key) => {
      const keys = key === undefined ? [...this.#nodeOf.keys(), ...pods.keys()] : [key];
      for (const each of keys) this.#changed.add(each);
    }, signal);
  }

  on(nodeName: string): Pod[] {
    for (const key of this.#changed) this.#update(key);
    this.#changed.clear();
    return [...(this.#keys.get(nodeName) ?? [])].flatMap((key) => {
      const pod = this.#pods.get(key);
      return pod ? [pod as unknown as Pod] : [];
    });
  }

  #update(key: string): void {
    const before = this.#nodeOf.get(key);
    const now = (this.#pods.get(key) as Pod | undefined)?.spec?.nodeName;
    if (before === now) return;
    if (before !== undefined) {
      this.#nodeOf.delete(key);
      const keys = this.#keys.get(before);
      keys?.delete(key);
      if (keys?.size === 0) this.#keys.delete(before);
    }
    if (!now) return;
    this.#nodeOf.set(key, now);
    const keys = this.#keys.get(now) ?? new Set();
    this.#keys.set(now, keys.add(key));
  }
}
