/** Lets nobody give rights away that they do not have. Given; the rules are `../authorization/`. */

import type { Authorizer } from '../authorization/authorizer.ts';
import { checkBindingWrite, checkRoleWrite } from '../authorization/escalation.ts';
import { type PolicySource, RBAC_GROUP } from '../authorization/policy-source.ts';
import type { AdmissionPlugin } from './admission.ts';

const ROLES = new Set(['Role', 'ClusterRole']);

/** Asked of every role and binding that is written. */
export function rbacEscalation(checks: {
  readonly authorizer: Authorizer;
  readonly policy: PolicySource;
}): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    handles: ({ kind, operation }) =>
      kind.group === RBAC_GROUP && (operation === 'CREATE' || operation === 'UPDATE'),
    async validate({ object, oldObject, user, namespace, name, operation, kind }) {
      if (object === undefined) return;
      const requestName = operation === 'CREATE' ? '' : name;
      const write = { user, namespace, requestName, object, old: oldObject };
      await (ROLES.has(kind.kind) ? checkRoleWrite : checkBindingWrite)(write, checks);
    },
  };
}
