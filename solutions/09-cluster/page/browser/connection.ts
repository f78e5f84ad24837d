/// <reference lib="dom" />
/** Listens to the server's stream, and puts together what it tells. Given. */

import type { PageMessage } from '../messages.ts';
import { applyMessage, EMPTY_PICTURE, type Picture } from '../picture.ts';

/** What is known, and whether it is of now. */
export interface Connection {
  readonly picture: Picture;
  /** `new`: nothing was told yet; `lost`: what is shown is old. */
  readonly is: 'new' | 'live' | 'lost';
}

/**
 * Listens until it is told not to; the browser comes back by itself when the connection breaks.
 *
 * @param onChange - called at most once for each time the screen is drawn
 * @returns what ends it
 */
export function connect(onChange: (connection: Connection) => void): () => void {
  const source = new EventSource('/stream');
  let now: Connection = { picture: EMPTY_PICTURE, is: 'new' };
  let frame = 0;
  const change = (next: Connection): void => {
    now = next;
    // A page in the background is not drawn; it must not wait for ever either.
    if (frame === 0) frame = requestAnimationFrame(tell);
  };
  const tell = (): void => {
    frame = 0;
    onChange(now);
  };
  source.onmessage = ({ data }) => {
    const picture = applyMessage(now.picture, JSON.parse(String(data)) as PageMessage);
    change({ picture, is: 'live' });
  };
  source.onerror = () => change({ ...now, is: 'lost' });
  return () => {
    source.close();
    cancelAnimationFrame(frame);
  };
}
