/**
 * What a Job's `podFailurePolicy` says of a pod that failed. Given.
 *
 * @see pkg/controller/job/pod_failure_policy.go (1.33)
 */

import type {
  Job,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
} from 'kubernetes-types/batch/v1.js';
import type { ContainerStatus, Pod } from 'kubernetes-types/core/v1.js';

/** What becomes of it. */
export interface FailureRuling {
  /** `FailJob`, `FailIndex`, `Ignore` or `Count`; `undefined` when no rule is about it. */
  readonly action?: string;
  /** Why the rule is about it, as the Job's condition says it. */
  readonly message?: string;
}

/** Asks the rules in turn; the first that is about this failure rules. */
export function failureRuling({ spec }: Job, pod: Pod): FailureRuling {
  for (const [i, rule] of (spec?.podFailurePolicy?.rules ?? []).entries()) {
    const why = reasonOf(rule, pod);
    if (why !== undefined) {
      const message = `${why} matching ${rule.action} rule at index ${i}`;
      return { action: rule.action, message };
    }
  }
  return {};
}

/** Does a failed pod count towards the limits? */
export function countsAsFailure(job: Job, pod: Pod): boolean {
  return failureRuling(job, pod).action !== 'Ignore';
}

/** Why a pod that failed fails the whole Job; `undefined` when it does not. */
export function failJobMessage(job: Job, pod: Pod): string | undefined {
  const { action, message } = failureRuling(job, pod);
  return action === 'FailJob' ? message : undefined;
}

function reasonOf(rule: PodFailurePolicyRule, pod: Pod): string | undefined {
  const name = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
  if (rule.onExitCodes) {
    const failed = failedContainer(pod, rule.onExitCodes);
    const code = failed?.state?.terminated?.exitCode;
    return failed && `Container ${failed.name} for pod ${name} failed with exit code ${code}`;
  }
  const condition = pod.status?.conditions?.find(({ type, status }) =>
    rule.onPodConditions?.some((pattern) => pattern.type === type && pattern.status === status),
  );
  return condition && `Pod ${name} has condition ${condition.type}`;
}

function failedContainer(
  { status }: Pod,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
): ContainerStatus | undefined {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return all.find(({ name, state }) => {
    const code = state?.terminated?.exitCode ?? 0;
    if (code === 0 || (containerName !== undefined && containerName !== name)) return false;
    return values.includes(code) === (operator === 'In');
  });
}
