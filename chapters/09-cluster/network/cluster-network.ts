/**
 * The pod network: every node's namespaces on one switch, each node's kube-proxy rules before it, and
 * ways in and out.
 *
 * What leaves a namespace is judged by the rules of its own node, as on a real one: they decide where a
 * Service's address leads. There are no routers and no packets here, only connections; UDP is one with
 * a datagram in each chunk.
 */

import type { Duplex } from 'node:stream';
import { type Clock, DialError, type NetworkProtocol, type PodNetwork } from '#apimachinery';
import type { Connection, NodeNetwork } from '#container-runtime';
import { duplexOf } from '#container-runtime/wire';

/** Where a connection comes from, and where it wants to go. */
export interface Attempt {
  /** The caller's address. */
  readonly from: string;
  readonly ip: string;
  /** 1 to 65535. */
  readonly port: number;
  readonly protocol: NetworkProtocol;
  /** A pod of the node, the node itself, or somebody outside who came to the node's address. */
  readonly via: 'pod' | 'local' | 'outside';
}

/** What a node's rules make of an attempt: where it goes, and what address is seen there. */
export type Routed =
  | {
      readonly verdict: 'accept';
      readonly ip: string;
      readonly port: number;
      readonly from: string;
    }
  | { readonly verdict: 'reject' }
  | { readonly verdict: 'drop' };

/** The rules of one node. */
export interface NodeRules {
  route(attempt: Attempt): Routed;
}

/** Opens a connection to something that is no pod. @throws DialError, as a rejection */
export type Gateway = (from: string, ip: string, port: number) => Promise<Connection>;

/** Something with addresses that takes connections: a namespace, here or in another process. */
export interface Reachable {
  readonly ips: readonly string[];
  /** @throws DialError, perhaps as a rejection */
  connect(
    from: string,
    ip: string,
    port: number,
    protocol: NetworkProtocol,
  ): Connection | Promise<Connection>;
}

/** A node as its runtime and its kubelet see the network. */
export interface NodeEnd {
  readonly name: string;
  readonly ip: string;
  /** For the runtime. */
  readonly network: NodeNetwork;
  /** For the kubelet: probes and port-forward. */
  readonly pods: PodNetwork;
  /** What `network` does with a namespace, for one of another process. */
  join(pod: Reachable): void;
  leave(pod: Reachable): void;
}

/** Without an answer a caller gives up after so long. */
const DIAL_TIMEOUT_MS = 30_000;

interface Place {
  readonly pod: Reachable;
  readonly node: string;
}

/** Connects all that has an address in the cluster. */
export class ClusterNetwork {
  readonly #clock: Clock;
  readonly #places = new Map<string, Place>();
  readonly #gateways = new Map<string, Gateway>();
  readonly #nodes = new Map<string, { readonly end: NodeEnd; readonly rules: NodeRules }>();
  /** Pairs of nodes that do not hear each other. */
  readonly #cuts = new Set<string>();
  readonly #secure: NodeNetwork['secure'];

  /** @param secure - how programs in pods speak TLS; absent: they cannot */
  constructor(clock: Clock, secure?: NodeNetwork['secure']) {
    this.#clock = clock;
    this.#secure = secure;
  }

  /**
   * Adds a node, or takes a new machine for one that is there.
   *
   * @param ip - the node's own address
   */
  addNode(name: string, ip: string, rules: NodeRules): NodeEnd {
    const dial: NodeNetwork['dial'] = (from, to, port, protocol) =>
      this.#dial(name, { from, ip: to, port, protocol, via: from === ip ? 'local' : 'pod' });
    const join = (pod: Reachable): void => {
      for (const one of pod.ips) this.#places.set(one, { pod, node: name });
    };
    const leave = (pod: Reachable): void => {
      for (const one of pod.ips) if (this.#places.get(one)?.pod === pod) this.#places.delete(one);
    };
    const end: NodeEnd = {
      name,
      ip,
      join,
      leave,
      network: { join, leave, dial, ...(this.#secure && { secure: this.#secure }) },
      pods: {
        dial: async (from, to, port, protocol): Promise<Duplex> =>
          duplexOf(await dial(from, to, port, protocol)),
      },
    };
    this.#nodes.set(name, { end, rules });
    return end;
  }

  /** A node is gone, with everything on it. */
  removeNode(name: string): void {
    this.#nodes.delete(name);
    for (const [ip, { node }] of this.#places) if (node === name) this.#places.delete(ip);
  }

  /**
   * Something outside the pods answers at an address: the API server, the cluster's DNS.
   *
   * @returns what takes it away
   */
  addGateway(ip: string, port: number, protocol: NetworkProtocol, open: Gateway): () => void {
    const key = gatewayKey(ip, port, protocol);
    this.#gateways.set(key, open);
    return () => {
      if (this.#gateways.get(key) === open) this.#gateways.delete(key);
    };
  }

  /**
   * Somebody outside the cluster connects to a node: to a node port, or to an address that leads there.
   *
   * @param from - the caller's address
   * @throws DialError, as a rejection
   */
  fromOutside(
    node: string,
    { from, ip, port, protocol }: Omit<Attempt, 'via'>,
  ): Promise<Connection> {
    return this.#dial(node, { from, ip, port, protocol, via: 'outside' });
  }

  /** Two nodes do not hear each other, until `heal`. */
  cut(one: string, other: string): void {
    this.#cuts.add(pairKey(one, other));
  }

  heal(): void {
    this.#cuts.clear();
  }

  async #dial(node: string, attempt: Attempt): Promise<Connection> {
    const { ip, port, protocol } = attempt;
    const address = `${protocol.toLowerCase()} ${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
    const rules = this.#nodes.get(node)?.rules;
    if (rules === undefined) throw new DialError('unreachable', address);
    const routed = rules.route(attempt);
    if (routed.verdict === 'reject') throw new DialError('refused', address);
    if (routed.verdict === 'drop') return this.#timeOut(address);
    const place = this.#places.get(routed.ip);
    const gateway = this.#gateways.get(gatewayKey(routed.ip, routed.port, protocol));
    if (gateway) return gateway(routed.from, routed.ip, routed.port);
    if (place === undefined) throw new DialError('unreachable', address);
    if (place.node !== node && this.#cuts.has(pairKey(place.node, node))) {
      return this.#timeOut(address);
    }
    return place.pod.connect(routed.from, routed.ip, routed.port, protocol);
  }

  async #timeOut(address: string): Promise<never> {
    await this.#clock.sleep(DIAL_TIMEOUT_MS);
    throw new DialError('timeout', address);
  }
}

function gatewayKey(ip: string, port: number, protocol: NetworkProtocol): string {
  return `${protocol} ${ip} ${port}`;
}

function pairKey(one: string, other: string): string {
  return [one, other].sort().join(' ');
}
