/**
 * A pod's class of service: whom a node that runs short takes from first. Given.
 *
 * @see pkg/apis/core/helper/qos/qos.go (1.33)
 */

import type { Container } from 'kubernetes-types/core/v1.js';
import { Quantity } from '#apimachinery';
import type { ApiPodSpec, ApiResourceRequirements } from './objects.ts';
import { quantityOf } from './resources.ts';

/** From whom is taken last, to from whom is taken first. */
export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** Only these two decide. */
const COUNTED = ['cpu', 'memory'] as const;

/**
 * Tells a pod's class.
 *
 * @remarks `BestEffort`: nobody asks for anything. `Guaranteed`: every container has a limit for
 * both CPU and memory, and all ask for as much as that. `Burstable`: everything in between. A pod
 * with resources of its own is judged by those instead of its containers'.
 */
export function qosClassOf(spec: ApiPodSpec): QosClass {
  const { containers = [], initContainers = [], resources } = spec;
  const hasOwn = hasAny(resources);
  const judged: Pick<Container, 'resources'>[] = hasOwn
    ? [{ resources }]
    : [...containers, ...initContainers];
  if (!judged.some((container) => hasAny(container.resources))) return 'BestEffort';
  const allLimited = judged.every((container) =>
    COUNTED.every((name) => isPositive(container.resources?.limits?.[name])),
  );
  const asMuch = COUNTED.every((name) =>
    total(judged, 'requests', name).equals(total(judged, 'limits', name)),
  );
  return allLimited && asMuch ? 'Guaranteed' : 'Burstable';
}

function hasAny(resources: ApiResourceRequirements | undefined): boolean {
  return COUNTED.some(
    (name) => isPositive(resources?.requests?.[name]) || isPositive(resources?.limits?.[name]),
  );
}

function isPositive(value: string | undefined): boolean {
  return quantityOf(value).compare(Quantity.zero) > 0;
}

function total(
  containers: readonly Pick<Container, 'resources'>[],
  field: 'requests' | 'limits',
  name: string,
): Quantity {
  return containers
    .map(({ resources }) => quantityOf(resources?.[field]?.[name]))
    .filter((amount) => amount.compare(Quantity.zero) > 0)
    .reduce((sum, amount) => sum.add(amount), Quantity.zero);
}
