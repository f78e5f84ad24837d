import { FakeClock, type Pod, timestamp } from '#apimachinery';
import { describe, expect, it } from '#kit';
import {
  applyProbes,
  type PodStatus,
  type Probe,
  type ProbeAnswer,
  type ProbeKind,
  ProbeResults,
  ProbeWorker,
} from '#kubelet';

const good: ProbeAnswer = { outcome: 'success', output: '' };
const bad: ProbeAnswer = { outcome: 'failure', output: 'no' };
const broken: ProbeAnswer = { outcome: 'error', output: 'cannot' };

interface Setup {
  readonly kind?: ProbeKind;
  readonly probe?: Probe;
  readonly pod?: Pod;
  readonly answers?: ProbeAnswer[];
}

function newWorker({ kind = 'readiness', probe = {}, answers = [], pod = {} }: Setup) {
  const clock = new FakeClock();
  const results = new ProbeResults();
  const events: string[] = [];
  const asked: string[] = [];
  const state: { status: PodStatus | undefined } = {
    status: {
      phase: 'Running',
      containerStatuses: [
        {
          name: 'web',
          containerID: 'x://1',
          image: '',
          imageID: '',
          ready: false,
          restartCount: 0,
          started: kind !== 'startup',
          state: { running: { startedAt: timestamp(clock.now()) } },
        },
      ],
    },
  };
  const worker = new ProbeWorker({
    kind,
    probe,
    pod: { metadata: { uid: 'u', ...pod.metadata }, spec: { containers: [], ...pod.spec } },
    container: { name: 'web' },
    results,
    clock,
    prober: async (_probe, _container, _status, id) => {
      asked.push(id);
      return answers.shift() ?? good;
    },
    statusOf: () => state.status,
    event: (reason, message) => events.push(`${reason}: ${message}`),
  });
  const container = () => {
    const found = state.status?.containerStatuses?.[0];
    if (!found) throw new Error('there is no container');
    return found;
  };
  return { clock, worker, results, events, asked, state, container };
}

describe('ProbeWorker.probeOnce', () => {
  it.core('asks, and says what it heard', async () => {
    const { worker, results, asked } = newWorker({ answers: [good] });
    expect(await worker.probeOnce()).toBe(true);
    expect([asked, results.get('x://1')]).toEqual([['x://1'], 'success']);
  });
  it.core('needs as many failures in a row as the threshold says', async () => {
    const { worker, results } = newWorker({
      probe: { failureThreshold: 2 },
      answers: [good, bad, good, bad, bad],
    });
    const seen: unknown[] = [];
    for (let i = 0; i < 5; i++) {
      await worker.probeOnce();
      seen.push(results.get('x://1'));
    }
    expect(seen).toEqual(['success', 'success', 'success', 'success', 'failure']);
  });
  it('needs three failures when nobody says', async () => {
    const { worker, results } = newWorker({ kind: 'liveness', answers: [bad, bad, bad] });
    const seen: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      await worker.probeOnce();
      seen.push(results.get('x://1'));
    }
    expect(seen).toEqual(['success', 'success', 'failure']);
  });
  it('needs as many successes in a row as the threshold says', async () => {
    const { worker, results } = newWorker({ probe: { successThreshold: 2 } });
    await worker.probeOnce();
    expect(results.get('x://1')).toBe('failure');
    await worker.probeOnce();
    expect(results.get('x://1')).toBe('success');
  });
  const first: [ProbeKind, unknown][] = [
    ['startup', undefined],
    ['liveness', 'success'],
    ['readiness', 'failure'],
  ];
  for (const [kind, verdict] of first) {
    it(`begins with ${verdict} for ${kind}`, async () => {
      const { worker, results, asked } = newWorker({ kind, probe: { initialDelaySeconds: 5 } });
      await worker.probeOnce();
      expect([results.get('x://1'), asked]).toEqual([verdict, []]);
    });
  }
  it('waits for the initial delay', async () => {
    const { worker, clock, asked } = newWorker({ probe: { initialDelaySeconds: 5 } });
    await clock.advance(4999);
    await worker.probeOnce();
    expect(asked.length).toBe(0);
    await clock.advance(1);
    await worker.probeOnce();
    expect(asked.length).toBe(1);
  });
  it('lets liveness and readiness wait until the container has started', async () => {
    for (const kind of ['liveness', 'readiness'] as const) {
      const { worker, asked, container } = newWorker({ kind });
      container().started = false;
      expect(await worker.probeOnce()).toBe(true);
      expect(asked).toEqual([]);
      container().started = true;
      await worker.probeOnce();
      expect(asked.length).toBe(1);
    }
  });
  it('asks no startup probe of a container that has started', async () => {
    const { worker, asked, container } = newWorker({ kind: 'startup' });
    await worker.probeOnce();
    container().started = true;
    expect(await worker.probeOnce()).toBe(true);
    expect(asked.length).toBe(1);
  });
  it('goes on while nothing is known', async () => {
    const { worker, state, container, asked } = newWorker({});
    delete container().containerID;
    expect(await worker.probeOnce()).toBe(true);
    state.status = { phase: 'Running' };
    expect(await worker.probeOnce()).toBe(true);
    state.status = undefined;
    expect(await worker.probeOnce()).toBe(true);
    expect(asked).toEqual([]);
  });
  it('ends with the pod', async () => {
    for (const phase of ['Failed', 'Succeeded']) {
      const { worker, state } = newWorker({});
      state.status = { ...state.status, phase };
      expect(await worker.probeOnce()).toBe(false);
    }
  });
  it('fails what does not run', async () => {
    const { worker, results, container, asked } = newWorker({ kind: 'liveness' });
    container().state = { waiting: {} };
    expect(await worker.probeOnce()).toBe(true);
    container().state = { terminated: { exitCode: 1 } };
    expect(await worker.probeOnce()).toBe(true);
    expect([results.get('x://1'), asked]).toEqual(['failure', []]);
  });
  it('ends when what has ended will not run again', async () => {
    const { worker, container } = newWorker({
      pod: { spec: { containers: [], restartPolicy: 'Never' } },
    });
    container().state = { terminated: { exitCode: 0 } };
    expect(await worker.probeOnce()).toBe(false);
  });
  it('lets a pod that is being deleted live, and asks only for readiness', async () => {
    const pod: Pod = { metadata: { deletionTimestamp: '2025-01-01T00:00:00Z' } };
    const living = newWorker({ kind: 'liveness', pod });
    expect(await living.worker.probeOnce()).toBe(false);
    expect([living.results.get('x://1'), living.asked]).toEqual(['success', []]);
    const ready = newWorker({ kind: 'readiness', pod });
    expect(await ready.worker.probeOnce()).toBe(true);
    expect(ready.asked.length).toBe(1);
  });
  it('is on hold after a failure, until there is another container', async () => {
    const { worker, results, asked, container } = newWorker({
      kind: 'liveness',
      probe: { failureThreshold: 1 },
      answers: [bad],
    });
    await worker.probeOnce();
    expect(await worker.probeOnce()).toBe(true);
    expect([asked.length, results.get('x://1')]).toEqual([1, 'failure']);
    container().containerID = 'x://2';
    await worker.probeOnce();
    expect(asked).toEqual(['x://1', 'x://2']);
    expect([results.get('x://1'), results.get('x://2')]).toEqual([undefined, 'success']);
  });
  it('begins to count anew after it was on hold', async () => {
    const { worker, results, container } = newWorker({
      kind: 'liveness',
      probe: { failureThreshold: 2 },
      answers: [bad, bad, bad, bad],
    });
    await worker.probeOnce();
    await worker.probeOnce();
    container().containerID = 'x://2';
    await worker.probeOnce();
    expect(results.get('x://2')).toBe('success');
    await worker.probeOnce();
    expect(results.get('x://2')).toBe('failure');
  });
  it('is not on hold after readiness failed', async () => {
    const { worker, results } = newWorker({ probe: { failureThreshold: 1 }, answers: [bad, good] });
    await worker.probeOnce();
    expect(results.get('x://1')).toBe('failure');
    await worker.probeOnce();
    expect(results.get('x://1')).toBe('success');
  });
  it('asks again at once what could not be asked, three times in all', async () => {
    const { worker, asked, events, results } = newWorker({
      kind: 'liveness',
      probe: { failureThreshold: 1 },
      answers: [broken, broken, broken],
    });
    expect(await worker.probeOnce()).toBe(true);
    expect(asked.length).toBe(3);
    expect(results.get('x://1')).toBe('success');
    expect(events).toEqual([
      'Unhealthy: Liveness probe errored and resulted in unknown state: cannot',
    ]);
  });
  it('goes on counting over what could not be asked', async () => {
    const { worker, results } = newWorker({
      kind: 'liveness',
      probe: { failureThreshold: 2 },
      answers: [bad, broken, broken, broken, bad],
    });
    await worker.probeOnce();
    await worker.probeOnce();
    expect(results.get('x://1')).toBe('success');
    await worker.probeOnce();
    expect(results.get('x://1')).toBe('failure');
  });
  it('goes on counting with another container', async () => {
    const { worker, results, container } = newWorker({
      kind: 'liveness',
      probe: { failureThreshold: 2 },
      answers: [bad, bad],
    });
    await worker.probeOnce();
    container().containerID = 'x://2';
    await worker.probeOnce();
    expect(results.get('x://2')).toBe('failure');
  });
  it('takes what is not said to have started for not started', async () => {
    const asks = async (kind: ProbeKind) => {
      const { worker, asked, container } = newWorker({ kind });
      delete container().started;
      await worker.probeOnce();
      return asked.length;
    };
    expect([await asks('startup'), await asks('liveness'), await asks('readiness')]).toEqual([
      1, 0, 0,
    ]);
  });
  it('takes the first answer it gets', async () => {
    const { worker, asked, results, events } = newWorker({ answers: [broken, good] });
    await worker.probeOnce();
    expect([asked.length, results.get('x://1'), events]).toEqual([2, 'success', []]);
  });
  it('tells of failures and warnings', async () => {
    const { worker, events } = newWorker({
      kind: 'startup',
      answers: [bad, { outcome: 'warning', output: 'hm' }],
    });
    await worker.probeOnce();
    await worker.probeOnce();
    expect(events).toEqual([
      'Unhealthy: Startup probe failed: no',
      'ProbeWarning: Startup probe warning: hm',
    ]);
  });
});

describe('ProbeWorker.run', () => {
  it.core('asks once in each period, the first time at once', async () => {
    const { worker, clock, asked } = newWorker({ probe: { periodSeconds: 5 } });
    const stop = new AbortController();
    const running = worker.run(stop.signal);
    const counts: number[] = [];
    for (let i = 0; i < 4; i++) {
      await clock.advance(i === 0 ? 0 : 5000);
      counts.push(asked.length);
    }
    expect(counts).toEqual([1, 2, 3, 4]);
    stop.abort();
    await running;
  });
  it('asks every ten seconds when nobody says', async () => {
    const { worker, clock, asked } = newWorker({});
    const stop = new AbortController();
    const running = worker.run(stop.signal);
    await clock.advance(9999);
    expect(asked.length).toBe(1);
    await clock.advance(1);
    expect(asked.length).toBe(2);
    stop.abort();
    await running;
  });
  it('waits before the first time if it is told to', async () => {
    const { worker, clock, asked } = newWorker({});
    const stop = new AbortController();
    const running = worker.run(stop.signal, 3000);
    await clock.advance(2999);
    expect(asked.length).toBe(0);
    await clock.advance(1);
    expect(asked.length).toBe(1);
    stop.abort();
    await running;
  });
  it('asks at once when it is woken', async () => {
    const { worker, clock, asked } = newWorker({});
    const stop = new AbortController();
    const running = worker.run(stop.signal);
    await clock.advance(1000);
    worker.wake();
    await clock.advance(0);
    expect(asked.length).toBe(2);
    stop.abort();
    await running;
  });
  it('asks at once when it is woken before the first time', async () => {
    const { worker, clock, asked } = newWorker({});
    const stop = new AbortController();
    const running = worker.run(stop.signal, 3000);
    await clock.advance(1000);
    worker.wake();
    await clock.advance(0);
    expect(asked.length).toBe(1);
    await clock.advance(2000);
    expect(asked.length).toBe(1);
    stop.abort();
    await running;
  });
  it('ends when there is nothing left to ask, and leaves no timer', async () => {
    const { worker, clock, state } = newWorker({});
    const running = worker.run(new AbortController().signal);
    await clock.advance(0);
    state.status = { phase: 'Succeeded' };
    await clock.advance(10_000);
    await running;
    worker.wake();
  });
});

describe('applyProbes', () => {
  const pod: Pod = {
    spec: {
      initContainers: [{ name: 'i' }, { name: 'side', restartPolicy: 'Always' }],
      containers: [{ name: 'web' }],
    },
  };
  const statusOf = (name: string, state: object) => ({
    name,
    containerID: `x://${name}`,
    image: '',
    imageID: '',
    ready: false,
    restartCount: 0,
    state,
  });
  const running = { running: {} };
  function applied(verdicts: Record<string, 'success' | 'failure'>, probed: string[]) {
    const status: PodStatus = {
      initContainerStatuses: [
        statusOf('i', { terminated: { exitCode: 0 } }),
        statusOf('side', running),
      ],
      containerStatuses: [statusOf('web', running)],
    };
    applyProbes(pod, status, {
      verdict: (kind, id) => verdicts[`${kind} ${id.slice(4)}`],
      isProbed: (kind, name) => probed.includes(`${kind} ${name}`),
    });
    return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(
      ({ started, ready }) => [started, ready],
    );
  }
  it.core('takes what runs for started and ready when nobody asks', () => {
    expect(applied({}, [])).toEqual([
      [false, true],
      [true, true],
      [true, true],
    ]);
  });
  it('waits for the first answer', () => {
    expect(applied({}, ['startup side', 'readiness web'])).toEqual([
      [false, true],
      [false, false],
      [true, false],
    ]);
  });
  it('does as the answers say', () => {
    const verdicts = { 'startup side': 'success', 'readiness web': 'success' } as const;
    expect(applied(verdicts, ['startup side', 'readiness web'])[2]).toEqual([true, true]);
    expect(applied({ 'readiness web': 'failure' }, ['readiness web'])[2]).toEqual([true, false]);
    expect(applied({ 'startup web': 'failure' }, ['startup web'])[2]).toEqual([false, false]);
  });
  it('is not ready before it has started', () => {
    const verdicts = { 'readiness web': 'success' } as const;
    expect(applied(verdicts, ['startup web', 'readiness web'])[2]).toEqual([false, false]);
  });
  it('counts nothing that does not run', () => {
    const status: PodStatus = {
      initContainerStatuses: [statusOf('i', { terminated: { exitCode: 1 } })],
      containerStatuses: [statusOf('web', { terminated: { exitCode: 0 } })],
    };
    applyProbes(pod, status, { verdict: () => 'success', isProbed: () => true });
    expect(status.containerStatuses?.[0]).toMatchObject({ started: false, ready: false });
    expect(status.initContainerStatuses?.[0]).toMatchObject({ started: false, ready: false });
  });
});
