/**
 * The built-in kinds as resources: which subresources each has, and who carries them out. Given.
 */

import { podEphemeralContainersKind } from '../kinds/core/pod-ephemeral-containers.ts';
import { podResizeKind } from '../kinds/core/pod-resize.ts';
import type { Kind } from '../kinds/kind.ts';
import type { NodeProxy } from '../node-proxy.ts';
import type { Registry } from '../registry/registry.ts';
import type { Handle, ServedResource, ServedSubresource } from '../served-resources.ts';
import type { Endpoint } from './endpoint.ts';
import { handleEviction } from './eviction.ts';
import { issueServiceAccountToken, type TokenOptions } from './service-account-token.ts';
import {
  handleApproval,
  handleBinding,
  handledAs,
  handleFinalize,
  handleScale,
  handleStatus,
} from './subresources.ts';
import { handleVerb } from './verbs.ts';

/** The verbs of a resource whose objects are stored. */
export const ALL_VERBS: readonly string[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];
const WRITE_VERBS = ['get', 'patch', 'update'];
const PROXY_VERBS = ['create', 'delete', 'get', 'patch', 'update'];
const STREAM_VERBS = ['create', 'get'];

/** What special subresources need. */
export interface SubresourceOptions {
  readonly proxy: NodeProxy;
  readonly tokens: TokenOptions;
  readonly registryOf: (group: string, kind: string) => Registry;
}

/** A kind as it is served. */
export function resourceOfKind(endpoint: Endpoint, options?: SubresourceOptions): ServedResource {
  const { kind, registry } = endpoint;
  const special = options ? specialSubresources(endpoint, options) : [];
  return {
    group: kind.group,
    version: kind.version,
    resource: kind.resource,
    kind: kind.kind,
    singular: kind.singular,
    shortNames: kind.shortNames,
    categories: kind.categories,
    namespaced: kind.namespaced,
    verbs: kind.verbs ?? ALL_VERBS,
    handle: (context) => handleVerb(endpoint, context),
    subresources: new Map([...usualSubresources(endpoint), ...special]),
    registry,
    kindOf: kind,
    ...(kind.isCustom && { isCustom: true }),
  };
}

function usualSubresources(endpoint: Endpoint): [string, ServedSubresource][] {
  const { kind } = endpoint;
  const found: [string, ServedSubresource][] = [];
  const add = (name: string, handle: Handle, gvk = gvkOf(kind)) =>
    found.push([name, { verbs: WRITE_VERBS, gvk, handle }]);
  if (kind.subresources.approval) {
    add('approval', (context) => handleApproval(endpoint, context));
  }
  if (kind.subresources.scale) {
    const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
    add('scale', (context) => handleScale(endpoint, context), scale);
  }
  if (kind.subresources.status) add('status', (context) => handleStatus(endpoint, context));
  return found;
}

function specialSubresources(
  endpoint: Endpoint,
  { proxy, tokens, registryOf }: SubresourceOptions,
): [string, ServedSubresource][] {
  const { kind } = endpoint;
  const of = (name: string, verbs: readonly string[], handle: Handle, gvk = gvkOf(kind)) =>
    [name, { verbs, gvk, handle }] as [string, ServedSubresource];
  if (kind.group !== '') return [];
  switch (kind.kind) {
    case 'Pod': {
      const budgets = registryOf('policy', 'PodDisruptionBudget');
      const options = (name: string) => ({ group: '', version: 'v1', kind: name });
      const eviction = { group: 'policy', version: 'v1', kind: 'Eviction' };
      const binding = { group: '', version: 'v1', kind: 'Binding' };
      return [
        of('attach', STREAM_VERBS, proxy.attach, options('PodAttachOptions')),
        of('binding', ['create'], (context) => handleBinding(endpoint, context), binding),
        of('ephemeralcontainers', WRITE_VERBS, (context) =>
          handledAs(podEphemeralContainersKind, endpoint, context),
        ),
        of(
          'eviction',
          ['create'],
          (context) => handleEviction(endpoint, context, budgets),
          eviction,
        ),
        of('exec', STREAM_VERBS, proxy.exec, options('PodExecOptions')),
        of('log', ['get'], proxy.log),
        of('portforward', STREAM_VERBS, proxy.portForward, options('PodPortForwardOptions')),
        of('proxy', PROXY_VERBS, proxy.pod, options('PodProxyOptions')),
        of('resize', WRITE_VERBS, (context) => handledAs(podResizeKind, endpoint, context)),
      ];
    }
    case 'Node':
      return [
        of('proxy', PROXY_VERBS, proxy.node, {
          group: '',
          version: 'v1',
          kind: 'NodeProxyOptions',
        }),
      ];
    case 'Service':
      return [
        of('proxy', PROXY_VERBS, proxy.service, {
          group: '',
          version: 'v1',
          kind: 'ServiceProxyOptions',
        }),
      ];
    case 'Namespace':
      return [of('finalize', ['update'], (context) => handleFinalize(endpoint, context))];
    case 'ServiceAccount':
      return [
        of('token', ['create'], (context) => issueServiceAccountToken(endpoint, context, tokens), {
          group: 'authentication.k8s.io',
          version: 'v1',
          kind: 'TokenRequest',
        }),
      ];
    default:
      return [];
  }
}

/** `bindings`: another way to write `pods/binding`. */
export function bindingsResource(pods: Endpoint): ServedResource {
  return {
    group: '',
    version: 'v1',
    resource: 'bindings',
    kind: 'Binding',
    singular: 'binding',
    shortNames: [],
    categories: [],
    namespaced: true,
    verbs: ['create'],
    subresources: new Map(),
    handle: (context) => handleBinding(pods, context),
  };
}

function gvkOf({ group, version, kind }: Kind) {
  return { group, version, kind };
}
