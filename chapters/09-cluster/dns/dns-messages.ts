/** DNS messages as bytes. Given. */

import { decode, encode, type Packet } from 'dns-packet';
import type { DnsAnswer, DnsQuestion, DnsRecord } from './records.ts';

/** As kubeadm configures CoreDNS. */
const TTL_SECONDS = 30;
/** What a datagram may hold unless the asker says it takes more. */
const MIN_UDP_BYTES = 512;
const MAX_UDP_BYTES = 4096;
const CODES = { NOERROR: 0, NXDOMAIN: 3, REFUSED: 5 } as const;
const FORMAT_ERROR = 1;
const NOT_IMPLEMENTED = 4;
const AUTHORITATIVE = 1 << 10;
const TRUNCATED = 1 << 9;
const RECURSION_AVAILABLE = 1 << 7;
const RECURSION_DESIRED = 1 << 8;

/** A message that asks. */
export interface DnsQuery {
  readonly id: number;
  readonly question: DnsQuestion;
  readonly flags: number;
  /** How long an answer by UDP may be. */
  readonly udpBytes: number;
}

/** @returns the query, or what to answer when it is none; `undefined` when nothing is to be answered */
export function decodeQuery(bytes: Uint8Array): DnsQuery | Uint8Array | undefined {
  let packet: Packet;
  try {
    packet = decode(Buffer.from(bytes));
  } catch {
    return bytes.length < 12 ? undefined : failure(idOf(bytes), FORMAT_ERROR);
  }
  if (packet.type !== 'query') return undefined;
  const { id = 0, flags = 0, questions = [], additionals = [] } = packet;
  const [question] = questions;
  if (question === undefined || questions.length > 1) return failure(id, FORMAT_ERROR);
  if (((flags >> 11) & 0xf) !== 0) return failure(id, NOT_IMPLEMENTED);
  const edns = additionals.find((one) => one.type === 'OPT') as
    | { udpPayloadSize?: number }
    | undefined;
  const udpBytes = Math.min(Math.max(edns?.udpPayloadSize ?? 0, MIN_UDP_BYTES), MAX_UDP_BYTES);
  return { id, question: { name: question.name, type: question.type }, flags, udpBytes };
}

/** @param limit - in bytes; what does not fit is left out, and the message says so */
export function encodeAnswer(
  query: DnsQuery,
  { code, answers, additionals }: DnsAnswer,
  domain: string,
  limit: number,
): Uint8Array {
  const flags =
    AUTHORITATIVE | RECURSION_AVAILABLE | (query.flags & RECURSION_DESIRED) | CODES[code];
  const question = { name: query.question.name, type: query.question.type as 'A' };
  const base = { type: 'response' as const, id: query.id, questions: [question] };
  // Who gets nothing may remember that for a while: RFC 2308.
  const authorities = answers.length === 0 && code !== 'REFUSED' ? [authorityOf(domain)] : [];
  const whole = encode({
    ...base,
    flags,
    answers: answers.map(wireRecord),
    authorities,
    additionals: additionals.map(wireRecord),
  });
  if (whole.length <= limit) return new Uint8Array(whole);
  return new Uint8Array(encode({ ...base, flags: flags | TRUNCATED }));
}

function wireRecord(record: DnsRecord) {
  const rest = { name: record.name, ttl: TTL_SECONDS, class: 'IN' as const };
  switch (record.type) {
    case 'SRV':
      return { ...rest, type: record.type, data: { ...record.data } };
    case 'TXT':
      return { ...rest, type: record.type, data: record.data };
    default:
      return { ...rest, type: record.type, data: record.data };
  }
}

function authorityOf(domain: string) {
  return {
    name: domain,
    type: 'SOA' as const,
    ttl: TTL_SECONDS,
    class: 'IN' as const,
    data: {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: TTL_SECONDS,
    },
  };
}

function failure(id: number, code: number): Uint8Array {
  return new Uint8Array(encode({ type: 'response', id, flags: code }));
}

function idOf(bytes: Uint8Array): number {
  return ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
}
