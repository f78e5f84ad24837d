/**
 * An authorizer that is put together when the first request needs it. Given.
 *
 * So a server starts, and serves those who may do anything, before its authorizers are written.
 */

import type { Authorizer } from './authorizer.ts';

/** @param make - is called once, or again as long as it throws */
export function authorizerOnFirstUse(make: () => Authorizer): Authorizer {
  let made: Authorizer | undefined;
  return {
    authorize(attributes) {
      made ??= make();
      return made.authorize(attributes);
    },
  };
}
