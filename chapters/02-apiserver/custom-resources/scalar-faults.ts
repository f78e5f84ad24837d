/**
 * Checking one text or one number by its schema. Given; `value-faults.ts` asks.
 *
 * @see k8s.io/kube-openapi/pkg/validation/validate/{validator,values}.go (1.33)
 */

import type { FieldError } from '#apimachinery';
import { isOfFormat } from './formats.ts';
import { goPattern } from './go-pattern.ts';
import type { JsonSchema } from './json-schema.ts';
import {
  formatFault,
  maximumFault,
  minimumFault,
  multipleOfFault,
  patternFault,
  tooLongFault,
  tooShortFault,
} from './schema-faults.ts';

/** Faults of a text: its length, its pattern, its format. */
export function textFaults(value: string, schema: JsonSchema, path: string): FieldError[] {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema;
  const faults: FieldError[] = [];
  const { length } = [...value];
  // One of the three is told: so does the real server.
  if (length > maxLength) faults.push(tooLongFault(path, maxLength));
  else if (length < minLength) faults.push(tooShortFault(path, value, minLength));
  else if (pattern && !goPattern(pattern).test(value)) {
    faults.push(patternFault(path, value, pattern));
  }
  if (format && !isOfFormat(value, format)) faults.push(formatFault(path, value, format));
  return faults;
}

/** Faults of a number: its bounds, and what it must be a multiple of. */
export function numberFaults(value: number, schema: JsonSchema, path: string): FieldError[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const faults: FieldError[] = [];
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) {
    faults.push(multipleOfFault(path, value, multipleOf));
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    faults.push(minimumFault(path, value, schema));
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    faults.push(maximumFault(path, value, schema));
  }
  return faults;
}

/** How much of a quotient may come from rounding. */
const EPSILON = 1e-9;

function isMultiple(value: number, factor: number): boolean {
  // So that 0.3 is a multiple of 0.1.
  const times = factor < 1 ? (1 / factor) * value : value / factor;
  if (Number.isInteger(times)) return true;
  // So that 1.1 is one of 0.01. A quotient a little too small is not forgiven: so it is in Go's library.
  const whole = Math.trunc(times);
  return whole > 0 && (times - whole) / (times + whole) < EPSILON;
}
