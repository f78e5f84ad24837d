/**
 * A server of one kind of object that does what it is told: also what no good server does.
 *
 * It keeps objects and remembers changes as an API server does; `fail` says how it answers the next
 * requests instead. For tests of reflectors, informers and whatever uses them.
 */

import type { KubernetesObject } from '#apimachinery';
import type {
  ListerWatcher,
  ListOptions,
  ObjectList,
  Watch,
  WatchEvent,
  WatchOptions,
} from '#client';
import { ScriptedWatch } from './scripted-watch.ts';

/** How one request goes wrong. */
export type Fault =
  /** It is answered with this. */
  | { readonly reject: unknown }
  /** It is not answered until it is aborted. */
  | 'hang'
  /** It is answered when `answer` of the fault is called, and does not notice an abort. */
  | SlowAnswer
  /** The watch is granted, brings so many events that there are already, and then this happens. */
  | { readonly cutAfter: number; readonly by: Cut };

/** How a watch ends by itself: the server ends it, the connection breaks, or an `ERROR` event. */
export type Cut = 'end' | 'break' | { readonly error: object };

/** An answer that takes as long as a test says. */
export class SlowAnswer {
  answer = (): void => {};
  readonly given = new Promise<void>((resolve) => {
    this.answer = resolve;
  });
}

/** What a test may say about a server. */
export interface ScriptedServerOptions {
  /** Makes the error for a version that is too old: `newExpired`. */
  readonly expired: (message: string) => Error & { toStatus(): object };
  /** Does it heed `limit`? Absent: no, as a server with a watch cache does for version 0. */
  readonly paged?: boolean;
  /** Does it say that a watch's version is too old by an `ERROR` event instead of a refusal? */
  readonly tooOldByEvent?: boolean;
  /** The version it starts with; absent: 10. */
  readonly version?: number;
}

interface Change<T extends KubernetesObject> {
  readonly version: number;
  readonly event: WatchEvent<T>;
}

/** A page that can be asked for. */
interface NextPage<T> {
  readonly version: number;
  readonly rest: readonly T[];
}

/** A server of one kind of object. What it gives away is always a copy. */
export class ScriptedServer<T extends KubernetesObject> implements ListerWatcher<T> {
  /** What was asked: `list rv=0 limit=500`, `list continue=c1 limit=500`, `watch rv=10`. */
  readonly requests: string[] = [];
  /** What the watches were asked for with. */
  readonly watchOptions: WatchOptions[] = [];
  readonly #options: ScriptedServerOptions;
  readonly #objects = new Map<string, T>();
  readonly #faults = { list: [] as (Fault | undefined)[], watch: [] as (Fault | undefined)[] };
  readonly #pages = new Map<string, NextPage<T>>();
  readonly #watches = new Set<ScriptedWatch<T>>();
  #changes: Change<T>[] = [];
  #version: number;
  #forgottenBefore = 0;

  constructor(options: ScriptedServerOptions) {
    this.#options = options;
    this.#version = options.version ?? 10;
  }

  get version(): string {
    return String(this.#version);
  }

  /** What there is, by key. */
  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  /** How many watches have not ended and were not stopped. */
  get openWatches(): number {
    return [...this.#watches].filter((watch) => watch.isOpen).length;
  }

  /** Creates an object, or writes a new state of it. */
  put(object: T): void {
    const key = keyOfObject(object);
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED';
    const stored = this.#withVersion(object);
    this.#objects.set(key, stored);
    this.#record({ type, object: stored });
  }

  delete(key: string): void {
    const object = this.#objects.get(key);
    if (object === undefined) throw new Error(`the test deletes ${key}, which is not there`);
    this.#objects.delete(key);
    this.#record({ type: 'DELETED', object: this.#withVersion(object) });
  }

  /** Lets time pass for the server: things happen to other kinds of objects. */
  skipVersions(count: number): void {
    this.#version += count;
  }

  /** Tells open watches how far they have come. */
  bookmark(): void {
    const object = { metadata: { resourceVersion: this.version } };
    this.send({ type: 'BOOKMARK', object });
  }

  /** Sends this to open watches, whatever it is. */
  send(event: unknown): void {
    for (const watch of this.#watches) watch.send(structuredClone(event) as WatchEvent<T>);
  }

  /** Ends all open watches. */
  cut(by: Cut = 'end'): void {
    for (const watch of [...this.#watches]) watch.cut(by);
  }

  /** Forgets what happened until now: watches and pages from before are answered with 410. */
  forget(): void {
    this.#forgottenBefore = this.#version;
    this.#changes = [];
  }

  /** Says how the next requests of a kind are answered; `undefined` is as usual. */
  fail(verb: 'list' | 'watch', ...faults: readonly (Fault | undefined)[]): void {
    this.#faults[verb].push(...faults);
  }

  async list(options: ListOptions = {}): Promise<ObjectList<T>> {
    this.requests.push(`list ${describeList(options)}`);
    await this.#misbehave('list', options.signal);
    const page = this.#pageFor(options);
    const size = this.#options.paged ? options.limit || page.rest.length : page.rest.length;
    const rest = page.rest.slice(size);
    return structuredClone({
      items: page.rest.slice(0, size),
      metadata: {
        resourceVersion: String(page.version),
        ...(rest.length > 0 && { continue: this.#remember({ version: page.version, rest }) }),
      },
    });
  }

  async watch(options: WatchOptions = {}): Promise<Watch<T>> {
    const from = options.resourceVersion ?? '';
    this.requests.push(`watch rv=${from}`);
    const { signal, ...rest } = options;
    this.watchOptions.push(rest);
    const fault = await this.#misbehave('watch', signal);
    const watch = new ScriptedWatch<T>(fault instanceof SlowAnswer ? undefined : signal, (ended) =>
      this.#watches.delete(ended),
    );
    const events = this.#eventsFrom(from, watch);
    if (typeof fault === 'object' && 'cutAfter' in fault) {
      for (const event of events.slice(0, fault.cutAfter)) watch.send(event);
      watch.cut(fault.by);
      return watch;
    }
    for (const event of events) watch.send(event);
    if (watch.isOpen) this.#watches.add(watch);
    return watch;
  }

  #record(event: WatchEvent<T>): void {
    this.#changes.push({ version: this.#version, event });
    this.send(event);
  }

  #withVersion(object: T): T {
    this.#version++;
    const copy = structuredClone(object);
    copy.metadata = { ...copy.metadata, resourceVersion: this.version };
    return copy;
  }

  async #misbehave(verb: 'list' | 'watch', signal?: AbortSignal): Promise<Fault | undefined> {
    signal?.throwIfAborted();
    const fault = this.#faults[verb].shift();
    if (fault === undefined) return undefined;
    if (fault === 'hang') await untilAborted(signal);
    else if (fault instanceof SlowAnswer) await fault.given;
    else if ('reject' in fault) throw fault.reject;
    return fault;
  }

  #pageFor(options: ListOptions): NextPage<T> {
    if (!options.continue) return { version: this.#version, rest: [...this.#objects.values()] };
    const page = this.#pages.get(options.continue);
    if (page === undefined) throw new Error(`no page is called ${options.continue}`);
    if (options.resourceVersion) {
      throw new Error('specifying resource version is not allowed when using continue');
    }
    if (page.version >= this.#forgottenBefore) return page;
    throw this.#options.expired(
      'The provided continue parameter is too old to display a consistent list result.',
    );
  }

  #remember(page: NextPage<T>): string {
    const token = `c${this.#pages.size + 1}`;
    this.#pages.set(token, page);
    return token;
  }

  #eventsFrom(from: string, watch: ScriptedWatch<T>): WatchEvent<T>[] {
    if (from === '' || from === '0') {
      return [...this.#objects.values()].map((object) => ({ type: 'ADDED', object }) as const);
    }
    if (Number(from) >= this.#forgottenBefore) {
      const later = this.#changes.filter(({ version }) => version > Number(from));
      return later.map(({ event }) => structuredClone(event));
    }
    const error = this.#options.expired(`too old resource version: ${from} (${this.version})`);
    if (!this.#options.tooOldByEvent) throw error;
    watch.cut({ error: error.toStatus() });
    return [];
  }
}

function keyOfObject({ metadata }: KubernetesObject): string {
  return metadata?.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata?.name ?? '');
}

function describeList(options: ListOptions): string {
  const limit = options.limit ? ` limit=${options.limit}` : '';
  if (options.continue) return `continue=${options.continue}${limit}`;
  return `rv=${options.resourceVersion ?? ''}${limit}`;
}

function untilAborted(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
