/** What makes rules of maps: iptables' or IPVS's. Given. */

import type { RulesText } from './appliers/applier.ts';
import { newIptablesProxier } from './iptables/iptables-proxier.ts';
import type { SyncState } from './iptables/sync-state.ts';
import { IpvsProxier } from './ipvs/ipvs-proxier.ts';
import type { VirtualServer } from './ipvs/virtual-server.ts';
import type { IpvsOptions } from './ipvs/wanted-state.ts';
import type { ProxierOptions } from './proxier-options.ts';

/** Says what the rules of one family must be. */
export interface RulesProxier {
  /** What to apply, so that rules are as they must be; after the first time it may be the difference. */
  sync(state: SyncState): RulesText;
  /** Makes the next `sync` write everything: what was written last may not be there. */
  fullSync(): void;
  /** Changes what is known of the node; the next sync is a full one. */
  setOptions(options: ProxierOptions): void;
  /** What virtual servers there are before a `sync`, where the applier knows: IPVS's only. */
  noteVirtualServers?(servers: readonly VirtualServer[]): void;
}

/** Makes what makes the rules. */
export type NewProxier = (options: ProxierOptions) => RulesProxier;

/** Rules of iptables. */
export const newIptablesRules: NewProxier = (options) => {
  const proxier = newIptablesProxier(options);
  return {
    sync: (state) => ({ iptables: proxier.sync(state) }),
    fullSync: () => proxier.fullSync(),
    setOptions: (changed) => proxier.setOptions(changed),
  };
};

/** Virtual servers of IPVS, and the few rules beside. */
export function newIpvsRules(ipvs: IpvsOptions): NewProxier {
  return (options) => new IpvsProxier({ ...options, ...ipvs });
}
