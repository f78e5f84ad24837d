/** Claims and volumes find each other, are made, lost and let go; `kubectl describe` says why. */

import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import {
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STATEFUL_SETS,
  STORAGE_CLASSES,
} from '#client';
import {
  LOCAL_PROVISIONER,
  newControllerContext,
  newEphemeralVolumeController,
  newLocalProvisioner,
  newPvBinderController,
  newStatefulSetController,
  runControllers,
} from '#controller-manager';
import {
  afterEach,
  type ControllerTestWorld,
  describe,
  expect,
  it,
  newControllerWorld,
} from '#kit';
import { findMatchingVolume } from '../../../solutions/04-controller-manager/volume/matching-volume.ts';

let world: ControllerTestWorld;
const begin = async (options: object = {}): Promise<void> => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(
        newControllerContext(around),
        [
          newPvBinderController,
          newLocalProvisioner,
          newEphemeralVolumeController,
          newStatefulSetController,
        ],
        signal,
      ),
    ...options,
  });
};
afterEach(() => world?.end());

const claims = () => world.admin.resource(PERSISTENT_VOLUME_CLAIMS, 'default');
const volumes = () => world.admin.resource(PERSISTENT_VOLUMES);
const claimSpec = (more: object = {}, storage = '1Gi') => ({
  accessModes: ['ReadWriteOnce'],
  storageClassName: '',
  resources: { requests: { storage } },
  ...more,
});
const claim = (name: string, more: object = {}, storage?: string) => ({
  metadata: { name },
  spec: claimSpec(more, storage),
});
const volume = (name: string, more: object = {}, storage = '1Gi') => ({
  metadata: { name },
  spec: {
    capacity: { storage },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    hostPath: { path: `/data/${name}` },
    ...more,
  },
});
const addClass = (name: string, more: object = {}) =>
  world.admin
    .resource(STORAGE_CLASSES)
    .create({ metadata: { name }, provisioner: LOCAL_PROVISIONER, ...more } as never);
const addNode = async (name: string) => {
  const nodes = world.admin.resource(NODES);
  const node = await nodes.create({
    metadata: { name, labels: { 'kubernetes.io/hostname': `${name}.example` } },
  });
  const conditions = [{ type: 'Ready', status: 'True' }];
  await nodes.updateStatus({ ...node, status: { ...node.status, conditions } });
};
const addPod = (name: string, volume: object) =>
  world.admin.resource(PODS, 'default').create({
    metadata: { name },
    spec: {
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', ...volume }],
    },
  } as never);
/** `Bound to pv-1`, `Pending`. */
const stateOf = async (name: string) => {
  const { spec, status } = await claims().get(name);
  return spec?.volumeName ? `${status?.phase} to ${spec.volumeName}` : status?.phase;
};
const phaseOf = async (name: string) => (await volumes().get(name)).status?.phase;

describe('the volume a claim gets', () => {
  const stored = (name: string, storage: string, more: object = {}) => ({
    ...volume(name, more, storage),
    status: { phase: 'Available' },
  });
  const found = (wanted: object, ...there: object[]) =>
    findMatchingVolume(
      { metadata: { name: 'data', namespace: 'default', uid: 'u' }, spec: claimSpec(wanted) },
      there as never,
    )?.metadata?.name;
  const modes = (...accessModes: string[]) => ({ accessModes });

  it('is the smallest that is large enough', () => {
    expect(
      found({}, stored('big', '5Gi'), stored('fits', '1025Mi'), stored('small', '1023Mi')),
    ).toBe('fits');
  });

  it('has all modes, and the fewest more', () => {
    const many = stored('many', '1Gi', modes('ReadWriteOnce', 'ReadOnlyMany'));
    const one = stored('one', '9Gi', modes('ReadWriteOnce'));
    expect(found({}, many, one)).toBe('one');
    expect(found(modes('ReadOnlyMany'), many, one)).toBe('many');
    expect(found(modes('ReadWriteMany'), many, one)).toBe(undefined);
  });

  const cases: [string, object, object][] = [
    ['another class', {}, { storageClassName: 'fast' }],
    ['another volumeMode', {}, { volumeMode: 'Block' }],
    ['labels that are not selected', { selector: { matchLabels: { a: 'b' } } }, {}],
    ['another claim', {}, { claimRef: { namespace: 'default', name: 'other' } }],
    [
      'a claim of its name that is gone',
      {},
      { claimRef: { namespace: 'default', name: 'data', uid: 'old' } },
    ],
  ];
  for (const [name, wanted, there] of cases) {
    it(`is none that has ${name}`, () => {
      expect(found(wanted, stored('v', '1Gi', there))).toBe(undefined);
    });
  }

  it('is the one that is reserved for it, however large', () => {
    const claimRef = { namespace: 'default', name: 'data' };
    expect(found({}, stored('fits', '1Gi'), stored('reserved', '9Gi', { claimRef }))).toBe(
      'reserved',
    );
  });
});

describe('the binder', () => {
  it('binds a claim to a volume, on both sides', async () => {
    await begin();
    await volumes().create(volume('pv-1', {}, '2Gi'));
    await world.settle();
    expect(await phaseOf('pv-1')).toBe('Available');
    await claims().create(claim('data'));
    await world.settle();
    const bound = await claims().get('data');
    expect(bound.metadata?.annotations).toEqual({
      'pv.kubernetes.io/bind-completed': 'yes',
      'pv.kubernetes.io/bound-by-controller': 'yes',
    });
    expect(bound.spec?.volumeName).toBe('pv-1');
    expect(bound.status).toEqual({
      phase: 'Bound',
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '2Gi' },
    });
    const { metadata, spec, status } = await volumes().get('pv-1');
    expect(metadata?.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(spec?.claimRef).toMatchObject({
      kind: 'PersistentVolumeClaim',
      namespace: 'default',
      name: 'data',
      uid: bound.metadata?.uid,
    });
    expect(status?.phase).toBe('Bound');
    expect(world.log.count('warn')).toBe(0);
  });

  it('says why a claim waits, and binds it when there is a volume', async () => {
    await begin();
    await claims().create(claim('data'));
    await world.settle();
    expect(await world.events()).toEqual([
      'Normal FailedBinding no persistent volumes available for this claim and no storage class is set',
    ]);
    await volumes().create(volume('pv-1'));
    await world.settle();
    expect(await stateOf('data')).toBe('Bound to pv-1');
  });

  it('gives ten claims ten volumes, with every write failing once', async () => {
    await begin();
    const faults = world.failEachWriteOnce({ seed: 3 });
    const names = Array.from({ length: 10 }, (_, i) => `n-${i}`);
    for (const name of names) {
      await claims().create(claim(name));
      await volumes().create(volume(name));
    }
    await world.converge();
    expect(faults.count).toBeGreaterThan(0);
    faults.end();
    const states = await Promise.all(names.map(stateOf));
    expect([...states].sort()).toEqual(names.map((name) => `Bound to ${name}`));
    expect(await Promise.all(names.map(phaseOf))).toEqual(names.map(() => 'Bound'));
  });

  it('writes each binding once although its caches are old', async () => {
    await begin();
    for (const name of ['a', 'b']) await volumes().create(volume(name));
    await world.settle();
    await claims().create(claim('data'));
    const release = world.api.holdWatches();
    await world.settle();
    release();
    await world.converge();
    expect(world.log.count('warn')).toBe(0);
    expect([await phaseOf('a'), await phaseOf('b')].sort()).toEqual(['Available', 'Bound']);
  });

  it('lets the user choose: by the volume, by the claim, and not what does not fit', async () => {
    await begin();
    await volumes().create(
      volume('mine', { claimRef: { namespace: 'default', name: 'data' } }, '9Gi'),
    );
    await volumes().create(volume('small', {}, '1Mi'));
    await volumes().create(volume('large', {}, '8Gi'));
    await claims().create(claim('chosen', { volumeName: 'large' }));
    await claims().create(claim('data'));
    await claims().create(claim('wrong', { volumeName: 'small' }));
    await claims().create(claim('late', { volumeName: 'large' }));
    await claims().create(claim('lone', { volumeName: 'nowhere' }));
    await world.converge();
    expect(await stateOf('data')).toBe('Bound to mine');
    expect(await stateOf('chosen')).toBe('Bound to large');
    expect((await claims().get('chosen')).metadata?.annotations).toEqual({
      'pv.kubernetes.io/bind-completed': 'yes',
    });
    expect((await volumes().get('mine')).metadata?.annotations).toBe(undefined);
    expect(await stateOf('wrong')).toBe('Pending to small');
    expect(await stateOf('late')).toBe('Pending to large');
    expect(await stateOf('lone')).toBe('Pending to nowhere');
    expect(await world.events()).toEqual(
      expect.arrayContaining([
        'Warning VolumeMismatch Cannot bind to requested volume "small": requested PV is too small',
        'Warning FailedBinding volume "large" already bound to a different claim.',
      ]),
    );
  });

  it('calls a claim lost when its volume is gone', async () => {
    await begin();
    await volumes().create(volume('pv-1'));
    await claims().create(claim('data'));
    await world.settle();
    await volumes().delete('pv-1');
    await world.converge();
    const { status } = await claims().get('data');
    expect(status).toEqual({ phase: 'Lost' });
    expect(await world.events()).toContain(
      'Warning ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    );
  });

  const policies: [string, string, string[]][] = [
    ['Retain', 'Released', []],
    [
      'Delete',
      'Failed',
      [
        'Warning VolumeFailedDelete error getting deleter volume plugin for volume "pv-1": no deletable volume plugin matched',
      ],
    ],
    ['Recycle', 'Failed', ['Warning VolumeFailedRecycle No recycler plugin found for the volume!']],
  ];
  for (const [policy, phase, events] of policies) {
    it(`lets a volume of policy ${policy} go`, async () => {
      await begin();
      await volumes().create(volume('pv-1', { persistentVolumeReclaimPolicy: policy }));
      await claims().create(claim('data'));
      await world.settle();
      await claims().delete('data');
      await world.converge();
      expect(await phaseOf('pv-1')).toBe(phase);
      expect(await world.events()).toEqual(events);
      await claims().create(claim('data'));
      await world.converge();
      expect(await stateOf('data')).toBe('Pending');
    });
  }

  it('is quiet when all is as it should be', async () => {
    await begin();
    await volumes().create(volume('pv-1'));
    for (const name of ['a', 'b']) await claims().create(claim(name));
    await world.converge();
    await world.restart();
    await world.converge();
    expect(await world.writesWithin()).toEqual([]);
  });
});

describe('claims with a storage class', () => {
  it('wait for their class, and ask its provisioner', async () => {
    await begin();
    await claims().create(claim('data', { storageClassName: 'fast' }));
    await world.settle();
    expect(await world.events()).toEqual([
      'Warning ProvisioningFailed storageclass.storage.k8s.io "fast" not found',
    ]);
    await addClass('fast', { provisioner: 'example.com/disk' });
    await world.settle();
    expect((await claims().get('data')).metadata?.annotations).toEqual({
      'volume.beta.kubernetes.io/storage-provisioner': 'example.com/disk',
      'volume.kubernetes.io/storage-provisioner': 'example.com/disk',
    });
    expect(await world.events()).toContain(
      "Normal ExternalProvisioning Waiting for a volume to be created either by the external provisioner 'example.com/disk' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
    );
    expect(await stateOf('data')).toBe('Pending');
  });

  it('wait for their first pod, and for its node', async () => {
    await begin({ auto: false });
    await addNode('node-1');
    await addClass('local', { volumeBindingMode: 'WaitForFirstConsumer' });
    await volumes().create(volume('free', { storageClassName: 'local' }));
    await claims().create(claim('data', { storageClassName: 'local' }));
    await world.converge();
    expect(await stateOf('data')).toBe('Pending');
    await addPod('p', { persistentVolumeClaim: { claimName: 'data' } });
    await world.settle();
    expect(await world.events()).toEqual([
      'Normal WaitForFirstConsumer waiting for first consumer to be created before binding',
      'Normal WaitForPodScheduled waiting for pod p to be scheduled',
    ]);
    const annotations = { 'volume.kubernetes.io/selected-node': 'node-1' };
    await claims().patch('data', 'merge-patch', { metadata: { annotations } });
    await world.converge();
    const { metadata, spec } = await claims().get('data');
    expect(await stateOf('data')).toBe(`Bound to pvc-${metadata?.uid}`);
    const made = await volumes().get(spec?.volumeName ?? '');
    expect(made.metadata?.annotations).toEqual({
      'pv.kubernetes.io/provisioned-by': LOCAL_PROVISIONER,
    });
    expect(made.spec).toMatchObject({
      capacity: { storage: '1Gi' },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'local',
      hostPath: { type: 'DirectoryOrCreate' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            {
              matchExpressions: [
                { key: 'kubernetes.io/hostname', operator: 'In', values: ['node-1.example'] },
              ],
            },
          ],
        },
      },
    });
    expect(await world.events()).toEqual(
      expect.arrayContaining([
        'Normal Provisioning External provisioner is provisioning volume for claim "default/data"',
        `Normal ProvisioningSucceeded Successfully provisioned volume ${made.metadata?.name}`,
      ]),
    );
  });

  it('get another node when the chosen one is gone', async () => {
    await begin();
    await addClass('local', { volumeBindingMode: 'WaitForFirstConsumer' });
    const annotations = { 'volume.kubernetes.io/selected-node': 'gone' };
    await claims().create({
      ...claim('data', { storageClassName: 'local' }),
      metadata: { name: 'data', annotations },
    });
    await world.converge();
    const { metadata } = await claims().get('data');
    expect(metadata?.annotations).not.toHaveProperty(['volume.kubernetes.io/selected-node']);
    expect(await world.events()).toContain(
      'Warning ProvisioningFailed failed to provision volume with StorageClass "local": failed to get target node: node "gone" not found',
    );
  });

  it('have their volumes removed with them', async () => {
    await begin();
    await addNode('node-1');
    await addClass('local');
    await claims().create(claim('data', { storageClassName: 'local' }));
    await world.converge();
    expect(await stateOf('data')).toMatch(/^Bound to pvc-/);
    await claims().delete('data');
    await world.converge();
    expect((await volumes().list()).items).toEqual([]);
  });

  it('grow with what they ask for, if their class lets them', async () => {
    await begin();
    await addNode('node-1');
    await addClass('local', { allowVolumeExpansion: true });
    await claims().create(claim('data', { storageClassName: 'local' }));
    await world.converge();
    const more = { spec: { resources: { requests: { storage: '99Gi' } } } };
    await claims().patch('data', 'merge-patch', more);
    await world.converge();
    const { status, spec } = await claims().get('data');
    expect(status?.capacity).toEqual({ storage: '99Gi' });
    const volume = await volumes().get(spec?.volumeName ?? '');
    expect(volume.spec?.capacity).toEqual({ storage: '99Gi' });
    expect(await world.events()).toEqual(
      expect.arrayContaining([
        `Normal Resizing External resizer is resizing volume ${spec?.volumeName}`,
        'Normal VolumeResizeSuccessful Resize volume succeeded',
      ]),
    );
  });

  it('wait for a node, and get their volumes as soon as there is one', async () => {
    await begin();
    await addClass('local');
    await claims().create(claim('data', { storageClassName: 'local' }));
    await world.settle();
    expect(await world.events()).toContain(
      'Warning ProvisioningFailed failed to provision volume with StorageClass "local": there is no node that is ready and may have it',
    );
    await addNode('node-1');
    await world.settle();
    expect(await stateOf('data')).toMatch(/^Bound to pvc-/);
  });

  it('are refused what a folder on a node cannot be', async () => {
    await begin();
    await addNode('node-1');
    await addClass('local');
    await claims().create(
      claim('data', { storageClassName: 'local', accessModes: ['ReadWriteMany'] }),
    );
    await world.settle();
    expect(await world.events()).toContain(
      'Warning ProvisioningFailed failed to provision volume with StorageClass "local": only the access modes ReadWriteOnce and ReadWriteOncePod are supported, found ReadWriteMany',
    );
  });

  it('get the default class when it comes after them', async () => {
    await begin();
    await addNode('node-1');
    const { storageClassName: _, ...spec } = claimSpec();
    await claims().create({ metadata: { name: 'data' }, spec });
    await world.settle();
    expect(await stateOf('data')).toBe('Pending');
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    await addClass('local', { metadata: { name: 'local', annotations } });
    await world.converge();
    expect((await claims().get('data')).spec?.storageClassName).toBe('local');
    expect(await stateOf('data')).toMatch(/^Bound to pvc-/);
  });
});

describe('a StatefulSet with claims', () => {
  it('gets a volume for each pod, also after a crash in the middle', async () => {
    await begin();
    await addNode('node-1');
    await addClass('local');
    let left = 9;
    const end = world.api.intercept(({ verb }) => {
      if (['create', 'update'].includes(verb) && --left < 0) throw new Error('gone');
      return undefined;
    });
    const labels = { app: 'db' };
    await world.admin.resource(STATEFUL_SETS, 'default').create({
      metadata: { name: 'db' },
      spec: {
        serviceName: 'db',
        replicas: 3,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'c', image: 'i' }] },
        },
        volumeClaimTemplates: [claim('data', { storageClassName: 'local' })],
      },
    });
    await world.settle();
    end();
    await world.restart();
    await world.converge();
    const { items } = await claims().list();
    expect(items.map(({ metadata, status }) => `${metadata?.name} ${status?.phase}`)).toEqual([
      'data-db-0 Bound',
      'data-db-1 Bound',
      'data-db-2 Bound',
    ]);
    expect((await volumes().list()).items).toHaveLength(3);
  });
});

describe('ephemeral volumes', () => {
  const template = {
    metadata: { labels: { a: 'b' } },
    spec: claimSpec({ storageClassName: 'local' }),
  };
  const addEphemeralPod = () => addPod('p', { ephemeral: { volumeClaimTemplate: template } });

  it('get a claim that belongs to their pod, and another when it is deleted', async () => {
    await begin({ auto: false });
    await addEphemeralPod();
    await world.settle();
    const made = await claims().get('p-v');
    expect(made.metadata?.labels).toEqual({ a: 'b' });
    expect(made.metadata?.ownerReferences).toMatchObject([
      { kind: 'Pod', name: 'p', controller: true, blockOwnerDeletion: true },
    ]);
    expect(made.spec?.storageClassName).toBe('local');
    await claims().delete('p-v');
    await world.settle();
    expect((await claims().get('p-v')).metadata?.uid).not.toBe(made.metadata?.uid);
  });

  it('do not take a claim that was there before', async () => {
    await begin({ auto: false });
    await claims().create(claim('p-v'));
    await world.settle();
    await addEphemeralPod();
    await world.settle();
    expect(await world.events()).toContain(
      'Warning FailedBinding ephemeral volume v: PVC default/p-v was not created for pod default/p (pod is not owner)',
    );
  });
});
