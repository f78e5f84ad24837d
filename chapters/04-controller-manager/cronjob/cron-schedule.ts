/**
 * Schedules: `*\/5 9-17 * * mon-fri` says when something is due. Given.
 *
 * What is done about it is `cronjob.ts`; the API server checks the same form when it is written.
 *
 * @see github.com/robfig/cron/v3 parser.go, ParseStandard; spec.go, Next
 */

import { TimeZone, UnknownTimeZoneError, UTC } from './time-zone.ts';

/** Says when something is due. */
export interface Schedule {
  /**
   * The first time it is due after a moment, both in milliseconds since 1970.
   *
   * @returns `undefined` when it is not within five years: `0 0 31 2 *`
   */
  next(after: number): number | undefined;
}

/** A text that is no schedule; the message is the parser's. */
export class ScheduleError extends Error {}

interface Field {
  readonly least: number;
  readonly most: number;
  readonly names: readonly string[];
}

const NO_NAMES: readonly string[] = [];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Field[] = [
  { least: 0, most: 59, names: NO_NAMES },
  { least: 0, most: 23, names: NO_NAMES },
  { least: 1, most: 31, names: NO_NAMES },
  { least: 1, most: 12, names: MONTHS },
  { least: 0, most: 6, names: DAYS },
];

const DESCRIPTORS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

/**
 * Reads a schedule.
 *
 * @param text - five fields, a word such as `@daily`, or `@every 1h30m`; `TZ=…` before it names a zone
 * @param zone - whose clocks count, unless the text names one
 * @throws ScheduleError
 */
export function parseCronSchedule(text: string, zone: TimeZone = UTC): Schedule {
  if (text === '') throw new ScheduleError('empty spec string');
  const named = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/.exec(text);
  if (named) return parseCronSchedule(named[2] ?? '', namedZone(named[1] ?? ''));
  if (!text.startsWith('@')) return new FieldSchedule(parseFields(text), zone);
  const fields = DESCRIPTORS.get(text);
  if (fields !== undefined) return new FieldSchedule(parseFields(fields), zone);
  const every = '@every ';
  if (!text.startsWith(every)) throw new ScheduleError(`unrecognized descriptor: ${text}`);
  return everySchedule(parseDuration(text.slice(every.length), text));
}

function namedZone(name: string): TimeZone {
  try {
    return new TimeZone(name || 'UTC');
  } catch (error) {
    if (!(error instanceof UnknownTimeZoneError)) throw error;
    throw new ScheduleError(`provided bad location ${name}: ${error.message}`);
  }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

function parseDuration(duration: string, text: string): number {
  const [, sign = '', amounts = ''] = /^([+-]?)(.*)$/.exec(duration) ?? [];
  const parts = [...amounts.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== amounts) {
    const why = `time: invalid duration ${JSON.stringify(duration)}`;
    throw new ScheduleError(`failed to parse duration ${text}: ${why}`);
  }
  const ms = parts.reduce(
    (sum, [, value, unit = '']) => sum + Number(value) * (UNIT_MS[unit] ?? 0),
    0,
  );
  return sign === '-' ? -ms : ms;
}

/** Every so often, in whole seconds, counted from whatever moment is asked about. */
function everySchedule(ms: number): Schedule {
  const seconds = Math.max(1, Math.floor(ms / 1000));
  return { next: (after) => (Math.floor(after / 1000) + seconds) * 1000 };
}

/** The values of a field. `isAny`: it was written as `*`, and means no restriction. */
interface FieldValues {
  readonly values: ReadonlySet<number>;
  readonly isAny: boolean;
}

type Fields = readonly [FieldValues, FieldValues, FieldValues, FieldValues, FieldValues];

function parseFields(spec: string): Fields {
  const texts = spec.split(/\s+/).filter((text) => text !== '');
  if (texts.length !== FIELDS.length) {
    const found = `${texts.length}: [${texts.join(' ')}]`;
    throw new ScheduleError(`expected exactly ${FIELDS.length} fields, found ${found}`);
  }
  const fields = FIELDS.map((field, i) => parseField(texts[i] ?? '', field));
  // There are five: their number was checked.
  return fields as unknown as Fields;
}

function parseField(text: string, field: Field): FieldValues {
  const values = new Set<number>();
  let isAny = false;
  for (const expression of text.split(',').filter((part) => part !== '')) {
    const range = parseRange(expression, field);
    for (let value = range.first; value <= range.last; value += range.step) values.add(value);
    isAny ||= range.isAny;
  }
  return { values, isAny };
}

/** `*`, `5`, `1-5`, each perhaps with a step: `*\/10`. */
function parseRange(expression: string, field: Field) {
  const [range = '', stepText, ...more] = expression.split('/');
  const [from = '', to, ...others] = range.split('-');
  const isStar = from === '*' || from === '?';
  if (!isStar && others.length > 0) throw new ScheduleError(`too many hyphens: ${expression}`);
  const first = isStar ? field.least : readValue(from, field);
  const last = isStar ? field.most : lastOf(first, to, field, stepText !== undefined);
  if (more.length > 0) throw new ScheduleError(`too many slashes: ${expression}`);
  const step = stepText === undefined ? 1 : readNumber(stepText);
  checkRange({ first, last, step }, expression, field);
  return { first, last, step, isAny: isStar && step === 1 };
}

/** `5/10` is every tenth from five on. */
function lastOf(first: number, to: string | undefined, field: Field, hasStep: boolean): number {
  if (to !== undefined) return readValue(to, field);
  return hasStep ? field.most : first;
}

function checkRange(
  { first, last, step }: { first: number; last: number; step: number },
  expression: string,
  { least, most }: Field,
): void {
  if (first < least) {
    throw new ScheduleError(
      `beginning of range (${first}) below minimum (${least}): ${expression}`,
    );
  }
  if (last > most) {
    throw new ScheduleError(`end of range (${last}) above maximum (${most}): ${expression}`);
  }
  if (first > last) {
    throw new ScheduleError(
      `beginning of range (${first}) beyond end of range (${last}): ${expression}`,
    );
  }
  if (step === 0) {
    throw new ScheduleError(`step of range should be a positive number: ${expression}`);
  }
}

function readValue(text: string, field: Field): number {
  const name = field.names.indexOf(text.toLowerCase());
  return name < 0 ? readNumber(text) : name + field.least;
}

function readNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    const why = `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw new ScheduleError(`failed to parse int from ${text}: ${why}`);
  }
  const value = Number(text);
  if (value < 0) throw new ScheduleError(`negative number (${value}) not allowed: ${text}`);
  return value;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const YEARS_AHEAD = 5;

/**
 * Due whenever clocks show what the five fields say.
 *
 * @remarks It looks for a month, then a day in it, then an hour, then a minute, and begins anew when
 * one runs over into the next. Hours are hours that pass, so that what clocks skip is skipped for the
 * day, and what they show twice is due twice.
 */
class FieldSchedule implements Schedule {
  readonly #fields: Fields;
  readonly #zone: TimeZone;

  constructor(fields: Fields, zone: TimeZone) {
    this.#fields = fields;
    this.#zone = zone;
  }

  next(after: number): number | undefined {
    const zone = this.#zone;
    const [minutes, hours, , months] = this.#fields;
    let at = (Math.floor(after / MINUTE_MS) + 1) * MINUTE_MS;
    const lastYear = zone.civil(at).year + YEARS_AHEAD;
    for (;;) {
      const { year, month, day, hour, minute } = zone.civil(at);
      if (year > lastYear) return undefined;
      if (!months.values.has(month)) at = this.#startOfDay(year, month + 1, 1);
      else if (!this.#isDay(at)) at = this.#startOfDay(year, month, day + 1);
      else if (!hours.values.has(hour)) at += HOUR_MS - minute * MINUTE_MS;
      else if (!minutes.values.has(minute)) at += MINUTE_MS;
      else return at;
    }
  }

  /** With both a day of the month and a weekday given, one of them is enough. */
  #isDay(at: number): boolean {
    const [, , days, , weekdays] = this.#fields;
    const { day, weekday } = this.#zone.civil(at);
    const [isDay, isWeekday] = [days.values.has(day), weekdays.values.has(weekday)];
    return days.isAny || weekdays.isAny ? isDay && isWeekday : isDay || isWeekday;
  }

  /** Its first moment: where clocks skip midnight, an hour later. */
  #startOfDay(year: number, month: number, day: number): number {
    const midnight = this.#zone.moment(year, month, day);
    const { hour } = this.#zone.civil(midnight);
    return hour > 12 ? midnight + (24 - hour) * HOUR_MS : midnight;
  }
}
