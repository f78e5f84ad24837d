/**
 * Removes requests for certificates that nobody will look at any more. Given.
 *
 * @see pkg/controller/certificates/cleaner/cleaner.go (1.33)
 */

import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import { isNotFound } from '#apimachinery';
import { CERTIFICATE_SIGNING_REQUESTS } from '#client';
import { SYNC_POLL_MS } from '../control-loop.ts';
import type { Controller, ControllerContext, NewController } from '../controller.ts';
import { type CertificateReader, certificateOf } from './certificates.ts';

const NAME = 'certificatesigningrequest-cleaner-controller';
const HOUR_MS = 3_600_000;
/** How often it looks. */
const PERIOD_MS = HOUR_MS;
/** So long a request stays that was answered, one way or another. */
const ANSWERED_MS = HOUR_MS;
/** So long one stays that nobody answered. */
const PENDING_MS = 24 * HOUR_MS;

/** Makes the controller. */
export function newCsrCleanerController(reader: CertificateReader): NewController {
  return (context): Controller => ({
    name: NAME,
    run: (signal) => run(context, reader, signal),
  });
}

async function run(
  { client, clock, informers, log }: ControllerContext,
  reader: CertificateReader,
  signal: AbortSignal,
): Promise<void> {
  const requests = informers.informer(CERTIFICATE_SIGNING_REQUESTS);
  const remove = async ({ metadata }: CertificateSigningRequest): Promise<void> => {
    try {
      await client.resource(CERTIFICATE_SIGNING_REQUESTS).delete(metadata?.name ?? '');
    } catch (error) {
      if (!isNotFound(error)) log.warn('a request was not removed', { controller: NAME, error });
    }
  };
  try {
    while (!requests.hasSynced()) await clock.sleep(SYNC_POLL_MS, signal);
    for (;;) {
      signal.throwIfAborted();
      for (const csr of requests.lister.list()) {
        if (isOver(csr, reader, clock.now())) await remove(csr);
      }
      await clock.sleep(PERIOD_MS, signal);
    }
  } catch (error) {
    // Sleeping ends with the signal.
    if (!signal.aborted) throw error;
  }
}

/** Has it been as it is for so long that it can go? */
export function isOver(
  csr: CertificateSigningRequest,
  reader: CertificateReader,
  nowMs: number,
): boolean {
  const { conditions = [] } = csr.status ?? {};
  const certificate = certificateOf(csr);
  const isOld = (time: unknown, ms: number): boolean =>
    time !== undefined && nowMs - Date.parse(String(time)) > ms;
  if (conditions.length === 0) return isOld(csr.metadata?.creationTimestamp, PENDING_MS);
  const isAnswered = conditions.some(
    ({ type, lastUpdateTime }) =>
      (type !== 'Approved' || certificate !== undefined) && isOld(lastUpdateTime, ANSWERED_MS),
  );
  if (isAnswered) return true;
  const isIssued = certificate !== undefined && conditions.some(({ type }) => type === 'Approved');
  return isIssued && hasExpired(certificate, reader, nowMs);
}

function hasExpired(pem: string, reader: CertificateReader, nowMs: number): boolean {
  try {
    return nowMs > reader.notAfterMs(pem);
  } catch {
    // Nobody knows what it is; it goes when it is old.
    return false;
  }
}
