/**
 * The service account of each controller, in `kube-system`. Given.
 *
 * Each may do what it must and no more: `system:controller:ACCOUNT` is bound to it. The account of the
 * controller manager itself may read everything and write next to nothing.
 *
 * @see cmd/kube-controller-manager/app/controllermanager.go, `--use-service-account-credentials` (1.33)
 */

import type { Client } from '#client';
import type { NewController } from './controller.ts';

/** Where an account has another name than its controller. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'serviceaccount-controller': 'service-account-controller',
  'root-ca-certificate-publisher-controller': 'root-ca-cert-publisher',
  'node-lifecycle-controller': 'node-controller',
  'taint-eviction-controller': 'node-controller',
  'node-ipam-controller': 'node-controller',
  'pod-garbage-collector-controller': 'pod-garbage-collector',
  'service-lb-controller': 'service-controller',
  'endpoints-controller': 'endpoint-controller',
  'endpointslice-mirroring-controller': 'endpointslicemirroring-controller',
  'replicationcontroller-controller': 'replication-controller',
  'garbage-collector-controller': 'generic-garbage-collector',
  'daemonset-controller': 'daemon-set-controller',
  'horizontal-pod-autoscaler-controller': 'horizontal-pod-autoscaler',
  'certificatesigningrequest-signing-controller': 'certificate-controller',
  'certificatesigningrequest-approving-controller': 'certificate-controller',
  'certificatesigningrequest-cleaner-controller': 'certificate-controller',
  'persistentvolume-binder-controller': 'persistent-volume-binder',
  'persistentvolumeclaim-protection-controller': 'pvc-protection-controller',
  'persistentvolume-protection-controller': 'pv-protection-controller',
  'local-volume-provisioner-controller': 'local-volume-provisioner',
};

/** The account of a controller: of `replicaset-controller` it is `replicaset-controller`. */
export function accountOf(controller: string): string {
  return OTHER_NAMES[controller] ?? controller;
}

/**
 * Lets each controller write as its own account; what they read they go on sharing.
 *
 * @param makers - by the controllers' names
 * @param clientAs - a client of an account of `kube-system`
 */
export function asOwnAccounts(
  makers: Readonly<Record<string, NewController>>,
  clientAs: (account: string) => Client,
): Record<string, NewController> {
  const own = Object.entries(makers).map(([name, make]): [string, NewController] => [
    name,
    (context) => make({ ...context, client: clientAs(accountOf(name)) }),
  ]);
  return Object.fromEntries(own);
}
