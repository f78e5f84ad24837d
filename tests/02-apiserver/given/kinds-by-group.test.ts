/**
 * The built-in kinds outside the core group: what is filled in, what is refused and in which words, and
 * what may change. What pod templates get is the core group's tests' business.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FieldError, fieldErrorText, StatusError } from '#apimachinery';
import type { ApiObject } from '../../../solutions/02-apiserver/api-object.ts';
import { localApiService } from '../../../solutions/02-apiserver/kinds/apiregistration/api-service.ts';
import { builtInKinds } from '../../../solutions/02-apiserver/kinds/built-in-kinds.ts';
import {
  approvalForm,
  setConditionTimes,
} from '../../../solutions/02-apiserver/kinds/certificates/approval.ts';
import { setRequester } from '../../../solutions/02-apiserver/kinds/certificates/requester.ts';
import type { Kind } from '../../../solutions/02-apiserver/kinds/kind.ts';
import { applyScale, scaleOf } from '../../../solutions/02-apiserver/kinds/scale.ts';
import { storedFormOf } from '../../../solutions/02-apiserver/kinds/versions.ts';

type Fields = Record<string, unknown>;

const UID = '11111111-2222-3333-4444-555555555555';
const LABELS = { app: 'web' };
const SELECTOR = { matchLabels: LABELS };
const POD_SPEC = { containers: [{ name: 'c', image: 'nginx' }] };
const TEMPLATE = { metadata: { labels: LABELS }, spec: POD_SPEC };
const JOB_TEMPLATE = { spec: { ...POD_SPEC, restartPolicy: 'Never' } };

/** As `resource.group/version`. */
function kindOf(text: string): Kind {
  const found = builtInKinds().find((kind) => textOf(kind) === text);
  if (!found) throw new Error(`there is no kind ${text}`);
  return found;
}

function textOf({ resource, group, version }: Kind): string {
  return `${resource}.${group}/${version}`;
}

/** An object as it is after defaults and preparation, before it is checked. */
function made(kind: Kind, fields: Fields, name = 'a'): ApiObject {
  const object: ApiObject = {
    apiVersion: `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata: { name, uid: UID, ...(kind.namespaced && { namespace: 'default' }) },
    ...structuredClone(fields),
  };
  kind.setDefaults(object);
  kind.prepareForCreate?.(object);
  return object;
}

function texts(faults: readonly FieldError[]): string[] {
  return faults.map(fieldErrorText);
}

/** The faults of a new object. */
function faultsOf(kind: Kind, fields: Fields, name?: string): string[] {
  return texts(kind.validate(made(kind, fields, name)));
}

/** The faults of changing an object's fields. */
function changeFaults(kind: Kind, fields: Fields, change: (object: ApiObject) => void): string[] {
  const old = made(kind, fields);
  const object = structuredClone(old);
  change(object);
  kind.setDefaults(object);
  kind.prepareForUpdate?.(object, old);
  return texts(kind.validateUpdate(object, old));
}

/** The faults of a new status. */
function statusFaults(kind: Kind, fields: Fields, before: unknown, after: unknown): string[] {
  const old = { ...made(kind, fields), status: before };
  const object = { ...structuredClone(old), status: after };
  kind.prepareForStatusUpdate?.(object, old);
  return texts(kind.validateStatusUpdate?.(object, old) ?? []);
}

/** The same with parts missing, here and there. */
function without<T>(value: T, random: Iterator<number>): T {
  if (Array.isArray(value)) {
    const isEmpty = random.next().value % 8 === 0;
    return (isEmpty ? [] : value.map((item) => without(item, random))) as T;
  }
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(() => random.next().value % 6 !== 0);
  return Object.fromEntries(kept.map(([key, item]) => [key, without(item, random)])) as T;
}

const specOf = (object: ApiObject) => object.spec as Fields;

describe('the list of kinds', () => {
  it('is in the order of discovery', () => {
    const groups = [...new Set(builtInKinds().map((kind) => kind.group))];
    expect(groups).toEqual([
      '',
      'apiregistration.k8s.io',
      'apps',
      'events.k8s.io',
      'autoscaling',
      'batch',
      'certificates.k8s.io',
      'networking.k8s.io',
      'policy',
      'rbac.authorization.k8s.io',
      'storage.k8s.io',
      'admissionregistration.k8s.io',
      'scheduling.k8s.io',
      'coordination.k8s.io',
      'node.k8s.io',
      'discovery.k8s.io',
    ]);
  });

  it('has each kind once in each version', () => {
    const all = builtInKinds().map(textOf);
    expect(new Set(all).size).toBe(all.length);
  });

  it('has a schema for every kind', () => {
    for (const kind of builtInKinds()) expect(kind.schema.type, textOf(kind)).toBe('object');
  });

  it('shares no short name between two resources', () => {
    const all = builtInKinds().flatMap((kind) =>
      kind.shortNames.map((short) => `${short} ${kind.resource}`),
    );
    const shorts = [...new Set(all)].map((each) => each.split(' ')[0]);
    expect(new Set(shorts).size).toBe(shorts.length);
  });

  it('keeps Ingresses and APIServices where the real server does', () => {
    expect(kindOf('ingresses.networking.k8s.io/v1').storagePrefix).toBe('ingress');
    expect(kindOf('apiservices.apiregistration.k8s.io/v1').storagePrefix).toBe(
      'apiregistration.k8s.io/apiservices',
    );
  });
});

describe('defaults', () => {
  const rows: [kind: string, fields: Fields, expected: Fields][] = [
    [
      'deployments.apps/v1',
      { spec: { selector: SELECTOR, template: TEMPLATE } },
      {
        spec: {
          replicas: 1,
          strategy: {
            type: 'RollingUpdate',
            rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' },
          },
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
          template: { spec: { restartPolicy: 'Always' } },
        },
        status: {},
      },
    ],
    [
      'replicasets.apps/v1',
      { spec: { selector: SELECTOR, template: TEMPLATE } },
      { spec: { replicas: 1 }, status: { replicas: 0 } },
    ],
    [
      'statefulsets.apps/v1',
      {
        spec: {
          selector: SELECTOR,
          template: TEMPLATE,
          volumeClaimTemplates: [{ metadata: { name: 'data' } }],
        },
      },
      {
        spec: {
          replicas: 1,
          podManagementPolicy: 'OrderedReady',
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
          revisionHistoryLimit: 10,
          volumeClaimTemplates: [
            {
              apiVersion: 'v1',
              kind: 'PersistentVolumeClaim',
              metadata: { name: 'data' },
              spec: { volumeMode: 'Filesystem' },
              status: { phase: 'Pending' },
            },
          ],
        },
        status: { replicas: 0, availableReplicas: 0 },
      },
    ],
    [
      'daemonsets.apps/v1',
      { spec: { selector: SELECTOR, template: TEMPLATE } },
      {
        metadata: { annotations: { 'deprecated.daemonset.template.generation': '1' } },
        spec: {
          updateStrategy: {
            type: 'RollingUpdate',
            rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
          },
          revisionHistoryLimit: 10,
        },
        status: {
          currentNumberScheduled: 0,
          numberMisscheduled: 0,
          desiredNumberScheduled: 0,
          numberReady: 0,
        },
      },
    ],
    ['controllerrevisions.apps/v1', { data: {} }, { revision: 0 }],
    [
      'jobs.batch/v1',
      { spec: { template: JOB_TEMPLATE } },
      {
        metadata: { labels: { 'job-name': 'a', 'batch.kubernetes.io/controller-uid': UID } },
        spec: {
          completions: 1,
          parallelism: 1,
          backoffLimit: 6,
          completionMode: 'NonIndexed',
          suspend: false,
          manualSelector: false,
          podReplacementPolicy: 'TerminatingOrFailed',
          selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': UID } },
          template: {
            metadata: {
              labels: {
                'batch.kubernetes.io/job-name': 'a',
                'job-name': 'a',
                'batch.kubernetes.io/controller-uid': UID,
                'controller-uid': UID,
              },
            },
          },
        },
        status: {},
      },
    ],
    [
      'cronjobs.batch/v1',
      { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: JOB_TEMPLATE } } } },
      {
        spec: {
          concurrencyPolicy: 'Allow',
          suspend: false,
          successfulJobsHistoryLimit: 3,
          failedJobsHistoryLimit: 1,
        },
        status: {},
      },
    ],
    [
      'horizontalpodautoscalers.autoscaling/v2',
      { spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'web' } } },
      {
        spec: {
          minReplicas: 1,
          metrics: [
            {
              type: 'Resource',
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
            },
          ],
        },
        status: { currentReplicas: 0, desiredReplicas: 0 },
      },
    ],
    [
      'poddisruptionbudgets.policy/v1',
      { spec: { minAvailable: 1 } },
      {
        status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
      },
    ],
    [
      'endpointslices.discovery.k8s.io/v1',
      { addressType: 'IPv4', ports: [{ port: 80 }] },
      { endpoints: [], ports: [{ name: '', protocol: 'TCP', port: 80 }] },
    ],
    [
      'networkpolicies.networking.k8s.io/v1',
      { spec: { egress: [{ ports: [{ port: 53 }] }] } },
      {
        spec: {
          podSelector: {},
          policyTypes: ['Ingress', 'Egress'],
          egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }],
        },
      },
    ],
    [
      'ingressclasses.networking.k8s.io/v1',
      { spec: { controller: 'a.b/c', parameters: { kind: 'X', name: 'x' } } },
      { spec: { parameters: { scope: 'Cluster' } } },
    ],
    [
      'ingresses.networking.k8s.io/v1',
      { spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } } },
      { status: { loadBalancer: {} } },
    ],
    [
      'rolebindings.rbac.authorization.k8s.io/v1',
      {
        roleRef: { kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'ServiceAccount', name: 's' },
        ],
      },
      {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' },
          { kind: 'ServiceAccount', name: 's' },
        ],
      },
    ],
    [
      'priorityclasses.scheduling.k8s.io/v1',
      { value: 7 },
      { value: 7, preemptionPolicy: 'PreemptLowerPriority', metadata: { generation: 1 } },
    ],
    [
      'storageclasses.storage.k8s.io/v1',
      { provisioner: 'x.io/y' },
      { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
    ],
    [
      'csidrivers.storage.k8s.io/v1',
      {},
      {
        spec: {
          attachRequired: true,
          podInfoOnMount: false,
          storageCapacity: false,
          fsGroupPolicy: 'ReadWriteOnceWithFSType',
          volumeLifecycleModes: ['Persistent'],
          requiresRepublish: false,
          seLinuxMount: false,
        },
      },
    ],
    [
      'mutatingwebhookconfigurations.admissionregistration.k8s.io/v1',
      { webhooks: [{ clientConfig: { service: { name: 's', namespace: 'n' } }, rules: [{}] }] },
      {
        webhooks: [
          {
            failurePolicy: 'Fail',
            matchPolicy: 'Equivalent',
            namespaceSelector: {},
            objectSelector: {},
            timeoutSeconds: 10,
            reinvocationPolicy: 'Never',
            clientConfig: { service: { port: 443 } },
            rules: [{ scope: '*' }],
          },
        ],
      },
    ],
  ];
  it.each(rows)('of %s', (text, fields, expected) => {
    expect(made(kindOf(text), fields)).toMatchObject(expected);
  });

  it.each(rows)('of %s stay the same when they are set again', (text, fields) => {
    const kind = kindOf(text);
    const once = made(kind, fields);
    const twice = structuredClone(once);
    kind.setDefaults(twice);
    expect(twice).toEqual(once);
  });

  it('leave a Job with parallelism alone without completions', () => {
    const job = made(kindOf('jobs.batch/v1'), { spec: { parallelism: 3, template: JOB_TEMPLATE } });
    expect(specOf(job).completions).toBeUndefined();
  });

  it('give a Job with a limit for each index no limit as a whole', () => {
    const spec = { backoffLimitPerIndex: 1, completionMode: 'Indexed', completions: 2 };
    const job = made(kindOf('jobs.batch/v1'), { spec: { ...spec, template: JOB_TEMPLATE } });
    expect(specOf(job).backoffLimit).toBe(2147483647);
  });

  it("give a Job its template's labels", () => {
    const template = { ...JOB_TEMPLATE, metadata: { labels: LABELS } };
    const job = made(kindOf('jobs.batch/v1'), { spec: { template } });
    expect(job.metadata.labels).toEqual(LABELS);
  });

  it('leave a Job with a manual selector as it is', () => {
    const template = { ...JOB_TEMPLATE, metadata: { labels: LABELS } };
    const spec = { manualSelector: true, selector: SELECTOR, template };
    const job = made(kindOf('jobs.batch/v1'), { spec });
    expect(job.spec).toMatchObject({
      selector: SELECTOR,
      template: { metadata: template.metadata },
    });
    expect(kindOf('jobs.batch/v1').validate(job)).toEqual([]);
  });

  it('complete the behaviour of an autoscaler', () => {
    const scaleUp = { stabilizationWindowSeconds: 5 };
    const spec = { maxReplicas: 3, behavior: { scaleUp } };
    const { behavior } = specOf(made(kindOf('horizontalpodautoscalers.autoscaling/v2'), { spec }));
    expect(behavior).toEqual({
      scaleUp: {
        stabilizationWindowSeconds: 5,
        selectPolicy: 'Max',
        policies: [
          { type: 'Pods', value: 4, periodSeconds: 15 },
          { type: 'Percent', value: 100, periodSeconds: 15 },
        ],
      },
      scaleDown: {
        selectPolicy: 'Max',
        policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
      },
    });
  });
});

describe('faults of new objects', () => {
  const deployment = (spec: Fields) => ({
    spec: { selector: SELECTOR, template: TEMPLATE, ...spec },
  });
  const job = (spec: Fields) => ({ spec: { template: JOB_TEMPLATE, ...spec } });
  const indexed = (spec: Fields) => job({ completionMode: 'Indexed', completions: 3, ...spec });
  const cronJob = (spec: Fields) => ({
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template: JOB_TEMPLATE } }, ...spec },
  });
  const autoscaler = (spec: Fields) => ({
    spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'web' }, ...spec },
  });
  const metric = (fields: Fields) => autoscaler({ metrics: [fields] });
  const ingress = (path: Fields) => ({
    spec: {
      rules: [
        {
          host: 'a.example.com',
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: 'web', port: { number: 80 } } },
                ...path,
              },
            ],
          },
        },
      ],
    },
  });
  const webhook = (fields: Fields) => ({
    webhooks: [
      {
        name: 'check.example.com',
        clientConfig: { url: 'https://example.com/check' },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        rules: [
          { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
        ],
        ...fields,
      },
    ],
  });
  const rule = (fields: Fields) =>
    webhook({
      rules: [
        {
          operations: ['CREATE'],
          apiGroups: [''],
          apiVersions: ['v1'],
          resources: ['pods'],
          ...fields,
        },
      ],
    });

  const rows: [what: string, kind: string, fields: Fields, faults: string[]][] = [
    ['a good one', 'deployments.apps/v1', deployment({}), []],
    [
      'no selector',
      'deployments.apps/v1',
      deployment({ selector: undefined }),
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
      ],
    ],
    [
      'a selector with an unknown operator',
      'replicasets.apps/v1',
      deployment({ selector: { matchExpressions: [{ key: 'app', operator: 'Like' }] } }),
      [
        'spec.selector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator',
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Like"}]}: invalid label selector',
      ],
    ],
    [
      'an empty selector',
      'deployments.apps/v1',
      deployment({ selector: {} }),
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    [
      'a selector of others',
      'deployments.apps/v1',
      deployment({ selector: { matchLabels: { app: 'db' } } }),
      [
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
      ],
    ],
    [
      'negative replicas',
      'deployments.apps/v1',
      deployment({ replicas: -1 }),
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'an unknown strategy',
      'deployments.apps/v1',
      deployment({ strategy: { type: 'Sudden' } }),
      [
        'spec.strategy: Unsupported value: {"type":"Sudden"}: supported values: "Recreate", "RollingUpdate"',
      ],
    ],
    [
      'Recreate with numbers for a rolling update',
      'deployments.apps/v1',
      deployment({ strategy: { type: 'Recreate', rollingUpdate: {} } }),
      [
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
      ],
    ],
    [
      'a rolling update that cannot begin',
      'deployments.apps/v1',
      deployment({ strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: '0%' } } }),
      [
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
      ],
    ],
    [
      'more than all unavailable',
      'deployments.apps/v1',
      deployment({ strategy: { rollingUpdate: { maxUnavailable: '101%' } } }),
      [
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
      ],
    ],
    [
      'no percentage',
      'deployments.apps/v1',
      deployment({ strategy: { rollingUpdate: { maxSurge: 'half' } } }),
      [
        "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"half\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ],
    ],
    [
      'a deadline before readiness',
      'deployments.apps/v1',
      deployment({ minReadySeconds: 9, progressDeadlineSeconds: 9 }),
      ['spec.progressDeadlineSeconds: Invalid value: 9: must be greater than minReadySeconds'],
    ],
    [
      'pods that end',
      'replicasets.apps/v1',
      deployment({ template: { ...TEMPLATE, spec: { ...POD_SPEC, restartPolicy: 'Never' } } }),
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      'pods with a deadline',
      'daemonsets.apps/v1',
      deployment({ template: { ...TEMPLATE, spec: { ...POD_SPEC, activeDeadlineSeconds: 5 } } }),
      [
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported',
      ],
    ],
    [
      'surge and unavailable both',
      'daemonsets.apps/v1',
      deployment({ updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
      [
        'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
      ],
    ],
    [
      'neither surge nor unavailable',
      'daemonsets.apps/v1',
      deployment({ updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }),
      [
        'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
      ],
    ],
    [
      'an unknown management policy',
      'statefulsets.apps/v1',
      deployment({ podManagementPolicy: 'Any' }),
      ["spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'"],
    ],
    [
      'a partition without a rolling update',
      'statefulsets.apps/v1',
      deployment({ updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } }),
      [
        'spec.updateStrategy.rollingUpdate: Invalid value: {"partition":1}: only allowed for updateStrategy \'RollingUpdate\'',
      ],
    ],
    [
      'an unknown retention',
      'statefulsets.apps/v1',
      deployment({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Keep' } }),
      [
        'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Retain", "Delete"',
      ],
    ],
    [
      'negative ordinals',
      'statefulsets.apps/v1',
      deployment({ ordinals: { start: -1 } }),
      ['spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0'],
    ],
    ['no data', 'controllerrevisions.apps/v1', {}, ['data: Required value: data is mandatory']],
    ['a good one', 'jobs.batch/v1', job({}), []],
    [
      'pods that never end',
      'jobs.batch/v1',
      job({ template: { spec: POD_SPEC } }),
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'indexes without completions',
      'jobs.batch/v1',
      job({ completionMode: 'Indexed', parallelism: 1 }),
      ['spec.completions: Required value: when completion mode is Indexed'],
    ],
    [
      'a limit for each index without indexes',
      'jobs.batch/v1',
      job({ backoffLimitPerIndex: 1 }),
      ['spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode'],
    ],
    [
      'too many failed indexes',
      'jobs.batch/v1',
      indexed({ backoffLimitPerIndex: 1, maxFailedIndexes: 4 }),
      ['spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions'],
    ],
    [
      'a failure rule about nothing',
      'jobs.batch/v1',
      job({ podFailurePolicy: { rules: [{ action: 'FailJob' }] } }),
      [
        'spec.podFailurePolicy.rules[0]: Invalid value: "": specifying one of OnExitCodes and OnPodConditions is required',
      ],
    ],
    [
      'exit codes that are not in order',
      'jobs.batch/v1',
      job({
        podFailurePolicy: {
          rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [3, 0] } }],
        },
      }),
      [
        'spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator',
        'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [3,0]: must be ordered',
      ],
    ],
    [
      'a success rule beyond completions',
      'jobs.batch/v1',
      indexed({ successPolicy: { rules: [{ succeededIndexes: '0-5' }] } }),
      [
        'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-5": error parsing succeededIndexes: too large index: "5"',
      ],
    ],
    [
      'a success rule that wants too many',
      'jobs.batch/v1',
      indexed({ successPolicy: { rules: [{ succeededIndexes: '0-1', succeededCount: 3 }] } }),
      [
        'spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)',
      ],
    ],
    [
      'a selector of its own',
      'jobs.batch/v1',
      job({ selector: SELECTOR }),
      [
        `spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"${UID}","app":"web"}}: \`selector\` not auto-generated`,
        `spec.template.metadata.labels: Invalid value: {"batch.kubernetes.io/job-name":"a","job-name":"a","batch.kubernetes.io/controller-uid":"${UID}","controller-uid":"${UID}"}: \`selector\` does not match template \`labels\``,
      ],
    ],
    [
      'no controller by a path',
      'jobs.batch/v1',
      job({ managedBy: 'me' }),
      [
        'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")',
      ],
    ],
    ['a good one', 'cronjobs.batch/v1', cronJob({ timeZone: 'Europe/Berlin' }), []],
    ['a word', 'cronjobs.batch/v1', cronJob({ schedule: '@every 1h30m' }), []],
    [
      'names of days and months',
      'cronjobs.batch/v1',
      cronJob({ schedule: '*/5 0-6/2 1,15 JAN-mar sun' }),
      [],
    ],
    [
      'no schedule',
      'cronjobs.batch/v1',
      cronJob({ schedule: '' }),
      ['spec.schedule: Required value'],
    ],
    [
      'four fields',
      'cronjobs.batch/v1',
      cronJob({ schedule: '* * * *' }),
      ['spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
    ],
    [
      'a minute too late',
      'cronjobs.batch/v1',
      cronJob({ schedule: '60 * * * *' }),
      ['spec.schedule: Invalid value: "60 * * * *": end of range (60) above maximum (59): 60'],
    ],
    [
      'a zone in the schedule',
      'cronjobs.batch/v1',
      cronJob({ schedule: 'TZ=UTC * * * * *' }),
      [
        'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ],
    ],
    [
      'an unknown zone',
      'cronjobs.batch/v1',
      cronJob({ timeZone: 'Europe/Atlantis' }),
      ['spec.timeZone: Invalid value: "Europe/Atlantis": unknown time zone Europe/Atlantis'],
    ],
    [
      'an unknown concurrency policy',
      'cronjobs.batch/v1',
      cronJob({ concurrencyPolicy: 'Queue' }),
      [
        'spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace"',
      ],
    ],
    [
      'a template with a selector',
      'cronjobs.batch/v1',
      cronJob({ jobTemplate: { spec: { template: JOB_TEMPLATE, manualSelector: true } } }),
      [
        'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
      ],
    ],
    ['a good one', 'horizontalpodautoscalers.autoscaling/v2', autoscaler({}), []],
    [
      'nothing to scale, and less than at least',
      'horizontalpodautoscalers.autoscaling/v2',
      { spec: { minReplicas: 4, maxReplicas: 3 } },
      [
        'spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`',
        'spec.scaleTargetRef.kind: Required value',
        'spec.scaleTargetRef.name: Required value',
      ],
    ],
    [
      'zero',
      'horizontalpodautoscalers.autoscaling/v2',
      autoscaler({ minReplicas: 0 }),
      [
        'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
        'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
      ],
    ],
    [
      'a metric with the source of another',
      'horizontalpodautoscalers.autoscaling/v2',
      metric({ type: 'Pods', resource: { name: 'cpu', target: { type: 'Value' } } }),
      [
        'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
        'spec.metrics[0].pods: Required value: must populate information for the given metric source',
      ],
    ],
    [
      'a metric below zero',
      'horizontalpodautoscalers.autoscaling/v2',
      metric({
        type: 'External',
        external: { metric: { name: 'queue' }, target: { type: 'Value', value: '-1' } },
      }),
      ['spec.metrics[0].external.target.value: Invalid value: "-1": must be positive'],
    ],
    [
      'a policy that does nothing',
      'horizontalpodautoscalers.autoscaling/v2',
      autoscaler({
        behavior: { scaleDown: { policies: [{ type: 'Pods', value: 0, periodSeconds: 1801 }] } },
      }),
      [
        'spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero',
        'spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
      ],
    ],
    [
      'both limits',
      'poddisruptionbudgets.policy/v1',
      { spec: { minAvailable: 1, maxUnavailable: 1 } },
      [
        'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
      ],
    ],
    [
      'an unknown eviction policy',
      'poddisruptionbudgets.policy/v1',
      { spec: { unhealthyPodEvictionPolicy: 'Never' } },
      [
        'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"',
      ],
    ],
    [
      'a lease of no time',
      'leases.coordination.k8s.io/v1',
      { spec: { leaseDurationSeconds: 0 } },
      ['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0'],
    ],
    [
      'addresses of the wrong kind',
      'endpointslices.discovery.k8s.io/v1',
      {
        addressType: 'IPv4',
        endpoints: [{ addresses: ['::2'] }, { addresses: ['127.0.0.1'] }, { addresses: [] }],
      },
      [
        'endpoints[0].addresses[0]: Invalid value: "::2": must be an IPv4 address',
        'endpoints[1].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
        'endpoints[2].addresses: Required value: must contain at least 1 address',
      ],
    ],
    [
      'two ports without names',
      'endpointslices.discovery.k8s.io/v1',
      { addressType: 'IPv6', ports: [{ port: 1 }, { port: 2 }] },
      ['ports[1].name: Duplicate value: ""'],
    ],
    [
      'a rule without verbs',
      'roles.rbac.authorization.k8s.io/v1',
      { rules: [{ apiGroups: [''], resources: ['pods'] }] },
      ['rules[0].verbs: Required value: verbs must contain at least one value'],
    ],
    [
      'a URL in a namespace',
      'roles.rbac.authorization.k8s.io/v1',
      { rules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }] },
      [
        'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs',
      ],
    ],
    [
      'an aggregation of nothing',
      'clusterroles.rbac.authorization.k8s.io/v1',
      { aggregationRule: {} },
      [
        'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
      ],
    ],
    [
      'a role in a namespace for the whole cluster',
      'clusterrolebindings.rbac.authorization.k8s.io/v1',
      {
        roleRef: { kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'ServiceAccount', name: 's' },
          { kind: 'Robot', name: 'x' },
        ],
      },
      [
        'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
        'subjects[0].namespace: Required value',
        'subjects[1].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
      ],
    ],
    [
      'too high a priority',
      'priorityclasses.scheduling.k8s.io/v1',
      { value: 1000000001 },
      ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
    ],
    [
      'no provisioner',
      'storageclasses.storage.k8s.io/v1',
      { volumeBindingMode: 'Later' },
      [
        'provisioner: Required value',
        'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"',
      ],
    ],
    [
      'a driver twice',
      'csinodes.storage.k8s.io/v1',
      {
        spec: {
          drivers: [
            { name: 'd', nodeID: 'n' },
            { name: 'd', nodeID: '' },
          ],
        },
      },
      ['spec.drivers[1].nodeID: Required value', 'spec.drivers[1].name: Duplicate value: "d"'],
    ],
    [
      'nothing attached',
      'volumeattachments.storage.k8s.io/v1',
      { spec: { attacher: 'x.io', nodeName: 'n' } },
      [
        'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
      ],
    ],
    ['a good one', 'ingresses.networking.k8s.io/v1', ingress({}), []],
    [
      'nowhere to go',
      'ingresses.networking.k8s.io/v1',
      {},
      ['spec: Invalid value: []: either `defaultBackend` or `rules` must be specified'],
    ],
    [
      'no type of path',
      'ingresses.networking.k8s.io/v1',
      ingress({ pathType: undefined }),
      ['spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified'],
    ],
    [
      'tricks in a path',
      'ingresses.networking.k8s.io/v1',
      ingress({ path: '/a//b/..' }),
      [
        'spec.rules[0].http.paths[0].path: Invalid value: "/a//b/..": must not contain \'//\'',
        'spec.rules[0].http.paths[0].path: Invalid value: "/a//b/..": cannot end with \'/..\'',
      ],
    ],
    [
      'no port',
      'ingresses.networking.k8s.io/v1',
      ingress({ backend: { service: { name: 'web' } } }),
      ['spec.rules[0].http.paths[0].backend: Required value: port name or number is required'],
    ],
    [
      'a controller without a domain',
      'ingressclasses.networking.k8s.io/v1',
      { spec: { controller: 'nginx' } },
      [
        'spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")',
      ],
    ],
    [
      'a hole as big as the network',
      'networkpolicies.networking.k8s.io/v1',
      {
        spec: {
          ingress: [
            {
              from: [
                { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.0.0.0/8'] } },
                {},
              ],
              ports: [{ port: 5, endPort: 4 }],
            },
          ],
        },
      },
      [
        'spec.ingress[0].ports[0].endPort: Invalid value: 4: must be greater than or equal to `port`',
        'spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
        'spec.ingress[0].from[1]: Required value: must specify a peer',
      ],
    ],
    [
      'nobody who has it',
      'ipaddresses.networking.k8s.io/v1',
      {},
      ['spec.parentRef: Required value'],
    ],
    [
      'bits behind the network',
      'servicecidrs.networking.k8s.io/v1',
      { spec: { cidrs: ['10.0.0.1/8'] } },
      ['spec.cidrs[0]: Invalid value: "10.0.0.1/8": must be in canonical form ("10.0.0.0/8")'],
    ],
    [
      'a handler that is no name',
      'runtimeclasses.node.k8s.io/v1',
      { handler: 'A_B' },
      [
        "handler: Invalid value: \"A_B\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [
      'a good one',
      'validatingwebhookconfigurations.admissionregistration.k8s.io/v1',
      webhook({}),
      [],
    ],
    [
      'a short name, no effects, no versions',
      'validatingwebhookconfigurations.admissionregistration.k8s.io/v1',
      webhook({ name: 'check', sideEffects: undefined, admissionReviewVersions: [] }),
      [
        'webhooks[0].name: Invalid value: "check": should be a domain with at least three segments separated by dots',
        'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun',
        'webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
      ],
    ],
    [
      'an address without TLS',
      'validatingwebhookconfigurations.admissionregistration.k8s.io/v1',
      webhook({ clientConfig: { url: 'http://u@example.com/?a=b' } }),
      [
        'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
        'webhooks[0].clientConfig.url: Invalid value: "u": user information is not permitted in the URL',
        'webhooks[0].clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL',
      ],
    ],
    [
      'resources that another covers',
      'mutatingwebhookconfigurations.admissionregistration.k8s.io/v1',
      rule({ resources: ['pods/*', 'pods/status', '*', 'pods'] }),
      [
        'webhooks[0].rules[0].resources[1]: Invalid value: "pods/status": if \'pods/*\' is present, must not specify pods/status',
        'webhooks[0].rules[0].resources: Invalid value: ["pods/*","pods/status","*","pods"]: if \'*\' is present, must not specify other resources without subresources',
      ],
    ],
    [
      'a star among groups',
      'mutatingwebhookconfigurations.admissionregistration.k8s.io/v1',
      rule({ apiGroups: ['*', 'apps'], operations: ['READ'] }),
      [
        'webhooks[0].rules[0].operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
        'webhooks[0].rules[0].apiGroups: Invalid value: ["*","apps"]: if \'*\' is present, must not specify other API groups',
      ],
    ],
    [
      'everything',
      'jobs.batch/v1',
      indexed({
        backoffLimitPerIndex: 1,
        maxFailedIndexes: 2,
        managedBy: 'example.com/mine',
        podFailurePolicy: {
          rules: [
            {
              action: 'FailIndex',
              onExitCodes: { containerName: 'c', operator: 'NotIn', values: [1, 2] },
            },
            { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
          ],
        },
        successPolicy: { rules: [{ succeededIndexes: '0,1-2', succeededCount: 2 }] },
      }),
      [],
    ],
    [
      'everything',
      'horizontalpodautoscalers.autoscaling/v2',
      autoscaler({
        metrics: [
          {
            type: 'Object',
            object: {
              describedObject: { kind: 'Ingress', name: 'i' },
              metric: { name: 'm', selector: { matchLabels: LABELS } },
              target: { type: 'Value', value: '1' },
            },
          },
          {
            type: 'External',
            external: {
              metric: { name: 'm' },
              target: { type: 'AverageValue', averageValue: '1' },
            },
          },
          {
            type: 'Pods',
            pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '1' } },
          },
          {
            type: 'ContainerResource',
            containerResource: {
              name: 'cpu',
              container: 'c',
              target: { type: 'Utilization', averageUtilization: 1 },
            },
          },
        ],
        behavior: {
          scaleUp: { policies: [{ type: 'Percent', value: 1, periodSeconds: 1 }] },
          scaleDown: { selectPolicy: 'Disabled', stabilizationWindowSeconds: 3600 },
        },
      }),
      [],
    ],
    [
      'everything',
      'endpointslices.discovery.k8s.io/v1',
      {
        addressType: 'IPv6',
        endpoints: [
          {
            addresses: ['2001:db8::1'],
            nodeName: 'n',
            hostname: 'h',
            deprecatedTopology: { a: 'b' },
            hints: { forZones: [{ name: 'z' }] },
          },
        ],
        ports: [{ name: 'http', port: 80, appProtocol: 'example.com/x' }, { name: 'b' }],
      },
      [],
    ],
    [
      'everything',
      'networkpolicies.networking.k8s.io/v1',
      {
        spec: {
          podSelector: SELECTOR,
          ingress: [
            {
              ports: [{ port: 'http' }, { port: 1, endPort: 2 }],
              from: [
                { podSelector: SELECTOR, namespaceSelector: {} },
                { ipBlock: { cidr: '2001:db8::/32', except: ['2001:db8:1::/48'] } },
              ],
            },
          ],
          egress: [{ to: [{ podSelector: {} }], ports: [{ protocol: 'SCTP' }] }],
        },
      },
      [],
    ],
    [
      'everything',
      'ingresses.networking.k8s.io/v1',
      {
        spec: {
          ingressClassName: 'nginx',
          defaultBackend: { resource: { apiGroup: 'x.io', kind: 'Bucket', name: 'b' } },
          tls: [{ hosts: ['*.example.com', 'example.com'], secretName: 's' }],
          rules: [
            {
              host: '*.example.com',
              http: {
                paths: [
                  {
                    pathType: 'ImplementationSpecific',
                    backend: { service: { name: 'web', port: { name: 'http' } } },
                  },
                ],
              },
            },
          ],
        },
      },
      [],
    ],
    [
      'everything',
      'ingressclasses.networking.k8s.io/v1',
      {
        spec: {
          controller: 'example.com/c',
          parameters: { kind: 'X', name: 'x', scope: 'Namespace', namespace: 'n' },
        },
      },
      [],
    ],
    [
      'everything',
      'ipaddresses.networking.k8s.io/v1',
      { spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } } },
      [],
    ],
    [
      'both families',
      'servicecidrs.networking.k8s.io/v1',
      { spec: { cidrs: ['10.96.0.0/12', 'fd00::/108'] } },
      [],
    ],
    [
      'everything',
      'runtimeclasses.node.k8s.io/v1',
      {
        handler: 'runc',
        overhead: { podFixed: { cpu: '100m', memory: '1Mi' } },
        scheduling: { nodeSelector: LABELS, tolerations: [{ key: 'a', operator: 'Exists' }] },
      },
      [],
    ],
    [
      'everything',
      'storageclasses.storage.k8s.io/v1',
      {
        provisioner: 'x.io/y',
        parameters: { a: 'b' },
        reclaimPolicy: 'Retain',
        volumeBindingMode: 'WaitForFirstConsumer',
        allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a', 'b'] }] }],
      },
      [],
    ],
    [
      'everything',
      'csidrivers.storage.k8s.io/v1',
      { spec: { tokenRequests: [{ audience: 'a', expirationSeconds: 600 }] } },
      [],
    ],
    [
      'everything',
      'csistoragecapacities.storage.k8s.io/v1',
      { storageClassName: 's', nodeTopology: SELECTOR, capacity: '1Gi', maximumVolumeSize: '1Gi' },
      [],
    ],
    [
      'everything',
      'mutatingwebhookconfigurations.admissionregistration.k8s.io/v1',
      webhook({
        clientConfig: { service: { name: 's', namespace: 'n', path: '/a/b', port: 8443 } },
        matchConditions: [{ name: 'c', expression: 'true' }],
        namespaceSelector: SELECTOR,
        reinvocationPolicy: 'IfNeeded',
      }),
      [],
    ],
    [
      'everything',
      'clusterroles.rbac.authorization.k8s.io/v1',
      {
        aggregationRule: { clusterRoleSelectors: [SELECTOR] },
        rules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }],
      },
      [],
    ],
    [
      'everything',
      'statefulsets.apps/v1',
      deployment({
        serviceName: 'web',
        volumeClaimTemplates: [{ metadata: { name: 'data' } }],
        ordinals: { start: 1 },
        template: {
          ...TEMPLATE,
          spec: {
            containers: [
              { name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/data' }] },
            ],
          },
        },
      }),
      [],
    ],
    [
      'another server',
      'apiservices.apiregistration.k8s.io/v1',
      {
        spec: {
          group: 'x.io',
          version: 'v1',
          groupPriorityMinimum: 1,
          versionPriority: 1,
          service: { name: 's', namespace: 'n' },
        },
      },
      [
        'metadata.name: Invalid value: "a": must be `spec.version+"."+spec.group`: "v1.x.io"',
        'spec.service: Forbidden: this server does not hand requests on to other API servers',
      ],
    ],
  ];
  it.each(rows)('%s: %s', (_, text, fields, faults) => {
    expect(faultsOf(kindOf(text), fields)).toEqual(faults);
  });

  it('are found whatever is left out', () => {
    const row = fc.constantFrom(...rows);
    const picks = fc.infiniteStream(fc.nat());
    fc.assert(
      fc.property(row, picks, ([, text, fields], random) => {
        const kind = kindOf(text);
        const old = made(kind, fields);
        const object = made(kind, without(fields, random));
        kind.validateUpdate(object, old);
        // Only what has no fault is ever stored.
        if (kind.validate(object).length === 0) kind.validateUpdate(old, object);
        kind.validateStatusUpdate?.(object, old);
        kind.warnings?.(object);
        if (kind.fromStorage && kind.toStorage) kind.fromStorage(kind.toStorage(object));
      }),
      { numRuns: 500 },
    );
  });

  it('tell when a CronJob has too long a name for its Jobs', () => {
    const name = 'a'.repeat(53);
    expect(faultsOf(kindOf('cronjobs.batch/v1'), cronJob({}), name)).toEqual([
      `metadata.name: Invalid value: "${name}": must be no more than 52 characters`,
    ]);
  });

  it('tell who may be a system priority class', () => {
    const kind = kindOf('priorityclasses.scheduling.k8s.io/v1');
    expect(faultsOf(kind, { value: 2000000000 }, 'system-cluster-critical')).toEqual([]);
    expect(faultsOf(kind, { value: 1 }, 'system-mine')).toEqual([
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
    ]);
  });

  it('tell when an IPAddress is not named as it should be', () => {
    const { nameFaults } = kindOf('ipaddresses.networking.k8s.io/v1');
    expect(nameFaults('2001:db8::1')).toEqual([]);
    expect(nameFaults('2001:DB8::1')).toEqual(['must be in canonical form ("2001:db8::1")']);
  });
});

describe('faults of changes', () => {
  const workload = { spec: { selector: SELECTOR, template: TEMPLATE } };
  const other = { matchLabels: { app: 'web', tier: 'front' } };
  const job = { spec: { template: JOB_TEMPLATE } };
  const setImage = (object: ApiObject) => {
    const { template } = specOf(object) as { template: { spec: { containers: Fields[] } } };
    for (const container of template.spec.containers) container.image = 'other';
  };

  it.each(['deployments', 'replicasets', 'daemonsets'])('%s keep their selector', (resource) => {
    const faults = changeFaults(kindOf(`${resource}.apps/v1`), workload, (object) => {
      const { template } = specOf(object) as { template: { metadata: Fields } };
      template.metadata.labels = other.matchLabels;
      specOf(object).selector = other;
    });
    expect(faults).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"front"}}: field is immutable',
    ]);
  });

  it('StatefulSets keep what makes their pods who they are', () => {
    const kind = kindOf('statefulsets.apps/v1');
    const faults = changeFaults(kind, workload, (object) => {
      specOf(object).serviceName = 'other';
    });
    expect(faults).toEqual([
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ]);
  });

  it('StatefulSets may have more pods, of another template', () => {
    const faults = changeFaults(kindOf('statefulsets.apps/v1'), workload, (object) => {
      setImage(object);
      specOf(object).replicas = 5;
    });
    expect(faults).toEqual([]);
  });

  it('a DaemonSet counts how often its template changes', () => {
    const kind = kindOf('daemonsets.apps/v1');
    const old = made(kind, workload);
    const object = structuredClone(old);
    specOf(object).minReadySeconds = 4;
    kind.prepareForUpdate?.(object, old);
    const annotation = 'deprecated.daemonset.template.generation';
    expect(object.metadata.annotations).toEqual({ [annotation]: '1' });
    setImage(object);
    kind.prepareForUpdate?.(object, old);
    expect(object.metadata.annotations).toEqual({ [annotation]: '2' });
  });

  it("a Deployment's generation moves with its annotations", () => {
    const kind = kindOf('deployments.apps/v1');
    const old = made(kind, workload);
    old.metadata.generation = 3;
    const object = structuredClone(old);
    object.metadata.annotations = { a: 'b' };
    kind.prepareForUpdate?.(object, old);
    expect(object.metadata.generation).toBe(4);
  });

  it('Jobs keep their template', () => {
    const faults = changeFaults(kindOf('jobs.batch/v1'), job, setImage);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^spec\.template: Invalid value: .*: field is immutable$/);
  });

  it('Jobs keep their completions, but may have more pods at a time', () => {
    const kind = kindOf('jobs.batch/v1');
    const more = (object: ApiObject) => Object.assign(specOf(object), { parallelism: 2 });
    expect(changeFaults(kind, job, more)).toEqual([]);
    const longer = (object: ApiObject) => Object.assign(specOf(object), { completions: 2 });
    expect(changeFaults(kind, job, longer)).toEqual([
      'spec.completions: Invalid value: 2: field is immutable',
    ]);
  });

  it('an Indexed Job grows when both numbers do', () => {
    const kind = kindOf('jobs.batch/v1');
    const spec = { completionMode: 'Indexed', completions: 2, parallelism: 2 };
    const fields = { spec: { ...spec, template: JOB_TEMPLATE } };
    const both = (object: ApiObject) =>
      Object.assign(specOf(object), { completions: 3, parallelism: 3 });
    expect(changeFaults(kind, fields, both)).toEqual([]);
    const one = (object: ApiObject) => Object.assign(specOf(object), { completions: 3 });
    expect(changeFaults(kind, fields, one)).toEqual([
      'spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism',
    ]);
  });

  it('a suspended Job may still be sent to other nodes', () => {
    const kind = kindOf('jobs.batch/v1');
    const setNodes = (object: ApiObject) => {
      const { template } = specOf(object) as { template: { spec: Fields } };
      template.spec.nodeSelector = { disk: 'ssd' };
    };
    const suspended = { spec: { suspend: true, template: JOB_TEMPLATE } };
    expect(changeFaults(kind, suspended, setNodes)).toEqual([]);
    expect(changeFaults(kind, job, setNodes)).toHaveLength(1);
  });

  const rows: [what: string, kind: string, fields: Fields, change: Fields, faults: string[]][] = [
    [
      'the role of a binding',
      'rolebindings.rbac.authorization.k8s.io/v1',
      { roleRef: { kind: 'Role', name: 'r' } },
      { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 's' } },
      [
        'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"s"}: cannot change roleRef',
      ],
    ],
    [
      'the value of a priority class',
      'priorityclasses.scheduling.k8s.io/v1',
      { value: 1 },
      { value: 2 },
      ['value: Forbidden: may not be changed in an update.'],
    ],
    [
      'the provisioner of a storage class',
      'storageclasses.storage.k8s.io/v1',
      { provisioner: 'a.io/b' },
      { provisioner: 'c.io/d' },
      ['provisioner: Forbidden: updates to provisioner are forbidden.'],
    ],
    [
      'the addresses of a slice',
      'endpointslices.discovery.k8s.io/v1',
      { addressType: 'IPv4' },
      { addressType: 'IPv6' },
      ['addressType: Invalid value: "IPv6": field is immutable'],
    ],
    [
      'the handler of a runtime class',
      'runtimeclasses.node.k8s.io/v1',
      { handler: 'a' },
      { handler: 'b' },
      ['handler: Invalid value: "b": field is immutable'],
    ],
    [
      'the data of a revision',
      'controllerrevisions.apps/v1',
      { data: { a: 1 } },
      { data: { a: 2 } },
      ['data: Invalid value: {"a":2}: field is immutable'],
    ],
    [
      'what is attached',
      'volumeattachments.storage.k8s.io/v1',
      { spec: { attacher: 'x.io', nodeName: 'n', source: { persistentVolumeName: 'p' } } },
      { spec: { attacher: 'x.io', nodeName: 'm', source: { persistentVolumeName: 'p' } } },
      [
        'spec: Invalid value: {"attacher":"x.io","nodeName":"m","source":{"persistentVolumeName":"p"}}: field is immutable',
      ],
    ],
  ];
  it.each(rows)('%s', (_, text, fields, change, faults) => {
    const kind = kindOf(text);
    expect(changeFaults(kind, fields, (object) => Object.assign(object, change))).toEqual(faults);
  });
});

describe('faults of statuses', () => {
  const workload = { spec: { selector: SELECTOR, template: TEMPLATE } };
  const job = { spec: { template: JOB_TEMPLATE } };
  const START = '2025-01-01T00:00:00Z';
  const END = '2025-01-01T00:01:00Z';
  const conditions = (...types: string[]) => types.map((type) => ({ type, status: 'True' }));

  const rows: [
    what: string,
    kind: string,
    fields: Fields,
    before: Fields,
    after: Fields,
    string[],
  ][] = [
    [
      'more ready than there are',
      'deployments.apps/v1',
      workload,
      {},
      { replicas: 1, readyReplicas: 2, availableReplicas: 3 },
      [
        'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
        'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
        'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
      ],
    ],
    [
      'a collision forgotten',
      'deployments.apps/v1',
      workload,
      { collisionCount: 2 },
      {},
      ['status.collisionCount: Invalid value: 0: cannot be decremented'],
    ],
    [
      'a Job that ends as it should',
      'jobs.batch/v1',
      job,
      { startTime: START, active: 1 },
      {
        startTime: START,
        completionTime: END,
        succeeded: 1,
        conditions: conditions('SuccessCriteriaMet', 'Complete'),
      },
      [],
    ],
    [
      'a Job that ends without a word',
      'jobs.batch/v1',
      job,
      {},
      { active: 1, conditions: conditions('Complete') },
      [
        'status.conditions: Invalid value: "": cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
        'status.completionTime: Required value: completionTime is required for Complete jobs',
        'status.active: Invalid value: 1: active>0 is invalid for finished job',
        'status.startTime: Required value: startTime is required for finished job',
      ],
    ],
    [
      'a Job that comes back to life',
      'jobs.batch/v1',
      job,
      { startTime: START, conditions: conditions('FailureTarget', 'Failed') },
      { startTime: START, conditions: conditions('FailureTarget') },
      ['status.conditions: Invalid value: "": cannot disable the terminal Failed=True condition'],
    ],
    [
      'failures that are forgotten',
      'jobs.batch/v1',
      job,
      { failed: 2 },
      { failed: 1 },
      ['status.failed: Invalid value: 1: cannot decrease the failed counter'],
    ],
    [
      'an index both failed and completed',
      'jobs.batch/v1',
      {
        spec: {
          completionMode: 'Indexed',
          completions: 9,
          backoffLimitPerIndex: 1,
          template: JOB_TEMPLATE,
        },
      },
      {},
      { completedIndexes: '0-3', failedIndexes: '3,5' },
      [
        'status.failedIndexes: Invalid value: "3,5": failedIndexes and completedIndexes overlap at index: 3',
      ],
    ],
    [
      'a condition without a reason',
      'poddisruptionbudgets.policy/v1',
      {},
      {},
      { conditions: [{ type: 'DisruptionAllowed', status: 'Yes', lastTransitionTime: START }] },
      [
        'status.conditions[0].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"',
        'status.conditions[0].reason: Required value',
      ],
    ],
  ];
  it.each(rows)('%s: %s', (_, text, fields, before, after, faults) => {
    expect(statusFaults(kindOf(text), fields, before, after)).toEqual(faults);
  });
});

describe('warnings', () => {
  const spec = { selector: SELECTOR, template: TEMPLATE };

  it('are about names that make bad hostnames', () => {
    const kind = kindOf('deployments.apps/v1');
    expect(kind.warnings?.(made(kind, { spec }))).toEqual([]);
    const [warning, ...more] = kind.warnings?.(made(kind, { spec }, 'a.b')) ?? [];
    expect(warning).toContain('a DNS label is recommended: [a lowercase RFC 1123 label must');
    expect(more).toEqual([]);
  });

  it('are about a history that is kept for ever', () => {
    const kind = kindOf('statefulsets.apps/v1');
    expect(kind.warnings?.(made(kind, { spec: { ...spec, revisionHistoryLimit: -1 } }))).toEqual([
      'spec.revisionHistoryLimit: a negative value retains all historical revisions',
    ]);
  });
});

describe('autoscaling/v1', () => {
  const v1 = kindOf('horizontalpodautoscalers.autoscaling/v1');
  const v2 = kindOf('horizontalpodautoscalers.autoscaling/v2');
  const spec = {
    maxReplicas: 3,
    minReplicas: 1,
    scaleTargetRef: { kind: 'Deployment', name: 'w' },
  };
  const meta = { name: 'a', namespace: 'default' };
  const stored = (fields: Fields, status?: Fields): ApiObject => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...meta },
    spec: { ...spec, ...fields },
    ...(status && { status }),
  });
  const sent = (fields: Fields): ApiObject => ({
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...meta },
    spec: { ...spec, ...fields },
  });
  const cpu = (averageUtilization: number) => ({
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
  });
  const METRICS: Fields[] = [
    {
      type: 'Pods',
      pods: {
        metric: { name: 'hits', selector: { matchLabels: { a: 'b' } } },
        target: { type: 'AverageValue', averageValue: '10' },
      },
    },
    {
      type: 'Object',
      object: {
        describedObject: { kind: 'Ingress', name: 'i', apiVersion: 'networking.k8s.io/v1' },
        metric: { name: 'rps' },
        target: { type: 'Value', value: '2k' },
      },
    },
    {
      type: 'Object',
      object: {
        describedObject: { kind: 'Ingress', name: 'i' },
        metric: { name: 'rps' },
        target: { type: 'AverageValue', averageValue: '5' },
      },
    },
    {
      type: 'External',
      external: {
        metric: { name: 'queue', selector: {} },
        target: { type: 'AverageValue', averageValue: '30' },
      },
    },
    {
      type: 'ContainerResource',
      containerResource: {
        name: 'memory',
        container: 'app',
        target: { type: 'AverageValue', averageValue: '1Gi' },
      },
    },
    {
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '1' } },
    },
  ];

  it('is stored as version 2', () => {
    expect(v1.storageVersion).toEqual({
      group: 'autoscaling',
      version: 'v2',
      kind: 'HorizontalPodAutoscaler',
    });
    expect(v2.storageVersion).toBeUndefined();
  });

  it('turns its one target into a metric', () => {
    expect(v1.toStorage?.(sent({ targetCPUUtilizationPercentage: 50 }))).toEqual(
      stored({ metrics: [cpu(50)] }),
    );
  });

  it('means 80 percent when it says nothing', () => {
    expect(v1.toStorage?.(sent({}))).toEqual(stored({ metrics: [cpu(80)] }));
  });

  it('shows the metric it has a field for', () => {
    expect(v1.fromStorage?.(stored({ metrics: [cpu(50)] }))).toEqual(
      sent({ targetCPUUtilizationPercentage: 50 }),
    );
  });

  it('writes other metrics into an annotation, under its own names', () => {
    const out = v1.fromStorage?.(stored({ metrics: METRICS.slice(0, 2) }));
    const text = out?.metadata.annotations?.['autoscaling.alpha.kubernetes.io/metrics'] ?? '';
    expect(JSON.parse(text)).toEqual([
      {
        type: 'Pods',
        pods: {
          metricName: 'hits',
          targetAverageValue: '10',
          selector: { matchLabels: { a: 'b' } },
        },
      },
      {
        type: 'Object',
        object: {
          target: { kind: 'Ingress', name: 'i', apiVersion: 'networking.k8s.io/v1' },
          metricName: 'rps',
          targetValue: '2k',
        },
      },
    ]);
  });

  it('loses nothing on the way to a client of version 1 and back', () => {
    const behavior = {
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: 'Max',
        policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }],
      },
    };
    const conditions = [{ type: 'AbleToScale', status: 'True', reason: 'r', message: 'm' }];
    const status = {
      currentReplicas: 2,
      desiredReplicas: 3,
      conditions,
      currentMetrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '400m' } },
        },
        { type: 'Pods', pods: { metric: { name: 'hits' }, current: { averageValue: '9' } } },
      ],
    };
    const before = stored({ metrics: [...METRICS, cpu(70)], behavior }, status);
    before.metadata.annotations = { mine: 'too' };
    const shown = v1.fromStorage?.(before);
    expect(shown?.status).toMatchObject({ currentCPUUtilizationPercentage: 40 });
    expect(shown && v1.toStorage?.(shown)).toEqual(before);
  });

  it('writes the behaviour with capital letters, as the real server does', () => {
    const behavior = { scaleDown: { selectPolicy: 'Disabled' } };
    const out = v1.fromStorage?.(stored({ metrics: [cpu(80)], behavior }));
    expect(out?.metadata.annotations).toEqual({
      'autoscaling.alpha.kubernetes.io/behavior': '{"ScaleDown":{"SelectPolicy":"Disabled"}}',
    });
  });

  it('takes no harm from an annotation that is no JSON', () => {
    const object = sent({});
    object.metadata.annotations = { 'autoscaling.alpha.kubernetes.io/metrics': '{' };
    expect(v1.toStorage?.(object)).toEqual(stored({ metrics: [cpu(80)] }));
  });

  it('does not change what it is given', () => {
    const object = stored({ metrics: METRICS });
    const copy = structuredClone(object);
    v1.fromStorage?.(object);
    expect(object).toEqual(copy);
  });

  it('is checked as what is stored', () => {
    const form = storedFormOf(v1, v2);
    expect(form.version).toBe('v2');
    const object = v1.toStorage?.(sent({ maxReplicas: 0, targetCPUUtilizationPercentage: 0 }));
    expect(object && texts(form.validate(object))).toEqual([
      'spec.maxReplicas: Invalid value: 0: must be greater than 0',
      'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
      'spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
    ]);
  });
});

describe('events.k8s.io/v1', () => {
  const kind = kindOf('events.events.k8s.io/v1');
  const here: ApiObject = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'a', namespace: 'default' },
    eventTime: '2025-01-01T00:00:00.000000Z',
    reportingController: 'example.com/c',
    reportingInstance: 'c-1',
    action: 'Do',
    reason: 'Done',
    type: 'Normal',
    note: 'it is done',
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
  };
  const core: ApiObject = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'a', namespace: 'default' },
    eventTime: '2025-01-01T00:00:00.000000Z',
    reportingComponent: 'example.com/c',
    reportingInstance: 'c-1',
    action: 'Do',
    reason: 'Done',
    type: 'Normal',
    message: 'it is done',
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
  };

  it('are the core events under other names', () => {
    expect(kind.toStorage?.(here)).toEqual(core);
    expect(kind.fromStorage?.(core)).toEqual(here);
  });

  it('show what old events have as deprecated', () => {
    const old = {
      ...core,
      count: 3,
      firstTimestamp: 'f',
      lastTimestamp: 'l',
      source: { host: 'h' },
    };
    expect(kind.fromStorage?.(old)).toMatchObject({
      deprecatedCount: 3,
      deprecatedFirstTimestamp: 'f',
      deprecatedLastTimestamp: 'l',
      deprecatedSource: { host: 'h' },
    });
  });

  it('are fine when they are complete', () => {
    expect(texts(kind.validate(structuredClone(core)))).toEqual([]);
  });

  it('have a time, a type and nothing old', () => {
    const { eventTime: _, ...rest } = core;
    const faults = texts(kind.validate({ ...rest, type: 'Odd', count: 2 } as ApiObject));
    expect(faults).toEqual([
      'eventTime: Required value',
      'type: Invalid value: "": has invalid value: Odd',
      'count: Invalid value: "": needs to be unset',
    ]);
  });

  it('change only in how often they happened', () => {
    const series = { count: 2, lastObservedTime: '2025-01-01T00:00:01.000000Z' };
    expect(texts(kind.validateUpdate({ ...core, series }, core))).toEqual([]);
    expect(texts(kind.validateUpdate({ ...core, reason: 'Other' }, core))).toEqual([
      'reason: Invalid value: "Other": field is immutable',
    ]);
  });
});

describe('certificate signing requests', () => {
  const kind = kindOf('certificatesigningrequests.certificates.k8s.io/v1');
  const der = btoa('\x30\x03\x02\x01\x00');
  const pem = (type: string) => btoa(`-----BEGIN ${type}-----\n${der}\n-----END ${type}-----\n`);
  const spec = {
    request: pem('CERTIFICATE REQUEST'),
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
  };
  const condition = (type: string) => ({ type, status: 'True', reason: 'Because' });

  it('are fine when they are complete', () => {
    expect(faultsOf(kind, { spec })).toEqual([]);
  });

  it('say what is wrong', () => {
    const bad = {
      request: pem('CERTIFICATE'),
      signerName: 'mine',
      usages: ['spying', 'client auth', 'client auth'],
      expirationSeconds: 599,
    };
    const faults = faultsOf(kind, { spec: bad }).map((fault) => fault.replace(/: Unsup.*/, ''));
    expect(faults).toEqual([
      `spec.request: Invalid value: "${bad.request}": PEM block type must be CERTIFICATE REQUEST`,
      'spec.usages[0]',
      'spec.usages[2]: Duplicate value: "client auth"',
      'spec.signerName: Invalid value: "mine": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
      'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)',
    ]);
  });

  it('say who asked, and nobody else can', () => {
    const object = made(kind, { spec: { ...spec, username: 'admin', uid: 'x' } });
    setRequester(object, { username: 'eve', groups: ['g'], extra: { k: ['v'] } });
    expect(object.spec).toEqual({ ...spec, username: 'eve', groups: ['g'], extra: { k: ['v'] } });
  });

  it('are never changed in what they ask for', () => {
    const old = made(kind, { spec });
    const object = structuredClone(old);
    specOf(object).usages = ['server auth'];
    kind.prepareForUpdate?.(object, old);
    expect(object.spec).toEqual(old.spec);
  });

  it('are approved through /approval alone', () => {
    const after = { conditions: [condition('Approved')] };
    expect(statusFaults(kind, { spec }, {}, after)).toEqual([
      'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
    ]);
    expect(statusFaults(approvalForm(kind), { spec }, {}, after)).toEqual([]);
  });

  it('are not approved and denied at once', () => {
    const after = { conditions: [condition('Approved'), condition('Denied')] };
    expect(statusFaults(approvalForm(kind), { spec }, {}, after)).toEqual([
      'status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
    ]);
  });

  it('get their certificate through /status alone, and once', () => {
    const certificate = pem('CERTIFICATE');
    const other = btoa(`${atob(certificate)}\n`);
    expect(statusFaults(kind, { spec }, {}, { certificate })).toEqual([]);
    expect(statusFaults(kind, { spec }, { certificate }, { certificate: other })).toEqual([
      'status.certificate: Forbidden: updates may not modify existing certificate content',
    ]);
    expect(statusFaults(kind, { spec }, {}, { certificate: btoa('no') })).toEqual([
      'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
    ]);
  });

  it('keep certificates out of /approval', () => {
    const old = { ...made(kind, { spec }), status: {} };
    const object = {
      ...structuredClone(old),
      status: { certificate: pem('CERTIFICATE'), conditions: [condition('Denied')] },
    };
    approvalForm(kind).prepareForStatusUpdate?.(object, old);
    expect(object.status).toEqual({ conditions: [condition('Denied')] });
  });

  it('say since when they are approved', () => {
    const before = { ...made(kind, { spec }), status: {} };
    const object = { ...structuredClone(before), status: { conditions: [condition('Approved')] } };
    setConditionTimes(object, before, '2025-01-01T00:00:00Z');
    expect(object.status.conditions).toEqual([
      {
        ...condition('Approved'),
        lastUpdateTime: '2025-01-01T00:00:00Z',
        lastTransitionTime: '2025-01-01T00:00:00Z',
      },
    ]);
  });
});

describe('local APIServices', () => {
  const kind = kindOf('apiservices.apiregistration.k8s.io/v1');

  it('are available and fine', () => {
    const object = localApiService('apps', 'v1', '2025-01-01T00:00:00Z');
    expect(object).toMatchObject({
      metadata: { name: 'v1.apps' },
      spec: { group: 'apps', version: 'v1', groupPriorityMinimum: 17800, versionPriority: 15 },
      status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] },
    });
    expect(kind.validate(object)).toEqual([]);
  });

  it('have a name for the core group too', () => {
    const object = localApiService('', 'v1', '2025-01-01T00:00:00Z');
    expect(object.metadata.name).toBe('v1.');
    expect(kind.validate(object)).toEqual([]);
  });
});

describe('scale', () => {
  const kind = kindOf('deployments.apps/v1');
  const web = (): ApiObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', uid: UID, resourceVersion: '7' },
    spec: { replicas: 2, selector: { matchLabels: { tier: 'front', app: 'web' } } },
    status: { replicas: 1 },
  });
  const scale = (metadata: Fields, spec: Fields): ApiObject => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata,
    spec,
  });
  const refusal = (sent: ApiObject): StatusError => {
    try {
      applyScale(web(), kind, sent);
    } catch (error) {
      if (error instanceof StatusError) return error;
      throw error;
    }
    throw new Error('it was not refused');
  };

  it('shows the numbers and the selector as text', () => {
    expect(scaleOf(web(), kind)).toEqual({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'web', namespace: 'default', uid: UID, resourceVersion: '7' },
      spec: { replicas: 2 },
      status: { replicas: 1, selector: 'app=web,tier=front' },
    });
  });

  it('shows zero where there is nothing', () => {
    const empty = { ...web(), spec: {}, status: {} };
    expect(scaleOf(empty, kind)).toMatchObject({ spec: { replicas: 0 }, status: { replicas: 0 } });
  });

  it('shows the selector of a kind that has only labels', () => {
    const controller = kindOf('replicationcontrollers./v1');
    const object = { ...web(), spec: { replicas: 1, selector: { app: 'web' } } };
    expect(scaleOf(object, controller).status).toEqual({ replicas: 1, selector: 'app=web' });
  });

  it('sets the number', () => {
    const object = web();
    applyScale(object, kind, scale({ name: 'web', resourceVersion: '7' }, { replicas: 5 }));
    expect(object).toEqual({ ...web(), spec: { ...(web().spec as Fields), replicas: 5 } });
  });

  it('sets zero when nothing is said', () => {
    const object = web();
    applyScale(object, kind, scale({}, {}));
    expect(specOf(object).replicas).toBe(0);
  });

  it('refuses less than nothing', () => {
    const error = refusal(scale({ name: 'web' }, { replicas: -1 }));
    expect(error.code).toBe(422);
    expect(error.message).toBe(
      'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });

  it('refuses what was read too long ago', () => {
    const error = refusal(scale({ name: 'web', resourceVersion: '6' }, { replicas: 1 }));
    expect(error.code).toBe(409);
    expect(error.message).toContain('the object has been modified');
  });

  it('refuses what is meant for an object that is no more', () => {
    expect(refusal(scale({ name: 'web', uid: 'other' }, { replicas: 1 })).code).toBe(409);
  });

  it('refuses another name', () => {
    expect(refusal(scale({ name: 'db' }, { replicas: 1 })).code).toBe(400);
  });
});
