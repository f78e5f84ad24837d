/**
 * What a node may write of objects that are not its own: a mirror pod, and the status of a claim.
 * Given. Who may write what else is `node-restriction.ts`.
 */

import type { Pod, PodSpec } from 'kubernetes-types/core/v1.js';
import type { OwnerReference } from 'kubernetes-types/meta/v1.js';
import { deepCopy, semanticallyEqual } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { configMapsOf, secretsOf } from '../authorization/node-graph.ts';
import { isMirrorPod } from './mountable-secrets.ts';

/** A pod as far as it is looked at. */
export type PodParts = ApiObject & {
  readonly spec?: PodSpec;
  readonly status?: { readonly resourceClaimStatuses?: readonly object[] };
};

/**
 * What is wrong with a pod that a node makes: it must be a mirror of a pod of its own, that needs
 * nothing from the API.
 *
 * @param nodeUid - the node's; is asked when it is needed, and throws when there is no such node
 */
export function mirrorPodOfNodeFault(
  nodeName: string,
  pod: PodParts,
  nodeUid: () => string,
): string | undefined {
  const { metadata, spec } = pod;
  const node = `node "${nodeName}"`;
  if (!isMirrorPod(pod as Pod)) {
    return `pod does not have "kubernetes.io/config.mirror" annotation, ${node} can only create mirror pods`;
  }
  if (spec?.nodeName !== nodeName) {
    return `${node} can only create pods with spec.nodeName set to itself`;
  }
  return (
    ownerFault(nodeName, metadata.ownerReferences ?? [], nodeUid) ??
    referenceFault(`${node} can not create pods that reference`, spec)
  );
}

function ownerFault(
  nodeName: string,
  owners: readonly OwnerReference[],
  nodeUid: () => string,
): string | undefined {
  const only = `node "${nodeName}" can only create pods with`;
  if (owners.length > 1) return `${only} a single owner reference set to itself`;
  const [owner] = owners;
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== nodeName) {
    return `${only} an owner reference set to itself`;
  }
  if (!owner.controller) return `${only} a controller owner reference set to itself`;
  if (owner.blockOwnerDeletion) {
    return `node "${nodeName}" must not set blockOwnerDeletion on an owner reference`;
  }
  const uid = nodeUid();
  if (owner.uid === uid) return undefined;
  return `node ${nodeName} UID mismatch: expected ${owner.uid} got ${uid}`;
}

function referenceFault(cannot: string, spec: PodSpec): string | undefined {
  if (spec.serviceAccountName) return `${cannot} a service account`;
  if (secretsOf(spec).some((name) => name !== undefined)) return `${cannot} secrets`;
  if (configMapsOf(spec).some((name) => name !== undefined)) return `${cannot} configmaps`;
  const volumes = spec.volumes ?? [];
  if (volumes.some(({ projected }) => projected?.sources?.some((s) => s.clusterTrustBundle))) {
    return `${cannot} clustertrustbundles`;
  }
  const usesClaim = volumes.some((volume) => volume.persistentVolumeClaim);
  return usesClaim ? `${cannot} persistentvolumeclaims` : undefined;
}

interface ClaimStatus {
  capacity?: object;
  conditions?: object[];
  allocatedResources?: object;
  allocatedResourceStatuses?: object;
}

/** What is wrong with a node's update of a claim's status. */
export function claimStatusFault(
  nodeName: string,
  old: ApiObject | undefined,
  now: ApiObject | undefined,
): string | undefined {
  if (semanticallyEqual(withoutOwnParts(old), withoutOwnParts(now))) return undefined;
  return `node "${nodeName}" is not allowed to update fields other than status.capacity and status.conditions`;
}

/** The claim without what nodes may write. */
function withoutOwnParts(claim: ApiObject | undefined): object {
  if (claim === undefined) return {};
  const { metadata, status, ...rest } = deepCopy(claim);
  const { resourceVersion: _version, managedFields: _fields, ...meta } = metadata;
  const {
    capacity: _capacity,
    conditions: _conditions,
    allocatedResources: _allocated,
    allocatedResourceStatuses: _statuses,
    ...more
  } = (status ?? {}) as ClaimStatus;
  return { ...rest, metadata: meta, status: more };
}
