/**
 * What is wrong with one field of an object. Given; `newInvalid` in `status-error.ts` collects them.
 *
 * @see k8s.io/apimachinery/pkg/util/validation/field/errors.go (1.33)
 */

/** The kinds of fault, as they stand in a Status' causes. */
export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

/** One fault of one field. */
export interface FieldError {
  readonly type: FieldErrorType;
  /** The field's path: `spec.containers[0].name`. */
  readonly field: string;
  /** What stands there; not looked at for `Required`, `Forbidden`, `TooLong` and `InternalError`. */
  readonly badValue?: unknown;
  /** What would be right. */
  readonly detail?: string;
}

const TITLES: Readonly<Record<FieldErrorType, string>> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  FieldValueTypeInvalid: 'Invalid value',
  InternalError: 'Internal error',
};

const WITHOUT_VALUE: ReadonlySet<FieldErrorType> = new Set([
  'FieldValueRequired',
  'FieldValueForbidden',
  'FieldValueTooLong',
  'InternalError',
]);

/** A fault in words, without its field: `Invalid value: "a_b": must be a DNS label`. */
export function fieldErrorBody({ type, badValue, detail }: FieldError): string {
  const value = WITHOUT_VALUE.has(type) ? '' : `: ${valueText(badValue)}`;
  const explanation = detail ? `: ${detail}` : '';
  return `${TITLES[type]}${value}${explanation}`;
}

/** A fault in words, with its field: `metadata.name: Required value`. */
export function fieldErrorText(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`;
}

/** Nothing is shown as the quoted word null: so does the API. */
function valueText(value: unknown): string {
  if (value === undefined || value === null) return '"null"';
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(value);
}

/** A field must have a value and has none. */
export function fieldRequired(field: string, detail = ''): FieldError {
  return { type: 'FieldValueRequired', field, detail };
}

/** A value is not of the form it should have. */
export function fieldInvalid(field: string, badValue: unknown, detail = ''): FieldError {
  return { type: 'FieldValueInvalid', field, badValue, detail };
}

/** A value is none of those there are. */
export function fieldNotSupported(
  field: string,
  badValue: unknown,
  supported: readonly string[] = [],
): FieldError {
  const list = supported.map((value) => JSON.stringify(value)).join(', ');
  const detail = list === '' ? '' : `supported values: ${list}`;
  return { type: 'FieldValueNotSupported', field, badValue, detail };
}

/** A value is there twice and may be there once. */
export function fieldDuplicate(field: string, badValue: unknown): FieldError {
  return { type: 'FieldValueDuplicate', field, badValue };
}

/** A value refers to something that is not there. */
export function fieldNotFound(field: string, badValue: unknown): FieldError {
  return { type: 'FieldValueNotFound', field, badValue };
}

/** A value would be right elsewhere, but may not be here or now. */
export function fieldForbidden(field: string, detail: string): FieldError {
  return { type: 'FieldValueForbidden', field, detail };
}

/** A text is longer than `maxBytes`. */
export function fieldTooLong(field: string, maxBytes: number): FieldError {
  return { type: 'FieldValueTooLong', field, detail: `may not be more than ${maxBytes} bytes` };
}

/** A list has more than `most` items. */
export function fieldTooMany(field: string, count: number, most: number): FieldError {
  const detail = `must have at most ${most} items`;
  return { type: 'FieldValueTooMany', field, badValue: count, detail };
}

/** A value is not of the field's type: text where a number belongs. */
export function fieldTypeInvalid(field: string, badValue: unknown, detail = ''): FieldError {
  return { type: 'FieldValueTypeInvalid', field, badValue, detail };
}
