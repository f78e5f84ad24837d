/**
 * What an answer means that is no `Status`: from a proxy on the way, from something that is no API
 * server at all. Given: a table.
 */

import { type GroupResource, groupResourceText, StatusError } from '#apimachinery';

/** An answer that does not say what went wrong, and what was asked. */
export interface UnexplainedResponse {
  /** The HTTP code. */
  readonly code: number;
  /** `GET` */
  readonly method: string;
  /** Absent: the request was about no resource. */
  readonly resource?: GroupResource | undefined;
  /** The object's; absent or `''` when it was about all of them. */
  readonly name?: string | undefined;
  /**
   * The answer's text, without white space around it; `unknown` when its body is no text; `''` for an
   * empty text.
   */
  readonly serverMessage: string;
  /** From the header; 0 when there is none. */
  readonly retryAfterSeconds: number;
}

/** The codes that say something by themselves: reason and message. */
const MEANINGS: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  400: ['BadRequest', 'the server rejected our request for an unknown reason'],
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  409: ['Conflict', 'the server reported a conflict'],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: [
    'TooManyRequests',
    'the server has received too many requests and has asked us to try again later',
  ],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: [
    'Timeout',
    'the server was unable to return a response in the time allotted, but may still be processing the request',
  ],
};

/**
 * The error for an answer that does not explain itself.
 *
 * @remarks
 * ```text
 * 404 to GET of pods web, "nothing here"   NotFound, the server could not find the requested resource (get pods web)
 * 502 to GET of pods, "bad gateway"        InternalError, an error on the server ("bad gateway") has
 *                                          prevented the request from succeeding (get pods)
 * ```
 *
 * `details` name the resource and the object, `retryAfterSeconds`, and one cause
 * `UnexpectedServerResponse` with the server's message.
 *
 * @see apimachinery v0.33 pkg/api/errors/errors.go, NewGenericServerResponse
 */
export function newGenericServerResponse(response: UnexplainedResponse): StatusError {
  const { code, resource, name = '', serverMessage, retryAfterSeconds } = response;
  const [reason, message] = meaningOf(response);
  return new StatusError({
    code,
    reason,
    message: `${message}${aboutText(response)}`,
    details: {
      name,
      group: resource?.group ?? '',
      kind: resource?.resource ?? '',
      causes: [{ reason: 'UnexpectedServerResponse', message: serverMessage }],
      retryAfterSeconds,
    },
  });
}

function meaningOf({
  code,
  method,
  serverMessage,
}: UnexplainedResponse): readonly [reason: string, message: string] {
  // Of these the server's own text is worth more than ours.
  if (code === 403) return ['Forbidden', serverMessage];
  if (code === 406) return ['NotAcceptable', notAcceptable(serverMessage)];
  if (code === 415) return ['UnsupportedMediaType', serverMessage];
  const known = MEANINGS[code];
  if (code === 409 && known && method === 'POST') return ['AlreadyExists', known[1]];
  if (known) return known;
  if (code < 500) {
    return [
      '',
      `the server responded with the status code ${code} but did not return more information`,
    ];
  }
  const quoted = JSON.stringify(serverMessage);
  return [
    'InternalError',
    `an error on the server (${quoted}) has prevented the request from succeeding`,
  ];
}

function notAcceptable(serverMessage: string): string {
  if (serverMessage !== '' && serverMessage !== 'unknown') return serverMessage;
  return 'the server was unable to respond with a content type that the client supports';
}

function aboutText({ method, resource, name }: UnexplainedResponse): string {
  if (resource === undefined) return '';
  const verb = method.toLowerCase();
  return ` (${[verb, groupResourceText(resource), ...(name ? [name] : [])].join(' ')})`;
}
