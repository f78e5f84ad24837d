/** What an EndpointSlice of a Service looks like beside its endpoints: labels, owner, name. Given. */

import type { Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { newControllerRef, semanticallyEqual } from '#apimachinery';
import type { IpFamily } from './addresses.ts';
import type { NewSlice } from './endpoints.ts';

/** Whose slice it is. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
/** Who keeps it. */
export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
/** On slices and Endpoints of Services without an address of their own. */
export const HEADLESS_LABEL = 'service.kubernetes.io/headless';

export const SLICE_CONTROLLER = 'endpointslice-controller.k8s.io';

const SERVICE = { group: '', version: 'v1', kind: 'Service' };

/** Has the Service no address of its own, but those of its pods? */
export function isHeadless({ spec }: Service): boolean {
  return spec?.clusterIP === 'None';
}

/** A Service's labels on its slices: its own, and those by which slices are found. */
export function sliceLabels(service: Service): Record<string, string> {
  const { [HEADLESS_LABEL]: _, ...labels } = service.metadata?.labels ?? {};
  return {
    ...labels,
    ...(isHeadless(service) && { [HEADLESS_LABEL]: '' }),
    [SERVICE_NAME_LABEL]: service.metadata?.name ?? '',
    [MANAGED_BY_LABEL]: SLICE_CONTROLLER,
  };
}

/** A slice to be made. */
export function newSliceOf(
  service: Service,
  family: IpFamily,
  { ports, endpoints }: NewSlice,
): EndpointSlice {
  const { namespace, name } = service.metadata ?? {};
  return {
    metadata: {
      namespace,
      generateName: `${name}-`,
      labels: sliceLabels(service),
      ownerReferences: [newControllerRef(service, SERVICE)],
    },
    addressType: family,
    ports: [...ports],
    endpoints: [...endpoints],
  };
}

/**
 * A slice with the labels and the owner it should have.
 *
 * @returns the slice itself when it has them
 */
export function inForm(service: Service, slice: EndpointSlice): EndpointSlice {
  const labels = sliceLabels(service);
  const ownerReferences = [newControllerRef(service, SERVICE)];
  const isRight =
    semanticallyEqual(slice.metadata?.labels, labels) &&
    semanticallyEqual(slice.metadata?.ownerReferences, ownerReferences);
  return isRight ? slice : { ...slice, metadata: { ...slice.metadata, labels, ownerReferences } };
}
