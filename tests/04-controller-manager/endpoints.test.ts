import {
  endpointOf,
  endpointPorts,
  type PlacedEndpoint,
  planSlices,
  subsetsOf,
} from '#controller-manager';
import { describe, expect, fc, it, property } from '#kit';

type Service = Parameters<typeof endpointPorts>[0];
type Pod = Parameters<typeof endpointPorts>[1];
type Slice = Parameters<typeof planSlices>[1][number];

function service(spec: object = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, protocol: 'TCP' }], ...spec },
  } as Service;
}

/** A ready pod with an address, and whatever else. */
function pod(
  name: string,
  ip: string,
  more: { spec?: object; status?: object; metadata?: object } = {},
): Pod {
  return {
    metadata: { name, namespace: 'default', uid: `uid-${name}`, ...more.metadata },
    spec: { nodeName: 'n1', containers: [{ name: 'c' }], ...more.spec },
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: 'True' }],
      ...more.status,
    },
  } as Pod;
}

const notReady = { conditions: [{ type: 'Ready', status: 'False' }] };
const going = { deletionTimestamp: '2025-01-01T00:00:00Z' };

describe('endpointPorts', () => {
  const named = (name: string, containerPort: number, protocol?: string) => ({
    name,
    containerPort,
    protocol,
  });

  it.core('takes the number of the target port, or else of the port', () => {
    const ports = [
      { port: 80, targetPort: 8080 },
      { name: 'b', port: 90 },
    ];
    expect(endpointPorts(service({ ports }), pod('a', '10.0.0.1'))).toEqual([
      { name: '', port: 8080, protocol: 'TCP' },
      { name: 'b', port: 90, protocol: 'TCP' },
    ]);
  });

  it.core("looks a name up in the pod's containers", () => {
    const ports = [{ name: 'http', port: 80, targetPort: 'web' }];
    const containers = [
      { name: 'log' },
      { name: 'web', ports: [named('admin', 9000), named('web', 8080)] },
    ];
    expect(
      endpointPorts(service({ ports }), pod('a', '10.0.0.1', { spec: { containers } })),
    ).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }]);
  });

  it('looks at protocols, too', () => {
    const ports = [{ name: 'dns', port: 53, protocol: 'UDP', targetPort: 'dns' }];
    const containers = [{ name: 'c', ports: [named('dns', 1), named('dns', 2, 'UDP')] }];
    expect(
      endpointPorts(service({ ports }), pod('a', '10.0.0.1', { spec: { containers } })),
    ).toEqual([{ name: 'dns', port: 2, protocol: 'UDP' }]);
  });

  it('looks at sidecars after containers, and at no other init containers', () => {
    const ports = [
      { name: 'a', port: 1, targetPort: 'a' },
      { name: 'b', port: 2, targetPort: 'b' },
      { name: 'c', port: 3, targetPort: 'c' },
    ];
    const spec = {
      containers: [{ name: 'c', ports: [named('a', 10)] }],
      initContainers: [
        { name: 'i', ports: [named('c', 30)] },
        { name: 's', restartPolicy: 'Always', ports: [named('a', 11), named('b', 20)] },
      ],
    };
    expect(
      endpointPorts(service({ ports }), pod('a', '10.0.0.1', { spec })).map(({ port }) => port),
    ).toEqual([10, 20]);
  });

  it('keeps the application protocol', () => {
    const ports = [{ name: 'x', port: 1, appProtocol: 'kubernetes.io/h2c' }];
    expect(endpointPorts(service({ ports }), pod('a', '10.0.0.1'))).toEqual([
      { name: 'x', port: 1, protocol: 'TCP', appProtocol: 'kubernetes.io/h2c' },
    ]);
  });

  it('are none for a Service without ports', () => {
    expect(endpointPorts(service({ ports: undefined }), pod('a', '10.0.0.1'))).toEqual([]);
  });
});

describe('endpointOf', () => {
  it.core('says where a pod is and how it fares', () => {
    expect(endpointOf(service(), pod('a', '10.0.0.1'), 'IPv4', 'z1')).toEqual({
      addresses: ['10.0.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' },
      nodeName: 'n1',
      zone: 'z1',
    });
  });

  it.core('is there, but not ready, for a pod that is not ready', () => {
    const endpoint = endpointOf(service(), pod('a', '10.0.0.1', { status: notReady }), 'IPv4');
    expect(endpoint?.conditions).toEqual({ ready: false, serving: false, terminating: false });
  });

  it('still serves while it is being deleted', () => {
    const endpoint = endpointOf(service(), pod('a', '10.0.0.1', { metadata: going }), 'IPv4');
    expect(endpoint?.conditions).toEqual({ ready: false, serving: true, terminating: true });
  });

  it('is always ready when the Service wants it so', () => {
    const eager = service({ publishNotReadyAddresses: true });
    const conditions = (more: object) =>
      endpointOf(eager, pod('a', '10.0.0.1', more), 'IPv4')?.conditions;
    expect(conditions({ status: notReady })).toEqual({
      ready: true,
      serving: false,
      terminating: false,
    });
    expect(conditions({ metadata: going })).toEqual({
      ready: true,
      serving: true,
      terminating: true,
    });
  });

  it('is none without an address, or after the end', () => {
    const of = (status: object) => endpointOf(service(), pod('a', '10.0.0.1', { status }), 'IPv4');
    expect(of({ podIP: undefined, podIPs: undefined })).toBeUndefined();
    expect(of({ podIP: '', podIPs: [] })).toBeUndefined();
    expect(of({ phase: 'Succeeded' })).toBeUndefined();
    expect(of({ phase: 'Failed' })).toBeUndefined();
  });

  it('has the addresses of the family', () => {
    const both = { podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] };
    const of = (family: 'IPv4' | 'IPv6', status: object) =>
      endpointOf(service(), pod('a', '10.0.0.1', { status }), family)?.addresses;
    expect(of('IPv6', both)).toEqual(['fd00::1']);
    expect(of('IPv4', both)).toEqual(['10.0.0.1']);
    expect(of('IPv6', {})).toBeUndefined();
  });

  it("has the pod's hostname when its subdomain is the Service", () => {
    const of = (spec: object) =>
      endpointOf(service(), pod('a', '10.0.0.1', { spec }), 'IPv4')?.hostname;
    expect(of({ hostname: 'a', subdomain: 'web' })).toBe('a');
    expect(of({ hostname: 'a', subdomain: 'other' })).toBeUndefined();
    expect(of({ hostname: 'a' })).toBeUndefined();
    expect(of({ subdomain: 'web' })).toBeUndefined();
  });

  it('leaves out what is not known', () => {
    const endpoint = endpointOf(
      service(),
      pod('a', '10.0.0.1', { spec: { nodeName: undefined } }),
      'IPv4',
    );
    expect(Object.keys(endpoint ?? {}).sort()).toEqual(['addresses', 'conditions', 'targetRef']);
  });
});

const HTTP = [{ name: 'http', port: 80, protocol: 'TCP' }];
const ADMIN = [{ name: 'admin', port: 90, protocol: 'TCP' }];

function endpoint(name: string, ready = true) {
  return {
    addresses: [`10.0.0.${name.length}`],
    conditions: { ready, serving: ready, terminating: false },
    targetRef: { kind: 'Pod', namespace: 'default', name, uid: name },
  };
}
const wanted = (names: string, ports = HTTP): PlacedEndpoint[] =>
  names
    .split(' ')
    .filter((name) => name !== '')
    .map((name) => ({ endpoint: endpoint(name), ports }));
function slice(name: string, names: string, ports = HTTP): Slice {
  return {
    metadata: { name, resourceVersion: '7' },
    addressType: 'IPv4',
    ports,
    endpoints: wanted(names).map((one) => one.endpoint),
  } as Slice;
}
const namesIn = (endpoints: readonly { targetRef?: { name?: string } }[] | undefined) =>
  (endpoints ?? []).map((one) => one.targetRef?.name).join(' ');

/** A plan as texts: `create [1 2]`, `update A [1]`, `remove B`. */
function planned(plan: ReturnType<typeof planSlices>): string[] {
  return [
    ...plan.create.map((one) => `create [${namesIn(one.endpoints)}]`),
    ...plan.update.map((one) => `update ${one.metadata?.name} [${namesIn(one.endpoints)}]`),
    ...plan.remove.map((one) => `remove ${one.metadata?.name}`),
  ];
}

describe('planSlices', () => {
  const cases: [string, string, Record<string, string>, string[]][] = [
    ['makes the first slice', '1 2', {}, ['create [1 2]']],
    [
      'makes as many as are needed',
      '1 2 3 4 5 6 7',
      {},
      ['create [1 2 3]', 'create [4 5 6]', 'create [7]'],
    ],
    ['does nothing when all is right', '1 2 3 4', { A: '1 2 3', B: '4' }, []],
    ['does nothing for another order', '4 3 2 1', { A: '1 2 3', B: '4' }, []],
    ['takes out what is gone', '1 3', { A: '1 2 3' }, ['update A [1 3]']],
    ['removes what is empty', '1 2 3', { A: '1 2 3', B: '4 5' }, ['remove B']],
    ['removes all', '', { A: '1 2 3', B: '4 5' }, ['remove A', 'remove B']],
    ['adds where there is room', '1 2 3', { A: '1 2' }, ['update A [1 2 3]']],
    ['adds a slice when there is none', '1 2 3 4', { A: '1 2 3' }, ['create [4]']],
    [
      'puts the new where something changes anyway',
      '1 2 3 4 6',
      { A: '1 2 3', B: '4 5' },
      ['update B [4 6]'],
    ],
    [
      'prefers a slice that changes to one that is fuller',
      '1 2 5 9',
      { A: '1 2', B: '4 5' },
      ['update B [5 9]'],
    ],
    [
      'fills the fullest that has room for all',
      '1 2 3 4',
      { A: '1', B: '2 3' },
      ['update B [2 3 4]'],
    ],
    [
      'does not split what fits nowhere together',
      '1 2 3 4 5 6',
      { A: '1 2', B: '3 4' },
      ['create [5 6]'],
    ],
    [
      'fills new slices first when there is much',
      '1 2 4 5 6 7',
      { A: '1 2' },
      ['create [4 5 6]', 'update A [1 2 7]'],
    ],
    ['uses a slice again instead of removing it', '7 8', { A: '1 2 3' }, ['update A [7 8]']],
    ['uses as many again as it can', '6 7 8 9', { A: '1 2 3' }, ['create [9]', 'update A [6 7 8]']],
    ['keeps one place for each', '1 2', { A: '1 2', B: '2' }, ['remove B']],
    ['keeps the place it has first', '1 2 3', { A: '1 2', B: '2 3' }, ['update B [3]']],
  ];
  for (const [name, want, slices, expected] of cases) {
    it(name, () => {
      const existing = Object.entries(slices).map(([each, names]) => slice(each, names));
      expect(planned(planSlices(wanted(want), existing, 3)).sort()).toEqual([...expected].sort());
    });
  }

  it.core('changes no slice but the one in which something changed', () => {
    const existing = [slice('A', '1 2 3'), slice('B', '4 5')];
    expect(planned(planSlices(wanted('1 2 3 4 5'), existing, 3))).toEqual([]);
    expect(planned(planSlices(wanted('1 2 3 4'), existing, 3))).toEqual(['update B [4]']);
    expect(planned(planSlices(wanted('1 2 3 4 5 6'), existing, 3))).toEqual(['update B [4 5 6]']);
  });

  it.core('makes slices of a hundred', () => {
    const many = Array.from({ length: 250 }, (_, i) => `pod-${i}`).join(' ');
    const { create } = planSlices(wanted(many), []);
    expect(create.map((one) => one.endpoints.length)).toEqual([100, 100, 50]);
  });

  it('renews an endpoint whose state changed, in its place', () => {
    const later = wanted('1 2 3').map((one) =>
      namesIn([one.endpoint]) === '2' ? { ...one, endpoint: endpoint('2', false) } : one,
    );
    const { update, create, remove } = planSlices(later, [slice('A', '1 2 3')], 3);
    expect([create, remove]).toEqual([[], []]);
    expect(update[0]?.endpoints?.map((one) => one.conditions?.ready)).toEqual([true, false, true]);
    expect(update[0]?.metadata).toEqual({ name: 'A', resourceVersion: '7' });
  });

  it('tells pods of one address apart, and a pod that has another address now', () => {
    const twins = wanted('a b');
    expect(planned(planSlices(twins, [slice('A', 'a')], 3))).toEqual(['update A [a b]']);
    const moved = [{ endpoint: { ...endpoint('a'), addresses: ['10.9.9.9'] }, ports: HTTP }];
    const { update } = planSlices(moved, [slice('A', 'a b')], 3);
    expect(update[0]?.endpoints?.map((one) => one.addresses)).toEqual([['10.9.9.9']]);
  });

  it('keeps other ports apart', () => {
    const both = [...wanted('1 2'), ...wanted('3', ADMIN)];
    const plan = planSlices(both, [slice('A', '1')], 3);
    expect(planned(plan)).toEqual(['create [3]', 'update A [1 2]']);
    expect(plan.create[0]?.ports).toEqual(ADMIN);
  });

  it('does not care in which order ports stand', () => {
    const ports = [...HTTP, ...ADMIN];
    const reversed = slice('A', '1', [...ADMIN, ...HTTP]);
    expect(planned(planSlices(wanted('1', ports), [reversed], 3))).toEqual([]);
  });

  it('gives a slice whose ports are gone to others', () => {
    const plan = planSlices(wanted('1', ADMIN), [slice('A', '1')], 3);
    expect(planned(plan)).toEqual(['update A [1]']);
    expect(plan.update[0]?.ports).toEqual(ADMIN);
  });

  it('leaves existing slices as they are', () => {
    const existing = [slice('A', '1 2')];
    planSlices(wanted('2 3 4'), existing, 3);
    expect(namesIn(existing[0]?.endpoints)).toBe('1 2');
  });

  const pods = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 25 });
  property(
    'ends with each endpoint in one slice, and does nothing the second time',
    fc.array(pods, { minLength: 1, maxLength: 5 }),
    (rounds) => {
      let slices: Slice[] = [];
      let made = 0;
      for (const round of rounds) {
        const want = wanted(round.map((n) => `p${n}`).join(' '));
        const plan = planSlices(want, slices, 4);
        slices = apply(slices, plan, () => `s${made++}`);
        const all = slices.flatMap((one) =>
          (one.endpoints ?? []).map((each) => each.targetRef?.name),
        );
        expect([...all].sort()).toEqual(round.map((n) => `p${n}`).sort());
        expect(Math.max(0, ...slices.map((one) => one.endpoints?.length ?? 0))).toBeLessThanOrEqual(
          4,
        );
        expect(planned(planSlices(want, slices, 4))).toEqual([]);
      }
    },
  );
});

function apply(
  slices: Slice[],
  plan: ReturnType<typeof planSlices>,
  newName: () => string,
): Slice[] {
  const nameOf = (one: Slice) => one.metadata?.name;
  const removed = new Set(plan.remove.map(nameOf));
  const updated = new Map(plan.update.map((one) => [nameOf(one), one]));
  const kept = slices
    .filter((one) => !removed.has(nameOf(one)))
    .map((one) => updated.get(nameOf(one)) ?? one);
  const created = plan.create.map(
    ({ ports, endpoints }) =>
      ({
        metadata: { name: newName() },
        addressType: 'IPv4',
        ports,
        endpoints,
      }) as unknown as Slice,
  );
  return [...kept, ...created];
}

describe('subsetsOf', () => {
  const address = (name: string, ip: string) => ({
    ip,
    nodeName: 'n1',
    targetRef: { kind: 'Pod', namespace: 'default', name, uid: `uid-${name}` },
  });

  it.core('tells ready pods from others', () => {
    const pods = [pod('a', '10.0.0.1'), pod('b', '10.0.0.2', { status: notReady })];
    expect(subsetsOf(service(), pods, 'IPv4')).toEqual([
      {
        addresses: [address('a', '10.0.0.1')],
        notReadyAddresses: [address('b', '10.0.0.2')],
        ports: [{ name: '', port: 80, protocol: 'TCP' }],
      },
    ]);
  });

  it('has no pods that go, have ended or have no address', () => {
    const pods = [
      pod('a', '10.0.0.1', { metadata: going }),
      pod('b', '10.0.0.2', { status: { phase: 'Failed' } }),
      pod('c', '', { status: { podIPs: undefined } }),
    ];
    expect(subsetsOf(service(), pods, 'IPv4')).toEqual([]);
  });

  it('orders addresses, and leaves empty lists out', () => {
    const pods = [pod('b', '10.0.0.2'), pod('a', '10.0.0.1'), pod('c', '10.0.0.10')];
    const [subset] = subsetsOf(service(), pods, 'IPv4');
    expect(subset?.addresses?.map(({ ip }) => ip)).toEqual(['10.0.0.1', '10.0.0.10', '10.0.0.2']);
    expect(Object.keys(subset ?? {}).sort()).toEqual(['addresses', 'ports']);
  });

  it('puts pods with other ports into another subset', () => {
    const ports = [{ name: 'http', port: 80, targetPort: 'web' }];
    const at = (containerPort: number) => ({
      spec: {
        nodeName: 'n1',
        containers: [{ name: 'c', ports: [{ name: 'web', containerPort }] }],
      },
    });
    const pods = [
      pod('a', '10.0.0.1', at(1)),
      pod('b', '10.0.0.2', at(2)),
      pod('c', '10.0.0.3', at(1)),
    ];
    const subsets = subsetsOf(service({ ports }), pods, 'IPv4');
    expect(
      subsets.map(({ addresses, ports: each }) => [addresses?.length, each?.[0]?.port]),
    ).toEqual([
      [2, 1],
      [1, 2],
    ]);
  });

  it('leaves out a pod that serves no port, unless there are no ports at all', () => {
    const ports = [{ port: 80, targetPort: 'web' }];
    expect(subsetsOf(service({ ports }), [pod('a', '10.0.0.1')], 'IPv4')).toEqual([]);
    const headless = service({ ports: undefined, clusterIP: 'None' });
    expect(subsetsOf(headless, [pod('a', '10.0.0.1')], 'IPv4')).toEqual([
      { addresses: [address('a', '10.0.0.1')] },
    ]);
  });

  it('counts pods that are not ready as ready when the Service wants it so', () => {
    const eager = service({ publishNotReadyAddresses: true });
    const [subset] = subsetsOf(eager, [pod('a', '10.0.0.1', { status: notReady })], 'IPv4');
    expect(subset?.addresses?.length).toBe(1);
  });

  it('has hostnames', () => {
    const named = pod('a', '10.0.0.1', { spec: { hostname: 'a-0', subdomain: 'web' } });
    expect(subsetsOf(service(), [named], 'IPv4')[0]?.addresses?.[0]?.hostname).toBe('a-0');
  });

  it('has addresses of its family only', () => {
    const pods = [pod('a', '10.0.0.1'), pod('b', 'fd00::2')];
    expect(subsetsOf(service(), pods, 'IPv6')[0]?.addresses?.map(({ ip }) => ip)).toEqual([
      'fd00::2',
    ]);
  });
});
