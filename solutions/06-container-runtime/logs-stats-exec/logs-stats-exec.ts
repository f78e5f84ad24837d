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

/** Where containers' writable layers are. */
export const WRITABLE_LAYER = '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs';

const NEWLINE = 10;

export type LogStream = 'stdout' | 'stderr';

/**
 * One line of a log in the CRI's format: `TIME STREAM TAG CONTENT` and a newline.
 *
 * TIME is RFC 3339 in UTC with nine digits behind the point, TAG is `F` for a whole line and `P` for a
 * part that goes on in the next. CONTENT is any bytes.
 *
 * ```text
 * 2025-01-01T00:00:00.000000007Z stdout F hello
 * ```
 *
 * @param nowNs - nanoseconds since 1970
 * @see kubernetes v1.33 staging/src/k8s.io/cri-client/pkg/logs/logs.go
 *
 * @exercise container-runtime/logs-stats-exec
 */
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

/**
 * Writes a container's output to its log, line by line.
 *
 * @remarks
 * 1. Output comes in pieces that have nothing to do with lines. What has no newline yet waits for more,
 *    for each stream by itself. The newline is not part of the content.
 * 2. A line longer than {@link MAX_LOG_LINE_BYTES} is written in parts of so many bytes, each tagged `P`,
 *    and what is left, 1 to that many bytes, tagged `F`. A part is written as soon as there are more bytes than that.
 * 3. Each line has the time at which it is written.
 * 4. The log is opened anew for every line, so one that was moved away is made again by the next.
 *    A file that is made has mode `0o640`.
 *
 * ```text
 * write('stdout', 'he')
 * write('stderr', 'oops\n')      … stderr F oops
 * write('stdout', 'llo\nwor')    … stdout F hello
 * close()                        … stdout F wor
 * ```
 */
export class ContainerLog {
  readonly #options: ContainerLogOptions;
  readonly #rest: Record<LogStream, Uint8Array> = {
    stdout: new Uint8Array(),
    stderr: new Uint8Array(),
  };

  /**
   * Makes the directory of the log and the log itself, empty if it was not there.
   *
   * @exercise container-runtime/logs-stats-exec
   */
  constructor(options: ContainerLogOptions) {
    this.#options = options;
    this.reopen();
  }

  /**
   * Takes output of one stream. The bytes are the caller's and may change afterwards.
   *
   * @exercise container-runtime/logs-stats-exec
   */
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

  /**
   * Makes the log again after it was moved away: it is there, empty, before anything more is written.
   *
   * @exercise container-runtime/logs-stats-exec
   */
  reopen(): void {
    const { files, path } = this.#options;
    files.makeDirectory(path.slice(0, path.lastIndexOf('/')) || '/');
    files.appendFile(path, new Uint8Array(), 0o640);
  }

  /**
   * The output is over: what still waits is written as whole lines, of stdout first.
   *
   * @exercise container-runtime/logs-stats-exec
   */
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

/**
 * Runs a command to its end, and gathers what it writes, of each stream the first
 * {@link MAX_EXEC_OUTPUT_BYTES}.
 *
 * @param start - called once; what it throws is what this rejects with
 * @param timeoutSeconds - whole seconds, 0 for ever. When they are over, the command is killed with `SIGKILL`
 * and waited for. No timer is left when it ends sooner.
 * @throws CriError, as a rejection, when it was too late: `DEADLINE_EXCEEDED` `failed to exec in
 * container: timeout T exceeded: context deadline exceeded`, with T as Go writes it: `1s`, `1m30s`, `1h0m0s`
 *
 * @exercise container-runtime/logs-stats-exec
 */
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

/**
 * The CRI's message about what a container uses.
 *
 * @remarks Every part has the sample's timestamp. `workingSetBytes`, `usageBytes` and `rssBytes` are the
 * memory; `availableBytes` is the limit less the memory, not below 0, and is not there without a limit;
 * `pageFaults` and `majorPageFaults` are 0. The writable layer has {@link WRITABLE_LAYER} as its
 * `fsId`. `usageNanoCores` is CPU time per time since `before`, in billionths of a CPU: rounded down,
 * not below 0 (counters may begin anew), and not there without an earlier sample, or with one that is
 * not earlier.
 *
 * ```text
 * before   t = 0 s    CPU time 1 s
 * sample   t = 10 s   CPU time 6 s      usageNanoCores 500000000: half a CPU
 * ```
 *
 * @exercise container-runtime/logs-stats-exec
 */
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
      fsId: { mountpoint: WRITABLE_LAYER },
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
