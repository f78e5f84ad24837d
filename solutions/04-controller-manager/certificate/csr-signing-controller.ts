/**
 * Signs what was approved. Given.
 *
 * Which requests a signer signs is in `signer-rules.ts`; who approves is `csr-approving-controller.ts`,
 * or a person.
 *
 * @see pkg/controller/certificates/signer/signer.go (1.33)
 */

import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import { deepCopy, timestamp } from '#apimachinery';
import { CERTIFICATE_SIGNING_REQUESTS, ItemExponentialFailureRateLimiter } from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext, NewController } from '../controller.ts';
import { enqueueAll } from '../owners.ts';
import {
  type CertificateReader,
  type CertificateRequest,
  type CertificateSigner,
  hasCondition,
  requestOf,
} from './certificates.ts';
import { isOurSigner, signerFault, validity } from './signer-rules.ts';

const NAME = 'certificatesigningrequest-signing-controller';
/** As patient as upstream: what fails here seldom goes well a moment later. */
const RETRY_MS = { base: 200, max: 1_000_000 };

/** What signing needs. */
export interface SigningOptions {
  readonly reader: CertificateReader;
  readonly signer: CertificateSigner;
  /** How long certificates are valid at most, in milliseconds. */
  readonly longestMs: number;
}

/** Makes the controller, for all of Kubernetes' own signers. */
export function newCsrSigningController(options: SigningOptions): NewController {
  return (context): Controller => newController(context, options);
}

function newController(context: ControllerContext, options: SigningOptions): Controller {
  const { client, clock, informers, log } = context;
  const requests = informers.informer(CERTIFICATE_SIGNING_REQUESTS);
  const save = async (csr: CertificateSigningRequest): Promise<void> => {
    await client.resource(CERTIFICATE_SIGNING_REQUESTS).updateStatus(csr);
  };
  const reconcile = async (key: string): Promise<void> => {
    const cached = requests.lister.get(key);
    if (!cached || !isToSign(cached)) return;
    const csr = deepCopy(cached);
    const { signerName, usages = [], expirationSeconds } = csr.spec;
    const fault = signerFault(signerName, read(csr, options.reader), usages);
    if (fault !== undefined) return save(withFailure(csr, fault, timestamp(clock.now())));
    const terms = { usages, ...validity(expirationSeconds, options.longestMs, clock.now()) };
    const certificate = await sign(csr, options.signer, terms);
    return save({ ...csr, status: { ...csr.status, certificate: btoa(certificate) } });
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

function isToSign(csr: CertificateSigningRequest): boolean {
  const types = (csr.status?.conditions ?? []).map(({ type }) => type);
  return (
    isOurSigner(csr.spec.signerName) &&
    !csr.status?.certificate &&
    types.includes('Approved') &&
    !types.includes('Denied') &&
    !hasCondition(csr, 'Failed')
  );
}

function read(csr: CertificateSigningRequest, reader: CertificateReader): CertificateRequest {
  try {
    return reader.readRequest(requestOf(csr));
  } catch (error) {
    throw new Error(`unable to parse csr "${csr.metadata?.name}": ${textOf(error)}`);
  }
}

async function sign(
  csr: CertificateSigningRequest,
  signer: CertificateSigner,
  terms: Parameters<CertificateSigner['sign']>[1],
): Promise<string> {
  try {
    return await signer.sign(requestOf(csr), terms);
  } catch (error) {
    throw new Error(`error auto signing csr: ${textOf(error)}`);
  }
}

function withFailure(
  csr: CertificateSigningRequest,
  message: string,
  now: string,
): CertificateSigningRequest {
  const failed = {
    type: 'Failed',
    status: 'True',
    reason: 'SignerValidationFailure',
    message,
    lastUpdateTime: now,
  };
  return {
    ...csr,
    status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), failed] },
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
