/**
 * The DaemonSet controller: it asks `daemonset.ts` what is to be done, and does it. Given.
 *
 * A change it made itself is waited for (`expectations.ts`), since its pods have generated names and a
 * stale cache would have it make a second one for a node.
 */

import type { DaemonSetStatus } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import {
  deepCopy,
  isConflict,
  isNotFound,
  keyOf,
  type Selector,
  selectorFromObject,
  semanticallyEqual,
} from '#apimachinery';
import {
  CONTROLLER_REVISIONS,
  DAEMON_SETS,
  type EventRecorder,
  NODES,
  PODS,
  type SharedInformer,
} from '#client';
import { ControlLoop, type ReconcileResult } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import {
  CONTROLLER_REVISION_HASH_LABEL,
  ControllerHistory,
  type ControllerRevision,
  isOfTemplate,
  newRevision,
  nextRevisionNumber,
  sortRevisions,
} from '../controller-history.ts';
import { Expectations } from '../expectations.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { CONTROLLER_INDEX, controllerIndexKey, enqueueOwners, finalState } from '../owners.ts';
import { claimObjects } from '../ownership.ts';
import { PodControl } from '../pod-control.ts';
import { untilAvailableMs } from '../pod-state.ts';
import { slowStartBatch } from '../replicaset/replicaset.ts';
import {
  DAEMON_SET_KIND,
  type DaemonSet,
  type Node,
  newDaemonPod,
  podsByNode,
  targetNodeName,
} from './daemon-pod.ts';
import {
  type DaemonSetSteps,
  type DaemonSetView,
  daemonSetStatus,
  manageDaemonPods,
  nodeShouldRun,
  rollingUpdateSteps,
} from './daemonset.ts';
import { FailedPodBackoff } from './failed-pod-backoff.ts';

const NAME = 'daemonset-controller';
/** So many pods at most are created, and as many deleted, in one go. */
const BURST_REPLICAS = 250;
const NO_STEPS: DaemonSetSteps = { create: [], delete: [], ended: [] };

/** Makes the controller that keeps DaemonSets. */
export function newDaemonSetController(context: ControllerContext): Controller {
  return new DaemonSetController(context).loop;
}

/** The revision of the set's template, and the others. */
interface History {
  readonly current: ControllerRevision;
  readonly old: readonly ControllerRevision[];
}

class DaemonSetController {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #sets: SharedInformer<DaemonSet>;
  readonly #pods: SharedInformer<Pod>;
  readonly #nodes: SharedInformer<Node>;
  readonly #history: ControllerHistory;
  readonly #podControl: PodControl;
  readonly #expectations: Expectations;
  readonly #backoff: FailedPodBackoff;

  constructor(context: ControllerContext) {
    const { client, clock, informers, log } = context;
    this.#context = context;
    this.#events = context.recorder(NAME);
    this.#sets = informers.informer(DAEMON_SETS);
    this.#pods = context.ownedInformer(PODS);
    this.#nodes = informers.informer(NODES);
    this.#history = new ControllerHistory(context);
    this.#podControl = new PodControl(client, this.#events, DAEMON_SETS);
    this.#expectations = new Expectations({ clock });
    this.#backoff = new FailedPodBackoff(clock);
    const caches = [this.#sets, this.#pods, this.#nodes, this.#history.informer];
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
    const expectations = this.#expectations;
    const sets = this.#sets.lister;
    this.#sets.addEventHandler({
      onAdd: (set) => loop.enqueue(set),
      onUpdate: (old, set) => {
        if (old.metadata?.uid !== set.metadata?.uid) expectations.forget(keyOf(old));
        loop.enqueue(set);
      },
      onDelete: (gone) => {
        const set = finalState(gone);
        expectations.forget(keyOf(set));
        loop.enqueue(set);
      },
    });
    const candidates = ({ metadata }: Pod | ControllerRevision): DaemonSet[] =>
      sets
        .listNamespace(metadata?.namespace ?? '')
        .filter((set) => selectorOf(set).matches(metadata?.labels ?? {}));
    enqueueOwners(loop, this.#pods, {
      kind: 'DaemonSet',
      owners: sets,
      candidates,
      onCreated: (_, set) => expectations.creationObserved(keyOf(set)),
      onDeleted: ({ metadata }, set) =>
        expectations.deletionObserved(keyOf(set), metadata?.uid ?? ''),
    });
    enqueueOwners(loop, this.#history.informer, { kind: 'DaemonSet', owners: sets, candidates });
    this.#nodes.addEventHandler({
      onAdd: (node) => this.#enqueueWhere((set) => nodeShouldRun(set, node).shouldRun),
      onUpdate: (old, node) => this.#enqueueWhere((set) => isOtherVerdict(set, old, node)),
      onDelete: () => this.#enqueueWhere(() => true),
    });
  }

  #enqueueWhere(matters: (set: DaemonSet) => boolean): void {
    for (const set of this.#sets.lister.list()) if (matters(set)) this.loop.enqueue(set);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const cached = this.#sets.lister.get(key);
    if (!cached) {
      this.#expectations.forget(key);
      return undefined;
    }
    const set = deepCopy(cached);
    if (isEmptySelector(set)) {
      const message = 'This daemon set is selecting all pods. A non-empty selector is required.';
      this.#events.event(DAEMON_SETS, set, 'Warning', 'SelectingAll', message);
      return undefined;
    }
    // Its revisions may be gone before it: there is nothing to say of it any more.
    if (set.metadata?.deletionTimestamp) return undefined;
    const history = await this.#historyOf(set);
    const isSatisfied = this.#expectations.satisfied(key);
    const pods = await this.#claimPods(set);
    const view = this.#viewOf(set, pods, history);
    try {
      if (isSatisfied) {
        await this.#doSteps(view, chooseSteps(view));
        await this.#forgetOld(set, pods, history);
      }
    } finally {
      await this.#writeStatus(set, daemonSetStatus(view, isSatisfied));
    }
    return this.#nextLook(view, pods);
  }

  #viewOf(set: DaemonSet, pods: readonly Pod[], { current }: History): DaemonSetView {
    return {
      set,
      nodes: this.#nodes.lister.list().sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
      pods: podsByNode(pods),
      hash: current.metadata?.labels?.[CONTROLLER_REVISION_HASH_LABEL] ?? '',
      now: this.#context.clock.now(),
      isBackingOff: (node) => this.#backoff.remainingMs(backoffKey(set, node)) > 0,
    };
  }

  #claimPods(set: DaemonSet): Promise<Pod[]> {
    const { namespace, uid } = set.metadata ?? {};
    const byController = (controller: string | undefined): Pod[] =>
      this.#pods.lister.byIndex(CONTROLLER_INDEX, controllerIndexKey(namespace, controller));
    return claimObjects({
      owner: set,
      ownerKind: DAEMON_SET_KIND,
      freshOwner: () => this.#freshOwner(set),
      selector: selectorOf(set),
      objects: [...byController(uid), ...byController(undefined)],
      client: this.#context.client.resource(PODS, namespace),
    });
  }

  #freshOwner({ metadata }: DaemonSet): Promise<DaemonSet> {
    const { client } = this.#context;
    return client.resource(DAEMON_SETS, metadata?.namespace).get(metadata?.name ?? '');
  }

  /** Tells the revision of the template from the others; makes it when it is not there. */
  async #historyOf(set: DaemonSet): Promise<History> {
    const claimed = await this.#history.claim(set, DAEMON_SET_KIND, selectorOf(set), () =>
      this.#freshOwner(set),
    );
    const all = await Promise.all(claimed.map((revision) => this.#withHash(revision)));
    const old = all.filter((revision) => !isOfTemplate(revision, set));
    const [newest, ...doubles] = all.filter((revision) => isOfTemplate(revision, set)).reverse();
    const revision = nextRevisionNumber(old);
    if (!newest) return { current: await this.#newRevision(set, revision), old };
    await this.#merge(set, newest, doubles);
    const isNewest = newest.revision >= revision;
    const current = isNewest ? newest : await this.#history.renumber(newest, revision);
    return { current, old };
  }

  /** A revision that somebody made without a hash is known by its name. */
  async #withHash(revision: ControllerRevision): Promise<ControllerRevision> {
    const { labels, name = '', namespace } = revision.metadata ?? {};
    if (labels?.[CONTROLLER_REVISION_HASH_LABEL]) return revision;
    const metadata = {
      ...revision.metadata,
      labels: { ...labels, [CONTROLLER_REVISION_HASH_LABEL]: name },
    };
    const revisions = this.#context.client.resource(CONTROLLER_REVISIONS, namespace);
    return revisions.update({ ...revision, metadata });
  }

  async #newRevision(set: DaemonSet, revision: number): Promise<ControllerRevision> {
    const { collisionCount = 0 } = set.status ?? {};
    const wanted = newRevision(set, {
      ownerKind: DAEMON_SET_KIND,
      hashLabel: CONTROLLER_REVISION_HASH_LABEL,
      revision,
      collisionCount,
    });
    const created = await this.#history.create(wanted);
    if (created) return created;
    const status = { ...statusOrZero(set), collisionCount: collisionCount + 1 };
    const sets = this.#context.client.resource(DAEMON_SETS, set.metadata?.namespace);
    await sets.updateStatus({ ...set, status });
    throw new Error(`the name ${wanted.metadata?.name} belongs to another revision`);
  }

  /** Two revisions of one template become one, and their pods with them. */
  async #merge(
    set: DaemonSet,
    kept: ControllerRevision,
    doubles: readonly ControllerRevision[],
  ): Promise<void> {
    if (doubles.length === 0) return;
    const hashOf = ({ metadata }: Pod | ControllerRevision): string =>
      metadata?.labels?.[CONTROLLER_REVISION_HASH_LABEL] ?? '';
    const hashes = new Set(doubles.map(hashOf));
    const pods = this.#context.client.resource(PODS, set.metadata?.namespace);
    for (const pod of await this.#claimPods(set)) {
      if (!hashes.has(hashOf(pod))) continue;
      const labels = { ...pod.metadata?.labels, [CONTROLLER_REVISION_HASH_LABEL]: hashOf(kept) };
      await pods.update({ ...pod, metadata: { ...pod.metadata, labels } });
    }
    await this.#history.forget(doubles);
  }

  async #forgetOld(set: DaemonSet, pods: readonly Pod[], { old }: History): Promise<void> {
    const used = new Set(
      pods.map(({ metadata }) => metadata?.labels?.[CONTROLLER_REVISION_HASH_LABEL]),
    );
    const tooMany = old.length - (set.spec?.revisionHistoryLimit ?? 10);
    const unused = sortRevisions(old).filter(
      ({ metadata }) => !used.has(metadata?.labels?.[CONTROLLER_REVISION_HASH_LABEL]),
    );
    await this.#history.forget(unused.slice(0, Math.max(0, tooMany)));
  }

  async #doSteps(view: DaemonSetView, steps: DaemonSetSteps): Promise<void> {
    const { set } = view;
    this.#noteEnded(set, steps.ended);
    const nodes = steps.create.slice(0, BURST_REPLICAS);
    const pods = [...steps.ended, ...steps.delete].slice(0, BURST_REPLICAS);
    if (nodes.length + pods.length === 0) return;
    const uids = pods.map(({ metadata }) => metadata?.uid ?? '');
    this.#expectations.expect(keyOf(set), nodes.length, uids);
    const failures = [
      ...(await this.#createPods(view, nodes)),
      ...(await this.#deletePods(set, pods)),
    ];
    if (failures.length > 0) throw failures[0];
  }

  #noteEnded(set: DaemonSet, ended: readonly Pod[]): void {
    const waiting = new Set<string>();
    for (const pod of ended) {
      const { name, namespace } = pod.metadata ?? {};
      const node = targetNodeName(pod) ?? '';
      const where = `daemon pod ${namespace}/${name} on node ${node}`;
      if (pod.status?.phase === 'Failed') {
        waiting.add(node);
        const message = `Found failed ${where}, will try to kill it`;
        this.#events.event(DAEMON_SETS, set, 'Warning', 'FailedDaemonPod', message);
      } else {
        const message = `Found succeeded ${where}, will try to delete it`;
        this.#events.event(DAEMON_SETS, set, 'Normal', 'SucceededDaemonPod', message);
      }
    }
    for (const node of waiting) this.#backoff.next(backoffKey(set, node));
  }

  /** @returns what creations failed with */
  async #createPods(
    { set, hash }: DaemonSetView,
    nodes: readonly string[],
  ): Promise<readonly unknown[]> {
    const left = [...nodes];
    const { successes, errors } = await slowStartBatch(nodes.length, 1, async () => {
      const node = left.shift() ?? '';
      try {
        await this.#podControl.create(set, newDaemonPod(set, node, hash));
      } catch (error) {
        // Nothing more can be made in it, and nobody needs to hear of it.
        if (!isNamespaceTerminating(error)) throw error;
      }
    });
    const key = keyOf(set);
    for (let i = successes; i < nodes.length; i++) this.#expectations.creationObserved(key);
    return errors;
  }

  /** @returns what deletions failed with */
  async #deletePods(set: DaemonSet, pods: readonly Pod[]): Promise<readonly unknown[]> {
    const results = await Promise.allSettled(pods.map((pod) => this.#podControl.delete(set, pod)));
    const failures: unknown[] = [];
    results.forEach((result, i) => {
      const isComing = result.status === 'fulfilled' && result.value;
      const uid = pods[i]?.metadata?.uid ?? '';
      if (!isComing) this.#expectations.deletionObserved(keyOf(set), uid);
      if (result.status === 'rejected') failures.push(result.reason);
    });
    return failures;
  }

  async #writeStatus(set: DaemonSet, status: DaemonSetStatus): Promise<void> {
    if (semanticallyEqual(set.status, status)) return;
    const { namespace, name = '', uid } = set.metadata ?? {};
    const sets = this.#context.client.resource(DAEMON_SETS, namespace);
    try {
      await sets.updateStatus({ ...set, status });
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error;
      const fresh = await sets.get(name);
      if (fresh.metadata?.uid === uid) await sets.updateStatus({ ...fresh, status });
    }
  }

  /** As soon as the next ready pod is available, or a failed one can go. */
  #nextLook(view: DaemonSetView, pods: readonly Pod[]): ReconcileResult | undefined {
    const { set } = view;
    const { minReadySeconds = 0 } = set.spec ?? {};
    const now = this.#context.clock.now();
    const waits = pods
      .map((pod) =>
        pod.status?.phase === 'Failed'
          ? this.#backoff.remainingMs(backoffKey(set, targetNodeName(pod) ?? ''))
          : (untilAvailableMs(pod, minReadySeconds, now) ?? 0),
      )
      .filter((ms) => ms > 0);
    return waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : undefined;
  }
}

/** A rolling update only goes on where everything else is as it should be. */
function chooseSteps(view: DaemonSetView): DaemonSetSteps {
  const steps = manageDaemonPods(view);
  if (steps.create.length + steps.delete.length + steps.ended.length > 0) return steps;
  return view.set.spec?.updateStrategy?.type === 'RollingUpdate'
    ? rollingUpdateSteps(view)
    : NO_STEPS;
}

function isOtherVerdict(set: DaemonSet, old: Node, node: Node): boolean {
  return !semanticallyEqual(nodeShouldRun(set, old), nodeShouldRun(set, node));
}

/** A failure counts for one generation of a set and one node. */
function backoffKey({ metadata, status }: DaemonSet, node: string): string {
  return `${metadata?.uid}/${status?.observedGeneration ?? 0}/${node}`;
}

function selectorOf({ spec }: DaemonSet): Selector {
  return selectorFromObject(spec?.selector);
}

function isEmptySelector({ spec }: DaemonSet): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
  return Object.keys(matchLabels).length + matchExpressions.length === 0;
}

function statusOrZero({ status }: DaemonSet): DaemonSetStatus {
  const none = {
    currentNumberScheduled: 0,
    desiredNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
  };
  return { ...none, ...status };
}
