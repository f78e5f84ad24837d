import { seededRandom } from '#apimachinery';
import { describe, expect, it } from '#kit';
import {
  newToken,
  tokenId,
  tokenSecret,
} from '../../../solutions/09-cluster/node-join/bootstrap-token.ts';
import { parseNodeCommand } from '../../../solutions/09-cluster/program/join-flags.ts';
import { servingFault } from '../../../solutions/09-cluster/program/serving-approver.ts';

const HASH = `sha256:${'0a'.repeat(32)}`;
const TOKEN = 'abcdef.0123456789abcdef';

describe('bootstrap tokens', () => {
  it('are new and of the form that API servers know', () => {
    const random = seededRandom(1);
    const tokens = Array.from({ length: 50 }, () => newToken(random));
    expect(new Set(tokens).size).toBe(50);
    for (const token of tokens) expect(tokenId(token)).toBe(token.slice(0, 6));
    expect(tokenId('ABCDEF.0123456789abcdef')).toBe(undefined);
  });

  it('are kept as kubeadm keeps them', () => {
    const secret = tokenSecret(TOKEN, { expiresAt: Date.UTC(2025, 0, 2), description: 'why' });
    expect(secret).toMatchObject({
      metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
    });
    const texts = Object.entries(secret.data ?? {}).map(([key, text]) => [key, atob(text)]);
    expect(Object.fromEntries(texts)).toEqual({
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
      description: 'why',
      expiration: '2025-01-02T00:00:00Z',
    });
    expect(() => tokenSecret('abc')).toThrow(
      'the bootstrap token "abc" was not of the form "[a-z0-9]{6}.[a-z0-9]{16}"',
    );
  });
});

describe('a certificate to serve with', () => {
  const name = 'system:node:n1';
  const csr = (username = name, groups = ['system:nodes']) => ({
    spec: { request: '', signerName: 'kubernetes.io/kubelet-serving', username, groups },
  });
  const request = (more = {}) => ({
    commonName: name,
    organizations: ['system:nodes'],
    dnsNames: ['n1'],
    ipAddresses: ['127.0.2.1'],
    emailAddresses: [],
    uris: [],
    ...more,
  });
  const node = (nodeName: string, address: string) => ({
    metadata: { name: nodeName },
    status: { addresses: [{ type: 'InternalIP', address }] },
  });

  it('is for the node’s own name and address', () => {
    expect(servingFault(csr(), request(), [])).toBe(undefined);
    expect(servingFault(csr(), request(), [node('n1', '127.0.2.1')])).toBe(undefined);
  });

  it('is for nobody else’s', () => {
    expect(servingFault(csr('ada', ['system:masters']), request(), [])).toBe('ada is no node');
    expect(servingFault(csr(name, ['others']), request(), [])).toBe(`${name} is no node`);
    const other = { commonName: 'system:node:n2' };
    expect(servingFault(csr(), request(other), [])).toBe(
      `it is for system:node:n2, not for ${name}`,
    );
    const names = { dnsNames: ['n1', 'kubernetes'] };
    expect(servingFault(csr(), request(names), [])).toBe("kubernetes is not the node's name");
    const far = { ipAddresses: ['192.0.2.1'] };
    expect(servingFault(csr(), request(far), [])).toContain('192.0.2.1 is no address of this');
    expect(servingFault(csr(), request(), [node('n2', '127.0.2.1')])).toBe('127.0.2.1: that is n2');
  });
});

describe('the command line of join', () => {
  const line = (...more: string[]) =>
    parseNodeCommand([
      ...['join', '127.0.0.1:6443', '--token', TOKEN],
      ...['--discovery-token-ca-cert-hash', HASH, '--node-name', 'n1', ...more],
    ]);

  it('is kubeadm’s', () => {
    expect(line('--node-labels', 'a=b,c=')).toMatchObject({
      command: 'join',
      flags: {
        server: 'https://127.0.0.1:6443',
        token: TOKEN,
        hashes: [HASH],
        name: 'n1',
        labels: { a: 'b', c: '' },
        timeoutMs: 300_000,
      },
    });
  });
});
