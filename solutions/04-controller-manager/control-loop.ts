/** CONTRACT of exercise controller-manager/control-loop (its owner writes it out). */
import type { Clock, KubernetesObject, Logger } from '#apimachinery';
import type { RateLimiter } from '#client';
import type { Controller } from './controller.ts';

/** Makes one object right. Throwing means: try again later, later each time. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult | undefined | void>;

export interface ReconcileResult {
  /** Look again after so long, although nothing went wrong. */
  readonly requeueAfterMs?: number;
}

export interface ControlLoopOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reconcile: Reconcile;
  /** Work begins when all of these say true. */
  readonly synced: readonly (() => boolean)[];
  /** How many keys are worked on at once; absent: 5. */
  readonly workers?: number;
  readonly rateLimiter?: RateLimiter<string>;
  /** After so many failures in a row a key waits for its next change; absent: never. */
  readonly maxRetries?: number;
}

export declare class ControlLoop implements Controller {
  readonly name: string;
  constructor(options: ControlLoopOptions);
  /** @param object - or its key, `namespace/name` */
  enqueue(object: KubernetesObject | string): void;
  enqueueAfter(object: KubernetesObject | string, ms: number): void;
  run(signal: AbortSignal): Promise<void>;
}
