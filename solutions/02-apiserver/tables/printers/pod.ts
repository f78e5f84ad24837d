/**
 * A pod's row: of many containers' states one word that says what matters. Given.
 *
 * @see pkg/printers/internalversion/printers.go (1.33), printPod
 */

import type { ContainerStatus, Pod, PodCondition } from 'kubernetes-types/core/v1.js';
import { isConditionTrue } from '#apimachinery';
import { age } from '../age.ts';
import { definePrinter, type RowCondition } from '../table-convertor.ts';

/** What is found out on the way through the containers. */
export interface PodSummary {
  reason: string;
  restarts: number;
  /** RFC 3339; empty: never. */
  lastRestart: string;
  ready: number;
}

/** What `kubectl get pods` says of a pod in one word, with its restarts and ready containers. */
export function podSummary(pod: Pod): PodSummary {
  const { status = {}, metadata } = pod;
  const conditions = status.conditions ?? [];
  const isGated = conditions.some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  );
  const reason = isGated ? 'SchedulingGated' : status.reason || (status.phase ?? '');
  const init = initSummary(pod, reason);
  const isInitialized = isConditionTrue(conditions, 'Initialized');
  const summary =
    init.isInitializing && !isInitialized
      ? init
      : mainSummary(status.containerStatuses ?? [], conditions, init);
  if (metadata?.deletionTimestamp === undefined) return summary;
  if (status.reason === 'NodeLost') return { ...summary, reason: 'Unknown' };
  const isOver = status.phase === 'Succeeded' || status.phase === 'Failed';
  return isOver ? summary : { ...summary, reason: 'Terminating' };
}

interface InitSummary extends PodSummary {
  isInitializing: boolean;
  sidecarRestarts: number;
  lastSidecarRestart: string;
}

/** Init containers run one after the other: the first that is not done says how far it is. */
function initSummary(pod: Pod, reason: string): InitSummary {
  const containers = pod.spec?.initContainers ?? [];
  const sidecars = new Set(
    containers.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  );
  const summary: InitSummary = {
    reason,
    restarts: 0,
    lastRestart: '',
    ready: 0,
    isInitializing: false,
    sidecarRestarts: 0,
    lastSidecarRestart: '',
  };
  for (const [index, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const isSidecar = sidecars.has(container.name);
    countRestarts(summary, container, isSidecar);
    if (container.state?.terminated?.exitCode === 0) continue;
    if (isSidecar && container.started) {
      if (container.ready) summary.ready += 1;
      continue;
    }
    summary.reason = `Init:${initReason(container) ?? `${index}/${containers.length}`}`;
    summary.isInitializing = true;
    break;
  }
  return summary;
}

function countRestarts(summary: InitSummary, container: ContainerStatus, isSidecar: boolean): void {
  summary.restarts += container.restartCount;
  summary.lastRestart = later(summary.lastRestart, container);
  if (!isSidecar) return;
  summary.sidecarRestarts += container.restartCount;
  summary.lastSidecarRestart = later(summary.lastSidecarRestart, container);
}

function later(time: string, { lastState }: ContainerStatus): string {
  const finished = lastState?.terminated?.finishedAt ?? '';
  return finished > time ? finished : time;
}

function initReason({ state }: ContainerStatus): string | undefined {
  if (state?.terminated) return terminatedReason(state.terminated);
  const waiting = state?.waiting?.reason;
  return waiting && waiting !== 'PodInitializing' ? waiting : undefined;
}

function terminatedReason({
  reason,
  signal,
  exitCode,
}: {
  reason?: string;
  signal?: number;
  exitCode: number;
}): string {
  if (reason) return reason;
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

/** The first container that has something to say says it. */
function mainSummary(
  containers: readonly ContainerStatus[],
  conditions: readonly PodCondition[],
  init: InitSummary,
): PodSummary {
  const summary: PodSummary = {
    // A pod that is initialized again after its sandbox was lost still says so.
    reason: init.reason,
    restarts: init.sidecarRestarts,
    lastRestart: init.lastSidecarRestart,
    ready: init.ready,
  };
  let isRunning = false;
  for (const container of [...containers].reverse()) {
    const { state, ready } = container;
    summary.restarts += container.restartCount;
    summary.lastRestart = later(summary.lastRestart, container);
    if (state?.waiting?.reason) summary.reason = state.waiting.reason;
    else if (state?.terminated) summary.reason = terminatedReason(state.terminated);
    else if (ready && state?.running) {
      isRunning = true;
      summary.ready += 1;
    }
  }
  if (summary.reason !== 'Completed' || !isRunning) return summary;
  return { ...summary, reason: isConditionTrue(conditions, 'Ready') ? 'Running' : 'NotReady' };
}

/** How many of the pod's readiness gates are open: `1/2`. */
function readinessGates({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const open = gates.filter(({ conditionType }) =>
    isConditionTrue(status?.conditions, conditionType),
  );
  return `${open.length}/${gates.length}`;
}

function cells(pod: Pod, nowMs: number): (string | number)[] {
  const { metadata, spec, status } = pod;
  const { reason, restarts, lastRestart, ready } = podSummary(pod);
  const sidecars = (spec?.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === 'Always',
  );
  const when = restarts > 0 && lastRestart !== '' ? ` (${age(lastRestart, nowMs)} ago)` : '';
  return [
    metadata?.name ?? '',
    `${ready}/${(spec?.containers ?? []).length + sidecars.length}`,
    reason,
    `${restarts}${when}`,
    age(metadata?.creationTimestamp, nowMs),
    status?.podIPs?.[0]?.ip || '<none>',
    spec?.nodeName || '<none>',
    status?.nominatedNodeName || '<none>',
    readinessGates(pod),
  ];
}

const ENDED: Readonly<Record<string, string>> = {
  Succeeded: 'The pod has completed successfully.',
  Failed: 'The pod failed.',
};

function conditions({ status }: Pod): RowCondition[] {
  const reason = status?.phase ?? '';
  const message = ENDED[reason];
  return message ? [{ type: 'Completed', status: 'True', reason, message }] : [];
}

export const podPrinter = definePrinter<Pod>({
  group: '',
  kind: 'Pod',
  columns: 'Name, Ready, Status, Restarts, Age, IP*, Node*, Nominated Node*, Readiness Gates*',
  cells,
  conditions,
});
