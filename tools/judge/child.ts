/**
 * Starts one child for one job, hears it, and ends it in bounded time and memory.
 *
 * What comes back is a list of messages and the way it ended; what they are worth is decided in
 * `verdict.ts`.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Job, Message } from './protocol.ts';

/** How a child came to its end. */
export type Ending = 'done' | 'left' | 'timed-out' | 'out-of-memory' | 'flooded' | 'aborted';

/** What a child is allowed. */
export interface Limits {
  /**
   * Milliseconds for the whole job. Where the system tells, time spent waiting for a processor is not
   * counted, up to `MOST_WAITING` times as much: a busy machine is not the student's fault.
   */
  readonly jobMs: number;
  /** Megabytes of JavaScript objects. */
  readonly heapMb: number;
  /** Megabytes of everything, where the system tells. */
  readonly residentMb: number;
}

/** The limits points are given under. */
export const LIMITS: Limits = { jobMs: 15_000, heapMb: 128, residentMb: 320 };

/** By the clock on the wall a job ends after so many times `jobMs`, whatever it waited for. */
const MOST_WAITING = 4;
const MAX_REPORTED = 24_000_000;
const MAX_ERROR_TEXT = 8_000;

/** Children that run now, to be ended when the judge is. */
const running = new Set<ChildProcess>();
let listening = false;

/** Runs a job to its end; never rejects for anything the child does. */
export async function runChild(
  program: string,
  job: Omit<Job, 'secret'>,
  options: { limits: Limits; signal?: AbortSignal; onMessage?: (message: Message) => void },
): Promise<{ messages: Message[]; ending: Ending; errorText: string }> {
  const secret = randomBytes(16).toString('hex');
  const child = spawn(process.execPath, nodeArguments(program, options.limits), {
    cwd: tmpdir(),
    env: process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot } : {},
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  endWithJudge(child);
  return new Conversation(child, secret, options).run(JSON.stringify({ ...job, secret }));
}

function nodeArguments(program: string, limits: Limits): string[] {
  const flags = process.allowedNodeEnvironmentFlags;
  const permission = flags.has('--permission') ? '--permission' : '--experimental-permission';
  return [
    permission,
    `--allow-fs-read=${program}`,
    '--no-warnings',
    '--disallow-code-generation-from-strings',
    `--max-old-space-size=${limits.heapMb}`,
    '--max-semi-space-size=8',
    program,
  ];
}

function endWithJudge(child: ChildProcess): void {
  running.add(child);
  child.once('close', () => running.delete(child));
  if (listening) return;
  listening = true;
  process.once('exit', () => {
    for (const one of running) one.kill('SIGKILL');
  });
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      for (const one of running) one.kill('SIGKILL');
      process.kill(process.pid, signal);
    });
  }
}

class Conversation {
  private readonly child: ChildProcess;
  private readonly secret: string;
  private readonly options: Parameters<typeof runChild>[2];
  private readonly messages: Message[] = [];
  private ending: Ending = 'left';
  private pending = '';
  private reported = 0;
  private errorText = '';

  constructor(child: ChildProcess, secret: string, options: Parameters<typeof runChild>[2]) {
    this.child = child;
    this.secret = secret;
    this.options = options;
  }

  async run(job: string): ReturnType<typeof runChild> {
    const { child, options } = this;
    const { jobMs } = options.limits;
    const started = performance.now();
    const checkTime = (): void => {
      const passed = performance.now() - started;
      const left = jobMs - (passed - this.waitedMs());
      if (left <= 0 || passed >= jobMs * MOST_WAITING) this.end('timed-out');
      else limit = setTimeout(checkTime, left);
    };
    let limit = setTimeout(checkTime, jobMs);
    const memory = setInterval(() => this.checkMemory(), 50);
    const abort = (): void => this.end('aborted');
    options.signal?.addEventListener('abort', abort, { once: true });
    if (options.signal?.aborted) abort();
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.hear(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errorText = (this.errorText + text).slice(-MAX_ERROR_TEXT);
    });
    // A child that died before reading is found out by its end, not by the pipe.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(job);
    await new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('close', () => resolve());
    });
    clearTimeout(limit);
    clearInterval(memory);
    options.signal?.removeEventListener('abort', abort);
    if (this.ending === 'left' && /heap out of memory|heap limit/i.test(this.errorText)) {
      this.ending = 'out-of-memory';
    }
    return { messages: this.messages, ending: this.ending, errorText: this.errorText };
  }

  private end(ending: Ending): void {
    if (this.ending === 'left') this.ending = ending;
    this.child.kill('SIGKILL');
  }

  private hear(text: string): void {
    this.reported += text.length;
    if (this.reported > MAX_REPORTED) {
      this.end('flooded');
      return;
    }
    const lines = (this.pending + text).split('\n');
    this.pending = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith(this.secret)) this.take(line);
  }

  private take(line: string): void {
    const message = JSON.parse(line.slice(this.secret.length)) as Message;
    // Steps tell where a test hangs; those of tests that ended are nobody's business.
    if (message.t === 'end') this.forgetSteps();
    this.messages.push(message);
    if (message.t === 'done') this.ending = 'done';
    this.options.onMessage?.(message);
  }

  private forgetSteps(): void {
    while (this.messages.at(-1)?.t === 'step') this.messages.pop();
  }

  /** How long the child was ready to run and another process had the processor. */
  private waitedMs(): number {
    if (process.platform !== 'linux') return 0;
    try {
      const waitedNs = readFileSync(`/proc/${this.child.pid}/schedstat`, 'utf8').split(' ')[1];
      return Number(waitedNs) / 1e6 || 0;
    } catch {
      // It has just ended, or the system does not tell.
      return 0;
    }
  }

  private checkMemory(): void {
    if (process.platform !== 'linux') return;
    try {
      const pages = Number(readFileSync(`/proc/${this.child.pid}/statm`, 'utf8').split(' ')[1]);
      if (pages * 4 > this.options.limits.residentMb * 1024) this.end('out-of-memory');
    } catch {
      // It has just ended.
    }
  }
}
