/** One container of the runtime, in the words of the API. Given. */

import type { ContainerState, ContainerStatus } from 'kubernetes-types/core/v1.js';
import { timestamp } from '#apimachinery';
import type { RuntimeContainer } from '../runtime/pod-runtime-status.ts';

/** The status of a container by what the runtime says of it; whether it is ready others know. */
export function apiContainerStatus(container: RuntimeContainer): ContainerStatus {
  return {
    name: container.name,
    state: apiContainerState(container),
    lastState: {},
    ready: false,
    restartCount: container.restartCount,
    image: container.image,
    imageID: container.imageRef,
    containerID: container.id,
  };
}

/** `created` waits, `unknown` counts as ended: it may have, and nobody saw it. */
export function apiContainerState(container: RuntimeContainer): ContainerState {
  const { phase, startedAt, finishedAt, exitCode, reason, message, id } = container;
  if (phase === 'running') return { running: { startedAt: timestamp(startedAt) } };
  if (phase === 'created') return { waiting: {} };
  const terminated = {
    exitCode: phase === 'unknown' ? 137 : exitCode,
    reason: phase === 'unknown' ? 'ContainerStatusUnknown' : reason,
    ...(message && { message }),
    startedAt: startedAt === 0 ? undefined : timestamp(startedAt),
    finishedAt: finishedAt === 0 ? undefined : timestamp(finishedAt),
    containerID: id,
  };
  return { terminated: withoutUndefined(terminated) };
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
