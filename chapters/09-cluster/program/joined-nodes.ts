/** Nodes of other processes that have come to this cluster's network, for as long as they are there. */

import type { Clock, Logger, Random } from '#apimachinery';
import type { RulesText } from '#kube-proxy';
import type { NodeShape } from '../bootstrap/cluster-shape.ts';
import type { ClusterNetwork, NodeEnd } from '../network/cluster-network.ts';
import { NodeNetfilter } from '../network/node-netfilter.ts';
import type { NodeRulesNow } from '../page/server/page-server.ts';
import { NetworkServer } from './network-server.ts';

/** What they come to. */
export interface JoinedNodesOptions {
  readonly network: ClusterNetwork;
  readonly clock: Clock;
  readonly random: Random;
  /** The cluster's own, whose names and addresses nobody else gets. */
  readonly own: readonly NodeShape[];
}

/** Knows who has joined. */
export class JoinedNodes {
  readonly #options: JoinedNodesOptions;
  readonly #nodes = new Map<string, { readonly end: NodeEnd; readonly rules: NodeNetfilter }>();
  readonly #listeners = new Set<() => void>();

  constructor(options: JoinedNodesOptions) {
    this.#options = options;
  }

  /**
   * A node comes. Its rules are none yet.
   *
   * @throws Error when its name or its address is somebody else's
   */
  admit(name: string, ip: string): NodeEnd {
    const { network, own } = this.#options;
    const other = [...own, ...this.list()].find((node) => node.name === name || node.ip === ip);
    if (other) throw new Error(`node ${name} at ${ip}: there is ${other.name} at ${other.ip}`);
    const rules = new NodeNetfilter({ ...this.#options, nodeIp: ip });
    const end = network.addNode(name, ip, rules);
    this.#nodes.set(name, { end, rules });
    this.#changed();
    return end;
  }

  /** A node is gone, with its pods. */
  release(name: string): void {
    if (!this.#nodes.delete(name)) return;
    this.#options.network.removeNode(name);
    this.#changed();
  }

  end(name: string): NodeEnd | undefined {
    return this.#nodes.get(name)?.end;
  }

  /** @throws Error, as a rejection, when there is no such node, or the text is refused */
  async apply(name: string, text: RulesText): Promise<void> {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    await node.rules.applier.apply(text);
  }

  /** A node's address, and its rules as they are now. */
  rulesNow(name: string): NodeRulesNow | undefined {
    const node = this.#nodes.get(name);
    return node && { ip: node.end.ip, netfilter: node.rules.netfilter };
  }

  list(): readonly NodeShape[] {
    return [...this.#nodes.values()].map(({ end: { name, ip } }) => ({ name, ip }));
  }

  /** @returns what ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/**
 * Opens a cluster's network to nodes of other processes.
 *
 * @param path - of the socket
 * @returns `undefined` when that cannot be; then nobody can join, and why is logged
 */
export async function openNetworkServer(
  path: string | undefined,
  joined: JoinedNodes,
  log: Logger,
): Promise<NetworkServer | undefined> {
  if (path === undefined) {
    log.warn('no node can join: the path of the data folder is too long for a socket');
    return undefined;
  }
  const server = new NetworkServer({
    endpoint: path,
    log,
    nodes: {
      get: (name) => joined.end(name),
      admit: (name, ip) => joined.admit(name, ip),
      release: (name) => joined.release(name),
    },
    rules: { apply: (node, text) => joined.apply(node, text) },
  });
  try {
    await server.listen();
    return server;
  } catch (error) {
    log.warn('no node can join: the socket of the network cannot be made', { path, error });
    return undefined;
  }
}
