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
import {
  deepCopy,
  isNotFound,
  type KubernetesObject,
  keyOf,
  semanticallyEqual,
} from '#apimachinery';
import {
  type EventRecorder,
  objectReference,
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
import { claimStep, reclaimFault, type Told, volumeStep } from './claim-binding.ts';
import {
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  claimKeyOf,
  claimKeysOfPod,
  classOf,
  isBoundTo,
  isUnscheduled,
  STORAGE_PROVISIONER,
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
        return this.#bind(step.volume, claim);
      case 'assign class':
        return this.#assignClass(claim, step.storageClass);
      case 'provision':
        await this.#askProvisioner(claim, step.provisioner);
        return this.#tellClaim(claim, step.tell);
      case 'tell':
        return this.#tellClaim(claim, step.tell);
      case 'wait':
        if (step.tell) this.#tellClaim(claim, step.tell);
        await this.#setClaimStatus(claim, 'Pending');
        return;
      case 'lose':
        if (claim.status?.phase === 'Lost') return;
        await this.#setClaimStatus(claim, 'Lost');
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
        await this.#setVolumePhase(volume, step.phase);
        return;
      case 'look at claim':
        return this.loop.enqueue(CLAIM + claimKeyOf(volume));
      case 'tell':
        this.#tellVolume(volume, step.volume);
        if (claim) this.#tellClaim(claim, step.claim);
        return;
      case 'unbind':
        return this.#unbind(volume);
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

  /** Volume first: from then on nobody else gets it. What is written already is not written again. */
  async #bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const reserved = await this.#saveVolume(volume, (changed) => {
      const isChosen = !isBoundTo(volume, claim);
      const { uid } = claim.metadata ?? {};
      if (changed.spec && changed.spec.claimRef?.uid !== uid) {
        changed.spec.claimRef = objectReference(PERSISTENT_VOLUME_CLAIMS, claim);
      }
      if (isChosen) annotate(changed, BOUND_BY_CONTROLLER);
    });
    const bound = await this.#setVolumePhase(reserved, 'Bound');
    const named = await this.#saveClaim(claim, (changed) => {
      if (changed.spec && changed.spec.volumeName !== volume.metadata?.name) {
        changed.spec.volumeName = volume.metadata?.name ?? '';
        annotate(changed, BOUND_BY_CONTROLLER);
      }
      annotate(changed, BIND_COMPLETED);
    });
    await this.#setClaimStatus(named, 'Bound', bound);
  }

  async #unbind(volume: PersistentVolume): Promise<void> {
    const freed = await this.#saveVolume(volume, (changed) => {
      const { annotations } = changed.metadata ?? {};
      if (annotations?.[BOUND_BY_CONTROLLER] === undefined) {
        delete changed.spec?.claimRef?.uid;
      } else {
        delete changed.spec?.claimRef;
        delete annotations[BOUND_BY_CONTROLLER];
      }
    });
    await this.#setVolumePhase(freed, 'Available');
  }

  async #release(volume: PersistentVolume): Promise<void> {
    const released = isReleased(volume) ? volume : await this.#setVolumePhase(volume, 'Released');
    const fault = reclaimFault(released);
    if (!fault || released.status?.phase === 'Failed') return;
    await this.#setVolumePhase(released, 'Failed', fault.message);
    this.#tellVolume(volume, fault);
  }

  async #assignClass(claim: PersistentVolumeClaim, { metadata }: StorageClass): Promise<void> {
    await this.#saveClaim(claim, ({ spec }) => {
      if (spec) spec.storageClassName = metadata?.name ?? '';
    });
    this.#enqueueClaims([claim]);
  }

  async #askProvisioner(claim: PersistentVolumeClaim, provisioner: string): Promise<void> {
    await this.#saveClaim(claim, (changed) => {
      for (const key of [BETA_STORAGE_PROVISIONER, STORAGE_PROVISIONER]) {
        annotate(changed, key, provisioner);
      }
    });
  }

  async #saveVolume(
    volume: PersistentVolume,
    change: (changed: PersistentVolume) => void,
  ): Promise<PersistentVolume> {
    const changed = deepCopy(volume);
    change(changed);
    if (semanticallyEqual(changed, volume)) return volume;
    const { client } = this.#context;
    return this.#written(
      this.#volumes,
      volume,
      client.resource(PERSISTENT_VOLUMES).update(changed),
    );
  }

  async #setVolumePhase(
    volume: PersistentVolume,
    phase: string,
    message?: string,
  ): Promise<PersistentVolume> {
    if (volume.status?.phase === phase) return volume;
    const { message: _, ...status } = volume.status ?? {};
    const changed = {
      ...volume,
      status: { ...status, phase, ...(message !== undefined && { message }) },
    };
    const client = this.#context.client.resource(PERSISTENT_VOLUMES);
    return this.#written(this.#volumes, volume, client.updateStatus(changed));
  }

  async #saveClaim(
    claim: PersistentVolumeClaim,
    change: (changed: PersistentVolumeClaim) => void,
  ): Promise<PersistentVolumeClaim> {
    const changed = deepCopy(claim);
    change(changed);
    if (semanticallyEqual(changed, claim)) return claim;
    const client = this.#context.client.resource(
      PERSISTENT_VOLUME_CLAIMS,
      claim.metadata?.namespace,
    );
    return this.#written(this.#claims, claim, client.update(changed));
  }

  async #setClaimStatus(
    claim: PersistentVolumeClaim,
    phase: string,
    volume?: PersistentVolume,
  ): Promise<void> {
    const { accessModes, capacity, ...rest } = claim.status ?? {};
    // A bound claim keeps its capacity: its file system may be smaller than its volume.
    const isNew = claim.status?.phase !== phase;
    const status = {
      ...rest,
      phase,
      ...(volume && {
        accessModes: volume.spec?.accessModes ?? [],
        capacity: isNew ? { ...capacity, ...volume.spec?.capacity } : capacity,
      }),
    };
    if (semanticallyEqual(status, claim.status)) return;
    const client = this.#context.client.resource(
      PERSISTENT_VOLUME_CLAIMS,
      claim.metadata?.namespace,
    );
    await this.#written(this.#claims, claim, client.updateStatus({ ...claim, status }));
  }

  async #written<T extends KubernetesObject>(
    cache: AssumedCache<T>,
    before: T,
    answer: Promise<T>,
  ): Promise<T> {
    try {
      return cache.assume(await answer);
    } catch (error) {
      cache.forget(before);
      throw error;
    }
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

/** Sets an annotation; one that says only that it is there keeps its value. */
function annotate(object: KubernetesObject, key: string, value?: string): void {
  const { metadata } = object;
  const before = metadata?.annotations ?? {};
  if (metadata) metadata.annotations = { ...before, [key]: value ?? before[key] ?? 'yes' };
}
