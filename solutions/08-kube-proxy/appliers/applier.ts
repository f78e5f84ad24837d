/** Where rules go: a model, the kernel of this computer, or a network in another process. Given. */

import type { Conntrack } from '../conntrack/stale-flows.ts';
import type { VirtualServer } from '../ipvs/virtual-server.ts';

/** What one sync asks for, as text for the tools that take it. */
export interface RulesText {
  /** For `iptables-restore --noflush --counters`, or `ip6tables-restore`. */
  readonly iptables: string;
  /** For `ipset restore`, before the rest. */
  readonly ipset?: string;
  /** For `ipvsadm --restore`. */
  readonly ipvs?: string;
  /** Addresses of the interface `kube-ipvs0`, when there are virtual servers: all of them. */
  readonly boundAddresses?: readonly string[];
}

/** Makes rules of one family true. */
export interface Applier {
  /**
   * Applies all of it, or as much as went well.
   *
   * @throws Error, as a rejection, when some of it was refused: the next sync writes everything anew
   */
  apply(rules: RulesText): Promise<void>;
  /** Are the rules still there? Somebody else may have thrown all away. Absent: nobody can. */
  isIntact?(): Promise<boolean>;
  /** The chains that table `nat` has: some may be of an earlier program. Absent: nobody knows. */
  natChains?(): Promise<readonly string[]>;
  /** Where flows of UDP are looked up; absent: nowhere. */
  readonly conntrack?: Conntrack;
  /** The virtual servers there are, of the family, with their connections; absent: nobody knows. */
  virtualServers?(): Promise<readonly VirtualServer[]>;
}

/** Takes everything and does nothing. */
export const noApplier: Applier = { apply: async () => {} };
