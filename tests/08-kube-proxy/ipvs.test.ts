import { FakeClock } from '#apimachinery';
import { describe, expect, fc, it, property, trace } from '#kit';
import {
  hashBucket,
  IpvsConnections,
  type IpvsSchedulerName,
  newIpvsScheduler,
  planRealServers,
  type RealServer,
  type VirtualServer,
} from '#kube-proxy';

const VIP = '10.96.0.1';

/** `a3` is server a of weight 3; `a3:2+1` has two active connections and one that was closed. */
function server(text: string): RealServer {
  const [, address = '', weight, active = '0', inactive = '0'] =
    /^([a-z])(\d+)(?::(\d+)\+(\d+))?$/.exec(text) ?? [];
  return {
    address,
    weight: Number(weight),
    activeConnections: Number(active),
    inactiveConnections: Number(inactive),
  };
}

function newScheduler(name: IpvsSchedulerName, ...texts: string[]) {
  const scheduler = trace(name, () => newIpvsScheduler(name));
  const servers = texts.map(server);
  scheduler.serversChanged([...servers]);
  const next = (source = '192.0.2.1', destination = VIP) =>
    scheduler.schedule(source, destination)?.address ?? '-';
  return {
    scheduler,
    servers,
    next,
    some: (count: number) => Array.from({ length: count }, () => next()).join(''),
    change: () => scheduler.serversChanged([...servers]),
  };
}

/** An address whose bucket this is. */
function addressOf(bucket: number): string {
  for (let i = 0; i < 65_536; i++) {
    const ip = `192.0.${i >> 8}.${i & 255}`;
    if (hashBucket(ip) === bucket) return ip;
  }
  throw new Error(`no address for bucket ${bucket}`);
}

describe('rr', () => {
  it.core('takes one after another', () => {
    const { some } = newScheduler('rr', 'a1', 'b1', 'c1');
    expect(some(7)).toBe('abcabca');
  });

  it('does not care how heavy they are, but for weight 0', () => {
    const { some } = newScheduler('rr', 'a1', 'b0', 'c9');
    expect(some(5)).toBe('acaca');
  });

  it('goes on where it was when a server comes', () => {
    const { servers, some, change } = newScheduler('rr', 'a1', 'b1', 'c1');
    expect(some(2)).toBe('ab');
    servers.unshift(server('n1'));
    change();
    expect(some(5)).toBe('cnabc');
  });

  it('goes on with the next one when the last one is gone', () => {
    const { servers, some, change } = newScheduler('rr', 'a1', 'b1', 'c1', 'd1');
    expect(some(2)).toBe('ab');
    servers.splice(1, 1);
    change();
    expect(some(4)).toBe('cdac');
  });

  it('goes back past all that are gone', () => {
    const { servers, some, change } = newScheduler('rr', 'a1', 'b1', 'c1', 'd1');
    expect(some(3)).toBe('abc');
    servers.splice(1, 2);
    servers.push(server('n1'));
    change();
    expect(some(3)).toBe('dna');
  });

  it('begins anew when all that had their turn are gone', () => {
    const { servers, some, change } = newScheduler('rr', 'a1', 'b1', 'c1');
    expect(some(1)).toBe('a');
    servers.splice(0, 1, server('n1'));
    change();
    expect(some(3)).toBe('nbc');
  });

  it('comes to the first after the last when the last one is gone', () => {
    const { servers, some, change } = newScheduler('rr', 'a1', 'b1', 'c1');
    expect(some(3)).toBe('abc');
    servers.pop();
    change();
    expect(some(3)).toBe('aba');
  });

  it('skips one whose weight became 0, and takes it again later', () => {
    const { servers, some, change } = newScheduler('rr', 'a1', 'b1', 'c1');
    const [, b] = servers;
    if (b) b.weight = 0;
    change();
    expect(some(3)).toBe('aca');
    if (b) b.weight = 1;
    change();
    expect(some(3)).toBe('bca');
  });
});

describe('wrr', () => {
  it.core('gives the heavier ones more, in the order of the threshold', () => {
    expect(newScheduler('wrr', 'a4', 'b2').some(6)).toBe('aabaab');
    expect(newScheduler('wrr', 'a3', 'b2', 'c1').some(12)).toBe('aababcaababc');
  });

  it('keeps the order of the list', () => {
    expect(newScheduler('wrr', 'c1', 'b2', 'a3').some(6)).toBe('abacba');
  });

  it('is rr with equal weights', () => {
    expect(newScheduler('wrr', 'a5', 'b5', 'c5').some(6)).toBe('abcabc');
  });

  it('leaves out weight 0, also of what it has in common', () => {
    expect(newScheduler('wrr', 'a4', 'x0', 'b2').some(6)).toBe('aabaab');
  });

  it('begins at the beginning of the list when servers change, with the threshold it had', () => {
    const { servers, some, change } = newScheduler('wrr', 'a3', 'b2', 'c1');
    expect(some(2)).toBe('aa');
    servers.push(server('d3'));
    change();
    // The threshold was 2.
    expect(some(7)).toBe('abdabcd');
  });

  it('lowers a threshold that is too high now', () => {
    const { servers, some, change } = newScheduler('wrr', 'a9', 'b1');
    expect(some(1)).toBe('a');
    servers.splice(0, 1, server('c2'));
    change();
    expect(some(4)).toBe('ccbc');
  });

  it('puts a threshold on the new steps', () => {
    const { servers, some, change } = newScheduler('wrr', 'a6', 'b5');
    // Threshold 6, then 5, then 4.
    expect(some(4)).toBe('aaba');
    servers.splice(1, 1, server('c4'));
    change();
    // Step 2, top 5: 4 becomes 5.
    expect(some(5)).toBe('aacac');
  });

  it('begins at the top again when there were only weights of 0', () => {
    const { servers, some, change } = newScheduler('wrr', 'a3', 'b1', 'c1');
    // Threshold 3, then 2, then 1.
    expect(some(3)).toBe('aaa');
    const weights = servers.map(({ weight }) => weight);
    for (const one of servers) one.weight = 0;
    change();
    expect(some(2)).toBe('--');
    servers.forEach((one, i) => {
      one.weight = weights[i] ?? 0;
    });
    change();
    expect(some(5)).toBe('aaabc');
  });

  it('begins at the top again when there was no server', () => {
    const { servers, some, change } = newScheduler('wrr', 'a2', 'b1');
    // Threshold 2, then 1.
    expect(some(2)).toBe('aa');
    const all = servers.splice(0);
    change();
    expect(some(1)).toBe('-');
    servers.push(...all);
    change();
    expect(some(3)).toBe('aab');
  });

  property(
    'gives in one round each as many as its weight is to the common divisor',
    fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
    (weights) => {
      const divisor = weights.reduce(gcd);
      const texts = weights.map((weight, i) => `${'abcde'[i]}${weight}`);
      const total = weights.reduce((sum, weight) => sum + weight, 0) / divisor;
      const round = newScheduler('wrr', ...texts).some(total);
      const counts = weights.map((_, i) => [...round].filter((one) => one === 'abcde'[i]).length);
      expect(counts).toEqual(weights.map((weight) => weight / divisor));
    },
  );
});

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

describe('schedulers that look at connections', () => {
  const cases: [IpvsSchedulerName, string, string, string][] = [
    ['lc', 'takes who has the fewest', 'a1:3+0 b1:2+0 c1:4+0', 'b'],
    ['lc', 'counts what was closed a 256th', 'a1:1+0 b1:0+255 c1:2+0', 'b'],
    ['lc', 'finds 256 that were closed as much as one', 'a1:1+0 b1:0+256', 'a'],
    ['lc', 'finds more closed ones more', 'a1:1+0 b1:0+257', 'a'],
    ['lc', 'takes the first of equals', 'a1:2+0 b1:1+0 c1:1+0', 'b'],
    ['lc', 'does not care for weights', 'a9:2+0 b1:1+0', 'b'],
    ['lc', 'takes nobody of weight 0', 'a0:0+0 b1:7+0', 'b'],
    ['wlc', 'takes the least for its weight', 'a1:2+0 b3:5+0 c2:4+0', 'b'],
    ['wlc', 'takes the first of equals', 'a2:4+0 b1:2+0 c3:6+0', 'a'],
    ['wlc', 'is exact with fractions', 'a3:1+0 b7:2+85', 'b'],
    ['wlc', 'takes the first when nobody has any', 'a1:0+0 b9:0+0', 'a'],
    ['wlc', 'counts closed ones too', 'a2:1+3 b2:1+2', 'b'],
    ['wlc', 'takes nobody of weight 0', 'a0:0+0 b1:7+0', 'b'],
    ['sed', 'looks at what it would be with one more', 'a1:0+0 b3:1+0', 'b'],
    ['sed', 'prefers the heavy one when nobody has any', 'a1:0+0 b3:0+0 c2:0+0', 'b'],
    ['sed', 'does not count closed ones', 'a1:1+500 b1:2+0', 'a'],
    ['sed', 'takes the first of equals', 'a1:0+0 b2:1+0', 'a'],
    ['sed', 'takes nobody of weight 0', 'a0:0+0 b1:7+0', 'b'],
    ['nq', 'takes who has nothing to do, however slow', 'a3:1+0 b1:0+9 c9:0+0', 'b'],
    ['nq', 'is sed when all have something to do', 'a1:1+0 b3:2+0', 'b'],
    ['nq', 'takes nobody of weight 0', 'a0:0+0 b1:7+0', 'b'],
  ];
  for (const [name, what, texts, expected] of cases) {
    it(`${name} ${what}: ${texts}`, () => {
      expect(newScheduler(name, ...texts.split(' ')).next()).toBe(expected);
    });
  }

  it.core('lc follows the counts as they are', () => {
    const { servers, next } = newScheduler('lc', 'a1:0+0', 'b1:1+0');
    expect(next()).toBe('a');
    for (const one of servers) one.activeConnections = one.address === 'a' ? 5 : 1;
    expect(next()).toBe('b');
  });

  it('changes no counts', () => {
    const { servers, some } = newScheduler('wlc', 'a1:1+1', 'b2:3+0');
    some(3);
    expect(servers).toEqual([server('a1:1+1'), server('b2:3+0')]);
  });
});

describe('sh and dh', () => {
  it.core('sends a client always to the same server', () => {
    const { next } = newScheduler('sh', 'a1', 'b1', 'c1');
    const first = next('192.0.2.77');
    expect([next('192.0.2.77', '10.0.0.9'), next('192.0.2.77')]).toEqual([first, first]);
  });

  it('are made as they are given', () => {
    const [even, odd] = [addressOf(0), addressOf(1)];
    const [source, destination] = [newScheduler('sh', 'a1', 'b1'), newScheduler('dh', 'a1', 'b1')];
    expect([source.next(even, odd), source.next(odd, even)]).toEqual(['a', 'b']);
    expect([destination.next(even, odd), destination.next(odd, even)]).toEqual(['b', 'a']);
  });
});

describe('any scheduler', () => {
  const names = ['rr', 'wrr', 'lc', 'wlc', 'sh', 'dh', 'sed', 'nq'] as const;
  for (const name of names) {
    it(`${name} has nobody without servers, and with none above weight 0`, () => {
      const { servers, next, change } = newScheduler(name);
      expect(next()).toBe('-');
      servers.push(server('a0'), server('b0'));
      change();
      expect(next()).toBe('-');
      servers.length = 0;
      change();
      expect(next()).toBe('-');
    });

    it(`${name} takes the only one there is`, () => {
      expect(newScheduler(name, 'a3').some(3)).toBe('aaa');
    });

    it(`${name} gives the object itself`, () => {
      const { scheduler, servers } = newScheduler(name, 'a1');
      const given = scheduler.schedule('192.0.2.1', VIP);
      if (given) given.activeConnections = 7;
      expect(servers[0]?.activeConnections).toBe(7);
    });
  }
});

function newService(words: Partial<VirtualServer> = {}, ...texts: string[]) {
  const clock = trace('clock', () => new FakeClock());
  const connections = trace('connections', () => new IpvsConnections(clock));
  const servers = texts.map(server);
  let service = {
    protocol: 'TCP' as const,
    ip: VIP,
    port: 80,
    scheduler: 'rr' as const,
    persistenceSeconds: 0,
    ...words,
  };
  const update = (changes: Partial<VirtualServer> = {}): void => {
    service = { ...service, ...changes };
    connections.update({ ...service, servers: [...servers] });
  };
  update();
  return {
    clock,
    connections,
    servers,
    update,
    to: (ip: string, port: number) => connections.connect(ip, port)?.server.address ?? '-',
    counts: () =>
      servers
        .map((one) => `${one.address}:${one.activeConnections}+${one.inactiveConnections}`)
        .join(' '),
  };
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

describe('connections', () => {
  it.core('go to servers in turn, and stay where they went', () => {
    const { to, counts } = newService({}, 'a1', 'b1');
    expect([to('192.0.2.1', 1), to('192.0.2.1', 2), to('192.0.2.2', 1)]).toEqual(['a', 'b', 'a']);
    expect([to('192.0.2.1', 2), to('192.0.2.1', 1)]).toEqual(['b', 'a']);
    expect(counts()).toBe('a:2+0 b:1+0');
  });

  it.core('count as closed for two minutes after they were closed', () => {
    const { clock, connections, to, counts } = newService({}, 'a1');
    to('192.0.2.1', 1);
    to('192.0.2.1', 2);
    connections.close('192.0.2.1', 1);
    expect(counts()).toBe('a:1+1');
    clock.step(2 * MINUTE - 1);
    expect(counts()).toBe('a:1+1');
    clock.step(1);
    expect(counts()).toBe('a:1+0');
  });

  const timeouts = [
    ['TCP', 15],
    ['UDP', 5],
    ['SCTP', 15],
  ] as const;
  for (const [protocol, minutes] of timeouts) {
    it(`of ${protocol} are forgotten ${minutes} minutes after their last packet`, () => {
      const { clock, to, counts } = newService({ protocol }, 'a1', 'b1');
      to('192.0.2.1', 1);
      clock.step(minutes * MINUTE - 1);
      expect(to('192.0.2.1', 1)).toBe('a');
      clock.step(minutes * MINUTE - 1);
      expect(counts()).toBe('a:1+0 b:0+0');
      clock.step(1);
      expect(counts()).toBe('a:0+0 b:0+0');
      expect(to('192.0.2.1', 1)).toBe('b');
    });
  }

  it('know who they are of', () => {
    const { connections } = newService({}, 'a1');
    expect(connections.connect('192.0.2.1', 7)?.client).toBe('192.0.2.1:7');
    expect(connections.connect('fd00::1', 7)?.client).toBe('[fd00::1]:7');
  });

  it('begin anew after they were closed', () => {
    const { connections, to, counts } = newService({}, 'a1', 'b1');
    to('192.0.2.1', 1);
    connections.close('192.0.2.1', 1);
    expect(to('192.0.2.1', 1)).toBe('b');
    expect(counts()).toBe('a:0+0 b:1+0');
  });

  it('are closed once', () => {
    const { clock, connections, to, counts } = newService({}, 'a1');
    to('192.0.2.1', 1);
    connections.close('192.0.2.1', 1);
    clock.step(MINUTE);
    connections.close('192.0.2.1', 1);
    connections.close('192.0.2.9', 9);
    expect(counts()).toBe('a:0+1');
    clock.step(MINUTE);
    expect(counts()).toBe('a:0+0');
  });

  it.core('stay with a server of weight 0, and new ones go elsewhere', () => {
    const { servers, to, update } = newService({}, 'a1', 'b1');
    to('192.0.2.1', 1);
    for (const one of servers) one.weight = one.address === 'a' ? 0 : 1;
    update();
    expect(to('192.0.2.1', 1)).toBe('a');
    expect([to('192.0.2.1', 2), to('192.0.2.1', 3)]).toEqual(['b', 'b']);
  });

  it('leave a server that is gone', () => {
    const { servers, to, update, counts } = newService({}, 'a1', 'b1');
    to('192.0.2.1', 1);
    servers.shift();
    update();
    expect(to('192.0.2.1', 1)).toBe('b');
    expect(counts()).toBe('b:1+0');
  });

  it('are forgotten at once when their server is gone', () => {
    const { clock, connections, servers, to, update, counts } = newService({}, 'a1', 'b1');
    for (const port of [1, 2, 3]) to('192.0.2.1', port);
    connections.close('192.0.2.1', 3);
    expect(clock.pendingTimers).toBe(3);
    const [gone] = servers.splice(0, 1);
    update();
    expect(gone).toMatchObject({ activeConnections: 0, inactiveConnections: 0 });
    expect(clock.pendingTimers).toBe(1);
    expect(counts()).toBe('b:1+0');
    clock.step(20 * MINUTE);
    expect(gone).toMatchObject({ activeConnections: 0, inactiveConnections: 0 });
  });

  it('do not know a server again that was deleted and added', () => {
    const { servers, to, update, counts } = newService({}, 'a1');
    to('192.0.2.1', 1);
    servers.splice(0, 1, server('a1'));
    update();
    expect(to('192.0.2.1', 1)).toBe('a');
    expect(counts()).toBe('a:1+0');
  });

  it('are not there when nobody takes them', () => {
    const { servers, to, update, counts } = newService({}, 'a0');
    expect(to('192.0.2.1', 1)).toBe('-');
    for (const one of servers) one.weight = 1;
    update();
    expect(to('192.0.2.1', 1)).toBe('a');
    expect(counts()).toBe('a:1+0');
  });

  it('are not there before anything is known of the service', () => {
    const connections = new IpvsConnections(new FakeClock());
    expect(connections.connect('192.0.2.1', 1)).toBeUndefined();
  });

  it('go where a new scheduler says after the service names another', () => {
    const { to, update } = newService({}, 'a1:0+0', 'b1:5+0');
    expect(to('192.0.2.1', 1)).toBe('a');
    update({ scheduler: 'lc' });
    expect(to('192.0.2.1', 2)).toBe('a');
    update({ scheduler: 'rr' });
    expect(to('192.0.2.1', 3)).toBe('a');
  });

  it('go on in turn when servers did not change', () => {
    const { to, update } = newService({}, 'a1', 'b1', 'c1');
    expect(to('192.0.2.1', 1)).toBe('a');
    update();
    expect(to('192.0.2.1', 2)).toBe('b');
  });

  it('leave nothing behind when all is cleared', () => {
    const { clock, connections, to, counts } = newService({ persistenceSeconds: 60 }, 'a1', 'b1');
    to('192.0.2.1', 1);
    to('192.0.2.2', 1);
    connections.close('192.0.2.2', 1);
    connections.clear();
    expect(counts()).toBe('a:0+0 b:0+0');
    expect(clock.pendingTimers).toBe(0);
    // Whose turn it is is not forgotten; to whom a client belongs is.
    expect([to('192.0.2.2', 2), to('192.0.2.1', 2)]).toEqual(['a', 'b']);
  });
});

describe('persistence', () => {
  it.core('keeps a client at its server, whatever port it comes from', () => {
    const { to } = newService({ persistenceSeconds: 600 }, 'a1', 'b1');
    expect([to('192.0.2.1', 1), to('192.0.2.2', 1)]).toEqual(['a', 'b']);
    expect([to('192.0.2.1', 2), to('192.0.2.1', 3), to('192.0.2.2', 2)]).toEqual(['a', 'a', 'b']);
  });

  it('lasts as long as was said after the last new connection', () => {
    const { clock, connections, to } = newService({ persistenceSeconds: 600 }, 'a1', 'b1');
    to('192.0.2.1', 1);
    connections.close('192.0.2.1', 1);
    clock.step(600 * SECOND - 1);
    expect(to('192.0.2.1', 2)).toBe('a');
    connections.close('192.0.2.1', 2);
    clock.step(600 * SECOND - 1);
    expect(to('192.0.2.1', 3)).toBe('a');
    connections.close('192.0.2.1', 3);
    clock.step(600 * SECOND);
    expect(to('192.0.2.1', 4)).toBe('b');
  });

  it('is not made longer by packets of a connection that is there', () => {
    const { clock, connections, to } = newService({ persistenceSeconds: 600 }, 'a1', 'b1');
    to('192.0.2.1', 1);
    clock.step(400 * SECOND);
    expect(to('192.0.2.1', 1)).toBe('a');
    connections.close('192.0.2.1', 1);
    clock.step(200 * SECOND - 1);
    expect(to('192.0.2.2', 1)).toBe('b');
    expect(to('192.0.2.3', 1)).toBe('a');
    clock.step(1);
    expect(to('192.0.2.1', 2)).toBe('b');
  });

  it('lasts as long as a connection is remembered', () => {
    const { clock, connections, to } = newService({ persistenceSeconds: 10 }, 'a1', 'b1');
    to('192.0.2.1', 1);
    clock.step(14 * MINUTE);
    expect(to('192.0.2.1', 2)).toBe('a');
    connections.close('192.0.2.1', 2);
    clock.step(MINUTE + 1);
    // The first one has timed out, the second one was closed not two minutes ago.
    expect(to('192.0.2.1', 3)).toBe('a');
    connections.close('192.0.2.1', 3);
    clock.step(2 * MINUTE);
    expect(to('192.0.2.1', 4)).toBe('b');
  });

  it('lasts as long as any connection is remembered, not the last one only', () => {
    const { clock, connections, to } = newService({ persistenceSeconds: 10 }, 'a1', 'b1');
    to('192.0.2.1', 1);
    to('192.0.2.1', 2);
    connections.close('192.0.2.1', 2);
    clock.step(5 * MINUTE);
    expect(to('192.0.2.1', 3)).toBe('a');
  });

  it('ends with a server that has weight 0 or is gone', () => {
    const { servers, to, update } = newService({ persistenceSeconds: 600 }, 'a1', 'b1', 'c1');
    expect(to('192.0.2.1', 1)).toBe('a');
    for (const one of servers) one.weight = one.address === 'a' ? 0 : 1;
    update();
    expect([to('192.0.2.1', 2), to('192.0.2.1', 1), to('192.0.2.1', 3)]).toEqual(['b', 'a', 'b']);
    servers.splice(1, 1);
    update();
    expect(to('192.0.2.1', 4)).toBe('c');
  });

  it('does not come back to a server that was left', () => {
    const { servers, to, update } = newService({ persistenceSeconds: 600 }, 'a1', 'b1');
    to('192.0.2.1', 1);
    for (const one of servers) one.weight = one.address === 'a' ? 0 : 1;
    update();
    expect(to('192.0.2.1', 2)).toBe('b');
    for (const one of servers) one.weight = 1;
    update();
    expect(to('192.0.2.1', 3)).toBe('b');
  });

  it('is not there without being asked for', () => {
    const { to } = newService({}, 'a1', 'b1');
    expect([to('192.0.2.1', 1), to('192.0.2.1', 2)]).toEqual(['a', 'b']);
  });

  it('is for a server that is gone no more', () => {
    const { servers, to, update } = newService({ persistenceSeconds: 600 }, 'a1', 'b1');
    expect([to('192.0.2.1', 1), to('192.0.2.2', 1)]).toEqual(['a', 'b']);
    servers.splice(0, 1, server('a1'));
    update();
    // b had its turn last: the new a is next.
    expect([to('192.0.2.3', 1), to('192.0.2.1', 2)]).toEqual(['a', 'b']);
  });

  it('is over for who asks while nobody may serve', () => {
    const { servers, to, update } = newService({ persistenceSeconds: 600 }, 'a1', 'b1');
    expect([to('192.0.2.1', 1), to('192.0.2.2', 1), to('192.0.2.3', 1)]).toEqual(['a', 'b', 'a']);
    for (const one of servers) one.weight = 0;
    update();
    expect(to('192.0.2.1', 2)).toBe('-');
    for (const one of servers) one.weight = 1;
    update();
    // The turn is with b. The third one did not ask, and belongs to a still.
    expect([to('192.0.2.1', 2), to('192.0.2.3', 2)]).toEqual(['b', 'a']);
  });

  const later = [
    ['more', 130, 600],
    ['less', 600, 130],
  ] as const;
  for (const [what, first, second] of later) {
    it(`lasts as long as was said when the client came, though ${what} is said later`, () => {
      for (const [ms, expected] of [
        [first * SECOND - 1, 'a'],
        [first * SECOND, 'b'],
      ] as const) {
        const { clock, connections, to, update } = newService(
          { persistenceSeconds: first },
          'a1',
          'b1',
        );
        to('192.0.2.1', 1);
        connections.close('192.0.2.1', 1);
        update({ persistenceSeconds: second });
        clock.step(10 * SECOND);
        expect(to('192.0.2.1', 2)).toBe('a');
        connections.close('192.0.2.1', 2);
        clock.step(ms);
        expect(to('192.0.2.1', 3)).toBe(expected);
      }
    });
  }

  it('takes what is said now for a client that comes now', () => {
    const { clock, connections, to, update } = newService({ persistenceSeconds: 600 }, 'a1', 'b1');
    to('192.0.2.1', 1);
    update({ persistenceSeconds: 300 });
    expect(to('192.0.2.2', 1)).toBe('b');
    connections.close('192.0.2.2', 1);
    clock.step(300 * SECOND);
    expect(to('192.0.2.2', 2)).toBe('a');
  });

  it('knows nothing of connections made while there was none', () => {
    const { clock, connections, to, update } = newService({}, 'a1', 'b1');
    expect(to('192.0.2.1', 1)).toBe('a');
    update({ persistenceSeconds: 60 });
    expect(to('192.0.2.1', 2)).toBe('b');
    connections.close('192.0.2.1', 2);
    clock.step(2 * MINUTE);
    // The first one is remembered still, at a. It holds nobody.
    expect(to('192.0.2.1', 1)).toBe('a');
    expect([to('192.0.2.2', 1), to('192.0.2.1', 3)]).toEqual(['a', 'b']);
  });

  it('holds again after it was switched off and on', () => {
    const { clock, to, update, connections } = newService({ persistenceSeconds: 600 }, 'a1', 'b1');
    expect(to('192.0.2.1', 1)).toBe('a');
    connections.close('192.0.2.1', 1);
    update({ persistenceSeconds: 0 });
    clock.step(5 * MINUTE);
    expect(to('192.0.2.1', 2)).toBe('b');
    expect(to('192.0.2.2', 1)).toBe('a');
    update({ persistenceSeconds: 600 });
    clock.step(5 * MINUTE - 1);
    expect(to('192.0.2.1', 3)).toBe('a');
  });

  it('is not made longer by connections made while it was switched off', () => {
    const { clock, to, update, connections } = newService({ persistenceSeconds: 600 }, 'a1', 'b1');
    expect(to('192.0.2.1', 1)).toBe('a');
    connections.close('192.0.2.1', 1);
    update({ persistenceSeconds: 0 });
    clock.step(5 * MINUTE);
    expect([to('192.0.2.1', 2), to('192.0.2.1', 3)]).toEqual(['b', 'a']);
    update({ persistenceSeconds: 600 });
    clock.step(5 * MINUTE);
    expect(to('192.0.2.1', 4)).toBe('b');
  });

  it('is that of the service as it is now', () => {
    const { to, update } = newService({}, 'a1', 'b1');
    expect(to('192.0.2.1', 1)).toBe('a');
    update({ persistenceSeconds: 60 });
    expect([to('192.0.2.1', 2), to('192.0.2.1', 3)]).toEqual(['b', 'b']);
    update({ persistenceSeconds: 0 });
    expect([to('192.0.2.1', 4), to('192.0.2.1', 5)]).toEqual(['a', 'b']);
  });
});

const service = { protocol: 'TCP', ip: VIP, port: 80 } as const;
const add = (address: string) => ({ do: 'add-server', service, server: address, weight: 1 });
const drain = (address: string) => ({ do: 'edit-server', service, server: address, weight: 0 });
const remove = (address: string) => ({ do: 'delete-server', service, server: address });

describe('a plan for real servers', () => {
  const cases: [string, string, string, object[]][] = [
    ['adds who is wanted', '', 'a b', [add('a'), add('b')]],
    ['does nothing when all is as wanted', 'a1 b1:3+1', 'b a', []],
    ['deletes who is idle', 'a1 b1', 'a', [remove('b')]],
    ['lets go who has connections', 'a1 b1:1+0', 'a', [drain('b')]],
    ['lets go who has closed ones', 'a1 b1:0+1', 'a', [drain('b')]],
    ['waits for who is being let go', 'a1 b0:2+0', 'a', []],
    ['deletes who has been let go', 'a1 b0:0+0', 'a', [remove('b')]],
    ['takes back who was being let go', 'a1 b0:2+0', 'a b', [remove('b'), add('b')]],
    ['keeps a weight that somebody else gave', 'a5', 'a', []],
    [
      'has first who is wanted, then who is not',
      'x1 a1 y1:1+0 b0',
      'c a b d',
      [add('c'), remove('b'), add('b'), add('d'), remove('x'), drain('y')],
    ],
    ['empties the list', 'a1 b1:1+0', '', [remove('a'), drain('b')]],
  ];
  for (const [name, there, wanted, expected] of cases) {
    it(name, () => {
      const servers = there.split(' ').filter(Boolean).map(server);
      expect(planRealServers(service, servers, wanted.split(' ').filter(Boolean))).toEqual(
        expected,
      );
    });
  }

  it.core('adds, keeps and lets go', () => {
    const servers = ['a1:1+0', 'b1', 'c1:1+0'].map(server);
    expect(planRealServers(service, servers, ['a', 'd'])).toEqual([
      add('d'),
      remove('b'),
      drain('c'),
    ]);
  });

  for (const protocol of ['UDP', 'SCTP'] as const) {
    it(`does not wait for ${protocol}`, () => {
      const other = { ...service, protocol };
      expect(planRealServers(other, [server('a1:9+0')], [])).toEqual([
        { do: 'delete-server', service: other, server: 'a' },
      ]);
    });
  }

  it('names the service only, whatever else is known of it', () => {
    const more = { ...service, scheduler: 'rr' as const, persistenceSeconds: 7 };
    expect(planRealServers(more, [], ['a'])).toEqual([add('a')]);
  });

  it('leaves the servers as they are', () => {
    const servers = ['a1:1+0', 'b1'].map(server);
    planRealServers(service, servers, ['c']);
    expect(servers).toEqual(['a1:1+0', 'b1'].map(server));
  });
});
