/**
 * Judges the target of a request exactly as it was sent, before anything tidies it up. Given.
 *
 * `new Request()` and every URL parser turn `/healthz/%2e%2e/api` into `/api`: what was authorized
 * would then not be what is served. What a good path asks for is `request-info.ts`.
 */

import { newBadRequest, StatusError } from '#apimachinery';

/** The longest target, path and query together. Go takes a megabyte of headers; selectors are long. */
export const MAX_TARGET_LENGTH = 32 * 1024;

/** A target that was found safe. */
export interface Target {
  /** Decoded; begins with `/`. */
  readonly path: string;
  /** As it was sent, without the `?`; `''` for none. */
  readonly query: string;
}

/** Segments of letters that mean only themselves, none of them `.` or `..`, and one slash between. */
const PLAIN_PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~:@!$&'()*+,;=-]+)*\/?$/;
/** `GET http://host/path HTTP/1.1`, as proxies are asked. Only the path counts. */
const ABSOLUTE = /^https?:\/\/[^/?#]*/i;
/** Everything of a target that may stand there as it is. */
const VISIBLE = /^[\x21-\x7e]*$/;
/** A segment `.` or `..`, perhaps between slashes that were encoded. */
const DOTS = /(?:^|[/\\])\.{1,2}(?:[/\\]|$)/;
/** What stands behind this belongs to a pod, a service or a kubelet, who judge it themselves. */
const PROXIED =
  /^\/api\/v1\/(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy(?=[/?]|$)/;

/**
 * Judges a raw request target.
 *
 * @remarks Refused with 400 and a message that says why: a target that does not begin with `/` (or
 * `http://host/`), control bytes, spaces, bytes above 0x7e, `#`, percent-encoding that is none or
 * is no UTF-8, encoded control characters, a backslash, a segment `.` or `..`, an empty segment
 * before the last, and an encoded slash; encoded or not. An encoded slash never separates. 414 when
 * it is too long. Real servers answer `//` with a redirect to the cleaned path, and `..` with 404:
 * nothing is served there either.
 *
 * Behind `…/proxy/` empty segments and encoded slashes are let through: `path` has them decoded,
 * and who passes the request on takes the rest of the raw target.
 *
 * ```text
 * /api/v1/pods?watch=1     { path: '/api/v1/pods', query: 'watch=1' }
 * /apis/a%62c              { path: '/apis/abc', query: '' }
 * /healthz/%2e%2e/api      400
 * /api/v1/pods/a%2Fb       400
 * ```
 *
 * @param raw - path and query, as they stand in the request's first line
 * @returns the target, or the error to answer with
 */
export function judgeTarget(raw: string): Target | StatusError {
  if (raw.length > MAX_TARGET_LENGTH) return tooLong();
  const origin = raw.startsWith('/') ? '' : (ABSOLUTE.exec(raw)?.[0] ?? '');
  const target = raw.slice(origin.length);
  if (!VISIBLE.test(target)) return refuse('it has a byte that must be percent-encoded');
  if (target.includes('#')) return refuse('it has a fragment');
  const queryAt = target.indexOf('?');
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const query = queryAt < 0 ? '' : target.slice(queryAt + 1);
  if (PLAIN_PATH.test(path) && path !== '') return { path, query };
  if (path === '' && origin !== '') return { path: '/', query };
  const decoded = judgePath(path);
  return decoded instanceof StatusError ? decoded : { path: decoded, query };
}

/**
 * What stands behind `…/proxy` in a target, as it was sent, query included: for whom it belongs to.
 *
 * @returns begins with `/`, `?` or is `''`; all is `''` where the target is none of a proxy
 */
export function behindProxy(raw: string): string {
  const target = raw.startsWith('/') ? raw : raw.replace(ABSOLUTE, '');
  const proxied = PROXIED.exec(target)?.[0];
  return proxied === undefined ? '' : target.slice(proxied.length);
}

/** @returns the path, decoded */
function judgePath(path: string): string | StatusError {
  if (!path.startsWith('/')) return refuse('it does not begin with a slash');
  const ours = PROXIED.exec(path)?.[0] ?? path;
  const segments = path.slice(1).split('/');
  const ownCount = ours.split('/').length - 1;
  const decoded: string[] = [];
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1;
    const isProxied = ours !== path && i >= ownCount;
    const text = decode(segment);
    if (text === undefined) return refuse('its percent-encoding is broken');
    const fault = faultOf(text, { isLast, isProxied });
    if (fault !== undefined) return refuse(fault);
    decoded.push(text);
  }
  return `/${decoded.join('/')}`;
}

function faultOf(
  text: string,
  { isLast, isProxied }: { isLast: boolean; isProxied: boolean },
): string | undefined {
  if (DOTS.test(text)) return 'it has a segment "." or ".."';
  if (hasControl(text)) return 'it has an encoded control character';
  if (isProxied) return undefined;
  if (text === '' && !isLast) return 'it has an empty segment';
  if (text.includes('\\')) return 'it has a backslash';
  if (text.includes('/')) return 'it has an encoded slash';
  return undefined;
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** @returns `undefined` when it cannot be decoded */
function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function refuse(why: string): StatusError {
  return newBadRequest(`the target of the request is not accepted: ${why}`);
}

function tooLong(): StatusError {
  return new StatusError({
    code: 414,
    reason: '',
    message: `the target of the request is too long: limit is ${MAX_TARGET_LENGTH}`,
  });
}
