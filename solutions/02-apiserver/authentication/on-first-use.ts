/**
 * An authenticator that is put together when the first request needs it. Given.
 *
 * So a server starts, and serves those who need no credentials, before its authenticators are
 * written.
 */

import type { Authenticator } from './authenticator.ts';

/** @param make - is called once, or again as long as it throws */
export function authenticatorOnFirstUse(make: () => Authenticator): Authenticator {
  let made: Authenticator | undefined;
  return {
    authenticate(credentials) {
      made ??= make();
      return made.authenticate(credentials);
    },
  };
}
