/**
 * What extensions of iptables (`-m NAME`, `-j NAME`) are to the parser: options, and what is made of
 * them. Given: the types, and readers of values.
 */

import type { IpFamily } from '../services/service-port.ts';
import type { PacketProtocol } from './packet.ts';
import type { Match, Target } from './rule.ts';

/** Says why a rule cannot be; the line is added by who knows it. */
export class RuleFault extends Error {
  override readonly name = 'RuleFault';
}

/** An option an extension has, under one of its spellings. */
export interface OptionSpec {
  /** What its other spellings share. */
  readonly name: string;
  readonly values: 0 | 1 | 2;
  /** May a `!` stand before it? */
  readonly isNegatable?: boolean;
}

/** An option as it was written. */
export interface GivenOption {
  readonly values: readonly string[];
  readonly isNegated: boolean;
}

/** What else an extension may want to know of the rule. */
export interface RuleHead {
  readonly family: IpFamily;
  /** Of `-p`, when it is there and not negated. */
  readonly protocol: PacketProtocol | undefined;
}

export type GivenOptions = ReadonlyMap<string, GivenOption>;

/** `-m NAME` */
export interface MatchExtension {
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** @throws RuleFault */
  build(given: GivenOptions, head: RuleHead): Match;
}

/** A target and how `iptables-save` prints it. */
export interface BuiltTarget {
  readonly text: string;
  readonly target: Target;
}

/** `-j NAME`, where it is no chain. */
export interface TargetExtension {
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** @throws RuleFault */
  build(given: GivenOptions, head: RuleHead): BuiltTarget;
}

/** `--dport` → one value, may be negated. */
export function option(
  name: string,
  values: OptionSpec['values'] = 1,
  isNegatable = false,
): OptionSpec {
  return { name, values, isNegatable };
}

/** `! ` or nothing. */
export const not = (isNegated: boolean | undefined): string => (isNegated ? '! ' : '');

/** A whole number, decimal or `0x…`. @throws RuleFault */
export function numberOf(text: string, max = 0xffff_ffff): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value) || value > max) throw new RuleFault(`Bad argument \`${text}'`);
  return value;
}

/** `0x4000` or `0x4000/0xffff`; without a mask all bits count. @throws RuleFault */
export function maskedNumber(text: string): { value: number; mask: number } {
  const [value = '', mask, ...rest] = text.split('/');
  if (rest.length > 0) throw new RuleFault(`Bad argument \`${text}'`);
  return { value: numberOf(value), mask: mask === undefined ? 0xffff_ffff : numberOf(mask) };
}

/** `80`, or two ends with a separator: `80:90`. @throws RuleFault */
export function portRange(text: string, separator: ':' | '-'): readonly [number, number] {
  const [first = '', last = first, ...rest] = text.split(separator);
  const from = first === '' ? 0 : numberOf(first, 65_535);
  const to = last === '' ? 65_535 : numberOf(last, 65_535);
  if (rest.length > 0 || text === '' || from > to) {
    throw new RuleFault(`invalid portrange (min > max): ${text}`);
  }
  return [from, to];
}

/** `80`, `80:90` */
export function portRangeText([first, last]: readonly [number, number], separator: ':' | '-') {
  return first === last ? String(first) : `${first}${separator}${last}`;
}

export const hex = (value: number): string => `0x${value.toString(16)}`;

/** A word as `iptables-save` prints it: in quotes unless it is letters, digits, `-` and `_` only. */
export function quoted(word: string): string {
  if (/^[\w-]+$/.test(word)) return word;
  return `"${word.replace(/["'\\]/g, (letter) => `\\${letter}`)}"`;
}
