/** A logger that remembers what it was told, for tests of what is worth a message. */

import type { LogFields, Logger } from '#apimachinery';

/** One message. */
export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger and what it was told. */
export interface LogBook extends Logger {
  readonly entries: readonly LogEntry[];
  /** How many messages of a level there are. */
  count(level: LogEntry['level']): number;
}

/** An empty book. What loggers made by its `with` are told is in it, too. */
export function newLogBook(): LogBook {
  const entries: LogEntry[] = [];
  const loggerWith = (common: LogFields): Logger => {
    const at =
      (level: LogEntry['level']) =>
      (message: string, fields: LogFields = {}) =>
        void entries.push({ level, message, fields: { ...common, ...fields } });
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: (fields) => loggerWith({ ...common, ...fields }),
    };
  };
  const count = (level: LogEntry['level']) =>
    entries.filter((entry) => entry.level === level).length;
  return { ...loggerWith({}), entries, count };
}
