/**
 * What a request asks for, read off its method and its path: the first thing that happens to it.
 *
 * Who may do it comes later, and what the server serves is looked up by `checkServed`. Next:
 * `registry/create-get.ts`.
 */

import { StatusError } from '#apimachinery';
import { NotImplemented } from '#not-implemented';

/** What a request asks for. */
export interface RequestInfo {
  /** Is it about an object or objects of the API, and not about the server (`/healthz`)? */
  readonly isResourceRequest: boolean;
  /** The path as it was asked for. */
  readonly path: string;
  /**
   * `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; for what is
   * no resource request the method in small letters.
   */
  readonly verb: string;
  /** `api` or `apis`. */
  readonly apiPrefix: string;
  /** `''` for the core group. */
  readonly apiGroup: string;
  readonly apiVersion: string;
  /** `''` when the path names none. */
  readonly namespace: string;
  /** The plural: `pods`. */
  readonly resource: string;
  /** `status`, `log`, …; `''` for none. */
  readonly subresource: string;
  /** `''` when the request is about a collection. */
  readonly name: string;
  /** What the path has behind the subresource, without the first slash; `''` for nothing. */
  readonly rest: string;
}

/**
 * Reads what a request asks for off its method, path and query.
 *
 * @remarks The paths of resources are
 *
 * ```text
 * /api/v1/…                        the core group
 * /apis/GROUP/VERSION/…            any other
 *
 * …/RESOURCE                       all of them, or what has no namespace
 * …/RESOURCE/NAME[/SUBRESOURCE[/REST]]
 * …/namespaces/NS/RESOURCE[/NAME[/SUBRESOURCE[/REST]]]
 * …/watch/…                        an old form: the same behind `watch`, and the verb is watch
 * ```
 *
 * `namespaces` is a resource as well: `/api/v1/namespaces/x` is the namespace x (resource
 * `namespaces`, name `x`, namespace `x`), and so are its subresources `status` and `finalize`; what
 * else follows its name is a resource in it. Everything shorter (`/api`, `/api/v1`, `/apis/apps`,
 * `/apis/apps/v1`) and everything else is no resource request; of it only `path` and `verb` are
 * set, the rest is `''`. A slash at the end of a path changes nothing, except in `path`.
 *
 * The verb follows from the method: POST create, GET and HEAD get, PUT update, PATCH patch, DELETE
 * delete, any other `''`. Without a name `get` becomes `list`, or `watch` when the query's `watch`
 * is there and neither `0` nor `false` (in small letters or capitals: some clients write `True`),
 * and `delete` becomes `deletecollection`. A list or watch (not one of the old form) whose field
 * selector asks for exactly one `metadata.name` has that name: so somebody who may read one object
 * by name may watch it. A field selector that cannot be read is not looked at here, and neither is
 * a name in it that cannot stand in a path: `.`, `..`, or one with a `/` or a `%`.
 *
 * ```text
 * GET  /api/v1/namespaces/default/pods/web/log   get      pods/log  web  in default
 * GET  /apis/apps/v1/deployments?watch=true      watch    deployments in all namespaces
 * PUT  /api/v1/namespaces/default/finalize       update   namespaces/finalize  default
 * GET  /api/v1/nodes/a/proxy/logs/x              get      nodes/proxy  a, rest logs/x
 * GET  /healthz                                  get      /healthz, no resource request
 * ```
 *
 * @param method - in capitals
 * @param path - decoded, begins with `/`, without a query
 * @see k8s.io/apiserver/pkg/endpoints/request/requestinfo.go (1.33)
 * @exercise apiserver/request-info
 */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  throw new NotImplemented('apiserver/request-info', 'requestInfo');
}

/** What a server serves of one resource: which verbs, and which of its subresources. */
export interface Served {
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** Name to verbs. */
  readonly subresources: ReadonlyMap<string, readonly string[]>;
}

/**
 * Refuses a resource request for what the server does not serve.
 *
 * @remarks 404 when there is no such resource or subresource; when a resource without namespaces is
 * asked for in one; and when an object or a subresource of a namespaced resource is asked for
 * without a namespace. So is a path with something behind the subresource, unless that is `proxy`.
 * 405 when it is all there, but not this verb: creating or deleting all objects of a namespaced
 * resource without naming a namespace included. (`namespaces` itself has no namespace, whatever its
 * path says.)
 *
 * ```text
 * GET    /api/v1/frobs                    404
 * GET    /api/v1/namespaces/x/nodes       404   nodes have no namespace
 * GET    /api/v1/pods/web                 404   a pod has
 * GET    /api/v1/namespaces/x/pods/web/status/x   404
 * POST   /api/v1/pods                     405   in which namespace?
 * DELETE /api/v1/pods                     405
 * GET    /api/v1/pods                     fine  list and watch span namespaces
 * ```
 *
 * @param info - a resource request
 * @param served - the resource as it is served; `undefined` when there is none
 * @throws StatusError 404, reason `NotFound`: `the server could not find the requested resource`,
 * with empty details
 * @throws StatusError 405, by `newMethodNotAllowed` with the group, the resource and the verb
 * @exercise apiserver/request-info
 */
export function checkServed(info: RequestInfo, served: Served | undefined): void {
  throw new NotImplemented('apiserver/request-info', 'checkServed');
}

/** 404: there is nothing at this path. */
export function notServed(): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  });
}
