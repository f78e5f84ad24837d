/**
 * The scheduler: takes pods from the queue, one after another, gives each a node, and binds it. Given.
 *
 * Here is the wiring only. One cycle is `cycle/schedule-one.ts`, what follows it `cycle/binding.ts`, where pods wait
 * `queue/`, how nodes are counted `cache/cache.ts`; what informers report comes in by `event-handlers.ts`.
 */

import {
  type Clock,
  type KubernetesObject,
  keyOf,
  type Logger,
  type Pod,
  type Random,
} from '#apimachinery';
import { type Client, EventBroadcaster, newInformerFactory, PODS } from '#client';
import { SchedulerCache } from './cache/cache.ts';
import { bindingCycle, WaitingPods } from './cycle/binding.ts';
import { FitError, NoNodesAvailableError } from './cycle/fit-error.ts';
import { type SchedulingOptions, schedulingCycle, type UnplacedPod } from './cycle/schedule-one.ts';
import type { DecisionTracer } from './decision-trace.ts';
import { addEventHandlers } from './event-handlers.ts';
import type { Framework } from './framework/framework.ts';
import type { Handle } from './framework/handle.ts';
import type { QueuedPodInfo } from './framework/plugin.ts';
import { podInfoOf } from './framework/pod-info.ts';
import { Snapshot } from './framework/snapshot.ts';
import { REGISTRY, type Registry } from './plugins/default-plugins.ts';
import { filterWithNominatedPods, Nominator } from './preemption/nominator.ts';
import { DEFAULT_CONFIGURATION, type SchedulerConfiguration } from './profiles/configuration.ts';
import { newFramework } from './profiles/new-framework.ts';
import { numFeasibleNodesToFind } from './profiles/profiles.ts';
import { commonQueueSort, type MadeProfile } from './profiles/queue-sort.ts';
import { ASSIGNED_POD_DELETE } from './queue/cluster-events.ts';
import { SchedulingQueue } from './queue/scheduling-queue.ts';

/** What a scheduler is made from. */
export interface SchedulerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Absent: one profile, `default-scheduler`, with the default plugins. */
  readonly configuration?: SchedulerConfiguration;
  /** Absent: the plugins there are. */
  readonly registry?: Registry;
  /** Absent: what was thought of nodes is not written down. */
  readonly tracer?: DecisionTracer;
}

/** What came of attempts so far, and how many pods wait. */
export interface SchedulerCounts {
  scheduled: number;
  unschedulable: number;
  error: number;
  readonly pending: () => Readonly<Record<string, number>>;
}

/** A scheduler. */
export interface Scheduler {
  readonly counts: SchedulerCounts;
  /** Schedules until the signal aborts; resolves when nothing is under way any more. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Makes a scheduler; it does nothing before `run`, which is called once.
 *
 * @throws ConfigurationError when a profile's plugins cannot be made, or profiles sort differently
 */
export function newScheduler(options: SchedulerOptions): Scheduler {
  const { client, clock, random, log, tracer } = options;
  const { configuration = DEFAULT_CONFIGURATION, registry = REGISTRY } = options;
  const events = new EventBroadcaster(client, options);
  const informers = newInformerFactory(client, options);
  const pods = informers.informer(PODS);
  const snapshot = new Snapshot();
  const cache = new SchedulerCache({ clock, log });
  const waitingPods = new WaitingPods(clock);
  const current = (pod: Pod): Pod | undefined => {
    const found = pods.lister.get(keyOf(pod));
    return found?.metadata?.uid === pod.metadata?.uid ? found : undefined;
  };
  const nominator = new Nominator((pod) => {
    const found = current(pod);
    return found !== undefined && !found.spec?.nodeName;
  });
  const handle = {
    snapshot,
    client,
    informers,
    nominations: nominator,
    waitingPods,
    activate: (some: readonly Pod[]) => queue.activate(some),
    clock,
    random,
    log,
  };
  const profiles = new Map<string, Profile>();
  for (const profile of configuration.profiles) {
    const recorder = events.forComponent(profile.schedulerName);
    const framework = newFramework({
      profile,
      registry,
      handle: { ...handle, recorder },
      ...(tracer && { wrap: tracer.wrap }),
    });
    const percentage = profile.percentageOfNodesToScore ?? configuration.percentageOfNodesToScore;
    const cycle: SchedulingOptions = {
      snapshot,
      // Without scores the first node is as good as any.
      nodesToFind: (total) =>
        framework.plugins.score.length === 0 ? 1 : numFeasibleNodesToFind(percentage, total),
      filter: (one, state, pod, node) => filterWithNominatedPods(one, nominator, state, pod, node),
      random,
      startAt: 0,
    };
    profiles.set(profile.schedulerName, { profile, framework, recorder, cycle });
  }
  const sort = commonQueueSort([...profiles.values()]);
  const profileOf = (pod: Pod): Profile | undefined => profiles.get(schedulerNameOf(pod));
  const queue = new SchedulingQueue({
    clock,
    log,
    less: (a, b) => sort.less(a, b),
    profiles: new Map([...profiles].map(([name, { framework }]) => [name, framework])),
    podInitialBackoffMs: configuration.podInitialBackoffMs,
    podMaxBackoffMs: configuration.podMaxBackoffMs,
  });
  const counts: SchedulerCounts = {
    scheduled: 0,
    unschedulable: 0,
    error: 0,
    pending: () =>
      Object.fromEntries(Object.entries(queue.pendingPods()).map(([k, all]) => [k, all.length])),
  };
  const bindings = new Set<Promise<void>>();

  const failed = (profile: Profile, outcome: Omit<UnplacedPod, 'outcome'>): void => {
    const { queued, error, nominatedNodeName } = outcome;
    const isRejection = error instanceof FitError || error instanceof NoNodesAvailableError;
    counts[isRejection ? 'unschedulable' : 'error'] += 1;
    const pod = current(queued.podInfo.pod);
    const message = error instanceof Error ? error.message : String(error);
    if (!isRejection) log.error('could not schedule a pod', { pod: podName(queued), error });
    // Gone, or somebody has given it a node: there is nothing to try again.
    if (!pod || pod.spec?.nodeName) {
      queue.done(queued.podInfo.pod.metadata?.uid ?? '');
      return;
    }
    const diagnosis = error instanceof FitError ? error.diagnosis : undefined;
    queue.addUnschedulableIfNotPresent(queued, {
      pod,
      ...(diagnosis && {
        unschedulablePlugins: diagnosis.unschedulablePlugins,
        pendingPlugins: diagnosis.pendingPlugins,
      }),
    });
    if (nominatedNodeName !== undefined) nominator.add(podInfoOf(pod), nominatedNodeName);
    profile.recorder.event(PODS, pod, 'Warning', 'FailedScheduling', message);
    const reason = isRejection ? 'Unschedulable' : 'SchedulerError';
    const written = writeFailure(client, pod, { reason, message, nominatedNodeName, clock });
    track(written.catch((fault) => log.warn('could not write why a pod waits', { fault })));
  };
  const track = (work: Promise<void>): void => {
    bindings.add(work);
    work.finally(() => bindings.delete(work));
  };

  const scheduleOne = async (queued: QueuedPodInfo): Promise<void> => {
    const { pod } = queued.podInfo;
    const profile = profileOf(pod);
    const known = current(pod);
    if (!profile || !known || known.metadata?.deletionTimestamp || cache.isAssumedPod(pod)) {
      queue.done(pod.metadata?.uid ?? '');
      return;
    }
    const { framework, cycle, recorder } = profile;
    cache.updateSnapshot(snapshot);
    tracer?.begin(pod, queued.attempts, snapshot.nodes.length, weightsOf(framework));
    const outcome = await schedulingCycle(framework, queued, cache, cycle);
    tracer?.end(
      outcome.outcome === 'scheduled' ? { nodeName: outcome.nodeName } : { error: outcome.error },
    );
    if (outcome.outcome === 'unplaced') {
      failed(profile, outcome);
      return;
    }
    nominator.delete(pod);
    const world = {
      waitingPods,
      cache,
      recorder,
      done: (uid: string) => queue.done(uid),
      placeFreed: ({ pod: freed }: { pod: Pod }) =>
        queue.moveAllToActiveOrBackoffQueue(
          ASSIGNED_POD_DELETE,
          freed,
          undefined,
          (other) => other.metadata?.uid !== freed.metadata?.uid,
        ),
      requeue: (again: QueuedPodInfo, error: unknown) =>
        failed(profile, { queued: again, error, nominatedNodeName: '' }),
    };
    const binding = bindingCycle(world, framework, outcome).then((isBound) => {
      if (isBound) counts.scheduled += 1;
    });
    track(binding.catch((error) => log.error('a binding broke', { pod: podName(queued), error })));
  };

  return {
    counts,
    async run(signal) {
      addEventHandlers({
        informers,
        cache,
        queue,
        nominator,
        isOurs: (pod) => profiles.has(schedulerNameOf(pod)),
        waitingPods,
      });
      informers.start(signal);
      try {
        await informers.waitForSync(signal);
        const flushing = queue.run(signal);
        for (;;) {
          const queued = await queue.pop(signal);
          if (!queued) break;
          await scheduleOne(queued);
        }
        await flushing;
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      for (const waiting of waitingPods.list()) {
        for (const plugin of waiting.pendingPlugins) waiting.reject(plugin, 'the scheduler stops');
      }
      await Promise.all(bindings);
      await informers.whenStopped();
      await events.stop();
    },
  };
}

interface Profile extends MadeProfile {
  readonly recorder: Handle['recorder'];
  readonly cycle: SchedulingOptions;
}

function schedulerNameOf(pod: Pod): string {
  return pod.spec?.schedulerName || 'default-scheduler';
}

function podName({ podInfo: { pod } }: QueuedPodInfo): string {
  return `${pod.metadata?.namespace}/${pod.metadata?.name}`;
}

function weightsOf({ plugins }: Framework): ReadonlyMap<string, number> {
  return new Map(plugins.score.map(({ plugin, weight }) => [plugin.name, weight]));
}

/** Writes why a pod waits into its status, unless that is there already. */
async function writeFailure(
  client: Client,
  pod: Pod,
  {
    reason,
    message,
    nominatedNodeName,
    clock,
  }: { reason: string; message: string; nominatedNodeName: string | undefined; clock: Clock },
): Promise<void> {
  const { conditions = [], nominatedNodeName: promised = '' } = pod.status ?? {};
  const before = conditions.find(({ type }) => type === 'PodScheduled');
  const isSame =
    before?.status === 'False' && before.reason === reason && before.message === message;
  const isPromised = nominatedNodeName === undefined || nominatedNodeName === promised;
  if (isSame && isPromised) return;
  const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const lastTransitionTime = before?.status === 'False' ? before.lastTransitionTime : now;
  const condition = { type: 'PodScheduled', status: 'False', reason, message, lastTransitionTime };
  const { namespace, name = '', uid } = pod.metadata ?? {};
  const status = {
    conditions: [condition],
    ...(!isPromised && { nominatedNodeName: nominatedNodeName || null }),
  };
  const patch = { metadata: { uid }, status } as KubernetesObject;
  const options = { subresource: 'status' };
  await client.resource(PODS, namespace).patch(name, 'strategic-merge-patch', patch, options);
}
