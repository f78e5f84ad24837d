/**
 * What a gRPC server offers: methods by path, either one answer to one request or a stream both ways.
 *
 * How they travel is in `server.ts`; what they do is in the `…-service.ts` files.
 */

import type { MessageType } from './protobuf.ts';

/** One request, one answer. */
export interface UnaryMethod {
  readonly kind: 'unary';
  /** For example `/etcdserverpb.KV/Range`. */
  readonly path: string;
  /** @throws EtcdError, ProtobufError */
  call(request: Buffer): Promise<Encode> | Encode;
}

/** Writes an answer, with that many bytes free in front. */
export type Encode = (headroom: number) => Buffer;

/** The server's end of an open stream, as the transport hands it to a method. */
export interface Outgoing {
  /** The client reads more slowly than it is sent to: it has as much as it may have unread. */
  readonly isFull: boolean;
  send(encode: Encode): void;
  /** Ends the stream; without an error the client gets status OK. */
  end(error?: unknown): void;
}

/** What a method does with a stream, as the transport calls it. */
export interface Incoming {
  /** @throws EtcdError, ProtobufError; they end the stream */
  message(bytes: Buffer): void;
  /** The client will send nothing more. */
  end(): void;
  /** There is room again after `isFull` was true. */
  drained(): void;
  /** The stream is over, however it ended. */
  closed(): void;
}

/** A stream of requests, a stream of answers. */
export interface StreamMethod {
  readonly kind: 'stream';
  readonly path: string;
  open(outgoing: Outgoing): Incoming;
}

export type Method = UnaryMethod | StreamMethod;

/** Makes a {@link UnaryMethod} of a function from request to answer. */
export function unary<Request, Response>(
  path: string,
  request: MessageType<Request>,
  response: MessageType<Response>,
  answer: (request: Request) => Promise<Response> | Response,
): UnaryMethod {
  const encode =
    (value: Response): Encode =>
    (headroom) =>
      response.encode(value, headroom);
  return {
    kind: 'unary',
    path,
    call: (bytes) => {
      const answered = answer(request.decode(bytes));
      return answered instanceof Promise ? answered.then(encode) : encode(answered);
    },
  };
}
