/**
 * A watch as the bytes of its answer: a line of JSON for each event, no sooner than they are taken.
 * Given.
 *
 * An event is made into bytes once, however many clients watch.
 */

import type { Clock } from '#apimachinery';
import type { Json } from '../api-object.ts';
import type { WatchEvent } from '../registry/watch.ts';
import type { Stored } from '../storage/stored.ts';

/** How objects look in a stream's events. */
export interface EventForm {
  /** An object's JSON, or what it looks like to this client (a row of a table). */
  object(stored: Stored): string;
  /** Is `object` just the object's own text, the same for every client? */
  readonly isPlain: boolean;
  bookmark(resourceVersion: string, annotations: Record<string, string> | undefined): Json;
}

/** The plain form: the objects as they are. */
export function plainForm(kind: string, apiVersion: string): EventForm {
  return {
    isPlain: true,
    object: (stored) => stored.text,
    bookmark: (resourceVersion, annotations) => ({
      kind,
      apiVersion,
      metadata: { resourceVersion, creationTimestamp: null, ...(annotations && { annotations }) },
    }),
  };
}

const encoder = new TextEncoder();
/** Nobody looks at it; to make one for each watch is dear. */
const OVER = new Error('the watch has ended');
/** What was made into bytes for one client is sent to the next. */
const encoded = new WeakMap<Stored, Map<string, Uint8Array>>();

/**
 * The events as bytes.
 *
 * @remarks Nothing is read ahead: an event is taken when the stream is asked for more. Cancelling
 * the stream, the end of the time limit and `signal` all end the watch.
 *
 * @param open - begins the watch
 * @param timeoutSeconds - ends it after so long
 */
export function watchStream(
  open: (signal: AbortSignal) => AsyncGenerator<WatchEvent>,
  form: EventForm,
  { clock, timeoutSeconds, signal }: { clock: Clock; timeoutSeconds: number; signal: AbortSignal },
): ReadableStream<Uint8Array> {
  const ended = new AbortController();
  const end = () => ended.abort(OVER);
  const timer = clock.after(timeoutSeconds * 1000, end);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  const events = open(ended.signal);
  const cleanUp = () => {
    timer.cancel();
    signal.removeEventListener('abort', end);
    end();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await events.next();
        if (done) {
          cleanUp();
          controller.close();
        } else controller.enqueue(bytesOf(value, form));
      },
      async cancel() {
        cleanUp();
        await events.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

function bytesOf(event: WatchEvent, form: EventForm): Uint8Array {
  if (event.type === 'BOOKMARK') {
    const annotations = event.initialEventsEnd
      ? { 'k8s.io/initial-events-end': 'true' }
      : undefined;
    const object = form.bookmark(event.resourceVersion, annotations);
    return encoder.encode(`${JSON.stringify({ type: event.type, object })}\n`);
  }
  if (event.type === 'ERROR') {
    const object = event.error.toStatus();
    return encoder.encode(`${JSON.stringify({ type: event.type, object })}\n`);
  }
  const { type, stored } = event;
  if (!form.isPlain) return line(type, form.object(stored));
  let forms = encoded.get(stored);
  if (forms === undefined) {
    forms = new Map();
    encoded.set(stored, forms);
  }
  let bytes = forms.get(type);
  if (bytes === undefined) {
    bytes = line(type, stored.text);
    forms.set(type, bytes);
  }
  return bytes;
}

function line(type: string, object: string): Uint8Array {
  return encoder.encode(`{"type":"${type}","object":${object}}\n`);
}
