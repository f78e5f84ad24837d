/** The kube-apiserver program from outside: flags, words, exit codes, signals, and its two ports. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import https from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compiledProgram } from '../../conformance/compiled-program.ts';
import { cleanups } from './serving.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const nodeArguments = [await compiledProgram('02-apiserver')];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'apiserver-program-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function gather(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (piece) => {
    output.stdout += String(piece);
  });
  child.stderr?.on('data', (piece) => {
    output.stderr += String(piece);
  });
  return output;
}

/** Runs the program to its end. */
async function run(...flags: string[]) {
  const child = spawn(process.execPath, [...nodeArguments, ...flags], { cwd: root });
  const output = gather(child);
  const [code] = await once(child, 'close');
  return { code: code as number, ...output };
}

/** Runs the program until it says that it is ready. */
async function start(...flags: string[]) {
  const child = spawn(process.execPath, [...nodeArguments, ...flags], { cwd: root });
  cleanups.push(() => child.kill('SIGKILL'));
  const output = gather(child);
  while (!output.stdout.includes('ready') && child.exitCode === null) {
    await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  }
  return { child, output };
}

describe('the kube-apiserver program', () => {
  const mistakes: [string, string[], string][] = [
    ['a flag it does not know', ['--nonsense'], "unknown option '--nonsense'"],
    ['words it has no use for', ['extra'], 'too many arguments'],
    ['no place to keep things', [], 'one of --data-dir and --etcd-servers is needed'],
    [
      'two places to keep things',
      ['--data-dir', 'D', '--etcd-servers', 'http://a:1'],
      'exclude each other',
    ],
    ['an etcd that is no url', ['--etcd-servers', 'a:1'], 'expected http://HOST:PORT'],
    ['a port that is none', ['--data-dir', 'D', '--secure-port', '70000'], 'expected a port'],
    ['no port at all', ['--data-dir', 'D', '--secure-port', '0'], 'nothing to listen on'],
    ['twice the same port', ['--data-dir', 'D', '--insecure-port', '6443'], 'are both 6443'],
    [
      'an address that is none',
      ['--data-dir', 'D', '--bind-address', 'x'],
      'expected an IP address',
    ],
    [
      'a range that is none',
      ['--data-dir', 'D', '--service-cluster-ip-range', '10.0.0.0'],
      'expected an IPv4 network',
    ],
    [
      'ports that are none',
      ['--data-dir', 'D', '--service-node-port-range', '5-4'],
      'expected a range of ports',
    ],
    [
      'a mode it does not have',
      ['--data-dir', 'D', '--authorization-mode', 'RBAC,ABAC'],
      'found ABAC',
    ],
    [
      'a truth that is none',
      ['--data-dir', 'D', '--anonymous-auth=perhaps'],
      'expected true or false',
    ],
    ['a duration that is none', ['--data-dir', 'D', '--event-ttl', '5'], 'expected a duration'],
    ['half a pair', ['--data-dir', 'D', '--tls-cert-file', 'x'], 'go together'],
  ];
  it.concurrent.each(mistakes)(
    'refuses %s in one line, with exit code 2',
    async (_name, flags, message) => {
      const { code, stdout, stderr } = await run(...flags);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(message)]);
    },
  );

  it('says its addresses, ready and stopped, warns of the insecure port, and ends with 0', async () => {
    const [port, folder] = [await freePort(), await newFolder()];
    const { child, output } = await start(
      '--data-dir',
      folder,
      '--secure-port',
      '0',
      '--insecure-port',
      String(port),
    );
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/namespaces/default/pods`);
    expect([response.status, await response.json()]).toMatchObject([200, { kind: 'PodList' }]);
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(output.stdout).toBe(`listening on http://127.0.0.1:${port}\nready\nstopped\n`);
    expect(output.stderr).toMatch(/^kube-apiserver: http:\/\/127\.0\.0\.1:\d+ is insecure.*\n$/);
  });

  it('serves HTTPS to its own admin, not to strangers, and still does after a restart', async () => {
    const [port, folder] = [await freePort(), await newFolder()];
    const flags = [
      '--data-dir',
      folder,
      '--secure-port',
      String(port),
      '--bind-address',
      '127.0.0.1',
    ];
    const statusFor = async (withCertificate: boolean) => {
      const config = JSON.parse(await readFile(join(folder, 'pki', 'admin.conf'), 'utf8'));
      const text = (data: string) => Buffer.from(data, 'base64').toString();
      const { user } = config.users[0];
      const credentials = withCertificate && {
        cert: text(user['client-certificate-data']),
        key: text(user['client-key-data']),
      };
      const ca = text(config.clusters[0].cluster['certificate-authority-data']);
      return new Promise((resolve, reject) => {
        https
          .get(
            `${config.clusters[0].cluster.server}/api/v1/secrets`,
            { ca, agent: false, ...credentials },
            (response) => {
              response.resume();
              resolve(response.statusCode);
            },
          )
          .on('error', reject);
      });
    };
    for (const _run of [1, 2]) {
      const { child } = await start(...flags);
      expect([await statusFor(true), await statusFor(false)]).toEqual([200, 403]);
      child.kill('SIGTERM');
      expect(await once(child, 'close')).toEqual([0, null]);
    }
  });

  it('says why it cannot start, with exit code 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    cleanups.push(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const flags = [
      '--data-dir',
      await newFolder(),
      '--secure-port',
      '0',
      '--insecure-port',
      String(port),
    ];
    const { code, stderr } = await run(...flags);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^kube-apiserver: listen EADDRINUSE.*\n$/),
    ]);
  });

  it('says which file it cannot read', async () => {
    const flags = ['--data-dir', await newFolder(), '--token-auth-file', '/no/such/file'];
    const { code, stderr } = await run(...flags);
    expect([code, stderr.trim().split('\n')]).toEqual([
      1,
      [expect.stringContaining('/no/such/file')],
    ]);
  });

  it('ends when it is told to while its etcd does not answer', async () => {
    const folder = await newFolder();
    const child = spawn(
      process.execPath,
      [
        ...nodeArguments,
        '--etcd-servers',
        'http://127.0.0.1:1',
        '--cert-dir',
        folder,
        '--secure-port',
        String(await freePort()),
      ],
      { cwd: root },
    );
    const output = gather(child);
    const closed = once(child, 'close');
    // Its first words are that it cannot reach its store.
    await Promise.race([once(child.stderr, 'data'), closed]);
    child.kill('SIGTERM');
    const [code] = await closed;
    // It may have given up by itself; either way it says so and is gone.
    expect([0, 1]).toContain(code);
    expect(output.stdout.includes('stopped') || output.stderr.includes('kube-apiserver: ')).toBe(
      true,
    );
  });
});
