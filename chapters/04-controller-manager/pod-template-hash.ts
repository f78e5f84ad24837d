/**
 * The short hash that tells one pod template from another, as in `web-5d78c9869d`. Given.
 *
 * Its shape is Kubernetes'; its value is not, since Kubernetes hashes a dump of Go structs.
 */

import { type KubernetesObject, semanticallyEqual } from '#apimachinery';

/** The label by which a Deployment's pods of different templates are told apart. */
export const POD_TEMPLATE_HASH_LABEL = 'pod-template-hash';

/** Letters and digits that make no words; a hash's decimal digits are written with them. */
const SAFE_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * The hash of any JSON value: equal values have equal hashes, whatever the order of their fields.
 *
 * @param collisionCount - another number gives another hash, for when two values had the same one
 * @returns up to ten letters and digits
 */
export function hashOf(value: unknown, collisionCount = 0): string {
  const text = canonicalJson(value) + (collisionCount > 0 ? `#${collisionCount}` : '');
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return safeText(String(hash >>> 0));
}

/** Digits and letters as letters that make no words, one for one. */
export function safeText(text: string): string {
  return [...text].map((char) => SAFE_LETTERS[char.charCodeAt(0) % SAFE_LETTERS.length]).join('');
}

/** What a pod template has, of any kind that has one. */
export interface PodTemplate {
  readonly metadata?: KubernetesObject['metadata'];
  readonly spec?: object;
}

/** Do two pod templates make the same pods? The label `pod-template-hash` does not count. */
export function equalTemplates(one: PodTemplate, other: PodTemplate): boolean {
  return semanticallyEqual(withoutHash(one), withoutHash(other));
}

function withoutHash({ metadata, spec }: PodTemplate): object {
  const { [POD_TEMPLATE_HASH_LABEL]: _, ...labels } = metadata?.labels ?? {};
  return { metadata: { ...metadata, labels }, spec };
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
