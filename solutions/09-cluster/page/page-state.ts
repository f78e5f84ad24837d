/**
 * What the page is told: made of what informers and the store say. Given. Pure.
 *
 * Who feeds it is `feed.ts`. Objects become small views (`views/`), and of those only what changed
 * goes out.
 */

import type { Event, Service } from 'kubernetes-types/core/v1.js';
import { keyOf, type Node, type Pod } from '#apimachinery';
import type {
  EventView,
  NodeView,
  PageMessage,
  PodView,
  ServiceView,
  StoreChange,
  WriteView,
} from './messages.ts';
import { ViewSet } from './view-set.ts';
import { eventView } from './views/event-view.ts';
import { nodeView } from './views/node-view.ts';
import { podView } from './views/pod-view.ts';
import { serviceView } from './views/service-view.ts';

/** So many events a page that was just opened is told of. */
export const EVENTS_TOLD = 200;
/** So many writes it is told of, and so many of those between two messages. */
export const WRITES_TOLD = 50;

/** All that a page can know. */
export class PageState {
  readonly #nodes = new ViewSet<NodeView>();
  readonly #pods = new ViewSet<PodView>();
  readonly #services = new ViewSet<ServiceView>();
  readonly #events = new ViewSet<EventView>();
  #revision = 0;
  /** The last ones ever, the newest at the end. */
  #writes: WriteView[] = [];
  #newWrites = 0;
  #isRevisionNew = false;

  putNode(node: Node): void {
    this.#nodes.put(nodeView(node));
  }

  dropNode(node: Node): void {
    this.#nodes.drop(keyOf(node));
  }

  putPod(pod: Pod): void {
    this.#pods.put(podView(pod));
  }

  dropPod(pod: Pod): void {
    this.#pods.drop(keyOf(pod));
  }

  putService(service: Service): void {
    this.#services.put(serviceView(service));
  }

  dropService(service: Service): void {
    this.#services.drop(keyOf(service));
  }

  putEvent(event: Event): void {
    this.#events.put(eventView(event));
  }

  dropEvent(event: Event): void {
    this.#events.drop(keyOf(event));
  }

  /** The store is at a revision, after these writes. */
  noteWrites(revision: number, writes: readonly WriteView[]): void {
    this.#isRevisionNew ||= revision !== this.#revision;
    this.#revision = revision;
    this.#newWrites += writes.length;
    this.#writes = [...this.#writes, ...writes.slice(-WRITES_TOLD)].slice(-WRITES_TOLD);
  }

  /**
   * Everything, for a page that was just opened.
   *
   * @param at - milliseconds since the epoch
   */
  whole(at: number): PageMessage {
    const events = this.#events.list().sort((one, other) => one.at - other.at);
    return {
      isWhole: true,
      nodes: { put: this.#nodes.list(), gone: [] },
      pods: { put: this.#pods.list(), gone: [] },
      services: { put: this.#services.list(), gone: [] },
      events: { put: events.slice(-EVENTS_TOLD), gone: [] },
      store: { revision: this.#revision, count: 0, at, writes: this.#writes },
    };
  }

  /**
   * What changed since the last call, for pages that have all from before; `undefined` when nothing did.
   *
   * @param at - milliseconds since the epoch
   */
  takeChanges(at: number): PageMessage | undefined {
    const nodes = this.#nodes.take();
    const pods = this.#pods.take();
    const services = this.#services.take();
    const events = this.#events.take();
    const store = this.#takeStore(at);
    if (!nodes && !pods && !services && !events && !store) return undefined;
    return {
      isWhole: false,
      ...(nodes && { nodes }),
      ...(pods && { pods }),
      ...(services && { services }),
      ...(events && { events }),
      ...(store && { store }),
    };
  }

  #takeStore(at: number): StoreChange | undefined {
    const count = this.#newWrites;
    if (count === 0 && !this.#isRevisionNew) return undefined;
    this.#newWrites = 0;
    this.#isRevisionNew = false;
    const writes = count === 0 ? [] : this.#writes.slice(-count);
    return { revision: this.#revision, count, at, writes };
  }
}
