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
    readonly peerCertificates: readonly ClientCertificate[];
    readonly remoteAddress: string;
    readonly secure: boolean;
    readonly trusted: boolean;
  },
) => Promise<object>;

/** What a certificate says of a client; times in milliseconds since 1970. */
export interface ClientCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  readonly forClients: boolean;
}

/** Who comes in without credentials. */
export interface InProcessCaller {
  /** As an administrator? Absent: no. */
  readonly trusted?: boolean;
  /** As who would show a certificate with this name and these groups. */
  readonly user?: { readonly name: string; readonly groups: readonly string[] };
}

/**
 * A transport that calls a handler in this process.
 *
 * @param caller - who asks; left out, the requests' headers say
 */
export function inProcessTransport(
  handler: RequestHandler,
  { trusted = false, user }: InProcessCaller = {},
): Transport {
  const certificates = user
    ? [
        {
          commonName: user.name,
          organizations: user.groups,
          notBefore: 0,
          notAfter: Number.POSITIVE_INFINITY,
          forClients: true,
        },
      ]
    : [];
  return async (url, init) => {
    const request = new Request(url, init);
    const { pathname, search } = new URL(url);
    const answer = await handler(request, {
      rawTarget: `${pathname}${search}`,
      peerCertificates: certificates,
      remoteAddress: '127.0.0.1',
      secure: true,
      trusted,
    });
    if (!(answer instanceof Response)) throw new Error(`${url} answered with another protocol`);
    return answer;
  };
}
