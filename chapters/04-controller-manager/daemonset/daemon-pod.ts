/**
 * The pod a DaemonSet makes for a node: what it tolerates, and how it is tied to its node. Given.
 *
 * The scheduler binds it, like any pod; its affinity leaves the scheduler no choice. Which nodes get
 * one is `daemonset.ts`.
 *
 * @see pkg/controller/daemon/util/daemonset_util.go (1.33)
 */

import type { DaemonSet } from 'kubernetes-types/apps/v1.js';
import type { Node, Pod, PodSpec, Toleration } from 'kubernetes-types/core/v1.js';
import { CONTROLLER_REVISION_HASH_LABEL } from '../controller-history.ts';
import { podFromTemplate } from '../pod-control.ts';
import { isPodFinished, isPodTerminating } from '../pod-state.ts';

export type { DaemonSet, Node };

export const DAEMON_SET_KIND = { group: 'apps', version: 'v1', kind: 'DaemonSet' };

const TEMPLATE_GENERATION_ANNOTATION = 'deprecated.daemonset.template.generation';
const TEMPLATE_GENERATION_LABEL = 'pod-template-generation';
const NODE_NAME_FIELD = 'metadata.name';

const NO_EXECUTE = ['not-ready', 'unreachable'];
const NO_SCHEDULE = ['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'];

/**
 * The tolerations of a DaemonSet's pods: the template's, and those all daemon pods have.
 *
 * @remarks Of `node.kubernetes.io/` the taints `not-ready` and `unreachable` with `NoExecute`;
 * `disk-pressure`, `memory-pressure`, `pid-pressure` and `unschedulable` with `NoSchedule`; and
 * `network-unavailable` with `NoSchedule` for pods in the host's network.
 */
export function daemonPodTolerations({ spec }: DaemonSet): Toleration[] {
  const podSpec = spec?.template.spec;
  const unscheduled = podSpec?.hostNetwork ? [...NO_SCHEDULE, 'network-unavailable'] : NO_SCHEDULE;
  const added = [
    ...NO_EXECUTE.map((taint) => tolerates(taint, 'NoExecute')),
    ...unscheduled.map((taint) => tolerates(taint, 'NoSchedule')),
  ];
  const isAdded = ({ key, operator, effect, value }: Toleration): boolean =>
    added.some((each) => each.key === key && each.effect === effect && operator === 'Exists') &&
    !value;
  const own = (podSpec?.tolerations ?? []).filter((toleration) => !isAdded(toleration));
  return [...own, ...added];
}

function tolerates(taint: string, effect: string): Toleration {
  return { key: `node.kubernetes.io/${taint}`, operator: 'Exists', effect };
}

/** The pod for a node. @param hash - of the set's revision */
export function newDaemonPod(set: DaemonSet, nodeName: string, hash: string): Pod {
  const pod = podFromTemplate(set.spec?.template, set, DAEMON_SET_KIND);
  const generation = set.metadata?.annotations?.[TEMPLATE_GENERATION_ANNOTATION];
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata?.labels,
        ...(generation && { [TEMPLATE_GENERATION_LABEL]: generation }),
        [CONTROLLER_REVISION_HASH_LABEL]: hash,
      },
    },
    spec: {
      ...pod.spec,
      containers: pod.spec?.containers ?? [],
      affinity: tiedTo(nodeName, pod.spec?.affinity),
      tolerations: daemonPodTolerations(set),
    },
  };
}

/** The affinity with which only one node will do. What else the template required was looked at before. */
function tiedTo(nodeName: string, affinity: PodSpec['affinity']): PodSpec['affinity'] {
  const byName = { key: NODE_NAME_FIELD, operator: 'In', values: [nodeName] };
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [byName] }],
      },
    },
  };
}

/** The node a pod is on, or is tied to; `undefined` when it is neither. */
export function targetNodeName({ spec }: Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = required?.nodeSelectorTerms.flatMap(({ matchFields }) => matchFields ?? []);
  const byName = fields?.find(({ key, operator }) => key === NODE_NAME_FIELD && operator === 'In');
  return byName?.values?.length === 1 ? byName.values[0] : undefined;
}

/** A set's pods by the node they are for. Those that have ended and are being deleted are left out. */
export function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = targetNodeName(pod);
    if (node === undefined || (isPodFinished(pod) && isPodTerminating(pod))) continue;
    byNode.set(node, [...(byNode.get(node) ?? []), pod]);
  }
  return byNode;
}

/** The first made first, after those that are on their node already. */
export function byScheduledThenCreated(pods: readonly Pod[]): Pod[] {
  const moment = ({ metadata }: Pod): string => String(metadata?.creationTimestamp ?? '');
  const compare = (a: string, b: string): number => Number(a > b) - Number(a < b);
  return [...pods].sort(
    (a, b) =>
      Number(!a.spec?.nodeName) - Number(!b.spec?.nodeName) ||
      compare(moment(a), moment(b)) ||
      compare(a.metadata?.name ?? '', b.metadata?.name ?? ''),
  );
}

/** Are new pods made beside the old ones in an update? */
export function hasSurge({ spec }: DaemonSet): boolean {
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  const maxSurge = rollingUpdate?.maxSurge ?? 0;
  return type === 'RollingUpdate' && maxSurge !== 0 && maxSurge !== '0%';
}

/** Was the pod made from the revision of this hash? */
export function isOfRevision({ metadata }: Pod, hash: string): boolean {
  return metadata?.labels?.[CONTROLLER_REVISION_HASH_LABEL] === hash;
}

export function nameOf({ metadata }: Node): string {
  return metadata?.name ?? '';
}
