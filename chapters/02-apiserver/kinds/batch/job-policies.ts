/**
 * A Job's rules about when it has failed or succeeded: `podFailurePolicy`, `successPolicy` and
 * `podReplacementPolicy`. Given.
 *
 * @see pkg/apis/batch/validation/validation.go (1.33)
 */

import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from 'kubernetes-types/batch/v1.js';
import {
  type FieldError,
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  qualifiedNameFaults,
} from '#apimachinery';
import { invalid, validateNonNegative } from '../field-checks.ts';
import { countIndexes, IndexesError, parseIndexes } from './index-intervals.ts';

const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;
const MAX_CONDITION_PATTERNS = 20;
const MAX_SUCCEEDED_INDEXES_LENGTH = 64 * 1024;

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const EXIT_CODE_OPERATORS = ['In', 'NotIn'];
const CONDITION_STATUSES = ['False', 'True', 'Unknown'];

/** Faults of `podFailurePolicy`; none when there is no such policy. */
export function validatePodFailurePolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  return [
    ...validateCount(rules, MAX_RULES, `${path}.rules`),
    ...rules.flatMap((rule, i) => validateFailureRule(spec, rule, `${path}.rules[${i}]`)),
  ];
}

function validateFailureRule(
  spec: JobSpec,
  rule: PodFailurePolicyRule,
  path: string,
): FieldError[] {
  const { onExitCodes, onPodConditions = [] } = rule;
  const hasConditions = onPodConditions.length > 0;
  const faults = validateAction(spec, rule.action, `${path}.action`);
  if (onExitCodes) faults.push(...validateExitCodes(spec, onExitCodes, `${path}.onExitCodes`));
  if (hasConditions) {
    faults.push(...validateConditionPatterns(onPodConditions, `${path}.onPodConditions`));
  }
  if (onExitCodes && hasConditions) {
    const why = 'specifying both OnExitCodes and OnPodConditions is not supported';
    faults.push(fieldInvalid(path, '', why));
  }
  if (!onExitCodes && !hasConditions) {
    const why = 'specifying one of OnExitCodes and OnPodConditions is required';
    faults.push(fieldInvalid(path, '', why));
  }
  return faults;
}

function validateAction(spec: JobSpec, action: string, path: string): FieldError[] {
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    return [fieldInvalid(path, action, 'requires the backoffLimitPerIndex to be set')];
  }
  return validateListed(action, ACTIONS, path);
}

/** A value that must be there; the fault of a missing one lists those there are. */
function validateListed(
  value: string | undefined,
  supported: readonly string[],
  path: string,
): FieldError[] {
  if (!value) {
    const list = supported.map((each) => JSON.stringify(each)).join(' ');
    return [fieldRequired(path, `valid values: [${list}]`)];
  }
  return supported.includes(value) ? [] : [fieldNotSupported(path, value, supported)];
}

function validateConditionPatterns(
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
  path: string,
): FieldError[] {
  return [
    ...validateCount(patterns, MAX_CONDITION_PATTERNS, path),
    ...patterns.flatMap(({ type, status }, i) => [
      ...invalid(`${path}[${i}].type`, type, qualifiedNameFaults(type ?? '')),
      ...validateListed(status, CONDITION_STATUSES, `${path}[${i}].status`),
    ]),
  ];
}

function validateExitCodes(
  spec: JobSpec,
  { operator, containerName, values = [] }: PodFailurePolicyOnExitCodesRequirement,
  path: string,
): FieldError[] {
  const { containers = [], initContainers = [] } = spec.template.spec ?? {};
  const names = [...containers, ...initContainers].map((container) => container.name);
  const faults = validateListed(operator, EXIT_CODE_OPERATORS, `${path}.operator`);
  if (containerName !== undefined && !names.includes(containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template';
    faults.push(fieldInvalid(`${path}.containerName`, containerName, why));
  }
  return [...faults, ...validateExitCodeValues(operator, values, `${path}.values`)];
}

function validateExitCodeValues(
  operator: string,
  values: readonly number[],
  path: string,
): FieldError[] {
  if (values.length === 0) return [fieldInvalid(path, values, 'at least one value is required')];
  const faults = validateCount(values, MAX_EXIT_CODES, path);
  for (const [i, value] of values.entries()) {
    if (operator === 'In' && value === 0) {
      faults.push(fieldInvalid(`${path}[${i}]`, value, 'must not be 0 for the In operator'));
    }
    if (values.indexOf(value) < i) faults.push(fieldDuplicate(`${path}[${i}]`, value));
  }
  const isOrdered = values.every((value, i) => i === 0 || (values[i - 1] ?? 0) <= value);
  return isOrdered ? faults : [...faults, fieldInvalid(path, values, 'must be ordered')];
}

function validateCount(items: readonly unknown[], most: number, path: string): FieldError[] {
  return items.length > most ? [fieldTooMany(path, items.length, most)] : [];
}

/** Faults of `successPolicy`; none when there is no such policy. */
export function validateSuccessPolicy(spec: JobSpec, path: string): FieldError[] {
  const { successPolicy, completionMode, completions = 0 } = spec;
  if (!successPolicy) return [];
  if (completionMode !== 'Indexed') {
    return [fieldInvalid(path, successPolicy, 'requires indexed completion mode')];
  }
  const rules = successPolicy.rules ?? [];
  if (rules.length === 0) {
    const why = 'at least one rules must be specified when the successPolicy is specified';
    return [fieldRequired(`${path}.rules`, why)];
  }
  return [
    ...validateCount(rules, MAX_RULES, `${path}.rules`),
    ...rules.flatMap((rule, i) => validateSuccessRule(rule, completions, `${path}.rules[${i}]`)),
  ];
}

function validateSuccessRule(
  { succeededCount, succeededIndexes }: SuccessPolicyRule,
  completions: number,
  path: string,
): FieldError[] {
  if (succeededCount === undefined && succeededIndexes === undefined) {
    const why = 'at least one of succeededCount or succeededIndexes must be specified';
    return [fieldRequired(path, why)];
  }
  const indexes = readIndexes(succeededIndexes ?? '', completions, `${path}.succeededIndexes`);
  if (succeededCount === undefined) return indexes.faults;
  const field = `${path}.succeededCount`;
  const faults = [...indexes.faults, ...validateNonNegative(succeededCount, field)];
  if (succeededCount > completions) {
    const why = `must be less than or equal to ${completions} (the number of specified completions)`;
    faults.push(fieldInvalid(field, succeededCount, why));
  }
  if (succeededIndexes !== undefined && succeededCount > indexes.count) {
    const why = `must be less than or equal to ${indexes.count} (the number of indexes in the specified succeededIndexes field)`;
    faults.push(fieldInvalid(field, succeededCount, why));
  }
  return faults;
}

function readIndexes(
  text: string,
  completions: number,
  path: string,
): { count: number; faults: FieldError[] } {
  const isTooLong = text.length > MAX_SUCCEEDED_INDEXES_LENGTH;
  const faults = isTooLong ? [fieldTooLong(path, MAX_SUCCEEDED_INDEXES_LENGTH)] : [];
  try {
    return { count: countIndexes(parseIndexes(text, completions)), faults };
  } catch (error) {
    if (!(error instanceof IndexesError)) throw error;
    const why = `error parsing succeededIndexes: ${error.message}`;
    return { count: 0, faults: [...faults, fieldInvalid(path, text, why)] };
  }
}

/** Faults of `podReplacementPolicy`: with a failure policy a pod is replaced only once it has failed. */
export function validatePodReplacementPolicy(spec: JobSpec, path: string): FieldError[] {
  const { podReplacementPolicy: policy } = spec;
  if (policy === undefined) return [];
  const supported = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  return supported.includes(policy) ? [] : [fieldNotSupported(path, policy, supported)];
}
