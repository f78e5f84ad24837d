/**
 * One end of a socket on which the pod network is spoken between processes. Given.
 *
 * A socket begins with lines of JSON, which say what it is for; `remote-network.ts` has all of them.
 * A connection between two pods then goes on in frames, a length (four bytes, the highest first) before
 * each, so that datagrams keep their bounds.
 */

import type { Socket } from 'node:net';
import type { Connection } from '../network/connection.ts';

const HEAD_BYTES = 4;
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const NEWLINE = 10;

/** A socket that is read piece by piece. */
export class NetworkPeer {
  readonly socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    // Who reads hears of it.
    socket.on('error', () => {});
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  /**
   * The next line, parsed.
   *
   * @returns `undefined` at the end
   * @throws Error, as a rejection, when it is no JSON object
   */
  async readLine(): Promise<Readonly<Record<string, unknown>> | undefined> {
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE);
      if (end >= 0) {
        const text = this.#rest.toString('utf8', 0, end);
        this.#rest = this.#rest.subarray(end + 1);
        const value: unknown = JSON.parse(text);
        if (typeof value === 'object' && value !== null) return { ...value };
        throw new Error(`expected an object, found ${text.slice(0, 80)}`);
      }
      if (this.#rest.length > MAX_LINE_BYTES) throw new Error('a line is too long');
      if (!(await this.#fill())) return undefined;
    }
  }

  writeLine(value: object): void {
    if (this.socket.writable) this.socket.write(`${JSON.stringify(value)}\n`);
  }

  /** From now on there are frames. */
  connection(around: Pick<Connection, 'remoteAddress' | 'localAddress' | 'port'>): Connection {
    const { socket } = this;
    return {
      ...around,
      input: { read: () => this.#readFrame(), cancel: () => socket.destroy() },
      output: {
        write: (bytes) => writeFrame(socket, bytes),
        close: () => socket.end(),
      },
      close: () => socket.destroy(),
    };
  }

  async #readFrame(): Promise<Uint8Array | undefined> {
    while (this.#rest.length < HEAD_BYTES) if (!(await this.#fill())) return undefined;
    const length = this.#rest.readUInt32BE(0);
    while (this.#rest.length < HEAD_BYTES + length) if (!(await this.#fill())) return undefined;
    const frame = this.#rest.subarray(HEAD_BYTES, HEAD_BYTES + length);
    this.#rest = this.#rest.subarray(HEAD_BYTES + length);
    return new Uint8Array(frame);
  }

  /** @returns whether something came */
  async #fill(): Promise<boolean> {
    try {
      const { done, value } = await this.#chunks.next();
      if (done) return false;
      this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
      return true;
    } catch {
      // The other end is gone: the same as an end.
      return false;
    }
  }
}

function writeFrame(socket: Socket, bytes: Uint8Array): Promise<void> {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(bytes.length);
  return new Promise((resolve, reject) => {
    socket.write(Buffer.concat([head, bytes]), (error) => (error ? reject(error) : resolve()));
  });
}
