/** The Jobs of a CronJob: their names, their order, and how they are made. Given. */

import type { CronJob, Job } from 'kubernetes-types/batch/v1.js';
import { newControllerRef } from '#apimachinery';
import { CRON_JOBS } from '#client';
import type { TimeZone } from './time-zone.ts';

/** When a run was due, in RFC 3339, says an annotation of its Job. */
export const SCHEDULED_TIMESTAMP_ANNOTATION = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** A time of the API in milliseconds since 1970; `undefined` when there is none. */
export function millis(time: unknown): number | undefined {
  return time === undefined || time === null ? undefined : Date.parse(String(time));
}

/** `Wed, 01 Jan 2025 10:00:00 +0000` */
export function rfc1123(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000');
}

/**
 * The name of the Job of a run: the CronJob's, and minutes since 1970. That it is always the same is
 * what keeps a run from being made twice.
 */
export function jobNameAt({ metadata }: CronJob, scheduledAt: number): string {
  return `${metadata?.name}-${Math.floor(scheduledAt / 60_000)}`;
}

/** Orders Jobs by when they began, then by name; those that have not begun come last. */
export function byStartTime(a: Job, b: Job): number {
  const [began, other] = [a, b].map(({ status }) => millis(status?.startTime) ?? NEVER);
  if (began !== other) return (began ?? NEVER) < (other ?? NEVER) ? -1 : 1;
  return (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1;
}

const NEVER = Number.POSITIVE_INFINITY;

/** The Job of a run, before it is made. */
export function jobForRun(cronJob: CronJob, scheduledAt: number, zone: TimeZone): Job {
  const { metadata, spec } = cronJob.spec?.jobTemplate ?? {};
  return {
    metadata: {
      name: jobNameAt(cronJob, scheduledAt),
      namespace: cronJob.metadata?.namespace,
      labels: { ...metadata?.labels },
      annotations: {
        ...metadata?.annotations,
        [SCHEDULED_TIMESTAMP_ANNOTATION]: zone.rfc3339(scheduledAt),
      },
      ownerReferences: [newControllerRef(cronJob, CRON_JOBS)],
    },
    spec: structuredClone(spec),
  };
}
