/** The rules that a node's kube-proxy has written for one service. Given. Pure. */

import type { Netfilter, Rule, Table } from '#kube-proxy';
import type { ChainView } from './messages.ts';

const TABLES = ['nat', 'filter'] as const;
/** Chains that belong to one service, or to one endpoint of it. */
const OWN_CHAIN = /^KUBE-(SVC|SVL|EXT|FW|SEP)-/;

/**
 * The rules that speak of the service in chains that all share, then the chains they lead to.
 *
 * @param key - `namespace/name`
 */
export function serviceRules({ tables }: Netfilter, key: string): ChainView[] {
  return TABLES.flatMap((name) => chainsOf(tables.get(name), key));
}

function chainsOf(table: Table, key: string): ChainView[] {
  const shared = [...table.chains.values()]
    .filter(({ name }) => !OWN_CHAIN.test(name))
    .map(({ name, rules }) => view(table.name, name, rules, (rule) => speaksOf(rule, key)));
  const found = shared.filter(({ rules }) => rules.length > 0);
  const open = found.flatMap(({ chain, rules }) => leadsTo(table, chain, rules));
  const seen = new Set<string>();
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const whole = view(table.name, name, table.chains.get(name)?.rules ?? [], () => true);
    found.push(whole);
    open.push(...leadsTo(table, name, whole.rules));
  }
  return found;
}

function view(
  table: string,
  chain: string,
  rules: readonly Rule[],
  isWanted: (rule: Rule) => boolean,
): ChainView {
  const numbered = rules.map((rule, i) => ({ number: i + 1, rule }));
  return {
    table,
    chain,
    rules: numbered
      .filter(({ rule }) => isWanted(rule))
      .map(({ number, rule }) => ({ number, text: rule.text })),
  };
}

/** kube-proxy notes in each rule whom it is for: `default/web:http cluster IP`. */
function speaksOf({ text }: Rule, key: string): boolean {
  const [, comment = ''] = /--comment "?([^"]*)/.exec(text) ?? [];
  return comment === key || comment.startsWith(`${key} `) || comment.startsWith(`${key}:`);
}

function leadsTo(
  table: Table,
  chain: string,
  rules: readonly { readonly number: number }[],
): string[] {
  return rules.flatMap(({ number }) => {
    const target = table.chains.get(chain)?.rules[number - 1]?.target;
    const isJump = target?.kind === 'jump' || target?.kind === 'goto';
    return isJump && OWN_CHAIN.test(target.chain) ? [target.chain] : [];
  });
}
