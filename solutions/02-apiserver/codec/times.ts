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

/** A part of a time: its layout, what it may look like, and for numbers what they are and how large. */
interface Part {
  readonly layout: string;
  readonly form: RegExp;
  readonly unit?: string;
  readonly range?: readonly [min: number, max: number];
}

const DIGITS = /^\d\d/;
const PARTS: readonly Part[] = [
  { layout: '2006', form: /^\d{4}/ },
  { layout: '-', form: /^-/ },
  { layout: '01', form: DIGITS, unit: 'month', range: [1, 12] },
  { layout: '-', form: /^-/ },
  { layout: '02', form: DIGITS },
  { layout: 'T', form: /^T/ },
  { layout: '15', form: DIGITS, unit: 'hour', range: [0, 23] },
  { layout: ':', form: /^:/ },
  { layout: '04', form: DIGITS, unit: 'minute', range: [0, 59] },
  { layout: ':', form: /^:/ },
  { layout: '05', form: DIGITS, unit: 'second', range: [0, 59] },
];
const MICROS: Part = { layout: '.000000', form: /^[.,]\d{6}/ };
const ANY_FRACTION: Part = { layout: '', form: /^(?:[.,]\d+)?/ };
const ZONE: Part = { layout: 'Z07:00', form: /^(?:Z|[+-]\d\d:\d\d)/ };

interface Instant {
  /** `2025-01-01T00:00:00`, in UTC. */
  readonly seconds: string;
  /** Six digits, or nothing. */
  readonly fraction: string;
}

function readInstant(text: string, layout: string): Instant {
  const fail = (why: string) => new ValueError(`parsing time ${quote(text)}${why}`);
  let rest = text;
  const take = ({ layout: element, form, unit, range: [min, max] = [0, 0] }: Part): string => {
    const [found] = form.exec(rest) ?? [];
    if (found === undefined) {
      throw fail(` as ${quote(layout)}: cannot parse ${quote(rest)} as ${quote(element)}`);
    }
    rest = rest.slice(found.length);
    if (unit && (Number(found) < min || Number(found) > max)) throw fail(`: ${unit} out of range`);
    return found;
  };
  const time = PARTS.map(take).join('');
  const fraction = take(layout === MICROS_LAYOUT ? MICROS : ANY_FRACTION).slice(1);
  const zone = take(ZONE);
  if (rest !== '') throw fail(`: extra text: ${quote(rest)}`);
  if (!hasDay(time)) throw fail(': day out of range');
  const ms = Date.parse(`${time}Z`) - offsetMs(zone);
  if (!(ms >= YEAR_0_MS && ms < YEAR_10000_MS)) throw fail(': year outside of range [0,9999]');
  return { seconds: timestamp(ms).slice(0, 19), fraction };
}

const YEAR_0_MS = Date.UTC(-1, 12, 1);
const YEAR_10000_MS = Date.UTC(10_000, 0, 1);

function quote(text: string): string {
  return JSON.stringify(text);
}

/** Does the month have the day? */
function hasDay(time: string): boolean {
  const day = Number(time.slice(8, 10));
  return day >= 1 && day <= daysIn(Number(time.slice(0, 4)), Number(time.slice(5, 7)));
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
