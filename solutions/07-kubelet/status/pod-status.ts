/**
 * A pod's whole status, put together from its parts. Given.
 *
 * The parts are `status/status.ts` and `status/conditions.ts`; what probes say comes in between.
 */

import type { PodStatus } from 'kubernetes-types/core/v1.js';
import type { Container, Pod } from '#apimachinery';
import { qosClass } from '../resources/resources.ts';
import type { PodRuntimeStatus } from '../runtime/pod-runtime-status.ts';
import { sandboxVerdict } from '../sync-pod/sync-pod.ts';
import {
  containersReadyCondition,
  initializedCondition,
  KUBELET_CONDITIONS,
  readyCondition,
} from './conditions.ts';
import { containerStatuses, podPhase, type StartFailure } from './status.ts';

/** What a status is made from. */
export interface PodStatusInput {
  readonly pod: Pod;
  readonly runtime: PodRuntimeStatus;
  /** What was said last. */
  readonly previous: PodStatus;
  readonly startFailure: (name: string) => StartFailure | undefined;
  /** Will nothing of it be started any more? */
  readonly isTerminal: boolean;
  /** Sets `started` and `ready` of the containers' statuses. */
  readonly applyProbes: (status: PodStatus) => void;
  readonly hostIPs: readonly string[];
  /** The pod is to go: phase `Failed` and why. */
  readonly failed?: { readonly reason: string; readonly message: string } | undefined;
}

/** @see pkg/kubelet/kubelet_pods.go (1.33), generateAPIPodStatus */
export function generatePodStatus(input: PodStatusInput): PodStatus {
  const { pod, runtime, previous, hostIPs, failed } = input;
  const status = statusesOf(input);
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  // Whether sidecars have started is known to probes only, and the phase depends on it.
  input.applyProbes(status);
  const phase = phaseOf(input, podPhase(pod, all, input.isTerminal));
  status.phase = failed ? 'Failed' : phase;
  const reason = failed?.reason ?? (phase === previous.phase ? previous.reason : undefined);
  const message = failed?.message ?? (phase === previous.phase ? previous.message : undefined);
  if (reason) status.reason = reason;
  if (message) status.message = message;
  const others = (pod.status?.conditions ?? []).filter(
    ({ type }) => !KUBELET_CONDITIONS.includes(type),
  );
  status.conditions = [
    ...others,
    {
      type: 'PodReadyToStartContainers',
      status: sandboxVerdict(pod, runtime).changed ? 'False' : 'True',
    },
    initializedCondition(pod, all, status.phase),
    readyCondition(pod, others, all, status.phase),
    containersReadyCondition(pod, all, status.phase),
    { type: 'PodScheduled', status: 'True' },
  ];
  addAddresses(status, pod, hostIPs);
  return status;
}

function statusesOf({ pod, runtime, previous, startFailure }: PodStatusInput): PodStatus {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const base = { pod, runtime, startFailure, areInit: false };
  const status: PodStatus = {
    qosClass: pod.status?.qosClass ?? qosClass(pod),
    containerStatuses: containerStatuses({
      ...base,
      containers,
      previous: previous.containerStatuses ?? [],
    }),
  };
  if (initContainers.length > 0) {
    status.initContainerStatuses = containerStatuses({
      ...base,
      areInit: true,
      containers: initContainers,
      previous: previous.initContainerStatuses ?? [],
    });
  }
  if (ephemeralContainers.length > 0) {
    status.ephemeralContainerStatuses = containerStatuses({
      ...base,
      containers: ephemeralContainers as readonly Container[],
      previous: previous.ephemeralContainerStatuses ?? [],
    });
  }
  const ips = ipsOf(runtime, previous);
  if (ips[0] !== undefined) {
    status.podIP = ips[0];
    status.podIPs = ips.slice(0, 2).map((ip) => ({ ip }));
  }
  return status;
}

/**
 * A pod whose sandboxes have all ended keeps the addresses it had.
 *
 * @see pkg/kubelet/pleg/generic.go (1.33), getPodIPs
 */
function ipsOf({ ips, sandboxes }: PodRuntimeStatus, previous: PodStatus): readonly string[] {
  const isOver = sandboxes.length > 0 && !sandboxes.some(({ isReady }) => isReady);
  if (ips.length > 0 || !isOver) return ips;
  return (previous.podIPs ?? []).flatMap(({ ip }) => ip ?? []);
}

/** What has ended does not begin again. */
function phaseOf({ pod, previous }: PodStatusInput, phase: string): string {
  const ended = [previous.phase, pod.status?.phase].find(
    (one) => one === 'Failed' || one === 'Succeeded',
  );
  return pod.status?.phase === ended && ended !== undefined ? ended : (ended ?? phase);
}

function addAddresses(status: PodStatus, pod: Pod, hostIPs: readonly string[]): void {
  const [hostIP] = hostIPs;
  if (hostIP === undefined) return;
  status.hostIP = hostIP;
  status.hostIPs = hostIPs.map((ip) => ({ ip }));
  if (pod.spec?.hostNetwork && status.podIP === undefined) {
    status.podIP = hostIP;
    status.podIPs = hostIPs.map((ip) => ({ ip }));
  }
}
