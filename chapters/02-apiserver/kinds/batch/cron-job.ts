/**
 * CronJobs: a Job at each time a schedule says. Given.
 *
 * @see pkg/apis/batch/v1/defaults.go, pkg/apis/batch/validation/validation.go (1.33)
 */

import type { CronJobSpec, CronJobStatus } from 'kubernetes-types/batch/v1.js';
import { type FieldError, fieldInvalid, fieldNotSupported, fieldRequired } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { workloadWarnings } from '../apps/workload-warnings.ts';
import { setPodTemplateDefaults } from '../core/pod-template.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, validateNonNegatives, validateRequiredOneOf } from '../field-checks.ts';
import { cronScheduleFault } from './cron-schedule.ts';
import { setFailureRuleDefaults } from './job.ts';
import { validateJobSpec } from './job-spec.ts';

/** The name of its Jobs is eleven characters longer, and theirs has 63 at most. */
const MAX_NAME_LENGTH = 52;

function setDefaults(object: ApiObject): void {
  const spec = specOf<CronJobSpec>(object);
  spec.concurrencyPolicy ||= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  spec.jobTemplate ??= {};
  spec.jobTemplate.spec ??= { template: {} };
  setFailureRuleDefaults(spec.jobTemplate.spec);
  spec.jobTemplate.spec.template ??= {};
  setPodTemplateDefaults(spec.jobTemplate.spec.template);
}

function prepareForCreate(object: ApiObject): void {
  object.status = {} satisfies CronJobStatus;
}

function validate(object: ApiObject): FieldError[] {
  const { name = '' } = object.metadata;
  const faults = validateSpec(specOf<CronJobSpec>(object), undefined);
  if (name.length <= MAX_NAME_LENGTH) return faults;
  const why = `must be no more than ${MAX_NAME_LENGTH} characters`;
  return [...faults, fieldInvalid('metadata.name', name, why)];
}

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  return validateSpec(specOf<CronJobSpec>(object), specOf<CronJobSpec>(old));
}

const CONCURRENCY_POLICIES = ['Allow', 'Forbid', 'Replace'];
const LIMITS = ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit'] as const;

function validateSpec(spec: CronJobSpec, old: CronJobSpec | undefined): FieldError[] {
  const isNewZone = !old || old.timeZone !== spec.timeZone;
  return [
    ...validateSchedule(spec, old),
    ...validateNonNegatives(spec, ['startingDeadlineSeconds'], 'spec'),
    ...(isNewZone ? validateTimeZone(spec.timeZone, 'spec.timeZone') : []),
    ...validateRequiredOneOf(
      spec.concurrencyPolicy,
      CONCURRENCY_POLICIES,
      'spec.concurrencyPolicy',
    ),
    ...validateJobTemplate(spec, 'spec.jobTemplate.spec'),
    ...validateNonNegatives(spec, LIMITS, 'spec'),
  ];
}

function validateSchedule(
  { schedule = '', timeZone }: CronJobSpec,
  old: CronJobSpec | undefined,
): FieldError[] {
  const path = 'spec.schedule';
  if (schedule === '') return [fieldRequired(path)];
  const fault = cronScheduleFault(schedule);
  const faults = fault === undefined ? [] : [fieldInvalid(path, schedule, fault)];
  if (!schedule.includes('TZ')) return faults;
  // Old ones had their zone there.
  if (!old?.schedule.includes('TZ')) {
    const why = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
    return [...faults, fieldInvalid(path, schedule, why)];
  }
  if (timeZone === undefined) return faults;
  const why = 'cannot use both timeZone field and TZ or CRON_TZ in schedule';
  return [...faults, fieldInvalid(path, schedule, why)];
}

function validateTimeZone(zone: string | undefined, path: string): FieldError[] {
  if (zone === undefined) return [];
  if (zone === '') return [fieldInvalid(path, zone, 'timeZone must be nil or non-empty string')];
  const unknown = fieldInvalid(path, zone, `unknown time zone ${zone}`);
  const isWellFormed = zone
    .split('/')
    .every((part) => /^(?!\.{1,2}$)(?!-)[\w.+-]{1,14}$/.test(part));
  if (!isWellFormed) return [unknown];
  if (zone.toLowerCase() === 'local') {
    const why =
      'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    return [fieldInvalid(path, zone, why)];
  }
  return isTimeZone(zone) ? [] : [unknown];
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Each Job gets a selector of its own, so the template has none. */
function validateJobTemplate({ jobTemplate }: CronJobSpec, path: string): FieldError[] {
  const spec = jobTemplate.spec ?? { template: {} };
  const faults = validateJobSpec(spec, path);
  if (spec.selector) {
    const why = '`selector` will be auto-generated';
    faults.push(fieldInvalid(`${path}.selector`, spec.selector, why));
  }
  if (spec.manualSelector) {
    faults.push(fieldNotSupported(`${path}.manualSelector`, true, ['nil', 'false']));
  }
  return faults;
}

export const cronJobKind = defineKind({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  resource: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  hasGeneration: true,
  subresources: { status: true },
  setDefaults,
  prepareForCreate,
  validate,
  validateUpdate,
  warnings: (object) => {
    const { jobTemplate } = specOf<CronJobSpec>(object);
    return workloadWarnings(object, jobTemplate.spec?.template, 'spec.jobTemplate.spec.template');
  },
});
