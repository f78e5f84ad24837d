/** Service account tokens for pods, renewed before they end. Given. */

import { type Clock, newNotFound, type Pod, type Random } from '#apimachinery';
import { type Client, SERVICE_ACCOUNTS } from '#client';

interface Held {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A token is not used longer than this, however long it is good. */
const MAX_AGE_MS = 24 * 3_600_000;
const JITTER_MS = 10_000;

/** @see pkg/kubelet/token/token_manager.go (1.33) */
export class TokenManager {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #held = new Map<string, Held>();

  constructor(client: Client, { clock, random }: { clock: Clock; random: Random }) {
    this.#client = client;
    this.#clock = clock;
    this.#random = random;
  }

  /** A token for a pod; another one when four fifths of its time are over. */
  async get(pod: Pod, audience: string, expirationSeconds: number): Promise<string> {
    const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
    const account = pod.spec?.serviceAccountName || 'default';
    const key = JSON.stringify([namespace, account, audience, expirationSeconds, uid]);
    const held = this.#held.get(key);
    if (held && !this.#isDue(held)) return held.token;
    try {
      const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name, uid };
      const request = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: { name: account, namespace },
        spec: { audiences: audience ? [audience] : [], expirationSeconds, boundObjectRef },
      };
      const answer = await this.#client
        .resource(SERVICE_ACCOUNTS, namespace)
        .create(request as never, { subresource: 'token' });
      const { status } = answer as { status?: { token: string; expirationTimestamp: string } };
      if (!status) throw newNotFound({ group: '', resource: 'serviceaccounts' }, account);
      this.#held.set(key, {
        token: status.token,
        issuedAt: this.#clock.now(),
        expiresAt: Date.parse(status.expirationTimestamp),
      });
      return status.token;
    } catch (error) {
      // An old token that is still good is better than none.
      if (held && held.expiresAt > this.#clock.now()) return held.token;
      throw error;
    }
  }

  #isDue({ issuedAt, expiresAt }: Held): boolean {
    const now = this.#clock.now() + this.#random.next() * JITTER_MS;
    return now >= issuedAt + 0.8 * (expiresAt - issuedAt) || now - issuedAt > MAX_AGE_MS;
  }

  /** Forgets the tokens of a pod that is gone. */
  forget(uid: string): void {
    for (const key of this.#held.keys()) if (key.endsWith(`"${uid}"]`)) this.#held.delete(key);
  }
}
