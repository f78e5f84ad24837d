/**
 * The StatefulSet controller: it asks `statefulset.ts` what is to be done, and does it. Given.
 *
 * It needs no expectations: names are fixed, so that nothing can be made twice, and a pod is deleted by
 * its uid, so that a new one of its name is not taken for it.
 */

import type { StatefulSetStatus } from 'kubernetes-types/apps/v1.js';
import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import {
  deepCopy,
  isConflict,
  type Selector,
  selectorFromObject,
  semanticallyEqual,
} from '#apimachinery';
import { PERSISTENT_VOLUME_CLAIMS, PODS, type SharedInformer, STATEFUL_SETS } from '#client';
import { ControlLoop, type ReconcileResult } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import {
  applyRevision,
  CONTROLLER_REVISION_HASH_LABEL,
  ControllerHistory,
  type ControllerRevision,
  forgottenRevisions,
  isOfTemplate,
  newRevision,
  nextRevisionNumber,
} from '../controller-history.ts';
import {
  CONTROLLER_INDEX,
  controllerIndexKey,
  enqueueAll,
  enqueueOwners,
  finalState,
} from '../owners.ts';
import { claimObjects } from '../ownership.ts';
import { untilAvailableMs } from '../pod-state.ts';
import { slowStartBatch } from '../replicaset/replicaset.ts';
import { isMemberOf, isParallel, STATEFUL_SET_KIND, type StatefulSet } from './identity.ts';
import { StatefulPodControl } from './stateful-pod-control.ts';
import {
  type StatefulSetStep,
  type StatefulSetView,
  statefulSetStatus,
  statefulSetSteps,
} from './statefulset.ts';

const NAME = 'statefulset-controller';
/** The label under which a StatefulSet's revisions bear their hash; pods bear the revision's name. */
const HASH_LABEL = 'controller.kubernetes.io/hash';

/** Makes the controller that keeps StatefulSets. */
export function newStatefulSetController(context: ControllerContext): Controller {
  return new StatefulSetController(context).loop;
}

/** The two revisions a set's pods can be of, and the count that made their names different. */
interface Revisions {
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly collisionCount: number;
}

class StatefulSetController {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #sets: SharedInformer<StatefulSet>;
  readonly #pods: SharedInformer<Pod>;
  readonly #claims: SharedInformer<PersistentVolumeClaim>;
  readonly #history: ControllerHistory;
  readonly #podControl: StatefulPodControl;

  constructor(context: ControllerContext) {
    const { client, clock, informers, log } = context;
    this.#context = context;
    this.#sets = informers.informer(STATEFUL_SETS);
    this.#pods = context.ownedInformer(PODS);
    this.#claims = informers.informer(PERSISTENT_VOLUME_CLAIMS);
    this.#history = new ControllerHistory(context);
    this.#podControl = new StatefulPodControl(client, this.#claims.lister, context.recorder(NAME));
    const caches = [this.#sets, this.#pods, this.#claims, this.#history.informer];
    this.loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced: caches.map((informer) => () => informer.hasSynced()),
      reconcile: (key) => this.#reconcile(key),
    });
    this.#listen();
  }

  #listen(): void {
    const { loop } = this;
    enqueueAll(loop, this.#sets);
    enqueueOwners(loop, this.#pods, {
      kind: 'StatefulSet',
      owners: this.#sets.lister,
      candidates: ({ metadata }) =>
        this.#sets.lister
          .listNamespace(metadata?.namespace ?? '')
          .filter((set) => selectorOf(set).matches(metadata?.labels ?? {})),
    });
    // A pod may wait until a claim of its forerunner is gone.
    this.#claims.addEventHandler({
      onDelete: (gone) => {
        const { namespace = '', name = '' } = finalState(gone).metadata ?? {};
        for (const set of this.#sets.lister.listNamespace(namespace)) {
          if (name.includes(`-${set.metadata?.name}-`)) loop.enqueue(set);
        }
      },
    });
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const cached = this.#sets.lister.get(key);
    if (!cached) return undefined;
    const set = deepCopy(cached);
    const { client } = this.#context;
    const { namespace, name = '' } = set.metadata ?? {};
    const freshOwner = () => client.resource(STATEFUL_SETS, namespace).get(name);
    const selector = selectorOf(set);
    const history = await this.#history.claim(set, STATEFUL_SET_KIND, selector, freshOwner);
    const pods = await this.#claimPods(set, selector, freshOwner);
    if (set.metadata?.deletionTimestamp) return this.#onlyStatus(set, pods);
    const revisions = await this.#revisions(set, history);
    const collisionCount = Math.max(revisions.collisionCount, set.status?.collisionCount ?? 0);
    const view = this.#viewOf(
      { ...set, status: { replicas: 0, ...set.status, collisionCount } },
      pods,
      revisions.current.metadata?.name ?? '',
      revisions.update.metadata?.name ?? '',
    );
    const deleted = new Set<Pod>();
    try {
      await this.#doSteps(view, revisions, deleted);
    } finally {
      await this.#writeStatus(set, statusAfter(view, deleted));
      await this.#forget(view, history);
    }
    return this.#nextLook(view);
  }

  #claimPods(
    set: StatefulSet,
    selector: Selector,
    freshOwner: () => Promise<StatefulSet>,
  ): Promise<Pod[]> {
    const { namespace, uid } = set.metadata ?? {};
    const byController = (controller: string | undefined): Pod[] =>
      this.#pods.lister.byIndex(CONTROLLER_INDEX, controllerIndexKey(namespace, controller));
    return claimObjects({
      owner: set,
      ownerKind: STATEFUL_SET_KIND,
      freshOwner,
      selector,
      filter: (pod) => isMemberOf(pod, set),
      objects: [...byController(uid), ...byController(undefined)],
      client: this.#context.client.resource(PODS, namespace),
    });
  }

  /** One that is on its way out only says how it is; its revisions may be gone before it. */
  async #onlyStatus(set: StatefulSet, pods: Pod[]): Promise<undefined> {
    const { currentRevision = '', updateRevision = '' } = set.status ?? {};
    const view = this.#viewOf(set, pods, currentRevision, updateRevision);
    await this.#writeStatus(set, statefulSetStatus(view));
  }

  #viewOf(set: StatefulSet, pods: Pod[], current: string, update: string): StatefulSetView {
    return {
      set,
      pods,
      currentRevision: current,
      updateRevision: update,
      now: this.#context.clock.now(),
      needsRepair: (pod) => this.#podControl.needsRepair(set, pod),
      isHeldBack: (ordinal) => this.#podControl.isHeldBack(set, ordinal),
    };
  }

  /** Finds the revision of the set's template, or makes it; and finds that of the last rollout. */
  async #revisions(set: StatefulSet, history: ControllerRevision[]): Promise<Revisions> {
    const equal = history.findLast((revision) => isOfTemplate(revision, set));
    const number = nextRevisionNumber(history);
    let collisionCount = set.status?.collisionCount ?? 0;
    let update = equal;
    if (equal && equal !== history.at(-1)) update = await this.#history.renumber(equal, number);
    while (!update) {
      const options = {
        ownerKind: STATEFUL_SET_KIND,
        hashLabel: HASH_LABEL,
        revision: number,
        collisionCount,
      };
      update = await this.#history.create(newRevision(set, options));
      if (!update) collisionCount++;
    }
    const { currentRevision } = set.status ?? {};
    const current = history.find(({ metadata }) => metadata?.name === currentRevision) ?? update;
    return { current, update, collisionCount };
  }

  /** @param deleted - gets the pods that were deleted */
  async #doSteps(view: StatefulSetView, revisions: Revisions, deleted: Set<Pod>): Promise<void> {
    const { set } = view;
    const doStep = async (step: StatefulSetStep): Promise<void> => {
      await this.#doStep(set, revisions, step);
      if (step.do === 'delete') deleted.add(step.pod);
    };
    const steps = statefulSetSteps(view);
    if (isParallel(set)) {
      await inBatches(
        steps.filter((step) => step.do !== 'delete'),
        doStep,
      );
      await inBatches(
        steps.filter((step) => step.do === 'delete'),
        doStep,
      );
    } else {
      for (const step of steps) await doStep(step);
    }
  }

  #doStep(set: StatefulSet, revisions: Revisions, step: StatefulSetStep): Promise<void> {
    const control = this.#podControl;
    switch (step.do) {
      case 'create': {
        const { current, update } = revisions;
        const revision = step.revision === current.metadata?.name ? current : update;
        return control.create(applyRevision(set, revision), step.ordinal, step.revision);
      }
      case 'claims':
        return control.ensureClaims(set, step.pod);
      case 'repair':
        return control.repair(set, step.pod);
      case 'delete':
        return control.delete(set, step.pod);
    }
  }

  async #writeStatus(set: StatefulSet, status: StatefulSetStatus): Promise<void> {
    const { conditions, ...before } = set.status ?? {};
    if (semanticallyEqual(before, status)) return;
    const { namespace, name = '', uid } = set.metadata ?? {};
    const sets = this.#context.client.resource(STATEFUL_SETS, namespace);
    const next = { ...status, ...(conditions && { conditions }) };
    try {
      await sets.updateStatus({ ...set, status: next });
    } catch (error) {
      if (!isConflict(error)) throw error;
      const fresh = await sets.get(name);
      if (fresh.metadata?.uid === uid) await sets.updateStatus({ ...fresh, status: next });
    }
  }

  async #forget(view: StatefulSetView, history: ControllerRevision[]): Promise<void> {
    const { set, pods, currentRevision, updateRevision } = view;
    const used = new Set([
      currentRevision,
      updateRevision,
      ...pods.map(({ metadata }) => metadata?.labels?.[CONTROLLER_REVISION_HASH_LABEL]),
    ]);
    const unused = history.filter(({ metadata }) => !used.has(metadata?.name));
    await this.#history.forget(forgottenRevisions(unused, set.spec?.revisionHistoryLimit ?? 10));
  }

  /** As soon as the next ready pod is available. */
  #nextLook({ set, pods }: StatefulSetView): ReconcileResult | undefined {
    const { minReadySeconds = 0 } = set.spec ?? {};
    const now = this.#context.clock.now();
    const waits = pods
      .map((pod) => untilAvailableMs(pod, minReadySeconds, now) ?? 0)
      .filter((ms) => ms > 0);
    return waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : undefined;
  }
}

function selectorOf({ spec }: StatefulSet): Selector {
  return selectorFromObject(spec?.selector);
}

/** The status with what was just done: a pod that was deleted is on its way out. */
function statusAfter(view: StatefulSetView, deleted: ReadonlySet<Pod>): StatefulSetStatus {
  const pods = view.pods.map((pod) =>
    deleted.has(pod) && !pod.metadata?.deletionTimestamp
      ? { ...pod, metadata: { ...pod.metadata, deletionTimestamp: 'now' as never } }
      : pod,
  );
  return statefulSetStatus({ ...view, pods });
}

/** Does steps a few at once, then more and more, until one fails. */
async function inBatches(
  steps: readonly StatefulSetStep[],
  doStep: (step: StatefulSetStep) => Promise<void>,
): Promise<void> {
  const left = [...steps];
  const { errors } = await slowStartBatch(steps.length, 1, async () => {
    const step = left.shift();
    if (step) await doStep(step);
  });
  if (errors.length > 0) throw errors[0];
}
