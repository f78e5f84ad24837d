/**
 * An object's JSON with and without its resourceVersion. Given.
 *
 * The revision is not known when an object is written and must be there when it is read. It is put
 * into the text as it is, at the beginning of `metadata`: nothing is parsed for that.
 */

import type { ApiObject } from '../api-object.ts';

/** The beginning of every text this server wrote: type and version, then metadata. */
const HEAD = /^\{"(?:kind|apiVersion)":"[^"\\]*","(?:kind|apiVersion)":"[^"\\]*","metadata":\{/;

/** What is stored of an object: `kind`, `apiVersion` and `metadata` first, no resourceVersion. */
export function toStoredText(object: ApiObject): string {
  const { kind, apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _, selfLink: __, ...kept } = metadata;
  return JSON.stringify({ kind, apiVersion, metadata: kept, ...rest });
}

/**
 * The text clients get.
 *
 * @param text - as it is stored; of another writer too, in any order of fields
 */
export function withRevision(text: string, revision: number): string {
  const head = HEAD.exec(text)?.[0];
  if (head === undefined) return withRevision(toStoredText(parse(text)), revision);
  const end = text[head.length] === '}' ? '' : ',';
  return `${head}"resourceVersion":"${revision}"${end}${text.slice(head.length)}`;
}

function parse(text: string): ApiObject {
  const { kind = '', apiVersion = '', metadata = {}, ...rest } = JSON.parse(text) as ApiObject;
  return { kind, apiVersion, metadata, ...rest };
}
