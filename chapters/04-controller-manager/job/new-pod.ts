/** The pods of a Job, before they are made. Given. */

import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import { addFinalizer } from '#apimachinery';
import { JOBS } from '#client';
import { podFromTemplate } from '../pod-control.ts';
import { failureCountAnnotations, hasLimitPerIndex } from './job-indexes.ts';
import { JOB_COMPLETION_INDEX, JOB_TRACKING_FINALIZER } from './job-pods.ts';

const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX';
/** A generated name's last part has 5 characters, and a host name at most 63. */
const LONGEST_PREFIX = 58;

/**
 * A pod of a Job.
 *
 * @param index - the one it is to work on; `undefined` when the Job has none
 * @param before - the failed pod whose place it takes, where failures are counted for each index
 */
export function newJobPod(job: Job, index: number | undefined, before: Pod | undefined): Pod {
  const pod = podFromTemplate(job.spec?.template, job, JOBS);
  addFinalizer(pod, JOB_TRACKING_FINALIZER);
  if (index === undefined) return pod;
  const name = job.metadata?.name ?? '';
  const place = String(index);
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      generateName: namePrefix(name, place),
      labels: { ...pod.metadata?.labels, [JOB_COMPLETION_INDEX]: place },
      annotations: {
        ...pod.metadata?.annotations,
        [JOB_COMPLETION_INDEX]: place,
        ...(hasLimitPerIndex(job) && failureCountAnnotations(job, before)),
      },
    },
    spec: {
      ...pod.spec,
      hostname: `${name}-${place}`,
      containers: (pod.spec?.containers ?? []).map(withIndex),
      ...(pod.spec?.initContainers && { initContainers: pod.spec.initContainers.map(withIndex) }),
    },
  };
}

function namePrefix(job: string, place: string): string {
  const end = `-${place}-`;
  return `${job.slice(0, LONGEST_PREFIX - end.length)}${end}`;
}

/** Its index as a variable, unless it has one of that name. */
function withIndex(container: Container): Container {
  const env = container.env ?? [];
  if (env.some(({ name }) => name === INDEX_VARIABLE)) return container;
  const fieldRef = { fieldPath: `metadata.labels['${JOB_COMPLETION_INDEX}']` };
  return { ...container, env: [...env, { name: INDEX_VARIABLE, valueFrom: { fieldRef } }] };
}
