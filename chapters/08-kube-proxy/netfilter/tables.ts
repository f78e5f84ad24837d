/**
 * All tables of a node, and the text that changes and shows them: `iptables-restore`,
 * `iptables-save`. Given. What the commands do is `table-draft.ts`.
 */

import type { IpFamily } from '../services/service-port.ts';
import { TABLE_NAMES, type TableName } from './hooks.ts';
import { parseRule } from './parse-rule.ts';
import { RuleFault } from './rule-options.ts';
import { wordsOf } from './rule-words.ts';
import { emptyTable, type Table } from './table.ts';
import { TableDraft } from './table-draft.ts';

/** Thrown when a line cannot be done. Tables committed before it stay changed, its own does not. */
export class RestoreError extends Error {
  override readonly name = 'RestoreError';
  /** From 1. */
  readonly line: number;

  constructor(tool: string, line: number, reason: string) {
    super(`${tool}: line ${line} failed: ${reason}`);
    this.line = line;
  }
}

/** As the flags of `iptables-restore`. */
export interface RestoreOptions {
  /**
   * Keep what the text does not speak of: a chain that is declared is emptied or made, all others
   * stay. Without it a table in the text loses all it had first.
   */
  readonly noflush?: boolean;
}

const EMPTY_TABLES: Readonly<Record<TableName, Table>> = {
  raw: emptyTable('raw'),
  mangle: emptyTable('mangle'),
  nat: emptyTable('nat'),
  filter: emptyTable('filter'),
};

/** The four tables. */
export class Tables {
  readonly #family: IpFamily;
  readonly #tables = new Map<TableName, Table>();

  constructor(family: IpFamily) {
    this.#family = family;
  }

  /** A table; one nobody has touched is there, and empty. */
  get(name: TableName): Table {
    return this.#tables.get(name) ?? EMPTY_TABLES[name];
  }

  /**
   * Does what `iptables-restore` does with a text.
   *
   * @remarks Each table's part ends with `COMMIT`; it is done as a whole there, or not at all.
   * @throws RestoreError at the first line that cannot be done
   */
  restore(text: string, { noflush = false }: RestoreOptions = {}): void {
    let draft: TableDraft | undefined;
    const lines = text.split('\n');
    lines.forEach((line, i) => {
      const words = line.trim();
      if (words === '' || words.startsWith('#')) return;
      try {
        if (draft === undefined) draft = this.#begin(words, noflush);
        else if (words === 'COMMIT') {
          this.#tables.set(draft.name, draft.finish());
          draft = undefined;
        } else this.#command(draft, wordsOf(words));
      } catch (error) {
        if (!(error instanceof RuleFault)) throw error;
        throw new RestoreError(this.#tool, i + 1, error.message);
      }
    });
    if (draft) throw new RestoreError(this.#tool, lines.length, 'COMMIT expected');
  }

  get #tool(): string {
    return this.#family === 'IPv6' ? 'ip6tables-restore' : 'iptables-restore';
  }

  #begin(line: string, noflush: boolean): TableDraft {
    const name = TABLE_NAMES.find((known) => line === `*${known}`);
    if (name === undefined) {
      throw new RuleFault(
        line.startsWith('*')
          ? `no table ${line.slice(1)} in this model`
          : 'no table before this line',
      );
    }
    return new TableDraft(this.get(name), !noflush);
  }

  #command(draft: TableDraft, words: readonly string[]): void {
    const [first = '', ...rest] = words;
    if (first.startsWith(':')) {
      draft.declare(first.slice(1), rest[0] ?? '');
      return;
    }
    // What `iptables-save --counters` wrote: no packet of this model has a size.
    const [command = '', chain, ...spec] = /^\[\d+:\d+\]$/.test(first) ? rest : words;
    const rule = (from: number) =>
      parseRule(spec.slice(from), this.#family, (name) => draft.isUserChain(name));
    const place = /^\d+$/.test(spec[0] ?? '') ? Number(spec[0]) : undefined;
    if (chain === undefined) {
      if (command === '-F') draft.flush();
      else if (command === '-X') draft.deleteAll();
      else if (command !== '-Z') throw new RuleFault(`unknown command "${command}"`);
      return;
    }
    const isPlaceOnly = spec.length === 1 && place !== undefined;
    if (command === '-A') draft.add(chain, rule(0));
    else if (command === '-I') draft.add(chain, rule(place === undefined ? 0 : 1), place ?? 1);
    else if (command === '-R') draft.replace(chain, place ?? 0, rule(1));
    else if (command === '-D') draft.remove(chain, isPlaceOnly ? place : rule(0));
    else if (command === '-N') draft.create(chain);
    else if (command === '-P') draft.setPolicy(chain, spec[0] ?? '');
    else if (command === '-F') draft.flush(chain);
    else if (command === '-X') draft.delete(chain);
    else if (command !== '-Z') throw new RuleFault(`unknown command "${command}"`);
  }

  /** All that has been restored, as `iptables-save` prints it: users' chains by name. */
  save(): string {
    return TABLE_NAMES.flatMap((name) => {
      const table = this.#tables.get(name);
      return table ? saveTable(table) : [];
    }).join('');
  }
}

function saveTable({ name, chains }: Table): string {
  const all = [...chains.values()];
  const ordered = [
    ...all.filter(({ policy }) => policy !== undefined),
    ...all.filter(({ policy }) => policy === undefined).sort((a, b) => (a.name < b.name ? -1 : 1)),
  ];
  const lines = [
    `*${name}`,
    ...ordered.map((chain) => `:${chain.name} ${chain.policy ?? '-'} [0:0]`),
    ...ordered.flatMap((chain) =>
      chain.rules.map(({ text }) => `-A ${chain.name} ${text}`.trimEnd()),
    ),
    'COMMIT',
  ];
  return lines.map((line) => `${line}\n`).join('');
}
