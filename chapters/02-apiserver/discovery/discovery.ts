/**
 * What a server has: groups, versions, resources, for clients that ask before they act. Given.
 *
 * There are two forms. The old one is a walk: `/api`, `/apis`, then each group version. The
 * aggregated one says everything in two answers, and with an ETag, so that asking again costs next
 * to nothing.
 *
 * @see k8s.io/apiserver/pkg/endpoints/discovery (0.33)
 */

import type { Answer } from '../context.ts';
import type { ServedResources } from '../served-resources.ts';
import { apiResourcesOf, resourceDiscoveryOf } from './api-resources.ts';
import { type Group, type GroupVersion, groupsOf } from './group-order.ts';
import { sha256Hex } from './sha256.ts';

/** What the client wants to be told in; see `negotiate` of `../codec/media-types.ts`. */
export interface AcceptedDiscovery {
  /** `APIGroupDiscoveryList` for the aggregated form. */
  readonly as?: string;
  readonly group?: string;
  readonly version?: string;
}

/** Groups in order, and the aggregated texts made of them, for one state of what is served. */
interface Snapshot {
  readonly generation: number;
  readonly groups: readonly Group[];
  readonly aggregated: Map<string, { readonly text: string; readonly etag: string }>;
}

const snapshots = new WeakMap<ServedResources, Snapshot>();

function snapshotOf(served: ServedResources): Snapshot {
  const { generation } = served;
  const known = snapshots.get(served);
  if (known?.generation === generation) return known;
  const made = { generation, groups: groupsOf(served.all()), aggregated: new Map() };
  snapshots.set(served, made);
  return made;
}

/**
 * Answers a request for discovery.
 *
 * @param path - `/`, `/api`, `/apis`, `/api/v1`, `/apis/apps`, `/apis/apps/v1`
 * @param ifNoneMatch - the header; the aggregated form answers 304 when it is the ETag
 * @returns `undefined` when there is no such thing
 */
export function discoveryAnswer(
  path: string,
  accepted: AcceptedDiscovery,
  served: ServedResources,
  ifNoneMatch?: string | null,
): Answer | undefined {
  const snapshot = snapshotOf(served);
  const [first = '', ...rest] = path.split('/').filter((part) => part !== '');
  if (rest.length === 0 && (first === 'api' || first === 'apis') && isAggregated(accepted)) {
    return aggregatedAnswer(snapshot, first, accepted.version ?? 'v2', ifNoneMatch);
  }
  const document = documentAt(snapshot.groups, first, rest);
  return document && jsonAnswer(document);
}

function documentAt(
  groups: readonly Group[],
  first: string,
  rest: readonly string[],
): object | undefined {
  if (first === '') return { paths: pathsOf(groups) };
  const named = groups.filter(({ name }) => name !== '');
  if (first === 'api') return coreDocument(groups, rest);
  if (first !== 'apis') return undefined;
  if (rest.length === 0) {
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(apiGroup) };
  }
  const [name, version, ...more] = rest;
  const group = named.find((one) => one.name === name);
  if (group === undefined || more.length > 0) return undefined;
  if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) };
  return resourceList(group, version);
}

function coreDocument(groups: readonly Group[], rest: readonly string[]): object | undefined {
  const core = groups.find(({ name }) => name === '');
  const [version, ...more] = rest;
  if (core === undefined || more.length > 0) return undefined;
  if (version !== undefined) return resourceList(core, version);
  return {
    kind: 'APIVersions',
    versions: core.versions.map((one) => one.version),
    // Where to reach the server from where: the client knows, it has just done so.
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '' }],
  };
}

function apiGroup({ name, versions }: Group) {
  const all = versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: all, preferredVersion: all[0] };
}

function resourceList({ name, versions }: Group, version: string): object | undefined {
  const found = versions.find((one) => one.version === version);
  return (
    found && {
      kind: 'APIResourceList',
      ...(name !== '' && { apiVersion: 'v1' }),
      groupVersion: name === '' ? version : `${name}/${version}`,
      resources: found.resources.flatMap(apiResourcesOf),
    }
  );
}

const OTHER_PATHS = [
  '/healthz',
  '/healthz/ping',
  '/livez',
  '/livez/ping',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/readyz',
  '/readyz/ping',
  '/version',
];

function pathsOf(groups: readonly Group[]): string[] {
  const paths = groups.flatMap(({ name, versions }) => {
    const root = name === '' ? '/api' : `/apis/${name}`;
    return [root, ...versions.map(({ version }) => `${root}/${version}`)];
  });
  return ['/apis', ...paths, ...OTHER_PATHS].sort();
}

const AGGREGATED_GROUP = 'apidiscovery.k8s.io';
const AGGREGATED_KIND = 'APIGroupDiscoveryList';

function isAggregated({ as, group, version }: AcceptedDiscovery): boolean {
  const isKnown = version === 'v2' || version === 'v2beta1';
  return as === AGGREGATED_KIND && group === AGGREGATED_GROUP && isKnown;
}

function aggregatedAnswer(
  { groups, aggregated }: Snapshot,
  root: 'api' | 'apis',
  version: string,
  ifNoneMatch: string | null | undefined,
): Answer {
  const key = `${root} ${version}`;
  const chosen = groups.filter(({ name }) => (name === '') === (root === 'api'));
  const { text, etag } = aggregated.get(key) ?? aggregatedText(chosen, version);
  aggregated.set(key, { text, etag });
  const headers = { ETag: etag, Vary: 'Accept', 'Cache-Control': 'public' };
  if (ifNoneMatch === etag) return { status: 304, headers, body: '' };
  const type = `application/json;g=${AGGREGATED_GROUP};v=${version};as=${AGGREGATED_KIND}`;
  return { status: 200, headers: { ...headers, 'Content-Type': type }, body: text };
}

function aggregatedText(
  groups: readonly Group[],
  version: string,
): { readonly text: string; readonly etag: string } {
  const items = groups.map(({ name, versions }) => ({
    metadata: { ...(name !== '' && { name }), creationTimestamp: null },
    versions: versions.map(versionDiscovery),
  }));
  const list = {
    kind: AGGREGATED_KIND,
    apiVersion: `${AGGREGATED_GROUP}/${version}`,
    metadata: {},
    items,
  };
  return { text: `${JSON.stringify(list)}\n`, etag: `"${sha256Hex(JSON.stringify(items))}"` };
}

function versionDiscovery({ version, resources }: GroupVersion): object {
  return { version, resources: resources.map(resourceDiscoveryOf), freshness: 'Current' };
}

function jsonAnswer(document: object): Answer {
  const headers = { 'Content-Type': 'application/json' };
  return { status: 200, headers, body: `${JSON.stringify(document)}\n` };
}
