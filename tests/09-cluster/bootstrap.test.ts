import {
  FakeClock,
  type FileSystem,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isNotFound,
  MemoryFileSystem,
  newConflict,
  newForbidden,
  seededRandom,
} from '#apimachinery';
import { newTestApi, type TestApi } from '#apiserver/testing';
import { CONFIG_MAPS, SERVICES } from '#client';
import {
  type CertificateFacts,
  type CertificateRequest,
  type ClusterShape,
  type Credentials,
  certificatesFor,
  ENSURE_ATTEMPTS,
  ensureCredentials,
  ensureObject,
  type KeyPair,
  kubeconfigText,
  type Part,
  type Pki,
  READY_POLL_MS,
  READY_TIMEOUT_MS,
  RENEW_BEFORE_MS,
  runParts,
} from '#cluster';
import {
  afterEach,
  beforeEach,
  countListeners,
  describe,
  expect,
  fc,
  it,
  property,
  refusalOf,
} from '#kit';

const DAY = 24 * 3_600_000;
const YEAR = 365 * DAY;
const DIRECTORY = '/var/lib/cluster/pki';

const SHAPE: ClusterShape = {
  server: 'https://192.0.2.7:6443',
  serviceIp: '10.96.0.1',
  domain: 'cluster.local',
  nodes: [
    { name: 'node-1', ip: '10.0.0.1' },
    { name: 'node-2', ip: '10.0.0.2' },
  ],
};

describe('certificatesFor', () => {
  const named = (shape: ClusterShape) =>
    new Map(certificatesFor(shape).map((request) => [request.name, request]));

  it.core('names all certificates, node after node', () => {
    expect(certificatesFor(SHAPE).map(({ name }) => name)).toEqual([
      'apiserver',
      'apiserver-kubelet-client',
      'admin',
      'controller-manager',
      'scheduler',
      'kube-proxy',
      'kubelet-node-1',
      'kubelet-node-1-server',
      'kubelet-node-2',
      'kubelet-node-2-server',
    ]);
  });

  const clients: [string, string, string[]][] = [
    ['apiserver-kubelet-client', 'kube-apiserver-kubelet-client', []],
    ['admin', 'kubernetes-admin', ['system:masters']],
    ['controller-manager', 'system:kube-controller-manager', []],
    ['scheduler', 'system:kube-scheduler', []],
    ['kube-proxy', 'system:kube-proxy', []],
    ['kubelet-node-2', 'system:node:node-2', ['system:nodes']],
  ];
  for (const [name, commonName, organizations] of clients) {
    it(`lets ${name} be ${commonName}`, () => {
      const wanted = { name, commonName, organizations, usage: 'client', hosts: [] };
      expect(named(SHAPE).get(name)).toEqual(wanted as unknown as CertificateRequest);
    });
  }

  it('lets a kubelet serve under its name and address', () => {
    expect(named(SHAPE).get('kubelet-node-1-server')).toEqual({
      name: 'kubelet-node-1-server',
      commonName: 'system:node:node-1',
      organizations: ['system:nodes'],
      usage: 'server',
      hosts: ['node-1', '10.0.0.1'],
    });
  });

  it('lets the API server serve under every name by which it is reached', () => {
    const { hosts = [], ...rest } = named(SHAPE).get('apiserver') ?? {};
    expect(rest).toEqual({
      name: 'apiserver',
      commonName: 'kube-apiserver',
      organizations: [],
      usage: 'server',
    });
    expect([...hosts].sort()).toEqual([
      '10.96.0.1',
      '127.0.0.1',
      '192.0.2.7',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      'localhost',
    ]);
  });

  it('says a host once', () => {
    const { hosts } = named({ ...SHAPE, server: 'https://127.0.0.1:6443' }).get('apiserver') ?? {};
    expect(hosts?.length).toBe(7);
  });

  const hosts: [string, string][] = [
    ['https://api.example.com', 'api.example.com'],
    ['https://[fd00::1]:6443', 'fd00::1'],
  ];
  for (const [server, host] of hosts) {
    it(`reaches ${server} as ${host}`, () => {
      expect(named({ ...SHAPE, server }).get('apiserver')?.hosts).toContain(host);
    });
  }

  it('takes the domain into the name', () => {
    const request = named({ ...SHAPE, domain: 'k8s.test' }).get('apiserver');
    expect(request?.hosts).toContain('kubernetes.default.svc.k8s.test');
    expect(request?.hosts).not.toContain('kubernetes.default.svc.cluster.local');
  });

  it('asks for no kubelet where there is no node', () => {
    expect(certificatesFor({ ...SHAPE, nodes: [] }).length).toBe(6);
  });
});

interface PlainCertificate extends CertificateFacts {
  readonly serial: number;
  readonly issuer: number;
  readonly isAuthority: boolean;
}

/** Certificates are JSON; a key is `key SERIAL`. Leaves last a year, authorities ten. */
class PlainPki implements Pki {
  issued: string[] = [];
  readonly #clock: FakeClock;
  #serial = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async newAuthority(commonName: string): Promise<KeyPair> {
    this.issued.push(`authority ${commonName}`);
    const facts = { commonName, organizations: [], usage: 'server', hosts: [] } as const;
    return this.make({ ...facts, notAfter: this.#clock.now() + 10 * YEAR }, true, undefined);
  }

  async issue(authority: KeyPair, { name, ...facts }: CertificateRequest): Promise<KeyPair> {
    this.issued.push(name);
    return this.make({ ...facts, notAfter: this.#clock.now() + YEAR }, false, authority);
  }

  newSigningKey(): string {
    this.issued.push('signing key');
    return `signing key ${++this.#serial}`;
  }

  readAuthority(pair: KeyPair): { readonly notAfter: number } | undefined {
    const found = parse(pair);
    return found?.isAuthority ? { notAfter: found.notAfter } : undefined;
  }

  read(authority: KeyPair, pair: KeyPair): CertificateFacts | undefined {
    const found = parse(pair);
    return found !== undefined && found.issuer === parse(authority)?.serial ? found : undefined;
  }

  make(facts: CertificateFacts, isAuthority: boolean, by: KeyPair | undefined): KeyPair {
    const serial = ++this.#serial;
    const issuer = by ? (parse(by)?.serial ?? 0) : serial;
    const certificate = JSON.stringify({ ...facts, serial, issuer, isAuthority });
    return { certificate, key: `key ${serial}` };
  }
}

function parse({ certificate, key }: KeyPair): PlainCertificate | undefined {
  try {
    const found = JSON.parse(certificate) as PlainCertificate;
    return key === `key ${found.serial}` ? found : undefined;
  } catch {
    return undefined;
  }
}

class Crash extends Error {}

/** The same disk, but after so many changes the machine is gone. */
function dyingAfter(files: FileSystem, changes: number): FileSystem {
  const changing = new Set(['writeFile', 'appendFile', 'makeDirectory', 'rename', 'remove']);
  let left = changes;
  return new Proxy(files, {
    get: (target, key) => {
      const method: unknown = Reflect.get(target, key, target);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]): unknown => {
        if (changing.has(String(key)) && left-- <= 0) throw new Crash('the machine is gone');
        return Reflect.apply(method as () => unknown, target, args);
      };
    },
  });
}

describe('ensureCredentials', () => {
  let clock: FakeClock;
  let files: MemoryFileSystem;
  let pki: PlainPki;
  beforeEach(() => {
    clock = new FakeClock();
    files = new MemoryFileSystem({ clock });
    pki = new PlainPki(clock);
  });

  const ensure = (shape = SHAPE, disk: FileSystem = files): Promise<Credentials> =>
    ensureCredentials(shape, { files: disk, directory: DIRECTORY, pki, clock });
  const text = (name: string): string =>
    new TextDecoder().decode(files.readFile(`${DIRECTORY}/${name}`));
  const put = (name: string, content: string, mode?: number): void =>
    files.writeFile(`${DIRECTORY}/${name}`, new TextEncoder().encode(content), mode);
  const modeOf = (name: string): string =>
    ((files.stat(`${DIRECTORY}/${name}`)?.mode ?? 0) & 0o777).toString(8);
  const everything = (): Record<string, string> =>
    Object.fromEntries(files.list(DIRECTORY).map((name) => [name, text(name)]));
  const pairOf = (name: string): KeyPair => ({
    certificate: text(`${name}.crt`),
    key: text(`${name}.key`),
  });
  /** Puts another certificate in the place of one, as the same authority would make it. */
  const replace = (name: string, change: Partial<CertificateFacts>): void => {
    const { commonName, organizations, usage, hosts, notAfter } = JSON.parse(
      text(`${name}.crt`),
    ) as PlainCertificate;
    const facts = { commonName, organizations, usage, hosts, notAfter, ...change };
    const made = pki.make(facts, false, pairOf('ca'));
    put(`${name}.crt`, made.certificate);
    put(`${name}.key`, made.key);
  };
  const ALL = [
    ...['ca.key', 'ca.crt', 'sa.key', 'apiserver.key', 'apiserver.crt'],
    ...['apiserver-kubelet-client.key', 'apiserver-kubelet-client.crt'],
    ...['admin', 'controller-manager', 'scheduler', 'kube-proxy'].flatMap(filesOfClient),
    ...filesOfNode('node-1'),
    ...filesOfNode('node-2'),
  ];

  it.core('makes everything where nothing is, a key before its certificate', async () => {
    const { written } = await ensure();
    expect(written).toEqual(ALL);
    expect(files.list(DIRECTORY)).toEqual([...ALL].sort());
  });

  it.core('writes nothing the second time', async () => {
    await ensure();
    const before = everything();
    pki.issued = [];
    expect((await ensure()).written).toEqual([]);
    expect(pki.issued).toEqual([]);
    expect(everything()).toEqual(before);
  });

  it('gives what it keeps as what it made', async () => {
    const { written: _, ...first } = await ensure();
    const { written: __, ...second } = await ensure();
    expect([...second.pairs]).toEqual([...first.pairs]);
    expect([second.authority, second.signingKey]).toEqual([first.authority, first.signingKey]);
  });

  it('gives what is in the files', async () => {
    const { authority, signingKey, pairs } = await ensure();
    expect(authority).toEqual(pairOf('ca'));
    expect(signingKey).toBe(text('sa.key'));
    expect([...pairs.keys()]).toEqual(certificatesFor(SHAPE).map(({ name }) => name));
    for (const [name, pair] of pairs) expect(pair).toEqual(pairOf(name));
  });

  it('lets the authority vouch for every certificate', async () => {
    const { authority, pairs } = await ensure();
    for (const request of certificatesFor(SHAPE)) {
      const { name, ...wanted } = request;
      const pair = pairs.get(name);
      expect(pair && pki.read(authority, pair)).toMatchObject(wanted);
    }
  });

  it('calls the authority kubernetes', async () => {
    await ensure();
    expect(pki.issued[0]).toBe('authority kubernetes');
  });

  it('makes the directory for its owner only', async () => {
    await ensure();
    expect(((files.stat(DIRECTORY)?.mode ?? 0) & 0o777).toString(8)).toBe('700');
  });

  it('leaves the mode of a directory that is there', async () => {
    files.makeDirectory(DIRECTORY, 0o750);
    await ensure();
    expect(((files.stat(DIRECTORY)?.mode ?? 0) & 0o777).toString(8)).toBe('750');
  });

  it('keeps keys and kubeconfigs secret, and shows certificates', async () => {
    await ensure();
    for (const name of ALL) expect([name, modeOf(name)]).toEqual([name, modeFor(name)]);
  });

  it('makes a key secret that was not', async () => {
    await ensure();
    replace('admin', { notAfter: clock.now() });
    files.changeMode(`${DIRECTORY}/admin.key`, 0o644);
    files.changeMode(`${DIRECTORY}/admin.conf`, 0o644);
    await ensure();
    expect([modeOf('admin.key'), modeOf('admin.conf')]).toEqual(['600', '600']);
  });

  it('writes kubeconfigs that say what is in the pair, for the user of its common name', async () => {
    const { authority, pairs } = await ensure();
    const users = [
      ['kubelet-node-1', 'system:node:node-1'],
      ['admin', 'kubernetes-admin'],
    ] as const;
    for (const [name, user] of users) {
      const pair = pairs.get(name);
      const wanted = pair && kubeconfigText(SHAPE.server, user, authority, pair);
      expect(text(`${name}.conf`)).toBe(wanted);
    }
  });

  it('adds a node', async () => {
    await ensure();
    const nodes = [...SHAPE.nodes, { name: 'node-3', ip: '10.0.0.3' }];
    expect((await ensure({ ...SHAPE, nodes })).written).toEqual(filesOfNode('node-3'));
  });

  it('leaves files alone that nobody asked for', async () => {
    await ensure();
    put('notes.txt', 'mine');
    const before = everything();
    const { written, pairs } = await ensure({ ...SHAPE, nodes: SHAPE.nodes.slice(1) });
    expect(written).toEqual([]);
    expect(pairs.has('kubelet-node-1')).toBe(false);
    expect(everything()).toEqual(before);
  });

  it('writes only kubeconfigs for another port', async () => {
    await ensure();
    const { written } = await ensure({ ...SHAPE, server: 'https://192.0.2.7:7443' });
    expect(written).toEqual(ALL.filter((name) => name.endsWith('.conf')));
    expect(text('admin.conf')).toContain('https://192.0.2.7:7443');
  });

  it('makes a serving certificate anew for another host', async () => {
    await ensure();
    const { written } = await ensure({ ...SHAPE, server: 'https://api.example.com:6443' });
    expect(written.slice(0, 2)).toEqual(['apiserver.key', 'apiserver.crt']);
    expect(written.filter((name) => name.endsWith('.key'))).toEqual(['apiserver.key']);
  });

  it('makes a serving certificate anew for another address of a node', async () => {
    await ensure();
    const nodes = [{ name: 'node-1', ip: '10.9.9.9' }];
    const { written } = await ensure({ ...SHAPE, nodes });
    expect(written).toEqual(['kubelet-node-1-server.key', 'kubelet-node-1-server.crt']);
  });

  it('takes one with more hosts', async () => {
    const server = 'https://api.example.com:6443';
    await ensure();
    const { hosts } = JSON.parse(text('apiserver.crt')) as CertificateFacts;
    replace('apiserver', { hosts: ['api.example.com', ...hosts].reverse() });
    expect((await ensure({ ...SHAPE, server })).written).not.toContain('apiserver.crt');
  });

  const faults: [string, Partial<CertificateFacts>][] = [
    ['another common name', { commonName: 'system:node:other' }],
    ['a missing organization', { organizations: [] }],
    ['one organization too many', { organizations: ['system:nodes', 'system:masters'] }],
    ['another usage', { usage: 'server' }],
  ];
  for (const [name, change] of faults) {
    it(`makes a certificate anew with ${name}`, async () => {
      await ensure();
      replace('kubelet-node-1', change);
      expect((await ensure()).written).toEqual(filesOfClient('kubelet-node-1'));
    });
  }

  it.core('renews certificates in time, and nothing else', async () => {
    await ensure();
    const before = everything();
    await clock.advance(YEAR - RENEW_BEFORE_MS - 1);
    expect((await ensure()).written).toEqual([]);
    await clock.advance(1);
    const { written } = await ensure();
    expect(written).toEqual(ALL.filter((name) => !/^(ca|sa)\./.test(name)));
    expect([text('ca.crt'), text('sa.key')]).toEqual([before['ca.crt'], before['sa.key']]);
  });

  it('renews only the one that ends', async () => {
    await ensure();
    replace('scheduler', { notAfter: clock.now() + RENEW_BEFORE_MS });
    expect((await ensure()).written).toEqual(filesOfClient('scheduler'));
  });

  it('makes everything anew with a new authority, but the signing key', async () => {
    const { authority } = await ensure();
    await clock.advance(10 * YEAR - RENEW_BEFORE_MS);
    const second = await ensure();
    expect(second.written).toEqual(ALL.filter((name) => name !== 'sa.key'));
    expect(second.authority).not.toEqual(authority);
    const admin = second.pairs.get('admin');
    expect(admin && pki.read(second.authority, admin)).toMatchObject({
      commonName: 'kubernetes-admin',
    });
  });

  it('makes everything anew when somebody brings another authority', async () => {
    await ensure();
    const other = await pki.newAuthority('other');
    put('ca.crt', other.certificate);
    put('ca.key', other.key);
    const { authority, written } = await ensure();
    expect(authority).toEqual(other);
    expect(written).toEqual(ALL.filter((name) => !/^(ca|sa)\./.test(name)));
  });

  it('does not take a certificate that is no authority for one', async () => {
    await ensure();
    const { certificate, key } = pairOf('admin');
    put('ca.crt', certificate);
    put('ca.key', key);
    expect((await ensure()).written).toContain('ca.crt');
  });

  const harm: [string, () => void, readonly string[]][] = [
    ['a certificate is gone', () => files.remove(`${DIRECTORY}/admin.crt`), filesOfClient('admin')],
    ['a key is gone', () => files.remove(`${DIRECTORY}/admin.key`), filesOfClient('admin')],
    ['a certificate is empty', () => put('admin.crt', ''), filesOfClient('admin')],
    ['a certificate is half', () => put('admin.crt', '{"serial":'), filesOfClient('admin')],
    [
      'a key is that of another',
      () => put('admin.key', text('scheduler.key')),
      filesOfClient('admin'),
    ],
    ['a kubeconfig is gone', () => files.remove(`${DIRECTORY}/admin.conf`), ['admin.conf']],
    ['a kubeconfig was changed', () => put('admin.conf', `${text('admin.conf')} `), ['admin.conf']],
    ['the signing key is gone', () => files.remove(`${DIRECTORY}/sa.key`), ['sa.key']],
    ['the signing key is empty', () => put('sa.key', ''), ['sa.key']],
  ];
  for (const [name, doHarm, repaired] of harm) {
    it(`repairs only what is broken: ${name}`, async () => {
      await ensure();
      doHarm();
      expect((await ensure()).written).toEqual(repaired);
      expect((await ensure()).written).toEqual([]);
    });
  }

  const afterCrash = async (changes: number): Promise<boolean> => {
    const error = await ensure(SHAPE, dyingAfter(files, changes)).catch((e: unknown) => e);
    if (!(error instanceof Crash)) return false;
    const { authority, pairs } = await ensure();
    const bad = certificatesFor(SHAPE).filter(({ name, commonName }) => {
      const { certificate, key } = pairOf(name);
      const pair = pairs.get(name);
      if (pair?.certificate !== certificate || pair.key !== key) return true;
      if (pki.read(authority, pair)?.commonName !== commonName) return true;
      const config = kubeconfigText(SHAPE.server, commonName, authority, pair);
      return ALL.includes(`${name}.conf`) && text(`${name}.conf`) !== config;
    });
    expect(bad.map(({ name }) => name)).toEqual([]);
    expect((await ensure()).written).toEqual([]);
    return true;
  };

  it('goes on after a crash at any moment of the first time', async () => {
    let changes = 0;
    for (; ; changes++) {
      files = new MemoryFileSystem({ clock });
      files.makeDirectory('/var/lib/cluster');
      if (!(await afterCrash(changes))) break;
    }
    expect(changes >= ALL.length).toBe(true);
  });

  it('goes on after a crash at any moment of a renewal', async () => {
    for (let changes = 0; ; changes++) {
      files = new MemoryFileSystem({ clock });
      await ensure();
      await clock.advance(YEAR);
      if (!(await afterCrash(changes))) break;
    }
  });

  it('says nothing was written that was not when certificates cannot be made', async () => {
    pki.issue = () => Promise.reject(new Error('no entropy'));
    const error = await refusalOf(ensure());
    expect((error as Error).message).toBe('no entropy');
    expect(files.list(DIRECTORY)).toEqual(['ca.crt', 'ca.key', 'sa.key']);
  });

  property(
    'repairs whatever is lost',
    fc.subarray(ALL),
    async (lost) => {
      clock = new FakeClock();
      files = new MemoryFileSystem({ clock });
      pki = new PlainPki(clock);
      const first = await ensure();
      for (const name of lost) files.remove(`${DIRECTORY}/${name}`);
      const second = await ensure();
      expect(files.list(DIRECTORY)).toEqual([...ALL].sort());
      const isCaLost = lost.some((name) => name.startsWith('ca.'));
      for (const [name, pair] of second.pairs) {
        const isKept = !isCaLost && !lost.includes(`${name}.key`) && !lost.includes(`${name}.crt`);
        expect([name, pair.key === first.pairs.get(name)?.key]).toEqual([name, isKept]);
      }
      expect((await ensure()).written).toEqual([]);
    },
    { runs: 30 },
  );
});

function filesOfClient(name: string): string[] {
  return [`${name}.key`, `${name}.crt`, `${name}.conf`];
}

function filesOfNode(name: string): string[] {
  return [
    ...filesOfClient(`kubelet-${name}`),
    `kubelet-${name}-server.key`,
    `kubelet-${name}-server.crt`,
  ];
}

function modeFor(name: string): string {
  return name.endsWith('.crt') ? '644' : '600';
}

describe('ensureObject', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await newTestApi({ clock: new FakeClock(), random: seededRandom(1) });
  });
  afterEach(() => api.stop());

  const configMaps = () => api.admin.resource(CONFIG_MAPS, 'default');
  const wanted = (data: Record<string, string>, metadata: object = {}) => ({
    metadata: { name: 'a', namespace: 'default', ...metadata },
    data,
  });
  const ensure = (data: Record<string, string>, metadata: object = {}) =>
    ensureObject(api.client, CONFIG_MAPS, wanted(data, metadata));

  it.core('creates what is not there', async () => {
    expect(await ensure({ one: '1' })).toBe('created');
    expect(await configMaps().get('a')).toMatchObject({ data: { one: '1' } });
  });

  it.core('writes nothing when all is there', async () => {
    await configMaps().create(wanted({ one: '1', two: '2' }, { labels: { x: 'y' } }));
    expect(await ensure({ one: '1' })).toBe('unchanged');
    expect(api.writes).toEqual([]);
  });

  it.core('puts right what differs, and keeps what else there is', async () => {
    await configMaps().create(wanted({ one: '0', two: '2' }, { labels: { x: 'y' } }));
    expect(await ensure({ one: '1', three: '3' }, { labels: { a: 'b' } })).toBe('updated');
    expect(await configMaps().get('a')).toMatchObject({
      metadata: { labels: { x: 'y', a: 'b' } },
      data: { one: '1', two: '2', three: '3' },
    });
    expect(await ensure({ one: '1', three: '3' }, { labels: { a: 'b' } })).toBe('unchanged');
    expect(api.writes.length).toBe(1);
  });

  it('does not change what it was given', async () => {
    await configMaps().create(wanted({ one: '0' }));
    const object = wanted({ one: '1' });
    await ensureObject(api.client, CONFIG_MAPS, object);
    expect(object).toEqual(wanted({ one: '1' }));
  });

  it('finds what defaults have made of it as it was wanted', async () => {
    const service = {
      metadata: { name: 's', namespace: 'default' },
      spec: { clusterIP: '10.96.0.10', ports: [{ name: 'dns', port: 53 }] },
    };
    expect(await ensureObject(api.client, SERVICES, service)).toBe('created');
    expect(await ensureObject(api.client, SERVICES, service)).toBe('unchanged');
    const ports = [...service.spec.ports, { name: 'more', port: 54 }];
    const more = { ...service, spec: { ...service.spec, ports } };
    expect(await ensureObject(api.client, SERVICES, more)).toBe('updated');
    const { spec } = await api.admin.resource(SERVICES, 'default').get('s');
    expect(spec?.ports?.map(({ port }) => port)).toEqual([53, 54]);
    expect(spec?.type).toBe('ClusterIP');
  });

  it('looks in the namespace of the object', async () => {
    await api.addNamespace('other');
    await configMaps().create(wanted({ one: '1' }));
    expect(await ensure({ one: '1' }, { namespace: 'other' })).toBe('created');
    const { items } = await api.admin.resource(CONFIG_MAPS, 'other').list();
    expect(items.map(({ metadata }) => metadata?.name)).toContain('a');
  });

  /** Does something just before the client's next write, once. */
  const beforeWrite = (verb: string, act: () => Promise<unknown>, times = 1): void => {
    let left = times;
    api.intercept((request) => {
      if (request.verb !== verb || left === 0) return undefined;
      left--;
      return act().then(() => {});
    });
  };

  it('finds what somebody else created in between', async () => {
    beforeWrite('create', () => configMaps().create(wanted({ one: '1' })));
    expect(await ensure({ one: '1' })).toBe('unchanged');
  });

  it('puts right what somebody else created in between', async () => {
    beforeWrite('create', () => configMaps().create(wanted({ one: '0', two: '2' })));
    expect(await ensure({ one: '1' })).toBe('updated');
    expect((await configMaps().get('a')).data).toEqual({ one: '1', two: '2' });
  });

  it('loses nothing that somebody else changed in between', async () => {
    await configMaps().create(wanted({ one: '0' }));
    beforeWrite('update', () => configMaps().patch('a', 'merge-patch', { data: { two: '2' } }));
    expect(await ensure({ one: '1' })).toBe('updated');
    expect((await configMaps().get('a')).data).toEqual({ one: '1', two: '2' });
  });

  it('creates again what somebody else changed and then deleted', async () => {
    await configMaps().create(wanted({ one: '0' }));
    let gets = 0;
    api.intercept(({ verb }) =>
      verb === 'get' && ++gets === 2 ? configMaps().delete('a') : undefined,
    );
    beforeWrite('update', () => configMaps().patch('a', 'merge-patch', { data: { two: '2' } }));
    expect(await ensure({ one: '1' })).toBe('created');
    expect((await configMaps().get('a')).data).toEqual({ one: '1' });
  });

  it('gives up when somebody else is always faster', async () => {
    await configMaps().create(wanted({ one: '0' }));
    let two = 0;
    const change = () => configMaps().patch('a', 'merge-patch', { data: { two: `${++two}` } });
    beforeWrite('update', change, 100);
    expect(isConflict(await refusalOf(ensure({ one: '1' })))).toBe(true);
    expect(api.writes.length).toBe(ENSURE_ATTEMPTS);
  });

  it('is done when it succeeds at the last attempt', async () => {
    await configMaps().create(wanted({ one: '0' }));
    let two = 0;
    const change = () => configMaps().patch('a', 'merge-patch', { data: { two: `${++two}` } });
    beforeWrite('update', change, ENSURE_ATTEMPTS - 1);
    expect(await ensure({ one: '1' })).toBe('updated');
  });

  it('gives up when what exists is never found', async () => {
    const exists = () => configMaps().create(wanted({ one: '0' }));
    const gone = () =>
      configMaps()
        .delete('a')
        .catch(() => {});
    beforeWrite('create', () => gone().then(exists), 100);
    api.intercept(({ verb }) => (verb === 'get' ? gone() : undefined));
    expect(isAlreadyExists(await refusalOf(ensure({ one: '1' })))).toBe(true);
    expect(api.writes.length).toBe(ENSURE_ATTEMPTS);
  });

  it('begins again after a conflict at the creation', async () => {
    let left = 2;
    api.intercept(({ verb }) => {
      if (verb !== 'create' || left-- === 0) return undefined;
      throw newConflict({ group: '', resource: 'configmaps' }, 'a', 'a quota was changed');
    });
    expect(await ensure({ one: '1' })).toBe('created');
  });

  for (const verb of ['get', 'create', 'update']) {
    it(`leaves to the caller what else goes wrong with a ${verb}`, async () => {
      if (verb === 'update') await configMaps().create(wanted({ one: '0' }));
      api.intercept((request) => {
        if (request.verb !== verb) return undefined;
        throw newForbidden({ group: '', resource: 'configmaps' }, 'a', 'no');
      });
      expect(isForbidden(await refusalOf(ensure({ one: '1' })))).toBe(true);
      expect(api.requests.filter((request) => request.verb === verb).length).toBe(1);
    });
  }

  it('does not try again where there is no namespace', async () => {
    expect(isNotFound(await refusalOf(ensure({}, { namespace: 'nowhere' })))).toBe(true);
    expect(api.writes.length).toBe(1);
  });
});

/** What a test says of a part; times in milliseconds after its start. */
interface PartWords {
  readonly needs?: readonly string[];
  /** Absent: at once. */
  readonly readyMs?: number;
  /** How long it takes to stop. */
  readonly stopMs?: number;
  /** When it ends by itself. */
  readonly endsMs?: number;
  readonly failsMs?: number;
  /** What it fails with, when it is told to stop or by itself. */
  readonly error?: unknown;
  readonly isReady?: () => Promise<boolean>;
  readonly run?: (signal: AbortSignal) => Promise<void>;
}

describe('runParts', () => {
  let clock: FakeClock;
  let log: string[];
  let abort: AbortController;
  beforeEach(() => {
    clock = new FakeClock();
    log = [];
    abort = new AbortController();
  });

  const note = (what: string): void => void log.push(`${clock.monotonic()} ${what}`);

  function part(name: string, words: PartWords = {}): Part {
    const { needs = [], readyMs = 0, stopMs = 0, endsMs, failsMs, error } = words;
    let startedAt = 0;
    const run = async (signal: AbortSignal): Promise<void> => {
      startedAt = clock.monotonic();
      note(`start ${name}`);
      await new Promise<void>((resolve, reject) => {
        const own = endsMs !== undefined && clock.after(endsMs, resolve);
        const bad = failsMs !== undefined && clock.after(failsMs, () => reject(error));
        signal.addEventListener('abort', () => {
          note(`stop ${name}`);
          if (own) own.cancel();
          if (bad) bad.cancel();
          clock.after(stopMs, () => (error !== undefined && !bad ? reject(error) : resolve()));
        });
      }).finally(() => note(`end ${name}`));
    };
    const isReady = async (): Promise<boolean> => clock.monotonic() - startedAt >= readyMs;
    return { name, needs, run: words.run ?? run, isReady: words.isReady ?? isReady };
  }

  /** Runs parts; `outcome` says what became of it, and when. */
  function begin(parts: readonly Part[]): { outcome: string | undefined } {
    const state: { outcome: string | undefined } = { outcome: undefined };
    const onReady = (name: string): void => note(`ready ${name}`);
    runParts(parts, { clock, onReady }, abort.signal).then(
      () => {
        state.outcome = `${clock.monotonic()} resolved`;
      },
      (error: unknown) => {
        state.outcome = `${clock.monotonic()} ${error instanceof Error ? error.message : `no error: ${error}`}`;
      },
    );
    return state;
  }
  const of = (what: string): string[] => log.filter((line) => line.includes(` ${what} `));
  const stopAll = async (): Promise<void> => {
    log.length = 0;
    abort.abort();
    await clock.advance(60_000);
  };

  it.core('starts a part when what it needs is ready, and tells of it', async () => {
    begin([part('etcd', { readyMs: 100 }), part('apiserver', { needs: ['etcd'] })]);
    await clock.advance(99);
    expect(log).toEqual(['0 start etcd']);
    await clock.advance(1);
    expect(log).toEqual([
      '0 start etcd',
      '100 ready etcd',
      '100 start apiserver',
      '100 ready apiserver',
    ]);
  });

  it.core('stops what others need last', async () => {
    const state = begin([
      part('etcd', { stopMs: 10 }),
      part('apiserver', { needs: ['etcd'], stopMs: 20 }),
      part('kubelet', { needs: ['apiserver'], stopMs: 30 }),
    ]);
    await clock.advance(1000);
    await stopAll();
    expect(log).toEqual([
      '1000 stop kubelet',
      '1030 end kubelet',
      '1030 stop apiserver',
      '1050 end apiserver',
      '1050 stop etcd',
      '1060 end etcd',
    ]);
    expect(state.outcome).toBe('1060 resolved');
  });

  it('does not end before it is told to', async () => {
    const state = begin([part('etcd')]);
    await clock.advance(3_600_000);
    expect(state.outcome).toBe(undefined);
  });

  it('takes parts in any order', async () => {
    begin([part('c', { needs: ['b'] }), part('b', { needs: ['a'] }), part('a', { readyMs: 50 })]);
    await clock.advance(100);
    expect(of('start')).toEqual(['0 start a', '50 start b', '50 start c']);
  });

  it('starts together what does not need each other', async () => {
    begin([
      part('a', { readyMs: 1000 }),
      part('b', { readyMs: 100 }),
      part('c', { needs: ['b'] }),
      part('d', { needs: ['a', 'b'] }),
    ]);
    await clock.advance(2000);
    expect(of('start').slice(0, 2).sort()).toEqual(['0 start a', '0 start b']);
    expect(of('start').slice(2)).toEqual(['100 start c', '1000 start d']);
  });

  it('stops together what does not need each other', async () => {
    begin([
      part('a', { stopMs: 5 }),
      part('b', { needs: ['a'], stopMs: 10 }),
      part('c', { needs: ['a'], stopMs: 20 }),
      part('d', { stopMs: 100 }),
    ]);
    await clock.advance(0);
    await stopAll();
    const stops = of('stop');
    expect(stops.slice(0, 3).sort()).toEqual(['0 stop b', '0 stop c', '0 stop d']);
    expect(stops.slice(3)).toEqual(['20 stop a']);
  });

  it('starts a part once that many need', async () => {
    begin([
      part('d', { needs: ['b', 'c'] }),
      part('b', { needs: ['a'] }),
      part('c', { needs: ['a'] }),
      part('a'),
    ]);
    await clock.advance(0);
    expect(of('start').length).toBe(4);
  });

  it('asks at once and again until the answer is yes, and no more', async () => {
    const asked: number[] = [];
    const isReady = async (): Promise<boolean> => asked.push(clock.monotonic()) === 3;
    begin([part('a', { isReady })]);
    await clock.advance(10_000);
    expect(asked).toEqual([0, READY_POLL_MS, 2 * READY_POLL_MS]);
  });

  it('takes a rejection for a no', async () => {
    let asked = 0;
    begin([
      part('a', {
        isReady: () => (asked++ < 3 ? Promise.reject(new Error('?')) : Promise.resolve(true)),
      }),
      part('b', { needs: ['a'] }),
    ]);
    await clock.advance(1000);
    expect(of('start')).toEqual(['0 start a', `${3 * READY_POLL_MS} start b`]);
  });

  it('waits for an answer that takes its time', async () => {
    begin([
      part('a', { isReady: () => clock.sleep(5000).then(() => true) }),
      part('b', { needs: ['a'] }),
    ]);
    await clock.advance(10_000);
    expect(of('start')).toEqual(['0 start a', '5000 start b']);
  });

  it('fails when a part is not ready in time', async () => {
    const state = begin([
      part('etcd', { stopMs: 5 }),
      part('apiserver', { needs: ['etcd'], readyMs: Number.POSITIVE_INFINITY, stopMs: 5 }),
      part('kubelet', { needs: ['apiserver'] }),
    ]);
    await clock.advance(READY_TIMEOUT_MS - 1);
    expect(of('stop')).toEqual([]);
    await clock.advance(1000);
    expect(of('stop')).toEqual(['60000 stop apiserver', '60005 stop etcd']);
    expect(of('start').length).toBe(2);
    expect(state.outcome).toBe('60010 apiserver is not ready after 60 s');
  });

  it('counts the time from the start of the part', async () => {
    const state = begin([
      part('a', { readyMs: 20_000 }),
      part('b', { needs: ['a'], readyMs: 20_000 }),
    ]);
    await clock.advance(50_000);
    expect([state.outcome, of('ready')]).toEqual([undefined, ['20000 ready a', '40000 ready b']]);
  });

  it('fails when a part never answers', async () => {
    const state = begin([part('a', { isReady: () => new Promise(() => {}) })]);
    await clock.advance(READY_TIMEOUT_MS);
    expect(state.outcome).toBe('60000 a is not ready after 60 s');
  });

  it.core('fails when a part does, and stops the others in order', async () => {
    const state = begin([
      part('etcd', { stopMs: 10 }),
      part('apiserver', { needs: ['etcd'], failsMs: 500, error: new Error('disk is full') }),
      part('kubelet', { needs: ['apiserver'], stopMs: 20 }),
    ]);
    await clock.advance(1000);
    // Whether its own signal aborts after it has failed is nobody's business.
    const since = log.filter((line) => /^5/.test(line) && line !== '520 stop apiserver');
    expect(since).toEqual([
      '500 end apiserver',
      '500 stop kubelet',
      '520 end kubelet',
      '520 stop etcd',
      '530 end etcd',
    ]);
    expect(state.outcome).toBe('530 apiserver failed: disk is full');
  });

  it('tells a part only when those have ended that need it through one that is gone', async () => {
    const state = begin([
      part('d', { needs: ['c'], stopMs: 40 }),
      part('c', { needs: ['b'], endsMs: 20 }),
      part('b', { needs: ['a'], failsMs: 10, error: new Error('oh') }),
      part('a', { stopMs: 5 }),
    ]);
    await clock.advance(1000);
    expect([of('stop').at(-1), state.outcome]).toEqual(['50 stop a', '55 b failed: oh']);
  });

  it('fails when a part ends by itself', async () => {
    const state = begin([part('a', { endsMs: 700 }), part('b', { stopMs: 100 })]);
    await clock.advance(1000);
    expect(state.outcome).toBe('800 a ended');
  });

  it('fails when a part ends before it is ready', async () => {
    const state = begin([part('a', { readyMs: 1000, endsMs: 10 }), part('b', { needs: ['a'] })]);
    await clock.advance(2000);
    expect([state.outcome, of('start'), of('ready')]).toEqual(['10 a ended', ['0 start a'], []]);
  });

  it('fails when a part fails at its start', async () => {
    const state = begin([
      part('a', { run: () => Promise.reject(new Error('port is taken')), readyMs: 1000 }),
    ]);
    await clock.advance(0);
    expect(state.outcome).toBe('0 a failed: port is taken');
  });

  it('takes what is thrown for a rejection', async () => {
    const run = (): never => {
      throw new Error('at once');
    };
    const state = begin([part('a', { run, needs: ['b'] }), part('b', { stopMs: 10 })]);
    await clock.advance(100);
    expect(state.outcome).toBe('10 a failed: at once');
  });

  it('tells what is no error as it is', async () => {
    const state = begin([part('a', { run: () => Promise.reject('just a text') })]);
    await clock.advance(0);
    expect(state.outcome).toBe('0 a failed: just a text');
  });

  it('tells the first of two failures', async () => {
    const state = begin([
      part('a', { failsMs: 20, error: new Error('second') }),
      part('b', { failsMs: 10, error: new Error('first') }),
    ]);
    await clock.advance(100);
    expect(state.outcome).toBe('10 b failed: first');
  });

  it('tells of a part that fails while it stops, after the others have stopped', async () => {
    const state = begin([
      part('etcd', { stopMs: 50 }),
      part('apiserver', { needs: ['etcd'], stopMs: 10, error: new Error('a request hangs') }),
    ]);
    await clock.advance(100);
    await stopAll();
    expect(of('end')).toEqual(['110 end apiserver', '160 end etcd']);
    expect(state.outcome).toBe('160 apiserver failed: a request hangs');
  });

  it('tells why it stopped rather than what went wrong then', async () => {
    const state = begin([
      part('etcd', { stopMs: 50, error: new Error('later') }),
      part('apiserver', { needs: ['etcd'], endsMs: 10 }),
    ]);
    await clock.advance(1000);
    expect(state.outcome).toBe('60 apiserver ended');
  });

  it('fails when a part ends before its turn to stop', async () => {
    const state = begin([
      part('etcd', { endsMs: 120 }),
      part('apiserver', { needs: ['etcd'], stopMs: 50 }),
    ]);
    await clock.advance(100);
    await stopAll();
    expect(state.outcome).toBe('150 etcd ended');
  });

  it('waits for what a part does after it has failed others', async () => {
    const state = begin([part('a', { endsMs: 5 }), part('b', { stopMs: 9000 })]);
    await clock.advance(5000);
    expect(state.outcome).toBe(undefined);
    await clock.advance(5000);
    expect(state.outcome).toBe('9005 a ended');
  });

  it('starts nothing when it is told to stop before', async () => {
    abort.abort();
    const state = begin([part('a'), part('b', { needs: ['a'] })]);
    await clock.advance(0);
    expect([log, state.outcome]).toEqual([[], '0 resolved']);
  });

  it('looks at the parts also when it is told to stop before', async () => {
    abort.abort();
    const state = begin([part('a', { needs: ['x'] })]);
    await clock.advance(0);
    expect([log, state.outcome]).toEqual([[], '0 a needs x, which is not there']);
  });

  it('starts nothing more when it is told to stop on the way', async () => {
    const state = begin([part('a', { readyMs: 100, stopMs: 10 }), part('b', { needs: ['a'] })]);
    await clock.advance(70);
    await stopAll();
    expect(log).toEqual(['70 stop a', '80 end a']);
    expect(state.outcome).toBe('80 resolved');
  });

  for (const when of ['just before', 'just after'] as const) {
    it(`is silent about a part whose yes comes ${when} the end`, async () => {
      let answer = (_isReady: boolean): void => {};
      const isReady = () =>
        new Promise<boolean>((resolve) => {
          answer = resolve;
        });
      begin([part('a', { isReady, stopMs: 100 }), part('b', { needs: ['a'] })]);
      await clock.advance(10);
      if (when === 'just before') answer(true);
      abort.abort();
      answer(true);
      await clock.advance(1000);
      expect([of('ready'), of('start')]).toEqual([[], ['0 start a']]);
    });
  }

  it('asks nobody any more once it stops', async () => {
    let asked = 0;
    const isReady = async (): Promise<boolean> => asked++ < 0;
    begin([part('a', { isReady, stopMs: 5000 })]);
    await clock.advance(200);
    abort.abort();
    const before = asked;
    await clock.advance(10_000);
    expect(asked).toBe(before);
  });

  it('leaves no timer and no listener', async () => {
    const listeners = countListeners(abort.signal);
    const state = begin([
      part('a', { readyMs: 100 }),
      part('b', { isReady: () => new Promise(() => {}) }),
      part('c', { readyMs: 5000 }),
    ]);
    await clock.advance(1000);
    abort.abort();
    await clock.advance(0);
    expect(state.outcome).toBe('1000 resolved');
    expect(clock.pendingTimers).toBe(0);
    expect(listeners.size).toBe(0);
  });

  it('leaves no timer and no listener after a failure', async () => {
    const listeners = countListeners(abort.signal);
    const state = begin([part('a', { readyMs: 100 }), part('b', { endsMs: 10 })]);
    await clock.advance(20);
    expect(state.outcome).toBe('10 b ended');
    expect(clock.pendingTimers).toBe(0);
    expect(listeners.size).toBe(0);
  });

  it('has no timer left at the moment at which it ends', async () => {
    const run = (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve());
      });
    const parts = [part('a', { run, isReady: () => new Promise(() => {}) })];
    let left = -1;
    const ended = runParts(parts, { clock }, abort.signal).then(() => {
      left = clock.pendingTimers;
    });
    await clock.advance(10);
    abort.abort();
    await ended;
    expect(left).toBe(0);
  });

  it('gives each part a signal of its own', async () => {
    const signals: AbortSignal[] = [];
    const run = (signal: AbortSignal) => {
      signals.push(signal);
      return clock.sleep(1e9, signal).catch(() => {});
    };
    begin([part('a', { run }), part('b', { run, needs: ['a'] })]);
    await clock.advance(0);
    expect(signals.length).toBe(2);
    expect(new Set([...signals, abort.signal]).size).toBe(3);
    await stopAll();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it('resolves when there is nothing to run', async () => {
    const state = begin([]);
    await clock.advance(0);
    expect(state.outcome).toBe('0 resolved');
  });

  const impossible: [string, () => Part[], string][] = [
    [
      'a missing part',
      () => [part('a'), part('b', { needs: ['a', 'x'] })],
      'b needs x, which is not there',
    ],
    [
      'a ring',
      () => [
        part('z'),
        part('a', { needs: ['z', 'b'] }),
        part('b', { needs: ['c'] }),
        part('c', { needs: ['a'] }),
      ],
      'a needs itself: a -> b -> c -> a',
    ],
    ['a part that needs itself', () => [part('a', { needs: ['a'] })], 'a needs itself: a -> a'],
  ];
  for (const [name, parts, message] of impossible) {
    it(`starts nothing with ${name}`, async () => {
      const state = begin(parts());
      await clock.advance(1000);
      expect([state.outcome, log]).toEqual([`0 ${message}`, []]);
    });
  }

  const anyParts = fc.array(
    fc.record({
      needs: fc.array(fc.nat({ max: 9 }), { maxLength: 3 }),
      readyMs: fc.nat({ max: 300 }),
      stopMs: fc.nat({ max: 300 }),
    }),
    { minLength: 1, maxLength: 8 },
  );
  property(
    'starts after what is needed is ready, and stops before it does',
    anyParts,
    fc.nat({ max: 1200 }),
    async (words, stopAt) => {
      clock = new FakeClock();
      log = [];
      abort = new AbortController();
      const needsOf = words.map(({ needs }, i) => [
        ...new Set(needs.filter((one) => one < i).map((one) => `p${one}`)),
      ]);
      const state = begin(
        words.map((one, i) => part(`p${i}`, { ...one, needs: needsOf[i] ?? [] })),
      );
      await clock.advance(stopAt);
      abort.abort();
      await clock.advance(10_000);
      const at = (what: string): number => log.findIndex((line) => line.endsWith(` ${what}`));
      needsOf.forEach((needs, i) => {
        if (at(`start p${i}`) < 0) return;
        for (const other of needs) {
          expect(at(`ready ${other}`) >= 0 && at(`ready ${other}`) < at(`start p${i}`)).toBe(true);
          expect(at(`end p${i}`) < at(`stop ${other}`)).toBe(true);
        }
      });
      expect(of('end').length).toBe(of('start').length);
      expect(state.outcome).toMatch(/resolved$/);
      expect(clock.pendingTimers).toBe(0);
    },
    { runs: 60 },
  );
});
