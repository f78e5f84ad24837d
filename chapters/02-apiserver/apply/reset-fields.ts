/** What of an applied configuration is not for the place it is sent to. Given. */

import type { ApiObject } from '../api-object.ts';

/** In metadata, what a writer of the status does not own. */
const NOT_FOR_STATUS = ['deletionTimestamp', 'ownerReferences'];

/**
 * A configuration without what a write there does not change, so that nobody comes to own it.
 *
 * @remarks Of a kind with a status subresource, the object itself is written without `status`; and
 * `/status` without all else but `status` and `metadata`, in that without owners.
 *
 * @param config - is not changed
 * @param subresource - `''` for the object itself
 * @returns `config` itself when there is nothing to take away
 * @see k8s.io/kubernetes/pkg/registry/core/pod/strategy.go (1.33), GetResetFields
 */
export function withoutResetFields(
  config: ApiObject,
  subresource: string,
  hasStatusSubresource: boolean,
): ApiObject {
  if (!hasStatusSubresource) return config;
  if (subresource === '') {
    const { status: _, ...rest } = config;
    return rest as ApiObject;
  }
  if (subresource !== 'status') return config;
  const metadata = Object.fromEntries(
    Object.entries(config.metadata).filter(([name]) => !NOT_FOR_STATUS.includes(name)),
  );
  const { apiVersion, kind, status } = config;
  return { apiVersion, kind, metadata, ...(status !== undefined && { status }) };
}
