/**
 * rbac.authorization.k8s.io/v1: who may do what. Given.
 *
 * Here is only what these objects look like. What they allow, and that nobody gives away rights he
 * does not have, is in `../authorization/`.
 *
 * @see pkg/apis/rbac/validation/validation.go, pkg/apis/rbac/v1/defaults.go (1.33)
 */

import type {
  ClusterRole,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from 'kubernetes-types/rbac/v1.js';
import {
  dnsSubdomainFaults,
  type FieldError,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { defineKind, type KindDefinition } from './define-kind.ts';
import { invalid } from './field-checks.ts';
import { validateLabelSelector } from './label-selector.ts';
import { pathSegmentFaults } from './value-formats.ts';

const GROUP = 'rbac.authorization.k8s.io';

function validateRole(object: ApiObject): FieldError[] {
  const { rules } = object as unknown as Role;
  return validateRules(rules, true);
}

function validateClusterRole(object: ApiObject): FieldError[] {
  const { rules, aggregationRule } = object as unknown as ClusterRole;
  const faults = validateRules(rules, false);
  if (!aggregationRule) return faults;
  const path = 'aggregationRule.clusterRoleSelectors';
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) {
    const why = 'at least one clusterRoleSelector required if aggregationRule is non-nil';
    return [...faults, fieldRequired(path, why)];
  }
  return [
    ...faults,
    ...selectors.flatMap((selector, i) => validateLabelSelector(selector, `${path}[${i}]`)),
  ];
}

function validateRules(rules: readonly PolicyRule[] | null | undefined, isNamespaced: boolean) {
  return (rules ?? []).flatMap((rule, i) => validateRule(rule, isNamespaced, `rules[${i}]`));
}

/** Faults of one rule: it is about resources or about other URLs, never both. */
export function validateRule(rule: PolicyRule, isNamespaced: boolean, path: string): FieldError[] {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [] } = rule;
  const urls = rule.nonResourceURLs ?? [];
  const faults: FieldError[] = [];
  if (verbs.length === 0) {
    faults.push(fieldRequired(`${path}.verbs`, 'verbs must contain at least one value'));
  }
  if (urls.length > 0) {
    if (isNamespaced) {
      const why = 'namespaced rules cannot apply to non-resource URLs';
      faults.push(fieldInvalid(`${path}.nonResourceURLs`, urls, why));
    }
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      const why = 'rules cannot apply to both regular resources and non-resource URLs';
      faults.push(fieldInvalid(`${path}.nonResourceURLs`, urls, why));
    }
    return faults;
  }
  if (apiGroups.length === 0) {
    const why = 'resource rules must supply at least one api group';
    faults.push(fieldRequired(`${path}.apiGroups`, why));
  }
  if (resources.length === 0) {
    const why = 'resource rules must supply at least one resource';
    faults.push(fieldRequired(`${path}.resources`, why));
  }
  return faults;
}

function setBindingDefaults(object: ApiObject): void {
  const { roleRef, subjects } = object as unknown as RoleBinding;
  if (roleRef) roleRef.apiGroup ||= GROUP;
  for (const subject of subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= GROUP;
  }
}

function validateBinding(object: ApiObject, roleKinds: readonly string[]): FieldError[] {
  const { roleRef, subjects = [] } = object as unknown as Partial<RoleBinding>;
  const { apiGroup = '', kind = '', name = '' } = roleRef ?? {};
  const isNamespaced = roleKinds.includes('Role');
  const faults: FieldError[] = [];
  if (apiGroup !== GROUP) faults.push(fieldNotSupported('roleRef.apiGroup', apiGroup, [GROUP]));
  if (!roleKinds.includes(kind)) faults.push(fieldNotSupported('roleRef.kind', kind, roleKinds));
  if (name === '') faults.push(fieldRequired('roleRef.name'));
  else faults.push(...invalid('roleRef.name', name, pathSegmentFaults(name)));
  return [
    ...faults,
    ...subjects.flatMap((subject, i) => validateSubject(subject, isNamespaced, `subjects[${i}]`)),
  ];
}

function validateSubject(subject: Subject, isNamespaced: boolean, path: string): FieldError[] {
  const { kind = '', name = '', apiGroup = '', namespace = '' } = subject;
  const faults = name === '' ? [fieldRequired(`${path}.name`)] : [];
  if (kind === 'User' || kind === 'Group') {
    if (apiGroup === GROUP) return faults;
    return [...faults, fieldNotSupported(`${path}.apiGroup`, apiGroup, [GROUP])];
  }
  if (kind !== 'ServiceAccount') {
    return [
      ...faults,
      fieldNotSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']),
    ];
  }
  if (name !== '') faults.push(...invalid(`${path}.name`, name, dnsSubdomainFaults(name)));
  if (apiGroup !== '') faults.push(fieldNotSupported(`${path}.apiGroup`, apiGroup, ['']));
  // Without a namespace it is in the binding's, if that has one.
  if (!isNamespaced && namespace === '') faults.push(fieldRequired(`${path}.namespace`));
  return faults;
}

/** Another role would be another grant: whoever may edit subjects must not change that. */
function validateBindingUpdate(
  object: ApiObject,
  old: ApiObject,
  roleKinds: readonly string[],
): FieldError[] {
  const faults = validateBinding(object, roleKinds);
  if (semanticallyEqual(object.roleRef, old.roleRef)) return faults;
  return [...faults, fieldInvalid('roleRef', object.roleRef, 'cannot change roleRef')];
}

const COMMON = {
  group: GROUP,
  version: 'v1',
  nameFaults: pathSegmentFaults,
  allowCreateOnUpdate: true,
} satisfies Partial<KindDefinition>;

function bindingChecks(roleKinds: readonly string[]) {
  return {
    setDefaults: setBindingDefaults,
    validate: (object: ApiObject) => validateBinding(object, roleKinds),
    validateUpdate: (object: ApiObject, old: ApiObject) =>
      validateBindingUpdate(object, old, roleKinds),
  };
}

export const rbacKinds = [
  defineKind({
    ...COMMON,
    kind: 'ClusterRoleBinding',
    resource: 'clusterrolebindings',
    namespaced: false,
    ...bindingChecks(['ClusterRole']),
  }),
  defineKind({
    ...COMMON,
    kind: 'ClusterRole',
    resource: 'clusterroles',
    namespaced: false,
    validate: validateClusterRole,
  }),
  defineKind({
    ...COMMON,
    kind: 'RoleBinding',
    resource: 'rolebindings',
    namespaced: true,
    ...bindingChecks(['Role', 'ClusterRole']),
  }),
  defineKind({
    ...COMMON,
    kind: 'Role',
    resource: 'roles',
    namespaced: true,
    validate: validateRole,
  }),
];
