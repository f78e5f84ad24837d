/**
 * The paths of a resource and what can be done there, in OpenAPI 3. Given.
 *
 * The deprecated paths below `/watch/` are served but not told: they say nothing that `watch=true`
 * does not.
 *
 * @see k8s.io/apiserver/pkg/endpoints/installer.go (0.33)
 */

import type { GroupVersionKind } from '#apimachinery';
import type { ServedResource, ServedSubresource } from '../served-resources.ts';
import {
  CONNECT,
  DELETE,
  DELETE_COLLECTION,
  LIST,
  LOG,
  NAMESPACE,
  nameOf,
  PATCH,
  PRETTY,
  WRITE,
} from './parameters.ts';
import { type JsonObject, META, refTo } from './well-known.ts';

/** Finds the name of a kind's definition; `undefined` when it has none. */
export type NameOfKind = (gvk: GroupVersionKind) => string | undefined;

/** What an operation's parts have in common. */
interface Scope {
  readonly resource: ServedResource;
  readonly gvk: GroupVersionKind;
  /** The definition's name; `undefined`: just text. */
  readonly definition: string | undefined;
  /** `CoreV1`. */
  readonly group: string;
  /** `NamespacedPod`, `NamespacedPodStatus`. */
  readonly subject: string;
}

/** A resource's paths. */
export function pathsOf(resource: ServedResource, nameOfKind: NameOfKind): JsonObject {
  const { group, version, kind, namespaced } = resource;
  const gvk = { group, version, kind };
  const scope: Scope = {
    resource,
    gvk,
    definition: nameOfKind(gvk),
    group: groupTitle(group) + capitalized(version),
    subject: `${namespaced ? 'Namespaced' : ''}${kind}`,
  };
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const all = `${root}/${resource.resource}`;
  const collection = namespaced ? `${root}/namespaces/{namespace}/${resource.resource}` : all;
  const item = `${collection}/{name}`;
  const paths: [string, JsonObject | undefined][] = [
    [all, namespaced ? allNamespaces(scope) : undefined],
    [collection, collectionPath(scope)],
    [item, itemPath(scope)],
    ...[...resource.subresources].map(([name, subresource]): [string, JsonObject | undefined] => [
      `${item}/${name}`,
      subresourcePath(scope, name, subresource, nameOfKind),
    ]),
  ];
  return Object.fromEntries(paths.filter(([, path]) => path !== undefined)) as JsonObject;
}

/** `rbac.authorization.k8s.io` is `RbacAuthorization`, no group is `Core`. */
export function groupTitle(group: string): string {
  if (group === '') return 'Core';
  return group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map(capitalized)
    .join('');
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `rbacAuthorization_v1`, `core_v1`; without a version `apps`. */
export function tagOf({
  group,
  version,
}: {
  readonly group: string;
  readonly version?: string;
}): string {
  const title = groupTitle(group);
  const tag = title.charAt(0).toLowerCase() + title.slice(1);
  return version === undefined ? tag : `${tag}_${version}`;
}

function has({ resource }: Scope, verb: string): boolean {
  return resource.verbs.includes(verb);
}

function allNamespaces(scope: Scope): JsonObject | undefined {
  if (!has(scope, 'list')) return undefined;
  const id = `list${scope.group}${scope.gvk.kind}ForAllNamespaces`;
  return { get: listOperation(scope, id, []), parameters: [...LIST, PRETTY] };
}

function collectionPath(scope: Scope): JsonObject | undefined {
  const { group, subject, resource } = scope;
  const operations: JsonObject = {
    ...(has(scope, 'deletecollection') && {
      delete: {
        ...operation(
          scope,
          'deletecollection',
          `delete${group}Collection${subject}`,
          DELETE_COLLECTION,
        ),
        requestBody: bodyOf(`${META}.DeleteOptions`),
        responses: responses(`${META}.Status`, ['200']),
      },
    }),
    ...(has(scope, 'list') && { get: listOperation(scope, `list${group}${subject}`, LIST) }),
    ...(has(scope, 'create') && { post: createOperation(scope) }),
  };
  if (Object.keys(operations).length === 0) return undefined;
  return { ...operations, parameters: [...inNamespace(resource), PRETTY] };
}

function inNamespace({ namespaced }: ServedResource): JsonObject[] {
  return namespaced ? [NAMESPACE] : [];
}

function listOperation(scope: Scope, id: string, parameters: readonly JsonObject[]): JsonObject {
  const { definition } = scope;
  const answer = responses(definition && `${definition}List`, ['200'], LIST_TYPES);
  return { ...operation(scope, 'list', id, parameters), responses: answer };
}

function createOperation(scope: Scope): JsonObject {
  const { definition, group, subject } = scope;
  return {
    ...operation(scope, 'post', `create${group}${subject}`, WRITE),
    ...(definition && { requestBody: bodyOf(definition) }),
    responses: responses(definition, ['200', '201', '202']),
  };
}

function itemPath(scope: Scope): JsonObject | undefined {
  const { definition, group, subject, resource, gvk } = scope;
  const operations: JsonObject = {
    ...(has(scope, 'delete') && {
      delete: {
        ...operation(scope, 'delete', `delete${group}${subject}`, DELETE),
        requestBody: bodyOf(`${META}.DeleteOptions`),
        responses: responses(RETURN_DELETED.has(gvk.kind) ? definition : `${META}.Status`, [
          '200',
          '202',
        ]),
      },
    }),
    ...objectOperations(scope, resource.verbs),
  };
  if (Object.keys(operations).length === 0) return undefined;
  const parameters = [nameOf(gvk.kind), ...inNamespace(resource), PRETTY];
  return { ...operations, parameters };
}

/** Kinds of which a deletion answers with what was deleted. */
const RETURN_DELETED = new Set([
  'Pod',
  'Service',
  'ServiceAccount',
  'PersistentVolumeClaim',
  'PersistentVolume',
  'PodTemplate',
  'ResourceQuota',
]);

/** Reading, replacing and patching one object, or a part of it. */
function objectOperations(scope: Scope, verbs: readonly string[]): JsonObject {
  const { definition, group, subject } = scope;
  return {
    ...(verbs.includes('get') && {
      get: {
        ...operation(scope, 'get', `read${group}${subject}`, []),
        responses: responses(definition, ['200']),
      },
    }),
    ...(verbs.includes('update') && {
      put: {
        ...operation(scope, 'put', `replace${group}${subject}`, WRITE),
        ...(definition && { requestBody: bodyOf(definition) }),
        responses: responses(definition, ['200', '201']),
      },
    }),
    ...(verbs.includes('patch') && {
      patch: {
        ...operation(scope, 'patch', `patch${group}${subject}`, PATCH),
        requestBody: patchBody(scope.resource),
        responses: responses(definition, ['200', '201']),
      },
    }),
  };
}

function subresourcePath(
  scope: Scope,
  name: string,
  { verbs, gvk }: ServedSubresource,
  nameOfKind: NameOfKind,
): JsonObject {
  const part: Scope = {
    ...scope,
    gvk,
    definition: name === 'log' ? undefined : nameOfKind(gvk),
    subject: scope.subject + capitalized(name),
  };
  const parameters = [nameOf(gvk.kind), ...inNamespace(scope.resource)];
  const options = CONNECT[gvk.kind];
  if (options) return { ...connections(part, verbs), parameters: [...parameters, ...options] };
  return {
    ...objectOperations(part, verbs),
    ...(verbs.includes('create') && { post: createOperation(part) }),
    parameters: [...parameters, PRETTY, ...(name === 'log' ? LOG : [])],
  };
}

const METHODS: Readonly<Record<string, readonly string[]>> = {
  get: ['get', 'head', 'options'],
  create: ['post'],
  update: ['put'],
  patch: ['patch'],
  delete: ['delete'],
};

function connections(scope: Scope, verbs: readonly string[]): JsonObject {
  const isProxy = scope.gvk.kind.endsWith('ProxyOptions');
  const methods = verbs.flatMap((verb) => METHODS[verb] ?? []);
  const chosen = isProxy ? methods : methods.filter((method) => PLAIN_METHODS.has(method));
  return Object.fromEntries(
    chosen.map((method) => {
      const id = `connect${scope.group}${capitalized(method)}${scope.subject}`;
      const made = {
        ...operation(scope, 'connect', id, []),
        responses: responses(undefined, ['200'], ANY),
      };
      return [method, made];
    }),
  );
}

const PLAIN_METHODS = new Set(['get', 'post']);

/** What is said of any operation. */
function operation(
  scope: Scope,
  action: string,
  operationId: string,
  parameters: readonly JsonObject[],
): JsonObject {
  const { group, version, kind } = scope.gvk;
  return {
    description: `${action} ${kind}`,
    operationId,
    tags: [tagOf(scope.resource)],
    ...(parameters.length > 0 && { parameters: [...parameters] }),
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, kind, version },
  };
}

const ANY = ['*/*'];
const TYPES = ['application/json', 'application/yaml'];
const LIST_TYPES = [...TYPES, 'application/json;stream=watch'];
const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
];

function content(types: readonly string[], schema: JsonObject): JsonObject {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

function bodyOf(definition: string): JsonObject {
  return { content: content(ANY, refTo(definition)), required: true };
}

/** Custom resources have no strategic merge patch: nobody knows their lists' keys. */
function patchBody({ isCustom }: ServedResource): JsonObject {
  const strategic = isCustom ? [] : ['application/strategic-merge-patch+json'];
  return {
    content: content([...PATCH_TYPES, ...strategic], refTo(`${META}.Patch`)),
    required: true,
  };
}

const MEANINGS: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

function responses(
  definition: string | undefined,
  codes: readonly string[],
  types: readonly string[] = TYPES,
): JsonObject {
  const schema = definition ? refTo(definition) : { type: 'string' };
  const good = codes.map((code) => [
    code,
    { description: MEANINGS[code] ?? '', content: content(types, schema) },
  ]);
  return { ...Object.fromEntries(good), 401: { description: 'Unauthorized' } };
}
