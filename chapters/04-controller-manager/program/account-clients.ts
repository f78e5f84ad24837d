/**
 * Clients for the controllers' own service accounts: `--use-service-account-credentials`.
 *
 * The controller manager may make accounts in `kube-system` and ask for their tokens; with those each
 * controller does its work.
 *
 * @see staging/src/k8s.io/controller-manager/pkg/clientbuilder/client_builder_dynamic.go (1.33)
 */

import type { TokenRequest } from 'kubernetes-types/authentication/v1.js';
import { type Clock, isAlreadyExists, isNotFound, type Logger } from '#apimachinery';
import {
  type Client,
  newRestClient,
  type ResourceType,
  SERVICE_ACCOUNTS,
  type Transport,
} from '#client';
import { newHttpTransport, type RestConfig } from '#client/node';

const NAMESPACE = 'kube-system';
/** As upstream's: an hour, renewed when four fifths of it are over. */
const TOKEN_SECONDS = 3600;
const RENEW_AFTER_MS = TOKEN_SECONDS * 1000 * 0.8;

/** What making them needs. */
export interface AccountClientsOptions {
  readonly config: RestConfig;
  /** The controller manager's own. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Clients by account. */
export interface AccountClients {
  /** @param account - of `kube-system`; made when it is not there */
  clientAs(account: string): Client;
  close(): Promise<void>;
}

export function newAccountClients(options: AccountClientsOptions): AccountClients {
  const { config, clock, log } = options;
  // Who shows a certificate is known by that, whatever its token says.
  const { transport, close } = newHttpTransport({ ...config, user: {} }, options);
  return {
    close,
    clientAs: (account) => {
      const tokens = new AccountTokens(account, options);
      const withToken: Transport = async (url, init = {}) => {
        const send = async (token: string): Promise<Response> => {
          const headers = new Headers(init.headers);
          headers.set('authorization', `Bearer ${token}`);
          return transport(url, { ...init, headers });
        };
        const response = await send(await tokens.current());
        if (response.status !== 401) return response;
        await response.body?.cancel();
        tokens.forget();
        return send(await tokens.current());
      };
      const { server } = config;
      return newRestClient({ transport: withToken, server, clock, log, userAgent: account });
    },
  };
}

/** The token of one account. */
class AccountTokens {
  readonly #account: string;
  readonly #options: AccountClientsOptions;
  #token: Promise<string> | undefined;
  #madeAtMs = 0;

  constructor(account: string, options: AccountClientsOptions) {
    this.#account = account;
    this.#options = options;
  }

  current(): Promise<string> {
    const now = this.#options.clock.monotonic();
    if (this.#token && now - this.#madeAtMs < RENEW_AFTER_MS) return this.#token;
    this.#madeAtMs = now;
    const token = this.#request();
    this.#token = token;
    token.catch(() => this.forget());
    return token;
  }

  forget(): void {
    this.#token = undefined;
  }

  async #request(): Promise<string> {
    const { client } = this.#options;
    const accounts = client.resource(SERVICE_ACCOUNTS, NAMESPACE);
    // The subresource of an account takes and gives objects of another kind.
    const tokens = client.resource(SERVICE_ACCOUNTS as ResourceType<TokenRequest>, NAMESPACE);
    const ask = async (): Promise<string> => {
      const request: TokenRequest = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: { name: this.#account },
        spec: { audiences: [], expirationSeconds: TOKEN_SECONDS },
      };
      const answer = await tokens.create(request, { subresource: 'token' });
      if (answer.status?.token) return answer.status.token;
      throw new Error(`there came no token for ${NAMESPACE}/${this.#account}`);
    };
    try {
      return await ask();
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    try {
      await accounts.create({ metadata: { name: this.#account, namespace: NAMESPACE } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    return ask();
  }
}
