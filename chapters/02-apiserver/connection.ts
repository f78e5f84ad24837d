/**
 * The API server seen from outside: a function from a request to a response. Given: the types.
 *
 * In process it is called as it is; `wire/` serves it over HTTP. An answer that is no response, but
 * a connection of another protocol (exec, attach, port-forward), is an `Upgrade`.
 */

import type { Duplex } from 'node:stream';

/** What is known of a request beside what it says: who is on the other end of the line. */
export interface Connection {
  /** Path and query exactly as they were sent, before anybody tidied them up. */
  readonly rawTarget: string;
  /** The certificate the caller proved to own, if its chain was checked; leaf first, in DER. */
  readonly peerCertificates: readonly PeerCertificate[];
  readonly remoteAddress: string;
  /** Did it come over TLS? */
  readonly secure: boolean;
  /** Does the caller need no credentials (the insecure port, or the same process)? */
  readonly trusted?: boolean;
}

/** What a client certificate says of its owner. */
export interface PeerCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** May it be used by clients (extended key usage)? */
  readonly forClients: boolean;
  /** Of the whole certificate in DER, in hexadecimal digits without anything between them. */
  readonly sha256?: string;
}

/** An answer that goes on as another protocol on the same connection. */
export interface Upgrade {
  /** For the header `Upgrade`: `websocket`, `SPDY/3.1`. */
  readonly protocol: string;
  /** More headers of the 101 answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Takes over the connection after the 101 went out; resolves when it is over. */
  accept(connection: Duplex): Promise<void>;
}

/** The API server. */
export type Handler = (request: Request, connection: Connection) => Promise<Response | Upgrade>;

/** Tells an upgrade from a response. */
export function isUpgrade(answer: object): answer is Upgrade {
  return 'accept' in answer;
}
