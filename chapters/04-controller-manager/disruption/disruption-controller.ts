/**
 * The disruption controller: counts the pods of each PodDisruptionBudget, so that the API server knows
 * how many may be evicted. Given.
 *
 * What is counted, and what is made of it, is `disruption.ts`; what pods' controllers want is
 * `pod-scale.ts`.
 */

import type { Pod } from 'kubernetes-types/core/v1.js';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from 'kubernetes-types/policy/v1.js';
import {
  controllerOf,
  isConflict,
  type KubernetesObject,
  selectorFromObject,
  semanticallyEqual,
  timestamp,
} from '#apimachinery';
import {
  type EventRecorder,
  type EventType,
  POD_DISRUPTION_BUDGETS,
  PODS,
  type ResourceType,
  type SharedInformer,
} from '#client';
import { ControlLoop, type ReconcileResult } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { goText } from '../go-text.ts';
import { enqueueAll, finalState } from '../owners.ts';
import {
  budgetStatus,
  countHealthy,
  desiredHealthy,
  disruptionsOf,
  failedStatus,
  needsScale,
  staleDisruptionAfterMs,
} from './disruption.ts';
import { PodScales } from './pod-scale.ts';

const NAME = 'disruption-controller';
/** Who its events are from. */
const COMPONENT = 'controllermanager';
/** A budget that cannot be counted waits for its next change after so many failures. */
const MAX_RETRIES = 15;

/** Makes the controller that keeps PodDisruptionBudgets' status. */
export function newDisruptionController(context: ControllerContext): Controller {
  return new DisruptionController(context);
}

class DisruptionController implements Controller {
  readonly name = NAME;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #budgets: SharedInformer<PodDisruptionBudget>;
  readonly #pods: SharedInformer<Pod>;
  readonly #scales: PodScales;
  readonly #loop: ControlLoop;
  /** Of pods that were to be disrupted, and perhaps will not be. */
  readonly #stale: ControlLoop;

  constructor(context: ControllerContext) {
    this.#context = context;
    const { informers, clock, log } = context;
    this.#events = context.recorder(COMPONENT);
    this.#budgets = informers.informer(POD_DISRUPTION_BUDGETS);
    this.#pods = informers.informer(PODS);
    this.#scales = new PodScales(context);
    const informed = [this.#budgets, this.#pods, this.#scales];
    const synced = informed.map((one) => () => one.hasSynced());
    const common = { clock, log, synced };
    this.#loop = new ControlLoop({
      ...common,
      name: NAME,
      maxRetries: MAX_RETRIES,
      reconcile: (key) => this.#reconcile(key),
    });
    this.#stale = new ControlLoop({
      ...common,
      name: `${NAME}-stale-pods`,
      reconcile: (key) => this.#clearStale(key),
    });
    this.#listen();
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#loop.run(signal), this.#stale.run(signal)]);
  }

  #listen(): void {
    enqueueAll(this.#loop, this.#budgets);
    this.#pods.addEventHandler({
      onAdd: (pod) => this.#podChanged(pod),
      onUpdate: (old, pod) => {
        this.#podChanged(pod);
        // A pod that went from one budget to another is of interest to both.
        if (!semanticallyEqual(old.metadata?.labels, pod.metadata?.labels)) this.#enqueueFor(old);
      },
      onDelete: (gone) => this.#enqueueFor(finalState(gone)),
    });
  }

  #podChanged(pod: Pod): void {
    this.#enqueueFor(pod);
    const staleAfterMs = staleDisruptionAfterMs(pod, this.#context.clock.now());
    if (staleAfterMs !== undefined) this.#stale.enqueueAfter(pod, staleAfterMs);
  }

  #enqueueFor(pod: Pod): void {
    const { namespace = '', name, labels } = pod.metadata ?? {};
    const budgets = this.#budgets.lister
      .listNamespace(namespace)
      .filter(({ spec }) => selectorFromObject(spec?.selector).matches(labels));
    if (budgets.length > 1) {
      const chosen = budgets[0]?.metadata?.name;
      const message = `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose "${chosen}" arbitrarily.`;
      this.#tell(PODS, pod, 'Warning', 'MultiplePodDisruptionBudgets', message);
    }
    for (const budget of budgets) this.#loop.enqueue(budget);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const budget = this.#budgets.lister.get(key);
    if (!budget) return undefined;
    try {
      return await this.#sync(budget);
    } catch (error) {
      // Somebody was evicted meanwhile: then all is counted again.
      if (isConflict(error)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      await this.#writeStatus(budget, failedStatus(budget, why, this.#context.clock));
      throw error;
    }
  }

  async #sync(budget: PodDisruptionBudget): Promise<ReconcileResult | undefined> {
    const { clock } = this.#context;
    const { namespace = '', name } = budget.metadata ?? {};
    const selector = selectorFromObject(budget.spec?.selector);
    const pods = this.#pods.lister
      .listNamespace(namespace)
      .filter(({ metadata }) => selector.matches(metadata?.labels));
    if (pods.length === 0) this.#tellOf(budget, 'Normal', 'NoPods', 'No matching pods found');
    const expectedPods = await this.#expectedPods(budget, pods);
    const now = clock.now();
    const { pending, notDeleted, recheckAfterMs } = disruptionsOf(
      pods,
      budget.status?.disruptedPods,
      now,
    );
    for (const pod of notDeleted) {
      // Upstream says the namespace twice, and not the name.
      const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`;
      this.#tell(PODS, pod, 'Warning', 'NotDeleted', message);
    }
    const counts = {
      expectedPods,
      currentHealthy: countHealthy(pods, pending, now),
      desiredHealthy: desiredHealthy(budget, expectedPods),
      disruptedPods: pending,
    };
    await this.#writeStatus(budget, budgetStatus(budget, counts, clock));
    this.#context.log.debug('counted', { controller: NAME, budget: name, ...counts });
    return recheckAfterMs === undefined ? undefined : { requeueAfterMs: recheckAfterMs };
  }

  async #expectedPods(budget: PodDisruptionBudget, pods: readonly Pod[]): Promise<number> {
    if (!needsScale(budget)) return budget.spec?.minAvailable === undefined ? 0 : pods.length;
    const unmanaged = pods.filter((pod) => !controllerOf(pod));
    let expected: number;
    try {
      expected = await this.#scales.expected(pods);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `Failed to calculate the number of expected pods: ${why}`;
      this.#tellOf(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
      throw error;
    }
    if (unmanaged.length > 0) {
      const message =
        `Pods selected by this PodDisruptionBudget (selector: ${goText(budget.spec?.selector)}) were found ` +
        'to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. ' +
        'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.';
      this.#tellOf(budget, 'Warning', 'UnmanagedPods', message);
    }
    return expected;
  }

  async #writeStatus(
    budget: PodDisruptionBudget,
    status: PodDisruptionBudgetStatus,
  ): Promise<void> {
    if (semanticallyEqual(budget.status, status)) return;
    await this.#context.client
      .resource(POD_DISRUPTION_BUDGETS, budget.metadata?.namespace)
      .updateStatus({ ...budget, status });
  }

  async #clearStale(key: string): Promise<ReconcileResult | undefined> {
    const { client, clock } = this.#context;
    const pod = this.#pods.lister.get(key);
    const staleAfterMs = pod && staleDisruptionAfterMs(pod, clock.now());
    if (!pod || staleAfterMs === undefined) return undefined;
    if (staleAfterMs > 0) return { requeueAfterMs: staleAfterMs };
    const type = 'DisruptionTarget';
    const cleared = { type, status: 'False', lastTransitionTime: timestamp(clock.now()) };
    const conditions = pod.status?.conditions?.map((one) => (one.type === type ? cleared : one));
    await client
      .resource(PODS, pod.metadata?.namespace)
      .updateStatus({ ...pod, status: { ...pod.status, ...(conditions && { conditions }) } });
    return undefined;
  }

  #tellOf(budget: PodDisruptionBudget, type: EventType, reason: string, message: string): void {
    this.#tell(POD_DISRUPTION_BUDGETS, budget, type, reason, message);
  }

  #tell(
    type: ResourceType,
    object: KubernetesObject,
    eventType: EventType,
    reason: string,
    message: string,
  ): void {
    this.#events.event(type, object, eventType, reason, message);
  }
}
