/** The other end of a connection: who it is, and which of its requests are still open. */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Connection, PeerCertificate } from '../connection.ts';
import type { WireIncoming } from './incoming.ts';
import { peerCertificatesOf } from './peer-certificates.ts';

/** One connection, for as long as it lasts. */
export class Peer {
  readonly remoteAddress: string;
  readonly secure: boolean;
  readonly #trusted: boolean;
  readonly #certificates: readonly PeerCertificate[];
  /** The answer of HTTP/1.1 that was begun last. */
  lastAnswer: ServerResponse | undefined;
  /** Does another protocol have the connection? */
  isTunnel = false;
  readonly #socket: Socket;
  readonly #open = new Set<WireIncoming>();

  /** @param onLost - called for each request that is still open when the connection ends */
  constructor(socket: Socket, trusted: boolean, onLost: (incoming: WireIncoming) => void) {
    this.#socket = socket;
    // An IPv4 address in the form of IPv6 is the same address, and is shown as what it is.
    this.remoteAddress = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
    this.secure = socket instanceof TLSSocket;
    this.#trusted = trusted;
    this.#certificates = socket instanceof TLSSocket ? peerCertificatesOf(socket) : [];
    socket.once('close', () => {
      for (const incoming of this.#open) {
        incoming.lost();
        onLost(incoming);
      }
    });
  }

  /** What the handler is told of the connection a request came on. */
  connectionFor(rawTarget: string): Connection {
    return {
      rawTarget,
      peerCertificates: this.#certificates,
      remoteAddress: this.remoteAddress,
      secure: this.secure,
      trusted: this.#trusted,
    };
  }

  /** A request that is lost when the connection is. */
  opened(incoming: WireIncoming): void {
    this.#open.add(incoming);
  }

  /** @returns was it still open? */
  closed(incoming: WireIncoming): boolean {
    return this.#open.delete(incoming);
  }

  /** Ends the connection, once all is sent, if no request is open on it. */
  endIfIdle(): void {
    if (this.#open.size === 0 && !this.isTunnel) this.#socket.destroySoon();
  }
}
