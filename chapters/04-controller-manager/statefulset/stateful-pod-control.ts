/**
 * Makes, mends and deletes a StatefulSet's pods and their claims, and tells of it. Given.
 *
 * Which ones, and when, is `statefulset.ts`.
 *
 * @see pkg/controller/statefulset/stateful_pod_control.go (1.33)
 */

import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { deepCopy, isAlreadyExists, isConflict, isNotFound } from '#apimachinery';
import {
  type Client,
  type EventRecorder,
  type Lister,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  STATEFUL_SETS,
} from '#client';
import {
  claimOwners,
  deletesWhenScaled,
  hasOtherController,
  isStaleForPod,
} from './claim-retention.ts';
import {
  hasIdentity,
  hasStorage,
  isInRange,
  ordinalOf,
  POD_INDEX_LABEL,
  podName,
  STATEFUL_SET_POD_NAME_LABEL,
  type StatefulSet,
} from './identity.ts';
import { newPersistentVolumeClaims, newStatefulSetPod } from './statefulset.ts';

/** Writes for one StatefulSet after another. */
export class StatefulPodControl {
  readonly #client: Client;
  readonly #claims: Lister<PersistentVolumeClaim>;
  readonly #events: EventRecorder;

  constructor(client: Client, claims: Lister<PersistentVolumeClaim>, events: EventRecorder) {
    this.#client = client;
    this.#claims = claims;
    this.#events = events;
  }

  /** Has the pod lost something of its identity, or have its claims other owners than they should? */
  needsRepair(set: StatefulSet, pod: Pod): boolean {
    const isRight = !isInRange(set, ordinalOf(pod)) || (hasIdentity(pod) && hasStorage(set, pod));
    return !isRight || this.#claimsToOwn(set, pod).length > 0;
  }

  /** Is a claim of an earlier pod of this number still to be deleted? */
  isHeldBack(set: StatefulSet, ordinal: number): boolean {
    if (!deletesWhenScaled(set)) return false;
    const pod: Pod = { metadata: { name: podName(set, ordinal) } };
    return this.#cachedClaims(set, ordinal).some((claim) => isStaleForPod(claim, pod));
  }

  /** Creates the pod's claims, then the pod. @param set - with the template of the pod's revision */
  async create(set: StatefulSet, ordinal: number, revision: string): Promise<void> {
    const pod = newStatefulSetPod(set, ordinal, revision);
    let created: Pod;
    try {
      await this.#createClaims(set, ordinal);
      created = await this.#pods(set).create(pod);
    } catch (error) {
      // The cache was behind: the pod is there, and the next look sees it.
      if (!isAlreadyExists(error)) this.#tellPod('create', set, pod, error);
      throw error;
    }
    this.#tellPod('create', set, pod);
    await this.#ownClaims(set, created);
  }

  /** Makes the claims of a pod that waits for them. */
  async ensureClaims(set: StatefulSet, pod: Pod): Promise<void> {
    await this.#createClaims(set, ordinalOf(pod));
    await this.#ownClaims(set, pod);
  }

  /** Gives a pod its labels and volumes back, and its claims their owners. */
  async repair(set: StatefulSet, pod: Pod): Promise<void> {
    const isKept = isInRange(set, ordinalOf(pod));
    try {
      if (isKept && !hasStorage(set, pod)) await this.#createClaims(set, ordinalOf(pod));
      await this.#ownClaims(set, pod);
      if (!isKept || (hasIdentity(pod) && hasStorage(set, pod))) return;
      await this.#pods(set).update(mended(set, pod));
    } catch (error) {
      if (!isConflict(error)) this.#tellPod('update', set, pod, error);
      throw error;
    }
    this.#tellPod('update', set, pod);
  }

  /** Deletes this very pod; one that is gone, or was made again meanwhile, is no failure. */
  async delete(set: StatefulSet, pod: Pod): Promise<void> {
    const { name = '', uid } = pod.metadata ?? {};
    try {
      await this.#pods(set).delete(name, { preconditions: { uid } });
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return;
      this.#tellPod('delete', set, pod, error);
      throw error;
    }
    this.#tellPod('delete', set, pod);
  }

  #pods(set: StatefulSet) {
    return this.#client.resource(PODS, set.metadata?.namespace);
  }

  #cachedClaims(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
    return newPersistentVolumeClaims(set, ordinal)
      .map(({ metadata }) => this.#claims.get(`${metadata?.namespace}/${metadata?.name}`))
      .filter((claim) => claim !== undefined);
  }

  async #createClaims(set: StatefulSet, ordinal: number): Promise<void> {
    const claims = this.#client.resource(PERSISTENT_VOLUME_CLAIMS, set.metadata?.namespace);
    const failures: string[] = [];
    for (const claim of newPersistentVolumeClaims(set, ordinal)) {
      const { name = '', namespace } = claim.metadata ?? {};
      const cached = this.#claims.get(`${namespace}/${name}`);
      if (cached?.metadata?.deletionTimestamp) failures.push(`pvc ${name} is being deleted`);
      if (cached) continue;
      try {
        await claims.create(claim);
        this.#tellClaim(set, ordinal, name);
      } catch (error) {
        if (isAlreadyExists(error)) continue;
        failures.push(`failed to create PVC ${name}: ${messageOf(error)}`);
        this.#tellClaim(set, ordinal, name, error);
      }
    }
    if (failures.length === 0) return;
    throw new Error(failures.length === 1 ? failures[0] : `[${failures.join(', ')}]`);
  }

  #claimsToOwn(set: StatefulSet, pod: Pod): PersistentVolumeClaim[] {
    return this.#cachedClaims(set, ordinalOf(pod)).filter((claim) => claimOwners(set, pod, claim));
  }

  async #ownClaims(set: StatefulSet, pod: Pod): Promise<void> {
    const claims = this.#client.resource(PERSISTENT_VOLUME_CLAIMS, set.metadata?.namespace);
    for (const cached of this.#claimsToOwn(set, pod)) {
      const { name } = cached.metadata ?? {};
      if (hasOtherController(set, pod, cached)) {
        const message = `PersistentVolumeClaim ${name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`;
        this.#events.event(STATEFUL_SETS, set, 'Warning', 'ConflictingController', message);
      }
      const ownerReferences = claimOwners(set, pod, cached);
      await claims.update({ ...cached, metadata: { ...cached.metadata, ownerReferences } });
    }
  }

  #tellPod(verb: 'create' | 'update' | 'delete', set: StatefulSet, pod: Pod, error?: unknown) {
    const what = `${verb} Pod ${pod.metadata?.name} in StatefulSet ${set.metadata?.name}`;
    if (error === undefined) this.#tell(set, verb, `${what} successful`);
    else this.#tell(set, verb, `${what} failed error: ${messageOf(error)}`, true);
  }

  #tellClaim(set: StatefulSet, ordinal: number, claim: string, error?: unknown): void {
    const where = `Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata?.name}`;
    if (error === undefined) this.#tell(set, 'create', `create Claim ${claim} ${where} success`);
    else {
      const message = `create Claim ${claim} for ${where} failed error: ${messageOf(error)}`;
      this.#tell(set, 'create', message, true);
    }
  }

  #tell(set: StatefulSet, verb: string, message: string, failed = false): void {
    const reason = `${failed ? 'Failed' : 'Successful'}${verb.slice(0, 1).toUpperCase()}${verb.slice(1)}`;
    this.#events.event(STATEFUL_SETS, set, failed ? 'Warning' : 'Normal', reason, message);
  }
}

/** The pod with the labels and volumes of its identity. */
function mended(set: StatefulSet, pod: Pod): Pod {
  const { metadata, spec, ...rest } = deepCopy(pod);
  const ordinal = ordinalOf(pod);
  const wanted = newStatefulSetPod({ ...set, spec: specWithoutTemplate(set, pod) }, ordinal, '');
  return {
    ...rest,
    metadata: {
      ...metadata,
      labels: {
        ...metadata?.labels,
        [STATEFUL_SET_POD_NAME_LABEL]: podName(set, ordinal),
        [POD_INDEX_LABEL]: String(ordinal),
      },
    },
    spec: { ...spec, containers: spec?.containers ?? [], volumes: wanted.spec?.volumes },
  };
}

/** The set's spec with the pod's own spec as its template: its volumes, and those of its claims. */
function specWithoutTemplate({ spec }: StatefulSet, pod: Pod): StatefulSet['spec'] {
  return spec && { ...spec, template: { spec: pod.spec } };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
