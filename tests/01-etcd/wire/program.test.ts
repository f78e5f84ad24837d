/** The etcd program from outside: flags, words, exit codes, signals. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { newGrpcClient } from '#etcd/grpc';
import { compiledProgram } from '../../conformance/compiled-program.ts';
import { startOurEtcd } from '../../conformance/etcd/program.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const nodeArguments = [await compiledProgram('01-etcd')];

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-program-'));
  folders.push(folder);
  return folder;
}

/** Runs the program to its end. */
async function run(...flags: string[]) {
  const child = spawn(process.execPath, [...nodeArguments, ...flags], { cwd: root });
  const output = gather(child);
  const [code] = await once(child, 'exit');
  return { code: code as number, ...output };
}

function gather(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (piece) => (output.stdout += String(piece)));
  child.stderr?.on('data', (piece) => (output.stderr += String(piece)));
  return output;
}

describe('the etcd program', () => {
  const mistakes: [string, string[], string][] = [
    ['a flag it does not know', ['--nonsense'], "unknown option '--nonsense'"],
    ['a url that is none', ['--listen-client-urls', 'nonsense'], 'expected http://HOST:PORT'],
    ['https', ['--listen-client-urls', 'https://127.0.0.1:1'], 'expected http://HOST:PORT'],
    ['a number that is none', ['--max-txn-ops', 'many'], 'expected a number'],
    [
      'a duration that is none',
      ['--experimental-watch-progress-notify-interval', '5'],
      'expected a duration',
    ],
    ['words it has no use for', ['extra'], 'too many arguments'],
  ];
  it.each(mistakes)('refuses %s in one line, with exit code 2', async (_name, flags, message) => {
    const { code, stdout, stderr } = await run(...flags);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(message)]);
  });

  it('says its address, ready and stopped, and ends with 0 on SIGTERM', async () => {
    const flags = ['--listen-client-urls', 'http://127.0.0.1:0', '--data-dir', await newFolder()];
    const child = spawn(process.execPath, [...nodeArguments, ...flags], { cwd: root });
    const output = gather(child);
    while (!output.stdout.includes('ready')) await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(output.stdout).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+\nready\nstopped\n$/);
    expect(output.stderr).toBe('');
  }, 20_000);

  it('says why it cannot start, with exit code 1', async () => {
    const program = await startOurEtcd();
    const flags = [
      '--listen-client-urls',
      `http://${program.endpoint}`,
      '--data-dir',
      await newFolder(),
    ];
    const { code, stderr } = await run(...flags);
    expect([code, stderr]).toEqual([1, expect.stringContaining('EADDRINUSE')]);
    await program.stop();
  }, 20_000);

  it('stops although clients watch, and ends their watches', async () => {
    const program = await startOurEtcd();
    const client = newGrpcClient({ endpoints: [program.endpoint] });
    const watch = client.watch({ key: 'a' })[Symbol.asyncIterator]();
    await watch.next();
    const next = watch.next();
    next.catch(() => {});
    await program.stop();
    expect(program.child.exitCode).toBe(0);
    await expect(next).rejects.toMatchObject({ code: 'Unavailable' });
    client.close();
  }, 20_000);

  it('stops when the process that started it is gone', async () => {
    const flags = ['--listen-client-urls', 'http://127.0.0.1:0', '--data-dir', await newFolder()];
    const script = `require('node:child_process').spawn(process.execPath, ${JSON.stringify([...nodeArguments, ...flags])}, { cwd: ${JSON.stringify(root)}, stdio: ['ignore', 'inherit', 'inherit'] }); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['-e', script]);
    const output = gather(parent);
    while (!output.stdout.includes('ready')) await once(parent.stdout, 'data');
    parent.kill('SIGKILL');
    // Its end closes the pipe that it inherited.
    await once(parent.stdout, 'close');
    expect(output.stdout).toMatch(/stopped\n$/);
  }, 20_000);
});

describe('its limits', () => {
  it('can be set, and the log stays readable when they are lowered', async () => {
    const folder = await newFolder();
    const puts = Array.from({ length: 200 }, (_, i) => ({ put: { key: `k${i}`, value: 'v' } }));
    const first = await startOurEtcd(['--max-txn-ops', '200', '--max-request-bytes', '100000'], {
      folder,
    });
    const client = newGrpcClient({ endpoints: [first.endpoint] });
    expect((await client.txn({ success: puts })).succeeded).toBe(true);
    await expect(client.put({ key: 'a', value: 'x'.repeat(100_001) })).rejects.toMatchObject({
      message: 'etcdserver: request is too large',
    });
    client.close();
    await first.stop();

    const second = await startOurEtcd([], { folder });
    const again = newGrpcClient({ endpoints: [second.endpoint] });
    expect((await again.range({ key: 'k', rangeEnd: 'l' })).count).toBe(200);
    await expect(again.txn({ success: puts })).rejects.toMatchObject({
      message: 'etcdserver: too many operations in txn request',
    });
    again.close();
    await second.stop();
  }, 20_000);
});
