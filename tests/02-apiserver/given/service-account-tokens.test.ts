/** Tokens of service accounts: made, remembered, and the file of fixed ones. */

import { describe, expect, it } from 'vitest';
import { FakeClock, newNotFound, seededRandom } from '#apimachinery';
import type { ApiObject } from '../../../solutions/02-apiserver/api-object.ts';
import { parseJwt } from '../../../solutions/02-apiserver/authentication/jwt.ts';
import { issueToken } from '../../../solutions/02-apiserver/authentication/service-account-tokens.ts';
import { cachedTokens } from '../../../solutions/02-apiserver/authentication/token-cache.ts';
import { parseTokenFile } from '../../../solutions/02-apiserver/authentication/token-file.ts';

const NOW = Date.UTC(2025, 0, 1);
const SECONDS = NOW / 1000;
const account: ApiObject = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'builder', namespace: 'ci', uid: 'sa-1' },
};
const named = (kind: string, name: string, uid: string, spec: object = {}): ApiObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, uid },
  spec,
});
const objects: Record<string, ApiObject> = {
  'pods/ci/web': named('Pod', 'web', 'pod-1', { serviceAccountName: 'builder', nodeName: 'a' }),
  'pods/ci/lost': named('Pod', 'lost', 'pod-2', { serviceAccountName: 'builder', nodeName: 'b' }),
  'pods/ci/new': named('Pod', 'new', 'pod-3', { serviceAccountName: 'builder' }),
  'pods/ci/other': named('Pod', 'other', 'pod-4', { serviceAccountName: 'default' }),
  'secrets/ci/s': named('Secret', 's', 'secret-1'),
  'nodes//a': named('Node', 'a', 'node-1'),
};

function issue(spec: object, metadata: object = {}, more: object = {}) {
  const request = { apiVersion: '', kind: '', metadata, spec };
  return issueToken(request, account, {
    signer: { algorithm: 'RS256', keyId: 'k1', sign: () => new Uint8Array([1, 2, 3]) },
    clock: new FakeClock({ now: NOW }),
    random: seededRandom(1),
    issuer: 'https://k',
    apiAudiences: ['https://k'],
    async getObject(resource, namespace, name) {
      const found = objects[`${resource}/${namespace}/${name}`];
      if (!found) throw newNotFound({ group: '', resource }, name);
      return found;
    },
    ...more,
  });
}

const claimsOf = (issued: ApiObject) =>
  parseJwt((issued.status as { token: string }).token)?.claims;
const bind = (kind: string, name: string, uid?: string) => ({
  boundObjectRef: { apiVersion: 'v1', kind, name, ...(uid && { uid }) },
});

describe('issueToken', () => {
  it('fills in what was left open', async () => {
    const issued = await issue({});
    expect(issued).toMatchObject({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {
        name: 'builder',
        namespace: 'ci',
        uid: 'sa-1',
        creationTimestamp: '2025-01-01T00:00:00Z',
      },
      spec: { audiences: ['https://k'], expirationSeconds: 3600 },
      status: { expirationTimestamp: '2025-01-01T01:00:00Z' },
    });
    expect(claimsOf(issued)).toEqual({
      aud: ['https://k'],
      exp: SECONDS + 3600,
      iat: SECONDS,
      iss: 'https://k',
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'kubernetes.io': { namespace: 'ci', serviceaccount: { name: 'builder', uid: 'sa-1' } },
      nbf: SECONDS,
      sub: 'system:serviceaccount:ci:builder',
    });
  });

  const bindings: [kind: string, name: string, claims: object][] = [
    ['Pod', 'web', { pod: { name: 'web', uid: 'pod-1' }, node: { name: 'a', uid: 'node-1' } }],
    ['Pod', 'lost', { pod: { name: 'lost', uid: 'pod-2' }, node: { name: 'b', uid: '' } }],
    ['Pod', 'new', { pod: { name: 'new', uid: 'pod-3' } }],
    ['Secret', 's', { secret: { name: 's', uid: 'secret-1' } }],
    ['Node', 'a', { node: { name: 'a', uid: 'node-1' } }],
  ];
  for (const [kind, name, claims] of bindings) {
    it(`binds to the ${kind} ${name}`, async () => {
      const kubernetes = claimsOf(await issue(bind(kind, name)))?.['kubernetes.io'];
      const serviceaccount = { name: 'builder', uid: 'sa-1' };
      expect(kubernetes).toEqual({ namespace: 'ci', serviceaccount, ...claims });
    });
  }

  const refused: [name: string, spec: object, metadata: object, error: object][] = [
    [
      'too short',
      { expirationSeconds: 599 },
      {},
      {
        code: 422,
        message:
          'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
      },
    ],
    ['too long', { expirationSeconds: 2 ** 32 + 1 }, {}, { code: 422, message: /2\^32 seconds/ }],
    [
      'of another name',
      {},
      { name: 'x' },
      { code: 422, message: /metadata\.name: Invalid value: "x"/ },
    ],
    ['of another uid', {}, { uid: 'x' }, { code: 409 }],
    [
      'for a kind without lives',
      bind('ConfigMap', 'c'),
      {},
      { code: 400, message: 'cannot bind token to object of type /v1, Kind=ConfigMap' },
    ],
    ['for a kind that only sounds like one', bind('constructor', 'c'), {}, { code: 400 }],
    ['for a pod that is not there', bind('Pod', 'gone'), {}, { code: 404 }],
    [
      'for another pod of that name',
      bind('Pod', 'web', 'pod-0'),
      {},
      { code: 409, message: /UID in the bound object reference \(pod-0\)/ },
    ],
    [
      'for another account’s pod',
      bind('Pod', 'other'),
      {},
      { code: 400, message: /"builder" to pod running with different serviceaccount/ },
    ],
  ];
  for (const [name, spec, metadata, error] of refused) {
    it(`refuses one ${name}`, async () => {
      const found = await issue(spec, metadata).catch((thrown: unknown) => thrown);
      const { message, ...rest } = error as { message?: string | RegExp };
      expect(found).toMatchObject(rest);
      expect((found as Error).message).toMatch(message ?? '');
    });
  }

  it('shortens, and says so', async () => {
    const warnings: string[] = [];
    const more = { maxExpirationSeconds: 3600, warn: (text: string) => warnings.push(text) };
    const issued = await issue({ expirationSeconds: 7200 }, {}, more);
    expect(issued.spec).toMatchObject({ expirationSeconds: 3600 });
    expect(claimsOf(issued)?.exp).toBe(SECONDS + 3600);
    expect(warnings).toEqual(['requested expiration of 7200 seconds shortened to 3600 seconds']);
  });

  it('lets a pod’s own token live on, with a time to warn', async () => {
    const spec = { ...bind('Pod', 'new'), expirationSeconds: 3607 };
    const issued = await issue(spec, {}, { extendExpiration: true });
    expect(claimsOf(issued)).toMatchObject({
      exp: SECONDS + 365 * 86_400,
      'kubernetes.io': { warnafter: SECONDS + 3607 },
    });
    expect(issued.status).toMatchObject({ expirationTimestamp: '2025-01-01T01:00:07Z' });
    expect(claimsOf(await issue(spec))?.exp).toBe(SECONDS + 3607);
  });
});

describe('cachedTokens', () => {
  it('asks once in ten seconds about a token that is good', async () => {
    const clock = new FakeClock();
    let asked = 0;
    const inner = {
      authenticateToken(token: string, audiences: readonly string[]) {
        asked++;
        const user = { username: token, groups: [] };
        return token === 'bad' ? undefined : { user, audiences };
      },
    };
    const cached = cachedTokens(inner, clock);
    const ask = async (token: string, audience = 'k') =>
      (await cached.authenticateToken(token, [audience]))?.user.username;
    expect([await ask('a'), await ask('a'), await ask('b')]).toEqual(['a', 'a', 'b']);
    expect(asked).toBe(2);
    await ask('a', 'other');
    expect(asked).toBe(3);
    expect([await ask('bad'), await ask('bad')]).toEqual([undefined, undefined]);
    expect(asked).toBe(5);
    await clock.advance(10_000);
    await ask('a');
    expect(asked).toBe(6);
  });
});

describe('parseTokenFile', () => {
  it('reads fields with and without quotes', () => {
    const text =
      't1,alice,1,"dev,ops"\r\n"t,2","b ""ob""",2\n\nt3,carol,3,dev\n,empty,4\nt3,last,5,\n';
    expect(parseTokenFile(text)).toEqual([
      { token: 't1', user: { username: 'alice', uid: '1', groups: ['dev', 'ops'] } },
      { token: 't,2', user: { username: 'b "ob"', uid: '2', groups: [] } },
      { token: 't3', user: { username: 'last', uid: '5', groups: [] } },
    ]);
    expect(parseTokenFile('')).toEqual([]);
  });

  it('refuses a line without an owner', () => {
    expect(() => parseTokenFile('t1,alice')).toThrow(
      'token file must have at least 3 columns (token, user name, user uid), found 2',
    );
    expect(() => parseTokenFile('"t1,alice,1')).toThrow('quote without its end');
  });
});
