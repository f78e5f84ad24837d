/**
 * The controller that deletes Jobs some time after they have finished: `ttlSecondsAfterFinished`. Given.
 *
 * @see pkg/controller/ttlafterfinished/ttlafterfinished_controller.go (1.33)
 */

import type { Job } from 'kubernetes-types/batch/v1.js';
import { isNotFound } from '#apimachinery';
import { JOBS, type SharedInformer } from '#client';
import { ControlLoop, type ReconcileResult } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { finishedCondition } from './job-conditions.ts';

const NAME = 'ttl-after-finished-controller';

/** Makes the controller that forgets finished Jobs. */
export function newTtlAfterFinishedController(context: ControllerContext): Controller {
  const { informers, clock, log } = context;
  const jobs = informers.informer(JOBS);
  const loop = new ControlLoop({
    name: NAME,
    clock,
    log,
    synced: [() => jobs.hasSynced()],
    reconcile: (key) => reconcile(context, jobs, key),
  });
  const look = (job: Job): void => {
    if (isWaiting(job)) loop.enqueue(job);
  };
  jobs.addEventHandler({ onAdd: look, onUpdate: (_, job) => look(job) });
  return loop;
}

async function reconcile(
  { client, clock }: ControllerContext,
  jobs: SharedInformer<Job>,
  key: string,
): Promise<ReconcileResult | undefined> {
  const cached = jobs.lister.get(key);
  if (!cached || !isWaiting(cached)) return undefined;
  const waitMs = expiresAt(cached) - clock.now();
  if (waitMs > 0) return { requeueAfterMs: waitMs };
  const { namespace, name = '' } = cached.metadata ?? {};
  const resource = client.resource(JOBS, namespace);
  try {
    // Its time may have been made longer, and the cache not know it.
    const fresh = await resource.get(name);
    if (!isWaiting(fresh)) return undefined;
    const leftMs = expiresAt(fresh) - clock.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    const { uid, resourceVersion } = fresh.metadata ?? {};
    const preconditions = { uid, resourceVersion };
    await resource.delete(name, { propagationPolicy: 'Foreground', preconditions });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return undefined;
}

function isWaiting(job: Job): boolean {
  const { metadata, spec } = job;
  const isMortal = spec?.ttlSecondsAfterFinished !== undefined;
  return isMortal && !metadata?.deletionTimestamp && finishedCondition(job) !== undefined;
}

function expiresAt(job: Job): number {
  const finishedAt = Date.parse(String(finishedCondition(job)?.lastTransitionTime));
  return finishedAt + (job.spec?.ttlSecondsAfterFinished ?? 0) * 1000;
}
