/** A logger that writes lines, for mains: an adapter. Everybody else gets a `Logger`. */

import type { Clock } from './clock.ts';
import type { LogFields, Logger } from './logger.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** How much a logger writes: its level and everything worse. */
export type LogLevel = (typeof LEVELS)[number];

/** What a console logger needs. */
export interface ConsoleLoggerOptions {
  clock: Clock;
  /** `info` if absent. */
  level?: LogLevel;
  /** Takes one line without its end; standard error if absent, so that output stays clean. */
  write?: (line: string) => void;
}

/**
 * Writes a line for each message: `2025-01-01T00:00:00.000Z INFO started port=6443`.
 *
 * @remarks Text is quoted when it holds a space, a quote or an equals sign; an error is its stack.
 */
export function consoleLogger(options: ConsoleLoggerOptions): Logger {
  const write = options.write ?? ((line: string) => process.stderr.write(`${line}\n`));
  const least = LEVELS.indexOf(options.level ?? 'info');
  return withFields({});

  function withFields(always: LogFields): Logger {
    const log = (level: LogLevel) => (message: string, fields?: LogFields) => {
      if (LEVELS.indexOf(level) < least) return;
      const facts = Object.entries({ ...always, ...fields }).map(
        ([k, v]) => ` ${k}=${factText(v)}`,
      );
      const time = new Date(options.clock.now()).toISOString();
      write(`${time} ${level.toUpperCase()} ${message}${facts.join('')}`);
    };
    return {
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      with: (fields) => withFields({ ...always, ...fields }),
    };
  }
}

function factText(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.stack ?? value.message);
  const text = typeof value === 'string' ? value : (jsonText(value) ?? String(value));
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}

/** A logger must not throw: a value that JSON cannot write is written as text. */
function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
