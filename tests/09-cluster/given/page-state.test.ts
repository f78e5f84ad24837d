/** What the page to watch the cluster is told, and what a browser makes of it. */

import type { Event, Service } from 'kubernetes-types/core/v1.js';
import { FakeClock, type Node, type Pod, seededRandom } from '#apimachinery';
import { describe, expect, fc, it, nodeObject, podObject, property } from '#kit';
import { Netfilter } from '#kube-proxy';
import type { DecisionTrace } from '#scheduler';
import { type Tone, toneOf } from '../../../solutions/09-cluster/page/browser/pod-tone.ts';
import { readRoute } from '../../../solutions/09-cluster/page/browser/route.ts';
import { callersOf, targetsOf } from '../../../solutions/09-cluster/page/browser/walk-choices.ts';
import { decisionView } from '../../../solutions/09-cluster/page/decision-view.ts';
import type { PageMessage, PodView } from '../../../solutions/09-cluster/page/messages.ts';
import {
  EVENTS_TOLD,
  PageState,
  WRITES_TOLD,
} from '../../../solutions/09-cluster/page/page-state.ts';
import {
  applyMessage,
  EMPTY_PICTURE,
  type Picture,
  writeRate,
} from '../../../solutions/09-cluster/page/picture.ts';
import { RuleCopies } from '../../../solutions/09-cluster/page/rule-copies.ts';
import { serviceRules } from '../../../solutions/09-cluster/page/service-rules.ts';
import { podView } from '../../../solutions/09-cluster/page/views/pod-view.ts';
import { walk } from '../../../solutions/09-cluster/page/walk.ts';

function event(name: string, seconds: number, words: Partial<Event> = {}): Event {
  return {
    metadata: { name, namespace: 'default' },
    involvedObject: { kind: 'Pod', namespace: 'default', name: 'web' },
    lastTimestamp: new Date(seconds * 1000).toISOString() as unknown as Event['lastTimestamp'],
    type: 'Normal',
    reason: 'Pulled',
    ...words,
  };
}

/** A test changes what an informer's readers may not. */
type Writable<T> = { -readonly [K in keyof T]: T[K] };

const web: Service = {
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    type: 'NodePort',
    clusterIPs: ['10.96.0.20'],
    ports: [{ port: 80, nodePort: 30_080, protocol: 'TCP' }],
  },
};

const write = (revision: number) =>
  ({ revision, key: `/registry/pods/default/p${revision}`, kind: 'update', at: 0 }) as const;

/** What a browser knows that was there from the beginning. */
function follow(state: PageState): { picture: () => Picture } {
  let picture = applyMessage(EMPTY_PICTURE, state.whole(0));
  return {
    picture: () => {
      const message = state.takeChanges(0);
      if (message) picture = applyMessage(picture, message);
      return picture;
    },
  };
}

/** What differs is only how writes were counted. */
function comparable({ nodes, pods, podsByNode, services, events }: Picture) {
  const podsOf = [...podsByNode].sort(([one], [other]) => (one < other ? -1 : 1));
  const sorted = [...events].sort((one, other) => (one.key < other.key ? -1 : 1));
  return { nodes, pods: [...pods.keys()].sort(), podsOf, services, events: sorted };
}

describe('the state of the page', () => {
  it('tells nothing while nothing changes', () => {
    const state = new PageState();
    state.putNode(nodeObject('n1'));
    expect(state.takeChanges(0)?.nodes?.put.map(({ key }) => key)).toEqual(['n1']);
    expect(state.takeChanges(0)).toBeUndefined();
    state.putNode(nodeObject('n1', { labels: { heart: 'beat' } }));
    expect(state.takeChanges(0)).toBeUndefined();
  });

  it('tells of a pod that came and went between two messages only that it is gone', () => {
    const state = new PageState();
    state.putPod(podObject('p'));
    state.dropPod(podObject('p'));
    expect(state.takeChanges(0)).toEqual({
      isWhole: false,
      pods: { put: [], gone: ['default/p'] },
    });
  });

  it('tells of a pod that went and came back that it is there', () => {
    const state = new PageState();
    state.putPod(podObject('p'));
    state.takeChanges(0);
    state.dropPod(podObject('p'));
    state.putPod(podObject('p'));
    expect(state.takeChanges(0)?.pods).toEqual({ put: [podView(podObject('p'))], gone: [] });
  });

  it('tells a page that was just opened the newest events only', () => {
    const state = new PageState();
    for (let i = 0; i < EVENTS_TOLD + 10; i++) state.putEvent(event(`e${i}`, i));
    const told = state.whole(0).events?.put ?? [];
    expect(told).toHaveLength(EVENTS_TOLD);
    expect(told.at(-1)?.key).toBe(`default/e${EVENTS_TOLD + 9}`);
  });

  it('counts all writes and names the last ones', () => {
    const state = new PageState();
    state.noteWrites(7, []);
    expect(state.takeChanges(5)?.store).toEqual({ revision: 7, count: 0, at: 5, writes: [] });
    const many = Array.from({ length: WRITES_TOLD + 20 }, (_, i) => write(8 + i));
    state.noteWrites(8 + many.length - 1, many);
    const store = state.takeChanges(6)?.store;
    expect(store?.count).toBe(many.length);
    expect(store?.writes).toEqual(many.slice(-WRITES_TOLD));
    state.noteWrites(8 + many.length - 1, []);
    expect(state.takeChanges(7)).toBeUndefined();
  });

  property(
    'changes lead to the picture that a page gets which is opened now',
    fc.array(
      fc.record({
        kind: fc.constantFrom('node', 'pod', 'service', 'event'),
        name: fc.constantFrom('a', 'b', 'c'),
        node: fc.constantFrom(undefined, 'a', 'b'),
        isGone: fc.boolean(),
        isTold: fc.boolean(),
      }),
      { maxLength: 40 },
    ),
    (actions) => {
      const state = new PageState();
      const follower = follow(state);
      for (const { kind, name, node, isGone, isTold } of actions) {
        const pod = podObject(name, node === undefined ? {} : { nodeName: node });
        const service = { ...web, metadata: { name, namespace: 'default' } };
        if (kind === 'node')
          isGone ? state.dropNode(nodeObject(name)) : state.putNode(nodeObject(name));
        if (kind === 'pod') isGone ? state.dropPod(pod) : state.putPod(pod);
        if (kind === 'service') isGone ? state.dropService(service) : state.putService(service);
        if (kind === 'event')
          isGone ? state.dropEvent(event(name, 1)) : state.putEvent(event(name, 1));
        if (isTold) follower.picture();
      }
      const opened = applyMessage(EMPTY_PICTURE, state.whole(0));
      expect(comparable(follower.picture())).toEqual(comparable(opened));
    },
  );
});

/** How pods look, by what is said of them. */
const TONES: readonly (readonly [Tone, Partial<PodView>])[] = [
  ['ready', { phase: 'Running', status: 'Running', isReady: true }],
  ['unready', { phase: 'Running', status: 'Running' }],
  ['waiting', { phase: 'Pending', status: 'ContainerCreating' }],
  ['waiting', { phase: 'Pending', status: 'SchedulingGated' }],
  ['done', { phase: 'Succeeded', status: 'Completed' }],
  ['failed', { phase: 'Failed', status: 'Error' }],
  ['failed', { phase: 'Running', status: 'CrashLoopBackOff' }],
  ['failed', { phase: 'Pending', status: 'ErrImagePull' }],
  ['failed', { phase: 'Pending', status: 'Init:Error' }],
  ['going', { phase: 'Running', status: 'Terminating', isReady: true, isTerminating: true }],
];

describe('views', () => {
  for (const [tone, words] of TONES) {
    it(`show a pod that is ${words.phase}, ${words.status} and ${words.isReady ? '' : 'not '}ready as ${tone}`, () => {
      expect(toneOf({ ...podView(podObject('p')), ...words })).toBe(tone);
    });
  }

  it('say of a node that it is cordoned, tainted, under pressure and not ready', () => {
    const state = new PageState();
    const taints = [
      { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
      { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' },
    ];
    const node = structuredClone(
      nodeObject('n1', { unschedulable: true, taints, pods: 20 }),
    ) as Writable<Node>;
    node.status = {
      ...node.status,
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      conditions: [
        { type: 'MemoryPressure', status: 'True' },
        { type: 'DiskPressure', status: 'False' },
        { type: 'Ready', status: 'False' },
      ],
    };
    state.putNode(node);
    expect(state.whole(0).nodes?.put).toEqual([
      {
        key: 'n1',
        ip: '127.0.0.1',
        podRange: '',
        ready: 'False',
        isCordoned: true,
        maxPods: 20,
        troubles: ['MemoryPressure', 'gpu=yes:NoSchedule'],
      },
    ]);
    state.putNode(nodeObject('n1'));
    expect(state.whole(0).nodes?.put[0]?.ready).toBe('Unknown');
  });

  it('say of a pod what kubectl says', () => {
    const pod = structuredClone(podObject('p', { nodeName: 'n1' })) as Writable<Pod>;
    pod.status = {
      phase: 'Running',
      podIP: '10.244.0.5',
      containerStatuses: [
        {
          name: 'c',
          image: 'i',
          imageID: '',
          ready: false,
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
        },
      ],
    };
    expect(podView(pod)).toMatchObject({
      key: 'default/p',
      node: 'n1',
      status: 'CrashLoopBackOff',
      readyContainers: 0,
      containers: 1,
      restarts: 3,
      ip: '10.244.0.5',
      isReady: false,
      isTerminating: false,
    });
    expect(podView(podObject('p', { deletedAt: 1000 }))).toMatchObject({
      status: 'Terminating',
      isTerminating: true,
    });
  });

  it('list all addresses of a service', () => {
    const state = new PageState();
    state.putService({ ...web, status: { loadBalancer: { ingress: [{ ip: '127.0.1.1' }] } } });
    const [view] = state.whole(0).services?.put ?? [];
    expect(view?.addresses).toEqual([
      { ip: '10.96.0.20', port: 80, protocol: 'TCP', kind: 'cluster IP' },
      { ip: '', port: 30_080, protocol: 'TCP', kind: 'node port' },
      { ip: '127.0.1.1', port: 80, protocol: 'TCP', kind: 'load balancer' },
    ]);
    state.putService({
      metadata: { name: 'web', namespace: 'default' },
      spec: { clusterIPs: ['None'], ports: [{ port: 80 }] },
    });
    expect(state.whole(0).services?.put[0]).toEqual({
      key: 'default/web',
      type: 'ClusterIP',
      addresses: [],
    });
  });

  it('read old and new events', () => {
    const state = new PageState();
    state.putEvent(event('old', 5, { count: 4, source: { component: 'kubelet' } }));
    const time = new Date(9000).toISOString() as unknown as string;
    state.putEvent({
      metadata: { name: 'new', namespace: 'default' },
      involvedObject: { kind: 'Node', name: 'n1' },
      type: 'Warning',
      reason: 'Rebooted',
      message: 'it did',
      reportingComponent: 'kubelet',
      series: { count: 2, lastObservedTime: time },
    } as unknown as Event);
    expect(state.whole(0).events?.put).toEqual([
      expect.objectContaining({ at: 5000, count: 4, from: 'kubelet', about: 'Pod default/web' }),
      expect.objectContaining({ at: 9000, count: 2, isWarning: true, about: 'Node n1' }),
    ]);
  });
});

describe('the picture in a browser', () => {
  const pods = (...list: [name: string, node: string][]): PageMessage => ({
    isWhole: false,
    pods: { put: list.map(([name, nodeName]) => podView(podObject(name, { nodeName }))), gone: [] },
  });
  const names = (picture: Picture, node: string) =>
    (picture.podsByNode.get(node) ?? []).map(({ key }) => key);

  it('moves a pod from no node to one', () => {
    const before = applyMessage(EMPTY_PICTURE, {
      isWhole: false,
      pods: { put: [podView(podObject('p'))], gone: [] },
    });
    expect(names(before, '')).toEqual(['default/p']);
    const after = applyMessage(before, pods(['p', 'n1']));
    expect(names(after, 'n1')).toEqual(['default/p']);
    expect(after.podsByNode.has('')).toBe(false);
  });

  it('keeps the lists of nodes on which nothing changed', () => {
    const before = applyMessage(EMPTY_PICTURE, pods(['a', 'n1'], ['b', 'n2']));
    const after = applyMessage(before, pods(['c', 'n2']));
    expect(after.podsByNode.get('n1')).toBe(before.podsByNode.get('n1'));
    expect(names(after, 'n2')).toEqual(['default/b', 'default/c']);
    expect(names(before, 'n2')).toEqual(['default/b']);
  });

  it('sorts names with numbers as people do', () => {
    const state = new PageState();
    for (const name of ['node-10', 'node-9', 'node-1']) state.putNode(nodeObject(name));
    const { nodes } = applyMessage(EMPTY_PICTURE, state.whole(0));
    expect(nodes.map(({ key }) => key)).toEqual(['node-1', 'node-9', 'node-10']);
  });

  it('begins anew with a whole message, and still knows how fast writes came', () => {
    const store = { revision: 4, count: 3, at: 10_000, writes: [write(3), write(4)] };
    let picture = applyMessage(EMPTY_PICTURE, { ...pods(['a', 'n1']), store });
    expect(picture.store.writes.map(({ revision }) => revision)).toEqual([4, 3]);
    picture = applyMessage(picture, new PageState().whole(11_000));
    expect(picture.pods.size).toBe(0);
    expect(picture.store.writes).toEqual([]);
    expect(writeRate(picture.store, 12_000)).toBe(0.3);
    expect(writeRate(picture.store, 21_000)).toBe(0);
  });

  it('reads what is looked at from the address', () => {
    expect(readRoute('')).toEqual({ view: 'nodes', key: '' });
    expect(readRoute('#/pods/default/web-1')).toEqual({ view: 'nodes', key: 'default/web-1' });
    expect(readRoute('#/services/default/web')).toEqual({ view: 'services', key: 'default/web' });
    expect(readRoute('#/services')).toEqual({ view: 'services', key: '' });
    expect(readRoute('#/store')).toEqual({ view: 'store', key: '' });
  });
});

describe('a decision', () => {
  const trace: DecisionTrace = {
    namespace: 'default',
    name: 'p',
    uid: 'u',
    attempt: 2,
    at: 5,
    totalNodes: 5,
    preFilter: [],
    nodeName: 'n3',
    nodes: [
      {
        name: 'n1',
        refusal: { plugin: 'TaintToleration', code: 'Unschedulable', reasons: ['a taint'] },
        scores: [],
        total: 0,
      },
      {
        name: 'n2',
        scores: [{ plugin: 'Fit', raw: 9, normalized: 90, weight: 1, weighted: 90 }],
        total: 90,
      },
      {
        name: 'n3',
        scores: [
          { plugin: 'Fit', raw: 9, normalized: 90, weight: 1, weighted: 90 },
          { plugin: 'Spread', raw: 0, normalized: 0, weight: 2, weighted: 0 },
        ],
        total: 90,
      },
    ],
  };

  it('is a table: the chosen node first, those refused last, the heaviest plugin first', () => {
    const view = decisionView(trace);
    expect(view.plugins).toEqual([
      { name: 'Spread', weight: 2 },
      { name: 'Fit', weight: 1 },
    ]);
    expect(view.nodes.map(({ name }) => name)).toEqual(['n3', 'n2', 'n1']);
    expect(view.nodes[1]?.scores).toEqual([undefined, { raw: 9, normalized: 90, weighted: 90 }]);
    expect(view.nodes[2]?.refusal).toEqual({ plugin: 'TaintToleration', reasons: ['a taint'] });
    expect(view).toMatchObject({ attempt: 2, nodeName: 'n3', error: '', unasked: 2 });
  });
});

const RULES = `*nat
:KUBE-SERVICES - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-SVC-WEB - [0:0]
:KUBE-SEP-A - [0:0]
:KUBE-SVC-WEB2 - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A KUBE-SERVICES -d 10.96.0.21/32 -p tcp -m comment --comment "default/web2 cluster IP" -m tcp --dport 80 -j KUBE-SVC-WEB2
-A KUBE-SERVICES -d 10.96.0.20/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-WEB
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-A KUBE-SVC-WEB ! -s 10.244.0.0/16 -d 10.96.0.20/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-WEB -m comment --comment "default/web:http -> 10.244.1.7:8080" -j KUBE-SEP-A
-A KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination 10.244.1.7:8080
COMMIT
*filter
:KUBE-SERVICES - [0:0]
-A FORWARD -j KUBE-SERVICES
-A KUBE-SERVICES -d 10.96.0.22/32 -p tcp -m comment --comment "default/none has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`;

function newRules(): Netfilter {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const netfilter = new Netfilter({ localAddresses: ['127.0.0.2'], clock, random });
  netfilter.restore(RULES);
  return netfilter;
}

describe("a service's rules", () => {
  it('are those that speak of it, and the chains they lead to', () => {
    const found = serviceRules(newRules(), 'default/web');
    expect(found.map(({ chain, rules }) => [chain, rules.map(({ number }) => number)])).toEqual([
      ['KUBE-SERVICES', [2]],
      ['KUBE-SVC-WEB', [1, 2]],
      ['KUBE-SEP-A', [1]],
    ]);
    expect(found[0]?.rules[0]?.text).toContain('--comment "default/web:http cluster IP"');
  });

  it('may stand in the table filter', () => {
    expect(serviceRules(newRules(), 'default/none')).toEqual([
      expect.objectContaining({ table: 'filter', chain: 'KUBE-SERVICES' }),
    ]);
    expect(serviceRules(newRules(), 'default/unknown')).toEqual([]);
  });
});

describe('a walk', () => {
  const request = { to: '10.96.0.20:80', protocol: 'TCP' } as const;

  it('shows each rule, the packet after it, and who is reached', () => {
    const { verdict, ending, steps } = walk(newRules(), {
      ...request,
      from: '10.244.0.5:40000',
      via: 'pod',
    });
    expect(verdict).toBe('accept');
    expect(ending).toBe('accepted: 10.244.1.7:8080 is reached, and sees 10.244.0.5:40000');
    const sent = '10.244.0.5:40000 → 10.96.0.20:80';
    expect(steps[0]).toMatchObject({ place: 'connection tracking', text: 'NEW', packet: sent });
    const rules = steps.filter(({ rule }) => rule?.table === 'nat');
    expect(rules.map(({ rule, depth }) => [rule?.chain, rule?.number, depth])).toEqual([
      ['PREROUTING', 1, 0],
      ['KUBE-SERVICES', 2, 1],
      ['KUBE-SVC-WEB', 2, 2],
      ['KUBE-SEP-A', 1, 3],
    ]);
    const changed = steps.find(({ text }) => text.startsWith('= destination'));
    expect(changed?.packet).toBe('10.244.0.5:40000 → 10.244.1.7:8080');
  });

  it('shows the mark a rule gives', () => {
    const { steps } = walk(newRules(), { ...request, from: '203.0.113.7', via: 'outside' });
    const at = steps.findIndex(({ rule }) => rule?.chain === 'KUBE-MARK-MASQ');
    expect(steps[at - 1]?.mark).toBe(0);
    expect(steps[at]?.mark).toBe(0x4000);
    expect(steps[at + 1]?.mark).toBe(0x4000);
  });

  it('says that the caller is refused', () => {
    const { verdict, ending } = walk(newRules(), {
      from: '10.244.0.5',
      to: '10.96.0.22:80',
      protocol: 'TCP',
      via: 'pod',
    });
    expect(verdict).toBe('reject');
    expect(ending).toBe('rejected: the caller hears icmp-port-unreachable');
  });

  it('leaves no connection behind, and follows the rules as they change', () => {
    const rules = newRules();
    const copies = new RuleCopies();
    const from = { ...request, from: '10.244.0.5:40000', via: 'pod' } as const;
    const copy = copies.of('n1', '127.0.0.2', rules);
    walk(copy, from);
    expect(rules.flushConntrack()).toBe(0);
    expect(copies.of('n1', '127.0.0.2', rules)).toBe(copy);
    expect(copy.flushConntrack()).toBe(0);
    rules.restore(RULES.replace('10.244.1.7:8080\n', '10.244.9.9:8080\n'));
    expect(walk(copies.of('n1', '127.0.0.2', rules), from).ending).toContain('10.244.9.9:8080');
  });

  it('offers the pods of the node, the node and somebody outside, to all addresses', () => {
    const state = new PageState();
    const node = structuredClone(nodeObject('n1')) as Writable<Node>;
    node.status = { addresses: [{ type: 'InternalIP', address: '127.0.0.2' }] };
    const pod = structuredClone(podObject('p', { nodeName: 'n1' })) as Writable<Pod>;
    pod.status = { podIP: '10.244.0.5' };
    state.putNode(node);
    state.putPod(pod);
    state.putPod(podObject('starting', { nodeName: 'n1' }));
    state.putService(web);
    const picture = applyMessage(EMPTY_PICTURE, state.whole(0));
    expect(callersOf(picture, 'n1').map(({ ip, via }) => [ip, via])).toEqual([
      ['10.244.0.5', 'pod'],
      ['127.0.0.2', 'local'],
      ['203.0.113.7', 'outside'],
    ]);
    const [service] = picture.services;
    const targets = service ? targetsOf(picture, service, 'n1') : [];
    expect(targets.map(({ address }) => address)).toEqual(['10.96.0.20:80', '127.0.0.2:30080']);
  });
});
