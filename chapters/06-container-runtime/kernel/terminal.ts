/** A terminal: what is between a person's keys and a process. Given. */

import { type ByteSink, type ByteSource, Pipe } from './pipe.ts';
import type { SignalName } from './signals.ts';

const INTERRUPT = 3;
const END = 4;
const BACKSPACE = 127;
const RETURN = 13;
const NEWLINE = 10;

/** Gathers lines, echoes them, turns Ctrl-C into a signal and Ctrl-D into the end. */
export class Terminal {
  /** What the process reads: whole lines. */
  readonly input = new Pipe();
  width = 80;
  height = 24;
  readonly #screen: ByteSink;
  #line: number[] = [];
  readonly #listeners = new Set<(signal: SignalName) => void>();

  constructor(screen: ByteSink) {
    this.#screen = screen;
  }

  /** What the process writes to: newlines become what a screen needs. */
  get output(): ByteSink {
    return { write: (bytes) => this.#screen.write(withReturns(bytes)), close: () => {} };
  }

  /** Calls `listener` for each signal from the keyboard; call what it returns to stop that. */
  onSignal(listener: (signal: SignalName) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Somebody typed. */
  async type(bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) await this.#key(byte);
  }

  /** Reads keys until there are none any more. */
  async connect(keys: ByteSource): Promise<void> {
    for (let bytes = await keys.read(); bytes; bytes = await keys.read()) await this.type(bytes);
    await this.#flush();
    this.input.close();
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.#signal('SIGWINCH');
  }

  /** Nobody sits at it any more. */
  hangUp(): void {
    this.input.close();
    this.#signal('SIGHUP');
  }

  async #key(byte: number): Promise<void> {
    if (byte === INTERRUPT) {
      this.#line = [];
      await this.#echo('^C\r\n');
      this.#signal('SIGINT');
    } else if (byte === END) {
      if (this.#line.length > 0) await this.#flush();
      else this.input.close();
    } else if (byte === BACKSPACE || byte === 8) {
      if (this.#line.pop() !== undefined) await this.#echo('\b \b');
    } else if (byte === RETURN || byte === NEWLINE) {
      this.#line.push(NEWLINE);
      await this.#echo('\r\n');
      await this.#flush();
    } else {
      this.#line.push(byte);
      await this.#screen.write(Uint8Array.of(byte));
    }
  }

  async #flush(): Promise<void> {
    const line = Uint8Array.from(this.#line);
    this.#line = [];
    await this.input.write(line);
  }

  async #echo(text: string): Promise<void> {
    await this.#screen.write(new TextEncoder().encode(text));
  }

  #signal(signal: SignalName): void {
    for (const listener of this.#listeners) listener(signal);
  }
}

function withReturns(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const byte of bytes) {
    if (byte === NEWLINE && out.at(-1) !== RETURN) out.push(RETURN);
    out.push(byte);
  }
  return Uint8Array.from(out);
}
