/** The given plugins PodTopologySpread and InterPodAffinity: arguments, defaults, and what wakes pods. */

import type { Node, Pod, PodSpec } from '#apimachinery';
import { describe, expect, it, nodeObject, type PodWords, podObject } from '#kit';
import {
  type ClusterEventWithHint,
  CycleState,
  type EventAction,
  type EventResource,
  type Handle,
  NodeInfo,
  newInterPodAffinity,
  newPodTopologySpread,
  PodCounts,
  podInfoOf,
  Snapshot,
} from '#scheduler';

const ZONE = 'topology.kubernetes.io/zone';
const selector = { matchLabels: { app: 'web' } };

interface Sources {
  readonly services?: readonly object[];
  readonly owners?: Readonly<Record<string, object>>;
  readonly nodes?: readonly NodeInfo[];
}

/** A scheduler of which only a snapshot and listers are there. */
function handle({ services = [], owners = {}, nodes = [] }: Sources = {}): Handle {
  const lister = { listNamespace: () => services, get: (key: string) => owners[key] };
  const informers = { informer: () => ({ lister }) };
  return { snapshot: new Snapshot(nodes), informers } as unknown as Handle;
}

/** What a plugin answers when it hears of an event. */
function hears(
  plugin: { eventsToRegister(): readonly ClusterEventWithHint[] },
  waiting: Pod,
  resource: EventResource,
  action: EventAction,
  [before, after]: readonly [(Pod | Node)?, (Pod | Node)?],
): string {
  const all = plugin.eventsToRegister();
  const found = all.find((one) => one.resource === resource && one.actions.includes(action));
  return found ? (found.hint?.(waiting, before, after) ?? 'Queue') : 'not registered';
}

const there = (words: PodWords = {}) =>
  podObject('there', { labels: { app: 'web' }, nodeName: 'n1', ...words });
const inZone = (zone?: string, more: object = {}) =>
  nodeObject('n1', { ...(zone !== undefined && { labels: { [ZONE]: zone } }), ...more });

describe('the arguments of PodTopologySpread', () => {
  const one = { maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule' };
  for (const [what, args, message] of [
    [
      'an unknown defaultingType',
      { defaultingType: 'Some' },
      'defaultingType: Unsupported value: "Some": supported values: "System", "List"',
    ],
    [
      'constraints with System',
      { defaultingType: 'System', defaultConstraints: [one] },
      'defaultingType: Invalid value: "System": when .defaultConstraints are not empty',
    ],
    [
      'a selector',
      { defaultingType: 'List', defaultConstraints: [{ ...one, labelSelector: selector }] },
      'defaultConstraints[0].labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod',
    ],
    [
      'a constraint twice',
      { defaultingType: 'List', defaultConstraints: [one, one] },
      `defaultConstraints[1]: Duplicate value: "{${ZONE}, DoNotSchedule}"`,
    ],
    [
      'nothing in a constraint',
      { defaultingType: 'List', defaultConstraints: [{}] },
      '[defaultConstraints[0].maxSkew: Invalid value: 0: not in valid range (0, inf), defaultConstraints[0].topologyKey: Required value: can not be empty, defaultConstraints[0].whenUnsatisfiable: Required value: can not be empty]',
    ],
  ] as const) {
    it(`do not allow ${what}`, () => {
      expect(() => newPodTopologySpread(args, handle())).toThrow(message);
    });
  }

  it('may be absent', () => {
    expect(newPodTopologySpread(undefined, handle()).name).toBe('PodTopologySpread');
    expect(newPodTopologySpread({ defaultingType: 'List' }, handle()).name).toBe(
      'PodTopologySpread',
    );
  });
});

describe('the default constraints of PodTopologySpread', () => {
  const pods = (count: number, hash: string) =>
    Array.from({ length: count }, (_, i) =>
      podInfoOf(podObject(`${hash}-${i}`, { labels: { app: 'web', hash } })),
    );
  const host = (name: string, ...all: ReturnType<typeof pods>) =>
    new NodeInfo(nodeObject(name), all);
  const nodes = [host('n1', ...pods(3, '1')), host('n2', ...pods(1, '2'))];

  function worth(kind: string, owner: object): unknown {
    const apiVersion = kind === 'ReplicationController' ? 'v1' : 'apps/v1';
    const ownerReferences = [{ apiVersion, kind, name: 'web', uid: 'u', controller: true }];
    const pod = podObject('new', { labels: { app: 'web', hash: '1' } });
    const owned = podInfoOf({ ...pod, metadata: { ...pod.metadata, ownerReferences } });
    const owners = { 'default/web': owner };
    const plugin = newPodTopologySpread(undefined, handle({ nodes, owners }));
    const state = new CycleState();
    const status = plugin.preScore(state, owned, nodes);
    return status ? status.code : nodes.map((node) => plugin.score(state, owned, node));
  }

  // Weight ln(2 + 2) = 1.386 for the host, and 2 for its maxSkew of 3; there are no zones.
  for (const kind of ['ReplicaSet', 'StatefulSet'] as const) {
    it(`look for the pods of the ${kind}`, () => {
      expect(worth(kind, { spec: { selector: { matchLabels: { hash: '1' } } } })).toEqual([6, 2]);
      expect(worth(kind, { spec: { selector } })).toEqual([6, 3]);
    });
  }

  it('look for the pods of the ReplicationController', () => {
    expect(worth('ReplicationController', { spec: { selector: { hash: '1' } } })).toEqual([6, 2]);
  });

  it('are none for pods of somebody else', () => {
    expect(worth('Job', { spec: { selector } })).toBe('Skip');
  });
});

describe('what wakes a pod that PodTopologySpread refused', () => {
  const waiting = (words: object = {}, more: PodWords = {}) =>
    podObject('waiting', {
      labels: { app: 'web' },
      ...more,
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: ZONE,
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: selector,
            ...words,
          },
        ],
        ...more.spec,
      },
    });
  const plugin = newPodTopologySpread(undefined, handle());
  const db = there({ labels: { app: 'db' } });
  for (const [what, resource, action, objects, expected] of [
    ['a pod that counts comes', 'AssignedPod', 'Add', [undefined, there()], 'Queue'],
    ['a pod that counts goes', 'AssignedPod', 'Delete', [there()], 'Queue'],
    ['a pod that does not count goes', 'AssignedPod', 'Delete', [db], 'QueueSkip'],
    ['a pod begins to count', 'AssignedPod', 'UpdatePodLabel', [db, there()], 'Queue'],
    [
      'another label changes',
      'AssignedPod',
      'UpdatePodLabel',
      [there(), there({ labels: { app: 'web', a: 'b' } })],
      'QueueSkip',
    ],
    [
      'a pod of another namespace goes',
      'AssignedPod',
      'Delete',
      [there({ namespace: 'shop' })],
      'QueueSkip',
    ],
    ['a node in a zone comes', 'Node', 'Add', [undefined, inZone('a')], 'Queue'],
    ['a node without a zone comes', 'Node', 'Add', [undefined, inZone()], 'QueueSkip'],
    ['a node in a zone goes', 'Node', 'Delete', [inZone('a')], 'Queue'],
    ['a node gets a zone', 'Node', 'UpdateNodeLabel', [inZone(), inZone('a')], 'Queue'],
    ['a node changes its zone', 'Node', 'UpdateNodeLabel', [inZone('b'), inZone('a')], 'Queue'],
    ['a node keeps its zone', 'Node', 'UpdateNodeLabel', [inZone('a'), inZone('a')], 'QueueSkip'],
    [
      'taints of a node in a zone change',
      'Node',
      'UpdateNodeTaint',
      [
        inZone('a'),
        inZone('a', { labels: { [ZONE]: 'a' }, taints: [{ key: 'k', effect: 'NoSchedule' }] }),
      ],
      'Queue',
    ],
  ] as const) {
    it(`${expected}: ${what}`, () => {
      const pair = [objects[0], objects[1]] as const;
      expect(hears(plugin, waiting(), resource, action, pair)).toBe(expected);
    });
  }

  it('is its own toleration where taints are honoured', () => {
    const spec: Partial<PodSpec> = { tolerations: [{ operator: 'Exists' }] };
    for (const [words, expected] of [
      [{ nodeTaintsPolicy: 'Honor' }, 'Queue'],
      [{}, 'QueueSkip'],
    ] as const) {
      const pair = [waiting(words), waiting(words, { spec })] as const;
      const heard = hears(plugin, pair[0], 'UnscheduledPod', 'UpdatePodToleration', pair);
      expect(heard).toBe(expected);
    }
  });
});

describe('the arguments of InterPodAffinity', () => {
  it('do not allow a weight over 100', () => {
    const message = 'hardPodAffinityWeight: Invalid value: 101: not in valid range [0-100]';
    expect(() => newInterPodAffinity({ hardPodAffinityWeight: 101 }, handle())).toThrow(message);
  });
});

describe('what wakes a pod that InterPodAffinity refused', () => {
  const wants = (kind: 'podAffinity' | 'podAntiAffinity'): Partial<PodSpec> => ({
    affinity: {
      [kind]: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: ZONE, labelSelector: selector },
        ],
      },
    },
  });
  const near = podObject('near', { spec: wants('podAffinity') });
  const away = podObject('away', { spec: wants('podAntiAffinity') });
  const web = podObject('web', { labels: { app: 'web' } });
  const guard = there({ labels: { app: 'guard' }, spec: wants('podAntiAffinity') });
  const db = there({ labels: { app: 'db' } });
  const plugin = newInterPodAffinity(undefined, handle());
  for (const [what, who, resource, action, objects, expected] of [
    ['a friend comes', near, 'AssignedPod', 'Add', [undefined, there()], 'Queue'],
    ['somebody else comes', near, 'AssignedPod', 'Add', [undefined, db], 'QueueSkip'],
    ['somebody becomes a friend', near, 'AssignedPod', 'UpdatePodLabel', [db, there()], 'Queue'],
    ['whom it avoids goes', away, 'AssignedPod', 'Delete', [there()], 'Queue'],
    ['whom it avoids comes', away, 'AssignedPod', 'Add', [undefined, there()], 'QueueSkip'],
    ['who kept it away goes', web, 'AssignedPod', 'Delete', [guard], 'Queue'],
    ['who does not care goes', web, 'AssignedPod', 'Delete', [db], 'QueueSkip'],
    ['a node with the label comes', near, 'Node', 'Add', [undefined, inZone('a')], 'Queue'],
    ['a node without the label comes', near, 'Node', 'Add', [undefined, inZone()], 'QueueSkip'],
    ['any node comes', web, 'Node', 'Add', [undefined, inZone()], 'Queue'],
    ['a node loses the label', away, 'Node', 'UpdateNodeLabel', [inZone('a'), inZone()], 'Queue'],
    ['its own labels change', web, 'UnscheduledPod', 'UpdatePodLabel', [web, web], 'Queue'],
  ] as const) {
    it(`${expected}: ${what}`, () => {
      const pair = [objects[0], objects[1]] as const;
      expect(hears(plugin, who, resource, action, pair)).toBe(expected);
    });
  }
});

describe('PodCounts', () => {
  const nodes = () => ['n1', 'n2', 'n3'].map((name) => new NodeInfo(nodeObject(name)));

  it('asks again only for nodes that changed', () => {
    const known = new PodCounts();
    const all = nodes();
    const asked: string[] = [];
    const count = (node: NodeInfo) => {
      asked.push(node.name);
      return node.pods.length;
    };
    expect([...known.counts(all, 'q', count)]).toEqual([0, 0, 0]);
    all[1]?.addPod(podInfoOf(there()));
    expect([...known.counts(all, 'q', count)]).toEqual([0, 1, 0]);
    expect(asked).toEqual(['n1', 'n2', 'n3', 'n2']);
  });

  it('keeps questions apart, and follows the list', () => {
    const known = new PodCounts();
    const all = nodes();
    expect([...known.counts(all, 'one', () => 1)]).toEqual([1, 1, 1]);
    expect([...known.counts(all, 'two', () => 2)]).toEqual([2, 2, 2]);
    const length = ({ name }: NodeInfo) => Number(name.slice(1));
    known.counts(all, 'n', length);
    expect([...known.counts(all.slice(1), 'n', length)]).toEqual([2, 3]);
    expect([...known.counts(all, 'n', length)]).toEqual([1, 2, 3]);
  });
});
