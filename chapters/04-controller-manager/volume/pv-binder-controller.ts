/**
 * The persistent volume binder: it brings claims and volumes together, and lets volumes go. Given.
 *
 * What is done is decided in `claim-binding.ts`. It makes no volumes: who does is asked by an annotation,
 * and one of those is `local-provisioner.ts`.
 *
 * @see pkg/controller/volume/persistentvolume/pv_controller.go (1.33)
 */

import type { PersistentVolume, PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { isNotFound, type KubernetesObject, keyOf } from '#apimachinery';
import {
  type EventRecorder,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  type ResourceType,
  type SharedInformer,
  STORAGE_CLASSES,
} from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { finalState } from '../owners.ts';
import { AssumedCache } from './assumed-cache.ts';
import { BindingWrites } from './binding-writes.ts';
import { claimStep, reclaimFault, type Told, volumeStep } from './claim-binding.ts';
import {
  BIND_COMPLETED,
  claimKeyOf,
  claimKeysOfPod,
  classOf,
  isUnscheduled,
} from './volume-terms.ts';

const NAME = 'persistentvolume-binder-controller';
/** Who its events are from. */
const COMPONENT = 'persistentvolume-controller';
/** Indexes of claims: by their class while they are not bound, and by the volume that they name. */
const UNBOUND_BY_CLASS = 'pv-binder/unbound-by-class';
const BY_VOLUME = 'pv-binder/by-volume';
/** An index of pods without a node by the claims that they use. */
const WAITING_BY_CLAIM = 'pv-binder/waiting-by-claim';
/** Keys of the loop: a claim and a volume may have the same name. */
const CLAIM = 'claim ';
const VOLUME = 'volume ';

/** Makes the controller that binds claims to volumes. */
export function newPvBinderController(context: ControllerContext): Controller {
  return new PvBinder(context).loop;
}

class PvBinder {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #claimInformer: SharedInformer<PersistentVolumeClaim>;
  readonly #classes: SharedInformer<StorageClass>;
  readonly #pods: SharedInformer<Pod>;
  readonly #claims: AssumedCache<PersistentVolumeClaim>;
  readonly #volumes: AssumedCache<PersistentVolume>;
  readonly #writes: BindingWrites;

  constructor(context: ControllerContext) {
    this.#context = context;
    const { informers, clock, log } = context;
    this.#events = context.recorder(COMPONENT);
    this.#claimInformer = context.indexedInformer(
      PERSISTENT_VOLUME_CLAIMS,
      UNBOUND_BY_CLASS,
      (claim) =>
        claim.metadata?.annotations?.[BIND_COMPLETED] === undefined ? [classOf(claim)] : [],
    );
    context.indexedInformer(PERSISTENT_VOLUME_CLAIMS, BY_VOLUME, ({ spec }) =>
      spec?.volumeName ? [spec.volumeName] : [],
    );
    this.#pods = context.indexedInformer(PODS, WAITING_BY_CLAIM, (pod) =>
      isUnscheduled(pod) ? claimKeysOfPod(pod) : [],
    );
    const volumes = informers.informer(PERSISTENT_VOLUMES);
    this.#classes = informers.informer(STORAGE_CLASSES);
    const informed = [volumes, this.#claimInformer, this.#classes, this.#pods];
    this.loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced: informed.map((informer) => () => informer.hasSynced()),
      // With two, two claims could be given the same volume.
      workers: 1,
      reconcile: (key) => this.#reconcile(key),
    });
    this.#claims = new AssumedCache(this.#claimInformer);
    this.#volumes = new AssumedCache(volumes);
    this.#writes = new BindingWrites(context.client, this.#claims, this.#volumes);
    this.#listenToClaims();
    this.#listenToVolumes(volumes);
    this.#listenToClasses();
    this.#listenToPods();
  }

  #enqueueClaims(claims: readonly KubernetesObject[]): void {
    for (const claim of claims) this.loop.enqueue(CLAIM + keyOf(claim));
  }

  #listenToClaims(): void {
    const changed = (claim: PersistentVolumeClaim): void => {
      this.#enqueueClaims([claim]);
      const { volumeName } = claim.spec ?? {};
      if (volumeName) this.loop.enqueue(VOLUME + volumeName);
    };
    this.#claimInformer.addEventHandler({
      onAdd: changed,
      onUpdate: (_, claim) => changed(claim),
      onDelete: (gone) => {
        const { volumeName } = finalState(gone).spec ?? {};
        if (volumeName) this.loop.enqueue(VOLUME + volumeName);
      },
    });
  }

  #listenToVolumes(volumes: SharedInformer<PersistentVolume>): void {
    const { lister } = this.#claimInformer;
    const toClaims = (volume: PersistentVolume): void => {
      const key = claimKeyOf(volume);
      if (key !== undefined) this.loop.enqueue(CLAIM + key);
      this.#enqueueClaims(lister.byIndex(BY_VOLUME, volume.metadata?.name ?? ''));
      if (volume.status?.phase === 'Available') {
        this.#enqueueClaims(lister.byIndex(UNBOUND_BY_CLASS, classOf(volume)));
      }
    };
    const changed = (volume: PersistentVolume): void => {
      this.loop.enqueue(VOLUME + volume.metadata?.name);
      toClaims(volume);
    };
    volumes.addEventHandler({
      onAdd: changed,
      onUpdate: (_, volume) => changed(volume),
      onDelete: (gone) => toClaims(finalState(gone)),
    });
  }

  /** A class may be what claims wait for, and a new default what those without one do. */
  #listenToClasses(): void {
    const changed = ({ metadata }: StorageClass): void => {
      const { lister } = this.#claimInformer;
      this.#enqueueClaims(lister.byIndex(UNBOUND_BY_CLASS, metadata?.name ?? ''));
      this.#enqueueClaims(lister.byIndex(UNBOUND_BY_CLASS, ''));
    };
    this.#classes.addEventHandler({
      onAdd: changed,
      onUpdate: (_, storageClass) => changed(storageClass),
    });
  }

  #listenToPods(): void {
    this.#pods.addEventHandler({
      onAdd: (pod) => {
        if (!isUnscheduled(pod)) return;
        for (const key of claimKeysOfPod(pod)) {
          const claim = this.#claims.get(key);
          if (claim?.metadata?.annotations?.[BIND_COMPLETED] === undefined) {
            this.loop.enqueue(CLAIM + key);
          }
        }
      },
    });
  }

  async #reconcile(key: string): Promise<void> {
    if (key.startsWith(CLAIM)) {
      const claim = this.#claims.get(key.slice(CLAIM.length));
      if (claim) await this.#reconcileClaim(claim);
      return;
    }
    const volume = this.#volumes.get(key.slice(VOLUME.length));
    if (volume) await this.#reconcileVolume(volume);
  }

  async #reconcileClaim(claim: PersistentVolumeClaim): Promise<void> {
    const key = keyOf(claim);
    const { volumeName } = claim.spec ?? {};
    const step = claimStep(claim, {
      volumes: volumeName ? [] : this.#volumes.list(),
      named: volumeName ? await this.#namedVolume(claim, volumeName) : undefined,
      classes: this.#classes.lister.list(),
      waitingPods: this.#pods.lister
        .byIndex(WAITING_BY_CLAIM, key)
        .map(({ metadata }) => metadata?.name ?? ''),
    });
    switch (step.do) {
      case 'bind':
        return this.#writes.bind(step.volume, claim);
      case 'assign class':
        await this.#writes.assignClass(claim, step.storageClass);
        return this.#enqueueClaims([claim]);
      case 'provision':
        await this.#writes.askProvisioner(claim, step.provisioner);
        return this.#tellClaim(claim, step.tell);
      case 'tell':
        return this.#tellClaim(claim, step.tell);
      case 'wait':
        if (step.tell) this.#tellClaim(claim, step.tell);
        await this.#writes.setClaimStatus(claim, 'Pending');
        return;
      case 'lose':
        if (claim.status?.phase === 'Lost') return;
        await this.#writes.setClaimStatus(claim, 'Lost');
        return this.#tellClaim(claim, step.tell);
      case 'fail':
        this.#tellClaim(claim, step.tell);
        throw new Error(step.error);
    }
  }

  /** Before a claim counts as lost, the server is asked: the cache may not have its volume yet. */
  async #namedVolume(
    { metadata }: PersistentVolumeClaim,
    name: string,
  ): Promise<PersistentVolume | undefined> {
    const known = this.#volumes.get(name);
    if (known || metadata?.annotations?.[BIND_COMPLETED] === undefined) return known;
    return this.#getOrNothing(PERSISTENT_VOLUMES, undefined, name);
  }

  async #reconcileVolume(volume: PersistentVolume): Promise<void> {
    const claim = await this.#claimOf(volume);
    const step = volumeStep(volume, claim);
    switch (step.do) {
      case 'set phase':
        await this.#writes.setVolumePhase(volume, step.phase);
        return;
      case 'look at claim':
        return this.loop.enqueue(CLAIM + claimKeyOf(volume));
      case 'tell':
        this.#tellVolume(volume, step.volume);
        if (claim) this.#tellClaim(claim, step.claim);
        return;
      case 'unbind':
        return this.#writes.unbind(volume);
      case 'release':
        return this.#release(volume);
    }
  }

  /** Before a volume is released, the server is asked: the cache may not have its claim yet. */
  async #claimOf(volume: PersistentVolume): Promise<PersistentVolumeClaim | undefined> {
    const { namespace, name = '', uid } = volume.spec?.claimRef ?? {};
    if (!uid) return undefined;
    const known = this.#claims.get(`${namespace}/${name}`);
    if (known || isReleased(volume)) return known;
    return this.#getOrNothing(PERSISTENT_VOLUME_CLAIMS, namespace, name);
  }

  async #getOrNothing<T extends KubernetesObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
  ): Promise<T | undefined> {
    try {
      return await this.#context.client.resource(type, namespace).get(name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #release(volume: PersistentVolume): Promise<void> {
    const released = isReleased(volume)
      ? volume
      : await this.#writes.setVolumePhase(volume, 'Released');
    const fault = reclaimFault(released);
    if (!fault || released.status?.phase === 'Failed') return;
    await this.#writes.setVolumePhase(released, 'Failed', fault.message);
    this.#tellVolume(volume, fault);
  }

  #tellClaim(claim: PersistentVolumeClaim, { type, reason, message }: Told): void {
    this.#events.event(PERSISTENT_VOLUME_CLAIMS, claim, type, reason, message);
  }

  #tellVolume(volume: PersistentVolume, { type, reason, message }: Told): void {
    this.#events.event(PERSISTENT_VOLUMES, volume, type, reason, message);
  }
}

function isReleased({ status }: PersistentVolume): boolean {
  return status?.phase === 'Released' || status?.phase === 'Failed';
}
