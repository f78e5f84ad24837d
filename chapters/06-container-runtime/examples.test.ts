/**
 * The handout's examples as tests you can see. Run them while you work:
 *
 *   npx vitest run chapters/06-container-runtime/examples.test.ts
 *
 * The hidden tests look at much more; `npm run grade -- 06` runs those.
 */

import { describe, expect, it } from 'vitest';
import { FakeClock, MemoryFileSystem } from '#apimachinery';
import {
  AddressPool,
  ContainerLog,
  type ContainerHost,
  Containers,
  capabilitiesOf,
  cpuRates,
  ImageStore,
  type LayerEntry,
  locate,
  mountTable,
  newCatalogue,
  overlayNames,
  parseCidr,
  parseReference,
} from '#container-runtime';

describe('container-runtime/images', () => {
  it('knows what people leave out of a name', () => {
    expect(parseReference('nginx')).toEqual({ repository: 'docker.io/library/nginx', tag: 'latest' });
  });

  it('does not show what a whiteout removes', () => {
    const entry: LayerEntry = { kind: 'directory', mode: 0o755, uid: 0, gid: 0 };
    const below = new Map([['/a', entry], ['/b', entry]]);
    const above = new Map([['/.wh.a', entry], ['/c', entry]]);
    expect(overlayNames([below, above], '/')).toEqual(['b', 'c']);
  });

  it('pulls an image and finds it', async () => {
    const store = new ImageStore({ registry: newCatalogue(), clock: new FakeClock() });
    const id = await store.pull('nginx:1.25');
    expect(store.get('docker.io/library/nginx:1.25')?.id).toBe(id);
  });
});

describe('container-runtime/containers', () => {
  it('asks a container to end, and kills it when its time is over', async () => {
    const clock = new FakeClock();
    const signals: string[] = [];
    let end: (exit: { exitCode: number; isOomKilled: boolean }) => void = () => {};
    const host: ContainerHost = {
      setUpSandbox: async () => ['10.0.0.2'],
      tearDownSandbox: async () => {},
      prepareContainer: async () => ({
        imageId: 'sha256:1',
        imageRef: 'nginx',
        stopSignal: 'SIGTERM',
        user: { uid: 0, gid: 0, supplementalGroups: [] },
      }),
      startContainer: async () => ({
        kill: (signal) => {
          signals.push(signal);
          if (signal === 'SIGKILL') end({ exitCode: 137, isOomKilled: false });
        },
        exited: new Promise((resolve) => {
          end = resolve;
        }),
      }),
      removeContainer: async () => {},
    };
    let ids = 0;
    const containers = new Containers({ host, clock, newId: () => String(ids++).repeat(64) });
    const metadata = { name: 'web', uid: '1', namespace: 'shop', attempt: 0 };
    const pod = await containers.runPodSandbox({ metadata });
    const config = { metadata: { name: 'main', attempt: 0 }, image: { image: 'nginx' } };
    const id = await containers.createContainer(pod, config);
    await containers.startContainer(id);
    const stopping = containers.stopContainer(id, 30);
    await clock.advance(30_000);
    await stopping;
    expect(signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(containers.container(id)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 137 });
  });
});

describe('the extras', () => {
  it('container-runtime/network: does not give a freed address out again at once', () => {
    const pool = new AddressPool(parseCidr('10.244.1.0/24'));
    expect(pool.allocate('a')).toBe('10.244.1.2');
    pool.release('a');
    expect(pool.allocate('b')).toBe('10.244.1.3');
  });

  it('container-runtime/limits: divides CPUs by weight', () => {
    const busy = { threads: 8, quotaCpus: Number.POSITIVE_INFINITY };
    const demands = [
      { key: 'a', shares: 3072, ...busy },
      { key: 'b', shares: 1024, ...busy },
    ];
    expect(cpuRates(demands, 1).get('a')).toBeCloseTo(0.75);
  });

  it('container-runtime/security: drops all and adds one', () => {
    const capabilities = { dropCapabilities: ['ALL'], addCapabilities: ['KILL'] };
    expect([...capabilitiesOf({ capabilities })]).toEqual(['KILL']);
  });

  it('container-runtime/mounts: takes the nearest mount above a path', () => {
    const table = mountTable([{ containerPath: '/data', hostPath: '/var/lib/a' }], {});
    expect(locate(table, '/data/x').path).toBe('/var/lib/a/x');
    expect(locate(table, '/database').mount.kind).toBe('root');
  });

  it('container-runtime/logs-stats-exec: writes whole lines, however they come', () => {
    const files = new MemoryFileSystem({ clock: new FakeClock() });
    const log = new ContainerLog({ files, path: '/var/log/0.log', now: () => 0n });
    log.write('stdout', new TextEncoder().encode('he'));
    log.write('stdout', new TextEncoder().encode('llo\n'));
    const text = new TextDecoder().decode(files.readFile('/var/log/0.log'));
    expect(text).toBe('1970-01-01T00:00:00.000000000Z stdout F hello\n');
  });
});
