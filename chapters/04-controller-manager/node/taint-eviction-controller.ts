/**
 * The taint eviction controller: it deletes pods from nodes whose taints they do not tolerate, or not
 * any longer, as `toleratedMs` of `node-lifecycle.ts` says. Given.
 */

import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { deepCopy, isNotFound, keyOf, setCondition } from '#apimachinery';
import { type EventRecorder, NODES, PODS, type SharedInformer } from '#client';
import { ControlLoop, type ReconcileResult } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { finalState } from '../owners.ts';
import { toleratedMs } from './node-lifecycle.ts';
import { PODS_BY_NODE, podsByNode } from './pods-by-node.ts';

const NAME = 'taint-eviction-controller';
const WORKERS = 8;

/** Makes the controller that empties tainted nodes. */
export function newTaintEvictionController(context: ControllerContext): Controller {
  return new TaintEvictionController(context).loop;
}

class TaintEvictionController {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #nodes: SharedInformer<Node>;
  readonly #pods: SharedInformer<Pod>;
  /** Since when a pod's time runs, by its uid, in milliseconds of the monotonic clock. */
  readonly #since = new Map<string, number>();

  constructor(context: ControllerContext) {
    this.#context = context;
    const { informers, clock, log } = context;
    this.#events = context.recorder(NAME);
    this.#nodes = informers.informer(NODES);
    this.#pods = podsByNode(context);
    this.loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      workers: WORKERS,
      synced: [() => this.#nodes.hasSynced(), () => this.#pods.hasSynced()],
      reconcile: (key) => this.#reconcile(key),
    });
    this.#pods.addEventHandler({
      onAdd: (pod) => this.loop.enqueue(pod),
      onUpdate: (_, pod) => this.loop.enqueue(pod),
      onDelete: (gone) => {
        this.#since.delete(finalState(gone).metadata?.uid ?? '');
      },
    });
    const podsOf = (node: Node): void => {
      const { name = '' } = node.metadata ?? {};
      for (const pod of this.#pods.lister.byIndex(PODS_BY_NODE, name)) this.loop.enqueue(pod);
    };
    this.#nodes.addEventHandler({
      onAdd: podsOf,
      onUpdate: (old, node) => {
        if (JSON.stringify(old.spec?.taints) !== JSON.stringify(node.spec?.taints)) podsOf(node);
      },
    });
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const pod = this.#pods.lister.get(key);
    if (!pod || pod.metadata?.deletionTimestamp) return undefined;
    const node = this.#nodes.lister.get(pod.spec?.nodeName ?? '');
    const taints = (node?.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
    const uid = pod.metadata?.uid ?? '';
    if (taints.length === 0) return this.#relieve(uid, pod);
    const allowedMs = toleratedMs(pod, taints);
    if (allowedMs === undefined) return this.#relieve(uid, pod);
    const nowMs = this.#context.clock.monotonic();
    const since = this.#since.get(uid) ?? nowMs;
    this.#since.set(uid, since);
    const requeueAfterMs = since + allowedMs - nowMs;
    if (requeueAfterMs > 0) return { requeueAfterMs };
    await this.#evict(pod);
    return undefined;
  }

  #relieve(uid: string, pod: Pod): undefined {
    if (!this.#since.delete(uid)) return;
    this.#tell(pod, `Cancelling deletion of Pod ${keyOf(pod)}`);
  }

  async #evict(pod: Pod): Promise<void> {
    const { client, clock } = this.#context;
    const { namespace, name = '', uid } = pod.metadata ?? {};
    const pods = client.resource(PODS, namespace);
    this.#tell(pod, `Marking for deletion Pod ${keyOf(pod)}`);
    const marked = deepCopy(pod);
    const conditions = marked.status?.conditions ?? [];
    setCondition(conditions, DISRUPTED, clock);
    try {
      await pods.updateStatus({ ...marked, status: { ...marked.status, conditions } });
      await pods.delete(name, { preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #tell(pod: Pod, message: string): void {
    this.#events.event(PODS, pod, 'Normal', 'TaintManagerEviction', message);
  }
}

const DISRUPTED = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'DeletionByTaintManager',
  message: 'Taint manager: deleting due to NoExecute taint',
};
