/** Redis' protocol, RESP: how commands and replies are written and read. Given. */

import { concat } from '../../kernel/pipe.ts';
import type { Process } from '../../kernel/process.ts';
import type { Connection } from '../../network/connection.ts';

/** A reply: text, a number, nothing, a list, or an error. */
export type Reply =
  | { readonly kind: 'simple' | 'error' | 'bulk'; readonly text: string }
  | { readonly kind: 'integer'; readonly number: number }
  | { readonly kind: 'nil' }
  | { readonly kind: 'list'; readonly items: readonly Reply[] };

/** The reply to a command that did what it was told. */
export const OK: Reply = { kind: 'simple', text: 'OK' };

/** @param text - absent: nil */
export function bulk(text: string | undefined): Reply {
  return text === undefined ? { kind: 'nil' } : { kind: 'bulk', text };
}

/** A command on its way to a server. */
export function commandText(words: readonly string[]): string {
  return replyText({ kind: 'list', items: words.map((text) => ({ kind: 'bulk', text })) });
}

/** A reply on its way to a client. */
export function replyText(reply: Reply): string {
  switch (reply.kind) {
    case 'simple':
      return `+${reply.text}\r\n`;
    case 'error':
      return `-${reply.text}\r\n`;
    case 'integer':
      return `:${reply.number}\r\n`;
    case 'nil':
      return '$-1\r\n';
    case 'bulk':
      return `$${new TextEncoder().encode(reply.text).length}\r\n${reply.text}\r\n`;
    case 'list':
      return `*${reply.items.length}\r\n${reply.items.map(replyText).join('')}`;
  }
}

/** Reads what comes on a connection. */
export class RespReader {
  readonly #process: Process;
  readonly #connection: Connection;
  #rest: Uint8Array = new Uint8Array();

  constructor(process: Process, connection: Connection) {
    this.#process = process;
    this.#connection = connection;
  }

  /** The next command, as words; a line without any sign is one too. @returns `undefined` at the end */
  async command(): Promise<string[] | undefined> {
    const line = await this.#line();
    if (line === undefined) return undefined;
    if (!line.startsWith('*')) return line.trim().split(/\s+/);
    const reply = await this.#afterLine(line);
    if (reply?.kind !== 'list') return undefined;
    return reply.items.map((item) => ('text' in item ? item.text : ''));
  }

  /** The next reply. @returns `undefined` at the end */
  async reply(): Promise<Reply | undefined> {
    const line = await this.#line();
    return line === undefined ? undefined : this.#afterLine(line);
  }

  async #afterLine(line: string): Promise<Reply | undefined> {
    const [sign, rest] = [line[0], line.slice(1)];
    if (sign === '+') return { kind: 'simple', text: rest };
    if (sign === '-') return { kind: 'error', text: rest };
    if (sign === ':') return { kind: 'integer', number: Number(rest) };
    if (sign === '$') return Number(rest) < 0 ? { kind: 'nil' } : this.#bulk(Number(rest));
    if (sign !== '*') return { kind: 'error', text: `ERR Protocol error: '${line}'` };
    const items: Reply[] = [];
    for (let i = 0; i < Number(rest); i++) {
      const item = await this.reply();
      if (item === undefined) return undefined;
      items.push(item);
    }
    return { kind: 'list', items };
  }

  async #bulk(length: number): Promise<Reply | undefined> {
    while (this.#rest.length < length + 2) if (!(await this.#more())) return undefined;
    const text = new TextDecoder().decode(this.#rest.subarray(0, length));
    this.#rest = this.#rest.subarray(length + 2);
    return { kind: 'bulk', text };
  }

  async #line(): Promise<string | undefined> {
    let end = this.#rest.indexOf(10);
    while (end < 0) {
      if (!(await this.#more())) return undefined;
      end = this.#rest.indexOf(10);
    }
    const line = new TextDecoder().decode(this.#rest.subarray(0, end)).replace(/\r$/, '');
    this.#rest = this.#rest.subarray(end + 1);
    return line;
  }

  async #more(): Promise<boolean> {
    const bytes = await this.#process.wait(this.#connection.input.read());
    if (bytes === undefined) return false;
    this.#rest = concat([this.#rest, bytes]);
    return true;
  }
}
