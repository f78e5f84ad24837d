/** Reading `Warning` headers, in which an API server says what it does not like. Given. */

/** One warning: `299 - "spec.x is deprecated"`. */
export interface Warning {
  /** 299 for all that an API server has to say. */
  readonly code: number;
  /** `-` when nobody says who warns. */
  readonly agent: string;
  readonly text: string;
}

/** Code, agent, quoted text, perhaps a quoted date, and a comma before the next. */
const WARNING = /\s*(\d{3}) (\S+) "((?:[^"\\]|\\.)*)"(?: "[^"]*")?\s*(?:,|$)/y;

/**
 * The warnings in a header.
 *
 * @param header - the values of all `Warning` headers, with commas between them; `null` for none
 * @returns those up to the first that is malformed
 * @see apimachinery v0.33 pkg/util/net/http.go, ParseWarningHeaders
 */
export function parseWarnings(header: string | null): Warning[] {
  const warnings: Warning[] = [];
  const pattern = new RegExp(WARNING);
  for (let found = pattern.exec(header ?? ''); found; found = pattern.exec(header ?? '')) {
    const [, code = '', agent = '', quoted = ''] = found;
    warnings.push({ code: Number(code), agent, text: quoted.replace(/\\(.)/g, '$1') });
  }
  return warnings;
}
