/**
 * How evenly pods are spread over zones, nodes or whatever a label tells apart. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateTopologySpreadConstraints
 */

import type { TopologySpreadConstraint } from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import { validateOneOf } from '../field-checks.ts';
import { validateLabelSelector } from '../label-selector.ts';
import { validateQualifiedName } from './names.ts';

const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway'];
const NODE_POLICIES = ['Honor', 'Ignore'];
const NOT_POSITIVE = 'must be greater than zero';

/** Faults of the constraints, which must differ. */
export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[],
  path: string,
): FieldError[] {
  return constraints.flatMap((constraint, i) => {
    const at = `${path}[${i}]`;
    return [
      ...validateConstraint(constraint, at),
      ...validateUnique(constraint, constraints.slice(i + 1), at),
      ...validateMinDomains(constraint, `${at}.minDomains`),
      ...validateOneOf(constraint.nodeAffinityPolicy, NODE_POLICIES, `${at}.nodeAffinityPolicy`),
      ...validateOneOf(constraint.nodeTaintsPolicy, NODE_POLICIES, `${at}.nodeTaintsPolicy`),
      ...validateLabelKeys(constraint, `${at}.matchLabelKeys`),
      ...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`),
    ];
  });
}

function validateConstraint(
  { maxSkew = 0, topologyKey, whenUnsatisfiable = '' }: TopologySpreadConstraint,
  path: string,
): FieldError[] {
  const faults: FieldError[] = [];
  if (maxSkew <= 0) faults.push(fieldInvalid(`${path}.maxSkew`, maxSkew, NOT_POSITIVE));
  if (!topologyKey) faults.push(fieldRequired(`${path}.topologyKey`, 'can not be empty'));
  if (!ACTIONS.includes(whenUnsatisfiable)) {
    faults.push(fieldNotSupported(`${path}.whenUnsatisfiable`, whenUnsatisfiable, ACTIONS));
  }
  return faults;
}

function validateUnique(
  { topologyKey, whenUnsatisfiable }: TopologySpreadConstraint,
  others: readonly TopologySpreadConstraint[],
  path: string,
): FieldError[] {
  const isSame = (other: TopologySpreadConstraint) =>
    other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable;
  if (!others.some(isSame)) return [];
  const field = `${path}.{topologyKey, whenUnsatisfiable}`;
  return [fieldDuplicate(field, `{${topologyKey}, ${whenUnsatisfiable}}`)];
}

function validateMinDomains(
  { minDomains, whenUnsatisfiable }: TopologySpreadConstraint,
  path: string,
): FieldError[] {
  if (minDomains === undefined) return [];
  const faults = minDomains > 0 ? [] : [fieldInvalid(path, minDomains, NOT_POSITIVE)];
  if (whenUnsatisfiable === 'DoNotSchedule') return faults;
  const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
  return [...faults, fieldInvalid(path, minDomains, why)];
}

function validateLabelKeys(
  { matchLabelKeys = [], labelSelector }: TopologySpreadConstraint,
  path: string,
): FieldError[] {
  if (matchLabelKeys.length === 0) return [];
  const selected = new Set([
    ...Object.keys(labelSelector?.matchLabels ?? {}),
    ...(labelSelector?.matchExpressions ?? []).map(({ key }) => key),
  ]);
  const faults = labelSelector
    ? []
    : [fieldForbidden(path, 'must not be specified when labelSelector is not set')];
  const why = 'exists in both matchLabelKeys and labelSelector';
  for (const [i, key] of matchLabelKeys.entries()) {
    faults.push(...validateQualifiedName(key, `${path}[${i}]`));
    if (selected.has(key)) faults.push(fieldInvalid(`${path}[${i}]`, key, why));
  }
  return faults;
}
