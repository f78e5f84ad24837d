/** The `kubelet` program: flags, words, ends; and whom it lets in. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { compiledProgram } from '../../conformance/compiled-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubelet-program-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Nothing listens there: the program says so, and tries again. */
const kubeconfig = join(folder, 'kubeconfig');
writeFileSync(
  kubeconfig,
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:1' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user: {} }],
    'current-context': 'c',
  }),
);
const NODE = [
  ...['--kubeconfig', kubeconfig, '--hostname-override', 'n1', '--port', '0'],
  ...['--container-runtime-endpoint', `unix://${folder}/nothing.sock`],
  ...['--root-dir', join(folder, 'root'), '--pod-logs-dir', join(folder, 'logs')],
];

async function start(...flags: string[]) {
  const child = spawn(process.execPath, [await compiledProgram('07-kubelet'), ...flags]);
  let out = '';
  let tell = (): void => {};
  const add = (bytes: Buffer): void => {
    out += bytes;
    tell();
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  const ready = new Promise<void>((resolve) => {
    tell = () => {
      if (/^ready$/m.test(out)) resolve();
    };
  });
  return { child, exited, ready, out: () => out };
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

it('listens on the loopback only while everybody would be let in, and says so', async () => {
  const { child, exited, ready, out } = await start(...NODE);
  await Promise.race([ready, exited]);
  const [, port = ''] = /^listening on https:\/\/127\.0\.0\.1:(\d+)$/m.exec(out()) ?? [];
  expect(port).not.toBe('');
  const lines = out()
    .split('\n')
    .filter((line) => line.includes('may do everything'));
  expect(lines.length).toBe(1);
  expect(await answers('127.0.0.1', Number(port))).toBe(true);
  const others = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4');
  for (const { address } of others) expect(await answers(address, Number(port))).toBe(false);
  child.kill('SIGTERM');
  expect(await exited).toBe(0);
  expect(out().trimEnd().split('\n').at(-1)).toBe('stopped');
}, 60_000);

it('listens everywhere when it can tell who asks', async () => {
  const { child, exited, ready, out } = await start(...NODE, '--authorization-mode', 'Webhook');
  await Promise.race([ready, exited]);
  expect(out()).toMatch(/^listening on https:\/\/0\.0\.0\.0:\d+$/m);
  expect(out()).not.toContain('may do everything');
  child.kill('SIGTERM');
  expect(await exited).toBe(0);
}, 60_000);

it.each([
  [
    [...NODE, '--address', '0.0.0.0'],
    '--address 0.0.0.0 would let everybody in: it needs --client-ca-file, --authentication-token-webhook or --authorization-mode Webhook',
  ],
  [[...NODE, '--address', '192.0.2.1'], '--address 192.0.2.1 would let everybody in'],
  [[...NODE, '--address', 'everywhere'], 'expected an IP address'],
  [['--kubeconfig', kubeconfig], '--container-runtime-endpoint'],
  [[...NODE, '--tls-cert-file', 'x'], '--tls-cert-file and --tls-private-key-file go together'],
  [[...NODE, '--nope'], "unknown option '--nope'"],
])('says in one line what is wrong: %#', async (flags, text) => {
  const { exited, out } = await start(...flags);
  expect(await exited).toBe(2);
  expect(out().trimEnd().split('\n')).toHaveLength(1);
  expect(out()).toContain(text);
});
