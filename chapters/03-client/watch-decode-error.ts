/**
 * What is wrong with a watch's stream, when it is not the connection itself. Given.
 *
 * Thrown by `watch-decoder.ts`. A reflector takes it for a connection that broke.
 */

/** What was found where an event should be. */
export type WatchDecodeFault =
  /** The stream ended in the middle of an event. */
  | 'UnexpectedEnd'
  /** A line that is no event. */
  | 'InvalidEvent'
  /** A line longer than anybody should have to keep in memory. */
  | 'TooLarge';

/** A watch's stream that cannot be read on. */
export class WatchDecodeError extends Error {
  override readonly name = 'WatchDecodeError';
  readonly fault: WatchDecodeFault;

  constructor(fault: WatchDecodeFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** How much of a bad line a message shows. */
const SHOWN_CHARACTERS = 80;

/** The stream ended after a part of an event. */
export function unexpectedEnd(rest: string): WatchDecodeError {
  return new WatchDecodeError(
    'UnexpectedEnd',
    `the watch stream ended in the middle of an event: ${shown(rest)}`,
  );
}

/** The line is no JSON, or other JSON than an event. */
export function invalidEvent(why: string, line: string, cause?: unknown): WatchDecodeError {
  return new WatchDecodeError(
    'InvalidEvent',
    `unable to decode an event from the watch stream: ${why}: ${shown(line)}`,
    { cause },
  );
}

/** The line has more bytes than it may. */
export function eventTooLarge(maxLineBytes: number): WatchDecodeError {
  return new WatchDecodeError(
    'TooLarge',
    `unable to decode an event from the watch stream: it is longer than ${maxLineBytes} bytes`,
  );
}

function shown(text: string): string {
  const cut = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return JSON.stringify(cut);
}
