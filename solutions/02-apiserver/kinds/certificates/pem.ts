/**
 * PEM texts as certificate signing requests carry them, base64 in JSON. Given.
 *
 * What stands in a block is only looked at as far as it can be told from noise: it must be a DER
 * sequence of the right length. Reading certificates takes a library, and is not this server's
 * part.
 *
 * @see pkg/apis/certificates/helpers.go (1.33), ParseCSR
 */

interface PemBlock {
  readonly type: string;
  readonly hasHeaders: boolean;
  /** As base64. */
  readonly body: string;
}

/** What is wrong with a request for a certificate; `undefined` when nothing is. */
export function requestFault(base64: string): string | undefined {
  const [block] = blocksOf(base64);
  if (block?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST';
  return isDerSequence(block.body) ? undefined : 'x509: malformed certificate request';
}

/** What is wrong with issued certificates; `undefined` when nothing is. */
export function certificateFault(base64: string): string | undefined {
  const blocks = blocksOf(base64);
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  const other = blocks.find((block) => block.type !== 'CERTIFICATE');
  if (other) {
    return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(other.type)}`;
  }
  if (blocks.some((block) => block.hasHeaders)) return 'no PEM block headers are permitted';
  const isFine = blocks.every((block) => isDerSequence(block.body));
  return isFine ? undefined : 'x509: malformed certificate';
}

function blocksOf(base64: string): PemBlock[] {
  const text = decode(base64) ?? '';
  const blocks = text.matchAll(/-----BEGIN ([^\n]+?)-----\r?\n([\s\S]*?)-----END \1-----/g);
  return [...blocks].map(([, type = '', content = '']) => {
    const headers = /^(?:[^\n]*:[^\n]*\n)+\s*\n/.exec(content)?.[0] ?? '';
    const body = content.slice(headers.length).replace(/\s+/g, '');
    return { type, hasHeaders: headers !== '', body };
  });
}

/** A tag for a sequence, a length, and exactly that much. */
function isDerSequence(base64: string): boolean {
  const bytes = decode(base64);
  if (bytes === undefined || bytes.charCodeAt(0) !== 0x30) return false;
  const first = bytes.charCodeAt(1);
  if (first < 0x80) return bytes.length === 2 + first;
  const count = first & 0x7f;
  let length = 0;
  for (let i = 0; i < count; i++) length = length * 256 + bytes.charCodeAt(2 + i);
  return bytes.length === 2 + count + length;
}

function decode(base64: string): string | undefined {
  try {
    return atob(base64);
  } catch {
    return undefined;
  }
}
