/**
 * The writes of a binding: both sides of it, each only if there is something to write. Given.
 *
 * What is to be written is decided in `claim-binding.ts`; what is known of claims and volumes is in
 * caches that know these writes, too.
 */

import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { deepCopy, type KubernetesObject, semanticallyEqual } from '#apimachinery';
import {
  type Client,
  objectReference,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
} from '#client';
import type { AssumedCache } from './assumed-cache.ts';
import {
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  isBoundTo,
  STORAGE_PROVISIONER,
} from './volume-terms.ts';

/** Writes claims and volumes. Every method rejects with what the API server answers. */
export class BindingWrites {
  readonly #client: Client;
  readonly #claims: AssumedCache<PersistentVolumeClaim>;
  readonly #volumes: AssumedCache<PersistentVolume>;

  constructor(
    client: Client,
    claims: AssumedCache<PersistentVolumeClaim>,
    volumes: AssumedCache<PersistentVolume>,
  ) {
    this.#client = client;
    this.#claims = claims;
    this.#volumes = volumes;
  }

  /** Volume first: from then on nobody else gets it. What is written already is not written again. */
  async bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const reserved = await this.#saveVolume(volume, (changed) => {
      const isChosen = !isBoundTo(volume, claim);
      const { uid } = claim.metadata ?? {};
      if (changed.spec && changed.spec.claimRef?.uid !== uid) {
        changed.spec.claimRef = objectReference(PERSISTENT_VOLUME_CLAIMS, claim);
      }
      if (isChosen) annotate(changed, BOUND_BY_CONTROLLER);
    });
    const bound = await this.setVolumePhase(reserved, 'Bound');
    const named = await this.#saveClaim(claim, (changed) => {
      if (changed.spec && changed.spec.volumeName !== volume.metadata?.name) {
        changed.spec.volumeName = volume.metadata?.name ?? '';
        annotate(changed, BOUND_BY_CONTROLLER);
      }
      annotate(changed, BIND_COMPLETED);
    });
    await this.setClaimStatus(named, 'Bound', bound);
  }

  /** It goes back to whom a person reserved it for, or to all. */
  async unbind(volume: PersistentVolume): Promise<void> {
    const freed = await this.#saveVolume(volume, (changed) => {
      const { annotations } = changed.metadata ?? {};
      if (annotations?.[BOUND_BY_CONTROLLER] === undefined) {
        delete changed.spec?.claimRef?.uid;
      } else {
        delete changed.spec?.claimRef;
        delete annotations[BOUND_BY_CONTROLLER];
      }
    });
    await this.setVolumePhase(freed, 'Available');
  }

  /** Gives a claim a storage class. */
  async assignClass(claim: PersistentVolumeClaim, { metadata }: StorageClass): Promise<void> {
    await this.#saveClaim(claim, ({ spec }) => {
      if (spec) spec.storageClassName = metadata?.name ?? '';
    });
  }

  /** Asks a provisioner for a volume. */
  async askProvisioner(claim: PersistentVolumeClaim, provisioner: string): Promise<void> {
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
    return this.#written(
      this.#volumes,
      volume,
      this.#client.resource(PERSISTENT_VOLUMES).update(changed),
    );
  }

  /** @returns the volume as it is then */
  async setVolumePhase(
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
    const client = this.#client.resource(PERSISTENT_VOLUMES);
    return this.#written(this.#volumes, volume, client.updateStatus(changed));
  }

  async #saveClaim(
    claim: PersistentVolumeClaim,
    change: (changed: PersistentVolumeClaim) => void,
  ): Promise<PersistentVolumeClaim> {
    const changed = deepCopy(claim);
    change(changed);
    if (semanticallyEqual(changed, claim)) return claim;
    const client = this.#client.resource(PERSISTENT_VOLUME_CLAIMS, claim.metadata?.namespace);
    return this.#written(this.#claims, claim, client.update(changed));
  }

  /** @param volume - whose size and modes the claim has; absent: none */
  async setClaimStatus(
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
    const client = this.#client.resource(PERSISTENT_VOLUME_CLAIMS, claim.metadata?.namespace);
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
}

/** Sets an annotation; one that says only that it is there keeps its value. */
function annotate(object: KubernetesObject, key: string, value?: string): void {
  const { metadata } = object;
  const before = metadata?.annotations ?? {};
  if (metadata) metadata.annotations = { ...before, [key]: value ?? before[key] ?? 'yes' };
}
