/**
 * When two API objects mean the same. Given.
 *
 * Controllers ask this before they write: an update that changes nothing only wakes everybody up.
 *
 * @see k8s.io/apimachinery/pkg/api/equality/semantic.go (1.33)
 */

import { Quantity } from './quantity.ts';
import { QuantityError } from './quantity-format.ts';

/** Fields that hold a map from resource names to quantities. */
const QUANTITY_MAPS: ReadonlySet<string> = new Set([
  'requests',
  'limits',
  'overhead',
  'capacity',
  'allocatable',
  'allocatedResources',
  'hard',
  'used',
  'default',
  'defaultRequest',
  'min',
  'max',
  'maxLimitRequestRatio',
]);

/** Fields that hold one quantity. */
const QUANTITY_FIELDS: ReadonlySet<string> = new Set(['sizeLimit', 'divisor', 'averageValue']);

/**
 * Tells whether two values of API objects mean the same.
 *
 * @remarks Like a deep comparison, except that
 *
 * - absent, `undefined`, `null`, `[]` and `{}` are all the same: nothing;
 * - quantities are compared as amounts: `requests: { cpu: '1' }` equals `requests: { cpu: '1000m' }`.
 *   `Quantity` objects are; so is text under the field names where the API has quantities.
 *
 * The order of an array's items matters, the order of an object's fields does not.
 */
export function semanticallyEqual(a: unknown, b: unknown): boolean {
  return equal(a, b, false, undefined);
}

/** @param inQuantityMap - the values' parent is a map of quantities; `field` is their name in it */
function equal(a: unknown, b: unknown, inQuantityMap: boolean, field: string | undefined): boolean {
  if (Object.is(a, b) || (isNothing(a) && isNothing(b))) return true;
  if (a instanceof Quantity && b instanceof Quantity) return a.equals(b);
  if (isText(a) && isText(b)) {
    const isQuantity = inQuantityMap || (field !== undefined && QUANTITY_FIELDS.has(field));
    return isQuantity && equalAmounts(String(a), String(b));
  }
  if (Array.isArray(a) || Array.isArray(b)) return equalArrays(a, b);
  if (!isObject(a) || !isObject(b)) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  return equalObjects(a, b, field !== undefined && QUANTITY_MAPS.has(field));
}

function equalArrays(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((item, i) => equal(item, b[i], false, undefined));
}

function equalObjects(
  a: Record<string, unknown>,
  b: Record<string, unknown>,
  areQuantities: boolean,
): boolean {
  for (const key of Object.keys(a)) {
    if (!equal(a[key], own(b, key), areQuantities, key)) return false;
  }
  for (const key of Object.keys(b)) {
    if (!Object.hasOwn(a, key) && !isNothing(b[key])) return false;
  }
  return true;
}

function own(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function equalAmounts(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    return Quantity.parse(a).equals(Quantity.parse(b));
  } catch (error) {
    // Text that is no quantity equals only the same text.
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

/** YAML allows `cpu: 1`, so a quantity may also be a number. */
function isText(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (!isObject(value) || Object.getPrototypeOf(value) !== Object.prototype) return false;
  // No list of its keys: this is asked of every object in two objects at every write.
  for (const _ in value) return false;
  return true;
}
