/**
 * A process as its program sees it: arguments, files, streams, time, signals, sockets. Given.
 *
 * Everything that takes time rejects when the process is killed, so a program ends at its next
 * `await`. Programs must charge for what they do (`work`): a loop that takes no time never ends.
 */

import type { NetworkProtocol } from '#apimachinery';
import { chargeMemory } from '../limits/limits.ts';
import type { Connection } from '../network/connection.ts';
import { counted, type Listener } from '../network/network-stack.ts';
import type { SecureOptions } from '../network/node-network.ts';
import { type Credentials, mayBind, maySignal } from '../security/security.ts';
import type { ContainerFiles } from './container-files.ts';
import type { ContainerNamespace, Kernel, SpawnSpec } from './kernel.ts';
import { BrokenPipe, type ByteSink, type ByteSource } from './pipe.ts';
import type { Program } from './program.ts';
import { endsProcess, exitCodeOf, type SignalName } from './signals.ts';
import type { Terminal } from './terminal.ts';

/** How a process ended. */
export interface ExitStatus {
  readonly exitCode: number;
  readonly signal?: SignalName;
  /** The kernel killed it for want of memory. */
  readonly isOomKilled: boolean;
}

/** What `await`s of a killed process reject with. Programs let it pass. */
export class ProcessEnded extends Error {
  override readonly name = 'ProcessEnded';
}

/** Thrown for a call that the kernel refuses, with its text. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
}

/** What a process is made of. */
export interface ProcessParts {
  readonly kernel: Kernel;
  readonly namespace: ContainerNamespace;
  readonly pid: number;
  readonly parentPid: number;
  readonly argv: readonly string[];
  readonly env: Map<string, string>;
  readonly cwd: string;
  readonly credentials: Credentials;
  readonly stdin: ByteSource;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  readonly terminal: Terminal | undefined;
}

/** A running program. */
export class Process {
  readonly pid: number;
  readonly parentPid: number;
  readonly argv: readonly string[];
  readonly env: Map<string, string>;
  readonly credentials: Credentials;
  readonly files: ContainerFiles;
  readonly stdin: ByteSource;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  readonly terminal: Terminal | undefined;
  readonly namespace: ContainerNamespace;
  /** Resolves when it has ended, however. */
  readonly exited: Promise<ExitStatus>;
  cwd: string;
  readonly #kernel: Kernel;
  readonly #life = new AbortController();
  readonly #handlers = new Map<SignalName, () => void>();
  readonly #listeners = new Set<Listener>();
  readonly #cleanups: (() => void)[] = [];
  #memoryBytes = 0;
  #resolveExit: (status: ExitStatus) => void = () => {};
  #status: ExitStatus | undefined;

  constructor(parts: ProcessParts) {
    this.#kernel = parts.kernel;
    this.namespace = parts.namespace;
    this.pid = parts.pid;
    this.parentPid = parts.parentPid;
    this.argv = parts.argv;
    this.env = parts.env;
    this.cwd = parts.cwd;
    this.credentials = parts.credentials;
    this.files = parts.namespace.files.as(parts.credentials);
    this.stdin = parts.stdin;
    this.stdout = parts.stdout;
    this.stderr = parts.stderr;
    this.terminal = parts.terminal;
    this.exited = new Promise((resolve) => {
      this.#resolveExit = resolve;
    });
    if (this.terminal) this.#cleanups.push(this.terminal.onSignal((signal) => this.kill(signal)));
  }

  /** How it ended; `undefined` while it runs. */
  get status(): ExitStatus | undefined {
    return this.#status;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Runs the program. Once. */
  run(program: Program): void {
    Promise.resolve()
      .then(() => (this.#status ? 0 : program(this)))
      .then(
        (exitCode) => this.#end({ exitCode: exitCode & 255, isOomKilled: false }),
        (error: unknown) => this.#fail(error),
      );
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#kernel.clock.now();
  }

  sleep(ms: number): Promise<void> {
    return this.#kernel.clock.sleep(ms, this.#life.signal);
  }

  /** Uses a CPU for so many milliseconds; takes longer when others want it, too. */
  work(cpuMs: number): Promise<void> {
    return this.#kernel.cpu.work(this.namespace.cgroup, cpuMs, this.#life.signal);
  }

  /** Waits for something else, unless the process ends before. */
  wait<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.#life;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  /** The next bytes of standard input; `undefined` at its end. */
  read(): Promise<Uint8Array | undefined> {
    return this.wait(this.stdin.read());
  }

  async write(text: string | Uint8Array): Promise<void> {
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    await this.wait(Promise.resolve(this.stdout.write(bytes)));
  }

  async writeError(text: string): Promise<void> {
    await this.wait(Promise.resolve(this.stderr.write(new TextEncoder().encode(text))));
  }

  /**
   * Takes memory. A container over its limit has its largest process killed, maybe this one.
   *
   * @throws ProcessEnded when it was this one
   */
  allocate(bytes: number): void {
    const { cgroup } = this.namespace;
    while (chargeMemory(cgroup.resources, cgroup.memoryBytes, bytes) === 'oom') {
      const victim = this.namespace.largestProcess(this, bytes);
      cgroup.oomKills++;
      victim.#kill('SIGKILL', true);
      if (victim === this) throw this.#life.signal.reason;
    }
    this.#memoryBytes += bytes;
    cgroup.memoryBytes += bytes;
    cgroup.peakMemoryBytes = Math.max(cgroup.peakMemoryBytes, cgroup.memoryBytes);
  }

  free(bytes: number): void {
    const freed = Math.min(bytes, this.#memoryBytes);
    this.#memoryBytes -= freed;
    this.namespace.cgroup.memoryBytes -= freed;
  }

  /** Calls `handler` instead of what a signal does by default; `undefined` undoes that. */
  onSignal(signal: SignalName, handler: (() => void) | undefined): void {
    if (handler === undefined) this.#handlers.delete(signal);
    else this.#handlers.set(signal, handler);
  }

  /** Resolves at the next of these signals. */
  untilSignal(...signals: SignalName[]): Promise<SignalName> {
    return this.wait(
      new Promise((resolve) => {
        for (const signal of signals) this.onSignal(signal, () => resolve(signal));
      }),
    );
  }

  /** Somebody sends a signal. What ignores it: the first process of a container, without a handler. */
  kill(signal: SignalName): void {
    this.#kill(signal, false);
  }

  /** Sends a signal to another process of the container. @throws SystemError */
  sendSignal(pid: number, signal: SignalName): void {
    const target = this.namespace.process(pid);
    if (target === undefined) throw new SystemError('No such process');
    if (!maySignal(this.credentials, target.credentials)) {
      throw new SystemError('Operation not permitted');
    }
    // A container cannot kill its own first process.
    if (target.pid === 1 && signal === 'SIGKILL') return;
    target.kill(signal);
  }

  /** Starts another process in the container. @throws ExecError, SystemError */
  spawn(argv: readonly string[], spec: Partial<SpawnSpec> = {}): Process {
    return this.#kernel.spawn(this.namespace, {
      argv,
      env: this.env,
      cwd: this.cwd,
      credentials: this.credentials,
      stdin: this.stdin,
      stdout: this.stdout,
      stderr: this.stderr,
      terminal: this.terminal,
      parentPid: this.pid,
      ...spec,
    });
  }

  /** Starts what is no file: part of a shell. */
  fork(program: Program, spec: Partial<SpawnSpec> = {}): Process {
    return this.spawn(this.argv, { program, ...spec });
  }

  /** Listens at a port of the sandbox, until the process ends. @throws SystemError */
  listen(port: number, protocol: NetworkProtocol = 'TCP'): Listener {
    if (!mayBind(this.credentials, port, this.namespace.unprivilegedPortStart)) {
      throw new SystemError(`bind() to 0.0.0.0:${port} failed (13: Permission denied)`);
    }
    const listener = this.namespace.network.listen(port, protocol);
    this.#listeners.add(listener);
    return listener;
  }

  /** Connects to an address, until the process ends. @throws DialError, as a rejection */
  async dial(ip: string, port: number, protocol: NetworkProtocol = 'TCP'): Promise<Connection> {
    const { network } = this.namespace;
    const isOwn = ip.startsWith('127.') || network.ips.includes(ip);
    const connection = isOwn
      ? network.connect(ip, ip, port, protocol)
      : await this.wait(this.#kernel.network.dial(network.ip, ip, port, protocol));
    this.#cleanups.push(() => connection.close());
    return isOwn ? connection : counted(connection, network.traffic);
  }

  /** TLS over a connection of `dial`. @throws Error, as a rejection */
  async secure(connection: Connection, options: SecureOptions): Promise<Connection> {
    const { network } = this.#kernel;
    if (!network.secure) throw new Error('TLS is not available here');
    return this.wait(network.secure(connection, options));
  }

  /** Calls something when the process ends. */
  onEnd(cleanup: () => void): void {
    if (this.#status) cleanup();
    else this.#cleanups.push(cleanup);
  }

  #kill(signal: SignalName, isOomKilled: boolean): void {
    if (this.#status) return;
    const handler = this.#handlers.get(signal);
    if (signal !== 'SIGKILL' && handler !== undefined) {
      handler();
      return;
    }
    const isProtected = this.pid === 1 && this.namespace.hasInit && signal !== 'SIGKILL';
    if (isProtected || !endsProcess(signal)) return;
    this.#end({ exitCode: exitCodeOf(signal), signal, isOomKilled });
  }

  #fail(error: unknown): void {
    if (this.#status) return;
    if (error instanceof BrokenPipe) {
      this.#end({ exitCode: exitCodeOf('SIGPIPE'), signal: 'SIGPIPE', isOomKilled: false });
      return;
    }
    const text = error instanceof Error ? error.message : String(error);
    const [name = 'process'] = this.argv;
    void Promise.resolve(this.stderr.write(new TextEncoder().encode(`${name}: ${text}\n`))).catch(
      () => {},
    );
    this.#end({ exitCode: 1, isOomKilled: false });
  }

  #end(status: ExitStatus): void {
    if (this.#status) return;
    this.#status = status;
    this.#life.abort(new ProcessEnded('the process has ended'));
    this.free(this.#memoryBytes);
    for (const listener of this.#listeners) listener.close();
    for (const cleanup of this.#cleanups) cleanup();
    this.#resolveExit(status);
  }
}
