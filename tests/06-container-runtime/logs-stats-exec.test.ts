import { FakeClock, MemoryFileSystem } from '#apimachinery';
import {
  ContainerLog,
  execSync,
  type LogStream,
  logLine,
  MAX_EXEC_OUTPUT_BYTES,
  MAX_LOG_LINE_BYTES,
  statsOf,
  WRITABLE_LAYER,
} from '#container-runtime';
import { describe, expect, fc, it, property, refusalOf } from '#kit';

const PATH = '/var/log/pods/shop_web_1/main/0.log';
const T0 = '2025-01-01T00:00:00.000000000Z';
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function newLog() {
  const files = new MemoryFileSystem({ clock: new FakeClock() });
  let nowNs = 1_735_689_600_000_000_000n;
  const log = new ContainerLog({ files, path: PATH, now: () => nowNs });
  const write = (text: string, stream: LogStream = 'stdout') => log.write(stream, encode(text));
  const text = (path = PATH) => decode(files.readFile(path));
  /** Without the times. */
  const lines = (path = PATH) =>
    text(path)
      .split('\n')
      .slice(0, -1)
      .map((line) => line.slice(31));
  const pass = (ns: bigint) => {
    nowNs += ns;
  };
  return { files, log, write, text, lines, pass };
}

describe('logLine', () => {
  it.core('says when, which stream, and whether it is all', () => {
    const ns = 1_735_689_600_000_000_000n;
    expect(decode(logLine(ns, 'stdout', true, encode('hello')))).toBe(`${T0} stdout F hello\n`);
    expect(decode(logLine(ns, 'stderr', false, encode('part')))).toBe(`${T0} stderr P part\n`);
  });

  it('has nine digits of a second', () => {
    const at = (ns: bigint) => decode(logLine(ns, 'stdout', true, encode(''))).slice(0, 30);
    expect(at(1_735_689_600_000_000_007n)).toBe('2025-01-01T00:00:00.000000007Z');
    expect(at(1_735_689_601_123_456_789n)).toBe('2025-01-01T00:00:01.123456789Z');
    expect(at(1_735_775_999_999_999_999n)).toBe('2025-01-01T23:59:59.999999999Z');
  });

  it('carries any bytes', () => {
    const content = Uint8Array.of(0, 255, 195, 40);
    const line = logLine(0n, 'stdout', true, content);
    expect([...line.subarray(-5)]).toEqual([0, 255, 195, 40, 10]);
    expect(decode(logLine(0n, 'stdout', true, encode('')))).toBe(
      '1970-01-01T00:00:00.000000000Z stdout F \n',
    );
  });
});

describe('ContainerLog', () => {
  it.core('writes whole lines, however they come', () => {
    const { write, lines } = newLog();
    write('he');
    expect(lines()).toEqual([]);
    write('llo\nwor');
    expect(lines()).toEqual(['stdout F hello']);
    write('ld\n\nx\n');
    expect(lines().slice(1)).toEqual(['stdout F world', 'stdout F ', 'stdout F x']);
  });

  it.core('keeps the streams apart', () => {
    const { write, lines } = newLog();
    write('out ');
    write('err\n', 'stderr');
    write('put\n');
    expect(lines()).toEqual(['stderr F err', 'stdout F out put']);
  });

  it.core('writes what is left at the end', () => {
    const { log, write, lines } = newLog();
    write('e', 'stderr');
    write('done\nno newline');
    log.close();
    log.close();
    expect(lines()).toEqual(['stdout F done', 'stdout F no newline', 'stderr F e']);
  });

  it('is there, empty, before anything is written', () => {
    const { files, text } = newLog();
    expect(text()).toBe('');
    expect(files.stat(PATH)?.mode).toBe(0o640);
  });

  it('goes on with a log that is there', () => {
    const { files, log, write, lines } = newLog();
    write('before\n');
    const again = new ContainerLog({ files, path: PATH, now: () => 0n });
    again.write('stdout', encode('after\n'));
    log.close();
    expect(lines()).toEqual(['stdout F before', 'stdout F after']);
  });

  it('has the time of the end of a line', () => {
    const { write, text, pass } = newLog();
    write('a');
    pass(1_000_000_005n);
    write('b\n');
    expect(text()).toBe('2025-01-01T00:00:01.000000005Z stdout F ab\n');
  });

  const long = (count: number) => 'x'.repeat(count);
  const sizes = (all: string[]) =>
    all.map((line) => `${line.split(' ')[1]} ${line.length - 'stdout F '.length}`);

  it.core('cuts a long line in parts', () => {
    const { write, lines } = newLog();
    write(`${long(2 * MAX_LOG_LINE_BYTES + 5)}\n`);
    expect(sizes(lines())).toEqual([`P ${MAX_LOG_LINE_BYTES}`, `P ${MAX_LOG_LINE_BYTES}`, 'F 5']);
  });

  it('does not cut a line that just fits', () => {
    const { write, lines } = newLog();
    write(`${long(MAX_LOG_LINE_BYTES)}\n`);
    write(`${long(2 * MAX_LOG_LINE_BYTES)}\n`);
    const most = MAX_LOG_LINE_BYTES;
    expect(sizes(lines())).toEqual([`F ${most}`, `P ${most}`, `F ${most}`]);
  });

  it('writes a part as soon as it is one, and knows then whether it is the last', () => {
    const { write, lines } = newLog();
    write(long(MAX_LOG_LINE_BYTES));
    expect(lines()).toEqual([]);
    write('y');
    expect(sizes(lines())).toEqual([`P ${MAX_LOG_LINE_BYTES}`]);
    write('\nshort\n');
    expect(lines().slice(1)).toEqual(['stdout F y', 'stdout F short']);
  });

  it('cuts lines by bytes, and loses none', () => {
    const { files, write } = newLog();
    write(`${'é'.repeat(MAX_LOG_LINE_BYTES)}\n`);
    const bytes = files.readFile(PATH);
    const head = encode(`${T0} stdout P `).length;
    expect(bytes.indexOf(10)).toBe(head + MAX_LOG_LINE_BYTES);
    expect(bytes).toHaveLength(2 * (head + MAX_LOG_LINE_BYTES + 1));
  });

  it("does not keep the caller's bytes", () => {
    const { log, lines } = newLog();
    const bytes = encode('abc');
    log.write('stdout', bytes);
    bytes.fill(0);
    log.write('stdout', encode('\n'));
    expect(lines()).toEqual(['stdout F abc']);
  });

  it('begins a new file after the old one was moved away', () => {
    const { files, log, write, lines } = newLog();
    write('one\ntw');
    files.rename(PATH, `${PATH}.20250101-000000`);
    log.reopen();
    expect(lines()).toEqual([]);
    expect(files.stat(PATH)?.mode).toBe(0o640);
    write('o\n');
    expect(lines()).toEqual(['stdout F two']);
    expect(lines(`${PATH}.20250101-000000`)).toEqual(['stdout F one']);
  });

  it('makes a log that is gone again with the next line', () => {
    const { files, write, lines } = newLog();
    files.remove(PATH);
    write('x\n');
    expect(lines()).toEqual(['stdout F x']);
    expect(files.stat(PATH)?.mode).toBe(0o640);
  });

  property(
    'writes the same, in whatever pieces it comes',
    fc.array(fc.constantFrom('a', 'bc', '\n', 'd\ne', '')),
    (pieces) => {
      const one = newLog();
      const many = newLog();
      for (const piece of pieces) many.write(piece);
      one.write(pieces.join(''));
      many.log.close();
      one.log.close();
      expect(many.text()).toBe(one.text());
      const all = pieces.join('');
      const expected = all
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `stdout F ${line}`);
      expect(many.lines()).toEqual(all === '' ? [] : expected);
    },
  );
});

describe('execSync', () => {
  /** A command that a test ends. */
  function newCommand() {
    const kills: string[] = [];
    let end: (exitCode: number) => void = () => {};
    let write: (stream: LogStream, bytes: Uint8Array) => void = () => {};
    const exited = new Promise<{ exitCode: number }>((resolve) => {
      end = (exitCode) => resolve({ exitCode });
    });
    const start = (to: typeof write) => {
      write = to;
      return {
        kill: (signal: 'SIGKILL') => {
          kills.push(signal);
          end(137);
        },
        exited,
      };
    };
    return {
      kills,
      start,
      end: (code: number) => end(code),
      write: (stream: LogStream, text: string) => write(stream, encode(text)),
    };
  }

  it.core('gathers what a command writes, until it ends', async () => {
    const clock = new FakeClock();
    const command = newCommand();
    const running = execSync(command.start, 0, clock);
    command.write('stdout', 'a');
    command.write('stderr', 'oops');
    command.write('stdout', 'b');
    command.end(3);
    const { stdout, stderr, exitCode } = await running;
    expect([decode(stdout), decode(stderr), exitCode]).toEqual(['ab', 'oops', 3]);
  });

  it.core('kills a command that takes too long', async () => {
    const clock = new FakeClock();
    const command = newCommand();
    const refusal = refusalOf(execSync(command.start, 2, clock));
    await clock.advance(1999);
    expect(command.kills).toEqual([]);
    await clock.advance(1);
    expect(command.kills).toEqual(['SIGKILL']);
    expect(await refusal).toMatchObject({
      name: 'CriError',
      code: 'DEADLINE_EXCEEDED',
      description: 'failed to exec in container: timeout 2s exceeded: context deadline exceeded',
    });
  });

  it('is late also when the command ends well at the last moment', async () => {
    const clock = new FakeClock();
    let end: (exit: { exitCode: number }) => void = () => {};
    const exited = new Promise<{ exitCode: number }>((resolve) => {
      end = resolve;
    });
    const kill = (): void => end({ exitCode: 0 });
    const refusal = refusalOf(execSync(() => ({ kill, exited }), 1, clock));
    await clock.advance(1000);
    expect(await refusal).toMatchObject({ name: 'CriError', code: 'DEADLINE_EXCEEDED' });
  });

  it('waits for the end of what it kills', async () => {
    const clock = new FakeClock();
    let end: (exit: { exitCode: number }) => void = () => {};
    const exited = new Promise<{ exitCode: number }>((resolve) => {
      end = resolve;
    });
    let isOver = false;
    const refusal = refusalOf(execSync(() => ({ kill: () => {}, exited }), 1, clock)).then(
      (thrown) => {
        isOver = true;
        return thrown;
      },
    );
    await clock.advance(1000);
    expect(isOver).toBe(false);
    end({ exitCode: 0 });
    expect(await refusal).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('leaves no timer when it is in time', async () => {
    const clock = new FakeClock();
    const command = newCommand();
    const running = execSync(command.start, 10, clock);
    await clock.advance(9999);
    command.end(0);
    expect((await running).exitCode).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    expect(command.kills).toEqual([]);
  });

  it('waits for ever without a timeout', async () => {
    const clock = new FakeClock();
    const command = newCommand();
    const running = execSync(command.start, 0, clock);
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(3_600_000);
    command.end(0);
    expect(await running).toMatchObject({ exitCode: 0 });
  });

  const durations: [seconds: number, text: string][] = [
    [1, '1s'],
    [60, '1m0s'],
    [90, '1m30s'],
    [3600, '1h0m0s'],
    [7325, '2h2m5s'],
  ];
  for (const [seconds, text] of durations) {
    it(`writes ${seconds} seconds as ${text}`, async () => {
      const clock = new FakeClock();
      const refusal = refusalOf(execSync(newCommand().start, seconds, clock));
      await clock.advance(seconds * 1000);
      expect(await refusal).toMatchObject({
        description: `failed to exec in container: timeout ${text} exceeded: context deadline exceeded`,
      });
    });
  }

  it('passes on why a command could not be started', async () => {
    const clock = new FakeClock();
    const failure = new Error('no such command');
    const start = () => {
      throw failure;
    };
    expect(await refusalOf(execSync(start, 5, clock))).toBe(failure);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives back no more than so much of each stream', async () => {
    const command = newCommand();
    const running = execSync(command.start, 0, new FakeClock());
    const much = 'x'.repeat(MAX_EXEC_OUTPUT_BYTES - 2);
    command.write('stdout', much);
    command.write('stdout', 'abcd');
    command.write('stdout', 'more');
    command.write('stderr', 'fine');
    command.end(0);
    const { stdout, stderr, exitCode } = await running;
    expect(stdout).toHaveLength(MAX_EXEC_OUTPUT_BYTES);
    expect(decode(stdout.subarray(-3))).toBe('xab');
    expect([decode(stderr), exitCode]).toEqual(['fine', 0]);
  });
});

describe('statsOf', () => {
  const attributes = {
    id: 'c1',
    metadata: { name: 'main', attempt: 0 },
    labels: { a: 'b' },
    annotations: {},
  };
  const sample = {
    timestamp: 10_000_000_000n,
    cpuNanoSeconds: 6_000_000_000,
    memoryBytes: 300,
    memoryLimitBytes: 1000,
    writableBytes: 50,
    writableInodes: 2,
  };

  it.core('says what a container uses', () => {
    const timestamp = 10_000_000_000n;
    expect(statsOf(attributes, sample)).toEqual({
      attributes,
      cpu: { timestamp, usageCoreNanoSeconds: { value: 6_000_000_000 } },
      memory: {
        timestamp,
        workingSetBytes: { value: 300 },
        availableBytes: { value: 700 },
        usageBytes: { value: 300 },
        rssBytes: { value: 300 },
        pageFaults: { value: 0 },
        majorPageFaults: { value: 0 },
      },
      writableLayer: {
        timestamp,
        fsId: { mountpoint: WRITABLE_LAYER },
        usedBytes: { value: 50 },
        inodesUsed: { value: 2 },
      },
    });
  });

  const before = { ...sample, timestamp: 0n, cpuNanoSeconds: 1_000_000_000 };
  const rate = (earlier: Partial<typeof sample>) =>
    statsOf(attributes, sample, { ...before, ...earlier }).cpu?.usageNanoCores;

  it('says how fast it uses CPUs', () => {
    expect(rate({})).toEqual({ value: 500_000_000 });
    expect(rate({ timestamp: 9_000_000_000n })).toEqual({ value: 5_000_000_000 });
    expect(rate({ timestamp: 7_000_000_000n })).toEqual({ value: 1_666_666_666 });
    expect(rate({ cpuNanoSeconds: 6_000_000_000 })).toEqual({ value: 0 });
    expect(rate({ cpuNanoSeconds: 9_000_000_000 })).toEqual({ value: 0 });
  });

  it('does not know how fast without an earlier sample', () => {
    expect(rate({ timestamp: sample.timestamp })).toBeUndefined();
    expect(rate({ timestamp: sample.timestamp + 1n })).toBeUndefined();
    expect(Object.keys(statsOf(attributes, sample).cpu ?? {})).not.toContain('usageNanoCores');
  });

  it('has no room left rather than less than none, and says nothing without a limit', () => {
    const memory = (more: object) => statsOf(attributes, { ...sample, ...more }).memory;
    expect(memory({ memoryBytes: 1500 })?.availableBytes).toEqual({ value: 0 });
    expect(Object.keys(memory({ memoryLimitBytes: 0 }) ?? {})).not.toContain('availableBytes');
  });
});
