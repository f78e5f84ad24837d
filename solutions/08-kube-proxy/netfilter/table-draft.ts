/**
 * A table while a text changes it: what `iptables-restore` does between `*nat` and `COMMIT`. Given.
 *
 * Nothing of it is true before `finish`. Who reads the text is `tables.ts`.
 */

import { Chain } from './chain.ts';
import { HOOKS, type Hook, type TableName } from './hooks.ts';
import type { Rule } from './rule.ts';
import { RuleFault } from './rule-options.ts';
import type { Table } from './table.ts';
import { mayStand, TARGET_EXTENSIONS } from './target-extensions.ts';

const NO_CHAIN = 'No chain/target/match by that name.';
const NO_RULE = 'Bad rule (does a matching rule exist in that chain?).';
const NO_NUMBER = 'Index of insertion too big.';
const MAX_CHAIN_NAME = 28;

/** A chain that may still change. */
interface DraftChain {
  rules: Rule[];
  policy: 'ACCEPT' | 'DROP' | undefined;
}

/** Commands of one table, one after another; each may throw a RuleFault. */
export class TableDraft {
  readonly name: TableName;
  readonly #chains: Map<string, Chain>;
  /** Those that have changed. Most of a table of a large cluster has not. */
  readonly #changed = new Map<string, DraftChain>();
  /** How many rules lead to a chain; counted when somebody wants to know. */
  #references: Map<string, number> | undefined;

  /** @param isEmpty - begin without rules and users' chains; policies stay */
  constructor(table: Table, isEmpty: boolean) {
    this.name = table.name;
    this.#chains = isEmpty ? builtInOf(table) : new Map(table.chains);
  }

  /** Is there a chain of a user of this name? Rules may not lead to built-in ones. */
  isUserChain(name: string): boolean {
    const chain = this.#chains.get(name);
    return chain !== undefined && chain.policy === undefined;
  }

  /** `:NAME POLICY`: makes a chain, or empties one of a user that is there. */
  declare(name: string, policy: string): void {
    const isBuiltIn = this.#chains.get(name)?.policy !== undefined;
    if (isBuiltIn) this.setPolicy(name, policy);
    else if (policy !== '-') throw new RuleFault(`Can't set policy \`${policy}' on \`${name}'`);
    else if (this.#chains.has(name)) this.flush(name);
    else this.create(name);
  }

  /** `-N NAME` */
  create(name: string): void {
    if (this.#chains.has(name)) throw new RuleFault('Chain already exists.');
    if (name === '' || name.length > MAX_CHAIN_NAME) {
      throw new RuleFault(`chain name \`${name}' too long (must be under 29 chars)`);
    }
    if (/^[-!]|\s/.test(name)) throw new RuleFault(`Invalid chain name \`${name}'`);
    if (TARGET_EXTENSIONS[name]) throw new RuleFault(`\`${name}' is the name of a target`);
    this.#chains.set(name, new Chain(name, []));
  }

  /** `-P NAME POLICY` */
  setPolicy(name: string, policy: string): void {
    const chain = this.#draft(name);
    if (chain.policy === undefined || (policy !== 'ACCEPT' && policy !== 'DROP')) {
      throw new RuleFault(`Can't set policy \`${policy}' on \`${name}'`);
    }
    chain.policy = policy;
  }

  /** `-A NAME …`, or with a place from 1 `-I NAME 3 …` */
  add(name: string, rule: Rule, place?: number): void {
    if (!mayStand(rule.target, this.name)) throw new RuleFault(`Invalid argument: ${rule.text}`);
    const { rules } = this.#draft(name);
    const at = place === undefined ? rules.length : place - 1;
    if (at < 0 || at > rules.length) throw new RuleFault(NO_NUMBER);
    rules.splice(at, 0, rule);
    this.#count(rule, 1);
  }

  /** `-R NAME 3 …` */
  replace(name: string, place: number, rule: Rule): void {
    this.remove(name, place);
    this.add(name, rule, place);
  }

  /** `-D NAME 3`, or `-D NAME …` for the first rule that says the same. */
  remove(name: string, which: number | Rule): void {
    const { rules } = this.#draft(name);
    const isPlace = typeof which === 'number';
    const at = isPlace ? which - 1 : rules.findIndex(({ text }) => text === which.text);
    const rule = rules[at];
    if (rule === undefined) throw new RuleFault(isPlace ? NO_NUMBER : NO_RULE);
    rules.splice(at, 1);
    this.#count(rule, -1);
  }

  /** `-F NAME`, or `-F` for all. */
  flush(name?: string): void {
    for (const one of name === undefined ? this.#chains.keys() : [name]) {
      const chain = this.#draft(one);
      for (const rule of chain.rules) this.#count(rule, -1);
      chain.rules = [];
    }
  }

  /** `-X NAME`: it must be empty, and no rule may lead to it. */
  delete(name: string): void {
    if (!this.isUserChain(name)) throw new RuleFault(NO_CHAIN);
    if (this.#rulesOf(name).length > 0) throw new RuleFault('Directory not empty.');
    if ((this.#counted().get(name) ?? 0) > 0) throw new RuleFault('Too many links.');
    this.#chains.delete(name);
    this.#changed.delete(name);
  }

  /** `-X`: all of users. */
  deleteAll(): void {
    for (const name of [...this.#chains.keys()]) if (this.isUserChain(name)) this.delete(name);
  }

  /**
   * The table as it shall be.
   *
   * @throws RuleFault when rules lead in a circle, or a target may not stand where rules lead to it
   */
  finish(): Table {
    for (const [name, { rules, policy }] of this.#changed) {
      this.#chains.set(name, new Chain(name, rules, policy));
    }
    this.#changed.clear();
    for (const hook of HOOKS) if (this.#chains.has(hook)) this.#check(hook);
    return { name: this.name, chains: this.#chains };
  }

  /** Walks all a packet may walk from a hook. */
  #check(hook: Hook): void {
    const done = new Set<string>();
    const path = new Set<string>();
    const walk = (name: string): void => {
      if (path.has(name)) throw new RuleFault(`Too many levels of symbolic links: chain ${name}`);
      if (done.has(name)) return;
      path.add(name);
      for (const { target, text } of this.#rulesOf(name)) {
        if (target.kind === 'jump' || target.kind === 'goto') walk(target.chain);
        else if (!mayStand(target, this.name, hook)) {
          throw new RuleFault(`Invalid argument: ${text} in chain ${name}, from ${hook}`);
        }
      }
      path.delete(name);
      done.add(name);
    };
    walk(hook);
  }

  #rulesOf(name: string): readonly Rule[] {
    return (this.#changed.get(name) ?? this.#chains.get(name))?.rules ?? [];
  }

  #draft(name: string): DraftChain {
    const chain = this.#chains.get(name);
    if (chain === undefined) throw new RuleFault(NO_CHAIN);
    let draft = this.#changed.get(name);
    if (draft === undefined) {
      draft = { rules: [...chain.rules], policy: chain.policy };
      this.#changed.set(name, draft);
    }
    return draft;
  }

  #count({ target }: Rule, change: 1 | -1): void {
    const counts = this.#references;
    if (counts === undefined || (target.kind !== 'jump' && target.kind !== 'goto')) return;
    counts.set(target.chain, (counts.get(target.chain) ?? 0) + change);
  }

  #counted(): ReadonlyMap<string, number> {
    if (this.#references === undefined) {
      this.#references = new Map();
      for (const name of this.#chains.keys()) {
        for (const rule of this.#rulesOf(name)) this.#count(rule, 1);
      }
    }
    return this.#references;
  }
}

function builtInOf({ chains }: Table): Map<string, Chain> {
  return new Map(
    [...chains].flatMap(([name, { policy }]) =>
      policy === undefined ? [] : [[name, new Chain(name, [], policy)]],
    ),
  );
}
