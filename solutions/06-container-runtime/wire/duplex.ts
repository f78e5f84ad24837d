/** Connections of simulated sandboxes as Node's streams, and the other way round. */

import { Duplex } from 'node:stream';
import type { Connection } from '../network/connection.ts';

/** A connection as `PodNetwork.dial` gives it. */
export function duplexOf({ input, output, close }: Connection): Duplex {
  return new Duplex({
    read() {
      input.read().then(
        (bytes) => this.push(bytes ?? null),
        (error: Error) => this.destroy(error),
      );
    },
    write(chunk: Buffer, _, done) {
      Promise.resolve(output.write(new Uint8Array(chunk))).then(
        () => done(),
        (error: Error) => done(error),
      );
    },
    final(done) {
      output.close();
      done();
    },
    destroy(error, done) {
      close();
      done(error);
    },
  });
}

/** Node's stream as a connection, for a `NodeNetwork` that dials elsewhere. */
export function connectionOf(
  duplex: Duplex,
  around: Pick<Connection, 'remoteAddress' | 'localAddress' | 'port'>,
): Connection {
  const chunks: AsyncIterator<Buffer> = duplex[Symbol.asyncIterator]();
  duplex.on('error', () => {});
  return {
    ...around,
    input: {
      read: async () => {
        const { done, value } = await chunks.next();
        return done ? undefined : new Uint8Array(value);
      },
      cancel: () => duplex.destroy(),
    },
    output: {
      write: (bytes) =>
        new Promise<void>((resolve, reject) => {
          duplex.write(bytes, (error) => (error ? reject(error) : resolve()));
        }),
      close: () => duplex.end(),
    },
    close: () => duplex.destroy(),
  };
}
