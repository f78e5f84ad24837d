/** The computer of the API server: the server crashes, and is started again until it comes up. */

import { type Clock, type Logger, type Random, silentLogger } from '#apimachinery';
import { type ApiServer, newStore, newTestServer } from '#apiserver/testing';
import type { Upstream } from './link.ts';
import { Loss } from './loss.ts';
import { SkewedClock } from './skewed-clock.ts';
import type { StoreHost } from './store-host.ts';

/** What it is made from. */
export interface ApiHostOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Logger;
  readonly store: StoreHost;
}

/** A supervisor waits so long before it tries again. */
const RETRY_MS = 2000;

/** Holds the API server. */
export class ApiHost {
  readonly clock: SkewedClock;
  readonly #options: ApiHostOptions;
  #server: ApiServer | undefined;
  #lost = new Loss();
  #isWanted = false;

  constructor(options: ApiHostOptions) {
    this.#options = options;
    this.clock = new SkewedClock(options.clock);
  }

  get upstream(): Upstream {
    return { server: this.#server, lost: this.#lost };
  }

  get isUp(): boolean {
    return this.#server !== undefined;
  }

  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    void this.#keepTrying(this.#lost);
  }

  async #keepTrying(lost: Loss): Promise<void> {
    const { random, store, log = silentLogger } = this.#options;
    const { clock } = this;
    const crashed = new AbortController();
    lost.tell(() => crashed.abort());
    while (!lost.hasHappened) {
      const server = newTestServer({
        clock,
        random,
        log,
        store: newStore(store.client, clock),
        serviceClusterIpRange: '10.96.0.0/12',
        authorizationModes: ['Node', 'RBAC'],
        systemObjects: 'all',
      });
      try {
        await server.start(crashed.signal);
        if (!lost.hasHappened) this.#server = server;
        return;
      } catch (error) {
        if (lost.hasHappened) return;
        log.warn('the API server does not start', { error });
        void server.stop();
      }
      await clock.sleep(RETRY_MS, crashed.signal).catch(() => {});
    }
  }

  crash(): void {
    const server = this.#server;
    this.#isWanted = false;
    this.#server = undefined;
    this.#lost.happen();
    this.#lost = new Loss();
    void server?.stop();
  }
}
