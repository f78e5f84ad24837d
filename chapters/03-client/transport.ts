/**
 * How requests get to a server: a function with `fetch`'s signature. Given.
 *
 * In process it calls the API server's handler; over the wire it is Node's, with certificates, made
 * in `node/`.
 */

/**
 * Sends a request and resolves with the response's head; its body is read as it comes.
 *
 * @remarks Aborting `init.signal` ends the request, or the body if that has begun.
 * @throws as a rejection, any error, when there is no answer
 */
export type Transport = (url: string, init?: RequestInit) => Promise<Response>;

/** A server in this process: the API server's handler is one. */
export type RequestHandler = (
  request: Request,
  connection: {
    readonly rawTarget: string;
    readonly peerCertificates: readonly never[];
    readonly remoteAddress: string;
    readonly secure: boolean;
    readonly trusted: boolean;
  },
) => Promise<object>;

/**
 * A transport that calls a handler in this process.
 *
 * @param trusted - does it come in without credentials, as an administrator? Else the request's
 * headers say who it is
 */
export function inProcessTransport(
  handler: RequestHandler,
  { trusted = false }: { readonly trusted?: boolean } = {},
): Transport {
  return async (url, init) => {
    const request = new Request(url, init);
    const { pathname, search } = new URL(url);
    const answer = await handler(request, {
      rawTarget: `${pathname}${search}`,
      peerCertificates: [],
      remoteAddress: '127.0.0.1',
      secure: true,
      trusted,
    });
    if (!(answer instanceof Response)) throw new Error(`${url} answered with another protocol`);
    return answer;
  };
}
