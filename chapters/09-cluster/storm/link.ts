/**
 * The line between a component and the API server, and what may be wrong with it.
 *
 * It belongs to the component's computer: a component that is started again has the same one.
 */

import type { Random } from '#apimachinery';
import type { Answer, ApiServer, Incoming } from '#apiserver/testing';
import type { Transport } from '#client';
import type { Identity } from '../assembly/identity.ts';
import { Loss } from './loss.ts';
import type { Recorder } from './recorder.ts';
import type { SkewedClock } from './skewed-clock.ts';

/** The API server that is reached now. */
export interface Upstream {
  /** Absent: nobody listens there. */
  readonly server: ApiServer | undefined;
  /** Comes when the server crashes. */
  readonly lost: Loss;
}

/** What a link is made with. */
export interface LinkOptions {
  readonly clock: SkewedClock;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly upstream: () => Upstream;
}

/** So long who gets no answer at all waits for one. */
const SILENCE_MS = 10_000;

/** A line. */
export class Link {
  readonly #options: LinkOptions;
  #isCut = false;
  #holds = false;
  /** Resolves when watches may go on. */
  #open: Promise<void> = Promise.resolve();
  #release = (): void => {};
  readonly #watches = new Set<(why: Error) => void>();
  #broken = new Loss();
  /** How many of a hundred answers to writes get lost. */
  lostAnswers = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Nothing gets through any more, and nobody is told; until `heal`. */
  cut(): void {
    this.#isCut = true;
    this.#broken.happen();
    this.#broken = new Loss();
    this.hold();
  }

  heal(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    this.breakWatches();
    this.release();
  }

  /** From now on watches say nothing; until `release`. */
  hold(): void {
    if (this.#holds) return;
    this.#holds = true;
    this.#open = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    if (this.#isCut) return;
    this.#holds = false;
    this.#release();
  }

  /** Ends all watches as a lost connection does. */
  breakWatches(): void {
    for (const end of [...this.#watches]) end(reset());
  }

  /** @param dead - comes when who asks crashes */
  transport(user: Identity, dead: Loss): Transport {
    const { recorder, upstream, clock, random } = this.#options;
    return async (url, init = {}) => {
      const { pathname, search } = new URL(url);
      if (dead.hasHappened) throw reset();
      if (this.#isCut) {
        await clock.sleep(SILENCE_MS, init.signal ?? undefined);
        throw connectionError('ETIMEDOUT');
      }
      const { server, lost } = upstream();
      if (server === undefined) throw connectionError('ECONNREFUSED');
      const { method = 'GET' } = init;
      noteAsker(recorder, user, method, pathname);
      const losses = [dead, lost, this.#broken];
      const answer = await firstOf(losses, ask(server, user, `${pathname}${search}`, init));
      if (method !== 'GET' && this.lostAnswers > 0 && random.int(100) < this.lostAnswers) {
        throw reset();
      }
      const { status, headers, body } = answer;
      const isStream = body instanceof ReadableStream;
      return new Response(isStream ? this.#watched(body, [dead, lost]) : body, { status, headers });
    };
  }

  /** The same events, but none while watches are held. */
  #watched(
    events: ReadableStream<Uint8Array>,
    losses: readonly Loss[],
  ): ReadableStream<Uint8Array> {
    const reader = events.getReader();
    let end = (_why: Error): void => {};
    const forget = (): void => {
      this.#watches.delete(end);
      for (const loss of losses) loss.forget(onLost);
    };
    const onLost = (): void => end(reset());
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          end = (why) => {
            forget();
            controller.error(why);
            reader.cancel(why).catch(() => {});
          };
          this.#watches.add(end);
          for (const loss of losses) loss.tell(onLost);
        },
        pull: async (controller) => {
          const { value, done } = await reader.read();
          while (this.#holds) await this.#open;
          if (!this.#watches.has(end)) return;
          if (value) controller.enqueue(value);
          if (!done) return;
          forget();
          controller.close();
        },
        cancel: async (why) => {
          forget();
          await reader.cancel(why);
        },
      },
      { highWaterMark: 0 },
    );
  }
}

function reset(): Error {
  return connectionError('ECONNRESET');
}

function connectionError(code: string): Error {
  return Object.assign(new TypeError('fetch failed'), { code });
}

const POD = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)(\/eviction)?$/;

function noteAsker(recorder: Recorder, { name: by }: Identity, method: string, path: string): void {
  if (method !== 'DELETE' && method !== 'POST') return;
  const [, namespace = '', name = '', eviction] = POD.exec(path) ?? [];
  if (name === '' || (method === 'POST' && eviction === undefined)) return;
  recorder.asked(namespace, name, { by, eviction: eviction !== undefined });
}

/** Asks without a `Request`, which costs more than most requests. */
async function ask(
  server: ApiServer,
  { name, groups }: Identity,
  target: string,
  { method = 'GET', headers = {}, body, signal }: RequestInit,
): Promise<Answer> {
  const given = new Map(
    Object.entries(headers as Readonly<Record<string, string>>).map(([key, value]) => [
      key.toLowerCase(),
      value,
    ]),
  );
  const incoming: Incoming = {
    method,
    signal: signal ?? NEVER,
    headers: {
      get: (key) => given.get(key.toLowerCase()) ?? null,
      forEach: (each) => given.forEach(each),
    },
    arrayBuffer: async () => encoder.encode(String(body ?? '')).buffer as ArrayBuffer,
  };
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  const answer = await server.handle(
    incoming,
    { path: decodeURIComponent(path), query },
    {
      rawTarget: target,
      peerCertificates: [
        {
          commonName: name,
          organizations: groups,
          notBefore: 0,
          notAfter: Number.POSITIVE_INFINITY,
          forClients: true,
        },
      ],
      remoteAddress: '127.0.0.1',
      secure: true,
      trusted: false,
    },
  );
  if ('accept' in answer) throw new Error(`${target} answers with another protocol`);
  return answer;
}

const encoder = new TextEncoder();
const NEVER = new AbortController().signal;

/** @throws as a connection that breaks, when it is lost first */
function firstOf<T>(losses: readonly Loss[], answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onLost = (): void => reject(reset());
    for (const loss of losses) loss.tell(onLost);
    answer.then(resolve, reject).finally(() => {
      for (const loss of losses) loss.forget(onLost);
    });
  });
}
