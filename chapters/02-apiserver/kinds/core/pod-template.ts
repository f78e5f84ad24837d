/**
 * Pod templates, which workloads make their pods of: what they have by default, and what is wrong
 * with one. Given.
 *
 * PodTemplates as objects of their own are in `pod-template-kind.ts`.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidatePodTemplateSpec
 */

import { type FieldError, fieldForbidden } from '#apimachinery';
import { validateLabels } from '../label-selector.ts';
import { validateAnnotations } from '../object-meta.ts';
import type { ApiPodTemplate } from './objects.ts';
import { validatePodAnnotations, validateProfilesMatch } from './pod-annotations.ts';
import { setPodSpecDefaults } from './pod-defaults.ts';
import { validatePodSpec } from './pod-spec.ts';

export type { ApiPodTemplate } from './objects.ts';

/** Fills in what is left out of a template. Changes it. */
export function setPodTemplateDefaults(template: ApiPodTemplate): void {
  template.metadata ??= {};
  template.spec ??= { containers: [] };
  setPodSpecDefaults(template.spec);
}

/**
 * Faults of a template.
 *
 * @param path - where the template is: `spec.template`
 */
export function validatePodTemplate(template: ApiPodTemplate, path: string): FieldError[] {
  const spec = template.spec ?? { containers: [] };
  const { labels, annotations } = template.metadata ?? {};
  const at = `${path}.spec`;
  const faults = [
    ...validateLabels(labels, `${path}.labels`),
    ...validateAnnotations(annotations, `${path}.annotations`),
    ...validatePodAnnotations(annotations, spec, `${path}.annotations`),
    ...validatePodSpec(spec, at),
    ...validateProfilesMatch(annotations, spec, at),
  ];
  if (!spec.ephemeralContainers?.length) return faults;
  const why = 'ephemeral containers not allowed in pod template';
  return [...faults, fieldForbidden(`${at}.ephemeralContainers`, why)];
}
