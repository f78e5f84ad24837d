/** Requests for certificates are approved, signed, refused and removed. Keys are not real here. */

import type { SubjectAccessReview } from 'kubernetes-types/authorization/v1.js';
import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { CERTIFICATE_SIGNING_REQUESTS, type Client } from '#client';
import {
  type CertificateReader,
  type CertificateRequest,
  type CertificateSigner,
  newControllerContext,
  newCsrApprovingController,
  newCsrCleanerController,
  newCsrSigningController,
  runControllers,
} from '#controller-manager';
import {
  afterEach,
  type ControllerTestWorld,
  describe,
  expect,
  it,
  newControllerWorld,
} from '#kit';
import { isOver } from '../../../solutions/04-controller-manager/certificate/csr-cleaner-controller.ts';
import {
  signerFault,
  validity,
} from '../../../solutions/04-controller-manager/certificate/signer-rules.ts';

const HOUR = 3_600_000;
const none = { dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [] };
const node: CertificateRequest = {
  commonName: 'system:node:n',
  organizations: ['system:nodes'],
  ...none,
};
const clientUsages = ['digital signature', 'client auth'];
const servingUsages = ['digital signature', 'key encipherment', 'server auth'];

describe('the rules of signers', () => {
  const API = 'kubernetes.io/kube-apiserver-client';
  const CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet';
  const SERVING = 'kubernetes.io/kubelet-serving';
  const serving = { ...node, dnsNames: ['n'] };
  const rows: [string, string, CertificateRequest, string[], string | undefined][] = [
    ['a client', API, { ...node, commonName: 'jane' }, clientUsages, undefined],
    [
      'a client that wants to serve',
      API,
      node,
      [...clientUsages, 'server auth'],
      'invalid usage for client certificate: server auth',
    ],
    [
      'a client that does not say so',
      API,
      node,
      ['digital signature'],
      'missing required usage for client certificate: client auth',
    ],
    ['a kubelet', CLIENT, node, clientUsages, undefined],
    ['a kubelet with an RSA key', CLIENT, node, ['key encipherment', ...clientUsages], undefined],
    [
      'a kubelet of another group',
      CLIENT,
      { ...node, organizations: ['system:masters'] },
      clientUsages,
      'subject organization is not system:nodes',
    ],
    [
      'a kubelet that is none',
      CLIENT,
      { ...node, commonName: 'n' },
      clientUsages,
      'subject common name does not begin with system:node:',
    ],
    [
      'a kubelet client with names',
      CLIENT,
      { ...node, dnsNames: ['n'] },
      clientUsages,
      'DNS subjectAltNames are not allowed',
    ],
    [
      'a kubelet with usages of a server',
      CLIENT,
      node,
      servingUsages,
      'usages did not match [client auth digital signature key encipherment]',
    ],
    ['a kubelet that serves', SERVING, serving, servingUsages, undefined],
    [
      'a kubelet that serves under no name',
      SERVING,
      node,
      servingUsages,
      'DNS or IP subjectAltName is required',
    ],
    [
      'a kubelet that serves a page',
      SERVING,
      { ...serving, uris: ['spiffe://n'] },
      servingUsages,
      'URI subjectAltNames are not allowed',
    ],
    [
      'a kubelet that serves and is a client',
      SERVING,
      serving,
      clientUsages,
      'usages did not match [digital signature key encipherment server auth]',
    ],
  ];
  for (const [name, signer, request, usages, fault] of rows) {
    it(`say of ${name}: ${fault ?? 'yes'}`, () => {
      expect(signerFault(signer, request, usages)).toBe(fault);
    });
  }

  const times: [number | undefined, number, number][] = [
    [undefined, -5 / 60, 8760 - 5 / 60],
    [24 * 3600, -5 / 60, 24 - 5 / 60],
    [3600, -5 / 60, 1],
    [60, -5 / 60, 1 / 6],
    [10 * 365 * 24 * 3600, -5 / 60, 8760 - 5 / 60],
  ];
  for (const [seconds, from, to] of times) {
    it(`sign for ${to.toFixed(2)} hours when asked for ${seconds} seconds`, () => {
      const { notBeforeMs, notAfterMs } = validity(seconds, 365 * 24 * HOUR, 0);
      expect(notBeforeMs).toBeCloseTo(from * HOUR, 3);
      expect(notAfterMs).toBeCloseTo(to * HOUR, 3);
    });
  }
});

let world: ControllerTestWorld;
/** What the request says, whatever it is. */
let parsed: CertificateRequest;
/** What whoever asked may create. */
let allowed: readonly string[];
let asked: unknown[];
let signed: unknown[];
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n';
const reader: CertificateReader = {
  readRequest: () => parsed,
  notAfterMs: () => Number.POSITIVE_INFINITY,
};
const signer: CertificateSigner = {
  sign: async (pem, terms) => {
    signed.push([pem, terms]);
    return CERTIFICATE;
  },
};
/** The test API lets everybody do everything; here it is asked less. */
const withReviews = (client: Client): Client => ({
  resource: (type, namespace) => {
    const inner = client.resource(type, namespace);
    if (type.resource !== 'subjectaccessreviews') return inner;
    const create = async (review: unknown) => {
      const { spec } = review as SubjectAccessReview;
      asked.push(spec);
      const isAllowed = allowed.includes(spec.resourceAttributes?.subresource ?? '');
      return { spec, status: { allowed: isAllowed } } as never;
    };
    return { ...inner, create };
  },
});
const begin = async (): Promise<void> => {
  parsed = node;
  allowed = ['nodeclient'];
  asked = [];
  signed = [];
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(
        newControllerContext({ ...around, client: withReviews(around.client) }),
        [
          newCsrApprovingController(reader),
          newCsrSigningController({ reader, signer, longestMs: 8760 * HOUR }),
          newCsrCleanerController(reader),
        ],
        signal,
      ),
  });
};
afterEach(() => world?.end());

const REQUEST = '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n';
const requests = () => world.admin.resource(CERTIFICATE_SIGNING_REQUESTS);
const ask = (more: object = {}) =>
  requests().create({
    metadata: { name: 'csr' },
    spec: {
      request: btoa(REQUEST),
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: clientUsages,
      ...more,
    },
  });
const decide = async (type: string) => {
  const csr = await requests().get('csr');
  const condition = { type, status: 'True', reason: 'ByHand' };
  const status = { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] };
  await requests().update({ ...csr, status }, { subresource: 'approval' });
};
const statusOf = async () => (await requests().get('csr')).status ?? {};
const conditions = async () =>
  (await statusOf()).conditions?.map(({ type, reason, message }) => `${type} ${reason} ${message}`);

describe('requests for certificates', () => {
  it('of kubelets are approved and signed', async () => {
    await begin();
    await ask();
    await world.settle();
    expect(await conditions()).toEqual([
      'Approved AutoApproved Auto approving kubelet client certificate after SubjectAccessReview.',
    ]);
    expect(atob((await statusOf()).certificate ?? '')).toBe(CERTIFICATE);
    const now = world.clock.now();
    const [[pem, terms] = []] = signed as [string, { notBeforeMs: number }][];
    expect(pem).toBe(REQUEST);
    expect(terms).toMatchObject({ usages: clientUsages });
    expect(Math.abs((terms?.notBeforeMs ?? 0) - now + 300_000)).toBeLessThan(2000);
    const { username, groups } = (await requests().get('csr')).spec;
    expect(asked).toEqual([
      {
        user: username,
        groups,
        resourceAttributes: {
          group: 'certificates.k8s.io',
          resource: 'certificatesigningrequests',
          verb: 'create',
          subresource: 'nodeclient',
        },
      },
    ]);
  });

  it('for who asks already are another permission', async () => {
    await begin();
    await world.stop();
    const { username = '' } = (await ask()).spec;
    parsed = { ...node, commonName: username };
    allowed = ['selfnodeclient'];
    await world.start();
    // Only a node's name is one, and the test is none.
    expect(await conditions()).toBe(undefined);
    expect(asked).toEqual([]);
  });

  it('are approved when the permission comes later', async () => {
    await begin();
    allowed = [];
    await ask();
    await world.advance(60_000);
    expect(await conditions()).toBe(undefined);
    allowed = ['nodeclient'];
    await world.advance(10 * 60_000);
    expect((await statusOf()).certificate).not.toBe(undefined);
  });

  it('of others wait for somebody who approves', async () => {
    await begin();
    await ask({ signerName: 'kubernetes.io/kube-apiserver-client' });
    await world.converge();
    expect(await statusOf()).toEqual({});
    await decide('Approved');
    await world.settle();
    expect((await statusOf()).certificate).not.toBe(undefined);
  });

  it('that are denied, or another signer is asked, are left alone', async () => {
    await begin();
    await ask({ signerName: 'kubernetes.io/kube-apiserver-client' });
    await decide('Denied');
    await world.settle();
    expect((await statusOf()).certificate).toBe(undefined);
    await requests().delete('csr');
    await ask({ signerName: 'example.com/signer' });
    await decide('Approved');
    await world.settle();
    expect((await statusOf()).certificate).toBe(undefined);
    expect(signed).toEqual([]);
  });

  it('that were approved but break the rules fail', async () => {
    await begin();
    await ask({
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: [...clientUsages, 'server auth'],
    });
    await decide('Approved');
    await world.converge();
    expect((await conditions())?.[1]).toBe(
      'Failed SignerValidationFailure invalid usage for client certificate: server auth',
    );
    expect((await statusOf()).certificate).toBe(undefined);
    expect(await world.writesWithin(HOUR / 2)).toEqual([]);
  });

  it('are signed although every write fails once', async () => {
    await begin();
    const faults = world.failEachWriteOnce({ seed: 2 });
    await ask();
    await world.converge();
    expect(faults.count).toBeGreaterThan(0);
    faults.end();
    expect((await statusOf()).certificate).not.toBe(undefined);
  });

  it('go some time after they were answered', async () => {
    await begin();
    await ask();
    await world.advance(HOUR / 2);
    expect((await requests().list()).items).toHaveLength(1);
    await world.advance(2 * HOUR);
    expect((await requests().list()).items).toEqual([]);
  });
});

describe('the time a request stays', () => {
  const T0 = Date.parse('2025-01-01T00:00:00Z');
  const csr = (type: string | undefined, certificate?: string) => ({
    metadata: { name: 'csr', creationTimestamp: '2025-01-01T00:00:00Z' },
    spec: { request: '', signerName: '' },
    status: {
      ...(type && {
        conditions: [{ type, status: 'True', lastUpdateTime: '2025-01-01T00:00:00Z' }],
      }),
      ...(certificate && { certificate: btoa(certificate) }),
    },
  });
  const rows: [string, ReturnType<typeof csr>, number | undefined][] = [
    ['that nobody answered', csr(undefined), 24],
    ['that was denied', csr('Denied'), 1],
    ['that failed', csr('Failed'), 1],
    ['that got its certificate', csr('Approved', CERTIFICATE), 1],
    ['that waits for its certificate', csr('Approved'), undefined],
  ];
  for (const [name, request, hours] of rows) {
    it(`of one ${name} is ${hours ?? 'not limited to so many'} hours`, () => {
      const at = (hoursLater: number) => isOver(request, reader, T0 + hoursLater * HOUR);
      expect([at((hours ?? 99) - 0.01), at((hours ?? 99) + 0.01)]).toEqual([
        false,
        hours !== undefined,
      ]);
    });
  }

  it('is over when its certificate is', () => {
    const expired = { ...reader, notAfterMs: () => T0 };
    expect(isOver(csr('Approved', CERTIFICATE), expired, T0 + 1)).toBe(true);
  });
});
