/** Writes pods' statuses to the API server, one after another for each pod. Given. */

import type { PodStatus } from 'kubernetes-types/core/v1.js';
import {
  type Clock,
  isConflict,
  isForbidden,
  isNotFound,
  type Logger,
  type Pod,
  semanticallyEqual,
  timestamp,
} from '#apimachinery';
import { type Client, PODS } from '#client';
import { KUBELET_CONDITIONS } from './conditions.ts';
import { mergePodStatus } from './status.ts';

const RETRY_MS = 5000;

interface Held {
  pod: Pod;
  status: PodStatus;
  /** The patch that was written last, as text. */
  written: string;
  isWriting: boolean;
  isDirty: boolean;
  /** Nothing of it runs any more and nothing is left behind: it may be deleted. */
  isDone: boolean;
  retry: { cancel(): void } | undefined;
}

/** What the manager needs. */
export interface StatusManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  /** The pod that stands for a static pod in the API; other pods stand for themselves. */
  readonly apiPodOf: (pod: Pod) => Pod | undefined;
}

/** @see pkg/kubelet/status/status_manager.go (1.33) */
export class StatusManager {
  readonly #options: StatusManagerOptions;
  readonly #held = new Map<string, Held>();
  readonly #writes = new Set<Promise<void>>();
  #isStopped = false;

  constructor(options: StatusManagerOptions) {
    this.#options = options;
  }

  /** What is said of a pod: by this kubelet, else by the API. */
  statusOf(pod: Pod): PodStatus {
    return this.#held.get(pod.metadata?.uid ?? '')?.status ?? pod.status ?? {};
  }

  get(uid: string): PodStatus | undefined {
    return this.#held.get(uid)?.status;
  }

  /**
   * @param isRunning - may one of its containers still run?
   * @returns the status as it is now said
   */
  set(pod: Pod, next: PodStatus, isRunning: boolean): PodStatus {
    const uid = pod.metadata?.uid ?? '';
    const known = this.statusOf(pod);
    const base = { ...known, conditions: conditionsFrom(known, pod.status ?? {}) };
    const status = mergePodStatus(base, next, isRunning, timestamp(this.#options.clock.now()));
    const held = this.#held.get(uid);
    if (held) Object.assign(held, { pod, status });
    else {
      this.#held.set(uid, {
        pod,
        status,
        written: '',
        isWriting: false,
        isDirty: false,
        isDone: false,
        retry: undefined,
      });
    }
    this.#write(uid);
    return status;
  }

  /** Nothing of the pod is left on the node: if it is being deleted, it may go. */
  done(pod: Pod): void {
    const held = this.#held.get(pod.metadata?.uid ?? '');
    if (!held) return;
    held.pod = pod;
    held.isDone = true;
    this.#write(pod.metadata?.uid ?? '');
  }

  /** Takes the newest version of a pod; writes again if somebody else wrote over its status. */
  observe(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    const held = this.#held.get(uid);
    if (!held) return;
    held.pod = pod;
    if (held.isDone && pod.metadata?.deletionTimestamp !== undefined) this.#write(uid);
    if (held.isWriting || held.written === '') return;
    if (semanticallyEqual(ownOf(pod.status ?? {}), ownOf(held.status))) return;
    if (held.retry) return;
    held.retry = this.#options.clock.after(RETRY_MS, () => {
      held.retry = undefined;
      const isOther = !semanticallyEqual(ownOf(held.pod.status ?? {}), ownOf(held.status));
      if (isOther) held.written = '';
      this.#write(uid);
    });
  }

  forget(uid: string): void {
    this.#held.get(uid)?.retry?.cancel();
    this.#held.delete(uid);
  }

  /** Resolves when what is under way has been written. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { retry } of this.#held.values()) retry?.cancel();
    await Promise.all(this.#writes);
  }

  #write(uid: string): void {
    const held = this.#held.get(uid);
    if (!held || this.#isStopped) return;
    held.isDirty = true;
    if (held.isWriting) return;
    held.isWriting = true;
    const work = this.#writeAll(uid, held).finally(() => {
      this.#writes.delete(work);
      // What was refused does not count for what was said meanwhile.
      if (held.isDirty && !held.isWriting && !held.retry) this.#write(uid);
    });
    this.#writes.add(work);
  }

  async #writeAll(uid: string, held: Held): Promise<void> {
    await Promise.resolve();
    try {
      while (held.isDirty && !this.#isStopped) {
        held.isDirty = false;
        await this.#writeOne(held);
      }
    } catch (error) {
      // A pod that is gone is forbidden to nodes: who it belonged to is not known any more.
      if (isNotFound(error) || isForbidden(error) || isConflict(error)) return;
      this.#options.log.warn('cannot write the status of a pod', { uid, error });
      if (this.#isStopped || held.retry) return;
      held.retry = this.#options.clock.after(RETRY_MS, () => {
        held.retry = undefined;
        this.#write(uid);
      });
    } finally {
      // In the same turn as the last look: whoever comes later has to begin anew.
      held.isWriting = false;
    }
  }

  async #writeOne(held: Held): Promise<void> {
    const { client, apiPodOf } = this.#options;
    const pod = apiPodOf(held.pod);
    const { name, namespace, uid } = pod?.metadata ?? {};
    if (!pod || !name || !uid) return;
    const pods = client.resource(PODS, namespace);
    const patch = { metadata: { uid }, status: patchOf(held.status) };
    const text = JSON.stringify(patch);
    if (text !== held.written) {
      await pods.patch(name, 'strategic-merge-patch', patch, { subresource: 'status' });
      held.written = text;
    }
    const isDeleted = pod.metadata?.deletionTimestamp !== undefined;
    if (!held.isDone || !isDeleted || isMirror(pod)) return;
    await pods.delete(name, { gracePeriodSeconds: 0, preconditions: { uid } });
  }
}

function isMirror({ metadata }: Pod): boolean {
  return metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined;
}

/**
 * What others have no business to change, and do: a controller says that a pod is not ready when its
 * node is silent, and nobody but the kubelet takes that back.
 */
function ownOf({ containerStatuses, phase, conditions = [] }: PodStatus): object {
  const said = conditions
    .filter(({ type }) => KUBELET_CONDITIONS.includes(type))
    .map(({ type, status }) => `${type}=${status}`);
  return { containerStatuses, phase, said: said.sort() };
}

/** Others' conditions as the API has them, the kubelet's own as it said them. */
function conditionsFrom(known: PodStatus, api: PodStatus): PodStatus['conditions'] {
  const isOwn = ({ type }: { type: string }) => KUBELET_CONDITIONS.includes(type);
  return [
    ...(api.conditions ?? []).filter((one) => !isOwn(one)),
    ...(known.conditions ?? []).filter(isOwn),
  ];
}

/** Only what is the kubelet's; what it does not say is taken away. */
function patchOf(status: PodStatus): object {
  const { conditions = [], podIPs = [], hostIPs = [], reason, message, ...rest } = status;
  const whole = <T>(list: readonly T[]): unknown[] => [...list, { $patch: 'replace' }];
  return {
    ...rest,
    reason: reason ?? null,
    message: message ?? null,
    conditions: conditions.filter(
      ({ type }) => KUBELET_CONDITIONS.includes(type) || type === 'DisruptionTarget',
    ),
    ...(podIPs.length > 0 && { podIPs: whole(podIPs) }),
    ...(hostIPs.length > 0 && { hostIPs: whole(hostIPs) }),
  };
}
