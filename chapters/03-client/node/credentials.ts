/**
 * Who asks, as headers and a certificate; read again as they change.
 *
 * Those that a program makes are `exec-credentials.ts`.
 */

import { readFile } from 'node:fs/promises';
import type { Clock, Logger } from '#apimachinery';
import { newExecSource } from './exec-credentials.ts';
import { reasonOf } from './kubeconfig-error.ts';
import type { RestConfig, UserConfig } from './rest-config.ts';

/** What a request is sent with. */
export interface Credentials {
  /** `Bearer …` or `Basic …`; absent: none. */
  readonly authorization?: string;
  readonly clientCertificate?: { readonly cert: string; readonly key: string };
}

/** Where credentials come from. */
export interface CredentialSource {
  current(): Promise<Credentials>;
  /** The server did not know these (401): they are not to be used again if there can be others. */
  refused(credentials: Credentials): void;
}

/** So long a token that was read from a file is used. */
export const TOKEN_FILE_PERIOD_MS = 60_000;

/** What is needed besides the configuration. */
export interface CredentialOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

/** @see client-go v0.33 transport/round_trippers.go, transport/token_source.go */
export function newCredentialSource(
  { user }: Pick<RestConfig, 'user'>,
  options: CredentialOptions,
): CredentialSource {
  const {
    token,
    tokenFile,
    username,
    password = '',
    clientCertificate: cert,
    clientKey: key,
  } = user;
  const certificate = cert && key ? { clientCertificate: { cert, key } } : {};
  if (token) return fixed({ ...certificate, authorization: `Bearer ${token}` });
  if (tokenFile) return new TokenFile(tokenFile, certificate, options);
  if (username) {
    const basic = Buffer.from(`${username}:${password}`).toString('base64');
    return fixed({ ...certificate, authorization: `Basic ${basic}` });
  }
  if (user.exec && !cert) return newExecSource(user.exec, options);
  return fixed(certificate);
}

/** The headers that say whom to act as. */
export function impersonationHeaders({ impersonate }: UserConfig): [name: string, value: string][] {
  if (impersonate === undefined) return [];
  const { user, uid, groups, extra } = impersonate;
  return [
    ['impersonate-user', user],
    ...(uid === '' ? [] : [['impersonate-uid', uid] as [string, string]]),
    ...groups.map((group): [string, string] => ['impersonate-group', group]),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value): [string, string] => [
        `impersonate-extra-${encodeURIComponent(key.toLowerCase())}`,
        value,
      ]),
    ),
  ];
}

function fixed(credentials: Credentials): CredentialSource {
  return { current: async () => credentials, refused: () => {} };
}

/** A token that somebody else keeps fresh in a file. */
class TokenFile implements CredentialSource {
  readonly #path: string;
  readonly #rest: Credentials;
  readonly #options: CredentialOptions;
  #last: Credentials | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<Credentials> | undefined;

  constructor(path: string, rest: Credentials, options: CredentialOptions) {
    this.#path = path;
    this.#rest = rest;
    this.#options = options;
  }

  async current(): Promise<Credentials> {
    const isFresh = this.#options.clock.monotonic() - this.#readAtMs < TOKEN_FILE_PERIOD_MS;
    if (this.#last && isFresh) return this.#last;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  refused(credentials: Credentials): void {
    if (credentials === this.#last) this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  async #read(): Promise<Credentials> {
    try {
      const token = (await readFile(this.#path, 'utf8')).trim();
      if (token === '') throw new Error('it is empty');
      this.#readAtMs = this.#options.clock.monotonic();
      this.#last = { ...this.#rest, authorization: `Bearer ${token}` };
    } catch (error) {
      const message = `${this.#path}: expected a token: ${reasonOf(error)}`;
      if (this.#last === undefined) throw new Error(message);
      // The old one may be good for a while.
      this.#options.log.warn(message);
    }
    return this.#last;
  }
}
