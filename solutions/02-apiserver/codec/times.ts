/**
 * Times and durations in texts: checked, and made the one text that Kubernetes writes. Given.
 */

import { timestamp } from '#apimachinery';
import { ValueError } from './value-error.ts';

const SECONDS_LAYOUT = '2006-01-02T15:04:05Z07:00';
const MICROS_LAYOUT = '2006-01-02T15:04:05.000000Z07:00';

/** Most times come as they go out; days that not every month has are looked at closer. */
const CANONICAL =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** What nobody has set yet. */
const ZERO_SECONDS = '0001-01-01T00:00:00Z';

/**
 * Reads a time with seconds.
 *
 * @param text - `2025-01-01T01:00:00+01:00`; a fraction of a second is cut off
 * @returns in UTC: `2025-01-01T00:00:00Z`; `undefined` for Go's zero time, which means not set
 * @throws ValueError with the text Go would have
 */
export function readTime(text: string): string | undefined {
  const time = CANONICAL.test(text) ? text : `${readInstant(text, SECONDS_LAYOUT).seconds}Z`;
  return time === ZERO_SECONDS ? undefined : time;
}

/**
 * Reads a time with microseconds; six digits, no more and no less.
 *
 * @returns in UTC: `2025-01-01T00:00:00.000000Z`; `undefined` for Go's zero time
 * @throws ValueError with the text Go would have
 */
export function readMicroTime(text: string): string | undefined {
  const { seconds, fraction } = readInstant(text, MICROS_LAYOUT);
  if (`${seconds}Z` === ZERO_SECONDS && fraction === '000000') return undefined;
  return `${seconds}.${fraction}Z`;
}

/** The parts of a time, in their order, and what each may look like. */
const PARTS: readonly (readonly [layout: string, form: RegExp])[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d\d/],
  ['-', /^-/],
  ['02', /^\d\d/],
  ['T', /^T/],
  ['15', /^\d\d/],
  [':', /^:/],
  ['04', /^\d\d/],
  [':', /^:/],
  ['05', /^\d\d/],
];

interface Instant {
  /** `2025-01-01T00:00:00`, in UTC. */
  readonly seconds: string;
  /** Six digits, or nothing. */
  readonly fraction: string;
}

function readInstant(text: string, layout: string): Instant {
  let rest = text;
  const take = (element: string, form: RegExp): string => {
    const [found] = form.exec(rest) ?? [];
    if (found === undefined) {
      const where = `parsing time ${quote(text)} as ${quote(layout)}`;
      throw new ValueError(`${where}: cannot parse ${quote(rest)} as ${quote(element)}`);
    }
    rest = rest.slice(found.length);
    return found;
  };
  const [year, , month, , day, , hour, , minute, , second] = PARTS.map(([e, f]) => take(e, f));
  const isMicro = layout === MICROS_LAYOUT;
  const fraction = isMicro ? take('.000000', /^[.,]\d{6}/).slice(1) : take('', /^(?:[.,]\d+)?/);
  const zone = take('Z07:00', /^(?:Z|[+-]\d\d:\d\d)/);
  const fault =
    rest === ''
      ? rangeFault([year, month, day, hour, minute, second])
      : `extra text: ${quote(rest)}`;
  if (fault !== undefined) throw new ValueError(`parsing time ${quote(text)}: ${fault}`);
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) - offsetMs(zone);
  if (!(ms >= YEAR_0_MS && ms < YEAR_10000_MS)) {
    throw new ValueError(`parsing time ${quote(text)}: year outside of range [0,9999]`);
  }
  return { seconds: timestamp(ms).slice(0, 19), fraction };
}

const YEAR_0_MS = Date.UTC(-1, 12, 1);
const YEAR_10000_MS = Date.UTC(10_000, 0, 1);

function quote(text: string): string {
  return JSON.stringify(text);
}

function rangeFault(texts: readonly (string | undefined)[]): string | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = texts.map(Number);
  if (month < 1 || month > 12) return 'month out of range';
  if (hour > 23) return 'hour out of range';
  if (minute > 59) return 'minute out of range';
  if (second > 59) return 'second out of range';
  return day < 1 || day > daysIn(year, month) ? 'day out of range' : undefined;
}

function daysIn(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (month === 2) return isLeap ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function offsetMs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
