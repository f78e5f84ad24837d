import {
  type Entry,
  findBoundTwice,
  findLostWrites,
  findTooFewAvailable,
  findTwins,
  findUnreadyTraffic,
  findUnsettled,
  findViolations,
  type History,
  REPLICA_SET_CONTROLLER,
  type Violation,
} from '#cluster';
import { beforeEach, describe, expect, fc, it, property } from '#kit';

type Kept = Extract<Entry, { readonly kind: 'put' }>['after'];

/** What is said of a pod in a history. */
interface PodWords {
  readonly uid?: string;
  readonly node?: string;
  readonly ready?: boolean;
  readonly going?: boolean;
  /** `StatefulSet/uid` */
  readonly owner?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly namespace?: string;
  readonly phase?: string;
}

let now = 0;
let revision = 0;
let objects = new Map<string, Kept>();

beforeEach(() => {
  now = 0;
  revision = 0;
  objects = new Map();
});

/** Lets seconds pass before the next entry. */
function later(seconds: number, ...entries: readonly (() => Entry)[]): Entry[] {
  now += seconds * 1000;
  return entries.map((make) => make());
}

function pod(name: string, words: PodWords = {}): Kept {
  const { uid = `uid-${name}`, node, ready = false, going = false, owner, labels } = words;
  const [kind, ownerUid] = owner?.split('/') ?? [];
  const ownerReferences = [
    { apiVersion: 'apps/v1', kind, name: 'owner', uid: ownerUid, controller: true },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: words.namespace ?? 'default',
      uid,
      ...(labels && { labels }),
      ...(owner && { ownerReferences }),
      ...(going && { deletionTimestamp: '2025-01-01T00:00:00Z' }),
    },
    spec: { containers: [{ name: 'main' }], ...(node && { nodeName: node }) },
    status: {
      phase: words.phase ?? 'Running',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  } as Kept;
}

type Asked = { readonly by?: string; readonly eviction?: true };

function put(resource: string, object: Kept, asked: Asked = {}): () => Entry {
  return () => {
    const { namespace = '', name = '' } = object.metadata ?? {};
    const key = `${resource}/${namespace}/${name}`;
    const before = objects.get(key);
    objects.set(key, object);
    revision += 1;
    const write = { at: now, revision, resource, namespace, name, ...asked };
    return { kind: 'put', ...write, ...(before && { before }), after: object };
  };
}

const putPod = (name: string, words: PodWords = {}, asked: Asked = {}) =>
  put('pods', pod(name, words), asked);

function remove(resource: string, name: string, asked: Asked = {}, namespace = 'default') {
  return (): Entry => {
    const key = `${resource}/${namespace}/${name}`;
    const before = objects.get(key);
    if (!before) throw new Error(`the test has no ${key}`);
    objects.delete(key);
    revision += 1;
    return { kind: 'deleted', at: now, revision, resource, namespace, name, ...asked, before };
  };
}

type ContainerWords = { readonly uid?: string; readonly container?: string };

function container(kind: 'container-started' | 'container-ended') {
  return (node: string, name: string, words: ContainerWords = {}) =>
    (): Entry => {
      const { uid = `uid-${name}`, container: called = 'main' } = words;
      const of = { namespace: 'default', name, uid };
      return { kind, at: now, node, pod: of, container: called };
    };
}
const start = container('container-started');
const end = container('container-ended');
const crash = (node: string) => (): Entry => ({ kind: 'node-crashed', at: now, node });
const moment = (kind: 'storm-began' | 'storm-ended' | 'history-ended') => (): Entry => ({
  kind,
  at: now,
});

function connect(name: string, uid = `uid-${name}`) {
  return (): Entry => ({
    kind: 'connected',
    at: now,
    node: 'node-1',
    service: 'default/web',
    pod: { namespace: 'default', name, uid },
  });
}

function sentences(violations: readonly Violation[]): string[] {
  return violations.map(({ sentence }) => sentence);
}

/** Where in the history the entries of each violation are. */
function positions(history: History, violations: readonly Violation[]): number[][] {
  return violations.map(({ entries }) => entries.map((entry) => history.indexOf(entry)));
}

describe('findBoundTwice', () => {
  it.core('finds a pod that was bound to one node and then to another', () => {
    const history = [
      ...later(1, putPod('web'), putPod('web', { node: 'node-1' })),
      ...later(1, putPod('web', { node: 'node-1', ready: true })),
      ...later(1, putPod('web', { node: 'node-2' })),
    ];
    const found = findBoundTwice(history);
    expect(sentences(found)).toEqual(['pod default/web was bound to node-1, and then to node-2']);
    expect(positions(history, found)).toEqual([[1, 3]]);
    expect(found[0]?.invariant).toBe('bound-twice');
  });

  it('takes another pod of the same name for another pod', () => {
    const history = [
      ...later(1, putPod('web', { node: 'node-1' })),
      ...later(1, remove('pods', 'web')),
      ...later(1, putPod('web', { uid: 'second' }), putPod('web', { uid: 'second', node: 'b' })),
      ...later(1, start('b', 'web', { uid: 'second' })),
    ];
    expect(findBoundTwice(history)).toEqual([]);
  });

  it('says it once while the pod stays where it was bound the second time', () => {
    const history = [
      ...later(1, putPod('web', { node: 'a' }), putPod('web', { node: 'b' })),
      ...later(1, putPod('web', { node: 'b', ready: true })),
    ];
    expect(findBoundTwice(history)).toHaveLength(1);
  });

  it('counts from the first node when there is a third', () => {
    const history = later(
      1,
      putPod('web', { node: 'a' }),
      putPod('web', { node: 'b' }),
      putPod('web', { node: 'a' }),
      putPod('web', { node: 'c' }),
    );
    expect(sentences(findBoundTwice(history))).toEqual([
      'pod default/web was bound to a, and then to b',
      'pod default/web was bound to a, and then to c',
    ]);
  });

  it('sees a second binding also when the write between took the node away', () => {
    const history = later(
      1,
      putPod('web', { node: 'a' }),
      putPod('web'),
      putPod('web', { node: 'b' }),
    );
    expect(positions(history, findBoundTwice(history))).toEqual([[0, 2]]);
  });

  it('sees a second binding in a history that begins in the middle', () => {
    const history: Entry[] = [
      ...later(1, putPod('web', { node: 'a' })),
      ...later(1, () => {
        const entry = putPod('web', { node: 'b' })();
        if (entry.kind !== 'put') return entry;
        const { before: _, ...rest } = entry;
        return rest;
      }),
    ];
    expect(findBoundTwice(history)).toHaveLength(1);
  });

  it.core('finds a container that started on a node its pod was not bound to', () => {
    const history = [
      ...later(1, putPod('web', { node: 'node-1' })),
      ...later(1, start('node-1', 'web')),
      ...later(1, start('node-2', 'web')),
    ];
    const found = findBoundTwice(history);
    expect(sentences(found)).toEqual([
      'pod default/web was bound to node-1, and its container main started on node-2',
    ]);
    expect(positions(history, found)).toEqual([[0, 2]]);
  });

  it('takes the first node for the one where containers belong', () => {
    const history = later(
      1,
      putPod('web', { node: 'a' }),
      putPod('web', { node: 'b' }),
      start('b', 'web'),
      start('a', 'web'),
    );
    expect(positions(history, findBoundTwice(history))).toEqual([
      [0, 1],
      [0, 2],
    ]);
  });

  it('says nothing of containers of pods that no put has shown, or that have no node', () => {
    const history = later(
      1,
      putPod('web'),
      start('node-2', 'web'),
      start('node-2', 'static', { uid: 'x' }),
    );
    expect(findBoundTwice(history)).toEqual([]);
  });

  it('looks at pods only', () => {
    const claim = pod('web', { node: 'a' });
    const history = later(1, put('claims', claim), put('claims', pod('web', { node: 'b' })));
    expect(findBoundTwice(history)).toEqual([]);
  });
});

describe('findTwins', () => {
  const db = (uid: string, words: PodWords = {}) =>
    putPod('db-0', { uid, owner: 'StatefulSet/db', ...words });
  const first = { uid: 'first' };
  const second = { uid: 'second' };

  it.core('finds two pods of one identity that run at once', () => {
    const history = [
      ...later(1, db('first', { node: 'node-1' }), start('node-1', 'db-0', first)),
      ...later(9, remove('pods', 'db-0')),
      ...later(1, db('second', { node: 'node-2' }), start('node-2', 'db-0', second)),
    ];
    const found = findTwins(history);
    expect(sentences(found)).toEqual([
      'two pods default/db-0 ran at once: first on node-1 and second on node-2',
    ]);
    expect(positions(history, found)).toEqual([[1, 4]]);
    expect(found[0]?.invariant).toBe('twins');
  });

  it.core('finds nothing when the first one has ended before', () => {
    const history = [
      ...later(1, db('first'), start('node-1', 'db-0', first)),
      ...later(5, end('node-1', 'db-0', first), remove('pods', 'db-0')),
      ...later(0, db('second'), start('node-1', 'db-0', second)),
    ];
    expect(findTwins(history)).toEqual([]);
  });

  it('takes what ran on a node that crashed for ended', () => {
    const history = [
      ...later(1, db('first'), start('node-1', 'db-0', first)),
      ...later(5, crash('node-1')),
      ...later(300, remove('pods', 'db-0', { by: 'system:serviceaccount:kube-system:pod-gc' })),
      ...later(1, db('second'), start('node-2', 'db-0', second)),
    ];
    expect(findTwins(history)).toEqual([]);
  });

  it('takes only what ran on that node for ended', () => {
    const history = [
      ...later(1, db('first'), start('node-1', 'db-0', first)),
      ...later(5, crash('node-2'), remove('pods', 'db-0')),
      ...later(1, db('second'), start('node-2', 'db-0', second)),
    ];
    expect(findTwins(history)).toHaveLength(1);
  });

  it('counts a container that began again after the crash', () => {
    const history = [
      ...later(1, db('first'), start('node-1', 'db-0', first)),
      ...later(5, crash('node-1')),
      ...later(5, start('node-1', 'db-0', first)),
      ...later(1, db('second'), start('node-2', 'db-0', second)),
    ];
    expect(positions(history, findTwins(history))).toEqual([[3, 5]]);
  });

  it('waits for all containers of the first to end', () => {
    const history = [
      ...later(1, db('first'), start('a', 'db-0', { ...first, container: 'main' })),
      ...later(1, start('a', 'db-0', { ...first, container: 'sidecar' })),
      ...later(5, end('a', 'db-0', { ...first, container: 'sidecar' }), remove('pods', 'db-0')),
      ...later(1, db('second'), start('b', 'db-0', second)),
    ];
    expect(positions(history, findTwins(history))).toEqual([[1, 6]]);
  });

  it('shows the last start of the pod that ran already, and says it once', () => {
    const history = [
      ...later(1, db('first'), start('a', 'db-0', { ...first, container: 'main' })),
      ...later(1, start('a', 'db-0', { ...first, container: 'sidecar' })),
      ...later(1, db('second'), start('b', 'db-0', second)),
      ...later(1, start('b', 'db-0', { ...second, container: 'sidecar' })),
    ];
    expect(positions(history, findTwins(history))).toEqual([[2, 4]]);
  });

  it('excuses a pod that a person has deleted by force', () => {
    const history = [
      ...later(1, db('first'), start('node-1', 'db-0', first)),
      ...later(5, remove('pods', 'db-0', { by: 'kubernetes-admin' })),
      ...later(1, db('second'), start('node-2', 'db-0', second)),
    ];
    expect(findTwins(history)).toEqual([]);
  });

  it('excuses it also when its containers start only after that', () => {
    const history = [
      ...later(1, db('first'), remove('pods', 'db-0', { by: 'kubernetes-admin' })),
      ...later(5, start('node-1', 'db-0', first)),
      ...later(1, db('second'), start('node-2', 'db-0', second)),
    ];
    expect(findTwins(history)).toEqual([]);
  });

  it('excuses it also when one of its containers starts again beside the next pod', () => {
    const history = [
      ...later(1, db('first'), start('node-1', 'db-0', first)),
      ...later(5, remove('pods', 'db-0', { by: 'kubernetes-admin' })),
      ...later(1, db('second'), start('node-2', 'db-0', second)),
      ...later(1, end('node-1', 'db-0', first), start('node-1', 'db-0', first)),
    ];
    expect(findTwins(history)).toEqual([]);
  });

  it('does not know yet whose a pod is that is shown only later', () => {
    const history = [
      ...later(1, start('a', 'db-0', first), start('b', 'db-0', second)),
      ...later(1, db('first'), db('second')),
    ];
    expect(findTwins(history)).toEqual([]);
  });

  for (const by of [undefined, 'system:serviceaccount:kube-system:statefulset-controller']) {
    it(`does not excuse a deletion by ${by ?? 'somebody unknown'}`, () => {
      const history = [
        ...later(1, db('first'), start('node-1', 'db-0', first)),
        ...later(5, remove('pods', 'db-0', by === undefined ? {} : { by })),
        ...later(1, db('second'), start('node-2', 'db-0', second)),
      ];
      expect(findTwins(history)).toHaveLength(1);
    });
  }

  it('does not excuse the pod after the one that was deleted by force', () => {
    const history = [
      ...later(1, db('first'), start('a', 'db-0', first)),
      ...later(5, remove('pods', 'db-0', { by: 'kubernetes-admin' })),
      ...later(1, db('second'), start('b', 'db-0', second), remove('pods', 'db-0')),
      ...later(1, db('third'), start('c', 'db-0', { uid: 'third' })),
    ];
    expect(sentences(findTwins(history))).toEqual([
      'two pods default/db-0 ran at once: second on b and third on c',
    ]);
  });

  it('does not excuse who only asked the pod to go', () => {
    const history = [
      ...later(1, db('first'), start('node-1', 'db-0', first)),
      ...later(5, putPod('db-0', { ...first, going: true, owner: 'StatefulSet/db' }, { by: 'me' })),
      ...later(1, remove('pods', 'db-0', { by: 'system:node:node-1' })),
      ...later(1, db('second'), start('node-2', 'db-0', second)),
    ];
    expect(findTwins(history)).toHaveLength(1);
  });

  it('lets pods of a Deployment, and pods of other names, run at once', () => {
    const web = { owner: 'ReplicaSet/web' };
    const history = [
      ...later(1, putPod('web', { uid: 'first', ...web }), start('a', 'web', first)),
      ...later(1, putPod('web', { uid: 'second', ...web }), start('b', 'web', second)),
      ...later(1, db('db'), start('a', 'db-0', { uid: 'db' })),
      ...later(1, putPod('db-1', { owner: 'StatefulSet/db' }), start('a', 'db-1')),
    ];
    expect(findTwins(history)).toEqual([]);
  });

  it('lets a container of one pod begin again', () => {
    const history = [
      ...later(1, db('first'), start('a', 'db-0', first)),
      ...later(5, end('a', 'db-0', first), start('a', 'db-0', first)),
      ...later(5, end('a', 'db-0', first)),
      ...later(0, db('second'), start('a', 'db-0', second)),
    ];
    expect(findTwins(history)).toEqual([]);
  });
});

/** A Deployment `web` and its ReplicaSet of the same name. */
function deployment(spec: object, uid = 'web'): (() => Entry)[] {
  const metadata = { name: uid, namespace: 'default', uid };
  const ownerReferences = [
    { apiVersion: 'apps/v1', kind: 'Deployment', name: uid, uid, controller: true },
  ];
  const set = { name: `${uid}-1`, namespace: 'default', uid: `${uid}-1`, ownerReferences };
  return [put('deployments', { metadata, spec } as Kept), put('replicasets', { metadata: set })];
}

const rolling = (replicas: number, maxUnavailable: number | string, maxSurge: number | string) => ({
  replicas,
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } },
});

const ofWeb = { owner: 'ReplicaSet/web-1', labels: { app: 'web' } };
const readyPod = (name: string, words: PodWords = {}) =>
  putPod(name, { ...ofWeb, ready: true, ...words });
const takePod = (name: string, asked: Asked = { by: REPLICA_SET_CONTROLLER }) =>
  putPod(name, { ...ofWeb, ready: true, going: true }, asked);

describe('findTooFewAvailable, in rollouts', () => {
  it.core('finds a pod taken away that was needed', () => {
    const history = [
      ...later(1, ...deployment(rolling(2, 0, 1)), readyPod('a'), readyPod('b')),
      ...later(300, takePod('a')),
    ];
    const found = findTooFewAvailable(history);
    expect(sentences(found)).toEqual([
      'deployment default/web: 1 pods are left available, and it wants 2',
    ]);
    expect(positions(history, found)).toEqual([[4]]);
    expect(found[0]?.invariant).toBe('too-few-available');
  });

  it.core('lets a rollout take an old pod for each new one that is ready', () => {
    const history = [
      ...later(1, ...deployment(rolling(2, 0, 1)), readyPod('a'), readyPod('b')),
      ...later(300, readyPod('c'), takePod('a')),
      ...later(300, remove('pods', 'a', { by: 'system:node:node-1' })),
      ...later(300, readyPod('d'), takePod('b')),
    ];
    expect(findTooFewAvailable(history)).toEqual([]);
  });

  it('does as the worked trace says', () => {
    const history = [
      ...later(1, ...deployment(rolling(2, 0, 1)), ...['a', 'b', 'c'].map((n) => readyPod(n))),
      ...later(300, takePod('a')),
      ...later(1, takePod('b', { by: 'kubernetes-admin' })),
      ...later(10, takePod('c')),
    ];
    expect(positions(history, findTooFewAvailable(history))).toEqual([[7]]);
  });

  it('takes a pod that is deleted at once for taken away', () => {
    const history = [
      ...later(1, ...deployment(rolling(1, 0, 1)), readyPod('a')),
      ...later(300, remove('pods', 'a', { by: REPLICA_SET_CONTROLLER })),
    ];
    expect(findTooFewAvailable(history)).toHaveLength(1);
  });

  it('judges a pod that goes once', () => {
    const history = [
      ...later(1, ...deployment(rolling(1, 0, 1)), readyPod('a')),
      ...later(300, takePod('a'), takePod('a')),
      ...later(30, remove('pods', 'a', { by: REPLICA_SET_CONTROLLER })),
    ];
    expect(findTooFewAvailable(history)).toHaveLength(1);
  });

  it('does not take a pod for taken that was going already', () => {
    const history = [
      ...later(1, ...deployment(rolling(2, 0, 1)), ...['a', 'b', 'c'].map((n) => readyPod(n))),
      ...later(300, takePod('b', { by: 'kubernetes-admin' }), takePod('b')),
      ...later(10, takePod('a')),
    ];
    expect(findTooFewAvailable(history)).toEqual([]);
  });

  it('does not judge the taking of a pod that is not ready', () => {
    const history = [
      ...later(1, ...deployment(rolling(2, 0, 1)), readyPod('a'), putPod('b', ofWeb)),
      ...later(300, putPod('b', { ...ofWeb, going: true }, { by: REPLICA_SET_CONTROLLER })),
    ];
    expect(findTooFewAvailable(history)).toEqual([]);
  });

  it('counts a pod as taken away also when its taking was not judged', () => {
    const history = [
      ...later(1, ...deployment(rolling(2, 0, 1)), ...['a', 'b', 'c'].map((n) => readyPod(n))),
      ...later(300, putPod('b', ofWeb)),
      ...later(10, putPod('b', { ...ofWeb, going: true }, { by: REPLICA_SET_CONTROLLER })),
      ...later(10, takePod('a')),
    ];
    expect(positions(history, findTooFewAvailable(history))).toEqual([[7]]);
  });

  for (const by of [undefined, 'kubernetes-admin', 'system:node:node-1']) {
    it(`does not judge what ${by ?? 'somebody unknown'} takes`, () => {
      const history = [
        ...later(1, ...deployment(rolling(2, 0, 1)), readyPod('a'), readyPod('b')),
        ...later(300, takePod('a', by === undefined ? {} : { by })),
      ];
      expect(findTooFewAvailable(history)).toEqual([]);
    });
  }

  it('forgives what nobody could know yet: a pod that failed a moment ago', () => {
    const history = [
      ...later(1, ...deployment(rolling(2, 0, 1)), ...['a', 'b', 'c'].map((n) => readyPod(n))),
      ...later(300, putPod('b', ofWeb)),
      ...later(60, takePod('a')),
    ];
    expect(findTooFewAvailable(history)).toEqual([]);
  });

  it('does not forgive what everybody could know', () => {
    const history = [
      ...later(1, ...deployment(rolling(2, 0, 1)), ...['a', 'b', 'c'].map((n) => readyPod(n))),
      ...later(300, putPod('b', ofWeb)),
      ...later(61, takePod('a')),
    ];
    expect(findTooFewAvailable(history)).toHaveLength(1);
    expect(findTooFewAvailable(history, { knowledgeMs: 61_000, settleMs: 0 })).toEqual([]);
  });

  it('forgives more while it storms', () => {
    const history = [
      ...later(1, ...deployment(rolling(2, 0, 1)), ...['a', 'b', 'c'].map((n) => readyPod(n))),
      ...later(300, moment('storm-began')),
      ...later(10, putPod('b', ofWeb)),
      ...later(600, takePod('a')),
      ...later(10, moment('storm-ended')),
    ];
    expect(findTooFewAvailable(history)).toEqual([]);
  });

  it('does not forgive what was taken in the storm itself', () => {
    const history = [
      ...later(1, ...deployment(rolling(2, 0, 1)), ...['a', 'b', 'c'].map((n) => readyPod(n))),
      ...later(300, moment('storm-began')),
      ...later(10, takePod('a')),
      ...later(1, takePod('b')),
    ];
    expect(findTooFewAvailable(history)).toHaveLength(1);
  });

  it('takes the lowest that was wanted of late', () => {
    const history = [
      ...later(1, ...deployment(rolling(1, 0, 1)), readyPod('a'), readyPod('b')),
      ...later(300, put('deployments', deploymentOf(rolling(2, 0, 1)))),
      ...later(30, takePod('a')),
    ];
    expect(findTooFewAvailable(history)).toEqual([]);
    const late = [...history, ...later(300, readyPod('c')), ...later(1, takePod('b'))];
    expect(findTooFewAvailable(late)).toHaveLength(1);
  });

  it('does not judge pods of other Deployments', () => {
    const other = { ...ofWeb, owner: 'ReplicaSet/api-1' };
    const history = [
      ...later(1, ...deployment(rolling(1, 0, 1)), ...deployment(rolling(1, 1, 0), 'api')),
      ...later(1, readyPod('a'), readyPod('x', other)),
      ...later(
        300,
        putPod('x', { ...other, ready: true, going: true }, { by: REPLICA_SET_CONTROLLER }),
      ),
    ];
    expect(findTooFewAvailable(history)).toEqual([]);
    const more = [...history, ...later(300, readyPod('y', other), takePod('a'))];
    expect(findTooFewAvailable(more)).toHaveLength(1);
  });

  it('counts a pod as gone that is being deleted, though it is ready yet', () => {
    const history = [
      ...later(1, ...deployment(rolling(2, 0, 1)), ...['a', 'b', 'c'].map((n) => readyPod(n))),
      ...later(1, takePod('b', { by: 'kubernetes-admin' })),
      ...later(300, takePod('a')),
    ];
    expect(findTooFewAvailable(history)).toHaveLength(1);
  });

  property(
    'lets every rollout be that keeps its promise, and finds the first pod too many',
    fc.integer({ min: 1, max: 8 }),
    fc.nat(3),
    fc.nat(3),
    (replicas, unavailable, surge) => {
      objects = new Map();
      const fewer = unavailable === 0 && surge === 0 ? 1 : Math.min(unavailable, replicas);
      const there = replicas + surge;
      const names = Array.from({ length: there }, (_, i) => `p${i}`);
      const wanted = deployment(rolling(replicas, unavailable, surge));
      const history = later(1, ...wanted, ...names.map((name) => readyPod(name)));
      for (let left = there - 1; left >= replicas - fewer && left >= 0; left--) {
        history.push(...later(100, takePod(`p${left}`)));
        expect(findTooFewAvailable(history)).toEqual([]);
      }
      if (replicas - fewer <= 0) return;
      history.push(...later(100, takePod(`p${replicas - fewer - 1}`)));
      expect(findTooFewAvailable(history)).toHaveLength(1);
    },
  );
});

function deploymentOf(spec: object): Kept {
  return { metadata: { name: 'web', namespace: 'default', uid: 'web' }, spec } as Kept;
}

function budget(desiredHealthy: number, words: { namespace?: string; app?: string } = {}): Kept {
  const { namespace = 'default', app = 'web' } = words;
  return {
    metadata: { name: 'web', namespace, uid: `budget-${namespace}` },
    spec: { selector: { matchLabels: { app } } },
    status: { desiredHealthy },
  } as Kept;
}

describe('findTooFewAvailable, in evictions', () => {
  const evict = (name: string) =>
    takePod(name, { by: 'system:serviceaccount:kube-system:drainer', eviction: true });
  const withBudget = (kept: Kept) =>
    later(1, put('poddisruptionbudgets', kept), readyPod('a'), readyPod('b'), readyPod('c'));

  it.core('finds an eviction that leaves fewer than the budget wants', () => {
    const history = [...withBudget(budget(2)), ...later(300, evict('a')), ...later(1, evict('b'))];
    const found = findTooFewAvailable(history);
    expect(sentences(found)).toEqual([
      'poddisruptionbudget default/web: 1 pods are left available, and it wants 2',
    ]);
    expect(positions(history, found)).toEqual([[5]]);
  });

  it('judges an eviction that a person asked for', () => {
    const history = [
      ...withBudget(budget(3)),
      ...later(300, takePod('a', { by: 'kubernetes-admin', eviction: true })),
    ];
    expect(findTooFewAvailable(history)).toHaveLength(1);
  });

  it('judges no deletion that is no eviction', () => {
    const history = [
      ...withBudget(budget(3)),
      ...later(300, takePod('a', { by: 'kubernetes-admin' }), takePod('b')),
    ];
    expect(findTooFewAvailable(history)).toEqual([]);
  });

  it('judges an eviction by the ReplicaSet controller’s user as an eviction only', () => {
    const history = [
      ...later(1, ...deployment(rolling(3, 0, 1))),
      ...withBudget(budget(0)),
      ...later(300, takePod('a', { by: REPLICA_SET_CONTROLLER, eviction: true })),
    ];
    expect(findTooFewAvailable(history)).toEqual([]);
  });

  it('knows no budget of another namespace, or for other pods', () => {
    for (const kept of [budget(3, { namespace: 'other' }), budget(3, { app: 'api' })]) {
      objects = new Map();
      expect(findTooFewAvailable([...withBudget(kept), ...later(300, evict('a'))])).toEqual([]);
    }
  });

  it('forgives a pod that a rollout took a moment ago', () => {
    const history = [
      ...withBudget(budget(2)),
      ...later(300, takePod('b')),
      ...later(1, evict('a')),
    ];
    expect(findTooFewAvailable(history)).toEqual([]);
  });

  it('takes a budget that is deleted for none', () => {
    const history = [
      ...withBudget(budget(3)),
      ...later(300, remove('poddisruptionbudgets', 'web')),
      ...later(300, evict('a')),
    ];
    expect(findTooFewAvailable(history)).toEqual([]);
  });
});

describe('findUnreadyTraffic', () => {
  it.core('finds a connection to a pod that is not ready', () => {
    const history = [
      ...later(1, putPod('a', { ready: true }), connect('a'), putPod('b')),
      ...later(1, connect('b')),
    ];
    const found = findUnreadyTraffic(history);
    expect(sentences(found)).toEqual([
      'a connection to service default/web reached pod default/b, which was not ready',
    ]);
    expect(positions(history, found)).toEqual([[3]]);
    expect(found[0]?.invariant).toBe('unready-traffic');
  });

  it('gives the rules their time after a pod ceased to be ready, and no more', () => {
    const history = [
      ...later(1, putPod('a', { ready: true })),
      ...later(100, putPod('a')),
      ...later(60, connect('a')),
      ...later(1, connect('a')),
    ];
    expect(positions(history, findUnreadyTraffic(history))).toEqual([[3]]);
    const slow = { knowledgeMs: 61_000, settleMs: 0 };
    expect(findUnreadyTraffic(history, slow)).toEqual([]);
  });

  it('gives no time before a pod becomes ready', () => {
    const history = later(1, putPod('a'), connect('a'), putPod('a', { ready: true }));
    expect(findUnreadyTraffic(history)).toHaveLength(1);
  });

  it('lets connections reach a pod that is being deleted and ready yet', () => {
    const history = [
      ...later(1, putPod('a', { ready: true })),
      ...later(1, putPod('a', { ready: true, going: true })),
      ...later(300, connect('a')),
    ];
    expect(findUnreadyTraffic(history)).toEqual([]);
  });

  it('takes a pod whose object is gone for one that is not ready', () => {
    const history = [
      ...later(1, putPod('a', { ready: true })),
      ...later(1, remove('pods', 'a')),
      ...later(30, connect('a')),
      ...later(61, connect('a')),
    ];
    expect(positions(history, findUnreadyTraffic(history))).toEqual([[3]]);
  });

  it('does not take one pod for another of its name', () => {
    const history = [
      ...later(1, putPod('a', { ready: true })),
      ...later(1, remove('pods', 'a'), putPod('a', { uid: 'second' })),
      ...later(1, connect('a', 'second')),
    ];
    expect(findUnreadyTraffic(history)).toHaveLength(1);
  });

  it('lets rules be as old as the storm, and a minute after it', () => {
    const history = [
      ...later(1, putPod('a', { ready: true }), moment('storm-began')),
      ...later(1, putPod('a')),
      ...later(600, connect('a')),
      ...later(10, moment('storm-ended')),
      ...later(60, connect('a')),
      ...later(1, connect('a')),
    ];
    expect(positions(history, findUnreadyTraffic(history))).toEqual([[6]]);
  });

  it('does not forgive a pod that was never ready, also in a storm', () => {
    const history = later(1, moment('storm-began'), putPod('a'), connect('a'));
    expect(findUnreadyTraffic(history)).toHaveLength(1);
  });
});

describe('findLostWrites', () => {
  const key = 'pods/default/web';
  const acknowledge =
    (at: number, isDelete = false, of = key) =>
    (): Entry => ({
      kind: 'acknowledged',
      at: now,
      revision: at,
      key: of,
      isDelete,
    });
  const restart = (at: number, content: Readonly<Record<string, number>>) => (): Entry => ({
    kind: 'restarted',
    at: now,
    revision: at,
    content,
  });

  it.core('finds a write that was acknowledged and is not there', () => {
    const history = later(1, acknowledge(41), restart(41, { 'nodes/a': 3 }));
    const found = findLostWrites(history);
    expect(sentences(found)).toEqual([
      'pods/default/web: what was written at revision 41 is not there after a restart',
    ]);
    expect(positions(history, found)).toEqual([[0, 1]]);
    expect(found[0]?.invariant).toBe('lost-write');
  });

  it.core('finds nothing when it is there, as it was or later', () => {
    for (const found of [41, 57]) {
      expect(findLostWrites(later(1, acknowledge(41), restart(60, { [key]: found })))).toEqual([]);
    }
  });

  it('finds an older version of what was written', () => {
    const history = later(1, acknowledge(20), acknowledge(41), restart(40, { [key]: 20 }));
    expect(positions(history, findLostWrites(history))).toEqual([[1, 2]]);
  });

  it('finds a key that was deleted and is back', () => {
    const history = later(1, acknowledge(20), acknowledge(41, true), restart(41, { [key]: 20 }));
    expect(sentences(findLostWrites(history))).toEqual([
      'pods/default/web: it was deleted at revision 41, and is there after a restart',
    ]);
  });

  it('lets a key be made again after it was deleted', () => {
    const history = later(1, acknowledge(41, true), restart(50, { [key]: 44 }));
    expect(findLostWrites(history)).toEqual([]);
  });

  it('lets a key be gone that was deleted', () => {
    expect(findLostWrites(later(1, acknowledge(41, true), restart(50, {})))).toEqual([]);
  });

  it('lets a deletion that nobody was told of be the reason, also if it is noticed later', () => {
    const deleted = (at: number) => (): Entry => {
      const write = { at: now, revision: at, resource: 'pods', namespace: 'default', name: 'web' };
      return { kind: 'deleted', ...write, before: pod('web') };
    };
    expect(findLostWrites(later(1, acknowledge(41), deleted(44), restart(50, {})))).toEqual([]);
    expect(findLostWrites(later(1, acknowledge(41), restart(44, {}), deleted(44)))).toEqual([]);
    expect(findLostWrites(later(1, acknowledge(41), restart(43, {}), deleted(44)))).toHaveLength(1);
    expect(findLostWrites(later(1, deleted(40), acknowledge(41), restart(43, {})))).toHaveLength(1);
  });

  it('asks for nothing that was never acknowledged, or only after the restart', () => {
    const history = later(1, putPod('web'), restart(1, {}), acknowledge(2));
    expect(findLostWrites(history)).toEqual([]);
  });

  it('says it at the first restart that shows it', () => {
    const history = later(1, acknowledge(41), restart(40, {}), restart(40, {}));
    expect(positions(history, findLostWrites(history))).toEqual([[0, 1]]);
  });

  it('looks at every restart', () => {
    const history = later(1, acknowledge(41), restart(41, { [key]: 41 }), restart(41, {}));
    expect(positions(history, findLostWrites(history))).toEqual([[0, 2]]);
  });

  it('says in the order of acknowledgements what one restart shows', () => {
    const other = 'pods/default/db';
    const history = later(
      1,
      acknowledge(20),
      acknowledge(30, false, other),
      acknowledge(41),
      restart(41, {}),
    );
    expect(positions(history, findLostWrites(history))).toEqual([
      [1, 3],
      [2, 3],
    ]);
  });

  it('takes the highest revision, whichever was told of last', () => {
    const history = later(1, acknowledge(41), acknowledge(40), restart(40, { [key]: 40 }));
    expect(positions(history, findLostWrites(history))).toEqual([[0, 2]]);
  });

  it('does not take a key for another, whatever it is called', () => {
    const odd = acknowledge(5, false, 'constructor');
    expect(findLostWrites(later(1, odd, restart(9, { [key]: 9 })))).toHaveLength(1);
  });
});

describe('findUnsettled', () => {
  const patience = { knowledgeMs: 60_000, settleMs: 900_000 };
  const web = (ready: number) =>
    put('deployments', {
      metadata: { name: 'web', namespace: 'default', uid: 'web', generation: 1 },
      spec: { replicas: 3 },
      status: {
        observedGeneration: 1,
        replicas: 3,
        updatedReplicas: 3,
        availableReplicas: ready,
      },
    } as Kept);
  const lease = put('leases', { metadata: { name: 'node-1', namespace: 'kube-node-lease' } });

  it.core('finds what is not as it should be when the time is over', () => {
    const history = [
      ...later(1, moment('storm-began'), web(2)),
      ...later(1, moment('storm-ended')),
      ...later(900, moment('history-ended')),
    ];
    const found = findUnsettled(history, patience);
    expect(sentences(found)).toEqual([
      'deployments/default/web has 2 of 3 replicas as wanted 900 s after the storm',
    ]);
    expect(positions(history, found)).toEqual([[1]]);
    expect(found[0]?.invariant).toBe('unsettled');
  });

  it.core('finds nothing when all is well in time', () => {
    const history = [
      ...later(1, moment('storm-began'), web(2)),
      ...later(1, moment('storm-ended')),
      ...later(900, web(3)),
      ...later(900, moment('history-ended')),
    ];
    expect(findUnsettled(history, patience)).toEqual([]);
  });

  it('judges a calm that ends at its deadline, and none that ends before', () => {
    const calm = (seconds: number): Entry[] => [
      ...later(1, web(2), moment('storm-ended')),
      ...later(seconds, moment('storm-began')),
    ];
    expect(findUnsettled(calm(900), patience)).toHaveLength(1);
    expect(findUnsettled(calm(899), patience)).toEqual([]);
  });

  it('finds what became well too late, and that something was written', () => {
    const history = [
      ...later(1, web(2), moment('storm-ended')),
      ...later(901, web(3)),
      ...later(900, moment('history-ended')),
    ];
    const found = findUnsettled(history, patience);
    expect(sentences(found)).toEqual([
      'deployments/default/web has 2 of 3 replicas as wanted 900 s after the storm',
      '1 writes later than 900 s after the storm, the first of deployments/default/web',
    ]);
    expect(positions(history, found)).toEqual([[0], [2]]);
  });

  it('finds who never stops writing', () => {
    const history = [
      ...later(1, web(3), moment('storm-ended')),
      ...later(1000, web(3)),
      ...later(100, putPod('a', { ready: true })),
      ...later(100, remove('pods', 'a')),
      ...later(900, moment('history-ended')),
    ];
    expect(positions(history, findUnsettled(history, patience))).toEqual([[2, 3, 4]]);
  });

  it('lets leases and events be written for ever', () => {
    const event = put('events', { metadata: { name: 'e', namespace: 'default' } });
    const history = [
      ...later(1, web(3), moment('storm-ended')),
      ...later(1000, lease, event),
      ...later(1000, lease, remove('events', 'e')),
    ];
    expect(findUnsettled(history, patience)).toEqual([]);
  });

  it('lets a node say that it lives, and not that it changed', () => {
    const node = (heartbeat: string, memory: string) =>
      put('nodes', {
        metadata: { name: 'node-1', uid: 'node-1', resourceVersion: heartbeat },
        status: {
          capacity: { memory },
          conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: heartbeat }],
        },
      } as Kept);
    const history = [
      ...later(1, node('1', '1Gi'), moment('storm-ended')),
      ...later(1000, node('2', '1Gi')),
      ...later(300, moment('history-ended')),
    ];
    expect(findUnsettled(history, patience)).toEqual([]);
    const changed = [...history.slice(0, -1), ...later(300, node('3', '2Gi'))];
    expect(positions(changed, findUnsettled(changed, patience))).toEqual([[3]]);
  });

  it('judges no calm that was too short', () => {
    const history = [
      ...later(1, web(2), moment('storm-ended')),
      ...later(899, moment('storm-began')),
      ...later(1000, web(2), moment('storm-ended')),
      ...later(899, moment('history-ended')),
    ];
    expect(findUnsettled(history, patience)).toEqual([]);
  });

  it('judges a calm that ends just then', () => {
    const history = [
      ...later(1, web(2), moment('storm-ended')),
      ...later(900, moment('storm-began')),
    ];
    expect(findUnsettled(history, patience)).toHaveLength(1);
  });

  it('does not take the writes of the next storm for late ones', () => {
    const history = [
      ...later(1, web(3), moment('storm-ended')),
      ...later(1000, moment('storm-began'), web(2)),
      ...later(100, web(3), moment('storm-ended')),
      ...later(1000, moment('history-ended')),
    ];
    expect(findUnsettled(history, patience)).toEqual([]);
  });

  it('judges each calm', () => {
    const history = [
      ...later(1, web(2), moment('storm-ended')),
      ...later(1000, moment('storm-began')),
      ...later(1, moment('storm-ended')),
      ...later(1000, moment('history-ended')),
    ];
    expect(positions(history, findUnsettled(history, patience))).toEqual([[0], [0]]);
  });

  it('finds a pod that never becomes ready, and one that never goes', () => {
    const history = [
      ...later(1, putPod('b', { ready: true, going: true }), putPod('a', { phase: 'Pending' })),
      ...later(1, putPod('b', { ready: true, going: true })),
      ...later(1, putPod('done', { phase: 'Succeeded' }), moment('storm-ended')),
      ...later(1000, moment('history-ended')),
    ];
    expect(sentences(findUnsettled(history, patience))).toEqual([
      'pods/default/a is Pending and not ready 900 s after the storm',
      'pods/default/b is still being deleted 900 s after the storm',
    ]);
  });

  it('asks for nothing of what is deleted', () => {
    const history = [
      ...later(1, web(2), moment('storm-ended')),
      ...later(10, remove('deployments', 'web')),
      ...later(1000, moment('history-ended')),
    ];
    expect(findUnsettled(history, patience)).toEqual([]);
  });

  it('asks for nothing where there was no storm', () => {
    const history = later(1, web(1), web(2), moment('history-ended'));
    expect(findUnsettled(history, patience)).toEqual([]);
  });
});

describe('all six', () => {
  it.core('find nothing in a history of nothing', () => {
    expect(findViolations([])).toEqual([]);
    expect(
      findBoundTwice(later(1, putPod('a', { node: 'a' }), putPod('a', { node: 'b' }))),
    ).toHaveLength(1);
  });

  property(
    'change nothing, and do not depend on how often they are asked',
    fc.array(fc.nat(9), { maxLength: 40 }),
    (choices) => {
      objects = new Map();
      const steps = [
        putPod('db-0', { uid: 'first', owner: 'StatefulSet/db', node: 'a', ready: true }),
        putPod('db-0', { uid: 'second', owner: 'StatefulSet/db', node: 'b' }),
        start('a', 'db-0', { uid: 'first' }),
        start('b', 'db-0', { uid: 'second' }),
        end('a', 'db-0', { uid: 'first' }),
        crash('b'),
        connect('db-0', 'first'),
        connect('db-0', 'second'),
        moment('storm-began'),
        moment('storm-ended'),
      ];
      const history = choices.flatMap((choice) => later(200, steps[choice] ?? crash('a')));
      const before = JSON.stringify(history);
      const found = JSON.stringify(findViolations(history));
      expect(JSON.stringify(findViolations(history))).toBe(found);
      expect(JSON.stringify(history)).toBe(before);
    },
  );
});
