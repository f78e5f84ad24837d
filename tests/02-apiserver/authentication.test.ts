import { FakeClock, newNotFound, newUnauthorized, StatusError } from '#apimachinery';
import {
  ANONYMOUS,
  type Authenticator,
  bearerToken,
  bearerTokens,
  type Credentials,
  clientCertificates,
  encodeBase64Url,
  equalInConstantTime,
  newAuthenticator,
  type PeerCertificate,
  parseTokenFile,
  type SignatureVerifier,
  type Signer,
  serviceAccountTokens,
  signJwt,
  staticTokens,
  type TokenAuthenticator,
  type User,
} from '#apiserver';
import { describe, expect, fc, it, property } from '#kit';

const API = ['https://kubernetes.default.svc'];
const NOW = Date.UTC(2025, 0, 1);
const SECONDS = NOW / 1000;

interface Shown {
  readonly authorization?: string;
  readonly certificates?: readonly PeerCertificate[];
}

function credentials({ authorization, certificates = [] }: Shown = {}): Credentials {
  return {
    headers: new Headers(authorization === undefined ? {} : { Authorization: authorization }),
    connection: {
      rawTarget: '/',
      peerCertificates: certificates,
      remoteAddress: '10.0.0.1',
      secure: true,
    },
  };
}

const refusal = (message: string) => ({ name: 'StatusError', code: 401, message });

/** Authenticates, whether the authenticator takes its time or not. */
async function ask(authenticator: Authenticator, shown: Shown = {}): Promise<User | undefined> {
  return authenticator.authenticate(credentials(shown));
}

const user = (username: string, ...groups: string[]): User => ({ username, groups });

/** Knows one answer: a user, nobody, or an error. */
function fixed(answer: User | Error | undefined): Authenticator {
  return {
    authenticate() {
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

function fixedToken(answer: User | Error | undefined): TokenAuthenticator {
  return {
    async authenticateToken(_token, audiences) {
      if (answer instanceof Error) throw answer;
      return answer && { user: answer, audiences };
    },
  };
}

describe('bearerToken', () => {
  const rows: [header: string | undefined, token: string | undefined][] = [
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['  Bearer abc  ', 'abc'],
    ['Bearer abc def', 'abc'],
    ['Bearer a.b-c_d==', 'a.b-c_d=='],
    [undefined, undefined],
    ['', undefined],
    ['Bearer', undefined],
    ['Bearer ', undefined],
    ['Bearer  abc', undefined],
    ['Basic abc', undefined],
    ['Bearerabc', undefined],
    ['abc', undefined],
    ['Token bearer abc', undefined],
  ];
  for (const [header, token] of rows) {
    it(`finds ${token === undefined ? 'nothing' : token} in ${JSON.stringify(header)}`, () => {
      // A real Headers would trim the value itself.
      const headers = { get: (name: string) => (/^authorization$/i.test(name) ? header : null) };
      expect(bearerToken(headers as Credentials['headers'])).toBe(token);
    });
  }
});

describe('equalInConstantTime', () => {
  const rows: [given: string, secret: string, equal: boolean][] = [
    ['secret', 'secret', true],
    ['', '', true],
    ['secret', 'secres', false],
    ['Secret', 'secret', false],
    ['secre', 'secret', false],
    ['secrett', 'secret', false],
    ['', 'secret', false],
    ['secret', '', false],
    ['secret\0', 'secret', false],
    ['ä', 'ä', true],
    ['ä', 'a', false],
    ['\u0101', '\u0001', false],
  ];
  for (const [given, secret, equal] of rows) {
    const [one, other] = [given, secret].map((text) => JSON.stringify(text));
    it(`finds ${one} ${equal ? 'equal to' : 'different from'} ${other}`, () => {
      expect(equalInConstantTime(given, secret)).toBe(equal);
    });
  }

  const texts = fc.tuple(fc.string(), fc.string(), fc.boolean());
  property('agrees with === on any texts', texts, ([a, b, isSame]) => {
    const other = isSame ? a : b;
    expect(equalInConstantTime(a, other)).toBe(a === other);
  });
});

describe('staticTokens', () => {
  const tokens = parseTokenFile('t-alice,alice,1,"dev,ops"\nt-bob,bob,2\n');
  const known = staticTokens(tokens, [...API, 'other-name']);

  it.core('knows whose token it is', async () => {
    expect(await known.authenticateToken('t-alice', API)).toEqual({
      user: { username: 'alice', uid: '1', groups: ['dev', 'ops'] },
      audiences: API,
    });
    expect(await known.authenticateToken('t-bob', API)).toMatchObject({
      user: { username: 'bob', groups: [] },
    });
  });

  it('does not know any other token', async () => {
    for (const token of ['t-carol', 't-alic', 't-alicee', 'T-alice', '']) {
      expect(await known.authenticateToken(token, API)).toBe(undefined);
    }
  });

  it('says for which of the audiences asked for the token is, in their order', async () => {
    const asked = ['x', 'other-name', ...API];
    const found = await known.authenticateToken('t-bob', asked);
    expect(found?.audiences).toEqual(['other-name', ...API]);
  });

  it('knows no token when only others ask', async () => {
    expect(await known.authenticateToken('t-alice', ['vault'])).toBe(undefined);
    expect(await known.authenticateToken('t-alice', [])).toBe(undefined);
  });
});

describe('bearerTokens', () => {
  const bearer = { authorization: 'Bearer abc' };

  it('answers the first user a token authenticator knows', async () => {
    const all = [fixedToken(undefined), fixedToken(user('alice')), fixedToken(user('bob'))];
    expect(await ask(bearerTokens(all, API), bearer)).toEqual(user('alice'));
  });

  it('asks about the token, on behalf of the API server', async () => {
    const asked: unknown[] = [];
    const spy: TokenAuthenticator = {
      authenticateToken(token, audiences) {
        asked.push([token, audiences]);
        return { user: user('alice'), audiences };
      },
    };
    await ask(bearerTokens([spy, fixedToken(new Error('not asked'))], API), bearer);
    expect(asked).toEqual([['abc', API]]);
  });

  it('has no answer to a request without a token', async () => {
    const all = bearerTokens([fixedToken(user('alice'))], API);
    expect(await ask(all)).toBe(undefined);
    expect(await ask(all, { authorization: 'Basic YTpi' })).toBe(undefined);
    expect(await ask(all, { authorization: 'Bearer' })).toBe(undefined);
  });

  it.core('refuses a token nobody knows', async () => {
    const all = bearerTokens([fixedToken(undefined)], API);
    await expect(ask(all, bearer)).rejects.toMatchObject(refusal('invalid bearer token'));
    await expect(ask(bearerTokens([], API), bearer)).rejects.toMatchObject(
      refusal('invalid bearer token'),
    );
  });

  it('passes a refusal on when nobody else knows the token', async () => {
    const expired = newUnauthorized('service account token has expired');
    const all = bearerTokens([fixedToken(undefined), fixedToken(expired)], API);
    await expect(ask(all, bearer)).rejects.toMatchObject(refusal(expired.message));
  });

  it('asks on after a refusal', async () => {
    const all = [fixedToken(newUnauthorized('no')), fixedToken(user('alice'))];
    expect(await ask(bearerTokens(all, API), bearer)).toEqual(user('alice'));
  });

  it('combines several refusals', async () => {
    const all = ['a', 'b', 'a'].map((message) => fixedToken(newUnauthorized(message)));
    await expect(ask(bearerTokens(all, API), bearer)).rejects.toMatchObject(refusal('[a, b]'));
  });

  it('passes an error on that is no refusal', async () => {
    const broken = newNotFound({ group: '', resource: 'secrets' }, 'x');
    const all = bearerTokens([fixedToken(broken), fixedToken(user('alice'))], API);
    await expect(ask(all, bearer)).rejects.toBe(broken);
  });
});

describe('clientCertificates', () => {
  const HOUR = 3_600_000;
  const certificate: PeerCertificate = {
    commonName: 'alice',
    organizations: ['dev', 'ops'],
    notBefore: NOW - HOUR,
    notAfter: NOW + HOUR,
    forClients: true,
  };
  const authority = { ...certificate, commonName: 'ca', forClients: false };
  const show = (...certificates: PeerCertificate[]) => ({ certificates });
  const at = (ms: number) => clientCertificates(new FakeClock({ now: NOW + ms }));
  const outOfDate = 'x509: certificate has expired or is not yet valid: current time';

  it.core('takes the user from the common name and the groups from the organizations', async () => {
    expect(await ask(at(0), show(certificate, authority))).toEqual(user('alice', 'dev', 'ops'));
  });

  it('has no answer to a connection without a certificate', async () => {
    expect(await ask(at(0))).toBe(undefined);
  });

  it('has no answer to a certificate without a name', async () => {
    expect(await ask(at(0), show({ ...certificate, commonName: '' }))).toBe(undefined);
  });

  it('names the certificate when its hash is known', async () => {
    const known = await ask(at(0), show({ ...certificate, sha256: 'ab12' }));
    expect(known?.extra).toEqual({
      'authentication.kubernetes.io/credential-id': ['X509SHA256=ab12'],
    });
  });

  it('refuses a certificate that has expired since it was shown', async () => {
    await expect(ask(at(HOUR + 1000), show(certificate))).rejects.toMatchObject(
      refusal(`${outOfDate} 2025-01-01T01:00:01Z is after 2025-01-01T01:00:00Z`),
    );
  });

  it('refuses a certificate before its time', async () => {
    await expect(ask(at(-HOUR - 1000), show(certificate))).rejects.toMatchObject(
      refusal(`${outOfDate} 2024-12-31T22:59:59Z is before 2024-12-31T23:00:00Z`),
    );
  });

  it('takes the first and the last moment for valid', async () => {
    expect(await ask(at(HOUR), show(certificate))).toEqual(user('alice', 'dev', 'ops'));
    expect(await ask(at(-HOUR), show(certificate))).toEqual(user('alice', 'dev', 'ops'));
  });

  it('looks at the time at each request', async () => {
    const clock = new FakeClock({ now: NOW });
    const authenticator = clientCertificates(clock);
    expect(await ask(authenticator, show(certificate))).toEqual(user('alice', 'dev', 'ops'));
    await clock.advance(HOUR + 1);
    await expect(ask(authenticator, show(certificate))).rejects.toThrow('is after');
  });

  it('refuses when a certificate further up has expired', async () => {
    const old = { ...authority, notAfter: NOW - 1000 };
    await expect(ask(at(0), show(certificate, old))).rejects.toMatchObject(
      refusal(`${outOfDate} 2025-01-01T00:00:00Z is after 2024-12-31T23:59:59Z`),
    );
  });

  it('refuses a certificate that is not for clients', async () => {
    const server = { ...certificate, forClients: false };
    const message = 'x509: certificate specifies an incompatible key usage';
    await expect(ask(at(0), show(server))).rejects.toMatchObject(refusal(message));
    await expect(ask(at(0), show({ ...server, commonName: '' }))).rejects.toThrow(message);
  });
});

/** Not cryptography, but it depends on every byte and on the key. */
function fakeSignature(keyId: string, text: Uint8Array): Uint8Array {
  let sum = 7;
  for (const byte of text) sum = (Math.imul(sum, 31) + byte) | 0;
  return new TextEncoder().encode(`${keyId}:${sum}`);
}

function signer(keyId = 'k1', algorithm = 'RS256'): Signer {
  return { keyId, algorithm, sign: (text) => fakeSignature(keyId, text) };
}

/** Knows the keys k1 (RS256) and k2 (ES256); counts what it is asked. */
class Verifier implements SignatureVerifier {
  readonly asked: string[] = [];

  verify(algorithm: string, keyId: string, text: Uint8Array, signature: Uint8Array): boolean {
    this.asked.push(`${algorithm} ${keyId}`);
    const known = { RS256: 'k1', ES256: 'k2', HS256: 'k1', none: 'k1' }[algorithm];
    return known === keyId && String(signature) === String(fakeSignature(keyId, text));
  }
}

type Claims = Record<string, unknown>;

const ISSUER = 'https://kubernetes.default.svc';
const BOUND = { namespace: 'ci', serviceaccount: { name: 'builder', uid: 'sa-1' } };
const CLAIMS: Claims = {
  iss: ISSUER,
  aud: API,
  iat: SECONDS,
  nbf: SECONDS,
  exp: SECONDS + 3600,
  sub: 'system:serviceaccount:ci:builder',
  'kubernetes.io': BOUND,
};

const OBJECTS: Record<string, string> = {
  'serviceaccounts/ci/builder': 'sa-1',
  'pods/ci/web': 'pod-1',
  'secrets/ci/old': 'secret-1',
  'nodes//n1': 'node-1',
};

function newCluster({ nowMs = NOW, apiAudiences = API, objects = OBJECTS } = {}) {
  const verifier = new Verifier();
  const looked: string[] = [];
  const tokens = serviceAccountTokens({
    issuers: [ISSUER, 'https://old-issuer'],
    apiAudiences,
    verifier,
    clock: new FakeClock({ now: nowMs }),
    async objectUid(resource, namespace, name) {
      looked.push(`${resource}/${namespace}/${name}`);
      return objects[`${resource}/${namespace}/${name}`];
    },
  });
  const check = async (claims: Claims, asked: readonly string[] = apiAudiences) =>
    tokens.authenticateToken(signJwt(claims, signer()), asked);
  return { tokens, verifier, looked, check };
}

const bound = (more: object): Claims => ({ ...CLAIMS, 'kubernetes.io': { ...BOUND, ...more } });

describe('serviceAccountTokens', () => {
  it.core('knows a service account by its token', async () => {
    const { check } = newCluster();
    expect(await check(CLAIMS)).toEqual({
      user: {
        username: 'system:serviceaccount:ci:builder',
        uid: 'sa-1',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ci'],
      },
      audiences: API,
    });
  });

  it('takes the name from the bound service account, not from the subject', async () => {
    const { check } = newCluster();
    const found = await check({ ...CLAIMS, sub: 'system:serviceaccount:kube-system:admin' });
    expect(found?.user.username).toBe('system:serviceaccount:ci:builder');
  });

  it('tells of the token, its pod and its node', async () => {
    const { check } = newCluster();
    const pod = { name: 'web', uid: 'pod-1' };
    const node = { name: 'n1', uid: 'node-1' };
    const found = await check({ ...bound({ pod, node }), jti: 'id-7' });
    expect(found?.user.extra).toEqual({
      'authentication.kubernetes.io/credential-id': ['JTI=id-7'],
      'authentication.kubernetes.io/pod-name': ['web'],
      'authentication.kubernetes.io/pod-uid': ['pod-1'],
      'authentication.kubernetes.io/node-name': ['n1'],
      'authentication.kubernetes.io/node-uid': ['node-1'],
    });
  });

  it('leaves out the uid of a node that was not there', async () => {
    const { check } = newCluster();
    const found = await check(bound({ pod: { name: 'web', uid: 'pod-1' }, node: { name: 'n2' } }));
    expect(found?.user.extra).toEqual({
      'authentication.kubernetes.io/pod-name': ['web'],
      'authentication.kubernetes.io/pod-uid': ['pod-1'],
      'authentication.kubernetes.io/node-name': ['n2'],
    });
  });

  it('leaves to others what is no token of this server', async () => {
    const { tokens, verifier } = newCluster();
    const foreign = [
      'abc',
      'a.b.c',
      '',
      'eyJhbGciOiJSUzI1NiJ9.e30',
      signJwt({ ...CLAIMS, iss: 'https://accounts.example.com' }, signer()),
      signJwt({ ...CLAIMS, iss: undefined }, signer()),
    ];
    for (const token of foreign) {
      expect(await tokens.authenticateToken(token, API)).toBe(undefined);
    }
    expect(verifier.asked).toEqual([]);
  });

  it('knows every issuer it is told', async () => {
    const { check } = newCluster();
    const found = await check({ ...CLAIMS, iss: 'https://old-issuer' });
    expect(found?.user.uid).toBe('sa-1');
  });

  it('takes the key the token names', async () => {
    const { tokens, verifier } = newCluster();
    const found = await tokens.authenticateToken(signJwt(CLAIMS, signer('k2', 'ES256')), API);
    expect(found?.user.uid).toBe('sa-1');
    expect(verifier.asked).toEqual(['ES256 k2']);
  });
});

describe('serviceAccountTokens, signatures', () => {
  it.core('refuses a token that was changed', async () => {
    const { tokens, looked } = newCluster();
    const [head, , tail] = signJwt(CLAIMS, signer()).split('.');
    const other = bound({ serviceaccount: { name: 'admin', uid: 'sa-2' } });
    const body = encodeBase64Url(new TextEncoder().encode(JSON.stringify(other)));
    await expect(tokens.authenticateToken(`${head}.${body}.${tail}`, API)).rejects.toMatchObject(
      refusal('invalid signature'),
    );
    expect(looked).toEqual([]);
  });

  it('refuses a token signed with another key', async () => {
    const { tokens } = newCluster();
    const token = signJwt(CLAIMS, signer('k3'));
    await expect(tokens.authenticateToken(token, API)).rejects.toMatchObject(
      refusal('invalid signature'),
    );
  });

  for (const algorithm of ['none', 'HS256', 'PS256', 'rs256']) {
    it(`refuses the algorithm ${algorithm} without asking whether it fits`, async () => {
      const { tokens, verifier } = newCluster();
      const token = signJwt(CLAIMS, signer('k1', algorithm));
      await expect(tokens.authenticateToken(token, API)).rejects.toMatchObject(
        refusal('invalid signature'),
      );
      expect(verifier.asked).toEqual([]);
    });
  }

  it('refuses claims that cannot be read', async () => {
    const { check } = newCluster();
    const broken: Claims[] = [
      { ...CLAIMS, exp: 'tomorrow' },
      { ...CLAIMS, aud: [1] },
      { ...CLAIMS, 'kubernetes.io': undefined },
      { ...CLAIMS, 'kubernetes.io': { namespace: 'ci' } },
      bound({ pod: 'web' }),
    ];
    for (const claims of broken) {
      await expect(check(claims)).rejects.toMatchObject(
        refusal('service account token claims could not be validated'),
      );
    }
  });
});

describe('serviceAccountTokens, audiences', () => {
  it('answers those asked for that the token is for, in their order', async () => {
    const { check } = newCluster();
    const claims = { ...CLAIMS, aud: ['a', 'b', 'c'] };
    expect((await check(claims, ['x', 'c', 'a']))?.audiences).toEqual(['c', 'a']);
  });

  it('takes one text for a list of one', async () => {
    const { check } = newCluster();
    expect((await check({ ...CLAIMS, aud: 'a' }, ['a']))?.audiences).toEqual(['a']);
  });

  it('takes a token that does not say for the API server’s', async () => {
    const { check } = newCluster({ apiAudiences: ['k', 'l'] });
    expect((await check({ ...CLAIMS, aud: undefined }, ['l', 'x']))?.audiences).toEqual(['l']);
    expect((await check({ ...CLAIMS, aud: [] }, ['k']))?.audiences).toEqual(['k']);
  });

  it('refuses a token that is for somebody else', async () => {
    const { check } = newCluster();
    await expect(check({ ...CLAIMS, aud: ['vault', 'b'] }, ['k'])).rejects.toMatchObject(
      refusal('token audiences ["vault" "b"] is invalid for the target audiences ["k"]'),
    );
    await expect(check({ ...CLAIMS, aud: undefined }, ['vault'])).rejects.toMatchObject(
      refusal(`token audiences ["${API}"] is invalid for the target audiences ["vault"]`),
    );
  });
});

describe('serviceAccountTokens, time', () => {
  const expired = 'service account token has expired';
  const notYet = 'service account token is not valid yet';
  const future = 'service account token is issued in the future';
  const rows: [name: string, claims: Claims, message: string | undefined][] = [
    ['a minute after its end', { exp: SECONDS - 60 }, undefined],
    ['more than a minute after its end', { exp: SECONDS - 61 }, expired],
    ['long after its end', { exp: SECONDS - 86_400 }, expired],
    ['a minute before it begins', { nbf: SECONDS + 60 }, undefined],
    ['more than a minute before it begins', { nbf: SECONDS + 61 }, notYet],
    ['made in a minute', { iat: SECONDS + 60 }, undefined],
    ['made later than that', { iat: SECONDS + 61 }, future],
    ['without times', { exp: undefined, nbf: undefined, iat: undefined }, undefined],
    ['that is too early and too late', { nbf: SECONDS + 100, exp: SECONDS - 100 }, notYet],
    ['too late and made in the future', { iat: SECONDS + 100, exp: SECONDS - 100 }, expired],
  ];
  for (const [name, claims, message] of rows) {
    it(`${message === undefined ? 'takes' : 'refuses'} one ${name}`, async () => {
      const { check } = newCluster();
      const checked = check({ ...CLAIMS, ...claims });
      if (message === undefined) expect((await checked)?.user.uid).toBe('sa-1');
      else await expect(checked).rejects.toMatchObject(refusal(message));
    });
  }

  it.core('refuses a token once its time is up', async () => {
    const { check } = newCluster({ nowMs: NOW + 3_700_000 });
    await expect(check(CLAIMS)).rejects.toMatchObject(refusal(expired));
  });

  it('counts parts of a second', async () => {
    const { check } = newCluster({ nowMs: NOW + 500 });
    await expect(check({ ...CLAIMS, exp: SECONDS - 60 })).rejects.toMatchObject(refusal(expired));
  });
});

describe('serviceAccountTokens, what they are bound to', () => {
  const pod = { name: 'web', uid: 'pod-1' };
  const secret = { name: 'old', uid: 'secret-1' };
  const node = { name: 'n1', uid: 'node-1' };
  const gone = 'service account token has been invalidated';
  const without = (place: string) => ({ ...OBJECTS, [place]: undefined as unknown as string });
  const rows: [name: string, claims: Claims, objects: Record<string, string>, message: string][] = [
    [
      'a service account that is gone',
      CLAIMS,
      without('serviceaccounts/ci/builder'),
      'service account ci/builder has been deleted',
    ],
    [
      'a service account that is another one now',
      CLAIMS,
      { 'serviceaccounts/ci/builder': 'sa-2' },
      'service account UID (sa-2) does not match claim (sa-1)',
    ],
    ['a pod that is gone', bound({ pod }), without('pods/ci/web'), gone],
    [
      'a pod that is another one now',
      bound({ pod }),
      { ...OBJECTS, 'pods/ci/web': 'pod-2' },
      'pod UID (pod-2) does not match service account pod ref claim (pod-1)',
    ],
    ['a secret that is gone', bound({ secret }), without('secrets/ci/old'), gone],
    [
      'a secret that is another one now',
      bound({ secret }),
      { ...OBJECTS, 'secrets/ci/old': 'secret-2' },
      'secret UID (secret-2) does not match service account secret ref claim (secret-1)',
    ],
    ['a node that is gone', bound({ node }), without('nodes//n1'), gone],
    [
      'a node that is another one now',
      bound({ node }),
      { ...OBJECTS, 'nodes//n1': 'node-2' },
      'node UID (node-2) does not match service account node ref claim (node-1)',
    ],
  ];
  for (const [name, claims, objects, message] of rows) {
    it(`refuses one of ${name}`, async () => {
      const { check } = newCluster({ objects });
      await expect(check(claims)).rejects.toMatchObject(refusal(message));
    });
  }

  it('lives on without the node of its pod', async () => {
    const { check, looked } = newCluster({ objects: without('nodes//n1') });
    expect((await check(bound({ pod, node })))?.user.uid).toBe('sa-1');
    expect(looked).toEqual(['serviceaccounts/ci/builder', 'pods/ci/web']);
  });

  it('looks at the time before it looks anything up', async () => {
    const { check, looked } = newCluster();
    await expect(check({ ...CLAIMS, exp: 1 })).rejects.toThrow('expired');
    expect(looked).toEqual([]);
  });

  it('passes an error on that is no answer', async () => {
    const tokens = serviceAccountTokens({
      issuers: [ISSUER],
      apiAudiences: API,
      verifier: new Verifier(),
      clock: new FakeClock({ now: NOW }),
      objectUid: () => Promise.reject(new Error('storage is away')),
    });
    const asked = async () => tokens.authenticateToken(signJwt(CLAIMS, signer()), API);
    await expect(asked()).rejects.toThrow('storage is away');
    await expect(asked()).rejects.not.toBeInstanceOf(StatusError);
  });
});

describe('newAuthenticator', () => {
  const build = (anonymous: boolean, ...answers: (User | Error | undefined)[]) =>
    newAuthenticator({ authenticators: answers.map(fixed), anonymous });

  it('adds the group of everybody it knows', async () => {
    expect(await ask(build(true, undefined, user('alice', 'dev'), user('bob')))).toEqual(
      user('alice', 'dev', 'system:authenticated'),
    );
  });

  it('keeps all else of the user', async () => {
    const alice = { ...user('alice'), uid: '7', extra: { 'example.com/scope': ['read'] } };
    const found = await ask(build(true, alice));
    expect(found).toEqual({ ...alice, groups: ['system:authenticated'] });
    expect(alice.groups).toEqual([]);
  });

  for (const group of ['system:authenticated', 'system:unauthenticated']) {
    it(`leaves a member of ${group} as it is`, async () => {
      const alice = user('alice', group, 'dev');
      expect(await ask(build(true, alice))).toEqual(alice);
    });
  }

  it('leaves an anonymous user as it is', async () => {
    const anonymous = user('system:anonymous');
    expect(await ask(build(true, anonymous))).toEqual(anonymous);
  });

  it.core('takes who shows no credentials for anonymous where that is allowed', async () => {
    expect(await ask(build(true, undefined))).toEqual(ANONYMOUS);
    expect(await ask(build(true))).toEqual(ANONYMOUS);
    expect(await ask(build(false, undefined))).toBe(undefined);
  });

  it.core('refuses bad credentials even where none would do', async () => {
    const built = build(true, undefined, newUnauthorized('invalid bearer token'));
    await expect(ask(built)).rejects.toMatchObject(refusal('invalid bearer token'));
  });

  it('lets good credentials make up for bad ones, before or after them', async () => {
    const bad = newUnauthorized('bad');
    const known = user('alice', 'system:authenticated');
    expect(await ask(build(false, bad, user('alice')))).toEqual(known);
    expect(await ask(build(false, user('alice'), bad))).toEqual(known);
  });

  it('combines several refusals', async () => {
    const [a, b] = [newUnauthorized('a'), newUnauthorized('b')];
    await expect(ask(build(true, a, undefined, b))).rejects.toMatchObject(refusal('[a, b]'));
  });

  it('passes an error on that is no refusal', async () => {
    const broken = new Error('storage is away');
    await expect(ask(build(true, broken, user('alice')))).rejects.toBe(broken);
  });

  it('takes a good certificate beside a wrong token', async () => {
    const certificate = {
      commonName: 'alice',
      organizations: ['dev'],
      notBefore: NOW - 1,
      notAfter: NOW + 1000,
      forClients: true,
    };
    const clock = new FakeClock({ now: NOW });
    const built = newAuthenticator({
      authenticators: [clientCertificates(clock), bearerTokens([staticTokens([], API)], API)],
      anonymous: true,
    });
    const wrong = { authorization: 'Bearer wrong' };
    const known = user('alice', 'dev', 'system:authenticated');
    expect(await ask(built, { ...wrong, certificates: [certificate] })).toEqual(known);
    await expect(ask(built, wrong)).rejects.toMatchObject(refusal('invalid bearer token'));
    await clock.advance(2000);
    await expect(ask(built, { ...wrong, certificates: [certificate] })).rejects.toThrow(
      'is after 2025-01-01T00:00:01Z, invalid bearer token]',
    );
  });
});
