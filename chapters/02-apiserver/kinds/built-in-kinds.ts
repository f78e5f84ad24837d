/**
 * All built-in kinds, in the order in which the server tells clients of them. Given.
 *
 * Custom resources are not here: they come and go. Neither are reviews and other things that are
 * asked but not stored.
 */

import {
  mutatingWebhookConfigurationKind,
  validatingWebhookConfigurationKind,
} from './admissionregistration/webhook-configurations.ts';
import { apiServiceKind } from './apiregistration/api-service.ts';
import { controllerRevisionKind } from './apps/controller-revision.ts';
import { daemonSetKind } from './apps/daemon-set.ts';
import { deploymentKind } from './apps/deployment.ts';
import { replicaSetKind } from './apps/replica-set.ts';
import { statefulSetKind } from './apps/stateful-set.ts';
import { horizontalPodAutoscalerKind } from './autoscaling/horizontal-pod-autoscaler.ts';
import { horizontalPodAutoscalerV1Kind } from './autoscaling/horizontal-pod-autoscaler-v1.ts';
import { cronJobKind } from './batch/cron-job.ts';
import { jobKind } from './batch/job.ts';
import { certificateSigningRequestKind } from './certificates/certificate-signing-request.ts';
import { leaseKind } from './coordination.ts';
import { coreKinds } from './core/core-kinds.ts';
import { endpointSliceKind } from './discovery.ts';
import { eventsKind } from './events.ts';
import type { Kind } from './kind.ts';
import { ingressKind } from './networking/ingress.ts';
import { ingressClassKind } from './networking/ingress-class.ts';
import { networkPolicyKind } from './networking/network-policy.ts';
import { ipAddressKind, serviceCidrKind } from './networking/service-addresses.ts';
import { runtimeClassKind } from './node.ts';
import { podDisruptionBudgetKind } from './policy.ts';
import { rbacKinds } from './rbac.ts';
import { priorityClassKind } from './scheduling.ts';
import { csiDriverKind, csiNodeKind, csiStorageCapacityKind } from './storage/csi.ts';
import { storageClassKind } from './storage/storage-class.ts';
import { volumeAttachmentKind } from './storage/volume-attachment.ts';

/**
 * The built-in kinds, each in every version it is served in.
 *
 * @remarks The core group first, then the groups by their priority, the newest version of a group
 * before its older ones, and resources by name: so discovery has them. `apiextensions.k8s.io` (in
 * front of `scheduling.k8s.io`) is added where custom resources are.
 */
export function builtInKinds(): readonly Kind[] {
  return [
    ...coreKinds,
    apiServiceKind,
    controllerRevisionKind,
    daemonSetKind,
    deploymentKind,
    replicaSetKind,
    statefulSetKind,
    eventsKind,
    horizontalPodAutoscalerKind,
    horizontalPodAutoscalerV1Kind,
    cronJobKind,
    jobKind,
    certificateSigningRequestKind,
    ingressClassKind,
    ingressKind,
    ipAddressKind,
    networkPolicyKind,
    serviceCidrKind,
    podDisruptionBudgetKind,
    ...rbacKinds,
    csiDriverKind,
    csiNodeKind,
    csiStorageCapacityKind,
    storageClassKind,
    volumeAttachmentKind,
    mutatingWebhookConfigurationKind,
    validatingWebhookConfigurationKind,
    priorityClassKind,
    leaseKind,
    runtimeClassKind,
    endpointSliceKind,
  ];
}
