/**
 * node.k8s.io/v1: RuntimeClasses, the ways a node may run containers. Given.
 *
 * @see pkg/apis/node/validation/validation.go (1.33)
 */

import type { Toleration } from 'kubernetes-types/core/v1.js';
import type { RuntimeClass } from 'kubernetes-types/node/v1.js';
import { dnsLabelFaults, type FieldError, fieldDuplicate } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { validateResourceRequirements } from './core/resources.ts';
import { defineKind } from './define-kind.ts';
import { invalid, validateImmutable } from './field-checks.ts';
import { validateLabels } from './label-selector.ts';

function validate(object: ApiObject): FieldError[] {
  const { handler = '', overhead, scheduling } = object as unknown as RuntimeClass;
  const limits = overhead?.podFixed;
  return [
    ...invalid('handler', handler, dnsLabelFaults(handler)),
    ...validateResourceRequirements({ ...(limits && { limits }) }, [], 'overhead'),
    ...validateLabels(scheduling?.nodeSelector, 'scheduling.nodeSelector'),
    ...validateTolerationsUnique(scheduling?.tolerations ?? [], 'scheduling.tolerations'),
  ];
}

function validateTolerationsUnique(tolerations: readonly Toleration[], path: string): FieldError[] {
  const seen = new Set<string>();
  return tolerations.flatMap((toleration, i) => {
    const { key, operator, value, effect } = toleration;
    const identity = JSON.stringify([key, operator, value, effect]);
    const isRepeated = seen.has(identity);
    seen.add(identity);
    return isRepeated ? [fieldDuplicate(`${path}[${i}]`, toleration)] : [];
  });
}

export const runtimeClassKind = defineKind({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  resource: 'runtimeclasses',
  namespaced: false,
  allowUnconditionalUpdate: false,
  allowCreateOnUpdate: true,
  validate,
  validateUpdate: (object, old) => validateImmutable(object.handler, old.handler, 'handler'),
});
