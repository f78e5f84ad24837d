/**
 * Writes that fail once, so that it shows who tries again and who does too much then.
 *
 * A write fails in one of two ways: the server never gets it, or it is done and the answer is lost.
 */

import type { KubernetesObject } from '#apimachinery';
import type { ApiRequest, TestApi } from '#apiserver/testing';

/** How writes fail. */
export interface FaultOptions {
  /** Absent: `either`, as the seed has it. */
  readonly how?: 'refused' | 'lost' | 'either';
  /** Absent: 1. */
  readonly seed?: number;
  /** What a refused write is answered with; absent: an error that is no answer of a server. */
  readonly refusal?: () => Error;
  /** Which writes may fail; absent: all but events. */
  readonly only?: (request: ApiRequest) => boolean;
}

/** Faults that go on until they are ended. */
export interface WriteFaults {
  /** How many writes have failed so far. */
  readonly count: number;
  /** From now on all goes well. */
  end(): void;
}

const READS = new Set(['get', 'list', 'watch']);

/**
 * Makes each write fail the first time it is tried. Of creations with a generated name, which cannot be
 * told apart, every other one fails, beginning with the first.
 */
export function failEachWriteOnce(
  api: Pick<TestApi, 'intercept'>,
  { how = 'either', seed = 1, refusal = noAnswer, only = isNoEvent }: FaultOptions = {},
): WriteFaults {
  const failed = new Set<string>();
  const next = coin(seed);
  let count = 0;
  const end = api.intercept((request) => {
    if (READS.has(request.verb) || !only(request)) return undefined;
    const id = identity(request);
    if (failed.has(id)) {
      if (id.endsWith('*')) failed.delete(id);
      return undefined;
    }
    failed.add(id);
    count++;
    const isLost = how === 'lost' || (how === 'either' && next());
    if (!isLost) throw refusal();
    return () => {
      throw new Error('the connection was lost before the answer came');
    };
  });
  return {
    get count() {
      return count;
    },
    end: () => {
      end();
    },
  };
}

function identity({ verb, group, resource, subresource, namespace, name, body }: ApiRequest) {
  const { name: called, generateName = '' } =
    (body as KubernetesObject | undefined)?.metadata ?? {};
  const what = name || called || `${generateName}*`;
  return [verb, group, resource, subresource, namespace, what].join('/');
}

function isNoEvent({ resource }: ApiRequest): boolean {
  return resource !== 'events';
}

function noAnswer(): Error {
  return new Error('the connection was refused');
}

/** Heads or tails, the same for the same seed. */
function coin(seed: number): () => boolean {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state & 16) !== 0;
  };
}
