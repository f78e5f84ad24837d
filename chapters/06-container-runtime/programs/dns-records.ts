/** DNS messages as clients have them: a question out, records in. Given; who asks whom is `dns.ts`. */

/** Types of records by their numbers. */
const TYPES = { A: 1, CNAME: 5, PTR: 12, TXT: 16, AAAA: 28, SRV: 33 } as const;

export type RecordType = keyof typeof TYPES;

/** A record of an answer. */
export interface DnsRecord {
  readonly name: string;
  readonly type: RecordType;
  /** An address, a name, or for SRV `priority weight port target`. */
  readonly value: string;
}

/** @returns `undefined` for a word that is no type known here */
export function recordType(word: string): RecordType | undefined {
  const upper = word.toUpperCase();
  return upper in TYPES ? (upper as RecordType) : undefined;
}

/** A question, as a datagram. @param name - without a dot at its end */
export function question(name: string, type: RecordType): Uint8Array {
  const encoder = new TextEncoder();
  const labels = name.split('.').flatMap((label) => {
    const bytes = encoder.encode(label);
    return [bytes.length, ...bytes];
  });
  const head = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([...head, ...labels, 0, 0, TYPES[type], 0, 1]);
}

/** The records that answer, in order. */
export function recordsIn(message: Uint8Array): DnsRecord[] {
  if (message.length < 12) return [];
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 12;
  for (let i = 0; i < view.getUint16(4); i++) at = nameAt(message, at).end + 4;
  const found: DnsRecord[] = [];
  for (let i = 0; i < view.getUint16(6) && at < message.length; i++) {
    const { name, end } = nameAt(message, at);
    const [number, length] = [view.getUint16(end), view.getUint16(end + 8)];
    const type = recordTypes.find((one) => TYPES[one] === number);
    if (type) found.push({ name, type, value: valueText(type, message, end + 10, length) });
    at = end + 10 + length;
  }
  return found;
}

const recordTypes = Object.keys(TYPES) as RecordType[];

function valueText(type: RecordType, message: Uint8Array, at: number, length: number): string {
  const bytes = message.subarray(at, at + length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case 'A':
      return bytes.join('.');
    case 'AAAA':
      return Array.from({ length: 8 }, (_, i) => view.getUint16(i * 2).toString(16)).join(':');
    case 'SRV': {
      const numbers = [0, 2, 4].map((offset) => view.getUint16(offset));
      return `${numbers.join(' ')} ${nameAt(message, at + 6).name}`;
    }
    case 'TXT':
      return `"${new TextDecoder().decode(bytes.subarray(1))}"`;
    default:
      return nameAt(message, at).name;
  }
}

/** A name, and where the message goes on; its end may stand elsewhere in the message. */
function nameAt(message: Uint8Array, from: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = from;
  let end: number | undefined;
  // A message that leads in circles ends here.
  for (let steps = 0; steps < 128; steps++) {
    const length = message[at] ?? 0;
    if (length === 0) break;
    if (length >= 0xc0) {
      end ??= at + 2;
      at = ((length & 0x3f) << 8) | (message[at + 1] ?? 0);
    } else {
      labels.push(new TextDecoder().decode(message.subarray(at + 1, at + 1 + length)));
      at += length + 1;
    }
  }
  return { name: labels.join('.'), end: end ?? at + 1 };
}
