/**
 * The garbage collector: it follows every object of the cluster, and does what `garbage-collector.ts`
 * decides for those that `owner-graph.ts` says have to be looked at. Given.
 */

import type { OwnerReference } from 'kubernetes-types/meta/v1.js';
import { isConflict, isNotFound, type KubernetesObject } from '#apimachinery';
import { type EventHandler, type EventRecorder, type ResourceType, retryOnConflict } from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { finalState } from '../owners.ts';
import { AllResources } from './all-resources.ts';
import { judge, nextForOwner, type OwnerState, type Verdict } from './garbage-collector.ts';
import {
  FOREGROUND_FINALIZER,
  isDeletingDependents,
  type ObjectNode,
  ORPHAN_FINALIZER,
  OwnerGraph,
} from './owner-graph.ts';

const NAME = 'garbage-collector-controller';
const WORKERS = 20;

/** Makes the garbage collector. */
export function newGarbageCollector(context: ControllerContext): Controller {
  return new GarbageCollector(context);
}

class GarbageCollector implements Controller {
  readonly name = NAME;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #graph = new OwnerGraph();
  readonly #resources: AllResources;
  /** Its keys are uids. */
  readonly #loop: ControlLoop;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#events = context.recorder(NAME);
    this.#resources = new AllResources(context, (type) => this.#handlerOf(type));
    const { clock, log } = context;
    this.#loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      workers: WORKERS,
      synced: [() => this.#resources.hasSynced()],
      reconcile: (uid) => this.#look(uid),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#resources.run(signal), this.#loop.run(signal)]);
  }

  #handlerOf(type: ResourceType): EventHandler<KubernetesObject> {
    const see = (object: KubernetesObject): void => {
      for (const uid of this.#graph.see(nodeOf(type, object))) this.#loop.enqueue(uid);
    };
    return {
      onAdd: see,
      onUpdate: (_, object) => see(object),
      onDelete: (gone) => {
        const uid = finalState(gone).metadata?.uid ?? '';
        for (const other of this.#graph.forget(uid)) this.#loop.enqueue(other);
      },
    };
  }

  async #look(uid: string): Promise<void> {
    const node = this.#graph.get(uid);
    if (!node) return;
    const dependents = this.#graph.dependentsOf(uid);
    const step = nextForOwner(node, dependents);
    if (step.action === 'orphan') return this.#orphan(node, step.dependents);
    if (step.action === 'release') return this.#removeFinalizer(node, FOREGROUND_FINALIZER);
    if (step.action === 'wait') {
      for (const dependent of step.dependents) {
        if (!isDeletingDependents(dependent)) this.#loop.enqueue(dependent.uid);
      }
      return;
    }
    // A cache may be behind: what is deleted is judged by what the server says of its owners.
    const states = new Map<string, OwnerState>();
    for (const owner of node.owners) states.set(owner.uid, await this.#stateOf(node, owner));
    const verdict = judge(node, ({ uid: owner }) => states.get(owner) ?? 'solid', dependents);
    await this.#carryOut(node, verdict);
  }

  async #stateOf(node: ObjectNode, owner: OwnerReference): Promise<OwnerState> {
    const known = this.#graph.get(owner.uid);
    if (known && isReachable(node, known)) return isDeletingDependents(known) ? 'waiting' : 'solid';
    if (known) {
      const message = `ownerRef [${owner.apiVersion}/${owner.kind}, namespace: ${node.namespace}, name: ${owner.name}, uid: ${owner.uid}] does not exist in namespace "${node.namespace}"`;
      this.#events.event(
        node.type,
        metadataOf(node),
        'Warning',
        'OwnerRefInvalidNamespace',
        message,
      );
    }
    const type = this.#resources.find(owner.apiVersion, owner.kind);
    if (!type) throw new Error(`there is no kind ${owner.kind} in ${owner.apiVersion}`);
    // Which namespace an owner of something without a namespace is in, nobody can say.
    if (type.namespaced && node.namespace === '') return 'solid';
    const namespace = type.namespaced ? node.namespace : '';
    try {
      const found = await this.#context.client.resource(type, namespace).get(owner.name);
      if (found.metadata?.uid !== owner.uid) return 'absent';
      return isDeletingDependents(nodeOf(type, found)) ? 'waiting' : 'solid';
    } catch (error) {
      if (isNotFound(error)) return 'absent';
      throw error;
    }
  }

  async #carryOut(node: ObjectNode, verdict: Verdict): Promise<void> {
    const { uid } = node;
    if (verdict.action === 'drop-owners') return this.#dropOwners(node, verdict.uids);
    if (verdict.action === 'keep') return;
    if (verdict.unblock) await this.#unblock(node);
    const { propagationPolicy } = verdict;
    try {
      await this.#clientOf(node).delete(node.name, { propagationPolicy, preconditions: { uid } });
    } catch (error) {
      // A conflict says that another object has the name by now.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** Sets dependents free, then lets their owner go. */
  async #orphan(owner: ObjectNode, dependents: readonly ObjectNode[]): Promise<void> {
    await Promise.all(dependents.map((one) => this.#dropOwners(one, [owner.uid])));
    await this.#removeFinalizer(owner, ORPHAN_FINALIZER);
  }

  #dropOwners(node: ObjectNode, owners: readonly string[]): Promise<void> {
    return this.#change(node, (metadata) => ({
      ownerReferences: metadata.ownerReferences?.filter(({ uid }) => !owners.includes(uid)),
    }));
  }

  #unblock(node: ObjectNode): Promise<void> {
    return this.#change(node, (metadata) => ({
      ownerReferences: metadata.ownerReferences?.map((owner) => ({
        ...owner,
        blockOwnerDeletion: false,
      })),
    }));
  }

  #removeFinalizer(node: ObjectNode, finalizer: string): Promise<void> {
    return this.#change(node, (metadata) => ({
      finalizers: metadata.finalizers?.filter((other) => other !== finalizer),
    }));
  }

  /**
   * Changes an object's metadata as it is now, and only if it is still the same object in the same
   * version: merge patches work for every kind, but know nothing of lists' items.
   */
  async #change(
    node: ObjectNode,
    change: (metadata: NonNullable<KubernetesObject['metadata']>) => object,
  ): Promise<void> {
    const client = this.#clientOf(node);
    const attempt = async (): Promise<void> => {
      const { metadata = {} } = await client.get(node.name);
      if (metadata.uid !== node.uid) return;
      const { uid, resourceVersion } = metadata;
      const patch = { metadata: { uid, resourceVersion, ...change(metadata) } };
      await client.patch(node.name, 'merge-patch', patch);
    };
    await tolerateAbsence(() => retryOnConflict(this.#context, attempt));
  }

  #clientOf({ type, namespace }: ObjectNode) {
    return this.#context.client.resource<KubernetesObject>(type, namespace);
  }
}

/** What is gone needs nothing more. */
async function tolerateAbsence(request: () => Promise<unknown>): Promise<void> {
  try {
    await request();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** May one own the other: are they in one namespace, or does the owner belong to none? */
function isReachable(object: ObjectNode, owner: ObjectNode): boolean {
  return !owner.type.namespaced || owner.namespace === object.namespace;
}

function metadataOf({ namespace, name, uid }: ObjectNode): KubernetesObject {
  return { metadata: { namespace, name, uid } };
}

function nodeOf(type: ResourceType, { metadata = {} }: KubernetesObject): ObjectNode {
  return {
    uid: metadata.uid ?? '',
    type,
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    owners: metadata.ownerReferences ?? [],
    isBeingDeleted: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
  };
}
