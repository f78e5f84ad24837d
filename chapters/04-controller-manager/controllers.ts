/**
 * All controllers there are, by their upstream names. Given; a new controller gets a line here.
 *
 * What runs them is `run-controllers.ts`.
 */

import { newHorizontalPodAutoscalerController } from './autoscaler/autoscaler-controller.ts';
import type { NewController } from './controller.ts';
import { newCronJobController } from './cronjob/cronjob-controller.ts';
import { newDaemonSetController } from './daemonset/daemonset-controller.ts';
import { newDeploymentController } from './deployment/deployment-controller.ts';
import { newDisruptionController } from './disruption/disruption-controller.ts';
import { newEndpointSliceController } from './endpoints/endpoint-slice-controller.ts';
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
import { newPvProtectionController } from './volume/pv-protection-controller.ts';
import { newPvcProtectionController } from './volume/pvc-protection-controller.ts';

/** What some controllers need to be told; one that is not told what it needs does not run. */
export interface ControllerOptions {
  /** Certificates in PEM by which pods know the API server. */
  readonly rootCa?: string;
  /** Where nodes' ranges of pod addresses come from. */
  readonly nodeIpam?: NodeIpamOptions;
  readonly nodeLifecycle?: NodeLifecycleOptions;
  /** How many pods that ended may stay; 0: any number. */
  readonly terminatedPodThreshold?: number;
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
    'resourcequota-controller': newResourceQuotaController,
    'replicationcontroller-controller': newReplicationController,
    'garbage-collector-controller': newGarbageCollector,
    'namespace-controller': newNamespaceController,
    'daemonset-controller': newDaemonSetController,
    'job-controller': newJobController,
    'deployment-controller': newDeploymentController,
    'replicaset-controller': newReplicaSetController,
    'horizontal-pod-autoscaler-controller': newHorizontalPodAutoscalerController,
    'disruption-controller': newDisruptionController,
    'statefulset-controller': newStatefulSetController,
    'persistentvolumeclaim-protection-controller': newPvcProtectionController,
    'persistentvolume-protection-controller': newPvProtectionController,
    'cronjob-controller': newCronJobController,
    'ttl-after-finished-controller': newTtlAfterFinishedController,
  };
}

/**
 * The controllers that a list names, as the flag `--controllers` has it.
 *
 * @param names - `*` is all; `foo` is one, `-foo` is not that one, whatever else the list says
 * @throws Error `unknown controller X; there are: …`
 */
export function selectControllers(
  all: Readonly<Record<string, NewController>>,
  names: readonly string[],
): NewController[] {
  const unknown = names
    .map((name) => name.replace(/^-/, ''))
    .find((name) => name !== '*' && !(name in all));
  if (unknown !== undefined) {
    throw new Error(`unknown controller ${unknown}; there are: ${Object.keys(all).join(', ')}`);
  }
  return Object.entries(all)
    .filter(([name]) => !names.includes(`-${name}`))
    .filter(([name]) => names.includes('*') || names.includes(name))
    .map(([, make]) => make);
}
