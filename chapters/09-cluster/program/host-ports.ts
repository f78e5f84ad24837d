/**
 * The way in from this computer: listeners for Services' node ports and pods' host ports, on each node's
 * own address, and for load balancers' addresses. What comes in is sent on as if it had come to the node
 * from outside. Where a Service has nobody who answers, nobody listens: a caller is refused, as by a node.
 */

import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { Service } from 'kubernetes-types/core/v1.js';
import type { Clock, Logger, NetworkProtocol, Random } from '#apimachinery';
import { type Client, newInformerFactory, SERVICES } from '#client';
import type { Connection } from '#container-runtime';
import { duplexOf } from '#container-runtime/wire';
import type { NodeShape } from '../bootstrap/cluster-shape.ts';
import type { ClusterNetwork } from '../network/cluster-network.ts';
import type { JoinedNodes } from './joined-nodes.ts';
import { LocalEndpoints } from './local-endpoints.ts';
import { type PodPort, PodPorts } from './pod-ports.ts';

/** What it works with. */
export interface HostPortsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly network: Pick<ClusterNetwork, 'fromOutside'>;
  /** They take what comes to load balancers by turns, if they can. */
  readonly nodes: readonly NodeShape[];
  /** Those that come and go. */
  readonly joined: Pick<JoinedNodes, 'list' | 'onChange'>;
}

/** A UDP conversation that says nothing for so long is over. */
const UDP_IDLE_MS = 30_000;
/** Endpoints may be known here before a kube-proxy has written its rules: for so long it is tried again. */
const RULES_LAG_MS = 3000;
const RULES_RETRY_MS = 50;

/** An address of this computer that leads to a node. */
interface Entrance {
  /** Asked again for each connection. */
  readonly node: () => string;
  readonly ip: string;
  readonly port: number;
  readonly protocol: NetworkProtocol;
}

/** Listens until the signal aborts. */
export async function runHostPorts(options: HostPortsOptions, signal: AbortSignal): Promise<void> {
  const { client, nodes, joined, log } = options;
  const informers = newInformerFactory(client, options);
  const services = informers.informer(SERVICES);
  const endpoints = new LocalEndpoints(informers, () => update());
  const open = new Map<string, { close(): void }>();
  /** Connections outlive their listeners. */
  const sockets = new Set<Socket>();
  const podPorts = new PodPorts(() => update());
  const allNodes = (): readonly NodeShape[] => [...nodes, ...joined.list()];
  const update = (): void => {
    const all = allNodes();
    const entrances = [
      ...services.lister.list().flatMap((service) => {
        // Who has joined since, or left, counts as well.
        const found = entrancesOf(service, all, () => endpoints.nodeFor(service, allNodes()));
        return found.length > 0 && endpoints.isServed(service) ? found : [];
      }),
      ...podPorts.list().flatMap((port) => entrancesOfPod(port, all)),
    ];
    const wanted = new Map(entrances.map((entrance) => [keyOf(entrance), entrance]));
    for (const [key, listener] of open) {
      if (wanted.has(key)) continue;
      listener.close();
      open.delete(key);
    }
    for (const [key, entrance] of wanted) {
      if (!open.has(key)) open.set(key, listen(entrance, options, sockets));
    }
  };
  services.addEventHandler({ onAdd: update, onUpdate: update, onDelete: update });
  const forget = joined.onChange(update);
  log.debug('listens for node ports', { nodes: nodes.map(({ ip }) => ip) });
  informers.start(signal);
  await Promise.all([
    podPorts.run(client, options, AbortSignal.any([signal])),
    signal.aborted || once(signal, 'abort'),
  ]);
  forget();
  for (const listener of open.values()) listener.close();
  for (const socket of sockets) socket.destroy();
}

function keyOf({ ip, port, protocol }: Entrance): string {
  return `${protocol} ${ip} ${port}`;
}

function entrancesOf(
  service: Service,
  nodes: readonly NodeShape[],
  balanced: () => string,
): Entrance[] {
  const { spec, status } = service;
  const balancers = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  return (spec?.ports ?? []).flatMap(({ port, nodePort = 0, protocol: text = 'TCP' }) => {
    const protocol = protocolOf(text);
    return [
      ...nodes
        .filter(() => nodePort !== 0)
        .map(({ name, ip }) => ({ node: () => name, ip, port: nodePort, protocol })),
      ...balancers.map((ip) => ({ node: balanced, ip, port, protocol })),
    ];
  });
}

function entrancesOfPod(
  { node, hostIp, port, protocol }: PodPort,
  nodes: readonly NodeShape[],
): Entrance[] {
  return nodes
    .filter(({ name, ip }) => name === node && (hostIp === '' || hostIp === ip))
    .map(({ name, ip }) => ({ node: () => name, ip, port, protocol }));
}

function protocolOf(text: string): NetworkProtocol {
  return text === 'UDP' || text === 'SCTP' ? text : 'TCP';
}

function listen(
  entrance: Entrance,
  options: HostPortsOptions,
  sockets: Set<Socket>,
): { close(): void } {
  const failed = (error: Error): void =>
    options.log.warn('cannot listen for the cluster', {
      address: `${entrance.ip}:${entrance.port}`,
      why: error.message,
    });
  switch (entrance.protocol) {
    case 'TCP':
      return listenTcp(entrance, options, { sockets, failed });
    case 'UDP':
      return listenUdp(entrance, options, failed);
    default:
      // Node has no SCTP sockets.
      return { close: () => {} };
  }
}

function listenTcp(
  { node, ip, port, protocol }: Entrance,
  { network, clock }: HostPortsOptions,
  { sockets, failed }: { readonly sockets: Set<Socket>; readonly failed: (error: Error) => void },
): { close(): void } {
  const openedAt = clock.monotonic();
  const dial = async (from: string): Promise<Connection> => {
    while (true) {
      try {
        return await network.fromOutside(node(), { from, ip, port, protocol });
      } catch (error) {
        if (clock.monotonic() - openedAt >= RULES_LAG_MS) throw error;
        await clock.sleep(RULES_RETRY_MS);
      }
    }
  };
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    const from = socket.remoteAddress ?? ip;
    dial(from).then(
      (connection) => join(socket, connection),
      () => socket.resetAndDestroy(),
    );
  });
  server.on('error', failed);
  server.listen(port, ip);
  return { close: () => server.close() };
}

function join(socket: Socket, connection: Connection): void {
  const inside = duplexOf(connection);
  pipeline(socket, inside, () => {});
  pipeline(inside, socket, () => {});
}

function listenUdp(
  { node, ip, port, protocol }: Entrance,
  { network, clock }: HostPortsOptions,
  failed: (error: Error) => void,
): { close(): void } {
  const socket: DatagramSocket = createSocket('udp4');
  const talks = new Map<string, { send(bytes: Uint8Array): void; close(): void }>();
  socket.on('error', failed);
  socket.on('message', (message, peer) => {
    const key = `${peer.address}:${peer.port}`;
    const known = talks.get(key);
    if (known) return known.send(message);
    const opening = network.fromOutside(node(), { from: peer.address, ip, port, protocol });
    let idle = clock.after(UDP_IDLE_MS, () => end());
    const end = (): void => {
      idle.cancel();
      talks.delete(key);
      opening.then(
        (connection) => connection.close(),
        () => {},
      );
    };
    const heard = (): void => {
      idle.cancel();
      idle = clock.after(UDP_IDLE_MS, end);
    };
    const send = (bytes: Uint8Array): void => {
      heard();
      opening.then((connection) => connection.output.write(bytes)).catch(end);
    };
    talks.set(key, { send, close: end });
    send(message);
    opening
      .then(async ({ input }) => {
        for (let bytes = await input.read(); bytes; bytes = await input.read()) {
          heard();
          socket.send(bytes, peer.port, peer.address);
        }
      })
      .catch(() => {})
      .finally(end);
  });
  socket.bind(port, ip);
  return {
    close: () => {
      for (const talk of [...talks.values()]) talk.close();
      socket.close();
    },
  };
}
