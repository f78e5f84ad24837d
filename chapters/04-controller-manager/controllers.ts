/**
 * All controllers there are, by their upstream names. Given; a new controller gets a line here.
 *
 * What runs them is `run-controllers.ts`.
 */

import { newHorizontalPodAutoscalerController } from './autoscaler/autoscaler-controller.ts';
import type { CertificateReader } from './certificate/certificates.ts';
import { newCsrApprovingController } from './certificate/csr-approving-controller.ts';
import { newCsrCleanerController } from './certificate/csr-cleaner-controller.ts';
import {
  newCsrSigningController,
  type SigningOptions,
} from './certificate/csr-signing-controller.ts';
import type { NewController } from './controller.ts';
import { newCronJobController } from './cronjob/cronjob-controller.ts';
import { newDaemonSetController } from './daemonset/daemonset-controller.ts';
import { newDeploymentController } from './deployment/deployment-controller.ts';
import { newDisruptionController } from './disruption/disruption-controller.ts';
import { newEndpointSliceController } from './endpoints/endpoint-slice-controller.ts';
import { newEndpointSliceMirroringController } from './endpoints/endpoint-slice-mirroring-controller.ts';
import { newEndpointsController } from './endpoints/endpoints-controller.ts';
import { newGarbageCollector } from './garbage-collector/garbage-collector-controller.ts';
import { newJobController } from './job/job-controller.ts';
import { newTtlAfterFinishedController } from './job/ttl-after-finished-controller.ts';
import { newNamespaceController } from './namespace/namespace-controller.ts';
import { newRootCaPublisher } from './namespace/root-ca-publisher.ts';
import { newServiceAccountsController } from './namespace/service-accounts-controller.ts';
import { type NodeIpamOptions, newNodeIpamController } from './node/node-ipam-controller.ts';
import {
  type NodeLifecycleOptions,
  newNodeLifecycleController,
} from './node/node-lifecycle-controller.ts';
import { newPodGarbageCollector } from './node/pod-garbage-collector.ts';
import { newTaintEvictionController } from './node/taint-eviction-controller.ts';
import {
  newReplicaSetController,
  newReplicationController,
} from './replicaset/replicaset-controller.ts';
import { newResourceQuotaController } from './resource-quota/resource-quota-controller.ts';
import type { AddressRange } from './service/address-range.ts';
import { newServiceController } from './service/service-controller.ts';
import { newStatefulSetController } from './statefulset/statefulset-controller.ts';
import { newEphemeralVolumeController } from './volume/ephemeral-volume-controller.ts';
import { newLocalProvisioner } from './volume/local-provisioner.ts';
import { newPvBinderController } from './volume/pv-binder-controller.ts';
import { newPvProtectionController } from './volume/pv-protection-controller.ts';
import { newPvcProtectionController } from './volume/pvc-protection-controller.ts';

/** What some controllers need to be told; one that is not told what it needs does not run. */
export interface ControllerOptions {
  /** Certificates in PEM by which pods know the API server. */
  readonly rootCa?: string;
  /** What reads requests for certificates. */
  readonly certificateReader?: CertificateReader;
  /** The authority that signs them. */
  readonly signing?: SigningOptions;
  /** Where nodes' ranges of pod addresses come from. */
  readonly nodeIpam?: NodeIpamOptions;
  readonly nodeLifecycle?: NodeLifecycleOptions;
  /** How many pods that ended may stay; 0: any number. */
  readonly terminatedPodThreshold?: number;
  /** How often each HorizontalPodAutoscaler is looked at. */
  readonly autoscalerSyncPeriodMs?: number;
  /** How many addresses of a subset of hand-written Endpoints get into slices. */
  readonly mirroringMaxPerSubset?: number;
  /** Addresses for Services of type LoadBalancer. */
  readonly loadBalancerPool?: readonly AddressRange[];
}

/**
 * The controllers, in the order in which they are started.
 *
 * @see cmd/kube-controller-manager/names/controller_names.go (1.33)
 */
export function controllersFor(options: ControllerOptions): Record<string, NewController> {
  const { rootCa, nodeIpam, nodeLifecycle, loadBalancerPool, terminatedPodThreshold } = options;
  const { certificateReader, signing } = options;
  return {
    'serviceaccount-controller': newServiceAccountsController,
    ...(rootCa !== undefined && {
      'root-ca-certificate-publisher-controller': newRootCaPublisher(rootCa),
    }),
    'node-lifecycle-controller': newNodeLifecycleController(nodeLifecycle),
    'taint-eviction-controller': newTaintEvictionController,
    'pod-garbage-collector-controller': newPodGarbageCollector(terminatedPodThreshold),
    ...(nodeIpam && { 'node-ipam-controller': newNodeIpamController(nodeIpam) }),
    ...(loadBalancerPool && {
      'service-lb-controller': newServiceController(loadBalancerPool),
    }),
    'endpoints-controller': newEndpointsController,
    'endpointslice-controller': newEndpointSliceController,
    'endpointslice-mirroring-controller': newEndpointSliceMirroringController(
      options.mirroringMaxPerSubset,
    ),
    'resourcequota-controller': newResourceQuotaController,
    'replicationcontroller-controller': newReplicationController,
    'garbage-collector-controller': newGarbageCollector,
    'namespace-controller': newNamespaceController,
    'daemonset-controller': newDaemonSetController,
    'job-controller': newJobController,
    'deployment-controller': newDeploymentController,
    'replicaset-controller': newReplicaSetController,
    'horizontal-pod-autoscaler-controller': (context) =>
      newHorizontalPodAutoscalerController(context, options.autoscalerSyncPeriodMs),
    'disruption-controller': newDisruptionController,
    'statefulset-controller': newStatefulSetController,
    ...(signing && {
      'certificatesigningrequest-signing-controller': newCsrSigningController(signing),
    }),
    ...(certificateReader && {
      'certificatesigningrequest-approving-controller':
        newCsrApprovingController(certificateReader),
      'certificatesigningrequest-cleaner-controller': newCsrCleanerController(certificateReader),
    }),
    'persistentvolume-binder-controller': newPvBinderController,
    // Upstream has no such: provisioners are programs of their own.
    'local-volume-provisioner-controller': newLocalProvisioner,
    'ephemeral-volume-controller': newEphemeralVolumeController,
    'persistentvolumeclaim-protection-controller': newPvcProtectionController,
    'persistentvolume-protection-controller': newPvProtectionController,
    'cronjob-controller': newCronJobController,
    'ttl-after-finished-controller': newTtlAfterFinishedController,
  };
}

/** Those that `controllersFor` leaves out when they are not told what they need. */
const NEED_OPTIONS = [
  'root-ca-certificate-publisher-controller',
  'node-ipam-controller',
  'service-lb-controller',
  'certificatesigningrequest-signing-controller',
  'certificatesigningrequest-approving-controller',
  'certificatesigningrequest-cleaner-controller',
];

/**
 * The controllers that a list names, as the flag `--controllers` has it.
 *
 * @param all - of `controllersFor`; one that lacks what it needs can be named all the same
 * @param names - `*` is all; `foo` is one, `-foo` is not that one, whatever else the list says
 * @throws Error `unknown controller X; there are: …`
 */
export function selectControllers(
  all: Readonly<Record<string, NewController>>,
  names: readonly string[],
): NewController[] {
  const known = [...new Set([...Object.keys(all), ...NEED_OPTIONS])];
  const unknown = names
    .map((name) => name.replace(/^-/, ''))
    .find((name) => name !== '*' && !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`unknown controller ${unknown}; there are: ${known.join(', ')}`);
  }
  return Object.entries(all)
    .filter(([name]) => !names.includes(`-${name}`))
    .filter(([name]) => names.includes('*') || names.includes(name))
    .map(([, make]) => make);
}
