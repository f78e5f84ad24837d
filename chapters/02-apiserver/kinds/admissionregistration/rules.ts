/**
 * Which writes a webhook is about: operations, groups, versions, resources. Given: the check.
 *
 * @see pkg/apis/admissionregistration/validation/validation.go (1.33), validateRuleWithOperations
 */

import { type FieldError, fieldInvalid, fieldNotSupported, fieldRequired } from '#apimachinery';
import { validateOneOf } from '../field-checks.ts';

/** One rule of a webhook. */
export interface RuleWithOperations {
  operations?: string[];
  apiGroups?: string[];
  apiVersions?: string[];
  resources?: string[];
  scope?: string;
}

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];

/** Faults of one rule. */
export function validateRuleWithOperations(rule: RuleWithOperations, path: string): FieldError[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  return [
    ...validateList(operations, 'operations', `${path}.operations`),
    ...operations.flatMap((operation, i) =>
      OPERATIONS.includes(operation)
        ? []
        : [fieldNotSupported(`${path}.operations[${i}]`, operation, OPERATIONS)],
    ),
    ...validateList(apiGroups, 'API groups', `${path}.apiGroups`),
    ...validateList(apiVersions, 'API versions', `${path}.apiVersions`),
    ...validateNoneEmpty(apiVersions, `${path}.apiVersions`),
    ...validateResources(resources, `${path}.resources`),
    ...validateOneOf(scope, SCOPES, `${path}.scope`),
  ];
}

/** Something must be there, and the star stands alone. */
function validateList(items: readonly string[], what: string, path: string): FieldError[] {
  if (items.length === 0) return [fieldRequired(path)];
  if (items.length === 1 || !items.includes('*')) return [];
  return [fieldInvalid(path, items, `if '*' is present, must not specify other ${what}`)];
}

function validateNoneEmpty(items: readonly string[], path: string): FieldError[] {
  return items.flatMap((item, i) => (item === '' ? [fieldRequired(`${path}[${i}]`)] : []));
}

/** `pods`, `pods/status`, `pods/*`, `*\/scale`, `*`, `*\/*`: none may say what another says already. */
function validateResources(resources: readonly string[], path: string): FieldError[] {
  if (resources.length === 0) return [fieldRequired(path)];
  const faults = validateNoneEmpty(resources, path);
  for (const [i, resource] of resources.entries()) {
    const why = coveredBy(resource, resources.slice(0, i));
    if (why !== undefined) faults.push(fieldInvalid(`${path}[${i}]`, resource, why));
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    const why = "if '*/*' is present, must not specify other resources";
    faults.push(fieldInvalid(path, resources, why));
  }
  const plain = resources.filter((resource) => resource !== '' && !resource.includes('/'));
  if (plain.length > 1 && plain.includes('*')) {
    const why = "if '*' is present, must not specify other resources without subresources";
    faults.push(fieldInvalid(path, resources, why));
  }
  return faults;
}

function coveredBy(resource: string, before: readonly string[]): string | undefined {
  const slash = resource.indexOf('/');
  if (slash < 0) return undefined;
  const covering = [`${resource.slice(0, slash)}/*`, `*/${resource.slice(slash + 1)}`];
  const found = covering.find((each) => before.includes(each));
  return found && `if '${found}' is present, must not specify ${resource}`;
}
