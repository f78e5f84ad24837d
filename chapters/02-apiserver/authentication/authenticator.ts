/** Who is it? Given: the question and the forms of an answer. */

import type { Connection } from '../connection.ts';
import type { User } from '../user.ts';

/** What a request shows of its sender. */
export interface Credentials {
  readonly headers: { get(name: string): string | null };
  readonly connection: Connection;
}

/** Finds out who sent a request. */
export interface Authenticator {
  /**
   * @returns `undefined` when there are no credentials of the kind it knows
   * @throws StatusError 401, as a rejection, when there are, and they are wrong
   */
  authenticate(credentials: Credentials): Promise<User | undefined> | User | undefined;
}
