/**
 * The pod network in another process: what a runtime and a kubelet of a cluster of processes use. Given.
 *
 * Each socket to it says in its first line what it is for:
 *
 * | first line | then |
 * |---|---|
 * | `{"op":"node","node":N,"ip":I}` | lines `{"op":"join","ips":[…]}`, `{"op":"leave","ips":[…]}`; it answers with lines `{"op":"connect","id":…,"from":…,"ip":…,"port":…,"protocol":…}` for connections to pods |
 * | `{"op":"accept","id":…}` or `{"op":"refuse","id":…}` | the answer to such a line, on a socket of its own; accepted, frames follow |
 * | `{"op":"dial","node":N,"from":…,"ip":…,"port":…,"protocol":…}` | a line `{"ok":true}`, then frames; or `{"failure":"refused"}` |
 * | `{"node":N,"family":"IPv4","text":…}` | from kube-proxy: the rules of a node; a line `{"ok":true}` or `{"error":…}` for each |
 */

import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DialError, type DialFailure, type NetworkProtocol, type PodNetwork } from '#apimachinery';
import type { Connection } from '../network/connection.ts';
import type { NetworkStack } from '../network/network-stack.ts';
import type { NodeNetwork, SecureOptions } from '../network/node-network.ts';
import { duplexOf } from './duplex.ts';
import { NetworkPeer } from './network-peer.ts';
import { secureConnection } from './secure.ts';

const FAILURES: ReadonlySet<unknown> = new Set<DialFailure>(['refused', 'unreachable', 'timeout']);
const RECONNECT_MS = 500;

/** Where the network is, and which node asks. */
export interface RemoteNetworkOptions {
  /** `unix:///run/network.sock` */
  readonly endpoint: string;
  readonly nodeName: string;
  readonly nodeIp: string;
}

/** The network as a runtime sees it. */
export class RemoteNetwork implements NodeNetwork {
  readonly #options: RemoteNetworkOptions;
  readonly #stacks = new Set<NetworkStack>();
  #control: NetworkPeer | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Connects, and again whenever the network was away. */
  constructor(options: RemoteNetworkOptions) {
    this.#options = options;
    this.#open();
  }

  join(stack: NetworkStack): void {
    this.#stacks.add(stack);
    this.#control?.writeLine({ op: 'join', ips: stack.ips });
  }

  leave(stack: NetworkStack): void {
    this.#stacks.delete(stack);
    this.#control?.writeLine({ op: 'leave', ips: stack.ips });
  }

  dial(from: string, ip: string, port: number, protocol: NetworkProtocol): Promise<Connection> {
    return dialRemote(this.#options, from, ip, port, protocol);
  }

  secure(connection: Connection, options: SecureOptions): Promise<Connection> {
    return secureConnection(connection, options);
  }

  /** Ends the connection to the network; pods cannot be reached any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#control?.socket.destroy();
  }

  #open(): void {
    const { endpoint, nodeName: node, nodeIp: ip } = this.#options;
    const socket = connect(pathOf(endpoint));
    const peer = new NetworkPeer(socket);
    socket.once('connect', () => {
      this.#control = peer;
      peer.writeLine({ op: 'node', node, ip });
      for (const stack of this.#stacks) peer.writeLine({ op: 'join', ips: stack.ips });
      void this.#serve(peer);
    });
    socket.once('close', () => {
      this.#control = undefined;
      if (!this.#isClosed) this.#retry = setTimeout(() => this.#open(), RECONNECT_MS);
    });
  }

  async #serve(peer: NetworkPeer): Promise<void> {
    for (let line = await peer.readLine(); line; line = await peer.readLine()) {
      const { id, from, ip, port, protocol } = line;
      this.#connect(id, String(from), String(ip), Number(port), protocolOf(protocol));
    }
  }

  #connect(id: unknown, from: string, ip: string, port: number, protocol: NetworkProtocol): void {
    const answer = new NetworkPeer(connect(pathOf(this.#options.endpoint)));
    try {
      const stack = [...this.#stacks].find(({ ips }) => ips.includes(ip));
      if (stack === undefined) throw new DialError('unreachable', ip);
      const inside = stack.connect(from, ip, port, protocol);
      answer.writeLine({ op: 'accept', id });
      const outside = answer.connection({ localAddress: ip, remoteAddress: from, port });
      void pump(inside, outside);
      void pump(outside, inside);
    } catch (error) {
      const failure = error instanceof DialError ? error.failure : 'unreachable';
      answer.writeLine({ op: 'refuse', id, failure });
      answer.socket.end();
    }
  }
}

/** The network as a kubelet sees it. */
export function newRemotePodNetwork(options: RemoteNetworkOptions): PodNetwork {
  return {
    dial: async (from, ip, port, protocol): Promise<Duplex> =>
      duplexOf(await dialRemote(options, from, ip, port, protocol)),
  };
}

async function dialRemote(
  { endpoint, nodeName: node }: RemoteNetworkOptions,
  from: string,
  ip: string,
  port: number,
  protocol: NetworkProtocol,
): Promise<Connection> {
  const socket: Socket = connect(pathOf(endpoint));
  const peer = new NetworkPeer(socket);
  peer.writeLine({ op: 'dial', node, from, ip, port, protocol });
  const answer = await peer.readLine();
  if (answer?.ok === true) {
    return peer.connection({ localAddress: from, remoteAddress: ip, port });
  }
  socket.destroy();
  const failure = answer?.failure;
  throw new DialError(
    isFailure(failure) ? failure : 'unreachable',
    addressText(protocol, ip, port),
  );
}

function isFailure(value: unknown): value is DialFailure {
  return FAILURES.has(value);
}

function protocolOf(value: unknown): NetworkProtocol {
  return value === 'UDP' || value === 'SCTP' ? value : 'TCP';
}

function addressText(protocol: NetworkProtocol, ip: string, port: number): string {
  return `${protocol.toLowerCase()} ${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}

/** @param endpoint - `unix:///path`, or only the path */
export function pathOf(endpoint: string): string {
  return endpoint.replace(/^unix:(?:\/\/)?/, '');
}

/** Carries bytes from one connection to another until one of them ends. */
export async function pump(
  from: Pick<Connection, 'input' | 'close'>,
  to: Pick<Connection, 'output' | 'close'>,
): Promise<void> {
  try {
    for (let bytes = await from.input.read(); bytes; bytes = await from.input.read()) {
      await to.output.write(bytes);
    }
    to.output.close();
  } catch {
    // One end is gone, so the other has nobody to talk to.
    from.close();
    to.close();
  }
}
