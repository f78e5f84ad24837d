/**
 * Which nodes are meant: terms over labels and names, for pods, volumes and more. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateNodeSelector
 */

import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  labelValueFaults,
  type NodeSelector,
  type NodeSelectorRequirement,
  type NodeSelectorTerm,
} from '#apimachinery';
import { invalid } from '../field-checks.ts';
import { validateDnsSubdomain, validateQualifiedName } from './names.ts';

const NO_OPERATOR = 'not a valid selector operator';

/** Faults of terms of which one must hold; there must be one. */
export function validateNodeSelector(
  { nodeSelectorTerms = [] }: NodeSelector,
  path: string,
): FieldError[] {
  const field = `${path}.nodeSelectorTerms`;
  if (nodeSelectorTerms.length === 0) {
    return [fieldRequired(field, 'must have at least one node selector term')];
  }
  return nodeSelectorTerms.flatMap((term, i) => validateNodeSelectorTerm(term, `${field}[${i}]`));
}

/** @param anyValue - preferences may have values that no label can have */
export function validateNodeSelectorTerm(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  path: string,
  anyValue = false,
): FieldError[] {
  return [
    ...matchExpressions.flatMap((requirement, i) =>
      validateExpression(requirement, `${path}.matchExpressions[${i}]`, anyValue),
    ),
    ...matchFields.flatMap((requirement, i) =>
      validateField(requirement, `${path}.matchFields[${i}]`),
    ),
  ];
}

function validateExpression(
  { key = '', operator = '', values = [] }: NodeSelectorRequirement,
  path: string,
  anyValue: boolean,
): FieldError[] {
  const ofValues = (value: string, i: number) =>
    invalid(`${path}.values[${i}]`, value, labelValueFaults(value));
  return [
    ...validateOperator(operator, values, path),
    ...validateQualifiedName(key, `${path}.key`),
    ...(anyValue ? [] : values.flatMap(ofValues)),
  ];
}

function validateOperator(operator: string, values: readonly string[], path: string): FieldError[] {
  const field = `${path}.values`;
  switch (operator) {
    case 'In':
    case 'NotIn': {
      const why = "must be specified when `operator` is 'In' or 'NotIn'";
      return values.length === 0 ? [fieldRequired(field, why)] : [];
    }
    case 'Exists':
    case 'DoesNotExist': {
      const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      return values.length > 0 ? [fieldForbidden(field, why)] : [];
    }
    case 'Gt':
    case 'Lt': {
      const why = "must be specified single value when `operator` is 'Lt' or 'Gt'";
      return values.length === 1 ? [] : [fieldRequired(field, why)];
    }
    default:
      return [fieldInvalid(`${path}.operator`, operator, NO_OPERATOR)];
  }
}

/** By field a node is meant alone, by its name. */
function validateField(
  { key = '', operator = '', values = [] }: NodeSelectorRequirement,
  path: string,
): FieldError[] {
  const faults: FieldError[] = [];
  if (operator !== 'In' && operator !== 'NotIn') {
    faults.push(fieldInvalid(`${path}.operator`, operator, NO_OPERATOR));
  } else if (values.length !== 1) {
    const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    faults.push(fieldRequired(`${path}.values`, why));
  }
  if (key !== 'metadata.name') {
    return [...faults, fieldInvalid(`${path}.key`, key, 'not a valid field selector key')];
  }
  const ofValues = values.flatMap((value, i) =>
    validateDnsSubdomain(value, `${path}.values[${i}]`),
  );
  return [...faults, ...ofValues];
}
