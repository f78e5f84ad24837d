/**
 * Bytes of a watch's response in, events out, one JSON document a line.
 *
 * Who opens the watch is `rest-client.ts`; what a reader does about an event is `reflector.ts`.
 */

import type { KubernetesObject } from '#apimachinery';
import { eventTooLarge, invalidEvent, unexpectedEnd } from './watch-decode-error.ts';
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

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

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
  const reader = stream.getReader();
  const { signal } = options;
  const cancel = (): void => void reader.cancel(signal?.reason).catch(() => {});
  // Here and not in the generator: that does not begin before somebody asks for an event.
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  const release = (): void => {
    signal?.removeEventListener('abort', cancel);
    cancel();
  };
  return eventsOf<T>(reader, options, release);
}

async function* eventsOf<T extends KubernetesObject>(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { signal, maxLineBytes = MAX_WATCH_LINE_BYTES }: DecodeWatchOptions,
  release: () => void,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const lines = new LineBuffer(maxLineBytes);
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (signal?.aborted) return;
      if (done) break;
      lines.push(value);
      for (let line = lines.next(); line !== undefined; line = lines.next()) {
        if (line.trim() === '') continue;
        yield parseEvent<T>(line, parseJson(line));
        if (signal?.aborted) return;
      }
    }
    const rest = lines.rest();
    if (rest.trim() !== '') yield parseEvent<T>(rest, parseLast(rest));
  } catch (error) {
    // Who ended it does not want to hear that it ended.
    if (!signal?.aborted) throw error;
  } finally {
    release();
  }
}

/** Chunks in, lines out. Bytes become text a line at a time, so no character is ever cut. */
class LineBuffer {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder();
  /** What has come of a line whose end has not; in pieces, so that a long line is copied once. */
  #begun: Uint8Array[] = [];
  #begunBytes = 0;
  #chunk: Uint8Array = new Uint8Array();
  #position = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Only when `next` has nothing more. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#position = 0;
  }

  next(): string | undefined {
    const end = this.#chunk.indexOf(LINE_FEED, this.#position);
    const piece = this.#chunk.subarray(this.#position, end < 0 ? undefined : end);
    if (this.#lengthWith(piece) > this.#maxBytes) throw eventTooLarge(this.#maxBytes);
    this.#position += piece.length + 1;
    if (end >= 0 && this.#begunBytes === 0) return this.#decoder.decode(piece);
    if (piece.length > 0) this.#begun.push(piece);
    this.#begunBytes += piece.length;
    return end < 0 ? undefined : this.rest();
  }

  /** A `\r` that comes last is, or may become with the next chunk, part of the line's end. */
  #lengthWith(piece: Uint8Array): number {
    const last = piece.at(-1) ?? this.#begun.at(-1)?.at(-1);
    return this.#begunBytes + piece.length - (last === CARRIAGE_RETURN ? 1 : 0);
  }

  /** What has come since the last line's end. */
  rest(): string {
    const whole = new Uint8Array(this.#begunBytes);
    let at = 0;
    for (const piece of this.#begun) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#begun = [];
    this.#begunBytes = 0;
    return this.#decoder.decode(whole);
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw invalidEvent(error instanceof Error ? error.message : 'no JSON', line, error);
  }
}

function parseLast(rest: string): unknown {
  try {
    return JSON.parse(rest);
  } catch {
    throw unexpectedEnd(rest);
  }
}

const EVENT_TYPES: ReadonlySet<unknown> = new Set([
  'ADDED',
  'MODIFIED',
  'DELETED',
  'BOOKMARK',
  'ERROR',
]);

function parseEvent<T extends KubernetesObject>(line: string, json: unknown): WatchEvent<T> {
  if (!isObject(json)) throw invalidEvent('expected a JSON object', line);
  const { type, object } = json;
  if (!EVENT_TYPES.has(type)) {
    throw invalidEvent(`got invalid watch event type ${JSON.stringify(type)}`, line);
  }
  if (!isObject(object)) throw invalidEvent('expected an object in "object"', line);
  // What an ADDED's object looks like is the server's word; nobody looks into all of it.
  return { type, object } as unknown as WatchEvent<T>;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
