/**
 * Makes volumes for claims: folders on nodes. Given.
 *
 * It works as provisioners outside of Kubernetes do: the binder asks it by an annotation, it makes a
 * volume that refers to the claim, and the binder does the rest. The folder itself is made by the kubelet
 * that mounts it; nobody removes it from the node when the volume goes, and it is never used again.
 *
 * @see sigs.k8s.io/sig-storage-lib-external-provisioner controller/controller.go (v11)
 */

import type { Node, PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { deepCopy, isAlreadyExists, isNotFound, keyOf } from '#apimachinery';
import {
  type EventRecorder,
  type EventType,
  ItemExponentialFailureRateLimiter,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type SharedInformer,
  STORAGE_CLASSES,
} from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import {
  isToDelete,
  isToGrow,
  isToProvision,
  LOCAL_PROVISIONER,
  localVolumeFault,
  localVolumeName,
  mayHaveVolumes,
  newLocalVolume,
  nodesForVolumes,
  withCapacity,
} from './local-volume.ts';
import { BIND_COMPLETED, classOf, SELECTED_NODE } from './volume-terms.ts';

const NAME = 'local-volume-provisioner-controller';
/** An index of claims without a volume by their class. */
const BY_CLASS = 'local-provisioner/by-class';
/** Each try is told of: they should not come too fast. */
const RETRY_MS = { base: 1000, max: 1_000_000 };
/** Keys of the loop: a claim and a volume may have the same name. */
const CLAIM = 'claim ';
const VOLUME = 'volume ';

/** Makes the controller that makes volumes. */
export function newLocalProvisioner(context: ControllerContext): Controller {
  return new LocalProvisioner(context).loop;
}

class LocalProvisioner {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #claims: SharedInformer<PersistentVolumeClaim>;
  readonly #volumes: SharedInformer<PersistentVolume>;
  readonly #classes: SharedInformer<StorageClass>;
  readonly #nodes: SharedInformer<Node>;

  constructor(context: ControllerContext) {
    this.#context = context;
    const { informers, clock, log } = context;
    this.#events = context.recorder(LOCAL_PROVISIONER);
    this.#claims = context.indexedInformer(PERSISTENT_VOLUME_CLAIMS, BY_CLASS, (claim) =>
      claim.metadata?.annotations?.[BIND_COMPLETED] === undefined ? [classOf(claim)] : [],
    );
    this.#volumes = informers.informer(PERSISTENT_VOLUMES);
    this.#classes = informers.informer(STORAGE_CLASSES);
    this.#nodes = informers.informer(NODES);
    const informed = [this.#claims, this.#volumes, this.#classes, this.#nodes];
    this.loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced: informed.map((informer) => () => informer.hasSynced()),
      rateLimiter: new ItemExponentialFailureRateLimiter(RETRY_MS.base, RETRY_MS.max),
      reconcile: (key) => this.#reconcile(key),
    });
    this.#listen();
  }

  #listen(): void {
    const ofClaim = (claim: PersistentVolumeClaim): void => this.loop.enqueue(CLAIM + keyOf(claim));
    const ofVolume = ({ metadata }: PersistentVolume): void =>
      this.loop.enqueue(VOLUME + metadata?.name);
    this.#claims.addEventHandler({ onAdd: ofClaim, onUpdate: (_, claim) => ofClaim(claim) });
    this.#volumes.addEventHandler({ onAdd: ofVolume, onUpdate: (_, volume) => ofVolume(volume) });
    const ofClass = ({ metadata }: StorageClass): void => {
      for (const claim of this.#claims.lister.byIndex(BY_CLASS, metadata?.name ?? '')) {
        ofClaim(claim);
      }
    };
    this.#classes.addEventHandler({ onAdd: ofClass });
    // A node may be what claims wait for.
    const ofNode = (): void => {
      const { lister } = this.#classes;
      const ours = lister.list().filter(({ provisioner }) => provisioner === LOCAL_PROVISIONER);
      for (const storageClass of ours) ofClass(storageClass);
    };
    this.#nodes.addEventHandler({
      onAdd: ofNode,
      onUpdate: (old, node) => {
        if (mayHaveVolumes(node) && !mayHaveVolumes(old)) ofNode();
      },
    });
  }

  async #reconcile(key: string): Promise<void> {
    if (key.startsWith(VOLUME)) return this.#removeVolume(key.slice(VOLUME.length));
    const claim = this.#claims.lister.get(key.slice(CLAIM.length));
    const volume = claim && this.#volumes.lister.get(claim.spec?.volumeName ?? '');
    if (claim && volume && isToGrow(claim, volume)) return this.#grow(claim, volume);
    const storageClass = claim && this.#classes.lister.get(classOf(claim));
    if (!claim || !storageClass || !isToProvision(claim, storageClass)) return;
    if (this.#volumes.lister.get(localVolumeName(claim))) return;
    this.#tell(
      claim,
      'Normal',
      'Provisioning',
      `External provisioner is provisioning volume for claim "${keyOf(claim)}"`,
    );
    try {
      await this.#provision(claim, storageClass);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const what = `failed to provision volume with StorageClass "${storageClass.metadata?.name}"`;
      this.#tell(claim, 'Warning', 'ProvisioningFailed', `${what}: ${why}`);
      throw error;
    }
  }

  async #provision(claim: PersistentVolumeClaim, storageClass: StorageClass): Promise<void> {
    const fault = localVolumeFault(claim);
    if (fault !== undefined) throw new Error(fault);
    const node = await this.#nodeFor(claim, storageClass);
    const volume = newLocalVolume(claim, storageClass, node);
    try {
      await this.#context.client.resource(PERSISTENT_VOLUMES).create(volume);
    } catch (error) {
      // Made by an attempt of which the answer was lost.
      if (!isAlreadyExists(error)) throw error;
    }
    const message = `Successfully provisioned volume ${volume.metadata?.name}`;
    this.#tell(claim, 'Normal', 'ProvisioningSucceeded', message);
  }

  /** A folder has room for what its node has room for: it is only written down. */
  async #grow(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const { client } = this.#context;
    const name = volume.metadata?.name;
    const storage = claim.spec?.resources?.requests?.storage ?? '';
    this.#tell(claim, 'Normal', 'Resizing', `External resizer is resizing volume ${name}`);
    await client.resource(PERSISTENT_VOLUMES).update(withCapacity(volume, storage));
    const status = { ...claim.status, capacity: { ...claim.status?.capacity, storage } };
    const { namespace } = claim.metadata ?? {};
    await client.resource(PERSISTENT_VOLUME_CLAIMS, namespace).updateStatus({ ...claim, status });
    this.#tell(claim, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded');
  }

  /** The one the scheduler chose, or any. */
  async #nodeFor(claim: PersistentVolumeClaim, storageClass: StorageClass): Promise<Node> {
    const selected = claim.metadata?.annotations?.[SELECTED_NODE];
    if (selected) {
      const node = this.#nodes.lister.get(selected);
      if (node) return node;
      await this.#chooseAgain(claim);
      throw new Error(`failed to get target node: node "${selected}" not found`);
    }
    const nodes = nodesForVolumes(this.#nodes.lister.list(), storageClass);
    const node = nodes[this.#context.random.int(Math.max(1, nodes.length))];
    if (!node) throw new Error('there is no node that is ready and may have it');
    return node;
  }

  /** Without the annotation the scheduler chooses another node. */
  async #chooseAgain(claim: PersistentVolumeClaim): Promise<void> {
    const changed = deepCopy(claim);
    delete changed.metadata?.annotations?.[SELECTED_NODE];
    const { namespace } = claim.metadata ?? {};
    await this.#context.client.resource(PERSISTENT_VOLUME_CLAIMS, namespace).update(changed);
  }

  async #removeVolume(name: string): Promise<void> {
    const volume = this.#volumes.lister.get(name);
    if (!volume || !isToDelete(volume)) return;
    const { uid } = volume.metadata ?? {};
    try {
      const preconditions = uid === undefined ? {} : { uid };
      await this.#context.client.resource(PERSISTENT_VOLUMES).delete(name, { preconditions });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #tell(claim: PersistentVolumeClaim, type: EventType, reason: string, message: string): void {
    this.#events.event(PERSISTENT_VOLUME_CLAIMS, claim, type, reason, message);
  }
}
