import {
  addFinalizer,
  type Condition,
  controllerOf,
  FakeClock,
  findCondition,
  hasFinalizer,
  isConditionTrue,
  isControlledBy,
  type KubernetesObject,
  keyOf,
  newControllerRef,
  type OwnerReference,
  parseKey,
  removeFinalizer,
  setCondition,
} from '#apimachinery';
import { describe, expect, fc, it, property } from '#kit';

function owner(name: string, controller?: boolean): OwnerReference {
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: `uid-${name}`, controller };
}

function owned(...ownerReferences: OwnerReference[]): KubernetesObject {
  return { metadata: { name: 'pod', ownerReferences } };
}

function finalized(...finalizers: string[]): KubernetesObject {
  return { metadata: { name: 'pod', finalizers } };
}

describe('the controller of an object', () => {
  it.core('is the owner that says so', () => {
    expect(controllerOf(owned(owner('a'), owner('b', true)))?.name).toBe('b');
  });

  it.core('is none when no owner says so', () => {
    expect(controllerOf(owned(owner('a'), owner('b', false)))).toBeUndefined();
  });

  it('is the first that says so', () => {
    expect(controllerOf(owned(owner('a', true), owner('b', true)))?.name).toBe('a');
  });

  const without: [name: string, object: KubernetesObject][] = [
    ['metadata', {}],
    ['owner references', { metadata: { name: 'pod' } }],
    ['an owner', { metadata: { ownerReferences: [] } }],
  ];
  for (const [name, object] of without) {
    it(`is none for an object without ${name}`, () => {
      expect(controllerOf(object)).toBeUndefined();
    });
  }
});

describe('being controlled', () => {
  it.core('is a matter of the uid', () => {
    const pod = owned(owner('web', true));
    expect(isControlledBy(pod, { metadata: { name: 'web', uid: 'uid-web' } })).toBe(true);
    expect(isControlledBy(pod, { metadata: { name: 'web', uid: 'uid-2' } })).toBe(false);
  });

  it('does not depend on the name', () => {
    const pod = owned(owner('web', true));
    expect(isControlledBy(pod, { metadata: { name: 'other', uid: 'uid-web' } })).toBe(true);
  });

  it('is not the same as being owned', () => {
    const pod = owned(owner('a', true), owner('b'));
    expect(isControlledBy(pod, { metadata: { name: 'b', uid: 'uid-b' } })).toBe(false);
  });

  it('needs an owner with a uid', () => {
    const nameless = { ...owner('web', true), uid: '' };
    expect(isControlledBy(owned(nameless), { metadata: { name: 'web', uid: '' } })).toBe(false);
    expect(isControlledBy({}, {})).toBe(false);
    expect(isControlledBy(owned(), { metadata: { name: 'web' } })).toBe(false);
  });
});

describe('a new controller reference', () => {
  const gvk = { group: 'apps', version: 'v1', kind: 'ReplicaSet' };

  it.core('says all that identifies the owner', () => {
    const replicaSet = { metadata: { name: 'web', namespace: 'default', uid: 'u1' } };
    expect(newControllerRef(replicaSet, gvk)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: 'web',
      uid: 'u1',
      controller: true,
      blockOwnerDeletion: true,
    });
  });

  it('has no slash for the core group', () => {
    const reference = newControllerRef(
      { metadata: { name: 'n', uid: 'u' } },
      { group: '', version: 'v1', kind: 'ReplicationController' },
    );
    expect(reference.apiVersion).toBe('v1');
  });

  it('goes by the kind it is told, not by what the object says', () => {
    const object = { apiVersion: 'x/v9', kind: 'Wrong', metadata: { name: 'n', uid: 'u' } };
    expect(newControllerRef(object, gvk)).toMatchObject({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
    });
  });

  it('has empty text where the owner has no name or uid', () => {
    expect(newControllerRef({}, gvk)).toMatchObject({ name: '', uid: '' });
  });

  it('makes its owner the controller', () => {
    const replicaSet = { metadata: { name: 'web', uid: 'u1' } };
    const pod = owned(owner('other'), newControllerRef(replicaSet, gvk));
    expect(isControlledBy(pod, replicaSet)).toBe(true);
  });
});

describe('finalizers', () => {
  it.core('are found', () => {
    expect(hasFinalizer(finalized('a', 'b'), 'b')).toBe(true);
    expect(hasFinalizer(finalized('a', 'b'), 'c')).toBe(false);
  });

  it.core('are added at the end', () => {
    const pod = finalized('a');
    expect(addFinalizer(pod, 'b')).toBe(true);
    expect(pod.metadata?.finalizers).toEqual(['a', 'b']);
  });

  it.core('are not added twice', () => {
    const pod = finalized('a', 'b');
    expect(addFinalizer(pod, 'a')).toBe(false);
    expect(pod.metadata?.finalizers).toEqual(['a', 'b']);
  });

  it.core('are removed', () => {
    const pod = finalized('a', 'b', 'c');
    expect(removeFinalizer(pod, 'b')).toBe(true);
    expect(pod.metadata?.finalizers).toEqual(['a', 'c']);
  });

  it.core('are not removed when they are not there', () => {
    const pod = finalized('a');
    expect(removeFinalizer(pod, 'b')).toBe(false);
    expect(pod).toEqual(finalized('a'));
  });

  it('can be added to an object that has no list, and no metadata', () => {
    const bare: KubernetesObject = {};
    expect(addFinalizer(bare, 'a')).toBe(true);
    expect(bare).toEqual({ metadata: { finalizers: ['a'] } });
    const named: KubernetesObject = { metadata: { name: 'pod' } };
    addFinalizer(named, 'a');
    expect(named).toEqual({ metadata: { name: 'pod', finalizers: ['a'] } });
  });

  it('are not there in an object without metadata or list', () => {
    expect(hasFinalizer({}, 'a')).toBe(false);
    expect(hasFinalizer({ metadata: {} }, 'a')).toBe(false);
    expect(removeFinalizer({}, 'a')).toBe(false);
    expect(removeFinalizer({ metadata: {} }, 'a')).toBe(false);
  });

  it('leave no trace in an object that has nothing to remove', () => {
    const bare: KubernetesObject = {};
    removeFinalizer(bare, 'a');
    expect(bare).toStrictEqual({});
  });

  it('are removed however often they are there', () => {
    const pod = finalized('a', 'b', 'a');
    expect(removeFinalizer(pod, 'a')).toBe(true);
    expect(pod.metadata?.finalizers).toEqual(['b']);
  });

  it('leave no empty list behind', () => {
    const pod = finalized('a');
    expect(removeFinalizer(pod, 'a')).toBe(true);
    expect(pod).toStrictEqual({ metadata: { name: 'pod' } });
  });

  it('leave an empty list as it is when there is nothing to remove', () => {
    const pod = finalized();
    expect(removeFinalizer(pod, 'a')).toBe(false);
    expect(pod).toStrictEqual(finalized());
  });

  it('are compared as a whole', () => {
    const pod = finalized('example.com/a');
    expect(hasFinalizer(pod, 'example.com')).toBe(false);
    expect(removeFinalizer(pod, 'a')).toBe(false);
    expect(addFinalizer(pod, 'a')).toBe(true);
  });

  it('do not change in another object that shares the list', () => {
    const shared = ['a', 'b'];
    const pod: KubernetesObject = { metadata: { finalizers: shared } };
    addFinalizer(pod, 'c');
    removeFinalizer(pod, 'a');
    expect(shared).toEqual(['a', 'b']);
    expect(pod.metadata?.finalizers).toEqual(['b', 'c']);
  });

  const names = fc.constantFrom('a', 'b', 'c', 'd');
  property(
    'are gone after removing, there after adding',
    fc.uniqueArray(names),
    names,
    (list, name) => {
      const pod = finalized(...list);
      expect(addFinalizer(pod, name)).toBe(!list.includes(name));
      expect(hasFinalizer(pod, name)).toBe(true);
      expect(removeFinalizer(pod, name)).toBe(true);
      expect(hasFinalizer(pod, name)).toBe(false);
      expect(pod.metadata?.finalizers ?? []).toEqual(list.filter((other) => other !== name));
    },
  );
});

const NOON = Date.UTC(2025, 5, 1, 12, 0, 0);

function at(seconds: number): { now(): number } {
  return new FakeClock({ now: NOON + seconds * 1000 });
}

function time(seconds: number): string {
  return `2025-06-01T12:00:${String(seconds).padStart(2, '0')}Z`;
}

describe('setting a condition', () => {
  it.core('adds one of a new type, with the time it is now', () => {
    const conditions: Condition[] = [];
    expect(setCondition(conditions, { type: 'Ready', status: 'False' }, at(5))).toBe(true);
    expect(conditions).toEqual([{ type: 'Ready', status: 'False', lastTransitionTime: time(5) }]);
  });

  it.core('moves the transition time when the status changes', () => {
    const conditions: Condition[] = [];
    setCondition(conditions, { type: 'Ready', status: 'False' }, at(0));
    expect(setCondition(conditions, { type: 'Ready', status: 'True' }, at(9))).toBe(true);
    expect(conditions).toEqual([{ type: 'Ready', status: 'True', lastTransitionTime: time(9) }]);
  });

  it.core('keeps the transition time when only reason and message change', () => {
    const conditions: Condition[] = [];
    setCondition(conditions, { type: 'Ready', status: 'False', reason: 'Starting' }, at(0));
    const next = { type: 'Ready', status: 'False', reason: 'Pulling', message: 'app:1' };
    expect(setCondition(conditions, next, at(5))).toBe(true);
    expect(conditions).toEqual([{ ...next, lastTransitionTime: time(0) }]);
  });

  it.core('says that nothing changed when nothing did', () => {
    const conditions: Condition[] = [];
    const ready = { type: 'Ready', status: 'True', reason: 'Started' };
    setCondition(conditions, ready, at(0));
    expect(setCondition(conditions, ready, at(20))).toBe(false);
    expect(conditions).toEqual([{ ...ready, lastTransitionTime: time(0) }]);
  });

  it('tells the story of a starting pod', () => {
    const clock = new FakeClock({ now: NOON });
    const conditions: Condition[] = [];
    const steps: [ms: number, status: string, reason: string][] = [
      [0, 'False', 'Starting'],
      [5_000, 'False', 'Pulling'],
      [4_000, 'True', 'Started'],
      [11_000, 'True', 'Started'],
      [1_000, 'Unknown', 'NodeLost'],
      [1_000, 'True', 'Started'],
    ];
    const story = steps.map(([ms, status, reason]) => {
      clock.setNow(clock.now() + ms);
      const changed = setCondition(conditions, { type: 'Ready', status, reason }, clock);
      return [changed, conditions[0]?.lastTransitionTime];
    });
    expect(story).toEqual([
      [true, time(0)],
      [true, time(0)],
      [true, time(9)],
      [false, time(9)],
      [true, time(21)],
      [true, time(22)],
    ]);
  });

  it('writes times in whole seconds', () => {
    const conditions: Condition[] = [];
    setCondition(conditions, { type: 'A', status: 'True' }, new FakeClock({ now: NOON + 1_999 }));
    expect(conditions[0]?.lastTransitionTime).toBe(time(1));
  });

  it('takes the time it is told for a new type or status', () => {
    const conditions: Condition[] = [];
    const told = { type: 'A', status: 'True', lastTransitionTime: time(3) };
    setCondition(conditions, told, at(5));
    expect(conditions[0]?.lastTransitionTime).toBe(time(3));
    const next = { type: 'A', status: 'False', lastTransitionTime: time(4) };
    setCondition(conditions, next, at(9));
    expect(conditions[0]?.lastTransitionTime).toBe(time(4));
  });

  it('ignores the time it is told when the status is the same', () => {
    const conditions: Condition[] = [];
    setCondition(conditions, { type: 'A', status: 'True' }, at(1));
    const next = { type: 'A', status: 'True', lastTransitionTime: time(30) };
    expect(setCondition(conditions, next, at(9))).toBe(false);
    expect(conditions[0]?.lastTransitionTime).toBe(time(1));
  });

  it('takes an empty time for none', () => {
    const conditions: Condition[] = [];
    setCondition(conditions, { type: 'A', status: 'True', lastTransitionTime: '' }, at(5));
    expect(conditions[0]?.lastTransitionTime).toBe(time(5));
    setCondition(conditions, { type: 'A', status: 'False', lastTransitionTime: '' }, at(9));
    expect(conditions[0]?.lastTransitionTime).toBe(time(9));
  });

  it('makes no time up for a condition that had none and keeps its status', () => {
    const conditions: Condition[] = [{ type: 'A', status: 'True' }];
    const next = { type: 'A', status: 'True', reason: 'R', lastTransitionTime: time(3) };
    expect(setCondition(conditions, next, at(5))).toBe(true);
    expect(conditions).toEqual([{ type: 'A', status: 'True', reason: 'R' }]);
    expect(setCondition(conditions, next, at(9))).toBe(false);
  });

  it('replaces the condition as a whole', () => {
    const conditions: Condition[] = [];
    const before = { type: 'A', status: 'True', reason: 'R', message: 'M', observedGeneration: 1 };
    setCondition(conditions, before, at(0));
    expect(setCondition(conditions, { type: 'A', status: 'True', reason: 'R' }, at(5))).toBe(true);
    expect(conditions).toEqual([
      { type: 'A', status: 'True', reason: 'R', lastTransitionTime: time(0) },
    ]);
  });

  for (const field of ['reason', 'message', 'observedGeneration'] as const) {
    it(`sees that the ${field} is another`, () => {
      const all = { type: 'A', status: 'True', reason: 'R', message: 'M', observedGeneration: 1 };
      const conditions: Condition[] = [];
      setCondition(conditions, all, at(0));
      const value = field === 'observedGeneration' ? 2 : 'other';
      expect(setCondition(conditions, { ...all, [field]: value }, at(5))).toBe(true);
      expect(conditions).toEqual([{ ...all, [field]: value, lastTransitionTime: time(0) }]);
    });
  }

  it('keeps fields it does not know', () => {
    const conditions: (Condition & { lastProbeTime?: string })[] = [];
    const next = { type: 'A', status: 'True', lastProbeTime: time(1) };
    setCondition(conditions, next, at(1));
    expect(conditions[0]?.lastProbeTime).toBe(time(1));
    expect(setCondition(conditions, { ...next, lastProbeTime: time(2) }, at(2))).toBe(true);
    expect(conditions[0]?.lastProbeTime).toBe(time(2));
  });

  it('leaves the other conditions and their places as they are', () => {
    const conditions: Condition[] = [];
    for (const type of ['A', 'B', 'C']) setCondition(conditions, { type, status: 'False' }, at(0));
    setCondition(conditions, { type: 'B', status: 'True' }, at(7));
    setCondition(conditions, { type: 'D', status: 'True' }, at(8));
    expect(conditions.map((c) => [c.type, c.status, c.lastTransitionTime])).toEqual([
      ['A', 'False', time(0)],
      ['B', 'True', time(7)],
      ['C', 'False', time(0)],
      ['D', 'True', time(8)],
    ]);
  });

  it('changes neither the condition it is given nor the one it replaces', () => {
    const first = { type: 'A', status: 'False' };
    const second = { type: 'A', status: 'True' };
    const conditions: Condition[] = [];
    setCondition(conditions, first, at(0));
    const replaced = conditions[0];
    setCondition(conditions, second, at(5));
    expect(first).toStrictEqual({ type: 'A', status: 'False' });
    expect(second).toStrictEqual({ type: 'A', status: 'True' });
    expect(replaced).toEqual({ type: 'A', status: 'False', lastTransitionTime: time(0) });
  });
});

describe('looking at conditions', () => {
  const conditions: Condition[] = [
    { type: 'Ready', status: 'True', reason: 'R' },
    { type: 'Failed', status: 'False' },
    { type: 'Lost', status: 'Unknown' },
  ];

  it.core('finds the one of a type', () => {
    expect(findCondition(conditions, 'Failed')).toEqual({ type: 'Failed', status: 'False' });
    expect(findCondition(conditions, 'Ready')?.reason).toBe('R');
    expect(findCondition(conditions, 'Other')).toBeUndefined();
  });

  const rows: [type: string, isTrue: boolean][] = [
    ['Ready', true],
    ['Failed', false],
    ['Lost', false],
    ['Other', false],
  ];
  for (const [type, isTrue] of rows) {
    it.core(`${type} is ${isTrue ? '' : 'not '}true`, () => {
      expect(isConditionTrue(conditions, type)).toBe(isTrue);
    });
  }

  it('finds none in an object that has no conditions', () => {
    expect(findCondition(undefined, 'Ready')).toBeUndefined();
    expect(isConditionTrue(undefined, 'Ready')).toBe(false);
    expect(isConditionTrue([], 'Ready')).toBe(false);
  });

  it('finds the first of two', () => {
    const twice = [
      { type: 'A', status: 'False' },
      { type: 'A', status: 'True' },
    ];
    expect(isConditionTrue(twice, 'A')).toBe(false);
  });
});

describe('the key of an object', () => {
  it.core('is namespace/name, or the name alone', () => {
    expect(keyOf({ metadata: { namespace: 'default', name: 'web' } })).toBe('default/web');
    expect(keyOf({ metadata: { name: 'node-1' } })).toBe('node-1');
  });

  it('has no slash for an empty namespace', () => {
    expect(keyOf({ metadata: { namespace: '', name: 'node-1' } })).toBe('node-1');
  });

  it('is empty for an object without a name', () => {
    expect(keyOf({})).toBe('');
    expect(keyOf({ metadata: {} })).toBe('');
  });

  it.core('can be taken apart', () => {
    expect(parseKey('default/web')).toEqual({ namespace: 'default', name: 'web' });
    expect(parseKey('node-1')).toEqual({ namespace: '', name: 'node-1' });
  });

  it('cannot be taken apart with two slashes', () => {
    expect(() => parseKey('a/b/c')).toThrow('a/b/c');
  });

  const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,6}[a-z0-9])?$/);
  property('comes back from its parts', fc.option(name, { nil: '' }), name, (namespace, text) => {
    const key = keyOf({ metadata: { namespace, name: text } });
    expect(parseKey(key)).toEqual({ namespace, name: text });
  });
});
