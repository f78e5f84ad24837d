import {
  parseCronSchedule,
  ScheduleError,
  TimeZone,
  UnknownTimeZoneError,
} from '#controller-manager';
import { describe, expect, it } from '#kit';

const NEW_YORK = new TimeZone('America/New_York');
const iso = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().replace('.000Z', 'Z');
const next = (schedule: string, after: string, zone?: TimeZone): string | undefined =>
  iso(parseCronSchedule(schedule, zone).next(Date.parse(after)));

describe('a schedule', () => {
  const cases: [string, string, string | undefined][] = [
    ['* * * * *', '2025-01-01T10:00:00Z', '2025-01-01T10:01:00Z'],
    ['* * * * *', '2025-01-01T10:00:59.500Z', '2025-01-01T10:01:00Z'],
    ['0/15 * * * *', '2012-07-09T14:45:00Z', '2012-07-09T15:00:00Z'],
    ['20-35/15 * * * *', '2012-07-09T14:45:00Z', '2012-07-09T15:20:00Z'],
    ['0 9-17/4 * * *', '2025-01-01T14:00:00Z', '2025-01-01T17:00:00Z'],
    ['30 6-16/4 * * 1-5', '2025-01-03T15:00:00Z', '2025-01-06T06:30:00Z'],
    ['0 0 * * mon,WED', '2025-01-02T00:00:00Z', '2025-01-06T00:00:00Z'],
    ['0 0 1 jan-mar/2 ?', '2025-01-02T00:00:00Z', '2025-03-01T00:00:00Z'],
    ['0 0 29 2 *', '2025-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['0 0 31 2 *', '2025-01-01T00:00:00Z', undefined],
    ['0 0 31 4 *', '2025-01-01T00:00:00Z', undefined],
    ['59 23 31 12 *', '2025-12-31T23:59:00Z', '2026-12-31T23:59:00Z'],
    ['@yearly', '2025-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['@annually', '2025-06-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['@monthly', '2025-01-01T00:00:00Z', '2025-02-01T00:00:00Z'],
    ['@weekly', '2025-01-01T00:00:00Z', '2025-01-05T00:00:00Z'],
    ['@daily', '2025-01-01T00:00:00Z', '2025-01-02T00:00:00Z'],
    ['@midnight', '2025-01-01T00:00:01Z', '2025-01-02T00:00:00Z'],
    ['@hourly', '2025-01-01T00:30:00Z', '2025-01-01T01:00:00Z'],
    ['@every 1h30m', '2025-01-01T00:30:00.700Z', '2025-01-01T02:00:00Z'],
    ['@every 10ms', '2025-01-01T00:30:00Z', '2025-01-01T00:30:01Z'],
    ['TZ=America/New_York 0 9 * * *', '2025-01-01T00:00:00Z', '2025-01-01T14:00:00Z'],
  ];
  for (const [schedule, after, expected] of cases) {
    it(`${schedule} after ${after} is ${expected ?? 'never'}`, () => {
      expect(next(schedule, after)).toBe(expected);
    });
  }

  it('is due on either day when both kinds are restricted, and on both else', () => {
    expect(next('0 0 13 * fri', '2025-01-01T00:00:00Z')).toBe('2025-01-03T00:00:00Z');
    expect(next('0 0 13 * *', '2025-01-01T00:00:00Z')).toBe('2025-01-13T00:00:00Z');
    // A step makes a restriction of a star.
    expect(next('0 0 */10 * sun', '2025-01-01T00:00:00Z')).toBe('2025-01-05T00:00:00Z');
  });
});

describe('a schedule in a time zone', () => {
  const cases: [string, string, string, string][] = [
    ['goes by its clocks', '0 9 * * *', '2025-07-01T12:00:00Z', '2025-07-01T13:00:00Z'],
    ['skips what clocks skip', '0 2 * * *', '2012-03-11T05:00:00Z', '2012-03-12T06:00:00Z'],
    ['goes on after the gap', '0 * * * *', '2012-03-11T06:00:00Z', '2012-03-11T07:00:00Z'],
    ['runs before the gap', '0 1 * * *', '2012-03-11T05:00:00Z', '2012-03-11T06:00:00Z'],
    ['waits for a year', '30 2 11 mar ?', '2012-03-11T05:00:00Z', '2013-03-11T06:30:00Z'],
    ['runs before the repeat', '45 1 4 nov ?', '2012-11-04T04:00:00Z', '2012-11-04T05:45:00Z'],
    ['repeats what clocks repeat', '45 1 4 nov ?', '2012-11-04T05:45:00Z', '2012-11-04T06:45:00Z'],
    ['goes on after the repeat', '0 1 * * *', '2012-11-04T06:00:00Z', '2012-11-05T06:00:00Z'],
    ['runs once after it', '0 2 * * *', '2012-11-04T04:00:00Z', '2012-11-04T07:00:00Z'],
    ['crosses it', '0 3 3 * ?', '2012-11-04T04:00:00Z', '2012-12-03T08:00:00Z'],
  ];
  for (const [name, schedule, after, expected] of cases) {
    it(name, () => expect(next(schedule, after, NEW_YORK)).toBe(expected));
  }

  it('does not get lost where clocks skip midnight', () => {
    const [saoPaulo, beirut, asuncion] = [
      'America/Sao_Paulo',
      'Asia/Beirut',
      'America/Asuncion',
    ].map((name) => new TimeZone(name));
    expect(next('0 9 * * *', '2018-11-03T18:00:00Z', saoPaulo)).toBe('2018-11-04T11:00:00Z');
    expect(next('0 5 31 3 *', '2024-03-01T00:00:00Z', beirut)).toBe('2024-03-31T02:00:00Z');
    expect(next('0 12 1 10 *', '2023-02-01T00:00:00Z', asuncion)).toBe('2023-10-01T15:00:00Z');
  });

  it('knows quarters of an hour', () => {
    const kathmandu = new TimeZone('Asia/Kathmandu');
    expect(next('0 6 * * *', '2025-01-01T00:00:00Z', kathmandu)).toBe('2025-01-01T00:15:00Z');
  });
});

describe('a text that is no schedule', () => {
  const cases: [string, string][] = [
    ['', 'empty spec string'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* 5-3 * * *', 'beginning of range (5) beyond end of range (3): 5-3'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['@nightly', 'unrecognized descriptor: @nightly'],
    ['@every x', 'failed to parse duration @every x: time: invalid duration "x"'],
    [
      'TZ=Nowhere/Land * * * * *',
      'provided bad location Nowhere/Land: unknown time zone Nowhere/Land',
    ],
  ];
  for (const [text, message] of cases) {
    it(`${JSON.stringify(text)} is refused`, () => {
      expect(() => parseCronSchedule(text)).toThrow(ScheduleError);
      expect(() => parseCronSchedule(text)).toThrow(message);
    });
  }
});

describe('a time zone', () => {
  it('writes times with its offset', () => {
    const at = Date.UTC(2025, 6, 1, 12);
    expect(new TimeZone('UTC').rfc3339(at)).toBe('2025-07-01T12:00:00Z');
    expect(NEW_YORK.rfc3339(at)).toBe('2025-07-01T08:00:00-04:00');
    expect(new TimeZone('Asia/Kolkata').rfc3339(at)).toBe('2025-07-01T17:30:00+05:30');
  });

  it('is refused when nobody knows it', () => {
    expect(() => new TimeZone('Nowhere/Land')).toThrow(UnknownTimeZoneError);
    expect(() => new TimeZone('Nowhere/Land')).toThrow('unknown time zone Nowhere/Land');
  });
});
