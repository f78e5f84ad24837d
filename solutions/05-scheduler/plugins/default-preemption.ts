/** The plugin DefaultPreemption: makes room for a pod that fits nowhere. Given; who goes is `preemption/preemption.ts`. */

import { findCondition, isNotFound, keyOf, newNotFound, type Pod, timestamp } from '#apimachinery';
import { POD_DISRUPTION_BUDGETS, PODS } from '#client';
import { FitError, newDiagnosis } from '../cycle/fit-error.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { Handle } from '../framework/handle.ts';
import type { EnqueueExtensions, PostFilterPlugin, PostFilterResult } from '../framework/plugin.ts';
import { podInfoOf } from '../framework/pod-info.ts';
import { Status } from '../framework/status.ts';
import { podPriority } from '../preemption/pod-priority.ts';
import {
  type Candidate,
  type CandidateLimits,
  calculateNumCandidates,
  type DryRun,
  dryRunPreemption,
  nodesWherePreemptionMightHelp,
  pickOneCandidate,
  whyNotEligible,
} from '../preemption/preemption.ts';

/** Arguments of the plugin. */
export type DefaultPreemptionArgs = Partial<CandidateLimits>;

/** What is tried unless the arguments say otherwise. */
export const DEFAULT_PREEMPTION_ARGS: CandidateLimits = {
  minCandidateNodesPercentage: 10,
  minCandidateNodesAbsolute: 100,
};

const NAME = 'DefaultPreemption';
const NOT_HELPFUL = new Status('UnschedulableAndUnresolvable', [
  'Preemption is not helpful for scheduling',
]);

/**
 * Makes the plugin.
 *
 * @throws Error when a limit is out of its range, or both are 0
 */
export function newDefaultPreemption(
  args: unknown,
  handle: Handle,
): PostFilterPlugin & EnqueueExtensions {
  const limits = { ...DEFAULT_PREEMPTION_ARGS, ...(args as DefaultPreemptionArgs | undefined) };
  checkLimits(limits);
  const plugin = new DefaultPreemption(limits, handle);
  // Both informers must be there before the factory starts.
  handle.informers.informer(PODS);
  handle.informers.informer(POD_DISRUPTION_BUDGETS);
  return {
    name: NAME,
    postFilter: async (state, { pod }, rejected) => {
      const outcome = await plugin.preempt(state, pod, rejected);
      const { status } = outcome;
      if (!status?.message) return outcome;
      const text = `preemption: ${status.message}`;
      return { ...outcome, status: new Status(status.code, [text], NAME, status.error) };
    },
    // It never keeps a pod waiting: whoever refused the pod knows what helps.
    eventsToRegister: () => [],
  };
}

function checkLimits(limits: CandidateLimits): void {
  const { minCandidateNodesPercentage: share, minCandidateNodesAbsolute: least } = limits;
  if (!(share >= 0 && share <= 100)) {
    throw new Error(
      `minCandidateNodesPercentage: Invalid value: ${share}: not in valid range [0, 100]`,
    );
  }
  if (!(least >= 0)) {
    throw new Error(
      `minCandidateNodesAbsolute: Invalid value: ${least}: not in valid range [0, inf)`,
    );
  }
  if (share === 0 && least === 0) {
    throw new Error(
      'minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as minCandidateNodesAbsolute',
    );
  }
}

/** Decides, then acts: victims are deleted before the pod is promised the node. */
class DefaultPreemption {
  readonly #limits: CandidateLimits;
  readonly #handle: Handle;

  constructor(limits: CandidateLimits, handle: Handle) {
    this.#limits = limits;
    this.#handle = handle;
  }

  async preempt(
    state: CycleState,
    tried: Pod,
    rejected: ReadonlyMap<string, Status>,
  ): Promise<PostFilterResult> {
    const { informers, snapshot } = this.#handle;
    const pod = informers.informer(PODS).lister.get(keyOf(tried));
    if (!pod) {
      const gone = newNotFound({ group: '', resource: 'pod' }, tried.metadata?.name ?? '');
      return { status: Status.ofError(gone) };
    }
    const promised = pod.status?.nominatedNodeName ?? '';
    const why = whyNotEligible(pod, snapshot.get(promised), rejected.get(promised));
    if (why !== undefined) return { status: new Status('Unschedulable', [why]) };
    const found = this.#findCandidates(state, pod, rejected);
    if (found instanceof Status) return { status: found };
    const best = pickOneCandidate(found.candidates);
    if (!best) {
      const diagnosis = newDiagnosis({ ...found, absentNodesStatus: NOT_HELPFUL });
      const { message } = new FitError(pod, snapshot.nodes.length, diagnosis);
      // The empty name takes an earlier promise back: it did not help.
      return { nominatedNodeName: '', status: new Status('Unschedulable', [message]) };
    }
    const failure = await this.#makeRoom(best, pod);
    return failure ? { status: failure } : { nominatedNodeName: best.nodeName };
  }

  #findCandidates(
    state: CycleState,
    pod: Pod,
    rejected: ReadonlyMap<string, Status>,
  ): { candidates: readonly Candidate[]; nodeStatuses: ReadonlyMap<string, Status> } | Status {
    const { snapshot, filters, nominations, informers, random } = this.#handle;
    const nodes = nodesWherePreemptionMightHelp(snapshot.nodes, rejected);
    if (nodes.length === 0) return { candidates: [], nodeStatuses: new Map() };
    const budgets = informers.informer(POD_DISRUPTION_BUDGETS).lister.list();
    const dryRun: DryRun = { filters, nominations, budgets };
    const enough = calculateNumCandidates(nodes.length, this.#limits);
    const offset = random.int(nodes.length);
    const outcome = dryRunPreemption(dryRun, state, podInfoOf(pod), nodes, offset, enough);
    if (outcome.candidates.length > 0) return outcome;
    const failed = [...outcome.nodeStatuses.values()].find(({ code }) => code === 'Error');
    return failed ?? outcome;
  }

  /** @returns what failed; the pod then is tried again later */
  async #makeRoom({ nodeName, victims }: Candidate, pod: Pod): Promise<Status | undefined> {
    const staying = victims.pods.filter(({ metadata }) => !metadata?.deletionTimestamp);
    const done = await Promise.allSettled(
      staying.map((victim) => this.#preemptPod(victim, pod, nodeName)),
    );
    const failed = done.find((one) => one.status === 'rejected');
    if (failed) return Status.ofError(failed.reason);
    await this.#clearLowerNominations(pod, nodeName);
    return undefined;
  }

  async #preemptPod(victim: Pod, pod: Pod, nodeName: string): Promise<void> {
    const { waitingPods, recorder } = this.#handle;
    const waiting = waitingPods.get(victim.metadata?.uid ?? '');
    if (waiting) {
      waiting.reject(NAME, 'preempted');
    } else {
      try {
        await this.#evict(victim, pod);
      } catch (error) {
        // Gone already is as good.
        if (isNotFound(error)) return;
        throw error;
      }
    }
    const text = `Preempted by pod ${pod.metadata?.uid} on node ${nodeName}`;
    recorder.event(PODS, victim, 'Normal', 'Preempted', text);
  }

  /** The condition first: once the pod is going, people should see why. */
  async #evict(victim: Pod, pod: Pod): Promise<void> {
    const { client, clock } = this.#handle;
    const { name = '', namespace = '' } = victim.metadata ?? {};
    const pods = client.resource(PODS, namespace);
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: `${pod.spec?.schedulerName}: preempting to accommodate a higher priority pod`,
    };
    const before = findCondition(victim.status?.conditions, condition.type);
    const isThere =
      before?.status === condition.status &&
      before.reason === condition.reason &&
      before.message === condition.message;
    if (!isThere) {
      const since = before?.status === 'True' ? before.lastTransitionTime : undefined;
      const lastTransitionTime = since ?? timestamp(clock.now());
      const patch = { status: { conditions: [{ ...condition, lastTransitionTime }] } };
      await pods.patch(name, 'strategic-merge-patch', patch, { subresource: 'status' });
    }
    await pods.delete(name);
  }

  /** Less important pods that were promised this node look for another. */
  async #clearLowerNominations(pod: Pod, nodeName: string): Promise<void> {
    const { client, nominations, log } = this.#handle;
    for (const other of nominations.podsOn(nodeName)) {
      if (podPriority(other.pod) >= podPriority(pod)) continue;
      const { metadata, status } = other.pod;
      if (!status?.nominatedNodeName) continue;
      const patch = { status: { nominatedNodeName: null } };
      try {
        await client
          .resource(PODS, metadata?.namespace ?? '')
          .patch(metadata?.name ?? '', 'strategic-merge-patch', patch, { subresource: 'status' });
      } catch (error) {
        // It only looks for another place later than it could.
        log.warn("Cannot clear 'NominatedNodeName' field", { pod: keyOf(other.pod), error });
      }
    }
  }
}
