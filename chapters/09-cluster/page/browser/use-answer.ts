/// <reference lib="dom" />
/** Asks the server for something, again whenever the question changes. Given. */

import { useEffect, useState } from 'preact/hooks';

/** What came back. */
export interface Answer<T> {
  readonly value?: T;
  /** Why there is no value. */
  readonly error?: string;
}

/**
 * Asks, and keeps the last answer until the next one is there.
 *
 * @param path - `undefined`: nothing is asked
 * @param version - asks again when it changes
 */
export function useAnswer<T>(path: string | undefined, version: unknown = 0): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T> & { path?: string }>({});
  useEffect(() => {
    if (path === undefined) return undefined;
    const ending = new AbortController();
    ask<T>(path, ending.signal).then(
      (value) => setAnswer({ path, value }),
      (error: unknown) => {
        if (!ending.signal.aborted) setAnswer({ path, error: messageOf(error) });
      },
    );
    return () => ending.abort();
  }, [path, version]);
  return answer.path === path ? answer : {};
}

async function ask<T>(path: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(path, { signal });
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()) as T;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
