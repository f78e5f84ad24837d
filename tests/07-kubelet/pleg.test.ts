import { describe, expect, it } from '#kit';
import { LifecycleEventGenerator, lifecycleEvents, type SeenState } from '#kubelet';

const look = (pods: Record<string, Record<string, SeenState>>) =>
  new Map(Object.entries(pods).map(([uid, states]) => [uid, new Map(Object.entries(states))]));

describe('lifecycleEvents', () => {
  const cases: [SeenState, SeenState, string[]][] = [
    ['missing', 'running', ['ContainerStarted']],
    ['exited', 'running', ['ContainerStarted']],
    ['missing', 'exited', ['ContainerDied']],
    ['running', 'exited', ['ContainerDied']],
    ['unknown', 'exited', ['ContainerDied']],
    ['running', 'unknown', ['ContainerChanged']],
    ['missing', 'unknown', ['ContainerChanged']],
    ['exited', 'missing', ['ContainerRemoved']],
    ['running', 'missing', ['ContainerDied', 'ContainerRemoved']],
    ['unknown', 'missing', ['ContainerDied', 'ContainerRemoved']],
    ['running', 'running', []],
    ['exited', 'exited', []],
  ];
  for (const [before, after, expected] of cases) {
    const run = () => {
      const one = (state: SeenState) => look({ p: state === 'missing' ? {} : { c: state } });
      const events = lifecycleEvents(one(before), one(after));
      expect(events.map(({ type }) => type)).toEqual(expected);
    };
    const name = `from ${before} to ${after} tells [${expected}]`;
    if (before === 'running' && after === 'exited') it.core(name, run);
    else it(name, run);
  }
  it.core('names pod and container', () => {
    expect(lifecycleEvents(look({}), look({ p: { c: 'running' } }))).toEqual([
      { podUid: 'p', type: 'ContainerStarted', containerId: 'c' },
    ]);
  });
  it('tells of pods that are gone as a whole', () => {
    const before = look({ p: { c: 'running', d: 'exited' } });
    expect(
      lifecycleEvents(before, look({})).map(({ type, containerId }) => `${type} ${containerId}`),
    ).toEqual(['ContainerDied c', 'ContainerRemoved c', 'ContainerRemoved d']);
  });
  it('keeps the order of before, and then of after', () => {
    const before = look({ b: { x: 'running' }, a: { x: 'running' } });
    const after = look({ new: { x: 'running' }, a: { x: 'exited' }, b: { x: 'exited' } });
    expect(lifecycleEvents(before, after).map(({ podUid }) => podUid)).toEqual(['b', 'a', 'new']);
  });
});

describe('LifecycleEventGenerator', () => {
  function newGenerator() {
    const world = {
      now: look({}),
      reads: [] as string[],
      failing: new Set<string>(),
      isDown: false,
    };
    const pleg = new LifecycleEventGenerator<string>({
      look: async () => {
        if (world.isDown) throw new Error('down');
        return world.now;
      },
      read: async (uid) => {
        world.reads.push(uid);
        if (world.failing.has(uid)) throw new Error('cannot');
        return `status ${world.reads.length} of ${uid}`;
      },
    });
    const types = async () => (await pleg.relist()).map(({ type, podUid }) => `${type} ${podUid}`);
    return { world, pleg, types };
  }
  it.core('reads a pod in which something changed, once', async () => {
    const { world, pleg, types } = newGenerator();
    world.now = look({ p: { c: 'running', s: 'running' } });
    expect(await types()).toEqual(['ContainerStarted p', 'ContainerStarted p']);
    expect(await types()).toEqual([]);
    expect([world.reads, pleg.statusOf('p')]).toEqual([['p'], 'status 1 of p']);
  });
  it('forgets pods that are gone, and does not read them', async () => {
    const { world, pleg, types } = newGenerator();
    world.now = look({ p: { c: 'exited' } });
    await types();
    world.now = look({});
    expect(await types()).toEqual(['ContainerRemoved p']);
    expect([world.reads, pleg.statusOf('p')]).toEqual([['p'], undefined]);
  });
  it('keeps back what it cannot read, and reads it at the next look', async () => {
    const { world, pleg, types } = newGenerator();
    world.failing.add('p');
    world.now = look({ p: { c: 'running' }, q: { c: 'running' } });
    expect(await types()).toEqual(['ContainerStarted q']);
    expect(pleg.statusOf('p')).toBeUndefined();
    world.failing.clear();
    world.now = look({ p: { c: 'exited' }, q: { c: 'running' } });
    expect(await types()).toEqual(['ContainerStarted p', 'ContainerDied p']);
    expect(await types()).toEqual([]);
  });
  it('keeps the old status while a pod cannot be read', async () => {
    const { world, pleg, types } = newGenerator();
    world.now = look({ p: { c: 'running' } });
    await types();
    world.failing.add('p');
    world.now = look({ p: { c: 'exited' } });
    expect(await types()).toEqual([]);
    expect(pleg.statusOf('p')).toBe('status 1 of p');
  });
  it('reads what changed without telling of it', async () => {
    const { world, types } = newGenerator();
    world.now = look({ p: { c: 'unknown' } });
    expect(await types()).toEqual([]);
    expect(world.reads).toEqual(['p']);
  });
  it('loses nothing when it cannot look', async () => {
    const { world, pleg, types } = newGenerator();
    world.now = look({ p: { c: 'running' } });
    world.isDown = true;
    await expect(pleg.relist()).rejects.toThrow('down');
    world.isDown = false;
    expect(await types()).toEqual(['ContainerStarted p']);
  });
});
