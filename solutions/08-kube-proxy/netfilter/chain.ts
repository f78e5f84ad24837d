/**
 * A chain: rules in order, and what becomes of a packet that none of them decides about. Given.
 *
 * Chains are never changed: a restore puts new ones in the place of old ones (`table-draft.ts`).
 */

import type { Packet } from './packet.ts';
import type { Rule } from './rule.ts';

/** A rule and its place in the chain, from 1. */
export interface NumberedRule {
  readonly number: number;
  readonly rule: Rule;
}

/** Shorter chains are walked as they are. */
const WORTH_AN_INDEX = 16;

/** Rules that ask for one address, by it; those that ask for one port only, by that; and the rest. */
interface Index {
  readonly byDestination: ReadonlyMap<string, readonly NumberedRule[]>;
  readonly byPort: ReadonlyMap<number, readonly NumberedRule[]>;
  readonly others: readonly NumberedRule[];
}

const none: readonly NumberedRule[] = [];

/** A built-in chain or one of a user. */
export class Chain {
  readonly name: string;
  readonly rules: readonly Rule[];
  /** Built-in chains only: what becomes of a packet at the end. A user's chain returns. */
  readonly policy: 'ACCEPT' | 'DROP' | undefined;
  #numbered: readonly NumberedRule[] | undefined;
  #index: Index | undefined;

  constructor(name: string, rules: readonly Rule[], policy?: 'ACCEPT' | 'DROP') {
    this.name = name;
    this.rules = rules;
    this.policy = policy;
  }

  /**
   * The rules a packet has to be held against, in the order of the chain.
   *
   * @remarks In a long chain those that ask for one other address, or for one other port, are left
   * out: a chain with a rule for each of 5,000 Services would cost every connection a millisecond,
   * as it does in the kernel. What is left may still not match.
   */
  rulesFor(packet: Packet): readonly NumberedRule[] {
    this.#numbered ??= this.rules.map((rule, i) => ({ number: i + 1, rule }));
    if (this.rules.length < WORTH_AN_INDEX) return this.#numbered;
    this.#index ??= indexOf(this.#numbered);
    const { byDestination, byPort, others } = this.#index;
    const found = [
      ...(byDestination.get(packet.destination) ?? none),
      ...(byPort.get(packet.destinationPort) ?? none),
    ];
    if (found.length === 0) return others;
    return [...found, ...others].sort((a, b) => a.number - b.number);
  }
}

function indexOf(rules: readonly NumberedRule[]): Index {
  const byDestination = new Map<string, NumberedRule[]>();
  const byPort = new Map<number, NumberedRule[]>();
  const others: NumberedRule[] = [];
  for (const numbered of rules) {
    const { destination, destinationPort } = numbered.rule;
    if (destination !== undefined) addTo(byDestination, destination, numbered);
    else if (destinationPort !== undefined) addTo(byPort, destinationPort, numbered);
    else others.push(numbered);
  }
  return { byDestination, byPort, others };
}

function addTo<K>(map: Map<K, NumberedRule[]>, key: K, rule: NumberedRule): void {
  const list = map.get(key);
  if (list) list.push(rule);
  else map.set(key, [rule]);
}
