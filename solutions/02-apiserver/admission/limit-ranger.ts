/**
 * LimitRanger: what containers ask for when they say nothing, and how much they may ask for at all.
 *
 * How amounts are compared is in `limit-constraints.ts`. What all pods of a namespace use together
 * is another plugin's business: `resource-quota.ts`.
 */

import type {
  Container,
  LimitRange,
  PersistentVolumeClaim,
  Pod,
} from 'kubernetes-types/core/v1.js';
import type { ApiObject } from '../api-object.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import { aggregateText, isAbout, newAdmissionForbidden } from './forbidden.ts';
import { claimLimitFaults, podLimitFaults } from './limit-constraints.ts';

/** What the plugin asks. */
export interface LimitRangerOptions {
  /** The LimitRanges of a namespace. */
  limitRanges(namespace: string): Promise<readonly ApiObject[]> | readonly ApiObject[];
}

/**
 * Makes the plugin, named `LimitRanger`.
 *
 * @remarks It `handles` the CREATE of a Pod, and CREATE and UPDATE of a PersistentVolumeClaim
 * (resources `pods` and `persistentvolumeclaims` of group `''`), not their subresources. A claim
 * that is being deleted (its `oldObject` has a `deletionTimestamp`) is let through.
 *
 * *Defaults* (`admit`, pods alone). For each LimitRange in turn: its items of type `Container` have
 * `default` (limits) and `defaultRequest` (requests), maps from resource to amount; where two items
 * name a resource, the later one counts. Each container, then each init container, gets those it
 * does not have in `resources.limits` and `resources.requests`; nothing else changes, and no empty
 * map is added. When something was set, the pod says so in the annotation
 * `kubernetes.io/limit-ranger` (a later LimitRange that sets something overwrites it): `LimitRanger
 * plugin set: ` and for each container an entry for the requests it got, if any, then one for the
 * limits. Entries are joined by `; `, the resources of an entry, in alphabetical order, by `, `.
 *
 * ```text
 * default {cpu: 500m, memory: 256Mi}    defaultRequest {cpu: 100m}
 * container web, limits {memory: 1Gi}   init container setup, nothing
 * → web:   limits {memory: 1Gi, cpu: 500m}       requests {cpu: 100m}
 *   setup: limits {cpu: 500m, memory: 256Mi}     requests {cpu: 100m}
 * LimitRanger plugin set: cpu request for container web; cpu limit for container web;
 *   cpu request for init container setup; cpu, memory limit for init container setup      (on one line)
 * ```
 *
 * *Limits* (`validate`). For each LimitRange in turn the faults are what `podLimitFaults` or
 * `claimLimitFaults` of `limit-constraints.ts` (given) tells. The first LimitRange with any refuses
 * the request.
 *
 * @throws StatusError from `validate`, as a rejection: 403, `newAdmissionForbidden` with the
 * `aggregateText` of the faults (both of `forbidden.ts`)
 * @see plugin/pkg/admission/limitranger/admission.go (1.33)
 * @exercise apiserver/admission
 */
export function limitRanger(options: LimitRangerOptions): AdmissionPlugin {
  const rangesFor = async ({ namespace }: AdmissionRequest) =>
    (await options.limitRanges(namespace)) as unknown as LimitRange[];
  return {
    name: 'LimitRanger',
    handles: (request) => {
      const { operation } = request;
      if (isAbout(request, '', 'pods')) return operation === 'CREATE';
      const isWrite = operation === 'CREATE' || operation === 'UPDATE';
      return isWrite && isAbout(request, '', 'persistentvolumeclaims');
    },
    async admit(request) {
      if (request.resource.resource !== 'pods' || !request.object) return;
      for (const range of await rangesFor(request)) setDefaults(request.object as Pod, range);
    },
    async validate(request) {
      const { object, oldObject, resource } = request;
      if (!object || oldObject?.metadata.deletionTimestamp !== undefined) return;
      for (const range of await rangesFor(request)) {
        const faults =
          resource.resource === 'pods'
            ? podLimitFaults(range, object as Pod)
            : claimLimitFaults(range, object as PersistentVolumeClaim);
        if (faults.length > 0) throw newAdmissionForbidden(request, aggregateText(faults));
      }
    },
  };
}

type Amounts = Record<string, string>;

function setDefaults(pod: Pod, { spec }: LimitRange): void {
  const items = (spec?.limits ?? []).filter(({ type }) => type === 'Container');
  const requests: Amounts = Object.assign({}, ...items.map((item) => item.defaultRequest));
  const limits: Amounts = Object.assign({}, ...items.map((item) => item.default));
  const notes: string[] = [];
  const fill = (container: Container, what: string): void => {
    for (const [part, word, defaults] of [
      ['requests', 'request', requests],
      ['limits', 'limit', limits],
    ] as const) {
      const set = fillIn(container, part, defaults);
      if (set.length > 0) notes.push(`${set.join(', ')} ${word} for ${what} ${container.name}`);
    }
  };
  for (const container of pod.spec?.containers ?? []) fill(container, 'container');
  for (const container of pod.spec?.initContainers ?? []) fill(container, 'init container');
  if (notes.length === 0 || !pod.metadata) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    'kubernetes.io/limit-ranger': `LimitRanger plugin set: ${notes.join('; ')}`,
  };
}

/** Adds what is missing; tells what that was. */
function fillIn(container: Container, part: 'requests' | 'limits', defaults: Amounts): string[] {
  const own = container.resources?.[part] ?? {};
  const missing = Object.keys(defaults).filter((name) => !Object.hasOwn(own, name));
  if (missing.length === 0) return [];
  container.resources = { ...container.resources, [part]: { ...defaults, ...own } };
  return missing.sort();
}
