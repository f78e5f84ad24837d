import { AddressPool, cidrContains, parseCidr, routeOf } from '#container-runtime';
import { describe, expect, fc, it, property, trace } from '#kit';

describe('parseCidr and cidrContains', () => {
  it.core('reads a range and knows what is in it', () => {
    const cidr = parseCidr('10.244.1.0/24');
    expect(cidrContains(cidr, '10.244.1.0')).toBe(true);
    expect(cidrContains(cidr, '10.244.1.255')).toBe(true);
    expect(cidrContains(cidr, '10.244.2.0')).toBe(false);
    expect(cidrContains(cidr, '10.244.0.255')).toBe(false);
  });

  it('clears what stands behind the prefix', () => {
    expect(parseCidr('10.0.0.77/24')).toEqual(parseCidr('10.0.0.0/24'));
    expect(parseCidr('10.0.0.7/24')).toEqual({ base: 167_772_160, prefix: 24 });
  });

  const rows: [cidr: string, inside: string[], outside: string[]][] = [
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], []],
    ['1.2.3.4/32', ['1.2.3.4'], ['1.2.3.5', '1.2.3.3']],
    ['192.168.0.0/16', ['192.168.255.1'], ['192.169.0.0', '192.167.255.255']],
    ['10.0.0.128/25', ['10.0.0.128', '10.0.0.255'], ['10.0.0.127']],
    ['240.0.0.0/4', ['255.0.0.1'], ['239.255.255.255']],
  ];
  for (const [cidr, inside, outside] of rows) {
    it(`knows what is in ${cidr}`, () => {
      for (const ip of inside) expect(cidrContains(parseCidr(cidr), ip)).toBe(true);
      for (const ip of outside) expect(cidrContains(parseCidr(cidr), ip)).toBe(false);
    });
  }

  it('has nothing in it that is no address', () => {
    for (const ip of [
      '',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '01.2.3.4',
      '::1',
      'a.b.c.d',
      '1.2.3.4 ',
    ]) {
      expect(cidrContains(parseCidr('0.0.0.0/0'), ip)).toBe(false);
    }
  });

  for (const text of [
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0/24',
    '10.0.0.256/24',
    '10.0.0.0/24/1',
    '10.0.0.0/x',
    '010.0.0.0/8',
    'fd00::/64',
    '10.0.0.0/ 8',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseCidr(text)).toThrow({
        name: 'CriError',
        code: 'INVALID_ARGUMENT',
        description: `invalid CIDR address: ${text}`,
      });
    });
  }
});

describe('AddressPool', () => {
  const newPool = (cidr = '10.0.0.0/29') => {
    const range = parseCidr(cidr);
    return trace('pool', () => new AddressPool(range));
  };

  it.core('gives each its own address, from behind the gateway on', () => {
    const pool = newPool();
    expect(pool.gateway()).toBe('10.0.0.1');
    expect(pool.allocate('a')).toBe('10.0.0.2');
    expect(pool.allocate('b')).toBe('10.0.0.3');
    expect(pool.addressOf('b')).toBe('10.0.0.3');
  });

  it.core('gives who has one the same again', () => {
    const pool = newPool();
    pool.allocate('a');
    expect(pool.allocate('a')).toBe('10.0.0.2');
    expect(pool.allocate('b')).toBe('10.0.0.3');
  });

  it.core('does not give a freed address out again at once', () => {
    const pool = newPool();
    pool.allocate('a');
    pool.allocate('b');
    pool.release('a');
    expect(pool.addressOf('a')).toBeUndefined();
    const next = ['c', 'd', 'e', 'f'].map((owner) => pool.allocate(owner));
    expect(next).toEqual(['10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.2']);
  });

  it('does not give one out again at once to who has just freed it', () => {
    const pool = newPool();
    pool.allocate('a');
    pool.release('a');
    expect(pool.allocate('a')).toBe('10.0.0.3');
  });

  it('says when there is none left, and has one again when one is freed', () => {
    const pool = newPool();
    for (const owner of ['a', 'b', 'c', 'd', 'e']) pool.allocate(owner);
    const refused = {
      code: 'UNKNOWN',
      description:
        'failed to allocate for range 0: no IP addresses available in range set: 10.0.0.2-10.0.0.6',
    };
    expect(() => pool.allocate('f')).toThrow(refused);
    expect(pool.allocate('c')).toBe('10.0.0.4');
    expect(pool.addressOf('f')).toBeUndefined();
    pool.release('c');
    expect(pool.allocate('f')).toBe('10.0.0.4');
  });

  it('is empty when the range is too small', () => {
    for (const cidr of ['10.0.0.0/31', '10.0.0.0/32']) {
      expect(() => newPool(cidr).allocate('a')).toThrow({
        description:
          'failed to allocate for range 0: no IP addresses available in range set: 10.0.0.2-10.0.0.1',
      });
    }
    const pool = newPool('10.0.0.0/30');
    expect(pool.allocate('a')).toBe('10.0.0.2');
    expect(() => pool.allocate('b')).toThrow({ code: 'UNKNOWN' });
  });

  it('does not mind when there is nothing to free', () => {
    const pool = newPool();
    pool.release('nobody');
    expect(pool.allocate('a')).toBe('10.0.0.2');
  });

  it('leaves out what is taken already', () => {
    const pool = newPool();
    pool.reserve('old', '10.0.0.3');
    pool.reserve('elsewhere', '10.0.1.3');
    expect(pool.addressOf('old')).toBe('10.0.0.3');
    expect(pool.addressOf('elsewhere')).toBeUndefined();
    expect(['a', 'b'].map((owner) => pool.allocate(owner))).toEqual(['10.0.0.2', '10.0.0.4']);
    pool.release('old');
    expect(pool.addressOf('old')).toBeUndefined();
  });

  it('leaves an address to who had it first, and gives nobody two', () => {
    const pool = newPool();
    pool.allocate('a');
    pool.reserve('b', '10.0.0.2');
    expect(pool.addressOf('a')).toBe('10.0.0.2');
    expect(pool.addressOf('b')).toBeUndefined();
    pool.reserve('a', '10.0.0.5');
    expect(pool.addressOf('a')).toBe('10.0.0.2');
    const next = ['c', 'd', 'e'].map((owner) => pool.allocate(owner));
    expect(next).toEqual(['10.0.0.3', '10.0.0.4', '10.0.0.5']);
  });

  it('counts over the end of a byte', () => {
    const pool = newPool('10.0.0.0/23');
    const given = Array.from({ length: 256 }, (_, i) => pool.allocate(`o${i}`));
    expect(given.slice(252)).toEqual(['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1']);
  });

  property(
    "never gives two the same, nor an address that is nobody's",
    fc.array(fc.tuple(fc.constantFrom('allocate', 'release'), fc.nat(7)), { maxLength: 40 }),
    (steps) => {
      const pool = new AddressPool(parseCidr('10.0.0.0/29'));
      const held = new Map<number, string>();
      for (const [step, owner] of steps) {
        if (step === 'release') {
          pool.release(String(owner));
          held.delete(owner);
        } else if (held.size < 5 || held.has(owner)) held.set(owner, pool.allocate(String(owner)));
        else expect(() => pool.allocate(String(owner))).toThrow();
        expect(new Set(held.values()).size).toBe(held.size);
        for (const [one, ip] of held) {
          expect(pool.addressOf(String(one))).toBe(ip);
          expect(/^10\.0\.0\.[2-6]$/.test(ip)).toBe(true);
        }
      }
    },
  );
});

describe('routeOf', () => {
  const node = {
    nodeIp: '192.168.0.5',
    podCidr: parseCidr('10.244.1.0/24'),
    clusterCidr: parseCidr('10.244.0.0/16'),
  };
  const rows: [name: string, to: string, route: object][] = [
    ['itself', '10.244.1.7', { via: 'loopback', sourceIp: '10.244.1.7' }],
    ['localhost', '127.0.0.1', { via: 'loopback', sourceIp: '127.0.0.1' }],
    ['another localhost', '127.8.8.8', { via: 'loopback', sourceIp: '127.8.8.8' }],
    ['its node', '192.168.0.5', { via: 'host', sourceIp: '10.244.1.7' }],
    ['a neighbour', '10.244.1.8', { via: 'bridge', sourceIp: '10.244.1.7' }],
    ['a pod of another node', '10.244.2.8', { via: 'overlay', sourceIp: '10.244.1.7' }],
    ['another node', '192.168.0.6', { via: 'outside', sourceIp: '192.168.0.5' }],
    ['the world', '8.8.8.8', { via: 'outside', sourceIp: '192.168.0.5' }],
  ];
  for (const [name, to, route] of rows) {
    it(`finds the way to ${name}`, () => {
      expect(routeOf(node, '10.244.1.7', to)).toEqual(route);
    });
  }

  it.core('knows near from far', () => {
    expect(routeOf(node, '10.244.1.7', '10.244.1.8').via).toBe('bridge');
    expect(routeOf(node, '10.244.1.7', '10.244.3.1').via).toBe('overlay');
    expect(routeOf(node, '10.244.1.7', '1.1.1.1')).toEqual({
      via: 'outside',
      sourceIp: '192.168.0.5',
    });
  });

  it('finds ways for a node without ranges, and from the node itself', () => {
    const bare = { nodeIp: '192.168.0.5' };
    expect(routeOf(bare, '10.244.1.7', '10.244.1.8')).toEqual({
      via: 'outside',
      sourceIp: '192.168.0.5',
    });
    expect(routeOf(node, '192.168.0.5', '192.168.0.5')).toEqual({
      via: 'loopback',
      sourceIp: '192.168.0.5',
    });
    expect(routeOf(node, '192.168.0.5', '10.244.1.8')).toEqual({
      via: 'bridge',
      sourceIp: '192.168.0.5',
    });
  });
});
