/**
 * Jobs: pods that run until they have succeeded often enough. Given.
 *
 * The spec is checked in `job-spec.ts`, the status in `job-status.ts`. Here are defaults, the
 * selector that every Job gets, and what may change.
 *
 * @see pkg/apis/batch/v1/defaults.go, pkg/registry/batch/job/strategy.go (1.33)
 */

import type { JobStatus } from 'kubernetes-types/batch/v1.js';
import type { Affinity, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import {
  deepCopy,
  dnsLabelFaults,
  type FieldError,
  fieldInvalid,
  fieldRequired,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { workloadWarnings } from '../apps/workload-warnings.ts';
import { setPodTemplateDefaults } from '../core/pod-template.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, statusOf, validateImmutable } from '../field-checks.ts';
import { selectorOf, validateLabelSelector } from '../label-selector.ts';
import { type JobSpec, validateJobSpec } from './job-spec.ts';
import { validateJobStatusUpdate } from './job-status.ts';

const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid';
const JOB_NAME = 'batch.kubernetes.io/job-name';
const LEGACY_CONTROLLER_UID = 'controller-uid';
const LEGACY_JOB_NAME = 'job-name';

const DEFAULT_BACKOFF_LIMIT = 6;
const MAX_INT32 = 2 ** 31 - 1;

function setDefaults(object: ApiObject): void {
  const spec = specOf<JobSpec>(object);
  // Parallelism alone is a work queue: it ends when one pod succeeds.
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  // With a limit for each index the Job as a whole has none.
  const isPerIndex = spec.backoffLimitPerIndex !== undefined;
  spec.backoffLimit ??= isPerIndex ? MAX_INT32 : DEFAULT_BACKOFF_LIMIT;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  setPolicyDefaults(spec);
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
  setLabelDefaults(object, spec);
}

/** A Job without labels has its pods'. */
function setLabelDefaults({ metadata }: ApiObject, { template }: JobSpec): void {
  const { labels } = template.metadata ?? {};
  const own = Object.keys(metadata.labels ?? {});
  if (labels && own.length === 0) metadata.labels = { ...labels };
}

function setPolicyDefaults(spec: JobSpec): void {
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  setFailureRuleDefaults(spec);
}

/** A failure rule's condition is meant to be true unless it says otherwise; for CronJobs too. */
export function setFailureRuleDefaults(spec: JobSpec): void {
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  }
}

function prepareForCreate(object: ApiObject): void {
  object.status = {} satisfies JobStatus;
  const spec = specOf<JobSpec>(object);
  if (spec.manualSelector) return;
  generateSelector(object, spec);
  // The labels just made are the Job's too: the real server sets defaults again when it reads it back.
  setLabelDefaults(object, spec);
}

/**
 * Makes the Job select its own pods and no others: its uid is nobody else's.
 *
 * Labels that are there already stay; when they are wrong, `validateGeneratedSelector` says so.
 */
function generateSelector({ metadata }: ApiObject, spec: JobSpec): void {
  const { name = '', uid = '' } = metadata;
  spec.template.metadata ??= {};
  spec.template.metadata.labels = {
    [JOB_NAME]: name,
    [LEGACY_JOB_NAME]: name,
    [CONTROLLER_UID]: uid,
    [LEGACY_CONTROLLER_UID]: uid,
    ...spec.template.metadata.labels,
  };
  spec.selector ??= {};
  spec.selector.matchLabels = { [CONTROLLER_UID]: uid, ...spec.selector.matchLabels };
}

function validate(object: ApiObject): FieldError[] {
  return validateJob(object, true);
}

function validateJob(object: ApiObject, needsPrefixedLabels: boolean): FieldError[] {
  const spec = specOf<JobSpec>(object);
  return [
    ...validateGeneratedSelector(object, spec, needsPrefixedLabels),
    ...validateJobSpec(spec, 'spec'),
    ...validateSelector(spec),
    ...validateHostnames(object, spec),
  ];
}

function validateGeneratedSelector(
  { metadata }: ApiObject,
  spec: JobSpec,
  needsPrefixedLabels: boolean,
): FieldError[] {
  if (spec.manualSelector || !spec.selector) return [];
  const { name = '', uid = '' } = metadata;
  const expected: Record<string, string> = {
    [LEGACY_CONTROLLER_UID]: uid,
    [LEGACY_JOB_NAME]: name,
    ...(needsPrefixedLabels && { [CONTROLLER_UID]: uid, [JOB_NAME]: name }),
  };
  const labels = spec.template.metadata?.labels ?? {};
  const faults = Object.entries(expected).flatMap(([label, value]) =>
    validateHasLabel(labels, label, value),
  );
  const selector = selectorOf(spec.selector);
  if (!selector || selector.matches(expected)) return faults;
  return [...faults, fieldInvalid('spec.selector', spec.selector, '`selector` not auto-generated')];
}

function validateHasLabel(
  labels: Readonly<Record<string, string>>,
  label: string,
  value: string,
): FieldError[] {
  const path = 'spec.template.metadata.labels';
  if (labels[label] === undefined)
    return [fieldRequired(`${path}[${label}]`, `must be '${value}'`)];
  if (labels[label] === value) return [];
  return [fieldInvalid(`${path}[${label}]`, labels, `must be '${value}'`)];
}

function validateSelector({ selector, template }: JobSpec): FieldError[] {
  const labels = template.metadata?.labels;
  const faults = selector
    ? validateLabelSelector(selector, 'spec.selector')
    : [fieldRequired('spec.selector')];
  if (selectorOf(selector)?.matches(labels) !== false) return faults;
  const why = '`selector` does not match template `labels`';
  return [...faults, fieldInvalid('spec.template.metadata.labels', labels, why)];
}

/** The highest index goes into a pod's hostname. */
function validateHostnames({ metadata }: ApiObject, spec: JobSpec): FieldError[] {
  if (spec.completionMode !== 'Indexed' || !spec.completions) return [];
  const hostname = `${metadata.name}-${spec.completions - 1}`;
  if (dnsLabelFaults(hostname).length === 0) return [];
  const why = `will not able to create pod with invalid DNS label: ${hostname}`;
  return [fieldInvalid('metadata.name', metadata.name, why)];
}

const IMMUTABLE = [
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
] as const;

function validateUpdate(object: ApiObject, before: ApiObject): FieldError[] {
  const [spec, old] = [specOf<JobSpec>(object), specOf<JobSpec>(before)];
  const hasPrefixedLabels = old.template.metadata?.labels?.[JOB_NAME] !== undefined;
  return [
    ...validateJob(object, hasPrefixedLabels),
    ...validateCompletions(spec, old),
    ...validateImmutable(spec.selector, old.selector, 'spec.selector'),
    ...validateImmutable(spec.template, templateThatMayBe(spec, before), 'spec.template'),
    ...IMMUTABLE.flatMap((field) => validateImmutable(spec[field], old[field], `spec.${field}`)),
  ];
}

/** An Indexed Job can grow and shrink, if completions and parallelism do so together. */
function validateCompletions(spec: JobSpec, old: JobSpec): FieldError[] {
  const { completions, parallelism } = spec;
  if (spec.completionMode !== 'Indexed') {
    return validateImmutable(completions, old.completions, 'spec.completions');
  }
  const isFine = completions === undefined || completions === parallelism;
  if (isFine || completions === old.completions) return [];
  const why = 'can only be modified in tandem with spec.parallelism';
  return [fieldInvalid('spec.completions', completions, why)];
}

/**
 * The template an update may have: the old one, but where its pods run may change as long as the
 * Job is suspended and has not begun.
 */
function templateThatMayBe({ template }: JobSpec, before: ApiObject): PodTemplateSpec {
  const old = specOf<JobSpec>(before);
  const hasStarted = statusOf<JobStatus>(before).startTime !== undefined;
  if (!old.suspend || hasStarted) return old.template;
  const expected = deepCopy(old.template);
  expected.spec ??= { containers: [] };
  expected.spec.affinity = affinityThatMayBe(template.spec?.affinity, expected.spec.affinity);
  expected.spec.nodeSelector = template.spec?.nodeSelector;
  expected.spec.tolerations = template.spec?.tolerations;
  expected.spec.schedulingGates = template.spec?.schedulingGates;
  const { labels, annotations } = template.metadata ?? {};
  expected.metadata = { ...expected.metadata, labels, annotations };
  return expected;
}

/** Only `nodeAffinity` may change. */
function affinityThatMayBe(
  affinity: Affinity | undefined,
  old: Affinity | undefined,
): Affinity | undefined {
  if (affinity) return { ...old, nodeAffinity: affinity.nodeAffinity };
  const rest = { ...old };
  delete rest.nodeAffinity;
  return Object.keys(rest).length === 0 ? undefined : rest;
}

export const jobKind = defineKind({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  resource: 'jobs',
  categories: ['all'],
  namespaced: true,
  hasGeneration: true,
  subresources: { status: true },
  defaultPropagation: 'Orphan',
  setDefaults,
  prepareForCreate,
  validate,
  validateUpdate,
  validateStatusUpdate: validateJobStatusUpdate,
  warnings: (object) => workloadWarnings(object, specOf<JobSpec>(object).template, 'spec.template'),
});
