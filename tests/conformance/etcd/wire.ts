/**
 * A client that hides nothing: raw messages out and in, with the codes and words of refusals.
 *
 * It reads the schema from the `.proto` files with the general library, so that nothing of our
 * server's own encoding is taken on trust. Bytes are strings of one character each; a field that
 * was not on the wire is not in the message.
 */

import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** A message as it came or goes: fields by their names in the schema. */
export interface Message {
  readonly [field: string]: Value;
}
export type Value = string | number | boolean | Message | readonly Value[] | undefined;

/** How a call ended. */
export type Outcome =
  | { readonly response: Message }
  | { readonly code: string; readonly message: string };

const schema = loadSync('rpc.proto', {
  includeDirs: [join(import.meta.dirname, '..', '..', '..', 'solutions', '01-etcd', 'grpc')],
  keepCase: true,
  longs: String,
  enums: String,
});

type Method = grpc.MethodDefinition<Message, Message>;

function findMethod(path: string): Method {
  const [service = '', name = ''] = path.split('/');
  const definition = schema[`etcdserverpb.${service}`] as Record<string, Method> | undefined;
  const method = definition?.[name];
  if (method === undefined) throw new Error(`the schema has no method ${path}`);
  return method;
}

/** A connection to an etcd. */
export class Wire {
  readonly #client: grpc.Client;

  constructor(endpoint: string, options: grpc.ClientOptions = {}) {
    this.#client = new grpc.Client(endpoint, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      ...options,
    });
  }

  /** Calls a method with one answer, whatever it is. */
  attempt(path: string, request: Message): Promise<Outcome> {
    const method = findMethod(path);
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        toBytes(request) as Message,
        (error, response) =>
          resolve(
            error
              ? { code: grpc.status[error.code], message: error.details }
              : { response: toText(response) as Message },
          ),
      );
    });
  }

  /** Calls a method that must succeed. */
  async call(path: string, request: Message = {}): Promise<Message> {
    const outcome = await this.attempt(path, request);
    if ('response' in outcome) return outcome.response;
    throw new Error(`${path} was refused: ${outcome.code} ${outcome.message}`);
  }

  /** Opens a stream both ways. */
  open(path: string): WireStream {
    const method = findMethod(path);
    return new WireStream(
      this.#client.makeBidiStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
      ),
    );
  }

  /** Calls a method with many answers and collects them. */
  async collect(path: string, request: Message = {}): Promise<Message[]> {
    const stream = this.open(path);
    stream.send(request);
    stream.end();
    const messages: Message[] = [];
    for (;;) {
      const next = await stream.next();
      if (!('response' in next)) {
        if (next.code !== 'OK') throw new Error(`${path} ended with ${next.code} ${next.message}`);
        return messages;
      }
      messages.push(next.response);
    }
  }

  close(): void {
    this.#client.close();
  }
}

/** A stream both ways; nothing that arrives is lost while nobody asks. */
export class WireStream {
  readonly #stream: grpc.ClientDuplexStream<Message, Message>;
  readonly #arrived: Outcome[] = [];
  #waiting: ((outcome: Outcome) => void) | undefined;

  constructor(stream: grpc.ClientDuplexStream<Message, Message>) {
    this.#stream = stream;
    stream.on('data', (message) => this.#arrive({ response: toText(message) as Message }));
    stream.on('error', (error: grpc.ServiceError) =>
      this.#arrive({ code: grpc.status[error.code], message: error.details }),
    );
    stream.on('end', () => this.#arrive({ code: 'OK', message: '' }));
  }

  send(message: Message): void {
    this.#stream.write(toBytes(message) as Message);
  }

  /** Says that nothing more will be sent. */
  end(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#stream.cancel();
  }

  /** The next message, or how the stream ended. */
  next(): Promise<Outcome> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** The next message; the stream must not end. */
  async receive(): Promise<Message> {
    const outcome = await this.next();
    if ('response' in outcome) return outcome.response;
    throw new Error(`the stream ended with ${outcome.code} ${outcome.message}`);
  }

  #arrive(outcome: Outcome): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(outcome);
    else this.#arrived.push(outcome);
  }
}

/** Fields of type `bytes`; all others of type string stay text. */
const bytesFields = new Set(['key', 'range_end', 'value', 'blob', 'keys']);

function toBytes(value: unknown, field = ''): unknown {
  if (typeof value === 'string')
    return bytesFields.has(field) ? Buffer.from(value, 'latin1') : value;
  if (Array.isArray(value)) return value.map((one) => toBytes(one, field));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, toBytes(one, name)]));
}

function toText(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (Array.isArray(value)) return value.map(toText);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, toText(one)]));
}
