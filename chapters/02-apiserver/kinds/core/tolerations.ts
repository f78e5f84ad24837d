/**
 * Taints of nodes, and the tolerations by which pods may be there all the same. Given.
 *
 * Whether a toleration tolerates a taint is `toleratesTaint` of `#apimachinery`.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateTolerations, validateNodeTaints
 */

import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  labelValueFaults,
  semanticallyEqual,
  type Taint,
  type Toleration,
} from '#apimachinery';
import { validateRequiredOneOf } from '../field-checks.ts';
import { validateQualifiedName } from './names.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Faults of single tolerations. */
export function validateTolerations(
  tolerations: readonly Toleration[],
  path: string,
): FieldError[] {
  return tolerations.flatMap((toleration, i) => validateToleration(toleration, `${path}[${i}]`));
}

function validateToleration(toleration: Toleration, path: string): FieldError[] {
  const { key = '', operator = '', effect = '', tolerationSeconds } = toleration;
  const faults = key ? validateQualifiedName(key, `${path}.key`) : [];
  if (!key && operator !== 'Exists') {
    const why =
      'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    faults.push(fieldInvalid(`${path}.operator`, operator, why));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    const why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    faults.push(fieldInvalid(`${path}.effect`, effect, why));
  }
  faults.push(...validateOperator(toleration, `${path}.operator`));
  if (effect && !EFFECTS.includes(effect)) {
    faults.push(fieldNotSupported(`${path}.effect`, effect, EFFECTS));
  }
  return faults;
}

function validateOperator({ operator = '', value = '' }: Toleration, path: string): FieldError[] {
  switch (operator) {
    case '':
    case 'Equal': {
      const faults = labelValueFaults(value);
      return faults.length > 0 ? [fieldInvalid(path, value, faults.join(';'))] : [];
    }
    case 'Exists':
      return value
        ? [fieldInvalid(path, value, "value must be empty when `operator` is 'Exists'")]
        : [];
    default:
      return [fieldNotSupported(path, operator, ['Equal', 'Exists'])];
  }
}

/** Tolerations may be added to a pod, and those there be made longer or shorter; nothing else. */
export function validateTolerationsOnlyAdded(
  tolerations: readonly Toleration[],
  old: readonly Toleration[],
  path: string,
): FieldError[] {
  const isKept = (before: Toleration) =>
    tolerations.some((now) => semanticallyEqual(withoutSeconds(now), withoutSeconds(before)));
  if (!old.every(isKept)) {
    const why = 'existing toleration can not be modified except its tolerationSeconds';
    return [fieldForbidden(path, why)];
  }
  return validateTolerations(tolerations, path);
}

function withoutSeconds({ tolerationSeconds: _, ...rest }: Toleration): object {
  return rest;
}

/** A node's taints are in order and differ in key or effect. */
export function validateTaints(taints: readonly Taint[], path: string): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, i) => {
    const at = `${path}[${i}]`;
    const { key, value = '', effect } = taint;
    const faults = validateQualifiedName(key ?? '', `${at}.key`);
    const ofValue = labelValueFaults(value);
    if (ofValue.length > 0) faults.push(fieldInvalid(`${at}.value`, value, ofValue.join(';')));
    faults.push(...validateRequiredOneOf(effect, EFFECTS, `${at}.effect`));
    const pair = `${effect}/${key}`;
    if (seen.has(pair)) {
      const detail = 'taints must be unique by key and effect pair';
      faults.push({ ...fieldDuplicate(at, taint), detail });
    }
    seen.add(pair);
    return faults;
  });
}
