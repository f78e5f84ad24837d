import type { Container } from '#apimachinery';
import { describe, expect, it } from '#kit';
import {
  type ConfigMap,
  environmentOf,
  expandVariables,
  fieldValue,
  linuxLimits,
  resourceValue,
  type Secret,
  serviceVariables,
} from '#kubelet';

describe('expandVariables', () => {
  const values = new Map([
    ['A', '1'],
    ['B', '$(A)'],
  ]);
  const cases: [string, string][] = [
    ['$(A)', '1'],
    ['x$(A)$(A)y', 'x11y'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$(NO)', '$(NO)'],
    ['$A $(A $', '$A $(A $'],
    ['$(B)', '$(A)'],
    ['plain', 'plain'],
  ];
  for (const [text, expected] of cases) {
    const run = () => expect(expandVariables(text, (name) => values.get(name))).toBe(expected);
    if (text === 'x$(A)$(A)y' || text === '$$(A)') it.core(`makes ${expected} of ${text}`, run);
    else it(`makes ${expected} of ${text}`, run);
  }
});

const pod = {
  metadata: { name: 'p', namespace: 'd', uid: 'u', labels: { b: '2', a: 'say "1"' } },
  spec: {
    serviceAccountName: 'sa',
    containers: [{ name: 'c' }, { name: 'other', resources: { limits: { cpu: '1500m' } } }],
  },
};
const configMaps: Record<string, ConfigMap> = { m: { data: { z: '26', a: '1' } } };
const secrets: Record<string, Secret> = { s: { data: { k: btoa('hidden') } } };

function environment(container: Partial<Container>, services: [string, string][] = []) {
  return [
    ...environmentOf({
      pod,
      container: { name: 'c', ...container },
      podIPs: ['10.0.0.1', 'fd00::1'],
      hostIPs: ['192.0.2.1'],
      nodeName: 'n',
      configMap: (name) => configMaps[name],
      secret: (name) => secrets[name],
      services: new Map(services),
      allocatable: { cpu: '4', memory: '8Gi' },
    }),
  ];
}

describe('environmentOf', () => {
  it.core('knows what came before', () => {
    expect(
      environment({
        env: [{ name: 'A', value: '1' }, { name: 'B', value: '$(A)$(C)' }, { name: 'C' }],
      }),
    ).toEqual([
      ['A', '1'],
      ['B', '1$(C)'],
      ['C', ''],
    ]);
  });
  it('takes Services, then whole objects, then single variables', () => {
    const container = {
      envFrom: [{ configMapRef: { name: 'm' }, prefix: 'P_' }, { secretRef: { name: 's' } }],
      env: [{ name: 'P_a', value: 'own' }],
    };
    expect(
      environment(container, [
        ['P_z', 'service'],
        ['X', '$(P_a)'],
      ]),
    ).toEqual([
      ['P_z', '26'],
      ['X', '$(P_a)'],
      ['P_a', 'own'],
      ['k', 'hidden'],
    ]);
  });
  it('takes single keys', () => {
    const env = [
      { name: 'M', valueFrom: { configMapKeyRef: { name: 'm', key: 'a' } } },
      { name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'N', valueFrom: { configMapKeyRef: { name: 'm', key: 'no', optional: true } } },
      { name: 'O', valueFrom: { secretKeyRef: { name: 'none', key: 'no', optional: true } } },
    ];
    expect(environment({ env })).toEqual([
      ['M', '1'],
      ['S', 'hidden'],
    ]);
  });
  const missing: [string, Partial<Container>, string][] = [
    ['a ConfigMap', { envFrom: [{ configMapRef: { name: 'no' } }] }, 'configmap "no" not found'],
    ['a Secret', { envFrom: [{ secretRef: { name: 'no' } }] }, 'secret "no" not found'],
    [
      'a key’s ConfigMap',
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'no', key: 'k' } } }] },
      'configmap "no" not found',
    ],
    [
      'a key of a ConfigMap',
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'm', key: 'k' } } }] },
      "couldn't find key k in ConfigMap d/m",
    ],
    [
      'a key of a Secret',
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'x' } } }] },
      "couldn't find key x in Secret d/s",
    ],
    [
      'a container',
      {
        env: [
          {
            name: 'A',
            valueFrom: { resourceFieldRef: { containerName: 'no', resource: 'limits.cpu' } },
          },
        ],
      },
      'container no not found',
    ],
  ];
  for (const [what, container, message] of missing) {
    it(`fails without ${what}`, () => {
      expect(() => environment(container)).toThrow(message);
    });
  }
  it('leaves out whole objects that are optional', () => {
    const envFrom = [
      { configMapRef: { name: 'no', optional: true } },
      { secretRef: { name: 'no', optional: true } },
    ];
    expect(environment({ envFrom })).toEqual([]);
  });
  it('reads fields, and other containers’ resources', () => {
    const env = [
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      {
        name: 'CPU',
        valueFrom: {
          resourceFieldRef: { containerName: 'other', resource: 'limits.cpu', divisor: '1m' },
        },
      },
      {
        name: 'MEM',
        valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Gi' } },
      },
    ];
    expect(environment({ env })).toEqual([
      ['IP', '10.0.0.1'],
      ['CPU', '1500'],
      ['MEM', '8'],
    ]);
  });
});

describe('fieldValue', () => {
  const input = {
    pod,
    podIPs: ['10.0.0.1', 'fd00::1'],
    hostIPs: ['192.0.2.1', 'fd00::2'],
    nodeName: 'n',
  };
  const cases: [string, string][] = [
    ['metadata.name', 'p'],
    ['metadata.namespace', 'd'],
    ['metadata.uid', 'u'],
    ["metadata.labels['b']", '2'],
    ["metadata.labels['no']", ''],
    ['metadata.labels', 'a="say \\"1\\""\nb="2"'],
    ['metadata.annotations', ''],
    ['spec.nodeName', 'n'],
    ['spec.serviceAccountName', 'sa'],
    ['status.podIPs', '10.0.0.1,fd00::1'],
    ['status.hostIP', '192.0.2.1'],
    ['status.hostIPs', '192.0.2.1,fd00::2'],
  ];
  for (const [path, expected] of cases) {
    it(`reads ${path}`, () => {
      expect(fieldValue(path, input)).toBe(expected);
    });
  }
  it('knows no other', () => {
    expect(() => fieldValue('spec.hostname', input)).toThrow(
      'unsupported fieldPath: spec.hostname',
    );
  });
});

describe('fieldValue, of whole lists', () => {
  const annotationsOf = (annotations: Record<string, string>) => {
    const named = { pod: { metadata: { annotations } }, podIPs: [], hostIPs: [], nodeName: '' };
    return fieldValue('metadata.annotations', named);
  };
  it('escapes as JSON does', () => {
    expect(annotationsOf({ b: 'one\n\ttwo', a: 'C:\\' })).toBe('a="C:\\\\"\nb="one\\n\\ttwo"');
  });
  it('is empty when there are none', () => {
    expect(annotationsOf({})).toBe('');
  });
});

describe('resourceValue', () => {
  const container = {
    name: 'c',
    resources: { limits: { cpu: '1500m', memory: '64Mi' }, requests: { cpu: '100m' } },
  };
  const value = (resource: string, divisor: string) =>
    resourceValue(container, resource, divisor, { cpu: '4', memory: '8Gi' });
  it('rounds up', () => {
    expect([
      value('limits.cpu', '1'),
      value('limits.cpu', '1m'),
      value('requests.cpu', '0'),
    ]).toEqual(['2', '1500', '1']);
    expect(value('limits.memory', '1Mi')).toBe('64');
  });
  it('takes the node’s for limits that are not set, and 0 for the rest', () => {
    expect(resourceValue({ name: 'c' }, 'limits.cpu', '1', { cpu: '4' })).toBe('4');
    expect(value('requests.memory', '1')).toBe('0');
    expect(value('limits.ephemeral-storage', '1')).toBe('0');
  });
  it('knows requests and limits only', () => {
    expect(() => value('cpu', '1')).toThrow('unsupported container resource: cpu');
  });
});

describe('serviceVariables', () => {
  it.core('tells of a Service as Docker’s links did', () => {
    const ports = [
      { name: 'sql-1', port: 5432 },
      { port: 53, protocol: 'UDP' },
    ];
    const services = [{ metadata: { name: 'my-db' }, spec: { clusterIP: '10.96.0.9', ports } }];
    expect(Object.fromEntries(serviceVariables(services))).toEqual({
      MY_DB_SERVICE_HOST: '10.96.0.9',
      MY_DB_SERVICE_PORT: '5432',
      MY_DB_SERVICE_PORT_SQL_1: '5432',
      MY_DB_PORT: 'tcp://10.96.0.9:5432',
      MY_DB_PORT_5432_TCP: 'tcp://10.96.0.9:5432',
      MY_DB_PORT_5432_TCP_PROTO: 'tcp',
      MY_DB_PORT_5432_TCP_PORT: '5432',
      MY_DB_PORT_5432_TCP_ADDR: '10.96.0.9',
      MY_DB_PORT_53_UDP: 'udp://10.96.0.9:53',
      MY_DB_PORT_53_UDP_PROTO: 'udp',
      MY_DB_PORT_53_UDP_PORT: '53',
      MY_DB_PORT_53_UDP_ADDR: '10.96.0.9',
    });
  });
  it('puts IPv6 addresses in brackets, in URLs only', () => {
    const services = [
      { metadata: { name: 'a' }, spec: { clusterIP: 'fd00::9', ports: [{ port: 80 }] } },
    ];
    expect(Object.fromEntries(serviceVariables(services))).toEqual({
      A_SERVICE_HOST: 'fd00::9',
      A_SERVICE_PORT: '80',
      A_PORT: 'tcp://[fd00::9]:80',
      A_PORT_80_TCP: 'tcp://[fd00::9]:80',
      A_PORT_80_TCP_PROTO: 'tcp',
      A_PORT_80_TCP_PORT: '80',
      A_PORT_80_TCP_ADDR: 'fd00::9',
    });
  });
  it('leaves out those without an address', () => {
    expect(
      serviceVariables([
        { metadata: { name: 'a' }, spec: { clusterIP: 'None' } },
        { metadata: { name: 'b' } },
      ]).size,
    ).toBe(0);
  });
});

describe('linuxLimits', () => {
  const limits = (
    requests: Record<string, string>,
    most: Record<string, string> = {},
    qos = 'Burstable',
  ) => linuxLimits({ name: 'c', resources: { requests, limits: most } }, qos, 1000);
  it.core('makes shares of requests, and a quota of limits', () => {
    expect(limits({ cpu: '250m' }, { cpu: '500m', memory: '200' })).toMatchObject({
      cpuShares: 256,
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      memoryLimitInBytes: 200,
    });
  });
  it('takes the limit where nothing was requested', () => {
    expect(limits({}, { cpu: '1' }).cpuShares).toBe(1024);
  });
  it('takes the limit of memory, too, for who dies first', () => {
    expect(limits({}, { memory: '250' }).oomScoreAdj).toBe(750);
  });
  it('does not take the limit for a request of zero', () => {
    const zero = limits({ cpu: '0', memory: '0' }, { cpu: '1', memory: '250' });
    expect([zero.cpuShares, zero.oomScoreAdj]).toEqual([2, 999]);
  });
  it('keeps to what the kernel takes', () => {
    expect([limits({}).cpuShares, limits({ cpu: '1000' }).cpuShares]).toEqual([2, 262_144]);
    expect([limits({}, { cpu: '1m' }).cpuQuota, limits({}).cpuQuota]).toEqual([1000, 0]);
  });
  it('says who dies first', () => {
    expect(limits({}, {}, 'Guaranteed').oomScoreAdj).toBe(-997);
    expect(limits({}, {}, 'BestEffort').oomScoreAdj).toBe(1000);
    expect([
      limits({ memory: '250' }).oomScoreAdj,
      limits({}).oomScoreAdj,
      limits({ memory: '1000' }).oomScoreAdj,
    ]).toEqual([750, 999, 3]);
  });
});
