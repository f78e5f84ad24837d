/**
 * What objects use of a quota: an evaluator for each resource. Given.
 *
 * The API server charges what a request would use by the same rules, with evaluators of its own; here
 * what is there is counted. Who counts is `resource-quota-controller.ts`.
 *
 * @see pkg/quota/v1/evaluator/core/, k8s.io/apiserver/pkg/quota/v1/generic/evaluator.go (1.33)
 */

import type {
  Container,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Service,
} from 'kubernetes-types/core/v1.js';
import {
  type GroupResource,
  groupResourceText,
  type KubernetesObject,
  podRequests,
  Quantity,
  qualifiedNameFaults,
} from '#apimachinery';
import { isPodFinished } from '../pod-state.ts';
import { isPodInScope, scopesOf } from './quota-scopes.ts';

/** Amounts by the names that quotas have for them. */
export type Amounts = ReadonlyMap<string, Quantity>;

/** Measures the objects of one resource. */
export interface QuotaEvaluator {
  /** Is it this evaluator that counts what a quota calls `name`? */
  counts(name: string): boolean;
  /** What an object uses; each amount is zero or more. */
  usage(object: KubernetesObject, now: number): Amounts;
  /** Is an object in all scopes of a quota? */
  isInScope(object: KubernetesObject, quota: ResourceQuota): boolean;
}

const ONE = new Quantity(1n);
/** They have a name without `count/` too. */
const ALIASES = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']);
/** Never counted. */
const IGNORED = new Set(['bindings', 'componentstatuses', 'events', 'events.events.k8s.io']);

/**
 * The evaluator of a resource.
 *
 * @returns `undefined` for what no quota counts
 */
export function quotaEvaluator(resource: GroupResource): QuotaEvaluator | undefined {
  const name = groupResourceText(resource);
  if (IGNORED.has(name)) return undefined;
  if (name === 'pods') return podEvaluator;
  if (name === 'services') return serviceEvaluator;
  if (name === 'persistentvolumeclaims') return claimEvaluator;
  const names = [`count/${name}`, ...(ALIASES.has(name) ? [name] : [])];
  return {
    counts: (each) => names.includes(each),
    usage: () => new Map(names.map((each) => [each, ONE])),
    isInScope: hasNoScopes,
  };
}

/** Scopes are about pods: of anything else nothing is in one. */
function hasNoScopes(_: KubernetesObject, quota: ResourceQuota): boolean {
  return scopesOf(quota).length === 0;
}

const SERVICE_NAMES = [
  'count/services',
  'services',
  'services.nodeports',
  'services.loadbalancers',
];

const serviceEvaluator: QuotaEvaluator = {
  counts: (name) => SERVICE_NAMES.includes(name),
  isInScope: hasNoScopes,
  usage: (object) => {
    const { spec } = object as Service;
    const isBalanced = spec?.type === 'LoadBalancer';
    const ports = spec?.ports ?? [];
    const counted =
      isBalanced && spec?.allocateLoadBalancerNodePorts === false
        ? ports.filter(({ nodePort }) => nodePort)
        : ports;
    const nodePorts = isBalanced || spec?.type === 'NodePort' ? counted.length : 0;
    return new Map([
      ['count/services', ONE],
      ['services', ONE],
      ['services.nodeports', new Quantity(BigInt(nodePorts))],
      ['services.loadbalancers', isBalanced ? ONE : Quantity.zero],
    ]);
  },
};

const CLAIM_NAMES = ['persistentvolumeclaims', 'requests.storage'];
const OF_CLASS = '.storageclass.storage.k8s.io/';

const claimEvaluator: QuotaEvaluator = {
  counts: (name) =>
    name === 'count/persistentvolumeclaims' ||
    CLAIM_NAMES.some((each) => name === each || name.endsWith(`${OF_CLASS}${each}`)),
  isInScope: hasNoScopes,
  usage: (object) => {
    const { metadata, spec } = object as PersistentVolumeClaim;
    const usage = new Map([['count/persistentvolumeclaims', ONE]]);
    const old = metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'];
    const storageClass = old ?? spec?.storageClassName ?? '';
    const add = (name: string, amount: Quantity): void => {
      usage.set(name, amount);
      if (storageClass !== '') usage.set(`${storageClass}${OF_CLASS}${name}`, amount);
    };
    add('persistentvolumeclaims', ONE);
    const text = spec?.resources?.requests?.storage;
    if (text === undefined) return usage;
    const storage = Quantity.parse(text);
    add('requests.storage', new Quantity(storage.value(), 0, storage.format));
    return usage;
  },
};

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const POD_NAMES = new Set([
  'count/pods',
  'pods',
  ...COMPUTE.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);

const podEvaluator: QuotaEvaluator = {
  counts: (name) =>
    POD_NAMES.has(name) ||
    isHugePages(name) ||
    name.startsWith('requests.hugepages-') ||
    (name.startsWith('requests.') && !isNative(name)),
  isInScope: (object, quota) =>
    scopesOf(quota).every((scope) => isPodInScope(object as Pod, scope)),
  usage: (object, now) => {
    const pod = object as Pod;
    const usage = new Map([['count/pods', ONE]]);
    if (!isUsing(pod, now)) return usage;
    usage.set('pods', ONE);
    for (const [name, amount] of podRequests(pod)) {
      const isCounted = COMPUTE.includes(name) || isHugePages(name);
      if (isCounted) usage.set(name, amount);
      if (isCounted || isExtended(name)) usage.set(`requests.${name}`, amount);
    }
    for (const [name, amount] of podLimits(pod)) {
      if (COMPUTE.includes(name)) usage.set(`limits.${name}`, amount);
    }
    return usage;
  },
};

/** Does it still use anything: has it not ended, and is its time to end not over? */
export function isUsing(pod: Pod, now: number): boolean {
  if (isPodFinished(pod)) return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata ?? {};
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return now <= Date.parse(String(deletionTimestamp)) + deletionGracePeriodSeconds * 1000;
}

/** As requests are added up; the overhead counts for what is limited at all. */
function podLimits({ spec }: Pod): Amounts {
  const asRequests = (list: readonly Container[] | undefined) =>
    (list ?? []).map((each) => ({
      ...each,
      resources: { requests: each.resources?.limits ?? {} },
    }));
  const containers = asRequests(spec?.containers);
  const initContainers = asRequests(spec?.initContainers);
  const limits = podRequests({ spec: { containers, initContainers } });
  const overhead = Object.entries(spec?.overhead ?? {}).filter(([name]) => limits.has(name));
  if (overhead.length === 0) return limits;
  return podRequests({
    spec: { containers, initContainers, overhead: Object.fromEntries(overhead) },
  });
}

function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}

/** One of Kubernetes' own: a name without a domain. */
function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** Something else that nodes have, such as a device. */
function isExtended(name: string): boolean {
  if (isNative(name) || name.startsWith('requests.')) return false;
  return qualifiedNameFaults(`requests.${name}`).length === 0;
}

/**
 * What all objects of a resource use of a quota.
 *
 * @returns every name that the quota limits and the evaluator counts, zero when nothing uses it
 */
export function usageOf(
  quota: ResourceQuota,
  evaluator: QuotaEvaluator,
  objects: readonly KubernetesObject[],
  now: number,
): Amounts {
  const names = Object.keys(quota.spec?.hard ?? {}).filter((name) => evaluator.counts(name));
  const used = new Map(names.map((name) => [name, Quantity.zero]));
  for (const object of objects) {
    if (!evaluator.isInScope(object, quota)) continue;
    const usage = evaluator.usage(object, now);
    for (const [name, sum] of used) {
      const amount = usage.get(name);
      if (amount) used.set(name, sum.add(amount));
    }
  }
  return used;
}
