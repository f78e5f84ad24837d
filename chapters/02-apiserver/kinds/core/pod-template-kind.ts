/**
 * PodTemplates as a kind of their own: kept for others, made use of by nobody. Given.
 *
 * Templates inside other objects are in `pod-template.ts`.
 *
 * @see pkg/registry/core/podtemplate/strategy.go (1.33)
 */

import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import type { Kind } from '../kind.ts';
import {
  type ApiPodTemplate,
  setPodTemplateDefaults,
  validatePodTemplate,
} from './pod-template.ts';
import { podWarnings } from './pod-warnings.ts';

/** PodTemplates. */
export const podTemplateKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  resource: 'podtemplates',
  namespaced: true,
  hasGeneration: true,
  setDefaults(object) {
    object.template ??= {};
    setPodTemplateDefaults(templateOf(object));
  },
  validate: (object) => validatePodTemplate(templateOf(object), 'template'),
  warnings: (object) => podWarnings(templateOf(object), 'template'),
});

function templateOf(object: ApiObject): ApiPodTemplate {
  return (object.template ?? {}) as ApiPodTemplate;
}
