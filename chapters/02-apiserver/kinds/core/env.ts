/**
 * A container's environment variables, and where their values come from. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateEnv, ValidateEnvFrom
 */

import type {
  ConfigMapEnvSource,
  Container,
  EnvFromSource,
  EnvVar,
  SecretKeySelector,
} from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldInvalid, fieldRequired } from '#apimachinery';
import { invalid } from '../field-checks.ts';
import {
  ENV_FIELDS,
  setFieldSelectorDefaults,
  validateFieldSelector,
  validateResourceFieldSelector,
} from './downward-api.ts';
import { configMapKeyFaults, envVarNameFaults, validateDnsSubdomain } from './names.ts';

const TOO_MANY = 'may not have more than one field specified at a time';

/** Fills in what is left out of variables. Changes the container. */
export function setEnvDefaults({ env = [] }: Container): void {
  for (const variable of env) {
    setFieldSelectorDefaults(variable.valueFrom?.fieldRef);
    if (variable.value === '') delete variable.value;
  }
}

/** Faults of single variables. */
export function validateEnv(env: readonly EnvVar[] | undefined, path: string): FieldError[] {
  return (env ?? []).flatMap((variable, i) => {
    const at = `${path}[${i}]`;
    const ofName = variable.name
      ? invalid(`${at}.name`, variable.name, envVarNameFaults(variable.name))
      : [fieldRequired(`${at}.name`)];
    return [...ofName, ...validateValueFrom(variable, `${at}.valueFrom`)];
  });
}

function validateValueFrom({ value, valueFrom }: EnvVar, path: string): FieldError[] {
  if (!valueFrom) return [];
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  const sources = [
    fieldRef && validateFieldSelector(fieldRef, ENV_FIELDS, `${path}.fieldRef`),
    resourceFieldRef &&
      validateResourceFieldSelector(resourceFieldRef, `${path}.resourceFieldRef`, false),
    configMapKeyRef && validateKeySelector(configMapKeyRef, `${path}.configMapKeyRef`),
    secretKeyRef && validateKeySelector(secretKeyRef, `${path}.secretKeyRef`),
  ].filter((faults) => faults !== undefined);
  const faults = sources.flat();
  if (sources.length === 0) {
    const why =
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
    faults.push(fieldInvalid(path, '', why));
  } else if (value) {
    faults.push(fieldInvalid(path, '', 'may not be specified when `value` is not empty'));
  } else if (sources.length > 1) faults.push(fieldInvalid(path, '', TOO_MANY));
  return faults;
}

function validateKeySelector({ name = '', key }: SecretKeySelector, path: string): FieldError[] {
  const ofName = validateDnsSubdomain(name, `${path}.name`);
  if (!key) return [...ofName, fieldRequired(`${path}.key`)];
  return [...ofName, ...invalid(`${path}.key`, key, configMapKeyFaults(key))];
}

/** Faults of whole objects taken as variables. */
export function validateEnvFrom(
  sources: readonly EnvFromSource[] | undefined,
  path: string,
): FieldError[] {
  return (sources ?? []).flatMap(({ prefix, configMapRef, secretRef }, i) => {
    const at = `${path}[${i}]`;
    const faults = [
      ...(prefix ? invalid(`${at}.prefix`, prefix, envVarNameFaults(prefix)) : []),
      ...(configMapRef ? validateReference(configMapRef, `${at}.configMapRef`) : []),
      ...(secretRef ? validateReference(secretRef, `${at}.secretRef`) : []),
    ];
    if (configMapRef && secretRef) faults.push(fieldInvalid(path, '', TOO_MANY));
    else if (!configMapRef && !secretRef) {
      faults.push(fieldInvalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    }
    return faults;
  });
}

function validateReference({ name }: ConfigMapEnvSource, path: string): FieldError[] {
  if (!name) return [fieldRequired(`${path}.name`)];
  return validateDnsSubdomain(name, `${path}.name`);
}
