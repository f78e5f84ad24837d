/**
 * Rows of what others refer to: Namespaces, Secrets, quotas and the like. Given.
 *
 * @see pkg/printers/internalversion/printers.go (1.33)
 */

import type {
  ComponentStatus,
  ConfigMap,
  Namespace,
  ResourceQuota,
  Secret,
  ServiceAccount,
} from 'kubernetes-types/core/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { findCondition } from '#apimachinery';
import { age } from '../age.ts';
import { amountText } from '../cell-text.ts';
import { definePrinter } from '../table-convertor.ts';

const namespace = definePrinter<Namespace>({
  group: '',
  kind: 'Namespace',
  columns: 'Name, Status, Age',
  cells: ({ metadata, status }, nowMs) => [
    metadata?.name ?? '',
    status?.phase ?? '',
    age(metadata?.creationTimestamp, nowMs),
  ],
});

function size(map: object | undefined): number {
  return Object.keys(map ?? {}).length;
}

const secret = definePrinter<Secret>({
  group: '',
  kind: 'Secret',
  columns: 'Name, Type, Data, Age',
  cells: ({ metadata, type, data }, nowMs) => [
    metadata?.name ?? '',
    type ?? '',
    size(data),
    age(metadata?.creationTimestamp, nowMs),
  ],
});

const configMap = definePrinter<ConfigMap>({
  group: '',
  kind: 'ConfigMap',
  columns: 'Name, Data, Age',
  cells: ({ metadata, data, binaryData }, nowMs) => [
    metadata?.name ?? '',
    size(data) + size(binaryData),
    age(metadata?.creationTimestamp, nowMs),
  ],
});

const serviceAccount = definePrinter<ServiceAccount>({
  group: '',
  kind: 'ServiceAccount',
  columns: 'Name, Secrets, Age',
  cells: ({ metadata, secrets }, nowMs) => [
    metadata?.name ?? '',
    secrets?.length ?? 0,
    age(metadata?.creationTimestamp, nowMs),
  ],
});

const resourceQuota = definePrinter<ResourceQuota>({
  group: '',
  kind: 'ResourceQuota',
  columns: 'Name, Request, Limit, Age',
  cells: (quota, nowMs) => {
    const all = Object.keys(quota.status?.hard ?? {}).sort();
    const isLimit = (name: string) => name.startsWith('limits.');
    return [
      quota.metadata?.name ?? '',
      usageText(
        quota,
        all.filter((name) => !isLimit(name)),
      ),
      usageText(quota, all.filter(isLimit)),
      age(quota.metadata?.creationTimestamp, nowMs),
    ];
  },
});

/** `cpu: 1/4, memory: 2Gi/8Gi`. */
function usageText({ status }: ResourceQuota, names: readonly string[]): string {
  const texts = names.map(
    (name) => `${name}: ${amountText(status?.used?.[name])}/${amountText(status?.hard?.[name])}`,
  );
  return texts.join(', ');
}

const componentStatus = definePrinter<ComponentStatus>({
  group: '',
  kind: 'ComponentStatus',
  columns: 'Name, Status, Message, Error',
  cells: ({ metadata, conditions }) => {
    const healthy = findCondition(conditions, 'Healthy');
    const known = healthy?.status === 'True' ? 'Healthy' : 'Unhealthy';
    return [
      metadata?.name ?? '',
      healthy === undefined ? 'Unknown' : known,
      healthy?.message ?? '',
      (healthy as { error?: string } | undefined)?.error ?? '',
    ];
  },
});

const podDisruptionBudget = definePrinter<PodDisruptionBudget>({
  group: 'policy',
  kind: 'PodDisruptionBudget',
  columns: 'Name, Min Available, Max Unavailable, Allowed Disruptions:integer, Age',
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata?.name ?? '',
    `${spec?.minAvailable ?? 'N/A'}`,
    `${spec?.maxUnavailable ?? 'N/A'}`,
    status?.disruptionsAllowed ?? 0,
    age(metadata?.creationTimestamp, nowMs),
  ],
});

export const configPrinters = [
  namespace,
  secret,
  configMap,
  serviceAccount,
  resourceQuota,
  componentStatus,
  podDisruptionBudget,
];
