import { FakeClock, type Node, type Pod } from '#apimachinery';
import {
  describe,
  expect,
  fc,
  it,
  newLogBook,
  nodeObject,
  type PodWords,
  podObject,
  property,
  trace,
} from '#kit';
import { type NodeInfo, podInfoOf, SchedulerCache, Snapshot } from '#scheduler';

function newCache(assumedPodTtlMs?: number) {
  const clock = trace('clock', () => new FakeClock());
  const log = newLogBook();
  const options = { clock, log, ...(assumedPodTtlMs !== undefined && { assumedPodTtlMs }) };
  return { clock, log, cache: trace('cache', () => new SchedulerCache(options)) };
}

/** A pod of half a core on a node. */
function podOn(nodeName: string, name: string, words: PodWords = {}): Pod {
  return podObject(name, { nodeName, requests: { cpu: '500m' }, ...words });
}

function inZone(name: string, zone: string, region = 'r'): Node {
  const labels = { 'topology.kubernetes.io/zone': zone, 'topology.kubernetes.io/region': region };
  return nodeObject(name, { labels });
}

/** What pods on a node ask for together, in thousandths of a core, and their names. */
function load(snapshot: Snapshot, name: string): { cpu: number; pods: string[] } | undefined {
  const node = snapshot.get(name);
  if (!node) return undefined;
  const pods = node.pods.map(({ pod }) => pod.metadata?.name ?? '').sort();
  return { cpu: node.requested.milliCpu, pods };
}

function namesIn(snapshot: Snapshot): string[] {
  return snapshot.nodes.map(({ name }) => name);
}

/** A new snapshot of all there is. */
function snapshotOf(cache: SchedulerCache): Snapshot {
  const snapshot = new Snapshot();
  cache.updateSnapshot(snapshot);
  return snapshot;
}

/** A snapshot that counts how it is brought up to date. */
class CountingSnapshot extends Snapshot {
  replaced: string[] = [];
  replacedAll = 0;

  override replace(nodes: readonly NodeInfo[]): void {
    super.replace(nodes);
    // The constructor of `Snapshot` comes before this class's fields are there.
    if (this.replaced) this.replacedAll += 1;
  }

  override replaceAt(index: number, node: NodeInfo): void {
    super.replaceAt(index, node);
    this.replaced.push(node.name);
  }
}

function count(cache: SchedulerCache, snapshot: CountingSnapshot) {
  snapshot.replaced = [];
  snapshot.replacedAll = 0;
  cache.updateSnapshot(snapshot);
  return { all: snapshot.replacedAll, one: snapshot.replaced.sort() };
}

describe('cache, assumed pods', () => {
  it.core('counts a pod on its node as soon as it is assumed', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1'));
    cache.assumePod(podInfoOf(podOn('n1', 'a')));
    expect(load(snapshotOf(cache), 'n1')).toEqual({ cpu: 500, pods: ['a'] });
    expect(cache.isAssumedPod(podObject('a'))).toBe(true);
  });

  it.core('does not count a pod any more that is forgotten', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1'));
    cache.assumePod(podInfoOf(podOn('n1', 'a')));
    cache.assumePod(podInfoOf(podOn('n1', 'b')));
    cache.forgetPod(podInfoOf(podOn('n1', 'a')));
    expect(load(snapshotOf(cache), 'n1')).toEqual({ cpu: 500, pods: ['b'] });
    expect(cache.isAssumedPod(podObject('a'))).toBe(false);
    expect(cache.getPod(podObject('a'))).toBeUndefined();
  });

  it.core('counts a pod once when it is confirmed', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1'));
    cache.assumePod(podInfoOf(podOn('n1', 'a')));
    const confirmed = podOn('n1', 'a', { labels: { app: 'web' } });
    cache.addPod(confirmed);
    expect(load(snapshotOf(cache), 'n1')).toEqual({ cpu: 500, pods: ['a'] });
    expect(cache.isAssumedPod(confirmed)).toBe(false);
    expect(cache.getPod(podObject('a'))).toBe(confirmed);
  });

  it('can be assumed again after it was forgotten', () => {
    const { cache } = newCache();
    for (const name of ['n1', 'n2']) cache.addNode(nodeObject(name));
    cache.assumePod(podInfoOf(podOn('n1', 'a')));
    cache.forgetPod(podInfoOf(podOn('n1', 'a')));
    cache.assumePod(podInfoOf(podOn('n2', 'a')));
    const snapshot = snapshotOf(cache);
    expect([load(snapshot, 'n1')?.cpu, load(snapshot, 'n2')?.cpu]).toEqual([0, 500]);
  });

  it('tells pods apart by their uid', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1'));
    cache.assumePod(podInfoOf(podOn('n1', 'a', { uid: 'old' })));
    cache.assumePod(podInfoOf(podOn('n1', 'a', { uid: 'new' })));
    cache.forgetPod(podInfoOf(podOn('n1', 'a', { uid: 'old' })));
    expect(load(snapshotOf(cache), 'n1')).toEqual({ cpu: 500, pods: ['a'] });
    expect(cache.isAssumedPod(podObject('a', { uid: 'new' }))).toBe(true);
    expect(cache.isAssumedPod(podObject('a', { uid: 'old' }))).toBe(false);
  });

  it('takes the word of the informer when the pod is on another node', () => {
    const { cache, log } = newCache();
    for (const name of ['n1', 'n2']) cache.addNode(nodeObject(name));
    cache.assumePod(podInfoOf(podOn('n1', 'a')));
    cache.addPod(podOn('n2', 'a'));
    const snapshot = snapshotOf(cache);
    expect(load(snapshot, 'n1')).toEqual({ cpu: 0, pods: [] });
    expect(load(snapshot, 'n2')).toEqual({ cpu: 500, pods: ['a'] });
    expect(cache.isAssumedPod(podObject('a'))).toBe(false);
    expect(log.count('error')).toBe(1);
  });

  it('does not complain when the pod is where it was assumed to be', () => {
    const { cache, log } = newCache();
    cache.assumePod(podInfoOf(podOn('n1', 'a')));
    cache.addPod(podOn('n1', 'a'));
    cache.addPod(podOn('n1', 'b'));
    expect(log.entries).toEqual([]);
  });

  it('takes over what the confirmed pod asks for', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1'));
    cache.assumePod(podInfoOf(podOn('n1', 'a')));
    cache.addPod(podOn('n1', 'a', { requests: { cpu: '2' } }));
    expect(load(snapshotOf(cache), 'n1')).toEqual({ cpu: 2000, pods: ['a'] });
  });

  it('is removed by the informer before it was confirmed', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1'));
    cache.assumePod(podInfoOf(podOn('n1', 'a')));
    cache.removePod(podOn('n1', 'a'));
    expect(load(snapshotOf(cache), 'n1')).toEqual({ cpu: 0, pods: [] });
    expect(cache.size()).toEqual({ nodes: 1, pods: 0, assumedPods: 0 });
  });
});

describe('cache, pods of informers', () => {
  it('counts pods that it never heard of', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1'));
    cache.addPod(podOn('n1', 'a'));
    cache.addPod(podOn('n1', 'b'));
    expect(load(snapshotOf(cache), 'n1')).toEqual({ cpu: 1000, pods: ['a', 'b'] });
    expect(cache.isAssumedPod(podObject('a'))).toBe(false);
  });

  it('counts a changed pod as it is now', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1'));
    cache.addPod(podOn('n1', 'a'));
    const after = podOn('n1', 'a', { requests: { cpu: '250m' } });
    cache.updatePod(after);
    expect(load(snapshotOf(cache), 'n1')).toEqual({ cpu: 250, pods: ['a'] });
    expect(cache.getPod(podObject('a'))).toBe(after);
  });

  it('removes a pod from the node it is known with', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1'));
    cache.addPod(podOn('n1', 'a'));
    cache.removePod(podObject('a'));
    expect(load(snapshotOf(cache), 'n1')).toEqual({ cpu: 0, pods: [] });
    expect(cache.getPod(podObject('a'))).toBeUndefined();
  });

  it('says how much there is', () => {
    const { cache } = newCache();
    expect(cache.size()).toEqual({ nodes: 0, pods: 0, assumedPods: 0 });
    cache.addNode(nodeObject('n1'));
    cache.addPod(podOn('n1', 'a'));
    cache.addPod(podOn('nowhere', 'b'));
    cache.assumePod(podInfoOf(podOn('n1', 'c')));
    expect(cache.size()).toEqual({ nodes: 1, pods: 3, assumedPods: 1 });
  });
});

describe('cache, faults of callers', () => {
  const a = podOn('n1', 'a');
  const elsewhere = podOn('n2', 'a');
  const name = 'uid-default-a(default/a)';
  const assumed = (cache: SchedulerCache) => cache.assumePod(podInfoOf(a));
  const added = (cache: SchedulerCache) => cache.addPod(a);
  const nothing = () => {};
  const cases: [
    string,
    (cache: SchedulerCache) => void,
    (cache: SchedulerCache) => void,
    string,
  ][] = [
    [
      'assuming an assumed pod',
      assumed,
      assumed,
      `pod ${name} is in the cache, so can't be assumed`,
    ],
    ['assuming an added pod', added, assumed, `pod ${name} is in the cache, so can't be assumed`],
    [
      'forgetting a pod on another node',
      assumed,
      (cache) => cache.forgetPod(podInfoOf(elsewhere)),
      `pod ${name} was assumed on n2 but assigned to n1`,
    ],
    [
      'forgetting an added pod on another node',
      added,
      (cache) => cache.forgetPod(podInfoOf(elsewhere)),
      `pod ${name} was assumed on n2 but assigned to n1`,
    ],
    [
      'forgetting an added pod',
      added,
      (cache) => cache.forgetPod(podInfoOf(a)),
      `pod ${name} wasn't assumed so cannot be forgotten`,
    ],
    [
      'forgetting an unknown pod',
      nothing,
      (cache) => cache.forgetPod(podInfoOf(a)),
      `pod ${name} wasn't assumed so cannot be forgotten`,
    ],
    ['adding an added pod', added, added, `pod ${name} was already in added state`],
    [
      'updating an unknown pod',
      nothing,
      (cache) => cache.updatePod(a),
      `pod ${name} is not added to scheduler cache, so cannot be updated`,
    ],
    [
      'updating an assumed pod',
      assumed,
      (cache) => cache.updatePod(a),
      `assumed pod ${name} should not be updated`,
    ],
    [
      'moving a pod',
      added,
      (cache) => cache.updatePod(elsewhere),
      `pod ${name} updated on n2 but was added to n1`,
    ],
    [
      'removing an unknown pod',
      nothing,
      (cache) => cache.removePod(a),
      `pod ${name} is not found in scheduler cache, so cannot be removed from it`,
    ],
    [
      'removing an unknown node',
      nothing,
      (cache) => cache.removeNode(nodeObject('n3')),
      'node n3 is not found',
    ],
    [
      'removing a node known only from its pods',
      (cache) => cache.addPod(podOn('n3', 'x')),
      (cache) => cache.removeNode(nodeObject('n3')),
      'node n3 is not found',
    ],
  ];
  for (const [what, before, fault, message] of cases) {
    it(`refuses ${what}, and changes nothing`, () => {
      const { cache } = newCache();
      for (const node of ['n1', 'n2']) cache.addNode(nodeObject(node));
      before(cache);
      const size = cache.size();
      const snapshot = snapshotOf(cache);
      const nodes = [...snapshot.nodes];
      expect(() => fault(cache)).toThrow(message);
      expect(cache.size()).toEqual(size);
      cache.updateSnapshot(snapshot);
      expect(snapshot.nodes.every((node, i) => node === nodes[i])).toBe(true);
    });
  }
});

describe('cache, nodes', () => {
  it('keeps pods that come before their node', () => {
    const { cache } = newCache();
    cache.addPod(podOn('n1', 'a'));
    expect(namesIn(snapshotOf(cache))).toEqual([]);
    cache.addNode(nodeObject('n1'));
    expect(load(snapshotOf(cache), 'n1')).toEqual({ cpu: 500, pods: ['a'] });
  });

  it('keeps pods that go after their node', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1'));
    for (const name of ['a', 'b']) cache.addPod(podOn('n1', name));
    const snapshot = snapshotOf(cache);
    cache.removeNode(nodeObject('n1'));
    cache.removePod(podOn('n1', 'a'));
    cache.updateSnapshot(snapshot);
    expect(namesIn(snapshot)).toEqual([]);
    expect(snapshot.get('n1')).toBeUndefined();
    cache.addNode(nodeObject('n1'));
    cache.updateSnapshot(snapshot);
    expect(load(snapshot, 'n1')).toEqual({ cpu: 500, pods: ['b'] });
  });

  it('knows nothing any more of a node that is gone with all its pods', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1'));
    cache.addPod(podOn('n1', 'a'));
    cache.removeNode(nodeObject('n1'));
    cache.removePod(podOn('n1', 'a'));
    expect(() => cache.removeNode(nodeObject('n1'))).toThrow('node n1 is not found');
    cache.addNode(nodeObject('n1'));
    expect(load(snapshotOf(cache), 'n1')).toEqual({ cpu: 0, pods: [] });
  });

  it('refuses to remove a node twice while it has pods', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1'));
    cache.addPod(podOn('n1', 'a'));
    cache.removeNode(nodeObject('n1'));
    expect(() => cache.removeNode(nodeObject('n1'))).toThrow('node n1 is not found');
  });

  it('takes a changed node in, and keeps its pods', () => {
    const { cache } = newCache();
    cache.addNode(nodeObject('n1', { cpu: '4' }));
    cache.addPod(podOn('n1', 'a'));
    const after = nodeObject('n1', { cpu: '8' });
    cache.updateNode(after);
    const snapshot = snapshotOf(cache);
    expect(snapshot.get('n1')?.node).toBe(after);
    expect(snapshot.get('n1')?.allocatable.milliCpu).toBe(8000);
    expect(load(snapshot, 'n1')).toEqual({ cpu: 500, pods: ['a'] });
  });

  it('takes an update of a node it never heard of as a new one, and a second add as an update', () => {
    const { cache } = newCache();
    cache.updateNode(nodeObject('n1', { cpu: '4' }));
    cache.addNode(nodeObject('n1', { cpu: '8' }));
    const snapshot = snapshotOf(cache);
    expect(namesIn(snapshot)).toEqual(['n1']);
    expect(snapshot.get('n1')?.allocatable.milliCpu).toBe(8000);
    expect(cache.size().nodes).toBe(1);
  });

  it('lets zones take turns', () => {
    const { cache } = newCache();
    for (const name of ['a1', 'a2', 'a3']) cache.addNode(inZone(name, 'a'));
    cache.addNode(inZone('b1', 'b'));
    for (const name of ['c1', 'c2']) cache.addNode(inZone(name, 'c'));
    expect(namesIn(snapshotOf(cache))).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  });

  it('tells zones of the same name in two regions apart', () => {
    const { cache } = newCache();
    for (const name of ['a1', 'a2']) cache.addNode(inZone(name, 'z', 'a'));
    cache.addNode(inZone('b1', 'z', 'b'));
    expect(namesIn(snapshotOf(cache))).toEqual(['a1', 'b1', 'a2']);
  });

  it('moves a node that is in another zone now', () => {
    const { cache } = newCache();
    for (const name of ['a1', 'a2', 'a3']) cache.addNode(inZone(name, 'a'));
    const snapshot = snapshotOf(cache);
    expect(namesIn(snapshot)).toEqual(['a1', 'a2', 'a3']);
    cache.updateNode(inZone('a2', 'b'));
    cache.updateSnapshot(snapshot);
    expect(namesIn(snapshot)).toEqual(['a1', 'a2', 'a3']);
    cache.updateNode(inZone('a1', 'b'));
    cache.updateSnapshot(snapshot);
    expect(namesIn(snapshot)).toEqual(['a3', 'a2', 'a1']);
    expect(snapshot.get('a1')?.node?.metadata?.labels?.['topology.kubernetes.io/zone']).toBe('b');
  });
});

describe('cache, snapshots', () => {
  const three = (cache: SchedulerCache) => {
    for (const name of ['n1', 'n2', 'n3']) cache.addNode(nodeObject(name));
  };

  it.core('keeps the object of a node that has not changed', () => {
    const { cache } = newCache();
    three(cache);
    const snapshot = snapshotOf(cache);
    const before = [...snapshot.nodes];
    cache.addPod(podOn('n2', 'a'));
    cache.updateSnapshot(snapshot);
    expect(namesIn(snapshot)).toEqual(['n1', 'n2', 'n3']);
    expect(snapshot.nodes.map((node, i) => node === before[i])).toEqual([true, false, true]);
    expect(load(snapshot, 'n2')).toEqual({ cpu: 500, pods: ['a'] });
  });

  it('keeps the object of a node that has not changed when others come and go', () => {
    const { cache } = newCache();
    three(cache);
    const snapshot = snapshotOf(cache);
    const [n1] = snapshot.nodes;
    cache.addNode(nodeObject('n4'));
    cache.removeNode(nodeObject('n2'));
    cache.addPod(podOn('n3', 'a'));
    cache.updateSnapshot(snapshot);
    expect(namesIn(snapshot)).toEqual(['n1', 'n3', 'n4']);
    expect(snapshot.get('n1')).toBe(n1);
    expect(load(snapshot, 'n3')?.cpu).toBe(500);
  });

  it.core('does not change a snapshot before it is asked to', () => {
    const { cache } = newCache();
    three(cache);
    const snapshot = snapshotOf(cache);
    const old = snapshot.get('n1');
    cache.assumePod(podInfoOf(podOn('n1', 'a')));
    cache.removeNode(nodeObject('n2'));
    expect(namesIn(snapshot)).toEqual(['n1', 'n2', 'n3']);
    expect(load(snapshot, 'n1')).toEqual({ cpu: 0, pods: [] });
    cache.updateSnapshot(snapshot);
    expect(load(snapshot, 'n1')).toEqual({ cpu: 500, pods: ['a'] });
    expect(old?.requested.milliCpu).toBe(0);
  });

  it('writes only the nodes that have changed', () => {
    const { cache } = newCache();
    const snapshot = new CountingSnapshot();
    expect(count(cache, snapshot)).toEqual({ all: 0, one: [] });
    three(cache);
    expect(count(cache, snapshot)).toEqual({ all: 1, one: [] });
    expect(count(cache, snapshot)).toEqual({ all: 0, one: [] });
    for (const name of ['a', 'b']) cache.addPod(podOn('n3', name));
    cache.assumePod(podInfoOf(podOn('n1', 'c')));
    expect(count(cache, snapshot)).toEqual({ all: 0, one: ['n1', 'n3'] });
    cache.updateNode(nodeObject('n2', { cpu: '8' }));
    expect(count(cache, snapshot)).toEqual({ all: 0, one: ['n2'] });
    expect(count(cache, snapshot)).toEqual({ all: 0, one: [] });
  });

  it('writes all nodes when some came, went or moved', () => {
    const { cache } = newCache();
    const snapshot = new CountingSnapshot();
    three(cache);
    count(cache, snapshot);
    cache.removeNode(nodeObject('n1'));
    cache.addPod(podOn('n2', 'a'));
    expect(count(cache, snapshot)).toEqual({ all: 1, one: [] });
    cache.updateNode(inZone('n2', 'z'));
    expect(count(cache, snapshot)).toEqual({ all: 1, one: [] });
    cache.removeNode(nodeObject('n3'));
    cache.addNode(nodeObject('n3'));
    count(cache, snapshot);
    expect(namesIn(snapshot)).toEqual(['n2', 'n3']);
  });

  it('writes nothing for pods of nodes that are not there', () => {
    const { cache } = newCache();
    const snapshot = new CountingSnapshot();
    three(cache);
    count(cache, snapshot);
    cache.addPod(podOn('nowhere', 'a'));
    expect(count(cache, snapshot)).toEqual({ all: 0, one: [] });
    cache.removePod(podOn('nowhere', 'a'));
    expect(count(cache, snapshot)).toEqual({ all: 0, one: [] });
  });

  it('counts what was undone as a change', () => {
    const { cache } = newCache();
    three(cache);
    const snapshot = snapshotOf(cache);
    cache.assumePod(podInfoOf(podOn('n1', 'a')));
    cache.assumePod(podInfoOf(podOn('n2', 'b')));
    cache.updateSnapshot(snapshot);
    cache.forgetPod(podInfoOf(podOn('n1', 'a')));
    cache.updateSnapshot(snapshot);
    expect(load(snapshot, 'n1')).toEqual({ cpu: 0, pods: [] });
    expect(load(snapshot, 'n2')).toEqual({ cpu: 500, pods: ['b'] });
  });

  it('brings several snapshots up to date, each from where it was', () => {
    const { cache } = newCache();
    three(cache);
    const first = snapshotOf(cache);
    cache.addPod(podOn('n1', 'a'));
    const second = snapshotOf(cache);
    cache.addPod(podOn('n2', 'b'));
    cache.updateSnapshot(second);
    expect(load(first, 'n1')?.cpu).toBe(0);
    cache.updateSnapshot(first);
    for (const snapshot of [first, second]) {
      expect(load(snapshot, 'n1')).toEqual({ cpu: 500, pods: ['a'] });
      expect(load(snapshot, 'n2')).toEqual({ cpu: 500, pods: ['b'] });
    }
  });

  it('sees a node change that was not the last to change', () => {
    const { cache } = newCache();
    three(cache);
    for (const name of ['n1', 'n2', 'n3']) cache.addPod(podOn(name, `on-${name}`));
    const snapshot = snapshotOf(cache);
    cache.removePod(podOn('n2', 'on-n2'));
    cache.updateSnapshot(snapshot);
    expect(load(snapshot, 'n2')).toEqual({ cpu: 0, pods: [] });
    cache.updateNode(nodeObject('n1', { cpu: '8' }));
    cache.updateSnapshot(snapshot);
    expect(snapshot.get('n1')?.allocatable.milliCpu).toBe(8000);
    cache.updatePod(podOn('n3', 'on-n3', { requests: { cpu: '1' } }));
    cache.updateSnapshot(snapshot);
    expect(load(snapshot, 'n3')).toEqual({ cpu: 1000, pods: ['on-n3'] });
  });

  it('tells which nodes have pods with affinity', () => {
    const { cache } = newCache();
    three(cache);
    const snapshot = snapshotOf(cache);
    const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } };
    const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [term] };
    const picky = podOn('n2', 'a', { spec: { affinity: { podAntiAffinity } } });
    const names = () => snapshot.nodesWithRequiredAntiAffinityPods.map(({ name }) => name);
    expect(names()).toEqual([]);
    cache.addPod(picky);
    cache.updateSnapshot(snapshot);
    expect(names()).toEqual(['n2']);
    cache.removePod(picky);
    cache.updateSnapshot(snapshot);
    expect(names()).toEqual([]);
  });
});

describe('cache, images', () => {
  const withImages = (name: string, images: Record<string, number>): Node =>
    nodeObject(name, {
      images: Object.entries(images).map(([names, sizeBytes]) => ({
        names: names.split(','),
        sizeBytes,
      })),
    });
  const images = (snapshot: Snapshot, name: string) =>
    Object.fromEntries(
      [...(snapshot.get(name)?.images ?? [])].map(([image, { size, nodes }]) => [
        image,
        `${size} on ${nodes}`,
      ]),
    );

  it('counts on how many nodes each image is, under each of its names', () => {
    const { cache } = newCache();
    cache.addNode(withImages('n1', { 'web:1,web@sha': 50, 'db:1': 70 }));
    cache.addNode(withImages('n2', { 'web:1': 50 }));
    const snapshot = snapshotOf(cache);
    expect(images(snapshot, 'n1')).toEqual({
      'web:1': '50 on 2',
      'web@sha': '50 on 1',
      'db:1': '70 on 1',
    });
    expect(images(snapshot, 'n2')).toEqual({ 'web:1': '50 on 2' });
  });

  it('changes no other node when one pulls an image', () => {
    const { cache } = newCache();
    cache.addNode(withImages('n1', { 'web:1': 50 }));
    cache.addNode(withImages('n2', {}));
    const snapshot = snapshotOf(cache);
    const n1 = snapshot.get('n1');
    cache.updateNode(withImages('n2', { 'web:1': 60 }));
    cache.updateSnapshot(snapshot);
    expect(snapshot.get('n1')).toBe(n1);
    expect(images(snapshot, 'n1')).toEqual({ 'web:1': '50 on 2' });
    expect(images(snapshot, 'n2')).toEqual({ 'web:1': '50 on 2' });
  });

  it('does not count nodes that have removed the image, or are gone', () => {
    const { cache } = newCache();
    for (const name of ['n1', 'n2', 'n3']) cache.addNode(withImages(name, { 'web:1': 50 }));
    cache.updateNode(withImages('n2', {}));
    const snapshot = snapshotOf(cache);
    expect(images(snapshot, 'n1')).toEqual({ 'web:1': '50 on 2' });
    expect(images(snapshot, 'n2')).toEqual({});
    cache.removeNode(withImages('n3', { 'web:1': 50 }));
    cache.updateSnapshot(snapshot);
    expect(images(snapshot, 'n1')).toEqual({ 'web:1': '50 on 1' });
  });

  it('counts a node once that is reported again', () => {
    const { cache } = newCache();
    cache.addNode(withImages('n1', { 'web:1': 50 }));
    cache.addNode(withImages('n1', { 'web:1': 50 }));
    cache.updateNode(withImages('n1', { 'web:1': 50 }));
    expect(images(snapshotOf(cache), 'n1')).toEqual({ 'web:1': '50 on 1' });
  });
});

describe('cache, expiry', () => {
  const second = 1000;
  const a = podInfoOf(podOn('n1', 'a'));

  it('forgets a pod that nobody confirms after its binding', () => {
    const { cache, clock, log } = newCache(30 * second);
    cache.addNode(nodeObject('n1'));
    cache.assumePod(a);
    clock.step(10 * second);
    cache.finishBinding(a);
    clock.step(30 * second - 1);
    cache.cleanupAssumedPods();
    expect(cache.isAssumedPod(a.pod)).toBe(true);
    clock.step(1);
    cache.cleanupAssumedPods();
    expect(cache.getPod(a.pod)).toBeUndefined();
    expect(load(snapshotOf(cache), 'n1')).toEqual({ cpu: 0, pods: [] });
    expect(log.count('warn')).toBe(1);
  });

  it('forgets none whose binding has not ended', () => {
    const { cache, clock } = newCache(30 * second);
    cache.assumePod(a);
    clock.step(3600 * second);
    cache.cleanupAssumedPods();
    expect(cache.isAssumedPod(a.pod)).toBe(true);
  });

  it('forgets none that was confirmed', () => {
    const { cache, clock } = newCache(30 * second);
    cache.assumePod(a);
    cache.finishBinding(a);
    cache.addPod(a.pod);
    clock.step(3600 * second);
    cache.cleanupAssumedPods();
    expect(cache.size()).toEqual({ nodes: 0, pods: 1, assumedPods: 0 });
  });

  it('forgets none that was confirmed before its binding ended', () => {
    const { cache, clock } = newCache(30 * second);
    cache.assumePod(a);
    cache.addPod(a.pod);
    cache.finishBinding(a);
    clock.step(3600 * second);
    cache.cleanupAssumedPods();
    expect(cache.size().pods).toBe(1);
  });

  for (const ttl of [undefined, 0]) {
    it(`forgets none when the time is ${ttl}`, () => {
      const { cache, clock, log } = newCache(ttl);
      cache.assumePod(a);
      cache.finishBinding(a);
      clock.step(3600 * second);
      cache.cleanupAssumedPods();
      expect(cache.isAssumedPod(a.pod)).toBe(true);
      expect(log.entries).toEqual([]);
    });
  }

  it('forgets each at its own time', () => {
    const { cache, clock } = newCache(30 * second);
    const b = podInfoOf(podOn('n1', 'b'));
    for (const pod of [a, b]) {
      cache.assumePod(pod);
      cache.finishBinding(pod);
      clock.step(20 * second);
    }
    cache.cleanupAssumedPods();
    expect([a, b].map((pod) => cache.isAssumedPod(pod.pod))).toEqual([false, true]);
  });

  it('has nothing to say to the end of a binding of an unknown pod', () => {
    const { cache } = newCache(30 * second);
    cache.finishBinding(a);
    expect(cache.size()).toEqual({ nodes: 0, pods: 0, assumedPods: 0 });
  });
});

describe('cache, properties', () => {
  const nodeName = fc.constantFrom('n1', 'n2', 'n3', 'n4');
  const step = fc.tuple(
    fc.constantFrom(
      'assume',
      'confirm',
      'forget',
      'remove',
      'node',
      'unnode',
      'update',
      'look',
      'look',
    ),
    nodeName,
    fc.nat(5),
  );

  property(
    'a snapshot that was updated many times is as a new one, and shares what did not change',
    fc.array(step, { maxLength: 60 }),
    (steps) => {
      const cache = new SchedulerCache({ clock: new FakeClock(), log: newLogBook() });
      const snapshot = new Snapshot();
      const where = new Map<number, string>();
      const tried = (act: () => void): void => {
        try {
          act();
        } catch {
          // Steps are drawn without knowing whether they are allowed.
        }
      };
      for (const [what, node, i] of steps) {
        const pod = podOn(where.get(i) ?? node, `p${i}`, { requests: { cpu: `${i + 1}` } });
        if (what === 'assume') tried(() => cache.assumePod(podInfoOf(pod)));
        if (what === 'confirm') tried(() => cache.addPod(pod));
        if (what === 'forget') tried(() => cache.forgetPod(podInfoOf(pod)));
        if (what === 'remove') tried(() => cache.removePod(pod));
        if (what === 'update') tried(() => cache.updatePod(pod));
        if (what === 'node') cache.addNode(inZone(node, `z${i % 2}`));
        if (what === 'unnode') tried(() => cache.removeNode(nodeObject(node)));
        const known = cache.getPod(pod)?.spec?.nodeName;
        if (known) where.set(i, known);
        else where.delete(i);
        if (what !== 'look') continue;
        const before = new Map(snapshot.nodes.map((info) => [info.name, info]));
        cache.updateSnapshot(snapshot);
        const fresh = snapshotOf(cache);
        expect(namesIn(snapshot)).toEqual(namesIn(fresh));
        for (const { name, generation } of fresh.nodes) {
          expect(load(snapshot, name)).toEqual(load(fresh, name));
          const old = before.get(name);
          if (old?.generation === generation) expect(snapshot.get(name)).toBe(old);
        }
        const counted = fresh.nodes.flatMap((info) =>
          info.pods.map(({ pod: { metadata } }) => metadata?.name),
        );
        const expected = [...where].filter(([, at]) => fresh.get(at)).map(([n]) => `p${n}`);
        expect(counted.sort()).toEqual(expected.sort());
      }
    },
  );
});
