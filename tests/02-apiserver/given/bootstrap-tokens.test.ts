import { FakeClock } from '#apimachinery';
import { describe, expect, it } from '#kit';
import { bootstrapTokens } from '../../../solutions/02-apiserver/authentication/bootstrap-tokens.ts';
import { startTestServer } from './test-server.ts';

const TOKEN = 'abcdef.0123456789abcdef';
const AUDIENCE = 'https://test';
const GOOD = {
  'token-id': 'abcdef',
  'token-secret': '0123456789abcdef',
  'usage-bootstrap-authentication': 'true',
};

interface Kept {
  readonly type?: string;
  readonly metadata?: object;
  readonly data?: Readonly<Record<string, string>>;
}

/** Whose token it is, when one Secret is kept. */
async function ask(token: string, kept: Kept = {}, asked = [AUDIENCE]) {
  const { type = 'bootstrap.kubernetes.io/token', metadata = {}, data = GOOD } = kept;
  const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, btoa(text)]));
  const secret = { apiVersion: 'v1', kind: 'Secret', type, metadata, data: encoded };
  const found = await bootstrapTokens({
    clock: new FakeClock(),
    apiAudiences: [AUDIENCE],
    secret: async (name) => (name === 'bootstrap-token-abcdef' ? secret : undefined),
  }).authenticateToken(token, asked);
  return found?.user;
}

describe('bootstrap tokens', () => {
  it('are known by a Secret in kube-system', async () => {
    expect(await ask(TOKEN)).toEqual({
      username: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers'],
    });
  });

  it('bring the groups that the Secret names', async () => {
    const groups = 'system:bootstrappers:b,system:bootstrappers:a';
    const user = await ask(TOKEN, { data: { ...GOOD, 'auth-extra-groups': groups } });
    expect(user?.groups).toEqual([
      'system:bootstrappers',
      'system:bootstrappers:a',
      'system:bootstrappers:b',
    ]);
  });

  it('are good until they expire', async () => {
    const now = new FakeClock().now();
    const at = (ms: number) => new Date(now + ms).toISOString();
    expect(await ask(TOKEN, { data: { ...GOOD, expiration: at(1000) } })).toBeDefined();
    for (const expiration of [at(0), at(-1000), 'tomorrow']) {
      expect(await ask(TOKEN, { data: { ...GOOD, expiration } }), expiration).toBe(undefined);
    }
  });

  it('are unknown when anything is not as it should be', async () => {
    const cases: Readonly<Record<string, Kept>> = {
      'another secret': { data: { ...GOOD, 'token-secret': 'fedcba9876543210' } },
      'another id': { data: { ...GOOD, 'token-id': 'fedcba' } },
      'no secret': { data: { 'token-id': 'abcdef' } },
      'not for this': { data: { ...GOOD, 'usage-bootstrap-authentication': 'yes' } },
      'a group of others': { data: { ...GOOD, 'auth-extra-groups': 'system:masters' } },
      'another type': { type: 'Opaque' },
      'going away': { metadata: { deletionTimestamp: '2025-01-01T00:00:00Z' } },
    };
    for (const [name, kept] of Object.entries(cases)) {
      expect(await ask(TOKEN, kept), name).toBe(undefined);
    }
    for (const token of ['abcdef', 'ABCDEF.0123456789abcdef', 'zzzzzz.0123456789abcdef']) {
      expect(await ask(token), token).toBe(undefined);
    }
    expect(await ask(TOKEN, {}, ['https://others'])).toBe(undefined);
  });

  it('are believed by a server that was told to, and by no other', async () => {
    for (const isOn of [true, false]) {
      const { ask: request, askAs, stop } = await startTestServer({ bootstrapTokens: isOn });
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
        type: 'bootstrap.kubernetes.io/token',
        stringData: GOOD,
      };
      await request('POST', '/api/v1/namespaces/kube-system/secrets', secret);
      const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
      const review = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
        metadata: {},
      };
      const response = await askAs('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        headers,
        body: JSON.stringify(review),
      });
      const answer = (await response.json()) as { status?: { userInfo?: { username: string } } };
      if (isOn) expect(answer.status?.userInfo?.username).toBe('system:bootstrap:abcdef');
      else expect(response.status).toBe(401);
      await stop();
    }
  });
});
