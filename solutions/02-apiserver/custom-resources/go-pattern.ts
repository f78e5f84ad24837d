/**
 * Regular expressions as Go has them, made JavaScript's. Given.
 *
 * Patterns in a schema are written for Go (RE2): `(?i)` in front, `[[:alpha:]]`, `\z`, any
 * punctuation escaped. JavaScript's own reading of them would be another one, or none.
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
 * @remarks JavaScript's engine goes back and tries again where Go's does not, so a pattern of many
 * nested repetitions can take long. Whoever may write definitions may do worse.
 *
 * @throws PatternError for what Go does not take either: looking ahead, back references
 */
export function goPattern(pattern: string): RegExp {
  const source = new Translation(pattern).translate();
  try {
    return new RegExp(source, 'u');
  } catch (error) {
    throw new PatternError(`error parsing regexp: ${(error as Error).message}`);
  }
}

/** What `(?i)` and its like turn on, from where it stands to the end of the group. */
interface Flags {
  readonly ignoresCase: boolean;
  readonly dotTakesAll: boolean;
  readonly manyLines: boolean;
}

/** One pattern on its way, character by character. */
class Translation {
  readonly #text: string;
  #at = 0;
  #flags: Flags = { ignoresCase: false, dotTakesAll: false, manyLines: false };
  /** Those of the groups around. */
  readonly #outer: Flags[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  translate(): string {
    let source = '';
    while (this.#at < this.#text.length) source += this.#next();
    return source;
  }

  #next(): string {
    const rest = this.#text.slice(this.#at);
    const character = this.#take();
    const { dotTakesAll, manyLines } = this.#flags;
    switch (character) {
      case '\\':
        return this.#escape(false);
      case '[':
        return this.#class();
      case '.':
        return dotTakesAll ? '[^]' : '[^\\n]';
      case '^':
        return manyLines ? '(?:^|(?<=\\n))' : '^';
      case '$':
        return manyLines ? '(?=\\n|$)' : '$';
      case '(':
        return this.#group(rest);
      case ')':
        this.#flags = this.#outer.pop() ?? this.#flags;
        return ')';
      case '{':
        // Not a number of repetitions: the character itself.
        return /^\{\d+(?:,\d*)?\}/.test(rest) ? this.#repetition(rest) : '\\{';
      case '}':
      case ']':
        return `\\${character}`;
      default:
        return this.#letter(character);
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

  #letter(character: string): string {
    const both = this.#bothCases(character);
    return both.length > 1 ? `[${both.join('')}]` : character;
  }

  #bothCases(character: string): string[] {
    if (!this.#flags.ignoresCase) return [character];
    const cases = [character, character.toLowerCase(), character.toUpperCase()];
    return [...new Set(cases)].filter((one) => [...one].length === 1);
  }

  #repetition(rest: string): string {
    const text = rest.slice(0, rest.indexOf('}') + 1);
    this.#at += text.length - 1;
    return text;
  }

  #group(rest: string): string {
    const [flagged, on = '', off = '', end] = /^\(\?([ims]*)(?:-([ims]+))?([:)])/.exec(rest) ?? [];
    if (flagged !== undefined) {
      this.#at += flagged.length - 1;
      if (end === ':') this.#outer.push(this.#flags);
      this.#setFlags(on, true);
      this.#setFlags(off, false);
      // A group of nothing where flags stood: what follows may be repeated, they may not.
      return end === ':' ? '(?:' : '';
    }
    this.#outer.push(this.#flags);
    if (!rest.startsWith('(?')) return '(';
    if (rest.startsWith('(?P<')) {
      this.#at += 2;
      return '(?';
    }
    if (/^\(\?<[A-Za-z_]/.test(rest)) return '(';
    const shown = rest.slice(0, rest.startsWith('(?<') ? 4 : 3);
    throw new PatternError(
      `error parsing regexp: invalid or unsupported Perl syntax: \`${shown}\``,
    );
  }

  #setFlags(letters: string, value: boolean): void {
    if (letters.includes('i')) this.#flags = { ...this.#flags, ignoresCase: value };
    if (letters.includes('s')) this.#flags = { ...this.#flags, dotTakesAll: value };
    if (letters.includes('m')) this.#flags = { ...this.#flags, manyLines: value };
  }

  #class(): string {
    let source = '[';
    if (this.#text.startsWith('^', this.#at)) source += this.#take();
    let isFirst = true;
    for (;;) {
      const named = /^\[:(\^?)(\w+):\]/.exec(this.#text.slice(this.#at));
      const members = NAMED_CLASSES[named?.[2] ?? ''];
      if (named && !named[1] && members !== undefined) {
        this.#at += named[0].length;
        const takesBoth = this.#flags.ignoresCase && /^(?:lower|upper)$/.test(named[2] ?? '');
        source += takesBoth ? 'A-Za-z' : members;
      } else {
        const character = this.#take();
        if (character === '') {
          throw new PatternError(`error parsing regexp: missing closing ]: \`${this.#text}\``);
        }
        if (character === ']' && !isFirst) return `${source}]`;
        source += this.#member(character);
      }
      isFirst = false;
    }
  }

  /** A character of a class, or a range that begins with it. */
  #member(character: string): string {
    if (character === '\\') return this.#escape(true);
    const [, end] = /^-([^\]\\])/u.exec(this.#text.slice(this.#at)) ?? [];
    if (end === undefined) return this.#bothCases(character).map(escapedInClass).join('');
    this.#at += 1 + end.length;
    const range = (from: string, to: string) => `${escapedInClass(from)}-${escapedInClass(to)}`;
    const isLetters = /^(?:[a-z]{2}|[A-Z]{2})$/.test(character + end);
    if (!this.#flags.ignoresCase || !isLetters) {
      const both = this.#flags.ignoresCase ? lettersBetween(character, end) : '';
      return range(character, end) + both;
    }
    const [low, high] = [character.toLowerCase(), end.toLowerCase()];
    return range(low, high) + range(low.toUpperCase(), high.toUpperCase());
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
      throw new PatternError(`error parsing regexp: invalid escape sequence: \`\\${character}\``);
    }
    const mustBeEscaped = SYNTAX.includes(character) || (inClass && character === '-');
    return mustBeEscaped ? `\\${character}` : character;
  }

  #literal(): string {
    const end = this.#text.indexOf('\\E', this.#at);
    const text = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 2;
    return [...text].map((c) => (SYNTAX.includes(c) ? `\\${c}` : this.#letter(c))).join('');
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

function escapedInClass(character: string): string {
  return '\\]['.includes(character) || character === '^' || character === '-'
    ? `\\${character}`
    : character;
}

/** The other case of the letters in a range that is not of one case. */
function lettersBetween(from: string, to: string): string {
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const isIn = (letter: string) => letter >= from && letter <= to;
  return letters
    .map(
      (letter) =>
        (isIn(letter) ? letter.toUpperCase() : '') + (isIn(letter.toUpperCase()) ? letter : ''),
    )
    .join('');
}
