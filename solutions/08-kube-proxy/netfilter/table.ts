/** A table: its chains by name. Given. How text changes it is `table-draft.ts`. */

import { Chain } from './chain.ts';
import { HOOK_TABLES, HOOKS, type TableName } from './hooks.ts';

/** One of the four tables, as it is between two restores. */
export interface Table {
  readonly name: TableName;
  /** Built-in ones first, in the order `iptables-save` prints them. */
  readonly chains: ReadonlyMap<string, Chain>;
}

/** The table before anybody touched it: its built-in chains, empty, accepting. */
export function emptyTable(name: TableName): Table {
  const hooks = HOOKS.filter((hook) => HOOK_TABLES[hook].includes(name));
  return { name, chains: new Map(hooks.map((hook) => [hook, new Chain(hook, [], 'ACCEPT')])) };
}

/**
 * A chain that must be there: a built-in one, or one a rule leads to.
 *
 * @throws Error when it is not: a table never has a rule that leads nowhere
 */
export function chainOf(table: Table, name: string): Chain {
  const chain = table.chains.get(name);
  if (chain === undefined) throw new Error(`no chain ${name} in table ${table.name}`);
  return chain;
}
