/** What a shell script is after it has been read. Given; `parser.ts` makes it, `shell.ts` runs it. */

/** One piece of a word. Unquoted pieces are split at white space, and `*` and `?` in them match files. */
export type WordPart =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: 'variable';
      readonly name: string;
      /** `:-`, `-`, `:=`, `:+`, `:?`, `#`, `##`, `%`, `%%`, `length`, or empty. */
      readonly operator: string;
      readonly word: Word;
      readonly quoted: boolean;
    }
  | { readonly kind: 'command'; readonly script: Script; readonly quoted: boolean }
  | { readonly kind: 'arithmetic'; readonly text: Word; readonly quoted: boolean };

export type Word = readonly WordPart[];

export interface Redirect {
  readonly fd: number;
  /** `here` is a document or a string; `dup` is `2>&1`. */
  readonly kind: 'read' | 'write' | 'append' | 'dup' | 'here';
  readonly target: Word;
}

export type Command = { readonly redirects: readonly Redirect[] } & (
  | {
      readonly kind: 'simple';
      readonly assignments: readonly { readonly name: string; readonly value: Word }[];
      readonly words: readonly Word[];
    }
  | { readonly kind: 'group' | 'subshell'; readonly body: Script }
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly condition: Script; readonly body: Script }[];
      readonly otherwise: Script;
    }
  | {
      readonly kind: 'while';
      readonly until: boolean;
      readonly condition: Script;
      readonly body: Script;
    }
  | {
      readonly kind: 'for';
      readonly name: string;
      readonly words: readonly Word[] | undefined;
      readonly body: Script;
    }
  | {
      readonly kind: 'case';
      readonly subject: Word;
      readonly arms: readonly { readonly patterns: readonly Word[]; readonly body: Script }[];
    }
  | { readonly kind: 'function'; readonly name: string; readonly body: Command }
);

export interface Pipeline {
  readonly negated: boolean;
  readonly commands: readonly Command[];
}

export interface AndOr {
  readonly first: Pipeline;
  readonly rest: readonly { readonly operator: '&&' | '||'; readonly pipeline: Pipeline }[];
  readonly background: boolean;
}

export type Script = readonly AndOr[];

/** Thrown for a script that cannot be read. */
export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault';
  /** Would more lines help? */
  readonly isUnfinished: boolean;
  constructor(text: string, isUnfinished: boolean) {
    super(`syntax error: ${text}`);
    this.isUnfinished = isUnfinished;
  }
}
