/** JSON with line breaks for who reads it: browsers, curl and wget. Given. */

import type { Answer, Context } from '../context.ts';

const READERS = /^(?:curl|Wget|Mozilla\/5\.0)/;
/** Written with line breaks whoever asks. */
const ALWAYS = '/version';

/**
 * Breaks an answer's lines, if the client is a reader and says nothing else with `pretty`.
 *
 * @remarks What pods answer through a proxy stays as it is, and so do streams and OpenAPI's documents.
 *
 * @see k8s.io/apiserver/pkg/endpoints/handlers/negotiation/negotiate.go (1.33), isPrettyPrint
 */
export function forReaders({ incoming, query, info, path }: Context, answer: Answer): Answer {
  const asked = query.size > 0 && query.get('pretty');
  if (asked ? asked === 'false' || asked === '0' : !isReader(incoming.headers.get('user-agent'))) {
    if (path !== ALWAYS) return answer;
  }
  if (info.subresource === 'proxy' || path.startsWith('/openapi/')) return answer;
  if (!answer.headers['Content-Type']?.startsWith('application/json')) return answer;
  if (answer.body instanceof ReadableStream) return answer;
  const text =
    typeof answer.body === 'string' ? answer.body : new TextDecoder().decode(answer.body);
  return { ...answer, body: `${JSON.stringify(JSON.parse(text), null, 2)}\n` };
}

function isReader(userAgent: string | null): boolean {
  return userAgent !== null && READERS.test(userAgent);
}
