/**
 * What all containers of a pod ask for together. Given.
 *
 * The scheduler's `podRequests` of `#apimachinery` is about whole pods; this is about their
 * containers alone.
 *
 * @see k8s.io/component-helpers/resource/helpers.go (1.33), AggregateContainerRequests
 */

import type { Container } from 'kubernetes-types/core/v1.js';
import type { Quantity } from '#apimachinery';
import { isSidecar } from './containers.ts';
import type { ApiPodSpec } from './objects.ts';
import { quantityOf } from './resources.ts';

type Amounts = Record<string, Quantity>;

/**
 * Adds up a pod's containers.
 *
 * @remarks Regular containers and sidecars run at the same time: their sum. An init container runs
 * with the sidecars before it alone: what is needed then may be more than that sum, for each
 * resource.
 */
export function podContainerRequests({
  containers = [],
  initContainers = [],
}: ApiPodSpec): Amounts {
  const sum: Amounts = {};
  for (const container of containers) add(sum, requestsOf(container));
  const sidecars: Amounts = {};
  const peak: Amounts = {};
  for (const container of initContainers) {
    const requests = requestsOf(container);
    if (isSidecar(container)) {
      add(sum, requests);
      add(sidecars, requests);
      raise(peak, sidecars);
    } else {
      const atOnce = { ...sidecars };
      add(atOnce, requests);
      raise(peak, atOnce);
    }
  }
  raise(sum, peak);
  return sum;
}

function requestsOf({ resources }: Container): Amounts {
  const requests = Object.entries(resources?.requests ?? {});
  return Object.fromEntries(requests.map(([name, value]) => [name, quantityOf(value)]));
}

function add(sum: Amounts, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) {
    sum[name] = sum[name]?.add(amount) ?? amount;
  }
}

function raise(sum: Amounts, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) {
    const before = sum[name];
    if (!before || before.compare(amount) < 0) sum[name] = amount;
  }
}
