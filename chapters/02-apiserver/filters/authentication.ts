/**
 * The filter that finds out who sent a request. Given; how is `../authentication/`.
 *
 * It comes before authorization, which asks what that somebody may do.
 *
 * @see k8s.io/apiserver/pkg/endpoints/filters/authentication.go (1.33)
 */

import { newUnauthorized } from '#apimachinery';
import type { Authenticator } from '../authentication/authenticator.ts';
import { isRefusal } from '../authentication/token-authenticator.ts';
import type { Filter } from '../context.ts';
import { UNSECURED, type User } from '../user.ts';
import { withoutHeaders } from './hidden-headers.ts';

/** Headers with which a front proxy would say whom it speaks for. Here nobody is believed. */
const PROXY_HEADERS = /^x-remote-(user|uid|group|extra-.*)$/;

/**
 * Sets the request's user.
 *
 * @remarks A connection that needs no credentials is {@link UNSECURED}, whatever it shows. Whoever
 * is refused gets 401 and the one word `Unauthorized`; why is for the log.
 *
 * The credentials are gone from what later filters and handlers see, so that nobody passes them on.
 *
 * @param refused - is told why somebody was refused; never of a token
 */
export function newAuthentication(
  authenticator: Authenticator,
  refused: (why: string) => void = () => {},
): Filter {
  return async (context, next) => {
    const { incoming, connection } = context;
    if (connection.trusted) context.user = UNSECURED;
    else {
      const credentials = { headers: incoming.headers, connection };
      context.user = await identify(authenticator, credentials, refused);
    }
    context.incoming = withoutHeaders(incoming, isCredential);
    return next();
  };
}

function isCredential(name: string): boolean {
  return name === 'authorization' || PROXY_HEADERS.test(name);
}

async function identify(
  authenticator: Authenticator,
  credentials: Parameters<Authenticator['authenticate']>[0],
  refused: (why: string) => void,
): Promise<User> {
  try {
    const user = await authenticator.authenticate(credentials);
    if (user) return user;
    refused('no credentials, and anonymous requests are not allowed');
  } catch (error) {
    if (!isRefusal(error)) throw error;
    refused(error.message);
  }
  throw newUnauthorized('Unauthorized');
}
