/**
 * IngressClasses: which controller looks after an Ingress. Given.
 *
 * @see pkg/apis/networking/validation/validation.go, pkg/apis/networking/v1/defaults.go (1.33)
 */

import type {
  IngressClassParametersReference,
  IngressClassSpec,
} from 'kubernetes-types/networking/v1.js';
import {
  dnsLabelFaults,
  type FieldError,
  fieldForbidden,
  fieldRequired,
  fieldTooLong,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { invalid, specOf, validateImmutable, validateOneOf } from '../field-checks.ts';
import { validateDomainPrefixedPath } from '../value-formats.ts';
import { validateTypedReference } from './typed-reference.ts';

const MAX_CONTROLLER_LENGTH = 250;

function setDefaults(object: ApiObject): void {
  const { parameters } = specOf<IngressClassSpec>(object);
  if (parameters) parameters.scope ??= 'Cluster';
}

function validate(object: ApiObject): FieldError[] {
  const { controller = '', parameters } = specOf<IngressClassSpec>(object);
  const faults: FieldError[] = [];
  if (controller.length > MAX_CONTROLLER_LENGTH) {
    faults.push(fieldTooLong('spec.controller', MAX_CONTROLLER_LENGTH));
  }
  faults.push(...validateDomainPrefixedPath(controller, 'spec.controller'));
  return parameters ? [...faults, ...validateParameters(parameters, 'spec.parameters')] : faults;
}

function validateParameters(
  parameters: IngressClassParametersReference,
  path: string,
): FieldError[] {
  const { scope, namespace } = parameters;
  const faults = validateTypedReference(parameters, path);
  if (scope === undefined) return [...faults, fieldRequired(`${path}.scope`)];
  if (scope === 'Namespace') {
    const at = `${path}.namespace`;
    if (namespace) return [...faults, ...invalid(at, namespace, dnsLabelFaults(namespace))];
    return [...faults, fieldRequired(at, "`parameters.scope` is set to 'Namespace'")];
  }
  if (scope === 'Cluster' && namespace !== undefined) {
    const why = "`parameters.scope` is set to 'Cluster'";
    faults.push(fieldForbidden(`${path}.namespace`, why));
  }
  return [...faults, ...validateOneOf(scope, ['Cluster', 'Namespace'], `${path}.scope`)];
}

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const { controller } = specOf<IngressClassSpec>(object);
  const before = specOf<IngressClassSpec>(old).controller;
  return [...validateImmutable(controller, before, 'spec.controller'), ...validate(object)];
}

export const ingressClassKind = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  resource: 'ingressclasses',
  namespaced: false,
  hasGeneration: true,
  setDefaults,
  validate,
  validateUpdate,
});
