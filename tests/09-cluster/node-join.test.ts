import {
  FakeClock,
  isNotFound,
  MemoryFileSystem,
  newForbidden,
  newServiceUnavailable,
  type Pod,
  seededRandom,
} from '#apimachinery';
import { newTestApi, type TestApi } from '#apiserver/testing';
import {
  CERTIFICATE_SIGNING_REQUESTS,
  CONFIG_MAPS,
  DAEMON_SETS,
  NODES,
  POD_DISRUPTION_BUDGETS,
  PODS,
} from '#client';
import {
  type CertificateFacts,
  CertificateRefusedError,
  DISCOVERY_RETRY_MS,
  DrainError,
  type DrainOptions,
  drainNode,
  drainVerdict,
  EVICTION_RETRY_MS,
  type JoinConnection,
  type JoinOptions,
  type JoinPki,
  joinNode,
  type KeyPair,
  KUBELET_CONF,
  kubeconfigText,
  LOOK_AGAIN_MS,
  leaveCluster,
  readmitNode,
  setUnschedulable,
  WAITING_KEY,
} from '#cluster';
import { afterEach, beforeEach, describe, expect, it } from '#kit';

const MINUTE = 60_000;

/** What became of a promise so far. */
function outcomeOf<T>(clock: FakeClock, work: Promise<T>): { text: string; error?: unknown } {
  const state: { text: string; error?: unknown } = { text: 'waits' };
  work.then(
    (value) => {
      state.text = `${clock.monotonic()} ${JSON.stringify(value) ?? 'done'}`;
    },
    (error: unknown) => {
      state.error = error;
      state.text = `${clock.monotonic()} ${error instanceof Error ? error.message : String(error)}`;
    },
  );
  return state;
}

const DIRECTORY = '/var/lib/kubelet/pki';
const AUTHORITY = 'authority one';
const HASH = 'sha256:hash of authority one';

/** Facts in the clothes of PEM and DER, as an API server wants them. */
function pemOf(type: string, facts: object): string {
  const text = JSON.stringify(facts);
  const length = String.fromCharCode(text.length >> 8, text.length & 0xff);
  return `-----BEGIN ${type}-----\n${btoa(`0\x82${length}${text}`)}\n-----END ${type}-----\n`;
}

function factsIn(pem: string): unknown {
  return JSON.parse(atob(pem.replace(/-----[A-Z ]+-----|\n/g, '')).slice(4));
}

/** What a certificate of these tests says. */
interface PlainCertificate extends CertificateFacts {
  readonly issuer: string;
  readonly key: string;
}

/** Certificates and requests are JSON in PEM; a key is `key NUMBER`, its fingerprint `key-NUMBER`. */
class PlainPki implements JoinPki {
  keys = 0;

  newKey(): string {
    return `key ${++this.keys}`;
  }
  fingerprint(key: string): string {
    return key.replace(' ', '-');
  }
  async newRequest(key: string, commonName: string, organizations: readonly string[]) {
    return pemOf('CERTIFICATE REQUEST', { key, commonName, organizations });
  }
  authorityHashes(authority: string): readonly string[] {
    return authority.split('+').map((one) => `sha256:hash of ${one}`);
  }
  read(authority: string, { certificate, key }: KeyPair): CertificateFacts | undefined {
    try {
      const { issuer, key: its, ...facts } = factsIn(certificate) as PlainCertificate;
      return issuer === authority && its === key ? facts : undefined;
    } catch {
      return undefined;
    }
  }
}

describe('joinNode', () => {
  let clock: FakeClock;
  let api: TestApi;
  let files: MemoryFileSystem;
  let pki: PlainPki;
  let connections: JoinConnection[];
  beforeEach(async () => {
    clock = new FakeClock();
    api = await newTestApi({ clock, random: seededRandom(1) });
    files = new MemoryFileSystem({ clock });
    pki = new PlainPki();
    connections = [];
    await api.admin.resource(CONFIG_MAPS, 'kube-public').create({
      metadata: { name: 'cluster-info' },
      data: { kubeconfig: infoText() },
    });
  });
  afterEach(() => api.stop());

  const clusterEntry = (authority = AUTHORITY, server = 'https://inside:6443') => ({
    name: '',
    cluster: { server, 'certificate-authority-data': btoa(authority) },
  });
  const infoText = (...clusters: object[]): string =>
    JSON.stringify({ clusters: clusters.length > 0 ? clusters : [clusterEntry()] });
  const setInfo = (data: Record<string, string>) =>
    api.admin
      .resource(CONFIG_MAPS, 'kube-public')
      .update({ metadata: { name: 'cluster-info', namespace: 'kube-public' }, data });
  const join = (more: Partial<JoinOptions> = {}) =>
    joinNode(
      {
        name: 'node-1',
        server: 'https://outside:6443',
        token: 'abcdef.0123456789abcdef',
        authorityHashes: [HASH],
        timeoutMs: 5 * MINUTE,
        ...more,
      },
      {
        connect: (to) => {
          connections.push({ ...to });
          return api.client;
        },
        files,
        directory: DIRECTORY,
        pki,
        clock,
      },
    );
  const begin = (more: Partial<JoinOptions> = {}) => outcomeOf(clock, join(more));

  const requests = () => api.admin.resource(CERTIFICATE_SIGNING_REQUESTS);
  const requestNames = async () =>
    (await requests().list()).items.map(({ metadata }) => metadata?.name);
  const asked = async (name: string) => {
    const { spec } = await requests().get(name);
    return factsIn(atob(spec.request)) as {
      key: string;
      commonName: string;
      organizations: string[];
    };
  };
  const decide = async (name: string, type: 'Approved' | 'Denied' | 'Failed'): Promise<void> => {
    const csr = await requests().get(name);
    const condition = { type, status: 'True', reason: 'ByHand', message: 'so it is' };
    const conditions = [...(csr.status?.conditions ?? []), condition];
    const status = { ...csr.status, conditions };
    const subresource = type === 'Failed' ? 'status' : 'approval';
    await requests().update({ ...csr, status }, { subresource });
  };
  /** Approves and signs a request. @returns what the certificate says */
  const sign = async (
    name: string,
    change: Partial<PlainCertificate> = {},
  ): Promise<PlainCertificate> => {
    await decide(name, 'Approved');
    const { key, ...subject } = await asked(name);
    const facts: PlainCertificate = {
      ...subject,
      usage: 'client',
      hosts: [],
      issuer: AUTHORITY,
      key,
      notAfter: clock.now() + 10 * MINUTE,
      ...change,
    };
    const certificate = btoa(pemOf('CERTIFICATE', facts));
    const csr = await requests().get(name);
    const status = { ...csr.status, certificate };
    await requests().update({ ...csr, status }, { subresource: 'status' });
    return facts;
  };
  const text = (name: string): string =>
    new TextDecoder().decode(files.readFile(`${DIRECTORY}/${name}`));
  const clientOf = (name = KUBELET_CONF): KeyPair => {
    const { users } = JSON.parse(text(name)) as { users: { user: Record<string, string> }[] };
    const user = users[0]?.user ?? {};
    return {
      certificate: atob(user['client-certificate-data'] ?? ''),
      key: atob(user['client-key-data'] ?? ''),
    };
  };
  const hasFile = (name: string): boolean => files.stat(`${DIRECTORY}/${name}`) !== undefined;
  /** Joins from the beginning to the end. */
  const joinWhole = async (): Promise<void> => {
    const state = begin();
    await clock.advance(0);
    await sign('node-csr-key-1');
    await clock.advance(LOOK_AGAIN_MS);
    expect(state.text).toContain('joined');
  };

  it.core('asks for a certificate and writes a kubeconfig with it', async () => {
    const state = begin();
    await clock.advance(0);
    expect(await requestNames()).toEqual(['node-csr-key-1']);
    expect(state.text).toBe('waits');
    const signed = await sign('node-csr-key-1');
    await clock.advance(LOOK_AGAIN_MS);
    expect({ signed, outcome: state.text }).toEqual({ signed, outcome: '1000 "joined"' });
    const { certificate, key } = clientOf();
    expect(factsIn(certificate)).toMatchObject({ commonName: 'system:node:node-1' });
    expect(key).toBe('key 1');
    expect(text(KUBELET_CONF)).toBe(
      kubeconfigText(
        'https://inside:6443',
        'system:node:node-1',
        { certificate: AUTHORITY },
        { certificate, key },
      ),
    );
  });

  it.core('does nothing when it has joined', async () => {
    await joinWhole();
    const before = text(KUBELET_CONF);
    const requestsBefore = api.requests.length;
    expect(await join()).toBe('unchanged');
    expect([api.requests.length, text(KUBELET_CONF)]).toEqual([requestsBefore, before]);
  });

  it.core('believes no other authority', async () => {
    const state = begin({ authorityHashes: ['sha256:other'] });
    await clock.advance(0);
    expect(state.text).toBe(
      '0 cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "sha256:hash of authority one" are pinned',
    );
    expect([api.writes, hasFile(KUBELET_CONF)]).toEqual([[], false]);
  });

  it('asks as a node does', async () => {
    begin();
    await clock.advance(0);
    const { spec } = await requests().get('node-csr-key-1');
    expect([spec.signerName, [...(spec.usages ?? [])].sort()]).toEqual([
      'kubernetes.io/kube-apiserver-client-kubelet',
      ['client auth', 'digital signature'],
    ]);
    expect(await asked('node-csr-key-1')).toEqual({
      key: 'key 1',
      commonName: 'system:node:node-1',
      organizations: ['system:nodes'],
    });
  });

  it('believes anybody first, then only the authority, and shows its token to that', async () => {
    begin();
    await clock.advance(0);
    expect(connections).toEqual([
      { server: 'https://outside:6443' },
      { server: 'https://outside:6443', authority: AUTHORITY },
      { server: 'https://inside:6443', authority: AUTHORITY, token: 'abcdef.0123456789abcdef' },
    ]);
  });

  it('is content when one of many hashes is right', async () => {
    await setInfo({ kubeconfig: infoText(clusterEntry('old one+authority one')) });
    begin({ authorityHashes: ['sha256:x', HASH] });
    await clock.advance(0);
    expect(await requestNames()).toEqual(['node-csr-key-1']);
  });

  it('tells all hashes of an authority that it does not believe', async () => {
    await setInfo({ kubeconfig: infoText(clusterEntry('a+b')) });
    const state = begin();
    await clock.advance(0);
    expect(state.text).toContain('"sha256:hash of a:sha256:hash of b" are pinned');
  });

  it('does not believe who says something else the second time', async () => {
    let reads = 0;
    api.intercept(({ resource, verb }) => {
      if (resource !== 'configmaps' || verb !== 'get' || ++reads !== 2) return undefined;
      const kubeconfig = infoText(clusterEntry(AUTHORITY, 'https://evil'));
      return setInfo({ kubeconfig }).then(() => {});
    });
    const state = begin();
    await clock.advance(0);
    expect(state.text).toBe(
      '0 the second kubeconfig from the cluster-info ConfigMap (using validated TLS) was different from the first',
    );
    expect(api.writes).toEqual([]);
  });

  const strange: [string, () => Record<string, string>, string][] = [
    ['nothing', () => ({}), 'there is no kubeconfig key in the cluster-info ConfigMap'],
    [
      'an empty text',
      () => ({ kubeconfig: '' }),
      'there is no kubeconfig key in the cluster-info ConfigMap',
    ],
    [
      'two clusters',
      () => ({ kubeconfig: infoText(clusterEntry(), clusterEntry()) }),
      'expected the kubeconfig file in the cluster-info ConfigMap to have a single cluster, but it had 2',
    ],
    [
      'no kubeconfig',
      () => ({ kubeconfig: 'hello' }),
      'expected the kubeconfig file in the cluster-info ConfigMap to have a single cluster, but it had 0',
    ],
  ];
  for (const [name, data, message] of strange) {
    it(`does not join where cluster-info says ${name}`, async () => {
      await setInfo(data());
      const state = begin();
      await clock.advance(0);
      expect(state.text).toBe(`0 ${message}`);
    });
  }

  it('tries again while nobody answers', async () => {
    let left = 3;
    api.intercept(() => {
      if (left-- > 0) throw newServiceUnavailable('not yet');
      return undefined;
    });
    const state = begin();
    await clock.advance(3 * DISCOVERY_RETRY_MS);
    expect([state.text, await requestNames()]).toEqual(['waits', ['node-csr-key-1']]);
  });

  it('gives up when nobody answers', async () => {
    api.intercept(() => {
      throw newServiceUnavailable('not yet');
    });
    const state = begin({ timeoutMs: MINUTE });
    await clock.advance(MINUTE - 1);
    expect(state.text).toBe('waits');
    await clock.advance(1);
    expect(state.text).toBe('60000 not yet');
    expect(clock.pendingTimers === 0 || !hasFile(KUBELET_CONF)).toBe(true);
  });

  it('keeps the key secret, and only as long as it waits', async () => {
    begin();
    await clock.advance(0);
    expect([
      text(WAITING_KEY),
      (files.stat(`${DIRECTORY}/${WAITING_KEY}`)?.mode ?? 0) & 0o777,
    ]).toEqual(['key 1', 0o600]);
    await sign('node-csr-key-1');
    await clock.advance(LOOK_AGAIN_MS);
    expect(files.list(DIRECTORY)).toEqual([KUBELET_CONF]);
    expect((files.stat(`${DIRECTORY}/${KUBELET_CONF}`)?.mode ?? 0) & 0o777).toBe(0o600);
  });

  it('finds its request again after a restart', async () => {
    const first = begin({ timeoutMs: 10_000 });
    await clock.advance(10_000);
    expect(first.text).toBe('10000 timed out waiting for the certificate of node-csr-key-1');
    expect(text(WAITING_KEY)).toBe('key 1');
    await sign('node-csr-key-1');
    const second = begin();
    await clock.advance(0);
    expect(second.text).toBe('10000 "joined"');
    expect([pki.keys, await requestNames()]).toEqual([1, ['node-csr-key-1']]);
  });

  it('has the key before it asks', async () => {
    api.intercept(({ verb }) => {
      if (verb !== 'create') return undefined;
      throw newForbidden({ group: '', resource: 'certificatesigningrequests' }, '', 'no token');
    });
    const state = begin();
    await clock.advance(0);
    expect(state.text).toContain('no token');
    expect(text(WAITING_KEY)).toBe('key 1');
  });

  const refusals: ['Denied' | 'Failed', string][] = [
    ['Denied', 'certificate signing request is denied, reason: ByHand, message: so it is'],
    ['Failed', 'certificate signing request failed, reason: ByHand, message: so it is'],
  ];
  for (const [type, message] of refusals) {
    it(`asks with another key after a request is ${type}`, async () => {
      const first = begin();
      await clock.advance(0);
      if (type === 'Failed') await decide('node-csr-key-1', 'Approved');
      await decide('node-csr-key-1', type);
      await clock.advance(LOOK_AGAIN_MS);
      expect(first.text).toBe(`1000 ${message}`);
      expect(first.error instanceof CertificateRefusedError).toBe(true);
      expect(hasFile(WAITING_KEY)).toBe(false);
      begin();
      await clock.advance(0);
      expect((await requestNames()).sort()).toEqual(['node-csr-key-1', 'node-csr-key-2']);
    });
  }

  const wrong: [string, Partial<PlainCertificate>][] = [
    ['of another node', { commonName: 'system:node:node-2' }],
    ['of nobody among the nodes', { organizations: [] }],
    ['of more than a node', { organizations: ['system:nodes', 'system:masters'] }],
    ['of a server', { usage: 'server' }],
    ['of another authority', { issuer: 'another' }],
    ['for another key', { key: 'another' }],
    ['that has ended', { notAfter: Date.UTC(2025, 0, 1) }],
  ];
  for (const [name, change] of wrong) {
    it(`does not take a certificate ${name}`, async () => {
      const state = begin();
      await clock.advance(0);
      const signed = await sign('node-csr-key-1', change);
      await clock.advance(LOOK_AGAIN_MS);
      const outcome = '1000 the certificate of node node-1 is not what was asked for';
      expect({ signed, outcome: state.text }).toEqual({ signed, outcome });
      expect(files.list(DIRECTORY)).toEqual([]);
    });
  }

  const outdated: [string, () => Promise<Partial<JoinOptions>>][] = [
    [
      'its certificate has ended',
      async () => {
        await clock.advance(10 * MINUTE);
        return {};
      },
    ],
    ['its name is another', async () => ({ name: 'node-2' })],
    [
      'its cluster is another',
      async () => {
        await setInfo({ kubeconfig: infoText(clusterEntry('another')) });
        return { authorityHashes: ['sha256:hash of another'] };
      },
    ],
    [
      'its kubeconfig is broken',
      async () => {
        const half = text(KUBELET_CONF).slice(0, 100);
        files.writeFile(`${DIRECTORY}/${KUBELET_CONF}`, new TextEncoder().encode(half));
        return {};
      },
    ],
  ];
  for (const [name, change] of outdated) {
    it(`joins again when ${name}`, async () => {
      await joinWhole();
      const more = await change();
      const state = begin(more);
      await clock.advance(0);
      expect([state.text, await requestNames()]).toEqual([
        'waits',
        ['node-csr-key-1', 'node-csr-key-2'],
      ]);
    });
  }
});

describe('drainVerdict', () => {
  interface Words {
    readonly owner?: string;
    readonly phase?: string;
    readonly annotations?: Record<string, string>;
    readonly volumes?: object[];
  }
  const pod = ({ owner, phase = 'Running', annotations, volumes }: Words): Pod =>
    ({
      metadata: {
        name: 'p',
        namespace: 'prod',
        annotations,
        ...(owner && {
          ownerReferences: [
            { kind: owner.split(' ')[0], name: owner.split(' ')[1], controller: true },
          ],
        }),
      },
      spec: { containers: [], volumes },
      status: { phase },
    }) as unknown as Pod;
  const mirror = { 'kubernetes.io/config.mirror': 'x' };
  const local = [{ name: 'v', emptyDir: {} }];
  const noForce = 'cannot delete Pods that declare no controller (use --force to override)';
  const noLocal = 'Pods with local storage (use --delete-emptydir-data to override)';
  const data = { deleteEmptyDirData: true };
  const rows: [string, Words, DrainOptions, string][] = [
    ['of a ReplicaSet', { owner: 'ReplicaSet web' }, {}, 'evict'],
    ['of nobody', {}, {}, noForce],
    ['of nobody, by force', {}, { force: true }, 'evict'],
    ['of a DaemonSet', { owner: 'DaemonSet log' }, {}, 'stay'],
    ['of a DaemonSet, by force', { owner: 'DaemonSet log' }, { force: true, ...data }, 'stay'],
    ['of a DaemonSet with data', { owner: 'DaemonSet log', volumes: local }, {}, 'stay'],
    [
      'of a DaemonSet that is gone',
      { owner: 'DaemonSet old' },
      {},
      'daemonsets.apps "old" not found',
    ],
    ['of a DaemonSet that is gone, by force', { owner: 'DaemonSet old' }, { force: true }, 'evict'],
    [
      'of a DaemonSet that is gone, with data, by force',
      { owner: 'DaemonSet old', volumes: local },
      { force: true },
      noLocal,
    ],
    [
      'of a DaemonSet in another namespace',
      { owner: 'DaemonSet away' },
      {},
      'daemonsets.apps "away" not found',
    ],
    ['of a file', { annotations: mirror }, {}, 'stay'],
    [
      'of a file, by force',
      { annotations: mirror, volumes: local },
      { force: true, ...data },
      'stay',
    ],
    ['of a file that has finished', { annotations: mirror, phase: 'Failed' }, {}, 'stay'],
    ['with data', { owner: 'ReplicaSet web', volumes: local }, {}, noLocal],
    ['with data, by force', { owner: 'ReplicaSet web', volumes: local }, { force: true }, noLocal],
    ['with data that may go', { owner: 'ReplicaSet web', volumes: local }, data, 'evict'],
    ['of nobody with data', { volumes: local }, {}, noLocal],
    ['of nobody with data that may go', { volumes: local }, data, noForce],
    [
      'with another volume',
      { owner: 'ReplicaSet web', volumes: [{ name: 'v', configMap: {} }] },
      {},
      'evict',
    ],
    ['that has finished', { phase: 'Succeeded', volumes: local }, {}, 'evict'],
    ['that has failed', { phase: 'Failed', volumes: local }, {}, 'evict'],
    ['of a DaemonSet that has finished', { owner: 'DaemonSet log', phase: 'Failed' }, {}, 'evict'],
    ['that is pending', { phase: 'Pending' }, {}, noForce],
  ];
  for (const [index, [name, words, options, verdict]] of rows.entries()) {
    const declare = index < 4 ? it.core : it;
    declare(`says of a pod ${name}: ${verdict}`, () => {
      expect(drainVerdict(pod(words), new Set(['prod/log', 'other/away']), options)).toBe(verdict);
    });
  }
});

describe('a node', () => {
  let clock: FakeClock;
  let api: TestApi;
  beforeEach(async () => {
    clock = new FakeClock();
    api = await newTestApi({ clock, random: seededRandom(1) });
    await nodes().create({ metadata: { name: 'node-1' } });
    await nodes().create({ metadata: { name: 'node-2' } });
  });
  afterEach(() => api.stop());

  const nodes = () => api.admin.resource(NODES);
  const pods = (namespace = 'default') => api.admin.resource(PODS, namespace);
  const world = () => ({ client: api.client, clock });
  const isCordoned = async (name = 'node-1') =>
    (await nodes().get(name)).spec?.unschedulable === true;

  /** A pod of a ReplicaSet that runs on a node, and takes its time to go. */
  const addPod = async (name: string, more: Partial<Pod['metadata']> = {}, node = 'node-1') => {
    const namespace = more?.namespace ?? 'default';
    const owner = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: 'web',
      uid: 'u',
      controller: true,
    };
    await pods(namespace).create({
      metadata: { name, labels: { app: name }, ownerReferences: [owner], ...more },
      spec: { nodeName: node, containers: [{ name: 'c', image: 'i' }] },
    });
    await setStatus(name, namespace);
  };
  const setStatus = async (name: string, namespace = 'default'): Promise<void> => {
    const conditions = [{ type: 'Ready', status: 'True' }];
    const status = { phase: 'Running', conditions };
    await pods(namespace).patch(name, 'merge-patch', { status }, { subresource: 'status' });
  };
  /** The kubelet has stopped a pod. */
  const kill = (name: string, namespace = 'default') =>
    pods(namespace).delete(name, { gracePeriodSeconds: 0 });
  const isGoing = async (name: string): Promise<boolean> =>
    (await pods().get(name)).metadata?.deletionTimestamp !== undefined;
  /** No pod with this label may be disrupted, until it is allowed. */
  const protect = async (name: string): Promise<void> => {
    const selector = { matchLabels: { app: name } };
    await budgets().create({ metadata: { name }, spec: { minAvailable: 1, selector } });
    await allow(name, 0);
  };
  const budgets = () => api.admin.resource(POD_DISRUPTION_BUDGETS, 'default');
  const allow = async (name: string, disruptionsAllowed: number): Promise<void> => {
    const status = {
      observedGeneration: 1,
      disruptionsAllowed,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 1,
    };
    await budgets().patch(name, 'merge-patch', { status }, { subresource: 'status' });
  };
  const drain = (options: DrainOptions = {}) =>
    outcomeOf(clock, drainNode('node-1', options, world()));
  const evictions = () =>
    api.writes.filter(({ subresource }) => subresource === 'eviction').map(({ name }) => name);

  describe('that is cordoned', () => {
    it.core('takes no new pods, and is written once', async () => {
      await setUnschedulable('node-1', true, api.client);
      expect([await isCordoned('node-1'), await isCordoned('node-2')]).toEqual([true, false]);
      const before = api.writes.length;
      await setUnschedulable('node-1', true, api.client);
      expect(api.writes.length).toBe(before);
    });

    it('takes pods again', async () => {
      await setUnschedulable('node-1', true, api.client);
      await setUnschedulable('node-1', false, api.client);
      expect(await isCordoned()).toBe(false);
    });

    it('is not written when nothing was said before', async () => {
      await setUnschedulable('node-1', false, api.client);
      expect(api.writes).toEqual([]);
    });

    it('keeps what others change at the same time', async () => {
      const taint = { key: 'k', effect: 'NoSchedule' };
      const end = api.intercept(({ verb }) => {
        if (verb !== 'patch' && verb !== 'update') return undefined;
        end();
        return nodes()
          .patch('node-1', 'merge-patch', { spec: { taints: [taint] } })
          .then(() => {});
      });
      await setUnschedulable('node-1', true, api.client);
      expect((await nodes().get('node-1')).spec?.taints?.map(({ key }) => key)).toContain('k');
      expect(await isCordoned()).toBe(true);
    });

    it('must be there', async () => {
      const state = outcomeOf(clock, setUnschedulable('nobody', true, api.client));
      await clock.advance(0);
      expect(isNotFound(state.error)).toBe(true);
    });
  });

  describe('that is drained', () => {
    it.core('is cordoned, and its pods are evicted', async () => {
      await addPod('a');
      const state = drain();
      await clock.advance(0);
      expect([await isCordoned(), await isGoing('a'), state.text]).toEqual([true, true, 'waits']);
      await kill('a');
      await clock.advance(LOOK_AGAIN_MS);
      expect(state.text).toBe('1000 ["default/a"]');
      expect(evictions()).toEqual(['a']);
    });

    it('is cordoned before anybody is evicted', async () => {
      await addPod('a');
      drain();
      await clock.advance(0);
      expect(api.writes.map(({ resource }) => resource)).toEqual(['nodes', 'pods']);
    });

    it('may be empty', async () => {
      const state = drain();
      await clock.advance(0);
      expect([state.text, await isCordoned()]).toEqual(['0 []', true]);
    });

    it('loses pods of all namespaces, but no others', async () => {
      await api.addNamespace('prod');
      await addPod('a');
      await addPod('b', { namespace: 'prod' });
      await addPod('c', {}, 'node-2');
      drain();
      await clock.advance(0);
      expect(evictions().sort()).toEqual(['a', 'b']);
    });

    it('keeps pods of DaemonSets and of files', async () => {
      const template = {
        metadata: { labels: { a: 'b' } },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      };
      const spec = { selector: { matchLabels: { a: 'b' } }, template };
      await api.admin.resource(DAEMON_SETS, 'default').create({ metadata: { name: 'log' }, spec });
      const owner = {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        name: 'log',
        uid: 'd',
        controller: true,
      };
      await addPod('daemon', { ownerReferences: [owner] });
      await addPod('mirror', {
        annotations: { 'kubernetes.io/config.mirror': 'x' },
        ownerReferences: [],
      });
      await addPod('a');
      const state = drain();
      await clock.advance(0);
      expect(evictions()).toEqual(['a']);
      await kill('a');
      await clock.advance(LOOK_AGAIN_MS);
      expect(state.text).toBe('1000 ["default/a"]');
    });

    it('evicts nobody when one may not go, and says why', async () => {
      await addPod('a');
      await addPod('b', { ownerReferences: [] });
      await addPod('c', { ownerReferences: [] });
      const state = drain();
      await clock.advance(0);
      const refusal =
        'cannot delete cannot delete Pods that declare no controller (use --force to override): default/b, default/c';
      expect(state.text).toBe(`0 ${refusal}`);
      expect((state.error as DrainError).reasons).toEqual([refusal]);
      expect(state.error instanceof DrainError).toBe(true);
      expect([evictions(), await isCordoned()]).toEqual([[], true]);
    });

    it('evicts them by force', async () => {
      await addPod('b', { ownerReferences: [] });
      drain({ force: true });
      await clock.advance(0);
      expect(evictions()).toEqual(['b']);
    });

    it.core('waits for a budget that allows it', async () => {
      await addPod('a');
      await protect('a');
      const state = drain();
      await clock.advance(EVICTION_RETRY_MS - 1);
      expect([await isGoing('a'), evictions().length]).toEqual([false, 1]);
      await clock.advance(1);
      expect([await isGoing('a'), evictions().length]).toEqual([false, 2]);
      await allow('a', 1);
      await clock.advance(EVICTION_RETRY_MS);
      expect([await isGoing('a'), evictions().length]).toEqual([true, 3]);
      await kill('a');
      await clock.advance(LOOK_AGAIN_MS);
      expect(state.text).toBe(`${2 * EVICTION_RETRY_MS + LOOK_AGAIN_MS} ["default/a"]`);
    });

    it('evicts others while one must wait', async () => {
      await addPod('a');
      await addPod('b');
      await protect('a');
      drain();
      await clock.advance(0);
      expect([await isGoing('a'), await isGoing('b')]).toEqual([false, true]);
    });

    it('evicts a pod once', async () => {
      await addPod('a');
      drain();
      await clock.advance(MINUTE);
      expect(evictions()).toEqual(['a']);
    });

    it('deletes nobody', async () => {
      await addPod('a');
      await protect('a');
      drain({ force: true, gracePeriodSeconds: 0 });
      await clock.advance(MINUTE);
      expect(api.writes.filter(({ verb }) => verb.startsWith('delete'))).toEqual([]);
      expect(await isGoing('a')).toBe(false);
    });

    it('only waits for a pod that goes already', async () => {
      await addPod('a');
      await pods().delete('a');
      const state = drain();
      await clock.advance(3000);
      expect([evictions(), state.text]).toEqual([[], 'waits']);
      await kill('a');
      await clock.advance(LOOK_AGAIN_MS);
      expect(state.text).toBe('4000 ["default/a"]');
    });

    it('gives pods the time that was said', async () => {
      await addPod('a');
      await addPod('b');
      drain({ gracePeriodSeconds: 7 });
      await clock.advance(0);
      expect((await pods().get('a')).metadata?.deletionGracePeriodSeconds).toBe(7);
    });

    it('gives pods the time they want', async () => {
      await addPod('a');
      drain();
      await clock.advance(0);
      expect((await pods().get('a')).metadata?.deletionGracePeriodSeconds).toBe(30);
    });

    it('does not wait for another of the same name', async () => {
      await addPod('db-0');
      const state = drain();
      await clock.advance(0);
      await kill('db-0');
      await addPod('db-0', {}, 'node-2');
      await clock.advance(LOOK_AGAIN_MS);
      expect(state.text).toBe('1000 ["default/db-0"]');
      expect([evictions(), await isGoing('db-0')]).toEqual([['db-0'], false]);
    });

    it('does not evict another of the same name that came while it waited', async () => {
      await addPod('db-0');
      await protect('db-0');
      const state = drain();
      await clock.advance(0);
      await kill('db-0');
      await addPod('db-0', {}, 'node-2');
      await allow('db-0', 1);
      await clock.advance(EVICTION_RETRY_MS);
      expect(state.text).toBe('5000 ["default/db-0"]');
      expect([evictions().length, await isGoing('db-0')]).toEqual([1, false]);
    });

    it('is content with a pod that went by itself', async () => {
      await addPod('a');
      await addPod('b');
      const end = api.intercept(({ subresource, name }) => {
        if (subresource !== 'eviction' || name !== 'a') return undefined;
        end();
        return kill('a');
      });
      const state = drain();
      await clock.advance(0);
      await kill('b');
      await clock.advance(LOOK_AGAIN_MS);
      expect(state.text).toBe('1000 ["default/a","default/b"]');
    });

    it('says who was not evicted in time', async () => {
      await addPod('a');
      await protect('a');
      const state = drain({ timeoutMs: 92_000 });
      await clock.advance(91_999);
      expect(state.text).toBe('waits');
      await clock.advance(1);
      expect(state.text).toBe(
        '92000 error when evicting pods/"a" -n "default": global timeout reached: 1m32s',
      );
      expect(state.error instanceof DrainError).toBe(true);
      const before = api.writes.length;
      await clock.advance(MINUTE);
      expect([api.writes.length, await isCordoned()]).toEqual([before, true]);
    });

    it('says who did not go in time', async () => {
      await addPod('a');
      const state = drain({ timeoutMs: 10_000 });
      await clock.advance(10_000);
      expect(state.text).toBe(
        '10000 error when waiting for pod "a" in namespace "default" to terminate: context deadline exceeded',
      );
    });

    it('waits for ever when no time was said', async () => {
      await addPod('a');
      await protect('a');
      const state = drain();
      await clock.advance(6 * MINUTE);
      expect(state.text).toBe('waits');
    });

    it('says what went wrong with each pod, and goes on with the others', async () => {
      for (const name of ['a', 'b', 'c']) await addPod(name);
      await protect('a');
      api.intercept(({ subresource, name }) => {
        if (subresource !== 'eviction' || name !== 'b') return undefined;
        throw newForbidden({ group: '', resource: 'pods' }, 'b', 'not yours');
      });
      const state = drain({ timeoutMs: 10_000 });
      await clock.advance(0);
      expect(await isGoing('c')).toBe(true);
      await kill('c');
      await clock.advance(10_000);
      expect((state.error as DrainError).reasons).toEqual([
        'error when evicting pods/"a" -n "default": global timeout reached: 10s',
        'error when evicting pods/"b" -n "default": pods "b" is forbidden: not yours',
      ]);
      expect(state.text).toBe(`10000 [${(state.error as DrainError).reasons.join(', ')}]`);
      expect(evictions().filter((name) => name === 'b').length).toBe(1);
    });

    it('evicts nobody any more when the time is over', async () => {
      await addPod('a');
      await protect('a');
      const state = drain({ timeoutMs: 2 * EVICTION_RETRY_MS });
      await clock.advance(2 * EVICTION_RETRY_MS - 1);
      await allow('a', 1);
      await clock.advance(1);
      expect([evictions().length, await isGoing('a')]).toEqual([2, false]);
      expect(state.text).toBe(
        '10000 error when evicting pods/"a" -n "default": global timeout reached: 10s',
      );
    });

    it('goes on where it was stopped', async () => {
      await addPod('a');
      await addPod('b');
      await protect('a');
      const first = drain({ timeoutMs: 3000 });
      await clock.advance(0);
      await kill('b');
      await clock.advance(3000);
      expect(first.error instanceof DrainError).toBe(true);
      await allow('a', 1);
      const second = drain();
      await clock.advance(0);
      await kill('a');
      await clock.advance(LOOK_AGAIN_MS);
      expect(second.text).toBe('4000 ["default/a"]');
    });
  });

  describe('that leaves', () => {
    const leave = (options: DrainOptions = {}, name = 'node-1') =>
      outcomeOf(clock, leaveCluster(name, options, world()));
    const isThere = async () =>
      (await nodes().list()).items.some((one) => one.metadata?.name === 'node-1');

    it('goes when its pods are gone', async () => {
      await addPod('a');
      const state = leave();
      await clock.advance(3000);
      expect([await isThere(), await isGoing('a')]).toEqual([true, true]);
      await kill('a');
      await clock.advance(LOOK_AGAIN_MS);
      expect([await isThere(), state.text]).toEqual([false, '4000 done']);
    });

    it('stays when it cannot be drained', async () => {
      await addPod('a', { ownerReferences: [] });
      const state = leave();
      await clock.advance(MINUTE);
      expect([await isThere(), state.error instanceof DrainError]).toEqual([true, true]);
    });

    it('may have left', async () => {
      const state = leave({}, 'nobody');
      await clock.advance(0);
      expect([state.text, api.writes]).toEqual(['0 done', []]);
    });

    it('may leave in the meantime', async () => {
      await addPod('a');
      const state = leave();
      await clock.advance(0);
      await nodes().delete('node-1');
      await kill('a');
      await clock.advance(LOOK_AGAIN_MS);
      expect(state.text).toBe('1000 done');
    });

    it('tells what else went wrong', async () => {
      api.intercept(({ verb }) => {
        if (verb !== 'delete') return undefined;
        throw newForbidden({ group: '', resource: 'nodes' }, 'node-1', 'not yours');
      });
      const state = leave();
      await clock.advance(0);
      expect(state.text).toBe('0 nodes "node-1" is forbidden: not yours');
    });
  });

  describe('that comes back', () => {
    const readmit = (timeoutMs = MINUTE) =>
      outcomeOf(clock, readmitNode('node-1', timeoutMs, world()));
    const say = (status: string) =>
      nodes().patch(
        'node-1',
        'merge-patch',
        { status: { conditions: [{ type: 'Ready', status }] } },
        { subresource: 'status' },
      );

    it('is uncordoned when it is ready', async () => {
      await setUnschedulable('node-1', true, api.client);
      await say('Unknown');
      const state = readmit();
      await clock.advance(5000);
      expect([await isCordoned(), state.text]).toEqual([true, 'waits']);
      await say('True');
      await clock.advance(LOOK_AGAIN_MS);
      expect([await isCordoned(), state.text.startsWith('6000 {')]).toEqual([false, true]);
    });

    it('may have another uid and another pod range', async () => {
      await nodes().patch('node-1', 'merge-patch', {
        spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] },
      });
      await nodes().delete('node-1');
      const state = outcomeOf(
        clock,
        readmitNode('node-1', MINUTE, world()).then(({ spec }) => [
          spec?.podCIDR,
          spec?.unschedulable ?? false,
        ]),
      );
      await clock.advance(3000);
      expect(state.text).toBe('waits');
      await nodes().create({
        metadata: { name: 'node-1' },
        spec: { unschedulable: true, podCIDR: '10.244.7.0/24', podCIDRs: ['10.244.7.0/24'] },
      });
      await say('True');
      await clock.advance(LOOK_AGAIN_MS);
      expect(state.text).toBe('4000 ["10.244.7.0/24",false]');
    });

    it('is not written when it takes pods already', async () => {
      await say('True');
      const state = readmit();
      await clock.advance(0);
      expect([api.writes, state.text.startsWith('0 {')]).toEqual([[], true]);
    });

    it('is not waited for when nobody may look at it', async () => {
      api.intercept(({ verb }) => {
        if (verb !== 'get') return undefined;
        throw newForbidden({ group: '', resource: 'nodes' }, 'node-1', 'not yours');
      });
      const state = readmit();
      await clock.advance(0);
      expect(state.text).toBe('0 nodes "node-1" is forbidden: not yours');
    });

    it('must be ready in time, and stays cordoned else', async () => {
      await setUnschedulable('node-1', true, api.client);
      await say('False');
      const state = readmit(90_000);
      await clock.advance(89_999);
      expect(state.text).toBe('waits');
      await clock.advance(1);
      expect(state.text).toBe('90000 node node-1 is not ready after 1m30s');
      expect(await isCordoned()).toBe(true);
    });
  });
});
