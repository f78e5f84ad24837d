/**
 * Which requests a signer signs, and for how long: the rules of the signers that Kubernetes has. Given.
 *
 * @see pkg/controller/certificates/signer/signer.go, pkg/apis/certificates/helpers.go (1.33)
 */

import type { CertificateRequest } from './certificates.ts';

/** For whoever talks to the API server. */
export const API_CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
/** For kubelets that talk to the API server. */
export const KUBELET_CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
/** For what kubelets serve. */
export const KUBELET_SERVING_SIGNER = 'kubernetes.io/kubelet-serving';
/** For whoever asked before signers had names. */
export const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';

const NODE_PREFIX = 'system:node:';
const NODES_GROUP = 'system:nodes';
const NOT_NODES = 'subject organization is not system:nodes';
const NOT_NODE = 'subject common name does not begin with system:node:';

type Rule = (request: CertificateRequest, usages: readonly string[]) => string | undefined;

const RULES: Readonly<Record<string, Rule>> = {
  [API_CLIENT_SIGNER]: (_, usages) => apiClientFault(usages),
  [KUBELET_CLIENT_SIGNER]: kubeletClientFault,
  [KUBELET_SERVING_SIGNER]: kubeletServingFault,
  [LEGACY_SIGNER]: () => undefined,
};

/** Is it one of the signers whose requests are signed here? */
export function isOurSigner(signerName: string): boolean {
  return Object.hasOwn(RULES, signerName);
}

/**
 * Why a signer does not sign a request.
 *
 * @returns upstream's words; `undefined` when it does
 */
export function signerFault(
  signerName: string,
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  return RULES[signerName]?.(request, usages);
}

function apiClientFault(usages: readonly string[]): string | undefined {
  const allowed = ['digital signature', 'key encipherment', 'client auth'];
  const other = usages.find((usage) => !allowed.includes(usage));
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  if (usages.includes('client auth')) return undefined;
  return 'missing required usage for client certificate: client auth';
}

/** Why a request is none of a kubelet that wants to be a client; `undefined` when it is one. */
export function kubeletClientFault(
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  const { commonName, organizations, dnsNames, emailAddresses, ipAddresses, uris } = request;
  if (!isNodes(organizations)) return NOT_NODES;
  if (dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!commonName.startsWith(NODE_PREFIX)) return NOT_NODE;
  return usagesFault(usages, 'client auth');
}

function kubeletServingFault(
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  const { commonName, organizations, dnsNames, emailAddresses, ipAddresses, uris } = request;
  if (!isNodes(organizations)) return NOT_NODES;
  if (dnsNames.length === 0 && ipAddresses.length === 0) {
    return 'DNS or IP subjectAltName is required';
  }
  if (emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (uris.length > 0) return 'URI subjectAltNames are not allowed';
  const fault = usagesFault(usages, 'server auth');
  if (fault !== undefined) return fault;
  return commonName.startsWith(NODE_PREFIX) ? undefined : NOT_NODE;
}

function isNodes(organizations: readonly string[]): boolean {
  return organizations.length === 1 && organizations[0] === NODES_GROUP;
}

/** Enciphering keys is a thing of RSA: others leave it out. */
function usagesFault(usages: readonly string[], purpose: string): string | undefined {
  const required = ['digital signature', purpose];
  const optional = 'key encipherment';
  const hasAll = required.every((usage) => usages.includes(usage));
  const isKnown = usages.every((usage) => usage === optional || required.includes(usage));
  if (hasAll && isKnown) return undefined;
  return `usages did not match [${[...required, optional].sort().join(' ')}]`;
}

/** Clocks differ: what is made now is valid from so long ago. */
const BACKDATE_MS = 5 * 60_000;
/** No certificate is for less. */
const SHORTEST_MS = 10 * 60_000;
/** Of what is for less, the time before now does not count. */
const SHORT_MS = 8 * 3_600_000;

/**
 * From when to when a certificate is valid.
 *
 * ```text
 * at most a year, nothing asked for   from 5 minutes ago for a year
 * at most a year, 3600 s asked for    from 5 minutes ago until in an hour
 * at most a year, 60 s asked for      from 5 minutes ago until in ten minutes
 * ```
 *
 * @param expirationSeconds - as asked for
 * @param longestMs - as `--cluster-signing-duration` says
 */
export function validity(
  expirationSeconds: number | undefined,
  longestMs: number,
  nowMs: number,
): { readonly notBeforeMs: number; readonly notAfterMs: number } {
  const asked = expirationSeconds === undefined ? longestMs : expirationSeconds * 1000;
  const durationMs = Math.min(longestMs, Math.max(SHORTEST_MS, asked));
  const notBeforeMs = nowMs - BACKDATE_MS;
  return { notBeforeMs, notAfterMs: (durationMs < SHORT_MS ? nowMs : notBeforeMs) + durationMs };
}
