/**
 * How fast an autoscaler may go: an HPA's `behavior`, and what is remembered for it. Given.
 *
 * What is made of it is `autoscaler.ts`.
 *
 * @see pkg/apis/autoscaling/v2/defaults.go, pkg/controller/podautoscaler/horizontal.go (1.33)
 */

import type {
  HorizontalPodAutoscalerBehavior,
  HPAScalingPolicy,
  HPAScalingRules,
} from 'kubernetes-types/autoscaling/v2.js';

/** By this much a ratio may differ from 1 and nothing happens. */
export const TOLERANCE = 0.1;
/** So long after a pod's start its use of the processor may be that of its start. */
export const CPU_INITIALIZATION_PERIOD_MS = 5 * 60 * 1000;
/** A pod that is not ready since so soon after its start has never been ready. */
export const INITIAL_READINESS_DELAY_MS = 30 * 1000;
/** How long a higher recommendation holds, when the HPA does not say. */
export const DOWNSCALE_STABILIZATION_SECONDS = 5 * 60;

/** One direction's rules, with nothing left out. */
export interface ScalingRules {
  readonly stabilizationWindowSeconds: number;
  /** `Max`, `Min` or `Disabled`. */
  readonly selectPolicy: string;
  /** Each has a `type` (`Pods` or `Percent`), a `value` and `periodSeconds`. */
  readonly policies: readonly HPAScalingPolicy[];
}

/** Both directions' rules. */
export interface Behavior {
  readonly scaleUp: ScalingRules;
  readonly scaleDown: ScalingRules;
}

/** How many pods there should have been at a time. */
export interface Recommendation {
  readonly replicas: number;
  /** In milliseconds since 1970. */
  readonly atMs: number;
}

/** That the number of pods was changed. */
export interface ScaleEvent {
  /** By how many; more than 0, up or down. */
  readonly change: number;
  readonly atMs: number;
}

/** What is remembered of one autoscaler; a controller that starts anew remembers nothing. */
export interface ScalingHistory {
  readonly recommendations: readonly Recommendation[];
  readonly scaleUps: readonly ScaleEvent[];
  readonly scaleDowns: readonly ScaleEvent[];
}

const SCALE_UP: ScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const SCALE_DOWN: ScalingRules = {
  stabilizationWindowSeconds: DOWNSCALE_STABILIZATION_SECONDS,
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

/** An HPA's behavior with the defaults; `undefined` when it has none, which is not the same. */
export function behaviorOf(
  behavior: HorizontalPodAutoscalerBehavior | undefined,
): Behavior | undefined {
  if (!behavior) return undefined;
  return {
    scaleUp: withDefaults(behavior.scaleUp, SCALE_UP),
    scaleDown: withDefaults(behavior.scaleDown, SCALE_DOWN),
  };
}

function withDefaults(rules: HPAScalingRules | undefined, defaults: ScalingRules): ScalingRules {
  const { stabilizationWindowSeconds, selectPolicy, policies } = rules ?? {};
  return {
    stabilizationWindowSeconds: stabilizationWindowSeconds ?? defaults.stabilizationWindowSeconds,
    selectPolicy: selectPolicy ?? defaults.selectPolicy,
    policies: policies ?? defaults.policies,
  };
}

/** No window may be longer than an hour, no period longer than half of that. */
const LONGEST_MS = 60 * 60 * 1000;

/** Puts an entry behind the others, and forgets what nobody can ask for any more. */
export function remember<T extends { readonly atMs: number }>(
  entries: readonly T[],
  entry: T,
): readonly T[] {
  return [...entries.filter(({ atMs }) => atMs >= entry.atMs - LONGEST_MS), entry];
}

/** A number of pods, and what to say of it. */
export interface ScalingVerdict {
  readonly replicas: number;
  /** Of a condition, as its message. */
  readonly reason: string;
  readonly message: string;
}

const MESSAGES = {
  ReadyForNewScale: 'recommended size matches current size',
  ScaleUpStabilized:
    'recent recommendations were lower than current one, applying the lowest recent recommendation',
  ScaleDownStabilized:
    'recent recommendations were higher than current one, applying the highest recent recommendation',
  DesiredWithinRange: 'the desired count is within the acceptable range',
  TooFewReplicas: 'the desired replica count is less than the minimum replica count',
  TooManyReplicas: 'the desired replica count is more than the maximum replica count',
  ScaleUpLimit: 'the desired replica count is increasing faster than the maximum scale rate',
  ScaleDownLimit: 'the desired replica count is decreasing faster than the maximum scale rate',
};

/** A verdict with the reason's message. */
export function verdict(replicas: number, reason: keyof typeof MESSAGES): ScalingVerdict {
  return { replicas, reason, message: MESSAGES[reason] };
}
