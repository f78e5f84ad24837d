/**
 * The types discovery answers in. Given. Nobody sends them, so they are not among the facts of
 * `../schema/`.
 *
 * @see k8s.io/apimachinery/pkg/apis/meta/v1/types.go, pkg/version/types.go (0.33)
 */

import type { GroupVersionKind } from '#apimachinery';
import type { Field, ObjectSchema, Schema } from '../schema/schema.ts';
import { META, VERSION_INFO } from './well-known.ts';

const text: Schema = { type: 'string' };

function listOf(items: Schema): Schema {
  return { type: 'list', items };
}

/** @param fields - with a `?` behind the name they may be missing */
function type(name: string, fields: Readonly<Record<string, Schema>>): ObjectSchema {
  const entries = Object.entries(fields).map(([key, schema]): [string, Field] =>
    key.endsWith('?') ? [key.slice(0, -1), { schema }] : [key, { schema, required: true }],
  );
  return { type: 'object', name, fields: new Map(entries) };
}

const ofKind = { 'apiVersion?': text, 'kind?': text };

const serverAddress = type(`${META}.ServerAddressByClientCIDR`, {
  clientCIDR: text,
  serverAddress: text,
});

const groupVersion = type(`${META}.GroupVersionForDiscovery`, {
  groupVersion: text,
  version: text,
});

const apiVersions = type(`${META}.APIVersions`, {
  ...ofKind,
  serverAddressByClientCIDRs: listOf(serverAddress),
  versions: listOf(text),
});

const apiGroup = type(`${META}.APIGroup`, {
  ...ofKind,
  name: text,
  'preferredVersion?': groupVersion,
  'serverAddressByClientCIDRs?': listOf(serverAddress),
  versions: listOf(groupVersion),
});

const apiGroupList = type(`${META}.APIGroupList`, { ...ofKind, groups: listOf(apiGroup) });

const apiResource = type(`${META}.APIResource`, {
  'categories?': listOf(text),
  'group?': text,
  kind: text,
  name: text,
  namespaced: { type: 'boolean' },
  'shortNames?': listOf(text),
  singularName: text,
  'storageVersionHash?': text,
  verbs: listOf(text),
  'version?': text,
});

const apiResourceList = type(`${META}.APIResourceList`, {
  ...ofKind,
  groupVersion: text,
  resources: listOf(apiResource),
});

const versionInfo = type(VERSION_INFO, {
  buildDate: text,
  compiler: text,
  'emulationMajor?': text,
  'emulationMinor?': text,
  gitCommit: text,
  gitTreeState: text,
  gitVersion: text,
  goVersion: text,
  major: text,
  'minCompatibilityMajor?': text,
  'minCompatibilityMinor?': text,
  minor: text,
  platform: text,
});

const KINDS = [apiVersions, apiGroup, apiGroupList, apiResourceList];
const PARTS = [serverAddress, groupVersion, apiResource, versionInfo];
const types = new Map([...KINDS, ...PARTS].map((one) => [one.name, one]));

/** A type by its definition's name. */
export function discoveryType(name: string): ObjectSchema | undefined {
  return types.get(name);
}

/** The kind that a definition is of; `undefined` for types that are only parts. */
export function discoveryKind(name: string): GroupVersionKind | undefined {
  const isKind = KINDS.some((one) => one.name === name);
  return isKind ? { group: '', version: 'v1', kind: name.slice(META.length + 1) } : undefined;
}
