/**
 * Rules in words, for whoever is refused because of them. Given.
 *
 * @see pkg/registry/rbac/validation/policy_compact.go, pkg/apis/rbac/v1/evaluation_helpers.go (1.33)
 */

import type { User } from '../user.ts';
import type { PolicyRule } from './policy-source.ts';

/**
 * What somebody is told who tries to give away rights he does not have.
 *
 * @param missing - the rights, taken apart as `covers` does; they are put together again to be read
 * @param errors - what of his own rights could not be found out
 */
export function escalationText(
  user: User,
  missing: readonly PolicyRule[],
  errors: readonly string[],
): string {
  const who = `user ${JSON.stringify(user.username)} (groups=${quoted(user.groups)})`;
  const what = 'is attempting to grant RBAC permissions not currently held:';
  const lines = [...new Set(compactRules(missing).map(ruleText))].sort();
  const list = errors.length > 1 ? `[${errors.join(', ')}]` : errors.join();
  const unknown = errors.length > 0 ? `; resolution errors: [${list}]` : '';
  return `${who} ${what}\n${lines.join('\n')}${unknown}`;
}

/** Puts rules about the same resource together, which differ in their verb only. */
function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const compact: PolicyRule[] = [];
  const byResource = new Map<string, string[]>();
  for (const { verbs, ...rest } of rules) {
    const key = JSON.stringify(rest);
    const known = byResource.get(key);
    if (known && !rest.nonResourceURLs) {
      known.push(...verbs);
      continue;
    }
    const all = [...verbs];
    byResource.set(key, all);
    compact.push({ ...rest, verbs: all });
  }
  return compact;
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}` */
export function ruleText(rule: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const shown = parts.flatMap(([name, list]) => (list?.length ? `${name}:${quoted(list)}` : []));
  return `{${shown.join(', ')}}`;
}

function quoted(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;
}
