/**
 * A node's row. Given.
 *
 * @see pkg/printers/internalversion/printers.go (1.33), printNode
 */

import type { Node } from 'kubernetes-types/core/v1.js';
import { findCondition } from '#apimachinery';
import { age } from '../age.ts';
import { definePrinter } from '../table-convertor.ts';

function statusText({ spec, status }: Node): string {
  const ready = findCondition(status?.conditions, 'Ready');
  const known = ready?.status === 'True' ? 'Ready' : 'NotReady';
  const text = ready === undefined ? 'Unknown' : known;
  return spec?.unschedulable ? `${text},SchedulingDisabled` : text;
}

const ROLE_PREFIX = 'node-role.kubernetes.io/';

/** From labels `node-role.kubernetes.io/<role>` and `kubernetes.io/role=<role>`. */
function rolesText({ metadata }: Node): string {
  const roles = Object.entries(metadata?.labels ?? {}).map(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return key.slice(ROLE_PREFIX.length);
    return key === 'kubernetes.io/role' ? value : '';
  });
  const named = [...new Set(roles.filter((role) => role !== ''))].sort();
  return named.join(',') || '<none>';
}

function address({ status }: Node, wanted: string): string {
  return status?.addresses?.find(({ type }) => type === wanted)?.address ?? '<none>';
}

export const nodePrinter = definePrinter<Node>({
  group: '',
  kind: 'Node',
  columns:
    'Name, Status, Roles, Age, Version, Internal-IP*, External-IP*, OS-Image*, Kernel-Version*, Container-Runtime*',
  cells: (node, nowMs) => [
    node.metadata?.name ?? '',
    statusText(node),
    rolesText(node),
    age(node.metadata?.creationTimestamp, nowMs),
    node.status?.nodeInfo?.kubeletVersion ?? '',
    address(node, 'InternalIP'),
    address(node, 'ExternalIP'),
    node.status?.nodeInfo?.osImage || '<unknown>',
    node.status?.nodeInfo?.kernelVersion || '<unknown>',
    node.status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
  ],
});
