/** How the page's server answers: headers, and who may ask. Given. */

import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Sent with everything: nothing from another host is loaded, nothing is put into another page, and
 * nobody but this page reads what is answered.
 */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const;

const TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  json: 'application/json',
  text: 'text/plain; charset=utf-8',
} as const;

/** Something that is not answered as asked. */
export class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Refuses who may not ask.
 *
 * @remarks Another site's page may have its own name lead to this computer, and is then allowed to
 * read what is here; its browser still says that name in `Host`.
 * @param port - where the server listens
 * @throws Refusal
 */
export function checkAsker({ method, headers }: IncomingMessage, port: number): void {
  const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
  if (!hosts.includes((headers.host ?? '').toLowerCase())) {
    throw new Refusal(403, `this page is at http://127.0.0.1:${port}/ only`);
  }
  if (method !== 'GET') throw new Refusal(405, 'this page is only looked at: GET');
}

/** Answers with a text. */
export function answer(
  response: ServerResponse,
  type: keyof typeof TYPES,
  body: string,
  code = 200,
): void {
  const allow = code === 405 ? { allow: 'GET' } : {};
  response.writeHead(code, { ...HEADERS, ...allow, 'content-type': TYPES[type] });
  response.end(body);
}

/** Answers with JSON. */
export function answerJson(response: ServerResponse, value: unknown): void {
  answer(response, 'json', JSON.stringify(value));
}

/** Begins a stream of server-sent events. */
export function beginStream(response: ServerResponse): void {
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
  // A browser that lost the connection comes back this soon.
  response.write('retry: 1000\n\n');
}
