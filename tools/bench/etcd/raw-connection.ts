/**
 * gRPC as bytes on a socket, for generating load: requests are prepared once and only get a number,
 * answers are counted and not decoded. So the client costs a fraction of any server.
 *
 * Not a general client: no compression of headers, no flow control of what is sent (requests are
 * small), and a call without an answer counts as an error.
 */

import { connect, type Socket } from 'node:net';

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;

const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** How much the server may send before it is told of room again. */
const WINDOW_BYTES = 2 ** 30;

/** A call, ready to be sent any number of times. */
export interface PreparedCall {
  readonly bytes: Buffer;
  /** Where the stream's number goes. */
  readonly numberAt: readonly number[];
}

/** What a connection tells the owner of a stream. */
export interface StreamHandler {
  /** A message's bytes; only valid during the call. */
  message?(bytes: Buffer): void;
  /** @param isAnswered - whether there was a message */
  end(isAnswered: boolean): void;
}

interface OpenStream {
  readonly handler: StreamHandler;
  isAnswered: boolean;
  /** A message that came in several frames. */
  rest: Buffer | undefined;
}

function frame(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  return Buffer.concat([head, payload]);
}

function literal(name: readonly number[], value: string): Buffer {
  return Buffer.concat([Buffer.from([...name, value.length]), Buffer.from(value, 'latin1')]);
}

/**
 * Prepares a call.
 *
 * @param path - for example `/etcdserverpb.KV/Put`
 * @param message - the encoded request
 * @param isOpen - more requests will follow on the same stream
 */
export function prepareCall(path: string, message: Buffer, isOpen = false): PreparedCall {
  // Indexes of HPACK's static table: 3 POST, 6 http, 4 :path, 1 :authority, 31 content-type.
  const headers = Buffer.concat([
    Buffer.from([0x83, 0x86]),
    literal([0x04], path),
    literal([0x01], 'localhost'),
    literal([0x0f, 0x10], 'application/grpc'),
    literal([0x00, 2, 0x74, 0x65], 'trailers'),
  ]);
  const head = frame(HEADERS, END_HEADERS, headers);
  const body = prepareMessage(message, isOpen);
  return {
    bytes: Buffer.concat([head, body.bytes]),
    numberAt: [5, ...body.numberAt.map((at) => head.length + at)],
  };
}

/** Prepares a message on a stream that is open, or is opened just before. */
export function prepareMessage(message: Buffer, isOpen = true): PreparedCall {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const bytes = frame(DATA, isOpen ? 0 : END_STREAM, Buffer.concat([prefix, message]));
  return { bytes, numberAt: [5] };
}

/** One HTTP/2 connection. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #streams = new Map<number, OpenStream>();
  #nextStream = 1;
  #received: Buffer = Buffer.alloc(0);
  #unread = 0;
  #outgoing: Buffer[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (piece) => this.#receive(piece));
  }

  static async open(endpoint: string): Promise<RawConnection> {
    const [host, port] = endpoint.split(':');
    const socket = connect({ host: host ?? '', port: Number(port), noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const connection = new RawConnection(socket);
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(4, 0);
    settings.writeUInt32BE(WINDOW_BYTES, 2);
    socket.write(Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0, settings)]));
    connection.#grant(0, WINDOW_BYTES);
    return connection;
  }

  /** Starts a call; everything that is sent in one turn goes out together. */
  call(prepared: PreparedCall, handler: StreamHandler): number {
    const number = this.#nextStream;
    this.#nextStream += 2;
    this.#streams.set(number, { handler, isAnswered: false, rest: undefined });
    this.#send(prepared, number);
    return number;
  }

  /** Sends one more message on an open stream. */
  send(prepared: PreparedCall, stream: number): void {
    this.#send(prepared, stream);
  }

  close(): void {
    this.#socket.destroy();
  }

  #send({ bytes, numberAt }: PreparedCall, stream: number): void {
    const copy = Buffer.from(bytes);
    for (const at of numberAt) copy.writeUInt32BE(stream, at);
    this.#write(copy);
  }

  #write(bytes: Buffer): void {
    if (this.#outgoing.push(bytes) > 1) return;
    queueMicrotask(() => {
      this.#socket.write(this.#outgoing.length === 1 ? bytes : Buffer.concat(this.#outgoing));
      this.#outgoing = [];
    });
  }

  #grant(stream: number, bytes: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(bytes);
    const update = frame(WINDOW_UPDATE, 0, payload);
    update.writeUInt32BE(stream, 5);
    this.#write(update);
  }

  #receive(piece: Buffer): void {
    const bytes = this.#received.length > 0 ? Buffer.concat([this.#received, piece]) : piece;
    let at = 0;
    while (bytes.length - at >= 9) {
      const end = at + 9 + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#take(bytes, at, end);
      at = end;
    }
    this.#received = bytes.subarray(at);
  }

  #take(bytes: Buffer, at: number, end: number): void {
    const type = bytes[at + 3];
    const flags = bytes[at + 4] ?? 0;
    const number = bytes.readUInt32BE(at + 5);
    if (type === DATA) this.#takeData(number, bytes.subarray(at + 9, end));
    else if (type === SETTINGS && !(flags & ACK))
      this.#write(frame(SETTINGS, ACK, Buffer.alloc(0)));
    else if (type === PING && !(flags & ACK)) {
      this.#write(frame(PING, ACK, Buffer.from(bytes.subarray(at + 9, end))));
    } else if (type === GOAWAY) throw new Error('the server ends the connection');
    const isEnd =
      type === RST_STREAM || ((type === DATA || type === HEADERS) && flags & END_STREAM);
    if (!isEnd) return;
    const stream = this.#streams.get(number);
    this.#streams.delete(number);
    stream?.handler.end(stream.isAnswered);
  }

  #takeData(number: number, payload: Buffer): void {
    this.#unread += payload.length;
    if (this.#unread >= WINDOW_BYTES / 2) {
      this.#grant(0, this.#unread);
      this.#unread = 0;
    }
    const stream = this.#streams.get(number);
    if (stream === undefined) return;
    stream.isAnswered = true;
    const { handler } = stream;
    if (handler.message === undefined) return;
    // A stream that is read message by message lives long, and needs its room back.
    if (payload.length > 0) this.#grant(number, payload.length);
    let rest = stream.rest === undefined ? payload : Buffer.concat([stream.rest, payload]);
    while (rest.length >= 5) {
      const end = 5 + rest.readUInt32BE(1);
      if (rest.length < end) break;
      handler.message(rest.subarray(5, end));
      rest = rest.subarray(end);
    }
    stream.rest = rest.length > 0 ? Buffer.from(rest) : undefined;
  }
}
