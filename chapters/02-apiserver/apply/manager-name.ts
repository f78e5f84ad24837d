/** What a client is called that does not say so itself. Given. */

/** The most bytes a manager's name may have. */
export const MAX_MANAGER_NAME_LENGTH = 128;

const PLAIN_NAME = /^[!-~]{1,100}$/;

/**
 * The name of the manager a request's `User-Agent` stands for.
 *
 * @remarks What is before the first `/`, without characters that cannot be seen, cut to
 * {@link MAX_MANAGER_NAME_LENGTH} bytes: `kubectl/v1.33.0 (linux/amd64) kubernetes/60a317e` is
 * `kubectl`.
 *
 * @param userAgent - the header; absent counts as empty
 * @returns `unknown` when nothing is left
 * @see k8s.io/apiserver/pkg/endpoints/handlers/create.go (1.33), prefixFromUserAgent
 */
export function managerFromUserAgent(userAgent: string | undefined): string {
  const [prefix = ''] = (userAgent ?? '').split('/');
  // Nearly all of them are short and plain, and every write asks.
  if (PLAIN_NAME.test(prefix)) return prefix;
  const encoder = new TextEncoder();
  let name = '';
  let length = 0;
  for (const character of prefix.replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '')) {
    length += encoder.encode(character).length;
    if (length > MAX_MANAGER_NAME_LENGTH) break;
    name += character;
  }
  return name === '' ? 'unknown' : name;
}
