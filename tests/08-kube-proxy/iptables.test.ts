import { FakeClock, seededRandom } from '#apimachinery';
import {
  describe,
  endpointObject,
  expect,
  fc,
  it,
  property,
  proxierOptions,
  servicePortObject,
} from '#kit';
import {
  balancingRules,
  type ChosenEndpoints,
  clusterIpMasqueradeRules,
  clusterIpRule,
  clusterIpTarget,
  clusterPolicyChain,
  type Endpoint,
  endpointInfo,
  endpointRules,
  forwardRules,
  fullText,
  IPTABLES_JUMPS,
  jumpsText,
  localnetRules,
  masqueradeRules,
  Netfilter,
  type ProxierOptions,
  type ServicePort,
} from '#kube-proxy';

const WEB = servicePortObject();
const SVC = 'KUBE-SVC-CDGGSHYLG3RE2FKL';
const DNS = servicePortObject('dns', { protocol: 'UDP', clusterIP: '10.96.0.53', port: 53 });
const WEB6 = servicePortObject('web:http', { clusterIP: 'fd00:96::a' });
const OPTIONS = proxierOptions();
const WITH_COMMENTS = { options: OPTIONS, comments: true };
const WITHOUT = { options: OPTIONS, comments: false };

const infosOf = (port: ServicePort, ...ips: string[]) =>
  ips.map((ip) => endpointInfo(port, endpointObject(ip)));
const some = (...ips: string[]): ChosenEndpoints => {
  const cluster = ips.map((ip) => endpointObject(ip));
  return { cluster, local: [], reachable: cluster, hasAny: ips.length > 0 };
};

/** The whole text of services, each with its endpoints. */
function textOf(all: readonly [ServicePort, ...Endpoint[]][], options: ProxierOptions = OPTIONS) {
  return fullText(options, {
    services: new Map(all.map(([port]) => [port.id, port])),
    endpoints: new Map(all.map(([port, ...endpoints]) => [port.id, endpoints])),
    updatedServices: new Set(),
  });
}

/** The chance of each jump of a chain, worked out from its rules in order. */
function chancesOf(rules: readonly string[]): Map<string, number> {
  const chances = new Map<string, number>();
  let left = 1;
  for (const rule of rules) {
    const target = / -j (\S+)$/.exec(rule)?.[1] ?? '';
    const here = left * Number(/--probability (\S+)/.exec(rule)?.[1] ?? 1);
    chances.set(target, (chances.get(target) ?? 0) + here);
    left -= here;
  }
  return chances;
}

describe('masqueradeRules', () => {
  it.core('mark, and give what is marked this node’s address', () => {
    expect(masqueradeRules(OPTIONS)).toEqual([
      '-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN',
      '-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000',
      '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
      '-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000',
    ]);
  });

  it('take the bit of the options', () => {
    const rules = masqueradeRules(proxierOptions({ masqueradeBit: 3 }));
    expect(rules[0]).toBe('-A KUBE-POSTROUTING -m mark ! --mark 0x00000008/0x00000008 -j RETURN');
    expect(rules[1]).toBe('-A KUBE-POSTROUTING -j MARK --xor-mark 0x00000008');
    expect(rules[3]).toBe('-A KUBE-MARK-MASQ -j MARK --or-mark 0x00000008');
  });

  it('know the highest bit as well', () => {
    const [, xor] = masqueradeRules(proxierOptions({ masqueradeBit: 31 }));
    expect(xor).toBe('-A KUBE-POSTROUTING -j MARK --xor-mark 0x80000000');
  });
});

describe('localnetRules', () => {
  it('guard 127.0.0.0/8', () => {
    expect(localnetRules(OPTIONS)).toEqual([
      '-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
    ]);
  });

  it('are not needed where node ports do not answer there', () => {
    expect(localnetRules(proxierOptions({ localhostNodePorts: false }))).toEqual([]);
  });

  it('are not for IPv6, whatever is asked', () => {
    expect(localnetRules(proxierOptions({ family: 'IPv6' }))).toEqual([]);
  });
});

describe('forwardRules', () => {
  const accepts = [
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT',
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  ];

  it('drop what has no place in a connection, and let services’ traffic through', () => {
    expect(forwardRules(OPTIONS)).toEqual([
      '-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP',
      ...accepts,
    ]);
  });

  it('drop nothing where connection tracking is liberal', () => {
    expect(forwardRules(proxierOptions({ conntrackTcpBeLiberal: true }))).toEqual(accepts);
  });

  it('take the bit of the options', () => {
    const rules = forwardRules(proxierOptions({ masqueradeBit: 0 }));
    expect(rules[1]).toContain('-m mark --mark 0x00000001/0x00000001 -j ACCEPT');
  });
});

describe('clusterIpTarget', () => {
  it.core('is the chain of the service port', () => {
    expect(clusterIpTarget(WEB, some('10.244.1.2'))).toEqual({
      table: 'nat',
      jump: SVC,
      comment: 'default/web:http cluster IP',
    });
  });

  it.core('refuses where there are no endpoints', () => {
    expect(clusterIpTarget(WEB, some())).toEqual({
      table: 'filter',
      jump: 'REJECT',
      comment: 'default/web:http has no endpoints',
    });
  });

  it('names a port without name by its Service', () => {
    expect(clusterIpTarget(DNS, some()).comment).toBe('default/dns has no endpoints');
    expect(clusterIpTarget(DNS, some('10.244.1.2'))).toMatchObject({
      jump: clusterPolicyChain(DNS),
      comment: 'default/dns cluster IP',
    });
  });

  it('goes by whether any node has an endpoint', () => {
    const elsewhere = { cluster: [], local: [], reachable: [], hasAny: true };
    expect(clusterIpTarget(WEB, elsewhere).table).toBe('nat');
  });
});

describe('clusterIpRule', () => {
  it.core('captures what is sent to the cluster IP', () => {
    const target = { table: 'nat', jump: SVC, comment: 'default/web:http cluster IP' } as const;
    expect(clusterIpRule(WEB, target)).toBe(
      `-A KUBE-SERVICES -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j ${SVC}`,
    );
  });

  it('refuses in the same words', () => {
    const target = {
      table: 'filter',
      jump: 'REJECT',
      comment: 'default/dns has no endpoints',
    } as const;
    expect(clusterIpRule(DNS, target)).toBe(
      '-A KUBE-SERVICES -m comment --comment "default/dns has no endpoints" -m udp -p udp -d 10.96.0.53 --dport 53 -j REJECT',
    );
  });

  it('knows SCTP', () => {
    const port = servicePortObject('sig:s1', { protocol: 'SCTP', port: 36_412 });
    const target = { table: 'nat', jump: 'KUBE-SVC-X', comment: 'c' } as const;
    expect(clusterIpRule(port, target)).toBe(
      '-A KUBE-SERVICES -m comment --comment "c" -m sctp -p sctp -d 10.96.0.10 --dport 36412 -j KUBE-SVC-X',
    );
  });

  it('writes an IPv6 address without brackets', () => {
    const target = { table: 'nat', jump: 'KUBE-SVC-X', comment: 'c' } as const;
    expect(clusterIpRule(WEB6, target)).toContain(' -d fd00:96::a --dport 80 ');
  });
});

describe('clusterIpMasqueradeRules', () => {
  const words =
    '-A KUBE-SVC-X -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80';

  it.core('mark what does not come from a pod', () => {
    expect(clusterIpMasqueradeRules(WEB, 'KUBE-SVC-X', OPTIONS)).toEqual([
      `${words} ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ`,
    ]);
  });

  it('mark everything with masqueradeAll', () => {
    const all = [`${words} -j KUBE-MARK-MASQ`];
    const one = proxierOptions({ masqueradeAll: true });
    const other = proxierOptions({ masqueradeAll: true, clusterCidr: null });
    expect(clusterIpMasqueradeRules(WEB, 'KUBE-SVC-X', one)).toEqual(all);
    expect(clusterIpMasqueradeRules(WEB, 'KUBE-SVC-X', other)).toEqual(all);
  });

  it('are not there where nobody knows which addresses are pods’', () => {
    const options = proxierOptions({ clusterCidr: null });
    expect(clusterIpMasqueradeRules(WEB, 'KUBE-SVC-X', options)).toEqual([]);
  });
});

describe('balancingRules', () => {
  it.core('give the first of three a third, and the second half of the rest', () => {
    const infos = infosOf(WEB, '10.244.1.2', '10.244.1.3', '10.244.1.4');
    expect(balancingRules(WEB, SVC, infos, WITH_COMMENTS)).toEqual([
      `-A ${SVC} -m comment --comment "default/web:http -> 10.244.1.2:8080" -m statistic --mode random --probability 0.3333333333 -j ${infos[0]?.chain}`,
      `-A ${SVC} -m comment --comment "default/web:http -> 10.244.1.3:8080" -m statistic --mode random --probability 0.5000000000 -j ${infos[1]?.chain}`,
      `-A ${SVC} -m comment --comment "default/web:http -> 10.244.1.4:8080" -j ${infos[2]?.chain}`,
    ]);
  });

  it('give the only one everything', () => {
    const infos = infosOf(WEB, '10.244.1.2');
    expect(balancingRules(WEB, SVC, infos, WITH_COMMENTS)).toEqual([
      `-A ${SVC} -m comment --comment "default/web:http -> 10.244.1.2:8080" -j ${infos[0]?.chain}`,
    ]);
  });

  it('are none for no endpoints', () => {
    expect(balancingRules(WEB, SVC, [], WITH_COMMENTS)).toEqual([]);
  });

  it('go without comments where there are too many', () => {
    const infos = infosOf(WEB, '10.244.1.2', '10.244.1.3');
    expect(balancingRules(WEB, 'KUBE-SVL-X', infos, WITHOUT)).toEqual([
      `-A KUBE-SVL-X -m statistic --mode random --probability 0.5000000000 -j ${infos[0]?.chain}`,
      `-A KUBE-SVL-X -j ${infos[1]?.chain}`,
    ]);
  });

  it('write probabilities with ten digits', () => {
    const ips = Array.from({ length: 7 }, (_, i) => `10.244.1.${i + 1}`);
    const rules = balancingRules(WEB, SVC, infosOf(WEB, ...ips), WITHOUT);
    const written = rules.map((rule) => /--probability (\S+)/.exec(rule)?.[1]);
    expect(written).toEqual([
      '0.1428571429',
      '0.1666666667',
      '0.2000000000',
      '0.2500000000',
      '0.3333333333',
      '0.5000000000',
      undefined,
    ]);
  });

  it('write IPv6 endpoints in brackets', () => {
    const [rule] = balancingRules(WEB6, SVC, infosOf(WEB6, 'fd00:10::2'), WITH_COMMENTS);
    expect(rule).toContain('--comment "default/web:http -> [fd00:10::2]:8080"');
  });

  property(
    'give every endpoint the same chance',
    fc.integer({ min: 1, max: 200 }),
    (count) => {
      const ips = Array.from({ length: count }, (_, i) => `10.244.${i >> 7}.${(i & 127) + 1}`);
      const infos = infosOf(WEB, ...ips);
      const chances = chancesOf(balancingRules(WEB, SVC, infos, WITH_COMMENTS));
      expect([...chances.keys()]).toEqual(infos.map(({ chain }) => chain));
      for (const chance of chances.values()) expect(chance).toBeCloseTo(1 / count, 7);
    },
    { runs: 40 },
  );
});

describe('endpointRules', () => {
  const [info] = infosOf(WEB, '10.244.1.2');
  if (!info) throw new Error('one was asked for');

  it.core('mark a pod that meets itself, and give everybody the endpoint', () => {
    expect(endpointRules(WEB, info, WITH_COMMENTS)).toEqual([
      `-A ${info.chain} -m comment --comment default/web:http -s 10.244.1.2 -j KUBE-MARK-MASQ`,
      `-A ${info.chain} -m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:8080`,
    ]);
  });

  it('go without comments where there are too many', () => {
    expect(endpointRules(WEB, info, WITHOUT)).toEqual([
      `-A ${info.chain} -s 10.244.1.2 -j KUBE-MARK-MASQ`,
      `-A ${info.chain} -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:8080`,
    ]);
  });

  it('put a further match behind the comment of the second', () => {
    const remember = '-m recent --name X --set';
    const [first, second] = endpointRules(WEB, info, WITH_COMMENTS, remember);
    expect(first).not.toContain('recent');
    expect(second).toBe(
      `-A ${info.chain} -m comment --comment default/web:http -m recent --name X --set -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:8080`,
    );
    expect(endpointRules(WEB, info, WITHOUT, remember)[1]).toBe(
      `-A ${info.chain} -m recent --name X --set -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:8080`,
    );
  });

  it('say the protocol of the service port', () => {
    const dns = endpointInfo(DNS, endpointObject('10.244.1.3', { port: 5353 }));
    expect(endpointRules(DNS, dns, WITH_COMMENTS)[1]).toBe(
      `-A ${dns.chain} -m comment --comment default/dns -m udp -p udp -j DNAT --to-destination 10.244.1.3:5353`,
    );
  });

  it('write an IPv6 address with brackets where a port follows', () => {
    const six = endpointInfo(WEB6, endpointObject('fd00:10::2'));
    const [hairpin, rewrite] = endpointRules(WEB6, six, WITH_COMMENTS);
    expect(hairpin).toContain(' -s fd00:10::2 -j KUBE-MARK-MASQ');
    expect(rewrite).toMatch(/ --to-destination \[fd00:10::2\]:8080$/);
  });
});

describe('the whole text', () => {
  const head = [
    '*filter',
    ':KUBE-SERVICES - [0:0]',
    ':KUBE-EXTERNAL-SERVICES - [0:0]',
    ':KUBE-FORWARD - [0:0]',
    ':KUBE-NODEPORTS - [0:0]',
    ':KUBE-PROXY-FIREWALL - [0:0]',
    ':KUBE-FIREWALL - [0:0]',
  ];

  it('has the fixed rules where there are no services', () => {
    expect(textOf([]).split('\n')).toEqual([
      ...head,
      ...localnetRules(OPTIONS),
      ...forwardRules(OPTIONS),
      'COMMIT',
      '*nat',
      ':KUBE-SERVICES - [0:0]',
      ':KUBE-NODEPORTS - [0:0]',
      ':KUBE-POSTROUTING - [0:0]',
      ':KUBE-MARK-MASQ - [0:0]',
      ...masqueradeRules(OPTIONS),
      '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
      'COMMIT',
      '',
    ]);
  });

  it('has chains and rules of a service with two endpoints', () => {
    const [a, b] = infosOf(WEB, '10.244.1.2', '10.244.1.3');
    const text = textOf([[WEB, endpointObject('10.244.1.2'), endpointObject('10.244.1.3')]]);
    const [, nat = ''] = text.split('*nat\n');
    expect(nat.split('\n').filter((line) => /SVC|SEP/.test(line))).toEqual([
      `:${SVC} - [0:0]`,
      `:${a?.chain} - [0:0]`,
      `:${b?.chain} - [0:0]`,
      `-A KUBE-SERVICES -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j ${SVC}`,
      `-A ${SVC} -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ`,
      `-A ${SVC} -m comment --comment "default/web:http -> 10.244.1.2:8080" -m statistic --mode random --probability 0.5000000000 -j ${a?.chain}`,
      `-A ${SVC} -m comment --comment "default/web:http -> 10.244.1.3:8080" -j ${b?.chain}`,
      `-A ${a?.chain} -m comment --comment default/web:http -s 10.244.1.2 -j KUBE-MARK-MASQ`,
      `-A ${a?.chain} -m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:8080`,
      `-A ${b?.chain} -m comment --comment default/web:http -s 10.244.1.3 -j KUBE-MARK-MASQ`,
      `-A ${b?.chain} -m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.244.1.3:8080`,
    ]);
  });

  it('has no chain for a service whose only endpoint is not ready, and refuses it', () => {
    const text = textOf([[WEB, endpointObject('10.244.1.2', { ready: false, serving: false })]]);
    expect(text).not.toMatch(/SVC|SEP/);
    expect(text).toContain(
      '-A KUBE-SERVICES -m comment --comment "default/web:http has no endpoints" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j REJECT\n',
    );
  });

  it('has no localnet rule for IPv6', () => {
    const text = textOf([], proxierOptions({ family: 'IPv6', clusterCidr: 'fd00:10::/64' }));
    expect(text).not.toContain('KUBE-FIREWALL');
    expect(text).toContain('-m addrtype --dst-type LOCAL ! -d ::1/128 -j KUBE-NODEPORTS\n');
  });
});

/** A node with rules for services, and pods at 10.244.1.0/24. */
function nodeWith(
  all: readonly [ServicePort, ...Endpoint[]][],
  { options = OPTIONS, nodeIP = '192.168.1.5', podIP = '10.244.1.1' } = {},
): Netfilter {
  const { family } = options;
  const netfilter = new Netfilter({
    family,
    localAddresses: [nodeIP, podIP],
    routes: [{ to: options.clusterCidr ?? '10.244.0.0/16', device: 'cni0', source: podIP }],
    clock: new FakeClock(),
    random: seededRandom(1),
  });
  netfilter.restore(jumpsText(IPTABLES_JUMPS), { noflush: true });
  netfilter.restore(textOf(all, options), { noflush: true });
  return netfilter;
}

/** Who is reached by connections to a service, and how often. */
function reached(netfilter: Netfilter, from: string, times: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < times; i++) {
    const { verdict, destination } = netfilter.connect({
      from,
      to: '10.96.0.10:80',
      protocol: 'TCP',
      via: 'pod',
    });
    const where = verdict === 'accept' ? `${destination.ip}:${destination.port}` : verdict;
    counts.set(where, (counts.get(where) ?? 0) + 1);
  }
  return counts;
}

describe('connections to a cluster IP', () => {
  const endpoints = ['10.244.1.2', '10.244.1.3', '10.244.2.4'].map((ip) => endpointObject(ip));
  const connect = { to: '10.96.0.10:80', protocol: 'TCP' } as const;

  it('reach all endpoints about equally often', () => {
    const counts = reached(nodeWith([[WEB, ...endpoints]]), '10.244.1.9', 600);
    expect([...counts.keys()].sort()).toEqual([
      '10.244.1.2:8080',
      '10.244.1.3:8080',
      '10.244.2.4:8080',
    ]);
    for (const count of counts.values()) expect(count > 140 && count < 260).toBe(true);
  });

  it('keep the source of a pod', () => {
    const node = nodeWith([[WEB, endpointObject('10.244.2.4')]]);
    const { source } = node.connect({ ...connect, from: '10.244.1.9', via: 'pod' });
    expect(source.ip).toBe('10.244.1.9');
  });

  it('hide a pod from itself', () => {
    const node = nodeWith([[WEB, endpointObject('10.244.1.2')]]);
    const { source, destination } = node.connect({ ...connect, from: '10.244.1.2', via: 'pod' });
    expect([source.ip, destination.ip]).toEqual(['10.244.1.1', '10.244.1.2']);
  });

  it('come from the node when they come from outside', () => {
    const node = nodeWith([[WEB, endpointObject('10.244.1.2')]]);
    const { source } = node.connect({ ...connect, from: '203.0.113.9', via: 'outside' });
    expect(source.ip).toBe('10.244.1.1');
  });

  it('are refused where there are no endpoints', () => {
    const node = nodeWith([[WEB], [DNS, endpointObject('10.244.1.3', { port: 5353 })]]);
    expect(node.connect({ ...connect, from: '10.244.1.9', via: 'pod' }).verdict).toBe('reject');
    expect(node.connect({ ...connect, from: '192.168.1.5', via: 'local' }).verdict).toBe('reject');
    const dns = { to: '10.96.0.53:53', protocol: 'UDP' } as const;
    const answer = node.connect({ ...dns, from: '10.244.1.9', via: 'pod' });
    expect(answer.destination).toEqual({ ip: '10.244.1.3', port: 5353 });
  });

  it('are none of this service at another port or by another protocol', () => {
    const node = nodeWith([[WEB, ...endpoints]]);
    const from = { from: '10.244.1.9', via: 'pod' } as const;
    const port = node.connect({ ...from, to: '10.96.0.10:81', protocol: 'TCP' });
    const udp = node.connect({ ...from, to: '10.96.0.10:80', protocol: 'UDP' });
    expect([port.destination.ip, udp.destination.ip]).toEqual(['10.96.0.10', '10.96.0.10']);
  });

  it('work the same with IPv6', () => {
    const options = proxierOptions({
      family: 'IPv6',
      nodeIP: 'fd00:1::5',
      clusterCidr: 'fd00:10::/64',
    });
    const at6 = { options, nodeIP: 'fd00:1::5', podIP: 'fd00:10::1' };
    const node = nodeWith([[WEB6, endpointObject('fd00:10::2')]], at6);
    const to = { to: '[fd00:96::a]:80', protocol: 'TCP' } as const;
    const pod = node.connect({ ...to, from: 'fd00:10::9', via: 'pod' });
    const outside = node.connect({ ...to, from: '2001:db8::9', via: 'outside' });
    expect([pod.source.ip, pod.destination]).toEqual([
      'fd00:10::9',
      { ip: 'fd00:10::2', port: 8080 },
    ]);
    expect(outside.source.ip).toBe('fd00:10::1');
  });

  property(
    'only ever reach an endpoint that is ready, or are refused',
    fc.array(fc.boolean(), { maxLength: 5 }),
    (readiness) => {
      const all = readiness.map((ready, i) =>
        endpointObject(`10.244.1.${i + 2}`, { ready, serving: ready }),
      );
      const ready = all.filter((one) => one.ready).map(({ ip, port }) => `${ip}:${port}`);
      const where = reached(nodeWith([[WEB, ...all]]), '10.244.1.99', 12);
      const allowed = ready.length > 0 ? ready : ['reject'];
      for (const one of where.keys()) expect(allowed).toContain(one);
    },
    { runs: 25 },
  );
});
