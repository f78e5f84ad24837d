/**
 * APIServices: who serves which version of which group. Given.
 *
 * Here it is always this server itself: for each version it serves there is an APIService without a
 * Service, `Available` and `Local`. Handing requests on to other servers is not in this course.
 *
 * @see k8s.io/kube-aggregator/pkg/apis/apiregistration/validation/validation.go,
 * pkg/controlplane/apiserver/aggregator.go (1.33), apiVersionPriorities
 */

import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { invalid, specOf } from '../field-checks.ts';
import { dns1035LabelFaults } from '../value-formats.ts';

/** What an APIService says: `kubernetes-types` does not have it. */
export interface ApiServiceSpec {
  service?: { namespace?: string; name?: string; port?: number };
  group?: string;
  version?: string;
  insecureSkipTLSVerify?: boolean;
  caBundle?: string;
  groupPriorityMinimum?: number;
  versionPriority?: number;
}

/** How early a group comes in discovery, and a version among its group's: higher is earlier. */
const PRIORITIES: Readonly<Record<string, readonly [group: number, version: number]>> = {
  'v1.': [18000, 1],
  'v1.apps': [17800, 15],
  'v1.events.k8s.io': [17750, 15],
  'v1.authentication.k8s.io': [17700, 15],
  'v1.authorization.k8s.io': [17600, 15],
  'v1.autoscaling': [17500, 15],
  'v2.autoscaling': [17500, 30],
  'v1.batch': [17400, 15],
  'v1.certificates.k8s.io': [17300, 15],
  'v1.networking.k8s.io': [17200, 15],
  'v1.policy': [17100, 15],
  'v1.rbac.authorization.k8s.io': [17000, 15],
  'v1.storage.k8s.io': [16800, 15],
  'v1.apiextensions.k8s.io': [16700, 15],
  'v1.admissionregistration.k8s.io': [16700, 15],
  'v1.scheduling.k8s.io': [16600, 15],
  'v1.coordination.k8s.io': [16500, 15],
  'v1.node.k8s.io': [16300, 15],
  'v1.discovery.k8s.io': [16200, 15],
  'v1beta1.metrics.k8s.io': [100, 100],
};

/** Of what comes from a CustomResourceDefinition. */
const OTHERS = [1000, 100] as const;

/**
 * The APIService of a version that this server serves itself.
 *
 * @remarks As on a real cluster there is one for each version but those of `apiregistration.k8s.io`.
 *
 * @param now - as `timestamp` writes it
 */
export function localApiService(group: string, version: string, now: string): ApiObject {
  const name = `${version}.${group}`;
  const [groupPriorityMinimum, versionPriority] = PRIORITIES[name] ?? OTHERS;
  const spec: ApiServiceSpec = { version, groupPriorityMinimum, versionPriority };
  if (group !== '') spec.group = group;
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: {
      name,
      labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' },
    },
    spec,
    status: {
      conditions: [
        {
          type: 'Available',
          status: 'True',
          lastTransitionTime: now,
          reason: 'Local',
          message: 'Local APIServices are always available',
        },
      ],
    },
  };
}

function validate(object: ApiObject): FieldError[] {
  const spec = specOf<ApiServiceSpec>(object);
  const { group = '', version = '', service } = spec;
  const { name } = object.metadata;
  const expected = `${version}.${group}`;
  const faults: FieldError[] = [];
  if (name !== expected) {
    const why = `must be \`spec.version+"."+spec.group\`: "${expected}"`;
    faults.push(fieldInvalid('metadata.name', name, why));
  }
  if (version === '') faults.push(fieldRequired('spec.version'));
  else faults.push(...invalid('spec.version', version, dns1035LabelFaults(version)));
  return [
    ...faults,
    ...validatePriority(spec.groupPriorityMinimum, 20_000, 'spec.groupPriorityMinimum'),
    ...validatePriority(spec.versionPriority, 1000, 'spec.versionPriority'),
    ...(service ? [fieldForbidden('spec.service', NOT_HERE)] : validateLocal(spec)),
  ];
}

const NOT_HERE = 'this server does not hand requests on to other API servers';

function validatePriority(value = 0, below: number, path: string): FieldError[] {
  if (value > 0 && value < below + 1) return [];
  return [fieldInvalid(path, value, `must be positive and less than ${below}`)];
}

function validateLocal({ caBundle, insecureSkipTLSVerify }: ApiServiceSpec): FieldError[] {
  const faults: FieldError[] = [];
  if (caBundle) {
    faults.push(
      fieldInvalid('spec.caBundle', caBundle, 'local APIServices may not have a caBundle'),
    );
  }
  if (insecureSkipTLSVerify) {
    const why = 'local APIServices may not have insecureSkipTLSVerify';
    faults.push(fieldInvalid('spec.insecureSkipTLSVerify', true, why));
  }
  return faults;
}

export const apiServiceKind = defineKind({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  resource: 'apiservices',
  categories: ['api-extensions'],
  namespaced: false,
  storagePrefix: 'apiregistration.k8s.io/apiservices',
  // The core group's is called `v1.`, with a dot at the end; `validate` says what it must be.
  nameFaults: () => [],
  subresources: { status: true },
  allowUnconditionalUpdate: false,
  setDefaults: (object) => {
    specOf(object);
  },
  prepareForCreate: (object) => {
    object.status ??= {};
  },
  validate,
});
