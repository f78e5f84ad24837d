/** Tables: ages, a row of each kind of object, custom columns and their paths. */

import { describe, expect, it } from 'vitest';
import type { ApiObject, Json } from '../../../solutions/02-apiserver/api-object.ts';
import { builtInKinds } from '../../../solutions/02-apiserver/kinds/built-in-kinds.ts';
import type { Kind, PrinterColumn } from '../../../solutions/02-apiserver/kinds/kind.ts';
import { age, humanDuration } from '../../../solutions/02-apiserver/tables/age.ts';
import { customConvertor } from '../../../solutions/02-apiserver/tables/custom-columns.ts';
import { JsonPathError, parseJsonPath } from '../../../solutions/02-apiserver/tables/json-path.ts';
import {
  partialMetadata,
  partialMetadataList,
} from '../../../solutions/02-apiserver/tables/partial-metadata.ts';
import { scalePrinter } from '../../../solutions/02-apiserver/tables/printers/scale.ts';
import { newTable, tableFor } from '../../../solutions/02-apiserver/tables/table.ts';

const NOW = Date.parse('2025-01-01T00:10:00Z');
const CREATED = '2025-01-01T00:00:00Z';

function kindOf(kind: string, group = ''): Kind {
  const found = builtInKinds().find((one) => one.kind === kind && one.group === group);
  if (!found) throw new Error(`there is no kind ${kind}`);
  return found;
}

function object(fields: object, metadata: object = {}): ApiObject {
  const known = { name: 'x', creationTimestamp: CREATED, ...metadata };
  return { apiVersion: 'v1', kind: 'X', metadata: known, ...fields } as ApiObject;
}

const cells = (kind: Kind, fields: object, metadata?: object): Json[] =>
  tableFor(kind).cells(object(fields, metadata), NOW);

describe('ages', () => {
  it.each([
    [-3, '<invalid>'],
    [-1.5, '0s'],
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [599, '9m59s'],
    [600, '10m'],
    [179 * 60, '179m'],
    [180 * 60, '3h'],
    [181 * 60, '3h1m'],
    [47.9 * 3600, '47h'],
    [48 * 3600, '2d'],
    [(7 * 24 + 23) * 3600, '7d23h'],
    [8 * 24 * 3600, '8d'],
    [729 * 24 * 3600, '729d'],
    [730 * 24 * 3600, '2y'],
    [731 * 24 * 3600, '2y1d'],
    [8 * 365 * 24 * 3600, '8y'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(humanDuration(seconds * 1000)).toBe(text);
  });

  it('does not know the age of what has no time', () => {
    expect(age(undefined, NOW)).toBe('<unknown>');
    expect(age(CREATED, NOW)).toBe('10m');
  });
});

describe('a pod', () => {
  const spec = { containers: [{ name: 'a' }, { name: 'b' }], nodeName: 'n1' };
  const running = (name: string, more: object = {}) => ({
    name,
    ready: true,
    restartCount: 0,
    state: { running: {} },
    ...more,
  });
  const summary = (status: object, more: object = {}, metadata: object = {}) =>
    cells(kindOf('Pod'), { spec: { ...spec, ...more }, status }, metadata).slice(1, 4);

  it('is running', () => {
    const status = {
      phase: 'Running',
      podIPs: [{ ip: '10.0.0.1' }],
      containerStatuses: [running('a'), running('b')],
    };
    expect(cells(kindOf('Pod'), { spec, status })).toEqual([
      'x',
      '2/2',
      'Running',
      '0',
      '10m',
      '10.0.0.1',
      'n1',
      '<none>',
      '<none>',
    ]);
  });

  it('says how often and when it was started again', () => {
    const lastState = { terminated: { exitCode: 1, finishedAt: '2025-01-01T00:05:00Z' } };
    const containerStatuses = [
      running('a', { restartCount: 3, lastState }),
      {
        name: 'b',
        ready: false,
        restartCount: 1,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
      },
    ];
    const status = { phase: 'Running', containerStatuses };
    expect(summary(status)).toEqual(['1/2', 'CrashLoopBackOff', '4 (5m ago)']);
  });

  const inits = { initContainers: [{ name: 'i' }, { name: 'j' }] };
  const waiting = (name: string, reason?: string) => ({
    name,
    ready: false,
    restartCount: 0,
    state: { waiting: { reason } },
  });
  const done = (name: string) => ({
    name,
    ready: true,
    restartCount: 0,
    state: { terminated: { exitCode: 0, reason: 'Completed' } },
  });
  it.each([
    ['Init:0/2', [waiting('i', 'PodInitializing'), waiting('j')]],
    ['Init:1/2', [done('i'), running('j', { ready: false })]],
    ['Init:CrashLoopBackOff', [done('i'), waiting('j', 'CrashLoopBackOff')]],
    ['Init:ExitCode:3', [{ ...done('i'), state: { terminated: { exitCode: 3 } } }]],
    ['Init:Signal:9', [{ ...done('i'), state: { terminated: { exitCode: 137, signal: 9 } } }]],
    ['Init:Error', [{ ...done('i'), state: { terminated: { exitCode: 1, reason: 'Error' } } }]],
  ])('is initializing: %s', (reason, initContainerStatuses) => {
    const status = { phase: 'Pending', initContainerStatuses };
    expect(summary(status, inits)).toEqual(['0/2', reason, '0']);
  });

  it('counts sidecars among its containers', () => {
    const initContainers = [{ name: 's', restartPolicy: 'Always' }];
    const status = {
      phase: 'Running',
      initContainerStatuses: [running('s', { started: true, restartCount: 2 })],
      containerStatuses: [running('a'), running('b')],
    };
    expect(summary(status, { initContainers })).toEqual(['3/3', 'Running', '2']);
  });

  it.each([
    ['Completed', { phase: 'Succeeded', containerStatuses: [done('a'), done('b')] }, {}],
    ['NotReady', { phase: 'Running', containerStatuses: [running('a'), done('b')] }, {}],
    ['ContainerCreating', { containerStatuses: [waiting('a', 'ContainerCreating')] }, {}],
    ['Evicted', { phase: 'Failed', reason: 'Evicted' }, {}],
    ['Terminating', { phase: 'Running' }, { deletionTimestamp: CREATED }],
    ['Succeeded', { phase: 'Succeeded' }, { deletionTimestamp: CREATED }],
    ['Unknown', { phase: 'Running', reason: 'NodeLost' }, { deletionTimestamp: CREATED }],
    [
      'SchedulingGated',
      {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
      },
      {},
    ],
  ])('is %s', (reason, status, metadata) => {
    expect(summary(status, {}, metadata)[1]).toBe(reason);
  });

  it('has a row that says it has ended', () => {
    const convertor = tableFor(kindOf('Pod'));
    expect(convertor.conditions?.(object({ spec, status: { phase: 'Failed' } }))).toEqual([
      { type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' },
    ]);
  });
});

describe('rows of other kinds', () => {
  const template = { spec: { containers: [{ name: 'c', image: 'i' }] } };
  const selector = { matchLabels: { a: 'b' } };
  it.each<[string, string, object, Json[]]>([
    [
      'Deployment',
      'apps',
      {
        spec: { replicas: 3, selector, template },
        status: { readyReplicas: 1, updatedReplicas: 2 },
      },
      ['x', '1/3', 2, 0, '10m', 'c', 'i', 'a=b'],
    ],
    ['StatefulSet', 'apps', { spec: { replicas: 2, template } }, ['x', '0/2', '10m', 'c', 'i']],
    [
      'Job',
      'batch',
      {
        spec: { parallelism: 3, template, selector },
        status: { startTime: CREATED, conditions: [{ type: 'Suspended', status: 'True' }] },
      },
      ['x', 'Suspended', '0/1 of 3', '10m', '10m', 'c', 'i', 'a=b'],
    ],
    [
      'CronJob',
      'batch',
      { spec: { schedule: '* * * * *', suspend: false, jobTemplate: { spec: { template } } } },
      ['x', '* * * * *', '<none>', 'False', 0, '<none>', '10m', 'c', 'i', '<none>'],
    ],
    [
      'Service',
      '',
      {
        spec: {
          type: 'LoadBalancer',
          clusterIPs: ['10.96.0.9'],
          ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }],
        },
      },
      ['x', 'LoadBalancer', '10.96.0.9', '<pending>', '80:30080/TCP', '10m', '<none>'],
    ],
    [
      'Endpoints',
      '',
      {
        subsets: [
          {
            addresses: ['1', '2', '3', '4'].map((n) => ({ ip: `10.0.0.${n}` })),
            ports: [{ port: 80 }],
          },
        ],
      },
      ['x', '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...', '10m'],
    ],
    [
      'EndpointSlice',
      'discovery.k8s.io',
      { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ name: 'p' }] },
      ['x', 'IPv4', 'p', '10.0.0.1', '10m'],
    ],
    [
      'Ingress',
      'networking.k8s.io',
      { spec: { rules: [{ host: 'a.b' }, {}], tls: [{}] } },
      ['x', '<none>', 'a.b', '', '80, 443', '10m'],
    ],
    [
      'PersistentVolume',
      '',
      {
        spec: { capacity: { storage: '1024Mi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'] },
        status: { phase: 'Available' },
      },
      ['x', '1Gi', 'RWO,RWX', '', 'Available', '', '', '<unset>', '', '10m', '<unset>'],
    ],
    [
      'ResourceQuota',
      '',
      { status: { hard: { cpu: '4', 'limits.cpu': '8' }, used: { cpu: '1', 'limits.cpu': '2' } } },
      ['x', 'cpu: 1/4', 'limits.cpu: 2/8', '10m'],
    ],
    [
      'ClusterRoleBinding',
      'rbac.authorization.k8s.io',
      {
        roleRef: { kind: 'ClusterRole', name: 'admin' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'ServiceAccount', namespace: 'n', name: 's' },
        ],
      },
      ['x', 'ClusterRole/admin', '10m', 'u', '', 'n/s'],
    ],
    [
      'CertificateSigningRequest',
      'certificates.k8s.io',
      {
        spec: { signerName: 's', username: 'u', expirationSeconds: 3600 },
        status: { conditions: [{ type: 'Approved', status: 'True' }], certificate: 'x' },
      },
      ['x', '10m', 's', 'u', '60m', 'Approved,Issued'],
    ],
    [
      'Event',
      '',
      {
        type: 'Normal',
        reason: 'Created',
        message: ' made \n',
        involvedObject: { kind: 'Pod', name: 'p' },
        eventTime: CREATED,
        reportingComponent: 'kubelet',
        reportingInstance: 'n1',
      },
      ['10m', 'Normal', 'Created', 'pod/p', '', 'kubelet, n1', 'made', '10m', 1, 'x'],
    ],
    ['Role', 'rbac.authorization.k8s.io', { rules: [] }, ['x', CREATED]],
    ['LimitRange', '', { spec: {} }, ['x', CREATED]],
  ])('%s', (kind, group, fields, row) => {
    expect(cells(kindOf(kind, group), fields)).toEqual(row);
  });

  it('shows a node with what it is and whether it takes pods', () => {
    const labels = { 'node-role.kubernetes.io/control-plane': '', 'kubernetes.io/role': 'master' };
    const fields = {
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'Unknown' }],
        addresses: [{ type: 'InternalIP', address: '10.1.1.1' }],
        nodeInfo: { kubeletVersion: 'v1.33.0' },
      },
    };
    expect(cells(kindOf('Node'), fields, { labels }).slice(1, 7)).toEqual([
      'NotReady,SchedulingDisabled',
      'control-plane,master',
      '10m',
      'v1.33.0',
      '10.1.1.1',
      '<none>',
    ]);
  });

  it('shows what an autoscaler aims at', () => {
    const target = (more: object) => ({
      spec: { scaleTargetRef: { kind: 'D', name: 'd' }, maxReplicas: 5, ...more },
    });
    const cpu = (averageUtilization: number) => ({
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
    });
    expect(
      cells(
        kindOf('HorizontalPodAutoscaler', 'autoscaling'),
        target({ metrics: [cpu(80), cpu(70), cpu(60)] }),
      ),
    ).toEqual([
      'x',
      'D/d',
      'cpu: <unknown>/80%, cpu: <unknown>/70% + 1 more...',
      '<unset>',
      5,
      0,
      '10m',
    ]);
  });

  it('shows a scale with how many there are to be and are', () => {
    expect(scalePrinter.columns.map(({ name }) => name)).toEqual([
      'Name',
      'Desired',
      'Available',
      'Age',
    ]);
    const scale = object({ spec: { replicas: 3 }, status: { replicas: 1 } });
    expect(scalePrinter.cells(scale, NOW)).toEqual(['x', 3, 1, '10m']);
  });

  it('has one value for each column, whatever is missing', () => {
    for (const kind of builtInKinds()) {
      const { columns, cells } = tableFor(kind);
      const bookmark = { apiVersion: 'v1', kind: kind.kind, metadata: { resourceVersion: '7' } };
      for (const one of [bookmark, { ...bookmark, spec: {}, status: {} }]) {
        const row = cells(one as unknown as ApiObject, NOW);
        expect(row.length, kind.kind).toBe(columns.length);
        expect(row, kind.kind).not.toContain(undefined);
      }
    }
  });
});

describe('a table', () => {
  const convertor = tableFor(kindOf('ConfigMap'));
  const options = {
    includeObject: 'Metadata',
    noHeaders: false,
    resourceVersion: '7',
    nowMs: NOW,
  } as const;

  it('has columns, rows and the metadata of their objects', () => {
    const config = object({ data: { a: '1' } });
    expect(
      newTable(convertor, [config], { ...options, continue: 'c', remainingItemCount: 3 }),
    ).toEqual({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '7', continue: 'c', remainingItemCount: 3 },
      columnDefinitions: convertor.columns,
      rows: [{ cells: ['x', 1, '10m'], object: partialMetadata(config) }],
    });
  });

  it.each(['None', 'Object'] as const)('includes the object: %s', (includeObject) => {
    const config = object({});
    const table = newTable(convertor, [config], { ...options, includeObject, noHeaders: true });
    const row = { cells: ['x', 0, '10m'], object: includeObject === 'None' ? null : config };
    expect(table).toMatchObject({ columnDefinitions: null, rows: [row] });
  });

  it('has a smaller brother of metadata alone', () => {
    const list = partialMetadataList([object({ data: {} })], { resourceVersion: '7' });
    expect(list).toEqual({
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '7' },
      items: [partialMetadata(object({}))],
    });
  });
});

describe('JSON paths', () => {
  const value = {
    spec: { replicas: 3, list: [1, 2, 3], 'a.b': 'dotted' },
    status: {
      conditions: [
        { type: 'Ready', status: 'True', n: 2 },
        { type: 'Other', status: 'False', n: 5 },
      ],
    },
  };
  it.each<[string, Json[]]>([
    ['.spec.replicas', [3]],
    ['$.spec.replicas', [3]],
    ['.spec.missing.deeper', []],
    ['.spec.list[0]', [1]],
    ['.spec.list[-1]', [3]],
    ['.spec.list[0:2]', [1, 2]],
    ['.spec.list[*]', [1, 2, 3]],
    ['.spec.list[0,2]', [1, 3]],
    [".spec['replicas']", [3]],
    [".spec['a\\.b']", ['dotted']],
    [".spec['a.b']", []],
    ['.spec.a\\.b', ['dotted']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type!='Ready')].status", ['False']],
    ['.status.conditions[?(@.n>2)].type', ['Other']],
    ['.status.conditions[?(@.n)].n', [2, 5]],
    ['.status.conditions[?(@.n==5)].type', ['Other']],
    ['.spec.list[::2]', [1, 3]],
    ['..type', ['Ready', 'Other']],
  ])('finds %s', (path, found) => {
    expect(parseJsonPath(path)(value)).toEqual(found);
  });

  it.each(['.spec.list[', '.spec.list[a]', '.a[?(@.x==1]', '....'])('refuses %s', (path) => {
    expect(() => parseJsonPath(path)).toThrow(JsonPathError);
  });

  it.each([
    ['an index beyond the end', '.spec.list[3]'],
    ['a bound beyond the end', '.spec.list[0:4]'],
    ['a word', 'spec.replicas'],
    ['to compare a text with a number', '.status.conditions[?(@.type==5)]'],
    ['to compare with one equals sign', '.status.conditions[?(@.type="Ready")]'],
  ])('refuses %s, when it is used', (_, path) => {
    expect(() => parseJsonPath(path)(value)).toThrow(JsonPathError);
  });
});

describe('a custom resource', () => {
  const column = (type: string, jsonPath: string): PrinterColumn => ({ name: 'C', type, jsonPath });
  it.each<[string, string, Json]>([
    ['string', '.spec.text', 'hi'],
    ['string', '.spec.number', '5'],
    ['string', '.spec.map', '{"a":1,"b":"\\u003c"}'],
    ['string', '.spec.nothing', '<no value>'],
    ['integer', '.spec.number', 5],
    ['integer', '.spec.text', null],
    ['boolean', '.spec.flag', true],
    ['date', '.metadata.creationTimestamp', '10m'],
    ['date', '.spec.text', '<invalid>'],
    ['date', '.spec.year', '<invalid>'],
    ['date', '.spec.empty', '<unknown>'],
    ['string', '.spec.missing', null],
    ['string', '.spec.text[0]', null],
  ])('shows a %s of %s', (type, path, shown) => {
    const spec = { text: 'hi', number: 5, map: { b: '<', a: 1 }, flag: true };
    Object.assign(spec, { nothing: null, year: '2025', empty: '' });
    expect(customConvertor([column(type, path)]).cells(object({ spec }), NOW)).toEqual([
      'x',
      shown,
    ]);
  });

  it('shows its age when nothing else is asked for', () => {
    const convertor = customConvertor();
    expect(convertor.columns.map(({ name }) => name)).toEqual(['Name', 'Age']);
    expect(convertor.cells(object({}), NOW)).toEqual(['x', '10m']);
  });
});
