/**
 * A machine of the cluster whose parts fail one by one: power, kubelet, kube-proxy, network.
 *
 * The containers of a machine go on while its kubelet is down, and end with its power.
 */

import { type Clock, type Logger, MemoryFileSystem, type Random } from '#apimachinery';
import { type Connection, newSimulatedRuntime, type SimulatedRuntime } from '#container-runtime';
import { newKubelet } from '#kubelet';
import { KUBE_PROXY, nodeIdentity } from '../assembly/identity.ts';
import { NodeProxy } from '../assembly/node-proxy.ts';
import type { ContainerStarted } from '../invariants/history.ts';
import type { ClusterNetwork, NodeEnd } from '../network/cluster-network.ts';
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

/** So long an answer is waited for. */
const ANSWER_MS = 5000;
const CAPACITY = { cpu: '8', memory: '16Gi', 'ephemeral-storage': '100Gi', pods: '110' };

/** What runs on a machine while it has power. */
interface Powered {
  readonly runtime: SimulatedRuntime;
  readonly end: NodeEnd;
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

  /**
   * A program of this machine asks somebody by HTTP.
   *
   * @returns the answer's body; `undefined` when there is none within five seconds, or no good one
   */
  async ask(ip: string, port: number, path: string): Promise<string | undefined> {
    const { clock } = this.#options;
    const end = this.#powered?.end;
    let connection: Connection | undefined;
    let isOver = end === undefined;
    const timer = clock.after(ANSWER_MS, () => {
      isOver = true;
      connection?.close();
    });
    try {
      connection = await end?.network.dial(this.#options.ip, ip, port, 'TCP');
      if (isOver || connection === undefined) return undefined;
      const request = `GET ${path} HTTP/1.1\r\nHost: ${ip}:${port}\r\nConnection: close\r\n\r\n`;
      await connection.output.write(new TextEncoder().encode(request));
      const answer = await textOf(connection);
      const [head = '', body] = answer.split(/\r\n\r\n(.*)/s);
      return head.startsWith('HTTP/1.1 200 ') ? body : undefined;
    } catch {
      return undefined;
    } finally {
      timer.cancel();
      connection?.close();
    }
  }

  powerOn(): void {
    if (this.#powered) return;
    const { name, ip, clock, random, log, network } = this.#options;
    this.#boots += 1;
    const off = new AbortController();
    const end = network.addNode(name, ip, this.#proxies.rules);
    const runtime = newSimulatedRuntime({
      clock,
      random,
      log,
      files: this.#files,
      network: end.network,
      cpus: Number(CAPACITY.cpu),
      nodeIp: ip,
      nodeName: name,
    });
    this.#powered = { runtime, end, off };
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
    const { name, ip } = this.#options;
    const { runtime, end } = this.#powered ?? {};
    if (!runtime || !end) throw new Error(`${name} has no power`);
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

async function textOf({ input }: Connection): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const bytes = await input.read();
    if (bytes === undefined) return text;
    text += decoder.decode(bytes, { stream: true });
  }
}
