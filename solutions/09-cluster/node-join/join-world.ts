/** What a node that joins works with. Given: the types. */

import type { Clock, FileSystem } from '#apimachinery';
import type { Client } from '#client';
import type { CertificateFacts, KeyPair } from '../bootstrap/pki.ts';

/** What somebody who joins was told. */
export interface JoinOptions {
  /** The node's name. */
  readonly name: string;
  /** Where an API server of the cluster is reached: `https://192.0.2.7:6443`. */
  readonly server: string;
  /** A bootstrap token: `abcdef.0123456789abcdef`. */
  readonly token: string;
  /** Hashes of the authority's public keys, one of which must be right: `sha256:HEX` in small letters. */
  readonly authorityHashes: readonly string[];
  /** How long each wait may last: each of the two reads of cluster-info, and that for the certificate. */
  readonly timeoutMs: number;
}

/** Makes keys and requests, and reads certificates. */
export interface JoinPki {
  /** A new private key, in PEM. */
  newKey(): string;
  /** Something that is the same for the same key, and tells nobody what the key is. */
  fingerprint(key: string): string;
  /** A PKCS #10 request, in PEM, for a user and its groups. */
  newRequest(key: string, commonName: string, organizations: readonly string[]): Promise<string>;
  /** Hashes of the public keys of all certificates in a PEM text: `sha256:HEX` in small letters. */
  authorityHashes(authority: string): readonly string[];
  /** @returns `undefined` when the two do not belong together, or `authority` does not vouch for them */
  read(authority: string, pair: KeyPair): CertificateFacts | undefined;
}

/** Who a node that joins is to an API server. */
export interface JoinConnection {
  readonly server: string;
  /** Absent: nobody, who may read cluster-info. */
  readonly token?: string;
  /** Absent: whoever answers is believed, as nobody knows the authority yet. */
  readonly authority?: string;
}

/** What a node that joins may use. */
export interface JoinWorld {
  readonly connect: (to: JoinConnection) => Client;
  readonly files: FileSystem;
  /** Where its credentials are. */
  readonly directory: string;
  readonly pki: JoinPki;
  readonly clock: Clock;
}
