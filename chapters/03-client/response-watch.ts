/** A watch as a response with a body that does not end soon. Given; its events are `watch-decoder.ts`'s. */

import type { KubernetesObject } from '#apimachinery';
import type { OpenAnswer } from './requester.ts';
import { decodeWatch } from './watch-decoder.ts';
import type { Watch, WatchEvent } from './watch-event.ts';

/**
 * The watch in an answer. When the iteration ends, by itself or by `break`, and after `stop`, nothing
 * of the request is left; nor after the abort of the signal it was asked for with.
 */
export function newResponseWatch<T extends KubernetesObject>({
  response,
  scope,
}: OpenAnswer): Watch<T> {
  const body = response.body ?? new ReadableStream<Uint8Array>({ start: (end) => end.close() });
  const events = decodeWatch<T>(body, { signal: scope.signal });
  return {
    stop: () => {
      scope.abort();
      scope.end();
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<T>, void, undefined> {
      try {
        yield* events;
      } finally {
        scope.end();
      }
    },
  };
}
