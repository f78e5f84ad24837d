/** Where components say what they do. Given; one that prints is in `console-logger.ts`. */

/** Facts beside a message: names and values, not yet text. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Takes messages. It never throws and never waits. */
export interface Logger {
  /** What only somebody looking for a fault wants to know. */
  debug(message: string, fields?: LogFields): void;
  /** What an operator may want to know. */
  info(message: string, fields?: LogFields): void;
  /** What went wrong and will be tried again, or done without. */
  warn(message: string, fields?: LogFields): void;
  /** What went wrong and somebody should look at. */
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every message. */
  with(fields: LogFields): Logger;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
};
