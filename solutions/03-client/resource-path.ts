/**
 * Where in an API a resource or an object of it is. Part of the exercise `client/rest-client`.
 *
 * Who asks: `rest-client.ts`.
 */

import { InvalidRequestError } from './request-errors.ts';
import type { ResourceType } from './resource-type.ts';

/** What a request is about. */
export interface RequestTarget {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly type: ResourceType;
  /** Of no meaning for a resource that is not namespaced. Absent or `''`: all namespaces. */
  readonly namespace: string | undefined;
  /** Absent: the request is about the collection, not about one object. */
  readonly name?: string | undefined;
  /** Of the object `name`. Absent or `''`: none. */
  readonly subresource?: string | undefined;
}

/**
 * The path of a resource, an object, or an object's subresource.
 *
 * @remarks
 * ```text
 * pods                                    /api/v1/pods
 * pods in default                         /api/v1/namespaces/default/pods
 * deployments.apps, web in default        /apis/apps/v1/namespaces/default/deployments/web
 * pods, web in default, log               /api/v1/namespaces/default/pods/web/log
 * nodes, n1 (a namespace does not count)  /api/v1/nodes/n1
 * clusterroles, system:node               /apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode
 * ```
 *
 * Namespace, name and subresource are escaped as `encodeURIComponent` does. Refused are, in this
 * order (`"…"` is the text as JSON has it):
 *
 * - a namespace, a name or a subresource that cannot be one part of a path: `.` and `..`, and what has
 *   `/` or `%` in it. `invalid namespace "a/b": [may not contain '/']`,
 *   `invalid resource name "..": [may not be '..']`, `invalid subresource "a%b": [may not contain
 *   '%']`; with both, `[may not contain '/' may not contain '%']`.
 * - an empty name: `resource name may not be empty`. It is looked at before other faults of the name
 *   and of the subresource, after the namespace's.
 * - of a namespaced resource without a namespace: with a name, `an empty namespace may not be set when
 *   a resource name is provided`; `POST` without a name, `an empty namespace may not be set during
 *   creation`; `DELETE` without a name, `an empty namespace may not be set when a collection is
 *   deleted`.
 *
 * @throws InvalidRequestError with one of these messages
 * @see client-go v0.33 rest/request.go, URL and requestPreflightCheck
 * @exercise client/rest-client
 */
export function resourcePath(target: RequestTarget): string {
  const { type, name, subresource } = target;
  const namespace = type.namespaced ? (target.namespace ?? '') : '';
  checkSegment('namespace', namespace);
  if (name === '') throw new InvalidRequestError('resource name may not be empty');
  checkSegment('resource name', name ?? '');
  checkSegment('subresource', subresource ?? '');
  if (type.namespaced && namespace === '') checkAllNamespaces(target);
  const parts = [
    ...(type.group === '' ? ['api'] : ['apis', type.group]),
    type.version,
    ...(namespace === '' ? [] : ['namespaces', namespace]),
    type.resource,
    ...(name === undefined ? [] : [name]),
    ...(subresource ? [subresource] : []),
  ];
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

function checkSegment(what: string, text: string): void {
  const refuse = (faults: string) =>
    new InvalidRequestError(`invalid ${what} ${JSON.stringify(text)}: [${faults}]`);
  if (text === '.' || text === '..') throw refuse(`may not be '${text}'`);
  const found = ['/', '%'].filter((part) => text.includes(part));
  if (found.length > 0) throw refuse(found.map((part) => `may not contain '${part}'`).join(' '));
}

/** Only lists and watches may go over all namespaces. */
function checkAllNamespaces({ method, name }: RequestTarget): void {
  const refuse = (when: string) =>
    new InvalidRequestError(`an empty namespace may not be set ${when}`);
  if (name !== undefined) throw refuse('when a resource name is provided');
  if (method === 'POST') throw refuse('during creation');
  if (method === 'DELETE') throw refuse('when a collection is deleted');
}
