/** Pipes of the simulated kernel as the Web streams of `cri/streaming.ts`. Given. */

import type { PortForwardStream } from './cri/index.ts';
import type { ByteSink, ByteSource } from './kernel/pipe.ts';
import type { Connection } from './network/connection.ts';

/** What can be read from a pipe. */
export function readableOf(source: ByteSource): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const bytes = await source.read();
        if (bytes === undefined) controller.close();
        else controller.enqueue(bytes);
      },
      cancel: () => source.cancel(),
    },
    { highWaterMark: 0 },
  );
}

/** What can be written to a pipe. A process that does not read any more swallows nothing: it fails. */
export function writableOf(sink: ByteSink): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    write: async (bytes) => {
      await sink.write(bytes);
    },
    close: () => sink.close(),
    abort: () => sink.close(),
  });
}

/** A connection as port-forward gives it. */
export function portForwardStreamOf(connection: Connection): PortForwardStream {
  return {
    readable: readableOf(connection.input),
    writable: writableOf(connection.output),
    close: () => connection.close(),
  };
}
