/**
 * All resources that have objects to be collected: the built-in ones, and those of definitions. Given.
 *
 * Only those that can be listed, watched and deleted; Events are left out, since they go by themselves.
 */

import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1.js';
import { isConditionTrue } from '#apimachinery';
import type { ResourceType } from '#client';

/** Group and version, then resource and kind; those with `*` belong to no namespace. */
const BUILT_IN: Readonly<Record<string, string>> = {
  v1: `configmaps ConfigMap, endpoints Endpoints, limitranges LimitRange, *namespaces Namespace,
    *nodes Node, persistentvolumeclaims PersistentVolumeClaim, *persistentvolumes PersistentVolume,
    pods Pod, podtemplates PodTemplate, replicationcontrollers ReplicationController,
    resourcequotas ResourceQuota, secrets Secret, serviceaccounts ServiceAccount, services Service`,
  'admissionregistration.k8s.io/v1': `*mutatingwebhookconfigurations MutatingWebhookConfiguration,
    *validatingwebhookconfigurations ValidatingWebhookConfiguration`,
  'apiextensions.k8s.io/v1': '*customresourcedefinitions CustomResourceDefinition',
  'apps/v1': `controllerrevisions ControllerRevision, daemonsets DaemonSet, deployments Deployment,
    replicasets ReplicaSet, statefulsets StatefulSet`,
  'autoscaling/v2': 'horizontalpodautoscalers HorizontalPodAutoscaler',
  'batch/v1': 'cronjobs CronJob, jobs Job',
  'certificates.k8s.io/v1': '*certificatesigningrequests CertificateSigningRequest',
  'coordination.k8s.io/v1': 'leases Lease',
  'discovery.k8s.io/v1': 'endpointslices EndpointSlice',
  'networking.k8s.io/v1': `*ingressclasses IngressClass, ingresses Ingress,
    networkpolicies NetworkPolicy`,
  'node.k8s.io/v1': '*runtimeclasses RuntimeClass',
  'policy/v1': 'poddisruptionbudgets PodDisruptionBudget',
  'rbac.authorization.k8s.io/v1': `*clusterrolebindings ClusterRoleBinding, *clusterroles ClusterRole,
    rolebindings RoleBinding, roles Role`,
  'scheduling.k8s.io/v1': '*priorityclasses PriorityClass',
  'storage.k8s.io/v1': `*csidrivers CSIDriver, *csinodes CSINode,
    csistoragecapacities CSIStorageCapacity, *storageclasses StorageClass,
    *volumeattachments VolumeAttachment`,
};

/** The built-in resources. */
export const BUILT_IN_RESOURCES: readonly ResourceType[] = Object.entries(BUILT_IN).flatMap(
  ([groupVersion, list]) => {
    const [version = '', group = ''] = groupVersion.split('/').reverse();
    return list.split(',').map((each): ResourceType => {
      const [resource = '', kind = ''] = each.trim().split(/\s+/);
      const namespaced = !resource.startsWith('*');
      return { group, version, resource: resource.replace('*', ''), kind, namespaced };
    });
  },
);

/** The resource of a definition, in the version its objects are stored in; `undefined` while it is not served. */
export function resourceOfDefinition(
  definition: CustomResourceDefinition,
): ResourceType | undefined {
  const { spec, status } = definition;
  if (!isConditionTrue(status?.conditions, 'Established')) return undefined;
  const served = spec.versions.filter((version) => version.served);
  const version = served.find(({ storage }) => storage) ?? served[0];
  if (!version) return undefined;
  return {
    group: spec.group,
    version: version.name,
    resource: spec.names.plural,
    kind: spec.names.kind,
    namespaced: spec.scope === 'Namespaced',
  };
}

/** A resource's name for maps: `apps/v1/deployments`. */
export function resourceKey({ group, version, resource }: ResourceType): string {
  return `${group}/${version}/${resource}`;
}
