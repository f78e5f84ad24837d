/**
 * One look at one HPA: its status as it becomes, and what is told of it. Given.
 *
 * What is looked at, and what comes of it, is `autoscaler-controller.ts`.
 */

import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerStatus,
  MetricStatus,
} from 'kubernetes-types/autoscaling/v2.js';
import { deepCopy, semanticallyEqual, timestamp } from '#apimachinery';
import { type EventRecorder, type EventType, HORIZONTAL_POD_AUTOSCALERS } from '#client';
import type { ControllerContext } from '../controller.ts';

/** Begins with the status as it is; nothing is written before `saveStatus`. */
export class Pass {
  readonly namespace: string;
  readonly spec: NonNullable<HorizontalPodAutoscaler['spec']>;
  readonly now: number;
  status: HorizontalPodAutoscalerStatus;
  readonly #controller: string;
  readonly #hpa: HorizontalPodAutoscaler;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;

  constructor(
    controller: string,
    hpa: HorizontalPodAutoscaler,
    context: ControllerContext,
    events: EventRecorder,
  ) {
    this.#controller = controller;
    this.#hpa = hpa;
    this.#context = context;
    this.#events = events;
    this.namespace = hpa.metadata?.namespace ?? '';
    this.spec = hpa.spec ?? { maxReplicas: 0, scaleTargetRef: { kind: '', name: '' } };
    this.now = context.clock.now();
    this.status = deepCopy(hpa.status ?? { desiredReplicas: 0 });
  }

  tell(type: EventType, reason: string, message: string): void {
    this.#events.event(HORIZONTAL_POD_AUTOSCALERS, this.#hpa, type, reason, message);
  }

  /** Another status is a transition; another reason or message is not. */
  setCondition(type: string, status: string, reason: string, message: string): void {
    const conditions = [...(this.status.conditions ?? [])];
    const position = conditions.findIndex((one) => one.type === type);
    const before = conditions[position];
    const now = timestamp(this.#context.clock.now());
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now;
    const next = { type, status, reason, message, lastTransitionTime };
    if (before) conditions[position] = next;
    else conditions.push(next);
    this.status = { ...this.status, conditions };
  }

  setStatus(currentReplicas: number, desiredReplicas: number, metrics?: MetricStatus[]): void {
    const { lastScaleTime, conditions } = this.status;
    this.status = {
      ...(lastScaleTime !== undefined && { lastScaleTime }),
      currentReplicas,
      desiredReplicas,
      ...(metrics && { currentMetrics: metrics }),
      ...(conditions && { conditions }),
    };
  }

  /** Writes the status if it is another. */
  async saveStatus(): Promise<void> {
    if (semanticallyEqual(this.#hpa.status, this.status)) return;
    const { client } = this.#context;
    try {
      await client
        .resource(HORIZONTAL_POD_AUTOSCALERS, this.namespace)
        .updateStatus({ ...this.#hpa, status: this.status });
    } catch (error) {
      this.tell('Warning', 'FailedUpdateStatus', textOf(error));
      const name = this.#hpa.metadata?.name;
      throw new Error(`failed to update status for ${name}: ${textOf(error)}`);
    }
  }

  /** The same, when something worse has happened already. */
  async trySaveStatus(): Promise<void> {
    await this.saveStatus().catch((error: unknown) => {
      this.#context.log.warn('the status was not written', { controller: this.#controller, error });
    });
  }
}

/** What an error says. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
