/**
 * The autoscaler: every 15 seconds it looks at each HorizontalPodAutoscaler, measures its target, asks
 * `autoscaler.ts` how many pods there should be, and scales. Given.
 *
 * What its metrics are is `metrics.ts`; whom it can scale is `scale-targets.ts`.
 */

import type { HorizontalPodAutoscaler, MetricStatus } from 'kubernetes-types/autoscaling/v2.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { keyOf, parseSelector, Selector, timestamp } from '#apimachinery';
import {
  type EventRecorder,
  HORIZONTAL_POD_AUTOSCALERS,
  PODS,
  type RateLimiter,
  type ResourceType,
  type SharedInformer,
} from '#client';
import { ControlLoop, type ReconcileResult } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { finalState } from '../owners.ts';
import { highestProposal, limitReplicas, stabilize, type Wish } from './autoscaler.ts';
import { behaviorOf, remember, type ScalingHistory } from './behavior.ts';
import { POD_METRICS, type PodMetrics } from './measurements.ts';
import { type FailedMetric, type MeasuredMetric, measure } from './metrics.ts';
import { Pass, textOf } from './pass.ts';
import { groupOf, type Scale, ScaleTargets, type TargetReference } from './scale-targets.ts';

const NAME = 'horizontal-pod-autoscaler-controller';
/** Who its events are from. */
const COMPONENT = 'horizontal-pod-autoscaler';
/** How often each HPA is looked at, when nobody says otherwise. */
export const SYNC_PERIOD_MS = 15_000;

/**
 * Makes the controller that keeps HorizontalPodAutoscalers.
 *
 * @param syncPeriodMs - how often each HPA is looked at
 */
export function newHorizontalPodAutoscalerController(
  context: ControllerContext,
  syncPeriodMs = SYNC_PERIOD_MS,
): Controller {
  return new AutoscalerController(context, syncPeriodMs).loop;
}

/** After a failure as after anything else. */
function every(periodMs: number): RateLimiter<string> {
  return { when: () => periodMs, forget: () => {}, numRequeues: () => 1 };
}

const NO_HISTORY: ScalingHistory = { recommendations: [], scaleUps: [], scaleDowns: [] };

class AutoscalerController {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #syncPeriodMs: number;
  readonly #events: EventRecorder;
  readonly #hpas: SharedInformer<HorizontalPodAutoscaler>;
  readonly #pods: SharedInformer<Pod>;
  readonly #targets: ScaleTargets;
  readonly #histories = new Map<string, ScalingHistory>();
  /** Which pods each HPA looks at, as far as is known, so that no two look at the same. */
  readonly #selectors = new Map<string, Selector>();

  constructor(context: ControllerContext, syncPeriodMs: number) {
    this.#context = context;
    this.#syncPeriodMs = syncPeriodMs;
    const { informers, clock, log } = context;
    this.#events = context.recorder(COMPONENT);
    this.#hpas = informers.informer(HORIZONTAL_POD_AUTOSCALERS);
    this.#pods = informers.informer(PODS);
    this.#targets = new ScaleTargets(context);
    const informed = [this.#hpas, this.#pods, this.#targets];
    this.loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced: informed.map((one) => () => one.hasSynced()),
      rateLimiter: every(syncPeriodMs),
      reconcile: (key) => this.#reconcile(key),
    });
    this.#hpas.addEventHandler({
      onAdd: (hpa) => this.#enqueue(hpa),
      onUpdate: (_, hpa) => this.#enqueue(hpa),
      onDelete: (gone) => this.#selectors.delete(keyOf(finalState(gone))),
    });
  }

  #enqueue(hpa: HorizontalPodAutoscaler): void {
    const key = keyOf(hpa);
    if (!this.#selectors.has(key)) this.#selectors.set(key, Selector.nothing);
    // A change brings nothing forward: an HPA is looked at once in a period.
    this.loop.enqueueAfter(key, this.#syncPeriodMs);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const cached = this.#hpas.lister.get(key);
    if (!cached) {
      this.#histories.delete(key);
      return undefined;
    }
    const pass = new Pass(NAME, cached, this.#context, this.#events);
    await this.#sync(key, pass);
    return { requeueAfterMs: this.#syncPeriodMs };
  }

  async #sync(key: string, pass: Pass): Promise<void> {
    const { scaleTargetRef } = pass.spec;
    const reference = `${scaleTargetRef.kind}/${pass.namespace}/${scaleTargetRef.name}`;
    let type: ResourceType;
    let scale: Scale;
    try {
      type = this.#typeOf(scaleTargetRef);
      scale = await this.#targets.get(type, pass.namespace, scaleTargetRef.name);
    } catch (error) {
      const why = textOf(error);
      pass.tell('Warning', 'FailedGetScale', why);
      const message = `the HPA controller was unable to get the target's current scale: ${why}`;
      pass.setCondition('AbleToScale', 'False', 'FailedGetScale', message);
      await pass.trySaveStatus();
      throw new Error(`failed to query scale subresource for ${reference}: ${why}`);
    }
    const succeeded = "the HPA controller was able to get the target's current scale";
    pass.setCondition('AbleToScale', 'True', 'SucceededGetScale', succeeded);
    const current = scale.spec?.replicas ?? 0;
    if (!this.#histories.has(key)) {
      this.#remember(key, { recommendations: [{ replicas: current, atMs: pass.now }] });
    }
    const plan = await this.#plan(key, pass, scale);
    if (plan.replicas !== current) {
      await this.#rescale(key, pass, type, scale, plan, reference);
      pass.setStatus(current, plan.replicas, plan.metrics);
      pass.status.lastScaleTime = timestamp(this.#context.clock.now());
    } else pass.setStatus(current, current, plan.metrics);
    await pass.saveStatus();
    if (plan.failure) throw plan.failure;
  }

  #typeOf(reference: TargetReference): ResourceType {
    const type = this.#targets.find(reference);
    if (type) return type;
    const group = JSON.stringify(groupOf(reference.apiVersion ?? ''));
    throw new Error(`no matches for kind ${JSON.stringify(reference.kind)} in group ${group}`);
  }

  /** How many pods there shall be. */
  async #plan(key: string, pass: Pass, scale: Scale): Promise<Plan> {
    const current = scale.spec?.replicas ?? 0;
    const { minReplicas = 1, maxReplicas } = pass.spec;
    if (current === 0 && minReplicas !== 0) {
      const message = 'scaling is disabled since the replica count of the target is zero';
      pass.setCondition('ScalingActive', 'False', 'ScalingDisabled', message);
      return { replicas: 0 };
    }
    if (current > maxReplicas) {
      return { replicas: maxReplicas, reason: 'Current number of replicas above Spec.MaxReplicas' };
    }
    if (current < minReplicas) {
      return { replicas: minReplicas, reason: 'Current number of replicas below Spec.MinReplicas' };
    }
    const measured = await this.#measure(key, pass, scale);
    return this.#normalize(key, pass, current, measured);
  }

  async #measure(key: string, pass: Pass, scale: Scale): Promise<Measured> {
    const current = scale.spec?.replicas ?? 0;
    let statuses: MetricStatus[] | undefined;
    try {
      const selector = this.#selectorOf(key, pass, scale);
      const { failures, ...measured } = await this.#measureAll(pass, selector, current);
      statuses = measured.metrics;
      const failure = failureOf(failures, pass.spec.metrics?.length ?? 0);
      if (measured.best) {
        const message = `the HPA was able to successfully calculate a replica count from ${measured.best.metric}`;
        pass.setCondition('ScalingActive', 'True', 'ValidMetricFound', message);
        return { ...measured.best, metrics: measured.metrics, ...(failure && { failure }) };
      }
      const [first] = failures;
      const message = `the HPA was unable to compute the replica count: ${first?.message}`;
      pass.setCondition('ScalingActive', 'False', first?.reason ?? '', message);
      throw failure ?? new Error('there are no metrics');
    } catch (error) {
      pass.setStatus(current, pass.status.desiredReplicas, statuses);
      await pass.trySaveStatus();
      pass.tell('Warning', 'FailedComputeMetricsReplicas', textOf(error));
      const what = 'failed to compute desired number of replicas based on listed metrics';
      throw new Error(`${what} for ${key}: ${textOf(error)}`);
    }
  }

  async #measureAll(pass: Pass, selector: Selector, current: number) {
    const { namespace, now } = pass;
    const pods = this.#pods.lister
      .listNamespace(namespace)
      .filter(({ metadata }) => selector.matches(metadata?.labels));
    let listed: Promise<readonly PodMetrics[]> | undefined;
    const podMetrics = () => (listed ??= this.#podMetrics(namespace, selector));
    const sources = { namespace, pods, currentReplicas: current, now, podMetrics };
    const outcomes: (MeasuredMetric | FailedMetric)[] = [];
    for (const spec of pass.spec.metrics ?? []) {
      const outcome = await measure(spec, sources);
      if ('failure' in outcome) pass.tell('Warning', outcome.reason, outcome.message);
      outcomes.push(outcome);
    }
    const best = highestProposal(outcomes, current);
    const failures = outcomes.filter((one) => 'failure' in one);
    // One that failed leaves its place empty, so that the others keep theirs.
    const metrics = outcomes.map((one) => ('failure' in one ? { type: '' } : one.status));
    return { best, failures, metrics };
  }

  async #podMetrics(namespace: string, selector: Selector): Promise<readonly PodMetrics[]> {
    const options = { labelSelector: String(selector) };
    return (await this.#context.client.resource(POD_METRICS, namespace).list(options)).items;
  }

  /** The target's selector, when it has one that belongs to this HPA alone. */
  #selectorOf(key: string, pass: Pass, scale: Scale): Selector {
    const text = scale.status?.selector ?? '';
    const refuse = (reason: string, why: string, said = why, event = reason): Error => {
      pass.tell('Warning', event, why);
      pass.setCondition('ScalingActive', 'False', reason, said);
      return new Error(why);
    };
    if (text === '') {
      const said = "the HPA target's scale is missing a selector";
      throw refuse('InvalidSelector', 'selector is required', said, 'SelectorRequired');
    }
    let selector: Selector;
    try {
      selector = parseSelector(text);
    } catch (error) {
      const what = "couldn't convert selector into a corresponding internal selector object";
      throw refuse('InvalidSelector', `${what}: ${textOf(error)}`);
    }
    if (this.#selectors.has(key)) this.#selectors.set(key, selector);
    const others = this.#hpasOf(pass.namespace, selector);
    if (others.length <= 1) return selector;
    const why = `pods by selector ${text} are controlled by multiple HPAs: [${others.join(' ')}]`;
    throw refuse('AmbiguousSelector', why);
  }

  /** The keys of all HPAs that look at a pod that the selector matches. */
  #hpasOf(namespace: string, selector: Selector): string[] {
    const pods = this.#pods.lister
      .listNamespace(namespace)
      .filter(({ metadata }) => selector.matches(metadata?.labels));
    return [...this.#selectors]
      .filter(([key]) => key.startsWith(`${namespace}/`))
      .filter(([, one]) => pods.some(({ metadata }) => one.matches(metadata?.labels)))
      .map(([key]) => key)
      .sort();
  }

  #normalize(key: string, pass: Pass, current: number, measured: Measured): Plan {
    const { minReplicas = 1, maxReplicas } = pass.spec;
    const behavior = behaviorOf(pass.spec.behavior);
    const desired = measured.replicas;
    let reason = '';
    if (desired > current) reason = `${measured.metric} above target`;
    if (desired < current) reason = 'All metrics below target';
    const { recommendations, scaleUps, scaleDowns } = this.#histories.get(key) ?? NO_HISTORY;
    const wish: Wish = {
      currentReplicas: current,
      desiredReplicas: desired,
      behavior,
      now: pass.now,
    };
    const stable = stabilize(wish, recommendations);
    const recommendation = { replicas: desired, atMs: pass.now };
    this.#remember(key, { recommendations: remember(recommendations, recommendation) });
    pass.setCondition('AbleToScale', 'True', stable.reason, stable.message);
    const limited = limitReplicas(
      { ...wish, desiredReplicas: stable.replicas },
      { minReplicas, maxReplicas, scaleUps, scaleDowns },
    );
    const isLimited = limited.replicas !== stable.replicas;
    pass.setCondition(
      'ScalingLimited',
      isLimited ? 'True' : 'False',
      limited.reason,
      limited.message,
    );
    const { metrics, failure } = measured;
    return { replicas: limited.replicas, reason, metrics, ...(failure && { failure }) };
  }

  async #rescale(
    key: string,
    pass: Pass,
    type: ResourceType,
    scale: Scale,
    { replicas, reason, metrics }: Plan,
    reference: string,
  ): Promise<void> {
    const current = scale.spec?.replicas ?? 0;
    try {
      const spec = { ...scale.spec, replicas };
      await this.#targets.update(type, pass.namespace, { ...scale, spec });
    } catch (error) {
      const why = textOf(error);
      const event = `New size: ${replicas}; reason: ${reason}; error: ${why}`;
      pass.tell('Warning', 'FailedRescale', event);
      const message = `the HPA controller was unable to update the target scale: ${why}`;
      pass.setCondition('AbleToScale', 'False', 'FailedUpdateScale', message);
      pass.setStatus(current, pass.status.desiredReplicas, metrics);
      await pass.trySaveStatus();
      throw new Error(`failed to rescale ${reference}: ${why}`);
    }
    const message = `the HPA controller was able to update the target scale to ${replicas}`;
    pass.setCondition('AbleToScale', 'True', 'SucceededRescale', message);
    pass.tell('Normal', 'SuccessfulRescale', `New size: ${replicas}; reason: ${reason}`);
    if (!pass.spec.behavior) return;
    const { scaleUps, scaleDowns } = this.#histories.get(key) ?? NO_HISTORY;
    const event = { change: Math.abs(replicas - current), atMs: this.#context.clock.now() };
    if (replicas > current) this.#remember(key, { scaleUps: remember(scaleUps, event) });
    else this.#remember(key, { scaleDowns: remember(scaleDowns, event) });
  }

  #remember(key: string, news: Partial<ScalingHistory>): void {
    this.#histories.set(key, { ...NO_HISTORY, ...this.#histories.get(key), ...news });
  }
}

interface Plan {
  readonly replicas: number;
  /** Of the rescale, for people. */
  readonly reason?: string;
  readonly metrics?: MetricStatus[];
  /** What went wrong, although there is a plan. */
  readonly failure?: Error;
}

interface Measured {
  readonly replicas: number;
  readonly metric: string;
  readonly metrics: MetricStatus[];
  readonly failure?: Error;
}

function failureOf(failures: readonly FailedMetric[], count: number): Error | undefined {
  const [first] = failures;
  if (!first) return undefined;
  return new Error(
    `invalid metrics (${failures.length} invalid out of ${count}), first error is: ${first.failure.message}`,
  );
}
