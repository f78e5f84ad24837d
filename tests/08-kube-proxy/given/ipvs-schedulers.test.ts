import { describe, expect, it } from '#kit';
import {
  HASH_BUCKETS,
  hashBucket,
  newHashingScheduler,
  type RealServer,
  weightSteps,
} from '#kube-proxy';

/** `a3` is server a of weight 3. */
function server(text: string): RealServer {
  return {
    address: text.slice(0, 1),
    weight: Number(text.slice(1)),
    activeConnections: 0,
    inactiveConnections: 0,
  };
}

function newHashing(name: 'sh' | 'dh', ...texts: string[]) {
  const scheduler = newHashingScheduler(name);
  const servers = texts.map(server);
  const change = () => scheduler.serversChanged([...servers]);
  change();
  const next = (source = '192.0.2.1', destination = '10.96.0.1') =>
    scheduler.schedule(source, destination)?.address ?? '-';
  return { servers, next, change };
}

/** An address whose bucket this is. */
function addressOf(bucket: number): string {
  for (let i = 0; i < 65_536; i++) {
    const ip = `192.0.${i >> 8}.${i & 255}`;
    if (hashBucket(ip) === bucket) return ip;
  }
  throw new Error(`no address for bucket ${bucket}`);
}

describe('sh and dh', () => {
  const bucketsOf = (name: 'sh' | 'dh', count: number, ...texts: string[]) => {
    const { next } = newHashing(name, ...texts);
    return Array.from({ length: count }, (_, i) =>
      name === 'sh' ? next(addressOf(i)) : next('192.0.2.1', addressOf(i)),
    ).join('');
  };

  it('sends a client always to the same server', () => {
    const { next } = newHashing('sh', 'a1', 'b1', 'c1');
    const first = next('192.0.2.77');
    expect([next('192.0.2.77', '10.0.0.9'), next('192.0.2.77')]).toEqual([first, first]);
  });

  it('sh gives each as many buckets in a row as its weight is', () => {
    expect(bucketsOf('sh', 9, 'a2', 'b1')).toBe('aabaabaab');
  });

  it('dh gives each one bucket, whatever its weight', () => {
    expect(bucketsOf('dh', 6, 'a2', 'b1')).toBe('ababab');
  });

  it('dh looks at the destination only', () => {
    const { next } = newHashing('dh', 'a1', 'b1');
    const [even, odd] = [addressOf(0), addressOf(1)];
    expect([next(odd, even), next(even, odd)]).toEqual(['a', 'b']);
  });

  it('gives nobody to who falls to a server of weight 0', () => {
    expect(bucketsOf('sh', 6, 'a0', 'b2')).toBe('-bb-bb');
    expect(bucketsOf('dh', 4, 'a0', 'b2')).toBe('-b-b');
  });

  it('fills the last bucket too', () => {
    const { next } = newHashing('sh', 'a100', 'b100', 'c100');
    expect(next(addressOf(HASH_BUCKETS - 1))).toBe('c');
    expect(next(addressOf(199))).toBe('b');
  });

  it('fills the buckets anew when servers change', () => {
    const { servers, next, change } = newHashing('sh', 'a1', 'b1');
    servers.push(server('c1'));
    change();
    expect([0, 1, 2, 3].map((i) => next(addressOf(i))).join('')).toBe('abca');
  });

  it('knows addresses of IPv6', () => {
    const { next } = newHashing('sh', 'a1', 'b1');
    const expected = hashBucket('fd00::7') % 2 === 0 ? 'a' : 'b';
    expect(next('fd00::7')).toBe(expected);
  });
});

describe('weightSteps', () => {
  for (const [texts, step, top] of [
    ['a4 b2', 2, 3],
    ['a3 b2 c1', 1, 3],
    ['a4 x0 b6', 2, 5],
    ['a5', 5, 1],
    ['a0 b0', 1, 0],
    ['', 1, 0],
  ] as const) {
    it(`goes down from ${top} by ${step}: ${texts || 'nobody'}`, () => {
      expect(weightSteps(texts.split(' ').filter(Boolean).map(server))).toEqual({ step, top });
    });
  }
});
