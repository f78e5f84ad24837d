/**
 * HTTP/1.1 as bytes on a socket, for generating load: requests are prepared once, answers are counted
 * and not read. So the client costs a fraction of any server.
 *
 * Not a general client: an answer has a `Content-Length`, or it is a watch, and headers are spelled as
 * servers spell them.
 */

import { connect, type Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = Buffer.from('\r\nContent-Length: ');
const LF = 10;
const CR = 13;
const ZERO = 48;
/** Where `HTTP/1.1 200 OK` has its code's first digit. */
const CODE_AT = 9;

/** One connection: one call at a time, or a watch. */
export class RawHttp {
  readonly #socket: Socket;
  #head: Buffer | undefined;
  /** How many bytes of the answer's body are still to come. */
  #left = 0;
  #isOk = false;
  #done: (isOk: boolean) => void = () => {};
  #onBody: ((bytes: Buffer) => void) | undefined;
  #onEvents: ((count: number) => void) | undefined;
  #last = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (piece) => this.#receive(piece));
  }

  static async open(endpoint: string): Promise<RawHttp> {
    const [host, port] = endpoint.split(':');
    const socket = connect({ host: host ?? '', port: Number(port), noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawHttp(socket);
  }

  /**
   * @param request - not to be changed before the answer is there
   * @param done - called when the answer is there: was it a 2xx?
   * @param onBody - called with the pieces of its body
   */
  call(request: Buffer, done: (isOk: boolean) => void, onBody?: (bytes: Buffer) => void): void {
    this.#done = done;
    this.#onBody = onBody;
    this.#socket.write(request);
  }

  /**
   * Resolves once the watch is open.
   *
   * @param onEvents - called with how many events came
   */
  watch(request: Buffer, onEvents: (count: number) => void): Promise<void> {
    this.#onEvents = onEvents;
    return new Promise((resolve, reject) => {
      this.#socket.once('close', () => reject(new Error('the server ended a watch')));
      this.call(request, (isOk) =>
        isOk ? resolve() : reject(new Error('the server refused a watch')),
      );
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(piece: Buffer): void {
    if (this.#left > 0) {
      this.#take(piece);
      return;
    }
    if (this.#onEvents && this.#isOk) {
      this.#countEvents(piece, 0);
      return;
    }
    const bytes = this.#head === undefined ? piece : Buffer.concat([this.#head, piece]);
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      this.#head = bytes;
      return;
    }
    this.#head = undefined;
    this.#isOk = bytes[CODE_AT] === ZERO + 2;
    const at = bytes.indexOf(LENGTH);
    if (at < 0 || at > end) {
      if (!this.#onEvents) throw new Error(`no length: ${bytes.toString('latin1', 0, end)}`);
      this.#done(this.#isOk);
      this.#countEvents(bytes, end + HEAD_END.length);
      return;
    }
    this.#left = numberAt(bytes, at + LENGTH.length);
    this.#take(bytes.subarray(end + HEAD_END.length));
  }

  #take(bytes: Buffer): void {
    this.#left -= bytes.length;
    this.#onBody?.(bytes);
    if (this.#left === 0) this.#done(this.#isOk);
  }

  /** An event is a line; ends of lines with a CR before them are those of chunks. */
  #countEvents(bytes: Buffer, from: number): void {
    let events = 0;
    for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
      const before = at === 0 ? this.#last : bytes[at - 1];
      if (before !== CR) events += 1;
    }
    this.#last = bytes.at(-1) ?? this.#last;
    if (events > 0) this.#onEvents?.(events);
  }
}

function numberAt(bytes: Buffer, at: number): number {
  let value = 0;
  for (let i = at; ; i++) {
    const digit = (bytes[i] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
}
