/**
 * `/scale`: how many there are of an object's pods, the same for every kind that has pods. Given.
 *
 * Where a kind keeps its numbers says its `Kind`. HorizontalPodAutoscalers and `kubectl scale` know
 * nothing else of the objects they change.
 *
 * @see pkg/registry/apps/deployment/storage/storage.go (scaleFromDeployment,
 * scaleUpdatedObjectInfo), pkg/apis/autoscaling/validation/validation.go (ValidateScale) (1.33)
 */

import {
  type FieldError,
  fieldInvalid,
  type GroupResource,
  newBadRequest,
  newConflict,
  newInternalError,
  newInvalid,
  selectorFromObject,
} from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { validateNonNegative } from './field-checks.ts';
import type { Kind, Subresources } from './kind.ts';

type ScalePaths = NonNullable<Subresources['scale']>;
type Fields = Record<string, unknown>;

/**
 * The Scale of an object, autoscaling/v1.
 *
 * @remarks What an object does not have counts as zero. The selector is its text,
 * `app=web,tier=front`.
 *
 * @param object - of a kind with a `scale` subresource; not changed
 * @throws StatusError 500 when `kind` has none
 */
export function scaleOf(object: ApiObject, kind: Kind): ApiObject {
  const paths = pathsOf(kind);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const status: Fields = { replicas: numberAt(object, paths.statusReplicasPath) };
  const selector = selectorTextOf(object, paths);
  if (selector !== '') status.selector = selector;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    spec: { replicas: numberAt(object, paths.specReplicasPath) },
    status,
  };
}

/**
 * Sets the number of an object's pods to what a Scale says.
 *
 * @remarks Checked first: the name and namespace are the object's, or left out; `uid`, when there
 * is one, is the object's; `resourceVersion`, when there is one, is the object's; `spec.replicas`
 * is not negative. Only `spec.replicas` counts, and left out it is 0.
 *
 * @param object - is changed: only where `kind` says its wanted number is
 * @param scale - as it was sent; not changed
 * @throws StatusError 400 for another name or namespace, 409 for another uid or version, 422 for a
 * number below zero
 */
export function applyScale(object: ApiObject, kind: Kind, scale: ApiObject): void {
  const paths = pathsOf(kind);
  checkIdentity(object, kind, scale);
  const replicas = numberAt(scale, 'spec.replicas');
  const faults: FieldError[] = Number.isInteger(replicas)
    ? validateNonNegative(replicas, 'spec.replicas')
    : [fieldInvalid('spec.replicas', replicas, 'must be an integer')];
  if (faults.length > 0) {
    const { name = '' } = object.metadata;
    throw newInvalid({ group: 'autoscaling', kind: 'Scale' }, name, faults);
  }
  setAt(object, paths.specReplicasPath, replicas);
}

function pathsOf(kind: Kind): ScalePaths {
  const { scale } = kind.subresources;
  if (!scale) throw newInternalError(new Error(`${kind.kind} has no subresource scale`));
  return scale;
}

function checkIdentity(object: ApiObject, kind: Kind, { metadata }: ApiObject): void {
  const { name = '', namespace = '', uid, resourceVersion } = object.metadata;
  const resource: GroupResource = { group: kind.group, resource: kind.resource };
  if (metadata.name && metadata.name !== name) {
    throw newBadRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw newBadRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  if (metadata.uid && metadata.uid !== uid) {
    const why = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`;
    throw newConflict(resource, name, why);
  }
  if (metadata.resourceVersion && metadata.resourceVersion !== resourceVersion) {
    const why =
      'the object has been modified; please apply your changes to the latest version and try again';
    throw newConflict(resource, name, why);
  }
}

function selectorTextOf(object: ApiObject, { selectorPath }: ScalePaths): string {
  if (selectorPath === undefined) return '';
  const selector = valueAt(object, selectorPath);
  if (typeof selector === 'string') return selector;
  if (!isFields(selector)) return '';
  const isMapOfLabels = !('matchLabels' in selector || 'matchExpressions' in selector);
  // ReplicationControllers have the labels alone.
  return String(selectorFromObject(isMapOfLabels ? { matchLabels: textsOf(selector) } : selector));
}

function textsOf(fields: Fields): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)]));
}

function numberAt(object: ApiObject, path: string): number {
  const value = valueAt(object, path);
  return typeof value === 'number' ? value : 0;
}

function valueAt(object: ApiObject, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, field) => (isFields(value) ? value[field] : undefined), object);
}

function setAt(object: ApiObject, path: string, value: unknown): void {
  const fields = path.split('.');
  const last = fields.pop() ?? '';
  let at: Fields = object;
  for (const field of fields) {
    const next = at[field];
    const child: Fields = isFields(next) ? next : {};
    at[field] = child;
    at = child;
  }
  at[last] = value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
