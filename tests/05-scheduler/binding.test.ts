import { FakeClock, type Pod, silentLogger } from '#apimachinery';
import { describe, expect, fc, it, nodeObject, podObject, property, settle } from '#kit';
import {
  type BindingFramework,
  type BindingWorld,
  bindingCycle,
  CycleState,
  goDuration,
  type Handle,
  NodeInfo,
  newCoscheduling,
  podInfoOf,
  Snapshot,
  Status,
  WaitingPods,
} from '#scheduler';

type Cycle = Parameters<typeof bindingCycle>[2];
/** A `FitError`, as far as it can be seen from here. */
type Fit = Error & {
  pod: Pod;
  numAllNodes: number;
  diagnosis: { nodeStatuses: ReadonlyMap<string, Status>; unschedulablePlugins: Set<string> };
};

const waitsFor = (...waits: [plugin: string, ms: number][]) => new Map(waits);
const textOf = (status: Status | undefined) =>
  status && `${status.code} ${status.plugin}: ${status.message}`;

describe('WaitingPods', () => {
  function waiting(...waits: [plugin: string, ms: number][]) {
    const clock = new FakeClock();
    const pods = new WaitingPods(clock);
    const pod = podObject('web');
    pods.add(pod, waitsFor(...waits));
    const outcome: { status?: Status | undefined; isThere: boolean } = { isThere: false };
    pods.wait(pod).then((status) => {
      outcome.status = status;
      outcome.isThere = true;
    });
    return { clock, pods, pod, outcome, one: () => pods.get('uid-default-web') };
  }

  it.core('lets a pod through that nobody makes wait', async () => {
    const pods = new WaitingPods(new FakeClock());
    expect(await pods.wait(podObject('web'))).toBeUndefined();
    expect(pods.get('uid-default-web')).toBeUndefined();
    expect(pods.list()).toEqual([]);
  });

  it.core('waits until all plugins have allowed it', async () => {
    const { one, outcome } = waiting(['a', 1000], ['b', 1000]);
    one()?.allow('a');
    await settle();
    expect(outcome.isThere).toBe(false);
    one()?.allow('b');
    await settle();
    expect(outcome).toEqual({ status: undefined, isThere: true });
  });

  it.core('ends with the first rejection', async () => {
    const { one, outcome } = waiting(['a', 1000], ['b', 1000]);
    one()?.reject('b', 'no room for the group');
    await settle();
    expect(textOf(outcome.status)).toBe('Unschedulable b: no room for the group');
  });

  it('knows who is waited for, in order', () => {
    const { one, pod } = waiting(['b', 1000], ['a', 1000], ['c', 1000]);
    expect(one()?.pod).toEqual(pod);
    expect(one()?.pendingPlugins).toEqual(['b', 'a', 'c']);
    one()?.allow('a');
    expect(one()?.pendingPlugins).toEqual(['b', 'c']);
  });

  it('counts a plugin once, and no strangers', async () => {
    const { one, outcome } = waiting(['a', 1000], ['b', 1000]);
    one()?.allow('a');
    one()?.allow('a');
    one()?.allow('stranger');
    await settle();
    expect(outcome.isThere).toBe(false);
    expect(one()?.pendingPlugins).toEqual(['b']);
  });

  it('hears the no of anybody', async () => {
    const { one, outcome } = waiting(['a', 1000]);
    one()?.reject('DefaultPreemption', 'preempted');
    await settle();
    expect(textOf(outcome.status)).toBe('Unschedulable DefaultPreemption: preempted');
  });

  it('ends at the first timeout', async () => {
    const { clock, outcome } = waiting(['slow', 90_000], ['fast', 10_000]);
    await clock.advance(9_999);
    expect(outcome.isThere).toBe(false);
    await clock.advance(1);
    expect(textOf(outcome.status)).toBe(
      'Unschedulable fast: rejected due to timeout after waiting 10s at plugin fast',
    );
  });

  it('does not time out at a plugin that has allowed it', async () => {
    const { clock, one, outcome } = waiting(['slow', 90_000], ['fast', 10_000]);
    one()?.allow('fast');
    await clock.advance(10_000);
    expect(outcome.isThere).toBe(false);
    await clock.advance(80_000);
    expect(textOf(outcome.status)).toBe(
      'Unschedulable slow: rejected due to timeout after waiting 1m30s at plugin slow',
    );
  });

  it('is decided once', async () => {
    const { one, outcome } = waiting(['a', 1000]);
    const held = one();
    held?.reject('a', 'first');
    held?.reject('a', 'second');
    held?.allow('a');
    await settle();
    expect(textOf(outcome.status)).toBe('Unschedulable a: first');
    const other = waiting(['a', 1000]);
    const allowed = other.one();
    allowed?.allow('a');
    allowed?.reject('a', 'too late');
    await settle();
    expect(other.outcome).toEqual({ status: undefined, isThere: true });
  });

  it('leaves no timers behind', async () => {
    const rejected = waiting(['a', 1000], ['b', 2000]);
    rejected.one()?.reject('a', 'no');
    expect(rejected.clock.pendingTimers).toBe(0);
    const allowed = waiting(['a', 1000], ['b', 2000]);
    allowed.one()?.allow('a');
    expect(allowed.clock.pendingTimers).toBe(1);
    allowed.one()?.allow('b');
    expect(allowed.clock.pendingTimers).toBe(0);
    const late = waiting(['a', 1000], ['b', 2000]);
    await late.clock.advance(1000);
    expect(late.clock.pendingTimers).toBe(0);
  });

  it('forgets a pod that is decided', async () => {
    const { clock, one, pods } = waiting(['a', 1000]);
    one()?.allow('a');
    expect(one()).toBeUndefined();
    expect(pods.list()).toEqual([]);
    const late = waiting(['a', 1000]);
    await late.clock.advance(1000);
    expect(late.pods.list()).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells the outcome also to who asks late, once', async () => {
    const clock = new FakeClock();
    const pods = new WaitingPods(clock);
    const pod = podObject('web');
    pods.add(pod, waitsFor(['a', 1000]));
    pods.get('uid-default-web')?.reject('a', 'no');
    await settle();
    expect(textOf(await pods.wait(pod))).toBe('Unschedulable a: no');
    // The next attempt of the same pod has nothing to do with this one.
    expect(await pods.wait(pod)).toBeUndefined();
    pods.add(pod, waitsFor(['a', 1000]));
    pods.get('uid-default-web')?.allow('a');
    expect(await pods.wait(pod)).toBeUndefined();
  });

  it('does not mix up two times that a pod waits', async () => {
    const clock = new FakeClock();
    const pods = new WaitingPods(clock);
    const pod = podObject('web');
    pods.add(pod, waitsFor(['a', 1000]));
    const stale = pods.get('uid-default-web');
    stale?.reject('a', 'no');
    await pods.wait(pod);
    pods.add(pod, waitsFor(['a', 1000]));
    stale?.reject('a', 'said before');
    stale?.allow('a');
    expect(pods.get('uid-default-web')?.pendingPlugins).toEqual(['a']);
    pods.get('uid-default-web')?.allow('a');
    expect(await pods.wait(pod)).toBeUndefined();
  });

  it('keeps pods apart, also those of one name', async () => {
    const clock = new FakeClock();
    const pods = new WaitingPods(clock);
    const [old, young] = [podObject('web', { uid: 'old' }), podObject('web', { uid: 'young' })];
    pods.add(old, waitsFor(['a', 5000]));
    pods.add(young, waitsFor(['a', 1000]));
    expect(pods.list().map((one) => one.pod.metadata?.uid)).toEqual(['old', 'young']);
    await clock.advance(1000);
    expect(pods.list().map((one) => one.pod.metadata?.uid)).toEqual(['old']);
    pods.get('old')?.allow('a');
    expect(await pods.wait(old)).toBeUndefined();
    expect((await pods.wait(young))?.code).toBe('Unschedulable');
  });

  const step = fc.record({
    what: fc.constantFrom('allow', 'reject', 'time'),
    plugin: fc.constantFrom('a', 'b', 'c'),
  });

  property(
    'the first word that settles it, holds',
    fc.array(step, { maxLength: 8 }),
    async (steps) => {
      const { clock, one, outcome } = waiting(['a', 1000], ['b', 3000], ['c', 5000]);
      const held = one();
      const pending = new Map([
        ['a', 1000],
        ['b', 3000],
        ['c', 5000],
      ]);
      let expected: string | undefined;
      let now = 0;
      for (const { what, plugin } of steps) {
        const isOpen = expected === undefined && pending.size > 0;
        if (what === 'time') {
          await clock.advance(1500);
          now += 1500;
          const due = [...pending].filter(([, at]) => at <= now)[0];
          if (isOpen && due) {
            const waited = goDuration(due[1]);
            expected = `Unschedulable ${due[0]}: rejected due to timeout after waiting ${waited} at plugin ${due[0]}`;
          }
        } else if (what === 'allow') {
          held?.allow(plugin);
          if (isOpen) pending.delete(plugin);
        } else {
          held?.reject(plugin, 'no');
          if (isOpen) expected = `Unschedulable ${plugin}: no`;
        }
      }
      await settle();
      expect(outcome.isThere).toBe(expected !== undefined || pending.size === 0);
      expect(textOf(outcome.status)).toBe(expected);
    },
  );
});

describe('bindingCycle', () => {
  const NODE = 'node-1';

  /** A cycle in a world that writes down what is done, in order. */
  function scene(
    answers: Partial<BindingFramework> = {},
    waits: ReadonlyMap<string, number> = new Map(),
  ) {
    const log: string[] = [];
    const clock = new FakeClock();
    const state = new CycleState();
    const tried = podObject('web');
    const assumed = podObject('web', { nodeName: NODE });
    const requeued: unknown[] = [];
    const check = (what: string, ...args: unknown[]): void => {
      const [given, pod, nodeName] = args;
      const isRight = given === state && pod === cycle.pod && nodeName === NODE;
      log.push(isRight ? what : `${what} of something else`);
    };
    const about = (pod: unknown): string => (pod === cycle.pod ? '' : ' of something else');
    const framework: BindingFramework = {
      runPreBindPlugins: async (...args) => {
        check('preBind', ...args);
        return answers.runPreBindPlugins?.(...args);
      },
      runBindPlugins: async (...args) => {
        check('bind', ...args);
        return answers.runBindPlugins?.(...args);
      },
      runPostBindPlugins: (...args) => {
        check('postBind', ...args);
        answers.runPostBindPlugins?.(...args);
      },
      runUnreservePlugins: (...args) => {
        check('unreserve', ...args);
        answers.runUnreservePlugins?.(...args);
      },
    };
    const world: BindingWorld = {
      waitingPods: new WaitingPods(clock),
      cache: {
        finishBinding: (pod) => void log.push(`finishBinding${about(pod)}`),
        forgetPod: (pod) => void log.push(`forget${about(pod)}`),
      },
      recorder: {
        event: (type, pod, ...words) =>
          void log.push(`event ${type.resource} ${pod.metadata?.name} ${words.join(' ')}`),
      },
      done: (uid) => void log.push(`done ${uid}`),
      placeFreed: (pod) => void log.push(`placeFreed${about(pod)}`),
      requeue: (queued, error) => {
        log.push(queued === cycle.queued ? 'requeue' : 'requeue something else');
        requeued.push(error);
      },
    };
    const cycle = {
      outcome: 'scheduled',
      queued: { podInfo: podInfoOf(tried) },
      pod: podInfoOf(assumed),
      nodeName: NODE,
      state,
      waits,
      result: { nodeName: NODE, evaluatedNodes: 1, feasibleNodes: 1 },
    } as unknown as Cycle;
    return { log, clock, world, framework, cycle, requeued, tried };
  }

  const run = async (one: ReturnType<typeof scene>) => {
    const isBound = await bindingCycle(one.world, one.framework, one.cycle);
    return { ...one, isBound };
  };
  const event = 'event pods web Normal Scheduled Successfully assigned default/web to node-1';

  it.core('prepares, binds, and tells', async () => {
    const { log, isBound } = await run(scene());
    expect(isBound).toBe(true);
    expect(log).toEqual([
      'preBind',
      'done uid-default-web',
      'bind',
      'finishBinding',
      event,
      'postBind',
    ]);
  });

  it.core('undoes everything when binding fails', async () => {
    const failure = new Error('conflict');
    const status = Status.ofError(failure, 'DefaultBinder');
    const { log, requeued, isBound } = await run(scene({ runBindPlugins: async () => status }));
    expect(isBound).toBe(false);
    expect(log).toEqual([
      'preBind',
      'done uid-default-web',
      'bind',
      'finishBinding',
      'unreserve',
      'forget',
      'placeFreed',
      'requeue',
    ]);
    expect(requeued).toHaveLength(1);
    expect(requeued[0] === failure).toBe(true);
  });

  it.core('waits for permission before it does anything', async () => {
    const one = scene({}, waitsFor(['gang', 60_000]));
    const end = bindingCycle(one.world, one.framework, one.cycle);
    await settle();
    expect(one.log).toEqual([]);
    one.world.waitingPods.get('uid-default-web')?.allow('gang');
    await end;
    expect(one.log.at(0)).toBe('preBind');
    expect(one.log.at(-1)).toBe('postBind');
  });

  it('lets the pod wait at once, as the assumed pod', () => {
    const one = scene({}, waitsFor(['gang', 60_000]));
    void bindingCycle(one.world, one.framework, one.cycle);
    const [waiting] = one.world.waitingPods.list();
    expect(waiting?.pendingPlugins).toEqual(['gang']);
    expect(waiting?.pod.spec?.nodeName).toBe(NODE);
    waiting?.reject('gang', 'end of the test');
  });

  /** What a rejection has to look like. */
  function expectFit(error: unknown, tried: Pod, plugin: string, message: string): void {
    const fit = error as Fit;
    expect(fit.name).toBe('FitError');
    expect(fit.numAllNodes).toBe(1);
    expect(fit.pod === tried).toBe(true);
    expect([...fit.diagnosis.nodeStatuses.keys()]).toEqual([NODE]);
    expect(fit.diagnosis.nodeStatuses.get(NODE)?.message).toBe(message);
    expect([...fit.diagnosis.unschedulablePlugins]).toEqual([plugin]);
    expect(fit.message).toBe(`0/1 nodes are available: 1 ${message}.`);
  }

  it('undoes everything when permission is refused', async () => {
    const one = scene({}, waitsFor(['gang', 60_000]));
    const end = bindingCycle(one.world, one.framework, one.cycle);
    one.world.waitingPods.get('uid-default-web')?.reject('gang', 'too few');
    await end;
    expect(one.log).toEqual(['unreserve', 'forget', 'requeue', 'placeFreed']);
    expectFit(one.requeued[0], one.tried, 'gang', 'too few');
  });

  it('undoes everything when permission comes too late', async () => {
    const one = scene({}, waitsFor(['gang', 10_000]));
    const end = bindingCycle(one.world, one.framework, one.cycle);
    await one.clock.advance(10_000);
    await end;
    expect(one.log).toEqual(['unreserve', 'forget', 'requeue', 'placeFreed']);
    const text = 'rejected due to timeout after waiting 10s at plugin gang';
    expectFit(one.requeued[0], one.tried, 'gang', text);
  });

  for (const code of ['Unschedulable', 'UnschedulableAndUnresolvable', 'Pending'] as const) {
    it(`takes ${code} of preBind for a rejection`, async () => {
      const status = new Status(code, ['not yet'], 'Slow');
      const one = await run(scene({ runPreBindPlugins: async () => status }));
      expect(one.log).toEqual(['preBind', 'unreserve', 'forget', 'requeue', 'placeFreed']);
      const fit = one.requeued[0] as Fit;
      expect(fit.name).toBe('FitError');
      expect(fit.diagnosis.nodeStatuses.get(NODE)?.code).toBe(code);
      expect(fit.message).toBe('0/1 nodes are available: 1 not yet.');
    });
  }

  it('takes a failure of preBind for a failure', async () => {
    const failure = new Error('no volume');
    const status = Status.ofError(failure, 'VolumeBinding');
    const one = await run(scene({ runPreBindPlugins: async () => status }));
    expect(one.log).toEqual(['preBind', 'unreserve', 'forget', 'placeFreed', 'requeue']);
    expect(one.requeued[0] === failure).toBe(true);
  });

  it('goes on after explicit successes', async () => {
    const success = async () => new Status('Success');
    const { log } = await run(scene({ runPreBindPlugins: success, runBindPlugins: success }));
    expect(log.at(-1)).toBe('postBind');
  });

  it('is a failure when nobody binds', async () => {
    const { log, requeued } = await run(scene({ runBindPlugins: async () => new Status('Skip') }));
    expect(log.slice(-5)).toEqual([
      'finishBinding',
      'unreserve',
      'forget',
      'placeFreed',
      'requeue',
    ]);
    expect((requeued[0] as Error).message).toBe('no bind plugin bound pod "default/web"');
  });

  it('takes a rejection by bind for a failure, too', async () => {
    const status = new Status('Unschedulable', ['not mine', 'not now'], 'Binder');
    const { log, requeued } = await run(scene({ runBindPlugins: async () => status }));
    expect(log.slice(-2)).toEqual(['placeFreed', 'requeue']);
    expect((requeued[0] as Error).name).toBe('Error');
    expect((requeued[0] as Error).message).toBe('not mine, not now');
  });

  it('undoes everything when a plugin throws', async () => {
    const failure = new Error('broken');
    const thrower = () => Promise.reject(failure);
    const early = await run(scene({ runPreBindPlugins: thrower }));
    expect(early.log).toEqual(['preBind', 'unreserve', 'forget', 'placeFreed', 'requeue']);
    expect(early.requeued[0] === failure).toBe(true);
    const late = await run(scene({ runBindPlugins: thrower }));
    expect(late.log.slice(2)).toEqual([
      'bind',
      'finishBinding',
      'unreserve',
      'forget',
      'placeFreed',
      'requeue',
    ]);
    expect(late.requeued[0] === failure).toBe(true);
  });

  it('requeues also when the cache has forgotten the pod', async () => {
    const status = new Status('Unschedulable', ['no'], 'Slow');
    for (const answer of [status, Status.ofError(new Error('x'))]) {
      const one = scene({ runPreBindPlugins: async () => answer });
      const cache = {
        ...one.world.cache,
        forgetPod: () => {
          throw new Error('pod is not assumed');
        },
      };
      await bindingCycle({ ...one.world, cache }, one.framework, one.cycle);
      expect(one.log).toEqual(['preBind', 'unreserve', 'requeue']);
    }
  });

  it('takes its time without holding others up', async () => {
    let finish = (): void => {};
    const slow = scene({
      runBindPlugins: () =>
        new Promise((resolve) => {
          finish = () => resolve(undefined);
        }),
    });
    const end = bindingCycle(slow.world, slow.framework, slow.cycle);
    const fast = await run(scene());
    expect(fast.log.at(-1)).toBe('postBind');
    expect(slow.log).toEqual(['preBind', 'done uid-default-web', 'bind']);
    finish();
    await end;
    expect(slow.log.at(-1)).toBe('postBind');
  });

  const answer = fc.constantFrom('ok', 'Unschedulable', 'Error', 'throws');

  property(
    'a place is kept or given back, and nothing in between',
    answer,
    answer,
    fc.boolean(),
    async (first, second, isRefused) => {
      const say = (what: string) => async () => {
        if (what === 'throws') throw new Error('x');
        if (what === 'ok') return undefined;
        return what === 'Error'
          ? Status.ofError(new Error('x'))
          : new Status('Unschedulable', ['x']);
      };
      const one = scene(
        { runPreBindPlugins: say(first), runBindPlugins: say(second) },
        isRefused ? waitsFor(['gang', 1000]) : new Map(),
      );
      const end = bindingCycle(one.world, one.framework, one.cycle);
      one.world.waitingPods.get('uid-default-web')?.reject('gang', 'no');
      await end;
      const isBound = !isRefused && first === 'ok' && second === 'ok';
      const times = (what: string) => one.log.filter((line) => line === what).length;
      expect(times('unreserve')).toBe(isBound ? 0 : 1);
      expect(times('forget')).toBe(isBound ? 0 : 1);
      expect(times('requeue')).toBe(isBound ? 0 : 1);
      expect(times('placeFreed')).toBe(isBound ? 0 : 1);
      expect(times(event)).toBe(isBound ? 1 : 0);
      expect(times('postBind')).toBe(isBound ? 1 : 0);
      expect(times('finishBinding')).toBe(times('bind'));
      expect(one.clock.pendingTimers).toBe(0);
    },
  );
});

describe('the plugin Coscheduling', () => {
  const member = (name: string, words: { nodeName?: string; min?: number } = {}) =>
    podObject(name, {
      labels: { 'scheduling.x-k8s.io/pod-group': 'gang' },
      annotations: { 'scheduling.x-k8s.io/min-member': String(words.min ?? 3) },
      ...(words.nodeName && { nodeName: words.nodeName }),
    });

  /** A scheduler that has placed the pods one after another, and waits for permits. */
  function cluster(pods: readonly Pod[]) {
    const clock = new FakeClock();
    const waitingPods = new WaitingPods(clock);
    const snapshot = new Snapshot();
    const state = new CycleState();
    const bound: string[] = [];
    const back: string[] = [];
    const activated: string[] = [];
    const held = new Map<string, Pod>();
    const handle = {
      snapshot,
      waitingPods,
      clock,
      log: silentLogger,
      activate: (others: readonly Pod[]) =>
        activated.push(others.map((one) => one.metadata?.name).join(' ')),
      informers: { informer: () => ({ lister: { listNamespace: () => pods } }) },
    } as unknown as Handle;
    const plugin = newCoscheduling({ permitWaitingTimeSeconds: 10 }, handle);
    const world = {
      waitingPods,
      cache: {
        finishBinding: () => {},
        forgetPod: ({ pod }: { pod: Pod }) => void held.delete(pod.metadata?.name ?? ''),
      },
      recorder: { event: () => {} },
      done: () => {},
      placeFreed: () => {},
      requeue: ({ podInfo }: { podInfo: { pod: Pod } }, error: unknown) =>
        void back.push(`${podInfo.pod.metadata?.name}: ${(error as Error).message}`),
    } as unknown as BindingWorld;
    const framework: BindingFramework = {
      runPreBindPlugins: async () => undefined,
      runBindPlugins: async (_state, { pod }) => void bound.push(pod.metadata?.name ?? ''),
      runPostBindPlugins: () => {},
      runUnreservePlugins: (...args) => plugin.unreserve(...args),
    };
    const place = (name: string) => {
      const pod = podInfoOf(member(name, { nodeName: 'n1' }));
      snapshot.replace([new NodeInfo(nodeObject('n1'), [...held.values()].map(podInfoOf))]);
      held.set(name, pod.pod);
      const { status, timeoutMs = 0 } = plugin.permit(state, pod, 'n1') ?? {};
      const waits = status?.code === 'Wait' ? waitsFor(['Coscheduling', timeoutMs]) : new Map();
      const queued = { podInfo: podInfoOf(member(name)) };
      void bindingCycle(world, framework, {
        ...({ outcome: 'scheduled', queued, result: {} } as unknown as Cycle),
        pod,
        nodeName: 'n1',
        state,
        waits,
      });
    };
    const preFilter = (pod: Pod) => plugin.preFilter(state, podInfoOf(pod), []);
    return { clock, bound, back, activated, place, preFilter, held };
  }

  it('binds a group as soon as it is complete', async () => {
    const { bound, place, held } = cluster([]);
    place('a');
    place('b');
    await settle();
    expect(bound).toEqual([]);
    place('c');
    await settle();
    expect([...bound].sort()).toEqual(['a', 'b', 'c']);
    expect(held.size).toBe(3);
  });

  it('binds none of a group that does not get complete', async () => {
    const members = ['a', 'b', 'c'].map((name) => member(name));
    const { bound, back, activated, place, held, clock, preFilter } = cluster(members);
    place('a');
    await clock.advance(4000);
    place('b');
    await clock.advance(6000);
    await settle();
    expect(bound).toEqual([]);
    expect(back).toEqual([
      'a: 0/1 nodes are available: 1 rejected due to timeout after waiting 10s at plugin Coscheduling.',
      'b: 0/1 nodes are available: 1 rejection in Unreserve.',
    ]);
    expect(held.size).toBe(0);
    // Then the group is left alone for a while, and called together.
    expect(preFilter(member('c'))?.status?.message).toBe('podGroup default/gang failed recently');
    activated.length = 0;
    await clock.advance(10_000);
    expect(activated).toHaveLength(1);
    expect(preFilter(member('c'))).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it('calls those that came too early', () => {
    const { activated, place } = cluster(['a', 'b', 'c'].map((name) => member(name)));
    place('c');
    expect(activated).toEqual(['a b']);
    // Who has a place already needs no call.
    place('a');
    expect(activated).toEqual(['a b', 'b']);
  });

  it('has no business with others', () => {
    const { preFilter } = cluster([]);
    expect(preFilter(podObject('single'))?.status?.code).toBe('Skip');
  });

  it('does not begin with too few', () => {
    const { preFilter } = cluster([member('a'), member('b')]);
    const status = preFilter(member('a'))?.status;
    expect(status?.code).toBe('UnschedulableAndUnresolvable');
    expect(status?.message).toBe(
      'pre-filter pod a cannot find enough sibling pods, current pods number: 2, minMember of group: 3',
    );
    const enough = cluster([member('a'), member('b'), member('c')]);
    expect(enough.preFilter(member('a'))).toBeUndefined();
  });
});
