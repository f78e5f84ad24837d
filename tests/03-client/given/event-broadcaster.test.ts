import type { Event } from 'kubernetes-types/core/v1.js';
import {
  FakeClock,
  newAlreadyExists,
  newForbidden,
  newNotFound,
  seededRandom,
  silentLogger,
} from '#apimachinery';
import {
  type Client,
  CORE_EVENTS,
  EventBroadcaster,
  NODES,
  objectReference,
  PODS,
  REPLICA_SETS,
  type ResourceClient,
} from '#client';
import { describe, expect, it } from '#kit';

const second = 1000;
const events = { group: '', resource: 'events' };
const rs = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u-1', resourceVersion: '17' },
};

/** The events of an API server, and what it did with requests. */
function newWorld() {
  const clock = new FakeClock();
  const stored = new Map<string, Event>();
  const requests: string[] = [];
  /** What the next requests come to; nothing said: they are carried out. */
  const failures: (Error | Promise<void>)[] = [];

  const request = async (text: string, serve: () => Event): Promise<Event> => {
    requests.push(text);
    const failure = failures.shift();
    if (failure instanceof Error) throw failure;
    await failure;
    return structuredClone(serve());
  };
  const clientOf = (namespace: string | undefined): Partial<ResourceClient<Event>> => ({
    create: (event) =>
      request(`create ${namespace} ${event.reason}`, () => {
        const name = event.metadata.name ?? '';
        if (stored.has(name)) throw newAlreadyExists(events, name);
        stored.set(name, structuredClone(event));
        return event;
      }),
    patch: (name, type, patch) =>
      request(`${type} ${namespace} ${JSON.stringify(patch)}`, () => {
        const event = stored.get(name);
        if (!event) throw newNotFound(events, name);
        const patched = { ...event, ...(patch as Partial<Event>) };
        stored.set(name, patched);
        return patched;
      }),
  });
  const client = {
    resource: (type, namespace) => {
      expect(type).toEqual(CORE_EVENTS);
      return clientOf(namespace);
    },
  } as Client;
  const broadcaster = new EventBroadcaster(client, {
    clock,
    random: seededRandom(1),
    log: silentLogger,
  });
  const recorder = broadcaster.forComponent('replicaset-controller');
  /** Tells of something, some time later. */
  const tell = async (message: string, reason = 'FailedCreate'): Promise<void> => {
    recorder.event(REPLICA_SETS, rs, 'Warning', reason, message);
    await clock.advance(second);
  };
  return { clock, stored, requests, failures, broadcaster, recorder, tell };
}

describe('event broadcaster', () => {
  it('creates an event as client-go does', async () => {
    const { clock, stored, requests, recorder } = newWorld();
    recorder.event(REPLICA_SETS, rs, 'Normal', 'SuccessfulCreate', 'Created pod: web-abc');
    expect(requests).toEqual([]);
    await clock.settle();
    expect(requests).toEqual(['create shop SuccessfulCreate']);
    const [event] = stored.values();
    expect(event).toEqual({
      metadata: { name: event?.metadata.name, namespace: 'shop' },
      involvedObject: {
        kind: 'ReplicaSet',
        namespace: 'shop',
        name: 'web',
        uid: 'u-1',
        apiVersion: 'apps/v1',
        resourceVersion: '17',
      },
      reason: 'SuccessfulCreate',
      message: 'Created pod: web-abc',
      source: { component: 'replicaset-controller' },
      firstTimestamp: '2025-01-01T00:00:00Z',
      lastTimestamp: '2025-01-01T00:00:00Z',
      count: 1,
      type: 'Normal',
      reportingComponent: 'replicaset-controller',
      reportingInstance: '',
    });
    const nanos = BigInt(`0x${event?.metadata.name?.replace('web.', '')}`);
    expect(nanos / 1_000_000n).toBe(BigInt(Date.UTC(2025, 0, 1)));
  });

  it('says where, for who belongs to a node, and about which part', async () => {
    const { clock, stored, broadcaster } = newWorld();
    const kubelet = broadcaster.forComponent('kubelet', 'n1');
    const pod = { metadata: { name: 'web', namespace: 'shop' } };
    kubelet.event(PODS, pod, 'Normal', 'Pulled', 'Container image present', {
      fieldPath: 'spec.containers{web}',
      annotations: { a: '1' },
    });
    kubelet.event(NODES, { metadata: { name: 'n1' } }, 'Normal', 'Starting', 'Starting kubelet.');
    await clock.settle();
    const [pulled, starting] = stored.values();
    expect(pulled).toMatchObject({
      metadata: { annotations: { a: '1' } },
      involvedObject: { kind: 'Pod', apiVersion: 'v1', fieldPath: 'spec.containers{web}' },
      source: { component: 'kubelet', host: 'n1' },
      reportingInstance: 'n1',
    });
    expect(starting?.metadata.namespace).toBe('default');
    expect(starting?.involvedObject).toEqual({ kind: 'Node', name: 'n1', apiVersion: 'v1' });
  });

  it('never takes a name twice', async () => {
    const { clock, stored, broadcaster } = newWorld();
    for (const component of ['a', 'b', 'c']) {
      const recorder = broadcaster.forComponent(component);
      for (let i = 0; i < 9; i++) recorder.event(PODS, rs, 'Normal', `Reason${i}`, 'all well');
    }
    await clock.settle();
    expect(stored.size).toBe(27);
  });

  it('takes a UUID where the time does not make a name', async () => {
    const { clock, stored, recorder } = newWorld();
    recorder.event(PODS, { metadata: { name: 'Not_a:name' } }, 'Normal', 'A', 'm');
    await clock.settle();
    expect([...stored.keys()][0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('writes in the order in which it was told', async () => {
    const { clock, requests, recorder } = newWorld();
    for (const reason of ['One', 'Two', 'Three']) recorder.event(PODS, rs, 'Normal', reason, 'm');
    await clock.settle();
    expect(requests).toEqual(['create shop One', 'create shop Two', 'create shop Three']);
  });
});

describe('event broadcaster, correlation', () => {
  it('counts the same event', async () => {
    const { stored, requests, tell } = newWorld();
    for (let i = 0; i < 3; i++) await tell('no quota');
    expect(requests).toEqual([
      'create shop FailedCreate',
      'strategic-merge-patch shop {"count":2,"lastTimestamp":"2025-01-01T00:00:01Z","message":"no quota"}',
      'strategic-merge-patch shop {"count":3,"lastTimestamp":"2025-01-01T00:00:02Z","message":"no quota"}',
    ]);
    expect([...stored.values()]).toMatchObject([
      { count: 3, firstTimestamp: '2025-01-01T00:00:00Z', lastTimestamp: '2025-01-01T00:00:02Z' },
    ]);
  });

  it('creates anew what has expired meanwhile, and counts on', async () => {
    const { stored, tell } = newWorld();
    await tell('no quota');
    stored.clear();
    await tell('no quota');
    await tell('no quota');
    expect([...stored.values()]).toMatchObject([{ count: 3 }]);
  });

  it('joins events that differ in their message only, from the tenth on', async () => {
    const { stored, tell } = newWorld();
    for (let i = 1; i <= 12; i++) await tell(`pod ${i} failed`);
    const all = [...stored.values()];
    expect(all.map(({ message }) => message)).toEqual([
      ...Array.from({ length: 9 }, (_, i) => `pod ${i + 1} failed`),
      '(combined from similar events): pod 12 failed',
    ]);
    expect(all.at(-1)).toMatchObject({ count: 3, firstTimestamp: '2025-01-01T00:00:09Z' });
  });

  it('begins anew when there were none for ten minutes', async () => {
    const { clock, stored, tell } = newWorld();
    for (let i = 1; i <= 9; i++) await tell(`pod ${i} failed`);
    await clock.advance(600 * second);
    await tell('pod 10 failed');
    expect([...stored.values()].at(-1)?.message).toBe('pod 10 failed');
  });

  it('lets 25 events of one source about one object through, then one in five minutes', async () => {
    const { clock, requests, broadcaster, tell } = newWorld();
    for (let i = 0; i < 30; i++) await tell('no quota');
    expect(requests).toHaveLength(25);
    const other = broadcaster.forComponent('other');
    other.event(REPLICA_SETS, rs, 'Warning', 'FailedCreate', 'no quota');
    await clock.advance(300 * second);
    expect(requests).toHaveLength(26);
    await tell('no quota');
    await tell('no quota');
    expect(requests).toHaveLength(27);
    // What was dropped was counted.
    expect(requests.at(-1)).toContain('"count":31');
  });
});

describe('event broadcaster, failures', () => {
  it('drops what the server refuses and goes on', async () => {
    const { clock, requests, stored, failures, recorder } = newWorld();
    failures.push(newForbidden(events, 'x', 'no'));
    recorder.event(PODS, rs, 'Normal', 'One', 'm');
    recorder.event(PODS, rs, 'Normal', 'Two', 'm');
    await clock.settle();
    expect(requests).toEqual(['create shop One', 'create shop Two']);
    expect([...stored.values()].map(({ reason }) => reason)).toEqual(['Two']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('tries again, within ten seconds first, when there is no answer; others wait', async () => {
    const { clock, requests, failures, recorder } = newWorld();
    failures.push(new Error('reset'), new Error('reset'));
    recorder.event(PODS, rs, 'Normal', 'One', 'm');
    recorder.event(PODS, rs, 'Normal', 'Two', 'm');
    await clock.advance(10 * second);
    expect(requests).toEqual(['create shop One', 'create shop One']);
    await clock.advance(10 * second);
    expect(requests.slice(2)).toEqual(['create shop One', 'create shop Two']);
  });

  it('gives up after twelve tries', async () => {
    const { clock, requests, failures, recorder } = newWorld();
    failures.push(...Array.from({ length: 12 }, () => new Error('reset')));
    recorder.event(PODS, rs, 'Normal', 'One', 'm');
    recorder.event(PODS, rs, 'Normal', 'Two', 'm');
    await clock.advance(200 * second);
    expect(requests.filter((request) => request.endsWith('One'))).toHaveLength(12);
    expect(requests.at(-1)).toBe('create shop Two');
  });

  it('keeps a thousand events and drops more', async () => {
    const { clock, requests, failures, recorder, broadcaster } = newWorld();
    const answer = new AbortController();
    failures.push(
      new Promise((resolve) => answer.signal.addEventListener('abort', () => resolve())),
    );
    recorder.event(PODS, rs, 'Normal', 'Slow', 'm');
    await clock.settle();
    for (let i = 0; i < 1100; i++) {
      recorder.event(PODS, { metadata: { name: `p${i}` } }, 'Normal', `R${i}`, 'm');
    }
    expect(requests).toHaveLength(1);
    answer.abort();
    await broadcaster.flush();
    expect(requests).toHaveLength(1001);
    expect(requests.at(-1)).toBe('create default R999');
  });
});

describe('event broadcaster, flush and stop', () => {
  it('flushes what was told', async () => {
    const { requests, recorder, broadcaster } = newWorld();
    recorder.event(PODS, rs, 'Normal', 'One', 'm');
    recorder.event(PODS, rs, 'Normal', 'Two', 'm');
    await broadcaster.flush();
    expect(requests).toHaveLength(2);
  });

  it('writes what waits when it stops, and takes nothing more', async () => {
    const { clock, requests, recorder, broadcaster } = newWorld();
    recorder.event(PODS, rs, 'Normal', 'One', 'm');
    const stopped = broadcaster.stop();
    recorder.event(PODS, rs, 'Normal', 'Late', 'm');
    await stopped;
    expect(requests).toEqual(['create shop One']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not wait to try again when it stops', async () => {
    const { clock, requests, failures, recorder, broadcaster } = newWorld();
    failures.push(new Error('reset'), new Error('reset'));
    recorder.event(PODS, rs, 'Normal', 'One', 'm');
    recorder.event(PODS, rs, 'Normal', 'Two', 'm');
    await clock.settle();
    await broadcaster.stop();
    expect(requests).toEqual(['create shop One', 'create shop Two']);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('event broadcaster, a server that does not answer', () => {
  it('is waited for five seconds when the broadcaster stops', async () => {
    const { clock, requests, failures, recorder, broadcaster } = newWorld();
    failures.push(new Promise(() => {}));
    recorder.event(PODS, rs, 'Normal', 'One', 'm');
    recorder.event(PODS, rs, 'Normal', 'Two', 'm');
    await clock.settle();
    let stopped = false;
    void broadcaster.stop().then(() => {
      stopped = true;
    });
    await clock.advance(5 * second - 1);
    expect(stopped).toBe(false);
    await clock.advance(1);
    expect(stopped).toBe(true);
    expect(requests).toEqual(['create shop One']);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('object reference', () => {
  it('leaves out what the object does not have', () => {
    expect(objectReference(NODES, {})).toEqual({ kind: 'Node', apiVersion: 'v1' });
  });
});
