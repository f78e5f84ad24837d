/**
 * What Deployments, ReplicaSets, StatefulSets and DaemonSets ask of their selector and pod
 * template. Given.
 *
 * The template itself is checked in `../core/pod-template.ts`.
 *
 * @see pkg/apis/apps/validation/validation.go (1.33)
 */

import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  type LabelSelector,
} from '#apimachinery';
import { isEmptySelector, selectorOf, validateLabelSelector } from '../label-selector.ts';

/** A workload's selector must be there, be right, and select something in particular. */
export function validateWorkloadSelector(
  selector: LabelSelector | undefined,
  path: string,
  workload: string,
): FieldError[] {
  if (!selector) return [fieldRequired(path)];
  const faults = validateLabelSelector(selector, path);
  if (isEmptySelector(selector)) {
    faults.push(fieldInvalid(path, selector, `empty selector is invalid for ${workload}`));
  }
  if (selectorOf(selector)) return faults;
  const why = workload === 'statefulset' ? '' : 'invalid label selector';
  return [...faults, fieldInvalid(path, selector, why)];
}

/** The template's pods must be among those selected; no selector selects none. */
export function validateTemplateIsSelected(
  template: PodTemplateSpec,
  selector: LabelSelector | undefined,
  path: string,
): FieldError[] {
  const labels = template.metadata?.labels;
  // What is wrong with a selector that is none is said where the selector is checked.
  if (selectorOf(selector)?.matches(labels) !== false) return [];
  const why = '`selector` does not match template `labels`';
  return [fieldInvalid(`${path}.metadata.labels`, labels, why)];
}

/** Pods of a workload that keeps them running are restarted always and have no deadline. */
export function validateTemplateRunsForever(
  template: PodTemplateSpec,
  path: string,
  workload: string,
): FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  const faults: FieldError[] = [];
  if (restartPolicy !== 'Always') {
    const field = `${path}.spec.restartPolicy`;
    faults.push(fieldNotSupported(field, restartPolicy ?? '', ['Always']));
  }
  if (activeDeadlineSeconds !== undefined) {
    const why = `activeDeadlineSeconds in ${workload} is not Supported`;
    faults.push(fieldForbidden(`${path}.spec.activeDeadlineSeconds`, why));
  }
  return faults;
}

/** Counts in a status that cannot be more than `replicas`. */
export function validateWithinReplicas<T extends { replicas?: number }>(
  status: T,
  fields: readonly (keyof T & string)[],
  path: string,
): FieldError[] {
  return fields
    .filter((field) => Number(status[field] ?? 0) > (status.replicas ?? 0))
    .map((field) =>
      fieldInvalid(`${path}.${field}`, status[field], 'cannot be greater than status.replicas'),
    );
}
