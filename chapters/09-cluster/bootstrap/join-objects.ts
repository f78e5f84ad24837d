/**
 * What machines that join need of a cluster: whom they may believe, what they may ask for, and how
 * things are set up. Given: data.
 *
 * @see cmd/kubeadm/app/phases/bootstraptoken, phases/uploadconfig (1.33); the names are kubeadm's
 */

import type { KubernetesObject } from '#apimachinery';
import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  CONFIG_MAPS,
  type ResourceType,
  ROLE_BINDINGS,
  ROLES,
} from '#client';
import { BOOTSTRAPPERS } from '../node-join/bootstrap-token.ts';

/** An object, and where it belongs. */
export interface SystemObject {
  readonly type: ResourceType;
  readonly object: KubernetesObject;
}

/** What the objects are made from. */
export interface JoinObjectsOptions {
  /** Certificates of the cluster's authority, in PEM. */
  readonly authority: string;
  /** Where the API server is reached. */
  readonly server: string;
  readonly domain: string;
  /** The cluster IP of the cluster's DNS: `10.96.0.10`. */
  readonly dnsIp: string;
  /** Absent: there is no network that a node of another process can come to. */
  readonly podNetwork?: PodNetworkPlace;
}

/** Where pods of nodes of other processes are connected. */
export interface PodNetworkPlace {
  /** `unix:///PATH` */
  readonly endpoint: string;
  /** The range of pods' addresses: `10.244.0.0/16`. */
  readonly clusterCidr: string;
}

/** The ConfigMap in `kube-system` that tells a node where the pod network is. */
export const POD_NETWORK_CONFIG = 'pod-network';
/** The ConfigMap in `kube-system` that tells a kubelet how it is to be. */
export const KUBELET_CONFIG = 'kubelet-config';

const RBAC = 'rbac.authorization.k8s.io';
const NODES_GROUP = 'system:nodes';

export function entry<T extends KubernetesObject>(type: ResourceType<T>, object: T): SystemObject {
  return { type: type as ResourceType, object };
}

/** All of them, in the order in which they are made. */
export function joinObjects(options: JoinObjectsOptions): SystemObject[] {
  return [
    ...requests(),
    ...servingApprover(),
    clusterInfo(options),
    ...reader('kube-public', 'kubeadm:bootstrap-signer-clusterinfo', 'cluster-info', [
      { apiGroup: RBAC, kind: 'User', name: 'system:anonymous' },
    ]),
    ...settings(options),
  ];
}

/** Binds a user or a group to a ClusterRole. */
export function bindTo(
  role: string,
  name: string,
  kind: 'User' | 'Group',
  subject: string,
): SystemObject {
  return entry(CLUSTER_ROLE_BINDINGS, {
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: RBAC, kind, name: subject }],
  });
}

/** Who joins may ask for a certificate and gets it; nodes get new ones of their own. */
function requests(): SystemObject[] {
  const csr = 'system:certificates.k8s.io:certificatesigningrequests';
  return [
    bindTo('system:node-bootstrapper', 'kubeadm:kubelet-bootstrap', 'Group', BOOTSTRAPPERS),
    bindTo(`${csr}:nodeclient`, 'kubeadm:node-autoapprove-bootstrap', 'Group', BOOTSTRAPPERS),
    bindTo(
      `${csr}:selfnodeclient`,
      'kubeadm:node-autoapprove-certificate-rotation',
      'Group',
      NODES_GROUP,
    ),
    // Upstream's kube-proxy runs in pods, as an account of its own; here a node runs it.
    bindTo('system:node-proxier', 'cluster:node-proxier', 'Group', NODES_GROUP),
  ];
}

/** Who vouches for the names by which kubelets are reached: nobody does so by itself upstream. */
function servingApprover(): SystemObject[] {
  const name = 'cluster:kubelet-serving-approver';
  const certificates = 'certificates.k8s.io';
  return [
    entry(CLUSTER_ROLES, {
      metadata: { name },
      rules: [
        {
          apiGroups: [certificates],
          resources: ['certificatesigningrequests'],
          verbs: ['get', 'list', 'watch'],
        },
        {
          apiGroups: [certificates],
          resources: ['certificatesigningrequests/approval'],
          verbs: ['update'],
        },
        {
          apiGroups: [certificates],
          resources: ['signers'],
          resourceNames: ['kubernetes.io/kubelet-serving'],
          verbs: ['approve'],
        },
        { apiGroups: [''], resources: ['nodes'], verbs: ['list'] },
      ],
    }),
    entry(CLUSTER_ROLE_BINDINGS, {
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
      subjects: [
        { kind: 'ServiceAccount', name: 'kubelet-serving-approver', namespace: 'kube-system' },
      ],
    }),
  ];
}

/** What somebody who joins reads before it believes anybody. */
function clusterInfo({ server, authority }: JoinObjectsOptions): SystemObject {
  const cluster = { server, 'certificate-authority-data': btoa(authority) };
  const kubeconfig = { apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster }] };
  return configMap('kube-public', 'cluster-info', { kubeconfig: json(kubeconfig) });
}

/** How the cluster is set up, as far as a node must know. */
function settings({ domain, dnsIp, podNetwork }: JoinObjectsOptions): SystemObject[] {
  const kubelet = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    clusterDNS: [dnsIp],
    clusterDomain: domain,
  };
  const subjects = [NODES_GROUP, BOOTSTRAPPERS].map((name) => ({
    apiGroup: RBAC,
    kind: 'Group',
    name,
  }));
  const { endpoint, clusterCidr } = podNetwork ?? {};
  return [
    configMap('kube-system', KUBELET_CONFIG, { kubelet: json(kubelet) }),
    ...reader('kube-system', 'kubeadm:kubelet-config', KUBELET_CONFIG, subjects),
    configMap('kube-system', POD_NETWORK_CONFIG, {
      endpoint: endpoint ?? '',
      'cluster-cidr': clusterCidr ?? '',
    }),
    ...reader('kube-system', 'cluster:pod-network', POD_NETWORK_CONFIG, subjects),
  ];
}

/** Somebody may read one ConfigMap. */
function reader(
  namespace: string,
  name: string,
  configMapName: string,
  subjects: readonly { apiGroup: string; kind: string; name: string }[],
): SystemObject[] {
  return [
    entry(ROLES, {
      metadata: { name, namespace },
      rules: [
        {
          apiGroups: [''],
          resources: ['configmaps'],
          verbs: ['get'],
          resourceNames: [configMapName],
        },
      ],
    }),
    entry(ROLE_BINDINGS, {
      metadata: { name, namespace },
      roleRef: { apiGroup: RBAC, kind: 'Role', name },
      subjects: [...subjects],
    }),
  ];
}

function configMap(
  namespace: string,
  name: string,
  data: Readonly<Record<string, string>>,
): SystemObject {
  return entry(CONFIG_MAPS, { metadata: { name, namespace }, data: { ...data } });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
