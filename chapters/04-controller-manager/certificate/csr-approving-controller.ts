/**
 * Approves kubelets' requests for client certificates, if who asks may have them. Given.
 *
 * Whether they may is asked of the API server: who may create `certificatesigningrequests/nodeclient` may
 * have one for any node, `/selfnodeclient` for the node it is already.
 *
 * @see pkg/controller/certificates/approver/sarapprove.go (1.33)
 */

import type { ResourceAttributes, SubjectAccessReview } from 'kubernetes-types/authorization/v1.js';
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import {
  CERTIFICATE_SIGNING_REQUESTS,
  ItemExponentialFailureRateLimiter,
  type ResourceType,
} from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext, NewController } from '../controller.ts';
import { enqueueAll } from '../owners.ts';
import { type CertificateReader, type CertificateRequest, requestOf } from './certificates.ts';
import { KUBELET_CLIENT_SIGNER, kubeletClientFault } from './signer-rules.ts';

const NAME = 'certificatesigningrequest-approving-controller';
const RETRY_MS = { base: 200, max: 1_000_000 };
const SUBJECT_ACCESS_REVIEWS: ResourceType<SubjectAccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resource: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

/** A kind of request that is approved without anybody looking. */
interface Recognizer {
  readonly subresource: string;
  readonly message: string;
  readonly recognizes: (csr: CertificateSigningRequest, request: CertificateRequest) => boolean;
}

function isNodeClient({ spec }: CertificateSigningRequest, request: CertificateRequest): boolean {
  const isFault = kubeletClientFault(request, spec.usages ?? []) !== undefined;
  return spec.signerName === KUBELET_CLIENT_SIGNER && !isFault;
}

const RECOGNIZERS: readonly Recognizer[] = [
  {
    subresource: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
    recognizes: (csr, request) =>
      csr.spec.username === request.commonName && isNodeClient(csr, request),
  },
  {
    subresource: 'nodeclient',
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
    recognizes: isNodeClient,
  },
];

/** Makes the controller. */
export function newCsrApprovingController(reader: CertificateReader): NewController {
  return (context): Controller => newController(context, reader);
}

function newController(context: ControllerContext, reader: CertificateReader): Controller {
  const { client, clock, informers, log } = context;
  const requests = informers.informer(CERTIFICATE_SIGNING_REQUESTS);

  const isAllowed = async (csr: CertificateSigningRequest, what: ResourceAttributes) => {
    const { username, uid, groups, extra } = csr.spec;
    const review = await client.resource(SUBJECT_ACCESS_REVIEWS).create({
      spec: {
        resourceAttributes: what,
        ...(username !== undefined && { user: username }),
        ...(uid !== undefined && { uid }),
        ...(groups && { groups: [...groups] }),
        ...(extra && { extra: { ...extra } }),
      },
    });
    return review.status?.allowed === true;
  };

  const approve = async (csr: CertificateSigningRequest, message: string): Promise<void> => {
    const approved = { type: 'Approved', status: 'True', reason: 'AutoApproved', message };
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

  const reconcile = async (key: string): Promise<void> => {
    const csr = requests.lister.get(key);
    if (!csr || csr.status?.certificate || isDecided(csr)) return;
    const request = readRequest(csr, reader);
    const recognizers = RECOGNIZERS.filter(({ recognizes }) => recognizes(csr, request));
    for (const { subresource, message } of recognizers) {
      const { group, resource } = CERTIFICATE_SIGNING_REQUESTS;
      if (await isAllowed(csr, { group, resource, verb: 'create', subresource })) {
        return approve(csr, message);
      }
    }
    if (recognizers.length === 0) return;
    // Permissions may come later: it is tried again.
    const tried = recognizers.map(({ subresource }) => subresource).join(' ');
    throw new Error(
      `recognized csr "${key}" as [${tried}] but subject access review was not approved`,
    );
  };

  const loop = new ControlLoop({
    name: NAME,
    clock,
    log,
    synced: [() => requests.hasSynced()],
    rateLimiter: new ItemExponentialFailureRateLimiter(RETRY_MS.base, RETRY_MS.max),
    reconcile,
  });
  enqueueAll(loop, requests);
  return loop;
}

function isDecided({ status }: CertificateSigningRequest): boolean {
  return (status?.conditions ?? []).some(({ type }) => type === 'Approved' || type === 'Denied');
}

function readRequest(csr: CertificateSigningRequest, reader: CertificateReader) {
  try {
    return reader.readRequest(requestOf(csr));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`unable to parse csr "${csr.metadata?.name}": ${why}`);
  }
}
