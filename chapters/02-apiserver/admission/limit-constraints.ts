/**
 * What a LimitRange has against a pod or a claim. Given; the plugin is `limit-ranger.ts`.
 *
 * @see plugin/pkg/admission/limitranger/admission.go (1.33)
 */

import type {
  Container,
  LimitRange,
  LimitRangeItem,
  PersistentVolumeClaim,
  Pod,
} from 'kubernetes-types/core/v1.js';
import type { Quantity } from '#apimachinery';
import { podContainerRequests } from '../kinds/core/pod-requests.ts';
import { quantityOf } from '../kinds/core/resources.ts';

type Amounts = Readonly<Record<string, Quantity>>;

interface Usage {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/** Faults of a pod: of each container by itself, and of all together. */
export function podLimitFaults({ spec }: LimitRange, pod: Pod): string[] {
  return (spec?.limits ?? []).flatMap((item) => {
    if (item.type === 'Pod') return itemFaults(item, usageOfPod(pod));
    if (item.type !== 'Container') return [];
    const { containers = [], initContainers = [] } = pod.spec ?? { containers: [] };
    return [...containers, ...initContainers].flatMap(({ resources }) =>
      itemFaults(item, {
        requests: amountsOf(resources?.requests),
        limits: amountsOf(resources?.limits),
      }),
    );
  });
}

/** Faults of a claim: only what it asks for counts. */
export function claimLimitFaults({ spec }: LimitRange, claim: PersistentVolumeClaim): string[] {
  const requests = amountsOf(claim.spec?.resources?.requests);
  return (spec?.limits ?? []).flatMap((item) => {
    if (item.type !== 'PersistentVolumeClaim') return [];
    const min = entriesOf(item.min).map(([name, least]) =>
      minFault(item.type, name, least, requests[name], undefined),
    );
    const max = entriesOf(item.max).map(([name, most]) => {
      const title = `maximum ${name} usage per ${item.type} is ${most}`;
      return aboveFault(title, 'request', requests[name], most);
    });
    return [...min, ...max].filter((fault) => fault !== undefined);
  });
}

function itemFaults(item: LimitRangeItem, { requests, limits }: Usage): string[] {
  const { type } = item;
  const min = entriesOf(item.min).map(([name, least]) =>
    minFault(type, name, least, requests[name], limits[name]),
  );
  const max = entriesOf(item.max).map(([name, most]) =>
    maxFault(type, name, most, requests[name], limits[name]),
  );
  const ratio = entriesOf(item.maxLimitRequestRatio).map(([name, most]) =>
    ratioFault(type, name, most, requests[name], limits[name]),
  );
  return [...min, ...max, ...ratio].filter((fault) => fault !== undefined);
}

function minFault(
  type: string,
  name: string,
  least: Quantity,
  request: Quantity | undefined,
  limit: Quantity | undefined,
): string | undefined {
  const title = `minimum ${name} usage per ${type} is ${least}`;
  if (!request) return `${title}.  No request is specified`;
  if (request.compare(least) < 0) return `${title}, but request is ${request}`;
  return limit && limit.compare(least) < 0 ? `${title}, but limit is ${limit}` : undefined;
}

function maxFault(
  type: string,
  name: string,
  most: Quantity,
  request: Quantity | undefined,
  limit: Quantity | undefined,
): string | undefined {
  const title = `maximum ${name} usage per ${type} is ${most}`;
  const fault = aboveFault(title, 'limit', limit, most);
  return fault ?? (request && aboveFault(title, 'request', request, most));
}

function aboveFault(
  title: string,
  what: string,
  amount: Quantity | undefined,
  most: Quantity,
): string | undefined {
  if (!amount) return `${title}.  No ${what} is specified`;
  return amount.compare(most) > 0 ? `${title}, but ${what} is ${amount}` : undefined;
}

function ratioFault(
  type: string,
  name: string,
  most: Quantity,
  request: Quantity | undefined,
  limit: Quantity | undefined,
): string | undefined {
  const title = `${name} max limit to request ratio per ${type} is ${most}`;
  if (!request || request.isZero()) {
    return `${title}, but no request is specified or request is 0`;
  }
  if (!limit || limit.isZero()) return `${title}, but no limit is specified or limit is 0`;
  const ratio = Number(limit.milliValue()) / Number(request.milliValue());
  const allowed = Number(most.milliValue()) / 1000;
  return ratio > allowed ? `${title}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
}

function usageOfPod({ spec }: Pod): Usage {
  const { containers = [], initContainers = [] } = spec ?? { containers: [] };
  const asRequests = (list: readonly Container[]) =>
    list.map((each) => ({ ...each, resources: { requests: each.resources?.limits ?? {} } }));
  const limited = {
    containers: asRequests(containers),
    initContainers: asRequests(initContainers),
  };
  return {
    requests: podContainerRequests({ containers, initContainers }),
    limits: podContainerRequests(limited),
  };
}

/** By name, so that messages are always the same. */
function entriesOf(list: Record<string, string> | undefined): [string, Quantity][] {
  return Object.entries(amountsOf(list)).sort(([a], [b]) => (a < b ? -1 : 1));
}

function amountsOf(list: Record<string, string> | undefined): Amounts {
  return Object.fromEntries(
    Object.entries(list ?? {}).map(([name, value]) => [name, quantityOf(value)]),
  );
}
