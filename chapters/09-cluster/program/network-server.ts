/**
 * The pod network as a server on a unix socket, for a cluster of processes. What is said there is in
 * the head of `wire/remote-network.ts` of the container runtime.
 */

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { DialError, type Logger, type NetworkProtocol } from '#apimachinery';
import type { Connection } from '#container-runtime';
import { NetworkPeer, pathOf, pump } from '#container-runtime/wire';
import type { RulesText } from '#kube-proxy';
import type { NodeEnd, Reachable } from '../network/cluster-network.ts';

/** A line as it came. */
type Line = Readonly<Record<string, unknown>>;

/** The rules of nodes, as kube-proxies push them. */
export interface RulesSink {
  /** @throws Error, as a rejection, when the text is refused */
  apply(node: string, rules: RulesText): Promise<void>;
}

/** The nodes of the network. */
export interface NodesOfNetwork {
  get(name: string): NodeEnd | undefined;
  /**
   * A runtime says that it is there.
   *
   * @throws Error when it is none of the nodes, and cannot become one
   */
  admit(name: string, ip: string): NodeEnd;
  /** It is there no more. */
  release(name: string): void;
}

export interface NetworkServerOptions {
  readonly endpoint: string;
  readonly rules: RulesSink;
  readonly nodes: NodesOfNetwork;
  readonly log: Logger;
}

/** A runtime that does not answer gets no connection. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Serves the network. */
export class NetworkServer {
  readonly #options: NetworkServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Connections that a runtime was told of and has not answered yet. */
  readonly #waiting = new Map<number, (peer: NetworkPeer, line: Line) => void>();
  #lastId = 0;

  constructor(options: NetworkServerOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  async listen(): Promise<void> {
    const path = pathOf(this.#options.endpoint);
    // What a killed cluster left behind.
    rmSync(path, { force: true });
    this.#server.listen(path);
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#serve(new NetworkPeer(socket)).catch((error: unknown) => {
      this.#options.log.warn('network: a socket was not understood', { error });
      socket.destroy();
    });
  }

  async #serve(peer: NetworkPeer): Promise<void> {
    const line = await peer.readLine();
    if (line === undefined) return;
    switch (line.op) {
      case 'node':
        return this.#node(peer, String(line.node), String(line.ip));
      case 'dial':
        return this.#dial(peer, line);
      case 'accept':
      case 'refuse':
        return this.#waiting.get(Number(line.id))?.(peer, line);
      default:
        return this.#rules(peer, line);
    }
  }

  /** A runtime says which pods it has, for as long as it is connected. */
  async #node(peer: NetworkPeer, name: string, ip: string): Promise<void> {
    const { nodes } = this.#options;
    const end = nodes.admit(name, ip);
    try {
      await this.#followPods(peer, end);
    } finally {
      nodes.release(name);
    }
  }

  async #followPods(peer: NetworkPeer, end: NodeEnd): Promise<void> {
    const joined = new Map<string, Reachable>();
    for (let line = await peer.readLine(); line; line = await peer.readLine()) {
      const ips = Array.isArray(line.ips) ? line.ips.map(String) : [];
      const key = ips.join(' ');
      const known = joined.get(key);
      if (known) end.leave(known);
      joined.delete(key);
      if (line.op !== 'join') continue;
      const pod: Reachable = {
        ips,
        connect: (from, ip, port, protocol) => this.#connect(peer, from, ip, port, protocol),
      };
      joined.set(key, pod);
      end.join(pod);
    }
    for (const pod of joined.values()) end.leave(pod);
  }

  #connect(
    peer: NetworkPeer,
    from: string,
    ip: string,
    port: number,
    protocol: NetworkProtocol,
  ): Promise<Connection> {
    const id = ++this.#lastId;
    const address = `${protocol.toLowerCase()} ${ip}:${port}`;
    return new Promise<Connection>((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
      };
      const timer = setTimeout(() => {
        end();
        reject(new DialError('timeout', address));
      }, ANSWER_TIMEOUT_MS);
      this.#waiting.set(id, (answer, line) => {
        end();
        if (line.op === 'accept') {
          resolve(answer.connection({ localAddress: from, remoteAddress: ip, port }));
        } else {
          answer.socket.destroy();
          reject(new DialError(line.failure === 'refused' ? 'refused' : 'unreachable', address));
        }
      });
      peer.writeLine({ op: 'connect', id, from, ip, port, protocol });
    });
  }

  async #dial(peer: NetworkPeer, line: Line): Promise<void> {
    const [from, ip, port] = [String(line.from), String(line.ip), Number(line.port)];
    const protocol = line.protocol === 'UDP' || line.protocol === 'SCTP' ? line.protocol : 'TCP';
    const end = this.#options.nodes.get(String(line.node));
    try {
      if (end === undefined) throw new DialError('unreachable', ip);
      const inside = await end.network.dial(from, ip, port, protocol);
      peer.writeLine({ ok: true });
      const outside = peer.connection({ localAddress: ip, remoteAddress: from, port });
      void pump(inside, outside);
      void pump(outside, inside);
    } catch (error) {
      if (!(error instanceof DialError)) throw error;
      peer.writeLine({ failure: error.failure });
      peer.socket.end();
    }
  }

  async #rules(peer: NetworkPeer, first: Line): Promise<void> {
    for (let line: Line | undefined = first; line; line = await peer.readLine()) {
      const { node, family, text, ipset, ipvs } = line;
      try {
        if (family !== 'IPv4') throw new Error(`this network knows no ${String(family)}`);
        await this.#options.rules.apply(String(node), {
          iptables: String(text),
          ...(typeof ipset === 'string' && { ipset }),
          ...(typeof ipvs === 'string' && { ipvs }),
        });
        peer.writeLine({ ok: true });
      } catch (error) {
        peer.writeLine({ error: error instanceof Error ? error.message : String(error) });
      }
    }
  }
}
