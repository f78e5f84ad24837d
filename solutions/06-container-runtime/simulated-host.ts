/**
 * Runs containers on the simulated kernel. Given.
 *
 * It puts the parts together: images, files, users, limits, network, logs. What becomes of a
 * container in time is `containers/containers.ts`, which asks this.
 */

import type { Clock, FileSystem } from '#apimachinery';
import { ContainerOutput } from './container-output.ts';
import {
  commandLine,
  DEFAULT_MASKED_PATHS,
  DEFAULT_READONLY_PATHS,
  environment,
  homeOf,
  makeDirectories,
  readText,
  writeEtc,
} from './container-setup.ts';
import type {
  ContainerHost,
  ContainerProcess,
  PreparedContainer,
} from './containers/container-host.ts';
import {
  type ContainerConfig,
  CriError,
  type LinuxContainerResources,
  type PodSandboxConfig,
} from './cri/index.ts';
import type { ImageStore, StoredImage } from './images/image-store.ts';
import { OverlayFiles } from './images/overlay-files.ts';
import { Cgroup } from './kernel/cgroup.ts';
import { ContainerFiles } from './kernel/container-files.ts';
import { ContainerNamespace, Kernel, type SpawnSpec } from './kernel/kernel.ts';
import { PidNamespace } from './kernel/pid-namespace.ts';
import { type ByteSink, emptySource, Pipe } from './kernel/pipe.ts';
import { procFile } from './kernel/proc-files.ts';
import { type Process, SystemError } from './kernel/process.ts';
import { ExecError, type Programs } from './kernel/program.ts';
import { parseSignal } from './kernel/signals.ts';
import { Terminal } from './kernel/terminal.ts';
import { ContainerLog } from './logs-stats-exec/logs-stats-exec.ts';
import { type MountTable, mountTable } from './mounts/mounts.ts';
import type { NodeNetwork } from './network/node-network.ts';
import { SandboxNetworks } from './sandbox-networks.ts';
import { type Credentials, capabilitiesOf, credentialsOf } from './security/security.ts';

/** What a host is made of. */
export interface SimulatedHostOptions {
  readonly clock: Clock;
  /** The node's files: logs, and what is mounted. */
  readonly files: FileSystem;
  readonly images: ImageStore;
  readonly programs: Programs;
  readonly cpus: number;
  readonly network: NodeNetwork;
  readonly nodeIp: string;
  readonly nodeName: string;
  readonly podCidr: string;
}

/** A container as the host knows it. */
export interface HostContainer {
  readonly config: ContainerConfig;
  readonly namespace: ContainerNamespace;
  readonly overlay: OverlayFiles;
  readonly credentials: Credentials;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly argv: readonly string[];
  readonly output: ContainerOutput;
  readonly logPath: string;
  readonly layers: readonly string[];
  stdin: Pipe | undefined;
  terminal: Terminal | undefined;
  process: Process | undefined;
}

/** The node below the containers. */
export class SimulatedHost implements ContainerHost {
  readonly networks: SandboxNetworks;
  readonly kernel: Kernel;
  readonly #options: SimulatedHostOptions;
  readonly #sandboxes = new Map<string, PodSandboxConfig>();
  readonly #containers = new Map<string, HostContainer>();
  /** Process namespaces of sandboxes whose containers share one. */
  readonly #sharedPids = new Map<string, PidNamespace>();

  constructor(options: SimulatedHostOptions) {
    this.#options = options;
    this.networks = new SandboxNetworks(options.network, options.nodeIp, options.podCidr);
    this.kernel = new Kernel(options);
  }

  async setUpSandbox(id: string, config: PodSandboxConfig): Promise<readonly string[]> {
    try {
      const ips = this.networks.setUp(id, config);
      this.#sandboxes.set(id, config);
      return ips;
    } catch (error) {
      const text = error instanceof CriError ? error.description : String(error);
      throw new CriError('UNKNOWN', `failed to setup network for sandbox "${id}": ${text}`);
    }
  }

  async tearDownSandbox(id: string): Promise<void> {
    this.networks.tearDown(id);
    this.#sandboxes.delete(id);
    this.#sharedPids.delete(id);
  }

  async prepareContainer(
    id: string,
    sandboxId: string,
    config: ContainerConfig,
  ): Promise<PreparedContainer> {
    const image = this.#image(config);
    const sandbox = this.#sandboxes.get(sandboxId) ?? {
      metadata: { name: '', uid: '', namespace: '', attempt: 0 },
    };
    const mounts = this.#mounts(config);
    const overlay = new OverlayFiles(
      image.layers.map(({ entries }) => entries),
      this.#options.clock,
    );
    const network = this.networks.stack(sandboxId);
    const hostname =
      sandbox.hostname || (network === this.networks.host ? this.#options.nodeName : '');
    writeEtc(overlay, sandbox, { hostname, ip: network.ip });
    const passwd = readText(overlay, '/etc/passwd');
    const context = config.linux?.securityContext ?? {};
    const users = { user: image.config.user, passwd, group: readText(overlay, '/etc/group') };
    const credentials = credentialsOf(context, users);
    const cwd = config.workingDir || image.config.workingDir || '/';
    makeDirectories(overlay, cwd);
    const start = sandbox.linux?.sysctls?.['net.ipv4.ip_unprivileged_port_start'];
    const namespace: ContainerNamespace = new ContainerNamespace({
      files: new ContainerFiles(
        {
          overlay,
          mounts,
          node: this.#options.files,
          virtual: (path) => procFile(namespace, path),
        },
        credentials,
      ),
      cgroup: new Cgroup(config.linux?.resources),
      network,
      hostname,
      bounding: capabilitiesOf(context),
      unprivilegedPortStart: start === undefined ? 1024 : Number(start),
      pids: this.#pids(sandboxId, config),
      hasInit: (context.namespaceOptions?.pid ?? 'CONTAINER') === 'CONTAINER',
    });
    const logPath = logPathOf(sandbox, config);
    this.#containers.set(id, {
      config,
      namespace,
      overlay,
      credentials,
      env: environment(config, image.config, { hostname, home: homeOf(passwd, credentials.uid) }),
      cwd,
      argv: commandLine(config, image.config),
      output: new ContainerOutput(this.#log(logPath)),
      logPath,
      layers: image.layers.map(({ digest }) => digest),
      stdin: config.stdin ? new Pipe() : undefined,
      terminal: undefined,
      process: undefined,
    });
    const { uid, gid, groups } = credentials;
    return {
      imageId: image.id,
      imageRef: image.repoDigests[0] ?? image.id,
      stopSignal: stopSignalOf(config, image),
      user: { uid, gid, supplementalGroups: groups },
    };
  }

  async startContainer(id: string): Promise<ContainerProcess> {
    const container = this.container(id);
    const { output, config } = container;
    const terminal = config.tty ? new Terminal(output.sink('stdout')) : undefined;
    container.terminal = terminal;
    if (terminal && container.stdin) void terminal.connect(container.stdin).catch(() => {});
    const process = this.#start(container, {
      argv: container.argv,
      stdin: terminal?.input ?? container.stdin ?? emptySource,
      stdout: terminal?.output ?? output.sink('stdout'),
      stderr: terminal?.output ?? output.sink('stderr'),
      terminal,
    });
    container.process = process;
    process.onEnd(() => output.close());
    return {
      kill: (signal) => process.kill(parseSignal(signal) ?? 'SIGTERM'),
      exited: process.exited,
    };
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    container.process?.kill('SIGKILL');
    this.#containers.delete(id);
  }

  /** Starts a command in a container that runs. @throws CriError */
  exec(
    id: string,
    spec: Pick<SpawnSpec, 'argv' | 'stdin' | 'stdout' | 'stderr' | 'terminal'>,
  ): Process {
    const container = this.container(id);
    try {
      const env = new Map(container.env);
      if (spec.terminal) env.set('TERM', 'xterm');
      const { cwd, credentials, namespace } = container;
      return this.kernel.spawn(namespace, { ...spec, env, cwd, credentials });
    } catch (error) {
      if (!(error instanceof ExecError || error instanceof SystemError)) throw error;
      throw new CriError(
        'UNKNOWN',
        `failed to exec in container: failed to start exec "${id}": OCI runtime exec failed: exec failed: unable to start container process: ${error.message}: unknown`,
      );
    }
  }

  container(id: string): HostContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new CriError('NOT_FOUND', `container "${id}": not found`);
    return container;
  }

  updateResources(id: string, resources: LinuxContainerResources): void {
    const { cgroup } = this.container(id).namespace;
    cgroup.resources = { ...cgroup.resources, ...resources };
    this.kernel.cpu.reshare();
  }

  /** Layers that containers stand on. */
  get layersInUse(): string[] {
    return [...this.#containers.values()].flatMap(({ layers }) => layers);
  }

  #start(
    container: HostContainer,
    spec: Pick<SpawnSpec, 'argv' | 'stdin' | 'stdout' | 'stderr' | 'terminal'>,
  ): Process {
    try {
      const { env, cwd, credentials, namespace } = container;
      return this.kernel.spawn(namespace, { ...spec, env, cwd, credentials });
    } catch (error) {
      container.output.close();
      if (!(error instanceof ExecError || error instanceof SystemError)) throw error;
      throw new CriError(
        'UNKNOWN',
        `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${error.message}: unknown`,
      );
    }
  }

  #image({ image }: ContainerConfig): StoredImage {
    const found = this.#options.images.get(image.image);
    if (found !== undefined) return found;
    throw new CriError('NOT_FOUND', `failed to resolve image "${image.image}": not found`);
  }

  /** Whose processes a container sees; `undefined` for its own only. @throws CriError */
  #pids(sandboxId: string, { linux }: ContainerConfig): PidNamespace | undefined {
    const { pid, targetId = '' } = linux?.securityContext?.namespaceOptions ?? {};
    if (pid === 'TARGET') {
      const target = this.#containers.get(targetId);
      if (target?.process !== undefined && target.process.status === undefined) {
        return target.namespace.pids;
      }
      throw new CriError('UNKNOWN', `invalid target container: "${targetId}" is not running`);
    }
    if (pid !== 'POD') return undefined;
    const shared = this.#sharedPids.get(sandboxId) ?? new PidNamespace(1);
    this.#sharedPids.set(sandboxId, shared);
    return shared;
  }

  #mounts(config: ContainerConfig): MountTable {
    const { files } = this.#options;
    for (const { hostPath, image, containerPath } of config.mounts ?? []) {
      if (image !== undefined) {
        throw new CriError(
          'UNIMPLEMENTED',
          `mount ${containerPath}: image volumes are not supported`,
        );
      }
      if (files.stat(hostPath) === undefined) files.makeDirectory(hostPath);
    }
    const context = config.linux?.securityContext ?? {};
    const isPrivileged = context.privileged ?? false;
    return mountTable(config.mounts ?? [], {
      readonlyRootfs: context.readonlyRootfs ?? false,
      maskedPaths: isPrivileged ? [] : (context.maskedPaths ?? DEFAULT_MASKED_PATHS),
      readonlyPaths: isPrivileged ? [] : (context.readonlyPaths ?? DEFAULT_READONLY_PATHS),
    });
  }

  #log(path: string): ContainerLog | undefined {
    if (path === '') return undefined;
    const { files, clock } = this.#options;
    return new ContainerLog({
      files,
      path,
      now: () => BigInt(Math.floor(clock.now())) * 1_000_000n,
    });
  }
}

function logPathOf(
  { logDirectory = '' }: PodSandboxConfig,
  { logPath = '' }: ContainerConfig,
): string {
  return logDirectory === '' || logPath === ''
    ? ''
    : `${logDirectory.replace(/\/$/, '')}/${logPath}`;
}

function stopSignalOf({ stopSignal = '' }: ContainerConfig, image: StoredImage): string {
  if (stopSignal !== '' && stopSignal !== 'RUNTIME_DEFAULT') return stopSignal;
  return image.config.stopSignal || 'SIGTERM';
}

/** Takes bytes for a function. */
export function sinkTo(write: (bytes: Uint8Array) => void | Promise<void>): ByteSink {
  return { write, close: () => {} };
}
