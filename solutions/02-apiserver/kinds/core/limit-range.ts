/**
 * LimitRanges as a kind: how much single pods, containers and claims may have, and what they get
 * that say nothing. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateLimitRange
 */

import type { LimitRangeItem, LimitRangeSpec } from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  Quantity,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { specOf } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { validateQualifiedName } from './names.ts';
import type { ResourceList } from './objects.ts';
import {
  isOvercommitAllowed,
  validateContainerResourceName,
  validateResourceName,
} from './resource-names.ts';
import { quantityOf, setResourceListDefaults } from './resources.ts';

/** LimitRanges. */
export const limitRangeKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  resource: 'limitranges',
  shortNames: ['limits'],
  namespaced: true,
  allowCreateOnUpdate: true,
  setDefaults(object) {
    for (const item of limitsOf(object)) setItemDefaults(item);
  },
  validate,
});

function limitsOf(object: ApiObject): LimitRangeItem[] {
  return specOf<LimitRangeSpec>({ ...object }).limits ?? [];
}

const AMOUNTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

/** A container that says nothing gets the most; it asks for what it gets, or else for the least. */
function setItemDefaults(item: LimitRangeItem): void {
  if (item.type === 'Container') {
    setIfAny(item, 'default', { ...item.max, ...item.default });
    setIfAny(item, 'defaultRequest', { ...item.min, ...item.default, ...item.defaultRequest });
  }
  for (const field of AMOUNTS) setResourceListDefaults(item[field]);
}

function setIfAny(
  item: LimitRangeItem,
  field: 'default' | 'defaultRequest',
  list: ResourceList,
): void {
  if (Object.keys(list).length > 0) item[field] = list;
}

const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim'];

function validate(object: ApiObject): FieldError[] {
  const seen = new Set<string>();
  return limitsOf(object).flatMap((item, i) => {
    const path = `spec.limits[${i}]`;
    const faults = validateType(item.type, `${path}.type`);
    if (seen.has(item.type)) faults.push(fieldDuplicate(`${path}.type`, item.type));
    seen.add(item.type);
    return [...faults, ...validateItem(item, path)];
  });
}

function validateType(type: string, path: string): FieldError[] {
  const faults = validateQualifiedName(type, path);
  if (faults.length > 0 || type.includes('/') || TYPES.includes(type)) return faults;
  return [fieldInvalid(path, type, 'must be a standard limit type or fully qualified')];
}

function validateItem(item: LimitRangeItem, path: string): FieldError[] {
  const isPod = item.type === 'Pod';
  const names = (field: (typeof AMOUNTS)[number]) =>
    Object.keys(item[field] ?? {}).flatMap((name) =>
      validateName(item.type, name, `${path}.${field}[${name}]`),
    );
  const defaults = (field: 'default' | 'defaultRequest') => {
    if (!isPod) return names(field);
    const why = "may not be specified when `type` is 'Pod'";
    const isSet = Object.keys(item[field] ?? {}).length > 0;
    return isSet ? [fieldForbidden(`${path}.${field}`, why)] : [];
  };
  const faults = [
    ...names('max'),
    ...names('min'),
    ...defaults('default'),
    ...defaults('defaultRequest'),
  ];
  const hasStorage = item.min?.storage !== undefined || item.max?.storage !== undefined;
  if (item.type === 'PersistentVolumeClaim' && !hasStorage) {
    const why = 'either minimum or maximum storage value is required, but neither was provided';
    faults.push(fieldRequired(`${path}.limits`, why));
  }
  const all = new Set(AMOUNTS.flatMap((field) => Object.keys(item[field] ?? {})));
  return [
    ...faults,
    ...names('maxLimitRequestRatio'),
    ...[...all].flatMap((name) => validateAmounts(item, name, path)),
  ];
}

function validateName(type: string, name: string, path: string): FieldError[] {
  const isContainer = type === 'Pod' || type === 'Container';
  return isContainer ? validateContainerResourceName(name, path) : validateResourceName(name, path);
}

/** The amounts of one resource, each where there is one. */
interface Amounts {
  readonly min: Quantity | undefined;
  readonly max: Quantity | undefined;
  readonly limit: Quantity | undefined;
  readonly request: Quantity | undefined;
  readonly ratio: Quantity | undefined;
}

function validateAmounts(item: LimitRangeItem, name: string, path: string): FieldError[] {
  const isPod = item.type === 'Pod';
  const amount = (list: Readonly<Record<string, string>> | undefined) =>
    list?.[name] === undefined ? undefined : quantityOf(list[name]);
  const amounts: Amounts = {
    min: amount(item.min),
    max: amount(item.max),
    limit: isPod ? undefined : amount(item.default),
    request: isPod ? undefined : amount(item.defaultRequest),
    ratio: amount(item.maxLimitRequestRatio),
  };
  return [
    ...validateOrder(amounts, name, path),
    ...validateRatio(amounts, `${path}.maxLimitRequestRatio[${name}]`),
    ...validateNoOvercommit(amounts, name, `${path}.defaultRequest[${name}]`),
  ];
}

function isMore(a: Quantity | undefined, b: Quantity | undefined): boolean {
  return a !== undefined && b !== undefined && a.compare(b) > 0;
}

/** min ≤ defaultRequest ≤ default ≤ max. */
function validateOrder(
  { min, max, limit, request }: Amounts,
  name: string,
  path: string,
): FieldError[] {
  const rows: [Quantity | undefined, Quantity | undefined, string, Quantity | undefined, string][] =
    [
      [min, max, 'min', min, `min value ${min} is greater than max value ${max}`],
      [
        min,
        request,
        'defaultRequest',
        request,
        `min value ${min} is greater than default request value ${request}`,
      ],
      [
        request,
        max,
        'defaultRequest',
        request,
        `default request value ${request} is greater than max value ${max}`,
      ],
      [
        request,
        limit,
        'defaultRequest',
        request,
        `default request value ${request} is greater than default limit value ${limit}`,
      ],
      [min, limit, 'default', min, `min value ${min} is greater than default value ${limit}`],
      [limit, max, 'default', max, `default value ${limit} is greater than max value ${max}`],
    ];
  return rows
    .filter(([less, more]) => isMore(less, more))
    .map(([, , field, badValue, why]) =>
      fieldInvalid(`${path}.${field}[${name}]`, badValue?.toString(), why),
    );
}

function validateRatio({ ratio, min, max }: Amounts, path: string): FieldError[] {
  if (!ratio) return [];
  const faults: FieldError[] = [];
  if (ratio.compare(new Quantity(1n)) < 0) {
    faults.push(fieldInvalid(path, ratio.toString(), `ratio ${ratio} is less than 1`));
  }
  if (!min || !max) return faults;
  const most = Number(max.milliValue()) / Number(min.milliValue());
  if (Number(ratio.milliValue()) / 1000 > most) {
    const why = `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`;
    faults.push(fieldInvalid(path, ratio.toString(), why));
  }
  return faults;
}

/** Of what cannot be promised twice, limit and request are the same. */
function validateNoOvercommit(
  { limit, request }: Amounts,
  name: string,
  path: string,
): FieldError[] {
  if (isOvercommitAllowed(name) || !limit || !request || limit.equals(request)) return [];
  const why = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`;
  return [fieldInvalid(path, request.toString(), why)];
}
