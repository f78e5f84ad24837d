/**
 * Whether a proxy keeps up: what `/healthz` and `/livez` of kube-proxy answer. Given.
 *
 * @see kubernetes 1.33 pkg/proxy/healthcheck/proxy_health.go
 */

import type { Clock, Node } from '#apimachinery';
import type { IpFamily } from '../services/service-port.ts';
import type { HealthAnswer } from './service-health.ts';

/** A taint of the cluster autoscaler on a node that is about to go. */
const TO_BE_DELETED_TAINT = 'ToBeDeletedByClusterAutoscaler';

/** Notes what is to be written and what has been. */
export class ProxyHealth {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #queued = new Map<IpFamily, number>();
  #lastUpdated = 0;
  #isEligible = true;

  /** @param timeoutMs - for how long a change may wait to be written */
  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Something waits to be written; what waits longest counts. */
  queued(family: IpFamily): void {
    if (!this.#queued.has(family)) this.#queued.set(family, this.#clock.monotonic());
  }

  /** All of a family has been written. */
  updated(family: IpFamily): void {
    this.#queued.delete(family);
    this.#lastUpdated = this.#clock.now();
  }

  /** What is known of this node; `undefined`: it is gone. */
  syncNode(node: Node | undefined): void {
    const taints = node?.spec?.taints ?? [];
    const isLeaving =
      node === undefined ||
      node.metadata?.deletionTimestamp !== undefined ||
      taints.some(({ key }) => key === TO_BE_DELETED_TAINT);
    this.#isEligible = !isLeaving;
  }

  isHealthy(): boolean {
    const now = this.#clock.monotonic();
    return [...this.#queued.values()].every((since) => now - since < this.#timeoutMs);
  }

  /** @param path - `/livez` does not care whether the node is about to go */
  answer(path: '/healthz' | '/livez'): HealthAnswer {
    const isHealthy = this.isHealthy();
    const isGood = path === '/livez' ? isHealthy : isHealthy && this.#isEligible;
    const now = this.#clock.now();
    const facts = {
      lastUpdated: new Date(isHealthy ? now : this.#lastUpdated).toISOString(),
      currentTime: new Date(now).toISOString(),
      ...(path === '/healthz' && { nodeEligible: this.#isEligible }),
    };
    return {
      status: isGood ? 200 : 503,
      headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' },
      body: JSON.stringify(facts),
    };
  }
}
