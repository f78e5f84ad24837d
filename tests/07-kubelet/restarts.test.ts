import { FakeClock, type Pod } from '#apimachinery';
import { describe, expect, fc, it, property } from '#kit';
import {
  type ContainerPhase,
  CRASH_LOOP,
  CrashLoopBackoff,
  gracePeriodSeconds,
  type PodRuntimeStatus,
  type RuntimeContainer,
  restartDelay,
  shouldContainerBeRestarted,
  stopContainer,
  terminationGroups,
} from '#kubelet';

const START = Date.parse('2025-01-01T00:00:00Z');

function seen(phase: ContainerPhase, more: Partial<RuntimeContainer> = {}): RuntimeContainer {
  return {
    id: 'x://1',
    name: 'web',
    phase,
    createdAt: START,
    startedAt: START,
    finishedAt: phase === 'exited' ? START : 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: 'nginx',
    imageRef: '',
    hash: '',
    restartCount: 0,
    ...more,
  };
}

function runtimeOf(...containers: RuntimeContainer[]): PodRuntimeStatus {
  return { uid: 'u', name: 'web-0', namespace: 'default', ips: [], containers, sandboxes: [] };
}

function podOf(spec: Partial<NonNullable<Pod['spec']>> = {}, metadata: Pod['metadata'] = {}): Pod {
  return {
    metadata: { name: 'web-0', namespace: 'default', uid: 'u', ...metadata },
    spec: { containers: [{ name: 'web' }], ...spec },
  };
}

const web = { name: 'web' };

describe('shouldContainerBeRestarted', () => {
  it.core('starts what never ran, and leaves alone what runs', () => {
    expect(shouldContainerBeRestarted(web, podOf(), runtimeOf())).toBe(true);
    expect(shouldContainerBeRestarted(web, podOf(), runtimeOf(seen('running')))).toBe(false);
  });

  const cases: [policy: string | undefined, exitCode: number, expected: boolean][] = [
    [undefined, 0, true],
    ['Always', 0, true],
    ['Always', 1, true],
    ['OnFailure', 0, false],
    ['OnFailure', 1, true],
    ['OnFailure', 137, true],
    ['Never', 0, false],
    ['Never', 1, false],
  ];
  for (const [restartPolicy, exitCode, expected] of cases) {
    it(`under ${restartPolicy}, after exit code ${exitCode}, says ${expected}`, () => {
      const pod = podOf(restartPolicy === undefined ? {} : { restartPolicy });
      const runtime = runtimeOf(seen('exited', { exitCode }));
      expect(shouldContainerBeRestarted(web, pod, runtime)).toBe(expected);
    });
  }

  for (const phase of ['created', 'unknown'] as const) {
    it(`starts one that is ${phase}, under any policy`, () => {
      for (const restartPolicy of ['Always', 'OnFailure', 'Never']) {
        const pod = podOf({ restartPolicy });
        expect(shouldContainerBeRestarted(web, pod, runtimeOf(seen(phase)))).toBe(true);
      }
    });
  }

  it('starts nothing in a pod that is being deleted', () => {
    const pod = podOf({}, { deletionTimestamp: '2025-01-01T00:00:00Z' });
    expect(shouldContainerBeRestarted(web, pod, runtimeOf())).toBe(false);
    expect(shouldContainerBeRestarted(web, pod, runtimeOf(seen('exited', { exitCode: 1 })))).toBe(
      false,
    );
  });

  it('looks at the newest of its name only', () => {
    const pod = podOf({ restartPolicy: 'OnFailure' });
    const failed = seen('exited', { exitCode: 1 });
    const fine = seen('exited', { exitCode: 0 });
    const other = seen('running', { name: 'other' });
    expect(shouldContainerBeRestarted(web, pod, runtimeOf(other, fine, failed))).toBe(false);
    expect(shouldContainerBeRestarted(web, pod, runtimeOf(other, failed, fine))).toBe(true);
  });
});

describe('CrashLoopBackoff', () => {
  it.core('lets the first crash go, and then waits longer each time', async () => {
    const clock = new FakeClock();
    const backoff = new CrashLoopBackoff(clock);
    const waits: number[] = [];
    for (let crash = 0; crash < 8; crash++) {
      const waitMs = backoff.remainingMs('web', clock.now());
      waits.push(waitMs / 1000);
      const finishedAt = clock.now();
      await clock.advance(waitMs);
      backoff.started('web', finishedAt);
    }
    expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  });

  it('counts a wait from when the container ended', async () => {
    const clock = new FakeClock();
    const backoff = new CrashLoopBackoff(clock);
    backoff.started('web', clock.now());
    const ended = clock.now();
    await clock.advance(4000);
    expect(backoff.remainingMs('web', ended)).toBe(6000);
    await clock.advance(6000);
    expect(backoff.remainingMs('web', ended)).toBe(0);
    await clock.advance(1000);
    expect(backoff.remainingMs('web', ended)).toBe(0);
  });

  it('begins anew after ten minutes without a crash', async () => {
    const clock = new FakeClock();
    const backoff = new CrashLoopBackoff(clock);
    backoff.started('web', clock.now());
    backoff.started('web', clock.now());
    expect(backoff.currentMs('web')).toBe(20_000);
    await clock.advance(CRASH_LOOP.resetAfterMs);
    expect(backoff.remainingMs('web', clock.now())).toBe(20_000);
    await clock.advance(1);
    expect(backoff.remainingMs('web', clock.now())).toBe(0);
    backoff.started('web', clock.now());
    expect(backoff.currentMs('web')).toBe(10_000);
  });

  it('tells containers apart', () => {
    const clock = new FakeClock();
    const backoff = new CrashLoopBackoff(clock);
    backoff.started('a', clock.now());
    expect(backoff.remainingMs('b', clock.now())).toBe(0);
    expect(backoff.currentMs('b')).toBe(0);
    expect(backoff.currentMs('a')).toBe(10_000);
  });

  it('does not lengthen a wait by being asked', () => {
    const clock = new FakeClock();
    const backoff = new CrashLoopBackoff(clock);
    backoff.started('a', clock.now());
    for (let i = 0; i < 5; i++) backoff.remainingMs('a', clock.now());
    expect(backoff.remainingMs('a', clock.now())).toBe(10_000);
  });

  it('forgets those that were not started for long', async () => {
    const clock = new FakeClock();
    const backoff = new CrashLoopBackoff(clock);
    backoff.started('old', clock.now());
    await clock.advance(CRASH_LOOP.resetAfterMs);
    backoff.started('new', clock.now());
    backoff.collect();
    expect([backoff.currentMs('old'), backoff.currentMs('new')]).toEqual([10_000, 10_000]);
    await clock.advance(1);
    backoff.collect();
    expect([backoff.currentMs('old'), backoff.currentMs('new')]).toEqual([0, 10_000]);
  });

  property(
    'never waits longer than five minutes',
    fc.array(fc.integer({ min: 0, max: 900_000 }), { maxLength: 30 }),
    async (runs) => {
      const clock = new FakeClock();
      const backoff = new CrashLoopBackoff(clock);
      for (const ms of runs) {
        await clock.advance(ms);
        const waitMs = backoff.remainingMs('web', clock.now());
        expect(waitMs === 0 || (waitMs >= 10_000 && waitMs <= 300_000)).toBe(true);
        const ended = clock.now();
        await clock.advance(waitMs);
        backoff.started('web', ended);
      }
    },
  );
});

describe('restartDelay', () => {
  const ended = (finishedAt: number) => runtimeOf(seen('exited', { exitCode: 1, finishedAt }));

  it.core('says in Kubernetes’ words why a container waits', () => {
    const clock = new FakeClock();
    const backoff = new CrashLoopBackoff(clock);
    expect(restartDelay(backoff, 'k', web, podOf(), ended(clock.now()))).toBeUndefined();
    expect(restartDelay(backoff, 'k', web, podOf(), ended(clock.now()))).toEqual({
      remainingMs: 10_000,
      message: 'back-off 10s restarting failed container=web pod=web-0_default(u)',
    });
  });

  it('does not wait, and notes nothing, before the first end', () => {
    const clock = new FakeClock();
    const backoff = new CrashLoopBackoff(clock);
    expect(restartDelay(backoff, 'k', web, podOf(), runtimeOf())).toBeUndefined();
    const other = runtimeOf(seen('exited', { name: 'other', finishedAt: clock.now() }));
    expect(restartDelay(backoff, 'k', web, podOf(), other)).toBeUndefined();
    expect(restartDelay(backoff, 'k', web, podOf(), runtimeOf(seen('unknown')))).toBeUndefined();
    expect(backoff.currentMs('k')).toBe(0);
  });

  const waits: [starts: number, text: string][] = [
    [3, '40s'],
    [4, '1m20s'],
    [5, '2m40s'],
    [6, '5m0s'],
    [9, '5m0s'],
  ];
  for (const [starts, text] of waits)
    it(`writes the wait after ${starts} starts as ${text}`, () => {
      const clock = new FakeClock();
      const backoff = new CrashLoopBackoff(clock);
      for (let i = 0; i < starts; i++) backoff.started('k', clock.now());
      const delay = restartDelay(backoff, 'k', web, podOf(), ended(clock.now()));
      expect(delay?.message).toBe(
        `back-off ${text} restarting failed container=web pod=web-0_default(u)`,
      );
    });

  it('takes the newest that ended', async () => {
    const clock = new FakeClock();
    const backoff = new CrashLoopBackoff(clock);
    backoff.started('k', clock.now());
    await clock.advance(60_000);
    const runtime = runtimeOf(
      seen('exited', { finishedAt: clock.now() }),
      seen('exited', { finishedAt: clock.now() - 60_000 }),
    );
    expect(restartDelay(backoff, 'k', web, podOf(), runtime)?.remainingMs).toBe(10_000);
  });

  it('counts from the newest end, also behind one that is not known to have ended', () => {
    for (const phase of ['unknown', 'created'] as const) {
      const clock = new FakeClock();
      const backoff = new CrashLoopBackoff(clock);
      backoff.started('k', clock.now());
      const runtime = runtimeOf(seen(phase), seen('exited', { finishedAt: clock.now() }));
      expect(restartDelay(backoff, 'k', web, podOf(), runtime)?.remainingMs).toBe(10_000);
    }
  });

  it('doubles only when a container is started', async () => {
    const clock = new FakeClock();
    const backoff = new CrashLoopBackoff(clock);
    const runtime = ended(clock.now());
    restartDelay(backoff, 'k', web, podOf(), runtime);
    for (let second = 0; second < 10; second++) {
      expect(restartDelay(backoff, 'k', web, podOf(), runtime)?.remainingMs).toBe(
        10_000 - second * 1000,
      );
      await clock.advance(1000);
    }
    expect(restartDelay(backoff, 'k', web, podOf(), runtime)).toBeUndefined();
    expect(backoff.currentMs('k')).toBe(20_000);
  });
});

describe('gracePeriodSeconds', () => {
  const probed = {
    name: 'web',
    livenessProbe: { terminationGracePeriodSeconds: 5 },
    startupProbe: { terminationGracePeriodSeconds: 7 },
  };
  it.core('is the pod’s own', () => {
    const pod = podOf({ terminationGracePeriodSeconds: 45 });
    expect(gracePeriodSeconds(pod, web, '')).toBe(45);
  });
  it('is the deletion’s, once there is one', () => {
    const pod = podOf({ terminationGracePeriodSeconds: 45 }, { deletionGracePeriodSeconds: 3 });
    expect(gracePeriodSeconds(pod, probed, 'liveness-probe')).toBe(3);
    expect(gracePeriodSeconds(podOf({}, { deletionGracePeriodSeconds: 0 }), web, '')).toBe(0);
  });
  it('is the failed probe’s, where it has one', () => {
    const pod = podOf({ terminationGracePeriodSeconds: 45 });
    expect(gracePeriodSeconds(pod, probed, 'liveness-probe')).toBe(5);
    expect(gracePeriodSeconds(pod, probed, 'startup-probe')).toBe(7);
    expect(gracePeriodSeconds(pod, probed, '')).toBe(45);
    expect(gracePeriodSeconds(pod, probed, 'unknown-state')).toBe(45);
    expect(gracePeriodSeconds(pod, web, 'liveness-probe')).toBe(45);
  });
  it('is two seconds when nobody says', () => {
    expect(gracePeriodSeconds(podOf(), probed, 'liveness-probe')).toBe(2);
  });
  it('takes a zero as it is', () => {
    expect(gracePeriodSeconds(podOf({ terminationGracePeriodSeconds: 0 }), web, '')).toBe(0);
  });
});

describe('terminationGroups', () => {
  const pod = podOf({
    initContainers: [
      { name: 'setup' },
      { name: 'first', restartPolicy: 'Always' },
      { name: 'second', restartPolicy: 'Always' },
    ],
    containers: [{ name: 'web' }, { name: 'log' }],
  });
  const named = (...names: string[]) => names.map((name) => ({ name }));

  it.core('stops sidecars behind all others, the last one first', () => {
    expect(terminationGroups(pod, named('first', 'second', 'web', 'log'))).toEqual([
      named('web', 'log'),
      named('second'),
      named('first'),
    ]);
  });
  it('has no empty groups', () => {
    expect(terminationGroups(pod, [])).toEqual([]);
    expect(terminationGroups(pod, named('first'))).toEqual([named('first')]);
  });
  it('counts init and ephemeral containers among the others', () => {
    expect(terminationGroups(pod, named('debug', 'setup', 'first'))).toEqual([
      named('debug', 'setup'),
      named('first'),
    ]);
  });
  it('changes neither the pod nor the list', () => {
    const running = named('first', 'web');
    terminationGroups(pod, running);
    terminationGroups(pod, running);
    expect(running).toEqual(named('first', 'web'));
    expect(terminationGroups(pod, named('first', 'second'))).toEqual([
      named('second'),
      named('first'),
    ]);
  });
});

describe('stopContainer', () => {
  /** Runs one stop to its end; hooks and turns are given by how long they take. */
  async function run(grace: number, given: { hookMs?: number; turnMs?: number; fails?: boolean }) {
    const clock = new FakeClock();
    const log: string[] = [];
    const began = clock.monotonic();
    const at = (): number => (clock.monotonic() - began) / 1000;
    const { hookMs, turnMs, fails } = given;
    const stopping = stopContainer(grace, {
      clock,
      ...(hookMs !== undefined && {
        preStop: async (signal: AbortSignal) => {
          log.push('hook');
          await clock.sleep(hookMs, signal);
          if (fails) throw new Error('no');
        },
      }),
      preStopFailed: () => log.push('failed'),
      ...(turnMs !== undefined && { turn: clock.sleep(turnMs) }),
      stop: async (seconds) => {
        log.push(`stop ${seconds} at ${at()}`);
      },
    });
    for (let i = 0; i < 400; i++) await clock.advance(100);
    await stopping;
    return log;
  }

  it.core('without a hook stops at once, with the whole grace period', async () => {
    expect(await run(30, {})).toEqual(['stop 30 at 0']);
  });
  it.core('takes from the grace period what the hook took, in whole seconds', async () => {
    expect(await run(30, { hookMs: 4700 })).toEqual(['hook', 'stop 26 at 4.7']);
  });
  it('does not wait for a hook longer than the grace period', async () => {
    expect(await run(30, { hookMs: 39_000 })).toEqual(['hook', 'stop 2 at 30']);
  });
  it('goes on when the hook fails, and tells so', async () => {
    expect(await run(30, { hookMs: 1000, fails: true })).toEqual([
      'hook',
      'failed',
      'stop 29 at 1',
    ]);
  });
  it('runs no hook without grace', async () => {
    expect(await run(0, { hookMs: 1000 })).toEqual(['stop 2 at 0']);
  });
  it('never gives less than two seconds', async () => {
    expect(await run(1, {})).toEqual(['stop 2 at 0']);
  });
  it('waits for its turn after the hook, out of the same grace period', async () => {
    expect(await run(30, { hookMs: 10_000, turnMs: 15_000 })).toEqual(['hook', 'stop 15 at 15']);
    expect(await run(30, { turnMs: 5000 })).toEqual(['stop 25 at 5']);
  });
  it('takes whole seconds of hook and turn each', async () => {
    expect(await run(30, { hookMs: 4700, turnMs: 10_300 })).toEqual(['hook', 'stop 21 at 10.3']);
  });
  it('does not wait for a turn longer than the grace that is left', async () => {
    expect(await run(10, { hookMs: 4000, turnMs: 39_000 })).toEqual(['hook', 'stop 2 at 10']);
  });
  it('does not wait for a turn that has come', async () => {
    expect(await run(30, { hookMs: 10_000, turnMs: 0 })).toEqual(['hook', 'stop 20 at 10']);
  });
  it('passes on that it could not be stopped', async () => {
    const clock = new FakeClock();
    const stopping = stopContainer(5, {
      clock,
      preStopFailed: () => {},
      stop: () => Promise.reject(new Error('the runtime is gone')),
    });
    await expect(stopping).rejects.toThrow('the runtime is gone');
  });
  it('tells the hook that nobody waits any more', async () => {
    const clock = new FakeClock();
    let wasAborted = false;
    const stopping = stopContainer(5, {
      clock,
      preStop: (signal) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            wasAborted = true;
          });
        }),
      preStopFailed: () => {},
      stop: async () => {},
    });
    await clock.advance(5000);
    await stopping;
    expect(wasAborted).toBe(true);
  });
});
