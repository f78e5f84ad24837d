/**
 * What clocks show somewhere: moments to dates and back, by the platform's time zone database. Given.
 *
 * What is scheduled by that is `cron-schedule.ts`.
 */

/** What a clock and a calendar show. */
export interface CivilTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

/** A name that no time zone has; the message says so in upstream's words. */
export class UnknownTimeZoneError extends Error {
  constructor(name: string) {
    super(`unknown time zone ${name}`);
  }
}

/** Clocks are set forward and back at full quarters of an hour. */
const QUARTER_MS = 15 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Long enough for zones that go by a year, short enough to be sure of the year. */
const FORMAT = {
  calendar: 'gregory',
  numberingSystem: 'latn',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const;

/** A place with its clocks. */
export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  /** The quarter that was asked about last, since one is asked about many times. */
  #quarter = Number.NaN;
  #offset = 0;

  /**
   * @param name - `Europe/Berlin`, `UTC`
   * @throws UnknownTimeZoneError
   */
  constructor(name: string) {
    this.name = name;
    try {
      this.#format = new Intl.DateTimeFormat('en-US', { ...FORMAT, timeZone: name });
    } catch {
      throw new UnknownTimeZoneError(name);
    }
  }

  /** How far its clocks are ahead of UTC, in milliseconds. */
  offsetMs(at: number): number {
    if (this.name === 'UTC') return 0;
    const quarter = Math.floor(at / QUARTER_MS);
    if (quarter !== this.#quarter) {
      this.#quarter = quarter;
      this.#offset = this.#readOffset(quarter * QUARTER_MS);
    }
    return this.#offset;
  }

  #readOffset(at: number): number {
    const parts = this.#format.formatToParts(at);
    const read = (type: string): number =>
      Number(parts.find((part) => part.type === type)?.value ?? 0);
    const [year, month, day] = [read('year'), read('month'), read('day')];
    return Date.UTC(year, month - 1, day, read('hour'), read('minute'), read('second')) - at;
  }

  /** What its clocks show at a moment. */
  civil(at: number): CivilTime {
    const shown = new Date(at + this.offsetMs(at));
    return {
      year: shown.getUTCFullYear(),
      month: shown.getUTCMonth() + 1,
      day: shown.getUTCDate(),
      weekday: shown.getUTCDay(),
      hour: shown.getUTCHours(),
      minute: shown.getUTCMinutes(),
    };
  }

  /**
   * When its clocks show this. A month 13 is January of the year after, and so on.
   *
   * @remarks Shown twice, it is one of the two moments; never shown, since clocks were set forward, it
   * is an hour before or after: as Go's `time.Date` has it, which upstream relies on.
   */
  moment(year: number, month: number, day: number, hour = 0): number {
    const shown = Date.UTC(year, month - 1, day, hour);
    const guess = this.offsetMs(shown);
    const moment = shown - guess;
    return guess === 0 ? moment : shown - this.offsetMs(moment);
  }

  /** RFC 3339, in whole seconds: `2025-03-01T09:00:00+01:00`. */
  rfc3339(at: number): string {
    const offset = this.offsetMs(at);
    const shown = new Date(at + offset).toISOString().slice(0, 19);
    if (offset === 0) return `${shown}Z`;
    const hours = new Date(Math.abs(offset) % DAY_MS).toISOString().slice(11, 16);
    return `${shown}${offset < 0 ? '-' : '+'}${hours}`;
  }
}

export const UTC: TimeZone = new TimeZone('UTC');
