import { FakeClock, type Pod } from '#apimachinery';
import {
  countListeners,
  describe,
  expect,
  fc,
  it,
  newLogBook,
  nodeObject,
  podObject,
  property,
  settle,
  trace,
} from '#kit';
import {
  ASSIGNED_POD_ADD,
  ASSIGNED_POD_DELETE,
  backoffDuration,
  type ClusterEvent,
  type ClusterEventWithHint,
  clusterEvent,
  type EnqueueExtensions,
  FORCE_ACTIVATE,
  LEFTOVER_FLUSH_PERIOD_MS,
  NODE_ADD,
  newPrioritySort,
  newSchedulingGates,
  podInfoOf,
  type QueuedPodInfo,
  requeueStrategy,
  type SchedulingFailure,
  SchedulingQueue,
  type SchedulingQueueOptions,
  Status,
  UNSCHEDULABLE_TIMEOUT,
} from '#scheduler';

const second = 1000;
const minute = 60 * second;
const never = new AbortController().signal;
const nodeChanged = clusterEvent('Node', 'UpdateNodeLabel');

/** A plugin that waits for some kinds of events. */
function waitsFor(name: string, ...kinds: ClusterEventWithHint[]): EnqueueExtensions {
  return { name, eventsToRegister: () => kinds };
}

/** `Fit` waits for room, `Taints` for nodes, `Claims` for claims; `Silent` has never said for what. */
const ENQUEUE: readonly EnqueueExtensions[] = [
  waitsFor(
    'Fit',
    { resource: 'AssignedPod', actions: ['Delete'] },
    { resource: 'Node', actions: ['Add'] },
  ),
  waitsFor('Taints', { resource: 'Node', actions: ['Add', 'UpdateNodeTaint'] }),
  waitsFor('Claims', { resource: 'PersistentVolumeClaim', actions: ['Add', 'Update'] }),
  waitsFor('Patient'),
  newSchedulingGates(),
];

interface Setting extends Partial<Omit<SchedulingQueueOptions, 'profiles'>> {
  readonly enqueue?: readonly EnqueueExtensions[];
  readonly preEnqueue?: (pod: Pod) => Status | undefined;
}

function newQueue({ enqueue = ENQUEUE, preEnqueue, ...options }: Setting = {}) {
  const clock = trace('clock', () => new FakeClock());
  const log = newLogBook();
  const gates = newSchedulingGates();
  const runPreEnqueuePlugins =
    preEnqueue ?? ((pod: Pod) => gates.preEnqueue(pod)?.from('SchedulingGates'));
  const profiles = new Map([['default-scheduler', { plugins: { enqueue }, runPreEnqueuePlugins }]]);
  const { less } = newPrioritySort();
  const all = { clock, log, less, profiles, ...options };
  return { clock, log, queue: trace('queue', () => new SchedulingQueue(all)) };
}

type Queue = ReturnType<typeof newQueue>['queue'];

const names = (pods: readonly Pod[]): string[] => pods.map(({ metadata }) => metadata?.name ?? '');

/** Which pods are where; empty pools are left out. */
function pools(queue: Queue): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(queue.pendingPods())
      .map(([pool, pods]) => [pool, names(pods).sort()] as const)
      .filter(([, found]) => found.length > 0),
  );
}

async function popped(queue: Queue): Promise<QueuedPodInfo> {
  const pod = await queue.pop(never);
  if (!pod) throw new Error('pop gave out nothing');
  return pod;
}

const nameOf = (queued: QueuedPodInfo | undefined) => queued?.podInfo.pod.metadata?.name;

/** Pops as many as are ready. */
async function popAll(queue: Queue): Promise<(string | undefined)[]> {
  const all: (string | undefined)[] = [];
  for (;;) {
    const { active, backoff } = queue.pendingPods();
    if (active.length + backoff.length === 0) return all;
    all.push(nameOf(await queue.pop(never)));
  }
}

const refusedBy = (...plugins: string[]) => ({ unschedulablePlugins: new Set(plugins) });
const pendingAt = (...plugins: string[]) => ({ pendingPlugins: new Set(plugins) });

/** Adds a pod, tries it in vain, and puts it back. */
async function tryInVain(
  queue: Queue,
  pod: Pod,
  failure: SchedulingFailure = refusedBy('Fit'),
): Promise<void> {
  queue.add(pod);
  queue.addUnschedulableIfNotPresent(await popped(queue), failure);
}

/** A queue of which the clock moves pods. */
function running(setting: Setting = {}) {
  const made = newQueue(setting);
  const stop = new AbortController();
  const ended = made.queue.run(stop.signal);
  return {
    ...made,
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

describe('backoffDuration', () => {
  const limits = { initialMs: second, maxMs: 10 * second };
  it.core('doubles until it is the longest', () => {
    const durations = [1, 2, 3, 4, 5, 6].map((failures) => backoffDuration(failures, limits));
    expect(durations).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it('is none without a failure', () => {
    expect(backoffDuration(0, limits)).toBe(0);
  });

  it('is the longest after thousands of failures', () => {
    expect(backoffDuration(5000, limits)).toBe(10 * second);
  });

  it('is never longer than the longest', () => {
    expect(backoffDuration(1, { initialMs: 3000, maxMs: 2000 })).toBe(2000);
    expect(backoffDuration(3, { initialMs: 300, maxMs: 2000 })).toBe(1200);
    expect(backoffDuration(3, { initialMs: 0, maxMs: 2000 })).toBe(0);
  });
});

describe('requeueStrategy', () => {
  const log = newLogBook();
  const interests = new Map(ENQUEUE.map((plugin) => [plugin.name, plugin.eventsToRegister()]));
  const queued = (failure: Partial<QueuedPodInfo>): QueuedPodInfo => ({
    podInfo: podInfoOf(podObject('a')),
    timestamp: 0,
    attempts: 1,
    initialAttemptTimestamp: 0,
    unschedulablePlugins: new Set(),
    pendingPlugins: new Set(),
    gated: false,
    ...failure,
  });
  const strategy = (failure: Partial<QueuedPodInfo>, event: ClusterEvent, after?: Pod) =>
    requeueStrategy(queued(failure), { event, before: undefined, after }, interests, log);
  const claimChanged = clusterEvent('PersistentVolumeClaim', 'Update');
  const both = { ...refusedBy('Fit'), ...pendingAt('Claims') };

  const rows: [string, Partial<QueuedPodInfo>, ClusterEvent, string][] = [
    ['what the plugin waits for', refusedBy('Fit'), ASSIGNED_POD_DELETE, 'afterBackoff'],
    ['another event of the same resource', refusedBy('Fit'), ASSIGNED_POD_ADD, 'skip'],
    [
      'the same action on another resource',
      refusedBy('Fit'),
      clusterEvent('Node', 'Delete'),
      'skip',
    ],
    ['another kind of update', refusedBy('Taints'), nodeChanged, 'skip'],
    ['what one of two plugins waits for', refusedBy('Claims', 'Fit'), NODE_ADD, 'afterBackoff'],
    ['what another plugin waits for', refusedBy('Claims'), NODE_ADD, 'skip'],
    ['any event, no plugin having refused', {}, nodeChanged, 'afterBackoff'],
    ['any event, for a plugin that never said', refusedBy('Silent'), nodeChanged, 'afterBackoff'],
    ['any event, for a plugin that waits for none', refusedBy('Patient'), nodeChanged, 'skip'],
    ['a wildcard', refusedBy('Patient'), UNSCHEDULABLE_TIMEOUT, 'afterBackoff'],
    [
      'a wildcard, for a pending plugin',
      pendingAt('Claims'),
      UNSCHEDULABLE_TIMEOUT,
      'afterBackoff',
    ],
    ['what a pending plugin waits for', pendingAt('Claims'), claimChanged, 'immediately'],
    ['what no pending plugin waits for', pendingAt('Claims'), NODE_ADD, 'skip'],
    ['what the pending one of two waits for', both, claimChanged, 'immediately'],
    ['what the refusing one of two waits for', both, NODE_ADD, 'afterBackoff'],
    [
      'a plugin that is both',
      { ...refusedBy('Fit'), ...pendingAt('Fit') },
      NODE_ADD,
      'immediately',
    ],
  ];
  for (const [what, failure, event, expected] of rows) {
    const check = () => expect(strategy(failure, event)).toBe(expected);
    if (what.startsWith('what ')) it.core(`says ${expected} to ${what}`, check);
    else it(`says ${expected} to ${what}`, check);
  }

  it('takes a wildcard with a pod for that pod alone', () => {
    const mine = strategy(refusedBy('Patient'), FORCE_ACTIVATE, podObject('a'));
    expect(mine).toBe('afterBackoff');
    expect(strategy(refusedBy('Fit'), FORCE_ACTIVATE, podObject('b'))).toBe('skip');
  });

  it('asks the hint of the kind that matches, with both states of the object', () => {
    const asked: unknown[] = [];
    const before = nodeObject('n1');
    const after = nodeObject('n1', { cpu: '8' });
    const hint =
      (answer: 'Queue' | 'QueueSkip', kind: string): ClusterEventWithHint['hint'] =>
      (pod, old, now) => {
        asked.push([kind, pod.metadata?.name, old === before, now === after]);
        return answer;
      };
    const hinted = new Map([
      [
        'Fit',
        [
          { resource: 'Node', actions: ['UpdateNodeTaint'], hint: hint('Queue', 'taint') },
          { resource: 'Node', actions: ['UpdateNodeLabel'], hint: hint('QueueSkip', 'label') },
          { resource: 'AssignedPod', actions: ['Add'], hint: hint('Queue', 'pod') },
        ] as ClusterEventWithHint[],
      ],
    ]);
    const event = { event: nodeChanged, before, after };
    expect(requeueStrategy(queued(refusedBy('Fit')), event, hinted, log)).toBe('skip');
    expect(asked).toEqual([['label', 'a', true, true]]);
  });

  it('does not ask plugins that have not refused the pod', () => {
    const hint = () => {
      throw new Error('not asked');
    };
    const book = newLogBook();
    const hinted = new Map([['Other', [{ resource: 'Node', actions: ['Add'], hint } as const]]]);
    const event = { event: NODE_ADD, before: undefined, after: nodeObject('n1') };
    expect(
      requeueStrategy(queued(refusedBy('Fit')), event, new Map([...interests, ...hinted]), book),
    ).toBe('afterBackoff');
    expect(book.entries).toEqual([]);
  });

  it('asks on when one kind does not help', () => {
    const kinds: ClusterEventWithHint[] = [
      { resource: 'Node', actions: ['Add'], hint: () => 'QueueSkip' },
      { resource: '*', actions: ['Add'], hint: () => 'Queue' },
    ];
    const event = { event: NODE_ADD, before: undefined, after: nodeObject('n1') };
    const hinted = new Map([['Fit', kinds]]);
    expect(requeueStrategy(queued(refusedBy('Fit')), event, hinted, log)).toBe('afterBackoff');
  });

  it('takes a hint that throws for a yes, and logs it', () => {
    const hint = () => {
      throw new Error('broken');
    };
    const book = newLogBook();
    const hinted = new Map([['Fit', [{ resource: 'Node', actions: ['Add'], hint } as const]]]);
    const event = { event: NODE_ADD, before: undefined, after: nodeObject('n1') };
    expect(requeueStrategy(queued(refusedBy('Fit')), event, hinted, book)).toBe('afterBackoff');
    expect(book.count('error')).toBe(1);
  });
});

describe('scheduling queue', () => {
  it.core('gives out the pod with the highest priority, then the one that came first', async () => {
    const { queue, clock } = newQueue();
    for (const [name, priority] of [
      ['a', 0],
      ['b', 10],
      ['c', 0],
      ['d', 10],
    ] as const) {
      queue.add(podObject(name, { priority }));
      clock.step(1);
    }
    expect(await popAll(queue)).toEqual(['b', 'd', 'a', 'c']);
    expect(pools(queue)).toEqual({});
  });

  it('asks `less` for the order', async () => {
    const byName = (a: QueuedPodInfo, b: QueuedPodInfo) => (nameOf(a) ?? '') > (nameOf(b) ?? '');
    const { queue } = newQueue({ less: byName });
    for (const name of ['b', 'd', 'a', 'c']) queue.add(podObject(name));
    expect(await popAll(queue)).toEqual(['d', 'c', 'b', 'a']);
  });

  it.core('waits for a pod when there is none', async () => {
    const { queue } = newQueue();
    const pod = queue.pop(never);
    await settle();
    queue.add(podObject('a'));
    expect(nameOf(await pod)).toBe('a');
    expect(pools(queue)).toEqual({});
  });

  it('serves those who wait in their order', async () => {
    const { queue } = newQueue();
    const waiting = [queue.pop(never), queue.pop(never), queue.pop(never)];
    for (const name of ['a', 'b', 'c']) queue.add(podObject(name));
    expect((await Promise.all(waiting)).map(nameOf)).toEqual(['a', 'b', 'c']);
  });

  it('gives out nothing when the signal aborts, and loses no pod to who has gone', async () => {
    const { queue } = newQueue();
    const gone = new AbortController();
    const pod = queue.pop(gone.signal);
    gone.abort();
    expect(await pod).toBeUndefined();
    queue.add(podObject('a'));
    expect(await queue.pop(gone.signal)).toBeUndefined();
    expect(pools(queue)).toEqual({ active: ['a'] });
    expect(nameOf(await queue.pop(never))).toBe('a');
  });

  it('leaves nothing on the signal when a pod was given out', async () => {
    const { queue } = newQueue();
    const { signal } = new AbortController();
    const listeners = countListeners(signal);
    const pod = queue.pop(signal);
    queue.add(podObject('a'));
    await pod;
    expect(listeners.size).toBe(0);
  });

  it('tells what it remembers of a pod', async () => {
    const { queue, clock } = newQueue();
    const start = clock.now();
    queue.add(podObject('a'));
    clock.step(5 * second);
    const first = await popped(queue);
    expect(first).toMatchObject({ timestamp: start, attempts: 1, initialAttemptTimestamp: start });
    expect(first.podInfo).toBe(podInfoOf(first.podInfo.pod));
    queue.addUnschedulableIfNotPresent(first, { ...refusedBy('Fit'), ...pendingAt('Claims') });
    clock.step(minute);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    const again = await popped(queue);
    expect(again).toMatchObject({
      timestamp: start + 5 * second,
      attempts: 2,
      initialAttemptTimestamp: start,
      gated: false,
    });
    expect([...again.unschedulablePlugins, ...again.pendingPlugins]).toEqual([]);
  });

  it('puts a pod that is added again in the place of the one it knew', async () => {
    const { queue } = newQueue();
    await tryInVain(queue, podObject('a', { uid: 'old' }));
    queue.add(podObject('a', { uid: 'new' }));
    expect(pools(queue)).toEqual({ active: ['a'] });
    expect((await popped(queue)).podInfo.pod.metadata?.uid).toBe('new');
  });

  it('knows a pod once that is added again and is gated now', () => {
    const { queue } = newQueue();
    const gated = podObject('a', { spec: { schedulingGates: [{ name: 'g' }] } });
    queue.add(podObject('a'));
    queue.add(gated);
    expect(pools(queue)).toEqual({ gated: ['a'] });
    expect(queue.pendingPods().gated[0]).toBe(gated);
  });

  it('tells pods of two namespaces apart', () => {
    const { queue } = newQueue();
    queue.add(podObject('a', { namespace: 'x' }));
    queue.add(podObject('a', { namespace: 'y' }));
    expect(pools(queue)).toEqual({ active: ['a', 'a'] });
  });

  it('takes out a deleted pod from wherever it is', async () => {
    const { queue } = newQueue();
    for (const name of ['a', 'b']) await tryInVain(queue, podObject(name));
    queue.moveAllToActiveOrBackoffQueue(
      NODE_ADD,
      undefined,
      nodeObject('n'),
      (pod) => names([pod])[0] === 'b',
    );
    queue.add(podObject('c'));
    queue.add(podObject('d', { spec: { schedulingGates: [{ name: 'g' }] } }));
    expect(pools(queue)).toEqual({
      active: ['c'],
      backoff: ['b'],
      unschedulable: ['a'],
      gated: ['d'],
    });
    for (const name of ['a', 'b', 'c', 'd', 'e']) queue.delete(podObject(name));
    expect(pools(queue)).toEqual({});
  });
});

describe('scheduling queue, pods that come back', () => {
  it.core('keeps a refused pod until something happens that its plugin waits for', async () => {
    const { queue, clock } = newQueue();
    await tryInVain(queue, podObject('a'));
    expect(pools(queue)).toEqual({ unschedulable: ['a'] });
    clock.step(20 * second);
    queue.moveAllToActiveOrBackoffQueue(ASSIGNED_POD_ADD, undefined, podObject('x'));
    expect(pools(queue)).toEqual({ unschedulable: ['a'] });
    queue.moveAllToActiveOrBackoffQueue(ASSIGNED_POD_DELETE, podObject('x'));
    expect(pools(queue)).toEqual({ active: ['a'] });
  });

  it('puts a pod into backoff that is woken before its time', async () => {
    const { queue, clock } = newQueue();
    await tryInVain(queue, podObject('a'));
    clock.step(second - 1);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    expect(pools(queue)).toEqual({ backoff: ['a'] });
  });

  it('puts a pod into active that is woken when its time has come', async () => {
    const { queue, clock } = newQueue();
    await tryInVain(queue, podObject('a'));
    clock.step(second);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    expect(pools(queue)).toEqual({ active: ['a'] });
  });

  it('wakes a pod that waits outside the cluster without backoff', async () => {
    const { queue } = newQueue();
    await tryInVain(queue, podObject('a'), pendingAt('Claims'));
    expect(pools(queue)).toEqual({ unschedulable: ['a'] });
    queue.moveAllToActiveOrBackoffQueue(clusterEvent('PersistentVolumeClaim', 'Add'));
    expect(pools(queue)).toEqual({ active: ['a'] });
  });

  it('puts a pod into backoff when something broke', async () => {
    const { queue } = newQueue();
    await tryInVain(queue, podObject('a'), {});
    expect(pools(queue)).toEqual({ backoff: ['a'] });
  });

  it('moves only pods that the check lets through', async () => {
    const { queue } = newQueue();
    for (const name of ['a', 'b']) await tryInVain(queue, podObject(name), refusedBy('Fit'));
    queue.moveAllToActiveOrBackoffQueue(
      NODE_ADD,
      undefined,
      undefined,
      (pod) => names([pod])[0] === 'a',
    );
    expect(pools(queue)).toEqual({ backoff: ['a'], unschedulable: ['b'] });
  });

  it('moves all before the best of them is given out', async () => {
    const { queue, clock } = newQueue();
    for (const [name, priority] of [
      ['a', 1],
      ['b', 3],
      ['c', 2],
    ] as const) {
      await tryInVain(queue, podObject(name, { priority }));
    }
    clock.step(minute);
    const pod = queue.pop(never);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    expect(nameOf(await pod)).toBe('b');
  });

  it('takes a pod as it is now', async () => {
    const { queue } = newQueue();
    queue.add(podObject('a'));
    const now = podObject('a', { labels: { app: 'web' } });
    const back = await popped(queue);
    expect(queue.addUnschedulableIfNotPresent(back, { ...refusedBy('Fit'), pod: now })).toBe(true);
    expect(queue.pendingPods().unschedulable[0]).toBe(now);
  });

  it('leaves a pod alone that is there already', async () => {
    const { queue } = newQueue();
    queue.add(podObject('a', { uid: 'old' }));
    const old = await popped(queue);
    queue.add(podObject('a', { uid: 'new' }));
    expect(queue.addUnschedulableIfNotPresent(old, refusedBy('Fit'))).toBe(false);
    expect(pools(queue)).toEqual({ active: ['a'] });
    expect((await popped(queue)).podInfo.pod.metadata?.uid).toBe('new');
  });

  it('knows pods of a profile it does not know by no plugin', async () => {
    const { queue } = newQueue();
    await tryInVain(queue, podObject('a', { spec: { schedulerName: 'other' } }));
    queue.moveAllToActiveOrBackoffQueue(nodeChanged);
    expect(pools(queue)).toEqual({ backoff: ['a'] });
  });

  it('asks the plugins of the pod’s profile', async () => {
    const profile = (...enqueue: EnqueueExtensions[]) => ({
      plugins: { enqueue },
      runPreEnqueuePlugins: () => undefined,
    });
    const profiles = new Map([
      ['one', profile(waitsFor('Fit', { resource: 'Node', actions: ['Add'] }))],
      ['two', profile(waitsFor('Fit', { resource: 'Node', actions: ['Delete'] }))],
    ]);
    const { less } = newPrioritySort();
    const options = { clock: new FakeClock(), log: newLogBook(), less, profiles };
    const queue = trace('queue', () => new SchedulingQueue(options));
    for (const schedulerName of ['one', 'two']) {
      await tryInVain(queue, podObject(schedulerName, { spec: { schedulerName } }));
    }
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    expect(pools(queue)).toEqual({ backoff: ['one'], unschedulable: ['two'] });
  });
});

describe('scheduling queue, events during an attempt', () => {
  it.core('does not lose an event that comes while the pod is being tried', async () => {
    const { queue } = newQueue();
    queue.add(podObject('a'));
    const pod = await popped(queue);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD, undefined, nodeObject('n1'));
    queue.addUnschedulableIfNotPresent(pod, refusedBy('Fit'));
    expect(pools(queue)).toEqual({ backoff: ['a'] });
  });

  it('takes no notice of events that help nobody who said no', async () => {
    const { queue } = newQueue();
    queue.add(podObject('a'));
    const pod = await popped(queue);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    queue.addUnschedulableIfNotPresent(pod, refusedBy('Claims'));
    expect(pools(queue)).toEqual({ unschedulable: ['a'] });
  });

  it('takes no notice of events before the attempt', async () => {
    const { queue } = newQueue();
    queue.add(podObject('a', { priority: 2 }));
    queue.add(podObject('b', { priority: 1 }));
    const a = await popped(queue);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    const b = await popped(queue);
    queue.addUnschedulableIfNotPresent(b, refusedBy('Fit'));
    queue.addUnschedulableIfNotPresent(a, refusedBy('Fit'));
    expect(pools(queue)).toEqual({ backoff: ['a'], unschedulable: ['b'] });
  });

  it('remembers events for attempts that take longer', async () => {
    const { queue } = newQueue();
    queue.add(podObject('a', { priority: 3 }));
    queue.add(podObject('b', { priority: 2 }));
    queue.add(podObject('c', { priority: 1 }));
    const a = await popped(queue);
    queue.moveAllToActiveOrBackoffQueue(ASSIGNED_POD_ADD);
    const b = await popped(queue);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    const c = await popped(queue);
    queue.done(a.podInfo.pod.metadata?.uid ?? '');
    queue.addUnschedulableIfNotPresent(c, refusedBy('Fit'));
    queue.addUnschedulableIfNotPresent(b, refusedBy('Fit'));
    expect(pools(queue)).toEqual({ backoff: ['b'], unschedulable: ['c'] });
  });

  it('goes by the most urgent of several events', async () => {
    const { queue } = newQueue();
    queue.add(podObject('a'));
    const pod = await popped(queue);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    queue.moveAllToActiveOrBackoffQueue(clusterEvent('PersistentVolumeClaim', 'Update'));
    queue.moveAllToActiveOrBackoffQueue(ASSIGNED_POD_ADD);
    queue.addUnschedulableIfNotPresent(pod, { ...refusedBy('Fit'), ...pendingAt('Claims') });
    expect(pools(queue)).toEqual({ active: ['a'] });
  });

  it('has a pod that was done before try again, whatever it waits for', async () => {
    const { queue } = newQueue();
    queue.add(podObject('a'));
    const pod = await popped(queue);
    queue.done('uid-default-a');
    queue.done('uid-default-a');
    queue.addUnschedulableIfNotPresent(pod, refusedBy('Fit'));
    expect(pools(queue)).toEqual({ backoff: ['a'] });
  });

  it('begins anew with each attempt', async () => {
    const { queue, clock } = newQueue();
    queue.add(podObject('a'));
    const pod = await popped(queue);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    queue.addUnschedulableIfNotPresent(pod, refusedBy('Fit'));
    clock.step(minute);
    queue.addUnschedulableIfNotPresent(await popped(queue), refusedBy('Fit'));
    expect(pools(queue)).toEqual({ unschedulable: ['a'] });
  });

  it('gives out no pod that is being tried', async () => {
    const { queue } = newQueue();
    queue.add(podObject('a'));
    await popped(queue);
    queue.add(podObject('a'));
    queue.add(podObject('b', { priority: -1 }));
    expect(nameOf(await popped(queue))).toBe('b');
    expect(pools(queue)).toEqual({});
  });
});

describe('scheduling queue, backoff', () => {
  it('lets a pod into active when its time has come', async () => {
    const { queue, clock, stop } = running();
    await tryInVain(queue, podObject('a'), {});
    expect(pools(queue)).toEqual({ backoff: ['a'] });
    await clock.advance(second - 1);
    expect(pools(queue)).toEqual({ backoff: ['a'] });
    await clock.advance(1);
    expect(pools(queue)).toEqual({ active: ['a'] });
    await stop();
  });

  it('doubles with each no, up to the longest', async () => {
    const { queue, clock, stop } = running();
    queue.add(podObject('a'));
    for (const wait of [1, 2, 4, 8, 10, 10]) {
      queue.addUnschedulableIfNotPresent(await popped(queue), refusedBy('Fit'));
      queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
      await clock.advance(wait * second - 1);
      expect(pools(queue)).toEqual({ backoff: ['a'] });
      await clock.advance(1);
      expect(pools(queue)).toEqual({ active: ['a'] });
    }
    await stop();
  });

  it('goes by the durations it was given', async () => {
    const { queue, clock, stop } = running({ podInitialBackoffMs: 3000, podMaxBackoffMs: 5000 });
    queue.add(podObject('a'));
    for (const wait of [3, 5, 5]) {
      queue.addUnschedulableIfNotPresent(await popped(queue), {});
      await clock.advance(wait * second - 1);
      expect(pools(queue)).toEqual({ backoff: ['a'] });
      await clock.advance(1);
      expect(pools(queue)).toEqual({ active: ['a'] });
    }
    await stop();
  });

  it('counts faults by themselves, and from the start after a no', async () => {
    const { queue, clock, stop } = running();
    const waits = async (failure: {
      unschedulablePlugins?: ReadonlySet<string>;
    }): Promise<number> => {
      queue.addUnschedulableIfNotPresent(await popped(queue), failure);
      queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
      for (let seconds = 0; ; seconds += 1) {
        if (queue.pendingPods().active.length > 0) return seconds;
        await clock.advance(second);
      }
    };
    queue.add(podObject('a'));
    const fit = refusedBy('Fit');
    const failures = [fit, fit, fit, {}, {}, fit, {}];
    const seconds: number[] = [];
    for (const failure of failures) seconds.push(await waits(failure));
    expect(seconds).toEqual([1, 2, 4, 1, 2, 8, 1]);
    await stop();
  });

  it('ends on a whole second', async () => {
    const { queue, clock, stop } = running();
    await clock.advance(700);
    await tryInVain(queue, podObject('a'), {});
    await clock.advance(299);
    expect(pools(queue)).toEqual({ backoff: ['a'] });
    await clock.advance(1);
    expect(pools(queue)).toEqual({ active: ['a'] });
    await stop();
  });

  it('is cut short for a refused pod when nothing else is to be done', async () => {
    const { queue } = newQueue();
    await tryInVain(queue, podObject('a'));
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    queue.add(podObject('b', { priority: -5 }));
    expect(nameOf(await popped(queue))).toBe('b');
    const early = await popped(queue);
    expect([nameOf(early), early.attempts]).toEqual(['a', 2]);
  });

  it('is cut short for who waits', async () => {
    const { queue } = newQueue();
    await tryInVain(queue, podObject('a'));
    const pod = queue.pop(never);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    expect(nameOf(await pod)).toBe('a');
  });

  it('is not cut short after a fault', async () => {
    const { queue, clock, stop } = running();
    await tryInVain(queue, podObject('a'), {});
    const pod = queue.pop(never);
    await clock.advance(second - 1);
    expect(pools(queue)).toEqual({ backoff: ['a'] });
    await clock.advance(1);
    expect(nameOf(await pod)).toBe('a');
    await stop();
  });

  it('is cut short for the pod whose time comes first, then by `less`', async () => {
    const { queue, clock } = newQueue();
    await tryInVain(queue, podObject('late', { priority: 9 }));
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    queue.addUnschedulableIfNotPresent(await popped(queue), refusedBy('Fit'));
    for (const [name, priority] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      await tryInVain(queue, podObject(name, { priority }));
      clock.step(100);
    }
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    expect(await popAll(queue)).toEqual(['b', 'a', 'late']);
  });

  it('does nothing by itself before `run`', async () => {
    const { queue, clock } = newQueue();
    await tryInVain(queue, podObject('a'), {});
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(minute);
    expect(pools(queue)).toEqual({ backoff: ['a'] });
  });

  it('leaves no timer when it ends', async () => {
    const { queue, clock, stop } = running();
    await tryInVain(queue, podObject('a'), {});
    expect(clock.pendingTimers).toBeGreaterThan(0);
    await stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('goes on with pods that were there before `run`', async () => {
    const { queue, clock } = newQueue();
    await tryInVain(queue, podObject('a'), {});
    const stop = new AbortController();
    const ended = queue.run(stop.signal);
    await clock.advance(second);
    expect(pools(queue)).toEqual({ active: ['a'] });
    stop.abort();
    await ended;
  });
});

describe('scheduling queue, pods that wait too long', () => {
  it('tries a pod again after five minutes, whatever it waits for', async () => {
    const { queue, clock, stop } = running();
    await tryInVain(queue, podObject('a'), refusedBy('Patient'));
    await clock.advance(5 * minute);
    expect(pools(queue)).toEqual({ unschedulable: ['a'] });
    await clock.advance(LEFTOVER_FLUSH_PERIOD_MS);
    expect(pools(queue)).toEqual({ active: ['a'] });
    await stop();
  });

  it('goes by the time it was given, and by each pod’s own', async () => {
    const { queue, clock, stop } = running({ podMaxInUnschedulablePodsMs: minute });
    await tryInVain(queue, podObject('a'));
    await clock.advance(40 * second);
    await tryInVain(queue, podObject('b'));
    await clock.advance(50 * second - 1);
    expect(pools(queue)).toEqual({ unschedulable: ['a', 'b'] });
    await clock.advance(1);
    expect(pools(queue)).toEqual({ active: ['a'], unschedulable: ['b'] });
    await stop();
  });

  it('gives it to who waits', async () => {
    const { queue, clock, stop } = running();
    await tryInVain(queue, podObject('a'));
    const pod = queue.pop(never);
    await clock.advance(6 * minute);
    expect(nameOf(await pod)).toBe('a');
    await stop();
  });

  it('keeps a gated pod gated', async () => {
    const { queue, clock, stop } = running();
    queue.add(podObject('a', { spec: { schedulingGates: [{ name: 'g' }] } }));
    await clock.advance(6 * minute);
    expect(pools(queue)).toEqual({ gated: ['a'] });
    await stop();
  });
});

describe('scheduling queue, gates', () => {
  const gated = podObject('a', { spec: { schedulingGates: [{ name: 'g' }] } });
  const open = podObject('a');

  it('keeps a gated pod out', async () => {
    const { queue } = newQueue();
    queue.add(gated);
    expect(pools(queue)).toEqual({ gated: ['a'] });
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    queue.moveAllToActiveOrBackoffQueue(UNSCHEDULABLE_TIMEOUT);
    queue.activate([gated]);
    expect(pools(queue)).toEqual({ gated: ['a'] });
  });

  it('lets it in when its gates are gone', async () => {
    const { queue, clock } = newQueue();
    queue.add(gated);
    clock.step(minute);
    const pod = queue.pop(never);
    queue.update(gated, open);
    const got = await pod;
    expect(got?.podInfo.pod).toBe(open);
    expect(got).toMatchObject({
      gated: false,
      attempts: 1,
      timestamp: clock.now() - minute,
      initialAttemptTimestamp: clock.now(),
    });
  });

  it('keeps it out when only some are gone, or something else has changed', () => {
    const { queue } = newQueue();
    const two = podObject('a', { spec: { schedulingGates: [{ name: 'g' }, { name: 'h' }] } });
    queue.add(two);
    queue.update(two, gated);
    const labelled = podObject('a', { labels: { x: 'y' }, spec: gated.spec ?? {} });
    queue.update(gated, labelled);
    expect(pools(queue)).toEqual({ gated: ['a'] });
    expect(queue.pendingPods().gated[0]).toBe(labelled);
  });

  it('asks again only when an event comes that the gate waits for', () => {
    const asked: string[] = [];
    let isOpen = false;
    const { queue } = newQueue({
      enqueue: [
        waitsFor('Door', { resource: 'Node', actions: ['Add'] }),
        waitsFor('Fit', { resource: 'AssignedPod', actions: ['Delete'] }),
      ],
      preEnqueue: (pod) => {
        asked.push(pod.metadata?.name ?? '');
        return isOpen ? undefined : new Status('UnschedulableAndUnresolvable', ['shut'], 'Door');
      },
    });
    queue.add(open);
    queue.moveAllToActiveOrBackoffQueue(ASSIGNED_POD_DELETE);
    expect(asked).toEqual(['a']);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    expect(asked).toEqual(['a', 'a']);
    expect(pools(queue)).toEqual({ gated: ['a'] });
    isOpen = true;
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    expect(pools(queue)).toEqual({ active: ['a'] });
  });

  it('does not ask again when an event comes that only a refusing plugin waits for', async () => {
    let isOpen = true;
    const { queue, clock } = newQueue({
      enqueue: [
        waitsFor('Door', { resource: 'Node', actions: ['Add'] }),
        waitsFor('Fit', { resource: 'AssignedPod', actions: ['Delete'] }),
      ],
      preEnqueue: () => (isOpen ? undefined : new Status('Unschedulable', [], 'Door')),
    });
    await tryInVain(queue, open);
    clock.step(minute);
    isOpen = false;
    queue.moveAllToActiveOrBackoffQueue(ASSIGNED_POD_DELETE);
    expect(pools(queue)).toEqual({ gated: ['a'] });
    isOpen = true;
    queue.moveAllToActiveOrBackoffQueue(ASSIGNED_POD_DELETE);
    expect(pools(queue)).toEqual({ gated: ['a'] });
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    expect(pools(queue)).toEqual({ active: ['a'] });
  });

  it('stops a refused pod on its way back, and not from backoff to active', async () => {
    let isOpen = true;
    let asked = 0;
    const { queue, clock, stop } = running({
      enqueue: [waitsFor('Door'), ...ENQUEUE],
      preEnqueue: () => {
        asked += 1;
        return isOpen ? undefined : new Status('Unschedulable', [], 'Door');
      },
    });
    await tryInVain(queue, podObject('a'));
    await tryInVain(queue, podObject('b'));
    queue.moveAllToActiveOrBackoffQueue(
      NODE_ADD,
      undefined,
      undefined,
      (pod) => names([pod])[0] === 'b',
    );
    isOpen = false;
    const before = asked;
    await clock.advance(second);
    expect(pools(queue)).toEqual({ active: ['b'], unschedulable: ['a'] });
    expect(asked).toBe(before);
    queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
    expect(pools(queue)).toEqual({ active: ['b'], gated: ['a'] });
    await stop();
  });

  it('stops a pod on its way into backoff', async () => {
    let isOpen = true;
    const { queue } = newQueue({
      preEnqueue: () => (isOpen ? undefined : new Status('Unschedulable', [], 'Door')),
    });
    queue.add(podObject('a'));
    const pod = await popped(queue);
    isOpen = false;
    queue.addUnschedulableIfNotPresent(pod, {});
    expect(pools(queue)).toEqual({ gated: ['a'] });
  });
});

describe('scheduling queue, updates', () => {
  const before = podObject('a', { labels: { v: '1' } });
  const after = podObject('a', { labels: { v: '2' } });
  const tolerant = podObject('a', {
    labels: { v: '1' },
    spec: { tolerations: [{ operator: 'Exists' }] },
  });
  const enqueue = [
    waitsFor('Tolerations', { resource: 'UnscheduledPod', actions: ['UpdatePodToleration'] }),
    waitsFor('Any', { resource: 'UnscheduledPod', actions: ['Update'] }),
  ];

  it('puts the new pod in the place of the old, where that is', async () => {
    const { queue } = newQueue();
    queue.add(before);
    queue.update(before, after);
    expect(queue.pendingPods().active[0]).toBe(after);
    queue.addUnschedulableIfNotPresent(await popped(queue), {});
    queue.update(after, before);
    expect(queue.pendingPods().backoff[0]).toBe(before);
    expect(pools(queue)).toEqual({ backoff: ['a'] });
  });

  it('finds the new place of a pod whose priority has changed', async () => {
    const { queue } = newQueue();
    queue.add(podObject('b', { priority: 5 }));
    queue.add(before);
    queue.update(before, podObject('a', { priority: 10 }));
    expect(await popAll(queue)).toEqual(['a', 'b']);
  });

  it('wakes a refused pod when its own change may help', async () => {
    const { queue } = newQueue({ enqueue });
    await tryInVain(queue, before, refusedBy('Tolerations'));
    queue.update(before, after);
    expect(pools(queue)).toEqual({ unschedulable: ['a'] });
    expect(queue.pendingPods().unschedulable[0]).toBe(after);
    queue.update(before, tolerant);
    expect(pools(queue)).toEqual({ backoff: ['a'] });
    expect(queue.pendingPods().backoff[0]).toBe(tolerant);
  });

  it('wakes a refused pod by any one of several changes', async () => {
    const { queue } = newQueue({ enqueue });
    await tryInVain(queue, before, refusedBy('Tolerations'));
    const both = podObject('a', {
      labels: { v: '3' },
      spec: { tolerations: [{ operator: 'Exists' }] },
    });
    queue.update(before, both);
    expect(pools(queue)).toEqual({ backoff: ['a'] });
  });

  it('keeps a change of a pod that is being tried until it comes back', async () => {
    const { queue } = newQueue({ enqueue });
    queue.add(before);
    const pod = await popped(queue);
    queue.update(before, tolerant);
    expect(pools(queue)).toEqual({});
    queue.addUnschedulableIfNotPresent(pod, refusedBy('Tolerations'));
    expect(pools(queue)).toEqual({ backoff: ['a'] });
  });

  it('takes a change of a pod it does not know for a new pod', async () => {
    const { queue } = newQueue();
    queue.update(before, after);
    expect(queue.pendingPods().active[0]).toBe(after);
    expect((await popped(queue)).attempts).toBe(1);
  });

  it('gives a woken pod to who waits', async () => {
    const { queue, clock } = newQueue({ enqueue });
    await tryInVain(queue, before, refusedBy('Any'));
    clock.step(minute);
    const pod = queue.pop(never);
    queue.update(before, after);
    expect((await pod)?.podInfo.pod).toBe(after);
  });
});

describe('scheduling queue, pods with a node', () => {
  const kinds: ClusterEventWithHint[] = [
    {
      resource: 'AssignedPod',
      actions: ['Add', 'UpdatePodLabel'],
      hint: (_pod, before, after) => {
        const label = after?.metadata?.labels?.app;
        return label === 'web' && before?.metadata?.labels?.app !== 'web' ? 'Queue' : 'QueueSkip';
      },
    },
  ];
  const enqueue = [waitsFor('Affinity', ...kinds)];
  const placed = (labels: Record<string, string>) => podObject('x', { nodeName: 'n1', labels });

  it('wakes who waits for a pod like the one that has come', async () => {
    const { queue } = newQueue({ enqueue });
    await tryInVain(queue, podObject('a'), refusedBy('Affinity'));
    queue.assignedPodAdded(placed({ app: 'db' }));
    expect(pools(queue)).toEqual({ unschedulable: ['a'] });
    queue.assignedPodAdded(placed({ app: 'web' }));
    expect(pools(queue)).toEqual({ backoff: ['a'] });
  });

  it('wakes who waits for what a pod has become', async () => {
    const { queue } = newQueue({ enqueue });
    await tryInVain(queue, podObject('a'), refusedBy('Affinity'));
    queue.assignedPodUpdated(placed({ app: 'web' }), placed({ app: 'web', v: '2' }));
    expect(pools(queue)).toEqual({ unschedulable: ['a'] });
    queue.assignedPodUpdated(placed({ app: 'db' }), placed({ app: 'web' }));
    expect(pools(queue)).toEqual({ backoff: ['a'] });
  });
});

describe('scheduling queue, activation', () => {
  it('puts pods into active, whatever they wait for', async () => {
    const { queue } = newQueue();
    await tryInVain(queue, podObject('a'), refusedBy('Patient'));
    queue.add(podObject('b'));
    queue.addUnschedulableIfNotPresent(await popped(queue), {});
    queue.activate([podObject('a'), podObject('b'), podObject('unknown')]);
    expect(pools(queue)).toEqual({ active: ['a', 'b'] });
  });

  it('leaves pods in active as they are, and others where they are', async () => {
    const { queue } = newQueue();
    await tryInVain(queue, podObject('a'));
    queue.add(podObject('b'));
    queue.activate([podObject('b')]);
    expect(pools(queue)).toEqual({ active: ['b'], unschedulable: ['a'] });
  });

  it('is kept for a pod that is being tried, and for no other', async () => {
    const { queue } = newQueue();
    queue.add(podObject('a'));
    const a = await popped(queue);
    queue.add(podObject('b'));
    const b = await popped(queue);
    queue.activate([a.podInfo.pod]);
    queue.addUnschedulableIfNotPresent(a, refusedBy('Patient'));
    queue.addUnschedulableIfNotPresent(b, refusedBy('Patient'));
    expect(pools(queue)).toEqual({ backoff: ['a'], unschedulable: ['b'] });
  });

  it('gives a pod to who waits', async () => {
    const { queue } = newQueue();
    await tryInVain(queue, podObject('a'), refusedBy('Patient'));
    const pod = queue.pop(never);
    queue.activate([podObject('a')]);
    expect(nameOf(await pod)).toBe('a');
  });
});

describe('scheduling queue, properties', () => {
  const step = fc.tuple(
    fc.constantFrom('add', 'delete', 'pop', 'refuse', 'break', 'done', 'event', 'activate', 'time'),
    fc.nat(5),
  );

  property(
    'no pod is in two places, none is lost, and all are tried again in the end',
    fc.array(step, { maxLength: 60 }),
    async (steps) => {
      const clock = new FakeClock();
      const { less } = newPrioritySort();
      const profile = { plugins: { enqueue: ENQUEUE }, runPreEnqueuePlugins: () => undefined };
      const profiles = new Map([['default-scheduler', profile]]);
      const queue = new SchedulingQueue({ clock, log: newLogBook(), less, profiles });
      const stop = new AbortController();
      const ended = queue.run(stop.signal);
      const waiting = new Set<string>();
      const inFlight = new Map<string, QueuedPodInfo>();
      for (const [what, i] of steps) {
        const pod = podObject(`p${i}`, { priority: i });
        const name = `p${i}`;
        const tried = inFlight.get(name);
        const { active } = queue.pendingPods();
        if (what === 'add' && !waiting.has(name) && !tried) {
          queue.add(pod);
          waiting.add(name);
        }
        if (what === 'delete') {
          queue.delete(pod);
          waiting.delete(name);
        }
        if (what === 'pop' && active.length > 0) {
          const queued = await popped(queue);
          const best = Math.max(...active.map(({ spec }) => spec?.priority ?? 0));
          expect(queued.podInfo.pod.spec?.priority).toBe(best);
          inFlight.set(nameOf(queued) ?? '', queued);
          waiting.delete(nameOf(queued) ?? '');
        }
        if ((what === 'refuse' || what === 'break') && tried) {
          queue.addUnschedulableIfNotPresent(tried, what === 'refuse' ? refusedBy('Fit') : {});
          inFlight.delete(name);
          waiting.add(name);
        }
        if (what === 'done' && tried) {
          queue.done(pod.metadata?.uid ?? '');
          inFlight.delete(name);
        }
        if (what === 'event') queue.moveAllToActiveOrBackoffQueue(NODE_ADD);
        if (what === 'activate') queue.activate([pod]);
        if (what === 'time') clock.step(i * 700);
        const found = Object.values(pools(queue)).flat();
        expect(found.sort()).toEqual([...waiting].sort());
      }
      await clock.advance(6 * minute);
      expect(pools(queue).active ?? []).toEqual([...waiting].sort());
      stop.abort();
      await ended;
    },
    { runs: 50 },
  );
});
