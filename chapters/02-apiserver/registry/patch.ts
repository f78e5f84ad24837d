/**
 * Changing an object by saying what should be different.
 *
 * A patch is applied to what is there, and when somebody was faster, to what is there then; so two
 * clients that patch different fields do not hinder each other. The forms a patch can have are in
 * `../patch/`; server-side apply is in `../apply/`.
 */

import { NotImplemented } from '#not-implemented';
import type { ApiObject } from '../api-object.ts';
import type { Registry } from './registry.ts';
import type { Updated, UpdateOptions } from './update.ts';

/**
 * Makes the patched object.
 *
 * @param old - a copy, to be changed and returned, or to be looked at
 * @returns an object whose fields have been checked by the kind's schema
 */
export type Patch = (old: ApiObject) => Promise<ApiObject> | ApiObject;

/**
 * Patches an object.
 *
 * @remarks It is an `update` whose change is the patch, with one difference: a conflict is not the
 * client's business as long as the patch itself says nothing of a version. Its result
 * tells: one with another `metadata.resourceVersion` than that of the copy it was given is about
 * that version, and `update` refuses it (409). One without a version (absent or `''`) is about any
 * version: put the copy's version back then. A `metadata.uid` that a patch changes is refused by
 * `update` as well.
 *
 * ```text
 * patch {data: {a: '1'}}, somebody writes b meanwhile      → both
 * patch {metadata: {resourceVersion: '3'}, data: …} at 7   → 409
 * patch {metadata: {resourceVersion: null}, data: …}       → fine: it is about any version
 * ```
 *
 * @param patch - called anew in each round, with what is there then; what it throws ends it
 * @throws StatusError, as a rejection, as `update`
 * @exercise apiserver/patch
 */
export async function patchObject(
  registry: Registry,
  name: string,
  patch: Patch,
  options: UpdateOptions,
): Promise<Updated> {
  throw new NotImplemented('apiserver/patch', 'patchObject');
}
