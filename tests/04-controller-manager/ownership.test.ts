import {
  type KubernetesObject,
  newConflict,
  newInternalError,
  newInvalid,
  newNotFound,
  type Pod,
  selectorFromObject,
} from '#apimachinery';
import { type Claim, claimObjects, claimOf } from '#controller-manager';
import { describe, expect, fc, it, property, refusalOf } from '#kit';

const RS = { group: 'apps', version: 'v1', kind: 'ReplicaSet' };
const RESOURCE = { group: '', resource: 'pods' };
const GONE = '2025-01-01T00:00:00Z' as never;

const newOwner = (metadata: object = {}): KubernetesObject => ({
  metadata: { name: 'web', namespace: 'default', uid: 'web-uid', ...metadata },
});
const refTo = (uid: string, more: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  name: uid.replace('-uid', ''),
  uid,
  controller: true,
  blockOwnerDeletion: true,
  ...more,
});
const OURS = refTo('web-uid');
const THEIRS = refTo('other-uid');

const newPod = (name: string, metadata: object = {}): Pod =>
  frozen({
    metadata: {
      name,
      namespace: 'default',
      uid: `${name}-uid`,
      labels: { app: 'web' },
      ...metadata,
    },
  });

/** As objects from a cache: who changes one finds out. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

describe('claimOf', () => {
  const owner = newOwner();
  const going = newOwner({ deletionTimestamp: GONE });
  const pod = (metadata: object = {}) => newPod('a', metadata);
  const cases: [name: string, KubernetesObject, Pod, boolean, Claim][] = [
    ['keeps what it has and wants', owner, pod({ ownerReferences: [OURS] }), true, 'ours'],
    [
      'lets go what it has and does not want',
      owner,
      pod({ ownerReferences: [OURS] }),
      false,
      'release',
    ],
    ['takes what nobody has and it wants', owner, pod(), true, 'adopt'],
    ['leaves what nobody has and it does not want', owner, pod(), false, 'ignore'],
    ['leaves what another one has', owner, pod({ ownerReferences: [THEIRS] }), true, 'ignore'],
    [
      'does not let go what another one has',
      owner,
      pod({ ownerReferences: [THEIRS] }),
      false,
      'ignore',
    ],
    ['keeps what it has, being deleted', going, pod({ ownerReferences: [OURS] }), true, 'ours'],
    ['lets nothing go, being deleted', going, pod({ ownerReferences: [OURS] }), false, 'ignore'],
    ['takes nothing, being deleted', going, pod(), true, 'ignore'],
    [
      'leaves what nobody has and is being deleted',
      owner,
      pod({ deletionTimestamp: GONE }),
      true,
      'ignore',
    ],
    [
      'keeps what it has and is being deleted',
      owner,
      pod({ ownerReferences: [OURS], deletionTimestamp: GONE }),
      true,
      'ours',
    ],
    [
      'lets go what it has and is being deleted',
      owner,
      pod({ ownerReferences: [OURS], deletionTimestamp: GONE }),
      false,
      'release',
    ],
    ['leaves what is in another namespace', owner, pod({ namespace: 'other' }), true, 'ignore'],
    [
      'takes from any namespace, when it is in none',
      newOwner({ namespace: undefined }),
      pod({ namespace: 'other' }),
      true,
      'adopt',
    ],
    [
      'knows itself by uid, not by name',
      owner,
      pod({ ownerReferences: [refTo('old-uid', { name: 'web' })] }),
      true,
      'ignore',
    ],
    [
      'takes what only has owners that are no controllers',
      owner,
      pod({ ownerReferences: [refTo('other-uid', { controller: false })] }),
      true,
      'adopt',
    ],
    [
      'takes what it owns without being its controller',
      owner,
      pod({ ownerReferences: [refTo('web-uid', { controller: undefined })] }),
      true,
      'adopt',
    ],
  ];
  const core = new Set(cases.slice(0, 5).map(([name]) => name));
  for (const [name, who, object, isWanted, expected] of cases) {
    (core.has(name) ? it.core : it)(name, () => {
      expect(claimOf(who, object, isWanted)).toBe(expected);
    });
  }
});

/** One patch that was asked for. */
interface Patched {
  readonly name: string;
  readonly type: string;
  readonly patch: unknown;
}

interface Begun {
  readonly owner?: KubernetesObject;
  /** What the API server has by now; absent: the owner. */
  readonly fresh?: KubernetesObject | Error;
  /** What patches of these are refused with. */
  readonly refusals?: Readonly<Record<string, Error>>;
  readonly filter?: (pod: Pod) => boolean;
}

function begin({ owner = newOwner(), fresh = owner, refusals = {}, filter }: Begun = {}) {
  const patches: Patched[] = [];
  let reads = 0;
  const unused = () => Promise.reject(new Error('claimObjects only patches'));
  const client = {
    get: unused,
    list: unused,
    watch: unused,
    create: unused,
    update: unused,
    updateStatus: unused,
    delete: unused,
    deleteCollection: unused,
    patch: async (name: string, type: string, patch: unknown): Promise<Pod> => {
      patches.push({ name, type, patch });
      const refusal = refusals[name];
      if (refusal) throw refusal;
      return { metadata: { name, labels: { answer: 'of the server' } } };
    },
  };
  return {
    patches,
    reads: () => reads,
    names: () => patches.map(({ name }) => name),
    claim: (objects: readonly Pod[]) =>
      claimObjects<KubernetesObject, Pod>({
        owner,
        ownerKind: RS,
        freshOwner: async () => {
          reads++;
          if (fresh instanceof Error) throw fresh;
          return fresh;
        },
        selector: selectorFromObject({ matchLabels: { app: 'web' } }),
        objects,
        client,
        ...(filter && { filter }),
      }),
  };
}

const namesOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata?.name);
const notFound = newNotFound(RESOURCE, 'a');
const invalid = newInvalid({ group: '', kind: 'Pod' }, 'a', []);
const conflict = newConflict(RESOURCE, 'a', 'changed meanwhile');
const broken = newInternalError(new Error('broken'));

describe('claimObjects', () => {
  it.core('gives back what is ours, and asks nobody', async () => {
    const { claim, patches, reads } = begin();
    const pods = [
      newPod('a', { ownerReferences: [OURS] }),
      newPod('b', { ownerReferences: [THEIRS] }),
      newPod('c', { labels: { app: 'db' } }),
      newPod('d', { ownerReferences: [OURS] }),
    ];
    expect(namesOf(await claim(pods))).toEqual(['a', 'd']);
    expect(patches).toEqual([]);
    expect(reads()).toBe(0);
  });

  it.core('adopts an orphan that the selector matches', async () => {
    const { claim, patches } = begin();
    expect(namesOf(await claim([newPod('a')]))).toEqual(['a']);
    expect(patches).toEqual([
      {
        name: 'a',
        type: 'strategic-merge-patch',
        patch: { metadata: { uid: 'a-uid', ownerReferences: [OURS] } },
      },
    ]);
  });

  it.core('releases what the selector does not match any more', async () => {
    const { claim, patches, reads } = begin();
    const stray = newPod('a', { labels: { app: 'db' }, ownerReferences: [OURS] });
    expect(await claim([stray])).toEqual([]);
    expect(patches).toEqual([
      {
        name: 'a',
        type: 'strategic-merge-patch',
        patch: {
          metadata: { uid: 'a-uid', ownerReferences: [{ $patch: 'delete', uid: 'web-uid' }] },
        },
      },
    ]);
    expect(reads()).toBe(0);
  });

  it('gives nothing back when there is nothing', async () => {
    expect(await begin().claim([])).toEqual([]);
  });

  it('gives back the objects it was given, in their order', async () => {
    const { claim } = begin();
    const pods = [
      newPod('c'),
      newPod('a', { ownerReferences: [OURS] }),
      newPod('b', { labels: undefined }),
      newPod('d'),
    ];
    const claimed = await claim(pods);
    expect(namesOf(claimed)).toEqual(['c', 'a', 'd']);
    expect(claimed.every((pod) => pods.includes(pod))).toBe(true);
  });

  it('does not adopt or keep what has no labels', async () => {
    const { claim, names } = begin();
    const pods = [
      newPod('a', { labels: undefined }),
      newPod('b', { labels: undefined, ownerReferences: [OURS] }),
    ];
    expect(await claim(pods)).toEqual([]);
    expect(names()).toEqual(['b']);
  });

  it('wants only what the filter lets through', async () => {
    const { claim, names } = begin({ filter: ({ metadata }) => metadata?.name !== 'a' });
    const pods = [newPod('a'), newPod('b'), newPod('c', { ownerReferences: [OURS] })];
    expect(namesOf(await claim(pods))).toEqual(['b', 'c']);
    expect(names()).toEqual(['b']);
  });

  it('releases what the filter does not let through', async () => {
    const { claim, names } = begin({ filter: () => false });
    expect(await claim([newPod('a', { ownerReferences: [OURS] })])).toEqual([]);
    expect(names()).toEqual(['a']);
  });

  it('leaves orphans that are being deleted', async () => {
    const { claim, patches, reads } = begin();
    expect(await claim([newPod('a', { deletionTimestamp: GONE })])).toEqual([]);
    expect(patches).toEqual([]);
    expect(reads()).toBe(0);
  });

  it('takes and releases nothing for an owner that is being deleted', async () => {
    const { claim, patches } = begin({ owner: newOwner({ deletionTimestamp: GONE }) });
    const pods = [
      newPod('a'),
      newPod('b', { ownerReferences: [OURS] }),
      newPod('c', { ownerReferences: [OURS], labels: {} }),
    ];
    expect(namesOf(await claim(pods))).toEqual(['b']);
    expect(patches).toEqual([]);
  });
});

describe('claimObjects before it adopts', () => {
  it('reads the owner once, for all', async () => {
    const { claim, reads, names } = begin();
    await claim([newPod('a'), newPod('b'), newPod('c')]);
    expect(reads()).toBe(1);
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  it('reads it again in the next call', async () => {
    const { claim, reads } = begin();
    await claim([newPod('a')]);
    await claim([newPod('b')]);
    expect(reads()).toBe(2);
  });

  it.core(
    'does not adopt for an owner that is being deleted, though the cache does not know',
    async () => {
      const { claim, patches } = begin({ fresh: newOwner({ deletionTimestamp: GONE }) });
      const failure = await refusalOf(claim([newPod('a')]));
      expect(String(failure)).toContain("can't adopt default/a: the owner web is being deleted");
      expect(patches).toEqual([]);
    },
  );

  it('does not adopt for an owner that was made again', async () => {
    const { claim, patches } = begin({ fresh: newOwner({ uid: 'new-uid' }) });
    const failure = await refusalOf(claim([newPod('a')]));
    expect(String(failure)).toContain("can't adopt default/a: the owner web is gone");
    expect(patches).toEqual([]);
  });

  it('does not adopt for an owner that is not there any more', async () => {
    const { claim, patches } = begin({ fresh: newNotFound(RESOURCE, 'web') });
    const failure = await refusalOf(claim([newPod('a')]));
    expect(String(failure)).toContain("can't adopt default/a: the owner web is gone");
    expect(patches).toEqual([]);
  });

  it('fails when the owner cannot be read', async () => {
    const { claim, patches } = begin({ fresh: broken });
    expect((await refusalOf(claim([newPod('a'), newPod('b')]))) === broken).toBe(true);
    expect(patches).toEqual([]);
  });

  it('still releases when it may not adopt', async () => {
    const { claim, names } = begin({ fresh: newOwner({ uid: 'new-uid' }) });
    const stray = newPod('b', { labels: {}, ownerReferences: [OURS] });
    await refusalOf(claim([newPod('a'), stray]));
    expect(names()).toEqual(['b']);
  });
});

describe('claimObjects when a patch is refused', () => {
  const stray = (name: string) => newPod(name, { labels: {}, ownerReferences: [OURS] });

  for (const [name, refusal] of [
    ['is gone', notFound],
    ['is another one by now', invalid],
  ] as const) {
    it(`is content when what it releases ${name}`, async () => {
      const { claim } = begin({ refusals: { a: refusal } });
      const pods = [stray('a'), newPod('b', { ownerReferences: [OURS] })];
      expect(namesOf(await claim(pods))).toEqual(['b']);
    });
  }

  it('leaves out what is gone when it adopts it', async () => {
    const { claim, names } = begin({ refusals: { a: notFound } });
    expect(namesOf(await claim([newPod('a'), newPod('b')]))).toEqual(['b']);
    expect(names()).toEqual(['a', 'b']);
  });

  it('fails when what it adopts is another one by now', async () => {
    const { claim } = begin({ refusals: { a: invalid } });
    expect((await refusalOf(claim([newPod('a')]))) === invalid).toBe(true);
  });

  for (const [name, refusal] of [
    ['a conflict', conflict],
    ['a broken server', broken],
    ['no answer', new Error('the connection was lost')],
  ] as const) {
    it(`fails by ${name}, when it adopts and when it releases`, async () => {
      expect(
        (await refusalOf(begin({ refusals: { a: refusal } }).claim([newPod('a')]))) === refusal,
      ).toBe(true);
      expect(
        (await refusalOf(begin({ refusals: { a: refusal } }).claim([stray('a')]))) === refusal,
      ).toBe(true);
    });
  }

  it('deals with the others all the same, and fails by the first failure', async () => {
    const { claim, names } = begin({ refusals: { b: conflict, c: broken } });
    const pods = [newPod('a'), stray('b'), newPod('c'), stray('d'), newPod('e')];
    expect((await refusalOf(claim(pods))) === conflict).toBe(true);
    expect([...names()].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

describe('claimObjects in any situation', () => {
  const anyPod = fc.record({
    labels: fc.constantFrom({ app: 'web' }, { app: 'web', tier: 'x' }, { app: 'db' }, undefined),
    ref: fc.constantFrom('none', 'ours', 'theirs', 'plain'),
    isGoing: fc.boolean(),
  });
  const refs: Record<string, readonly object[] | undefined> = {
    none: undefined,
    ours: [OURS],
    theirs: [THEIRS],
    plain: [refTo('x-uid', { controller: false })],
  };

  property(
    'does with each what claimOf says',
    fc.array(anyPod, { maxLength: 8 }),
    fc.boolean(),
    async (kinds, isOwnerGoing) => {
      const owner = newOwner(isOwnerGoing ? { deletionTimestamp: GONE } : {});
      const pods = kinds.map(({ labels, ref, isGoing }, i) =>
        newPod(`p${i}`, {
          labels,
          ...(refs[ref] && { ownerReferences: refs[ref] }),
          ...(isGoing && { deletionTimestamp: GONE }),
        }),
      );
      const claims = pods.map((pod) => claimOf(owner, pod, pod.metadata?.labels?.app === 'web'));
      const { claim, names, reads } = begin({ owner });
      const claimed = namesOf(await claim(pods));
      const having = (...wanted: Claim[]) =>
        namesOf(pods.filter((_, i) => wanted.includes(claims[i] ?? 'ignore')));
      expect(claimed).toEqual(having('ours', 'adopt'));
      expect([...names()].sort()).toEqual([...having('adopt', 'release')].sort());
      expect(reads()).toBe(claims.includes('adopt') ? 1 : 0);
    },
  );
});
