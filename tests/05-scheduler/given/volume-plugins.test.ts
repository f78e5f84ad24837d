import { FakeClock, type KubernetesObject, keyOf, type Pod, silentLogger } from '#apimachinery';
import { describe, expect, it, nodeObject, podObject, settle } from '#kit';
import {
  CycleState,
  type FilterPlugin,
  type Handle,
  NodeInfo,
  newNodeVolumeLimits,
  newVolumeBinding,
  newVolumeRestrictions,
  newVolumeZone,
  type PreFilterPlugin,
  podInfoOf,
} from '#scheduler';

const COMPLETED = 'pv.kubernetes.io/bind-completed';
const SELECTED = 'volume.kubernetes.io/selected-node';

/** A cluster whose informers see every write at once, unless told not to. */
function cluster() {
  const stores = new Map<string, Map<string, KubernetesObject>>();
  const clock = new FakeClock();
  let version = 100;
  const storeOf = (resource: string) => {
    const store = stores.get(resource) ?? new Map<string, KubernetesObject>();
    stores.set(resource, store);
    return store;
  };
  const put = (resource: string, object: object): KubernetesObject => {
    version += 1;
    const { metadata } = object as KubernetesObject;
    const stored = { ...object, metadata: { ...metadata, resourceVersion: String(version) } };
    storeOf(resource).set(keyOf(stored), stored);
    return stored;
  };
  const written: string[] = [];
  const handle = {
    informers: {
      informer: ({ resource }: { resource: string }) => ({
        lister: {
          get: (key: string) => storeOf(resource).get(key),
          list: () => [...storeOf(resource).values()],
        },
      }),
    },
    client: {
      resource: ({ resource }: { resource: string }) => ({
        update: async (object: KubernetesObject) => {
          written.push(`${resource} ${keyOf(object)}`);
          return put(resource, object);
        },
      }),
    },
    clock,
    log: silentLogger,
  } as unknown as Handle;

  const claim = (name: string, words: object = {}, more: object = {}) =>
    put('persistentvolumeclaims', {
      metadata: { name, namespace: 'default', uid: `uid-${name}`, ...more },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        ...words,
      },
    });
  const volume = (name: string, words: object = {}, labels: object = {}) =>
    put('persistentvolumes', {
      metadata: { name, uid: `uid-${name}`, labels },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], ...words },
      status: { phase: 'Available' },
    });
  const bound = (name: string, volumeName: string, words: object = {}) =>
    claim(name, { volumeName, ...words }, { annotations: { [COMPLETED]: 'yes' } });
  const storageClass = (name: string, words: object = {}) =>
    put('storageclasses', {
      metadata: { name },
      provisioner: 'example.com/disk',
      volumeBindingMode: 'WaitForFirstConsumer',
      ...words,
    });
  return { handle, clock, written, put, storeOf, claim, volume, bound, storageClass };
}

function podWith(name: string, ...claims: string[]): Pod {
  const volumes = claims.map((claimName, i) => ({
    name: `v${i}`,
    persistentVolumeClaim: { claimName },
  }));
  return podObject(name, { spec: { volumes } });
}

const onNode = (name: string) => ({
  nodeAffinity: {
    required: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] },
      ],
    },
  },
});

/** What the plugin says of each node: `ok`, or why not; or what preFilter said. */
function ask(
  plugin: PreFilterPlugin & FilterPlugin,
  pod: Pod,
  nodes: readonly NodeInfo[] = [new NodeInfo(nodeObject('n1')), new NodeInfo(nodeObject('n2'))],
  state = new CycleState(),
) {
  const { status } = plugin.preFilter(state, podInfoOf(pod), nodes) ?? {};
  if (status) return `${status.code}: ${status.message}`;
  return nodes.map((node) => {
    const answer = plugin.filter(state, podInfoOf(pod), node);
    return answer ? `${answer.code}: ${answer.message}` : 'ok';
  });
}

describe('VolumeRestrictions', () => {
  const only =
    'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode';

  it('has no business with most pods', () => {
    const { handle, claim } = cluster();
    const plugin = newVolumeRestrictions(undefined, handle);
    claim('data');
    expect(ask(plugin, podObject('p'))).toBe('Skip: ');
    expect(ask(plugin, podWith('p', 'data'))).toBe('Skip: ');
    expect(ask(plugin, podWith('p', 'none'))).toBe(
      'UnschedulableAndUnresolvable: persistentvolumeclaim "none" not found',
    );
  });

  it('lets one pod at a time use a ReadWriteOncePod claim, wherever that is', () => {
    const { handle, claim } = cluster();
    const plugin = newVolumeRestrictions(undefined, handle);
    claim('data', { accessModes: ['ReadWriteOncePod'] });
    const user = podInfoOf(podWith('user', 'data'));
    const nodes = [new NodeInfo(nodeObject('n1'), [user]), new NodeInfo(nodeObject('n2'))];
    const state = new CycleState();
    const pod = podWith('p', 'data');
    expect(ask(plugin, pod, nodes, state)).toEqual([
      `Unschedulable: ${only}`,
      `Unschedulable: ${only}`,
    ]);
    const copy = state.clone();
    const [first, second] = nodes as [NodeInfo, NodeInfo];
    plugin.removePod?.(copy, podInfoOf(pod), user, first);
    expect(plugin.filter(copy, podInfoOf(pod), second)).toBeUndefined();
    plugin.addPod?.(copy, podInfoOf(pod), user, first);
    expect(plugin.filter(copy, podInfoOf(pod), second)?.message).toBe(only);
    expect(plugin.filter(state, podInfoOf(pod), first)?.message).toBe(only);
  });

  it('keeps one disk from two pods of a node, unless both only read', () => {
    const { handle } = cluster();
    const plugin = newVolumeRestrictions(undefined, handle);
    const disk = (name: string, readOnly: boolean) =>
      podObject(name, {
        spec: { volumes: [{ name: 'v', gcePersistentDisk: { pdName: 'd', readOnly } }] },
      });
    const reader = new NodeInfo(nodeObject('n1'), [podInfoOf(disk('other', true))]);
    const nodes = [reader, new NodeInfo(nodeObject('n2'))];
    expect(ask(plugin, disk('p', false), nodes)).toEqual([
      'Unschedulable: node(s) had no available disk',
      'ok',
    ]);
    expect(ask(plugin, disk('p', true), nodes)).toEqual(['ok', 'ok']);
  });
});

describe('NodeVolumeLimits', () => {
  it('counts the volumes of a driver that a node has, each once', () => {
    const { handle, put, bound, volume, storageClass, claim } = cluster();
    const plugin = newNodeVolumeLimits(undefined, handle);
    const drivers = [{ name: 'example.com/disk', nodeID: 'x', allocatable: { count: 2 } }];
    put('csinodes', { metadata: { name: 'n1' }, spec: { drivers } });
    for (const name of ['a', 'b', 'c']) {
      volume(name, { csi: { driver: 'example.com/disk', volumeHandle: name } });
      bound(name, name);
    }
    storageClass('fast');
    claim('new', { storageClassName: 'fast' });
    const nodes = [
      new NodeInfo(nodeObject('n1'), [podInfoOf(podWith('x', 'a')), podInfoOf(podWith('y', 'a'))]),
      new NodeInfo(nodeObject('n2')),
    ];
    expect(ask(plugin, podObject('p'), nodes)).toBe('Skip: ');
    expect(ask(plugin, podWith('p', 'b'), nodes)).toEqual(['ok', 'ok']);
    expect(ask(plugin, podWith('p', 'a', 'b'), nodes)).toEqual(['ok', 'ok']);
    const full = 'Unschedulable: node(s) exceed max volume count';
    expect(ask(plugin, podWith('p', 'b', 'c'), nodes)).toEqual([full, 'ok']);
    expect(ask(plugin, podWith('p', 'b', 'new'), nodes)).toEqual([full, 'ok']);
  });
});

describe('VolumeZone', () => {
  const zone = (name: string) => ({ 'topology.kubernetes.io/zone': name });
  const nodes = [
    new NodeInfo(nodeObject('n1', { labels: zone('a') })),
    new NodeInfo(nodeObject('n2', { labels: zone('b') })),
    new NodeInfo(nodeObject('n3')),
  ];
  const elsewhere = 'UnschedulableAndUnresolvable: node(s) had no available volume zone';

  it('sends a pod where its volumes are', () => {
    const { handle, volume, bound } = cluster();
    const plugin = newVolumeZone(undefined, handle);
    volume('here', {}, zone('a'));
    bound('here', 'here');
    volume('both', {}, zone('a__b'));
    bound('both', 'both');
    volume('old', {}, { 'failure-domain.beta.kubernetes.io/zone': 'b' });
    bound('old', 'old');
    volume('plain');
    bound('plain', 'plain');
    expect(ask(plugin, podWith('p', 'here'), nodes)).toEqual(['ok', elsewhere, 'ok']);
    expect(ask(plugin, podWith('p', 'both'), nodes)).toEqual(['ok', 'ok', 'ok']);
    expect(ask(plugin, podWith('p', 'old'), nodes)).toEqual([elsewhere, 'ok', 'ok']);
    expect(ask(plugin, podWith('p', 'plain'), nodes)).toBe('Skip: ');
    expect(ask(plugin, podObject('p'), nodes)).toBe('Skip: ');
  });

  it('says what is missing', () => {
    const { handle, claim, storageClass, bound } = cluster();
    const plugin = newVolumeZone(undefined, handle);
    const never = (text: string) => `UnschedulableAndUnresolvable: ${text}`;
    claim('open');
    claim('lost', { storageClassName: 'none' });
    bound('gone', 'gone');
    storageClass('later');
    claim('waits', { storageClassName: 'later' });
    storageClass('now', { volumeBindingMode: 'Immediate' });
    claim('soon', { storageClassName: 'now' });
    expect(ask(plugin, podWith('p', 'x'))).toBe(never('persistentvolumeclaim "x" not found'));
    expect(ask(plugin, podWith('p', 'open'))).toBe(
      never('PersistentVolumeClaim had no pv name and storageClass name'),
    );
    expect(ask(plugin, podWith('p', 'lost'))).toBe(
      never('storageclass.storage.k8s.io "none" not found'),
    );
    expect(ask(plugin, podWith('p', 'gone'))).toBe(never('persistentvolume "gone" not found'));
    expect(ask(plugin, podWith('p', 'soon'))).toBe(never('PersistentVolume had no name'));
    expect(ask(plugin, podWith('p', 'waits'))).toBe('Skip: ');
  });
});

describe('VolumeBinding', () => {
  const never = (text: string) => `UnschedulableAndUnresolvable: ${text}`;

  it('says which claims cannot be used', () => {
    const { handle, claim, put } = cluster();
    const plugin = newVolumeBinding(undefined, handle);
    expect(ask(plugin, podObject('p'))).toBe('Skip: ');
    expect(ask(plugin, podWith('p', 'x'))).toBe(never('persistentvolumeclaim "x" not found'));
    claim('going', {}, { deletionTimestamp: '2025-01-01T00:00:00Z' });
    expect(ask(plugin, podWith('p', 'going'))).toBe(
      never('persistentvolumeclaim "going" is being deleted'),
    );
    put('persistentvolumeclaims', {
      metadata: { name: 'lost', namespace: 'default' },
      spec: { volumeName: 'v' },
      status: { phase: 'Lost' },
    });
    expect(ask(plugin, podWith('p', 'lost'))).toBe(
      never('persistentvolumeclaim "lost" bound to non-existent persistentvolume "v"'),
    );
    const ephemeral = podObject('p', { spec: { volumes: [{ name: 'tmp', ephemeral: {} }] } });
    expect(ask(plugin, ephemeral)).toBe(
      never('waiting for ephemeral volume controller to create the persistentvolumeclaim "p-tmp"'),
    );
    claim('p-tmp');
    expect(ask(plugin, ephemeral)).toBe(
      never('PVC default/p-tmp was not created for pod default/p (pod is not owner)'),
    );
  });

  it('leaves claims that are bound at once to others', () => {
    const { handle, claim, storageClass } = cluster();
    const plugin = newVolumeBinding(undefined, handle);
    storageClass('now', { volumeBindingMode: 'Immediate' });
    storageClass('later');
    claim('plain');
    claim('soon', { storageClassName: 'now' });
    claim('named', { storageClassName: 'later', volumeName: 'v' });
    for (const name of ['plain', 'soon', 'named']) {
      expect(ask(plugin, podWith('p', name))).toBe(
        never('pod has unbound immediate PersistentVolumeClaims'),
      );
    }
  });

  it('sends a pod to its bound volumes', () => {
    const { handle, volume, bound } = cluster();
    const plugin = newVolumeBinding(undefined, handle);
    volume('local', onNode('n2'));
    bound('data', 'local');
    bound('gone', 'none');
    expect(ask(plugin, podWith('p', 'data'))).toEqual([
      never('node(s) had volume node affinity conflict'),
      'ok',
    ]);
    const gone = never('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');
    expect(ask(plugin, podWith('p', 'gone'))).toEqual([gone, gone]);
  });

  it('finds volumes on the node, each for one claim', () => {
    const { handle, volume, claim, storageClass } = cluster();
    const plugin = newVolumeBinding(undefined, handle);
    storageClass('local', { provisioner: 'kubernetes.io/no-provisioner' });
    const local = (node: string) => ({ storageClassName: 'local', ...onNode(node) });
    volume('on-1', local('n1'));
    volume('on-2a', local('n2'));
    volume('on-2b', local('n2'));
    volume('small', { ...local('n1'), capacity: { storage: '1Mi' } });
    volume('taken', { ...local('n1'), claimRef: { namespace: 'default', name: 'other' } });
    volume('shared', { ...local('n1'), accessModes: ['ReadOnlyMany'] });
    claim('a', { storageClassName: 'local' });
    claim('b', { storageClassName: 'local' });
    const none = never("node(s) didn't find available persistent volumes to bind");
    expect(ask(plugin, podWith('p', 'a'))).toEqual(['ok', 'ok']);
    expect(ask(plugin, podWith('p', 'a', 'b'))).toEqual([none, 'ok']);
  });

  it('has volumes made where the class allows it, and on the node that was selected', () => {
    const { handle, claim, storageClass } = cluster();
    const plugin = newVolumeBinding(undefined, handle);
    const none = never("node(s) didn't find available persistent volumes to bind");
    storageClass('any');
    storageClass('on-2', {
      allowedTopologies: [
        { matchLabelExpressions: [{ key: 'kubernetes.io/hostname', values: ['n2'] }] },
      ],
    });
    claim('a', { storageClassName: 'any' });
    claim('b', { storageClassName: 'on-2' });
    claim('c', { storageClassName: 'any' }, { annotations: { [SELECTED]: 'n1' } });
    expect(ask(plugin, podWith('p', 'a'))).toEqual(['ok', 'ok']);
    expect(ask(plugin, podWith('p', 'b'))).toEqual([none, 'ok']);
    expect(ask(plugin, podWith('p', 'c'))).toEqual(['ok', none]);
  });

  /** A pod that was given n1, whose volumes are being bound. */
  function binding(world: ReturnType<typeof cluster>, ...claims: string[]) {
    const plugin = newVolumeBinding({ bindTimeoutSeconds: 10 }, world.handle);
    const pod = podWith('p', ...claims);
    const state = new CycleState();
    world.put('nodes', nodeObject('n1'));
    world.put('pods', pod);
    const answers = ask(plugin, pod, [new NodeInfo(nodeObject('n1'))], state);
    const assumed = podInfoOf({ ...pod, spec: { ...pod.spec, nodeName: 'n1' } } as Pod);
    plugin.reserve(state, assumed, 'n1');
    const outcome: { what?: string } = {};
    const bind = () =>
      plugin.preBind(state, assumed, 'n1').then(
        () => {
          outcome.what = 'bound';
        },
        (error: Error) => {
          outcome.what = error.message;
        },
      );
    return { plugin, state, assumed, bind, outcome, answers };
  }

  it('reserves a volume before it is written, and gives it back', () => {
    const world = cluster();
    world.storageClass('local', { provisioner: 'kubernetes.io/no-provisioner' });
    world.volume('v', { storageClassName: 'local' });
    world.claim('a', { storageClassName: 'local' });
    world.claim('b', { storageClassName: 'local' });
    const { plugin, state, assumed } = binding(world, 'a');
    const none = never("node(s) didn't find available persistent volumes to bind");
    expect(ask(plugin, podWith('q', 'b'))).toEqual([none, none]);
    plugin.unreserve(state, assumed, 'n1');
    plugin.unreserve(state, assumed, 'n1');
    expect(ask(plugin, podWith('q', 'b'))).toEqual(['ok', 'ok']);
    expect(world.written).toEqual([]);
  });

  it('binds an existing volume and waits for the claim', async () => {
    const world = cluster();
    world.storageClass('local', { provisioner: 'kubernetes.io/no-provisioner' });
    world.volume('v', { storageClassName: 'local' });
    world.claim('a', { storageClassName: 'local' });
    const { bind, outcome } = binding(world, 'a');
    bind();
    await world.clock.advance(2000);
    expect(world.written).toEqual(['persistentvolumes v']);
    expect(world.storeOf('persistentvolumes').get('v')).toMatchObject({
      metadata: { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
      spec: {
        claimRef: { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'a', uid: 'uid-a' },
      },
    });
    expect(outcome.what).toBeUndefined();
    world.bound('a', 'v', { storageClassName: 'local' });
    await world.clock.advance(1000);
    expect(outcome.what).toBe('bound');
  });

  it('has a volume made on the node and waits for it', async () => {
    const world = cluster();
    world.storageClass('any');
    world.claim('a', { storageClassName: 'any' });
    const { bind, outcome } = binding(world, 'a');
    bind();
    await settle();
    expect(world.written).toEqual(['persistentvolumeclaims default/a']);
    expect(world.storeOf('persistentvolumeclaims').get('default/a')?.metadata?.annotations).toEqual(
      { [SELECTED]: 'n1' },
    );
    world.volume('made', onNode('n1'));
    const annotations = { [SELECTED]: 'n1', [COMPLETED]: 'yes' };
    world.claim('a', { storageClassName: 'any', volumeName: 'made' }, { annotations });
    await world.clock.advance(1000);
    expect(outcome.what).toBe('bound');
  });

  it('fails when the selected node was taken back, or time is over', async () => {
    const world = cluster();
    world.storageClass('any');
    world.claim('a', { storageClassName: 'any' });
    const first = binding(world, 'a');
    first.bind();
    await settle();
    world.claim('a', { storageClassName: 'any' }, { annotations: { other: 'x' } });
    await world.clock.advance(1000);
    expect(first.outcome.what).toBe('binding volumes: provisioning failed for PVC "a"');
    const second = binding(world, 'a');
    second.bind();
    await world.clock.advance(9_999);
    expect(second.outcome.what).toBeUndefined();
    await world.clock.advance(1);
    expect(second.outcome.what).toBe('binding volumes: context deadline exceeded');
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('fails when the pod is gone', async () => {
    const world = cluster();
    world.storageClass('any');
    world.claim('a', { storageClassName: 'any' });
    const { bind, outcome } = binding(world, 'a');
    bind();
    await settle();
    world.storeOf('pods').delete('default/p');
    await world.clock.advance(1000);
    expect(outcome.what).toBe('binding volumes: pod does not exist any more: pod "p" not found');
  });

  it('has nothing to do when all is bound', async () => {
    const world = cluster();
    world.volume('v');
    world.bound('a', 'v');
    const { bind, outcome } = binding(world, 'a');
    await bind();
    expect(outcome.what).toBe('bound');
    expect(world.written).toEqual([]);
  });

  it('refuses arguments that are not valid', () => {
    expect(() => newVolumeBinding({ bindTimeoutSeconds: -1 }, cluster().handle)).toThrow(
      'bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds, should not be a negative value',
    );
  });
});
