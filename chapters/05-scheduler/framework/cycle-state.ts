/**
 * What plugins remember while one pod is scheduled. Given.
 *
 * A plugin counts in preFilter what it needs for the pod once, and looks it up for every node in
 * filter. The state is new for each attempt and goes with it.
 */

/** Names a value of type `T` in a cycle state. Made once for each plugin, with `newStateKey`. */
export interface StateKey<T> {
  readonly name: string;
  /** Never there: it only carries the type. */
  readonly type?: T;
}

/** Something that is copied with the state: preemption tries changes out on a copy. */
export interface StateData {
  clone(): StateData;
}

/** @param name - for messages, for example `PreFilterInterPodAffinity` */
export function newStateKey<T>(name: string): StateKey<T> {
  return { name };
}

/** The notes of one attempt to schedule one pod. */
export class CycleState {
  /** Filter plugins whose preFilter said `Skip`: their filter is not asked for this pod. */
  skipFilterPlugins: ReadonlySet<string> = new Set();
  /** Score plugins whose preScore said `Skip`: their score is not asked for this pod. */
  skipScorePlugins: ReadonlySet<string> = new Set();
  readonly #values = new Map<StateKey<unknown>, unknown>();

  /** @returns `undefined` when nobody wrote it in this attempt */
  read<T>(key: StateKey<T>): T | undefined {
    return this.#values.get(key) as T | undefined;
  }

  write<T>(key: StateKey<T>, value: T): void {
    this.#values.set(key, value);
  }

  delete(key: StateKey<unknown>): void {
    this.#values.delete(key);
  }

  /** A copy whose values can change without changing these: those with a `clone` are cloned. */
  clone(): CycleState {
    const copy = new CycleState();
    copy.skipFilterPlugins = this.skipFilterPlugins;
    copy.skipScorePlugins = this.skipScorePlugins;
    for (const [key, value] of this.#values) {
      copy.#values.set(key, isStateData(value) ? value.clone() : value);
    }
    return copy;
  }
}

function isStateData(value: unknown): value is StateData {
  return typeof (value as StateData | undefined)?.clone === 'function';
}
