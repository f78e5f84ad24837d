/**
 * The resource quota controller: counts what a namespace uses, and writes it into its quotas' status.
 * Given.
 *
 * The API server adds what is created by itself; this is for what is deleted, for quotas that are new
 * or changed, and, every five minutes, for all that was missed. What objects use is `quota-usage.ts`.
 *
 * @see pkg/controller/resourcequota/resource_quota_controller.go (1.33)
 */

import type {
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Service,
} from 'kubernetes-types/core/v1.js';
import {
  groupResourceText,
  type KubernetesObject,
  Quantity,
  semanticallyEqual,
} from '#apimachinery';
import {
  type EventHandler,
  RESOURCE_QUOTAS,
  type ResourceType,
  type SharedInformer,
} from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { AllResources } from '../garbage-collector/all-resources.ts';
import { finalState } from '../owners.ts';
import {
  type Amounts,
  isUsing,
  type QuotaEvaluator,
  quotaEvaluator,
  usageOf,
} from './quota-usage.ts';

const NAME = 'resourcequota-controller';
/** How often every quota is counted again, whatever happened. */
export const RESYNC_PERIOD_MS = 5 * 60 * 1000;

/** Makes the controller that keeps ResourceQuotas' status. */
export function newResourceQuotaController(context: ControllerContext): Controller {
  return new ResourceQuotaController(context);
}

/** A resource that quotas count. */
interface Counted {
  readonly type: ResourceType;
  readonly evaluator: QuotaEvaluator;
}

class ResourceQuotaController implements Controller {
  readonly name = NAME;
  readonly #context: ControllerContext;
  readonly #quotas: SharedInformer<ResourceQuota>;
  readonly #all: AllResources;
  readonly #counted = new Map<string, Counted>();
  readonly #loop: ControlLoop;

  constructor(context: ControllerContext) {
    this.#context = context;
    const { informers, clock, log } = context;
    this.#quotas = informers.informer(RESOURCE_QUOTAS);
    this.#all = new AllResources(context, (type) => this.#handlerOf(type));
    this.#loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced: [() => this.#quotas.hasSynced(), () => this.#all.hasSynced()],
      reconcile: (key) => this.#reconcile(key),
    });
    this.#quotas.addEventHandler(
      {
        onAdd: (quota) => this.#loop.enqueue(quota),
        onUpdate: (old, quota) => {
          // A status that changed is this controller's doing or the API server's. A resync is twice the same.
          const isResync = old === quota;
          const isNews = !semanticallyEqual(old.spec, quota.spec) || isUncounted(quota);
          if (isResync || isNews) this.#loop.enqueue(quota);
        },
      },
      { resyncPeriodMs: RESYNC_PERIOD_MS },
    );
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#all.run(signal), this.#loop.run(signal)]);
  }

  #handlerOf(type: ResourceType): EventHandler<KubernetesObject> {
    const evaluator = type.namespaced ? quotaEvaluator(type) : undefined;
    if (!evaluator) return {};
    this.#counted.set(groupResourceText(type), { type, evaluator });
    return {
      onUpdate: (old, object) => {
        if (this.#givesBack(type, old, object)) this.#replenish(evaluator, object);
      },
      onDelete: (gone) => this.#replenish(evaluator, finalState(gone)),
    };
  }

  /** May a change of an object make room? */
  #givesBack(type: ResourceType, old: KubernetesObject, object: KubernetesObject): boolean {
    if (type.group !== '') return false;
    if (type.resource === 'pods') {
      const now = this.#context.clock.now();
      const has = isUsing(old as Pod, now) && !isUsing(object as Pod, now);
      return has || !semanticallyEqual(specOf<Pod>(old), specOf<Pod>(object));
    }
    if (type.resource === 'services') {
      return !semanticallyEqual(specOf<Service>(old), specOf<Service>(object));
    }
    if (type.resource !== 'persistentvolumeclaims') return false;
    const [before, after] = [old, object].map((one) => specOf<PersistentVolumeClaim>(one));
    return !semanticallyEqual(before?.resources, after?.resources);
  }

  /** Has the quotas of a namespace counted that are about a resource. */
  #replenish(evaluator: QuotaEvaluator, { metadata }: KubernetesObject): void {
    for (const quota of this.#quotas.lister.listNamespace(metadata?.namespace ?? '')) {
      if (Object.keys(quota.spec?.hard ?? {}).some((name) => evaluator.counts(name))) {
        this.#loop.enqueue(quota);
      }
    }
  }

  async #reconcile(key: string): Promise<void> {
    const quota = this.#quotas.lister.get(key);
    if (!quota) return;
    const hard = quota.spec?.hard ?? {};
    const used = { ...quota.status?.used, ...textsOf(this.#count(quota)) };
    const limited = Object.entries(used).filter(([name]) => Object.hasOwn(hard, name));
    const status = { hard, used: Object.fromEntries(limited) };
    if (sameAmounts(quota.status?.hard, hard) && sameAmounts(quota.status?.used, status.used))
      return;
    await this.#context.client
      .resource(RESOURCE_QUOTAS, quota.metadata?.namespace)
      .updateStatus({ ...quota, status });
  }

  #count(quota: ResourceQuota): Amounts {
    const namespace = quota.metadata?.namespace ?? '';
    const names = Object.keys(quota.spec?.hard ?? {});
    const now = this.#context.clock.now();
    const used = new Map<string, Quantity>();
    for (const { type, evaluator } of this.#counted.values()) {
      if (!names.some((name) => evaluator.counts(name))) continue;
      const objects = this.#all.lister(type)?.listNamespace(namespace);
      // What is not served any more is as it was when it was counted last.
      if (!objects) continue;
      for (const [name, amount] of usageOf(quota, evaluator, objects, now)) used.set(name, amount);
    }
    return used;
  }
}

function isUncounted({ spec, status }: ResourceQuota): boolean {
  const names = Object.keys(spec?.hard ?? {});
  return names.some((name) => !Object.hasOwn(status?.hard ?? {}, name));
}

function specOf<T extends { spec?: unknown }>(object: KubernetesObject): T['spec'] {
  return (object as T).spec;
}

function textsOf(amounts: Amounts): Record<string, string> {
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, String(amount)]));
}

/** Are they the same amounts, however they are written? */
function sameAmounts(
  some: Record<string, string> | undefined,
  others: Record<string, string>,
): boolean {
  const names = Object.keys(others);
  if (!some || Object.keys(some).length !== names.length) return false;
  return names.every((name) => {
    const mine = some[name];
    const theirs = others[name];
    if (mine === undefined || theirs === undefined) return false;
    return Quantity.parse(mine).equals(Quantity.parse(theirs));
  });
}
