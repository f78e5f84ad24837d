import { FakeClock, seededRandom } from '#apimachinery';
import { describe, expect, fc, it, property, trace } from '#kit';
import {
  ConnectionTracking,
  type Hook,
  INVALID,
  IpSets,
  isDestinationTranslated,
  isSourceTranslated,
  type MatchWorld,
  type NatRange,
  Netfilter,
  type NetfilterOptions,
  type Outcome,
  type Packet,
  RecentLists,
  type RuleStep,
  type Step,
  type TableName,
  Tables,
  type Tracked,
  traverse,
  UNTRACKED,
} from '#kube-proxy';

const NODE = '192.168.0.1';
const CLIENT = '10.244.1.5';
const SERVICE = '10.96.0.10';
const SERVER = '10.244.2.7';

/** `tcp('10.0.0.1:1000', '10.0.0.2:80')` */
function tcp(from: string, to: string, more: Partial<Packet> = {}): Packet {
  const [source = '', sourcePort] = from.split(':');
  const [destination = '', destinationPort] = to.split(':');
  return {
    protocol: 'tcp',
    source,
    sourcePort: Number(sourcePort ?? 40_000),
    destination,
    destinationPort: Number(destinationPort ?? 80),
    mark: 0,
    ...more,
  };
}
const udp = (from: string, to: string) => tcp(from, to, { protocol: 'udp' });

const ways = ({ source, sourcePort, destination, destinationPort }: Omit<Packet, 'mark'>) =>
  `${source}:${sourcePort} > ${destination}:${destinationPort}`;

/** What comes back when this arrived. */
const answerTo = (packet: Packet, more: Partial<Packet> = {}): Packet => ({
  ...packet,
  source: packet.destination,
  sourcePort: packet.destinationPort,
  destination: packet.source,
  destinationPort: packet.sourcePort,
  mark: 0,
  ...more,
});

/** `['OUTPUT 1', 'KUBE-SERVICES 2', 'policy accept']` */
const rulesMet = (steps: readonly Step[]): string[] =>
  steps.flatMap((step) => {
    if (step.kind === 'policy') return `policy ${step.verdict}`;
    return step.kind === 'rule' ? `${step.chain} ${step.number}` : [];
  });
const ruleSteps = (steps: readonly Step[]): RuleStep[] =>
  steps.filter((step) => step.kind === 'rule');

/** `*nat` with these lines, and its chains declared. */
function table(name: TableName, lines: readonly string[]): string {
  const builtIn = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']);
  const named = lines.flatMap((line) => {
    const [command = '', chain = ''] = line.split(' ');
    const [, target = chain] = / -[jg] (KUBE-\S+|[a-z]\w*)/.exec(line) ?? [];
    return command === '-A' ? [chain, target] : [];
  });
  const users = [...new Set(named)].filter((chain) => !builtIn.has(chain));
  return [`*${name}`, ...users.map((chain) => `:${chain} - [0:0]`), ...lines, 'COMMIT', ''].join(
    '\n',
  );
}

interface Walked {
  readonly outcome: Outcome;
  readonly met: string[];
  readonly steps: readonly Step[];
}

/** Walks packets through one chain of one table, one node for all. */
function walker(name: TableName, lines: readonly string[], hook: Hook = 'OUTPUT', policy = '') {
  const clock = new FakeClock();
  const tables = new Tables('IPv4');
  tables.restore(table(name, [...(policy ? [`-P ${hook} ${policy}`] : []), ...lines]));
  const world: MatchWorld = {
    family: 'IPv4',
    isLocal: (ip) => ip === NODE,
    recent: new RecentLists(),
    sets: new IpSets(),
    clock,
    random: seededRandom(1),
  };
  const context = { hook, in: '', out: 'eth0', tracked: INVALID, world };
  const walk = (packet: Packet = tcp(NODE, SERVICE)): Walked => {
    const steps: Step[] = [];
    const outcome = traverse(tables.get(name), hook, packet, context, steps);
    return { outcome, steps, met: rulesMet(steps) };
  };
  return { walk, world, clock };
}

describe('traverse', () => {
  it('lets the policy decide where no rule does', () => {
    const rules = ['-A OUTPUT -d 10.0.0.1/32 -j ACCEPT'];
    const open = walker('filter', rules).walk();
    expect(open.outcome).toMatchObject({ verdict: 'accept', isUntracked: false });
    expect(open.steps).toEqual([
      { kind: 'policy', hook: 'OUTPUT', table: 'filter', verdict: 'accept' },
    ]);
    const shut = walker('filter', rules, 'OUTPUT', 'DROP').walk();
    expect(shut.outcome.verdict).toBe('drop');
    expect(shut.met).toEqual(['policy drop']);
  });

  it.core('ends at the first rule that matches and decides', () => {
    const { walk } = walker('filter', [
      '-A OUTPUT -d 10.0.0.1/32 -j ACCEPT',
      `-A OUTPUT -d ${SERVICE}/32 -j DROP`,
      '-A OUTPUT -j ACCEPT',
    ]);
    const { outcome, met } = walk();
    expect(outcome.verdict).toBe('drop');
    expect(met).toEqual(['OUTPUT 2']);
    expect(walk(tcp(NODE, '10.9.9.9')).met).toEqual(['OUTPUT 3']);
  });

  it.core('comes back behind the rule that jumped', () => {
    const { walk } = walker('filter', [
      '-A OUTPUT -j first',
      '-A OUTPUT -j second',
      '-A first -j second',
      '-A first -d 10.0.0.1/32 -j DROP',
      '-A second -p udp -j DROP',
    ]);
    expect(walk().met).toEqual(['OUTPUT 1', 'first 1', 'OUTPUT 2', 'policy accept']);
    expect(walk(udp(NODE, SERVICE)).met).toEqual(['OUTPUT 1', 'first 1', 'second 1']);
  });

  it.core('finds where to translate to, with the mark that was set on the way', () => {
    const { walk } = walker('nat', [
      '-A OUTPUT -j KUBE-SERVICES',
      `-A KUBE-SERVICES -d ${SERVICE}/32 -j KUBE-SVC-A`,
      '-A KUBE-SVC-A ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ',
      '-A KUBE-SVC-A -j KUBE-SEP-B',
      '-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000',
      '-A KUBE-SEP-B -p tcp -j DNAT --to-destination 10.244.1.2:53',
      '-A KUBE-SEP-B -j ACCEPT',
    ]);
    const { outcome, met, steps } = walk();
    expect(outcome).toMatchObject({
      verdict: 'accept',
      packet: { mark: 0x4000, destination: SERVICE },
      nat: { kind: 'dnat', range: { addresses: ['10.244.1.2', '10.244.1.2'], ports: [53, 53] } },
    });
    expect(met).toEqual([
      'OUTPUT 1',
      'KUBE-SERVICES 1',
      'KUBE-SVC-A 1',
      'KUBE-MARK-MASQ 1',
      'KUBE-SVC-A 2',
      'KUBE-SEP-B 1',
    ]);
    const marks = ruleSteps(steps).map(({ depth, packet }) => [depth, packet.mark]);
    expect(marks).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 0],
      [2, 0x4000],
      [3, 0x4000],
    ]);
  });

  it('returns to the caller, whatever is left of the chain', () => {
    const { walk } = walker('filter', [
      '-A OUTPUT -j first',
      '-A OUTPUT -j ACCEPT',
      `-A first -d ${SERVICE}/32 -j RETURN`,
      '-A first -j DROP',
    ]);
    expect(walk().met).toEqual(['OUTPUT 1', 'first 1', 'OUTPUT 2']);
    expect(walk(tcp(NODE, '10.9.9.9')).outcome.verdict).toBe('drop');
  });

  it('leaves the decision to the policy when a built-in chain returns', () => {
    const { walk } = walker(
      'filter',
      ['-A OUTPUT -j RETURN', '-A OUTPUT -j ACCEPT'],
      'OUTPUT',
      'DROP',
    );
    const { outcome, met } = walk();
    expect(outcome.verdict).toBe('drop');
    expect(met).toEqual(['OUTPUT 1', 'policy drop']);
  });

  it('does not come back from a chain it went to', () => {
    const { walk } = walker('filter', [
      '-A OUTPUT -j first',
      '-A OUTPUT -p tcp -j ACCEPT',
      '-A first -g second',
      '-A first -j DROP',
      '-A second -p udp -j DROP',
    ]);
    // The end of `second` is where the end of `first` would have led.
    expect(walk().met).toEqual(['OUTPUT 1', 'first 1', 'OUTPUT 2']);
  });

  it('takes the policy at the end of a chain a built-in one went to', () => {
    const lines = ['-A OUTPUT -g first', '-A OUTPUT -j ACCEPT', '-A first -p udp -j ACCEPT'];
    const { walk } = walker('filter', lines, 'OUTPUT', 'DROP');
    const { outcome, met } = walk();
    expect(outcome.verdict).toBe('drop');
    expect(met).toEqual(['OUTPUT 1', 'policy drop']);
    expect(walk(udp(NODE, SERVICE)).outcome.verdict).toBe('accept');
  });

  it('returns two chains up from a chain that was gone to', () => {
    const { walk } = walker('filter', [
      '-A OUTPUT -j first',
      '-A OUTPUT -j DROP',
      '-A first -j second',
      '-A first -j ACCEPT',
      '-A second -g third',
      '-A second -j DROP',
      '-A third -j RETURN',
    ]);
    const { met, steps } = walk();
    expect(met).toEqual(['OUTPUT 1', 'first 1', 'second 1', 'third 1', 'first 2']);
    expect(ruleSteps(steps).map(({ depth }) => depth)).toEqual([0, 1, 2, 3, 1]);
  });

  it('says what the sender of a rejected packet is told', () => {
    const { walk } = walker('filter', [
      '-A OUTPUT -p udp -j REJECT',
      '-A OUTPUT -p tcp -j REJECT --reject-with tcp-reset',
    ]);
    expect(walk().outcome).toMatchObject({ verdict: 'reject', rejectWith: 'tcp-reset' });
    expect(walk(udp(NODE, SERVICE)).outcome).toMatchObject({
      verdict: 'reject',
      rejectWith: 'icmp-port-unreachable',
    });
  });

  for (const [words, before, after] of [
    ['--set-xmark 0x4000/0x4000', 0x1, 0x4001],
    ['--xor-mark 0x4000', 0x4001, 0x1],
    ['--and-mark 0xff', 0x4003, 0x3],
    ['--set-mark 0x2', 0xffff_ffff, 0x2],
    ['--set-xmark 0x0/0x0', 0x7, 0x7],
    ['--or-mark 0x80000000', 0x1, 0x8000_0001],
  ] as const) {
    it(`changes a mark: ${words}`, () => {
      const { walk } = walker('mangle', [`-A OUTPUT -j MARK ${words}`]);
      const packet = tcp(NODE, SERVICE, { mark: before });
      const { outcome, met } = walk(packet);
      expect(outcome.packet.mark).toBe(after);
      expect(met).toEqual(['OUTPUT 1', 'policy accept']);
      expect(packet.mark).toBe(before);
    });
  }

  it('shows a mark to all rules that follow, in whatever chain', () => {
    const { walk } = walker('filter', [
      '-A OUTPUT -m mark --mark 0x4000/0x4000 -j DROP',
      '-A OUTPUT -j first',
      '-A OUTPUT -m mark --mark 0x4000/0x4000 -j DROP',
      '-A first -j MARK --or-mark 0x4000',
      '-A first -m mark ! --mark 0x4000/0x4000 -j ACCEPT',
    ]);
    const { outcome, met } = walk();
    expect(met).toEqual(['OUTPUT 2', 'first 1', 'OUTPUT 3']);
    expect(outcome).toMatchObject({ verdict: 'drop', packet: { mark: 0x4000 } });
  });

  it('keeps the mark of a packet the policy decides about', () => {
    const { walk } = walker('filter', ['-A OUTPUT -j MARK --set-mark 0x7'], 'OUTPUT', 'DROP');
    expect(walk().outcome).toMatchObject({ verdict: 'drop', packet: { mark: 7 } });
  });

  it('goes on after a rule that only writes to a log, or does nothing', () => {
    const { walk } = walker('filter', [
      '-A OUTPUT -j LOG --log-prefix "seen "',
      '-A OUTPUT -p tcp',
      '-A OUTPUT -j DROP',
    ]);
    expect(walk().met).toEqual(['OUTPUT 1', 'OUTPUT 2', 'OUTPUT 3']);
  });

  it('notes that a packet shall not be tracked, and goes on', () => {
    const { walk } = walker('raw', [
      '-A OUTPUT -p udp -j NOTRACK',
      '-A OUTPUT -d 10.9.9.9/32 -j DROP',
    ]);
    expect(walk(udp(NODE, SERVICE)).outcome).toMatchObject({
      verdict: 'accept',
      isUntracked: true,
    });
    expect(walk().outcome.isUntracked).toBe(false);
    expect(walk(udp(NODE, '10.9.9.9')).met).toEqual(['OUTPUT 1', 'OUTPUT 2']);
  });

  for (const [kind, hook, words] of [
    ['dnat', 'PREROUTING', '-p tcp -j DNAT --to-destination 10.0.0.1:53'],
    ['redirect', 'OUTPUT', '-p tcp -j REDIRECT --to-ports 8080'],
    ['snat', 'POSTROUTING', '-j SNAT --to-source 10.0.0.1'],
    ['masquerade', 'POSTROUTING', '-j MASQUERADE --random-fully'],
  ] as const) {
    it(`ends with what to translate: ${kind}`, () => {
      const { walk } = walker('nat', [`-A ${hook} ${words}`, `-A ${hook} -j ACCEPT`], hook, 'DROP');
      const { outcome, met } = walk();
      expect(outcome).toMatchObject({ verdict: 'accept', nat: { kind } });
      expect(met).toEqual([`${hook} 1`]);
    });
  }

  it('has nothing to translate when a rule accepts', () => {
    const { walk } = walker('nat', ['-A OUTPUT -j ACCEPT', '-A OUTPUT -p tcp -j REDIRECT']);
    expect(walk().outcome.nat).toBe(undefined);
  });

  it('holds a packet against no rule twice', () => {
    const { walk } = walker('filter', [
      '-A OUTPUT -j first',
      '-A OUTPUT -j ACCEPT',
      '-A first -m statistic --mode nth --every 3 --packet 2 -j DROP',
    ]);
    const verdicts = Array.from({ length: 6 }, () => walk().outcome.verdict);
    expect(verdicts).toEqual(['accept', 'accept', 'drop', 'accept', 'accept', 'drop']);
  });

  it('holds a packet against no rule after the one that decides', () => {
    const { walk, world } = walker('filter', [
      '-A OUTPUT -d 10.9.9.9/32 -j DROP',
      '-A OUTPUT -m recent --name seen --set -j first',
      '-A first -j ACCEPT',
    ]);
    walk(tcp('10.0.0.1', '10.9.9.9'));
    walk(tcp('10.0.0.2', SERVICE));
    expect(world.recent.addresses('seen')).toEqual(['10.0.0.2']);
  });

  it('finds its rule in a long chain, under its number', () => {
    const services = Array.from({ length: 300 }, (_, i) => {
      const [high, low] = [Math.floor(i / 100), i % 100];
      return `-A KUBE-SERVICES -d 10.97.${high}.${low}/32 -p tcp --dport 80 -j DROP`;
    });
    const { walk } = walker('filter', [
      '-A OUTPUT -j KUBE-SERVICES',
      ...services.slice(0, 100),
      '-A KUBE-SERVICES -p udp -j ACCEPT',
      ...services.slice(100),
      '-A KUBE-SERVICES -j ACCEPT',
    ]);
    expect(walk(tcp(NODE, '10.97.0.99')).met).toEqual(['OUTPUT 1', 'KUBE-SERVICES 100']);
    expect(walk(tcp(NODE, '10.97.1.0')).met).toEqual(['OUTPUT 1', 'KUBE-SERVICES 102']);
    expect(walk(tcp(NODE, '10.97.1.0:81')).met).toEqual(['OUTPUT 1', 'KUBE-SERVICES 302']);
    expect(walk(udp(NODE, '10.97.1.0')).met).toEqual(['OUTPUT 1', 'KUBE-SERVICES 101']);
  });

  it('says of each rule where it stood', () => {
    const { walk } = walker('mangle', ['-A INPUT -j first', '-A first -p tcp -j DROP'], 'INPUT');
    const packet = tcp(CLIENT, NODE, { mark: 3 });
    const { steps } = walk(packet);
    expect(ruleSteps(steps)[1]).toMatchObject({
      kind: 'rule',
      hook: 'INPUT',
      table: 'mangle',
      chain: 'first',
      number: 1,
      depth: 1,
      packet,
      rule: { text: '-p tcp -j DROP', target: { kind: 'drop' } },
    });
  });

  it('appends to the steps that are there', () => {
    const tables = new Tables('IPv4');
    const { world } = walker('filter', []);
    const before: Step = { kind: 'route', isLocal: false, out: 'eth0' };
    const steps = [before];
    const context = { hook: 'INPUT', in: 'eth0', out: '', tracked: INVALID, world } as const;
    traverse(tables.get('filter'), 'INPUT', tcp(CLIENT, NODE), context, steps);
    expect(steps[0]).toBe(before);
    expect(steps).toHaveLength(2);
  });

  property(
    'spreads packets evenly over rules with falling probabilities',
    fc.integer({ min: 2, max: 6 }),
    (n) => {
      const rules = Array.from({ length: n }, (_, i) => {
        const chance =
          i < n - 1 ? `-m statistic --mode random --probability ${(1 / (n - i)).toFixed(10)} ` : '';
        return `-A OUTPUT ${chance}-p tcp -j DNAT --to-destination 10.0.0.${i + 1}`;
      });
      const { walk } = walker('nat', rules);
      const counts = new Map<string, number>();
      for (let i = 0; i < 300 * n; i++) {
        const [met = ''] = walk().met;
        counts.set(met, (counts.get(met) ?? 0) + 1);
      }
      expect(counts.size).toBe(n);
      for (const count of counts.values()) expect(Math.abs(count - 300)).toBeLessThan(110);
    },
    { runs: 8 },
  );
});

/** A connection tracking and its clock. */
function newTracking() {
  const clock = new FakeClock();
  const tracking = trace(
    'tracking',
    () => new ConnectionTracking({ clock, random: seededRandom(7) }),
  );
  /** A packet that gets through. */
  const pass = (packet: Packet): Tracked => {
    const tracked = tracking.track(packet);
    if (tracked.connection && !tracked.connection.isConfirmed) {
      tracking.bind(tracked.connection, 'destination');
      tracking.bind(tracked.connection, 'source');
    }
    tracking.confirm(tracked);
    return tracked;
  };
  return { clock, tracking, pass };
}

const to = (ip: string, port?: number): NatRange => ({
  addresses: [ip, ip],
  ...(port !== undefined && { ports: [port, port] as const }),
  isRandom: false,
  isPersistent: false,
});

const ASK = tcp(`${CLIENT}:40000`, `${SERVICE}:80`);
const ANSWER = answerTo(ASK);

describe('ConnectionTracking', () => {
  it.core('calls a connection established once somebody answered', () => {
    const { pass } = newTracking();
    expect(pass(ASK)).toMatchObject({ state: 'NEW', direction: 'original' });
    expect(pass(ASK)).toMatchObject({ state: 'NEW', direction: 'original' });
    expect(pass(ANSWER)).toMatchObject({ state: 'ESTABLISHED', direction: 'reply' });
    expect(pass(ASK)).toMatchObject({ state: 'ESTABLISHED', direction: 'original' });
  });

  it('remembers a connection from when it is confirmed', () => {
    const { tracking } = newTracking();
    const first = tracking.track(ASK);
    expect(tracking.connections()).toEqual([]);
    expect(tracking.track(ANSWER)).toMatchObject({ direction: 'original' });
    tracking.confirm(first);
    expect(tracking.connections()).toEqual([first.connection]);
    expect(tracking.track(ASK).connection).toBe(first.connection);
    expect(first.connection?.isConfirmed).toBe(true);
  });

  it.core('translates there and back', () => {
    const { tracking } = newTracking();
    const there = tracking.track(ASK);
    const { connection } = there;
    if (!connection) throw new Error('no connection');
    expect(tracking.bind(connection, 'destination', to(SERVER, 8080))).toBe(true);
    const routed = tracking.translate(ASK, there, 'destination');
    expect(ways(routed)).toBe(`${CLIENT}:40000 > ${SERVER}:8080`);
    expect(tracking.bind(connection, 'source', to(NODE))).toBe(true);
    const sent = tracking.translate(routed, there, 'source');
    expect(ways(sent)).toBe(`${NODE}:40000 > ${SERVER}:8080`);
    tracking.confirm(there);
    expect(ways(connection.reply)).toBe(`${SERVER}:8080 > ${NODE}:40000`);
    expect(ways(connection.original)).toBe(`${CLIENT}:40000 > ${SERVICE}:80`);

    const came = answerTo(sent, { mark: 5 });
    const back = tracking.track(came);
    expect(back).toMatchObject({ state: 'ESTABLISHED', direction: 'reply' });
    expect(back.connection).toBe(connection);
    const home = tracking.translate(came, back, 'destination');
    expect(ways(home)).toBe(`${SERVER}:8080 > ${CLIENT}:40000`);
    const heard = tracking.translate(home, back, 'source');
    expect(ways(heard)).toBe(`${SERVICE}:80 > ${CLIENT}:40000`);
    expect(heard.mark).toBe(5);
  });

  it('tells connections apart by protocol, ports and both addresses', () => {
    const { pass, tracking } = newTracking();
    pass(ASK);
    for (const other of [
      udp(`${CLIENT}:40000`, `${SERVICE}:80`),
      tcp(`${CLIENT}:40001`, `${SERVICE}:80`),
      tcp(`${CLIENT}:40000`, `${SERVICE}:81`),
      tcp('10.244.1.6:40000', `${SERVICE}:80`),
      tcp(`${CLIENT}:40000`, '10.96.0.11:80'),
    ]) {
      expect(pass(other).state).toBe('NEW');
    }
    expect(tracking.connections()).toHaveLength(6);
  });

  it('does not remember what was not confirmed', () => {
    const { tracking } = newTracking();
    const [first, second] = [tracking.track(ASK), tracking.track(ASK)];
    expect(second.state).toBe('NEW');
    expect(second.connection).not.toBe(first.connection);
    expect(tracking.connections()).toEqual([]);
  });

  it('confirms a connection once, and nothing that has none', () => {
    const { pass, tracking } = newTracking();
    pass(ASK);
    pass(ASK);
    pass(ANSWER);
    tracking.confirm(INVALID);
    tracking.confirm(UNTRACKED);
    expect(tracking.connections()).toHaveLength(1);
  });

  it('lists connections in the order in which they were confirmed', () => {
    const { clock, pass, tracking } = newTracking();
    const [early, late] = [1, 2].map((last) => tracking.track(tcp(`10.244.1.${last}`, SERVICE)));
    clock.step(500);
    if (!early || !late) throw new Error('no connections');
    pass(ASK);
    tracking.confirm(late);
    tracking.confirm(early);
    expect(tracking.connections().map(({ original }) => original.source)).toEqual([
      CLIENT,
      '10.244.1.2',
      '10.244.1.1',
    ]);
  });

  it('keeps the place of a connection in the list', () => {
    const { pass, tracking } = newTracking();
    for (const port of [3, 1, 2]) pass(tcp(`${CLIENT}:${port}000`, SERVICE));
    pass(tcp(`${CLIENT}:3000`, SERVICE));
    expect(tracking.connections().map(({ original }) => original.sourcePort)).toEqual([
      3000, 1000, 2000,
    ]);
  });

  it('does not confirm again what was confirmed and has been forgotten', () => {
    const { clock, tracking } = newTracking();
    const flushed = tracking.track(ASK);
    tracking.confirm(flushed);
    expect(tracking.flush(() => true)).toBe(1);
    tracking.confirm(flushed);
    expect(tracking.connections()).toEqual([]);
    expect(tracking.count).toBe(0);
    const expired = tracking.track(udp(CLIENT, SERVICE));
    tracking.confirm(expired);
    clock.step(30_000);
    tracking.confirm(expired);
    expect(tracking.connections()).toEqual([]);
  });

  it('confirms what was tracked before others were flushed', () => {
    const { tracking } = newTracking();
    const tracked = tracking.track(ASK);
    expect(tracking.flush(() => true)).toBe(0);
    tracking.confirm(tracked);
    expect(tracking.connections()).toEqual([tracked.connection]);
  });

  it('notes the sides that were decided', () => {
    const { tracking } = newTracking();
    const { connection } = tracking.track(ASK);
    if (!connection) throw new Error('no connection');
    expect(connection.bound).toEqual({ source: false, destination: false });
    tracking.bind(connection, 'destination', to(SERVER));
    expect(connection.bound).toEqual({ source: false, destination: true });
    expect(isDestinationTranslated(connection)).toBe(true);
    expect(isSourceTranslated(connection)).toBe(false);
    tracking.bind(connection, 'source');
    expect(connection.bound).toEqual({ source: true, destination: true });
    expect(isSourceTranslated(connection)).toBe(false);
  });

  it('gives back the packet itself when nothing is to change', () => {
    const { tracking } = newTracking();
    const tracked = tracking.track(ASK);
    const { connection } = tracked;
    if (!connection) throw new Error('no connection');
    expect(tracking.translate(ASK, tracked, 'destination')).toBe(ASK);
    tracking.bind(connection, 'destination', to(SERVER));
    expect(tracking.translate(ASK, tracked, 'source')).toBe(ASK);
    expect(tracking.translate(ASK, tracked, 'destination')).not.toBe(ASK);
    expect(tracking.translate(ASK, INVALID, 'destination')).toBe(ASK);
  });

  it('keeps the port of a destination where the rule gives only an address', () => {
    const { tracking } = newTracking();
    const tracked = tracking.track(ASK);
    if (!tracked.connection) throw new Error('no connection');
    tracking.bind(tracked.connection, 'destination', to(SERVER));
    expect(ways(tracking.translate(ASK, tracked, 'destination'))).toBe(
      `${CLIENT}:40000 > ${SERVER}:80`,
    );
  });

  it('gives a second sender another port when both would look the same', () => {
    const { tracking } = newTracking();
    const ports = ['10.244.1.5', '10.244.1.6', '10.244.1.7'].map((ip) => {
      const packet = tcp(`${ip}:40000`, `${SERVER}:80`);
      const tracked = tracking.track(packet);
      if (!tracked.connection) throw new Error('no connection');
      tracking.bind(tracked.connection, 'destination');
      tracking.bind(tracked.connection, 'source', to(NODE));
      tracking.confirm(tracked);
      return tracking.translate(packet, tracked, 'source').sourcePort;
    });
    expect(ports[0]).toBe(40_000);
    expect(new Set(ports).size).toBe(3);
    for (const port of ports) expect(port).toBeGreaterThanOrEqual(1024);
  });

  it('lets two senders have one port when they talk to different servers', () => {
    const { tracking } = newTracking();
    for (const server of ['10.0.0.1', '10.0.0.2']) {
      const packet = tcp(`${server.replace('10.0', '10.9')}:40000`, `${server}:80`);
      const tracked = tracking.track(packet);
      if (!tracked.connection) throw new Error('no connection');
      tracking.bind(tracked.connection, 'source', to(NODE));
      tracking.confirm(tracked);
      expect(tracking.translate(packet, tracked, 'source').sourcePort).toBe(40_000);
    }
  });

  it('gives another port even without a rule when two services lead to one server', () => {
    const { tracking } = newTracking();
    const ports = ['10.96.0.1', '10.96.0.2'].map((service) => {
      const tracked = tracking.track(tcp(`${CLIENT}:40000`, `${service}:80`));
      if (!tracked.connection) throw new Error('no connection');
      tracking.bind(tracked.connection, 'destination', to(SERVER, 8080));
      tracking.bind(tracked.connection, 'source');
      tracking.confirm(tracked);
      return tracked.connection.reply.destinationPort;
    });
    expect(ports[0]).toBe(40_000);
    expect(ports[1]).not.toBe(40_000);
  });

  it('does not stand in its own way', () => {
    const { tracking } = newTracking();
    const tracked = tracking.track(ASK);
    if (!tracked.connection) throw new Error('no connection');
    tracking.bind(tracked.connection, 'destination');
    tracking.confirm(tracked);
    tracking.bind(tracked.connection, 'source');
    expect(tracked.connection.reply.destinationPort).toBe(40_000);
  });

  it('changes nothing when every port is taken', () => {
    const { tracking } = newTracking();
    const range: NatRange = { ...to(NODE), ports: [50_000, 50_001] };
    const answers = [1, 2, 3].map((last) => {
      const tracked = tracking.track(tcp(`10.244.1.${last}:40000`, `${SERVER}:80`));
      if (!tracked.connection) throw new Error('no connection');
      const before = ways(tracked.connection.reply);
      const isBound = tracking.bind(tracked.connection, 'source', range);
      if (isBound) tracking.confirm(tracked);
      else {
        expect(ways(tracked.connection.reply)).toBe(before);
        expect(tracked.connection.bound.source).toBe(false);
      }
      return isBound;
    });
    expect(answers).toEqual([true, true, false]);
  });

  it('takes the port of a connection that has expired', () => {
    const { clock, tracking } = newTracking();
    for (const last of [1, 2]) {
      const tracked = tracking.track(udp(`10.244.1.${last}:40000`, `${SERVER}:53`));
      if (!tracked.connection) throw new Error('no connection');
      expect(tracking.bind(tracked.connection, 'source', to(NODE))).toBe(true);
      tracking.confirm(tracked);
      expect(tracked.connection.reply.destinationPort).toBe(40_000);
      clock.step(30_000);
    }
  });

  for (const [what, packet, seconds] of [
    ['TCP that nobody answers', ASK, 120],
    ['UDP that nobody answers', udp(CLIENT, SERVICE), 30],
  ] as const) {
    it(`forgets ${what}`, () => {
      const { clock, pass, tracking } = newTracking();
      const first = pass(packet);
      clock.step(seconds * 1000 - 1);
      expect(tracking.connections()).toHaveLength(1);
      clock.step(1);
      expect(tracking.connections()).toEqual([]);
      expect(pass(answerTo(packet))).toMatchObject({ direction: 'original' });
      expect(pass(packet).connection).not.toBe(first.connection);
    });
  }

  it('remembers for longer with each packet', () => {
    const { clock, pass } = newTracking();
    const ask = udp(CLIENT, SERVICE);
    const { connection } = pass(ask);
    for (let i = 0; i < 5; i++) {
      clock.step(29_000);
      expect(pass(ask).connection).toBe(connection);
    }
    pass(answerTo(ask));
    pass(ask);
    clock.step(119_999);
    expect(pass(ask)).toMatchObject({ state: 'ESTABLISHED', connection });
    clock.step(120_000);
    expect(pass(ask).state).toBe('NEW');
  });

  it('remembers an open connection of TCP for five days, a closed one for two minutes', () => {
    const { clock, pass, tracking } = newTracking();
    for (const packet of [ASK, ANSWER, ASK]) pass(packet);
    clock.step(5 * 24 * 3600 * 1000 - 1);
    expect(pass(ASK).state).toBe('ESTABLISHED');
    for (const [packet, flag] of [
      [ASK, 'fin'],
      [ANSWER, 'ack'],
      [ANSWER, 'fin'],
      [ASK, 'ack'],
    ] as const) {
      expect(pass({ ...packet, tcp: flag }).state).toBe('ESTABLISHED');
    }
    clock.step(119_999);
    expect(tracking.connections()).toHaveLength(1);
    clock.step(1);
    expect(tracking.connections()).toEqual([]);
  });

  it('is new again when a closed connection is opened again', () => {
    const { pass, tracking } = newTracking();
    const old = pass(ASK);
    pass({ ...ANSWER, tcp: 'syn-ack' });
    pass({ ...ASK, tcp: 'rst' });
    const again = pass({ ...ASK, tcp: 'syn' });
    expect(again).toMatchObject({ state: 'NEW', direction: 'original' });
    expect(again.connection).not.toBe(old.connection);
    expect(tracking.connections()).toEqual([again.connection]);
  });

  it('forgets a translated connection under both tuples when it is opened again', () => {
    const { tracking } = newTracking();
    const old = tracking.track(ASK);
    if (!old.connection) throw new Error('no connection');
    tracking.bind(old.connection, 'destination', to(SERVER));
    tracking.confirm(old);
    const answer = tcp(`${SERVER}:80`, `${CLIENT}:40000`);
    tracking.track({ ...answer, tcp: 'syn-ack' });
    tracking.track({ ...ASK, tcp: 'rst' });
    tracking.track({ ...ASK, tcp: 'syn' });
    expect(tracking.track(answer).direction).toBe('original');
  });

  it('forgets a refused connection at once', () => {
    const { pass, tracking } = newTracking();
    pass(ASK);
    expect(pass({ ...ANSWER, tcp: 'rst' }).state).toBe('ESTABLISHED');
    expect(tracking.connections()).toEqual([]);
  });

  for (const flag of ['syn-ack', 'fin', 'rst'] as const) {
    it(`makes nothing of ${flag} without a connection`, () => {
      const { tracking } = newTracking();
      expect(tracking.track({ ...ASK, tcp: flag })).toEqual(INVALID);
    });
  }

  it('makes nothing of a packet that cannot be of its connection', () => {
    const { pass, tracking } = newTracking();
    const { connection } = pass(ASK);
    expect(tracking.track({ ...ASK, tcp: 'fin' })).toEqual(INVALID);
    expect(tracking.track({ ...ANSWER, tcp: 'syn' })).toEqual(INVALID);
    expect(connection?.isReplied).toBe(false);
    expect(pass(ASK)).toMatchObject({ state: 'NEW', connection });
  });

  it('believes who speaks in the middle of a connection', () => {
    const { pass } = newTracking();
    expect(pass({ ...ASK, tcp: 'ack' }).state).toBe('NEW');
  });

  it('knows which connection an error is about', () => {
    const { pass, tracking } = newTracking();
    const error = (about: Packet): Packet => ({
      ...tcp('10.0.0.9:0', `${CLIENT}:0`, { protocol: 'icmp' }),
      about,
    });
    expect(tracking.track(error(ASK))).toEqual(INVALID);
    pass(ASK);
    expect(tracking.track(error(ASK)).state).toBe('RELATED');
    expect(tracking.track(error(ANSWER)).state).toBe('RELATED');
    expect(tracking.track(error(ASK)).connection).toBe(undefined);
    expect(tracking.track(error(udp(CLIENT, SERVICE)))).toEqual(INVALID);
    expect(pass(ASK).state).toBe('NEW');
  });

  it('flushes what fits, both ways, and says how many', () => {
    const { pass, tracking } = newTracking();
    const dns = udp(`${CLIENT}:5000`, `${SERVICE}:53`);
    for (const packet of [ASK, dns, udp(`${CLIENT}:5001`, `${SERVICE}:53`)]) pass(packet);
    expect(tracking.flush(({ original }) => original.protocol === 'udp')).toBe(2);
    expect(tracking.connections().map(({ original }) => original.protocol)).toEqual(['tcp']);
    expect(tracking.track(answerTo(dns)).direction).toBe('original');
    expect(tracking.flush(() => true)).toBe(1);
    expect(tracking.flush(() => true)).toBe(0);
  });

  it('throws away what nobody asks about', () => {
    const { clock, pass, tracking } = newTracking();
    clock.step(5000);
    for (let port = 1; port <= 50; port++) pass(udp(`${CLIENT}:${port}`, `${SERVICE}:53`));
    pass(ASK);
    pass(ASK);
    expect(tracking.count).toBe(51);
    clock.step(30_000);
    // Somebody else's connection, long after.
    pass(udp('10.244.1.6', SERVICE));
    expect(tracking.count).toBe(2);
    tracking.flush(() => true);
    expect(tracking.count).toBe(0);
  });

  it('does not flush what has expired', () => {
    const { clock, pass, tracking } = newTracking();
    pass(udp(CLIENT, SERVICE));
    clock.step(30_000);
    expect(tracking.flush(() => true)).toBe(0);
  });

  property(
    'brings every answer back to who asked',
    fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1024, max: 1027 })), {
      minLength: 1,
      maxLength: 12,
    }),
    (clients) => {
      const { tracking } = newTracking();
      const seen = new Map<string, string>();
      for (const [last, port] of clients) {
        const ask = tcp(`10.244.1.${last}:${port}`, `${SERVICE}:80`);
        const there = tracking.track(ask);
        const { connection } = there;
        if (!connection) throw new Error('no connection');
        if (!connection.isConfirmed) {
          tracking.bind(connection, 'destination', to(SERVER, 8080));
          tracking.bind(connection, 'source', to(NODE));
        }
        const sent = tracking.translate(
          tracking.translate(ask, there, 'destination'),
          there,
          'source',
        );
        tracking.confirm(there);
        expect(seen.get(ways(sent)) ?? ways(ask)).toBe(ways(ask));
        seen.set(ways(sent), ways(ask));
        const came = answerTo(sent);
        const back = tracking.track(came);
        const heard = tracking.translate(
          tracking.translate(came, back, 'destination'),
          back,
          'source',
        );
        expect(ways(heard)).toBe(ways(answerTo(ask)));
      }
    },
  );
});

/** A node with rules. */
function newNode(text = '', options: Partial<NetfilterOptions> = {}) {
  const clock = new FakeClock();
  const node = trace(
    'node',
    () =>
      new Netfilter({
        localAddresses: [NODE, '10.244.1.1'],
        routes: [{ to: '10.244.1.0/24', device: 'cni0', source: '10.244.1.1' }],
        clock,
        random: seededRandom(11),
        ...options,
      }),
  );
  node.restore(text);
  return { node, clock };
}

const SERVICE_RULES = [
  table('nat', [
    `-A PREROUTING -d ${SERVICE}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${SERVER}:8080`,
    `-A OUTPUT -d ${SERVICE}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${SERVER}:8080`,
    '-A POSTROUTING -j MASQUERADE',
  ]),
].join('');

/** `PREROUTING raw`, `PREROUTING track NEW`, `PREROUTING nat destination`, `route out by eth0`. */
function stations(steps: readonly Step[]): string[] {
  return steps.map((step) => {
    if (step.kind === 'track') return `track ${step.state}`;
    if (step.kind === 'route') return `route ${step.isLocal ? 'here' : 'on'} ${step.out}`.trimEnd();
    if (step.kind === 'nat') return `${step.hook} ${step.side}`;
    return `${step.hook} ${step.table} ${step.kind === 'rule' ? step.number : 'policy'}`;
  });
}

describe('Netfilter.send', () => {
  it.core('takes a packet for others through PREROUTING, FORWARD and POSTROUTING', () => {
    const { node } = newNode(SERVICE_RULES);
    const journey = node.send(ASK, 'PREROUTING');
    expect(journey).toMatchObject({ verdict: 'accept', isLocal: false, out: 'eth0', state: 'NEW' });
    expect(ways(journey.packet)).toBe(`${NODE}:40000 > ${SERVER}:8080`);
    expect(stations(journey.steps)).toEqual([
      'PREROUTING raw policy',
      'track NEW',
      'PREROUTING mangle policy',
      'PREROUTING nat 1',
      'PREROUTING destination',
      'route on eth0',
      'FORWARD mangle policy',
      'FORWARD filter policy',
      'POSTROUTING mangle policy',
      'POSTROUTING nat 1',
      'POSTROUTING source',
    ]);
  });

  it.core('takes an answer back without asking nat', () => {
    const { node } = newNode(SERVICE_RULES);
    const { packet } = node.send(ASK, 'PREROUTING');
    const journey = node.send(answerTo(packet), 'PREROUTING');
    expect(journey).toMatchObject({ verdict: 'accept', state: 'ESTABLISHED', out: 'cni0' });
    expect(ways(journey.packet)).toBe(`${SERVICE}:80 > ${CLIENT}:40000`);
    expect(stations(journey.steps)).toEqual([
      'PREROUTING raw policy',
      'track ESTABLISHED',
      'PREROUTING mangle policy',
      'PREROUTING destination',
      'route on cni0',
      'FORWARD mangle policy',
      'FORWARD filter policy',
      'POSTROUTING mangle policy',
      'POSTROUTING source',
    ]);
  });

  it('lets a packet for this node in through INPUT', () => {
    const { node } = newNode();
    const journey = node.send(tcp('203.0.113.9', NODE), 'PREROUTING');
    expect(journey).toMatchObject({ verdict: 'accept', isLocal: true, out: '' });
    expect(stations(journey.steps)).toEqual([
      'PREROUTING raw policy',
      'track NEW',
      'PREROUTING mangle policy',
      'PREROUTING nat policy',
      'route here',
      'INPUT mangle policy',
      'INPUT filter policy',
      'INPUT nat policy',
    ]);
    expect(node.tracking.connections()).toHaveLength(1);
  });

  it('sends what comes from this node through OUTPUT and POSTROUTING', () => {
    const { node } = newNode(SERVICE_RULES);
    const journey = node.send(tcp(`${NODE}:40000`, `${SERVICE}:80`), 'OUTPUT');
    expect(journey).toMatchObject({ verdict: 'accept', isLocal: false, out: 'eth0' });
    expect(ways(journey.packet)).toBe(`${NODE}:40000 > ${SERVER}:8080`);
    expect(stations(journey.steps)).toEqual([
      'OUTPUT raw policy',
      'track NEW',
      'OUTPUT mangle policy',
      'OUTPUT nat 1',
      'OUTPUT destination',
      'OUTPUT filter policy',
      'route on eth0',
      'POSTROUTING mangle policy',
      'POSTROUTING nat 1',
    ]);
  });

  it('comes back by lo when it is for this node, and is tracked and translated once', () => {
    const { node } = newNode(
      table('nat', [
        `-A OUTPUT -d ${SERVICE}/32 -p tcp -j DNAT --to-destination ${NODE}:6443`,
        '-A PREROUTING -p tcp -j DNAT --to-destination 10.9.9.9:1',
      ]),
    );
    const journey = node.send(tcp(`${NODE}:40000`, `${SERVICE}:443`), 'OUTPUT');
    expect(journey).toMatchObject({ verdict: 'accept', isLocal: true, out: 'lo' });
    expect(ways(journey.packet)).toBe(`${NODE}:40000 > ${NODE}:6443`);
    expect(stations(journey.steps)).toEqual([
      'OUTPUT raw policy',
      'track NEW',
      'OUTPUT mangle policy',
      'OUTPUT nat 1',
      'OUTPUT destination',
      'OUTPUT filter policy',
      'route here lo',
      'POSTROUTING mangle policy',
      'POSTROUTING nat policy',
      'PREROUTING raw policy',
      'PREROUTING mangle policy',
      'INPUT mangle policy',
      'INPUT filter policy',
    ]);
    const answer = node.send(answerTo(journey.packet), 'OUTPUT');
    expect(ways(answer.packet)).toBe(`${SERVICE}:443 > ${NODE}:40000`);
    expect(answer.state).toBe('ESTABLISHED');
  });

  it('gives an answer for this node back the address that was asked', () => {
    const { node } = newNode(SERVICE_RULES);
    const { packet } = node.send(tcp(`${NODE}:40000`, `${SERVICE}:80`), 'OUTPUT');
    const journey = node.send(answerTo(packet), 'PREROUTING');
    expect(journey).toMatchObject({ verdict: 'accept', isLocal: true, state: 'ESTABLISHED' });
    expect(ways(journey.packet)).toBe(`${SERVICE}:80 > ${NODE}:40000`);
    expect(stations(journey.steps)).toEqual([
      'PREROUTING raw policy',
      'track ESTABLISHED',
      'PREROUTING mangle policy',
      'route here',
      'INPUT mangle policy',
      'INPUT filter policy',
      'INPUT source',
    ]);
  });

  it('routes by where the packet is sent to, not by where it wanted to go', () => {
    const rules = (target: string) =>
      table('nat', [`-A PREROUTING -d ${SERVICE}/32 -p tcp -j DNAT --to-destination ${target}`]);
    const inside = newNode(rules('10.244.1.9:80')).node.send(ASK, 'PREROUTING');
    expect(inside).toMatchObject({ isLocal: false, out: 'cni0' });
    const here = newNode(rules(`${NODE}:80`)).node.send(ASK, 'PREROUTING');
    expect(here.isLocal).toBe(true);
    expect(here.steps.at(-1)).toMatchObject({ hook: 'INPUT', table: 'nat' });
  });

  it('masquerades as the address the node shows on the way', () => {
    const { node } = newNode(
      table('nat', [
        `-A OUTPUT -d ${SERVICE}/32 -p tcp -j DNAT --to-destination 10.244.1.9:8080`,
        '-A POSTROUTING -o cni0 -j MASQUERADE',
      ]),
    );
    const inside = node.send(tcp(`${NODE}:40000`, SERVICE), 'OUTPUT');
    expect(ways(inside.packet)).toBe('10.244.1.1:40000 > 10.244.1.9:8080');
    const outside = node.send(tcp(`${NODE}:40000`, '203.0.113.9'), 'OUTPUT');
    expect(ways(outside.packet)).toBe(`${NODE}:40000 > 203.0.113.9:80`);
  });

  for (const [hook, name, packet, length] of [
    ['PREROUTING', 'raw', ASK, 1],
    ['PREROUTING', 'mangle', ASK, 3],
    ['INPUT', 'mangle', tcp(CLIENT, NODE), 6],
    ['INPUT', 'filter', tcp(CLIENT, NODE), 7],
    ['FORWARD', 'filter', ASK, 7],
    ['POSTROUTING', 'mangle', ASK, 8],
  ] as const) {
    it(`ends at ${hook} in ${name} and leaves nothing behind`, () => {
      const { node } = newNode(table(name, [`-A ${hook} -j DROP`]));
      const journey = node.send(packet, 'PREROUTING');
      expect(journey.verdict).toBe('drop');
      expect(journey.steps).toHaveLength(length);
      expect(journey.steps.at(-1)).toMatchObject({ kind: 'rule', hook, table: name });
      expect(node.tracking.connections()).toEqual([]);
    });
  }

  for (const [name, length] of [
    ['raw', 1],
    ['filter', 5],
  ] as const) {
    it(`ends a packet of this node at OUTPUT in ${name}`, () => {
      const { node } = newNode(table(name, ['-A OUTPUT -j DROP']));
      const journey = node.send(tcp(NODE, SERVICE), 'OUTPUT');
      expect(journey).toMatchObject({ verdict: 'drop' });
      expect(journey.steps).toHaveLength(length);
      expect(node.tracking.connections()).toEqual([]);
    });
  }

  it('rejects, with the packet as it was then', () => {
    const { node } = newNode(
      SERVICE_RULES + table('filter', [`-A FORWARD -d ${SERVER}/32 -j REJECT`]),
    );
    const journey = node.send(ASK, 'PREROUTING');
    expect(journey).toMatchObject({ verdict: 'reject', rejectWith: 'icmp-port-unreachable' });
    expect(ways(journey.packet)).toBe(`${CLIENT}:40000 > ${SERVER}:8080`);
    expect(node.tracking.connections()).toEqual([]);
    expect(newNode().node.send(ASK, 'PREROUTING').rejectWith).toBe(undefined);
  });

  it('judges what came back by lo, though it was confirmed', () => {
    const { node } = newNode(table('filter', ['-A INPUT -i lo -p tcp --dport 22 -j DROP']));
    expect(node.send(tcp(NODE, `${NODE}:22`), 'OUTPUT').verdict).toBe('drop');
    expect(node.tracking.connections()).toHaveLength(1);
    expect(node.send(tcp(NODE, `${NODE}:23`), 'OUTPUT').verdict).toBe('accept');
  });

  it('asks nat again for a packet whose first one was dropped', () => {
    const { node } = newNode(SERVICE_RULES);
    node.restore(table('filter', ['-A FORWARD -j DROP']), { noflush: true });
    node.send(ASK, 'PREROUTING');
    node.restore(table('filter', ['-F FORWARD']), { noflush: true });
    expect(rulesMet(node.send(ASK, 'PREROUTING').steps)).toContain('PREROUTING 1');
  });

  it('asks nat only about the first packet, though nobody answers', () => {
    const { node } = newNode(SERVICE_RULES);
    const first = node.send(ASK, 'PREROUTING');
    node.restore(table('nat', ['-A PREROUTING -p tcp -j DNAT --to-destination 10.9.9.9:1']));
    const second = node.send(ASK, 'PREROUTING');
    expect(ways(second.packet)).toBe(ways(first.packet));
    expect(ruleSteps(second.steps)).toEqual([]);
    expect(second.state).toBe('NEW');
  });

  it('asks nat only once where no rule spoke of the packet', () => {
    const { node } = newNode();
    node.send(ASK, 'PREROUTING');
    node.restore(SERVICE_RULES);
    expect(ways(node.send(ASK, 'PREROUTING').packet)).toBe(ways(ASK));
  });

  it('asks the rules again once the connection is forgotten', () => {
    const { node, clock } = newNode();
    const dns = udp(`${CLIENT}:5000`, `${SERVICE}:53`);
    const lead = (ip: string) =>
      node.restore(
        table('nat', [`-A PREROUTING -d ${SERVICE}/32 -p udp -j DNAT --to-destination ${ip}`]),
      );
    lead('10.244.2.1');
    node.send(dns, 'PREROUTING');
    lead('10.244.2.2');
    clock.step(29_999);
    expect(node.send(dns, 'PREROUTING').packet.destination).toBe('10.244.2.1');
    clock.step(30_000);
    expect(node.send(dns, 'PREROUTING').packet.destination).toBe('10.244.2.2');
    lead('10.244.2.3');
    node.flushConntrack(({ reply }) => reply.source === '10.244.2.2');
    expect(node.send(dns, 'PREROUTING').packet.destination).toBe('10.244.2.3');
  });

  it('drops a packet when no port is left for it', () => {
    const { node } = newNode(
      table('nat', ['-A POSTROUTING -p tcp -j MASQUERADE --to-ports 50000-50000']),
    );
    const verdicts = [1, 2].map(
      (last) => node.send(tcp(`10.244.1.${last}:40000`, SERVER), 'PREROUTING').verdict,
    );
    expect(verdicts).toEqual(['accept', 'drop']);
    expect(node.tracking.connections()).toHaveLength(1);
  });

  it('does not track what raw exempts, nor show it to nat', () => {
    const { node } = newNode(
      SERVICE_RULES +
        table('raw', ['-A PREROUTING -p tcp -j CT --notrack']) +
        table('filter', ['-A FORWARD -m conntrack --ctstate UNTRACKED -j ACCEPT']),
    );
    const journey = node.send(ASK, 'PREROUTING');
    expect(journey).toMatchObject({ verdict: 'accept', state: 'UNTRACKED', packet: ASK });
    expect(journey.steps.filter(({ kind }) => kind === 'track')).toEqual([
      { kind: 'track', state: 'UNTRACKED', direction: 'original' },
    ]);
    expect(rulesMet(journey.steps)).toContain('FORWARD 1');
    expect(ruleSteps(journey.steps).map((step) => step.table)).not.toContain('nat');
    expect(node.tracking.connections()).toEqual([]);
  });

  it('shows rules the state of a packet', () => {
    const { node } = newNode(
      table('raw', ['-A PREROUTING -m conntrack --ctstate INVALID']) +
        table('filter', [
          '-P FORWARD DROP',
          '-A FORWARD -m conntrack --ctstate INVALID -j DROP',
          '-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
          `-A FORWARD -s ${CLIENT}/32 -m conntrack --ctstate NEW -j ACCEPT`,
        ]),
    );
    const met = (packet: Packet) => rulesMet(node.send(packet, 'PREROUTING').steps);
    // Nothing is known of a packet before connection tracking has seen it.
    expect(met(ANSWER)[0]).toBe('PREROUTING 1');
    expect(met(ANSWER)).toContain('policy drop');
    expect(met(ASK)).toContain('FORWARD 3');
    expect(met(ANSWER)).toContain('FORWARD 2');
    expect(met({ ...tcp(CLIENT, '10.9.9.9'), tcp: 'rst' })).toContain('FORWARD 1');
  });

  it('shows nat no packet without a connection', () => {
    const { node } = newNode(SERVICE_RULES);
    const journey = node.send({ ...ASK, tcp: 'rst' }, 'PREROUTING');
    expect(journey).toMatchObject({ verdict: 'accept', state: 'INVALID' });
    expect(journey.packet.destination).toBe(SERVICE);
    expect(ruleSteps(journey.steps)).toEqual([]);
  });

  it('knows a translated connection by its state', () => {
    const { node } = newNode(
      SERVICE_RULES +
        table('filter', ['-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT', '-A FORWARD -j DROP']),
    );
    expect(node.send(ASK, 'PREROUTING').verdict).toBe('accept');
    expect(node.send(tcp(CLIENT, '10.9.9.9'), 'PREROUTING').verdict).toBe('drop');
  });

  it('tells rules the devices', () => {
    const { node } = newNode(
      table('filter', [
        '-A FORWARD -i cni0 -o eth+ -j ACCEPT',
        '-A FORWARD -i eth1 -j ACCEPT',
        '-A FORWARD -j DROP',
        '-A INPUT -i eth1 -j DROP',
      ]) + table('mangle', ['-A POSTROUTING -o eth0 -j MARK --set-mark 0x5']),
    );
    const forwarded = node.send(ASK, 'PREROUTING');
    expect(forwarded).toMatchObject({ verdict: 'accept', packet: { mark: 5 } });
    expect(node.send(ASK, 'PREROUTING', 'eth2').verdict).toBe('drop');
    expect(node.send(tcp(CLIENT, '10.9.9.9'), 'PREROUTING', 'eth1').verdict).toBe('accept');
    expect(node.send(tcp('10.9.9.9', NODE), 'PREROUTING', 'eth1').verdict).toBe('drop');
    expect(node.send(tcp('10.9.9.9', NODE), 'PREROUTING').verdict).toBe('accept');
  });

  it('tells INPUT no device to leave by, though the packet left by lo', () => {
    const rules = table('filter', ['-A INPUT -j last', '-A last -o lo -j DROP', '-A last -i lo']);
    const journey = newNode(rules).node.send(tcp(NODE, NODE), 'OUTPUT');
    expect(journey.verdict).toBe('accept');
    expect(rulesMet(journey.steps)).toContain('last 2');
  });

  it('tells POSTROUTING the device a packet came by, and none of what this node sends', () => {
    const rules = table('mangle', [
      '-A POSTROUTING -j last',
      '-A last -i cni0 -j MARK --or-mark 0x1',
      '-A last -i lo -j MARK --or-mark 0x2',
      '-A last ! -i eth1 -j MARK --or-mark 0x4',
    ]);
    const { node } = newNode(rules);
    expect(node.send(ASK, 'PREROUTING').packet.mark).toBe(5);
    expect(node.send(tcp(CLIENT, '10.9.9.9'), 'PREROUTING', 'eth1').packet.mark).toBe(0);
    expect(node.send(tcp(NODE, SERVICE), 'OUTPUT').packet.mark).toBe(4);
    expect(node.send(tcp(NODE, NODE), 'OUTPUT').packet.mark).toBe(4);
  });

  const ends: [string, TableName, Hook, 'PREROUTING' | 'OUTPUT', string, boolean, string][] = [
    [
      'before it was routed, though it was for this node',
      'raw',
      'PREROUTING',
      'PREROUTING',
      NODE,
      false,
      '',
    ],
    [
      'before it was routed, though it was for others',
      'mangle',
      'PREROUTING',
      'PREROUTING',
      SERVICE,
      false,
      '',
    ],
    ['when it had arrived', 'filter', 'INPUT', 'PREROUTING', NODE, true, ''],
    ['on its way to a pod', 'filter', 'FORWARD', 'PREROUTING', '10.244.1.9', false, 'cni0'],
    ['before it left for this node', 'filter', 'OUTPUT', 'OUTPUT', NODE, false, 'lo'],
    ['before it left for a pod', 'raw', 'OUTPUT', 'OUTPUT', '10.244.1.9', false, 'cni0'],
    [
      'after it was translated, before it was routed',
      'filter',
      'OUTPUT',
      'OUTPUT',
      SERVICE,
      false,
      'eth0',
    ],
    ['when it left for a pod', 'mangle', 'POSTROUTING', 'OUTPUT', '10.244.1.9', false, 'cni0'],
    ['when it had come back by lo', 'filter', 'INPUT', 'OUTPUT', NODE, true, 'lo'],
  ];
  for (const [when, name, hook, at, destination, isLocal, out] of ends) {
    it(`says where a packet was for that ended ${when}`, () => {
      const { node } = newNode(
        table('nat', [`-A OUTPUT -d ${SERVICE}/32 -j DNAT --to-destination 10.244.1.9`]) +
          table(name, [`-A ${hook} -j DROP`]),
      );
      const source = at === 'OUTPUT' ? NODE : '203.0.113.9';
      const journey = node.send(tcp(source, destination), at);
      expect(journey).toMatchObject({ verdict: 'drop', isLocal, out });
    });
  }

  it('tells OUTPUT the device that led to where the packet wanted to go', () => {
    const { node } = newNode(
      table('nat', [`-A OUTPUT -d ${SERVICE}/32 -p tcp -j DNAT --to-destination 10.244.1.9:80`]) +
        table('filter', ['-A OUTPUT -o eth0 -j ACCEPT', '-A OUTPUT -j DROP']) +
        table('mangle', ['-A POSTROUTING -o cni0 -j MARK --set-mark 0x9']),
    );
    const journey = node.send(tcp(NODE, SERVICE), 'OUTPUT');
    expect(journey).toMatchObject({ verdict: 'accept', out: 'cni0', packet: { mark: 9 } });
  });

  it('carries the mark from table to table', () => {
    const { node } = newNode(
      table('mangle', ['-A PREROUTING -j MARK --set-mark 0x1']) +
        table('filter', ['-A FORWARD -m mark --mark 0x1 -j MARK --or-mark 0x2']) +
        table('nat', ['-A POSTROUTING -m mark --mark 0x3 -j MASQUERADE']),
    );
    const { packet } = node.send(ASK, 'PREROUTING');
    expect(packet).toMatchObject({ mark: 3, source: NODE });
  });

  it('redirects to this node', () => {
    const rules = table('nat', [
      '-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080',
      '-A OUTPUT -p tcp --dport 80 -j REDIRECT --to-ports 8080',
    ]);
    const { node } = newNode(rules);
    expect(ways(node.send(ASK, 'PREROUTING').packet)).toBe(`${CLIENT}:40000 > 10.244.1.1:8080`);
    expect(ways(node.send(tcp(`${NODE}:1`, SERVICE), 'OUTPUT').packet)).toBe(
      `${NODE}:1 > 127.0.0.1:8080`,
    );
  });

  it('changes a sender at INPUT when a rule there says so', () => {
    const { node } = newNode(table('nat', ['-A INPUT -p tcp -j SNAT --to-source 10.0.0.99']));
    const journey = node.send(tcp(`${CLIENT}:40000`, `${NODE}:80`), 'PREROUTING');
    expect(ways(journey.packet)).toBe(`10.0.0.99:40000 > ${NODE}:80`);
    const answer = node.send(answerTo(journey.packet), 'OUTPUT');
    expect(ways(answer.packet)).toBe(`${NODE}:80 > ${CLIENT}:40000`);
  });

  it('does the same for IPv6', () => {
    const { node } = newNode('', { family: 'IPv6', localAddresses: ['fd00::1'], routes: [] });
    node.restore(
      table('nat', [
        '-A PREROUTING -d fd00:96::a/128 -p tcp -m tcp --dport 80 -j DNAT --to-destination [fd00:244::7]:8080',
        '-A POSTROUTING -j MASQUERADE',
      ]),
    );
    const ask: Packet = { ...ASK, source: 'fd00:244::5', destination: 'fd00:96::a' };
    const journey = node.send(ask, 'PREROUTING');
    expect(ways(journey.packet)).toBe('fd00::1:40000 > fd00:244::7:8080');
    expect(ways(node.send(answerTo(journey.packet), 'PREROUTING').packet)).toBe(
      'fd00:96::a:80 > fd00:244::5:40000',
    );
  });
});

/** What kube-proxy writes for one Service with two endpoints, in short. */
const CLUSTER = table('nat', [
  '-A PREROUTING -j KUBE-SERVICES',
  '-A OUTPUT -j KUBE-SERVICES',
  '-A POSTROUTING -j KUBE-POSTROUTING',
  '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
  '-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000',
  '-A KUBE-POSTROUTING -j MASQUERADE --random-fully',
  '-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000',
  `-A KUBE-SERVICES -d ${SERVICE}/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-A`,
  `-A KUBE-SVC-A ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ`,
  '-A KUBE-SVC-A -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-B',
  '-A KUBE-SVC-A -j KUBE-SEP-C',
  '-A KUBE-SEP-B -s 10.244.1.2/32 -j KUBE-MARK-MASQ',
  '-A KUBE-SEP-B -p tcp -j DNAT --to-destination 10.244.1.2:8080',
  '-A KUBE-SEP-C -s 10.244.1.3/32 -j KUBE-MARK-MASQ',
  '-A KUBE-SEP-C -p tcp -j DNAT --to-destination 10.244.1.3:8080',
]);

describe('Netfilter, with the rules of a Service', () => {
  const ask = (node: Netfilter, from: string, via: 'pod' | 'local' = 'pod') =>
    node.connect({ from, to: `${SERVICE}:80`, protocol: 'TCP', via });

  it.core('reaches every endpoint', () => {
    const { node } = newNode(CLUSTER);
    const reached = Array.from({ length: 60 }, () => ask(node, '10.244.1.9').destination.ip);
    expect([...new Set(reached)].sort()).toEqual(['10.244.1.2', '10.244.1.3']);
  });

  it('keeps the address of a pod, and hides the node behind the one it shows', () => {
    const { node } = newNode(CLUSTER);
    expect(ask(node, '10.244.1.9')).toMatchObject({
      verdict: 'accept',
      source: { ip: '10.244.1.9' },
    });
    expect(ask(node, NODE, 'local').source.ip).toBe('10.244.1.1');
  });

  it('masquerades a pod that reaches itself', () => {
    const { node } = newNode(CLUSTER);
    for (let i = 0; i < 30; i++) {
      const { destination, source } = ask(node, '10.244.1.2');
      expect(source.ip).toBe(destination.ip === '10.244.1.2' ? '10.244.1.1' : '10.244.1.2');
    }
  });

  it('leaves no mark on what it masqueraded', () => {
    const { node } = newNode(CLUSTER);
    const { packet } = node.send(tcp(`${NODE}:40000`, `${SERVICE}:80`), 'OUTPUT');
    expect(packet.mark).toBe(0);
  });

  it('keeps a connection where it went first', () => {
    const { node } = newNode(CLUSTER);
    const first = node.send(ASK, 'PREROUTING').packet;
    for (let i = 0; i < 20; i++) expect(node.send(ASK, 'PREROUTING').packet).toEqual(first);
  });

  it('leads other ports and addresses nowhere else', () => {
    const { node } = newNode(CLUSTER);
    const other = node.connect({
      from: '10.244.1.9:40000',
      to: `${SERVICE}:81`,
      protocol: 'TCP',
      via: 'pod',
    });
    expect(other).toMatchObject({
      destination: { ip: SERVICE, port: 81 },
      source: { ip: '10.244.1.9', port: 40_000 },
    });
  });

  it('throws connections away that nobody asks about any more', () => {
    const { node, clock } = newNode(CLUSTER);
    for (let i = 0; i < 100; i++) ask(node, '10.244.1.9');
    expect(node.tracking.connections()).toHaveLength(100);
    clock.step(120_000);
    ask(node, '10.244.1.9');
    expect(node.tracking.count).toBe(1);
  });
});
