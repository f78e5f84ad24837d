/**
 * Cuts the text of a label selector into tokens and walks along them. Given; `selector.ts` makes
 * sense of them.
 *
 * @see k8s.io/apimachinery/pkg/labels/selector.go (1.33), Lexer
 */

import { SelectorError } from './selector-error.ts';

/**
 * What a token is. `identifier` is a key or a value; `end` comes once, last.
 * `in` and `notin` are also words a key or a value may be: the lexer
 * cannot know, the parser does.
 */
export type TokenKind =
  | 'identifier'
  | 'in'
  | 'notin'
  | '='
  | '=='
  | '!='
  | '>'
  | '<'
  | '!'
  | '('
  | ')'
  | ','
  | 'end';

/** One token and the text it stands for; the text of `end` is empty. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const SPACE = /[ \t\r\n]*/y;
const WORD = /[^=!(),<> \t\r\n]+/y;
const SYMBOL = /==|=|!=|!|>|<|\(|\)|,/y;

/**
 * Cuts a label selector into tokens; space between them is dropped.
 *
 * @remarks
 * ```text
 * 'a in (x, y),!b'   →   a  in  (  x  ,  y  )  ,  !  b  end
 * ```
 *
 * @returns at least one token, the last of kind `end`
 */
export function tokenizeLabelSelector(text: string): Token[] {
  const tokens: Token[] = [];
  let position = skipSpace(text, 0);
  while (position < text.length) {
    const token = tokenAt(text, position);
    tokens.push(token);
    position = skipSpace(text, position + token.text.length);
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

function tokenAt(text: string, position: number): Token {
  const symbol = matchAt(SYMBOL, text, position);
  if (symbol !== '') return { kind: symbol as TokenKind, text: symbol };
  const word = matchAt(WORD, text, position);
  if (word === 'in' || word === 'notin') return { kind: word, text: word };
  return { kind: 'identifier', text: word };
}

function skipSpace(text: string, position: number): number {
  return position + matchAt(SPACE, text, position).length;
}

function matchAt(pattern: RegExp, text: string, position: number): string {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0] ?? '';
}

/**
 * Walks along the tokens of one label selector.
 *
 * @remarks
 * ```text
 * const tokens = new TokenReader('a,b');
 * tokens.word('a key')   'a'
 * tokens.take('=')       false, nothing happened
 * tokens.take(',')       true, the comma is behind us
 * tokens.next            { kind: 'identifier', text: 'b' }
 * ```
 */
export class TokenReader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenizeLabelSelector(text);
  }

  /** The token ahead; at the end, again and again the token `end`. */
  get next(): Token {
    return this.#tokens[this.#position] ?? { kind: 'end', text: '' };
  }

  /** Tells whether the token ahead is of this kind. */
  isAt(kind: TokenKind): boolean {
    return this.next.kind === kind;
  }

  /** Goes past the token ahead. */
  advance(): void {
    this.#position++;
  }

  /** Goes past the token ahead if it is of this kind, and tells whether it was. */
  take(kind: TokenKind): boolean {
    const found = this.isAt(kind);
    if (found) this.advance();
    return found;
  }

  /**
   * Goes past a key or a value, which may also be called `in` or `notin`.
   *
   * @returns its text
   * @throws SelectorError when the token ahead is anything else; it names `expected`
   */
  word(expected: string): string {
    const { kind, text } = this.next;
    if (kind !== 'identifier' && kind !== 'in' && kind !== 'notin') throw this.unexpected(expected);
    this.advance();
    return text;
  }

  /** The error that says what was found ahead and what was expected; the caller throws it. */
  unexpected(expected: string): SelectorError {
    const found = `found '${this.next.text}', expected: ${expected}`;
    return new SelectorError(`cannot read the selector ${JSON.stringify(this.#text)}: ${found}`);
  }
}
