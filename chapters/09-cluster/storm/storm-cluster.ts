/** The whole cluster of a storm, on one clock: what can be broken, and what repairs all of it. */

import { FakeClock, type Logger, type Random, seededRandom, silentLogger } from '#apimachinery';
import { type Client, newRestClient } from '#client';
import { runControllerManager, runScheduler } from '../assembly/control-plane.ts';
import type { Identity } from '../assembly/identity.ts';
import { ClusterNetwork } from '../network/cluster-network.ts';
import { ApiHost } from './api-host.ts';
import { Component } from './component.ts';
import { Link } from './link.ts';
import { Loss } from './loss.ts';
import { nodeNames } from './plan.ts';
import { Recorder } from './recorder.ts';
import { SkewedClock } from './skewed-clock.ts';
import { StoreHost } from './store-host.ts';
import { StormNode } from './storm-node.ts';

/** Who works with the cluster: a person, not a part of it. */
export const SOMEBODY: Identity = { name: 'somebody', groups: ['system:masters'] };

const CLUSTER_CIDR = '10.244.0.0/16';

/** A bug that somebody put into a cluster, to see that a storm finds it. */
export type PlantedBug = 'the store does not wait for its disk';

/** What it is made from. */
export interface StormClusterOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly log?: Logger;
  /** Absent: none is known. */
  readonly bug?: PlantedBug;
}

/** A program ended by itself. */
export interface Collapse {
  readonly at: number;
  readonly component: string;
  readonly why: string;
}

/** All parts. */
export class StormCluster {
  readonly clock = new FakeClock();
  readonly recorder = new Recorder(this.clock);
  readonly store: StoreHost;
  readonly storeClock = new SkewedClock(this.clock);
  readonly api: ApiHost;
  readonly controllers: Component;
  readonly scheduler: Component;
  readonly nodes: readonly StormNode[];
  /** Its line has no faults. */
  readonly client: Client;
  readonly collapses: Collapse[] = [];
  readonly #seed: number;
  readonly #log: Logger;

  constructor({ seed, nodes, log = silentLogger, bug }: StormClusterOptions) {
    this.#seed = seed;
    this.#log = log;
    const { clock, recorder } = this;
    const network = new ClusterNetwork(clock);
    this.store = new StoreHost({
      clock: this.storeClock,
      random: this.randomOf('store'),
      recorder,
      waitsForDisk: bug !== 'the store does not wait for its disk',
    });
    this.api = new ApiHost({ clock, random: this.randomOf('API server'), log, store: this.store });
    this.controllers = this.#component('controller manager', ({ clientAs, ...world }, signal) =>
      runControllerManager(
        { ...world, clientAs },
        { rootCa: 'storm', nodeIpam: { clusterCidrs: [CLUSTER_CIDR] } },
        signal,
      ),
    );
    this.scheduler = this.#component('scheduler', (life, signal) =>
      runScheduler(life, undefined, signal),
    );
    this.nodes = nodeNames(nodes).map(
      (name, i) =>
        new StormNode({
          name,
          ip: `192.0.2.${i + 1}`,
          clock,
          random: this.randomOf(name),
          recorder,
          upstream: () => this.api.upstream,
          log,
          network,
          clusterCidr: CLUSTER_CIDR,
          onEnd: (component, why) => this.#noteCollapse(component, why),
        }),
    );
    this.client = this.#newClient();
  }

  /** Chance of its own for each part, so that one that is left out does not change the others'. */
  randomOf(part: string): Random {
    return seededRandom(`${this.#seed} ${part}`);
  }

  async start(): Promise<void> {
    await this.store.start();
    this.repair();
  }

  /** Everything runs, and nothing is wrong with it any more. */
  repair(): void {
    if (!this.store.isUp) void this.store.start();
    this.store.syncMs = 0;
    this.api.start();
    for (const part of this.parts.values()) {
      part.start();
      part.link.heal();
      part.link.release();
      part.link.lostAnswers = 0;
    }
    for (const node of this.nodes) {
      node.powerOn();
      node.kubelet.start();
      node.proxy.start();
      node.link.heal();
      node.link.release();
      node.link.lostAnswers = 0;
    }
    for (const name of ['store', 'API server', ...this.parts.keys(), ...this.nodes.map(nameOf)]) {
      this.clockOf(name).skewMs = 0;
    }
  }

  /** The programs that are not on nodes. */
  get parts(): ReadonlyMap<string, Component> {
    return new Map([this.controllers, this.scheduler].map((part) => [part.name, part]));
  }

  /** @throws Error when there is no such node */
  node(name: string): StormNode {
    const node = this.nodes.find((one) => one.name === name);
    if (node === undefined) throw new Error(`there is no ${name}`);
    return node;
  }

  linkOf(name: string): Link {
    return this.parts.get(name)?.link ?? this.node(name).link;
  }

  clockOf(name: string): SkewedClock {
    if (name === 'store') return this.storeClock;
    if (name === 'API server') return this.api.clock;
    return this.parts.get(name)?.clock ?? this.node(name).clock;
  }

  #component(name: string, run: ConstructorParameters<typeof Component>[0]['run']): Component {
    const clock = new SkewedClock(this.clock);
    const random = this.randomOf(name);
    const link = new Link({
      clock,
      random,
      recorder: this.recorder,
      upstream: () => this.api.upstream,
    });
    const onEnd = (component: string, why: unknown) => this.#noteCollapse(component, why);
    return new Component({ name, clock, random, log: this.#log, link, run, onEnd });
  }

  #newClient(): Client {
    const { clock: base, recorder } = this;
    const clock = new SkewedClock(base);
    const random = this.randomOf('somebody');
    const link = new Link({ clock, random, recorder, upstream: () => this.api.upstream });
    return newRestClient({
      transport: link.transport(SOMEBODY, new Loss()),
      server: 'https://kubernetes.default.svc',
      clock,
      log: silentLogger,
      timeoutMs: 30_000,
      userAgent: SOMEBODY.name,
    });
  }

  #noteCollapse(component: string, why: unknown): void {
    const text = why instanceof Error ? (why.stack ?? why.message) : String(why);
    this.collapses.push({ at: this.recorder.now, component, why: text });
  }
}

function nameOf({ name }: StormNode): string {
  return name;
}
