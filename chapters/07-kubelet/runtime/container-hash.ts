/** A number that changes with what a container is made from. Given. */

import type { Container } from '#apimachinery';

/**
 * What tells whether a running container is still what its pod says.
 *
 * @remarks Since Kubernetes 1.31 only name and image count: nothing else of a running container can
 * be changed.
 *
 * @see pkg/kubelet/container/helpers.go (1.33), HashContainer
 */
export function hashContainer({ name, image = '' }: Container): string {
  const text = JSON.stringify({ name, image });
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0).toString(16);
}
