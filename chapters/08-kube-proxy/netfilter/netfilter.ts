/**
 * Netfilter: a packet's whole way through a node, hook by hook.
 *
 * One table's chains are `traverse.ts`, connections are `connection-tracking.ts`, text is
 * `tables.ts`. What a network needs to ask of it is `Netfilter.connect`.
 */

import type { Clock, Random } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { IpFamily } from '../services/service-port.ts';
import { type Connected, type ConnectRequest, readAddress } from './connect.ts';
import type { Connection } from './connection.ts';
import { ConnectionTracking } from './connection-tracking.ts';
import type { Hook } from './hooks.ts';
import { IpSets } from './ip-sets.ts';
import type { Journey } from './journey.ts';
import type { NatRange } from './nat-range.ts';
import type { Packet } from './packet.ts';
import { RecentLists } from './recent-lists.ts';
import { type Route, Routes } from './routes.ts';
import type { MatchWorld, NatTarget } from './rule.ts';
import { type RestoreOptions, Tables } from './tables.ts';

/** The node a model stands for. */
export interface NetfilterOptions {
  /** `IPv4` when not said. */
  readonly family?: IpFamily;
  /** Its addresses of the family; loopback's are its own in any case. */
  readonly localAddresses: readonly string[];
  /** What lies behind which device; all the rest behind `eth0`. */
  readonly routes?: readonly Route[];
  readonly clock: Clock;
  readonly random: Random;
}

/** Local ports of connections whose caller does not say one, as the kernel's `ip_local_port_range`. */
const FIRST_PORT = 32_768;
const PORTS = 28_232;

const PROTOCOLS = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const;

/** The rules of one family of one node, and what they remember. */
export class Netfilter {
  readonly tables: Tables;
  readonly tracking: ConnectionTracking;
  readonly routes: Routes;
  /** What matches ask. */
  readonly world: MatchWorld;
  #portsUsed = 0;

  /** @throws RangeError for an address that is none of the family */
  constructor({ family = 'IPv4', localAddresses, routes, clock, random }: NetfilterOptions) {
    const ways = new Routes(family, localAddresses, routes);
    this.routes = ways;
    this.tables = new Tables(family);
    this.tracking = new ConnectionTracking({ clock, random });
    this.world = {
      family,
      isLocal: (ip) => ways.isLocal(ip),
      recent: new RecentLists(),
      sets: new IpSets(),
      clock,
      random,
    };
  }

  /** Does what `iptables-restore` does. @throws RestoreError */
  restore(text: string, options: RestoreOptions = {}): void {
    this.tables.restore(text, options);
  }

  /** What `iptables-save` prints. */
  save(): string {
    return this.tables.save();
  }

  /** Does what `ipset restore -!` does. @throws IpSetError */
  restoreSets(text: string): void {
    this.world.sets.restore(text);
  }

  /** Forgets connections; all, when not said which. @returns how many */
  flushConntrack(fits: (connection: Connection) => boolean = () => true): number {
    return this.tracking.flush(fits);
  }

  /**
   * Sends one packet through the node.
   *
   * @remarks
   * The way, by `at`:
   *
   * 1. `PREROUTING`: hook PREROUTING, then routing. For this node (`routes.isLocal` of where it goes
   *    then): hook INPUT, and it has arrived. Else FORWARD, POSTROUTING, and it has left.
   * 2. `OUTPUT`: hook OUTPUT, routing, POSTROUTING. For this node it comes back by `lo`: PREROUTING and
   *    INPUT follow.
   *
   * What changes on the way is kept in a {@link Trip} (`trip.ts`, given): it begins with `newTrip`, rules
   * are told `contextOf` it, and `journeyOf` makes of it what is returned. Its fields say what you must set.
   *
   * At each hook the tables of `HOOK_TABLES` (given) are asked in their order, each with `traverse` (of
   * `tables.get(name)`). The first verdict that is not `accept` ends the way: the journey has that verdict,
   * and the packet as it was then. With every table the packet of its outcome goes on.
   *
   * - *Connection tracking* looks at the packet behind `raw`, in PREROUTING and OUTPUT: `tracking.track`,
   *   or {@link UNTRACKED} when the outcome of `raw` says so. What comes back by `lo` has been looked at; it
   *   is not looked at again. Each look is a `track` step.
   * - *The table `nat`* is about one side of the packet at each hook (`NAT_SIDES`, given). A packet
   *   without a connection is not shown to it. Of one with a connection: if `bound` of the side is still
   *   false, the table is traversed, and `tracking.bind` gets the range of the target it found
   *   (`rangeOf`, given below), or none; if that answers false, the packet is dropped. If `bound` is true
   *   the table is not asked. Then, in either case, `tracking.translate` changes the side; if it changed
   *   something, that is a `nat` step.
   * - *Routing* (a `route` step) decides whether the packet is for this node, and the device it leaves
   *   by, from the destination as translated: `lo` for this node in case 2; none (`''`) for this node in
   *   case 1.
   * - *`confirm`*: when the last hook before it arrives or leaves has accepted it: INPUT or POSTROUTING.
   *   In case 2 POSTROUTING is where that happens, and INPUT changes nothing any more.
   *
   * *Devices.* In case 1 `in` is the device the packet comes by, up to the end: POSTROUTING is told it,
   * too. In case 2 it is `''`, and `lo` for what comes back. `out` is `''` before routing in case 1; in
   * case 2 it is the device that leads to where the packet wants to go when it comes to OUTPUT, before any
   * translation. A packet that ended before it was routed is not for this node (`isLocal` is false), and
   * has the `out` it had then.
   *
   * ```text
   * *nat  -A PREROUTING -d 10.96.0.10/32 -p tcp -j DNAT --to-destination 10.244.2.7:8080
   *       -A POSTROUTING -j MASQUERADE
   * 10.244.1.5:40000 → 10.96.0.10:80 at PREROUTING, node 192.168.0.1
   *
   * PREROUTING   raw policy, track NEW, mangle policy, nat rule 1, destination 10.244.2.7:8080
   * routing      not for this node, out by eth0
   * FORWARD      mangle policy, filter policy
   * POSTROUTING  mangle policy, nat rule 1, source 192.168.0.1:40000        confirm; accept
   *
   * 10.244.2.7:8080 → 192.168.0.1:40000, the answer: ESTABLISHED
   * PREROUTING   destination 10.244.1.5:40000; not for this node
   * POSTROUTING  source 10.96.0.10:80: the client hears whom it asked
   * ```
   *
   * @param packet - addresses are written the usual way
   * @param at - `PREROUTING` when it comes by a wire, `OUTPUT` when somebody on this node sends it
   * @param device - the one it comes by; when not said, that which leads to its source
   * @see linux 6.1 net/netfilter/nf_nat_core.c nf_nat_inet_fn
   * @exercise kube-proxy/netfilter
   */
  send(packet: Packet, at: 'PREROUTING' | 'OUTPUT', device?: string): Journey {
    throw new NotImplemented('kube-proxy/netfilter', 'Netfilter.send');
  }

  /**
   * What a target leaves to choose from. MASQUERADE: the address this node shows on the way the packet
   * takes. REDIRECT: this node.
   */
  rangeOf({ kind, range }: NatTarget, hook: Hook, packet: Packet): NatRange {
    if (kind === 'masquerade') {
      const { source } = this.routes.to(packet.destination);
      return { ...range, addresses: [source, source] };
    }
    if (kind === 'redirect') {
      const loopback = this.world.family === 'IPv6' ? '::1' : '127.0.0.1';
      const here = hook === 'OUTPUT' ? loopback : this.routes.to(packet.source).source;
      return { ...range, addresses: [here, here] };
    }
    return range;
  }

  /**
   * Sends the first packet of a connection, and says where it came out.
   *
   * @remarks For those who have connections and no packets. The connection is remembered for as long as
   * the kernel remembers one that nobody has answered: 120 s for TCP, 30 s for UDP. UDP from the same
   * port within that time goes where it went, whatever the rules say by then.
   *
   * @throws RangeError for an address that is none
   */
  connect(request: ConnectRequest): Connected {
    const { family } = this.world;
    const from = readAddress(request.from, family);
    const to = readAddress(request.to, family);
    const packet: Packet = {
      protocol: PROTOCOLS[request.protocol],
      source: from.ip,
      sourcePort: from.port ?? FIRST_PORT + (this.#portsUsed++ % PORTS),
      destination: to.ip,
      destinationPort: to.port ?? 0,
      mark: 0,
    };
    const at = request.via === 'local' ? 'OUTPUT' : 'PREROUTING';
    const { packet: last, ...journey } = this.send(packet, at, request.device);
    return {
      ...journey,
      destination: { ip: last.destination, port: last.destinationPort },
      source: { ip: last.source, port: last.sourcePort },
    };
  }
}
