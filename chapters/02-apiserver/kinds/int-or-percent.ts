/**
 * A number of pods, or a part of them: `3` or `25%`. Given.
 *
 * @see pkg/apis/apps/validation/validation.go (1.33), ValidatePositiveIntOrPercent
 */

import { type FieldError, fieldInvalid } from '#apimachinery';
import { validateNonNegative } from './field-checks.ts';

export type IntOrPercent = number | string;

const PERCENT = /^[0-9]+%$/;
const PERCENT_FAULT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** A whole number that is not negative, or a percentage. */
export function validateIntOrPercent(value: IntOrPercent, path: string): FieldError[] {
  if (typeof value === 'number') return validateNonNegative(value, path);
  return PERCENT.test(value) ? [] : [fieldInvalid(path, value, PERCENT_FAULT)];
}

/** A percentage must be at most 100; numbers may be anything. */
export function validateAtMost100Percent(value: IntOrPercent, path: string): FieldError[] {
  const isTooMuch = typeof value === 'string' && PERCENT.test(value) && amountOf(value) > 100;
  return isTooMuch ? [fieldInvalid(path, value, 'must not be greater than 100%')] : [];
}

/** The number in front of the percent sign, or the number; 0 for what is neither. */
export function amountOf(value: IntOrPercent | undefined): number {
  if (typeof value === 'number') return value;
  return Number.parseInt(value ?? '', 10) || 0;
}
