/**
 * A rule: what it looks for, and what happens to a packet that has it. Given: the types, and the
 * question whether all of a rule matches. Where rules come from is `parse-rule.ts`.
 */

import type { Clock, Random } from '#apimachinery';
import type { IpFamily } from '../services/service-port.ts';
import type { Tracked } from './connection.ts';
import type { Hook } from './hooks.ts';
import type { IpSets } from './ip-sets.ts';
import type { NatRange } from './nat-range.ts';
import type { Packet } from './packet.ts';
import type { RecentLists } from './recent-lists.ts';

/** What is known of a packet that does not stand in it. */
export interface PacketContext {
  readonly hook: Hook;
  /** The device it came by; `''` when it comes from this node. */
  readonly in: string;
  /** The device it will leave by; `''` while nobody knows. */
  readonly out: string;
  readonly tracked: Tracked;
  readonly world: MatchWorld;
}

/** What matches ask of the node. */
export interface MatchWorld {
  readonly family: IpFamily;
  isLocal(ip: string): boolean;
  readonly recent: RecentLists;
  readonly sets: IpSets;
  readonly clock: Clock;
  readonly random: Random;
}

/** One condition. */
export interface Match {
  /** As `iptables-save` prints it: `-m mark --mark 0x4000/0x4000`. */
  readonly text: string;
  /** Some conditions remember that they were asked: ask only when all before held. */
  matches(packet: Packet, context: PacketContext): boolean;
}

/** What happens to a packet that matched. */
export type Target =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'none' | 'log' | 'untrack' }
  /** `icmp-port-unreachable`, `tcp-reset`, … */
  | { readonly kind: 'reject'; readonly with: string }
  /** The other chain, and then on with the next rule. */
  | { readonly kind: 'jump'; readonly chain: string }
  /** The other chain instead of the rest of this one. */
  | { readonly kind: 'goto'; readonly chain: string }
  /** The mark becomes `(mark & ~mask) ^ value`. */
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  | NatTarget;

/** A target of the `nat` table: how the connection is to be translated. */
export interface NatTarget {
  readonly kind: 'dnat' | 'snat' | 'masquerade' | 'redirect';
  readonly range: NatRange;
}

/** One rule of a chain. */
export interface Rule {
  /** As `iptables-save` prints it, without `-A CHAIN`. */
  readonly text: string;
  readonly matches: readonly Match[];
  readonly target: Target;
  /** Where it asks for one address and one only: long chains are looked up by it. */
  readonly destination?: string;
  /** Where it asks for one port and one only. */
  readonly destinationPort?: number;
}

/** Does a packet meet all conditions of a rule? They are asked in order, up to the first that fails. */
export function ruleMatches(rule: Rule, packet: Packet, context: PacketContext): boolean {
  for (const match of rule.matches) if (!match.matches(packet, context)) return false;
  return true;
}
