/**
 * Regular expressions as Go has them, made JavaScript's. Given.
 *
 * Patterns in a schema are written for Go (RE2): `(?i)` in front, `[[:alpha:]]`, `\z`, any punctuation
 * escaped. JavaScript's own reading of them would be another one, or none.
 *
 * @see https://pkg.go.dev/regexp/syntax
 */

/** A pattern that Go would not take, or that only Go can run. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

const SYNTAX = '^$\\.*+?()[]{}|/';

const NAMED_CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** Unicode's general categories have short names; all else in `\p{…}` is a script. */
const CATEGORY = /^(?:C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/;

/**
 * Makes a pattern of Go's one that JavaScript runs.
 *
 * @remarks JavaScript's engine goes back and tries again where Go's does not, so a pattern of many nested
 * repetitions can take long. Whoever may write definitions may do worse.
 *
 * @throws PatternError for what Go does not take either (looking ahead, back references), and for flags in
 * the middle
 */
export function goPattern(pattern: string): RegExp {
  const [, letters = '', rest = pattern] = /^\(\?([imsU]+)\)(.*)$/s.exec(pattern) ?? [];
  if (letters.includes('U')) throw new PatternError('the flag U is not supported here');
  const flags = new Set(letters.split(''));
  const source = new Translation(rest, flags.has('s')).translate();
  try {
    return new RegExp(source, `u${flags.has('i') ? 'i' : ''}${flags.has('m') ? 'm' : ''}`);
  } catch (error) {
    throw new PatternError(`error parsing regexp: ${(error as Error).message}`);
  }
}

/** One pattern on its way, character by character. */
class Translation {
  readonly #text: string;
  readonly #dotTakesAll: boolean;
  #at = 0;

  constructor(text: string, dotTakesAll: boolean) {
    this.#text = text;
    this.#dotTakesAll = dotTakesAll;
  }

  translate(): string {
    let source = '';
    while (this.#at < this.#text.length) source += this.#next();
    return source;
  }

  #next(): string {
    const rest = this.#text.slice(this.#at);
    const character = this.#take();
    switch (character) {
      case '\\':
        return this.#escape(false);
      case '[':
        return this.#class();
      case '.':
        return this.#dotTakesAll ? '[^]' : '[^\\n]';
      case '(':
        return this.#group(rest);
      case '{':
        // Not a number of repetitions: the character itself.
        return /^\{\d+(?:,\d*)?\}/.test(rest) ? this.#repetition(rest) : '\\{';
      case '}':
      case ']':
        return `\\${character}`;
      default:
        return character;
    }
  }

  /** The next character, which may be two code units. */
  #take(): string {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) return '';
    const character = String.fromCodePoint(code);
    this.#at += character.length;
    return character;
  }

  #repetition(rest: string): string {
    const text = rest.slice(0, rest.indexOf('}') + 1);
    this.#at += text.length - 1;
    return text;
  }

  #group(rest: string): string {
    if (!rest.startsWith('(?')) return '(';
    if (rest.startsWith('(?P<') || rest.startsWith('(?:') || /^\(\?<[A-Za-z_]/.test(rest)) {
      if (rest.startsWith('(?P<')) this.#at += 2;
      return rest.startsWith('(?P<') ? '(?' : '(';
    }
    const shown = rest.slice(0, rest.startsWith('(?<') ? 4 : 3);
    throw new PatternError(
      `error parsing regexp: invalid or unsupported Perl syntax: \`${shown}\``,
    );
  }

  #class(): string {
    let source = '[';
    if (this.#text.startsWith('^', this.#at)) source += this.#take();
    if (this.#text.startsWith(']', this.#at)) source += `\\${this.#take()}`;
    for (;;) {
      const named = /^\[:(\^?)(\w+):\]/.exec(this.#text.slice(this.#at));
      const members = NAMED_CLASSES[named?.[2] ?? ''];
      if (named && !named[1] && members !== undefined) {
        this.#at += named[0].length;
        source += members;
        continue;
      }
      const character = this.#take();
      if (character === '') {
        throw new PatternError(`error parsing regexp: missing closing ]: \`${this.#text}\``);
      }
      if (character === ']') return `${source}]`;
      if (character === '\\') source += this.#escape(true);
      else source += character === '[' ? '\\[' : character;
    }
  }

  #escape(inClass: boolean): string {
    const rest = this.#text.slice(this.#at);
    const character = this.#take();
    switch (character) {
      case 'A':
        return '^';
      case 'z':
        return '$';
      case 'a':
        return '\\x07';
      case 's':
        return inClass ? '\\t\\n\\f\\r ' : '[\\t\\n\\f\\r ]';
      case 'S':
        return inClass ? '\\S' : '[^\\t\\n\\f\\r ]';
      case 'Q':
        return this.#literal();
      case 'p':
      case 'P':
        return this.#property(character, rest);
      case 'x':
        return this.#hex(rest);
    }
    if (/[dDwWbBfnrtv]/.test(character)) return `\\${character}`;
    if (character === '' || /[A-Za-z0-9]/.test(character)) {
      throw new PatternError(
        `error parsing regexp: invalid escape sequence: \`\\${character || ''}\``,
      );
    }
    const mustBeEscaped = SYNTAX.includes(character) || (inClass && character === '-');
    return mustBeEscaped ? `\\${character}` : character;
  }

  #literal(): string {
    const end = this.#text.indexOf('\\E', this.#at);
    const text = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 2;
    return [...text].map((c) => (SYNTAX.includes(c) ? `\\${c}` : c)).join('');
  }

  #property(letter: string, rest: string): string {
    const [whole = '', negated = '', long, short] = /^[pP](?:\{(\^?)(\w+)\}|(\w))/.exec(rest) ?? [];
    const name = long ?? short ?? '';
    this.#at += whole.length - 1;
    const isNegated = (letter === 'P') !== (negated !== '');
    return `\\${isNegated ? 'P' : 'p'}{${CATEGORY.test(name) ? '' : 'Script='}${name}}`;
  }

  #hex(rest: string): string {
    const [whole = 'x', long, short] = /^x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/.exec(rest) ?? [];
    this.#at += whole.length - 1;
    return `\\u{${long ?? short ?? '0'}}`;
  }
}
