/** How kinds and resources are named: group, version, kind or resource. Given. */

/** A resource without its version, as in URLs and error messages: group `apps`, `deployments`. */
export interface GroupResource {
  /** Empty for the core group. */
  readonly group: string;
  /** Plural and lower case: `pods`. */
  readonly resource: string;
}

/** A kind without its version: group `apps`, kind `Deployment`. */
export interface GroupKind {
  /** Empty for the core group. */
  readonly group: string;
  readonly kind: string;
}

/** A kind with its version: what `apiVersion` and `kind` of an object say together. */
export interface GroupVersionKind extends GroupKind {
  readonly version: string;
}

/** The text of a group and resource in messages: `pods`, `deployments.apps`. */
export function groupResourceText({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}

/** The text of a group and kind in messages: `Pod`, `Deployment.apps`. */
export function groupKindText({ group, kind }: GroupKind): string {
  return group === '' ? kind : `${kind}.${group}`;
}

/** What an object's `apiVersion` says: `v1` in the core group, else `group/version`. */
export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Takes `apiVersion` and `kind` of an object apart. */
export function groupVersionKindOf(object: {
  apiVersion?: string | undefined;
  kind?: string | undefined;
}): GroupVersionKind {
  const apiVersion = object.apiVersion ?? '';
  const slash = apiVersion.indexOf('/');
  return {
    group: slash < 0 ? '' : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind: object.kind ?? '',
  };
}
