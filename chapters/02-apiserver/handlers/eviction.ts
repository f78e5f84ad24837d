/**
 * `pods/eviction`: deletes a pod if its disruption budgets allow it. Given.
 *
 * @see pkg/registry/core/pod/storage/eviction.go (1.33)
 */

import {
  deepCopy,
  isPodReady,
  newInternalError,
  newTooManyRequests,
  type Pod,
  StatusError,
  selectorFromObject,
} from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { Answer, Context } from '../context.ts';
import { get } from '../registry/create-get.ts';
import { deleteObject } from '../registry/delete.ts';
import { list } from '../registry/list.ts';
import type { Registry } from '../registry/registry.ts';
import { update } from '../registry/update.ts';
import { admitPosted } from './admit.ts';
import { statusSuccess } from './answers.ts';
import { readPlainObject } from './bodies.ts';
import type { Endpoint } from './endpoint.ts';
import { deleteOptions } from './options.ts';

/** How many disrupted pods a budget may have written down before it takes no more. */
const MAX_DISRUPTED_PODS = 2000;
const EVICTION = { group: 'policy', version: 'v1', kind: 'Eviction' };

interface BudgetStatus {
  disruptionsAllowed?: number;
  observedGeneration?: number;
  disruptedPods?: Record<string, string>;
  currentHealthy?: number;
  desiredHealthy?: number;
}

/** @param budgets - where PodDisruptionBudgets are */
export async function handleEviction(
  endpoint: Endpoint,
  context: Context,
  budgets: Registry,
): Promise<Answer> {
  const { registry, world } = endpoint;
  const { info, query } = context;
  const eviction = await readPlainObject(endpoint, context, EVICTION);
  const given = { ...((eviction.deleteOptions ?? {}) as Record<string, unknown>) };
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  if (dryRun.length > 0) given.dryRun = dryRun;
  const options = deleteOptions(query, given);
  const { namespace, name } = info;
  await admitPosted(endpoint, context, EVICTION, eviction, { dryRun: options.dryRun === true });
  const pod = (await get(registry, name, { namespace })).object;
  if (needsBudget(pod)) {
    const found = await budgetsOf(budgets, pod);
    if (found.length > 1) {
      throw newInternalError(
        new Error(
          'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
        ),
      );
    }
    const [budget] = found;
    if (budget) await spend(budgets, budget, pod, options.dryRun === true, world.clock.now());
  }
  await deleteObject(registry, namespace, name, options);
  return statusSuccess(201);
}

/** A pod that does no work, or is going already, is nobody's loss. */
function needsBudget({ metadata, status }: ApiObject): boolean {
  const { phase } = (status ?? {}) as { phase?: string };
  if (metadata.deletionTimestamp) return false;
  return phase !== 'Succeeded' && phase !== 'Failed' && phase !== 'Pending' && phase !== undefined;
}

async function budgetsOf(budgets: Registry, pod: ApiObject): Promise<ApiObject[]> {
  const { namespace = '', labels = {} } = pod.metadata;
  const { items } = await list(budgets, { namespace });
  return items
    .map(({ object }) => object)
    .filter(({ spec }) => {
      const { selector } = (spec ?? {}) as { selector?: object };
      return selector !== undefined && selectorFromObject(selector).matches(labels);
    });
}

/** Takes one disruption off a budget, or says that there is none left. */
async function spend(
  budgets: Registry,
  { metadata }: ApiObject,
  pod: ApiObject,
  dryRun: boolean,
  nowMs: number,
): Promise<void> {
  const { namespace = '', name = '' } = metadata;
  const change = (budget: ApiObject): ApiObject => {
    const status = (budget.status ?? {}) as BudgetStatus;
    if (!isPodReady(pod as Pod) && mayEvictUnready(budget, status)) return budget;
    checkBudget(budget, status);
    const podName = pod.metadata.name ?? '';
    budget.status = {
      ...status,
      disruptionsAllowed: (status.disruptionsAllowed ?? 0) - 1,
      disruptedPods: {
        ...status.disruptedPods,
        [podName]: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
      },
    };
    return deepCopy(budget);
  };
  await update(budgets, name, change, { namespace, subresource: 'status', dryRun });
}

function mayEvictUnready({ spec }: ApiObject, status: BudgetStatus): boolean {
  const { unhealthyPodEvictionPolicy } = (spec ?? {}) as { unhealthyPodEvictionPolicy?: string };
  if (unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status;
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

function checkBudget({ metadata }: ApiObject, status: BudgetStatus): void {
  const { generation = 0, name = '' } = metadata;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {} } = status;
  if (observedGeneration < generation) {
    throw disruption(`The disruption budget ${name} is still being processed by the server.`);
  }
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS) {
    throw disruption(`The disruption budget ${name} has too many disrupted pods.`);
  }
  if (disruptionsAllowed > 0) return;
  const { currentHealthy = 0, desiredHealthy = 0 } = status;
  throw disruption(
    `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
  );
}

function disruption(why: string): StatusError {
  const { code, reason } = newTooManyRequests('', 0);
  return new StatusError({
    code,
    reason,
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: { causes: [{ reason: 'DisruptionBudget', message: why }] },
  });
}
