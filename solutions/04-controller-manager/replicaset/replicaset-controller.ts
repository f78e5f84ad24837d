/**
 * The controllers that keep ReplicaSets and ReplicationControllers: who wakes them, where they find
 * their pods, how they write. Given.
 *
 * What they do then is `replicaset.ts`.
 */

import type { Pod } from 'kubernetes-types/core/v1.js';
import { controllerOf, keyOf, semanticallyEqual } from '#apimachinery';
import { PODS, type SharedInformer } from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { CONTROLLER_INDEX, controllerIndexKey, enqueueOwners, finalState } from '../owners.ts';
import { claimObjects } from '../ownership.ts';
import { PodControl, podFromTemplate } from '../pod-control.ts';
import { isPodActive } from '../pod-state.ts';
import {
  REPLICA_SET_KIND,
  REPLICATION_CONTROLLER_KIND,
  type ReplicaOwner,
  type ReplicaOwnerKind,
  type ReplicaSetStatus,
} from './replica-owner.ts';
import { type ReplicaSetActions, syncReplicaSet } from './replicaset.ts';

/** Makes the controller that keeps ReplicaSets. */
export function newReplicaSetController(context: ControllerContext): Controller {
  return new ReplicaController(context, REPLICA_SET_KIND).loop;
}

/** Makes the controller that keeps ReplicationControllers. */
export function newReplicationController(context: ControllerContext): Controller {
  return new ReplicaController(context, REPLICATION_CONTROLLER_KIND).loop;
}

class ReplicaController<R extends ReplicaOwner> {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #kind: ReplicaOwnerKind<R>;
  readonly #owners: SharedInformer<R>;
  readonly #pods: SharedInformer<Pod>;
  readonly #expectations: Expectations;

  constructor(context: ControllerContext, kind: ReplicaOwnerKind<R>) {
    const { clock, log } = context;
    this.#context = context;
    this.#kind = kind;
    this.#owners = context.ownedInformer(kind.type);
    this.#pods = context.ownedInformer(PODS);
    this.#expectations = new Expectations({ clock });
    const actions = this.#actions();
    this.loop = new ControlLoop({
      name: kind.controllerName,
      clock,
      log,
      synced: [() => this.#owners.hasSynced(), () => this.#pods.hasSynced()],
      reconcile: (key) => syncReplicaSet(key, actions),
    });
    this.#listen();
  }

  #listen(): void {
    const { loop } = this;
    const expectations = this.#expectations;
    this.#owners.addEventHandler({
      onAdd: (owner) => loop.enqueue(owner),
      onUpdate: (old, owner) => {
        // Deleted and made again between two looks: what the old one waited for will not come.
        if (old.metadata?.uid !== owner.metadata?.uid) expectations.forget(keyOf(old));
        loop.enqueue(owner);
      },
      onDelete: (gone) => {
        const owner = finalState(gone);
        expectations.forget(keyOf(owner));
        loop.enqueue(owner);
      },
    });
    enqueueOwners(loop, this.#pods, {
      kind: this.#kind.type.kind,
      owners: this.#owners.lister,
      candidates: (orphan) => this.#candidates(orphan),
      onCreated: (_, owner) => expectations.creationObserved(keyOf(owner)),
      onDeleted: ({ metadata }, owner) =>
        expectations.deletionObserved(keyOf(owner), metadata?.uid ?? ''),
    });
  }

  #candidates({ metadata }: Pod): R[] {
    const labels = metadata?.labels;
    if (!labels || Object.keys(labels).length === 0) return [];
    return this.#owners.lister
      .listNamespace(metadata.namespace ?? '')
      .filter((owner) => this.#kind.selectorOf(owner).matches(labels));
  }

  #actions(): ReplicaSetActions<R> {
    const { client, clock, recorder } = this.#context;
    const { type, component } = this.#kind;
    const podControl = new PodControl(client, recorder(component), type);
    return {
      clock,
      expectations: this.#expectations,
      get: (key) => this.#owners.lister.get(key),
      claimPods: (owner) => this.#claimPods(owner),
      relatedPods: (owner) => this.#relatedPods(owner),
      createPod: (owner) =>
        podControl.create(owner, podFromTemplate(owner.spec?.template, owner, type)),
      deletePod: (owner, pod) => podControl.delete(owner, pod),
      updateStatus: (owner, status) => this.#updateStatus(owner, status),
    };
  }

  #podsOf(namespace: string | undefined, uid: string | undefined): Pod[] {
    return this.#pods.lister.byIndex(CONTROLLER_INDEX, controllerIndexKey(namespace, uid));
  }

  #claimPods(owner: R): Promise<Pod[]> {
    const { namespace, name = '', uid } = owner.metadata ?? {};
    const { client } = this.#context;
    const { type, selectorOf } = this.#kind;
    return claimObjects({
      owner,
      ownerKind: type,
      freshOwner: () => client.resource(type, namespace).get(name),
      selector: selectorOf(owner),
      objects: [...this.#podsOf(namespace, uid), ...this.#podsOf(namespace, undefined)].filter(
        isPodActive,
      ),
      client: client.resource(PODS, namespace),
    });
  }

  #relatedPods(owner: R): Pod[] {
    const { namespace } = owner.metadata ?? {};
    const controller = controllerOf(owner);
    if (!controller) return [];
    return this.#owners.lister
      .byIndex(CONTROLLER_INDEX, controllerIndexKey(namespace, controller.uid))
      .flatMap(({ metadata }) => this.#podsOf(namespace, metadata?.uid));
  }

  /** Somebody else may have changed the owner meanwhile: then once more, with a fresh one. */
  async #updateStatus(owner: R, status: ReplicaSetStatus): Promise<void> {
    if (semanticallyEqual(owner.status, status)) return;
    const { namespace, name = '' } = owner.metadata ?? {};
    const owners = this.#context.client.resource(this.#kind.type, namespace);
    try {
      await owners.updateStatus({ ...owner, status });
    } catch {
      await owners.updateStatus({ ...(await owners.get(name)), status });
    }
  }
}
