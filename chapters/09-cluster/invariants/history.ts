/**
 * What happened in a cluster, in order: every write of its store, and what the store does not know.
 *
 * The storm records it, `invariants.ts` judges it. Given: types, and what reads a line of it.
 */

import type { KubernetesObject } from '#apimachinery';

/** One thing that happened. */
export type Entry =
  | Put
  | Deleted
  | ContainerStarted
  | ContainerEnded
  | NodeCrashed
  | Connected
  | Acknowledged
  | Restarted
  | Moment;

/** In the order in which it was noticed; `at` never goes back. */
export type History = readonly Entry[];

/** What all writes of an object say. */
interface Write {
  /** Milliseconds since the cluster began. Whatever the clocks of the cluster say, this goes on evenly. */
  readonly at: number;
  /** The store's, after the write. */
  readonly revision: number;
  /** `pods` */
  readonly resource: string;
  /** `''` for objects outside namespaces. */
  readonly namespace: string;
  readonly name: string;
  /** The user who asked for it, where that is known. */
  readonly by?: string;
  /** It was asked for as an eviction. */
  readonly eviction?: true;
}

/** An object was created or changed. */
export interface Put extends Write {
  readonly kind: 'put';
  /**
   * Absent: there was none of this name, or the history begins here. Else the `after` of the put before it,
   * which is in the history.
   */
  readonly before?: KubernetesObject;
  readonly after: KubernetesObject;
}

/** An object is gone from the store. */
export interface Deleted extends Write {
  readonly kind: 'deleted';
  readonly before: KubernetesObject;
}

/** Which pod: another one of the same name has another uid. */
export interface PodId {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A process of a container began on a node. */
export interface ContainerStarted {
  readonly kind: 'container-started';
  readonly at: number;
  readonly node: string;
  readonly pod: PodId;
  readonly container: string;
}

/** The process ended, whyever. */
export interface ContainerEnded {
  readonly kind: 'container-ended';
  readonly at: number;
  readonly node: string;
  readonly pod: PodId;
  readonly container: string;
}

/** A machine lost its power: every process on it has ended, and no other entry says so. */
export interface NodeCrashed {
  readonly kind: 'node-crashed';
  readonly at: number;
  readonly node: string;
}

/** A connection to a Service's address reached a pod. */
export interface Connected {
  readonly kind: 'connected';
  readonly at: number;
  /** The node on which it began, whose rules chose the pod. */
  readonly node: string;
  /** `default/web` */
  readonly service: string;
  readonly pod: PodId;
}

/** The store told somebody that a write is done. */
export interface Acknowledged {
  readonly kind: 'acknowledged';
  readonly at: number;
  readonly revision: number;
  /** `pods/default/web-0`, `nodes/node-1` */
  readonly key: string;
  /** The write deleted the object. */
  readonly isDelete: boolean;
}

/** The store came back after a crash, with this in it. */
export interface Restarted {
  readonly kind: 'restarted';
  readonly at: number;
  /** The store's. Writes up to it that nobody had noticed may come later in the history. */
  readonly revision: number;
  /** The revision of the last write of each object, by key. */
  readonly content: Readonly<Record<string, number>>;
}

/** From here on faults happen; from here on none do; the history ends. */
export interface Moment {
  readonly kind: 'storm-began' | 'storm-ended' | 'history-ended';
  readonly at: number;
}

/** How an invariant was broken. */
export interface Violation {
  readonly invariant: InvariantName;
  /** One sentence about what happened. */
  readonly sentence: string;
  /** What shows it, in the history's order. */
  readonly entries: readonly Entry[];
}

export type InvariantName =
  | 'bound-twice'
  | 'twins'
  | 'too-few-available'
  | 'unready-traffic'
  | 'lost-write'
  | 'unsettled';

/** What a cluster is given time for. */
export interface Patience {
  /** What a component knows may be so many milliseconds old. */
  readonly knowledgeMs: number;
  /** So many milliseconds after a storm everything is as it should be. */
  readonly settleMs: number;
}

export const PATIENCE: Patience = { knowledgeMs: 60_000, settleMs: 15 * 60_000 };

/** `pods/default/web-0`; `nodes/node-1` without a namespace. */
export function keyOfWrite({ resource, namespace, name }: Put | Deleted): string {
  return [resource, namespace, name].filter((part) => part !== '').join('/');
}

/** The uid of the object that a write is about. */
export function uidOfWrite(write: Put | Deleted): string {
  const object = write.kind === 'put' ? write.after : write.before;
  return object.metadata?.uid ?? '';
}
