/**
 * MutatingWebhookConfigurations and ValidatingWebhookConfigurations: who else is asked before an
 * object is written. Given.
 *
 * Rules are checked in `rules.ts`, addresses in `../webhook-client.ts`; who asks is
 * `../../admission/`. Conditions in CEL are only checked for what surrounds them: whoever evaluates
 * one compiles it.
 *
 * @see pkg/apis/admissionregistration/validation/validation.go, v1/defaults.go (1.33)
 */

import type {
  MatchCondition,
  MutatingWebhook,
  ValidatingWebhook,
} from 'kubernetes-types/admissionregistration/v1.js';
import {
  type FieldError,
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooMany,
  qualifiedNameFaults,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { invalid, validateOneOf } from '../field-checks.ts';
import { validateLabelSelector } from '../label-selector.ts';
import { dns1035LabelFaults, validateFullyQualifiedName } from '../value-formats.ts';
import { setWebhookClientDefaults, validateWebhookClient } from '../webhook-client.ts';
import { type RuleWithOperations, validateRuleWithOperations } from './rules.ts';

/** Either kind of webhook; a validating one has no `reinvocationPolicy`. */
type Webhook = Omit<ValidatingWebhook, 'rules'> &
  Partial<Pick<MutatingWebhook, 'reinvocationPolicy'>> & { rules?: RuleWithOperations[] };

const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const MAX_MATCH_CONDITIONS = 64;

function webhooksOf(object: ApiObject): Webhook[] {
  return (object.webhooks ?? []) as Webhook[];
}

function setDefaults(object: ApiObject): void {
  for (const hook of webhooksOf(object)) {
    hook.failurePolicy ??= 'Fail';
    hook.matchPolicy ??= 'Equivalent';
    hook.namespaceSelector ??= {};
    hook.objectSelector ??= {};
    hook.timeoutSeconds ??= 10;
    setWebhookClientDefaults(hook.clientConfig);
    for (const rule of hook.rules ?? []) rule.scope ??= '*';
  }
}

function setMutatingDefaults(object: ApiObject): void {
  setDefaults(object);
  for (const hook of webhooksOf(object)) hook.reinvocationPolicy ??= 'Never';
}

/** What is let through because the object had it before. */
interface Leniency {
  readonly sideEffects: boolean;
  readonly reviewVersions: boolean;
  readonly names: boolean;
}

const STRICT: Leniency = { sideEffects: false, reviewVersions: false, names: false };

function leniencyFor(old: ApiObject): Leniency {
  const hooks = webhooksOf(old);
  const names = hooks.map((hook) => hook.name);
  return {
    sideEffects: hooks.some((hook) => !SIDE_EFFECTS.includes(hook.sideEffects)),
    reviewVersions: hooks.some(
      ({ admissionReviewVersions: versions = [] }) =>
        versions.length > 0 && !versions.some((version) => REVIEW_VERSIONS.includes(version)),
    ),
    names: new Set(names).size < names.length,
  };
}

function validateWith(object: ApiObject, leniency: Leniency): FieldError[] {
  const hooks = webhooksOf(object);
  const names = hooks.map((hook) => hook.name);
  return hooks.flatMap((hook, i) => {
    const at = `webhooks[${i}]`;
    const isRepeated = !leniency.names && Boolean(hook.name) && names.indexOf(hook.name) < i;
    return [
      ...validateWebhook(hook, leniency, at),
      ...validateReviewVersions(
        hook.admissionReviewVersions ?? [],
        leniency,
        `${at}.admissionReviewVersions`,
      ),
      ...(isRepeated ? [fieldDuplicate(`${at}.name`, hook.name)] : []),
    ];
  });
}

function validateWebhook(hook: Webhook, leniency: Leniency, path: string): FieldError[] {
  const { failurePolicy, matchPolicy, reinvocationPolicy } = hook;
  return [
    ...validateFullyQualifiedName(hook.name, `${path}.name`),
    ...(hook.rules ?? []).flatMap((rule, i) =>
      validateRuleWithOperations(rule, `${path}.rules[${i}]`),
    ),
    ...validateOneOf(failurePolicy, ['Fail', 'Ignore'], `${path}.failurePolicy`),
    ...validateOneOf(matchPolicy, ['Equivalent', 'Exact'], `${path}.matchPolicy`),
    ...validateSideEffects(hook.sideEffects, leniency, `${path}.sideEffects`),
    ...validateTimeout(hook.timeoutSeconds, `${path}.timeoutSeconds`),
    ...validateLabelSelector(hook.namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(hook.objectSelector, `${path}.objectSelector`),
    ...validateOneOf(reinvocationPolicy, ['IfNeeded', 'Never'], `${path}.reinvocationPolicy`),
    ...validateWebhookClient(hook.clientConfig, `${path}.clientConfig`),
    ...validateMatchConditions(hook.matchConditions ?? [], `${path}.matchConditions`),
  ];
}

function validateSideEffects(
  sideEffects: string | undefined,
  leniency: Leniency,
  path: string,
): FieldError[] {
  const allowed = leniency.sideEffects ? [...SIDE_EFFECTS, 'Some', 'Unknown'] : SIDE_EFFECTS;
  if (sideEffects === undefined) {
    return [fieldRequired(path, `must specify one of ${allowed.join(', ')}`)];
  }
  return allowed.includes(sideEffects) ? [] : [fieldNotSupported(path, sideEffects, allowed)];
}

function validateTimeout(seconds: number | undefined, path: string): FieldError[] {
  if (seconds === undefined || (seconds >= 1 && seconds <= 30)) return [];
  return [fieldInvalid(path, seconds, 'the timeout value must be between 1 and 30 seconds')];
}

function validateReviewVersions(
  versions: readonly string[],
  leniency: Leniency,
  path: string,
): FieldError[] {
  const accepted = REVIEW_VERSIONS.join(', ');
  if (versions.length === 0) return [fieldRequired(path, `must specify one of ${accepted}`)];
  const faults = versions.flatMap((version, i) => {
    const at = `${path}[${i}]`;
    if (versions.indexOf(version) < i) return [fieldInvalid(at, version, 'duplicate version')];
    return invalid(at, version, dns1035LabelFaults(version));
  });
  const isKnown = versions.some((version) => REVIEW_VERSIONS.includes(version));
  if (isKnown || leniency.reviewVersions) return faults;
  return [...faults, fieldInvalid(path, versions, `must include at least one of ${accepted}`)];
}

function validateMatchConditions(conditions: readonly MatchCondition[], path: string) {
  const names = conditions.map((condition) => condition.name);
  const faults: FieldError[] = [];
  if (conditions.length > MAX_MATCH_CONDITIONS) {
    faults.push(fieldTooMany(path, conditions.length, MAX_MATCH_CONDITIONS));
  }
  for (const [i, { name = '', expression = '' }] of conditions.entries()) {
    const at = `${path}[${i}]`;
    if (expression.trim() === '') faults.push(fieldRequired(`${at}.expression`));
    if (name === '') faults.push(fieldRequired(`${at}.name`));
    else faults.push(...invalid(`${at}.name`, name, qualifiedNameFaults(name)));
    if (name !== '' && names.indexOf(name) < i) faults.push(fieldDuplicate(`${at}.name`, name));
  }
  return faults;
}

const COMMON = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  categories: ['api-extensions'],
  namespaced: false,
  hasGeneration: true,
  allowUnconditionalUpdate: false,
  setDefaults,
  validate: (object: ApiObject) => validateWith(object, STRICT),
  validateUpdate: (object: ApiObject, old: ApiObject) => validateWith(object, leniencyFor(old)),
};

export const mutatingWebhookConfigurationKind = defineKind({
  ...COMMON,
  kind: 'MutatingWebhookConfiguration',
  resource: 'mutatingwebhookconfigurations',
  setDefaults: setMutatingDefaults,
});

export const validatingWebhookConfigurationKind = defineKind({
  ...COMMON,
  kind: 'ValidatingWebhookConfiguration',
  resource: 'validatingwebhookconfigurations',
});
