/** How a node is emptied: options, what came of it, and its errors. Given. */

import { type Clock, keyOf, type Pod } from '#apimachinery';
import { type Client, PODS } from '#client';
import { goDuration } from '#scheduler';

/** The annotation of a pod that a kubelet has from a file. */
export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';
/** How long after a refusal an eviction is tried again. */
export const EVICTION_RETRY_MS = 5000;

/** As the flags of `kubectl drain`; `--ignore-daemonsets` is always set. */
export interface DrainOptions {
  /** Also pods that nobody makes again. */
  readonly force?: boolean;
  /** Also pods with data that goes with them. */
  readonly deleteEmptyDirData?: boolean;
  /** Absent: what the pod says. */
  readonly gracePeriodSeconds?: number;
  /** Absent: for ever. */
  readonly timeoutMs?: number;
}

/** What would be done to a node's pods. */
export interface DrainPlan {
  readonly evict: readonly Pod[];
  /** Why it cannot be done; empty when it can. */
  readonly refusals: readonly string[];
}

/** Where a node is. */
export interface NodeWorld {
  readonly client: Client;
  readonly clock: Clock;
}

/** A node that could not be emptied; it stays cordoned. */
export class DrainError extends Error {
  override readonly name = 'DrainError';
  readonly reasons: readonly string[];

  /** The message is the only reason, or `[REASON, REASON]`. */
  constructor(reasons: readonly string[]) {
    super(reasons.length === 1 ? reasons[0] : `[${reasons.join(', ')}]`);
    this.reasons = reasons;
  }
}

/**
 * Puts verdicts on pods together.
 *
 * @param verdictOn - `stay`, `evict`, or why the node cannot be drained
 * @returns pods in their order; a refusal for each text, in the order of their first pods: `cannot delete
 * TEXT: NAMESPACE/NAME, NAMESPACE/NAME`. Since one of the texts begins with `cannot delete` itself, those
 * words are then there twice, as in kubectl 1.33
 */
export function planDrain(pods: readonly Pod[], verdictOn: (pod: Pod) => string): DrainPlan {
  const evict: Pod[] = [];
  const refused = new Map<string, string[]>();
  for (const pod of pods) {
    const verdict = verdictOn(pod);
    if (verdict === 'evict') evict.push(pod);
    else if (verdict !== 'stay') {
      refused.set(verdict, [...(refused.get(verdict) ?? []), keyOf(pod)]);
    }
  }
  const refusals = [...refused].map(([text, keys]) => `cannot delete ${text}: ${keys.join(', ')}`);
  return { evict, refusals };
}

/**
 * Asks whether a pod may go: creates its subresource `eviction`, a `policy/v1` `Eviction` with the pod's
 * name and namespace, and `deleteOptions.gracePeriodSeconds` if that was said.
 *
 * @throws what the API server refused: 429 when a budget does not allow it, 404 when it is gone
 */
export async function evict(
  client: Client,
  { metadata }: Pod,
  { gracePeriodSeconds }: Pick<DrainOptions, 'gracePeriodSeconds'>,
): Promise<void> {
  const { name, namespace } = metadata ?? {};
  const eviction = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    ...(gracePeriodSeconds !== undefined && { deleteOptions: { gracePeriodSeconds } }),
  };
  await client.resource(PODS, namespace).create(eviction as Pod, { subresource: 'eviction' });
}

/** @returns `error when evicting pods/"NAME" -n "NAMESPACE": MESSAGE` */
export function evictionFault({ metadata }: Pod, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `error when evicting pods/"${metadata?.name}" -n "${metadata?.namespace}": ${message}`;
}

/**
 * @param isGoing - it was evicted, or was being deleted
 * @returns `error when waiting for pod "NAME" in namespace "NAMESPACE" to terminate: context deadline
 * exceeded` when it is going, else the {@link evictionFault} `global timeout reached: 1m30s`
 */
export function timeoutFault(pod: Pod, isGoing: boolean, timeoutMs: number): string {
  const { name, namespace } = pod.metadata ?? {};
  if (!isGoing) return evictionFault(pod, `global timeout reached: ${goDuration(timeoutMs)}`);
  return `error when waiting for pod "${name}" in namespace "${namespace}" to terminate: context deadline exceeded`;
}
