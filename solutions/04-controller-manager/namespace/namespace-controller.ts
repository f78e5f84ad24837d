/**
 * The namespace controller: it empties namespaces that are being deleted, and lets them go. Given.
 *
 * What is said meanwhile is `namespace-deletion.ts`.
 */

import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1.js';
import type { Namespace, Pod } from 'kubernetes-types/core/v1.js';
import {
  groupResourceText,
  isConflict,
  isMethodNotAllowed,
  isNotFound,
  type KubernetesObject,
  semanticallyEqual,
} from '#apimachinery';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  groupResourceOf,
  NAMESPACES,
  PODS,
  type ResourceType,
  type SharedInformer,
} from '#client';
import { ControlLoop, type ReconcileResult } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { BUILT_IN_RESOURCES, resourceOfDefinition } from '../garbage-collector/resources.ts';
import { finalState } from '../owners.ts';
import {
  type DeletionReport,
  deletionConditions,
  isEmptied,
  lookAgainMs,
  type Remaining,
} from './namespace-deletion.ts';

const NAME = 'namespace-controller';
const FINALIZER = 'kubernetes';
/** Left out of the garbage collector's resources, but they are in namespaces, too. */
const EVENTS: ResourceType = {
  group: '',
  version: 'v1',
  resource: 'events',
  kind: 'Event',
  namespaced: true,
};

/** Makes the controller that deletes namespaces. */
export function newNamespaceController(context: ControllerContext): Controller {
  return new NamespaceController(context).loop;
}

class NamespaceController {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #namespaces: SharedInformer<Namespace>;
  readonly #definitions: SharedInformer<CustomResourceDefinition>;

  constructor(context: ControllerContext) {
    this.#context = context;
    const { informers, clock, log } = context;
    this.#namespaces = informers.informer(NAMESPACES);
    this.#definitions = informers.informer(CUSTOM_RESOURCE_DEFINITIONS);
    const pods: SharedInformer<Pod> = informers.informer(PODS);
    this.loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced: [this.#namespaces, this.#definitions, pods].map((one) => () => one.hasSynced()),
      reconcile: (name) => this.#reconcile(name),
    });
    const take = (namespace: Namespace): void => {
      if (namespace.metadata?.deletionTimestamp) this.loop.enqueue(namespace);
    };
    this.#namespaces.addEventHandler({ onAdd: take, onUpdate: (_, namespace) => take(namespace) });
    // Pods are what takes longest: no need to wait until the estimate is over.
    pods.addEventHandler({
      onDelete: (gone) => {
        const namespace = this.#namespaces.lister.get(finalState(gone).metadata?.namespace ?? '');
        if (namespace) take(namespace);
      },
    });
  }

  async #reconcile(name: string): Promise<ReconcileResult | undefined> {
    const cached = this.#namespaces.lister.get(name);
    if (!cached?.metadata?.deletionTimestamp) return undefined;
    if (!cached.spec?.finalizers?.includes(FINALIZER)) return undefined;
    const report = await this.#empty(name);
    const namespace = await this.#writeConditions(name, report);
    if (!namespace) return undefined;
    if (isEmptied(report)) {
      await this.#finalize(namespace);
      return undefined;
    }
    if (report.failures.length > 0) throw new Error(report.failures.join('; '));
    const requeueAfterMs = lookAgainMs(report);
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
  }

  /** Pods go first, so that what they use is there until they have ended. */
  async #empty(namespace: string): Promise<DeletionReport> {
    const pods = await this.#emptyAll([PODS], namespace);
    if (!isEmptied(pods)) return pods;
    const custom = this.#definitions.lister
      .list()
      .flatMap((one) => resourceOfDefinition(one) ?? []);
    const others = [...BUILT_IN_RESOURCES, EVENTS, ...custom].filter(
      ({ namespaced, resource, group }) => namespaced && !(group === '' && resource === 'pods'),
    );
    return this.#emptyAll(others, namespace);
  }

  async #emptyAll(types: readonly ResourceType[], namespace: string): Promise<DeletionReport> {
    const remaining: Remaining[] = [];
    const failures: string[] = [];
    for (const type of types) {
      try {
        const left = await this.#emptyOne(type, namespace);
        if (left) remaining.push(left);
      } catch (error) {
        // What is not served any more has no objects.
        if (isNotFound(error) || isMethodNotAllowed(error)) continue;
        failures.push(error instanceof Error ? error.message : String(error));
      }
    }
    return { remaining, failures };
  }

  async #emptyOne(type: ResourceType, namespace: string): Promise<Remaining | undefined> {
    const client = this.#context.client.resource<KubernetesObject>(type, namespace);
    const before = await client.list();
    if (before.items.length === 0) return undefined;
    await client.deleteCollection({ propagationPolicy: 'Background' });
    const { items } = await client.list();
    if (items.length === 0) return undefined;
    const finalizers: Record<string, number> = {};
    for (const name of items.flatMap(({ metadata }) => metadata?.finalizers ?? [])) {
      finalizers[name] = (finalizers[name] ?? 0) + 1;
    }
    const grace = items.map(({ metadata }) => metadata?.deletionGracePeriodSeconds ?? 0);
    const resource = groupResourceText(groupResourceOf(type));
    return { resource, count: items.length, finalizers, graceSeconds: Math.max(...grace) };
  }

  /** @returns the namespace as it is then; `undefined` when it is gone */
  async #writeConditions(name: string, report: DeletionReport): Promise<Namespace | undefined> {
    const { client, clock } = this.#context;
    const namespaces = client.resource(NAMESPACES);
    try {
      const namespace = await namespaces.get(name);
      const before = namespace.status?.conditions ?? [];
      const conditions = deletionConditions(before, report, clock);
      if (semanticallyEqual(before, conditions)) return namespace;
      return await namespaces.updateStatus({
        ...namespace,
        status: { ...namespace.status, conditions },
      });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #finalize(namespace: Namespace): Promise<void> {
    const finalizers = namespace.spec?.finalizers?.filter((one) => one !== FINALIZER) ?? [];
    try {
      await this.#context.client
        .resource(NAMESPACES)
        .update(
          { ...namespace, spec: { ...namespace.spec, finalizers } },
          { subresource: 'finalize' },
        );
    } catch (error) {
      if (isNotFound(error)) return;
      if (isConflict(error)) throw new Error('somebody else was faster', { cause: error });
      throw error;
    }
  }
}
