/** Reads a shell script. Given. The grammar is POSIX's, without here-documents in nested places. */

import {
  type AndOr,
  type Command,
  type Pipeline,
  type Redirect,
  type Script,
  SyntaxFault,
  type Word,
  type WordPart,
} from './syntax.ts';

const RESERVED_ENDS: ReadonlySet<string> = new Set([
  'then',
  'else',
  'elif',
  'fi',
  'do',
  'done',
  'esac',
  '}',
]);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

/** Reads a whole script. @throws SyntaxFault */
export function parseScript(text: string): Script {
  const parser = new Parser(text);
  const script = parser.script();
  parser.mustEnd();
  return script;
}

class Parser {
  readonly #text: string;
  #at = 0;
  /** Here-documents whose text begins on the next line. */
  #pendingHere: {
    readonly end: string;
    readonly quoted: boolean;
    readonly put: (word: Word) => void;
  }[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  mustEnd(): void {
    this.#skipBlank();
    if (this.#at < this.#text.length) throw this.#unexpected();
  }

  script(): Script {
    const list: AndOr[] = [];
    for (;;) {
      this.#skipSeparators();
      if (this.#atEndOfList()) return list;
      const first = this.#pipeline();
      const rest: AndOr['rest'][number][] = [];
      for (let operator = this.#andOr(); operator; operator = this.#andOr()) {
        this.#skipSeparators(false);
        rest.push({ operator, pipeline: this.#pipeline() });
      }
      this.#skipBlank();
      const background = this.#peek() === '&' && this.#peek(1) !== '&';
      if (background) this.#at++;
      list.push({ first, rest, background });
      this.#skipBlank();
      const next = this.#peek();
      if (!background && next !== ';' && next !== '\n' && !this.#atEndOfList())
        throw this.#unexpected();
    }
  }

  #andOr(): '&&' | '||' | undefined {
    this.#skipBlank();
    const two = this.#text.slice(this.#at, this.#at + 2);
    if (two !== '&&' && two !== '||') return undefined;
    this.#at += 2;
    return two;
  }

  #pipeline(): Pipeline {
    this.#skipBlank();
    const negated = this.#takeReserved('!');
    const commands = [this.#command()];
    for (;;) {
      this.#skipBlank();
      if (this.#peek() !== '|' || this.#peek(1) === '|') return { negated, commands };
      this.#at++;
      this.#skipSeparators(false);
      commands.push(this.#command());
    }
  }

  #command(): Command {
    this.#skipBlank();
    if (this.#peek() === '(') {
      this.#at++;
      const body = this.script();
      this.#expect(')');
      return { kind: 'subshell', body, redirects: this.#redirects() };
    }
    if (this.#takeReserved('{')) {
      const body = this.script();
      this.#mustReserved('}');
      return { kind: 'group', body, redirects: this.#redirects() };
    }
    if (this.#takeReserved('if')) return this.#if();
    if (this.#takeReserved('while')) return this.#while(false);
    if (this.#takeReserved('until')) return this.#while(true);
    if (this.#takeReserved('for')) return this.#for();
    if (this.#takeReserved('case')) return this.#case();
    const definition = /^([A-Za-z_][\w-]*)[ \t]*\([ \t]*\)/.exec(this.#text.slice(this.#at));
    if (definition?.[1] !== undefined) {
      this.#at += definition[0].length;
      this.#skipSeparators(false);
      return { kind: 'function', name: definition[1], body: this.#command(), redirects: [] };
    }
    return this.#simple();
  }

  #if(): Command {
    const branches: { condition: Script; body: Script }[] = [];
    let otherwise: Script = [];
    do {
      const condition = this.script();
      this.#mustReserved('then');
      branches.push({ condition, body: this.script() });
    } while (this.#takeReserved('elif'));
    if (this.#takeReserved('else')) otherwise = this.script();
    this.#mustReserved('fi');
    return { kind: 'if', branches, otherwise, redirects: this.#redirects() };
  }

  #while(until: boolean): Command {
    const condition = this.script();
    const body = this.#doGroup();
    return { kind: 'while', until, condition, body, redirects: this.#redirects() };
  }

  #for(): Command {
    this.#skipBlank();
    const name = NAME.exec(this.#text.slice(this.#at))?.[0];
    if (name === undefined) throw this.#unexpected();
    this.#at += name.length;
    this.#skipSeparators(false);
    let words: Word[] | undefined;
    if (this.#takeReserved('in')) {
      words = [];
      for (let word = this.#word(); word; word = this.#word()) words.push(word);
    }
    const body = this.#doGroup();
    return { kind: 'for', name, words, body, redirects: this.#redirects() };
  }

  #doGroup(): Script {
    this.#skipSeparators();
    this.#mustReserved('do');
    const body = this.script();
    this.#mustReserved('done');
    return body;
  }

  #case(): Command {
    const subject = this.#mustWord();
    this.#skipSeparators(false);
    this.#mustReserved('in');
    const arms: { patterns: Word[]; body: Script }[] = [];
    for (;;) {
      this.#skipSeparators();
      if (this.#takeReserved('esac')) break;
      if (this.#peek() === '(') this.#at++;
      const patterns = [this.#mustWord()];
      for (this.#skipBlank(); this.#peek() === '|'; this.#skipBlank()) {
        this.#at++;
        patterns.push(this.#mustWord());
      }
      this.#expect(')');
      arms.push({ patterns, body: this.script() });
      this.#skipBlank();
      if (this.#text.startsWith(';;', this.#at)) this.#at += 2;
    }
    return { kind: 'case', subject, arms, redirects: this.#redirects() };
  }

  #simple(): Command {
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      const redirect = this.#redirect();
      if (redirect !== undefined) {
        redirects.push(redirect);
        continue;
      }
      const assigned = words.length === 0 ? this.#assignmentName() : undefined;
      if (assigned !== undefined) {
        assignments.push({ name: assigned, value: this.#word(true) ?? [] });
        continue;
      }
      const word = this.#word();
      if (word === undefined) break;
      words.push(word);
    }
    if (words.length + assignments.length + redirects.length === 0) throw this.#unexpected();
    return { kind: 'simple', assignments, words, redirects };
  }

  #assignmentName(): string | undefined {
    this.#skipBlank();
    const match = /^([A-Za-z_]\w*)=/.exec(this.#text.slice(this.#at, this.#at + 200));
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[1];
  }

  #redirects(): Redirect[] {
    const redirects: Redirect[] = [];
    for (let one = this.#redirect(); one; one = this.#redirect()) redirects.push(one);
    return redirects;
  }

  #redirect(): Redirect | undefined {
    this.#skipBlank();
    const match = /^(\d?)(<<<|<<-?|>>|>&|<&|>\||&>|>|<)/.exec(
      this.#text.slice(this.#at, this.#at + 5),
    );
    if (match === null) return undefined;
    const [all, digit = '', operator = ''] = match;
    this.#at += all.length;
    const fd = digit === '' ? (operator.startsWith('<') ? 0 : 1) : Number(digit);
    if (operator === '<<' || operator === '<<-') return this.#hereDocument(fd);
    const target = this.#mustWord();
    if (operator === '<<<') return { fd, kind: 'here', target: [...target, text('\n', true)] };
    if (operator === '>&' || operator === '<&') return { fd, kind: 'dup', target };
    if (operator === '>>') return { fd, kind: 'append', target };
    return { fd, kind: operator === '<' ? 'read' : 'write', target };
  }

  #hereDocument(fd: number): Redirect {
    const word = this.#mustWord();
    const target: WordPart[] = [];
    this.#pendingHere.push({
      end: word.map((part) => (part.kind === 'text' ? part.text : '')).join(''),
      quoted: word.some((part) => part.kind === 'text' && part.quoted),
      put: (content) => target.push(...content),
    });
    return { fd, kind: 'here', target };
  }

  #readHereDocuments(): void {
    for (const { end, quoted, put } of this.#pendingHere.splice(0)) {
      const lines: string[] = [];
      for (;;) {
        if (this.#at >= this.#text.length) throw new SyntaxFault(`expected "${end}"`, true);
        const stop = this.#text.indexOf('\n', this.#at);
        const line = this.#text.slice(this.#at, stop < 0 ? undefined : stop);
        this.#at = stop < 0 ? this.#text.length : stop + 1;
        if (line.replace(/^\t+/, '') === end) break;
        lines.push(`${line}\n`);
      }
      const content = lines.join('');
      put(quoted ? [text(content, true)] : new Parser(content).#quotedParts(undefined));
    }
  }

  #mustWord(): Word {
    const word = this.#word();
    if (word === undefined) throw this.#unexpected();
    return word;
  }

  /** @param mayBeEmpty - of an assignment, whose value begins right here */
  #word(mayBeEmpty = false): Word | undefined {
    if (!mayBeEmpty) this.#skipBlank();
    const parts: WordPart[] = [];
    let plain = '';
    const flush = () => {
      if (plain !== '') parts.push(text(plain, false));
      plain = '';
    };
    for (;;) {
      const char = this.#peek();
      if (char === '' || ' \t\n;|&<>()'.includes(char)) break;
      if (char === '#' && plain === '' && parts.length === 0 && !mayBeEmpty) break;
      this.#at++;
      if (char === '\\') {
        flush();
        const next = this.#take();
        if (next !== '\n') parts.push(text(next, true));
      } else if (char === "'") {
        flush();
        parts.push(text(this.#until("'"), true));
      } else if (char === '"') {
        flush();
        parts.push(text('', true), ...this.#quotedParts('"'));
      } else if (char === '$' || char === '`') {
        flush();
        parts.push(this.#expansion(char, false));
      } else plain += char;
    }
    flush();
    return parts.length > 0 || mayBeEmpty ? parts : undefined;
  }

  /** What stands in double quotes, up to `end`, or to the end of the text. */
  #quotedParts(end: string | undefined): WordPart[] {
    const parts: WordPart[] = [];
    let plain = '';
    for (;;) {
      const char = this.#take();
      if (char === '' && end === undefined) break;
      if (char === '') throw new SyntaxFault('unterminated quoted string', true);
      if (char === end) break;
      if (char === '\\' && this.#peek() !== '' && '$`"\\\n'.includes(this.#peek())) {
        const next = this.#take();
        if (next !== '\n') plain += next;
      } else if (char === '$' || char === '`') {
        if (plain !== '') parts.push(text(plain, true));
        plain = '';
        parts.push(this.#expansion(char, true));
      } else plain += char;
    }
    if (plain !== '') parts.push(text(plain, true));
    return parts;
  }

  #expansion(mark: string, quoted: boolean): WordPart {
    if (mark === '`') {
      const script = this.#until('`').replaceAll('\\`', '`');
      return { kind: 'command', script: parseScript(script), quoted };
    }
    if (this.#text.startsWith('((', this.#at)) return this.#arithmetic(quoted);
    if (this.#peek() === '(') {
      this.#at++;
      const script = this.script();
      this.#expect(')');
      return { kind: 'command', script, quoted };
    }
    if (this.#peek() === '{') return this.#braced(quoted);
    const name = /^([A-Za-z_]\w*|[0-9?#$@*!-])/.exec(
      this.#text.slice(this.#at, this.#at + 200),
    )?.[0];
    if (name === undefined) return text('$', quoted);
    this.#at += name.length;
    return { kind: 'variable', name, operator: '', word: [], quoted };
  }

  #arithmetic(quoted: boolean): WordPart {
    this.#at += 2;
    const from = this.#at;
    let depth = 0;
    for (;;) {
      const char = this.#take();
      if (char === '') throw new SyntaxFault('expected "))"', true);
      if (char === '(') depth++;
      if (char === ')' && depth === 0) break;
      if (char === ')') depth--;
    }
    const inner = this.#text.slice(from, this.#at - 1);
    this.#expect(')');
    return { kind: 'arithmetic', text: new Parser(inner).#quotedParts(undefined), quoted };
  }

  #braced(quoted: boolean): WordPart {
    this.#at++;
    const match = /^(#?)([A-Za-z_]\w*|[0-9]+|[?#$@*!-])/.exec(
      this.#text.slice(this.#at, this.#at + 200),
    );
    if (match?.[2] === undefined) throw new SyntaxFault('bad substitution', false);
    this.#at += match[0].length;
    const name = match[2];
    if (match[1] === '#') {
      this.#expect('}');
      return { kind: 'variable', name, operator: 'length', word: [], quoted };
    }
    const operator =
      /^(:[-=+?]|[-=+?]|##|#|%%|%)/.exec(this.#text.slice(this.#at, this.#at + 2))?.[0] ?? '';
    this.#at += operator.length;
    const inner = this.#bracedWord();
    // What is to be cut off is a pattern: its text is not taken literally.
    const word = /^[#%]/.test(operator) ? inner.map(asPattern) : inner;
    return { kind: 'variable', name, operator, word, quoted };
  }

  #bracedWord(): Word {
    const from = this.#at;
    let depth = 0;
    for (;;) {
      const char = this.#take();
      if (char === '') throw new SyntaxFault('expected "}"', true);
      if (char === '\\') this.#at++;
      if (char === '{') depth++;
      if (char === '}' && depth-- === 0) break;
    }
    const inner = this.#text.slice(from, this.#at - 1);
    if (inner.startsWith("'") && inner.endsWith("'")) return [text(inner.slice(1, -1), true)];
    return new Parser(inner.replace(/^"(.*)"$/s, '$1')).#quotedParts(undefined);
  }

  #atEndOfList(): boolean {
    this.#skipBlank();
    const char = this.#peek();
    if (char === '' || char === ')' || this.#text.startsWith(';;', this.#at)) return true;
    return RESERVED_ENDS.has(this.#bareWord());
  }

  #bareWord(): string {
    return /^[^\s;|&<>()]*/.exec(this.#text.slice(this.#at, this.#at + 10))?.[0] ?? '';
  }

  #takeReserved(word: string): boolean {
    this.#skipBlank();
    if (this.#bareWord() !== word) return false;
    this.#at += word.length;
    return true;
  }

  #mustReserved(word: string): void {
    if (!this.#takeReserved(word)) throw this.#unexpected(word);
  }

  #expect(char: string): void {
    this.#skipBlank();
    if (this.#peek() !== char) throw this.#unexpected(char);
    this.#at++;
  }

  #unexpected(expected?: string): SyntaxFault {
    const isEnd = this.#at >= this.#text.length;
    const found = isEnd
      ? 'unexpected end of file'
      : `unexpected "${this.#bareWord() || this.#peek()}"`;
    return new SyntaxFault(expected ? `${found} (expecting "${expected}")` : found, isEnd);
  }

  #until(end: string): string {
    const stop = this.#text.indexOf(end, this.#at);
    if (stop < 0) throw new SyntaxFault('unterminated quoted string', true);
    const inner = this.#text.slice(this.#at, stop);
    this.#at = stop + 1;
    return inner;
  }

  #peek(ahead = 0): string {
    return this.#text[this.#at + ahead] ?? '';
  }

  #take(): string {
    return this.#text[this.#at++] ?? '';
  }

  /** Spaces, line continuations, comments. */
  #skipBlank(): void {
    for (;;) {
      const char = this.#peek();
      if (char === ' ' || char === '\t' || char === '\r') this.#at++;
      else if (char === '\\' && this.#peek(1) === '\n') this.#at += 2;
      else if (char === '#' && /[\s;(]|^$/.test(this.#text[this.#at - 1] ?? '')) {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else return;
    }
  }

  #skipSeparators(withSemicolons = true): void {
    for (;;) {
      this.#skipBlank();
      const char = this.#peek();
      if (char === '\n') {
        this.#at++;
        this.#readHereDocuments();
      } else if (withSemicolons && char === ';' && this.#peek(1) !== ';') this.#at++;
      else return;
    }
  }
}

function asPattern(part: WordPart): WordPart {
  return part.kind === 'text' ? { ...part, quoted: false } : { ...part, quoted: true };
}

function text(content: string, quoted: boolean): WordPart {
  return { kind: 'text', text: content, quoted };
}
