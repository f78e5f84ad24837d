/**
 * The ClusterRoles every cluster has from the start, those of controllers excepted. Given: a table.
 *
 * Without what 1.33 has only behind a feature gate that is off. Who has them is
 * `bootstrap-policy.ts`.
 *
 * @see plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go (1.33)
 */

import {
  aggregatedClusterRole,
  clusterRole,
  EVENTS,
  READ,
  READ_UPDATE,
  READ_WRITE,
  rule,
  urls,
  WRITE,
} from './policy-builder.ts';
import type { ClusterRole, PolicyRule } from './policy-source.ts';

const HEALTH = '/livez /readyz /healthz';

const AUTHENTICATION = 'authentication.k8s.io';
const AUTHORIZATION = 'authorization.k8s.io';
const CERTIFICATES = 'certificates.k8s.io';
const COORDINATION = 'coordination.k8s.io';
const STORAGE = 'storage.k8s.io';

/** To ask who somebody is and what he may do changes nothing. */
const REVIEWS: PolicyRule[] = [
  rule('create', AUTHENTICATION, 'tokenreviews'),
  rule('create', AUTHORIZATION, 'subjectaccessreviews'),
];

/** What any node may do; the node authorizer narrows it down. */
export const NODE_RULES: PolicyRule[] = [
  rule('create', AUTHENTICATION, 'tokenreviews'),
  rule('create', AUTHORIZATION, 'localsubjectaccessreviews subjectaccessreviews'),
  rule(READ, 'core', 'services'),
  rule(`create ${READ}`, 'core', 'nodes'),
  rule('update patch', 'core', 'nodes/status'),
  rule('update patch', 'core', 'nodes'),
  rule('create update patch', 'core', 'events'),
  rule(READ, 'core', 'pods'),
  rule('create delete', 'core', 'pods'),
  rule('update patch', 'core', 'pods/status'),
  rule('create', 'core', 'pods/eviction'),
  rule(READ, 'core', 'configmaps secrets'),
  rule('get', 'core', 'persistentvolumeclaims persistentvolumes'),
  rule('get', 'core', 'endpoints'),
  rule(`create ${READ}`, CERTIFICATES, 'certificatesigningrequests'),
  rule('get create update patch delete', COORDINATION, 'leases'),
  rule('get', STORAGE, 'volumeattachments'),
  rule('create', 'core', 'serviceaccounts/token'),
  rule('get update patch', 'core', 'persistentvolumeclaims/status'),
  rule(READ, STORAGE, 'csidrivers'),
  rule('get create update patch delete', STORAGE, 'csinodes'),
  rule(READ, 'node.k8s.io', 'runtimeclasses'),
];

const ADMIN_RULES: PolicyRule[] = [
  rule('create', AUTHORIZATION, 'localsubjectaccessreviews'),
  rule(READ_WRITE, 'rbac.authorization.k8s.io', 'roles rolebindings'),
];

const EDIT_RULES: PolicyRule[] = [
  // Reading these is more than reading: it gives rights.
  rule(READ, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  rule('impersonate', 'core', 'serviceaccounts'),
  rule(WRITE, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  rule('create', 'core', 'pods/eviction'),
  rule(
    WRITE,
    'core',
    `configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale
    secrets serviceaccounts services services/proxy`,
  ),
  rule('create', 'core', 'serviceaccounts/token'),
  rule(
    WRITE,
    'apps',
    `daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale
    statefulsets statefulsets/scale`,
  ),
  rule(WRITE, 'autoscaling', 'horizontalpodautoscalers'),
  rule(WRITE, 'batch', 'cronjobs jobs'),
  rule(
    WRITE,
    'extensions',
    `daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies
    replicasets replicasets/scale replicationcontrollers/scale`,
  ),
  rule(WRITE, 'policy', 'poddisruptionbudgets'),
  rule(WRITE, 'networking.k8s.io', 'ingresses networkpolicies'),
  rule(READ_WRITE, COORDINATION, 'leases'),
];

const VIEW_RULES: PolicyRule[] = [
  rule(
    READ,
    'core',
    `configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods
    replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status`,
  ),
  rule(
    READ,
    'core',
    `bindings events limitranges namespaces/status pods/log pods/status
    replicationcontrollers/status resourcequotas resourcequotas/status`,
  ),
  // In a namespace this is that namespace: by it one sees where one has rights.
  rule(READ, 'core', 'namespaces'),
  rule(READ, 'discovery.k8s.io', 'endpointslices'),
  rule(
    READ,
    'apps',
    `controllerrevisions daemonsets daemonsets/status deployments deployments/scale
    deployments/status replicasets replicasets/scale replicasets/status statefulsets
    statefulsets/scale statefulsets/status`,
  ),
  rule(READ, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  rule(READ, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  rule(
    READ,
    'extensions',
    `daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses
    ingresses/status networkpolicies replicasets replicasets/scale replicasets/status
    replicationcontrollers/scale`,
  ),
  rule(READ, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  rule(READ, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
];

const CONTROLLER_MANAGER_RULES: PolicyRule[] = [
  EVENTS,
  rule('create', COORDINATION, 'leases'),
  rule('get update', COORDINATION, 'leases', 'kube-controller-manager'),
  rule('create', 'core', 'secrets serviceaccounts'),
  rule('delete', 'core', 'secrets'),
  rule('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
  rule('update', 'core', 'secrets serviceaccounts'),
  ...REVIEWS,
  rule('list watch', '*', '*'),
  rule('create', 'core', 'serviceaccounts/token'),
];

const SCHEDULER_RULES: PolicyRule[] = [
  EVENTS,
  rule('create', COORDINATION, 'leases'),
  rule('get update', COORDINATION, 'leases', 'kube-scheduler'),
  rule(READ, 'core', 'nodes'),
  rule(`${READ} delete`, 'core', 'pods'),
  rule('create', 'core', 'bindings pods/binding'),
  rule('patch update', 'core', 'pods/status'),
  rule(READ, 'core', 'replicationcontrollers services'),
  rule(READ, 'apps extensions', 'replicasets'),
  rule(READ, 'apps', 'statefulsets'),
  rule(READ, 'policy', 'poddisruptionbudgets'),
  rule(READ, 'core', 'persistentvolumeclaims persistentvolumes'),
  ...REVIEWS,
  rule(READ, STORAGE, 'csinodes'),
  rule(READ, 'core', 'namespaces'),
  rule(READ, STORAGE, 'csidrivers'),
  rule(READ, STORAGE, 'csistoragecapacities'),
  rule(READ, STORAGE, 'volumeattachments'),
];

const PROXY_RULES: PolicyRule[] = [
  rule('list watch', 'core', 'endpoints services'),
  rule(READ, 'core', 'nodes'),
  EVENTS,
  rule('list watch', 'discovery.k8s.io', 'endpointslices'),
  rule('list watch', 'networking.k8s.io', 'servicecidrs'),
];

/** Roles to sign or approve certificates of one purpose. */
function signerRole(name: string, signer: string): ClusterRole {
  const rules = [rule('approve', CERTIFICATES, 'signers', `kubernetes.io/${signer}`)];
  return clusterRole(`system:certificates.k8s.io:${name}`, rules);
}

/** For whoever asks for a node's certificate: the approval goes without saying. */
function selfApprovedRole(name: string): ClusterRole {
  const rules = [rule('create', CERTIFICATES, `certificatesigningrequests/${name}`)];
  return clusterRole(`system:certificates.k8s.io:certificatesigningrequests:${name}`, rules);
}

export const CLUSTER_ROLES: readonly ClusterRole[] = [
  clusterRole('cluster-admin', [rule('*', '*', '*'), urls('*', '*')]),
  clusterRole('system:discovery', [
    urls('get', `${HEALTH} /version /version/ /openapi /openapi/* /api /api/* /apis /apis/*`),
  ]),
  clusterRole('system:monitoring', [
    urls('get', `/metrics /metrics/slis ${HEALTH} /livez/* /readyz/* /healthz/*`),
  ]),
  clusterRole('system:basic-user', [
    rule('create', AUTHORIZATION, 'selfsubjectaccessreviews selfsubjectrulesreviews'),
    rule('create', AUTHENTICATION, 'selfsubjectreviews'),
  ]),
  clusterRole('system:public-info-viewer', [urls('get', `${HEALTH} /version /version/`)]),
  aggregatedClusterRole('admin'),
  aggregatedClusterRole('edit', 'admin'),
  aggregatedClusterRole('view', 'edit'),
  clusterRole('system:aggregate-to-admin', ADMIN_RULES, 'admin'),
  clusterRole('system:aggregate-to-edit', EDIT_RULES, 'edit'),
  clusterRole('system:aggregate-to-view', VIEW_RULES, 'view'),
  // On a real cluster it comes with metrics-server.
  clusterRole(
    'system:aggregated-metrics-reader',
    [rule(READ, 'metrics.k8s.io', 'nodes pods')],
    'admin edit view',
  ),
  clusterRole('system:heapster', [
    rule(READ, 'core', 'events namespaces nodes pods'),
    rule(READ, 'extensions', 'deployments'),
  ]),
  clusterRole('system:node', NODE_RULES),
  clusterRole('system:node-problem-detector', [
    rule('get', 'core', 'nodes'),
    rule('patch', 'core', 'nodes/status'),
    EVENTS,
  ]),
  clusterRole('system:kubelet-api-admin', [
    rule(READ, 'core', 'nodes'),
    rule('proxy', 'core', 'nodes'),
    rule('*', 'core', 'nodes/log nodes/metrics nodes/proxy nodes/spec nodes/stats'),
    rule('*', 'core', 'nodes/configz nodes/healthz nodes/pods'),
  ]),
  clusterRole('system:node-bootstrapper', [
    rule(`create ${READ}`, CERTIFICATES, 'certificatesigningrequests'),
  ]),
  clusterRole('system:auth-delegator', REVIEWS),
  clusterRole('system:kube-aggregator', [rule(READ, 'core', 'endpoints services')]),
  clusterRole('system:kube-controller-manager', CONTROLLER_MANAGER_RULES),
  clusterRole('system:kube-dns', [rule('list watch', 'core', 'endpoints services')]),
  clusterRole('system:persistent-volume-provisioner', [
    rule(`${READ} create delete`, 'core', 'persistentvolumes'),
    rule(`${READ} update`, 'core', 'persistentvolumeclaims'),
    rule(READ, STORAGE, 'storageclasses'),
    rule('watch', 'core', 'events'),
    EVENTS,
  ]),
  selfApprovedRole('nodeclient'),
  selfApprovedRole('selfnodeclient'),
  clusterRole('system:volume-scheduler', [
    rule(READ_UPDATE, 'core', 'persistentvolumes'),
    rule(READ, STORAGE, 'storageclasses'),
    rule(READ_UPDATE, 'core', 'persistentvolumeclaims'),
  ]),
  signerRole('legacy-unknown-approver', 'legacy-unknown'),
  signerRole('kubelet-serving-approver', 'kubelet-serving'),
  signerRole('kube-apiserver-client-approver', 'kube-apiserver-client'),
  signerRole('kube-apiserver-client-kubelet-approver', 'kube-apiserver-client-kubelet'),
  clusterRole('system:service-account-issuer-discovery', [
    urls(
      'get',
      `/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks
      /openid/v1/jwks/`,
    ),
  ]),
  clusterRole('system:node-proxier', PROXY_RULES),
  clusterRole('system:kube-scheduler', SCHEDULER_RULES),
];
