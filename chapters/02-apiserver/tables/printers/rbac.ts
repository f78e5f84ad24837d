/**
 * Rows of role bindings; roles themselves have none of their own. Given.
 *
 * @see pkg/printers/internalversion/printers.go (1.33), printRoleBinding
 */

import type { RoleBinding, Subject } from 'kubernetes-types/rbac/v1.js';
import { age } from '../age.ts';
import { definePrinter, type Printer } from '../table-convertor.ts';

function names(subjects: readonly Subject[] | undefined, kind: string): string {
  const chosen = (subjects ?? []).filter((subject) => subject.kind === kind);
  return chosen
    .map(({ namespace, name }) =>
      kind === 'ServiceAccount' && namespace ? `${namespace}/${name}` : name,
    )
    .join(', ');
}

function bindingPrinter(kind: string): Printer {
  return definePrinter<RoleBinding>({
    group: 'rbac.authorization.k8s.io',
    kind,
    columns: 'Name, Role, Age, Users*, Groups*, ServiceAccounts*',
    cells: ({ metadata, roleRef, subjects }, nowMs) => [
      metadata?.name ?? '',
      `${roleRef?.kind ?? ''}/${roleRef?.name ?? ''}`,
      age(metadata?.creationTimestamp, nowMs),
      names(subjects, 'User'),
      names(subjects, 'Group'),
      names(subjects, 'ServiceAccount'),
    ],
  });
}

export const rbacPrinters = [bindingPrinter('RoleBinding'), bindingPrinter('ClusterRoleBinding')];
