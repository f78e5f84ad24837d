/** Bytes through a container: how many, how fast, and none lost. On the fake clock. */

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newTestNode } from './test-node.ts';

const encode = (text: string) => new TextEncoder().encode(text);

/** Bytes of every value, newlines and broken UTF-8 among them. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = 1; i < length; i++) {
    state = (state * 48_271) % 2_147_483_647;
    bytes[i] = state;
  }
  return bytes;
}

async function readAll(stream: ReadableStream<Uint8Array> | undefined): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  if (stream) for await (const piece of stream) pieces.push(piece);
  return Uint8Array.from(Buffer.concat(pieces));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

let node: Awaited<ReturnType<typeof newTestNode>>;
let containerId: string;
beforeAll(async () => {
  node = await newTestNode();
  containerId = await node.run('busybox', { command: ['sleep', 'infinity'] });
});
afterAll(() => node.runtime.stop());

/** Runs a command with this on its standard input; what it writes, and how much time of the clock it took. */
async function exec(cmd: readonly string[], input: Uint8Array, pieceBytes = 32_768) {
  const { clock, runtime } = node;
  const from = clock.monotonic();
  const stream = await runtime.execStream({ containerId, cmd, stdin: true, stdout: true });
  const writer = stream.stdin?.getWriter();
  let endedAt = Number.NaN;
  void stream.exitCode.then(() => {
    endedAt = clock.monotonic();
  });
  const write = async () => {
    for (let at = 0; at < input.length; at += pieceBytes) {
      await writer?.write(input.subarray(at, at + pieceBytes));
    }
    await writer?.close();
  };
  // Who does not read any more has its input broken off.
  const writing = write().catch(() => {});
  const reading = readAll(stream.stdout);
  await clock.advance(60_000);
  await writing;
  return { output: await reading, exitCode: await stream.exitCode, ms: endedAt - from };
}

describe('a stream through a container', () => {
  it('carries a megabyte through cat, byte for byte, in no more time than starting cat takes', async () => {
    const sent = noise(1_000_000);
    const { output, exitCode, ms } = await exec(['cat'], sent);
    expect(exitCode).toBe(0);
    expect(sha256(output)).toBe(sha256(sent));
    expect(ms).toBeLessThan(10);
  });

  it('carries it through a pipeline of a shell and a file', async () => {
    const sent = noise(1_000_000);
    const script = 'cat | cat > /tmp/noise; sha256sum /tmp/noise; wc -c < /tmp/noise';
    const { output, ms } = await exec(['sh', '-c', script], sent);
    expect(new TextDecoder().decode(output)).toBe(`${sha256(sent)}  /tmp/noise\n1000000\n`);
    expect(ms).toBeLessThan(100);
  });

  it('gives back all at once what was written piece by piece', async () => {
    const { clock, runtime } = node;
    const stream = await runtime.execStream({ containerId, cmd: ['seq', '2000'], stdout: true });
    await clock.advance(1000);
    const reader = stream.stdout?.getReader();
    expect((await reader?.read())?.value?.length).toBe(8893);
    expect((await reader?.read())?.done).toBe(true);
  });

  it('lets who writes wait for who reads', async () => {
    const { clock, runtime } = node;
    const cmd = ['sh', '-c', 'sleep 5; cat > /dev/null'];
    const stream = await runtime.execStream({ containerId, cmd, stdin: true });
    const writer = stream.stdin?.getWriter();
    let written = 0;
    const writing = (async () => {
      for (let i = 0; i < 30; i++) {
        await writer?.write(new Uint8Array(32_768));
        written += 32_768;
      }
      await writer?.close();
    })();
    await clock.advance(4000);
    expect(written).toBeLessThan(200_000);
    await clock.advance(4000);
    await writing;
    expect(written).toBe(30 * 32_768);
    expect(await stream.exitCode).toBe(0);
  });

  it('lets a command wait whose output nobody reads', async () => {
    const { clock, runtime } = node;
    const cmd = ['head', '-c', '1M', '/dev/zero'];
    const stream = await runtime.execStream({ containerId, cmd, stdout: true });
    let exitCode: number | undefined;
    void stream.exitCode.then((code) => {
      exitCode = code;
    });
    await clock.advance(10_000);
    expect(exitCode).toBeUndefined();
    const reading = readAll(stream.stdout);
    await clock.advance(10);
    expect((await reading).length).toBe(1024 * 1024);
    expect(exitCode).toBe(0);
  });

  it('stops at a command that has had enough', async () => {
    const { output, exitCode } = await exec(['head', '-c', '100000'], noise(1_000_000));
    expect(sha256(output)).toBe(sha256(noise(1_000_000).subarray(0, 100_000)));
    expect(exitCode).toBe(0);
  });

  it('takes the time that a loop of a shell takes', async () => {
    const lines = encode('some words\n'.repeat(2000));
    const { output, ms } = await exec(['sh', '-c', 'while read a; do echo "$a"; done'], lines);
    expect(output.length).toBe(lines.length);
    expect(ms).toBeLessThan(5000);
  });
});

describe('CPU time on a clock whose timers are late', () => {
  it('is lost to nobody, and counted right', async () => {
    const late = await newTestNode({}, (clock) => ({
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
      after: (ms, callback) => clock.after(Math.ceil(ms) + 1, callback),
    }));
    const { clock, runtime, run } = late;
    const id = await run('busybox', {
      command: ['sh', '-c', 'i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done'],
    });
    const from = clock.monotonic();
    let endedAt = Number.NaN;
    const watching = (async () => {
      for await (const event of runtime.getContainerEvents()) {
        if (event.containerEventType !== 'CONTAINER_STOPPED_EVENT') continue;
        endedAt = clock.monotonic();
        return;
      }
    })();
    await clock.advance(60_000);
    await watching;
    const { stats } = await runtime.listContainerStats({ filter: { id } });
    expect(stats).toEqual([]);
    const used = (await runtime.containerStats({ containerId: id })).stats;
    const cpuMs = (used?.cpu?.usageCoreNanoSeconds?.value ?? 0) / 1e6;
    expect(cpuMs).toBeGreaterThan(400);
    expect(endedAt - from).toBeLessThan(cpuMs + 20);
    runtime.stop();
  });
});

describe('tar, as kubectl cp runs it', () => {
  const deep = `${'a-long-name-of-a-directory/'.repeat(5)}file`;

  it('gives files of any bytes back, with names of any length', async () => {
    const { sh } = node;
    await exec(['sh', '-c', 'cat > /tmp/noise'], noise(300_000));
    const directory = deep.slice(0, deep.lastIndexOf('/'));
    const script = [
      `mkdir -p /tmp/from/${directory} /tmp/to`,
      `cp /tmp/noise /tmp/from/${deep}`,
      `ln -s ${deep} /tmp/from/link`,
      'tar cf - -C /tmp from | tar -xmf - -C /tmp/to',
      `cat /tmp/to/from/link | wc -c`,
      `cat /tmp/to/from/link /tmp/noise | sha256sum | wc -l`,
      `sha256sum < /tmp/to/from/${deep}; sha256sum < /tmp/noise`,
    ].join('; ');
    const [, text = ''] = (await sh(containerId, script)).split('|');
    const [bytes, , copied, original] = text.split('\n');
    expect(bytes).toBe('300000');
    expect(copied).toBe(original);
  });

  it('goes on where a copy broke off', async () => {
    const sent = noise(5000);
    await exec(['sh', '-c', 'cat > /tmp/part'], sent);
    const { output } = await exec(['sh', '-c', 'cat /tmp/part | tail -c+1001'], new Uint8Array());
    expect(output).toEqual(sent.subarray(1000));
  });

  it('takes options as kubectl gives them', async () => {
    const { sh } = node;
    const script =
      'cd /tmp; echo x > one; mkdir out; tar cf /tmp/x.tar one; ' +
      'tar --no-same-permissions --no-same-owner -xmf /tmp/x.tar -C out; cat out/one; tar tf x.tar';
    expect(await sh(containerId, script)).toBe('0|x\none\n|');
  });

  it('says that it knows no compression', async () => {
    expect(await node.sh(containerId, 'tar czf /tmp/x.tgz /etc')).toBe(
      '1||tar: compressed archives are not known here\n',
    );
  });
});
