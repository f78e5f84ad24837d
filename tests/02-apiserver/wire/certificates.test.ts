/** Certificates on disk: made once, kept, renewed when they will not do any more. */

import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  ensureCertificates,
  ensureClientCertificate,
  writeKubeconfig,
} from '../../../solutions/02-apiserver/wire/certificate-files.ts';
import { newAuthority } from '../../../solutions/02-apiserver/wire/certificates.ts';
import { cleanups } from './serving.ts';

const DAY_MS = 24 * 3_600_000;
const hosts = ['localhost', 'kubernetes.default.svc', '127.0.0.1', '10.96.0.1'];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'certificates-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'pki');
}

describe('ensureCertificates', () => {
  it('makes an authority and a serving certificate for all names, its keys for the owner only', async () => {
    const folder = await newFolder();
    const { authority, serving } = await ensureCertificates(folder, hosts);
    expect((await readdir(folder)).sort()).toEqual([
      'apiserver.crt',
      'apiserver.key',
      'ca.crt',
      'ca.key',
    ]);
    for (const name of ['ca.key', 'apiserver.key']) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    }
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const certificate = new X509Certificate(serving.certificate);
    expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    expect(certificate.subjectAltName).toBe(
      'DNS:localhost, DNS:kubernetes.default.svc, IP Address:127.0.0.1, IP Address:10.96.0.1',
    );
  });

  it('keeps what is there', async () => {
    const folder = await newFolder();
    const first = await ensureCertificates(folder, hosts);
    expect(await ensureCertificates(folder, hosts.slice(1))).toEqual(first);
  });

  it('makes the serving certificate anew for one more name, by the same authority', async () => {
    const folder = await newFolder();
    const first = await ensureCertificates(folder, hosts);
    const second = await ensureCertificates(folder, [...hosts, '192.168.0.1']);
    expect(second.authority).toEqual(first.authority);
    expect(new X509Certificate(second.serving.certificate).checkIP('192.168.0.1')).toBe(
      '192.168.0.1',
    );
  });

  it('makes it anew when it has less than a month left', async () => {
    const folder = await newFolder();
    const first = await ensureCertificates(folder, hosts, Date.now() - 340 * DAY_MS);
    const second = await ensureCertificates(folder, hosts);
    expect(second.authority).toEqual(first.authority);
    expect(second.serving).not.toEqual(first.serving);
  });

  it('makes both anew when the authority has expired', async () => {
    const folder = await newFolder();
    const first = await ensureCertificates(folder, hosts, Date.now() - 3700 * DAY_MS);
    const second = await ensureCertificates(folder, hosts);
    expect(second.authority).not.toEqual(first.authority);
    const issuer = new X509Certificate(second.authority.certificate);
    expect(new X509Certificate(second.serving.certificate).verify(issuer.publicKey)).toBe(true);
  });

  it('takes an authority somebody else put there', async () => {
    const folder = await newFolder();
    await ensureCertificates(folder, hosts);
    const own = await newAuthority('own');
    await writeFile(join(folder, 'ca.crt'), own.certificate);
    await writeFile(join(folder, 'ca.key'), own.key);
    const { authority, serving } = await ensureCertificates(folder, hosts);
    expect(authority).toEqual(own);
    expect(new X509Certificate(serving.certificate).issuer).toBe('CN=own');
  });

  it('makes anew what is no pair, or nonsense', async () => {
    const folder = await newFolder();
    const first = await ensureCertificates(folder, hosts);
    await writeFile(join(folder, 'apiserver.key'), first.authority.key);
    const second = await ensureCertificates(folder, hosts);
    expect(second.authority).toEqual(first.authority);
    await writeFile(join(folder, 'ca.crt'), 'nonsense');
    expect((await ensureCertificates(folder, hosts)).authority).not.toEqual(first.authority);
  });
});

describe('a kubeconfig', () => {
  it('has all that a client needs, for its owner only', async () => {
    const folder = await newFolder();
    const { authority } = await ensureCertificates(folder, hosts);
    const subject = { commonName: 'admin', organizations: ['system:masters'] };
    const client = await ensureClientCertificate(folder, 'admin', authority, subject);
    expect(await ensureClientCertificate(folder, 'admin', authority, subject)).toEqual(client);
    const path = join(folder, 'admin.conf');
    await writeKubeconfig(path, 'https://127.0.0.1:6443', 'admin', authority, client);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const config = JSON.parse(await readFile(path, 'utf8'));
    expect(config.clusters[0].cluster.server).toBe('https://127.0.0.1:6443');
    expect(Buffer.from(config.users[0].user['client-key-data'], 'base64').toString()).toBe(
      client.key,
    );
  });
});
