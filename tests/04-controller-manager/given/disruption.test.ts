import { FakeClock, type Pod, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { DEPLOYMENTS, JOBS, POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS } from '#client';
import {
  newControllerContext,
  newDeploymentController,
  newDisruptionController,
  newReplicaSetController,
  runControllers,
} from '#controller-manager';
import {
  afterEach,
  type ControllerTestWorld,
  describe,
  expect,
  it,
  newControllerWorld,
  refusalOf,
} from '#kit';

const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const selector = { matchLabels: labels };

describe('the disruption controller', () => {
  let world: ControllerTestWorld;
  const begin = async (options: object = {}): Promise<void> => {
    world = await newControllerWorld({
      clock: new FakeClock(),
      random: seededRandom(1),
      newTestApi,
      run: (around, signal) =>
        runControllers(
          newControllerContext(around),
          [newDisruptionController, newReplicaSetController, newDeploymentController],
          signal,
        ),
      ...options,
    });
  };
  afterEach(() => world.end());

  const budgets = () => world.admin.resource(POD_DISRUPTION_BUDGETS, 'default');
  const pods = () => world.admin.resource(PODS, 'default');
  const addBudget = async (spec: object, name = 'web'): Promise<void> => {
    await budgets().create({ metadata: { name }, spec: { selector, ...spec } });
    await world.settle();
  };
  const addReplicaSet = async (replicas: number): Promise<void> => {
    await world.admin
      .resource(REPLICA_SETS, 'default')
      .create({ metadata: { name: 'web' }, spec: { replicas, selector, template } });
    await world.settle();
  };
  const addPod = (name: string, ownerReferences: object[] = []) =>
    pods().create({
      metadata: { name, labels, ownerReferences: ownerReferences as never },
      spec: template.spec,
    });
  const status = async (name = 'web') => (await budgets().get(name)).status;
  const evict = (name: string) =>
    pods().create(
      { kind: 'Eviction', apiVersion: 'policy/v1', metadata: { name } } as unknown as Pod,
      { subresource: 'eviction' },
    );
  const podNames = async () => (await pods().list()).items.map(({ metadata }) => metadata?.name);

  it('counts the pods of a ReplicaSet', async () => {
    await begin();
    await addReplicaSet(4);
    await addBudget({ minAvailable: '50%' });
    expect(await status()).toMatchObject({
      expectedPods: 4,
      desiredHealthy: 2,
      currentHealthy: 4,
      disruptionsAllowed: 2,
      observedGeneration: 1,
      conditions: [
        {
          type: 'DisruptionAllowed',
          status: 'True',
          reason: 'SufficientPods',
          message: '',
          observedGeneration: 1,
        },
      ],
    });
  });

  it('counts those of a Deployment over all its ReplicaSets, as many as there are to be', async () => {
    await begin({ auto: false });
    await world.admin
      .resource(DEPLOYMENTS, 'default')
      .create({ metadata: { name: 'web' }, spec: { replicas: 5, selector, template } });
    await world.settle();
    await addBudget({ maxUnavailable: '30%' });
    expect(await status()).toMatchObject({
      expectedPods: 5,
      // 1.5 are two.
      desiredHealthy: 3,
      currentHealthy: 0,
      disruptionsAllowed: 0,
      conditions: [{ status: 'False', reason: 'InsufficientPods' }],
    });
    for (const name of (await podNames()).slice(0, 4)) await world.nodes.run('default', name ?? '');
    await world.settle();
    expect(await status()).toMatchObject({ currentHealthy: 4, disruptionsAllowed: 1 });
  });

  it('counts pods as they are for a number', async () => {
    await begin();
    await addPod('a');
    await addPod('b');
    await addBudget({ minAvailable: 1 });
    expect(await status()).toMatchObject({
      expectedPods: 2,
      desiredHealthy: 1,
      currentHealthy: 2,
      disruptionsAllowed: 1,
    });
  });

  it('lets nothing be disrupted where nothing is', async () => {
    await begin();
    await addBudget({ maxUnavailable: 1 });
    expect(await status()).toMatchObject({
      expectedPods: 0,
      disruptionsAllowed: 0,
      conditions: [{ reason: 'InsufficientPods' }],
    });
    expect(await world.events()).toEqual(['Normal NoPods No matching pods found']);
  });

  it('says that it cannot count pods without a controller', async () => {
    await begin();
    await addPod('a');
    await addBudget({ maxUnavailable: 1 });
    expect(await world.events()).toEqual([
      'Warning UnmanagedPods Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.',
    ]);
    expect(await status()).toMatchObject({ expectedPods: 0, disruptionsAllowed: 0 });
  });

  it('fails safe when a controller has no scale', async () => {
    await begin();
    const job = await world.admin.resource(JOBS, 'default').create({
      metadata: { name: 'work' },
      spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
    } as never);
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'work', controller: true };
    await addPod('a', [{ ...owner, uid: job.metadata?.uid }]);
    await addBudget({ maxUnavailable: 1 });
    const why = 'jobs.batch does not implement the scale subresource';
    expect(await status()).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [
        { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: why },
      ],
    });
    expect(await world.events()).toContain(
      `Warning CalculateExpectedPodCountFailed Failed to calculate the number of expected pods: ${why}`,
    );
  });

  it('lets pods be evicted one after another', async () => {
    await begin();
    await addReplicaSet(2);
    await addBudget({ maxUnavailable: 1 });
    for (let i = 0; i < 3; i++) {
      const [name = ''] = await podNames();
      await evict(name);
      await world.settle();
      expect(await podNames()).not.toContain(name);
    }
    expect((await status())?.disruptedPods).toBe(undefined);
    expect(await status()).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
  });

  it('refuses the second while the first is going', async () => {
    await begin({ auto: false });
    await addReplicaSet(2);
    for (const name of await podNames()) await world.nodes.run('default', name ?? '');
    await addBudget({ maxUnavailable: 1 });
    const [first = '', second = ''] = await podNames();
    await evict(first);
    await world.settle();
    const error = (await refusalOf(evict(second))) as { code?: number; message?: string };
    expect(error.code).toBe(429);
    expect(error.message).toBe("Cannot evict pod as it would violate the pod's disruption budget.");
    await world.nodes.remove('default', first);
    await world.settle();
    for (const name of await podNames())
      await world.nodes.run('default', name ?? '').catch(() => {});
    await world.settle();
    await evict(second);
  });

  it('takes a pod off the list that was evicted and stays', async () => {
    await begin();
    await addPod('a');
    await addPod('b');
    await addBudget({ minAvailable: 1 });
    const at = new Date(world.clock.now()).toISOString();
    const budget = await budgets().get('web');
    const disruptedPods = { a: at, gone: at } as never;
    await budgets().updateStatus({
      ...budget,
      status: { ...budget.status, disruptionsAllowed: 0, disruptedPods } as never,
    });
    await world.settle();
    expect(await status()).toMatchObject({ currentHealthy: 1, disruptionsAllowed: 0 });
    expect(Object.keys((await status())?.disruptedPods ?? {})).toEqual(['a']);
    await world.advance(2 * 60_000 + 2000);
    expect((await status())?.disruptedPods).toBe(undefined);
    expect(await status()).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
    expect(await world.events()).toContain(
      "Warning NotDeleted Pod was expected by PDB default/default to be deleted but it wasn't",
    );
  });

  it('tells of a pod with two budgets', async () => {
    await begin();
    await addBudget({ minAvailable: 1 }, 'one');
    await addBudget({ minAvailable: 1 }, 'two');
    await addPod('a');
    expect(await world.events()).toContain(
      'Warning MultiplePodDisruptionBudgets Pod "default"/"a" matches multiple PodDisruptionBudgets.  Chose "one" arbitrarily.',
    );
    for (const name of ['one', 'two'])
      expect(await status(name)).toMatchObject({ expectedPods: 1 });
  });

  it('hears of a pod that changed sides', async () => {
    await begin();
    await addPod('a');
    await addPod('b');
    await addBudget({ minAvailable: 1 });
    await pods().patch('a', 'merge-patch', { metadata: { labels: { app: 'other' } } });
    await world.settle();
    expect(await status()).toMatchObject({ expectedPods: 1, disruptionsAllowed: 0 });
  });

  it('clears a disruption that nothing came of', async () => {
    await begin();
    await addPod('a');
    await world.settle();
    const pod = await pods().get('a');
    const at = new Date(world.clock.now()).toISOString() as never;
    const target = { type: 'DisruptionTarget', status: 'True', lastTransitionTime: at };
    const conditions = [...(pod.status?.conditions ?? []), target];
    await pods().updateStatus({ ...pod, status: { ...pod.status, conditions } });
    await world.settle();
    const disruption = async () =>
      (await pods().get('a')).status?.conditions?.find(({ type }) => type === target.type)?.status;
    await world.advance(119_000);
    expect(await disruption()).toBe('True');
    await world.advance(2000);
    expect(await disruption()).toBe('False');
  });

  for (const seed of [1, 2]) {
    it(`arrives though every write fails once, seed ${seed}`, async () => {
      await begin();
      const faults = world.failEachWriteOnce({ seed });
      await addBudget({ maxUnavailable: 1 });
      await addReplicaSet(3);
      await world.converge();
      expect(faults.count).toBeGreaterThan(0);
      faults.end();
      expect(await status()).toMatchObject({ expectedPods: 3, disruptionsAllowed: 1 });
    });
  }

  it('arrives with stale caches and lost watches, and then rests', async () => {
    await begin();
    await addBudget({ maxUnavailable: 1 });
    const release = world.api.holdWatches();
    await addReplicaSet(3);
    release();
    world.api.cutWatches();
    await world.converge();
    expect(await status()).toMatchObject({ expectedPods: 3, disruptionsAllowed: 1 });
    expect(await world.writesWithin()).toEqual([]);
    expect(world.log.count('error')).toBe(0);
  });
});
