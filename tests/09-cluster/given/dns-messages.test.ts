/** DNS messages as bytes: what is asked, what is answered, and what does not fit. */

import { decode, encode, type Packet } from 'dns-packet';
import type { DnsAnswer } from '#cluster';
import { describe, expect, it } from '#kit';
import {
  type DnsQuery,
  decodeQuery,
  encodeAnswer,
} from '../../../solutions/09-cluster/dns/dns-messages.ts';

const DOMAIN = 'cluster.local';
const NAME = 'web.default.svc.cluster.local';
const RECURSION_DESIRED = 1 << 8;

const query = (more: object = {}): Uint8Array =>
  new Uint8Array(
    encode({
      type: 'query',
      id: 7,
      flags: RECURSION_DESIRED,
      questions: [{ type: 'A', name: NAME }],
      ...more,
    } as Packet),
  );
const rcodeOf = (bytes: Uint8Array): number => (bytes[3] ?? 0) & 0xf;
const asked = (bytes: Uint8Array): DnsQuery => decodeQuery(bytes) as DnsQuery;
const addresses = (count: number): DnsAnswer => ({
  code: 'NOERROR',
  answers: Array.from({ length: count }, (_, i) => ({
    name: NAME,
    type: 'A',
    data: `10.0.0.${i}`,
  })),
  additionals: [],
});
const answered = (answer: DnsAnswer, limit = 512) =>
  decode(Buffer.from(encodeAnswer(asked(query()), answer, DOMAIN, limit))) as Packet & {
    readonly flag_tc?: boolean;
  };

describe('a DNS query', () => {
  it('is read', () => {
    expect(asked(query())).toMatchObject({
      id: 7,
      question: { name: NAME, type: 'A' },
      udpBytes: 512,
    });
  });

  const sizes: [number, number][] = [
    [1232, 1232],
    [100, 512],
    [65_535, 4096],
  ];
  for (const [udpPayloadSize, bytes] of sizes) {
    it(`that takes ${udpPayloadSize} bytes is given ${bytes}`, () => {
      const edns = { type: 'OPT', name: '.', udpPayloadSize, flags: 0, options: [] };
      expect(asked(query({ additionals: [edns] })).udpBytes).toBe(bytes);
    });
  }

  it('that is none is not answered', () => {
    expect(decodeQuery(query({ type: 'response' }))).toBe(undefined);
    expect(decodeQuery(new Uint8Array([1, 2, 3]))).toBe(undefined);
  });

  it('with two questions has the wrong form', () => {
    const question = { type: 'A', name: NAME };
    expect(rcodeOf(decodeQuery(query({ questions: [question, question] })) as Uint8Array)).toBe(1);
    expect(rcodeOf(decodeQuery(query({ questions: [] })) as Uint8Array)).toBe(1);
  });

  it('that ends too soon has the wrong form', () => {
    const reply = decodeQuery(query().slice(0, 20)) as Uint8Array;
    expect([reply[0], reply[1], rcodeOf(reply)]).toEqual([0, 7, 1]);
  });

  it('that wants something else is not implemented', () => {
    const update = 5 << 11;
    expect(rcodeOf(decodeQuery(query({ flags: update })) as Uint8Array)).toBe(4);
  });
});

describe('a DNS answer', () => {
  it('has the question, the records and a time to live', () => {
    const packet = answered(addresses(1));
    expect(packet).toMatchObject({ type: 'response', id: 7, flag_aa: true, flag_rd: true });
    expect(packet.questions).toMatchObject([{ name: NAME, type: 'A' }]);
    expect(packet.answers).toMatchObject([{ name: NAME, type: 'A', ttl: 30, data: '10.0.0.0' }]);
  });

  it('that does not fit says so, and has no records', () => {
    const packet = answered(addresses(100));
    expect([packet.flag_tc, packet.answers?.length]).toEqual([true, 0]);
  });

  it('fits where there is room', () => {
    expect(answered(addresses(100), 65_535).answers?.length).toBe(100);
  });

  const codes: [DnsAnswer['code'], number, number][] = [
    ['NOERROR', 0, 1],
    ['NXDOMAIN', 3, 1],
    ['REFUSED', 5, 0],
  ];
  for (const [code, rcode, authorities] of codes) {
    it(`without records: ${code}`, () => {
      const bytes = encodeAnswer(asked(query()), { ...addresses(0), code }, DOMAIN, 512);
      expect(rcodeOf(bytes)).toBe(rcode);
      expect(decode(Buffer.from(bytes)).authorities?.map(({ type }) => type) ?? []).toEqual(
        authorities === 1 ? ['SOA'] : [],
      );
    });
  }

  it('has records of every type', () => {
    const srv = { priority: 0, weight: 50, port: 80, target: NAME };
    const packet = answered(
      {
        code: 'NOERROR',
        answers: [
          { name: NAME, type: 'SRV', data: srv },
          { name: NAME, type: 'AAAA', data: 'fd00::1' },
          { name: NAME, type: 'CNAME', data: 'example.com' },
          { name: NAME, type: 'PTR', data: 'example.com' },
          { name: NAME, type: 'TXT', data: '1.1.0' },
        ],
        additionals: [{ name: NAME, type: 'A', data: '10.0.0.1' }],
      },
      4096,
    );
    expect(packet.answers?.map(({ type }) => type)).toEqual(['SRV', 'AAAA', 'CNAME', 'PTR', 'TXT']);
    expect(packet.answers?.[0]).toMatchObject({ data: srv });
    expect(packet.additionals).toMatchObject([{ type: 'A', data: '10.0.0.1' }]);
  });
});
