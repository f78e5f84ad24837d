/**
 * Label selectors as a field of an object: are they right, and do they select a pod template? Given.
 *
 * Selecting itself is `Selector` of `#apimachinery`.
 */

import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  type LabelSelector,
  labelValueFaults,
  qualifiedNameFaults,
  type Selector,
  SelectorError,
  selectorFromObject,
} from '#apimachinery';
import { invalid } from './field-checks.ts';

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

/**
 * Faults of a label selector; an absent one has none.
 *
 * @see k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go (1.33), ValidateLabelSelector
 */
export function validateLabelSelector(
  selector: LabelSelector | undefined,
  path: string,
): FieldError[] {
  if (!selector) return [];
  const requirements = selector.matchExpressions ?? [];
  return [
    ...validateLabels(selector.matchLabels, `${path}.matchLabels`),
    ...requirements.flatMap((requirement, i) =>
      validateRequirement(requirement, `${path}.matchExpressions[${i}]`),
    ),
  ];
}

/** Faults of a map of labels. */
export function validateLabels(
  labels: Readonly<Record<string, string>> | undefined,
  path: string,
): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalid(path, key, qualifiedNameFaults(key)),
    ...invalid(path, value, labelValueFaults(value)),
  ]);
}

function validateRequirement(
  { key = '', operator = '', values = [] }: Requirement,
  path: string,
): FieldError[] {
  return [
    ...validateOperator(operator, values, path),
    ...invalid(`${path}.key`, key, qualifiedNameFaults(key)),
    ...values.flatMap((value, i) =>
      invalid(`${path}.values[${i}]`, value, labelValueFaults(value)),
    ),
  ];
}

function validateOperator(operator: string, values: string[], path: string): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn': {
      const why = "must be specified when `operator` is 'In' or 'NotIn'";
      return values.length === 0 ? [fieldRequired(`${path}.values`, why)] : [];
    }
    case 'Exists':
    case 'DoesNotExist': {
      const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      return values.length > 0 ? [fieldForbidden(`${path}.values`, why)] : [];
    }
    default:
      return [fieldInvalid(`${path}.operator`, operator, 'not a valid selector operator')];
  }
}

/** Has a selector no requirement, so that it selects everything? */
export function isEmptySelector(selector: LabelSelector): boolean {
  const labels = Object.keys(selector.matchLabels ?? {});
  return labels.length + (selector.matchExpressions ?? []).length === 0;
}

/**
 * The selector an object's field describes.
 *
 * @returns `undefined` when it describes none: `validateLabelSelector` says why
 */
export function selectorOf(selector: LabelSelector | undefined): Selector | undefined {
  if (selector?.matchExpressions?.some((requirement) => !requirement.key)) return undefined;
  try {
    return selectorFromObject(selector);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}
