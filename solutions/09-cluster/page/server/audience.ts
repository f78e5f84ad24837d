/**
 * Those who look, and what is done only while somebody does. Given.
 *
 * The first one starts the feed (`../feed.ts`); some time after the last one has left it stops, and
 * all that it knew is forgotten.
 */

import type { ServerResponse } from 'node:http';
import type { Timer } from '#apimachinery';
import { type FeedOptions, runFeed } from '../feed.ts';
import type { PageMessage } from '../messages.ts';
import { PageState } from '../page-state.ts';
import { beginStream } from './answers.ts';

/** So often pages are told what changed. */
const TELL_MS = 150;
/** A page that is loaded again finds everything still there. */
const LINGER_MS = 5000;
/** Shows both ends that the other is there. */
const SIGN_OF_LIFE_MS = 15_000;
/** A browser that reads more slowly is told nothing until it has caught up, and everything then. */
const UNREAD_BYTES = 1_000_000;

/** Somebody who looks. */
interface Viewer {
  readonly response: ServerResponse;
  /** Has what the state had when it was told last. */
  isCurrent: boolean;
}

/** What runs while somebody looks. */
interface Show {
  readonly state: PageState;
  readonly ending: AbortController;
  isSynced: boolean;
}

export class Audience {
  readonly #options: FeedOptions;
  readonly #viewers = new Set<Viewer>();
  #show: Show | undefined;
  #linger: Timer | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Somebody looks, until the connection ends. */
  add(response: ServerResponse): void {
    beginStream(response);
    const viewer: Viewer = { response, isCurrent: false };
    this.#viewers.add(viewer);
    this.#linger?.cancel();
    response.once('close', () => this.#leave(viewer));
    response.on('error', () => {});
    this.#show ??= this.#begin();
    this.#tellAll(this.#show, viewer);
  }

  /** Sends everybody away. */
  close(): void {
    this.#linger?.cancel();
    this.#show?.ending.abort();
    this.#show = undefined;
    for (const { response } of this.#viewers) response.end();
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0 || this.#show === undefined) return;
    this.#linger = this.#options.clock.after(LINGER_MS, () => {
      this.#show?.ending.abort();
      this.#show = undefined;
    });
  }

  #begin(): Show {
    const { clock, log } = this.#options;
    const show: Show = { state: new PageState(), ending: new AbortController(), isSynced: false };
    const { signal } = show.ending;
    const onSynced = (): void => {
      show.isSynced = true;
      show.state.takeChanges(clock.now());
      for (const viewer of this.#viewers) this.#tellAll(show, viewer);
    };
    runFeed(show.state, this.#options, onSynced, signal).catch((error: unknown) =>
      log.error('page: nothing more will be told', { error }),
    );
    this.#every(TELL_MS, signal, () => this.#tellChanges(show));
    this.#every(SIGN_OF_LIFE_MS, signal, () => {
      for (const { response } of this.#viewers) response.write(':\n\n');
    });
    return show;
  }

  #every(ms: number, signal: AbortSignal, work: () => void): void {
    this.#options.clock.after(ms, () => {
      if (signal.aborted) return;
      work();
      this.#every(ms, signal, work);
    });
  }

  #tellAll({ state, isSynced }: Show, viewer: Viewer): void {
    if (!isSynced) return;
    viewer.isCurrent = true;
    viewer.response.write(textOf(state.whole(this.#options.clock.now())));
  }

  #tellChanges(show: Show): void {
    if (!show.isSynced) return;
    const changes = show.state.takeChanges(this.#options.clock.now());
    const text = changes && textOf(changes);
    for (const viewer of this.#viewers) {
      const { response, isCurrent } = viewer;
      if (!isCurrent) {
        if (response.writableLength === 0) this.#tellAll(show, viewer);
      } else if (text !== undefined) {
        if (response.writableLength > UNREAD_BYTES) viewer.isCurrent = false;
        else response.write(text);
      }
    }
  }
}

function textOf(message: PageMessage): string {
  return `data: ${JSON.stringify(message)}\n\n`;
}
