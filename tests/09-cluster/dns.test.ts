import {
  answerQuestion,
  DNS_VERSION,
  type DnsAnswer,
  type DnsEndpoint,
  type DnsPort,
  type DnsRecord,
  type DnsService,
  type DnsView,
  hostOf,
  MAX_ALIASES,
} from '#cluster';
import { describe, expect, fc, it, property } from '#kit';

const DOMAIN = 'cluster.local';

interface ServiceWords {
  readonly ips?: readonly string[];
  readonly externalName?: string;
  /** `http/tcp/80`, `/tcp/80` without a name. */
  readonly ports?: readonly string[];
  /** `10.244.1.2`, `db-0=10.244.1.2`, `db-0=10.244.1.2 pg/tcp/5432`. */
  readonly endpoints?: readonly string[];
}

function portOf(text: string): DnsPort {
  const [name = '', protocol = '', port] = text.split('/');
  return { name, protocol, port: Number(port) };
}

function endpointOf(text: string): DnsEndpoint {
  const [address = '', ...ports] = text.split(' ');
  const [hostname = '', ip] = address.includes('=') ? address.split('=') : ['', address];
  return { ip: ip ?? '', hostname, ports: ports.map(portOf) };
}

/** A cluster of Services by `namespace/name`; other namespaces are empty. */
function viewOf(words: Readonly<Record<string, ServiceWords>>, namespaces: string[] = []): DnsView {
  const found = new Map(
    Object.entries(words).map(([key, { ips = [], externalName, ports = [], endpoints = [] }]) => {
      const [namespace = '', name = ''] = key.split('/');
      const service: DnsService = {
        namespace,
        name,
        clusterIPs: ips,
        ports: ports.map(portOf),
        ...(externalName !== undefined && { externalName }),
      };
      return [key, { service, endpoints: endpoints.map(endpointOf) }] as const;
    }),
  );
  const all = [...found.values()];
  const names = new Set([...namespaces, ...all.map(({ service }) => service.namespace)]);
  return {
    hasNamespace: (name) => names.has(name),
    service: (namespace, name) => found.get(`${namespace}/${name}`)?.service,
    endpoints: (namespace, name) => found.get(`${namespace}/${name}`)?.endpoints ?? [],
    serviceAt: (ip) => all.find(({ service }) => service.clusterIPs.includes(ip))?.service,
    endpointsAt: (ip) =>
      all.flatMap(({ service, endpoints }) =>
        endpoints.filter((one) => one.ip === ip).map((endpoint) => ({ service, endpoint })),
      ),
  };
}

const CLUSTER = viewOf(
  {
    'default/web': {
      ips: ['10.96.0.7'],
      ports: ['http/tcp/80', 'dns/udp/53', '/tcp/9999'],
      endpoints: ['pod-1=10.244.1.1 http/tcp/8080'],
    },
    'default/dual': { ips: ['10.96.0.8', 'fd00::8'], ports: ['http/tcp/80'] },
    'default/db': {
      ports: ['pg/tcp/5432', 'declared/tcp/1'],
      endpoints: ['db-0=10.244.1.2 pg/tcp/5432', 'db-1=10.244.2.3 pg/tcp/5433 metrics/tcp/9090'],
    },
    'default/plain': { endpoints: ['10.244.1.5 http/tcp/80', 'fd00::5 http/tcp/80 /tcp/81'] },
    'default/shared': { endpoints: ['one=10.244.1.6', 'one=10.244.1.7', 'two=10.244.1.8'] },
    'default/empty': { ports: ['http/tcp/80'] },
    'prod/web': { ips: ['10.96.0.9'] },
    'default/out': { externalName: 'example.com' },
    'default/in': { externalName: 'Web.default.svc.cluster.local' },
    'default/twice': { externalName: 'in.default.svc.cluster.local' },
    'default/lost': { externalName: 'nope.default.svc.cluster.local' },
    'default/me': { externalName: 'me.default.svc.cluster.local' },
    'default/ring-a': { externalName: 'ring-b.default.svc.cluster.local' },
    'default/ring-b': { externalName: 'ring-a.default.svc.cluster.local' },
    'default/to-db': { externalName: 'db.default.svc.cluster.local' },
    'default/to-pod': { externalName: '10-1-2-3.prod.pod.cluster.local' },
  },
  ['bare'],
);

/** `A web 10.96.0.7`, `SRV name 0 50 80 target`; names in the domain without it. */
function lineOf({ name, type, data }: DnsRecord): string {
  const short = (one: string): string => one.replace(/\.cluster\.local$/, '');
  if (typeof data === 'string') return `${type} ${short(name)} ${short(data)}`;
  const { priority, weight, port, target } = data;
  return `${type} ${short(name)} ${priority} ${weight} ${port} ${short(target)}`;
}

/** The records; the code before them unless it is NOERROR, or alone when there are none. */
function ask(type: string, name: string, view = CLUSTER): string[] {
  const fullName = name.endsWith('.') ? name.slice(0, -1) : `${name}.${DOMAIN}`;
  const { code, answers } = answerQuestion({ name: fullName, type }, view, DOMAIN);
  const isCodeTold = code !== 'NOERROR' || answers.length === 0;
  return [...(isCodeTold ? [code] : []), ...answers.map(lineOf)];
}

const additionals = (type: string, name: string): string[] =>
  answerQuestion({ name: `${name}.${DOMAIN}`, type }, CLUSTER, DOMAIN).additionals.map(lineOf);

type Row = [what: string, type: string, name: string, answers: readonly string[]];

/** The name is there, and has no records of that type. */
const NOTHING = ['NOERROR'];

function table(rows: readonly Row[], declare: typeof it | typeof it.core = it): void {
  for (const [what, type, name, answers] of rows) {
    declare(`${what}: ${type} ${name}`, () => {
      expect(ask(type, name)).toEqual(answers);
    });
  }
}

describe('a Service', () => {
  table(
    [
      ['is at its cluster IP', 'A', 'web.default.svc', ['A web.default.svc 10.96.0.7']],
      ['is not there', 'A', 'nope.default.svc', ['NXDOMAIN']],
      [
        'without a cluster IP is at its endpoints',
        'A',
        'db.default.svc',
        ['A db.default.svc 10.244.1.2', 'A db.default.svc 10.244.2.3'],
      ],
    ],
    it.core,
  );
  table([
    ['has no address of the other family', 'AAAA', 'web.default.svc', NOTHING],
    ['has an address of each family', 'A', 'dual.default.svc', ['A dual.default.svc 10.96.0.8']],
    ['has one of IPv6', 'AAAA', 'dual.default.svc', ['AAAA dual.default.svc fd00::8']],
    ['of another namespace is another', 'A', 'web.prod.svc', ['A web.prod.svc 10.96.0.9']],
    ['is not in every namespace', 'A', 'db.prod.svc', ['NXDOMAIN']],
    ['may have no endpoints', 'A', 'empty.default.svc', NOTHING],
    ['has no text', 'TXT', 'web.default.svc', NOTHING],
    ['is no alias', 'CNAME', 'web.default.svc', NOTHING],
    ['has no record of a strange type', 'MX', 'web.default.svc', NOTHING],
    [
      'has endpoints of both families',
      'AAAA',
      'plain.default.svc',
      ['AAAA plain.default.svc fd00::5'],
    ],
    ['is no pod', 'A', 'web.default.pod', ['NXDOMAIN']],
  ]);

  it.core('is found whatever the case, and told in small letters', () => {
    const question = { name: 'WEB.Default.svc.CLUSTER.local', type: 'A' };
    expect(answerQuestion(question, CLUSTER, DOMAIN)).toEqual({
      code: 'NOERROR',
      answers: [{ name: 'web.default.svc.cluster.local', type: 'A', data: '10.96.0.7' }],
      additionals: [],
    });
  });

  it('is there also before its namespace is known', () => {
    const view = { ...CLUSTER, hasNamespace: () => false };
    expect(ask('A', 'web.default.svc', view)).toEqual(['A web.default.svc 10.96.0.7']);
  });

  it('is in the domain that the cluster has', () => {
    const question = { name: 'web.default.svc.k8s.test', type: 'A' };
    const { answers } = answerQuestion(question, CLUSTER, 'k8s.test');
    expect(answers.map(lineOf)).toEqual(['A web.default.svc.k8s.test 10.96.0.7']);
  });
});

describe('an endpoint', () => {
  table(
    [['is found by its name', 'A', 'db-0.db.default.svc', ['A db-0.db.default.svc 10.244.1.2']]],
    it.core,
  );
  table([
    [
      'without a name is found by its address',
      'A',
      '10-244-1-5.plain.default.svc',
      ['A 10-244-1-5.plain.default.svc 10.244.1.5'],
    ],
    [
      'is found by an address of IPv6',
      'AAAA',
      'fd00--5.plain.default.svc',
      ['AAAA fd00--5.plain.default.svc fd00::5'],
    ],
    ['has only its own family', 'A', 'fd00--5.plain.default.svc', NOTHING],
    [
      'shares its name',
      'A',
      'one.shared.default.svc',
      ['A one.shared.default.svc 10.244.1.6', 'A one.shared.default.svc 10.244.1.7'],
    ],
    ['with a name is not found by its address', 'A', '10-244-1-2.db.default.svc', ['NXDOMAIN']],
    ['is not there', 'A', 'db-2.db.default.svc', ['NXDOMAIN']],
    ['is not found by a part of its name', 'A', 'db.db.default.svc', ['NXDOMAIN']],
    ['of a Service with a cluster IP has no name', 'A', 'pod-1.web.default.svc', ['NXDOMAIN']],
    [
      'of a Service with a cluster IP is not called as it is',
      'A',
      'web.web.default.svc',
      ['NXDOMAIN'],
    ],
    ['of another Service is another', 'A', 'db-0.plain.default.svc', ['NXDOMAIN']],
    ['is not below a Service that is not there', 'A', 'db-0.nope.default.svc', ['NXDOMAIN']],
    ['has nothing below it', 'A', 'x.y.db-0.db.default.svc', ['NXDOMAIN']],
    ['has no name of two labels', 'A', 'x.db-0.db.default.svc', ['NXDOMAIN']],
    [
      'has records of its ports',
      'SRV',
      'db-1.db.default.svc',
      [
        'SRV db-1.db.default.svc 0 50 5433 db-1.db.default.svc',
        'SRV db-1.db.default.svc 0 50 9090 db-1.db.default.svc',
      ],
    ],
  ]);
});

describe('a port', () => {
  table(
    [
      [
        'of a Service is at the Service',
        'SRV',
        '_http._tcp.web.default.svc',
        ['SRV _http._tcp.web.default.svc 0 100 80 web.default.svc'],
      ],
      [
        'without a cluster IP is at every endpoint, where that has it',
        'SRV',
        '_pg._tcp.db.default.svc',
        [
          'SRV _pg._tcp.db.default.svc 0 50 5432 db-0.db.default.svc',
          'SRV _pg._tcp.db.default.svc 0 50 5433 db-1.db.default.svc',
        ],
      ],
    ],
    it.core,
  );
  table([
    [
      'may be one of UDP',
      'SRV',
      '_dns._udp.web.default.svc',
      ['SRV _dns._udp.web.default.svc 0 100 53 web.default.svc'],
    ],
    ['has its protocol', 'SRV', '_http._udp.web.default.svc', ['NXDOMAIN']],
    ['is not there', 'SRV', '_https._tcp.web.default.svc', ['NXDOMAIN']],
    ['has no address', 'A', '_http._tcp.web.default.svc', NOTHING],
    ['that is not there has no address', 'A', '_https._tcp.web.default.svc', ['NXDOMAIN']],
    ['without a name cannot be asked for', 'SRV', '_._tcp.web.default.svc', ['NXDOMAIN']],
    ['must be asked for with underscores', 'SRV', 'http.tcp.web.default.svc', ['NXDOMAIN']],
    ['needs both underscores', 'SRV', '_http.tcp.web.default.svc', ['NXDOMAIN']],
    ['has a protocol that is no name by itself', 'SRV', '_tcp.web.default.svc', ['NXDOMAIN']],
    ['has a protocol without an address', 'A', '_tcp.db.default.svc', ['NXDOMAIN']],
    ['has nothing below it', 'SRV', 'x._http._tcp.web.default.svc', ['NXDOMAIN']],
    [
      'may be only an endpoint’s',
      'SRV',
      '_metrics._tcp.db.default.svc',
      ['SRV _metrics._tcp.db.default.svc 0 100 9090 db-1.db.default.svc'],
    ],
    ['may be only the Service’s', 'SRV', '_declared._tcp.db.default.svc', NOTHING],
    ['may have no endpoints', 'SRV', '_http._tcp.empty.default.svc', NOTHING],
    [
      'is not the endpoints’ where there is a cluster IP',
      'SRV',
      '_x._tcp.dual.default.svc',
      ['NXDOMAIN'],
    ],
    [
      'is not below a Service that is not there',
      'SRV',
      '_http._tcp.nope.default.svc',
      ['NXDOMAIN'],
    ],
    [
      'with a name is told of the Service',
      'SRV',
      'web.default.svc',
      [
        'SRV web.default.svc 0 50 80 web.default.svc',
        'SRV web.default.svc 0 50 53 web.default.svc',
      ],
    ],
    [
      'with a name is told of all endpoints',
      'SRV',
      'db.default.svc',
      [
        'SRV db.default.svc 0 33 5432 db-0.db.default.svc',
        'SRV db.default.svc 0 33 5433 db-1.db.default.svc',
        'SRV db.default.svc 0 33 9090 db-1.db.default.svc',
      ],
    ],
    [
      'without a name is not told of endpoints',
      'SRV',
      'plain.default.svc',
      [
        'SRV plain.default.svc 0 50 80 10-244-1-5.plain.default.svc',
        'SRV plain.default.svc 0 50 80 fd00--5.plain.default.svc',
      ],
    ],
  ]);

  it('comes with the address of its target', () => {
    expect(additionals('SRV', '_http._tcp.web.default.svc')).toEqual([
      'A web.default.svc 10.96.0.7',
    ]);
  });

  it('comes with addresses of both families', () => {
    expect(additionals('SRV', '_http._tcp.dual.default.svc').sort()).toEqual([
      'A dual.default.svc 10.96.0.8',
      'AAAA dual.default.svc fd00::8',
    ]);
  });

  it('comes with every address once', () => {
    expect(additionals('SRV', 'db.default.svc').sort()).toEqual([
      'A db-0.db.default.svc 10.244.1.2',
      'A db-1.db.default.svc 10.244.2.3',
    ]);
  });

  it('comes with nothing when only addresses were asked for', () => {
    expect(additionals('A', 'db.default.svc')).toEqual([]);
  });

  it('comes with all addresses of a name that many share', () => {
    const view = viewOf({
      'default/s': { endpoints: ['one=10.0.0.1 a/tcp/1', 'one=10.0.0.2 a/tcp/1'] },
    });
    expect(ask('SRV', '_a._tcp.s.default.svc', view)).toEqual([
      'SRV _a._tcp.s.default.svc 0 100 1 one.s.default.svc',
    ]);
    const question = { name: '_a._tcp.s.default.svc.cluster.local', type: 'SRV' };
    const { additionals: more } = answerQuestion(question, view, DOMAIN);
    expect(more.map(lineOf).sort()).toEqual([
      'A one.s.default.svc 10.0.0.1',
      'A one.s.default.svc 10.0.0.2',
    ]);
  });

  it('has two records where endpoints called alike have it at two numbers', () => {
    const view = viewOf({
      'default/s': { endpoints: ['one=10.0.0.1 a/tcp/1', 'one=10.0.0.2 a/tcp/2'] },
    });
    expect(ask('SRV', '_a._tcp.s.default.svc', view)).toEqual([
      'SRV _a._tcp.s.default.svc 0 50 1 one.s.default.svc',
      'SRV _a._tcp.s.default.svc 0 50 2 one.s.default.svc',
    ]);
  });

  it('weighs at least one', () => {
    const endpoints = Array.from({ length: 150 }, (_, i) => `10.0.0.${i} a/tcp/1`);
    const lines = ask('SRV', '_a._tcp.s.default.svc', viewOf({ 'default/s': { endpoints } }));
    expect(lines.length).toBe(150);
    expect(lines.every((line) => line.includes(' 0 1 1 '))).toBe(true);
  });
});

describe('an ExternalName', () => {
  table([['is an alias', 'A', 'out.default.svc', ['CNAME out.default.svc example.com']]], it.core);
  const toWeb = ['CNAME in.default.svc web.default.svc', 'A web.default.svc 10.96.0.7'];
  table([
    [
      'is an alias for the other family',
      'AAAA',
      'out.default.svc',
      ['CNAME out.default.svc example.com'],
    ],
    ['is asked for as an alias', 'CNAME', 'out.default.svc', ['CNAME out.default.svc example.com']],
    ['has no other records', 'TXT', 'out.default.svc', NOTHING],
    ['has no ports', 'SRV', 'out.default.svc', NOTHING],
    ['has nothing below it', 'A', 'x.out.default.svc', ['NXDOMAIN']],
    ['has no ports below it', 'SRV', '_http._tcp.out.default.svc', ['NXDOMAIN']],
    ['is followed into the cluster', 'A', 'in.default.svc', toWeb],
    [
      'is followed for the other family too',
      'AAAA',
      'in.default.svc',
      ['CNAME in.default.svc web.default.svc'],
    ],
    ['is not followed when the alias was asked for', 'CNAME', 'in.default.svc', toWeb.slice(0, 1)],
    [
      'is followed again',
      'A',
      'twice.default.svc',
      ['CNAME twice.default.svc in.default.svc', ...toWeb],
    ],
    ['may lead to nothing', 'A', 'lost.default.svc', ['CNAME lost.default.svc nope.default.svc']],
    ['may lead to itself', 'A', 'me.default.svc', ['CNAME me.default.svc me.default.svc']],
    [
      'may come round',
      'A',
      'ring-a.default.svc',
      [
        'CNAME ring-a.default.svc ring-b.default.svc',
        'CNAME ring-b.default.svc ring-a.default.svc',
      ],
    ],
    [
      'may lead to endpoints',
      'A',
      'to-db.default.svc',
      [
        'CNAME to-db.default.svc db.default.svc',
        'A db.default.svc 10.244.1.2',
        'A db.default.svc 10.244.2.3',
      ],
    ],
    [
      'may lead to a pod',
      'A',
      'to-pod.default.svc',
      ['CNAME to-pod.default.svc 10-1-2-3.prod.pod', 'A 10-1-2-3.prod.pod 10.1.2.3'],
    ],
  ]);

  const chain = (length: number): DnsView =>
    viewOf({
      ...Object.fromEntries(
        Array.from({ length }, (_, i) => [
          `default/a${i}`,
          { externalName: `a${i + 1}.default.svc.${DOMAIN}` },
        ]),
      ),
      [`default/a${length}`]: { ips: ['10.96.0.1'] },
    });

  it('is followed over as many aliases as allowed', () => {
    const lines = ask('A', 'a0.default.svc', chain(MAX_ALIASES));
    expect(lines.length).toBe(MAX_ALIASES + 1);
    expect(lines.at(-1)).toBe(`A a${MAX_ALIASES}.default.svc 10.96.0.1`);
  });

  it('is not followed for ever', () => {
    const lines = ask('A', 'a0.default.svc', chain(20));
    expect(lines.length).toBe(MAX_ALIASES);
    expect(lines.every((line) => line.startsWith('CNAME'))).toBe(true);
  });
});

describe('other names', () => {
  table([
    [
      'a pod is at the address it is called by',
      'A',
      '10-1-2-3.default.pod',
      ['A 10-1-2-3.default.pod 10.1.2.3'],
    ],
    [
      'a pod may be in a namespace without Services',
      'A',
      '1-2-3-4.bare.pod',
      ['A 1-2-3-4.bare.pod 1.2.3.4'],
    ],
    ['a pod has no other records', 'SRV', '10-1-2-3.default.pod', NOTHING],
    ['a pod has no address of IPv6', 'AAAA', '10-1-2-3.default.pod', NOTHING],
    ['a pod is not in a namespace that is not there', 'A', '10-1-2-3.nope.pod', ['NXDOMAIN']],
    ['a pod has an address', 'A', '10-1-2-999.default.pod', ['NXDOMAIN']],
    ['a pod has a whole address', 'A', '10-1-2.default.pod', ['NXDOMAIN']],
    ['a pod has nothing below it', 'A', 'x.10-1-2-3.default.pod', ['NXDOMAIN']],
    ['a namespace is a name', 'A', 'default.svc', NOTHING],
    ['a namespace without Services is a name', 'A', 'bare.svc', NOTHING],
    ['a namespace of pods is a name', 'A', 'default.pod', NOTHING],
    ['a namespace may not be there', 'A', 'nope.svc', ['NXDOMAIN']],
    ['a namespace of pods may not be there', 'A', 'nope.pod', ['NXDOMAIN']],
    ['svc is a name', 'A', 'svc', NOTHING],
    ['pod is a name', 'SRV', 'pod', NOTHING],
    ['nothing else is', 'A', 'node', ['NXDOMAIN']],
    ['nothing else is below', 'A', 'web.default.service', ['NXDOMAIN']],
    ['the domain is a name', 'A', 'cluster.local.', NOTHING],
    ['the domain is nobody’s end', 'A', 'web.default.svc.mycluster.local.', ['REFUSED']],
    ['what is above the domain is refused', 'A', 'local.', ['REFUSED']],
    ['what is outside is refused', 'A', 'example.com.', ['REFUSED']],
    ['the root is refused', 'A', '.', ['REFUSED']],
    ['the version is told', 'TXT', 'dns-version', [`TXT dns-version ${DNS_VERSION}`]],
    ['the version has no address', 'A', 'dns-version', NOTHING],
    ['the version has nothing below it', 'TXT', 'x.dns-version', ['NXDOMAIN']],
    [
      'addresses have names',
      'PTR',
      '7.0.96.10.in-addr.arpa.',
      ['PTR 7.0.96.10.in-addr.arpa web.default.svc'],
    ],
    [
      'addresses have names, whatever the case',
      'PTR',
      '7.0.96.10.IN-ADDR.arpa.',
      ['PTR 7.0.96.10.in-addr.arpa web.default.svc'],
    ],
    [
      'addresses of endpoints have names',
      'PTR',
      '2.1.244.10.in-addr.arpa.',
      ['PTR 2.1.244.10.in-addr.arpa db-0.db.default.svc'],
    ],
    ['other addresses have none', 'PTR', '1.1.1.1.in-addr.arpa.', ['NXDOMAIN']],
  ]);
});

const label = fc.constantFrom(
  'web',
  'db',
  'a',
  'b',
  'default',
  'prod',
  'svc',
  'pod',
  '_http',
  '_tcp',
  '10-0-0-1',
  'one',
);
const anyView = fc.dictionary(
  fc.constantFrom('default/web', 'default/db', 'prod/web', 'prod/a'),
  fc.record({
    ips: fc.subarray(['10.96.0.1', 'fd00::1']),
    ports: fc.subarray(['http/tcp/80', 'a/udp/53', '/tcp/1']),
    endpoints: fc.subarray([
      'one=10.0.0.1 http/tcp/8080',
      '10.0.0.2 http/tcp/8080 a/udp/53',
      'fd00::2 a/udp/53',
      'one=10.0.0.3',
    ]),
    externalName: fc.option(
      fc.constantFrom(
        'example.com',
        'web.default.svc.cluster.local',
        'db.default.svc.cluster.local',
      ),
      { nil: undefined, freq: 4 },
    ),
  }),
);
const anyQuestion = fc.record({
  name: fc
    .array(label, { minLength: 1, maxLength: 5 })
    .map((labels) => [...labels, DOMAIN].join('.')),
  type: fc.constantFrom('A', 'AAAA', 'SRV', 'CNAME', 'TXT', 'PTR'),
});

/** ExternalName Services have no cluster IPs and no endpoints. */
function viewFrom(words: Readonly<Record<string, unknown>>): DnsView {
  const services = Object.entries(words as Record<string, ServiceWords>).map(
    ([key, one]): [string, ServiceWords] => [
      key,
      one.externalName === undefined
        ? { ips: one.ips ?? [], ports: one.ports ?? [], endpoints: one.endpoints ?? [] }
        : { externalName: one.externalName },
    ],
  );
  return viewOf(Object.fromEntries(services));
}

describe('any question', () => {
  const asked = (
    words: Readonly<Record<string, unknown>>,
    question: { name: string; type: string },
  ) => answerQuestion(question, viewFrom(words), DOMAIN);
  const isThere = ({ code }: DnsAnswer): boolean => code === 'NOERROR';

  property(
    'is answered with records of what was asked',
    anyView,
    anyQuestion,
    (words, question) => {
      const { code, answers } = asked(words, question);
      if (code !== 'NOERROR') expect(answers).toEqual([]);
      for (const { type, name } of answers) {
        expect(type === question.type || type === 'CNAME').toBe(true);
        if (type !== 'CNAME' && answers[0]?.type !== 'CNAME') expect(name).toBe(question.name);
      }
    },
    { runs: 100 },
  );

  property(
    'finds a name or not, whatever type is asked for',
    anyView,
    anyQuestion,
    (words, question) => {
      const other = asked(words, { ...question, type: 'HINFO' });
      expect(isThere(asked(words, question))).toBe(isThere(other));
    },
    { runs: 100 },
  );

  property(
    'finds every name above one that is there',
    anyView,
    anyQuestion,
    (words, question) => {
      const above = question.name.slice(question.name.indexOf('.') + 1);
      // The protocol alone is no name: the contract's one exception.
      if (!isThere(asked(words, question)) || above.startsWith('_')) return;
      expect(isThere(asked(words, { ...question, name: above }))).toBe(true);
    },
    { runs: 100 },
  );

  property('leads to addresses by every SRV record', anyView, (words) => {
    for (const key of Object.keys(words)) {
      const [namespace, name] = key.split('/');
      const question = { name: `${name}.${namespace}.svc.${DOMAIN}`, type: 'SRV' };
      const { answers, additionals: more } = asked(words, question);
      for (const { data } of answers) {
        const target = (data as { target: string }).target;
        const found = ['A', 'AAAA'].flatMap((type) => asked(words, { name: target, type }).answers);
        const told = more.filter(({ name }) => name === target);
        expect(told.length > 0).toBe(true);
        for (const record of told) expect(found).toContainEqual(record);
      }
    }
  });

  property('finds endpoints by the name they have', anyView, (words) => {
    const view = viewFrom(words);
    for (const key of Object.keys(words)) {
      const [namespace = '', name = ''] = key.split('/');
      const service = view.service(namespace, name);
      if (service?.externalName !== undefined || service?.clusterIPs.length !== 0) continue;
      for (const endpoint of view.endpoints(namespace, name)) {
        const question = `${hostOf(endpoint)}.${name}.${namespace}.svc.${DOMAIN}`;
        const type = endpoint.ip.includes(':') ? 'AAAA' : 'A';
        const { answers } = answerQuestion({ name: question, type }, view, DOMAIN);
        expect(answers.map(({ data }) => data)).toContain(endpoint.ip);
      }
    }
  });
});
