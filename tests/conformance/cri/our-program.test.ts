/** The `container-runtime` program: flags, words, ends; and both versions of the CRI. */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, expect, it } from 'vitest';
import { newCriClient } from '#container-runtime/wire';
import { compiledProgram } from '../compiled-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'runtime-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(...flags: string[]) {
  const child = spawn(process.execPath, [await compiledProgram('06-container-runtime'), ...flags]);
  let out = '';
  let said: (text: string) => void = () => {};
  const add = (bytes: Buffer): void => {
    out += bytes;
    said(out);
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  const ready = new Promise<void>((resolve) => {
    said = (text) => {
      if (text.includes('ready\n')) resolve();
    };
  });
  return { child, exited, ready, out: () => out };
}

it('serves until it is told to stop', async () => {
  const socket = join(folder, 'cri.sock');
  const { child, exited, ready, out } = await start('--listen', `unix://${socket}`);
  await ready;
  const client = newCriClient(`unix://${socket}`);
  expect(await client.version()).toMatchObject({ runtimeApiVersion: 'v1' });
  client.close();
  const old = new Client(`unix://${socket}`, credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
  });
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const raw = (bytes: Buffer) => bytes;
    old.makeUnaryRequest(
      '/runtime.v1alpha2.RuntimeService/Version',
      raw,
      raw,
      Buffer.alloc(0),
      (error, bytes) => (bytes === undefined ? reject(error) : resolve(bytes)),
    );
  });
  expect(answer.toString()).toContain('v1alpha2');
  const missing = new Promise((resolve) => {
    const raw = (bytes: Buffer) => bytes;
    old.makeUnaryRequest(
      '/runtime.v1.RuntimeService/CheckpointContainer',
      raw,
      raw,
      Buffer.alloc(0),
      (error) => resolve(error?.details),
    );
  });
  expect(await missing).toContain('CheckpointContainer');
  old.close();
  child.kill('SIGTERM');
  expect(await exited).toBe(0);
  expect(out().trimEnd().split('\n')).toEqual([
    `listening on unix://${socket}`,
    'ready',
    'stopped',
  ]);
  expect(existsSync(socket)).toBe(false);
});

it.each([
  [['--listen', 'nowhere'], 'expected unix:///PATH or tcp://127.0.0.1:PORT, found nowhere'],
  [[], '--listen'],
  [['--listen', 'unix:///tmp/x.sock', '--nope'], "unknown option '--nope'"],
  [['--listen', 'unix:///tmp/x.sock', '--cpus', '0'], 'expected a number above 0'],
])('says in one line what is wrong with %j', async (flags, text) => {
  const { exited, out } = await start(...flags);
  expect(await exited).toBe(2);
  expect(out().trimEnd().split('\n')).toHaveLength(1);
  expect(out()).toContain(text);
});
