/**
 * The node's simulated kernel: processes in namespaces, on shared CPUs, on the course clock. Given.
 *
 * What a process can do is `process.ts`; what limits mean is `../limits/limits.ts`.
 */

import type { Clock } from '#apimachinery';
import { pidsLimitOf } from '../limits/limits.ts';
import type { NetworkStack } from '../network/network-stack.ts';
import type { NodeNetwork } from '../network/node-network.ts';
import { type Credentials, credentialsAfterExec } from '../security/security.ts';
import type { Cgroup } from './cgroup.ts';
import type { ContainerFiles } from './container-files.ts';
import { Cpu } from './cpu.ts';
import { PidNamespace } from './pid-namespace.ts';
import type { ByteSink, ByteSource } from './pipe.ts';
import { Process, SystemError } from './process.ts';
import { findExecutable, type Program, type Programs } from './program.ts';
import type { Terminal } from './terminal.ts';

/** Where a command is looked for when there is no `PATH`. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a kernel is made of. */
export interface KernelOptions {
  readonly clock: Clock;
  /** CPUs that all containers share. */
  readonly cpus: number;
  readonly programs: Programs;
  /** Where connections that leave a namespace go. */
  readonly network: NodeNetwork;
}

/** How a process is started. */
export interface SpawnSpec {
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly credentials: Credentials;
  readonly stdin: ByteSource;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  readonly terminal?: Terminal | undefined;
  readonly parentPid?: number;
  /** Run this; `argv` is not looked up. */
  readonly program?: Program;
  /** Called when the process ends, for example to close its end of a pipe. */
  readonly onEnd?: () => void;
}

/** What the processes of one container share. */
export interface ContainerNamespaceParts {
  readonly files: ContainerFiles;
  readonly cgroup: Cgroup;
  readonly network: NetworkStack;
  readonly hostname: string;
  /** What processes may ever have: for setuid programs. */
  readonly bounding: ReadonlySet<string>;
  readonly unprivilegedPortStart: number;
  /** Which processes it sees: absent, only its own. */
  readonly pids?: PidNamespace | undefined;
  /** Is its first process number 1 of a namespace of its own? Then signals end it only if it says so. */
  readonly hasInit: boolean;
}

/** The processes of one container, and what they share. */
export class ContainerNamespace {
  readonly files: ContainerFiles;
  readonly cgroup: Cgroup;
  readonly network: NetworkStack;
  readonly hostname: string;
  readonly bounding: ReadonlySet<string>;
  readonly unprivilegedPortStart: number;
  readonly hasInit: boolean;
  readonly pids: PidNamespace;
  /** Its own, by the order of their start. */
  readonly #own = new Set<Process>();
  #first: Process | undefined;

  constructor(parts: ContainerNamespaceParts) {
    this.files = parts.files;
    this.cgroup = parts.cgroup;
    this.network = parts.network;
    this.hostname = parts.hostname;
    this.bounding = parts.bounding;
    this.unprivilegedPortStart = parts.unprivilegedPortStart;
    this.hasInit = parts.hasInit;
    this.pids = parts.pids ?? new PidNamespace();
  }

  /** Those it sees, by pid: with a shared namespace others' too. */
  get processes(): Process[] {
    return this.pids.processes;
  }

  process(pid: number): Process | undefined {
    return this.pids.process(pid);
  }

  /** Whom the kernel kills for want of memory: who has most, with what it asks for. */
  largestProcess(asking: Process, bytes: number): Process {
    const sizeOf = (one: Process) => one.memoryBytes + (one === asking ? bytes : 0);
    return [...this.#own].reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a), asking);
  }

  add(make: (pid: number) => Process): Process {
    const limit = pidsLimitOf(this.cgroup.resources);
    if (limit !== undefined && this.#own.size >= limit) {
      throw new SystemError('Resource temporarily unavailable');
    }
    const process = this.pids.add(make);
    this.#first ??= process;
    this.#own.add(process);
    this.cgroup.processes = this.#own.size;
    process.onEnd(() => this.#remove(process));
    return process;
  }

  #remove(process: Process): void {
    this.#own.delete(process);
    this.cgroup.processes = this.#own.size;
    // Without its first process a container has none, also where others go on.
    if (process === this.#first) for (const other of this.#own) other.kill('SIGKILL');
  }
}

/** Starts processes. */
export class Kernel {
  readonly clock: Clock;
  readonly cpu: Cpu;
  readonly network: NodeNetwork;
  readonly #programs: Programs;

  constructor({ clock, cpus, programs, network }: KernelOptions) {
    this.clock = clock;
    this.cpu = new Cpu(clock, cpus);
    this.network = network;
    this.#programs = programs;
  }

  /**
   * Starts a process. The first one of a namespace is its pid 1.
   *
   * @throws ExecError when there is no such program, SystemError when there may be no more processes
   */
  spawn(namespace: ContainerNamespace, spec: SpawnSpec): Process {
    const found = spec.program
      ? { program: spec.program, argv: spec.argv, credentials: spec.credentials }
      : this.#find(namespace, spec);
    const process = namespace.add(
      (pid) =>
        new Process({
          kernel: this,
          namespace,
          pid,
          parentPid: spec.parentPid ?? 0,
          argv: found.argv,
          env: new Map(spec.env),
          cwd: spec.cwd,
          credentials: found.credentials,
          stdin: spec.stdin,
          stdout: spec.stdout,
          stderr: spec.stderr,
          terminal: spec.terminal,
        }),
    );
    if (spec.onEnd) process.onEnd(spec.onEnd);
    process.run(found.program);
    return process;
  }

  #find(namespace: ContainerNamespace, spec: SpawnSpec) {
    const files = namespace.files.as(spec.credentials);
    const path = spec.env.get('PATH') ?? DEFAULT_PATH;
    const search = { files, cwd: spec.cwd, path, programs: this.#programs };
    const { program, path: file, argv } = findExecutable(spec.argv, search);
    const stat = files.stat(file);
    const credentials = stat
      ? credentialsAfterExec(spec.credentials, stat, namespace.bounding)
      : spec.credentials;
    return { program, argv, credentials };
  }
}
