/**
 * What a cron schedule may look like: five fields, or a word such as `@daily`. Given.
 *
 * Only whether it is one: when it is due is the CronJob controller's business.
 *
 * @see github.com/robfig/cron/v3 parser.go, ParseStandard
 */

interface CronField {
  readonly least: number;
  readonly most: number;
  readonly names: readonly string[];
}

const NO_NAMES: readonly string[] = [];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** In the order they are written. */
const FIELDS: readonly CronField[] = [
  { least: 0, most: 59, names: NO_NAMES },
  { least: 0, most: 23, names: NO_NAMES },
  { least: 1, most: 31, names: NO_NAMES },
  { least: 1, most: 12, names: MONTHS },
  { least: 0, most: 6, names: DAYS },
];

const DESCRIPTORS = [
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
];

/**
 * Says what is wrong with a schedule.
 *
 * @returns the fault in the parser's words; `undefined` when there is none
 */
export function cronScheduleFault(schedule: string): string | undefined {
  try {
    checkSchedule(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}

class ScheduleError extends Error {}

function checkSchedule(schedule: string): void {
  if (schedule === '') throw new ScheduleError('empty spec string');
  const spec = schedule.replace(/^(?:CRON_)?TZ=\S*\s+/, '');
  if (spec.startsWith('@')) checkDescriptor(spec);
  else checkFields(spec);
}

function checkFields(spec: string): void {
  const fields = spec.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== FIELDS.length) {
    throw new ScheduleError(
      `expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`,
    );
  }
  for (const [i, field] of FIELDS.entries()) {
    const expressions = (fields[i] ?? '').split(',').filter((expression) => expression !== '');
    for (const expression of expressions) checkRange(expression, field);
  }
}

function checkDescriptor(descriptor: string): void {
  if (DESCRIPTORS.includes(descriptor)) return;
  const every = '@every ';
  if (!descriptor.startsWith(every)) {
    throw new ScheduleError(`unrecognized descriptor: ${descriptor}`);
  }
  const duration = descriptor.slice(every.length);
  if (
    /^[+-]?(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))*$/.test(
      duration,
    )
  ) {
    return;
  }
  throw new ScheduleError(
    `failed to parse duration ${descriptor}: time: invalid duration ${JSON.stringify(duration)}`,
  );
}

/** `*`, `5`, `1-5`, each perhaps with a step: `*\/10`. */
function checkRange(expression: string, field: CronField): void {
  const [range = '', step, ...moreSteps] = expression.split('/');
  const ends = range.split('-');
  if (moreSteps.length > 0) throw new ScheduleError(`too many slashes: ${expression}`);
  const { first, last } = readEnds(ends, expression, field, step !== undefined);
  if (step !== undefined && readNumber(step) === 0) {
    throw new ScheduleError(`step of range should be a positive number: ${expression}`);
  }
  if (first < field.least) {
    throw new ScheduleError(
      `beginning of range (${first}) below minimum (${field.least}): ${expression}`,
    );
  }
  if (last > field.most) {
    throw new ScheduleError(`end of range (${last}) above maximum (${field.most}): ${expression}`);
  }
  if (first > last) {
    throw new ScheduleError(
      `beginning of range (${first}) beyond end of range (${last}): ${expression}`,
    );
  }
}

function readEnds(
  ends: readonly string[],
  expression: string,
  field: CronField,
  hasStep: boolean,
): { first: number; last: number } {
  const [from = '', to] = ends;
  if (from === '*' || from === '?') return { first: field.least, last: field.most };
  if (ends.length > 2) throw new ScheduleError(`too many hyphens: ${expression}`);
  const first = readValue(from, field);
  if (to !== undefined) return { first, last: readValue(to, field) };
  // `5/10` is every tenth from five on.
  return { first, last: hasStep ? field.most : first };
}

function readValue(text: string, field: CronField): number {
  const name = field.names.indexOf(text.toLowerCase());
  return name < 0 ? readNumber(text) : name + field.least;
}

function readNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw new ScheduleError(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  const value = Number(text);
  if (value < 0) throw new ScheduleError(`negative number (${value}) not allowed: ${text}`);
  return value;
}
