/**
 * The node lifecycle controller: it looks at every node again and again, says which are silent, and
 * taints them, as `node-lifecycle.ts` decides. Given.
 *
 * Deleting the pods of tainted nodes is `taint-eviction-controller.ts`.
 */

import type { Lease } from 'kubernetes-types/coordination/v1.js';
import type { Node, Pod, Taint } from 'kubernetes-types/core/v1.js';
import {
  findCondition,
  isNotFound,
  semanticallyEqual,
  setCondition,
  timestamp,
} from '#apimachinery';
import {
  BucketRateLimiter,
  type EventRecorder,
  LEASES,
  NODES,
  PODS,
  retryOnConflict,
  type SharedInformer,
} from '#client';
import { ControlLoop, SYNC_POLL_MS } from '../control-loop.ts';
import type { Controller, ControllerContext, NewController } from '../controller.ts';
import { finalState } from '../owners.ts';
import {
  type EvictionRates,
  evictingTaint,
  evictionRates,
  type Heartbeat,
  listen,
  type Patience,
  schedulingTaints,
  silentConditions,
  type ZoneCount,
} from './node-lifecycle.ts';
import { OWN_TAINTS } from './node-taints.ts';
import { PODS_BY_NODE, podsByNode } from './pods-by-node.ts';

const NAME = 'node-lifecycle-controller';
const LEASE_NAMESPACE = 'kube-node-lease';

/** How patient the controller is, and how fast. */
export interface NodeLifecycleOptions extends Partial<Patience>, Partial<EvictionRates> {
  /** How often it looks at all nodes. */
  readonly monitorPeriodMs?: number;
}

const DEFAULTS = {
  monitorPeriodMs: 5000,
  gracePeriodMs: 50_000,
  startupGracePeriodMs: 60_000,
  normal: 0.1,
  secondary: 0.01,
  largeClusterSize: 50,
  unhealthyThreshold: 0.55,
};

/** Makes the controller of nodes' conditions and taints. */
export function newNodeLifecycleController(options: NodeLifecycleOptions = {}): NewController {
  return (context) => new NodeLifecycleController(context, { ...DEFAULTS, ...options });
}

interface Zone {
  rate: number;
  limiter: BucketRateLimiter<string>;
  /** When each node of the zone may be tainted, by the monotonic clock. */
  readonly due: Map<string, number>;
}

class NodeLifecycleController implements Controller {
  readonly name = NAME;
  readonly #context: ControllerContext;
  readonly #options: typeof DEFAULTS;
  readonly #events: EventRecorder;
  readonly #nodes: SharedInformer<Node>;
  readonly #leases: SharedInformer<Lease>;
  readonly #pods: SharedInformer<Pod>;
  readonly #heartbeats = new Map<string, Heartbeat>();
  readonly #zones = new Map<string, Zone>();
  /** Nodes that were ready when they were last looked at. */
  readonly #ready = new Set<string>();
  /** Nodes that changed. */
  readonly #changes: ControlLoop;

  constructor(context: ControllerContext, options: typeof DEFAULTS) {
    this.#context = context;
    this.#options = options;
    const { informers } = context;
    this.#events = context.recorder(NAME);
    this.#nodes = informers.informer(NODES);
    this.#leases = informers.informer(LEASES);
    this.#pods = podsByNode(context);
    this.#changes = new ControlLoop({
      name: NAME,
      clock: context.clock,
      log: context.log,
      reconcile: (name) => this.#taintForScheduling(name),
      synced: [() => this.#nodes.hasSynced()],
    });
    this.#nodes.addEventHandler({
      onAdd: (node) => {
        this.#changes.enqueue(nameOf(node));
        this.#tell(node, 'RegisteredNode', `Registered Node ${nameOf(node)} in Controller`);
      },
      onUpdate: (_, node) => this.#changes.enqueue(nameOf(node)),
      onDelete: (gone) => {
        const node = finalState(gone);
        this.#heartbeats.delete(nameOf(node));
        this.#ready.delete(nameOf(node));
        for (const zone of this.#zones.values()) zone.due.delete(nameOf(node));
        this.#tell(node, 'RemovingNode', `Removing Node ${nameOf(node)} from Controller`);
      },
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#changes.run(signal), this.#lookAgainAndAgain(signal)]);
  }

  async #lookAgainAndAgain(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const { monitorPeriodMs } = this.#options;
    const informers = [this.#nodes, this.#leases, this.#pods];
    try {
      while (!informers.every((one) => one.hasSynced())) await clock.sleep(SYNC_POLL_MS, signal);
      for (;;) {
        signal.throwIfAborted();
        await this.#lookAtAll();
        await clock.sleep(monitorPeriodMs, signal);
      }
    } catch (error) {
      // Sleeping ends with the signal.
      if (!signal.aborted) throw error;
    }
  }

  /** First what all of them say; how many are silent decides how fast any is emptied. */
  async #lookAtAll(): Promise<void> {
    const nodes: Node[] = [];
    for (const cached of this.#nodes.lister.list()) {
      const node = await this.#tolerate(cached, () => this.#monitor(cached));
      if (node) nodes.push(node);
    }
    this.#setRates(nodes);
    const nowMs = this.#context.clock.monotonic();
    for (const node of nodes) await this.#tolerate(node, () => this.#taint(node, nowMs));
  }

  /** What fails for one node must not keep others from being looked after; it is tried next time. */
  async #tolerate<R>(node: Node, act: () => Promise<R>): Promise<R | undefined> {
    try {
      return await act();
    } catch (error) {
      this.#context.log.warn('a node could not be looked after', { node: nameOf(node), error });
      return undefined;
    }
  }

  /** @returns the node as it is then; `undefined` when it is gone */
  async #monitor(cached: Node): Promise<Node | undefined> {
    const { clock } = this.#context;
    const name = nameOf(cached);
    const lease = this.#leases.lister.get(`${LEASE_NAMESPACE}/${name}`);
    const nowMs = clock.monotonic();
    const heartbeat = listen(cached, lease, this.#heartbeats.get(name), nowMs);
    this.#heartbeats.set(name, heartbeat);
    const time = { wallMs: clock.now(), nowMs };
    const conditions = silentConditions(cached, heartbeat, this.#options, time);
    const node = conditions ? await this.#writeConditions(cached, conditions) : cached;
    if (node) await this.#noteReadiness(node);
    return node;
  }

  async #writeConditions(
    node: Node,
    conditions: NonNullable<Node['status']>['conditions'],
  ): Promise<Node | undefined> {
    try {
      const status = { ...node.status, conditions };
      return await this.#context.client.resource(NODES).updateStatus({ ...node, status });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Of a node that is not ready any more, the pods are not either: nobody there would say so. */
  async #noteReadiness(node: Node): Promise<void> {
    const name = nameOf(node);
    const isReady = findCondition(node.status?.conditions, 'Ready')?.status === 'True';
    if (isReady) this.#ready.add(name);
    else {
      if (this.#ready.delete(name)) {
        this.#tell(node, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`, '');
      }
      for (const pod of this.#pods.lister.byIndex(PODS_BY_NODE, name))
        await this.#markNotReady(pod);
    }
  }

  async #markNotReady(pod: Pod): Promise<void> {
    const { client, clock } = this.#context;
    const ready = findCondition(pod.status?.conditions, 'Ready');
    if (ready?.status !== 'True') return;
    const conditions = [...(pod.status?.conditions ?? [])];
    const now = timestamp(clock.now());
    setCondition(conditions, { ...ready, status: 'False', lastTransitionTime: now }, clock);
    const { namespace, name } = pod.metadata ?? {};
    try {
      await client
        .resource(PODS, namespace)
        .updateStatus({ ...pod, status: { ...pod.status, conditions } });
      this.#events.event(PODS, pod, 'Warning', 'NodeNotReady', 'Node is not ready');
    } catch (error) {
      if (isNotFound(error)) return;
      throw new Error(`pod ${namespace}/${name} of a node that is not ready`, { cause: error });
    }
  }

  /** What a node says of itself keeps pods away, or lets them come, without waiting for the next look. */
  async #taintForScheduling(name: string): Promise<void> {
    const node = this.#nodes.lister.get(name);
    if (node === undefined) return;
    const own = ownTaints(node);
    const wanted = [
      ...schedulingTaints(node),
      ...own.filter(({ effect }) => effect === 'NoExecute'),
    ];
    if (semanticallyEqual(textOf(own), textOf(wanted))) return;
    await this.#writeTaints(name, wanted);
  }

  /** Taints that keep pods away come at once; the one that drives them off when its zone may have it. */
  async #taint(node: Node, nowMs: number): Promise<void> {
    const evicting = evictingTaint(node);
    const zone = this.#zoneOf(node);
    const name = nameOf(node);
    if (!evicting) zone.due.delete(name);
    const has = node.spec?.taints?.some(
      ({ key, effect }) => effect === 'NoExecute' && OWN_TAINTS.has(key),
    );
    const isDue = has === true || (evicting !== undefined && this.#isDue(zone, name, nowMs));
    const wanted = [...schedulingTaints(node), ...(evicting && isDue ? [evicting] : [])];
    if (semanticallyEqual(textOf(ownTaints(node)), textOf(wanted))) return;
    await this.#writeTaints(name, wanted);
  }

  #isDue(zone: Zone, name: string, nowMs: number): boolean {
    // A zone in which nothing may happen remembers nobody: its nodes line up when it may.
    if (zone.rate === 0) return false;
    const due = zone.due.get(name) ?? nowMs + zone.limiter.when(name);
    zone.due.set(name, due);
    return due <= nowMs;
  }

  async #writeTaints(name: string, wanted: readonly Taint[]): Promise<void> {
    const { client, clock } = this.#context;
    const nodes = client.resource(NODES);
    const timeAdded = timestamp(clock.now());
    const attempt = async (): Promise<void> => {
      const node = await nodes.get(name);
      const before = node.spec?.taints ?? [];
      const own = wanted.map(
        (taint) =>
          before.find(({ key, effect }) => key === taint.key && effect === taint.effect) ?? {
            ...taint,
            timeAdded,
          },
      );
      const taints = [...before.filter(({ key }) => !OWN_TAINTS.has(key)), ...own];
      await nodes.update({ ...node, spec: { ...node.spec, taints } });
    };
    try {
      await retryOnConflict(this.#context, attempt);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #setRates(nodes: readonly Node[]): void {
    const counts = new Map<string, ZoneCount>();
    for (const node of nodes) {
      const zone = zoneName(node);
      const { ready, notReady } = counts.get(zone) ?? { ready: 0, notReady: 0 };
      const isReady = findCondition(node.status?.conditions, 'Ready')?.status === 'True';
      counts.set(zone, {
        ready: ready + Number(isReady),
        notReady: notReady + Number(!isReady),
      });
    }
    for (const [name, rate] of evictionRates(counts, this.#options)) {
      const zone = this.#zone(name);
      if (zone.rate === rate) continue;
      zone.rate = rate;
      zone.limiter = this.#newLimiter(rate);
      zone.due.clear();
    }
  }

  #zoneOf(node: Node): Zone {
    return this.#zone(zoneName(node));
  }

  #zone(name: string): Zone {
    let zone = this.#zones.get(name);
    if (!zone) {
      const rate = this.#options.normal;
      zone = { rate, limiter: this.#newLimiter(rate), due: new Map() };
      this.#zones.set(name, zone);
    }
    return zone;
  }

  #newLimiter(rate: number): BucketRateLimiter<string> {
    return new BucketRateLimiter({ clock: this.#context.clock, qps: rate || 1, burst: 1 });
  }

  #tell(node: Node, reason: string, what: string, prefix = `Node ${nameOf(node)} event: `): void {
    // Who asks for a node's events asks by its name, as uid too.
    const about = { metadata: { name: nameOf(node), uid: nameOf(node) } };
    this.#events.event(NODES, about, 'Normal', reason, `${prefix}${what}`);
  }
}

function nameOf({ metadata }: Node): string {
  return metadata?.name ?? '';
}

function zoneName({ metadata }: Node): string {
  const labels = metadata?.labels ?? {};
  const part = (name: string) => labels[`topology.kubernetes.io/${name}`] ?? '';
  return `${part('region')}/${part('zone')}`;
}

function ownTaints({ spec }: Node): Taint[] {
  return (spec?.taints ?? []).filter(({ key }) => OWN_TAINTS.has(key));
}

function textOf(taints: readonly Taint[]): string[] {
  return taints.map(({ key, effect }) => `${key}:${effect}`).sort();
}
