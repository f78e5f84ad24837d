/** Headers that have done their service, and that nobody should see or pass on after that. Given. */

import type { Incoming } from '../context.ts';

/**
 * A request as it came in, without some of its headers.
 *
 * @param isHidden - is asked with a header's name in small letters
 */
export function withoutHeaders(incoming: Incoming, isHidden: (name: string) => boolean): Incoming {
  const { headers } = incoming;
  return {
    method: incoming.method,
    // Asked for only when somebody wants it: most requests have no use for one.
    get signal() {
      return incoming.signal;
    },
    arrayBuffer: () => incoming.arrayBuffer(),
    headers: {
      get: (name) => (isHidden(name.toLowerCase()) ? null : headers.get(name)),
      forEach: (each) =>
        headers.forEach?.((value, name) => {
          if (!isHidden(name.toLowerCase())) each(value, name);
        }),
    },
  };
}
