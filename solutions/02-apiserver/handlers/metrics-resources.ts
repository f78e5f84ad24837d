/**
 * `nodes` and `pods` of metrics.k8s.io: what `kubectl top` and autoscalers ask for. Given.
 *
 * They are the nodes and pods that are there, each with what it uses; one of which nothing is known
 * yet is in no list. Where it is known from is `../metrics/scraper.ts`.
 *
 * @see metrics-server pkg/api (0.7)
 */

import { newNotFound, Quantity, timestamp } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { durationText } from '../codec/durations.ts';
import type { Kind } from '../kinds/kind.ts';
import { nodeMetricsKind, podMetricsKind } from '../metrics/kinds.ts';
import type { Usage, UsageStore } from '../metrics/usage.ts';
import { get } from '../registry/create-get.ts';
import { list } from '../registry/list.ts';
import type { Registry } from '../registry/registry.ts';
import type { ServedResource } from '../served-resources.ts';
import { Stored } from '../storage/stored.ts';
import { listAnswer, objectAnswer } from './answers.ts';
import type { Endpoint, HandlerWorld } from './endpoint.ts';
import { selectionOf } from './options.ts';
import { VersionView } from './version-view.ts';

/** What the resources are made from. */
export interface MetricsOptions {
  readonly world: HandlerWorld;
  readonly nodes: Registry;
  readonly pods: Registry;
  readonly usage: UsageStore;
}

/** The two resources, as they are served. */
export function metricsResources(options: MetricsOptions): ServedResource[] {
  const { world, nodes, pods, usage } = options;
  const now = () => timestamp(world.clock.now());
  return [
    resourceOf({ world, kind: nodeMetricsKind, registry: nodes }, (node) => {
      const used = usage.node(node.metadata.name ?? '');
      return used && metricsOf(nodeMetricsKind, node, now(), used, { usage: quantitiesOf(used) });
    }),
    resourceOf({ world, kind: podMetricsKind, registry: pods }, (pod) =>
      podMetrics(pod, now(), usage),
    ),
  ];
}

/** @returns `undefined` when nothing is known of it */
type Measure = (object: ApiObject) => ApiObject | undefined;

interface Place {
  readonly world: HandlerWorld;
  readonly kind: Kind;
  /** Of the nodes or pods themselves. */
  readonly registry: Registry;
}

function resourceOf(place: Place, measure: Measure): ServedResource {
  const { kind, registry } = place;
  const endpoint: Endpoint = { ...place, view: new VersionView(kind) };
  return {
    group: kind.group,
    version: kind.version,
    resource: kind.resource,
    kind: kind.kind,
    singular: kind.singular,
    shortNames: [],
    categories: [],
    namespaced: kind.namespaced,
    verbs: ['get', 'list'],
    subresources: new Map(),
    kindOf: kind,
    handle: async (context) => {
      const { info, query } = context;
      if (info.verb === 'get') {
        const object = await getOne(registry, info.namespace, info.name);
        const measured = measure(object) ?? notMeasured(kind, object);
        return objectAnswer(endpoint, context, new Stored('', 0, measured), 200);
      }
      const selection = selectionOf(info, query, kind);
      const { items } = await list(registry, { ...selection, resourceVersion: '0' });
      const measured = items.flatMap(({ object }) => measure(object) ?? []);
      const found = measured.map((object) => new Stored('', 0, object));
      return listAnswer(endpoint, context, { items: found, resourceVersion: '' });
    },
  };
}

async function getOne(registry: Registry, namespace: string, name: string): Promise<ApiObject> {
  return (await get(registry, name, { namespace, notOlderThan: 0 })).object;
}

/** As metrics-server says it: the resource is not the one that was asked for. */
function notMeasured({ group, kind }: Kind, { metadata }: ApiObject): never {
  const { namespace, name = '' } = metadata;
  const full = namespace === undefined ? name : `${namespace}/${name}`;
  throw newNotFound({ group, resource: kind.toLowerCase() }, full);
}

interface PodParts {
  readonly spec?: { readonly nodeName?: string };
  readonly status?: { readonly phase?: string };
}

function podMetrics(pod: ApiObject, now: string, usage: UsageStore): ApiObject | undefined {
  const { spec, status } = pod as PodParts;
  if (status?.phase !== 'Running') return undefined;
  const { namespace, name } = pod.metadata;
  const used = usage.pod(`${namespace}/${name}`, spec?.nodeName ?? '');
  if (used === undefined) return undefined;
  const oldest = [...used.values()].reduce((a, b) => (b.atMs < a.atMs ? b : a));
  const containers = [...used].map(([container, one]) => ({
    name: container,
    usage: quantitiesOf(one),
  }));
  return metricsOf(podMetricsKind, pod, now, oldest, { containers });
}

function metricsOf(
  { group, version, kind }: Kind,
  { metadata }: ApiObject,
  now: string,
  { atMs, windowMs }: Usage,
  more: object,
): ApiObject {
  const { name, namespace, labels } = metadata;
  return {
    kind,
    apiVersion: `${group}/${version}`,
    metadata: {
      ...(name !== undefined && { name }),
      ...(namespace !== undefined && { namespace }),
      creationTimestamp: now,
      ...(labels && { labels }),
    },
    timestamp: timestamp(atMs),
    window: durationText(BigInt(Math.round(windowMs * 1e6))),
    ...more,
  };
}

function quantitiesOf({ cpuNanoCores, memoryBytes }: Usage) {
  return {
    cpu: String(new Quantity(BigInt(cpuNanoCores), -9)),
    memory: String(new Quantity(BigInt(memoryBytes), 0, 'BinarySI')),
  };
}
