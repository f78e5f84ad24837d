/** A connection between two processes, seen from one end. Given. */

import type { NetworkProtocol } from '#apimachinery';
import { type ByteSink, type ByteSource, Pipe } from '../kernel/pipe.ts';

/** One end of a connection. For UDP each chunk is a datagram. */
export interface Connection {
  readonly input: ByteSource;
  readonly output: ByteSink;
  /** IP address of the other end. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** The port that was dialled. */
  readonly port: number;
  /** Ends both directions. */
  close(): void;
}

/**
 * Both ends of a new connection: the caller's and the listener's.
 *
 * @param protocol - only TCP may join what was written in two pieces; absent: as UDP
 */
export function newConnection(
  from: string,
  to: string,
  port: number,
  protocol: NetworkProtocol = 'UDP',
): [Connection, Connection] {
  const keepsWrites = protocol !== 'TCP';
  const there = new Pipe({ keepsWrites });
  const back = new Pipe({ keepsWrites });
  return [
    end({ input: back, output: there, localAddress: from, remoteAddress: to, port }),
    end({ input: there, output: back, localAddress: to, remoteAddress: from, port }),
  ];
}

function end(parts: Omit<Connection, 'close'>): Connection {
  return {
    ...parts,
    close: () => {
      parts.output.close();
      parts.input.cancel();
    },
  };
}
