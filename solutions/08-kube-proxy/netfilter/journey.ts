/** What became of a packet, and every rule it met. Given: the types. As text: `trace-text.ts`. */

import type { ConnectionState, Direction } from './connection.ts';
import type { Hook, NatSide, TableName } from './hooks.ts';
import type { Packet } from './packet.ts';
import type { NatTarget, Rule } from './rule.ts';

export type Verdict = 'accept' | 'drop' | 'reject';

/** Something that happened on the way. */
export type Step =
  | RuleStep
  /** A built-in chain came to its end. */
  | {
      readonly kind: 'policy';
      readonly hook: Hook;
      readonly table: TableName;
      readonly verdict: 'accept' | 'drop';
    }
  /** Connection tracking looked at the packet. */
  | { readonly kind: 'track'; readonly state: ConnectionState; readonly direction: Direction }
  /** An address or a port was changed. */
  | {
      readonly kind: 'nat';
      readonly hook: Hook;
      readonly side: NatSide;
      readonly before: Packet;
      readonly after: Packet;
    }
  /** It was decided where the packet goes: to this node, or out by a device. */
  | { readonly kind: 'route'; readonly isLocal: boolean; readonly out: string };

/** A rule that matched. */
export interface RuleStep {
  readonly kind: 'rule';
  readonly hook: Hook;
  readonly table: TableName;
  readonly chain: string;
  /** Its place in the chain, from 1. */
  readonly number: number;
  /** How many chains deep: 0 in a built-in chain. */
  readonly depth: number;
  readonly rule: Rule;
  /** The packet as it came to the rule. */
  readonly packet: Packet;
}

/** How the walk through one built-in chain ended. */
export interface Outcome {
  readonly verdict: Verdict;
  /** The packet with its last mark. */
  readonly packet: Packet;
  /** With `reject`: what the sender is told. */
  readonly rejectWith?: string;
  /** How to translate the connection, if a rule says so. The verdict is `accept` then. */
  readonly nat?: NatTarget;
  /** Connection tracking shall not look at the packet. */
  readonly isUntracked: boolean;
}

/** How a packet went through the node. */
export interface Journey {
  readonly verdict: Verdict;
  readonly rejectWith?: string;
  /** As it arrives or leaves, or as it was when it ended. */
  readonly packet: Packet;
  /** Is it for this node? False when it ended before it was routed. */
  readonly isLocal: boolean;
  /**
   * The device it leaves by; `''` when it came from outside and is for this node, or ended before it was
   * routed. What this node sends has one from the beginning: that which leads to where it wants to go.
   */
  readonly out: string;
  readonly state: ConnectionState;
  readonly steps: readonly Step[];
}
