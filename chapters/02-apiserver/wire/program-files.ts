/** The files `kube-apiserver`'s flags name, and those it makes where they name none. */

import { createPublicKey } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { parseTokenFile, type StaticToken } from '../authentication/token-file.ts';
import { IpRange } from '../service-addresses/ip-range.ts';
import {
  ensureCertificates,
  ensureClientCertificate,
  isPair,
  writeKubeconfig,
} from './certificate-files.ts';
import type { KeyPair } from './certificates.ts';
import type { Flags } from './flags.ts';
import type { ServingCertificate } from './http-server.ts';
import type { KubeletCredentials } from './node-dialer.ts';
import { generateServiceAccountKey } from './service-account-keys.ts';

/** As the real one calls it. */
const DEFAULT_CERT_DIR = 'apiserver.local.config/certificates';

/** What was read or made. */
export interface Files {
  /** Absent: there is no secure port. */
  readonly serving: ServingCertificate | undefined;
  readonly kubelets: KubeletCredentials;
  readonly tokens: readonly StaticToken[];
  readonly serviceAccountKeys: { readonly signing: string; readonly verifying: readonly string[] };
  readonly etcdTls: { ca?: Uint8Array; cert?: Uint8Array; key?: Uint8Array } | undefined;
}

/**
 * Reads what the flags name; makes, in the folder for certificates, an authority, a serving
 * certificate, a client certificate for kubelets, a key for service accounts, and `admin.conf`, a
 * kubeconfig that may do everything.
 *
 * @throws Error when a file cannot be read, or is not what it should be
 */
export async function readFiles(flags: Flags, advertiseAddress: string): Promise<Files> {
  const folder = flags.certDir ?? (flags.dataDir ? join(flags.dataDir, 'pki') : DEFAULT_CERT_DIR);
  const own = await ownCertificates(flags, folder, advertiseAddress);
  return {
    serving: flags.securePort === 0 ? undefined : await servingOf(flags, own),
    kubelets: await kubeletsOf(flags, own, folder),
    tokens: flags.tokenAuthFile ? parseTokenFile(await read(flags.tokenAuthFile)) : [],
    serviceAccountKeys: await serviceAccountKeysOf(flags, folder),
    etcdTls: await etcdTlsOf(flags),
  };
}

/** Who we say we are reached by: what we listen on, or else the first address that is not our own. */
export function advertisedAddress(bindAddress: string): string {
  if (bindAddress !== '0.0.0.0' && bindAddress !== '::') return bindAddress;
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return all.find((one) => one.family === 'IPv4' && !one.internal)?.address ?? '127.0.0.1';
}

interface Own {
  readonly authority: KeyPair;
  readonly serving: KeyPair;
}

async function ownCertificates(
  flags: Flags,
  folder: string,
  advertiseAddress: string,
): Promise<Own | undefined> {
  if (flags.securePort === 0 || hasAllCertificates(flags)) return undefined;
  const own = await ensureCertificates(folder, [
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    '127.0.0.1',
    new IpRange(flags.serviceClusterIpRange).at(0),
    advertiseAddress,
  ]);
  if (flags.clientCaFile === undefined && flags.tlsCertFile === undefined) {
    const subject = { commonName: 'kubernetes-admin', organizations: ['system:masters'] };
    const admin = await ensureClientCertificate(folder, 'admin', own.authority, subject);
    const server = `https://127.0.0.1:${flags.securePort}`;
    await writeKubeconfig(
      join(folder, 'admin.conf'),
      server,
      subject.commonName,
      own.authority,
      admin,
    );
  }
  return own;
}

/** Somebody else looks after certificates: none of our own is needed. */
function hasAllCertificates(flags: Flags): boolean {
  const { tlsCertFile, clientCaFile, kubeletClientCertificate } = flags;
  return [tlsCertFile, clientCaFile, kubeletClientCertificate].every((file) => file !== undefined);
}

async function servingOf(
  { tlsCertFile, tlsPrivateKeyFile, clientCaFile }: Flags,
  own: Own | undefined,
): Promise<ServingCertificate | undefined> {
  const pair =
    tlsCertFile && tlsPrivateKeyFile
      ? await readPair(tlsCertFile, tlsPrivateKeyFile)
      : own?.serving;
  // Nobody has the key of our own authority but us and whom we gave a certificate.
  const clientAuthorities = clientCaFile ? await read(clientCaFile) : own?.authority.certificate;
  return pair && { ...pair, ...(clientAuthorities && { clientAuthorities }) };
}

async function kubeletsOf(
  flags: Flags,
  own: Own | undefined,
  folder: string,
): Promise<KubeletCredentials> {
  const { kubeletClientCertificate, kubeletClientKey, kubeletCertificateAuthority } = flags;
  const authorities = kubeletCertificateAuthority && (await read(kubeletCertificateAuthority));
  const more = authorities ? { authorities } : {};
  if (kubeletClientCertificate && kubeletClientKey) {
    return { ...(await readPair(kubeletClientCertificate, kubeletClientKey)), ...more };
  }
  if (own === undefined) return more;
  const subject = {
    commonName: 'kube-apiserver-kubelet-client',
    organizations: ['system:masters'],
  };
  const name = 'apiserver-kubelet-client';
  return { ...(await ensureClientCertificate(folder, name, own.authority, subject)), ...more };
}

async function serviceAccountKeysOf(
  flags: Flags,
  folder: string,
): Promise<Files['serviceAccountKeys']> {
  const { serviceAccountKeyFile, serviceAccountSigningKeyFile } = flags;
  if (serviceAccountKeyFile && serviceAccountSigningKeyFile) {
    const verifying = await Promise.all(serviceAccountKeyFile.map(read));
    return {
      signing: await read(serviceAccountSigningKeyFile),
      verifying: verifying.map(publicHalf),
    };
  }
  const key = await ensureServiceAccountKey(folder);
  return { signing: key, verifying: [publicHalf(key)] };
}

/** What may be shown of a key: files with private ones or certificates are fine as well. */
function publicHalf(pem: string): string {
  return createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
}

async function ensureServiceAccountKey(folder: string): Promise<string> {
  const path = join(folder, 'sa.key');
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const key = generateServiceAccountKey();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(path, key, { mode: 0o600 });
  return key;
}

async function etcdTlsOf({
  etcdCafile,
  etcdCertfile,
  etcdKeyfile,
}: Flags): Promise<Files['etcdTls']> {
  if (!etcdCafile && !etcdCertfile) return undefined;
  return {
    ...(etcdCafile && { ca: await readFile(etcdCafile) }),
    ...(etcdCertfile && { cert: await readFile(etcdCertfile) }),
    ...(etcdKeyfile && { key: await readFile(etcdKeyfile) }),
  };
}

function read(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

async function readPair(certificatePath: string, keyPath: string): Promise<KeyPair> {
  const certificate = await read(certificatePath);
  const key = await read(keyPath);
  if (isPair(certificate, key)) return { certificate, key };
  throw new Error(`${certificatePath} and ${keyPath} are no certificate and its private key`);
}
