/**
 * What a Job's spec must be, in a Job and in a CronJob's template. Given.
 *
 * Its policies are checked in `job-policies.ts`.
 *
 * @see pkg/apis/batch/validation/validation.go (1.33), validateJobSpec
 */

import type { JobSpec as JobSpec130 } from 'kubernetes-types/batch/v1.js';
import {
  type FieldError,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
} from '#apimachinery';
import { validatePodTemplate } from '../core/pod-template.ts';
import { validateNonNegatives } from '../field-checks.ts';
import { validateDomainPrefixedPath } from '../value-formats.ts';
import {
  validatePodFailurePolicy,
  validatePodReplacementPolicy,
  validateSuccessPolicy,
} from './job-policies.ts';

/** As of 1.33. */
export type JobSpec = JobSpec130 & { managedBy?: string };

const MAX_INDEXED_PARALLELISM = 100_000;
const MAX_FAILED_INDEXES = 100_000;
const MANY_COMPLETIONS = 100_000;
/** For parallelism and failed indexes, when there are many completions. */
const LIMIT_WITH_MANY_COMPLETIONS = 10_000;
const MAX_MANAGED_BY_LENGTH = 63;

const NUMBERS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

/**
 * Faults of a spec, but for its selector.
 *
 * @param path - `spec`, or `spec.jobTemplate.spec`
 */
export function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  return [
    ...validateNonNegatives(spec, NUMBERS, path),
    ...validateMaxFailedIndexes(spec, path),
    ...validateManagedBy(spec.managedBy, `${path}.managedBy`),
    ...validateCompletionMode(spec, path),
    ...validatePodFailurePolicy(spec, `${path}.podFailurePolicy`),
    ...validateSuccessPolicy(spec, `${path}.successPolicy`),
    ...validatePodReplacementPolicy(spec, `${path}.podReplacementPolicy`),
    ...validatePodTemplate(spec.template, `${path}.template`),
    ...validateRestartPolicy(spec, `${path}.template.spec.restartPolicy`),
  ];
}

function validateMaxFailedIndexes(spec: JobSpec, path: string): FieldError[] {
  if (spec.maxFailedIndexes === undefined || spec.backoffLimitPerIndex !== undefined) return [];
  return [fieldRequired(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')];
}

function validateManagedBy(managedBy: string | undefined, path: string): FieldError[] {
  if (managedBy === undefined) return [];
  const faults = validateDomainPrefixedPath(managedBy, path);
  if (managedBy.length <= MAX_MANAGED_BY_LENGTH) return faults;
  return [...faults, fieldTooLong(path, MAX_MANAGED_BY_LENGTH)];
}

function validateCompletionMode(spec: JobSpec, path: string): FieldError[] {
  const { completionMode: mode = 'NonIndexed' } = spec;
  if (mode === 'Indexed') return validateIndexed(spec, path);
  if (mode !== 'NonIndexed') {
    return [fieldNotSupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed'])];
  }
  return (['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
    .filter((field) => spec[field] !== undefined)
    .map((field) =>
      fieldInvalid(`${path}.${field}`, spec[field], 'requires indexed completion mode'),
    );
}

function validateIndexed(spec: JobSpec, path: string): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes = 0 } = spec;
  const faults: FieldError[] = [];
  if (completions === undefined) {
    faults.push(fieldRequired(`${path}.completions`, 'when completion mode is Indexed'));
  }
  if (parallelism > MAX_INDEXED_PARALLELISM) {
    const why = `must be less than or equal to ${MAX_INDEXED_PARALLELISM} when completion mode is Indexed`;
    faults.push(fieldInvalid(`${path}.parallelism`, parallelism, why));
  }
  if (completions !== undefined && maxFailedIndexes > completions) {
    const why = 'must be less than or equal to completions';
    faults.push(fieldInvalid(`${path}.maxFailedIndexes`, maxFailedIndexes, why));
  }
  if (maxFailedIndexes > MAX_FAILED_INDEXES) {
    const why = `must be less than or equal to ${MAX_FAILED_INDEXES}`;
    faults.push(fieldInvalid(`${path}.maxFailedIndexes`, maxFailedIndexes, why));
  }
  const isLarge = (completions ?? 0) > MANY_COMPLETIONS && spec.backoffLimitPerIndex !== undefined;
  return isLarge ? [...faults, ...validateManyCompletions(spec, path)] : faults;
}

function validateManyCompletions(spec: JobSpec, path: string): FieldError[] {
  const faults: FieldError[] = [];
  if (spec.maxFailedIndexes === undefined) {
    const why = `must be specified when completions is above ${MANY_COMPLETIONS}`;
    faults.push(fieldRequired(`${path}.maxFailedIndexes`, why));
  }
  for (const field of ['parallelism', 'maxFailedIndexes'] as const) {
    if ((spec[field] ?? 0) <= LIMIT_WITH_MANY_COMPLETIONS) continue;
    const why = `must be less than or equal to ${LIMIT_WITH_MANY_COMPLETIONS} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
    faults.push(fieldInvalid(`${path}.${field}`, spec[field], why));
  }
  return faults;
}

/** A Job's pods must be able to end; `Always` is also what is there when nobody said anything. */
function validateRestartPolicy(spec: JobSpec, path: string): FieldError[] {
  const policy = spec.template.spec?.restartPolicy || 'Always';
  if (policy === 'Always') {
    return [fieldRequired(path, 'valid values: "OnFailure", "Never"')];
  }
  if (policy !== 'OnFailure' && policy !== 'Never') {
    return [fieldNotSupported(path, policy, ['OnFailure', 'Never'])];
  }
  if (policy === 'Never' || !spec.podFailurePolicy) return [];
  const why = 'only "Never" is supported when podFailurePolicy is specified';
  return [fieldInvalid(path, policy, why)];
}
