/**
 * Large answers are compressed for those who can read it, as in Kubernetes: lists shrink to a tenth.
 *
 * Not for callers on the same computer: there bytes cost nothing and compressing them does.
 */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Answer } from '../context.ts';

/** Smaller answers are not worth it. */
export const MIN_GZIP_BYTES = 128 * 1024;

/** Whom to compress for, if they ask for it. */
export type Compression = 'never' | 'remote' | 'always';

const compress = promisify(gzip);
const LOOPBACK = /^(?:::1$|(?:::ffff:)?127\.)/;

/**
 * Tells whether an answer is to be compressed.
 *
 * @param acceptEncoding - what the caller says it can read
 * @see k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/writers.go (1.33)
 */
export function isWorthCompressing(
  { body, headers }: Answer,
  acceptEncoding: string | null,
  compression: Compression,
  remoteAddress: string,
): boolean {
  if (!(typeof body === 'string' || body instanceof Uint8Array)) return false;
  if (body.length <= MIN_GZIP_BYTES || compression === 'never' || acceptEncoding === null)
    return false;
  if (compression === 'remote' && LOOPBACK.test(remoteAddress)) return false;
  if (headers['Content-Encoding'] !== undefined) return false;
  return acceptEncoding.split(',').some((one) => one.trim() === 'gzip');
}

/** The same answer, compressed; off the main thread. */
export async function compressed(answer: Answer): Promise<Answer> {
  if (answer.body instanceof ReadableStream) return answer;
  return {
    status: answer.status,
    headers: { ...answer.headers, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' },
    body: await compress(answer.body, { level: 1 }),
  };
}
