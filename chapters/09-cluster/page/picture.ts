/**
 * What a browser knows of the cluster: messages put together. Given. Pure; the same in a test.
 *
 * Pictures are never changed; what a message does not speak of is the same object in the next one, so
 * that only what changed is drawn again.
 */

import type {
  Changes,
  EventView,
  NodeView,
  PageMessage,
  PodView,
  ServiceView,
  StoreChange,
  WriteView,
} from './messages.ts';

/** Everything at one moment. */
export interface Picture {
  /** By name. */
  readonly nodes: readonly NodeView[];
  readonly pods: ReadonlyMap<string, PodView>;
  /** By node, under `''` those without one; in each by key. */
  readonly podsByNode: ReadonlyMap<string, readonly PodView[]>;
  readonly services: readonly ServiceView[];
  /** The newest first. */
  readonly events: readonly EventView[];
  readonly store: StorePicture;
}

/** What is known of the store. */
export interface StorePicture {
  readonly revision: number;
  /** The newest first. */
  readonly writes: readonly WriteView[];
  /** How many writes in which second since the epoch, the newest at the end. */
  readonly rates: readonly { readonly second: number; readonly count: number }[];
}

const EVENTS_KEPT = 500;
const WRITES_KEPT = 200;
/** So many seconds of rates are kept. */
export const RATE_SECONDS = 60;

export const EMPTY_PICTURE: Picture = {
  nodes: [],
  pods: new Map(),
  podsByNode: new Map(),
  services: [],
  events: [],
  store: { revision: 0, writes: [], rates: [] },
};

/** Numbers in names count: `node-10` is behind `node-9`. */
const order = new Intl.Collator('en', { numeric: true });
const byKey = (one: { key: string }, other: { key: string }): number =>
  order.compare(one.key, other.key);

/** The picture after a message. */
export function applyMessage(before: Picture, message: PageMessage): Picture {
  // How fast writes came is worth keeping through a new connection.
  const picture: Picture = message.isWhole
    ? { ...EMPTY_PICTURE, store: { ...EMPTY_PICTURE.store, rates: before.store.rates } }
    : before;
  const { nodes, pods, services, events, store } = message;
  return {
    ...picture,
    ...(nodes && { nodes: applyTo(picture.nodes, nodes, byKey) }),
    ...(pods && withPods(picture, pods)),
    ...(services && { services: applyTo(picture.services, services, byKey) }),
    ...(events && {
      events: applyTo(picture.events, events, (one, other) => other.at - one.at).slice(
        0,
        EVENTS_KEPT,
      ),
    }),
    ...(store && { store: withStore(picture.store, store) }),
  };
}

/** Writes a second over the last ten, as it was at a moment. @param now - milliseconds */
export function writeRate({ rates }: StorePicture, now: number): number {
  const second = Math.floor(now / 1000);
  const last = rates.filter((one) => one.second > second - 10 && one.second <= second);
  return last.reduce((sum, { count }) => sum + count, 0) / 10;
}

function applyTo<V extends { key: string }>(
  views: readonly V[],
  { put, gone }: Changes<V>,
  compare: (one: V, other: V) => number,
): V[] {
  const all = new Map(views.map((view) => [view.key, view]));
  for (const key of gone) all.delete(key);
  for (const view of put) all.set(view.key, view);
  return [...all.values()].sort(compare);
}

function withPods(
  before: Pick<Picture, 'pods' | 'podsByNode'>,
  { put, gone }: Changes<PodView>,
): Pick<Picture, 'pods' | 'podsByNode'> {
  const pods = new Map(before.pods);
  const changed = new Map<string, PodView[]>();
  const note = (pod: PodView | undefined): void => {
    if (pod) changed.set(pod.node, []);
  };
  for (const key of gone) {
    note(pods.get(key));
    pods.delete(key);
  }
  for (const pod of put) {
    note(pods.get(pod.key));
    note(pod);
    pods.set(pod.key, pod);
  }
  for (const pod of pods.values()) changed.get(pod.node)?.push(pod);
  const podsByNode = new Map(before.podsByNode);
  for (const [node, list] of changed) {
    if (list.length === 0) podsByNode.delete(node);
    else podsByNode.set(node, list.sort(byKey));
  }
  return { pods, podsByNode };
}

function withStore(before: StorePicture, change: StoreChange): StorePicture {
  const second = Math.floor(change.at / 1000);
  const last = before.rates.at(-1);
  const rates =
    last?.second === second
      ? [...before.rates.slice(0, -1), { second, count: last.count + change.count }]
      : [...before.rates, { second, count: change.count }];
  return {
    revision: change.revision,
    writes: [...[...change.writes].reverse(), ...before.writes].slice(0, WRITES_KEPT),
    rates: rates.filter((one) => one.second > second - RATE_SECONDS),
  };
}
