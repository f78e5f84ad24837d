/** The fixed detail of requests: parameters, media types, the body of a deletion. Given. */

import type { DeleteOptions, PatchOptions, PatchType } from './client.ts';
import type { ListOptions, WatchOptions } from './watch-event.ts';

/** What may stand behind the `?`, by the options' own names. */
export type QueryOptions = Pick<
  PatchOptions,
  'dryRun' | 'fieldManager' | 'fieldValidation' | 'force'
> &
  Omit<ListOptions, 'signal'> &
  Omit<WatchOptions, 'signal'> & { readonly watch?: true };

/** In the order in which they are written. */
const PARAMETERS: readonly (keyof QueryOptions)[] = [
  'watch',
  'labelSelector',
  'fieldSelector',
  'resourceVersion',
  'resourceVersionMatch',
  'limit',
  'continue',
  'allowWatchBookmarks',
  'timeoutSeconds',
  'dryRun',
  'fieldManager',
  'fieldValidation',
  'force',
];

/**
 * A URL's query.
 *
 * @remarks What is absent, `''`, `false` or 0 is not written; `dryRun` is `dryRun=All`. Other
 * properties than the parameters count for nothing.
 *
 * @returns `''` or `?labelSelector=app%3Dweb&limit=500`
 */
export function queryOf(options: QueryOptions): string {
  const query = new URLSearchParams();
  for (const name of PARAMETERS) {
    const value = options[name];
    if (value) query.set(name, name === 'dryRun' ? 'All' : String(value));
  }
  return query.size === 0 ? '' : `?${query}`;
}

/** What a patch's body is sent as. */
export const PATCH_MEDIA_TYPES: Readonly<Record<PatchType, string>> = {
  'json-patch': 'application/json-patch+json',
  'merge-patch': 'application/merge-patch+json',
  'strategic-merge-patch': 'application/strategic-merge-patch+json',
  // JSON is YAML.
  'apply-patch': 'application/apply-patch+yaml',
};

/** The body of a deletion: a `DeleteOptions` object. */
export function deleteOptionsBody(options: DeleteOptions): object {
  const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun } = options;
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(propagationPolicy !== undefined && { propagationPolicy }),
    ...(preconditions !== undefined && { preconditions }),
    ...(dryRun && { dryRun: ['All'] }),
  };
}
