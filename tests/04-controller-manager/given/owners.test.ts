import { FakeClock, newExpired, type Pod, seededRandom, silentLogger } from '#apimachinery';
import { Indexer, SharedInformer } from '#client';
import { describe, expect, it, ScriptedServer } from '#kit';
import {
  controllerIn,
  controllerIndexKey,
  controllerIndexKeys,
  enqueueAll,
  enqueueOwners,
} from '../../../solutions/04-controller-manager/owners.ts';

const ref = (name: string, uid = name, kind = 'ReplicaSet') => ({
  apiVersion: 'apps/v1',
  kind,
  name,
  uid,
  controller: true,
});
const GONE = '2025-01-01T00:00:00Z' as never;
const newPod = (name: string, more: object = {}): Pod => ({
  metadata: { name, namespace: 'default', uid: name, labels: { app: 'web' }, ...more },
});
const owned = (name: string, owner: string, more: object = {}) =>
  newPod(name, { ownerReferences: [ref(owner)], ...more });

/** An informer of pods, and two ReplicaSets that could own them. */
async function begin(...pods: readonly Pod[]) {
  const clock = new FakeClock();
  const server = new ScriptedServer<Pod>({ expired: newExpired });
  for (const pod of pods) server.put(pod);
  const informer = new SharedInformer<Pod>(server, {
    clock,
    random: seededRandom(1),
    log: silentLogger,
    name: 'pods',
    expectedType: { apiVersion: 'v1', kind: 'Pod' },
  });
  const owners = new Indexer();
  for (const name of ['web', 'db']) {
    owners.put({ metadata: { name, namespace: 'default', uid: name } });
  }
  const heard: string[] = [];
  const loop = {
    enqueue: (object: string | { metadata?: { name?: string } }) =>
      void heard.push(typeof object === 'string' ? object : (object.metadata?.name ?? '')),
  };
  const listen = () =>
    enqueueOwners(loop, informer, {
      kind: 'ReplicaSet',
      owners,
      candidates: ({ metadata }) =>
        owners.list().filter((owner) => owner.metadata?.name === metadata?.labels?.app),
      onCreated: ({ metadata }) => heard.push(`created ${metadata?.name}`),
      onDeleted: ({ metadata }) => heard.push(`deleted ${metadata?.name}`),
    });
  const run = async () => {
    void informer.run(new AbortController().signal);
    await clock.settle();
  };
  /** What is heard when this happens. */
  const heardAfter = async (happens: () => void): Promise<string[]> => {
    heard.length = 0;
    happens();
    await clock.settle();
    return [...heard];
  };
  return { server, informer, owners, heard, loop, listen, run, heardAfter };
}

describe('enqueueOwners', () => {
  it('tells the owner of a new pod', async () => {
    const { listen, run, heard, server, heardAfter } = await begin(owned('a', 'web'));
    listen();
    await run();
    expect(heard).toEqual(['created a', 'web']);
    expect(await heardAfter(() => server.put(owned('b', 'db')))).toEqual(['created b', 'db']);
  });

  it('takes a new pod that is being deleted for a deletion', async () => {
    const { listen, run, heard } = await begin(owned('a', 'web', { deletionTimestamp: GONE }));
    listen();
    await run();
    expect(heard).toEqual(['deleted a', 'web']);
  });

  it('tells those that could adopt an orphan, when it is new or its labels change', async () => {
    const { listen, run, heard, server, heardAfter } = await begin(newPod('a'));
    listen();
    await run();
    expect(heard).toEqual(['web']);
    expect(await heardAfter(() => server.put(newPod('a', { annotations: { x: 'y' } })))).toEqual(
      [],
    );
    expect(await heardAfter(() => server.put(newPod('a', { labels: { app: 'db' } })))).toEqual([
      'db',
    ]);
  });

  it('tells nobody of the deletion of an orphan', async () => {
    const { listen, run, server, heardAfter } = await begin(newPod('a'));
    listen();
    await run();
    expect(await heardAfter(() => server.delete('default/a'))).toEqual([]);
  });

  it('tells both owners when a pod changes hands', async () => {
    const { listen, run, server, heardAfter } = await begin(owned('a', 'web'));
    listen();
    await run();
    expect(await heardAfter(() => server.put(owned('a', 'db')))).toEqual(['web', 'db']);
  });

  it('tells the owner before and those who could adopt it when a pod is released', async () => {
    const { listen, run, server, heardAfter } = await begin(owned('a', 'db'));
    listen();
    await run();
    expect(await heardAfter(() => server.put(newPod('a')))).toEqual(['db', 'web']);
  });

  it('tells the owner once a pod begins to go, and again when it is gone', async () => {
    const { listen, run, server, heardAfter } = await begin(owned('a', 'web'));
    listen();
    await run();
    const going = owned('a', 'web', { deletionTimestamp: GONE });
    expect(await heardAfter(() => server.put(going))).toEqual(['deleted a', 'web']);
    expect(await heardAfter(() => server.delete('default/a'))).toEqual(['deleted a', 'web']);
  });

  it('knows owners by kind and uid', async () => {
    const { listen, run, heard } = await begin(
      newPod('a', { ownerReferences: [ref('web', 'other')] }),
      newPod('b', { ownerReferences: [ref('web', 'web', 'Job')] }),
    );
    listen();
    await run();
    expect(heard).toEqual([]);
  });
});

describe('enqueueAll', () => {
  it('tells of everything that happens to an object', async () => {
    const { loop, informer, run, heard, server, heardAfter } = await begin(newPod('a'));
    enqueueAll(loop, informer);
    await run();
    expect(heard).toEqual(['a']);
    expect(await heardAfter(() => server.put(newPod('a', { labels: {} })))).toEqual(['a']);
    expect(await heardAfter(() => server.delete('default/a'))).toEqual(['a']);
  });
});

describe('controllerIn', () => {
  it('finds owners without a namespace', () => {
    const nodes = new Indexer();
    nodes.put({ metadata: { name: 'n', uid: 'n' } });
    const object = { metadata: { name: 'x', ownerReferences: [ref('n', 'n', 'Node')] } };
    expect(controllerIn(object, 'Node', nodes)?.metadata?.name).toBe('n');
    expect(controllerIn({ metadata: { name: 'x' } }, 'Node', nodes)).toBe(undefined);
  });
});

describe('controllerIndexKeys', () => {
  it('keeps orphans of different namespaces apart', () => {
    expect(controllerIndexKeys(owned('a', 'web'))).toEqual([controllerIndexKey('default', 'web')]);
    expect(controllerIndexKeys(newPod('a'))).toEqual([controllerIndexKey('default', undefined)]);
    const other = controllerIndexKeys(newPod('a', { namespace: 'other' }));
    expect(other).not.toEqual(controllerIndexKeys(newPod('a')));
  });
});
