/**
 * How many pods the controllers of pods want together. Given.
 *
 * Deployments, ReplicaSets, StatefulSets and ReplicationControllers are asked in caches, everything
 * else with a `scale` in the API.
 *
 * @see pkg/controller/disruption/disruption.go (1.33), getExpectedScale, finders
 */

import type { Deployment, ReplicaSet, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { Pod, ReplicationController } from 'kubernetes-types/core/v1.js';
import {
  controllerOf,
  groupResourceText,
  isNotFound,
  type KubernetesObject,
  type OwnerReference,
} from '#apimachinery';
import {
  DEPLOYMENTS,
  groupResourceOf,
  type Lister,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  type SharedInformer,
  STATEFUL_SETS,
} from '#client';
import { groupOf, type Scale, ScaleTargets } from '../autoscaler/scale-targets.ts';
import type { ControllerContext } from '../controller.ts';
import { controllerIn } from '../owners.ts';

interface Scaled {
  readonly uid: string;
  readonly replicas: number;
}

/** Asks pods' controllers. */
export class PodScales {
  readonly #deployments: SharedInformer<Deployment>;
  readonly #replicaSets: SharedInformer<ReplicaSet>;
  readonly #statefulSets: SharedInformer<StatefulSet>;
  readonly #replicationControllers: SharedInformer<ReplicationController>;
  readonly #targets: ScaleTargets;

  constructor(context: ControllerContext) {
    const { informers } = context;
    this.#deployments = informers.informer(DEPLOYMENTS);
    this.#replicaSets = context.ownedInformer(REPLICA_SETS);
    this.#statefulSets = informers.informer(STATEFUL_SETS);
    this.#replicationControllers = informers.informer(REPLICATION_CONTROLLERS);
    this.#targets = new ScaleTargets(context);
  }

  hasSynced(): boolean {
    return [
      this.#deployments,
      this.#replicaSets,
      this.#statefulSets,
      this.#replicationControllers,
      this.#targets,
    ].every((one) => one.hasSynced());
  }

  /**
   * What all controllers of the pods want, each once; pods without one do not count.
   *
   * @throws Error `found no controllers for pod "P"`, `R does not implement the scale subresource`, and
   * others
   */
  async expected(pods: readonly Pod[]): Promise<number> {
    const known = new Set<string>();
    const scales = new Map<string, number>();
    for (const pod of pods) {
      const ref = controllerOf(pod);
      if (!ref || known.has(ref.uid)) continue;
      known.add(ref.uid);
      const found = this.#cached(pod, ref) ?? (await this.#asked(pod, ref));
      if (!found) throw new Error(`found no controllers for pod "${pod.metadata?.name}"`);
      scales.set(found.uid, found.replicas);
    }
    return [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
  }

  #cached(pod: Pod, { apiVersion, kind }: OwnerReference): Scaled | undefined {
    const isOf = (...groups: string[]): boolean => groups.includes(groupOf(apiVersion));
    const wanted = (owners: Lister<WithReplicas>): Scaled | undefined =>
      scaledOf(controllerIn(pod, kind, owners));
    if (kind === 'ReplicationController' && isOf('')) {
      return wanted(this.#replicationControllers.lister);
    }
    if (kind === 'StatefulSet' && isOf('apps')) return wanted(this.#statefulSets.lister);
    if (kind !== 'ReplicaSet' || !isOf('apps', 'extensions')) return undefined;
    const replicaSet = controllerIn(pod, kind, this.#replicaSets.lister);
    if (controllerOf(replicaSet ?? {})?.kind !== 'Deployment') return scaledOf(replicaSet);
    return scaledOf(controllerIn(replicaSet ?? {}, 'Deployment', this.#deployments.lister));
  }

  async #asked(pod: Pod, ref: OwnerReference): Promise<Scaled | undefined> {
    const type = this.#targets.find(ref);
    if (!type) throw new Error(`no matches for kind "${ref.kind}" in version "${ref.apiVersion}"`);
    let scale: Scale;
    try {
      scale = await this.#targets.get(type, pod.metadata?.namespace ?? '', ref.name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // Either there is no such object, or none of its kind has a scale.
      if (this.#targets.implementsScale(type)) return undefined;
      const resource = groupResourceText(groupResourceOf(type));
      throw new Error(`${resource} does not implement the scale subresource`);
    }
    if (scale.metadata?.uid !== ref.uid) return undefined;
    return { uid: ref.uid, replicas: scale.spec?.replicas ?? 0 };
  }
}

type WithReplicas = KubernetesObject & { readonly spec?: { readonly replicas?: number } };

function scaledOf(owner: WithReplicas | undefined): Scaled | undefined {
  const uid = owner?.metadata?.uid;
  return uid === undefined ? undefined : { uid, replicas: owner?.spec?.replicas ?? 1 };
}
