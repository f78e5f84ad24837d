/**
 * What each controller may do: `system:controller:NAME`, for the service account NAME in
 * `kube-system`. Given: a table.
 *
 * @see plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go (1.33)
 */

import { clusterRole, EVENTS, READ, rule } from './policy-builder.ts';
import type { ClusterRole, PolicyRule } from './policy-source.ts';

const STORAGE = 'storage.k8s.io';
const CERTIFICATES = 'certificates.k8s.io';
const DISCOVERY = 'discovery.k8s.io';
const NETWORKING = 'networking.k8s.io';

/** What a controller does to the pods it owns. */
const OWN_PODS = rule('list watch create delete patch', 'core', 'pods');

const SIGNERS = `kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet
  kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown`;

const RULES: Readonly<Record<string, PolicyRule[]>> = {
  'attachdetach-controller': [
    rule('list watch', 'core', 'persistentvolumeclaims persistentvolumes'),
    rule(READ, 'core', 'nodes'),
    rule('patch update', 'core', 'nodes/status'),
    rule('list watch', 'core', 'pods'),
    EVENTS,
    rule(`${READ} create delete`, STORAGE, 'volumeattachments'),
    rule(READ, STORAGE, 'csidrivers'),
    rule(READ, STORAGE, 'csinodes'),
  ],
  'clusterrole-aggregation-controller': [
    rule(`escalate ${READ} update patch`, 'rbac.authorization.k8s.io', 'clusterroles'),
  ],
  'cronjob-controller': [
    rule(`${READ} update`, 'batch', 'cronjobs'),
    rule(`${READ} create update delete patch`, 'batch', 'jobs'),
    rule('update', 'batch', 'cronjobs/status'),
    rule('update', 'batch', 'cronjobs/finalizers'),
    rule('list watch delete', 'core', 'pods'),
    EVENTS,
  ],
  'daemon-set-controller': [
    rule(READ, 'apps extensions', 'daemonsets'),
    rule('update', 'apps extensions', 'daemonsets/status'),
    rule('update', 'apps extensions', 'daemonsets/finalizers'),
    rule('list watch', 'core', 'nodes'),
    OWN_PODS,
    rule('create', 'core', 'pods/binding'),
    rule(`${READ} create delete update patch`, 'apps', 'controllerrevisions'),
    EVENTS,
  ],
  'deployment-controller': [
    rule(`${READ} update`, 'apps extensions', 'deployments'),
    rule('update', 'apps extensions', 'deployments/status'),
    rule('update', 'apps extensions', 'deployments/finalizers'),
    rule(`${READ} create update patch delete`, 'apps extensions', 'replicasets'),
    rule(`${READ} update`, 'core', 'pods'),
    EVENTS,
  ],
  'disruption-controller': [
    rule(READ, 'apps extensions', 'deployments'),
    rule(READ, 'apps extensions', 'replicasets'),
    rule(READ, 'core', 'replicationcontrollers'),
    rule(READ, 'policy', 'poddisruptionbudgets'),
    rule(READ, 'apps', 'statefulsets'),
    rule('update', 'policy', 'poddisruptionbudgets/status'),
    rule('patch update', 'core', 'pods/status'),
    rule('get', '*', '*/scale'),
    EVENTS,
  ],
  'endpoint-controller': [
    rule(READ, 'core', 'pods services'),
    rule(`${READ} create update delete`, 'core', 'endpoints'),
    rule('create', 'core', 'endpoints/restricted'),
    EVENTS,
  ],
  'endpointslice-controller': [
    rule(READ, 'core', 'nodes pods services'),
    rule('update', 'core', 'services/finalizers'),
    rule(`${READ} create update delete`, DISCOVERY, 'endpointslices'),
    EVENTS,
  ],
  'endpointslicemirroring-controller': [
    rule(READ, 'core', 'endpoints services'),
    rule('update', 'core', 'services/finalizers'),
    rule('update', 'core', 'endpoints/finalizers'),
    rule(`${READ} create update delete`, DISCOVERY, 'endpointslices'),
    EVENTS,
  ],
  'expand-controller': [
    rule(`${READ} update patch`, 'core', 'persistentvolumes'),
    rule('update patch', 'core', 'persistentvolumeclaims/status'),
    rule(READ, 'core', 'persistentvolumeclaims'),
    EVENTS,
    rule('get', 'core', 'services'),
  ],
  'ephemeral-volume-controller': [
    rule(READ, 'core', 'pods'),
    rule('update', 'core', 'pods/finalizers'),
    rule(`${READ} create`, 'core', 'persistentvolumeclaims'),
    EVENTS,
  ],
  'generic-garbage-collector': [rule(`${READ} patch update delete`, '*', '*'), EVENTS],
  'horizontal-pod-autoscaler': [
    rule(READ, 'autoscaling', 'horizontalpodautoscalers'),
    rule('update', 'autoscaling', 'horizontalpodautoscalers/status'),
    rule('get update', '*', '*/scale'),
    rule('list watch', 'core', 'pods'),
    rule('list watch', 'metrics.k8s.io', 'pods'),
    rule(READ, 'custom.metrics.k8s.io', '*'),
    rule(READ, 'external.metrics.k8s.io', '*'),
    EVENTS,
  ],
  'job-controller': [
    rule(`${READ} update patch`, 'batch', 'jobs'),
    rule('update', 'batch', 'jobs/status'),
    rule('update', 'batch', 'jobs/finalizers'),
    OWN_PODS,
    EVENTS,
  ],
  'namespace-controller': [
    rule(`${READ} delete`, 'core', 'namespaces'),
    rule('update', 'core', 'namespaces/finalize namespaces/status'),
    rule(`${READ} delete deletecollection`, '*', '*'),
  ],
  'node-controller': [
    rule(`${READ} update delete patch`, 'core', 'nodes'),
    rule('patch update', 'core', 'nodes/status'),
    rule('patch update', 'core', 'pods/status'),
    rule(`${READ} delete`, 'core', 'pods'),
    EVENTS,
  ],
  'persistent-volume-binder': [
    rule(`${READ} update create delete`, 'core', 'persistentvolumes'),
    rule('update', 'core', 'persistentvolumes/status'),
    rule(`${READ} update`, 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'persistentvolumeclaims/status'),
    rule(`${READ} create delete`, 'core', 'pods'),
    rule(READ, STORAGE, 'storageclasses'),
    rule('list watch', 'core', 'nodes'),
    EVENTS,
    rule('watch', 'core', 'events'),
    rule('get', 'core', 'services'),
  ],
  'pod-garbage-collector': [
    rule('list watch delete', 'core', 'pods'),
    rule(READ, 'core', 'nodes'),
    rule('patch', 'core', 'pods/status'),
  ],
  'replicaset-controller': [
    rule(`${READ} update`, 'apps extensions', 'replicasets'),
    rule('update', 'apps extensions', 'replicasets/status'),
    rule('update', 'apps extensions', 'replicasets/finalizers'),
    OWN_PODS,
    EVENTS,
  ],
  'replication-controller': [
    rule(`${READ} update`, 'core', 'replicationcontrollers'),
    rule('update', 'core', 'replicationcontrollers/status'),
    rule('update', 'core', 'replicationcontrollers/finalizers'),
    OWN_PODS,
    EVENTS,
  ],
  'resourcequota-controller': [
    rule('list watch', '*', '*'),
    rule('update', 'core', 'resourcequotas/status'),
    EVENTS,
  ],
  'route-controller': [
    rule('list watch', 'core', 'nodes'),
    rule('patch', 'core', 'nodes/status'),
    EVENTS,
  ],
  'service-account-controller': [rule('create', 'core', 'serviceaccounts'), EVENTS],
  'service-controller': [
    rule(READ, 'core', 'services'),
    rule('patch update', 'core', 'services/status'),
    rule('list watch', 'core', 'nodes'),
    EVENTS,
  ],
  'service-cidrs-controller': [
    rule(`${READ} patch update`, NETWORKING, 'servicecidrs'),
    rule('patch update', NETWORKING, 'servicecidrs/finalizers'),
    rule('patch update', NETWORKING, 'servicecidrs/status'),
    rule(READ, NETWORKING, 'ipaddresses'),
    EVENTS,
  ],
  'statefulset-controller': [
    rule('list watch', 'core', 'pods'),
    rule(READ, 'apps', 'statefulsets'),
    rule('update', 'apps', 'statefulsets/status'),
    rule('update', 'apps', 'statefulsets/finalizers'),
    rule('get create delete update patch', 'core', 'pods'),
    rule(`${READ} create delete update patch`, 'apps', 'controllerrevisions'),
    rule(`${READ} create`, 'core', 'persistentvolumeclaims'),
    rule('update delete', 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'pods/finalizers'),
    EVENTS,
  ],
  'ttl-controller': [rule('update patch list watch', 'core', 'nodes'), EVENTS],
  'certificate-controller': [
    rule(`${READ} delete`, CERTIFICATES, 'certificatesigningrequests'),
    rule(
      'update',
      CERTIFICATES,
      'certificatesigningrequests/approval certificatesigningrequests/status',
    ),
    rule('approve', CERTIFICATES, 'signers', 'kubernetes.io/kube-apiserver-client-kubelet'),
    rule('sign', CERTIFICATES, 'signers', SIGNERS),
    rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    EVENTS,
  ],
  'pvc-protection-controller': [
    rule(`${READ} update`, 'core', 'persistentvolumeclaims'),
    rule(READ, 'core', 'pods'),
    EVENTS,
  ],
  'pv-protection-controller': [rule(`${READ} update`, 'core', 'persistentvolumes'), EVENTS],
  'ttl-after-finished-controller': [rule(`${READ} delete`, 'batch', 'jobs'), EVENTS],
  'root-ca-cert-publisher': [rule('create update', 'core', 'configmaps'), EVENTS],
  'validatingadmissionpolicy-status-controller': [
    rule(READ, 'admissionregistration.k8s.io', 'validatingadmissionpolicies'),
    rule('get patch update', 'admissionregistration.k8s.io', 'validatingadmissionpolicies/status'),
    EVENTS,
  ],
  'legacy-service-account-token-cleaner': [
    rule('get', 'core', 'configmaps', 'kube-apiserver-legacy-service-account-token-tracking'),
    rule('patch delete', 'core', 'secrets'),
  ],
  'selinux-warning-controller': [
    EVENTS,
    rule(READ, 'core', 'persistentvolumes'),
    rule(READ, 'core', 'persistentvolumeclaims'),
    rule(READ, 'core', 'pods'),
    rule(READ, STORAGE, 'csidrivers'),
  ],
};

export const CONTROLLER_NAMES: readonly string[] = Object.keys(RULES);

export const CONTROLLER_ROLES: readonly ClusterRole[] = Object.entries(RULES).map(([name, rules]) =>
  clusterRole(`system:controller:${name}`, rules),
);
