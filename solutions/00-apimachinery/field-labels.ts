/**
 * Which fields a field selector may name, for each kind, and what an object has there. Given: a
 * table is no lesson. `field-selector.ts` uses it; the API server asks it for every list and watch.
 * A kind that is not in the table (everything in `apps`) has its name and namespace.
 *
 * @see pkg/apis/core/v1/conversion.go (1.33) and each kind's registry strategy, ToSelectableFields
 */

import type { GroupKind } from './group-version.ts';
import { StatusError } from './status-error.ts';

/** Field labels of one kind: what a client may write, and the name it goes by inside. */
type Labels = ReadonlyMap<string, string>;

const NAME = 'metadata.name';
const NAMESPACE = 'metadata.namespace';

const INVOLVED_OBJECT = [
  'kind',
  'namespace',
  'name',
  'uid',
  'apiVersion',
  'resourceVersion',
  'fieldPath',
];

const TABLE: ReadonlyMap<string, Labels> = new Map([
  [
    'Pod',
    labels(
      NAME,
      NAMESPACE,
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.podIPs',
      'status.nominatedNodeName',
      // What very old clients send.
      ['spec.host', 'spec.nodeName'],
    ),
  ],
  ['Node', labels(NAME, 'spec.unschedulable')],
  ['Namespace', labels(NAME, 'status.phase')],
  ['Secret', labels(NAME, NAMESPACE, 'type')],
  ['Service', labels(NAME, NAMESPACE, 'spec.clusterIP', 'spec.type')],
  ['ReplicationController', labels(NAME, NAMESPACE, 'status.replicas')],
  ['Job.batch', labels(NAME, NAMESPACE, 'status.successful')],
  ['CertificateSigningRequest.certificates.k8s.io', labels(NAME, 'spec.signerName')],
  [
    'Event',
    labels(
      NAME,
      NAMESPACE,
      'reason',
      'reportingComponent',
      'source',
      'type',
      ...INVOLVED_OBJECT.map((field) => `involvedObject.${field}`),
    ),
  ],
  [
    'Event.events.k8s.io',
    labels(
      NAME,
      NAMESPACE,
      'reason',
      'type',
      ['reportingController', 'reportingComponent'],
      ...INVOLVED_OBJECT.map((f): [string, string] => [`regarding.${f}`, `involvedObject.${f}`]),
    ),
  ],
]);

const ANY_KIND = labels(NAME, NAMESPACE);

function labels(...names: (string | [string, string])[]): Labels {
  return new Map(names.map((name) => (typeof name === 'string' ? [name, name] : name)));
}

function keyOf({ group, kind }: GroupKind): string {
  return group === '' ? kind : `${kind}.${group}`;
}

/**
 * The name a field goes by inside, for a label a client wrote.
 *
 * @returns the name in `fieldsOf` of that kind: usually the same, `spec.nodeName` for a Pod's
 * `spec.host`; `undefined` when the kind has no such field label
 */
export function internalFieldLabel(kind: GroupKind, label: string): string | undefined {
  return (TABLE.get(keyOf(kind)) ?? ANY_KIND).get(label);
}

/** The error for a field label the kind does not have: 400 BadRequest, in the API's words. */
export function unsupportedFieldLabel(kind: GroupKind, label: string): StatusError {
  const key = keyOf(kind);
  return new StatusError({ code: 400, reason: 'BadRequest', message: complaint(key, label) });
}

function complaint(key: string, label: string): string {
  const quoted = JSON.stringify(label);
  if (key === 'Job.batch') return `field label ${quoted} not supported for batchv1.Job`;
  if (TABLE.has(key)) return `field label not supported: ${label}`;
  return `${quoted} is not a known field selector: only "${NAME}", "${NAMESPACE}"`;
}

/**
 * What an object has in the fields its kind can be selected by.
 *
 * @returns text for each field under its inside name; the empty text where the object has nothing
 */
export function fieldsOf(kind: GroupKind, object: object): Record<string, string> {
  const names = new Set((TABLE.get(keyOf(kind)) ?? ANY_KIND).values());
  return Object.fromEntries([...names].map((name) => [name, fieldText(kind, object, name)]));
}

/** The kinds whose Go field is a plain bool or number: absent there means `false` or `0`. */
const ABSENT: ReadonlyMap<string, string> = new Map([
  ['spec.hostNetwork', 'false'],
  ['spec.unschedulable', 'false'],
  ['status.successful', '0'],
  ['status.replicas', '0'],
]);

/** Fields that have another name, or several, in the object. */
const PATHS: ReadonlyMap<string, readonly string[]> = new Map([
  ['source', ['source.component', 'reportingComponent']],
  ['Job.batch status.successful', ['status.succeeded']],
]);

/** The value of one such field. @param name - one that {@link fieldsOf} has */
export function fieldText(kind: GroupKind, object: object, name: string): string {
  for (const path of pathsOf(kind, name)) {
    const value = path.split('.').reduce<unknown>(child, object);
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  }
  return ABSENT.get(name) ?? '';
}

function pathsOf(kind: GroupKind, name: string): readonly string[] {
  const renamed = PATHS.get(name) ?? PATHS.get(`${keyOf(kind)} ${name}`) ?? [name];
  if (keyOf(kind) !== 'Event.events.k8s.io') return renamed;
  return renamed.map((path) =>
    path
      .replace('involvedObject.', 'regarding.')
      .replace('reportingComponent', 'reportingController'),
  );
}

function child(parent: unknown, key: string): unknown {
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, key))
    return undefined;
  return (parent as Record<string, unknown>)[key];
}
