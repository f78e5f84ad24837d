/**
 * LimitRanger: what containers ask for when they say nothing, and how much they may ask for at all.
 *
 * How amounts are compared is in `limit-constraints.ts`, how defaults are told of in
 * `limit-defaults.ts`. What all pods of a namespace use together
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
import type { AmountTexts } from './amounts.ts';
import { aggregateText, isAbout, newAdmissionForbidden } from './forbidden.ts';
import { claimLimitFaults, podLimitFaults } from './limit-constraints.ts';
import { containerDefaults, type DefaultsSet, noteDefaults } from './limit-defaults.ts';

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
 * *Defaults* (`admit`, pods alone). For each LimitRange in turn: `containerDefaults` (given, like
 * `noteDefaults`, in `limit-defaults.ts`) are its amounts for containers. Each container, then each
 * init container, gets those it does not have in `resources.requests` and `resources.limits`;
 * nothing else changes, and no empty map is added. Then `noteDefaults` writes down in an annotation
 * what was set, in this order, of each container the requests before the limits; the note of a
 * later LimitRange that sets something overwrites it.
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

function setDefaults(pod: Pod, range: LimitRange): void {
  const { requests, limits } = containerDefaults(range);
  const notes: DefaultsSet[] = [];
  const fill = (container: Container, what: DefaultsSet['what']): void => {
    const { name } = container;
    notes.push({ what, name, part: 'request', set: fillIn(container, 'requests', requests) });
    notes.push({ what, name, part: 'limit', set: fillIn(container, 'limits', limits) });
  };
  for (const container of pod.spec?.containers ?? []) fill(container, 'container');
  for (const container of pod.spec?.initContainers ?? []) fill(container, 'init container');
  noteDefaults(pod, notes);
}

/** Adds what is missing; tells what that was. */
function fillIn(
  container: Container,
  part: 'requests' | 'limits',
  defaults: AmountTexts,
): string[] {
  const own = container.resources?.[part] ?? {};
  const missing = Object.keys(defaults).filter((name) => !Object.hasOwn(own, name));
  if (missing.length === 0) return [];
  container.resources = { ...container.resources, [part]: { ...defaults, ...own } };
  return missing;
}
