/**
 * Bytes of a watch's response in, events out, one JSON document a line.
 *
 * Who opens the watch is `rest-client.ts`; what a reader does about an event is `reflector.ts`.
 */

import type { KubernetesObject } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { WatchEvent } from './watch-event.ts';

/** The longest line there may be, in bytes: 16 MiB, ten times what etcd stores. */
export const MAX_WATCH_LINE_BYTES = 16 * 1024 * 1024;

/** How a stream is decoded. */
export interface DecodeWatchOptions {
  /** Ends the iteration without an error and frees the stream, also while it waits for bytes. */
  readonly signal?: AbortSignal;
  /** A line longer than this, its end not counted, is an error. Absent: {@link MAX_WATCH_LINE_BYTES}. */
  readonly maxLineBytes?: number;
}

/**
 * The events in a watch's stream.
 *
 * @remarks
 * An event is a line: a JSON object with a `type` (`ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK`,
 * `ERROR`) and an `object`. It is given on with these two, the object as it is in the JSON. Lines end
 * with `\n` or `\r\n`; a line with nothing but white space is no event.
 *
 * The network cuts the stream anywhere, also inside a line, an escape or a character of several
 * bytes. Chunks may be empty or have many lines. An event is given as soon as its line is complete,
 * and no more bytes are asked for as long as the events of the last chunk are not taken.
 *
 * ```text
 * bytes   {"type":"ADDED","obj | ect":{"metadata":{"name":"caf\xc3 | \xa9"}}}\n{"type":"DEL | ETED",… }}\n | (end)
 * events                                                       ADDED café              DELETED …
 * ```
 *
 * How it ends:
 *
 * | what the stream does | what the iteration does |
 * |---|---|
 * | ends after a line's end, or after white space | ends |
 * | ends after a whole event without a line's end | gives the event, then ends |
 * | ends inside a line that is no JSON (yet) | throws `unexpectedEnd` |
 * | has a line that is no JSON, no object, of an unknown type, or whose `object` is no object | throws `invalidEvent` |
 * | has more than `maxLineBytes` bytes without a line's end between them (a `\r` before the `\n` is part of the line's end) | throws `eventTooLarge`, without waiting for more |
 * | fails | throws what it failed with |
 *
 * Events before a bad line are given first. A last line that is JSON, but no event, is an
 * `invalidEvent`.
 *
 * However the iteration ends, by itself, by an error, by `break`, by the signal: the stream is
 * cancelled if it has not ended, and no listener stays on the signal. Once the signal aborts, no event
 * is given any more, not even one that has come in, and nothing is thrown: a `next` that waits is
 * `done`. That the signal aborted before makes no difference. Nobody waits for the stream's `cancel`,
 * and what it rejects with is ignored.
 *
 * @param stream - is locked from the call on
 * @throws WatchDecodeError, from the iteration, as above
 * @see client-go v0.33 rest/watch/decoder.go, apimachinery v0.33 pkg/watch/streamwatcher.go
 * @exercise client/watch-decoder
 */
export function decodeWatch<T extends KubernetesObject>(
  stream: ReadableStream<Uint8Array>,
  options: DecodeWatchOptions = {},
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  throw new NotImplemented('client/watch-decoder', 'decodeWatch');
}
