/** What containers' waits are known by. Given. */

import type { Container, Pod } from '#apimachinery';
import { hashContainer } from '../runtime/container-hash.ts';

/** The same as long as the pod's container is the same. */
export function restartKey({ metadata }: Pod, container: Container): string {
  const { name, namespace, uid } = metadata ?? {};
  return `${name}_${namespace}_${uid}_${container.name}_${hashContainer(container)}`;
}
