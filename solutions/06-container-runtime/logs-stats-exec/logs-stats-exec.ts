/**
 * What is known of a container from outside: its log on disk, what it uses, and how a command in it
 * went.
 *
 * Who runs the command is `../simulated-host.ts`; streams are given in `../streams.ts`.
 */

import type { Clock, FileSystem, Timer } from '#apimachinery';
import { type ContainerStats, CriError, type ExecSyncResponse } from '../cri/index.ts';

/** A longer line is cut in pieces of so many bytes. */
export const MAX_LOG_LINE_BYTES = 16_384;
/** So much of each stream `execSync` gives back. */
export const MAX_EXEC_OUTPUT_BYTES = 16 * 1024 * 1024;

const NEWLINE = 10;

export type LogStream = 'stdout' | 'stderr';

/** One line of a log in the CRI format. */
export function logLine(
  nowNs: bigint,
  stream: LogStream,
  isWhole: boolean,
  content: Uint8Array,
): Uint8Array {
  const head = new TextEncoder().encode(`${timeText(nowNs)} ${stream} ${isWhole ? 'F' : 'P'} `);
  const line = new Uint8Array(head.length + content.length + 1);
  line.set(head);
  line.set(content, head.length);
  line[line.length - 1] = NEWLINE;
  return line;
}

/** RFC 3339 in UTC with nine digits behind the point. */
function timeText(nowNs: bigint): string {
  const seconds = nowNs / 1_000_000_000n;
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${text}.${String(nowNs % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** What a log gets from outside. */
export interface ContainerLogOptions {
  /** The node's files. */
  readonly files: Pick<FileSystem, 'appendFile' | 'makeDirectory'>;
  /** Absolute path of the log. */
  readonly path: string;
  /** Nanoseconds since 1970. */
  readonly now: () => bigint;
}

/** Writes a container's output as lines. */
export class ContainerLog {
  readonly #options: ContainerLogOptions;
  readonly #rest: Record<LogStream, Uint8Array> = {
    stdout: new Uint8Array(),
    stderr: new Uint8Array(),
  };

  constructor(options: ContainerLogOptions) {
    this.#options = options;
    this.reopen();
  }

  write(stream: LogStream, bytes: Uint8Array): void {
    let rest = joined(this.#rest[stream], bytes);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.#line(stream, rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    while (rest.length > MAX_LOG_LINE_BYTES) {
      this.#append(stream, false, rest.subarray(0, MAX_LOG_LINE_BYTES));
      rest = rest.subarray(MAX_LOG_LINE_BYTES);
    }
    this.#rest[stream] = rest.slice();
  }

  reopen(): void {
    const { files, path } = this.#options;
    files.makeDirectory(path.slice(0, path.lastIndexOf('/')) || '/');
    files.appendFile(path, new Uint8Array(), 0o640);
  }

  close(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#rest[stream].length > 0) this.#line(stream, this.#rest[stream]);
      this.#rest[stream] = new Uint8Array();
    }
  }

  #line(stream: LogStream, content: Uint8Array): void {
    let rest = content;
    while (rest.length > MAX_LOG_LINE_BYTES) {
      this.#append(stream, false, rest.subarray(0, MAX_LOG_LINE_BYTES));
      rest = rest.subarray(MAX_LOG_LINE_BYTES);
    }
    this.#append(stream, true, rest);
  }

  #append(stream: LogStream, isWhole: boolean, content: Uint8Array): void {
    const { files, path, now } = this.#options;
    files.appendFile(path, logLine(now(), stream, isWhole, content), 0o640);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** A command that runs in a container. */
export interface RunningCommand {
  kill(signal: 'SIGKILL'): void;
  readonly exited: Promise<{ readonly exitCode: number }>;
}

/** Starts a command whose output goes to `write`. May throw. */
export type StartCommand = (
  write: (stream: LogStream, bytes: Uint8Array) => void,
) => RunningCommand;

/** Runs a command to its end, and gathers what it writes. */
export async function execSync(
  start: StartCommand,
  timeoutSeconds: number,
  clock: Pick<Clock, 'after'>,
): Promise<ExecSyncResponse> {
  const output = { stdout: new Uint8Array(), stderr: new Uint8Array() };
  const command = start((stream, bytes) => {
    const room = MAX_EXEC_OUTPUT_BYTES - output[stream].length;
    if (room > 0) output[stream] = joined(output[stream], bytes.subarray(0, room)).slice();
  });
  let isLate = false;
  const onTimeout = (): void => {
    isLate = true;
    command.kill('SIGKILL');
  };
  const timer: Timer | undefined =
    timeoutSeconds > 0 ? clock.after(timeoutSeconds * 1000, onTimeout) : undefined;
  const { exitCode } = await command.exited;
  timer?.cancel();
  if (isLate) {
    throw new CriError(
      'DEADLINE_EXCEEDED',
      `failed to exec in container: timeout ${goDuration(timeoutSeconds)} exceeded: context deadline exceeded`,
    );
  }
  return { ...output, exitCode };
}

/** Whole seconds as Go writes a duration: `1s`, `1m30s`, `1h0m0s`. */
function goDuration(totalSeconds: number): string {
  const [hours, minutes, seconds] = [
    Math.floor(totalSeconds / 3600),
    Math.floor(totalSeconds / 60) % 60,
    totalSeconds % 60,
  ];
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

/** What was counted of a container at one moment. */
export interface UsageSample {
  /** Nanoseconds since 1970. */
  readonly timestamp: bigint;
  readonly cpuNanoSeconds: number;
  readonly memoryBytes: number;
  /** 0 for no limit. */
  readonly memoryLimitBytes: number;
  readonly writableBytes: number;
  readonly writableInodes: number;
}

/** The CRI's message about what a container uses; for `usageNanoCores` it takes an earlier sample. */
export function statsOf(
  attributes: ContainerStats['attributes'],
  sample: UsageSample,
  before?: UsageSample,
): ContainerStats {
  const { timestamp, memoryBytes, memoryLimitBytes } = sample;
  const nanoCores = nanoCoresOf(sample, before);
  return {
    attributes,
    cpu: {
      timestamp,
      usageCoreNanoSeconds: { value: sample.cpuNanoSeconds },
      ...(nanoCores !== undefined && { usageNanoCores: { value: nanoCores } }),
    },
    memory: {
      timestamp,
      workingSetBytes: { value: memoryBytes },
      ...(memoryLimitBytes > 0 && {
        availableBytes: { value: Math.max(0, memoryLimitBytes - memoryBytes) },
      }),
      usageBytes: { value: memoryBytes },
      rssBytes: { value: memoryBytes },
      pageFaults: { value: 0 },
      majorPageFaults: { value: 0 },
    },
    writableLayer: {
      timestamp,
      fsId: { mountpoint: '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs' },
      usedBytes: { value: sample.writableBytes },
      inodesUsed: { value: sample.writableInodes },
    },
  };
}

function nanoCoresOf(sample: UsageSample, before: UsageSample | undefined): number | undefined {
  if (before === undefined || sample.timestamp <= before.timestamp) return undefined;
  const passedNs = Number(sample.timestamp - before.timestamp);
  const used = Math.max(0, sample.cpuNanoSeconds - before.cpuNanoSeconds);
  return Math.floor((used / passedNs) * 1e9);
}
