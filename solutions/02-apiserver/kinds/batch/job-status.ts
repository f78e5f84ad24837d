/**
 * What a Job's status may say. Given.
 *
 * Most of it is checked only when it changes, so that an old status with a fault can still be
 * written.
 *
 * @see pkg/apis/batch/validation/validation.go (validateJobStatus, ValidateJobStatusUpdate),
 * pkg/registry/batch/job/strategy.go (getStatusValidationOptions) (1.33)
 */

import type { JobStatus } from 'kubernetes-types/batch/v1.js';
import {
  type FieldError,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  isConditionTrue,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { specOf, statusOf, validateNonNegatives } from '../field-checks.ts';
import { firstCommonIndex, IndexesError, parseIndexes } from './index-intervals.ts';
import type { JobSpec } from './job-spec.ts';

const COUNTS = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;

/** A status and the one before it. */
interface Change {
  readonly spec: JobSpec;
  readonly status: JobStatus;
  readonly old: JobStatus;
}

/** Faults of a new status. */
export function validateJobStatusUpdate(object: ApiObject, before: ApiObject): FieldError[] {
  const status = statusOf<JobStatus>(object);
  const change = { spec: specOf<JobSpec>(object), status, old: statusOf<JobStatus>(before) };
  return [
    ...validateNonNegatives(status, COUNTS, 'status'),
    ...validateUncounted(status),
    ...validateConditions(change),
    ...validateTimes(change),
    ...validateFinished(change),
    ...validateIndexes(change),
    ...validateProgress(change),
  ];
}

function is(status: JobStatus, type: string): boolean {
  return isConditionTrue(status.conditions, type);
}

function isFinished(status: JobStatus): boolean {
  return is(status, 'Complete') || is(status, 'Failed');
}

function changed({ status, old }: Change, ...fields: (keyof JobStatus)[]): boolean {
  return fields.some((field) => !semanticallyEqual(status[field], old[field]));
}

/** A pod is counted once. */
function validateUncounted({ uncountedTerminatedPods: uncounted }: JobStatus): FieldError[] {
  const seen = new Set<string>();
  const faults: FieldError[] = [];
  for (const list of ['succeeded', 'failed'] as const) {
    for (const [i, uid] of (uncounted?.[list] ?? []).entries()) {
      const path = `status.uncountedTerminatedPods.${list}[${i}]`;
      if (uid === '') faults.push(fieldInvalid(path, uid, 'must not be empty'));
      else if (seen.has(uid)) faults.push(fieldDuplicate(path, uid));
      seen.add(uid);
    }
  }
  return faults;
}

const TERMINAL = ['Failed', 'Complete', 'FailureTarget'];

function validateConditions(change: Change): FieldError[] {
  const { spec, status, old } = change;
  const whys: string[] = [];
  if (is(status, 'Complete') && is(status, 'Failed')) {
    whys.push('cannot set Complete=True and Failed=true conditions');
  }
  if (is(status, 'Complete') && is(status, 'FailureTarget')) {
    whys.push('cannot set Complete=True and FailureTarget=true conditions');
  }
  if (changed(change, 'conditions')) whys.push(...missingForerunners(status));
  if (is(status, 'SuccessCriteriaMet') && is(status, 'Failed')) {
    whys.push('cannot set SuccessCriteriaMet=True and Failed=true conditions');
  }
  if (is(status, 'SuccessCriteriaMet') && is(status, 'FailureTarget')) {
    whys.push('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  }
  if (spec.successPolicy && !is(status, 'SuccessCriteriaMet') && is(status, 'Complete')) {
    whys.push('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True');
  }
  for (const type of TERMINAL) {
    if (is(old, type) && !is(status, type)) {
      whys.push(`cannot disable the terminal ${type}=True condition`);
    }
  }
  if (is(old, 'SuccessCriteriaMet') && !is(status, 'SuccessCriteriaMet')) {
    whys.push('cannot disable the SuccessCriteriaMet=True condition');
  }
  return whys.map((why) => fieldInvalid('status.conditions', '', why));
}

/** The end is announced before it comes, while pods still run. */
function missingForerunners(status: JobStatus): string[] {
  const whys: string[] = [];
  if (is(status, 'Failed') && !is(status, 'FailureTarget')) {
    whys.push('cannot set Failed=True condition without the FailureTarget=true condition');
  }
  if (is(status, 'Complete') && !is(status, 'SuccessCriteriaMet')) {
    whys.push('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  }
  return whys;
}

function validateTimes(change: Change): FieldError[] {
  const { spec, status, old } = change;
  const { startTime, completionTime } = status;
  const path = 'status.completionTime';
  const isComplete = is(status, 'Complete');
  const faults: FieldError[] = [];
  if (completionTime && !isComplete) {
    const why = 'cannot set completionTime when there is no Complete=True condition';
    faults.push(fieldInvalid(path, completionTime, why));
  }
  if (!completionTime && isComplete) {
    faults.push(fieldRequired(path, 'completionTime is required for Complete jobs'));
  }
  if (startTime && completionTime && completionTime < startTime) {
    const why = 'completionTime cannot be set before startTime';
    faults.push(fieldInvalid(path, completionTime, why));
  }
  if (completionTime && old.completionTime && completionTime !== old.completionTime) {
    faults.push(fieldInvalid(path, completionTime, 'completionTime cannot be mutated'));
  }
  if (old.startTime && startTime !== old.startTime && !spec.suspend) {
    const why = 'startTime cannot be removed for unsuspended job';
    faults.push(fieldRequired('status.startTime', why));
  }
  return faults;
}

function validateFinished(change: Change): FieldError[] {
  const { status } = change;
  if (!isFinished(status) || !changed(change, ...(Object.keys(status) as (keyof JobStatus)[]))) {
    return [];
  }
  const { active = 0, terminating = 0, uncountedTerminatedPods: uncounted } = status;
  const faults: FieldError[] = [];
  if (active > 0) {
    faults.push(fieldInvalid('status.active', active, 'active>0 is invalid for finished job'));
  }
  if (!status.startTime) {
    faults.push(fieldRequired('status.startTime', 'startTime is required for finished job'));
  }
  if ((uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length > 0) {
    const why = 'uncountedTerminatedPods needs to be empty for finished job';
    faults.push(fieldInvalid('status.uncountedTerminatedPods', uncounted, why));
  }
  if (terminating > 0) {
    const why = 'terminating>0 is invalid for finished job';
    faults.push(fieldInvalid('status.terminating', terminating, why));
  }
  return faults;
}

function validateIndexes(change: Change): FieldError[] {
  const { spec, status } = change;
  const { completedIndexes = '', failedIndexes } = status;
  if (!changed(change, 'completedIndexes', 'failedIndexes')) return [];
  const faults = [
    ...validateIndexList(spec, completedIndexes, 'completedIndexes'),
    ...validateIndexList(spec, failedIndexes ?? '', 'failedIndexes'),
  ];
  if (completedIndexes !== '' && spec.completionMode !== 'Indexed') {
    const why = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    faults.push(fieldInvalid('status.completedIndexes', completedIndexes, why));
  }
  if (failedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    const why = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    faults.push(fieldInvalid('status.failedIndexes', failedIndexes, why));
  }
  if (faults.length > 0 || spec.completions === undefined) return faults;
  const common = firstCommonIndex(
    parseIndexes(completedIndexes, spec.completions),
    parseIndexes(failedIndexes ?? '', spec.completions),
  );
  if (common === undefined) return [];
  const why = `failedIndexes and completedIndexes overlap at index: ${common}`;
  return [fieldInvalid('status.failedIndexes', failedIndexes, why)];
}

function validateIndexList(spec: JobSpec, text: string, field: string): FieldError[] {
  if (spec.completions === undefined) return [];
  try {
    parseIndexes(text, spec.completions);
    return [];
  } catch (error) {
    if (!(error instanceof IndexesError)) throw error;
    const why = `error parsing ${field}: ${error.message}`;
    return [fieldInvalid(`status.${field}`, text, why)];
  }
}

/** What was counted stays counted; only an Indexed Job may shrink, and its successes with it. */
function validateProgress(change: Change): FieldError[] {
  const { spec, status, old } = change;
  const { failed = 0, succeeded = 0, ready = 0, active = 0 } = status;
  const faults: FieldError[] = [];
  if (failed < (old.failed ?? 0)) {
    faults.push(fieldInvalid('status.failed', failed, 'cannot decrease the failed counter'));
  }
  if (succeeded < (old.succeeded ?? 0) && spec.completionMode !== 'Indexed') {
    const why = 'cannot decrease the succeeded counter';
    faults.push(fieldInvalid('status.succeeded', succeeded, why));
  }
  if (ready > active && changed(change, 'ready', 'active')) {
    faults.push(fieldInvalid('status.ready', ready, 'cannot set more ready pods than active'));
  }
  return faults;
}
