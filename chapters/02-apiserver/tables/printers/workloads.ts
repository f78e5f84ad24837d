/**
 * Rows of what makes pods: Deployments, ReplicaSets, Jobs and the like. Given.
 *
 * @see pkg/printers/internalversion/printers.go (1.33)
 */

import type {
  ControllerRevision,
  DaemonSet,
  Deployment,
  ReplicaSet,
  StatefulSet,
} from 'kubernetes-types/apps/v1.js';
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js';
import type { PodTemplate, ReplicationController } from 'kubernetes-types/core/v1.js';
import { controllerOf, groupVersionKindOf, isConditionTrue } from '#apimachinery';
import { age, humanDuration } from '../age.ts';
import { containerCells, flagText, labelsText, ratio, selectorText } from '../cell-text.ts';
import { definePrinter } from '../table-convertor.ts';

const deployment = definePrinter<Deployment>({
  group: 'apps',
  kind: 'Deployment',
  columns: 'Name, Ready, Up-to-date, Available, Age, Containers*, Images*, Selector*',
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata?.name ?? '',
    ratio(status?.readyReplicas, spec?.replicas),
    status?.updatedReplicas ?? 0,
    status?.availableReplicas ?? 0,
    age(metadata?.creationTimestamp, nowMs),
    ...containerCells(spec?.template?.spec?.containers),
    selectorText(spec?.selector).replace('<none>', ''),
  ],
});

const replicaSet = definePrinter<ReplicaSet>({
  group: 'apps',
  kind: 'ReplicaSet',
  columns:
    'Name, Desired:integer, Current:integer, Ready:integer, Age, Containers*, Images*, Selector*',
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata?.name ?? '',
    spec?.replicas ?? 0,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    age(metadata?.creationTimestamp, nowMs),
    ...containerCells(spec?.template?.spec?.containers),
    selectorText(spec?.selector),
  ],
});

const replicationController = definePrinter<ReplicationController>({
  group: '',
  kind: 'ReplicationController',
  columns:
    'Name, Desired:integer, Current:integer, Ready:integer, Age, Containers*, Images*, Selector*',
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata?.name ?? '',
    spec?.replicas ?? 0,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    age(metadata?.creationTimestamp, nowMs),
    ...containerCells(spec?.template?.spec?.containers),
    labelsText(spec?.selector),
  ],
});

const statefulSet = definePrinter<StatefulSet>({
  group: 'apps',
  kind: 'StatefulSet',
  columns: 'Name, Ready, Age, Containers*, Images*',
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata?.name ?? '',
    ratio(status?.readyReplicas, spec?.replicas),
    age(metadata?.creationTimestamp, nowMs),
    ...containerCells(spec?.template?.spec?.containers),
  ],
});

const daemonSet = definePrinter<DaemonSet>({
  group: 'apps',
  kind: 'DaemonSet',
  columns:
    'Name, Desired:integer, Current:integer, Ready:integer, Up-to-date:integer, Available:integer, Node Selector, Age, Containers*, Images*, Selector*',
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata?.name ?? '',
    status?.desiredNumberScheduled ?? 0,
    status?.currentNumberScheduled ?? 0,
    status?.numberReady ?? 0,
    status?.updatedNumberScheduled ?? 0,
    status?.numberAvailable ?? 0,
    labelsText(spec?.template?.spec?.nodeSelector),
    age(metadata?.creationTimestamp, nowMs),
    ...containerCells(spec?.template?.spec?.containers),
    selectorText(spec?.selector),
  ],
});

const controllerRevision = definePrinter<ControllerRevision>({
  group: 'apps',
  kind: 'ControllerRevision',
  columns: 'Name, Controller, Revision, Age',
  cells: (revision, nowMs) => [
    revision.metadata?.name ?? '',
    controllerText(revision),
    revision.revision ?? 0,
    age(revision.metadata?.creationTimestamp, nowMs),
  ],
});

/** `statefulset.apps/web`. */
function controllerText(object: ControllerRevision): string {
  const controller = controllerOf(object);
  if (!controller) return '<none>';
  const { group } = groupVersionKindOf(controller);
  const kind = controller.kind.toLowerCase();
  return `${group === '' ? kind : `${kind}.${group}`}/${controller.name}`;
}

const job = definePrinter<Job>({
  group: 'batch',
  kind: 'Job',
  columns: 'Name, Status, Completions, Duration, Age, Containers*, Images*, Selector*',
  cells: (job, nowMs) => [
    job.metadata?.name ?? '',
    jobStatus(job),
    completions(job),
    jobDuration(job, nowMs),
    age(job.metadata?.creationTimestamp, nowMs),
    ...containerCells(job.spec?.template?.spec?.containers),
    selectorText(job.spec?.selector),
  ],
});

function jobStatus({ metadata, status }: Job): string {
  const conditions = status?.conditions ?? [];
  if (isConditionTrue(conditions, 'Complete')) return 'Complete';
  if (isConditionTrue(conditions, 'Failed')) return 'Failed';
  if (metadata?.deletionTimestamp !== undefined) return 'Terminating';
  if (isConditionTrue(conditions, 'Suspended')) return 'Suspended';
  return isConditionTrue(conditions, 'FailureTarget') ? 'FailureTarget' : 'Running';
}

/** `2/5`, or `0/1 of 3` when it ends with the first of three. */
function completions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration({ status }: Job, nowMs: number): string {
  if (status?.startTime === undefined) return '';
  const end = status.completionTime === undefined ? nowMs : Date.parse(status.completionTime);
  return humanDuration(end - Date.parse(status.startTime));
}

const cronJob = definePrinter<CronJob>({
  group: 'batch',
  kind: 'CronJob',
  columns:
    'Name, Schedule, Timezone, Suspend:boolean, Active:integer, Last Schedule, Age, Containers*, Images*, Selector*',
  cells: ({ metadata, spec, status }, nowMs) => [
    metadata?.name ?? '',
    spec?.schedule ?? '',
    spec?.timeZone ?? '<none>',
    flagText(spec?.suspend),
    status?.active?.length ?? 0,
    status?.lastScheduleTime === undefined ? '<none>' : age(status.lastScheduleTime, nowMs),
    age(metadata?.creationTimestamp, nowMs),
    ...containerCells(spec?.jobTemplate?.spec?.template?.spec?.containers),
    selectorText(spec?.jobTemplate?.spec?.selector),
  ],
});

const podTemplate = definePrinter<PodTemplate>({
  group: '',
  kind: 'PodTemplate',
  columns: 'Name, Containers, Images, Pod Labels',
  cells: ({ metadata, template }) => [
    metadata?.name ?? '',
    ...containerCells(template?.spec?.containers),
    labelsText(template?.metadata?.labels),
  ],
});

export const workloadPrinters = [
  deployment,
  replicaSet,
  replicationController,
  statefulSet,
  daemonSet,
  controllerRevision,
  job,
  cronJob,
  podTemplate,
];
