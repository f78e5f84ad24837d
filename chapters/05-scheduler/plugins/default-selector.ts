/**
 * Which pods belong together with a pod that does not say it: those of its Services, and of the
 * ReplicaSet, StatefulSet or ReplicationController that manages it. Given.
 *
 * @see pkg/scheduler/framework/plugins/helper/spread.go (1.33), DefaultSelector
 */

import type { ReplicaSet, StatefulSet } from 'kubernetes-types/apps/v1.js';
import type { ReplicationController, Service } from 'kubernetes-types/core/v1.js';
import {
  controllerOf,
  type KubernetesObject,
  type LabelSelector,
  type LabelSet,
  type Pod,
  type Requirement,
  Selector,
  selectorFromObject,
} from '#apimachinery';
import type { Lister } from '#client';

/** What is asked of the cluster. */
export interface SelectorSources {
  readonly services: Pick<Lister<Service>, 'listNamespace'>;
  readonly replicationControllers: Pick<Lister<ReplicationController>, 'get'>;
  readonly replicaSets: Pick<Lister<ReplicaSet>, 'get'>;
  readonly statefulSets: Pick<Lister<StatefulSet>, 'get'>;
}

/** @returns a selector without requirements when the pod belongs to nothing */
export function defaultSelector(pod: Pod, sources: SelectorSources): Selector {
  const { namespace = '', labels } = pod.metadata ?? {};
  const selectors: Selector[] = [];
  for (const service of sources.services.listNamespace(namespace)) {
    const selector = selectorOf(service, service.spec?.selector);
    // A Service without a selector has no pods of its own.
    if (service.spec?.selector && selector.matches(labels)) selectors.push(selector);
  }
  const owner = ownerSelector(pod, namespace, sources);
  if (owner) selectors.push(owner);
  return merged(selectors);
}

function ownerSelector(
  pod: Pod,
  namespace: string,
  sources: SelectorSources,
): Selector | undefined {
  const owner = controllerOf(pod);
  if (!owner) return undefined;
  const key = `${namespace}/${owner.name}`;
  switch (`${owner.apiVersion}/${owner.kind}`) {
    case 'v1/ReplicationController': {
      const found = sources.replicationControllers.get(key);
      return found && selectorOf(found, found.spec?.selector);
    }
    case 'apps/v1/ReplicaSet': {
      const found = sources.replicaSets.get(key);
      return found && selectorOfObject(found, found.spec?.selector);
    }
    case 'apps/v1/StatefulSet': {
      const found = sources.statefulSets.get(key);
      return found && selectorOfObject(found, found.spec?.selector);
    }
    default:
      return undefined;
  }
}

const known = new WeakMap<KubernetesObject, Selector>();

function selectorOf(object: KubernetesObject, matchLabels: LabelSet | undefined): Selector {
  return selectorOfObject(object, { matchLabels: { ...matchLabels } });
}

/** Objects of informers never change, so each is read once. */
function selectorOfObject(object: KubernetesObject, selector: LabelSelector | undefined): Selector {
  const found = known.get(object) ?? selectorFromObject(selector);
  known.set(object, found);
  return found;
}

/** All of them together; a requirement that two of them have stands once. */
function merged(selectors: readonly Selector[]): Selector {
  const requirements = new Map<string, Requirement>();
  for (const selector of selectors) {
    for (const requirement of selector.requirements ?? []) {
      const { key, operator, values } = requirement;
      requirements.set(`${key} ${operator} ${values.join(',')}`, requirement);
    }
  }
  return new Selector([...requirements.values()]);
}
