/**
 * Approves what kubelets that joined ask for: a certificate for the name and the address by which their
 * own API is reached. Upstream leaves that to whoever runs the cluster, as only they know whose an
 * address is; here addresses are this computer's, and one must be nobody else's.
 */

import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import { keyOf, type Node } from '#apimachinery';
import { CERTIFICATE_SIGNING_REQUESTS, NODES } from '#client';
import {
  type CertificateReader,
  type CertificateRequest,
  ControlLoop,
  type ControllerWorld,
  type NewController,
  newControllerContext,
  runControllers,
} from '#controller-manager';
import { certificateReader } from '#controller-manager/program';

/** For what kubelets serve. */
export const KUBELET_SERVING_SIGNER = 'kubernetes.io/kubelet-serving';

const NAME = 'kubelet-serving-approver';
const NODE_PREFIX = 'system:node:';

/** Runs it until the signal aborts. */
export function runServingApprover(world: ControllerWorld, signal: AbortSignal): Promise<void> {
  const context = newControllerContext(world);
  return runControllers(context, [newServingApprover(certificateReader)], signal);
}

/** Makes the controller. */
export function newServingApprover(reader: CertificateReader): NewController {
  return ({ client, informers, clock, log }) => {
    const requests = informers.informer(CERTIFICATE_SIGNING_REQUESTS);
    const reconcile = async (key: string): Promise<void> => {
      const csr = requests.lister.get(key);
      if (csr?.spec.signerName !== KUBELET_SERVING_SIGNER || isDecided(csr)) return;
      const { items } = await client.resource(NODES).list();
      const fault = servingFault(csr, reader.readRequest(atob(csr.spec.request)), items);
      if (fault !== undefined) {
        log.warn('a kubelet gets no certificate to serve with', { request: key, why: fault });
        return;
      }
      const approved = {
        type: 'Approved',
        status: 'True',
        reason: 'AutoApproved',
        message: 'The node asks for its own name and address.',
      };
      const conditions = [...(csr.status?.conditions ?? []), approved];
      await client.resource(CERTIFICATE_SIGNING_REQUESTS).update(
        {
          ...csr,
          apiVersion: 'certificates.k8s.io/v1',
          kind: 'CertificateSigningRequest',
          status: { ...csr.status, conditions },
        },
        { subresource: 'approval' },
      );
    };
    const loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      reconcile,
      synced: [() => requests.hasSynced()],
    });
    const enqueue = (csr: CertificateSigningRequest): void => loop.enqueue(keyOf(csr));
    requests.addEventHandler({
      onAdd: enqueue,
      onUpdate: (_, csr) => enqueue(csr),
      onDelete: () => {},
    });
    return { name: NAME, run: (signal) => loop.run(signal) };
  };
}

/**
 * Why a request is not approved here; somebody may still do so by hand.
 *
 * @returns `undefined` when it is
 */
export function servingFault(
  { spec }: CertificateSigningRequest,
  { commonName, dnsNames, ipAddresses }: CertificateRequest,
  nodes: readonly Node[],
): string | undefined {
  const { username = '', groups = [] } = spec;
  const name = username.slice(NODE_PREFIX.length);
  if (!username.startsWith(NODE_PREFIX) || !groups.includes('system:nodes')) {
    return `${username} is no node`;
  }
  if (commonName !== username) return `it is for ${commonName}, not for ${username}`;
  const other = dnsNames.find((one) => one !== name);
  if (other !== undefined) return `${other} is not the node's name`;
  const far = ipAddresses.find((ip) => !/^127\./.test(ip));
  if (far !== undefined) return `${far} is no address of this computer alone`;
  const taken = nodes.find(
    ({ metadata, status }) =>
      metadata?.name !== name &&
      (status?.addresses ?? []).some(({ address }) => ipAddresses.includes(address)),
  );
  return taken && `${ipAddresses.join(', ')}: that is ${taken.metadata?.name}`;
}

function isDecided({ status }: CertificateSigningRequest): boolean {
  return (status?.conditions ?? []).some(({ type }) => type === 'Approved' || type === 'Denied');
}
