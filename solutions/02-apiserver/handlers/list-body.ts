/**
 * A list's JSON, put together of its objects' own. Given.
 *
 * Most of a list was sent before. So an object's bytes are made once, and a list costs little more
 * than to copy them.
 */

import type { Kind } from '../kinds/kind.ts';
import type { Stored } from '../storage/stored.ts';

type ListKind = Pick<Kind, 'group' | 'version' | 'kind' | 'listKind' | 'isCustom'>;

const encoder = new TextEncoder();
const COMMA = 0x2c;
const END = encoder.encode(']}\n');

/** An object's bytes as an item, once it has been in a list. */
const encodedItems = new WeakMap<Stored, Uint8Array>();

/** @returns the text, without a line's end */
export function listText(kind: ListKind, metadata: object, items: readonly Stored[]): string {
  const texts = items.map((stored) => itemText(kind, stored));
  return `${headOf(kind, metadata)}${texts.join(',')}]}`;
}

/** @returns the same as one line of UTF-8, in an array of its own */
export function listBytes(
  kind: ListKind,
  metadata: object,
  items: readonly Stored[],
): Uint8Array<ArrayBuffer> {
  const head = encoder.encode(headOf(kind, metadata));
  let length = head.length + END.length + Math.max(0, items.length - 1);
  for (const stored of items) length += itemBytes(kind, stored).length;
  const bytes = new Uint8Array(length);
  bytes.set(head);
  let at = head.length;
  for (const stored of items) {
    if (at > head.length) bytes[at++] = COMMA;
    const item = itemBytes(kind, stored);
    bytes.set(item, at);
    at += item.length;
  }
  bytes.set(END, at);
  return bytes;
}

function headOf(kind: ListKind, metadata: object): string {
  const listKind = kind.listKind ?? `${kind.kind}List`;
  return `{"kind":"${listKind}","apiVersion":"${apiVersionIn(kind)}","metadata":${JSON.stringify(metadata)},"items":[`;
}

function itemBytes(kind: ListKind, stored: Stored): Uint8Array {
  let bytes = encodedItems.get(stored);
  if (bytes === undefined) {
    bytes = encoder.encode(itemText(kind, stored));
    encodedItems.set(stored, bytes);
  }
  return bytes;
}

/** As in Kubernetes, the items of a list of a built-in kind do not say what they are. */
function itemText(kind: ListKind, { text }: Stored): string {
  const known = `{"kind":"${kind.kind}","apiVersion":"${apiVersionIn(kind)}",`;
  return kind.isCustom !== true && text.startsWith(known) ? `{${text.slice(known.length)}` : text;
}

function apiVersionIn({ group, version }: ListKind): string {
  return group === '' ? version : `${group}/${version}`;
}
