/** How much of which request is written to the audit log. Given; who writes is `audit.ts`. */

import type { Context } from '../context.ts';

/** `Metadata`: who did what, when; `Request` and `RequestResponse`: with the bodies. */
export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse';

/** When an event is written: on arrival, when a long answer begins, at its end. */
export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';

/** Requests of all the kinds named; what is absent or empty names all. */
export interface AuditRule {
  readonly level: AuditLevel;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly {
    readonly group?: string;
    // `pods`, `pods/log`, `pods/*`, `*/scale`, `*`
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  /** `''` for what has no namespace. */
  readonly namespaces?: readonly string[];
  /** `/healthz`, `/metrics*`, `*`. */
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly AuditStage[];
}

/** `audit.k8s.io/v1` `Policy`. */
export interface AuditPolicy {
  /** The first that matches counts; none: nothing is written. */
  readonly rules: readonly AuditRule[];
  readonly omitStages?: readonly AuditStage[];
}

/** Everything, without bodies, once it is over. */
export const METADATA_POLICY: AuditPolicy = {
  rules: [{ level: 'Metadata' }],
  omitStages: ['RequestReceived'],
};

/** What is decided for one request. */
export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: readonly AuditStage[];
}

/** @see k8s.io/apiserver/pkg/audit/policy/checker.go (1.33) */
export function decideAudit(policy: AuditPolicy, context: Context): AuditDecision {
  const rule = policy.rules.find((one) => matches(one, context));
  const omitStages = [...(policy.omitStages ?? []), ...(rule?.omitStages ?? [])];
  return { level: rule?.level ?? 'None', omitStages };
}

function matches(rule: AuditRule, context: Context): boolean {
  const { user, info } = context;
  if (!names(rule.users, user.username) || !names(rule.verbs, info.verb)) return false;
  if (rule.userGroups?.length && !user.groups.some((group) => names(rule.userGroups, group))) {
    return false;
  }
  if (rule.namespaces?.length || rule.resources?.length) return matchesResource(rule, context);
  if (rule.nonResourceURLs?.length) {
    if (info.isResourceRequest) return false;
    return rule.nonResourceURLs.some((pattern) => matchesPath(pattern, info.path));
  }
  return true;
}

/** Is it one of them, or are there none? */
function names(list: readonly string[] | undefined, value: string): boolean {
  return list === undefined || list.length === 0 || list.includes(value);
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

function matchesResource(rule: AuditRule, { info }: Context): boolean {
  if (!info.isResourceRequest || !names(rule.namespaces, info.namespace)) return false;
  if (!rule.resources?.length) return true;
  const { resource, subresource } = info;
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  const patterns = new Set(['*', whole, `${resource}/*`]);
  if (subresource !== '') patterns.add(`*/${subresource}`);
  return rule.resources.some((one) => {
    if ((one.group ?? '') !== info.apiGroup) return false;
    if (!one.resources?.length) return true;
    if (!names(one.resourceNames, info.name)) return false;
    return one.resources.some((pattern) => patterns.has(pattern));
  });
}
