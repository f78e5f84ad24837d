/**
 * Makes rules with IPVS: what changes of virtual servers, sets and the few iptables rules. Given.
 *
 * What there must be is `wanted-state.ts`; how real servers are let go is `ipvs.ts`.
 */

import type { RulesText } from '../appliers/applier.ts';
import type { SyncState } from '../iptables/sync-state.ts';
import type { ProxierOptions } from '../proxier-options.ts';
import { commandsText, type IpvsCommand } from './commands.ts';
import { type IpSetEntries, ipSetChangesText, ipSetsText } from './ip-sets.ts';
import { planRealServers } from './ipvs.ts';
import { ipvsRulesText } from './ipvs-rules.ts';
import { IpvsTable } from './ipvs-table.ts';
import { type VirtualServer, virtualServerId } from './virtual-server.ts';
import { type IpvsOptions, type WantedServer, WantedState } from './wanted-state.ts';

/**
 * What takes virtual servers from one state to another.
 *
 * @remarks Services come in the order wanted, each with its real servers; services not wanted go last,
 * and their connections with them: nobody has the address any more.
 */
export function planVirtualServers(
  there: readonly VirtualServer[],
  wanted: readonly WantedServer[],
): IpvsCommand[] {
  const known = new Map(there.map((server) => [virtualServerId(server), server]));
  const commands = wanted.flatMap(({ service, servers }): IpvsCommand[] => {
    const id = virtualServerId(service);
    const before = known.get(id);
    known.delete(id);
    const plan = planRealServers(service, before?.servers ?? [], servers);
    if (!before) return [{ do: 'add-service', service }, ...plan];
    const isSame =
      before.scheduler === service.scheduler &&
      before.persistenceSeconds === service.persistenceSeconds;
    return isSame ? plan : [{ do: 'edit-service', service }, ...plan];
  });
  const gone = [...known.values()].map(({ protocol, ip, port }): IpvsCommand => {
    return { do: 'delete-service', service: { protocol, ip, port } };
  });
  return [...commands, ...gone];
}

/** IPVS of one family. */
export class IpvsProxier {
  #options: ProxierOptions & IpvsOptions;
  /** What was written, as if it had been applied; nothing is connected here. */
  #table = newRecord();
  #known: readonly VirtualServer[] | undefined;
  #entries: IpSetEntries | undefined;
  #mustClear = false;

  constructor(options: ProxierOptions & IpvsOptions) {
    this.#options = options;
  }

  sync({ services, endpoints }: SyncState): RulesText {
    const { family } = this.#options;
    const wanted = new WantedState(this.#options, services, endpoints);
    const there = this.#known ?? this.#table.virtualServers;
    const plan = planVirtualServers(there, wanted.servers);
    const commands: IpvsCommand[] = this.#mustClear ? [{ do: 'clear' }, ...plan] : plan;
    const ipvs = commandsText(commands);
    if (!this.#known) this.#table.restore(ipvs);
    const ipset = this.#entries
      ? ipSetChangesText(this.#entries, wanted.entries, family)
      : ipSetsText(wanted.entries, family);
    this.#entries = wanted.entries;
    this.#mustClear = false;
    const iptables = ipvsRulesText(this.#options, wanted.entries, wanted.forbidden);
    return { iptables, ipset, ipvs, boundAddresses: [...wanted.boundAddresses].sort() };
  }

  /** Without anybody who knows what is there, all is thrown away and made anew. */
  fullSync(): void {
    this.#entries = undefined;
    this.#mustClear = this.#known === undefined;
    this.#table = newRecord();
  }

  setOptions(options: ProxierOptions): void {
    this.#options = { ...this.#options, ...options };
    this.fullSync();
  }

  /** What is there, with the connections it has. */
  noteVirtualServers(servers: readonly VirtualServer[]): void {
    this.#known = servers;
    this.#mustClear = false;
  }
}

const never = { cancel: () => {} };

/** A table without connections needs no time. */
function newRecord(): IpvsTable {
  return new IpvsTable({
    now: () => 0,
    monotonic: () => 0,
    after: () => never,
    sleep: () => Promise.resolve(),
  });
}
