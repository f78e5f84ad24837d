/**
 * The core group's kinds: what is filled in, what is refused and in which words, and what may change.
 * Metadata, which every kind has, comes first.
 */

import { describe, expect, it } from 'vitest';
import { type FieldError, fieldErrorText, fieldsOf } from '#apimachinery';
import type { ApiObject } from '../../../solutions/02-apiserver/api-object.ts';
import { coreKinds } from '../../../solutions/02-apiserver/kinds/core/core-kinds.ts';
import { defaultPullPolicy } from '../../../solutions/02-apiserver/kinds/core/image-pull-policy.ts';
import { ipText, parseIp } from '../../../solutions/02-apiserver/kinds/core/ip-addresses.ts';
import { namespaceFinalizeKind } from '../../../solutions/02-apiserver/kinds/core/namespace.ts';
import { podEphemeralContainersKind } from '../../../solutions/02-apiserver/kinds/core/pod-ephemeral-containers.ts';
import { podResizeKind } from '../../../solutions/02-apiserver/kinds/core/pod-resize.ts';
import { validatePodTemplate } from '../../../solutions/02-apiserver/kinds/core/pod-template.ts';
import { podWarnings } from '../../../solutions/02-apiserver/kinds/core/pod-warnings.ts';
import { qosClassOf } from '../../../solutions/02-apiserver/kinds/core/qos.ts';
import type { Kind } from '../../../solutions/02-apiserver/kinds/kind.ts';
import {
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../../../solutions/02-apiserver/kinds/object-meta.ts';

type Fields = Record<string, unknown>;

const DNS_LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const DNS_SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function kindOf(resource: string): Kind {
  const found = coreKinds.find((kind) => kind.resource === resource);
  if (!found) throw new Error(`there is no kind ${resource}`);
  return found;
}

/** An object as it is after defaults and preparation, before it is checked. */
function made(resource: string, fields: Fields, metadata: Fields = {}): ApiObject {
  const kind = kindOf(resource);
  const object: ApiObject = {
    apiVersion: 'v1',
    kind: kind.kind,
    metadata: { name: 'a', ...(kind.namespaced && { namespace: 'default' }), ...metadata },
    ...structuredClone(fields),
  };
  kind.setDefaults(object);
  kind.prepareForCreate?.(object);
  return object;
}

function texts(faults: readonly FieldError[]): string[] {
  return faults.map(fieldErrorText);
}

function faultsOf(resource: string, fields: Fields, metadata?: Fields): string[] {
  return texts(kindOf(resource).validate(made(resource, fields, metadata)));
}

/** The faults of changing an object. */
function changeFaults(
  resource: string,
  fields: Fields,
  change: (object: ApiObject) => void,
  kind: Kind = kindOf(resource),
): string[] {
  return texts(changed(resource, fields, change, kind).faults);
}

function changed(
  resource: string,
  fields: Fields,
  change: (object: ApiObject) => void,
  kind: Kind = kindOf(resource),
) {
  const old = made(resource, fields);
  const object = structuredClone(old);
  change(object);
  kind.setDefaults(object);
  kind.prepareForUpdate?.(object, old);
  return { object, faults: kind.validateUpdate(object, old) };
}

/** The faults of a new status. */
function statusFaults(resource: string, fields: Fields, before: unknown, after: unknown): string[] {
  const kind = kindOf(resource);
  const old = { ...made(resource, fields), status: before };
  const object = { ...structuredClone(old), status: after };
  kind.prepareForStatusUpdate?.(object, old);
  return texts(kind.validateStatusUpdate?.(object, old) ?? []);
}

/** A path's value, for changing what is deep in an object. */
function at<T = Fields>(object: unknown, path: string): T {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], object) as T;
}

describe('object metadata', () => {
  const configMaps = kindOf('configmaps');
  const faults = (metadata: Fields, kind: Kind = configMaps) =>
    texts(validateObjectMeta({ apiVersion: 'v1', kind: kind.kind, metadata } as ApiObject, kind));
  const ok = { name: 'a', namespace: 'default' };
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };

  it.each<[string, Fields, string[]]>([
    ['is fine with a name and a namespace', ok, []],
    [
      'needs a name and a namespace',
      {},
      [
        'metadata.name: Required value: name or generateName is required',
        'metadata.namespace: Required value',
      ],
    ],
    [
      'has a name of the right form',
      { ...ok, name: 'A' },
      [`metadata.name: Invalid value: "A": ${DNS_SUBDOMAIN}`],
    ],
    ['may have a generateName with a hyphen at its end', { ...ok, generateName: 'a-' }, []],
    [
      'has a generateName of the right form',
      { ...ok, generateName: 'Ab-' },
      [`metadata.generateName: Invalid value: "Ab-": ${DNS_SUBDOMAIN}`],
    ],
    [
      'has a namespace of the right form',
      { ...ok, namespace: 'a_' },
      [`metadata.namespace: Invalid value: "a_": ${DNS_LABEL}`],
    ],
    [
      'has label keys and values of the right form',
      { ...ok, labels: { 'a/b/c': 'x', a: '-' } },
      [
        `metadata.labels: Invalid value: "a/b/c": a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
        `metadata.labels: Invalid value: "-": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
      ],
    ],
    [
      'may have upper case in the domain of an annotation',
      { ...ok, annotations: { 'Example.com/a': '' } },
      [],
    ],
    ['may have 256 KiB of annotations', { ...ok, annotations: { a: 'x'.repeat(262143) } }, []],
    [
      'may not have more',
      { ...ok, annotations: { a: 'x'.repeat(262144) } },
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [
      'has one controller',
      {
        ...ok,
        ownerReferences: [
          { ...owner, controller: true },
          { ...owner, name: 'q' },
        ],
      },
      [],
    ],
    [
      'has owners that can be found',
      { ...ok, ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] },
      [
        'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
        'metadata.ownerReferences.kind: Invalid value: "": kind must not be empty',
        'metadata.ownerReferences.name: Invalid value: "": name must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": uid must not be empty',
      ],
    ],
    [
      'may have finalizers that Kubernetes knows',
      { ...ok, finalizers: ['orphan', 'x.example/y'] },
      [],
    ],
    [
      'has a domain in front of other finalizers',
      { ...ok, finalizers: ['mine'] },
      [
        'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
      ],
    ],
    [
      'does not orphan and delete dependents',
      { ...ok, finalizers: ['orphan', 'foregroundDeletion'] },
      [
        'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
      ],
    ],
    [
      'has managed fields of the known form',
      { ...ok, managedFields: [{ operation: 'X', fieldsType: 'Y', manager: '\u0007' }] },
      [
        'metadata.managedFields[0].operation: Invalid value: "X": must be `Apply` or `Update`',
        'metadata.managedFields[0].fieldsType: Invalid value: "Y": must be `FieldsV1`',
        'metadata.managedFields[0].manager: Invalid value: "\\u0007": invalid character U+0007 (at position 0)',
      ],
    ],
  ])('%s', (_, metadata, expected) => {
    expect(faults(metadata)).toEqual(expected);
  });

  it('has no second controller', () => {
    const [text] = faults({
      ...ok,
      ownerReferences: [
        { ...owner, controller: true },
        { ...owner, name: 'q', controller: true },
      ],
    });
    expect(text).toContain(
      ': Only one reference can have Controller set to true. Found "true" in references for Pod/p and Pod/q',
    );
  });

  it('has no namespace where there are none', () => {
    expect(faults({ name: 'a', namespace: 'b' }, kindOf('nodes'))).toEqual([
      'metadata.namespace: Forbidden: not allowed on this type',
    ]);
  });

  it.each([
    [
      'services',
      '1a',
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-'",
    ],
    ['namespaces', 'a.b', 'a lowercase RFC 1123 label'],
    ['events', 'a/b', "may not contain '/'"],
  ])('is checked by the rule of names that %s have', (resource, name, expected) => {
    const kind = kindOf(resource);
    const metadata = { name, ...(kind.namespaced && { namespace: 'default' }) };
    expect(faults(metadata, kind)[0]).toContain(expected);
  });

  describe('of a change', () => {
    const updateFaults = (metadata: Fields, old: Fields) =>
      texts(
        validateObjectMetaUpdate(
          { apiVersion: 'v1', kind: 'ConfigMap', metadata },
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: old },
        ),
      );

    it('has the same name, namespace, uid and times', () => {
      const old = {
        name: 'a',
        namespace: 'n',
        uid: 'u',
        creationTimestamp: '2025-01-01T00:00:00Z',
        deletionTimestamp: '2025-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 1,
      };
      expect(updateFaults({ ...old }, old)).toEqual([]);
      expect(updateFaults({ ...old, uid: 'x', deletionGracePeriodSeconds: 2 }, old)).toEqual([
        'metadata.uid: Invalid value: "x": field is immutable',
        'metadata.deletionGracePeriodSeconds: Invalid value: 2: field is immutable',
      ]);
    });

    it('gets no more finalizers while it is being deleted', () => {
      const old = { name: 'a', deletionTimestamp: '2025-01-01T00:00:00Z', finalizers: ['a/b'] };
      expect(updateFaults({ ...old, finalizers: [] }, old)).toEqual([]);
      expect(updateFaults({ ...old, finalizers: ['c/d', 'a/b', 'b/c'] }, old)).toEqual([
        'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"b/c", "c/d"}',
      ]);
    });

    it('has no generation before', () => {
      expect(updateFaults({ name: 'a', generation: 1 }, { name: 'a', generation: 2 })).toEqual([
        'metadata.generation: Invalid value: 1: must not be decremented',
      ]);
    });
  });
});

describe('the table of core kinds', () => {
  it('has every resource once, by name', () => {
    const names = coreKinds.map(({ resource }) => resource);
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toHaveLength(15);
  });

  it.each([
    ['services', 'services/specs'],
    ['endpoints', 'services/endpoints'],
    ['nodes', 'minions'],
    ['replicationcontrollers', 'controllers'],
  ])('stores %s where the real server does', (resource, prefix) => {
    expect(kindOf(resource).storagePrefix).toBe(prefix);
  });

  it('lets some kinds be made by an update, and events go after an hour', () => {
    const names = coreKinds.filter((k) => k.allowCreateOnUpdate).map(({ resource }) => resource);
    expect(names).toEqual(['endpoints', 'events', 'limitranges', 'services']);
    expect(kindOf('events').ttlSeconds).toBe(3600);
    expect(kindOf('replicationcontrollers').defaultPropagation).toBe('Orphan');
    expect(kindOf('namespaces').verbs).not.toContain('deletecollection');
  });
});

const CONTAINER = { name: 'c', image: 'nginx:1' };
const pod = (spec: Fields = {}, container: Fields = {}) => ({
  spec: { containers: [{ ...CONTAINER, ...container }], ...spec },
});

describe('pod defaults', () => {
  it('are those of a minimal pod', () => {
    expect(made('pods', pod())).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', namespace: 'default' },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'nginx:1',
            imagePullPolicy: 'IfNotPresent',
            resources: {},
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
          },
        ],
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
        terminationGracePeriodSeconds: 30,
        schedulerName: 'default-scheduler',
        securityContext: {},
        enableServiceLinks: true,
      },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    });
  });

  it('are fewer for a template: what depends on the pod is decided later', () => {
    const template = {
      metadata: { labels: { a: 'b' } },
      ...pod({}, { resources: { limits: { cpu: '1' } } }),
    };
    const object = made('podtemplates', { template });
    expect(at(object, 'template.spec')).not.toHaveProperty('enableServiceLinks');
    expect(at(object, 'template.spec.containers.0.resources')).toEqual({ limits: { cpu: '1' } });
    expect(at(object, 'template.spec')).toMatchObject({ restartPolicy: 'Always' });
  });

  it.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.27', 'IfNotPresent'],
    ['localhost:5000/nginx', 'Always'],
    ['localhost:5000/nginx:1', 'IfNotPresent'],
    ['nginx@sha256:abc', 'IfNotPresent'],
    ['nginx:latest@sha256:abc', 'Always'],
    ['', 'IfNotPresent'],
  ])('pull the image %j: %s', (image, expected) => {
    expect(defaultPullPolicy(image)).toBe(expected);
  });

  it('fill in probes, hooks, ports and variables', () => {
    const object = made(
      'pods',
      pod(
        {},
        {
          ports: [{ containerPort: 80 }],
          livenessProbe: { httpGet: { port: 80 } },
          readinessProbe: { grpc: { port: 1 }, failureThreshold: 5 },
          lifecycle: { preStop: { httpGet: { port: 80, scheme: 'HTTPS' } } },
          env: [{ name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        },
      ),
    );
    const numbers = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1 };
    expect(at(object, 'spec.containers.0')).toMatchObject({
      ports: [{ containerPort: 80, protocol: 'TCP' }],
      livenessProbe: {
        ...numbers,
        failureThreshold: 3,
        httpGet: { path: '/', port: 80, scheme: 'HTTP' },
      },
      readinessProbe: { ...numbers, failureThreshold: 5, grpc: { port: 1, service: '' } },
      lifecycle: { preStop: { httpGet: { path: '/', port: 80, scheme: 'HTTPS' } } },
      env: [{ valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }],
    });
  });

  it('make who is limited ask for the limit, in canonical amounts', () => {
    const resources = {
      limits: { cpu: '0.5', memory: '1024Mi', 'ephemeral-storage': '0.0001' },
      requests: { cpu: '250m' },
    };
    const object = made('pods', pod({}, { resources }));
    expect(at(object, 'spec.containers.0.resources')).toEqual({
      limits: { cpu: '500m', memory: '1Gi', 'ephemeral-storage': '1m' },
      requests: { cpu: '250m', memory: '1Gi', 'ephemeral-storage': '1m' },
    });
  });

  it('fill in volumes', () => {
    const object = made(
      'pods',
      pod({
        volumes: [
          { name: 'a' },
          { name: 'b', secret: { secretName: 's' } },
          { name: 'c', hostPath: { path: '/' } },
          { name: 'd', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
          { name: 'e', iscsi: { targetPortal: 't', iqn: 'iqn.2001-04.com.example:x', lun: 0 } },
        ],
      }),
    );
    expect(at(object, 'spec.volumes')).toMatchObject([
      { name: 'a', emptyDir: {} },
      { name: 'b', secret: { secretName: 's', defaultMode: 420 } },
      { name: 'c', hostPath: { path: '/', type: '' } },
      {
        projected: {
          defaultMode: 420,
          sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }],
        },
      },
      { iscsi: { iscsiInterface: 'default' } },
    ]);
  });

  it('take the node’s ports on the node’s network, and drop what says nothing', () => {
    const ports = [{ containerPort: 80 }];
    const object = made(
      'pods',
      pod({ hostNetwork: true, hostPID: false, nodeName: '' }, { ports }),
    );
    expect(at(object, 'spec.containers.0.ports')).toEqual([
      { containerPort: 80, hostPort: 80, protocol: 'TCP' },
    ]);
    expect(at(object, 'spec')).not.toHaveProperty('hostPID');
    expect(at(object, 'spec')).not.toHaveProperty('nodeName');
  });

  it('say the account under both of its names', () => {
    expect(at(made('pods', pod({ serviceAccount: 'x' })), 'spec')).toMatchObject({
      serviceAccount: 'x',
      serviceAccountName: 'x',
    });
  });

  it('put the pod’s own labels into the terms that ask for them', () => {
    const term = {
      labelSelector: {},
      matchLabelKeys: ['v'],
      mismatchLabelKeys: ['t'],
      topologyKey: 'z',
    };
    const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
    const object = made('pods', pod({ affinity }), { labels: { v: '1', t: '2' } });
    const path = 'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution.0';
    expect(at(object, path)).toMatchObject({
      labelSelector: {
        matchExpressions: [
          { key: 'v', operator: 'In', values: ['1'] },
          { key: 't', operator: 'NotIn', values: ['2'] },
        ],
      },
    });
  });

  it('tell that a gated pod waits', () => {
    const object = made('pods', pod({ schedulingGates: [{ name: 'x.example/y' }] }));
    expect(at(object, 'status.conditions.0')).toMatchObject({ reason: 'SchedulingGated' });
  });

  it('fill in what the whole pod asks for', () => {
    const resources = { limits: { cpu: '2', memory: '1Gi' } };
    const object = made('pods', pod({ resources }, { resources: { requests: { cpu: '500m' } } }));
    expect(at(object, 'spec.resources.requests')).toEqual({ cpu: '500m', memory: '1Gi' });
  });
});

describe('the class of service', () => {
  const classOf = (...all: Fields[]) =>
    qosClassOf({ containers: all.map((resources, i) => ({ name: `c${i}`, resources })) });
  const full = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1Gi' } };

  it.each<[string, Fields[], string]>([
    ['nobody asks for anything', [{}, {}], 'BestEffort'],
    ['everybody is limited to what they ask for', [full, full], 'Guaranteed'],
    ['one says nothing', [full, {}], 'Burstable'],
    [
      'less is asked for than the limit',
      [{ ...full, requests: { cpu: '1', memory: '1Mi' } }],
      'Burstable',
    ],
    ['only CPU is limited', [{ limits: { cpu: '1' }, requests: { cpu: '1' } }], 'Burstable'],
    ['other things do not count', [{ limits: { 'x/y': '1' } }], 'BestEffort'],
  ])('when %s', (_, resources, expected) => {
    expect(classOf(...resources)).toBe(expected);
  });
});

describe('pod validation', () => {
  const c = 'spec.containers[0]';

  it.each<[string, Fields, string[]]>([
    ['a minimal pod', pod(), []],
    ['no containers', {}, ['spec.containers: Required value']],
    [
      'a container without name and image',
      { spec: { containers: [{}] } },
      [`${c}.name: Required value`, `${c}.image: Required value`],
    ],
    [
      'a name that is none',
      pod({}, { name: 'C' }),
      [`${c}.name: Invalid value: "C": ${DNS_LABEL}`],
    ],
    [
      'a name that is taken, by regular and init containers',
      { spec: { containers: [CONTAINER, CONTAINER], initContainers: [CONTAINER] } },
      [
        'spec.containers[1].name: Duplicate value: "c"',
        'spec.initContainers[0].name: Duplicate value: "c"',
      ],
    ],
    [
      'an image with space around it',
      pod({}, { image: ' nginx:1' }),
      [`${c}.image: Invalid value: " nginx:1": must not have leading or trailing whitespace`],
    ],
    [
      'policies there are not',
      pod({ restartPolicy: 'Sometimes', dnsPolicy: 'X' }, { imagePullPolicy: 'X' }),
      [
        `${c}.imagePullPolicy: Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"`,
        'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        'spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
      ],
    ],
    [
      'ports that are none',
      pod(
        {},
        {
          ports: [
            { containerPort: 0 },
            { containerPort: 70000, name: 'p', protocol: 'X' },
            { containerPort: 1, name: 'p' },
          ],
        },
      ),
      [
        `${c}.ports[0].containerPort: Required value`,
        `${c}.ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`,
        `${c}.ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"`,
        `${c}.ports[2].name: Duplicate value: "p"`,
      ],
    ],
    [
      'a node’s port twice',
      pod(
        {},
        {
          ports: [
            { containerPort: 1, hostPort: 9 },
            { containerPort: 2, hostPort: 9 },
          ],
        },
      ),
      [`${c}.ports[1].hostPort: Duplicate value: "TCP//9"`],
    ],
    [
      'another port on the node’s network',
      pod({ hostNetwork: true }, { ports: [{ containerPort: 80, hostPort: 81 }] }),
      [
        `${c}.ports[0].hostPort: Invalid value: 81: must match \`containerPort\` when \`hostNetwork\` is true`,
      ],
    ],
    [
      'variables without name or source, or with two',
      pod(
        {},
        {
          env: [
            {},
            { name: 'A', valueFrom: {} },
            { name: 'B', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
            { name: 'C', valueFrom: { fieldRef: { fieldPath: 'spec.hostname' } } },
            { name: 'D', valueFrom: { fieldRef: { fieldPath: 'metadata.annotations' } } },
            { name: 'E', valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } },
          ],
          envFrom: [{}],
        },
      ),
      [
        `${c}.env[0].name: Required value`,
        `${c}.env[1].valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\` or \`secretKeyRef\``,
        `${c}.env[2].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
        `${c}.env[3].valueFrom.fieldRef.fieldPath: Invalid value: "spec.hostname": error converting fieldPath: field label not supported: spec.hostname`,
        `${c}.env[4].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.annotations": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
        `${c}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``,
      ],
    ],
    [
      'a divisor that is none',
      pod(
        {},
        {
          env: [
            {
              name: 'A',
              valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } },
            },
          ],
        },
      ),
      [
        `${c}.env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
      ],
    ],
    [
      'mounts of what there is not, twice in one place, and out of the volume',
      pod(
        { volumes: [{ name: 'v' }] },
        {
          volumeMounts: [
            { name: 'none', mountPath: '/a' },
            { name: 'v', mountPath: '/a', subPath: '../x' },
          ],
        },
      ),
      [
        `${c}.volumeMounts[0].name: Not found: "none"`,
        `${c}.volumeMounts[1].mountPath: Invalid value: "/a": must be unique`,
        `${c}.volumeMounts.subPath: Invalid value: "../x": must not contain '..'`,
      ],
    ],
    [
      'a block device of an empty directory',
      pod({ volumes: [{ name: 'v' }] }, { volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] }),
      [
        `${c}.volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode`,
      ],
    ],
    [
      'more than the limit, and amounts of nothing known',
      pod(
        {},
        { resources: { limits: { cpu: '1' }, requests: { cpu: '2', foo: '1', memory: '-1' } } },
      ),
      [
        `${c}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
        `${c}.resources.requests[foo]: Invalid value: "foo": must be a standard resource type or fully qualified`,
        `${c}.resources.requests[foo]: Invalid value: "foo": must be a standard resource for containers`,
        `${c}.resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0`,
      ],
    ],
    [
      'devices that are not limited to what is asked for',
      pod({}, { resources: { limits: { 'x.io/gpu': '2' }, requests: { 'x.io/gpu': '1' } } }),
      [`${c}.resources.requests: Invalid value: "1": must be equal to x.io/gpu limit of 2`],
    ],
    [
      'parts of a device',
      pod({}, { resources: { limits: { 'x.io/gpu': '500m' } } }),
      [
        `${c}.resources.limits[x.io/gpu]: Invalid value: "500m": must be an integer`,
        `${c}.resources.requests[x.io/gpu]: Invalid value: "500m": must be an integer`,
      ],
    ],
    [
      'huge pages alone, and parts of one',
      pod({}, { resources: { limits: { 'hugepages-2Mi': '3Mi' } } }),
      [
        `${c}.resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
        `${c}.resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
        `${c}.resources: Forbidden: HugePages require cpu or memory`,
      ],
    ],
    [
      'probes that do nothing, two things, or need two successes',
      pod(
        {},
        {
          livenessProbe: {},
          readinessProbe: { tcpSocket: { port: 0 }, exec: { command: [] } },
          startupProbe: { tcpSocket: { port: 'http' }, successThreshold: 2, periodSeconds: -1 },
        },
      ),
      [
        `${c}.livenessProbe: Required value: must specify a handler type`,
        `${c}.readinessProbe.exec.command: Required value`,
        `${c}.readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`,
        `${c}.startupProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0`,
        `${c}.startupProbe.successThreshold: Invalid value: 2: must be 1`,
      ],
    ],
    [
      'a hook that sleeps longer than the pod may take',
      pod({}, { lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
      [
        `${c}.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)`,
      ],
    ],
    [
      'probes of an init container that does not stay',
      pod({
        initContainers: [{ name: 'i', image: 'x', livenessProbe: { exec: { command: ['a'] } } }],
      }),
      [
        'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    [
      'probes of one that does',
      pod({
        initContainers: [
          {
            name: 'i',
            image: 'x',
            restartPolicy: 'Always',
            livenessProbe: { exec: { command: ['a'] } },
          },
        ],
      }),
      [],
    ],
    [
      'a restart policy of its own elsewhere',
      pod(
        { initContainers: [{ name: 'i', image: 'x', restartPolicy: 'Never' }] },
        { restartPolicy: 'Always' },
      ),
      [
        `${c}.restartPolicy: Forbidden: may not be set for non-init containers`,
        'spec.initContainers[0].restartPolicy: Unsupported value: "Never": supported values: "Always"',
      ],
    ],
    [
      'rights that contradict each other',
      pod({}, { securityContext: { runAsUser: -1, procMount: 'Unmasked' } }),
      [
        `${c}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`,
        `${c}.securityContext.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``,
      ],
    ],
    [
      'profiles that are none',
      pod({
        securityContext: { seccompProfile: { type: 'Localhost' }, appArmorProfile: { type: '' } },
      }),
      [
        'spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost',
        'spec.securityContext.appArmorProfile.type: Required value: type is required when appArmorProfile is set',
      ],
    ],
    [
      'a setting of the node’s network',
      pod({
        hostNetwork: true,
        securityContext: {
          sysctls: [
            { name: 'net/x', value: '' },
            { name: 'A', value: '' },
          ],
        },
      }),
      [
        'spec.securityContext.sysctls[0].name: Invalid value: "net/x": may not be specified when \'hostNetwork\' is true',
        'spec.securityContext.sysctls[1].name: Invalid value: "A": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
      ],
    ],
    [
      'users of its own on the node’s network',
      pod({ hostUsers: false, hostNetwork: true, hostPID: true }),
      [
        'spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false',
        'spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false',
      ],
    ],
    [
      'Linux settings on Windows',
      pod(
        { os: { name: 'windows' }, securityContext: { runAsUser: 1 } },
        { securityContext: { privileged: true } },
      ),
      [
        'spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod',
        `${c}.securityContext.privileged: Forbidden: cannot be set for a windows pod`,
      ],
    ],
    [
      'a system there is not',
      pod({ os: { name: 'plan9' } }),
      ['spec.os: Unsupported value: "plan9": supported values: "linux", "windows"'],
    ],
    [
      'tolerations that tolerate nothing in particular',
      pod({
        tolerations: [
          { operator: 'Equal' },
          { key: 'a', operator: 'Exists', value: 'x' },
          { key: 'a', tolerationSeconds: 1, effect: 'X' },
        ],
      }),
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
        'spec.tolerations[1].operator: Invalid value: "x": value must be empty when `operator` is \'Exists\'',
        'spec.tolerations[2].effect: Invalid value: "X": effect must be \'NoExecute\' when `tolerationSeconds` is set',
        'spec.tolerations[2].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
    [
      'node affinity without terms, and weights out of range',
      pod({
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] },
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 101,
                preference: { matchExpressions: [{ key: 'a', operator: 'Gt', values: [] }] },
              },
            ],
          },
        },
      }),
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
        'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100',
        "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
      ],
    ],
    [
      'spreading over nothing, the same way twice',
      pod({
        topologySpreadConstraints: [
          {
            maxSkew: 0,
            topologyKey: 'z',
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: {},
            minDomains: 1,
          },
          { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} },
        ],
      }),
      [
        'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
        'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, ScheduleAnyway}"',
        'spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
      ],
    ],
    [
      'no DNS at all',
      pod({ dnsPolicy: 'None' }),
      ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    ],
    [
      'name servers that are none',
      pod({ dnsConfig: { nameservers: ['x'], searches: ['.', 'a_b.c.'], options: [{}] } }),
      [
        'spec.dnsConfig.nameservers[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'spec.dnsConfig.options[0]: Required value: must not be empty',
      ],
    ],
    [
      'a deadline of nothing',
      pod({ activeDeadlineSeconds: 0 }),
      ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
    ],
    [
      'a node while it is gated',
      pod({ nodeName: 'n', schedulingGates: [{ name: 'g' }, { name: 'g' }] }),
      [
        'spec.schedulingGates[1]: Duplicate value: "g"',
        'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
      ],
    ],
    [
      'ephemeral containers from the start',
      pod({ ephemeralContainers: [{ name: 'e', image: 'x', ports: [{ containerPort: 1 }] }] }),
      [
        'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
        'spec.ephemeralContainers: Forbidden: cannot be set on create',
      ],
    ],
    [
      'a token of no account',
      pod({
        volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }],
      }),
      [
        'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
      ],
    ],
    [
      'a pod that asks for less than its containers',
      pod({ resources: { requests: { cpu: '1' } } }, { resources: { requests: { cpu: '2' } } }),
      [
        'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
      ],
    ],
    [
      'claims there are not',
      pod({}, { resources: { claims: [{ name: 'x' }] } }),
      [
        `${c}.resources.claims[0]: Not found: "x": must be one of the names in pod.spec.resourceClaims which is empty`,
      ],
    ],
    [
      'a restart on resize of what is never restarted',
      pod(
        { restartPolicy: 'Never' },
        { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] },
      ),
      [
        `${c}.resizePolicy: Invalid value: "RestartContainer": must be 'NotRequired' when \`restartPolicy\` is 'Never'`,
      ],
    ],
  ])('looks at %s', (_, fields, expected) => {
    expect(faultsOf('pods', fields)).toEqual(expected);
  });

  const v = 'spec.volumes[0]';
  it.each<[string, Fields, string[]]>([
    [
      'two sources',
      { emptyDir: {}, nfs: { server: 's', path: '/p' } },
      [`${v}.nfs: Forbidden: may not specify more than 1 volume type`],
    ],
    [
      'a path that leads out',
      { hostPath: { path: '/a/../b', type: 'X' } },
      [
        `${v}.hostPath.path: Invalid value: "/a/../b": must not contain '..'`,
        `${v}.hostPath.type: Unsupported value: "X": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"`,
      ],
    ],
    [
      'a file mode out of range',
      { secret: { defaultMode: 512 } },
      [
        `${v}.secret.secretName: Required value`,
        `${v}.secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive`,
      ],
    ],
    [
      'keys without a path',
      { configMap: { name: 'c', items: [{ key: 'k', path: '..x' }, {}] } },
      [
        `${v}.configMap.items[0].path: Invalid value: "..x": must not start with '..'`,
        `${v}.configMap.items[1].key: Required value`,
        `${v}.configMap.items[1].path: Required value`,
      ],
    ],
    [
      'a relative path of a server',
      { nfs: { server: '', path: 'p' } },
      [
        `${v}.nfs.server: Required value`,
        `${v}.nfs.path: Invalid value: "p": must be an absolute path`,
      ],
    ],
    [
      'one file of two sources',
      {
        projected: {
          sources: [
            { secret: { name: 's', items: [{ key: 'k', path: 'p' }] } },
            { configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } },
          ],
        },
      },
      [`${v}.projected: Invalid value: "c": conflicting duplicate paths`],
    ],
    [
      'a token for a minute',
      { projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 60 } }] } },
      [
        `${v}.projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes`,
      ],
    ],
    [
      'a file about nothing',
      { downwardAPI: { items: [{ path: 'p' }] } },
      [`${v}.downwardAPI: Required value: one of fieldRef and resourceFieldRef is required`],
    ],
    [
      'a disk without a name',
      { gcePersistentDisk: { partition: 256 } },
      [
        `${v}.persistentDisk.pdName: Required value`,
        `${v}.persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive`,
      ],
    ],
    [
      'an iSCSI name that is none',
      { iscsi: { targetPortal: 't', iqn: 'x', lun: 256 } },
      [
        `${v}.iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa`,
        `${v}.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive`,
      ],
    ],
    [
      'a claim that is none',
      { ephemeral: { volumeClaimTemplate: { metadata: { name: 'x' }, spec: {} } } },
      [
        `${v}.ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set`,
        `${v}.ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required`,
        `${v}.ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value`,
      ],
    ],
    [
      'a driver without a name',
      { csi: { driver: '' } },
      [`${v}.csi.driver: Required value`, `${v}.csi.driver: Invalid value: "": ${DNS_SUBDOMAIN}`],
    ],
  ])('looks at a volume with %s', (_, source, expected) => {
    const fields = pod({ serviceAccountName: 'x', volumes: [{ name: 'v', ...source }] });
    expect(faultsOf('pods', fields)).toEqual(expected);
  });

  it('looks at annotations that mean something', () => {
    const annotations = {
      'kubernetes.io/config.mirror': 'x',
      'controller.kubernetes.io/pod-deletion-cost': '+1',
      'container.apparmor.security.beta.kubernetes.io/none': 'x',
    };
    expect(faultsOf('pods', pod(), { annotations })).toEqual([
      'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
      'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer',
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/none]: Invalid value: "none": container not found',
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/none]: Invalid value: "x": invalid AppArmor profile name: "x"',
    ]);
  });

  it('names where a template is', () => {
    const template = { metadata: { labels: { 'a b': 'x' } }, spec: { containers: [] } };
    expect(texts(validatePodTemplate(template, 'spec.template'))).toEqual([
      expect.stringContaining('spec.template.labels: Invalid value: "a b"'),
      'spec.template.spec.terminationGracePeriodSeconds: Required value',
      'spec.template.spec.containers: Required value',
      'spec.template.spec.restartPolicy: Required value',
      'spec.template.spec.dnsPolicy: Required value',
    ]);
  });
});

const ALLOWED =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

describe('pod updates', () => {
  const gated = pod({ schedulingGates: [{ name: 'g' }], nodeSelector: { a: '1' } });

  it.each<[string, Fields, (spec: Fields) => void, string[]]>([
    ['nothing', pod(), () => {}, []],
    ['an image', pod(), (s) => Object.assign(at(s, 'containers.0'), { image: 'nginx:2' }), []],
    [
      'what the server filled in, left out again',
      pod({ hostNetwork: false }),
      (s) => {
        for (const field of ['restartPolicy', 'dnsPolicy', 'schedulerName']) delete s[field];
        s.hostNetwork = false;
      },
      [],
    ],
    [
      'amounts written another way',
      pod({}, { resources: { limits: { cpu: '1' } } }),
      (s) => {
        at<Fields>(s, 'containers.0').resources = { limits: { cpu: '1000m' } };
      },
      [],
    ],
    [
      'a deadline that comes',
      pod(),
      (s) => {
        s.activeDeadlineSeconds = 5;
      },
      [],
    ],
    [
      'a deadline that comes nearer',
      pod({ activeDeadlineSeconds: 9 }),
      (s) => {
        s.activeDeadlineSeconds = 5;
      },
      [],
    ],
    [
      'a deadline that goes away from',
      pod({ activeDeadlineSeconds: 5 }),
      (s) => {
        s.activeDeadlineSeconds = 9;
      },
      [
        'spec.activeDeadlineSeconds: Invalid value: 9: must be less than or equal to previous value',
      ],
    ],
    [
      'one more toleration',
      pod(),
      (s) => {
        s.tolerations = [{ key: 'a', operator: 'Exists' }];
      },
      [],
    ],
    [
      'another toleration',
      pod({ tolerations: [{ key: 'a', operator: 'Exists' }] }),
      (s) => {
        s.tolerations = [{ key: 'b', operator: 'Exists' }];
      },
      [
        'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
      ],
    ],
    [
      'one more container',
      pod(),
      (s) => {
        (s.containers as Fields[]).push({ name: 'd', image: 'x' });
      },
      ['spec.containers: Forbidden: pod updates may not add or remove containers'],
    ],
    [
      'fewer gates',
      gated,
      (s) => {
        s.schedulingGates = [];
      },
      [],
    ],
    [
      'another gate',
      gated,
      (s) => {
        s.schedulingGates = [{ name: 'h' }];
      },
      [
        "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'h'",
      ],
    ],
    [
      'a narrower choice of nodes while gated',
      gated,
      (s) => {
        s.nodeSelector = { a: '1', b: '2' };
      },
      [],
    ],
    [
      'another choice of nodes while gated',
      gated,
      (s) => {
        s.nodeSelector = { b: '2' };
      },
      [
        'spec.nodeSelector: Invalid value: {"b":"2"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      ],
    ],
    [
      'a grace period that was negative',
      pod({ terminationGracePeriodSeconds: -1 }),
      (s) => {
        s.terminationGracePeriodSeconds = 1;
      },
      [],
    ],
  ])('take %s', (_, fields, change, expected) => {
    expect(changeFaults('pods', fields, (object) => change(object.spec as Fields))).toEqual(
      expected,
    );
  });

  it.each<[string, (spec: Fields) => void, string]>([
    [
      'a node',
      (s) => {
        s.nodeName = 'n';
      },
      '+   spec.nodeName: "n"',
    ],
    [
      'a command',
      (s) => Object.assign(at(s, 'containers.0'), { command: ['x'] }),
      '+   spec.containers[0].command: ["x"]',
    ],
    [
      'resources',
      (s) => Object.assign(at(s, 'containers.0'), { resources: { requests: { cpu: '1' } } }),
      '+   spec.containers[0].resources.requests: {"cpu":"1"}',
    ],
  ])('do not take %s, and say what changed', (_, change, diff) => {
    const [text = '', ...others] = changeFaults('pods', pod(), (o) => change(o.spec as Fields));
    expect(others).toEqual([]);
    expect(text.startsWith(`spec: Forbidden: ${ALLOWED}\n`)).toBe(true);
    expect(text).toContain(diff);
  });
});

describe('pod status', () => {
  const running = { containerStatuses: [{ name: 'c', state: { running: {} } }] };
  const over = (exitCode: number) => ({
    containerStatuses: [{ name: 'c', state: { terminated: { exitCode } } }],
  });

  it('keeps the class of service', () => {
    expect(statusFaults('pods', pod(), { qosClass: 'Burstable' }, { phase: 'Running' })).toEqual(
      [],
    );
    expect(
      statusFaults('pods', pod(), { qosClass: 'Burstable' }, { qosClass: 'Guaranteed' }),
    ).toEqual(['status.qosClass: Invalid value: "Guaranteed": field is immutable']);
  });

  it.each<[string, Fields, string[]]>([
    ['Always', over(0), []],
    ['OnFailure', over(1), []],
    [
      'OnFailure',
      over(0),
      [
        'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
      ],
    ],
    [
      'Never',
      over(1),
      [
        'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
      ],
    ],
  ])(
    'begins a container again only as the restart policy %s has it',
    (restartPolicy, before, expected) => {
      expect(statusFaults('pods', pod({ restartPolicy }), before, running)).toEqual(expected);
    },
  );

  it('has addresses, one of each family', () => {
    expect(statusFaults('pods', pod(), {}, { podIPs: [{ ip: '1.1.1.1' }, { ip: '::1' }] })).toEqual(
      [],
    );
    expect(statusFaults('pods', pod(), {}, { podIPs: [{ ip: 'x' }] })).toEqual([
      'status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
    const two = [{ ip: '1.1.1.1' }, { ip: '1.1.1.2' }];
    expect(statusFaults('pods', pod(), {}, { podIPs: two })[0]).toContain(
      'may specify no more than one IP for each IP family',
    );
    expect(
      statusFaults('pods', pod(), {}, { hostIP: '1.1.1.1', hostIPs: [{ ip: '2.2.2.2' }] }),
    ).toEqual(['status.hostIPs[0].ip: Invalid value: "2.2.2.2": must be equal to `hostIP`']);
  });

  it('says an address under both of its names', () => {
    const old = made('pods', pod());
    const object: ApiObject = { ...structuredClone(old), status: { podIP: '1.1.1.1' } };
    kindOf('pods').prepareForStatusUpdate?.(object, old);
    expect(object.status).toMatchObject({ podIP: '1.1.1.1', podIPs: [{ ip: '1.1.1.1' }] });
  });
});

describe('pod deletion', () => {
  const graceOf = (spec: Fields, phase: string, requested?: number) => {
    const object: ApiObject = { ...made('pods', pod(spec)), status: { phase } };
    return kindOf('pods').gracePeriodSeconds?.(object, requested);
  };

  it.each<[string, Fields, string, number | undefined, number]>([
    [
      'what its spec says',
      { nodeName: 'n', terminationGracePeriodSeconds: 7 },
      'Running',
      undefined,
      7,
    ],
    ['half a minute by default', { nodeName: 'n' }, 'Running', undefined, 30],
    ['what was asked for', { nodeName: 'n' }, 'Running', 5, 5],
    ['no time without a node', {}, 'Pending', 5, 0],
    ['no time when it is over', { nodeName: 'n' }, 'Succeeded', undefined, 0],
    ['no time when it failed', { nodeName: 'n' }, 'Failed', 5, 0],
    ['a second instead of less than none', { nodeName: 'n' }, 'Running', -1, 1],
  ])('takes %s', (_, spec, phase, requested, expected) => {
    expect(graceOf(spec, phase, requested)).toBe(expected);
  });
});

describe('/ephemeralcontainers', () => {
  const debug = { name: 'd', image: 'busybox:1' };

  it('adds a container and changes nothing else', () => {
    const { object, faults } = changed(
      'pods',
      pod(),
      (o) => {
        const spec = o.spec as Fields;
        spec.ephemeralContainers = [debug];
        spec.nodeName = 'elsewhere';
      },
      podEphemeralContainersKind,
    );
    expect(faults).toEqual([]);
    expect(at(object, 'spec')).not.toHaveProperty('nodeName');
    expect(at(object, 'spec.ephemeralContainers.0')).toMatchObject(debug);
  });

  it('takes none away', () => {
    const old = made('pods', pod());
    (old.spec as Fields).ephemeralContainers = [debug];
    const object = structuredClone(old);
    (object.spec as Fields).ephemeralContainers = [];
    podEphemeralContainersKind.prepareForUpdate?.(object, old);
    expect(texts(podEphemeralContainersKind.validateUpdate(object, old))).toEqual([
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be removed\n',
    ]);
  });
});

describe('/resize', () => {
  const cpu = (amount: string) => ({ resources: { requests: { cpu: amount, memory: '1Gi' } } });
  const resize = (before: Fields, after: Fields) =>
    changeFaults(
      'pods',
      pod({}, before),
      (o) => Object.assign(at(o, 'spec.containers.0'), after),
      podResizeKind,
    );

  it('changes CPU and memory', () => {
    expect(resize(cpu('1'), cpu('2'))).toEqual([]);
  });

  it('changes nothing else, and not the class of service', () => {
    expect(resize(cpu('1'), { ...cpu('2'), image: 'other:1' })).toEqual([]);
    expect(resize({}, cpu('1'))).toContain(
      'spec: Invalid value: "BestEffort": Pod QOS Class may not change as a result of resizing',
    );
    const more = {
      resources: { requests: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' } },
    };
    expect(resize(cpu('1'), more)).toContain(
      'spec: Forbidden: only cpu and memory resources are mutable',
    );
  });

  it('takes nothing away', () => {
    expect(resize(cpu('1'), { resources: { requests: { cpu: '1' } } })).toEqual([
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    ]);
  });

  it('lowers a memory limit only with a restart', () => {
    const memory = (limit: string, extra: Fields = {}) => ({
      resources: { limits: { memory: limit }, requests: { memory: '1Mi' } },
      ...extra,
    });
    const restart = {
      resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }],
    };
    expect(resize(memory('2Gi'), memory('1Gi'))).toEqual([
      'spec.containers[0].resources.limits[memory]: Forbidden: memory limits cannot be decreased unless resizePolicy is RestartContainer',
    ]);
    expect(resize(memory('2Gi', restart), memory('1Gi', restart))).toEqual([]);
  });
});

describe('pod warnings', () => {
  it('are about what is hardly meant', () => {
    const spec = {
      nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
      terminationGracePeriodSeconds: -1,
      imagePullSecrets: [{ name: 's' }, { name: 's' }],
      containers: [
        {
          ...CONTAINER,
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '2' },
            { name: 'A', value: '$(A)3' },
          ],
          ports: [
            { containerPort: 80, protocol: 'TCP' },
            { containerPort: 80, protocol: 'TCP' },
          ],
          resources: { limits: { memory: '100m' } },
        },
      ],
    };
    expect(podWarnings({ spec }, 'spec.template')).toEqual([
      'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
      'spec.template.spec.imagePullSecrets[1].name: duplicate name "s"',
      'spec.template.spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
      'spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
      'spec.template.spec.containers[0].ports[1]: duplicate port definition with spec.template.spec.containers[0].ports[0]',
      'spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ]);
  });

  it('tell of a name that makes no host name', () => {
    const [text] = kindOf('pods').warnings?.(made('pods', pod(), { name: 'a.b' })) ?? [];
    expect(text).toContain("metadata.name: this is used in the Pod's hostname");
  });
});

describe('services', () => {
  const service = (spec: Fields = {}) => ({ spec: { ports: [{ port: 80 }], ...spec } });

  it('have defaults', () => {
    expect(made('services', service({ selector: { a: 'b' } }))).toMatchObject({
      spec: {
        type: 'ClusterIP',
        sessionAffinity: 'None',
        internalTrafficPolicy: 'Cluster',
        ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
      },
      status: { loadBalancer: {} },
    });
    expect(
      made('services', service({ type: 'LoadBalancer', sessionAffinity: 'ClientIP' })).spec,
    ).toMatchObject({
      externalTrafficPolicy: 'Cluster',
      allocateLoadBalancerNodePorts: true,
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
    });
    expect(made('services', { spec: { type: 'ExternalName', externalName: 'a.b' } }).spec).toEqual({
      type: 'ExternalName',
      externalName: 'a.b',
      sessionAffinity: 'None',
    });
    expect(made('services', service({ clusterIP: 'None' })).spec).toMatchObject({
      clusterIPs: ['None'],
    });
  });

  it.each<[string, Fields, string[]]>([
    ['a minimal one', service(), []],
    ['no ports', { spec: {} }, ['spec.ports: Required value']],
    ['no ports of a headless one', { spec: { clusterIP: 'None' } }, []],
    [
      'a type there is not',
      service({ type: 'X' }),
      [
        'spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
    [
      'ports without names, and twice the same',
      service({ ports: [{ port: 80 }, { port: 80 }] }),
      [
        'spec.ports[0].name: Required value',
        'spec.ports[1].name: Required value',
        'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}',
      ],
    ],
    [
      'a port that is none',
      service({ ports: [{ port: 0, protocol: 'X', targetPort: 'a_b' }] }),
      [
        'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
        'spec.ports[0].targetPort: Invalid value: "a_b": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      ],
    ],
    [
      'a node’s port of one that has none',
      service({ ports: [{ port: 80, nodePort: 30000 }] }),
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      'a name for nothing',
      { spec: { type: 'ExternalName', clusterIP: '10.0.0.1' } },
      [
        'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
        'spec.externalName: Required value',
      ],
    ],
    ['a name with a dot at its end', { spec: { type: 'ExternalName', externalName: 'a.b.' } }, []],
    [
      'headless ones with node ports',
      service({ type: 'NodePort', clusterIP: 'None' }),
      [
        'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
      ],
    ],
    [
      'addresses that are none or do not fit',
      service({ clusterIP: 'x' }),
      [
        'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      'an address of another family',
      service({ clusterIP: '10.0.0.1', ipFamilies: ['IPv6'] }),
      [
        'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
      ],
    ],
    [
      'families and policies there are not',
      service({ ipFamilies: ['IPv4', 'IPv4', 'X'], ipFamilyPolicy: 'Y' }),
      [
        'spec.ipFamilies[1]: Duplicate value: "IPv4"',
        'spec.ipFamilies[2]: Unsupported value: "X": supported values: "IPv4", "IPv6"',
        'spec.ipFamilyPolicy: Unsupported value: "Y": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"',
      ],
    ],
    [
      'a session that never ends',
      service({
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } },
      }),
      [
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400',
      ],
    ],
    [
      'outside addresses nobody can reach',
      service({ externalIPs: ['127.0.0.1', '0.0.0.0', 'fe80::1'] }),
      [
        'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
        'spec.externalIPs[1]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
        'spec.externalIPs[2]: Invalid value: "fe80::1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      ],
    ],
    [
      'who may come from where without a load balancer',
      service({ loadBalancerSourceRanges: ['10.0.0.0/8', '10.0.0.0'], loadBalancerClass: 'x' }),
      [
        "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        'spec.LoadBalancerSourceRanges[1]: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
      ],
    ],
    [
      'traffic from outside where none comes in',
      service({ externalTrafficPolicy: 'Local' }),
      [
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
      ],
    ],
    [
      'traffic policies there are not',
      service({ internalTrafficPolicy: 'X', trafficDistribution: 'Y' }),
      [
        'spec.internalTrafficPolicy: Unsupported value: "X": supported values: "Cluster", "Local"',
        'spec.trafficDistribution: Unsupported value: "Y": supported values: "PreferClose"',
      ],
    ],
  ])('are checked: %s', (_, fields, expected) => {
    expect(faultsOf('services', fields)).toEqual(expected);
  });

  describe('of which addresses were given out', () => {
    const given = (spec: Fields = {}) => {
      const object = made('services', service({ type: 'NodePort', ...spec }));
      Object.assign(object.spec as Fields, {
        clusterIP: '10.0.0.1',
        clusterIPs: ['10.0.0.1'],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
      });
      Object.assign(at(object, 'spec.ports.0'), { nodePort: 30001 });
      return object;
    };
    const put = (old: ApiObject, spec: Fields) => {
      const kind = kindOf('services');
      const object: ApiObject = { ...structuredClone(old), spec: structuredClone(spec) };
      kind.setDefaults(object);
      kind.prepareForUpdate?.(object, old);
      return { object, faults: texts(kind.validateUpdate(object, old)) };
    };

    it('keep what an update does not say', () => {
      const { object, faults } = put(given(), { type: 'NodePort', ports: [{ port: 81 }] });
      expect(faults).toEqual([]);
      expect(object.spec).toMatchObject({
        clusterIP: '10.0.0.1',
        clusterIPs: ['10.0.0.1'],
        ipFamilies: ['IPv4'],
        ports: [{ port: 81, nodePort: 30001 }],
      });
    });

    it('do not change the address', () => {
      const spec = { ...structuredClone(given().spec as Fields), clusterIP: '10.0.0.2' };
      expect(put(given(), spec).faults).toEqual([
        'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
      ]);
    });

    it('lose their node ports with the type, if nothing else is said of them', () => {
      const old = given();
      const { object, faults } = put(old, {
        ...structuredClone(old.spec as Fields),
        type: 'ClusterIP',
      });
      expect(faults).toEqual([]);
      expect(at(object, 'spec.ports.0')).not.toHaveProperty('nodePort');
      expect(object.spec).not.toHaveProperty('externalTrafficPolicy');
      const changedPort = structuredClone(old.spec as Fields);
      Object.assign(at(changedPort, 'ports.0'), { nodePort: 30002 });
      expect(put(old, { ...changedPort, type: 'ClusterIP' }).faults).toEqual([
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
      ]);
    });

    it('lose their address when they become a name', () => {
      const old = given();
      const { object, faults } = put(old, {
        ...structuredClone(old.spec as Fields),
        type: 'ExternalName',
        externalName: 'a.b',
      });
      expect(faults).toEqual([]);
      expect(object.spec).not.toHaveProperty('clusterIP');
      expect(object.spec).not.toHaveProperty('ipFamilies');
    });
  });

  it('have a load balancer’s addresses in their status', () => {
    const ingress = [{ ip: '1.1.1.1' }, { hostname: '1.1.1.1' }];
    const status = { loadBalancer: { ingress } };
    expect(statusFaults('services', service(), {}, status)).toEqual([
      "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
    ]);
    expect(
      statusFaults('services', service({ type: 'LoadBalancer' }), {}, structuredClone(status)),
    ).toEqual([
      'status.loadBalancer.ingress[1].hostname: Invalid value: "1.1.1.1": must be a DNS name, not an IP address',
    ]);
  });
});

describe('IP addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['010.0.0.1', '10.0.0.1'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['FE80:0:0:0:0:0:0:1', 'fe80::1'],
    ['2001:db8::0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ])('reads %s as %s', (text, expected) => {
    expect(ipText(parseIp(text) ?? [])).toBe(expected);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '12345::',
    'x',
  ])('does not read %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });
});

describe('config maps and secrets', () => {
  it('have keys that can be file names, in one place each, and not too much', () => {
    expect(faultsOf('configmaps', { data: { a: '', '..': '' }, binaryData: { a: '' } })).toEqual([
      'data[a]: Invalid value: "a": duplicate of key present in binaryData',
      `data[..]: Invalid value: "..": must not be '..'`,
    ]);
    expect(faultsOf('configmaps', { data: { 'a b': '' } })[0]).toContain(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
    expect(faultsOf('configmaps', { data: { a: 'x'.repeat(1048577) } })).toEqual([
      ': Too long: may not be more than 1048576 bytes',
    ]);
    expect(faultsOf('secrets', { data: { a: btoa('x'.repeat(1048576)) } })).toEqual([]);
    expect(faultsOf('secrets', { data: { a: btoa('x'.repeat(1048577)) } })).toEqual([
      'data: Too long: may not be more than 1048576 bytes',
    ]);
  });

  it.each(['configmaps', 'secrets'])('stay as they are when they are immutable: %s', (resource) => {
    const fields = { immutable: true, data: { a: 'eA==' } };
    expect(changeFaults(resource, fields, () => {})).toEqual([]);
    const change = (object: ApiObject) => {
      object.data = { a: 'eQ==' };
      delete object.immutable;
    };
    expect(changeFaults(resource, fields, change)).toEqual([
      'immutable: Forbidden: field is immutable when `immutable` is set',
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
  });

  it('take text for bytes, and keep the bytes', () => {
    const object = made('secrets', { data: { a: 'eA==', b: 'eA==' }, stringData: { b: 'ü' } });
    expect(object).toMatchObject({ type: 'Opaque', data: { a: 'eA==', b: 'w7w=' } });
    expect(object).not.toHaveProperty('stringData');
  });

  it.each<[string, Fields, string[]]>([
    ['kubernetes.io/tls', {}, ['data[tls.crt]: Required value', 'data[tls.key]: Required value']],
    [
      'kubernetes.io/basic-auth',
      {},
      ['data[username]: Required value', 'data[password]: Required value'],
    ],
    ['kubernetes.io/basic-auth', { password: '' }, []],
    ['kubernetes.io/ssh-auth', { 'ssh-privatekey': '' }, ['data[ssh-privatekey]: Required value']],
    ['kubernetes.io/dockerconfigjson', {}, ['data[.dockerconfigjson]: Required value']],
    [
      'kubernetes.io/dockerconfigjson',
      { '.dockerconfigjson': btoa('x') },
      [
        'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character \'x\' looking for beginning of value',
      ],
    ],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': btoa('{}') }, []],
    [
      'kubernetes.io/service-account-token',
      {},
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
    ['my/own', {}, []],
  ])('have what their type %s needs, given %j', (type, data, expected) => {
    expect(faultsOf('secrets', { type, data })).toEqual(expected);
  });

  it('keep their type', () => {
    const change = (object: ApiObject) => {
      object.type = 'other';
    };
    expect(changeFaults('secrets', {}, change)).toEqual([
      'type: Invalid value: "other": field is immutable',
    ]);
  });
});

describe('namespaces', () => {
  it('begin active, with a finalizer and their name as a label', () => {
    expect(made('namespaces', {})).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'a' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  it('lose their finalizers only through /finalize', () => {
    const strip = (object: ApiObject) => {
      object.spec = {};
    };
    expect(changed('namespaces', {}, strip).object.spec).toEqual({ finalizers: ['kubernetes'] });
    const finalized = changed('namespaces', {}, strip, namespaceFinalizeKind);
    expect(finalized.object.spec).toEqual({});
    expect(finalized.faults).toEqual([]);
  });

  it('are held back by them, and are terminating then', () => {
    const kind = kindOf('namespaces');
    const object = made('namespaces', {});
    expect(kind.isHeldBack?.(object)).toBe(true);
    kind.prepareForDelete?.(object);
    expect(object.status).toEqual({ phase: 'Terminating' });
    expect(kind.isHeldBack?.({ ...object, spec: {} })).toBe(false);
    expect(statusFaults('namespaces', {}, {}, { phase: 'Terminating' })).toEqual([
      'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
    ]);
  });
});

describe('nodes', () => {
  it('can give out what they have, and say their network under both names', () => {
    const object = made('nodes', {
      spec: { podCIDR: '10.0.0.0/24' },
      status: { capacity: { cpu: '4000m' } },
    });
    expect(object).toMatchObject({
      spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'] },
      status: { capacity: { cpu: '4' }, allocatable: { cpu: '4' } },
    });
  });

  it('have taints that differ', () => {
    const taint = { key: 'a', effect: 'NoSchedule' };
    expect(
      faultsOf('nodes', {
        spec: { taints: [taint, taint, { key: 'b', effect: 'X' }, { key: 'c' }] },
      }),
    ).toEqual([
      'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair',
      'metadata.taints[2].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      'metadata.taints[3].effect: Required value',
    ]);
  });

  it('keep their network and their provider’s name for them, once they have one', () => {
    const change = (object: ApiObject) => {
      object.spec = { podCIDR: '10.0.1.0/24', podCIDRs: ['10.0.1.0/24'], providerID: 'y' };
    };
    expect(changeFaults('nodes', {}, change)).toEqual([]);
    expect(
      changeFaults('nodes', { spec: { podCIDR: '10.0.0.0/24', providerID: 'x' } }, change),
    ).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ]);
  });

  it('have amounts and addresses that can be', () => {
    const address = { type: 'InternalIP', address: '10.0.0.1' };
    expect(
      statusFaults(
        'nodes',
        {},
        {},
        { capacity: { pods: '1.5', cpu: '-1' }, addresses: [address, address] },
      ),
    ).toEqual([
      'status.capacity.pods: Invalid value: "1500m": must be an integer',
      'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
      'status.allocatable.pods: Invalid value: "1500m": must be an integer',
      'status.allocatable.cpu: Invalid value: "-1": must be greater than or equal to 0',
      'status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"10.0.0.1"}',
    ]);
  });
});

describe('endpoints and events', () => {
  it('have addresses that can be reached', () => {
    const subsets = [
      {},
      { addresses: [{ ip: '127.0.0.1' }], ports: [{ port: 0 }, { port: 1, name: 'A' }] },
    ];
    expect(faultsOf('endpoints', { subsets })).toEqual([
      'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`',
      'subsets[1].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      'subsets[1].ports[0].name: Required value',
      'subsets[1].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      `subsets[1].ports[1].name: Invalid value: "A": ${DNS_LABEL}`,
    ]);
  });

  it('are warned of, since there is something newer', () => {
    expect(kindOf('endpoints').warnings?.(made('endpoints', {}))).toEqual([
      'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
    ]);
  });

  it.each<[string, Fields, string[]]>([
    ['an old one in its object’s namespace', { involvedObject: { namespace: 'default' } }, []],
    [
      'an old one elsewhere',
      { involvedObject: { namespace: 'other' } },
      ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
    ],
    [
      'a new one that says too little',
      { eventTime: '2025-01-01T00:00:00.000000Z', involvedObject: {} },
      [
        'reportingComponent: Required value',
        expect.stringContaining(
          'reportingComponent: Invalid value: "": name part must be non-empty',
        ) as unknown as string,
        expect.stringContaining(
          'reportingComponent: Invalid value: "": name part must consist of',
        ) as unknown as string,
        'reportingInstance: Required value',
        'action: Required value',
        'reason: Required value',
      ],
    ],
  ])('are checked: %s', (_, fields, expected) => {
    expect(faultsOf('events', fields)).toEqual(expected);
  });
});

describe('service accounts', () => {
  it('keep of their secrets the names alone', () => {
    const object = made('serviceaccounts', { secrets: [{ name: 's', namespace: 'x' }] });
    expect(object.secrets).toEqual([{ name: 's' }]);
  });
});

describe('replication controllers', () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [CONTAINER] } };

  it('take selector and labels from their template', () => {
    expect(made('replicationcontrollers', { spec: { template } })).toMatchObject({
      metadata: { labels: { a: 'b' } },
      spec: { replicas: 1, selector: { a: 'b' } },
      status: { replicas: 0 },
    });
  });

  it('select the pods of their template, which run for ever', () => {
    const spec = {
      replicas: -1,
      selector: { a: 'c' },
      template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } },
    };
    expect(faultsOf('replicationcontrollers', { spec })).toEqual([
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ]);
    expect(faultsOf('replicationcontrollers', { spec: {} })).toEqual([
      'spec.selector: Required value',
      'spec.template: Required value',
    ]);
  });

  it('count no more than there are', () => {
    expect(
      statusFaults(
        'replicationcontrollers',
        { spec: { template } },
        {},
        { replicas: 1, readyReplicas: 0, availableReplicas: 2 },
      ),
    ).toEqual([
      'status.availableReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas',
    ]);
  });
});

describe('claims and volumes', () => {
  const claim = (spec: Fields = {}) => ({
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });
  const volume = (spec: Fields = {}) => ({
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      hostPath: { path: '/x' },
      ...spec,
    },
  });

  it('have defaults', () => {
    const object = made(
      'persistentvolumeclaims',
      claim({ dataSource: { kind: 'PersistentVolumeClaim', name: 'b' } }),
    );
    expect(object).toMatchObject({
      spec: {
        volumeMode: 'Filesystem',
        dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'b' },
      },
      status: { phase: 'Pending' },
    });
    expect(made('persistentvolumes', volume()).spec).toMatchObject({
      persistentVolumeReclaimPolicy: 'Retain',
      volumeMode: 'Filesystem',
      hostPath: { path: '/x', type: '' },
    });
  });

  it.each<[string, Fields, string[]]>([
    ['a minimal claim', claim(), []],
    [
      'a claim for nothing',
      { spec: {} },
      [
        'spec.accessModes: Required value: at least 1 access mode is required',
        'spec.resources[storage]: Required value',
      ],
    ],
    [
      'ways of access that exclude each other',
      claim({ accessModes: ['ReadWriteOncePod', 'ReadOnlyMany', 'X'] }),
      [
        'spec.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
        'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
      ],
    ],
    [
      'no storage, and a source that is none',
      claim({ resources: { requests: { storage: '0' } }, dataSourceRef: { kind: 'X', name: 'b' } }),
      [
        'spec.resources[storage]: Invalid value: "0": must be greater than zero',
        'spec.dataSource: Invalid value: "X": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
        'spec.dataSourceRef: Invalid value: "X": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
      ],
    ],
  ])('are checked: %s', (_, fields, expected) => {
    expect(faultsOf('persistentvolumeclaims', fields)).toEqual(expected);
  });

  it('grow once they are bound, and change nothing else', () => {
    const size = (storage: string) => (object: ApiObject) => {
      at<Fields>(object, 'spec.resources').requests = { storage };
    };
    const [text = ''] = changeFaults('persistentvolumeclaims', claim(), size('2Gi'));
    expect(text).toContain(
      'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n',
    );
    const bound = (change: (object: ApiObject) => void) =>
      changeFaults('persistentvolumeclaims', claim(), (object) => {
        object.status = { phase: 'Bound', capacity: { storage: '1Gi' } };
        change(object);
      });
    expect(bound(size('2Gi'))).toEqual([]);
    const name = (object: ApiObject) => {
      (object.spec as Fields).volumeName = 'pv';
    };
    expect(bound(name)).toEqual([]);
  });

  it('are given back only what was never given', () => {
    const kind = kindOf('persistentvolumeclaims');
    const old = made(
      'persistentvolumeclaims',
      claim({ resources: { requests: { storage: '3Gi' } } }),
    );
    old.status = { phase: 'Bound', capacity: { storage: '1Gi' } };
    const shrunk = (storage: string) => {
      const object = structuredClone(old);
      at<Fields>(object, 'spec.resources').requests = { storage };
      return texts(kind.validateUpdate(object, old));
    };
    expect(shrunk('2Gi')).toEqual([]);
    expect(shrunk('1Gi')).toEqual([
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
    ]);
  });

  it.each<[string, Fields, string[]]>([
    ['a minimal volume', volume(), []],
    [
      'a volume that is nowhere',
      { spec: {} },
      [
        'spec.accessModes: Required value',
        'spec.capacity: Required value',
        'spec.capacity: Unsupported value: {}: supported values: "storage"',
        'spec: Required value: must specify a volume type',
      ],
    ],
    [
      'a disk of any node',
      volume({ hostPath: undefined, local: { path: '/x' } }),
      ['spec.nodeAffinity: Required value: Local volume requires node affinity'],
    ],
    [
      'a whole node to be recycled',
      volume({ hostPath: { path: '//' }, persistentVolumeReclaimPolicy: 'Recycle' }),
      [
        "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
      ],
    ],
    [
      'a driver’s volume without a handle',
      volume({ hostPath: undefined, csi: { driver: 'x.io', nodePublishSecretRef: { name: 's' } } }),
      [
        'spec.csi.volumeHandle: Required value',
        'spec.csi.nodePublishSecretRef.namespace: Required value',
      ],
    ],
  ])('are checked: %s', (_, fields, expected) => {
    expect(faultsOf('persistentvolumes', fields)).toEqual(expected);
  });

  it('stay where they are', () => {
    const [text = ''] = changeFaults('persistentvolumes', volume(), (object) => {
      at<Fields>(object, 'spec.hostPath').path = '/y';
    });
    expect(text).toBe(
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n-   spec.hostPath.path: "/x"\n+   spec.hostPath.path: "/y"\n',
    );
  });
});

describe('quotas and limits', () => {
  it.each<[string, Fields, string[]]>([
    ['amounts', { hard: { pods: '10', 'requests.cpu': '1', 'count/deployments.apps': '2' } }, []],
    [
      'what cannot be counted',
      { hard: { foo: '1', pods: '1.5' } },
      [
        'spec.hard[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
        'spec.hard[foo]: Invalid value: "foo": must be a standard resource for quota',
        'spec.hard[pods]: Invalid value: "1500m": must be an integer',
      ],
    ],
    [
      'scopes that exclude each other, or what is counted',
      { hard: { secrets: '1' }, scopes: ['BestEffort', 'NotBestEffort', 'X'] },
      [
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","X"]: unsupported scope applied to resource',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","X"]: unsupported scope applied to resource',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","X"]: unsupported scope',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","X"]: conflicting scopes',
      ],
    ],
    [
      'a scope that is compared with nothing',
      { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In' }] } },
      [
        "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
      ],
    ],
  ])('of quotas are checked: %s', (_, spec, expected) => {
    expect(faultsOf('resourcequotas', { spec })).toEqual(expected);
  });

  it('keep the scopes', () => {
    const change = (object: ApiObject) => {
      (object.spec as Fields).scopes = ['Terminating'];
    };
    expect(changeFaults('resourcequotas', { spec: { hard: {} } }, change)).toEqual([
      'spec.scopes: Invalid value: ["Terminating"]: field is immutable',
    ]);
  });

  it('give containers that say nothing the most, and make them ask for as much', () => {
    const limits = [{ type: 'Container', max: { cpu: '1' }, min: { cpu: '0.1', memory: '1Mi' } }];
    expect(at(made('limitranges', { spec: { limits } }), 'spec.limits.0')).toMatchObject({
      default: { cpu: '1' },
      defaultRequest: { cpu: '1', memory: '1Mi' },
      min: { cpu: '100m' },
    });
  });

  it.each<[string, Fields, string[]]>([
    [
      'limits the wrong way round',
      { type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } },
      [
        'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
        'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
      ],
    ],
    [
      'defaults of pods',
      { type: 'Pod', default: { cpu: '1' } },
      ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
    ],
    [
      'claims without storage',
      { type: 'PersistentVolumeClaim' },
      [
        'spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
      ],
    ],
    [
      'a ratio that cannot be',
      { type: 'Pod', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3' } },
      [
        'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000',
      ],
    ],
    [
      'a type there is not',
      { type: 'X' },
      ['spec.limits[0].type: Invalid value: "X": must be a standard limit type or fully qualified'],
    ],
  ])('of limit ranges are checked: %s', (_, item, expected) => {
    expect(faultsOf('limitranges', { spec: { limits: [item] } })).toEqual(expected);
  });
});

describe('fields of core objects', () => {
  it('can be selected by once they are filled in', () => {
    expect(fieldsOf({ group: '', kind: 'Pod' }, made('pods', pod()))).toMatchObject({
      'spec.restartPolicy': 'Always',
      'status.phase': 'Pending',
      'spec.hostNetwork': 'false',
    });
  });
});

/** Objects with a bit of everything in them. */
const RICH: Readonly<Record<string, Fields>> = {
  pods: {
    spec: {
      activeDeadlineSeconds: 9,
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              {
                matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }],
                matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }],
              },
            ],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } },
          ],
        },
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'z', labelSelector: { matchLabels: { a: 'b' } }, matchLabelKeys: ['v'] },
          ],
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 1,
              podAffinityTerm: {
                topologyKey: 'z',
                namespaces: ['n'],
                labelSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] },
              },
            },
          ],
        },
      },
      containers: [
        {
          name: 'c',
          image: 'x',
          command: ['a'],
          env: [
            { name: 'A', value: '1' },
            { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            {
              name: 'C',
              valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1' } },
            },
            { name: 'D', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
            { name: 'E', valueFrom: { configMapKeyRef: { name: 's', key: 'k' } } },
          ],
          envFrom: [{ prefix: 'P', configMapRef: { name: 'c' } }, { secretRef: { name: 's' } }],
          lifecycle: {
            preStop: { sleep: { seconds: 1 } },
            postStart: { httpGet: { port: 80, httpHeaders: [{ name: 'A', value: 'b' }] } },
          },
          livenessProbe: { exec: { command: ['a'] } },
          readinessProbe: { tcpSocket: { port: 'http' } },
          startupProbe: { grpc: { port: 1 } },
          ports: [{ name: 'http', containerPort: 80, hostPort: 80, protocol: 'TCP' }],
          resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
          resources: {
            limits: { cpu: '1', 'hugepages-2Mi': '2Mi', 'x.io/gpu': '1' },
            requests: { cpu: '1' },
            claims: [{ name: 'r', request: 'q' }],
          },
          securityContext: {
            capabilities: { add: ['CAP_SYS_ADMIN'] },
            allowPrivilegeEscalation: false,
            seccompProfile: { type: 'Localhost', localhostProfile: 'p' },
            windowsOptions: { runAsUserName: 'D\\u', gmsaCredentialSpec: 'x' },
          },
          volumeMounts: [{ name: 'v0', mountPath: '/a', subPath: 'b' }],
          volumeDevices: [{ name: 'v9', devicePath: '/dev/a' }],
        },
      ],
      dnsConfig: { nameservers: ['1.1.1.1'], searches: ['a.b'], options: [{ name: 'o' }] },
      ephemeralContainers: [{ name: 'e', image: 'x', targetContainerName: 'c' }],
      hostAliases: [{ ip: '1.1.1.1', hostnames: ['h'] }],
      imagePullSecrets: [{ name: 's' }],
      initContainers: [{ name: 'i', image: 'x', restartPolicy: 'Always' }],
      nodeSelector: { a: 'b' },
      os: { name: 'linux' },
      readinessGates: [{ conditionType: 'a/b' }],
      resourceClaims: [{ name: 'r', resourceClaimName: 'x' }],
      resources: { limits: { cpu: '2' }, requests: { cpu: '2' } },
      schedulingGates: [{ name: 'g' }],
      securityContext: {
        supplementalGroups: [1],
        sysctls: [{ name: 'net.x', value: '1' }],
        appArmorProfile: { type: 'Localhost', localhostProfile: 'p' },
        windowsOptions: { hostProcess: true },
      },
      tolerations: [
        { key: 'a', operator: 'Equal', value: 'b', effect: 'NoExecute', tolerationSeconds: 1 },
      ],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule', matchLabelKeys: ['v'] },
      ],
      volumes: [
        { name: 'v0', emptyDir: { sizeLimit: '1Gi' } },
        { name: 'v1', hostPath: { path: '/' } },
        { name: 'v2', secret: { secretName: 's', items: [{ key: 'k', path: 'p', mode: 1 }] } },
        { name: 'v3', configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } },
        {
          name: 'v4',
          projected: {
            sources: [
              { secret: { name: 's', items: [{ key: 'k', path: 'p1' }] } },
              { configMap: { name: 's', items: [{ key: 'k', path: 'p2' }] } },
              {
                downwardAPI: { items: [{ path: 'p3', fieldRef: { fieldPath: 'metadata.name' } }] },
              },
              { serviceAccountToken: { path: 't' } },
              { clusterTrustBundle: { signerName: 'a.b/c', path: 'p4', labelSelector: {} } },
              { clusterTrustBundle: { name: 'a:b:c', path: 'p5' } },
            ],
          },
        },
        {
          name: 'v5',
          downwardAPI: {
            items: [
              { path: 'p', resourceFieldRef: { containerName: 'c', resource: 'limits.cpu' } },
            ],
          },
        },
        { name: 'v6', nfs: { server: 's', path: '/p' } },
        {
          name: 'v7',
          iscsi: {
            targetPortal: 't',
            iqn: 'iqn.2001-04.a:b',
            lun: 0,
            initiatorName: 'iqn.2001-04.a:b',
          },
        },
        { name: 'v8', fc: { targetWWNs: ['a'], lun: 1 } },
        {
          name: 'v9',
          ephemeral: {
            volumeClaimTemplate: {
              metadata: { labels: { a: 'b' } },
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
            },
          },
        },
        { name: 'va', csi: { driver: 'd.io', nodePublishSecretRef: { name: 's' } } },
        { name: 'vb', flexVolume: { driver: 'd', options: { 'a/b': 'c' } } },
        { name: 'vc', azureDisk: { diskName: 'd', diskURI: 'https://x' } },
        { name: 'vd', quobyte: { registry: 'h:1', volume: 'v' } },
        { name: 've', flocker: { datasetName: 'd' } },
        { name: 'vf', storageos: { volumeName: 'v', secretRef: { name: 's' } } },
        { name: 'vg', gitRepo: { repository: 'r', directory: 'd' } },
        { name: 'vh', rbd: { monitors: ['m'], image: 'i' } },
        { name: 'vi', image: { reference: 'r' } },
        { name: 'vj', gcePersistentDisk: { pdName: 'p' } },
        { name: 'vk', scaleIO: { gateway: 'g', system: 's', volumeName: 'v' } },
      ],
    },
    status: {
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        {
          name: 'c',
          state: { terminated: { exitCode: 1 } },
          user: { linux: { uid: 1, gid: 1, supplementalGroups: [1] } },
          allocatedResourcesStatus: [
            { name: 'claim:r', resources: [{ resourceID: 'x', health: 'Healthy' }] },
          ],
        },
      ],
      hostIP: '1.1.1.1',
      hostIPs: [{ ip: '1.1.1.1' }],
      nominatedNodeName: 'n',
      podIPs: [{ ip: '1.1.1.1' }, { ip: '::1' }],
      resourceClaimStatuses: [{ name: 'r', resourceClaimName: 'x' }],
    },
  },
  services: {
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.0.0.1',
      externalIPs: ['1.1.1.1'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      loadBalancerSourceRanges: ['10.0.0.0/8'],
      ports: [{ name: 'a', port: 80, targetPort: 'http', nodePort: 30000, appProtocol: 'x' }],
      selector: { a: 'b' },
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } },
    },
    status: { loadBalancer: { ingress: [{ ip: '1.1.1.1', hostname: 'h' }] } },
  },
  endpoints: {
    subsets: [
      {
        addresses: [{ ip: '1.1.1.1', hostname: 'h', nodeName: 'n' }],
        ports: [{ name: 'a', port: 1, protocol: 'TCP', appProtocol: 'x' }],
      },
    ],
  },
  events: {
    involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
    eventTime: '2025-01-01T00:00:00.000000Z',
    reportingComponent: 'a/b',
    reportingInstance: 'i',
    action: 'a',
    reason: 'r',
    message: 'm',
  },
  configmaps: { data: { a: 'b' }, binaryData: { c: 'eA==' }, immutable: true },
  secrets: { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'e30=' } },
  namespaces: { spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
  nodes: {
    spec: {
      podCIDRs: ['10.0.0.0/24', 'fd00::/64'],
      providerID: 'p',
      taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }],
    },
    status: { addresses: [{ type: 'InternalIP', address: '1.1.1.1' }], capacity: { cpu: '1' } },
  },
  serviceaccounts: { secrets: [{ name: 's' }] },
  replicationcontrollers: {
    spec: {
      replicas: 1,
      selector: { a: 'b' },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [CONTAINER] } },
    },
    status: { replicas: 1, readyReplicas: 1, availableReplicas: 1 },
  },
  podtemplates: {
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [CONTAINER] } },
  },
  persistentvolumeclaims: {
    spec: {
      accessModes: ['ReadWriteOnce'],
      dataSource: { apiGroup: 'a.b', kind: 'X', name: 'n' },
      dataSourceRef: { apiGroup: 'a.b', kind: 'X', name: 'n', namespace: 'x' },
      resources: { requests: { storage: '1Gi' } },
      selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] },
      storageClassName: 's',
      volumeAttributesClassName: 'v',
    },
    status: {
      phase: 'Bound',
      capacity: { storage: '1Gi' },
      allocatedResources: { storage: '1Gi' },
      allocatedResourceStatuses: { storage: 'NodeResizePending' },
    },
  },
  persistentvolumes: {
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      claimRef: { namespace: 'n', name: 'c' },
      csi: { driver: 'd', volumeHandle: 'h', nodeStageSecretRef: { name: 's', namespace: 'n' } },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }],
        },
      },
      storageClassName: 's',
      volumeAttributesClassName: 'v',
    },
  },
  resourcequotas: {
    spec: {
      hard: { pods: '1' },
      scopes: ['Terminating'],
      scopeSelector: {
        matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['a'] }],
      },
    },
    status: { hard: { pods: '1' }, used: { pods: '1' } },
  },
  limitranges: {
    spec: {
      limits: [
        {
          type: 'Container',
          max: { cpu: '2' },
          min: { cpu: '1' },
          default: { cpu: '1' },
          defaultRequest: { cpu: '1' },
          maxLimitRequestRatio: { cpu: '2' },
        },
      ],
    },
  },
};

/** Copies of a value with one thing in it left out, or emptied. */
function* poorer(value: unknown): Generator<unknown> {
  if (typeof value === 'string') yield '';
  if (typeof value === 'number') yield* [0, -1];
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    yield [];
    for (const [i, item] of value.entries()) {
      for (const other of poorer(item)) yield value.with(i, other);
    }
    return;
  }
  yield {};
  for (const [key, field] of Object.entries(value)) {
    const { [key]: _, ...others } = value as Fields;
    yield others;
    for (const other of poorer(field)) yield { ...value, [key]: other };
  }
}

describe('every core kind', () => {
  const isQuantity = (error: unknown) => error instanceof Error && error.name === 'QuantityError';

  it.each(Object.keys(RICH))('judges %s whatever is left out', (resource) => {
    const kinds = [kindOf(resource)];
    if (resource === 'pods') kinds.push(podResizeKind, podEphemeralContainersKind);
    if (resource === 'namespaces') kinds.push(namespaceFinalizeKind);
    const rich = RICH[resource] ?? {};
    const judge = (kind: Kind, before: Fields, after: Fields) => {
      const old = made(resource, before);
      if (before.status !== undefined) old.status = structuredClone(before.status);
      kind.validate(old);
      kind.warnings?.(old);
      const object: ApiObject = { ...structuredClone(old), ...structuredClone(after) };
      kind.setDefaults(object);
      kind.prepareForUpdate?.(object, old);
      kind.validateUpdate(object, old);
      object.status = structuredClone(after.status ?? {});
      kind.prepareForStatusUpdate?.(object, old);
      kind.validateStatusUpdate?.(object, old);
      kind.gracePeriodSeconds?.(object, undefined);
    };
    let count = 0;
    for (const poor of poorer(rich) as Generator<Fields>) {
      // Taking turns is enough: there are many.
      const kind = kinds[count % kinds.length] ?? kindOf(resource);
      const [before, after] = count % 2 === 0 ? [rich, poor] : [poor, rich];
      try {
        judge(kind, before, after);
      } catch (error) {
        // Text that is no amount never gets here: it is refused when it is read.
        if (!isQuantity(error)) throw new Error(JSON.stringify(poor), { cause: error });
      }
      count++;
    }
    expect(count).toBeGreaterThan(3);
  });
});
