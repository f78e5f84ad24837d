/**
 * NodeRestriction: a node writes its own Node, its own pods and its own lease, and nothing of others.
 * Given.
 *
 * The node authorizer lets a kubelet write nodes and pods; whose they are shows only in the object,
 * so it is asked here. Labels matter too: a node that could label itself could draw pods to itself.
 *
 * @see plugin/pkg/admission/noderestriction/admission.go (1.33)
 */

import { newNotFound, semanticallyEqual } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { nodeNameOf } from '../authorization/node-authorizer.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import { newAdmissionForbidden } from './forbidden.ts';
import { nodeLabelFault } from './node-labels.ts';
import { claimStatusFault, mirrorPodOfNodeFault, type PodParts } from './node-writes.ts';

/** What the plugin asks; each is `undefined` when there is none. */
export interface NodeRestrictionOptions {
  pod(namespace: string, name: string): Promise<ApiObject | undefined>;
  node(name: string): Promise<ApiObject | undefined>;
}

/** Makes the plugin, named `NodeRestriction`. */
export function nodeRestriction(options: NodeRestrictionOptions): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    handles: ({ user, operation }) => operation !== 'CONNECT' && nodeNameOf(user) !== undefined,
    async admit(request) {
      const nodeName = nodeNameOf(request.user) ?? '';
      const { group, resource } = request.resource;
      const find = FAULTS[`${resource}.${group}`];
      if (nodeName !== '' && find === undefined) return;
      const fault =
        nodeName === ''
          ? `could not determine node from user ${JSON.stringify(request.user.username)}`
          : await find?.({ nodeName, request, options });
      if (fault !== undefined) throw newAdmissionForbidden(request, fault);
    },
  };
}

interface Write {
  readonly nodeName: string;
  readonly request: AdmissionRequest;
  readonly options: NodeRestrictionOptions;
}

/** What is wrong with a node's write; `undefined` when nothing is. */
type FindFault = (write: Write) => Promise<string | undefined> | string | undefined;

const FAULTS: Readonly<Record<string, FindFault>> = {
  'pods.': podFault,
  'nodes.': nodeFault,
  'persistentvolumeclaims.': ({ nodeName, request }) => {
    if (request.subresource !== 'status') return 'may only update PVC status';
    if (request.operation !== 'UPDATE') return `unexpected operation "${request.operation}"`;
    return claimStatusFault(nodeName, request.oldObject, request.object);
  },
  'serviceaccounts.': tokenFault,
  'leases.coordination.k8s.io': (write) =>
    write.request.namespace === 'kube-node-lease'
      ? nameFault(write, 'node lease')
      : 'can only access leases in the "kube-node-lease" system namespace',
  'csinodes.storage.k8s.io': (write) => nameFault(write, 'CSINode'),
};

function podFault(write: Write): Promise<string | undefined> | string | undefined {
  switch (write.request.subresource) {
    case '':
      return wholePodFault(write);
    case 'status':
      return podStatusFault(write);
    case 'eviction':
      return evictionFault(write);
    default:
      return `unexpected pod subresource "${write.request.subresource}", only 'status' and 'eviction' are allowed`;
  }
}

async function wholePodFault({ nodeName, request, options }: Write): Promise<string | undefined> {
  const { operation, object, oldObject } = request;
  if (operation === 'CREATE') {
    const node = await options.node(nodeName);
    return mirrorPodOfNodeFault(nodeName, object as PodParts, () => {
      if (node === undefined) throw newNotFound({ group: '', resource: 'nodes' }, nodeName);
      return node.metadata.uid ?? '';
    });
  }
  if (operation === 'DELETE') {
    if (nodeOfPod(oldObject) === nodeName) return undefined;
    return `node "${nodeName}" can only delete pods with spec.nodeName set to itself`;
  }
  return `unexpected operation "${operation}", node "${nodeName}" can only create and delete mirror pods`;
}

function podStatusFault({ nodeName, request }: Write): string | undefined {
  const { operation, object, oldObject } = request;
  if (operation !== 'UPDATE') return `unexpected operation "${operation}"`;
  if (nodeOfPod(oldObject) !== nodeName) {
    return `node "${nodeName}" can only update pod status for pods with spec.nodeName set to itself`;
  }
  if (!semanticallyEqual(oldObject?.metadata.labels ?? {}, object?.metadata.labels ?? {})) {
    return `node "${nodeName}" cannot update labels through pod status`;
  }
  const claims = (pod?: ApiObject) => (pod as PodParts | undefined)?.status?.resourceClaimStatuses;
  if (semanticallyEqual(claims(oldObject) ?? [], claims(object) ?? [])) return undefined;
  return `node "${nodeName}" cannot update resource claim statues`;
}

async function evictionFault({ nodeName, request, options }: Write): Promise<string | undefined> {
  const { operation, namespace, name, object } = request;
  if (operation !== 'CREATE') return `unexpected operation ${operation}`;
  const podName = name || object?.metadata.name;
  if (!podName) return 'could not determine pod from request data';
  const pod = await options.pod(namespace, podName);
  if (pod === undefined) throw newNotFound({ group: '', resource: 'pods' }, podName);
  if (nodeOfPod(pod) === nodeName) return undefined;
  return `node ${nodeName} can only evict pods with spec.nodeName set to itself`;
}

function nodeOfPod(pod: ApiObject | undefined): string | undefined {
  return (pod as PodParts | undefined)?.spec?.nodeName;
}

interface NodeSpec {
  readonly taints?: readonly object[];
  readonly configSource?: object;
}

function nodeFault({ nodeName, request }: Write): string | undefined {
  const { operation, name, object, oldObject } = request;
  if (name !== nodeName) {
    return `node "${nodeName}" is not allowed to modify node "${name}"`;
  }
  if (operation === 'DELETE') return undefined;
  const spec = (object?.spec ?? {}) as NodeSpec;
  if (operation === 'CREATE') {
    if (spec.configSource) {
      return `node "${nodeName}" is not allowed to create pods with a non-nil configSource`;
    }
    const labels = nodeLabelFault(object?.metadata.labels, {});
    return (
      labels &&
      `node "${nodeName}" is not allowed to set the following labels: ${labels.join(', ')}`
    );
  }
  const old = (oldObject?.spec ?? {}) as NodeSpec;
  if (spec.configSource && !semanticallyEqual(spec.configSource, old.configSource)) {
    return `node "${nodeName}" is not allowed to update configSource to a new non-nil configSource`;
  }
  if (!semanticallyEqual(spec.taints ?? [], old.taints ?? [])) {
    return `node "${nodeName}" is not allowed to modify taints`;
  }
  const labels = nodeLabelFault(object?.metadata.labels, oldObject?.metadata.labels);
  return labels && `is not allowed to modify labels: ${labels.join(', ')}`;
}

interface TokenRequestParts {
  readonly spec?: {
    readonly boundObjectRef?: {
      readonly apiVersion?: string;
      readonly kind?: string;
      readonly name?: string;
      readonly uid?: string;
    };
  };
}

async function tokenFault({ nodeName, request, options }: Write): Promise<string | undefined> {
  const { operation, subresource, namespace, object } = request;
  if (operation !== 'CREATE' || subresource !== 'token') return undefined;
  const ref = (object as TokenRequestParts | undefined)?.spec?.boundObjectRef;
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) {
    return 'node requested token not bound to a pod';
  }
  if (!ref.uid) return 'node requested token with a pod binding without a uid';
  const pod = await options.pod(namespace, ref.name);
  if (pod === undefined) throw newNotFound({ group: '', resource: 'pods' }, ref.name);
  if (ref.uid !== pod.metadata.uid) {
    return `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  }
  if (nodeOfPod(pod) === nodeName) return undefined;
  return 'node requested token bound to a pod scheduled on a different node';
}

function nameFault({ nodeName, request }: Write, what: string): string | undefined {
  const { operation, name, object } = request;
  const own = operation === 'CREATE' ? object?.metadata.name : name;
  if (own === nodeName) return undefined;
  return `can only access ${what} with the same name as the requesting node`;
}
