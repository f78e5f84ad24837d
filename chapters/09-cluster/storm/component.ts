/** A program of the cluster that can crash and be started again, on a computer with its own clock. */

import type { Logger, Random, Timer } from '#apimachinery';
import { type Client, newRestClient } from '#client';
import type { Identity } from '../assembly/identity.ts';
import type { Link } from './link.ts';
import { Loss } from './loss.ts';
import type { SkewedClock } from './skewed-clock.ts';

/** What a program that runs has. */
export interface Life {
  readonly clock: SkewedClock;
  readonly random: Random;
  readonly log: Logger;
  readonly clientAs: (user: Identity) => Client;
}

/** What a component is made with. */
export interface ComponentOptions {
  readonly name: string;
  readonly clock: SkewedClock;
  readonly random: Random;
  readonly log: Logger;
  readonly link: Link;
  /** Runs the program until the signal aborts. */
  readonly run: (life: Life, signal: AbortSignal) => Promise<void>;
  /** A program that ends by itself, or fails, is a bug of its own. */
  readonly onEnd: (name: string, why: unknown) => void;
}

/** After a program ended by itself it is started again, as a supervisor does. */
const RESTART_MS = 10_000;

/** One program. */
export class Component {
  readonly name: string;
  readonly #options: ComponentOptions;
  #stop: AbortController | undefined;
  #restart: Timer | undefined;

  constructor(options: ComponentOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#stop !== undefined;
  }

  get clock(): SkewedClock {
    return this.#options.clock;
  }

  get link(): Link {
    return this.#options.link;
  }

  start(): void {
    if (this.#stop) return;
    const stop = new AbortController();
    this.#stop = stop;
    const { name, clock, random, log, link, run, onEnd } = this.#options;
    const dead = new Loss();
    stop.signal.addEventListener('abort', () => dead.happen(), { once: true });
    const clientAs = (user: Identity): Client =>
      newRestClient({
        transport: link.transport(user, dead),
        server: 'https://kubernetes.default.svc',
        clock,
        log,
        userAgent: user.name,
      });
    const ended = (why: unknown): void => {
      if (stop.signal.aborted) return;
      onEnd(name, why);
      this.crash();
      this.#restart = clock.after(RESTART_MS, () => this.start());
    };
    run({ clock, random, log, clientAs }, stop.signal).then(() => ended('it ended'), ended);
  }

  /** It is gone in the middle of whatever it did; nobody hears of it again. */
  crash(): void {
    this.#restart?.cancel();
    this.#stop?.abort();
    this.#stop = undefined;
  }
}
