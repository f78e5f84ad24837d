/**
 * ResourceQuotas as a kind: how much a namespace may have. Given.
 *
 * Whether something still fits is the admission plugin's business.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateResourceQuota
 */

import type {
  ResourceQuotaSpec,
  ResourceQuotaStatus,
  ScopedResourceSelectorRequirement,
} from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldInvalid, fieldRequired, semanticallyEqual } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, statusOf } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import type { ResourceList } from './objects.ts';
import { isQuotaResource, validateQuotaResourceName } from './resource-names.ts';
import { setResourceListDefaults, validateResourceQuantity } from './resources.ts';

/** ResourceQuotas. */
export const resourceQuotaKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  resource: 'resourcequotas',
  shortNames: ['quota'],
  namespaced: true,
  subresources: { status: true },
  setDefaults(object) {
    setResourceListDefaults(specOf<ResourceQuotaSpec>(object).hard);
  },
  prepareForCreate(object) {
    object.status = {};
  },
  validate,
  validateUpdate: (object, old) => [...validate(object), ...validateScopesSame(object, old)],
  prepareForStatusUpdate(object) {
    const { hard, used } = statusOf<ResourceQuotaStatus>(object);
    setResourceListDefaults(hard);
    setResourceListDefaults(used);
  },
  validateStatusUpdate(object) {
    const { hard, used } = statusOf<ResourceQuotaStatus>(object);
    return [...validateAmounts(hard, 'status.hard'), ...validateAmounts(used, 'status.used')];
  },
});

function validate(object: ApiObject): FieldError[] {
  const spec = specOf<ResourceQuotaSpec>({ ...object });
  return [
    ...validateAmounts(spec.hard, 'spec.hard'),
    ...validateScopes(spec, 'spec.scopes'),
    ...validateScopeSelector(spec, 'spec.scopeSelector.matchExpressions'),
  ];
}

function validateAmounts(list: ResourceList | undefined, path: string): FieldError[] {
  return Object.entries(list ?? {}).flatMap(([name, value]) => {
    const at = `${path}[${name}]`;
    return [...validateQuotaResourceName(name, at), ...validateResourceQuantity(name, value, at)];
  });
}

const PRIORITY_CLASS = 'PriorityClass';
const CROSS_NAMESPACE = 'CrossNamespacePodAffinity';
const ATTRIBUTES_CLASS = 'VolumeAttributesClass';

/** Scopes that a pod is in or not, so that nothing has to be compared. */
const YES_OR_NO = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', CROSS_NAMESPACE];
const SCOPES: ReadonlySet<string> = new Set([...YES_OR_NO, PRIORITY_CLASS, ATTRIBUTES_CLASS]);

const COMPUTE: ReadonlySet<string> = new Set([
  'pods',
  'cpu',
  'memory',
  'limits.cpu',
  'limits.memory',
  'requests.cpu',
  'requests.memory',
]);

const CLAIMS: ReadonlySet<string> = new Set(['persistentvolumeclaims', 'requests.storage']);

/** Can what is in a scope be counted by this? */
function isCountedIn(scope: string, resource: string): boolean {
  switch (scope) {
    case 'BestEffort':
      return resource === 'pods';
    case 'Terminating':
    case 'NotTerminating':
    case 'NotBestEffort':
    case PRIORITY_CLASS:
    case CROSS_NAMESPACE:
      return COMPUTE.has(resource);
    case ATTRIBUTES_CLASS:
      return CLAIMS.has(resource);
    default:
      return true;
  }
}

function uncounted({ hard = {} }: ResourceQuotaSpec, scope: string): string[] {
  return Object.keys(hard).filter((name) => isQuotaResource(name) && !isCountedIn(scope, name));
}

function conflicting(scopes: readonly string[]): boolean[] {
  const both = (a: string, b: string) => scopes.includes(a) && scopes.includes(b);
  return [both('BestEffort', 'NotBestEffort'), both('Terminating', 'NotTerminating')].filter(
    Boolean,
  );
}

function validateScopes(spec: ResourceQuotaSpec, path: string): FieldError[] {
  const { scopes = [] } = spec;
  const fault = (why: string) => fieldInvalid(path, scopes, why);
  const ofScopes = scopes.flatMap((scope) => [
    ...(SCOPES.has(scope) ? [] : [fault('unsupported scope')]),
    ...uncounted(spec, scope).map(() => fault('unsupported scope applied to resource')),
  ]);
  return [...ofScopes, ...conflicting(scopes).map(() => fault('conflicting scopes'))];
}

function validateScopeSelector(spec: ResourceQuotaSpec, path: string): FieldError[] {
  const { scopeSelector } = spec;
  if (!scopeSelector) return [];
  const requirements = scopeSelector.matchExpressions ?? [];
  const scopes = requirements.map(({ scopeName }) => scopeName);
  return [
    ...requirements.flatMap((requirement) => validateRequirement(requirement, spec, path)),
    ...conflicting(scopes).map(() => fieldInvalid(path, spec.scopes, 'conflicting scopes')),
  ];
}

function validateRequirement(
  { scopeName = '', operator = '', values = [] }: ScopedResourceSelectorRequirement,
  spec: ResourceQuotaSpec,
  path: string,
): FieldError[] {
  const faults: FieldError[] = [];
  if (!SCOPES.has(scopeName)) {
    faults.push(fieldInvalid(`${path}.scopeName`, scopeName, 'unsupported scope'));
  }
  for (const _ of uncounted(spec, scopeName)) {
    const why = 'unsupported scope applied to resource';
    faults.push(fieldInvalid(path, spec.scopeSelector, why));
  }
  if (YES_OR_NO.includes(scopeName) && operator !== 'Exists') {
    const why =
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    faults.push(fieldInvalid(`${path}.operator`, operator, why));
  }
  return [...faults, ...validateOperator(operator, values, path)];
}

function validateOperator(operator: string, values: readonly string[], path: string): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn': {
      const why =
        "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
      return values.length === 0 ? [fieldRequired(`${path}.values`, why)] : [];
    }
    case 'Exists':
    case 'DoesNotExist': {
      const why =
        "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      return values.length > 0 ? [fieldInvalid(`${path}.values`, values, why)] : [];
    }
    default:
      return [fieldInvalid(`${path}.operator`, operator, 'not a valid selector operator')];
  }
}

function validateScopesSame(object: ApiObject, old: ApiObject): FieldError[] {
  const scopesOf = (of: ApiObject) => specOf<ResourceQuotaSpec>({ ...of }).scopes ?? [];
  const sorted = (of: ApiObject) => [...new Set(scopesOf(of))].sort();
  if (semanticallyEqual(sorted(object), sorted(old))) return [];
  return [fieldInvalid('spec.scopes', scopesOf(object), 'field is immutable')];
}
