/** Kubeconfig files: what is read out of them, what is wrong with them, and whom they let in. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock, RealClock, silentLogger } from '#apimachinery';
import { CONFIG_MAPS, NODES, newRestClient } from '#client';
import {
  impersonationHeaders,
  KubeconfigError,
  kubeconfigPaths,
  loadInClusterConfig,
  loadKubeconfig,
  newCredentialSource,
  newHttpTransport,
  openClient,
  type RestConfig,
} from '#client/node';
import { newLogBook } from '../../kit/log-book.ts';

const log = silentLogger;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

/** A kubeconfig with one of everything. */
function config(cluster: object, user: object, rest: object = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u' } }],
    ...rest,
  });
}

async function refusal(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.unreachable('should have been refused'),
    (error: Error) => error,
  );
}

const server = 'https://127.0.0.1:6443';

describe('a kubeconfig', () => {
  it('has a server, a user and a namespace', async () => {
    const path = await write(
      'config',
      `
current-context: main
clusters:
- name: c
  cluster: {server: "${server}/", insecure-skip-tls-verify: true, tls-server-name: kubernetes}
users:
- name: u
  user:
    token: secret
    as: jane
    as-groups: [dev, ops]
    as-user-extra: {Scopes: [view]}
contexts:
- name: main
  context: {cluster: c, user: u, namespace: shop}
preferences: {}
`,
    );
    const loaded = await loadKubeconfig({ path });
    expect(loaded).toEqual({
      server,
      namespace: 'shop',
      insecureSkipTlsVerify: true,
      tlsServerName: 'kubernetes',
      user: {
        token: 'secret',
        impersonate: { user: 'jane', uid: '', groups: ['dev', 'ops'], extra: { Scopes: ['view'] } },
      },
    });
    expect(impersonationHeaders(loaded.user)).toEqual([
      ['impersonate-user', 'jane'],
      ['impersonate-group', 'dev'],
      ['impersonate-group', 'ops'],
      ['impersonate-extra-scopes', 'view'],
    ]);
  });

  it('may name the context to use', async () => {
    const contexts = ['one', 'two'].map((name) => ({
      name,
      context: { cluster: 'c', user: 'u', namespace: name },
    }));
    const path = await write(
      'config',
      config({ server }, {}, { contexts, 'current-context': 'one' }),
    );
    expect((await loadKubeconfig({ path })).namespace).toBe('one');
    expect((await loadKubeconfig({ path, context: 'two' })).namespace).toBe('two');
  });

  it('has a server without a scheme', async () => {
    const plain = await write('plain', config({ server: 'localhost:8080' }, { token: 't' }));
    expect(await loadKubeconfig({ path: plain })).toMatchObject({
      server: 'http://localhost:8080',
      // Nobody sends a token where all can read it.
      user: {},
    });
    const insecure = { server: 'localhost:8443', 'insecure-skip-tls-verify': true };
    const secure = await write('secure', config(insecure, { token: 't' }));
    expect(await loadKubeconfig({ path: secure })).toMatchObject({
      server: 'https://localhost:8443',
      user: { token: 't' },
    });
  });

  it('names files from where it is itself', async () => {
    const path = await write(
      'deep/config',
      config(
        { server },
        {
          tokenFile: '../token',
          exec: {
            apiVersion: 'client.authentication.k8s.io/v1beta1',
            command: './bin/login',
          },
        },
      ),
    );
    const { user } = await loadKubeconfig({ path });
    expect(user.tokenFile).toBe(join(folder, 'token'));
    expect(user.exec).toMatchObject({
      command: join(folder, 'deep', 'bin', 'login'),
      interactiveMode: 'IfAvailable',
    });
  });
});

describe('several kubeconfigs', () => {
  it('are those of KUBECONFIG, or the one at home', () => {
    const both = { KUBECONFIG: ['/a', '', '/b', '/a'].join(delimiter), HOME: '/u/me' };
    expect(kubeconfigPaths(both)).toEqual(['/a', '/b']);
    expect(kubeconfigPaths({ HOME: '/u/me' })).toEqual(['/u/me/.kube/config']);
    expect(kubeconfigPaths({})).toEqual([]);
  });

  it('are joined: the first to say something is right', async () => {
    const context = (namespace: string) => ({ context: { cluster: 'c', user: 'u', namespace } });
    const one = await write(
      '1',
      JSON.stringify({ contexts: [{ name: 'main', ...context('first') }] }),
    );
    const two = await write(
      '2',
      config(
        { server },
        { token: 'second' },
        { contexts: [{ name: 'main', ...context('second') }] },
      ),
    );
    const three = await write('3', config({ server: 'https://other' }, { token: 'third' }));
    const paths = [join(folder, 'missing'), one, two, three];
    expect(await loadKubeconfig({ paths })).toMatchObject({
      server,
      namespace: 'first',
      user: { token: 'second' },
    });
  });

  it('of which none is there are an error', async () => {
    const paths = [join(folder, 'a'), join(folder, 'b')];
    expect((await refusal(loadKubeconfig({ paths }))).message).toBe(
      `${paths.join(', ')}: there is no such file`,
    );
  });
});

describe('a kubeconfig that is wrong', () => {
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'login' };
  const cases: [name: string, text: string, message: string][] = [
    ['is no YAML', 'a: [', 'expected a kubeconfig in YAML: '],
    ['is a list', '[]', 'expected an object, found a list'],
    ['is of another kind', '{"kind": "Pod"}', 'kind: expected Config, found "Pod"'],
    ['is of another version', '{"apiVersion": "v2"}', 'apiVersion: expected v1, found "v2"'],
    ['is empty', '', 'expected a current-context, found none'],
    ['has no list', '{"users": 1}', 'users: expected a list, found number 1'],
    ['has no object', '{"users": [1]}', 'users[0]: expected an object, found number 1'],
    [
      'has no user',
      '{"users": [{"name": "u"}]}',
      'users[0].user: expected an object, found nothing',
    ],
    [
      'has a name twice',
      JSON.stringify({
        users: [
          { name: 'u', user: {} },
          { name: 'u', user: {} },
        ],
      }),
      'users[1].name: expected a name once, found "u"',
    ],
    [
      'uses a context that is not there',
      config({ server }, {}, { 'current-context': 'other' }),
      'context "other" is not in contexts',
    ],
    [
      'uses a cluster that is not there',
      config({ server }, {}, { clusters: [] }),
      'context main: cluster "c" is not in clusters',
    ],
    [
      'uses a user that is not there',
      config({ server }, {}, { users: [] }),
      'context main: user "u" is not in users',
    ],
    ['has no server', config({}, {}), 'clusters[0].cluster.server: expected text, found nothing'],
    [
      'has a server that is none',
      config({ server: 'ftp://x' }, {}),
      'clusters[0].cluster.server: expected https://HOST:PORT, found "ftp://x"',
    ],
    [
      'has a proxy that is none',
      config({ server, 'proxy-url': 'socks5://x:1' }, {}),
      'clusters[0].cluster.proxy-url: expected http://HOST:PORT or https://HOST:PORT, found "socks5://x:1"',
    ],
    [
      'has a truth that is none',
      config({ server, 'insecure-skip-tls-verify': 'yes' }, {}),
      'clusters[0].cluster.insecure-skip-tls-verify: expected true or false, found text',
    ],
    [
      'has an authority that is not there',
      config({ server, 'certificate-authority': 'ca.crt' }, {}),
      'clusters[0].cluster.certificate-authority: expected a file to read: ENOENT',
    ],
    [
      'has an authority that is no base64',
      config({ server, 'certificate-authority-data': '***' }, {}),
      'clusters[0].cluster.certificate-authority-data: expected base64, found text',
    ],
    [
      'has an authority that is no certificate',
      config({ server, 'certificate-authority-data': btoa('hello') }, {}),
      'clusters[0].cluster.certificate-authority: expected certificates in PEM: ',
    ],
    [
      'has a token that is no text',
      config({ server }, { token: 7 }),
      'users[0].user.token: expected text, found number 7',
    ],
    [
      'has two ways to say who asks',
      config({ server }, { token: 't', username: 'u' }),
      'users[0].user.token: expected no username beside it',
    ],
    [
      'has a certificate without a key',
      config({ server }, { 'client-certificate-data': btoa('x') }),
      'users[0].user.client-certificate: expected a client-key beside it, found none',
    ],
    [
      'has a certificate that is none',
      config({ server }, { 'client-certificate-data': btoa('x'), 'client-key-data': btoa('y') }),
      'users[0].user.client-certificate: expected a certificate in PEM and its key: ',
    ],
    [
      'has an auth provider',
      config({ server }, { 'auth-provider': { name: 'oidc' } }),
      'users[0].user.auth-provider: the auth provider "oidc" is not supported: expected exec, a token or a client certificate',
    ],
    [
      'has an exec of no version',
      config({ server }, { exec: { command: 'x' } }),
      'users[0].user.exec.apiVersion: expected text, found nothing',
    ],
    [
      'has an exec of an old version',
      config(
        { server },
        { exec: { ...exec, apiVersion: 'client.authentication.k8s.io/v1alpha1' } },
      ),
      'users[0].user.exec.apiVersion: expected one of client.authentication.k8s.io/v1, client.authentication.k8s.io/v1beta1, found "client.authentication.k8s.io/v1alpha1"',
    ],
    [
      'has an exec that does not say whether it asks',
      config({ server }, { exec }),
      'users[0].user.exec.interactiveMode: expected one of Never, IfAvailable, Always, found nothing',
    ],
  ];
  for (const [name, text, message] of cases) {
    it(`because it ${name} says so in one line`, async () => {
      const path = await write('config', text);
      const error = await refusal(loadKubeconfig({ path }));
      expect(error).toBeInstanceOf(KubeconfigError);
      expect(error.message.startsWith(`${path}: `)).toBe(true);
      expect(error.message.slice(path.length + 2)).toContain(message);
      expect(error.message.split('\n').length).toBe(1);
    });
  }

  it('because it is a folder says so', async () => {
    expect((await refusal(loadKubeconfig({ path: folder }))).message).toContain(
      `${folder}: expected a kubeconfig: EISDIR`,
    );
  });
});

describe('in a pod', () => {
  const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

  it('everything comes with the service account', async () => {
    await write('token', 'secret\n');
    await write('ca.crt', 'PEM');
    await write('namespace', 'shop\n');
    expect(await loadInClusterConfig(env, folder)).toEqual({
      server: 'https://10.96.0.1:443',
      namespace: 'shop',
      certificateAuthority: 'PEM',
      user: { tokenFile: join(folder, 'token') },
    });
    const ipv6 = { ...env, KUBERNETES_SERVICE_HOST: 'fd00::1', POD_NAMESPACE: 'mine' };
    expect(await loadInClusterConfig(ipv6, folder)).toMatchObject({
      server: 'https://[fd00::1]:443',
      namespace: 'mine',
    });
  });

  it('nothing works elsewhere', async () => {
    expect((await refusal(loadInClusterConfig({}))).message).toContain('KUBERNETES_SERVICE_HOST');
    expect((await refusal(loadInClusterConfig(env, folder))).message).toContain(
      `${join(folder, 'token')}: expected a file of the service account: ENOENT`,
    );
  });
});

describe('credentials', () => {
  it('out of a token file are read again each minute, and when they are refused', async () => {
    const clock = new FakeClock();
    const book = newLogBook();
    const tokenFile = await write('token', 'one\n');
    const source = newCredentialSource({ user: { tokenFile } }, { clock, log: book });
    expect(await source.current()).toEqual({ authorization: 'Bearer one' });
    await write('token', 'two');
    clock.step(59_000);
    const old = await source.current();
    expect(old).toEqual({ authorization: 'Bearer one' });
    clock.step(1000);
    expect(await source.current()).toEqual({ authorization: 'Bearer two' });
    await write('token', 'three');
    source.refused(old);
    expect(await source.current()).toEqual({ authorization: 'Bearer two' });
    source.refused(await source.current());
    expect(await source.current()).toEqual({ authorization: 'Bearer three' });
    await rm(tokenFile);
    clock.step(60_000);
    expect(await source.current()).toEqual({ authorization: 'Bearer three' });
    expect(book.count('warn')).toBe(1);
  });

  it('out of an empty token file are an error', async () => {
    const tokenFile = await write('token', ' \n');
    const source = newCredentialSource({ user: { tokenFile } }, { clock: new FakeClock(), log });
    expect((await refusal(source.current())).message).toBe(
      `${tokenFile}: expected a token: it is empty`,
    );
  });

  it('of somebody with a password are in the header', async () => {
    const user = { username: 'me', password: 'ünsafe' };
    const source = newCredentialSource({ user }, { clock: new FakeClock(), log });
    const basic = Buffer.from('me:ünsafe').toString('base64');
    expect(await source.current()).toEqual({ authorization: `Basic ${basic}` });
  });
});

describe('credentials that a program makes', () => {
  const apiVersion = 'client.authentication.k8s.io/v1';
  const execOf = (script: string, more: object = {}) => ({
    ...{ where: 'config: users[0].user.exec.command', apiVersion, args: ['-e', script] },
    ...{ command: process.execPath, env: [], installHint: '', interactiveMode: 'Never' as const },
    ...more,
  });
  const sourceOf = (script: string, more: object = {}, clock = new FakeClock()) =>
    newCredentialSource({ user: { exec: execOf(script, more) } }, { clock, log });
  const answer = (status: object, more: object = {}) =>
    `console.log(JSON.stringify(${JSON.stringify({ apiVersion, kind: 'ExecCredential', status, ...more })}))`;

  it('are asked for with what it is to know, and kept until they expire', async () => {
    const clock = new FakeClock();
    const count = await write('count', '');
    const expirationTimestamp = new Date(clock.now() + 60_000).toISOString();
    const script = `
      require('node:fs').appendFileSync(${JSON.stringify(count)}, 'x');
      const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      const token = JSON.stringify([info, process.env.EXTRA]);
      console.log(JSON.stringify({ ...info, status: { token, expirationTimestamp: '${expirationTimestamp}' } }));`;
    const more = { env: [{ name: 'EXTRA', value: 'e' }], cluster: { server, config: { a: 1 } } };
    const source = sourceOf(script, more, clock);
    const [one, two] = await Promise.all([source.current(), source.current()]);
    expect(one).toBe(two);
    expect(JSON.parse(one?.authorization?.slice('Bearer '.length) ?? '')).toEqual([
      {
        apiVersion,
        kind: 'ExecCredential',
        spec: { cluster: { server, config: { a: 1 } }, interactive: false },
      },
      'e',
    ]);
    clock.step(60_000);
    expect(await source.current()).toBe(one);
    clock.step(1);
    await source.current();
    expect(await readFile(count, 'utf8')).toBe('xx');
  });

  it('are asked for again when the server refuses them', async () => {
    const source = sourceOf(answer({ token: 't' }));
    const one = await source.current();
    expect(await source.current()).toBe(one);
    source.refused(one);
    const two = await source.current();
    expect([two === one, two]).toEqual([false, one]);
    source.refused(one);
    expect(await source.current()).toBe(two);
  });

  const bad: [name: string, script: string, message: string][] = [
    ['fails', 'process.exit(3)', 'failed with exit code 3'],
    ['says nothing', '', 'expected JSON'],
    ['says something else', 'console.log("hi")', 'expected JSON'],
    [
      'is of another version',
      answer({ token: 't' }, { apiVersion: 'v1' }),
      `expected an ExecCredential of ${apiVersion}`,
    ],
    ['has no status', answer({}, { status: undefined }), 'expected a status, found none'],
    ['has no credentials', answer({}), 'expected a token, or a certificate and its key'],
    [
      'has half a pair',
      answer({ clientKeyData: 'k' }),
      'expected a certificate and its key, found only one of them',
    ],
    [
      'has a time that is none',
      answer({ token: 't', expirationTimestamp: 'soon' }),
      'expected a time, found "soon"',
    ],
  ];
  for (const [name, script, message] of bad) {
    it(`are an error when it ${name}`, async () => {
      const error = await refusal(sourceOf(script).current());
      expect(error.message).toContain('config: users[0].user.exec.command: ');
      expect(error.message).toContain(message);
    });
  }

  it('are an error when it is not there, with a hint', async () => {
    const more = { command: join(folder, 'missing'), installHint: 'get it\nfrom us' };
    expect((await refusal(sourceOf('', more).current())).message).toBe(
      `config: users[0].user.exec.command: exec: executable ${join(folder, 'missing')} not found (get it from us)`,
    );
  });

  it('are an error when it must ask and nobody is there', async () => {
    if (process.stdin.isTTY) return;
    const error = await refusal(sourceOf('', { interactiveMode: 'Always' }).current());
    expect(error.message).toContain('standard input is not a terminal');
  });
});

describe('against the kube-apiserver program', () => {
  const root = join(import.meta.dirname, '..', '..', '..');
  let home: string;
  let url: string;
  let stop: () => Promise<unknown>;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'client-program-'));
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    url = `https://127.0.0.1:${port}`;
    const tokens = join(home, 'tokens.csv');
    await writeFile(tokens, 'let-me-in,jane,uid-1,"system:masters"\n');
    const child = spawn(
      process.execPath,
      [
        ...['--import', 'tsx', '-C', 'ref-apimachinery', '-C', 'ref-etcd', '-C', 'ref-apiserver'],
        join(root, 'solutions', '02-apiserver', 'main.ts'),
        ...['--data-dir', join(home, 'data'), '--secure-port', String(port)],
        ...['--bind-address', '127.0.0.1', '--token-auth-file', tokens],
      ],
      { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    stop = async () => {
      child.kill('SIGTERM');
      await once(child, 'close');
      await rm(home, { recursive: true, force: true });
    };
    let output = '';
    while (!output.includes('ready')) output += String((await once(child.stdout, 'data'))[0]);
  }, 60_000);
  afterAll(() => stop());

  const admin = () => join(home, 'data', 'pki', 'admin.conf');

  async function nodesOf(changed: Partial<RestConfig>) {
    const clock = new RealClock();
    const loaded = { ...(await loadKubeconfig({ path: admin() })), ...changed };
    const { transport, close } = newHttpTransport(loaded, { clock, log });
    try {
      const client = newRestClient({ transport, server: loaded.server, clock, log });
      return (await client.resource(NODES).list()).items;
    } finally {
      await close();
    }
  }

  it('a client certificate opens everything: objects, watches, raw paths', async () => {
    const {
      client,
      config: loaded,
      close,
    } = await openClient({
      kubeconfig: admin(),
      clock: new RealClock(),
      log,
    });
    expect(loaded.server).toBe(url);
    const maps = client.resource(CONFIG_MAPS, loaded.namespace);
    const { resourceVersion } = (await maps.list()).metadata;
    const watch = await maps.watch({ resourceVersion });
    await maps.create({ metadata: { name: 'a' }, data: { drink: 'café' } });
    for await (const event of watch) {
      expect(event).toMatchObject({ type: 'ADDED', object: { data: { drink: 'café' } } });
      break;
    }
    expect(JSON.parse(await client.raw('/version'))).toMatchObject({ major: '1' });
    await close();
  });

  it('a token does, of a user, in a file, from a program', async () => {
    const path = await write('token', 'let-me-in');
    expect(await nodesOf({ user: { token: 'let-me-in' } })).toEqual([]);
    expect(await nodesOf({ user: { tokenFile: path } })).toEqual([]);
    const apiVersion = 'client.authentication.k8s.io/v1';
    const status = { token: 'let-me-in' };
    const script = await write(
      'login',
      `#!/bin/sh\necho '${JSON.stringify({ apiVersion, kind: 'ExecCredential', status })}'\n`,
    );
    await chmod(script, 0o755);
    const exec = { apiVersion, command: './login', interactiveMode: 'Never' };
    const ca = (await loadKubeconfig({ path: admin() })).certificateAuthority ?? '';
    const cluster = {
      server: url,
      'certificate-authority-data': Buffer.from(ca).toString('base64'),
    };
    const { user } = await loadKubeconfig({ path: await write('exec', config(cluster, { exec })) });
    expect(await nodesOf({ user })).toEqual([]);
  });

  it('a certificate from a program does', async () => {
    const { user } = await loadKubeconfig({ path: admin() });
    const apiVersion = 'client.authentication.k8s.io/v1';
    const status = {
      clientCertificateData: user.clientCertificate,
      clientKeyData: user.clientKey,
    };
    const text = JSON.stringify({ apiVersion, kind: 'ExecCredential', status });
    const exec = {
      ...{ where: 'here', apiVersion, command: process.execPath, env: [], installHint: '' },
      ...{
        args: ['-e', `console.log(${JSON.stringify(text)})`],
        interactiveMode: 'Never' as const,
      },
    };
    expect(await nodesOf({ user: { exec } })).toEqual([]);
  });

  it('nobody and the wrong one are told so', async () => {
    expect(await refusal(nodesOf({ user: {} }))).toMatchObject({ code: 403 });
    expect(await refusal(nodesOf({ user: { token: 'wrong' } }))).toMatchObject({ code: 401 });
    const impersonate = { user: 'joe', uid: '', groups: [], extra: {} };
    const acting = await refusal(nodesOf({ user: { token: 'let-me-in', impersonate } }));
    expect(acting).toMatchObject({ code: 403, message: expect.stringContaining('joe') });
  });

  it('a server that cannot show who it is gets nothing', async () => {
    const error = await refusal(nodesOf({ certificateAuthority: undefined }));
    expect(String(error)).toMatch(/self.signed|unable to verify|issuer/i);
    expect(await nodesOf({ certificateAuthority: undefined, insecureSkipTlsVerify: true })).toEqual(
      [],
    );
    const named = await refusal(nodesOf({ tlsServerName: 'elsewhere.test' }));
    expect(String(named)).toContain('elsewhere.test');
    expect(await nodesOf({ tlsServerName: 'kubernetes.default.svc' })).toEqual([]);
  });
});
