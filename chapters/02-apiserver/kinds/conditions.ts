/**
 * Conditions of the common form, in a status. Given: the check.
 *
 * @see k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go (1.33), ValidateConditions
 */

import {
  type Condition,
  type FieldError,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  qualifiedNameFaults,
} from '#apimachinery';
import { invalid, validateNonNegative, validateRequiredOneOf } from './field-checks.ts';

const MAX_REASON_LENGTH = 1024;
const MAX_MESSAGE_LENGTH = 32 * 1024;

/** In the order the API names them. */
const STATUSES = ['False', 'True', 'Unknown'];

const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON_FAULT = `a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '${REASON}')`;

/** Faults of a list of conditions: each type once, and each complete. */
export function validateConditions(
  conditions: readonly Condition[] | undefined,
  path: string,
): FieldError[] {
  const types = (conditions ?? []).map((condition) => condition.type);
  return (conditions ?? []).flatMap((condition, i) => {
    const isRepeated = types.indexOf(condition.type) < i;
    const repeated = fieldDuplicate(`${path}[${i}].type`, condition.type);
    return [...(isRepeated ? [repeated] : []), ...validateCondition(condition, `${path}[${i}]`)];
  });
}

function validateCondition(condition: Condition, path: string): FieldError[] {
  const { type = '', status, observedGeneration, lastTransitionTime, message = '' } = condition;
  const faults = [
    ...invalid(`${path}.type`, type, qualifiedNameFaults(type)),
    ...validateRequiredOneOf(status, STATUSES, `${path}.status`),
    ...validateNonNegative(observedGeneration, `${path}.observedGeneration`),
  ];
  if (!lastTransitionTime) {
    faults.push(fieldRequired(`${path}.lastTransitionTime`, 'must be set'));
  }
  faults.push(...validateReason(condition.reason ?? '', `${path}.reason`));
  if (message.length <= MAX_MESSAGE_LENGTH) return faults;
  return [...faults, fieldTooLong(`${path}.message`, MAX_MESSAGE_LENGTH)];
}

function validateReason(reason: string, path: string): FieldError[] {
  if (reason === '') return [fieldRequired(path)];
  const faults: FieldError[] = [];
  if (!new RegExp(`^${REASON}$`).test(reason))
    faults.push(fieldInvalid(path, reason, REASON_FAULT));
  if (reason.length > MAX_REASON_LENGTH) faults.push(fieldTooLong(path, MAX_REASON_LENGTH));
  return faults;
}
