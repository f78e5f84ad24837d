/** Registers the node, keeps its status current, and renews its lease. Given. */

import type { NodeCondition } from 'kubernetes-types/core/v1.js';
import {
  type Clock,
  isAlreadyExists,
  isNotFound,
  type Logger,
  type Node,
  type Random,
  timestamp,
} from '#apimachinery';
import {
  type Client,
  type EventRecorder,
  LEASES,
  type ListOptions,
  NODES,
  SharedInformer,
  type WatchOptions,
} from '#client';
import type { CriClient } from '#container-runtime/cri';
import {
  allocatableOf,
  LEASE_SECONDS,
  mustReport,
  type NodeHealth,
  nodeConditions,
  nodeLease,
  reconciledNode,
  STATUS_UPDATE_MS,
} from './node.ts';

/** What is known of the node from outside. */
export interface NodeOptions {
  readonly name: string;
  /** `InternalIP`s, the first counts. */
  readonly addresses: readonly string[];
  readonly capacity: Readonly<Record<string, string>>;
  readonly reserved?: Readonly<Record<string, string>>;
  readonly evictionHard?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: NonNullable<NonNullable<Node['spec']>['taints']>;
  readonly registerNode?: boolean;
  /** Where the kubelet's own API listens. */
  readonly port?: number;
  readonly architecture?: string;
  readonly kernelVersion?: string;
  readonly osImage?: string;
  /** Another one after each start of the machine. */
  readonly bootId?: string;
  readonly machineId?: string;
}

/** What the reporter needs. */
export interface NodeReporterOptions {
  readonly node: NodeOptions;
  readonly client: Client;
  readonly cri: CriClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly pressures: () => Omit<NodeHealth, 'faults'>;
  /** What is wrong with the kubelet itself, its runtime, and the pods' network. */
  readonly faults: () => readonly string[];
  readonly images: () => NonNullable<Node['status']>['images'];
  /** Is told of the node whenever it was read, before its status is. */
  readonly onNode: (node: Node) => Promise<void>;
}

/** A node that has not been ready yet is looked at so often, milliseconds: it may get its addresses. */
const FIRST_REPORTS_MS = 100;
/** After so long without becoming ready it is looked at as seldom as any other. */
const READY_GRACE_MS = 120_000;

/** Events by condition: when it is true, and when not. */
const EVENTS: Readonly<Record<string, readonly [string, string]>> = {
  MemoryPressure: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  DiskPressure: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  PIDPressure: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
  Ready: ['NodeReady', 'NodeNotReady'],
};

export const KUBELET_VERSION = 'v1.33.0';

/** @see pkg/kubelet/kubelet_node_status.go (1.33) */
export class NodeReporter {
  readonly #options: NodeReporterOptions;
  /** The node alone. A thousand kubelets that ask for theirs every ten seconds are most of all requests. */
  readonly #nodes: SharedInformer<Node>;
  #current: Node | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #runtime = { name: 'unknown', version: '0.0.0' };
  /** What was said of each condition last. */
  readonly #told = new Map<string, string>();
  #wasReady = false;

  constructor(options: NodeReporterOptions) {
    this.#options = options;
    const { client, node, clock, random, log } = options;
    const nodes = client.resource(NODES);
    const fieldSelector = `metadata.name=${node.name}`;
    const source = {
      list: (query: ListOptions) => nodes.list({ ...query, fieldSelector }),
      watch: (query: WatchOptions) => nodes.watch({ ...query, fieldSelector }),
    };
    this.#nodes = new SharedInformer(source, { clock, random, log, name: 'node' });
  }

  /** The node as it was seen last; before that, as it will be registered. */
  get node(): Node {
    return this.#current ?? this.#initial();
  }

  get allocatable(): Record<string, string> {
    const { capacity, reserved = {}, evictionHard = DEFAULT_HARD } = this.#options.node;
    return allocatableOf(capacity, reserved, evictionHard);
  }

  /** Resolves when the signal has aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#register(signal);
    await Promise.all([this.#nodes.run(signal), this.#reportAll(signal), this.#renewAll(signal)]);
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    for (let waitMs = 100; !signal.aborted; waitMs = Math.min(waitMs * 2, 7000)) {
      try {
        await this.#registerOnce(signal);
        return;
      } catch (error) {
        if (!signal.aborted) log.warn('cannot register the node', { error: String(error) });
      }
      await clock.sleep(waitMs, signal).catch(() => {});
    }
  }

  async #registerOnce(signal: AbortSignal): Promise<void> {
    const { client, node, events } = this.#options;
    const nodes = client.resource(NODES);
    await this.#askRuntime();
    const initial = this.#withStatus(this.#initial());
    if (node.registerNode !== false) {
      try {
        this.#current = await nodes.create(initial, { signal });
        this.#writtenAt = this.#options.clock.monotonic();
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
    if (!this.#current) {
      const existing = await nodes.get(node.name, { signal });
      const reconciled =
        node.registerNode === false ? undefined : reconciledNode(existing, initial);
      const bootBefore = existing.status?.nodeInfo?.bootID;
      this.#current = reconciled ? await nodes.update(reconciled, { signal }) : existing;
      const boot = this.#options.node.bootId;
      if (bootBefore && boot && bootBefore !== boot) {
        events.event(
          NODES,
          existing,
          'Warning',
          'Rebooted',
          `Node ${node.name} has been rebooted, boot id: ${boot}`,
        );
      }
    }
    events.event(NODES, this.#reference(), 'Normal', 'Starting', 'Starting kubelet.');
  }

  async #askRuntime(): Promise<void> {
    try {
      const { runtimeName, runtimeVersion } = await this.#options.cri.version({ version: '0.1.0' });
      this.#runtime = { name: runtimeName, version: runtimeVersion };
    } catch (error) {
      this.#options.log.warn('the runtime does not tell its version', { error: String(error) });
    }
  }

  /** As upstream: events about nodes bear the node's name for a uid. */
  #reference(): Node {
    const { name } = this.#options.node;
    return { metadata: { name, uid: name } };
  }

  #initial(): Node {
    const { node } = this.#options;
    const { name, architecture = 'amd64', labels, taints } = node;
    return {
      metadata: {
        name,
        labels: {
          'beta.kubernetes.io/arch': architecture,
          'beta.kubernetes.io/os': 'linux',
          'kubernetes.io/arch': architecture,
          'kubernetes.io/hostname': name,
          'kubernetes.io/os': 'linux',
          ...labels,
        },
        annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
      },
      ...(taints && { spec: { taints: [...taints] } }),
    };
  }

  #withStatus(node: Node): Node {
    const { node: own, clock, pressures } = this.#options;
    const { capacity, addresses, port = 10_250 } = own;
    const now = timestamp(clock.now());
    const health = { ...pressures(), faults: this.#options.faults() };
    return {
      ...node,
      status: {
        ...node.status,
        capacity: { ...capacity },
        allocatable: this.allocatable,
        conditions: nodeConditions(health, node.status?.conditions ?? [], now),
        addresses: [
          ...addresses.map((address) => ({ type: 'InternalIP', address })),
          { type: 'Hostname', address: own.name },
        ],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
        nodeInfo: {
          machineID: own.machineId ?? own.name,
          systemUUID: own.machineId ?? own.name,
          bootID: own.bootId ?? '',
          kernelVersion: own.kernelVersion ?? '6.1.0',
          osImage: own.osImage ?? 'Kubernetes from scratch',
          containerRuntimeVersion: `${this.#runtime.name}://${this.#runtime.version}`,
          kubeletVersion: KUBELET_VERSION,
          kubeProxyVersion: '',
          operatingSystem: 'linux',
          architecture: own.architecture ?? 'amd64',
        },
        images: this.#options.images() ?? [],
      },
    };
  }

  async #reportAll(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options;
    const hurriesUntil = clock.monotonic() + READY_GRACE_MS;
    while (!signal.aborted) {
      try {
        await this.report(signal);
      } catch (error) {
        if (!signal.aborted) log.warn('cannot report the node', { error: String(error) });
      }
      const isLate = this.#wasReady || clock.monotonic() >= hurriesUntil;
      const waitMs = isLate ? random.jitter(STATUS_UPDATE_MS, 0.04) : FIRST_REPORTS_MS;
      await clock.sleep(waitMs, signal).catch(() => {});
    }
  }

  /** Writes the status, if there is something new or it is time. */
  async report(signal?: AbortSignal): Promise<void> {
    const { client, node, clock } = this.#options;
    const nodes = client.resource(NODES);
    const options = signal ? { signal } : {};
    const known = this.#nodes.lister.get(node.name) ?? (await nodes.get(node.name, options));
    if (this.#runtime.name === 'unknown') await this.#askRuntime();
    await this.#options.onNode(known);
    const next = this.#withStatus(known);
    const since = clock.monotonic() - this.#writtenAt;
    this.#current = known;
    if (mustReport(known.status ?? {}, next.status ?? {}, since)) {
      const { addresses = [], ...rest } = next.status ?? {};
      const status = { ...rest, addresses: [...addresses, { $patch: 'replace' }] };
      const patch = { metadata: { uid: known.metadata?.uid }, status };
      this.#current = await nodes.patch(node.name, 'strategic-merge-patch', patch, {
        subresource: 'status',
        ...options,
      });
      this.#writtenAt = clock.monotonic();
    }
    this.#tellChanges(next.status?.conditions ?? []);
  }

  /** An event for each condition that is not what it was. */
  #tellChanges(conditions: readonly NodeCondition[]): void {
    const { node, events } = this.#options;
    for (const { type, status } of conditions) {
      const [whenTrue, whenFalse] = EVENTS[type] ?? [];
      const before = this.#told.get(type);
      if (whenTrue === undefined || before === status) continue;
      this.#told.set(type, status);
      // Every node is not ready at first.
      if (type === 'Ready' && before === undefined && status !== 'True') continue;
      const reason = status === 'True' ? whenTrue : (whenFalse ?? '');
      const message = `Node ${node.name} status is now: ${reason}`;
      events.event(NODES, this.#reference(), 'Normal', reason, message);
    }
    this.#wasReady ||= this.#told.get('Ready') === 'True';
  }

  async #renewAll(signal: AbortSignal): Promise<void> {
    const { clock, log, client, node } = this.#options;
    const leases = client.resource(LEASES, 'kube-node-lease');
    let known: Awaited<ReturnType<typeof leases.get>> | undefined;
    while (!signal.aborted) {
      try {
        const next = nodeLease(known, node.name, this.#current, clock.now());
        known = known
          ? await leases.update(next, { signal })
          : await leases.create(next, { signal });
      } catch (error) {
        if (signal.aborted) return;
        known = await leases.get(node.name, { signal }).catch(() => undefined);
        if (!isAlreadyExists(error) && !isNotFound(error)) {
          log.warn('cannot renew the lease', { error: String(error) });
        }
        if (known) {
          const next = nodeLease(known, node.name, this.#current, clock.now());
          known = await leases.update(next, { signal }).catch(() => undefined);
        }
      }
      await clock.sleep((LEASE_SECONDS * 1000) / 4, signal).catch(() => {});
    }
  }
}

const DEFAULT_HARD = { memory: '100Mi', 'ephemeral-storage': '10%' };
