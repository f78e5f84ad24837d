/**
 * Single values: each format's check and its canonical form. Given.
 *
 * The errors are worded as Go's are, for that is what people search for.
 */

import { Quantity, QuantityError } from '#apimachinery';
import type { ScalarSchema } from '../schema/schema.ts';
import { durationText, parseDuration } from './durations.ts';
import { readMicroTime, readTime } from './times.ts';
import { ValueError } from './value-error.ts';

const INT32_MAX = 2 ** 31 - 1;
const INT64_LIMIT = 2 ** 63;

/** Quantities that already are as they would be written: most of them. */
const CANONICAL_QUANTITY = /^(?:0|[1-9]\d{0,2}(?:[mkMGTP]|[KMGTP]i)?)$/;
/** No amount that anybody means is longer; reading a million digits takes seconds. */
const MAX_QUANTITY_LENGTH = 256;

const QUANTITY_FAULTS = {
  format:
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  suffix: "unable to parse quantity's suffix",
};

/** A value that has another JSON type than its field; the field is named by who knows it. */
export const WRONG_TYPE = Symbol('wrong type');

/**
 * Checks a value and brings it into its canonical form.
 *
 * @param value - not `null`
 * @returns `undefined` when it means "not set"; `WRONG_TYPE` when it has the wrong JSON type
 * @throws ValueError for a text or a number that does not have its format
 */
export function readScalar(value: unknown, schema: ScalarSchema): unknown {
  switch (schema.format) {
    case undefined:
    case 'double':
    case 'int32':
    case 'int64':
      return isPlain(value, schema) ? value : WRONG_TYPE;
    case 'byte':
      return typeof value === 'string' ? readBase64(value) : WRONG_TYPE;
    case 'int-or-string':
      return typeof value === 'string' || isInt32(value) ? value : WRONG_TYPE;
    case 'quantity':
      return readQuantity(value);
    case 'date-time':
      return typeof value === 'string' ? readTime(value) : WRONG_TYPE;
    case 'micro-time':
      return typeof value === 'string' ? readMicroTime(value) : WRONG_TYPE;
    case 'duration':
      return typeof value === 'string' ? durationText(parseDuration(value)) : WRONG_TYPE;
  }
}

/** What a value is when a list has `null` in its place. */
export function zeroScalar({ type, format }: ScalarSchema): unknown {
  if (format === 'quantity') return '0';
  if (format === 'int-or-string') return 0;
  if (type === 'boolean') return false;
  return type === 'string' ? '' : 0;
}

function isPlain(value: unknown, { type, format }: ScalarSchema): boolean {
  if (type === 'string') return typeof value === 'string';
  if (type === 'boolean') return typeof value === 'boolean';
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (type === 'number') return true;
  if (!Number.isInteger(value)) return false;
  if (format === 'int32') return value >= -INT32_MAX - 1 && value <= INT32_MAX;
  return value >= -INT64_LIMIT && value < INT64_LIMIT;
}

function isInt32(value: unknown): boolean {
  return isPlain(value, { type: 'integer', format: 'int32' });
}

function readQuantity(value: unknown): string {
  if (typeof value === 'string' && CANONICAL_QUANTITY.test(value)) return value;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  if (text.length > MAX_QUANTITY_LENGTH) throw new ValueError(QUANTITY_FAULTS.format);
  try {
    return Quantity.parse(text).toString();
  } catch (error) {
    if (error instanceof QuantityError) throw new ValueError(QUANTITY_FAULTS[error.problem]);
    throw error;
  }
}

/** Base64 as it is written canonically; line ends within it are taken out. */
function readBase64(text: string): string {
  const plain = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text;
  const end = endOfDigits(plain);
  const padding = plain.length - end;
  const isWhole = plain.length % 4 === 0 && padding <= 2;
  if (!isWhole || plain.slice(end) !== '='.repeat(padding)) {
    throw new ValueError(`illegal base64 data at input byte ${faultAt(plain, end)}`);
  }
  // The last digit may hold bits that belong to no byte: they are dropped.
  return padding === 0 ? plain : `${plain.slice(0, -4)}${btoa(atob(plain.slice(-4)))}`;
}

/** Where Go says the fault is: at the wrong digit, or at the end of what there is. */
function faultAt(text: string, end: number): number {
  if (end < text.length && (text[end] !== '=' || end % 4 < 2)) return end;
  if (end === text.length) return end - (end % 4);
  if (end % 4 === 2 && end + 1 < text.length && text[end + 1] !== '=') return end;
  const padded = end + (4 - (end % 4));
  return Math.min(padded, text.length);
}

/** How far a text consists of base64's digits. */
function endOfDigits(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    // From `/` to `9`; then `+`.
    if (!isLetter && !(code >= 47 && code <= 57) && code !== 43) return i;
  }
  return text.length;
}

/** What Go calls a value of JSON. */
export function valueText(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}
