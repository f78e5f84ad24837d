/**
 * What an object uses of a quota: an evaluator for each resource. Given.
 *
 * The plugin that checks and charges is `resource-quota.ts`; which pods a quota with scopes is
 * about is `quota-scopes.ts`. Everything can be counted as `count/RESOURCE.GROUP`; some also have
 * an older name.
 *
 * @see pkg/quota/v1/evaluator/core/, k8s.io/apiserver/pkg/quota/v1/generic/evaluator.go (1.33)
 */

import type {
  Container,
  PersistentVolumeClaim,
  Pod,
  ScopedResourceSelectorRequirement,
  Service,
} from 'kubernetes-types/core/v1.js';
import { type GroupResource, groupResourceText, podRequests, Quantity } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { isExtendedResource, isHugePages, isNativeResource } from '../kinds/core/resource-names.ts';
import type { AdmissionRequest } from './admission.ts';
import { type Amounts, amountsOf } from './amounts.ts';
import { isPodInScope } from './quota-scopes.ts';

/** Measures the objects of one resource. */
export interface QuotaEvaluator {
  /** May the request change what is used? */
  handles(request: AdmissionRequest): boolean;
  /** Is it this evaluator that counts what a quota calls `name`? */
  counts(name: string): boolean;
  isInScope(object: ApiObject, scope: ScopedResourceSelectorRequirement): boolean;
  /** What is missing in an object so that it can be counted; `undefined` when nothing is. */
  missing(object: ApiObject, names: readonly string[]): string | undefined;
  /** Every amount is zero or more. */
  usage(object: ApiObject): Amounts;
}

/** Where the moment is that an evaluator measures at. */
export type Now = () => number;

const ONE = new Quantity(1n);
const ALIASES = ['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'];

/** Never stored, or never counted: `RESOURCE.GROUP`. */
const IGNORED = new Set([
  'bindings',
  'componentstatuses',
  'events',
  'tokenreviews.authentication.k8s.io',
  'selfsubjectreviews.authentication.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
]);

/**
 * The evaluator of a resource.
 *
 * @returns `undefined` for what no quota counts
 */
export function quotaEvaluator(resource: GroupResource, now: Now): QuotaEvaluator | undefined {
  const name = groupResourceText(resource);
  if (IGNORED.has(name)) return undefined;
  if (name === 'pods') return podEvaluator(now);
  if (name === 'services') return serviceEvaluator;
  if (name === 'persistentvolumeclaims') return claimEvaluator;
  const names = [`count/${name}`, ...(ALIASES.includes(name) ? [name] : [])];
  return {
    ...countOnly,
    counts: (each) => names.includes(each),
    usage: () => new Map(names.map((each) => [each, ONE])),
  };
}

/**
 * The same for all resources; each evaluator is made once, for every write asks for it twice.
 *
 * @returns a function from a resource to its evaluator
 */
export function quotaEvaluators(now: Now): (resource: GroupResource) => QuotaEvaluator | undefined {
  const made = new Map<string, QuotaEvaluator | undefined>();
  return (resource) => {
    const name = groupResourceText(resource);
    if (!made.has(name)) made.set(name, quotaEvaluator(resource, now));
    return made.get(name);
  };
}

const countOnly = {
  handles: ({ operation, subresource }: AdmissionRequest) =>
    operation === 'CREATE' && subresource === '',
  isInScope: () => false,
  missing: () => undefined,
};

const CLAIM_NAMES = ['persistentvolumeclaims', 'requests.storage'];
const OF_CLASS = '.storageclass.storage.k8s.io/';
const SERVICE_NAMES = [
  'count/services',
  'services',
  'services.nodeports',
  'services.loadbalancers',
];

const serviceEvaluator: QuotaEvaluator = {
  ...countOnly,
  handles: isWrite,
  counts: (name) => SERVICE_NAMES.includes(name),
  usage: (object) => {
    const { spec } = object as Service;
    const ports = spec?.ports ?? [];
    const isBalanced = spec?.type === 'LoadBalancer';
    // The ports of nodes are not given out yet: what counts is what is asked for.
    const counted =
      isBalanced && spec.allocateLoadBalancerNodePorts === false
        ? ports.filter(({ nodePort }) => nodePort)
        : ports;
    const hasNodePorts = isBalanced || spec?.type === 'NodePort';
    return new Map([
      ['count/services', ONE],
      ['services', ONE],
      ['services.nodeports', new Quantity(BigInt(hasNodePorts ? counted.length : 0))],
      ['services.loadbalancers', isBalanced ? ONE : Quantity.zero],
    ]);
  },
};

const claimEvaluator: QuotaEvaluator = {
  ...countOnly,
  handles: isWrite,
  counts: (name) =>
    name === 'count/persistentvolumeclaims' ||
    CLAIM_NAMES.includes(name) ||
    CLAIM_NAMES.some((each) => name.endsWith(`${OF_CLASS}${each}`)),
  usage: (object) => {
    const { spec, metadata } = object as PersistentVolumeClaim;
    const usage = new Map([['count/persistentvolumeclaims', ONE]]);
    const old = metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'];
    const storageClass = old ?? spec?.storageClassName ?? '';
    const add = (name: string, amount: Quantity): void => {
      usage.set(name, amount);
      if (storageClass !== '') usage.set(`${storageClass}${OF_CLASS}${name}`, amount);
    };
    add('persistentvolumeclaims', ONE);
    const storage = amountsOf(spec?.resources?.requests).get('storage');
    if (storage) add('requests.storage', new Quantity(storage.value(), 0, storage.format));
    return usage;
  },
};

function isWrite({ operation, subresource }: AdmissionRequest): boolean {
  return (operation === 'CREATE' || operation === 'UPDATE') && subresource === '';
}

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const POD_NAMES = new Set([
  'count/pods',
  'pods',
  ...COMPUTE.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);
/** Where a quota counts these, every container must say how much it wants. */
const MUST_BE_SAID = new Set(
  ['cpu', 'memory'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
);

function podEvaluator(now: Now): QuotaEvaluator {
  return {
    handles: ({ operation, subresource }) =>
      (operation === 'CREATE' && subresource === '') ||
      (operation === 'UPDATE' && subresource === 'resize'),
    counts: (name) =>
      POD_NAMES.has(name) ||
      isHugePages(name) ||
      name.startsWith('requests.hugepages-') ||
      (name.startsWith('requests.') && !isNativeResource(name)),
    isInScope: (object, scope) => isPodInScope(object as Pod, scope),
    missing: (object, names) => missingOf(object as Pod, names),
    usage: (object) => {
      const pod = object as Pod;
      const usage = new Map([['count/pods', ONE]]);
      if (isOver(pod, now())) return usage;
      return new Map([...usage, ...computeUsage(podRequests(pod), podLimits(pod))]);
    },
  };
}

/** Has it ended, or should it have? */
function isOver({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return true;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata ?? {};
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false;
  return now > Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
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

function computeUsage(requests: Amounts, limits: Amounts): Amounts {
  const usage = new Map([['pods', ONE]]);
  for (const [name, amount] of requests) {
    const isCounted = COMPUTE.includes(name) || isHugePages(name);
    if (isCounted) usage.set(name, amount);
    if (isCounted || isExtendedResource(name)) usage.set(`requests.${name}`, amount);
  }
  for (const [name, amount] of limits) {
    if (COMPUTE.includes(name)) usage.set(`limits.${name}`, amount);
  }
  return usage;
}

function missingOf({ spec }: Pod, names: readonly string[]): string | undefined {
  const required = names.filter((name) => MUST_BE_SAID.has(name)).sort();
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const saying = containers.map(({ name, resources }) => {
    const { requests, limits } = resources ?? {};
    return { name, said: computeUsage(amountsOf(requests), amountsOf(limits)) };
  });
  const faults = required.flatMap((each) => {
    const silent = saying.filter(({ said }) => !said.has(each)).map(({ name }) => name);
    return silent.length > 0 ? [`${each} for: ${[...new Set(silent)].sort().join(',')}`] : [];
  });
  return faults.length > 0 ? `must specify ${faults.join('; ')}` : undefined;
}
