/**
 * What IPVS in the kernel does: choose a real server, remember who was sent where, let servers go.
 *
 * Three parts: the schedulers, the connections, and the plan by which kube-proxy changes real servers.
 * Text is `commands.ts`, tables are `ipvs-table.ts`.
 */

import type { Clock, Timer } from '#apimachinery';
import { endpointAddress } from '../services/endpoint.ts';
import type { IpvsCommand, ServiceAddress } from './commands.ts';
import { newHashingScheduler } from './hashing-scheduler.ts';
import { type IpvsScheduler, weightSteps } from './scheduler.ts';
import type { IpvsSchedulerName } from './scheduler-names.ts';
import type { RealServer, VirtualServer } from './virtual-server.ts';

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
 * | `sh`, `dh` | what `newHashingScheduler` (given) says: it is made there |
 *
 * **rr, when servers change.** The one chosen last keeps its place: the turn is with the one that comes
 * after it now. If it is gone, the nearest one before it in the list of then that is still there takes
 * its part; if there is none, the turn is with the first.
 *
 * **wrr.** `weightSteps` (given) says what `step` and `top` are. A threshold begins at `top`. The list is
 * gone through from the beginning, and each server whose weight is at least the threshold is chosen in its
 * turn; at the end of the list the threshold is lowered by `step` (from `top` again when it is 0 or less),
 * and so on. When servers change, it begins at the beginning of the list; a threshold above the new `top`
 * becomes `top`, and any other one becomes `⌊threshold ÷ step⌋ × step + 1` if `step` is more than 1. When
 * no weight is above 0 the threshold is forgotten: it begins at `top` when there is one again.
 *
 * ```text
 * weights a 4, b 2: step 2, top 3        threshold 3: a    1: a b    3: a    1: a b    …
 * weights a 3, b 2, c 1: step 1, top 3   3: a   2: a b   1: a b c   3: a   …
 * ```
 *
 * @see linux 6.1 net/netfilter/ipvs/ip_vs_{rr,wrr,lc,wlc,sed,nq}.c
 * @exercise kube-proxy/ipvs
 */
export function newIpvsScheduler(name: IpvsSchedulerName): IpvsScheduler {
  if (name === 'rr') return newRoundRobin();
  if (name === 'wrr') return newWeightedRoundRobin();
  if (name === 'sh' || name === 'dh') return newHashingScheduler(name);
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
      ({ step, top } = weightSteps(list));
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
  readonly template: Template;
  isClosed: boolean;
  timer?: Timer;
}

/** To whom a client belongs. Without persistence each connection has one that nobody finds. */
interface Template {
  readonly server: RealServer;
  readonly lastsMs: number;
  connections: number;
  /** Until when, at least; on the clock's `monotonic`. */
  until: number;
}

/**
 * The connections of one virtual server.
 *
 * @remarks
 * 1. A packet of a client (address and port) that has a connection goes where its first one went, also if
 *    that server's weight is 0 by now; the connection's timeout begins anew. If the connection was closed it
 *    is forgotten, and the packet makes a new one.
 * 2. For a new one a server is chosen. If the service is persistent and the client (the address, whatever
 *    port) belongs to a server that is still in the list and has a weight above 0, it is that one. Otherwise
 *    the client belongs to nobody any more, and the scheduler says. With nobody to choose there is no
 *    connection.
 * 3. A connection counts in its server's `activeConnections`; after `close` in its `inactiveConnections`;
 *    when it is forgotten in neither. It is forgotten `CONNECTION_TIMEOUT_MS` of its protocol after its
 *    last packet, or `CLOSED_TIMEOUT_MS` after `close`; and at once when `update` tells a list without its
 *    server.
 * 4. A new connection made while the service is persistent makes its client belong to its server: until
 *    `persistenceSeconds` after the last one made so, and for as long as any of them is remembered. The
 *    seconds are those of when the client came to belong there; another number later is for clients who
 *    come later. (The kernel looks only once a minute whether any is remembered; here it is exact.)
 * 5. While a service is not persistent nobody asks to whom a client belongs, and a new connection says
 *    nothing of it. What was known is not forgotten: it holds again, if its time is not over, when the
 *    service is persistent again.
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
   * and is told of the servers each time. Connections of servers that are not in the list any more are
   * forgotten here, not when their next packet comes (rule 3).
   * @exercise kube-proxy/ipvs
   */
  update(service: VirtualServer): void {
    if (this.#service?.scheduler !== service.scheduler) {
      this.#scheduler = newIpvsScheduler(service.scheduler);
    }
    this.#service = service;
    this.#scheduler?.serversChanged(service.servers);
    for (const connection of this.#connections.values()) {
      if (!service.servers.includes(connection.server)) this.#forget(connection);
    }
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
    if (known?.isClosed) this.#forget(known);
    const connection = known?.isClosed === false ? known : this.#make(ip, client, service);
    if (connection) this.#forgetAfter(connection, CONNECTION_TIMEOUT_MS[service.protocol]);
    return connection;
  }

  #make(ip: string, client: string, service: VirtualServer): Remembered | undefined {
    const isPersistent = service.persistenceSeconds > 0;
    const known = isPersistent ? this.#templateOf(ip, service.servers) : undefined;
    const server = known?.server ?? this.#scheduler?.schedule(ip, service.ip);
    if (!server) return undefined;
    const lastsMs = service.persistenceSeconds * 1000;
    const template = known ?? { server, lastsMs, connections: 0, until: 0 };
    template.connections++;
    template.until = this.#clock.monotonic() + template.lastsMs;
    if (isPersistent) this.#templates.set(ip, template);
    const connection: Remembered = { client, server, template, isClosed: false };
    server.activeConnections++;
    this.#connections.set(client, connection);
    return connection;
  }

  /** To whom a client belongs; whoever may not get it is forgotten. */
  #templateOf(ip: string, servers: readonly RealServer[]): Template | undefined {
    const known = this.#templates.get(ip);
    const mayServe = known && servers.includes(known.server) && accepts(known.server);
    if (mayServe && (known.connections > 0 || this.#clock.monotonic() < known.until)) return known;
    this.#templates.delete(ip);
    return undefined;
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
    template.connections--;
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
