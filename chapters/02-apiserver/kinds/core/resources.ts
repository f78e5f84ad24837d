/**
 * What containers ask for and are limited to. Given.
 *
 * Names are checked in `resource-names.ts`; which class of service follows is in `qos.ts`.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateResourceRequirements
 */

import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldRequired,
  Quantity,
} from '#apimachinery';
import { validateDnsLabel } from './names.ts';
import type { ApiResourceRequirements, ResourceList } from './objects.ts';
import {
  hugePageSize,
  isHugePages,
  isIntegerResource,
  isOvercommitAllowed,
  validateContainerResourceName,
} from './resource-names.ts';

type NameCheck = (name: string, path: string) => FieldError[];

const MILLI = new Quantity(1n, -3);

/** So many amounts are kept; clusters have a few dozens of them, in every object over and over. */
const MAX_AMOUNTS = 1000;
const amounts = new Map<string, Quantity>();

/** An amount; nothing is zero. Numbers are what YAML makes of `cpu: 1`. */
export function quantityOf(value: string | number | undefined): Quantity {
  if (value === undefined) return Quantity.zero;
  const text = String(value);
  let amount = amounts.get(text);
  if (amount === undefined) {
    amount = Quantity.parse(text);
    if (amounts.size >= MAX_AMOUNTS) amounts.clear();
    amounts.set(text, amount);
  }
  return amount;
}

/** Rounds amounts up to thousandths; writes them as the API does. Changes the list. */
export function setResourceListDefaults(list: ResourceList | undefined): void {
  for (const name in list) list[name] = milliText(String(list[name]));
}

/** Amounts as they are written, by how they were sent: as many as there are {@link amounts}. */
const milliTexts = new Map<string, string>();

function milliText(value: string): string {
  let text = milliTexts.get(value);
  if (text === undefined) {
    const quantity = quantityOf(value);
    const milli = new Quantity(quantity.milliValue(), MILLI.exponent, quantity.format);
    text = (milli.equals(quantity) ? quantity : milli).toString();
    if (milliTexts.size >= MAX_AMOUNTS) milliTexts.clear();
    milliTexts.set(value, text);
  }
  return text;
}

/** An amount must not be negative, and whole where objects or devices are counted. */
export function validateResourceQuantity(name: string, value: string, path: string): FieldError[] {
  const faults = validateNonNegativeQuantity(value, path);
  if (isIntegerResource(name) && quantityOf(value).milliValue() % 1000n !== 0n) {
    faults.push(fieldInvalid(path, value, 'must be an integer'));
  }
  return faults;
}

/** An amount must not be below zero. */
export function validateNonNegativeQuantity(value: string, path: string): FieldError[] {
  if (quantityOf(value).compare(Quantity.zero) >= 0) return [];
  return [fieldInvalid(path, value, 'must be greater than or equal to 0')];
}

/** An amount must be above zero. */
export function validatePositiveQuantity(value: string, path: string): FieldError[] {
  if (quantityOf(value).compare(Quantity.zero) > 0) return [];
  return [fieldInvalid(path, value, 'must be greater than zero')];
}

/** An amount of which no more is asked than that it is not below zero in whole numbers. */
export function validateBasicQuantity(value: string, path: string): FieldError[] {
  const whole = quantityOf(value).value();
  return whole >= 0n ? [] : [fieldInvalid(path, whole, 'must be a valid resource quantity')];
}

/**
 * Faults of what a container asks for.
 *
 * @param claimNames - the names in the pod's `resourceClaims`
 */
export function validateResourceRequirements(
  requirements: ApiResourceRequirements | undefined,
  claimNames: readonly string[],
  path: string,
  validateName: NameCheck = validateContainerResourceName,
): FieldError[] {
  const { limits = {}, requests = {}, claims = [] } = requirements ?? {};
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  const faults = [
    ...validateAmounts(limits, `${path}.limits`, validateName),
    ...validateRequests(requests, limits, path, validateName),
  ];
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) {
    faults.push(fieldForbidden(path, 'HugePages require cpu or memory'));
  }
  return [...faults, ...validateClaimReferences(claims, claimNames, `${path}.claims`)];
}

function validateAmounts(list: ResourceList, path: string, validateName: NameCheck): FieldError[] {
  return Object.entries(list).flatMap(([name, value]) => {
    const at = `${path}[${name}]`;
    return [
      ...validateName(name, at),
      ...validateResourceQuantity(name, value, at),
      ...validateHugePages(name, value, at),
    ];
  });
}

function validateRequests(
  requests: ResourceList,
  limits: ResourceList,
  path: string,
  validateName: NameCheck,
): FieldError[] {
  return Object.entries(requests).flatMap(([name, value]) => {
    const at = `${path}.requests[${name}]`;
    return [
      ...validateName(name, at),
      ...validateResourceQuantity(name, value, at),
      ...validateAgainstLimit(name, value, limits[name], path),
      ...validateHugePages(name, value, at),
    ];
  });
}

function validateAgainstLimit(
  name: string,
  value: string,
  limit: string | undefined,
  path: string,
): FieldError[] {
  const mayOvercommit = isOvercommitAllowed(name);
  if (limit === undefined) {
    const why = 'Limit must be set for non overcommitable resources';
    return mayOvercommit ? [] : [fieldRequired(`${path}.limits`, why)];
  }
  const order = quantityOf(value).compare(quantityOf(limit));
  if (order !== 0 && !mayOvercommit) {
    const why = `must be equal to ${name} limit of ${limit}`;
    return [fieldInvalid(`${path}.requests`, value, why)];
  }
  if (order <= 0) return [];
  const why = `must be less than or equal to ${name} limit of ${limit}`;
  return [fieldInvalid(`${path}.requests`, value, why)];
}

/** Huge pages are given out whole. */
function validateHugePages(name: string, value: string, path: string): FieldError[] {
  if (!isHugePages(name)) return [];
  const page = pageBytes(name);
  const bytes = quantityOf(value).value();
  if (page !== undefined && page > 0n && bytes >= 0n && bytes % page === 0n) return [];
  const why = `${value} is not positive integer multiple of ${name}`;
  return [fieldInvalid(path, value, why)];
}

function pageBytes(name: string): bigint | undefined {
  try {
    return Quantity.parse(hugePageSize(name)).value();
  } catch {
    // A name that is no size has no multiples.
    return undefined;
  }
}

type Claim = NonNullable<ApiResourceRequirements['claims']>[number];

/** Each claim, or each of its requests, is used once, and the pod has it. */
function validateClaimReferences(
  claims: readonly Claim[],
  claimNames: readonly string[],
  path: string,
): FieldError[] {
  const seen = new Set<string>();
  return claims.flatMap(({ name, request }, i) => {
    const at = `${path}[${i}]`;
    if (!name) return [fieldRequired(at)];
    const key = request ? `${name}/${request}` : name;
    const overlaps = seen.has(name) || seen.has(key);
    const coversOthers = !request && [...seen].some((other) => other.startsWith(`${name}/`));
    const faults = request && !seen.has(name) ? validateDnsLabel(request, `${at}.request`) : [];
    if (overlaps) faults.push(fieldDuplicate(at, seen.has(name) ? name : key));
    else if (coversOthers) faults.push(fieldDuplicate(at, name));
    seen.add(key);
    return [...faults, ...validateClaimExists(name, claimNames, at)];
  });
}

function validateClaimExists(
  name: string,
  claimNames: readonly string[],
  path: string,
): FieldError[] {
  if (claimNames.includes(name)) return [];
  const list =
    claimNames.length === 0 ? ' which is empty' : `: ${[...claimNames].sort().join(', ')}`;
  const detail = `must be one of the names in pod.spec.resourceClaims${list}`;
  return [{ ...fieldNotFound(path, name), detail }];
}
