import { FakeClock, seededRandom } from '#apimachinery';
import {
  describe,
  endpointObject,
  expect,
  fc,
  it,
  property,
  proxierOptions,
  type ServicePortWords,
  servicePortObject,
} from '#kit';
import {
  type ChosenEndpoints,
  type Endpoint,
  externalChainRules,
  externalDispatchRules,
  externalFilterRules,
  externalRefusal,
  firewallChainRules,
  fullText,
  IPTABLES_JUMPS,
  jumpsText,
  localClusterIpTarget,
  Netfilter,
  nodePortAddressRules,
  type ServicePort,
} from '#kube-proxy';

const HASH = 'CDGGSHYLG3RE2FKL';
const VIP = '198.51.100.1';
const OPTIONS = proxierOptions();
const here = endpointObject('10.244.1.2', { isLocal: true });
const there = endpointObject('10.244.2.2');

const web = (words: ServicePortWords = {}) => servicePortObject('web:http', words);
const chosen = (cluster: Endpoint[], local: Endpoint[], hasAny = true): ChosenEndpoints => ({
  cluster,
  local,
  reachable: [...new Set([...cluster, ...local])],
  hasAny,
});
const BOTH = chosen([here, there], [here]);
const ELSEWHERE = chosen([there], []);
const NOWHERE = chosen([], [], false);
const LOCAL = { externalPolicyLocal: true };

const textOf = (port: ServicePort, endpoints: readonly Endpoint[], options = OPTIONS) =>
  fullText(options, {
    services: new Map([[port.id, port]]),
    endpoints: new Map([[port.id, endpoints]]),
    updatedServices: new Set(),
  });
/** The lines of one table that begin with one of the words. */
const linesOf = (text: string, table: 'filter' | 'nat', ...starts: string[]) =>
  (text.split(`*${table}\n`)[1]?.split('COMMIT')[0] ?? '')
    .split('\n')
    .filter((line) => starts.some((start) => line.startsWith(start)));

describe('localClusterIpTarget', () => {
  const port = web({ internalPolicyLocal: true });

  it.core('is the chain of this node’s endpoints', () => {
    expect(localClusterIpTarget(port, BOTH)).toEqual({
      table: 'nat',
      jump: `KUBE-SVL-${HASH}`,
      comment: 'default/web:http cluster IP',
    });
  });

  it('drops where only other nodes have endpoints', () => {
    expect(localClusterIpTarget(port, ELSEWHERE)).toEqual({
      table: 'filter',
      jump: 'DROP',
      comment: 'default/web:http has no local endpoints',
    });
  });

  it('rejects where no node has any', () => {
    expect(localClusterIpTarget(port, NOWHERE)).toEqual({
      table: 'filter',
      jump: 'REJECT',
      comment: 'default/web:http has no endpoints',
    });
  });

  it('does not ask for the external policy', () => {
    const mixed = web({ internalPolicyLocal: true, nodePort: 30_080 });
    expect(localClusterIpTarget(mixed, ELSEWHERE).jump).toBe('DROP');
  });
});

describe('externalRefusal', () => {
  it.core('drops with policy Local what only other nodes could answer', () => {
    expect(externalRefusal(web(LOCAL), ELSEWHERE)).toEqual({
      jump: 'DROP',
      comment: 'default/web:http has no local endpoints',
    });
  });

  it('rejects what nobody could answer, with either policy', () => {
    const rejected = { jump: 'REJECT', comment: 'default/web:http has no endpoints' };
    expect(externalRefusal(web(LOCAL), NOWHERE)).toEqual(rejected);
    expect(externalRefusal(web(), NOWHERE)).toEqual(rejected);
  });

  it('refuses nothing where there are endpoints for it', () => {
    expect(externalRefusal(web(LOCAL), BOTH)).toBeUndefined();
    expect(externalRefusal(web(), ELSEWHERE)).toBeUndefined();
  });

  it('does not ask for the internal policy', () => {
    expect(externalRefusal(web({ internalPolicyLocal: true }), ELSEWHERE)).toBeUndefined();
  });
});

describe('externalDispatchRules', () => {
  it.core('lead each external IP to the external chain', () => {
    const port = web({ externalIPs: ['203.0.113.7', '203.0.113.8'] });
    expect(externalDispatchRules(port, BOTH)).toEqual([
      `-A KUBE-SERVICES -m comment --comment "default/web:http external IP" -m tcp -p tcp -d 203.0.113.7 --dport 80 -j KUBE-EXT-${HASH}`,
      `-A KUBE-SERVICES -m comment --comment "default/web:http external IP" -m tcp -p tcp -d 203.0.113.8 --dport 80 -j KUBE-EXT-${HASH}`,
    ]);
  });

  it('lead a load balancer’s address to the external chain', () => {
    expect(externalDispatchRules(web({ loadBalancerVIPs: [VIP] }), BOTH)).toEqual([
      `-A KUBE-SERVICES -m comment --comment "default/web:http loadbalancer IP" -m tcp -p tcp -d ${VIP} --dport 80 -j KUBE-EXT-${HASH}`,
    ]);
  });

  it('lead it to the firewall chain where not everybody may use it', () => {
    const port = web({ loadBalancerVIPs: [VIP], loadBalancerSourceRanges: ['203.0.113.0/24'] });
    expect(externalDispatchRules(port, BOTH)).toEqual([
      `-A KUBE-SERVICES -m comment --comment "default/web:http loadbalancer IP" -m tcp -p tcp -d ${VIP} --dport 80 -j KUBE-FW-${HASH}`,
    ]);
  });

  it('lead a node port to the external chain, whatever the address', () => {
    expect(externalDispatchRules(web({ nodePort: 30_080 }), BOTH)).toEqual([
      `-A KUBE-NODEPORTS -m comment --comment default/web:http -m tcp -p tcp --dport 30080 -j KUBE-EXT-${HASH}`,
    ]);
  });

  it('know all three, in this order, and ranges do not matter for the others', () => {
    const port = web({
      nodePort: 30_080,
      externalIPs: ['203.0.113.7'],
      loadBalancerVIPs: [VIP],
      loadBalancerSourceRanges: ['203.0.113.0/24'],
    });
    const targets = externalDispatchRules(port, BOTH).map((rule) => rule.split(' -j ')[1]);
    expect(targets).toEqual([`KUBE-EXT-${HASH}`, `KUBE-FW-${HASH}`, `KUBE-EXT-${HASH}`]);
  });

  it('say the protocol', () => {
    const dns = servicePortObject('dns', { protocol: 'UDP', port: 53, nodePort: 30_053 });
    expect(externalDispatchRules(dns, BOTH)[0]).toMatch(
      /^-A KUBE-NODEPORTS -m comment --comment default\/dns -m udp -p udp --dport 30053 -j KUBE-EXT-/,
    );
  });

  it('are there where only other nodes have endpoints: pods may use them', () => {
    expect(externalDispatchRules(web({ ...LOCAL, nodePort: 30_080 }), ELSEWHERE)).toHaveLength(1);
  });

  it('are not there where nobody has endpoints', () => {
    const port = web({ nodePort: 30_080, externalIPs: ['203.0.113.7'], loadBalancerVIPs: [VIP] });
    expect(externalDispatchRules(port, NOWHERE)).toEqual([]);
  });

  it('are none for what cannot be reached from outside', () => {
    expect(externalDispatchRules(web(), BOTH)).toEqual([]);
  });
});

describe('externalFilterRules', () => {
  const everything = {
    nodePort: 30_080,
    externalIPs: ['203.0.113.7'],
    loadBalancerVIPs: [VIP],
    loadBalancerSourceRanges: ['203.0.113.0/24'],
    healthCheckNodePort: 32_000,
    ...LOCAL,
  };
  const firewall = `-A KUBE-PROXY-FIREWALL -m comment --comment "default/web:http traffic not accepted by KUBE-FW-${HASH}" -m tcp -p tcp -d ${VIP} --dport 80 -j DROP`;
  const health =
    '-A KUBE-NODEPORTS -m comment --comment "default/web:http health check node port" -m tcp -p tcp --dport 32000 -j ACCEPT';
  const refusals = (why: string, jump: string) => [
    `-A KUBE-EXTERNAL-SERVICES -m comment --comment "default/web:http ${why}" -m tcp -p tcp -d 203.0.113.7 --dport 80 -j ${jump}`,
    `-A KUBE-EXTERNAL-SERVICES -m comment --comment "default/web:http ${why}" -m tcp -p tcp -d ${VIP} --dport 80 -j ${jump}`,
    `-A KUBE-EXTERNAL-SERVICES -m comment --comment "default/web:http ${why}" -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30080 -j ${jump}`,
  ];

  it.core('drop at every address what has no local endpoint', () => {
    const [ip, vip, node] = refusals('has no local endpoints', 'DROP');
    expect(externalFilterRules(web(everything), ELSEWHERE)).toEqual([
      ip,
      firewall,
      vip,
      node,
      health,
    ]);
  });

  it('reject at every address what has no endpoint at all, and need no firewall then', () => {
    const [ip, vip, node] = refusals('has no endpoints', 'REJECT');
    expect(externalFilterRules(web(everything), NOWHERE)).toEqual([ip, vip, node, health]);
  });

  it('keep only firewall and health check where endpoints are here', () => {
    expect(externalFilterRules(web(everything), BOTH)).toEqual([firewall, health]);
  });

  it('refuse at no node port where there is none', () => {
    const port = web({ ...LOCAL, externalIPs: ['203.0.113.7'] });
    const [ip] = refusals('has no local endpoints', 'DROP');
    expect(externalFilterRules(port, ELSEWHERE)).toEqual([ip]);
  });

  it('have one firewall rule for each address', () => {
    const vips = [VIP, '198.51.100.2'];
    const port = web({ loadBalancerVIPs: vips, loadBalancerSourceRanges: ['203.0.113.0/24'] });
    expect(externalFilterRules(port, BOTH).map((rule) => / -d (\S+)/.exec(rule)?.[1])).toEqual(
      vips,
    );
  });

  it('have no firewall where everybody may use the load balancer', () => {
    expect(externalFilterRules(web({ loadBalancerVIPs: [VIP] }), BOTH)).toEqual([]);
  });

  it('have no firewall where there are ranges but no address', () => {
    const port = web({ nodePort: 30_080, loadBalancerSourceRanges: ['203.0.113.0/24'] });
    expect(externalFilterRules(port, BOTH)).toEqual([]);
  });

  it('let the health check in by TCP, whatever the service speaks', () => {
    const port = servicePortObject('dns', {
      protocol: 'UDP',
      loadBalancerVIPs: [VIP],
      healthCheckNodePort: 32_001,
    });
    expect(externalFilterRules(port, BOTH)).toEqual([
      '-A KUBE-NODEPORTS -m comment --comment "default/dns health check node port" -m tcp -p tcp --dport 32001 -j ACCEPT',
    ]);
  });

  it('drop nothing with policy Cluster while some node has endpoints', () => {
    expect(externalFilterRules(web({ nodePort: 30_080 }), ELSEWHERE)).toEqual([]);
  });
});

describe('externalChainRules', () => {
  const EXT = `-A KUBE-EXT-${HASH}`;
  const local = [
    `${EXT} -m comment --comment "pod traffic for default/web:http external destinations" -s 10.244.0.0/16 -j KUBE-SVC-${HASH}`,
    `${EXT} -m comment --comment "masquerade LOCAL traffic for default/web:http external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
    `${EXT} -m comment --comment "route LOCAL traffic for default/web:http external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-${HASH}`,
  ];

  it.core('masquerade everything with policy Cluster', () => {
    expect(externalChainRules(web({ nodePort: 30_080 }), BOTH, OPTIONS)).toEqual([
      `${EXT} -m comment --comment "masquerade traffic for default/web:http external destinations" -j KUBE-MARK-MASQ`,
      `${EXT} -j KUBE-SVC-${HASH}`,
    ]);
  });

  it.core('keep the client’s address with policy Local', () => {
    expect(externalChainRules(web({ ...LOCAL, nodePort: 30_080 }), BOTH, OPTIONS)).toEqual([
      ...local,
      `${EXT} -j KUBE-SVL-${HASH}`,
    ]);
  });

  it('lead only who is inside anywhere, where the endpoints are elsewhere', () => {
    const port = web({ ...LOCAL, nodePort: 30_080 });
    expect(externalChainRules(port, ELSEWHERE, OPTIONS)).toEqual(local);
  });

  it('do not know pods without a cluster CIDR', () => {
    const port = web({ ...LOCAL, nodePort: 30_080 });
    const options = proxierOptions({ clusterCidr: null });
    expect(externalChainRules(port, BOTH, options)).toEqual([
      ...local.slice(1),
      `${EXT} -j KUBE-SVL-${HASH}`,
    ]);
  });

  it('do not ask for the internal policy', () => {
    const port = web({ internalPolicyLocal: true, nodePort: 30_080 });
    expect(externalChainRules(port, BOTH, OPTIONS).at(-1)).toBe(`${EXT} -j KUBE-SVC-${HASH}`);
  });
});

describe('firewallChainRules', () => {
  const FW = `-A KUBE-FW-${HASH}`;
  const allow = (source: string) =>
    `${FW} -m comment --comment "default/web:http loadbalancer IP" -s ${source} -j KUBE-EXT-${HASH}`;
  const last = `${FW} -m comment --comment "other traffic to default/web:http will be dropped by KUBE-PROXY-FIREWALL"`;

  it.core('let each range through', () => {
    const ranges = ['203.0.113.0/24', '198.18.0.0/15'];
    const port = web({ loadBalancerVIPs: [VIP], loadBalancerSourceRanges: ranges });
    expect(firewallChainRules(port, OPTIONS)).toEqual([...ranges.map(allow), last]);
  });

  it('let the node’s own requests through where the node may', () => {
    const ranges = ['203.0.113.0/24', '192.168.0.0/16', '192.168.1.0/24'];
    const vips = [VIP, '198.51.100.2'];
    const port = web({ loadBalancerVIPs: vips, loadBalancerSourceRanges: ranges });
    expect(firewallChainRules(port, OPTIONS)).toEqual([...ranges, ...vips].map(allow).concat(last));
  });

  it('look at bits, not at text', () => {
    const vips = [VIP];
    const inside = web({ loadBalancerVIPs: vips, loadBalancerSourceRanges: ['192.168.1.4/30'] });
    const outside = web({ loadBalancerVIPs: vips, loadBalancerSourceRanges: ['192.168.1.0/30'] });
    expect(firewallChainRules(inside, OPTIONS)).toContain(allow(VIP));
    expect(firewallChainRules(outside, OPTIONS)).not.toContain(allow(VIP));
  });

  it('are the same for IPv6', () => {
    const options = proxierOptions({ family: 'IPv6', nodeIP: 'fd00:1::5' });
    const port = web({
      loadBalancerVIPs: ['fd00:2::1'],
      loadBalancerSourceRanges: ['fd00:1::/64'],
    });
    expect(firewallChainRules(port, options)).toEqual([
      allow('fd00:1::/64'),
      allow('fd00:2::1'),
      last,
    ]);
  });
});

describe('nodePortAddressRules', () => {
  const jump = (ip: string) =>
    `-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -d ${ip} -j KUBE-NODEPORTS`;
  const localAddresses = ['127.0.0.1', '192.168.1.5', '10.0.0.5', '192.168.7.1'];
  const rulesFor = (nodePortAddresses: string[], words = {}) =>
    nodePortAddressRules(proxierOptions({ nodePortAddresses, localAddresses, ...words }));

  it.core('are for the addresses in the ranges', () => {
    expect(rulesFor(['192.168.0.0/16'])).toEqual([jump('192.168.1.5'), jump('192.168.7.1')]);
  });

  it('keep the order of the addresses, whatever the ranges’', () => {
    const rules = rulesFor(['192.168.7.0/24', '10.0.0.0/8', '192.168.1.0/24']);
    expect(rules).toEqual([jump('192.168.1.5'), jump('10.0.0.5'), jump('192.168.7.1')]);
  });

  it('have no address twice', () => {
    const twice = { localAddresses: ['10.0.0.5', '10.0.0.5'] };
    expect(rulesFor(['10.0.0.0/8', '10.0.0.0/24'], twice)).toEqual([jump('10.0.0.5')]);
  });

  it('are none where no address is in a range', () => {
    expect(rulesFor(['172.16.0.0/12'])).toEqual([]);
  });

  it('leave it to the usual rule where every address is meant', () => {
    expect(rulesFor([])).toBeUndefined();
    expect(rulesFor(['0.0.0.0/0'])).toBeUndefined();
    expect(rulesFor(['10.0.0.0/8', '0.0.0.0/0'])).toBeUndefined();
  });

  it('do not count ranges of the other family', () => {
    expect(rulesFor(['fd00::/8'])).toBeUndefined();
    expect(rulesFor(['::/0', '10.0.0.0/8'])).toEqual([jump('10.0.0.5')]);
  });

  it('know the loopback where it answers node ports', () => {
    expect(rulesFor(['127.0.0.0/8'])).toEqual([jump('127.0.0.1')]);
    expect(rulesFor(['127.0.0.0/8'], { localhostNodePorts: false })).toEqual([]);
    const another = { localAddresses: ['127.0.0.53'] };
    expect(rulesFor(['127.0.0.0/8'], another)).toEqual([jump('127.0.0.53')]);
    expect(rulesFor(['127.0.0.0/8'], { ...another, localhostNodePorts: false })).toEqual([]);
  });

  it('never have ::1', () => {
    const six = { family: 'IPv6' as const, localAddresses: ['::1', 'fd00:1::5'] };
    expect(rulesFor(['::1/128', 'fd00::/8'], six)).toEqual([jump('fd00:1::5')]);
  });

  it('look at the node’s own address where no others are known', () => {
    const options = proxierOptions({ nodePortAddresses: ['192.168.0.0/16'] });
    expect(nodePortAddressRules(options)).toEqual([jump('192.168.1.5')]);
  });
});

describe('the text of a service', () => {
  it('has its chains in order: external, firewall, cluster, local, endpoints', () => {
    const port = web({
      ...LOCAL,
      loadBalancerVIPs: [VIP],
      loadBalancerSourceRanges: ['203.0.113.0/24'],
    });
    const chains = linesOf(textOf(port, [here, there]), 'nat', ':');
    expect(chains.slice(4).map((line) => line.slice(1, 9))).toEqual([
      'KUBE-EXT',
      'KUBE-FW-',
      'KUBE-SVC',
      'KUBE-SVL',
      'KUBE-SEP',
      'KUBE-SEP',
    ]);
  });

  it('drops at a node without endpoints, and has the way for pods', () => {
    const text = textOf(web({ ...LOCAL, nodePort: 30_080 }), [there]);
    expect(linesOf(text, 'filter', '-A KUBE-EXTERNAL')).toHaveLength(1);
    expect(linesOf(text, 'nat', ':KUBE-SVL')).toEqual([]);
    expect(linesOf(text, 'nat', `-A KUBE-EXT-${HASH}`)).toHaveLength(3);
    expect(linesOf(text, 'nat', `-A KUBE-SVC-${HASH}`)).toHaveLength(2);
  });

  it('spreads cluster IP traffic with internal policy Local over this node’s endpoints', () => {
    const text = textOf(web({ internalPolicyLocal: true }), [here, there]);
    const rules = linesOf(text, 'nat', `-A KUBE-SVL-${HASH}`);
    expect(rules).toHaveLength(2);
    expect(rules[0]).toContain('! -s 10.244.0.0/16 -j KUBE-MARK-MASQ');
    expect(rules[1]).toContain('"default/web:http -> 10.244.1.2:8080"');
    expect(text).not.toContain('10.244.2.2');
  });

  it('ends the chain of services with the node ports’ addresses', () => {
    const options = proxierOptions({ nodePortAddresses: ['192.168.0.0/16'] });
    const rules = linesOf(
      textOf(web({ nodePort: 30_080 }), [here], options),
      'nat',
      '-A KUBE-SERV',
    );
    expect(rules.at(-1)).toMatch(/ -d 192\.168\.1\.5 -j KUBE-NODEPORTS$/);
    expect(rules).toHaveLength(2);
  });

  it('answers on 127.0.0.1 only where the node ports’ addresses have it', () => {
    const some = proxierOptions({ nodePortAddresses: ['192.168.0.0/16'] });
    const loopback = proxierOptions({ nodePortAddresses: ['127.0.0.0/8'] });
    expect(textOf(web(), [here], some)).not.toContain('KUBE-FIREWALL');
    expect(textOf(web(), [here], loopback)).toContain(':KUBE-FIREWALL - [0:0]');
  });
});

/** A node 192.168.1.5 with pods at 10.244.1.0/24 and rules for one service port. */
function nodeWith(port: ServicePort, endpoints: readonly Endpoint[], options = OPTIONS): Netfilter {
  const netfilter = new Netfilter({
    localAddresses: ['192.168.1.5', '10.244.1.1'],
    routes: [{ to: '10.244.1.0/24', device: 'cni0', source: '10.244.1.1' }],
    clock: new FakeClock(),
    random: seededRandom(1),
  });
  netfilter.restore(jumpsText(IPTABLES_JUMPS), { noflush: true });
  netfilter.restore(textOf(port, endpoints, options), { noflush: true });
  return netfilter;
}

const CLIENTS = {
  outside: { from: '203.0.113.9', via: 'outside' },
  pod: { from: '10.244.1.9', via: 'pod' },
  node: { from: '192.168.1.5', via: 'local' },
} as const;
type Client = keyof typeof CLIENTS;

/** Who is reached at an address, and whom they see. */
function ask(netfilter: Netfilter, client: Client, to: string): string {
  const answer = netfilter.connect({ ...CLIENTS[client], to, protocol: 'TCP' });
  if (answer.verdict !== 'accept') return answer.verdict;
  return `${answer.source.ip} at ${answer.destination.ip}`;
}

describe('connections from outside', () => {
  const NODE_PORT = '192.168.1.5:30080';

  it('with policy Cluster come from the node, whoever they are from', () => {
    const node = nodeWith(web({ nodePort: 30_080 }), [there]);
    expect(ask(node, 'outside', NODE_PORT)).toBe('192.168.1.5 at 10.244.2.2');
    expect(ask(node, 'pod', NODE_PORT)).toBe('192.168.1.5 at 10.244.2.2');
    expect(ask(node, 'node', NODE_PORT)).toBe('192.168.1.5 at 10.244.2.2');
  });

  it('with policy Local keep their source, and stay on the node', () => {
    const node = nodeWith(web({ ...LOCAL, nodePort: 30_080 }), [here, there]);
    for (let i = 0; i < 20; i++) {
      expect(ask(node, 'outside', NODE_PORT)).toBe('203.0.113.9 at 10.244.1.2');
    }
  });

  it('with policy Local are dropped where the node has no endpoint, but not for who is inside', () => {
    const node = nodeWith(web({ ...LOCAL, nodePort: 30_080 }), [there]);
    expect(ask(node, 'outside', NODE_PORT)).toBe('drop');
    expect(ask(node, 'pod', NODE_PORT)).toBe('10.244.1.9 at 10.244.2.2');
    expect(ask(node, 'node', NODE_PORT)).toBe('192.168.1.5 at 10.244.2.2');
  });

  it('are rejected where nobody has an endpoint', () => {
    const node = nodeWith(web({ ...LOCAL, nodePort: 30_080, externalIPs: ['203.0.113.7'] }), []);
    expect(ask(node, 'outside', NODE_PORT)).toBe('reject');
    expect(ask(node, 'outside', '203.0.113.7:80')).toBe('reject');
  });

  it('reach node ports at every address of the node, and at no other', () => {
    const node = nodeWith(web({ nodePort: 30_080 }), [there]);
    expect(ask(node, 'outside', '10.244.1.1:30080')).toBe('192.168.1.5 at 10.244.2.2');
    expect(ask(node, 'node', '127.0.0.1:30080')).toBe('192.168.1.5 at 10.244.2.2');
    expect(ask(node, 'outside', '192.168.1.6:30080')).toBe('203.0.113.9 at 192.168.1.6');
  });

  it('reach node ports only at the addresses that were chosen', () => {
    const options = proxierOptions({ nodePortAddresses: ['192.168.0.0/16'] });
    const node = nodeWith(web({ nodePort: 30_080 }), [there], options);
    expect(ask(node, 'outside', NODE_PORT)).toBe('192.168.1.5 at 10.244.2.2');
    expect(ask(node, 'outside', '10.244.1.1:30080')).toBe('203.0.113.9 at 10.244.1.1');
  });

  it('reach a load balancer only from its ranges, and a node port from anywhere', () => {
    const ranges = { loadBalancerVIPs: [VIP], loadBalancerSourceRanges: ['203.0.113.0/30'] };
    const node = nodeWith(web({ ...ranges, nodePort: 30_080 }), [there]);
    const from = (ip: string) =>
      node.connect({ from: ip, to: `${VIP}:80`, protocol: 'TCP', via: 'outside' });
    expect(from('203.0.113.3').destination.ip).toBe('10.244.2.2');
    expect(from('203.0.113.4').verdict).toBe('drop');
    expect(ask(node, 'pod', `${VIP}:80`)).toBe('drop');
    expect(ask(node, 'outside', NODE_PORT)).toBe('192.168.1.5 at 10.244.2.2');
  });

  it('reach a cluster IP with internal policy Local only here', () => {
    const port = web({ internalPolicyLocal: true });
    const cluster = '10.96.0.10:80';
    const both = nodeWith(port, [here, there]);
    for (let i = 0; i < 20; i++) expect(ask(both, 'pod', cluster)).toBe('10.244.1.9 at 10.244.1.2');
    expect(ask(nodeWith(port, [there]), 'pod', cluster)).toBe('drop');
    expect(ask(nodeWith(port, []), 'pod', cluster)).toBe('reject');
  });
});

describe('any service port with any endpoints', () => {
  const words = fc.record({
    externalPolicyLocal: fc.boolean(),
    internalPolicyLocal: fc.boolean(),
    loadBalancerSourceRanges: fc.constantFrom([], ['203.0.113.0/24'], ['172.16.0.0/12']),
  });
  const places = fc.array(fc.boolean(), { maxLength: 4 });
  const client = fc.constantFrom<Client>('outside', 'pod', 'node');
  const address = fc.constantFrom(
    '10.96.0.10:80',
    '203.0.113.7:80',
    `${VIP}:80`,
    '192.168.1.5:30080',
  );

  property(
    'answers who may ask with whom the policies allow',
    words,
    places,
    client,
    address,
    (said, locals, who, to) => {
      const port = web({
        ...said,
        nodePort: 30_080,
        externalIPs: ['203.0.113.7'],
        loadBalancerVIPs: [VIP],
      });
      const all = locals.map((isLocal, i) =>
        endpointObject(`10.244.${isLocal ? 1 : 2}.${i + 20}`, { isLocal }),
      );
      const isInternal = to === '10.96.0.10:80';
      const ranges = said.loadBalancerSourceRanges;
      const isBarred =
        to.startsWith(VIP) &&
        ranges.length > 0 &&
        !(who === 'outside' && ranges[0]?.startsWith('203'));
      const localOnly = isInternal
        ? said.internalPolicyLocal
        : said.externalPolicyLocal && who === 'outside';
      const allowed = all.filter(({ isLocal }) => isLocal || !localOnly).map(({ ip }) => ip);
      const answer = ask(nodeWith(port, all), who, to);
      // What the node itself sends to an address elsewhere is not looked at by the chain that rejects.
      const isUnseen = who === 'node' && (to.startsWith(VIP) || to.startsWith('203'));
      if (all.length === 0) expect(answer.startsWith('reject')).toBe(!isUnseen);
      else if (isBarred || allowed.length === 0) expect(answer).toBe('drop');
      else expect(allowed).toContain(answer.split(' at ')[1]);
    },
    { runs: 60 },
  );
});
