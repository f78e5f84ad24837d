import { FakeClock, type Pod } from '#apimachinery';
import { describe, expect, it, newLogBook } from '#kit';
import { PodWorkers, WORK_RETRY_MS } from '#kubelet';

const podOf = (version = 'a', more: Partial<Pod> = {}, uid = 'u'): Pod => ({
  ...more,
  metadata: { uid, name: version, ...more.metadata },
});

/** A syncer whose steps last until the test ends them, or end at once. */
function newWorld({ held = false } = {}) {
  const clock = new FakeClock();
  const log = newLogBook();
  const steps: string[] = [];
  const open: { name: string; signal: AbortSignal | undefined; end: (error?: Error) => void }[] =
    [];
  let isTerminal = false;
  let running = 0;
  const step = (name: string, signal?: AbortSignal): Promise<void> => {
    steps.push(name);
    running++;
    if (running > 1) steps.push('two at a time');
    return new Promise<void>((resolve, reject) => {
      const end = (error?: Error) => (error ? reject(error) : resolve());
      if (held) open.push({ name, signal, end });
      else end();
    }).finally(() => running--);
  };
  const workers = new PodWorkers({
    clock,
    log,
    syncer: {
      sync: async (pod, signal) => {
        await step(`sync ${pod.metadata?.name}`, signal);
        return { terminal: isTerminal };
      },
      terminate: (pod, grace, failed, signal) =>
        step(`terminate ${pod.metadata?.name}, grace ${grace}, failed ${failed?.reason}`, signal),
      cleanUp: (pod) => step(`clean ${pod.metadata?.name}`),
    },
  });
  const settle = () => clock.advance(0);
  const next = () => {
    const first = open.shift();
    if (!first) throw new Error('no step is under way');
    return first;
  };
  const finish = async (error?: Error) => {
    next().end(error);
    await settle();
  };
  return {
    clock,
    log,
    workers,
    steps,
    open,
    settle,
    finish,
    endsByItself: () => (isTerminal = true),
  };
}

describe('PodWorkers', () => {
  it.core('syncs a pod, but not inside the call', async () => {
    const { workers, steps, settle } = newWorld();
    workers.update({ pod: podOf(), type: 'sync' });
    expect(steps).toEqual([]);
    await settle();
    expect(steps).toEqual(['sync a']);
    expect(workers.phaseOf('u')).toBe('sync');
  });
  it.core('merges updates that come while it works', async () => {
    const { workers, steps, settle, finish } = newWorld({ held: true });
    for (const version of ['a']) workers.update({ pod: podOf(version), type: 'sync' });
    await settle();
    for (const version of ['b', 'c', 'd']) workers.update({ pod: podOf(version), type: 'sync' });
    await settle();
    await finish();
    await finish();
    expect(steps).toEqual(['sync a', 'sync d']);
  });
  it('works on several pods at the same time', async () => {
    const { workers, open, settle } = newWorld({ held: true });
    workers.update({ pod: podOf('a', {}, '1'), type: 'sync' });
    workers.update({ pod: podOf('b', {}, '2'), type: 'sync' });
    await settle();
    expect(open.length).toBe(2);
    expect(workers.uids()).toEqual(['1', '2']);
  });
  it.core('stops and cleans up a pod that is killed', async () => {
    const { workers, steps, settle } = newWorld();
    workers.update({ pod: podOf(), type: 'sync' });
    await settle();
    workers.update({ pod: podOf('b'), type: 'kill', graceSeconds: 7 });
    await settle();
    expect(steps).toEqual(['sync a', 'terminate b, grace 7, failed undefined', 'clean b']);
    expect(workers.phaseOf('u')).toBe('finished');
  });
  it('gives a sync under way the signal, and waits for its end', async () => {
    const { workers, steps, settle, open, finish } = newWorld({ held: true });
    workers.update({ pod: podOf(), type: 'sync' });
    await settle();
    workers.update({ pod: podOf(), type: 'kill' });
    await settle();
    expect(open[0]?.signal?.aborted).toBe(true);
    expect(steps).toEqual(['sync a']);
    await finish();
    expect(steps).toEqual(['sync a', 'terminate a, grace undefined, failed undefined']);
  });
  it('stops a pod that is being deleted, with the grace it was given', async () => {
    const { workers, steps, settle } = newWorld();
    const metadata = { deletionTimestamp: '2025-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 };
    workers.update({ pod: podOf('a', { metadata }), type: 'sync' });
    await settle();
    expect(steps).toEqual(['terminate a, grace 30, failed undefined', 'clean a']);
  });
  it('stops a pod that has ended', async () => {
    for (const phase of ['Failed', 'Succeeded']) {
      const { workers, steps, settle } = newWorld();
      workers.update({ pod: podOf('a', { status: { phase } }), type: 'sync' });
      await settle();
      expect(steps).toEqual(['terminate a, grace undefined, failed undefined', 'clean a']);
    }
  });
  it('stops a pod that ends by itself', async () => {
    const { workers, steps, settle, endsByItself } = newWorld();
    endsByItself();
    workers.update({ pod: podOf(), type: 'sync' });
    await settle();
    expect(steps).toEqual(['sync a', 'terminate a, grace undefined, failed undefined', 'clean a']);
  });
  it('stops again, sooner, when less time is given', async () => {
    const { workers, steps, settle, open, finish } = newWorld({ held: true });
    workers.update({ pod: podOf(), type: 'kill', graceSeconds: 30 });
    await settle();
    workers.update({ pod: podOf(), type: 'kill', graceSeconds: 5 });
    await settle();
    expect(open[0]?.signal?.aborted).toBe(true);
    await finish();
    expect(steps).toEqual([
      'terminate a, grace 30, failed undefined',
      'terminate a, grace 5, failed undefined',
    ]);
    await finish();
    expect(steps.at(-1)).toBe('clean a');
  });
  it('does not mind how a stop ends that is to be sooner', async () => {
    const { workers, steps, settle, finish, log } = newWorld({ held: true });
    workers.update({ pod: podOf(), type: 'kill', graceSeconds: 30 });
    await settle();
    workers.update({ pod: podOf(), type: 'kill', graceSeconds: 5 });
    await settle();
    await finish(new Error('aborted'));
    expect(steps.at(-1)).toBe('terminate a, grace 5, failed undefined');
    expect(log.entries.length).toBe(0);
  });
  it('does nothing more for an update that gives no less time', async () => {
    const { workers, steps, settle, open, finish } = newWorld({ held: true });
    workers.update({ pod: podOf(), type: 'kill', graceSeconds: 5 });
    await settle();
    workers.update({ pod: podOf('b'), type: 'sync' });
    await settle();
    expect(open[0]?.signal?.aborted).toBe(false);
    await finish();
    expect(steps).toEqual(['terminate a, grace 5, failed undefined', 'clean b']);
  });
  it('does not give more time', async () => {
    const { workers, steps, settle, open, finish } = newWorld({ held: true });
    workers.update({ pod: podOf(), type: 'kill', graceSeconds: 5 });
    await settle();
    workers.update({ pod: podOf(), type: 'kill', graceSeconds: 30 });
    await settle();
    expect(open[0]?.signal?.aborted).toBe(false);
    await finish();
    expect(steps).toEqual(['terminate a, grace 5, failed undefined', 'clean a']);
  });
  it('keeps the first reason', async () => {
    const { workers, steps, settle } = newWorld();
    const because = (reason: string) => ({ reason, message: '' });
    workers.update({ pod: podOf(), type: 'kill', failed: because('Evicted') });
    workers.update({ pod: podOf(), type: 'kill', failed: because('Other') });
    await settle();
    expect(steps[0]).toBe('terminate a, grace undefined, failed Evicted');
  });
  it('never goes back', async () => {
    const { workers, steps, settle } = newWorld();
    workers.update({ pod: podOf(), type: 'kill' });
    await settle();
    workers.update({ pod: podOf(), type: 'sync' });
    workers.update({ pod: podOf(), type: 'kill', graceSeconds: 0 });
    await settle();
    expect(steps).toEqual(['terminate a, grace undefined, failed undefined', 'clean a']);
  });
  it('tries again what failed, after a while', async () => {
    const { workers, steps, settle, finish, clock, log } = newWorld({ held: true });
    workers.update({ pod: podOf(), type: 'sync' });
    await settle();
    await finish(new Error('no'));
    expect(log.entries.length).toBe(1);
    await clock.advance(WORK_RETRY_MS - 1);
    expect(steps).toEqual(['sync a']);
    await clock.advance(1);
    expect(steps).toEqual(['sync a', 'sync a']);
  });
  it('tries again at once when there is something new', async () => {
    const { workers, steps, settle, finish } = newWorld({ held: true });
    workers.update({ pod: podOf(), type: 'sync' });
    await settle();
    await finish(new Error('no'));
    workers.update({ pod: podOf('b'), type: 'sync' });
    await settle();
    expect(steps).toEqual(['sync a', 'sync b']);
  });
  it('tries again at once when something new came while it failed', async () => {
    const { workers, steps, settle, finish, log } = newWorld({ held: true });
    workers.update({ pod: podOf(), type: 'sync' });
    await settle();
    workers.update({ pod: podOf('b'), type: 'sync' });
    await settle();
    await finish(new Error('no'));
    expect(steps).toEqual(['sync a', 'sync b']);
    expect(log.entries.length).toBe(1);
  });
  it('says nothing of a sync that its signal ended', async () => {
    const { workers, steps, settle, finish, log } = newWorld({ held: true });
    workers.update({ pod: podOf(), type: 'sync' });
    await settle();
    workers.update({ pod: podOf(), type: 'kill' });
    await settle();
    await finish(new Error('aborted'));
    expect(steps.at(-1)).toBe('terminate a, grace undefined, failed undefined');
    expect(log.entries.length).toBe(0);
  });
  it('waits before it cleans up again, whatever is told meanwhile', async () => {
    const { workers, steps, settle, finish, clock } = newWorld({ held: true });
    workers.update({ pod: podOf(), type: 'kill' });
    await settle();
    await finish();
    await finish(new Error('no'));
    workers.update({ pod: podOf('b'), type: 'sync' });
    await clock.advance(WORK_RETRY_MS - 1);
    expect(steps.slice(1)).toEqual(['clean a']);
    await clock.advance(1);
    expect(steps.slice(1)).toEqual(['clean a', 'clean a']);
  });
  it('does not go on to the next phase when stopping failed', async () => {
    const { workers, steps, settle, finish, clock } = newWorld({ held: true });
    workers.update({ pod: podOf(), type: 'kill' });
    await settle();
    await finish(new Error('no'));
    expect(workers.phaseOf('u')).toBe('terminating');
    await clock.advance(WORK_RETRY_MS);
    await finish();
    expect(workers.phaseOf('u')).toBe('terminated');
    expect(steps.at(-1)).toBe('clean a');
  });
  it('forgets only what is finished', async () => {
    const { workers, settle } = newWorld();
    workers.update({ pod: podOf(), type: 'sync' });
    await settle();
    expect(workers.forget('u')).toBe(false);
    workers.update({ pod: podOf(), type: 'kill' });
    await settle();
    expect(workers.forget('u')).toBe(true);
    expect(workers.phaseOf('u')).toBeUndefined();
    expect(workers.forget('unknown')).toBe(true);
  });
  it('ends, and begins nothing any more', async () => {
    const { workers, steps, settle, open, finish } = newWorld({ held: true });
    workers.update({ pod: podOf(), type: 'sync' });
    await settle();
    workers.update({ pod: podOf('b'), type: 'sync' });
    workers.stop();
    expect(open[0]?.signal?.aborted).toBe(true);
    await finish();
    workers.update({ pod: podOf('c'), type: 'sync' });
    await settle();
    expect(steps).toEqual(['sync a']);
  });
});
