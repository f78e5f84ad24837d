/**
 * Counts the fields of a JSON text, and those of what a parser made of it. Given.
 *
 * A field that stands in an object twice is one field of the value: where the numbers are the same,
 * nothing stood there twice. Which fields did is found by `text-parsers.ts`, at several times the
 * cost.
 */

const QUOTE = '"';
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;

/** How many fields a text has. @param json - is JSON */
export function fieldsIn(json: string): number {
  let fields = 0;
  for (let at = json.indexOf(QUOTE); at >= 0; at = json.indexOf(QUOTE, at + 1)) {
    at = endOfString(json, at);
    let next = at + 1;
    // Between a name and its colon there are blanks at most, and all of those are up to a space.
    while (json.charCodeAt(next) <= SPACE) next++;
    if (json.charCodeAt(next) === COLON) fields++;
  }
  return fields;
}

/** Where the string that begins here has its last quote. */
function endOfString(json: string, begin: number): number {
  let end = json.indexOf(QUOTE, begin + 1);
  while (end >= 0 && isEscaped(json, end)) end = json.indexOf(QUOTE, end + 1);
  return end < 0 ? json.length : end;
}

function isEscaped(json: string, at: number): boolean {
  let backslashes = 0;
  while (json.charCodeAt(at - backslashes - 1) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

/** How many fields a value has, those in its objects and lists included. */
export function fieldsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let fields = 0;
  if (Array.isArray(value)) {
    for (const item of value) fields += fieldsOf(item);
    return fields;
  }
  for (const name of Object.keys(value)) {
    fields += 1 + fieldsOf((value as Record<string, unknown>)[name]);
  }
  return fields;
}
