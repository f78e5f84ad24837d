/**
 * The kube-proxy program from outside: flags, words, exit codes, what it writes without applying it, its
 * ports, and a network on a unix socket.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock, RealClock, seededRandom, silentLogger } from '#apimachinery';
import { ENDPOINT_SLICES, SERVICES } from '#client';
import { type OpenClient, openClient } from '#client/node';
import { IPTABLES_JUMPS, IpvsTable, jumpsText, Netfilter } from '#kube-proxy';
import { freePort, type Program, startOurApiServer } from '../../conformance/apiserver/program.ts';
import { compiledProgram } from '../../conformance/compiled-program.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const program = await compiledProgram('08-kube-proxy');
/** Whatever runs until it is told to stop, and a test left running. */
const started: ChildProcess[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});

function start(...flags: string[]) {
  const child = spawn(process.execPath, [program, ...flags], { cwd: root });
  const output = { stdout: '', stderr: '' };
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
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

describe('the flags of kube-proxy', () => {
  const mistakes: [string, string[], string][] = [
    ['a flag it does not know', ['--nonsense'], "unknown option '--nonsense'"],
    ['words it has no use for', ['extra'], 'too many arguments'],
    ['a mode it does not know', ['--proxy-mode', 'nftables'], 'Allowed choices are iptables, ipvs'],
    ['a scheduler it does not know', ['--ipvs-scheduler', 'x'], 'Allowed choices are rr, wrr, lc'],
    ['a range that is none', ['--cluster-cidr', '10.0.0.0'], '10.0.0.0 is no CIDR'],
    ['an address that is none', ['--bind-address', 'here'], 'expected an IP address'],
    ['a bit that is none', ['--iptables-masquerade-bit', '32'], 'expected a number from 0 to 31'],
    ['a truth that is none', ['--masquerade-all=perhaps'], 'expected true or false'],
    ['a duration that is none', ['--iptables-sync-period', '5'], 'expected a duration'],
    [
      'a port that is none',
      ['--healthz-bind-address', '127.0.0.1'],
      'expected an address and a port',
    ],
    ['a place that is none', ['--apply', 'nowhere'], 'expected kernel, network=unix:'],
    ['a name that is none', ['--hostname-override', 'A_B'], 'expected the name of a node'],
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

describe('kube-proxy with an API server', () => {
  let server: Program;
  let connection: OpenClient;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kube-proxy-'));
    server = await startOurApiServer();
    const { kubeconfig } = server;
    connection = await openClient({ kubeconfig, clock: new RealClock(), log: silentLogger });
    const { client } = connection;
    await client.resource(SERVICES, 'default').create({
      metadata: { name: 'web' },
      spec: { clusterIP: '10.96.10.1', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
    });
    await client.resource(ENDPOINT_SLICES, 'default').create(slice('10.244.1.2'));
  }, 60_000);
  afterAll(async () => {
    await connection.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const slice = (ip: string) => ({
    metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [{ addresses: [ip] }],
  });
  const proxy = (...flags: string[]) => {
    const running = start(
      ...['--kubeconfig', server.kubeconfig, '--hostname-override', 'node-a'],
      ...['--cluster-cidr', '10.244.0.0/16', ...flags],
    );
    started.push(running.child);
    return running;
  };
  const newModel = () => {
    const netfilter = new Netfilter({
      localAddresses: ['192.0.2.1'],
      clock: new FakeClock(),
      random: seededRandom(1),
    });
    netfilter.restore(jumpsText(IPTABLES_JUMPS), { noflush: true });
    return netfilter;
  };
  const reach = (netfilter: Netfilter) => {
    const to = '10.96.10.1:80';
    return netfilter.connect({ from: '192.0.2.1', to, protocol: 'TCP', via: 'local' }).destination;
  };

  it('writes with --dry-run the rules, nothing else, and ends with 0', async () => {
    const { output, ended } = proxy('--dry-run');
    expect(await ended).toEqual([0, null]);
    expect(output.stderr).toBe('');
    expect(output.stdout).toMatch(/^\*filter\n[\s\S]*^COMMIT\n\*nat\n[\s\S]*^COMMIT\n$/m);
    const netfilter = newModel();
    netfilter.restore(output.stdout, { noflush: true });
    expect(reach(netfilter)).toEqual({ ip: '10.244.1.2', port: 8080 });
  });

  it('writes with --dry-run and IPVS sets, then virtual servers', async () => {
    const { output, ended } = proxy('--dry-run', '--proxy-mode', 'ipvs', '--ipvs-scheduler', 'sh');
    expect(await ended).toEqual([0, null]);
    const lines = output.stdout.split('\n');
    const [sets, servers] = [
      lines.filter((line) => !line.startsWith('-')),
      lines.filter((line) => line.startsWith('-')),
    ];
    expect(lines.filter(Boolean)).toEqual([...sets, ...servers].filter(Boolean));
    expect(sets).toContain('add KUBE-CLUSTER-IP 10.96.10.1,tcp:80');
    const table = new IpvsTable(new FakeClock());
    table.restore(servers.join('\n'));
    expect(table.virtualServers).toContainEqual({
      protocol: 'TCP',
      ip: '10.96.10.1',
      port: 80,
      scheduler: 'sh',
      persistenceSeconds: 0,
      servers: [
        { address: '10.244.1.2:8080', weight: 1, activeConnections: 0, inactiveConnections: 0 },
      ],
    });
    table.clear();
  });

  it('writes rules of both families when both have a range', async () => {
    const { output, ended } = proxy('--dry-run', '--cluster-cidr', '10.244.0.0/16,fd00:244::/56');
    expect(await ended).toEqual([0, null]);
    expect(output.stdout.split('*filter\n')).toHaveLength(3);
    expect(output.stdout).toContain('! -d ::1/128');
  });

  it('says its addresses, ready, and stopped last, and answers on its ports', async () => {
    const [healthz, metrics] = [await freePort(), await freePort()];
    const { child, output, ended, says } = proxy(
      ...['--apply', 'none', '--bind-address', '192.0.2.1'],
      ...['--healthz-bind-address', `127.0.0.1:${healthz}`],
      ...['--metrics-bind-address', `127.0.0.1:${metrics}`],
    );
    await says('ready\n');
    const answer = async (port: number, path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return [response.status, await response.text()] as const;
    };
    const synced = async () => (await answer(metrics, '/metrics'))[1];
    await expect
      .poll(synced, { timeout: 20_000 })
      .toContain('kubeproxy_sync_proxy_rules_total{ip_family="IPv4"} 1\n');
    expect(await answer(healthz, '/healthz')).toEqual([
      200,
      expect.stringMatching(
        /^\{"lastUpdated":"[^"]+","currentTime":"[^"]+","nodeEligible":true\}$/,
      ),
    ]);
    expect((await answer(healthz, '/nothing'))[0]).toBe(404);
    expect(await answer(metrics, '/proxyMode')).toEqual([200, 'iptables']);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(output.stdout).toBe(
      `listening on http://127.0.0.1:${healthz}\nlistening on http://127.0.0.1:${metrics}\nready\nstopped\n`,
    );
    expect(output.stderr).toBe('');
  });

  it('pushes rules to a network, again in full to one that began anew', async () => {
    const path = join(folder, 'network.sock');
    const first = await newNetwork(path);
    const running = proxy('--apply', `network=unix://${path}`, '--bind-address', '192.0.2.1');
    const netfilter = newModel();
    const message = await first.next();
    expect(message).toMatchObject({ node: 'node-a', family: 'IPv4' });
    netfilter.restore(message.text, { noflush: true });
    expect(reach(netfilter)).toEqual({ ip: '10.244.1.2', port: 8080 });
    const slices = connection.client.resource(ENDPOINT_SLICES, 'default');
    await slices.update(slice('10.244.1.3'));
    netfilter.restore((await first.next()).text, { noflush: true });
    expect(reach(netfilter)).toEqual({ ip: '10.244.1.3', port: 8080 });
    await first.close();
    const second = await newNetwork(path);
    await slices.update(slice('10.244.1.4'));
    const other = newModel();
    other.restore((await second.next()).text, { noflush: true });
    expect(reach(other)).toEqual({ ip: '10.244.1.4', port: 8080 });
    running.child.kill('SIGTERM');
    expect(await running.ended).toEqual([0, null]);
    await second.close();
    await slices.update(slice('10.244.1.2'));
  }, 60_000);
});

interface Pushed {
  readonly node: string;
  readonly family: string;
  readonly text: string;
}

/** A network that says `{"ok":true}` to everything. */
async function newNetwork(path: string) {
  const received: Pushed[] = [];
  let notify = (): void => {};
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    createInterface({ input: socket }).on('line', (line) => {
      received.push(JSON.parse(line) as Pushed);
      socket.write('{"ok":true}\n');
      notify();
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    next: async (): Promise<Pushed> => {
      for (;;) {
        const message = received.shift();
        if (message) return message;
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
