/**
 * What a new cluster has besides what its API server makes: who may do what, the address of the
 * cluster's DNS, and a class for storage. Given: data. What machines that join need is `join-objects.ts`.
 *
 * @see cmd/kubeadm/app/phases/{bootstraptoken,addons/dns,kubelet}; the names are kubeadm's
 */

import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  CUSTOM_RESOURCE_DEFINITIONS,
  ENDPOINT_SLICES,
  SERVICE_ACCOUNTS,
  SERVICES,
  STORAGE_CLASSES,
} from '#client';
import { WEBSITE_DEFINITION } from '../your-turn/website.ts';
import {
  bindTo,
  entry,
  type JoinObjectsOptions,
  joinObjects,
  type SystemObject,
} from './join-objects.ts';

const RBAC = 'rbac.authorization.k8s.io';

/** What the objects are made from. */
export interface SystemObjectsOptions extends JoinObjectsOptions {
  /** Where the cluster's DNS answers. */
  readonly dnsEndpoint: string;
  /** What makes volumes for claims. */
  readonly provisioner: string;
}

/** All of them, in the order in which they are made. */
export function systemObjects(options: SystemObjectsOptions): SystemObject[] {
  return [
    ...permissions(),
    ...joinObjects(options),
    ...dns(options),
    storage(options),
    ...websites(),
  ];
}

/** Who may do what: the API server at its kubelets, the cluster's DNS, what makes volumes. */
function permissions(): SystemObject[] {
  return [
    bindTo(
      'system:kubelet-api-admin',
      'kubeadm:apiserver-kubelet-client',
      'User',
      'kube-apiserver-kubelet-client',
    ),
    entry(CLUSTER_ROLES, {
      metadata: { name: 'system:coredns' },
      rules: [
        {
          apiGroups: [''],
          resources: ['endpoints', 'services', 'pods', 'namespaces'],
          verbs: ['list', 'watch'],
        },
        {
          apiGroups: ['discovery.k8s.io'],
          resources: ['endpointslices'],
          verbs: ['list', 'watch'],
        },
      ],
    }),
    entry(CLUSTER_ROLE_BINDINGS, {
      metadata: { name: 'system:coredns' },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'system:coredns' },
      subjects: [{ kind: 'ServiceAccount', name: 'coredns', namespace: 'kube-system' }],
    }),
    ...localVolumes(),
    entry(SERVICE_ACCOUNTS, { metadata: { name: 'coredns', namespace: 'kube-system' } }),
  ];
}

/** What makes volumes for claims is no controller of upstream's, so no role of its is there. */
function localVolumes(): SystemObject[] {
  const name = 'system:controller:local-volume-provisioner';
  return [
    entry(CLUSTER_ROLES, {
      metadata: { name },
      rules: [
        {
          apiGroups: [''],
          resources: ['persistentvolumes'],
          verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
        },
        {
          apiGroups: [''],
          resources: ['persistentvolumeclaims'],
          verbs: ['get', 'list', 'watch', 'update', 'patch'],
        },
        { apiGroups: [''], resources: ['persistentvolumeclaims/status'], verbs: ['update'] },
        { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: ['get', 'list'] },
        { apiGroups: [''], resources: ['events'], verbs: ['create', 'update', 'patch'] },
      ],
    }),
    entry(CLUSTER_ROLE_BINDINGS, {
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
      subjects: [
        { kind: 'ServiceAccount', name: 'local-volume-provisioner', namespace: 'kube-system' },
      ],
    }),
  ];
}

/** The Service of the cluster's DNS. What answers is no pod: its slice is written by hand. */
function dns({ dnsIp, dnsEndpoint }: SystemObjectsOptions): SystemObject[] {
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ];
  const labels = {
    'k8s-app': 'kube-dns',
    'kubernetes.io/cluster-service': 'true',
    'kubernetes.io/name': 'CoreDNS',
  };
  return [
    entry(SERVICES, {
      metadata: { name: 'kube-dns', namespace: 'kube-system', labels },
      spec: { clusterIP: dnsIp, ports },
    }),
    entry(ENDPOINT_SLICES, {
      metadata: {
        name: 'kube-dns',
        namespace: 'kube-system',
        labels: { 'kubernetes.io/service-name': 'kube-dns' },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [dnsEndpoint], conditions: { ready: true } }],
      ports,
    }),
  ];
}

/** The class of claims that name none. */
function storage({ provisioner }: SystemObjectsOptions): SystemObject {
  return entry(STORAGE_CLASSES, {
    metadata: {
      name: 'standard',
      annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
    },
    provisioner,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
}

/** The kind of the chapter's own controller, and what that controller may do. */
function websites(): SystemObject[] {
  const name = 'website-controller';
  const all = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
  return [
    entry(CUSTOM_RESOURCE_DEFINITIONS, WEBSITE_DEFINITION),
    entry(CLUSTER_ROLES, {
      metadata: { name },
      rules: [
        {
          apiGroups: ['example.com'],
          resources: ['websites', 'websites/status', 'websites/finalizers'],
          verbs: all,
        },
        { apiGroups: ['apps'], resources: ['deployments'], verbs: all },
        { apiGroups: [''], resources: ['services', 'configmaps'], verbs: all },
        { apiGroups: [''], resources: ['events'], verbs: ['create', 'update', 'patch'] },
      ],
    }),
    entry(CLUSTER_ROLE_BINDINGS, {
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: 'kube-system' }],
    }),
  ];
}
