/**
 * The kube-controller-manager program from outside: flags, words, exit codes, its port, certificates;
 * and two of them, of which the one that leads is killed.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
// First, or what comes next does not load.
import '#apimachinery/reflect-metadata';

import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { RealClock, silentLogger } from '#apimachinery';
import { CERTIFICATE_SIGNING_REQUESTS, DEPLOYMENTS, LEASES, PODS, SERVICE_ACCOUNTS } from '#client';
import { type OpenClient, openClient } from '#client/node';
import { freePort, type Program, startOurApiServer } from '../../conformance/apiserver/program.ts';
import { compiledProgram } from '../../conformance/compiled-program.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const program = await compiledProgram('04-controller-manager');
const KEYS = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** Whatever a test left running, for whatever reason. What it said explains why the test failed. */
const started: Running[] = [];
afterEach(async ({ task }) => {
  for (const { child, output } of started.splice(0)) {
    if (task.result?.state === 'fail') console.error(output.stdout + output.stderr);
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});

interface Running {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  /** Its exit code and signal, also when it ended before anybody asked. */
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;
  /** Resolves when standard output has it; rejects when the program ends first. */
  says(text: string): Promise<void>;
}

function start(...flags: string[]): Running {
  const child = spawn(process.execPath, [program, ...flags], { cwd: root });
  const output = { stdout: '', stderr: '' };
  const ended = once(child, 'close') as Running['ended'];
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (piece) => {
      output[name] += String(piece);
    });
  }
  const says = async (text: string): Promise<void> => {
    while (!output.stdout.includes(text)) {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`it ended without saying ${text}: ${output.stdout}${output.stderr}`);
      }
      await Promise.race([once(child.stdout, 'data'), ended]);
    }
  };
  return { child, output, ended, says };
}

/** One that runs until it is told to stop. */
function kept(running: Running): Running {
  started.push(running);
  return running;
}

describe('the flags of kube-controller-manager', () => {
  const mistakes: [string, string[], string][] = [
    ['a flag it does not know', ['--nonsense'], "unknown option '--nonsense'"],
    ['words it has no use for', ['extra'], 'too many arguments'],
    ['a truth that is none', ['--leader-elect=perhaps'], 'expected true or false'],
    ['a duration that is none', ['--node-monitor-period', '5'], 'expected a duration'],
    ['no duration at all', ['--node-monitor-period', '0s'], 'expected a duration above 0'],
    ['a number that is none', ['--terminated-pod-gc-threshold=-1'], 'expected a number from 0 on'],
    ['a share above all', ['--unhealthy-zone-threshold', '1.5'], 'expected a number from 0 to 1'],
    ['a port that is none', ['--secure-port', '70000'], 'expected a port'],
    ['a controller that there is not', ['--controllers', 'x'], 'unknown controller x; there are:'],
    ['ranges without any', ['--allocate-node-cidrs'], 'needs --cluster-cidr'],
    ['a range that is none', ['--cluster-cidr', 'x'], '--cluster-cidr'],
    ['half a pair', ['--cluster-signing-cert-file', 'x'], 'go together'],
    ['half another pair', ['--tls-private-key-file', 'x'], 'go together'],
    [
      'an election that is not safe',
      ['--leader-elect-lease-duration', '5s'],
      'leaseDuration must be greater than renewDeadline',
    ],
  ];
  it.concurrent.each(mistakes)(
    'refuses %s in one line, with exit code 2',
    async (_name, flags, message) => {
      const { output, ended } = start(...flags);
      const [code] = await ended;
      expect([code, output.stdout]).toEqual([2, '']);
      expect(output.stderr.trim().split('\n')).toEqual([expect.stringContaining(message)]);
    },
  );

  it('says in one line, with exit code 1, that there is no kubeconfig', async () => {
    const { output, ended } = start('--kubeconfig', '/nowhere/to/be/found');
    expect(await ended).toEqual([1, null]);
    expect(output.stderr.trim().split('\n')).toEqual([
      expect.stringContaining('/nowhere/to/be/found'),
    ]);
  });
});

describe('kube-controller-manager with an API server', () => {
  let server: Program;
  let connection: OpenClient;
  beforeAll(async () => {
    server = await startOurApiServer();
    const { kubeconfig } = server;
    connection = await openClient({ kubeconfig, clock: new RealClock(), log: silentLogger });
  }, 60_000);
  afterAll(async () => {
    await connection.close();
    await server.stop();
  });
  // Who cannot renew in time loses the lead: on a busy machine that must not be a second or two.
  const election = [
    ...['--leader-elect-lease-duration', '10s', '--leader-elect-renew-deadline', '9s'],
    ...['--leader-elect-retry-period', '500ms'],
  ];
  const manager = (...flags: string[]) =>
    kept(start('--kubeconfig', server.kubeconfig, ...election, ...flags));

  it('says its address, ready, and stopped last, answers on its port, and ends with 0', async () => {
    const port = await freePort();
    const { child, output, ended, says } = manager('--secure-port', String(port));
    await says('leading as');
    const answer = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return [response.status, await response.text()] as const;
    };
    expect(await answer('/healthz')).toEqual([200, 'ok']);
    expect((await answer('/nothing'))[0]).toBe(404);
    const [status, metrics] = await answer('/metrics');
    expect(status).toBe(200);
    expect(metrics).toContain('leader_election_master_status{name="kube-controller-manager"} 1\n');
    expect(metrics).toMatch(
      /^rest_client_requests_total\{verb="list",resource="pods",code="ok"\} \d/m,
    );
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(output.stdout).toMatch(
      /^listening on http:\/\/127\.0\.0\.1:\d+\nready\nleading as \S+\nstopped\n$/,
    );
    expect(output.stderr).toBe('');
  });

  it('ends with 1 when its port is taken', async () => {
    const port = String(await freePort());
    const first = manager('--secure-port', port);
    await first.says('ready');
    const second = manager('--secure-port', port);
    expect(await second.ended).toEqual([1, null]);
    expect(second.output.stderr).toMatch(/^kube-controller-manager: .*EADDRINUSE.*\n$/);
    // In peace, so that the next one need not wait for this one's lease to run out.
    first.child.kill('SIGTERM');
    expect(await first.ended).toEqual([0, null]);
  });

  it('signs certificates, with which the API server knows who comes', async () => {
    const folder = dirname(server.kubeconfig);
    const authority = (ending: string) => join(folder, `ca.${ending}`);
    const { child, ended, says } = manager(
      ...['--cluster-signing-cert-file', authority('crt')],
      ...['--cluster-signing-key-file', authority('key'), '--cluster-signing-duration', '1h'],
    );
    await says('leading as');
    const keys = await crypto.subtle.generateKey(KEYS, true, ['sign', 'verify']);
    const request = await Pkcs10CertificateRequestGenerator.create({
      name: 'O=system:nodes, CN=system:node:n',
      keys,
      signingAlgorithm: KEYS,
    });
    const requests = connection.client.resource(CERTIFICATE_SIGNING_REQUESTS);
    // Who may do everything may have a node's certificate.
    await requests.create({
      metadata: { name: 'node-n' },
      spec: {
        request: btoa(request.toString('pem')),
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        usages: ['digital signature', 'client auth'],
      },
    });
    const certificate = async () => (await requests.get('node-n')).status?.certificate;
    await expect.poll(certificate, { timeout: 20_000 }).toBeTypeOf('string');
    const cert = atob((await certificate()) ?? '');
    expect(Date.parse(new X509Certificate(cert).validTo) - Date.now()).toBeGreaterThan(3_500_000);
    const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const review = await new Promise<string>((resolve, reject) => {
      const options = {
        method: 'POST',
        cert,
        key: key.export({ type: 'pkcs8', format: 'pem' }),
        ca: readFileSync(authority('crt')),
        headers: { 'content-type': 'application/json' },
      };
      const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
      const sent = https.request(`${server.endpoint}${path}`, options, async (response) => {
        resolve((await response.toArray()).join(''));
      });
      sent.on('error', reject);
      sent.end('{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}');
    });
    expect(JSON.parse(review).status.userInfo).toMatchObject({
      username: 'system:node:n',
      groups: expect.arrayContaining(['system:nodes']),
    });
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  it('works on when the one that leads is killed', async () => {
    const { client } = connection;
    const accounts = client.resource(SERVICE_ACCOUNTS, 'default');
    const lease = () => client.resource(LEASES, 'kube-system').get('kube-controller-manager');
    const replicas = 400;
    const first = manager();
    await first.says('leading as');
    const second = manager();
    await second.says('ready');
    // Pods are refused before their account is there; the first of the two makes it.
    await expect
      .poll(async () => (await accounts.list()).items.length, { timeout: 30_000 })
      .toBe(1);
    const pods = client.resource(PODS, 'default');
    const count = async () => (await pods.list()).items.length;
    const labels = { app: 'web' };
    await client.resource(DEPLOYMENTS, 'default').create({
      metadata: { name: 'web' },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'c', image: 'i' }] },
        },
      },
    });
    await expect.poll(count, { timeout: 30_000, interval: 10 }).toBeGreaterThan(0);
    first.child.kill('SIGKILL');
    await first.ended;
    const killedAt = performance.now();
    expect((await pods.list()).items.length).toBeLessThan(replicas);
    expect(second.output.stdout).not.toContain('leading as');
    await second.says('leading as');
    // A lease's ten seconds after the last renewal was seen, and up to twice the retry period; and a
    // busy machine takes its time.
    expect(performance.now() - killedAt).toBeLessThan(25_000);
    await expect.poll(count, { timeout: 60_000 }).toBe(replicas);
    expect((await lease()).spec?.leaseTransitions).toBeGreaterThan(0);
    second.child.kill('SIGTERM');
    expect(await second.ended).toEqual([0, null]);
    expect(second.output.stdout).toMatch(/^ready\nleading as \S+\nstopped\n$/);
    expect((await lease()).spec?.holderIdentity ?? '').toBe('');
    expect(await count()).toBe(replicas);
  }, 150_000);
});
