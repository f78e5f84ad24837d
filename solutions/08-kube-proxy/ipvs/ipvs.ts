/**
 * What IPVS in the kernel does: choose a real server, remember who was sent where, let servers go.
 *
 * Three parts: the schedulers, the connections, and the plan by which kube-proxy changes real servers.
 * Text is `commands.ts`, tables are `ipvs-table.ts`.
 */

import type { Clock, Timer } from '#apimachinery';
import { endpointAddress } from '../services/endpoint.ts';
import type { IpvsCommand, ServiceAddress } from './commands.ts';
import { HASH_BUCKETS, hashBucket } from './hash.ts';
import type { IpvsSchedulerName } from './scheduler-names.ts';
import type { RealServer, VirtualServer } from './virtual-server.ts';

/** Chooses a real server for each new connection to one virtual service. */
export interface IpvsScheduler {
  /** The real servers are these now, in this order: called first of all, and after each change. */
  serversChanged(servers: readonly RealServer[]): void;
  /**
   * @param source - the client's IP address
   * @param destination - the virtual service's IP address
   * @returns `undefined` when nobody may get the connection
   */
  schedule(source: string, destination: string): RealServer | undefined;
}

/**
 * Makes a scheduler. It changes no counts: whoever makes the connection does.
 *
 * @remarks A server of weight 0 gets no new connection, whatever the scheduler. *Overhead* is what a
 * server has to do; where several servers are equally good, the first in the list is chosen.
 *
 * | name | chooses |
 * |---|---|
 * | `rr` | the next one after the last chosen, in the list's order, from the first again after the last one |
 * | `wrr` | see below |
 * | `lc` | the least overhead, `256 × active + inactive` |
 * | `wlc` | the least overhead ÷ weight, the overhead as for `lc` |
 * | `sed` | the least overhead ÷ weight, with the overhead `active + 1`: the delay the client must expect |
 * | `nq` | the first with no active connection; if there is none, as `sed` |
 * | `dh` | the one whose bucket the destination's hash falls into |
 * | `sh` | the one whose bucket the source's hash falls into |
 *
 * **rr, when servers change.** The one chosen last keeps its place: the turn is with the one that comes
 * after it now. If it is gone, the nearest one before it in the list of then that is still there takes
 * its part; if there is none, the turn is with the first.
 *
 * **wrr.** Let `step` be the greatest common divisor of the weights above 0, and `top` the highest
 * weight − `step` + 1. A threshold begins at `top`. The list is gone through from the beginning, and each
 * server whose weight is at least the threshold is chosen in its turn; at the end of the list the threshold
 * is lowered by `step` (from `top` again when it is 0 or less), and so on. When servers change, it begins
 * at the beginning of the list; a threshold above the new `top` becomes `top`, and any other one becomes
 * `⌊threshold ÷ step⌋ × step + 1` if `step` is more than 1.
 *
 * ```text
 * weights a 4, b 2: step 2, top 3        threshold 3: a    1: a b    3: a    1: a b    …
 * weights a 3, b 2, c 1: step 1, top 3   3: a   2: a b   1: a b c   3: a   …
 * ```
 *
 * **sh and dh.** There are `HASH_BUCKETS` buckets; `hashBucket` says which one is an address's. When
 * servers change, the buckets are filled from the first on by going round the list: with `dh` one bucket
 * for each server in turn, with `sh` as many in a row as the server's weight is. A server of weight 0 gets
 * one, so that others' clients need not move; who falls into it gets nobody.
 *
 * ```text
 * sh, weights a 2, b 1: buckets a a b a a b a a b …      dh: a b a b …
 * ```
 *
 * @see linux 6.1 net/netfilter/ipvs/ip_vs_{rr,wrr,lc,wlc,sed,nq,dh,sh}.c
 * @exercise kube-proxy/ipvs
 */
export function newIpvsScheduler(name: IpvsSchedulerName): IpvsScheduler {
  if (name === 'rr') return newRoundRobin();
  if (name === 'wrr') return newWeightedRoundRobin();
  if (name === 'sh' || name === 'dh') return newHashing(name);
  return newLeastOverhead(name);
}

function accepts({ weight }: RealServer): boolean {
  return weight > 0;
}

function newRoundRobin(): IpvsScheduler {
  let list: readonly RealServer[] = [];
  /** The position whose turn it is. */
  let next = 0;
  return {
    serversChanged(servers) {
      const last = list.slice(0, next).findLast((server) => servers.includes(server));
      next = last ? servers.indexOf(last) + 1 : 0;
      list = [...servers];
    },
    schedule() {
      const server = [...list.slice(next), ...list.slice(0, next)].find(accepts);
      if (server) next = list.indexOf(server) + 1;
      return server;
    },
  };
}

function newWeightedRoundRobin(): IpvsScheduler {
  let list: readonly RealServer[] = [];
  let [position, threshold, top, step] = [0, 0, 0, 1];
  return {
    serversChanged(servers) {
      list = servers.filter(accepts);
      position = 0;
      const weights = list.map(({ weight }) => weight);
      step = weights.reduce(greatestCommonDivisor, 0);
      top = Math.max(0, ...weights) - step + 1;
      if (threshold > top || threshold === 0) threshold = top;
      else if (step > 1) threshold = Math.floor(threshold / step) * step + 1;
    },
    schedule() {
      while (list.length > 0) {
        const server = list[position++];
        if (server && server.weight >= threshold) return server;
        if (server) continue;
        position = 0;
        threshold = threshold > step ? threshold - step : top;
      }
      return undefined;
    },
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function newLeastOverhead(name: IpvsSchedulerName): IpvsScheduler {
  let list: readonly RealServer[] = [];
  const isDelay = name === 'sed' || name === 'nq';
  const overhead = ({ activeConnections, inactiveConnections }: RealServer): number =>
    isDelay ? activeConnections + 1 : 256 * activeConnections + inactiveConnections;
  const share = ({ weight }: RealServer): number => (name === 'lc' ? 1 : weight);
  return {
    serversChanged(servers) {
      list = [...servers];
    },
    schedule() {
      const able = list.filter(accepts);
      const idle = able.find(({ activeConnections }) => activeConnections === 0);
      if (name === 'nq' && idle) return idle;
      // Multiplied crosswise, as the kernel does: no fraction is lost.
      const isBetter = (one: RealServer, other: RealServer): boolean =>
        overhead(one) * share(other) < overhead(other) * share(one);
      let best = able[0];
      for (const server of able) if (best && isBetter(server, best)) best = server;
      return best;
    },
  };
}

function newHashing(name: 'sh' | 'dh'): IpvsScheduler {
  let buckets: RealServer[] = [];
  return {
    serversChanged(servers) {
      const round = servers.flatMap((server) =>
        Array.from({ length: name === 'sh' ? Math.max(1, server.weight) : 1 }, () => server),
      );
      buckets = Array.from({ length: HASH_BUCKETS }, (_, i) => round[i % round.length]).flatMap(
        (server) => server ?? [],
      );
    },
    schedule(source, destination) {
      const server = buckets[hashBucket(name === 'sh' ? source : destination)];
      return server && accepts(server) ? server : undefined;
    },
  };
}

/** How long a connection without packets is remembered, in milliseconds. */
export const CONNECTION_TIMEOUT_MS = { TCP: 900_000, UDP: 300_000, SCTP: 900_000 } as const;
/** How long a connection that was closed is remembered. */
export const CLOSED_TIMEOUT_MS = 120_000;

/** A connection that was sent to a real server. */
export interface IpvsConnection {
  /** `192.0.2.7:40000` */
  readonly client: string;
  readonly server: RealServer;
}

interface Remembered extends IpvsConnection {
  readonly template: Template | undefined;
  isClosed: boolean;
  timer: Timer | undefined;
}

/** To whom a client of a persistent service belongs. */
interface Template {
  readonly server: RealServer;
  connections: number;
  /** Until when, at least; on the clock's `monotonic`. */
  until: number;
}

/**
 * The connections of one virtual server.
 *
 * @remarks
 * 1. A packet of a client (address and port) that has a connection goes where its first one went, also if
 *    that server's weight is 0 by now; the connection's timeout begins anew. If the connection was closed,
 *    or its server is not in the list any more, it is forgotten, and the packet makes a new one.
 * 2. For a new one a server is chosen. If the service is persistent and the client (the address, whatever
 *    port) belongs to a server that is still in the list and has a weight above 0, it is that one. Otherwise
 *    the scheduler says. With nobody to choose there is no connection.
 * 3. A connection counts in its server's `activeConnections`; after `close` in its `inactiveConnections`;
 *    when it is forgotten in neither. It is forgotten `CONNECTION_TIMEOUT_MS` of its protocol after its
 *    last packet, or `CLOSED_TIMEOUT_MS` after `close`.
 * 4. A client of a persistent service belongs to the server of its last new connection: until
 *    `persistenceSeconds` after that was made, and for as long as any connection made since it belongs
 *    there is remembered.
 *
 * ```text
 * persistence 600 s      connect(c1, 1) → a     a: active 1                  c1 belongs to a
 *                        connect(c1, 2) → a     a: active 2
 * 10 s                   close(c1, 1)           a: active 1, inactive 1
 * 130 s                                         a: active 1
 * a's weight is 0        connect(c1, 2) → a     connect(c1, 3) → b           c1 belongs to b
 * ```
 *
 * @see linux 6.1 net/netfilter/ipvs/ip_vs_core.c, ip_vs_conn.c; kube-proxy sets
 * `expire_quiescent_template` and `expire_nodest_conn`
 */
export class IpvsConnections {
  readonly #clock: Clock;
  #service: VirtualServer | undefined;
  #scheduler: IpvsScheduler | undefined;
  readonly #connections = new Map<string, Remembered>();
  readonly #templates = new Map<string, Template>();

  /**
   * Before the first `update` there is nobody to connect to.
   *
   * @exercise kube-proxy/ipvs
   */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The virtual server is this now: called at first, and after every change of the service, of the list of
   * its servers, and of a weight.
   *
   * @remarks The scheduler (`newIpvsScheduler`) is a new one when the service names another than before,
   * and is told of the servers each time.
   * @exercise kube-proxy/ipvs
   */
  update(service: VirtualServer): void {
    if (this.#service?.scheduler !== service.scheduler) {
      this.#scheduler = newIpvsScheduler(service.scheduler);
    }
    this.#service = service;
    this.#scheduler?.serversChanged(service.servers);
  }

  /**
   * A packet of a client arrives.
   *
   * @param ip - the client's address
   * @returns the connection it belongs to; `undefined` when nobody takes it
   * @exercise kube-proxy/ipvs
   */
  connect(ip: string, port: number): IpvsConnection | undefined {
    const service = this.#service;
    const client = endpointAddress({ ip, port });
    const known = this.#connections.get(client);
    if (!service) return undefined;
    if (known && !known.isClosed && service.servers.includes(known.server)) {
      this.#forgetAfter(known, CONNECTION_TIMEOUT_MS[service.protocol]);
      return known;
    }
    if (known) this.#forget(known);
    const template = this.#templateOf(ip, service);
    const server = template?.server ?? this.#scheduler?.schedule(ip, service.ip);
    return server && this.#remember(ip, client, { service, server, template });
  }

  #templateOf(ip: string, service: VirtualServer): Template | undefined {
    const template = service.persistenceSeconds > 0 ? this.#templates.get(ip) : undefined;
    if (!template || !service.servers.includes(template.server) || !accepts(template.server)) {
      return undefined;
    }
    const isInTime = this.#clock.monotonic() < template.until;
    return isInTime || template.connections > 0 ? template : undefined;
  }

  #remember(
    ip: string,
    client: string,
    chosen: { service: VirtualServer; server: RealServer; template: Template | undefined },
  ): Remembered {
    const { service, server } = chosen;
    const { persistenceSeconds } = service;
    let template: Template | undefined;
    if (persistenceSeconds > 0) {
      template = chosen.template ?? { server, connections: 0, until: 0 };
      template.connections++;
      template.until = this.#clock.monotonic() + persistenceSeconds * 1000;
      this.#templates.set(ip, template);
    }
    const connection = { client, server, template, isClosed: false, timer: undefined };
    server.activeConnections++;
    this.#connections.set(client, connection);
    this.#forgetAfter(connection, CONNECTION_TIMEOUT_MS[service.protocol]);
    return connection;
  }

  /**
   * A client or its server ended a connection. One that is not there, or was closed before, is left as it
   * is.
   *
   * @exercise kube-proxy/ipvs
   */
  close(ip: string, port: number): void {
    const connection = this.#connections.get(endpointAddress({ ip, port }));
    if (!connection || connection.isClosed) return;
    connection.isClosed = true;
    connection.server.activeConnections--;
    connection.server.inactiveConnections++;
    this.#forgetAfter(connection, CLOSED_TIMEOUT_MS);
  }

  /**
   * Forgets all connections and whom clients belong to; no timer is left.
   *
   * @exercise kube-proxy/ipvs
   */
  clear(): void {
    for (const connection of this.#connections.values()) this.#forget(connection);
    this.#templates.clear();
  }

  #forgetAfter(connection: Remembered, ms: number): void {
    connection.timer?.cancel();
    connection.timer = this.#clock.after(ms, () => this.#forget(connection));
  }

  #forget({ client, server, template, isClosed, timer }: Remembered): void {
    timer?.cancel();
    this.#connections.delete(client);
    if (isClosed) server.inactiveConnections--;
    else server.activeConnections--;
    if (template) template.connections--;
  }
}

/**
 * What must be done so that a virtual service has the real servers it must have, and no connection breaks.
 *
 * @remarks kube-proxy gives every server weight 1. One that is not wanted any more is *drained*: its
 * weight becomes 0, so that it gets nothing new, and it is deleted once nothing is left. So the plan is
 * made again and again (in every sync, and at least every half minute).
 *
 * | | is not there | is there, weight above 0 | is there, weight 0 |
 * |---|---|---|---|
 * | wanted | `add-server`, weight 1 | | `delete-server`, then `add-server`, weight 1 |
 * | not wanted, TCP, has connections, active or not | | `edit-server`, weight 0 | |
 * | not wanted, other | | `delete-server` | `delete-server` |
 *
 * Flows of UDP and SCTP are not waited for. Wanted servers come first, in the order of `wanted`; then those
 * not wanted, in the order of `servers`.
 *
 * @param servers - those that are there
 * @param wanted - addresses: `10.244.1.2:8080`
 * @see kubernetes 1.33 pkg/proxy/ipvs/proxier.go syncEndpoint, pkg/proxy/ipvs/graceful_termination.go
 * @exercise kube-proxy/ipvs
 */
export function planRealServers(
  { protocol, ip, port }: ServiceAddress,
  servers: readonly RealServer[],
  wanted: readonly string[],
): IpvsCommand[] {
  const service = { protocol, ip, port };
  const remove = (server: string) => ({ do: 'delete-server', service, server }) as const;
  const commands: IpvsCommand[] = wanted.flatMap((address): IpvsCommand[] => {
    const there = servers.find((server) => server.address === address);
    if (there && accepts(there)) return [];
    const add = { do: 'add-server', service, server: address, weight: 1 } as const;
    return there ? [remove(address), add] : [add];
  });
  for (const server of servers) {
    const { address, activeConnections, inactiveConnections } = server;
    if (wanted.includes(address)) continue;
    const isBusy = protocol === 'TCP' && activeConnections + inactiveConnections > 0;
    if (!isBusy) commands.push(remove(address));
    else if (accepts(server)) {
      commands.push({ do: 'edit-server', service, server: address, weight: 0 });
    }
  }
  return commands;
}
