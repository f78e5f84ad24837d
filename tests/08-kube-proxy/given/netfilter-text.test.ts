import { FakeClock, seededRandom } from '#apimachinery';
import { describe, expect, it } from '#kit';
import {
  type ConnectRequest,
  IpSetError,
  IpSets,
  Netfilter,
  type Packet,
  RestoreError,
  Tables,
  traceText,
} from '#kube-proxy';

const packet: Packet = {
  protocol: 'tcp',
  source: '10.244.1.5',
  sourcePort: 40_000,
  destination: '10.96.0.10',
  destinationPort: 80,
  mark: 0,
};

function faultOf(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

function newTables(text = '', family: 'IPv4' | 'IPv6' = 'IPv4'): Tables {
  const tables = new Tables(family);
  tables.restore(text);
  return tables;
}

const rulesOf = (tables: Tables, ...chains: string[]) =>
  tables
    .save()
    .split('\n')
    .filter((line) => chains.some((chain) => line.startsWith(`-A ${chain}`)));

describe('iptables-save', () => {
  it('prints nothing before anything was restored', () => {
    expect(newTables().save()).toBe('');
  });

  it('prints built-in chains, then those of users by name, then rules', () => {
    const tables = newTables(
      '*nat\n:B - [0:0]\n:A - [0:0]\n:OUTPUT DROP [5:7]\n-A B -j RETURN\n-A OUTPUT -j A\nCOMMIT\n',
    );
    expect(tables.save()).toBe(
      [
        '*nat',
        ':PREROUTING ACCEPT [0:0]',
        ':INPUT ACCEPT [0:0]',
        ':OUTPUT DROP [0:0]',
        ':POSTROUTING ACCEPT [0:0]',
        ':A - [0:0]',
        ':B - [0:0]',
        '-A OUTPUT -j A',
        '-A B -j RETURN',
        'COMMIT',
        '',
      ].join('\n'),
    );
  });

  // All of these are what iptables-save 1.8.9 prints.
  for (const [written, printed, chain = 'mangle PREROUTING'] of [
    ['-d 10.0.0.1 -j ACCEPT', '-d 10.0.0.1/32 -j ACCEPT'],
    ['-d 10.1.2.3/8 ! -s 10.0.0.1 -j DROP', '! -s 10.0.0.1/32 -d 10.0.0.0/8 -j DROP'],
    ['-s 0.0.0.0/0 -j ACCEPT', '-j ACCEPT'],
    ['-m tcp -p tcp --dport 80 -j ACCEPT', '-p tcp -m tcp --dport 80 -j ACCEPT'],
    ['-p tcp --sport 80 ! --dport 1:1024', '-p tcp -m tcp --sport 80 ! --dport 1:1024'],
    ['-p udp -m multiport --dports 80,1:3', '-p udp -m multiport --dports 80,1:3'],
    ['-i eth+ ! -o lo -j DROP', '-i eth+ ! -o lo -j DROP', 'mangle FORWARD'],
    ['-m comment --comment a/b:c', '-m comment --comment "a/b:c"'],
    ['-m comment --comment abc', '-m comment --comment abc'],
    ['-m comment --comment "a \\"b\\""', '-m comment --comment "a \\"b\\""'],
    ['-m mark --mark 0x00004000/0x00004000', '-m mark --mark 0x4000/0x4000'],
    ['-m mark ! --mark 1', '-m mark ! --mark 0x1'],
    ['-j MARK --or-mark 0x4000', '-j MARK --set-xmark 0x4000/0x4000'],
    ['-j MARK --xor-mark 0x4000', '-j MARK --set-xmark 0x4000/0x0'],
    ['-j MARK --and-mark 0xff', '-j MARK --set-xmark 0x0/0xffffff00'],
    ['-j MARK --set-mark 0x1', '-j MARK --set-xmark 0x1/0xffffffff'],
    [
      '-m conntrack ! --ctstate DNAT,ESTABLISHED,NEW',
      '-m conntrack ! --ctstate NEW,ESTABLISHED,DNAT',
    ],
    ['-m addrtype --dst-type LOCAL', '-m addrtype --dst-type LOCAL'],
    [
      '-m statistic --mode random --probability 0.3333333333 -j DROP',
      '-m statistic --mode random --probability 0.33333333349 -j DROP',
    ],
    [
      '-m statistic --mode nth --every 3 -j DROP',
      '-m statistic --mode nth --every 3 --packet 0 -j DROP',
    ],
    [
      '-m recent --name X --rcheck --seconds 600 --reap',
      '-m recent --rcheck --seconds 600 --reap --name X --mask 255.255.255.255 --rsource',
    ],
    ['-m physdev ! --physdev-is-in', '-m physdev ! --physdev-is-in'],
    ['-m set --match-set S src,dst', '-m set --match-set S src,dst'],
    ['-j REJECT', '-j REJECT --reject-with icmp-port-unreachable', 'filter INPUT'],
    ['-j LOG --log-prefix "hi there"', '-j LOG --log-prefix "hi there"'],
    [
      '-p tcp -j DNAT --to-destination 10.0.0.1-10.0.0.4:80-90 --persistent',
      '-p tcp -j DNAT --to-destination 10.0.0.1-10.0.0.4:80-90 --persistent',
      'nat PREROUTING',
    ],
    ['-j MASQUERADE --random-fully', '-j MASQUERADE --random-fully', 'nat POSTROUTING'],
    ['-p udp -j REDIRECT --to-ports 53', '-p udp -j REDIRECT --to-ports 53', 'nat OUTPUT'],
    ['-p udp -j CT --notrack', '-p udp -j CT --notrack', 'raw PREROUTING'],
  ] as const) {
    it(`prints ${written} as the kernel's does`, () => {
      const [table, name = ''] = chain.split(' ');
      const tables = newTables(`*${table}\n-A ${name} ${written}\nCOMMIT\n`);
      expect(rulesOf(tables, name)).toEqual([`-A ${name} ${printed}`]);
      const again = newTables(tables.save());
      expect(again.save()).toBe(tables.save());
    });
  }

  it('writes IPv6 the usual way', () => {
    const tables = newTables(
      '*nat\n-A PREROUTING -d FD00:0::A -p tcp -j DNAT --to-destination [fd00::0:2]:80\nCOMMIT\n*filter\n-A INPUT -j REJECT\nCOMMIT\n',
      'IPv6',
    );
    expect(rulesOf(tables, 'PREROUTING', 'INPUT')).toEqual([
      '-A PREROUTING -d fd00::a/128 -p tcp -j DNAT --to-destination [fd00::2]:80',
      '-A INPUT -j REJECT --reject-with icmp6-port-unreachable',
    ]);
  });
});

const BASE =
  '*nat\n:A - [0:0]\n:B - [0:0]\n-A OUTPUT -j A\n-A A -j RETURN\n-A B -j RETURN\nCOMMIT\n';

describe('iptables-restore', () => {
  it('loses what a table had first', () => {
    const tables = newTables(BASE);
    tables.restore('*filter\n:X - [0:0]\nCOMMIT\n*nat\n:B - [0:0]\nCOMMIT\n');
    expect(rulesOf(tables, 'OUTPUT', 'A', 'B')).toEqual([]);
    expect(tables.save()).not.toContain(':A ');
  });

  it('keeps with --noflush what it does not speak of, and empties what is declared', () => {
    const tables = newTables(BASE);
    tables.restore('*nat\n:B - [0:0]\n:C - [0:0]\n:OUTPUT ACCEPT [0:0]\n-A C -j B\nCOMMIT\n', {
      noflush: true,
    });
    expect(rulesOf(tables, 'OUTPUT', 'A', 'B', 'C')).toEqual([
      '-A OUTPUT -j A',
      '-A A -j RETURN',
      '-A C -j B',
    ]);
  });

  it('adds, inserts, replaces, removes, empties', () => {
    const tables = newTables('*filter\n:A - [0:0]\n-A A -s 1.1.1.1 -j DROP\nCOMMIT\n');
    const run = (...lines: string[]) => {
      tables.restore(`*filter\n${lines.join('\n')}\nCOMMIT\n`, { noflush: true });
      return rulesOf(tables, 'A').map((line) => line.replace(/\D*(\d).*/, '$1'));
    };
    expect(run('-I A -s 2.2.2.2 -j DROP', '-A A -s 3.3.3.3 -j DROP')).toEqual(['2', '1', '3']);
    expect(run('-I A 3 -s 4.4.4.4 -j DROP')).toEqual(['2', '1', '4', '3']);
    expect(run('-R A 1 -s 5.5.5.5 -j DROP')).toEqual(['5', '1', '4', '3']);
    expect(run('-D A 2', '-D A -s 3.3.3.3/32 -j DROP')).toEqual(['5', '4']);
    expect(run('-F A', '-A A -s 6.6.6.6 -j DROP')).toEqual(['6']);
    expect(run('[3:180] -A A -s 7.7.7.7 -j DROP')).toEqual(['6', '7']);
    run('-N B', '-P INPUT DROP', '-F A', '-X A');
    expect(tables.save()).toContain(':INPUT DROP');
    expect(tables.save()).not.toContain(':A -');
    run('-X');
    expect(tables.save()).not.toContain(':B -');
  });

  it('does a table as a whole or not at all, and keeps what was committed before', () => {
    const tables = newTables(BASE);
    const before = tables.save();
    const text = '*filter\n-A INPUT -j DROP\nCOMMIT\n*nat\n-F A\n-A NOPE -j ACCEPT\nCOMMIT\n';
    expect(() => tables.restore(text, { noflush: true })).toThrow(
      'iptables-restore: line 6 failed: No chain/target/match by that name.',
    );
    expect(tables.save()).toContain('-A INPUT -j DROP');
    expect(tables.save()).toContain(before);
  });

  for (const [what, lines, line, reason] of [
    ['a match it does not know', ['-A A -m foo -j DROP'], 2, "Couldn't load match `foo'"],
    ['a match that is not in the model', ['-A A -m limit --limit 1/s'], 2, 'match `limit'],
    ['a target it does not know', ['-A A -j TARPIT'], 2, "Couldn't load target `TARPIT'"],
    ['a chain that is not there', ['-A A -j KUBE-NOPE'], 2, "Chain 'KUBE-NOPE' does not exist"],
    ['an option it does not know', ['-A A --foo -j DROP'], 2, 'unknown option "--foo"'],
    [
      'an option of a match that is not in the model',
      ['-A A -m addrtype --dst-type LOCAL --limit-iface-in'],
      2,
      'unknown option "--limit-iface-in"',
    ],
    ['ports without a protocol', ['-A A -m tcp --dport 80'], 2, 'needs -p tcp'],
    ['an address that is none', ['-A A -s 10.0.0.300 -j DROP'], 2, "`10.0.0.300' not found"],
    ['an address of the other family', ['-A A -s fd00::1 -j DROP'], 2, 'not found'],
    ['a protocol that is none', ['-A A -p foo'], 2, 'unknown protocol "foo"'],
    ['a value that is not there', ['-A A -s'], 2, 'requires an argument'],
    ['an open quote', ['-A A -m comment --comment "a'], 2, 'a quote is not closed'],
    ['two negations', ['-A A ! ! -s 10.0.0.1'], 2, 'flags not allowed'],
    ['a chain that is not empty', ['-X A'], 2, 'Directory not empty.'],
    ['a chain that rules lead to', ['-F A', '-X A'], 3, 'Too many links.'],
    ['a chain that is not there to delete', ['-X C'], 2, 'No chain/target/match by that name.'],
    ['a rule that is not there', ['-D A -j DROP'], 2, 'Bad rule (does a matching rule exist'],
    ['a place that is not there', ['-I A 9 -j DROP'], 2, 'Index of insertion too big.'],
    ['a chain that is there', ['-N A'], 2, 'Chain already exists.'],
    ['a long name', [`-N ${'A'.repeat(29)}`], 2, 'too long (must be under 29 chars)'],
    ['a command it does not know', ['-E A B'], 2, 'unknown command "-E"'],
    ['a circle', ['-A B -j A', '-A A -j B', 'COMMIT'], 4, 'Too many levels of symbolic links'],
    ['a target in another table', ['-A A -j REJECT'], 2, 'Invalid argument'],
    [
      'a target behind another hook',
      ['-A B -p tcp -j DNAT --to-destination 10.0.0.1', '-A POSTROUTING -j B', 'COMMIT'],
      4,
      'Invalid argument',
    ],
    ['a policy for a chain of a user', ['-P A DROP'], 2, "Can't set policy"],
  ] as const) {
    it(`refuses ${what}`, () => {
      const tables = newTables(BASE);
      const before = tables.save();
      const error = faultOf(() => tables.restore(`*nat\n${lines.join('\n')}\n`, { noflush: true }));
      expect(error).toBeInstanceOf(RestoreError);
      expect(error).toMatchObject({ line });
      expect((error as Error).message).toContain(`iptables-restore: line ${line} failed: `);
      expect((error as Error).message).toContain(reason);
      expect(tables.save()).toBe(before);
    });
  }

  it('refuses a text without an end, an unknown table, and lines outside of tables', () => {
    expect(() => newTables('*nat\n-A OUTPUT -j ACCEPT\n')).toThrow('COMMIT expected');
    expect(() => newTables('*security\nCOMMIT\n')).toThrow('no table security in this model');
    expect(() => newTables('-A OUTPUT -j ACCEPT\n')).toThrow('line 1 failed: no table before this');
    expect(() => newTables('*nat\n-X A\nCOMMIT\n', 'IPv6')).toThrow('ip6tables-restore: line 2');
  });

  it('deletes a chain once nothing leads to it any more, in one text', () => {
    const tables = newTables(BASE);
    tables.restore('*nat\n:A - [0:0]\n-D OUTPUT -j A\n-X A\nCOMMIT\n', { noflush: true });
    expect(tables.save()).not.toContain(':A ');
  });
});

describe('ipset restore', () => {
  const text = [
    'create IPS hash:ip,port family inet hashsize 1024 maxelem 65536',
    'add IPS 10.96.0.10,tcp:80',
    'create PORTS bitmap:port range 0-65535',
    'add PORTS 80',
    'create SOURCES hash:ip,port,net family inet',
    'add SOURCES 10.96.0.10,tcp:80,10.244.0.0/16',
    '',
  ].join('\n');

  it('fills sets that packets are looked up in', () => {
    const sets = new IpSets();
    sets.restore(text);
    expect(sets.has('IPS', packet, ['dst', 'dst'])).toBe(true);
    expect(sets.has('IPS', { ...packet, protocol: 'udp' }, ['dst', 'dst'])).toBe(false);
    expect(sets.has('IPS', packet, ['src', 'dst'])).toBe(false);
    expect(sets.has('PORTS', packet, ['dst'])).toBe(true);
    expect(sets.has('SOURCES', packet, ['dst', 'dst', 'src'])).toBe(true);
    expect(sets.has('SOURCES', { ...packet, source: '10.9.0.1' }, ['dst', 'dst', 'src'])).toBe(
      false,
    );
    expect(sets.has('NOPE', packet, ['dst'])).toBe(undefined);
  });

  it('takes entries and sets away', () => {
    const sets = new IpSets();
    sets.restore(text);
    sets.restore('del IPS 10.96.0.10,tcp:80\nflush PORTS\ndestroy SOURCES\n');
    expect([sets.entries('IPS'), sets.entries('PORTS')]).toEqual([[], []]);
    expect(sets.has('SOURCES', packet, ['dst', 'dst', 'src'])).toBe(undefined);
  });

  it('names the line it cannot do', () => {
    const sets = new IpSets();
    expect(faultOf(() => sets.restore('create A hash:ip\nadd B 10.0.0.1\n'))).toBeInstanceOf(
      IpSetError,
    );
    expect(() => sets.restore('create A hash:ip\nadd A 10.0.0\n')).toThrow('error in line 2');
    expect(() => sets.restore('create A hash:mac\n')).toThrow("unknown settype 'hash:mac'");
  });
});

function newNode(text: string): Netfilter {
  const node = new Netfilter({
    localAddresses: ['192.168.0.1'],
    clock: new FakeClock(),
    random: seededRandom(1),
  });
  node.restore(text);
  return node;
}

describe('matches', () => {
  it('look into sets', () => {
    const node = newNode('*filter\n-A FORWARD -m set --match-set IPS dst,dst -j DROP\nCOMMIT\n');
    expect(node.send(packet, 'PREROUTING').verdict).toBe('accept');
    node.restoreSets('create IPS hash:ip,port\nadd IPS 10.96.0.10,tcp:80\n');
    expect(node.send(packet, 'PREROUTING').verdict).toBe('drop');
  });

  it('remember who was seen, for as long as they are told', () => {
    const clock = new FakeClock();
    const node = new Netfilter({ localAddresses: [], clock, random: seededRandom(1) });
    node.restore(
      '*filter\n-A FORWARD -m recent --name X --rcheck --seconds 10 --reap -j DROP\n' +
        '-A FORWARD -m recent --name X --set -j ACCEPT\nCOMMIT\n',
    );
    const verdicts = [0, 10_000, 1, 1].map((ms) => {
      clock.step(ms);
      return node.send(packet, 'PREROUTING').verdict;
    });
    expect(verdicts).toEqual(['accept', 'drop', 'accept', 'drop']);
  });
});

describe('traceText', () => {
  it('shows every rule and why, and what was changed', () => {
    const node = newNode(
      [
        '*nat',
        ':KUBE-SVC-A - [0:0]',
        '-A PREROUTING -m comment --comment "default/web cluster IP" -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-A',
        '-A KUBE-SVC-A -p tcp -j DNAT --to-destination 10.244.2.7:8080',
        'COMMIT',
        '*filter',
        '-A FORWARD -m conntrack --ctstate NEW -j REJECT',
        'COMMIT',
        '',
      ].join('\n'),
    );
    expect(traceText(packet, node.send(packet, 'PREROUTING'))).toEqual([
      '10.244.1.5:40000 → 10.96.0.10:80 tcp',
      'connection tracking',
      '  NEW',
      'PREROUTING, table nat',
      '  PREROUTING 1: to 10.96.0.10/32, tcp, port 80 → KUBE-SVC-A  # default/web cluster IP',
      '    KUBE-SVC-A 1: tcp → DNAT to 10.244.2.7 port 8080',
      '  = destination 10.96.0.10:80 becomes 10.244.2.7:8080',
      'routing',
      '  for others, by device eth0',
      'FORWARD, table filter',
      '  FORWARD 1: NEW is of NEW → REJECT with icmp-port-unreachable',
      'verdict: reject; the sender hears icmp-port-unreachable',
    ]);
  });

  it('shows a policy that drops', () => {
    const node = newNode('*filter\n:FORWARD DROP [0:0]\nCOMMIT\n');
    const lines = traceText(packet, node.send(packet, 'PREROUTING'));
    expect(lines.slice(-3)).toEqual([
      'FORWARD, table filter',
      '  policy: drop',
      'verdict: drop; the sender hears nothing',
    ]);
  });
});

describe('Netfilter.connect', () => {
  const ask: ConnectRequest = {
    from: '10.244.1.5',
    to: '10.9.9.9:80',
    protocol: 'TCP',
    via: 'pod',
  };

  it('takes a port of its own where the caller says none', () => {
    const node = newNode('');
    const ports = [1, 2, 3].map(() => node.connect(ask).source.port);
    expect(new Set(ports).size).toBe(3);
    expect(node.connect({ ...ask, from: '10.244.1.5:99' }).source.port).toBe(99);
  });

  it('refuses what is no address', () => {
    const node = newNode('');
    expect(() => node.connect({ ...ask, from: 'nobody' })).toThrow(RangeError);
    expect(() => node.connect({ ...ask, to: '[fd00::1]:80' })).toThrow(RangeError);
    expect(() => node.connect({ ...ask, to: '10.0.0.1:65536' })).toThrow(RangeError);
  });
});
