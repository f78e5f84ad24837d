/**
 * A machine of the cluster whose parts fail one by one: power, kubelet, kube-proxy, network.
 *
 * The containers of a machine go on while its kubelet is down, and end with its power.
 */

import { type Clock, type Logger, MemoryFileSystem, type Random } from '#apimachinery';
import { newSimulatedRuntime, type SimulatedRuntime } from '#container-runtime';
import { newKubelet } from '#kubelet';
import { KUBE_PROXY, nodeIdentity } from '../assembly/identity.ts';
import { NodeProxy } from '../assembly/node-proxy.ts';
import type { ContainerStarted, PodId } from '../invariants/history.ts';
import type { ClusterNetwork } from '../network/cluster-network.ts';
import { Component, type ComponentOptions, type Life } from './component.ts';
import { Link, type LinkOptions } from './link.ts';
import { SkewedClock } from './skewed-clock.ts';

/** What a machine is made from. */
export interface StormNodeOptions extends Omit<LinkOptions, 'clock'> {
  readonly name: string;
  readonly ip: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly network: ClusterNetwork;
  readonly clusterCidr: string;
  readonly onEnd: ComponentOptions['onEnd'];
}

const CAPACITY = { cpu: '8', memory: '16Gi', 'ephemeral-storage': '100Gi', pods: '110' };

/** What runs on a machine while it has power. */
interface Powered {
  readonly runtime: SimulatedRuntime;
  readonly off: AbortController;
}

/** One machine. */
export class StormNode {
  readonly name: string;
  readonly kubelet: Component;
  readonly proxy: Component;
  readonly clock: SkewedClock;
  readonly link: Link;
  readonly #options: StormNodeOptions;
  readonly #proxies: NodeProxy;
  readonly #files: MemoryFileSystem;
  #powered: Powered | undefined;
  #boots = 0;
  /** Containers that run, by their ids. */
  readonly #running = new Map<string, ContainerStarted>();

  constructor(options: StormNodeOptions) {
    const { name, ip, random, log, onEnd } = options;
    this.#options = options;
    this.name = name;
    this.clock = new SkewedClock(options.clock);
    this.#files = new MemoryFileSystem({ clock: options.clock });
    this.link = new Link({ ...options, clock: this.clock });
    const { clock, link } = this;
    const rest = { clock, random, log, link, onEnd };
    this.#proxies = new NodeProxy({
      clock,
      random,
      log,
      nodeName: name,
      nodeIp: ip,
      clusterCidr: options.clusterCidr,
      minSyncMs: 1000,
    });
    this.kubelet = new Component({
      ...rest,
      name: `kubelet ${name}`,
      run: (life, signal) => this.#runKubelet(life, signal),
    });
    this.proxy = new Component({
      ...rest,
      name: `kube-proxy ${name}`,
      run: ({ clientAs }, signal) => this.#proxies.run(signal, clientAs(KUBE_PROXY)),
    });
  }

  get isUp(): boolean {
    return this.#powered !== undefined;
  }

  get running(): readonly ContainerStarted[] {
    return [...this.#running.values()];
  }

  /** Where its rules send a connection that a pod of this machine begins; absent: nowhere. */
  route(ip: string, port: number): { readonly ip: string; readonly port: number } | undefined {
    const from = this.#options.ip;
    const routed = this.#proxies.rules.route({ from, ip, port, protocol: 'TCP', via: 'local' });
    return routed.verdict === 'accept' ? routed : undefined;
  }

  /** The pod that has an address here. */
  async podAt(ip: string): Promise<PodId | undefined> {
    const { runtime } = this.#powered ?? {};
    const { items = [] } = (await runtime?.listPodSandbox()) ?? {};
    for (const { id, state, metadata } of items) {
      if (state !== 'SANDBOX_READY' || metadata === undefined) continue;
      const { status } =
        (await runtime?.podSandboxStatus({ podSandboxId: id, verbose: false })) ?? {};
      const { namespace, name, uid } = metadata;
      if (status?.network?.ip === ip) return { namespace, name, uid };
    }
    return undefined;
  }

  powerOn(): void {
    if (this.#powered) return;
    const { name, ip, clock, random, log, network } = this.#options;
    this.#boots += 1;
    const off = new AbortController();
    const runtime = newSimulatedRuntime({
      clock,
      random,
      log,
      files: this.#files,
      network: network.addNode(name, ip, this.#proxies.rules).network,
      cpus: Number(CAPACITY.cpu),
      nodeIp: ip,
      nodeName: name,
    });
    this.#powered = { runtime, off };
    void this.#watchContainers(runtime, off.signal);
    this.kubelet.start();
    this.proxy.start();
  }

  powerOff(): void {
    const { runtime, off } = this.#powered ?? {};
    this.#powered = undefined;
    off?.abort();
    this.kubelet.crash();
    this.proxy.crash();
    runtime?.stop();
    const { network, recorder } = this.#options;
    network.removeNode(this.name);
    this.#running.clear();
    recorder.add({ kind: 'node-crashed', at: recorder.now, node: this.name });
  }

  /** A container fails by itself. */
  async killContainer(random: Random): Promise<void> {
    const ids = [...this.#running.keys()];
    if (ids.length === 0) return;
    const containerId = random.pick(ids);
    await this.#powered?.runtime.stopContainer({ containerId, timeout: 0 }).catch(() => {});
  }

  async #runKubelet({ clock, random, log, clientAs }: Life, signal: AbortSignal): Promise<void> {
    const { name, ip, network } = this.#options;
    const { runtime } = this.#powered ?? {};
    if (runtime === undefined) throw new Error(`${name} has no power`);
    const end = network.addNode(name, ip, this.#proxies.rules);
    const kubelet = newKubelet({
      client: clientAs(nodeIdentity(name)),
      cri: runtime,
      files: this.#files,
      network: end.pods,
      clock,
      random,
      log,
      evented: true,
      node: { name, addresses: [ip], capacity: CAPACITY, bootId: `${name}-${this.#boots}` },
    });
    await kubelet.start(signal);
  }

  /** Writes down when containers begin and end. */
  async #watchContainers(runtime: SimulatedRuntime, signal: AbortSignal): Promise<void> {
    const { recorder } = this.#options;
    for await (const event of runtime.getContainerEvents(signal)) {
      if (signal.aborted) return;
      const { containerId, containerEventType: type, podSandboxStatus, containersStatuses } = event;
      const { metadata } = podSandboxStatus ?? {};
      const status = containersStatuses.find(({ id }) => id === containerId);
      const at = recorder.now;
      if (type === 'CONTAINER_STARTED_EVENT' && metadata && status) {
        const { namespace, name, uid } = metadata;
        const pod = { namespace, name, uid };
        const container = status.metadata?.name ?? '';
        const entry = { kind: 'container-started', at, node: this.name, pod, container } as const;
        this.#running.set(containerId, entry);
        recorder.add(entry);
      } else if (type === 'CONTAINER_STOPPED_EVENT') {
        const started = this.#running.get(containerId);
        if (!this.#running.delete(containerId) || started === undefined) continue;
        recorder.add({ ...started, kind: 'container-ended', at });
      }
    }
  }
}
