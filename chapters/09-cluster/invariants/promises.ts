/**
 * Who promises to keep how many pods available: Deployments while they roll out, PodDisruptionBudgets
 * when somebody evicts. Given.
 */

import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { controllerOf, type KubernetesObject, type Pod, selectorFromObject } from '#apimachinery';
import { type Deleted, type Put, uidOfWrite } from './history.ts';

/** How a pod is taken away, which decides whose promise counts. */
export type Way = 'rollout' | 'eviction';

/** What one object promises. */
export interface KeptPromise {
  /** `deployment default/web` or `poddisruptionbudget default/web` */
  readonly title: string;
  /** Is the pod one of those that it is about? */
  covers(pod: Pod): boolean;
  /**
   * The lowest number of available pods that it wanted at any time since then.
   *
   * @remarks A Deployment wants `replicas - maxUnavailable`, nothing with strategy `Recreate`; a budget
   * what its controller counted, `status.desiredHealthy`; either nothing once it is deleted.
   */
  wantedSince(since: number): number;
}

/** All promises, as far as it was told. */
export class Promises {
  readonly #promises = new Map<string, Kept>();
  /** The Deployment of each ReplicaSet, by uid. */
  readonly #owners = new Map<string, string>();

  /** @param write - of anything */
  note(write: Put | Deleted): void {
    const uid = uidOfWrite(write);
    const object = write.kind === 'put' ? write.after : write.before;
    if (write.resource === 'replicasets') this.#owners.set(uid, controllerOf(object)?.uid ?? '');
    const way = WAYS[write.resource];
    if (way === undefined) return;
    const known = this.#promises.get(uid) ?? new Kept(way, uid, object, this.#owners);
    this.#promises.set(uid, known);
    known.note(write.at, object, write.kind === 'deleted');
  }

  /** The promises that are broken when too many such pods are taken away in this way. */
  about(pod: Pod, way: Way): KeptPromise[] {
    return [...this.#promises.values()].filter((one) => one.way === way && one.covers(pod));
  }
}

const WAYS: Readonly<Record<string, Way>> = {
  deployments: 'rollout',
  poddisruptionbudgets: 'eviction',
};

class Kept implements KeptPromise {
  readonly way: Way;
  readonly title: string;
  readonly #uid: string;
  readonly #owners: ReadonlyMap<string, string>;
  #object: KubernetesObject;
  readonly #wanted: { readonly at: number; readonly count: number }[] = [];

  constructor(
    way: Way,
    uid: string,
    object: KubernetesObject,
    owners: ReadonlyMap<string, string>,
  ) {
    const { namespace = '', name = '' } = object.metadata ?? {};
    this.title = `${way === 'rollout' ? 'deployment' : 'poddisruptionbudget'} ${namespace}/${name}`;
    this.way = way;
    this.#uid = uid;
    this.#object = object;
    this.#owners = owners;
  }

  note(at: number, object: KubernetesObject, isGone: boolean): void {
    this.#object = object;
    const minimum = this.way === 'rollout' ? ofDeployment : ofBudget;
    this.#wanted.push({ at, count: isGone ? 0 : minimum(object) });
  }

  covers(pod: Pod): boolean {
    if (this.way === 'rollout') {
      return this.#owners.get(controllerOf(pod)?.uid ?? '') === this.#uid;
    }
    if (this.#object.metadata?.namespace !== pod.metadata?.namespace) return false;
    const { selector } = (this.#object as PodDisruptionBudget).spec ?? {};
    return selectorFromObject(selector).matches(pod.metadata?.labels ?? {});
  }

  wantedSince(since: number): number {
    const first = Math.max(
      0,
      this.#wanted.findLastIndex(({ at }) => at <= since),
    );
    return Math.min(...this.#wanted.slice(first).map(({ count }) => count));
  }
}

/** A percentage is rounded down; where neither more nor fewer are allowed it is one fewer. */
function ofDeployment(object: KubernetesObject): number {
  const { spec } = object as Partial<Deployment>;
  const { replicas = 1, strategy } = spec ?? {};
  if (strategy?.type === 'Recreate') return 0;
  const { maxSurge = '25%', maxUnavailable = '25%' } = strategy?.rollingUpdate ?? {};
  const surge = scaled(maxSurge, replicas, Math.ceil);
  const fewer = scaled(maxUnavailable, replicas, Math.floor);
  return Math.max(0, replicas - (surge === 0 && fewer === 0 ? 1 : fewer));
}

function ofBudget(object: KubernetesObject): number {
  return (object as PodDisruptionBudget).status?.desiredHealthy ?? 0;
}

function scaled(value: string | number, of: number, round: (n: number) => number): number {
  if (typeof value === 'number') return value;
  return round((Number.parseInt(value, 10) * of) / 100);
}
