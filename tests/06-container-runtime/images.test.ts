import { FakeClock } from '#apimachinery';
import {
  type ImageConfig,
  ImageStore,
  imageIdOf,
  type Layer,
  type LayerEntries,
  type LayerEntry,
  layerDigest,
  type Manifest,
  manifestDigest,
  overlayLookup,
  overlayNames,
  parseReference,
  type Reference,
  type Registry,
  RegistryError,
  referenceText,
} from '#container-runtime';
import { describe, expect, fc, it, property, refusalOf, settle } from '#kit';

const DIGEST = `sha256:${'1f'.repeat(32)}`;
const owned = { mode: 0o644, uid: 0, gid: 0 };
const file = (text: string): LayerEntry => ({
  kind: 'file',
  content: new TextEncoder().encode(text),
  ...owned,
});
const directory: LayerEntry = { kind: 'directory', ...owned };
const link: LayerEntry = { kind: 'symlink', target: '/elsewhere', ...owned };

/** Paths to what is there: a text is a file, `/` a directory, `@` a link. */
function layer(words: Readonly<Record<string, string>>): LayerEntries {
  const entryOf = (word: string) => {
    if (word === '/') return directory;
    return word === '@' ? link : file(word);
  };
  return new Map(Object.entries(words).map(([path, word]) => [path, entryOf(word)]));
}

function textAt(layers: readonly LayerEntries[], path: string): string | undefined {
  const entry = overlayLookup(layers, path);
  if (entry === undefined) return undefined;
  return entry.kind === 'file' ? new TextDecoder().decode(entry.content) : entry.kind;
}

describe('parseReference', () => {
  const rows: [text: string, repository: string, tag?: string, digest?: string][] = [
    ['nginx', 'docker.io/library/nginx', 'latest'],
    ['nginx:1.25', 'docker.io/library/nginx', '1.25'],
    ['bitnami/redis:7.2', 'docker.io/bitnami/redis', '7.2'],
    ['docker.io/nginx', 'docker.io/library/nginx', 'latest'],
    ['docker.io/library/nginx', 'docker.io/library/nginx', 'latest'],
    ['localhost/app', 'localhost/app', 'latest'],
    ['localhost:5000/app', 'localhost:5000/app', 'latest'],
    ['localhost:5000/app:v1', 'localhost:5000/app', 'v1'],
    ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause', '3.10'],
    ['gcr.io/a/b/c:x_y-Z.1', 'gcr.io/a/b/c', 'x_y-Z.1'],
    ['Registry/app', 'Registry/app', 'latest'],
    ['a--b__c/e', 'docker.io/a--b__c/e', 'latest'],
    [`nginx@${DIGEST}`, 'docker.io/library/nginx', undefined, DIGEST],
    [`nginx:1.25@${DIGEST}`, 'docker.io/library/nginx', '1.25', DIGEST],
    [`10.0.0.1:5000/a/b@${DIGEST}`, '10.0.0.1:5000/a/b', undefined, DIGEST],
  ];
  it.core('knows what people leave out', () => {
    expect(parseReference('nginx')).toEqual({
      repository: 'docker.io/library/nginx',
      tag: 'latest',
    });
    expect(parseReference('bitnami/redis:7.2')).toEqual({
      repository: 'docker.io/bitnami/redis',
      tag: '7.2',
    });
    expect(parseReference('registry.k8s.io/pause:3.10')).toEqual({
      repository: 'registry.k8s.io/pause',
      tag: '3.10',
    });
  });
  for (const [text, repository, tag, digest] of rows) {
    it(`reads ${text}`, () => {
      const reference = parseReference(text);
      expect(reference).toEqual({
        repository,
        ...(tag !== undefined && { tag }),
        ...(digest !== undefined && { digest }),
      });
      expect(Object.keys(reference)).toHaveLength(
        1 + Number(tag !== undefined) + Number(digest !== undefined),
      );
    });
  }

  const bad = [
    '',
    ':v1',
    'nginx:',
    'nginx:-x',
    'nginx:.x',
    `nginx:${'t'.repeat(129)}`,
    'nginx@sha256:12',
    `nginx@${DIGEST.toUpperCase()}`,
    `nginx@${DIGEST}@${DIGEST}`,
    '/nginx',
    'nginx/',
    'a//b',
    'a b',
    '-a/b',
    'a/-b',
    'a/b-',
    'a/b..c',
    'a/b___c',
    'exa_mple.com/a',
    'host:port/a',
  ];
  for (const text of bad) {
    it(`refuses ${JSON.stringify(text).slice(0, 40)}`, () => {
      expect(() => parseReference(text)).toThrow({
        name: 'ImageNameError',
        message: 'invalid reference format',
      });
    });
  }

  it('says that names have small letters', () => {
    const text = (path: string) =>
      `invalid reference format: repository name (${path}) must be lowercase`;
    expect(() => parseReference('Nginx')).toThrow({ message: text('library/Nginx') });
    expect(() => parseReference('docker.io/me/App:v1')).toThrow({ message: text('me/App') });
    expect(() => parseReference('App')).toThrow({ message: text('library/App') });
  });

  it('says so first, whatever else is wrong', () => {
    const rows = {
      'me/App..x': 'me/App..x',
      'App:-x': 'library/App',
      'App@sha256:12': 'library/App',
      [`App@${DIGEST}@${DIGEST}`]: 'library/App',
      'exa_mple.com/App': 'App',
    };
    for (const [name, path] of Object.entries(rows)) {
      const message = `invalid reference format: repository name (${path}) must be lowercase`;
      expect(() => parseReference(name)).toThrow({ name: 'ImageNameError', message });
    }
  });

  it('takes a tag of 128 letters, of which some are capitals', () => {
    expect(parseReference(`nginx:${'T'.repeat(128)}`).tag).toBe('T'.repeat(128));
  });
});

describe('overlay', () => {
  it.core('shows what the topmost layer has', () => {
    const layers = [layer({ '/a': 'old', '/b': 'b' }), layer({ '/a': 'new' })];
    expect(textAt(layers, '/a')).toBe('new');
    expect(textAt(layers, '/b')).toBe('b');
    expect(textAt(layers, '/c')).toBeUndefined();
    expect(overlayNames(layers, '/')).toEqual(['a', 'b']);
  });

  it.core('does not show what a whiteout removes', () => {
    const layers = [
      layer({ '/etc': '/', '/etc/motd': 'hi', '/etc/os': 'x' }),
      layer({ '/etc': '/', '/etc/.wh.motd': '' }),
    ];
    expect(textAt(layers, '/etc/motd')).toBeUndefined();
    expect(textAt(layers, '/etc/os')).toBe('x');
    expect(overlayNames(layers, '/etc')).toEqual(['os']);
  });

  it('lets a later layer have again what another removed', () => {
    const layers = [layer({ '/a': '1' }), layer({ '/.wh.a': '' }), layer({ '/a': '3' })];
    expect(textAt(layers.slice(0, 2), '/a')).toBeUndefined();
    expect(textAt(layers, '/a')).toBe('3');
    expect(overlayNames(layers, '/')).toEqual(['a']);
  });

  it('removes all below a directory that a whiteout removes', () => {
    const layers = [layer({ '/a': '/', '/a/b': '/', '/a/b/c': 'x' }), layer({ '/.wh.a': '' })];
    for (const path of ['/a', '/a/b', '/a/b/c']) expect(textAt(layers, path)).toBeUndefined();
    expect(overlayNames(layers, '/a/b')).toEqual([]);
    expect(overlayNames(layers, '/')).toEqual([]);
  });

  it('does not show what was in a removed directory when a new one has its name', () => {
    const layers = [
      layer({ '/a': '/', '/a/old': 'x' }),
      layer({ '/.wh.a': '', '/a': '/', '/a/new': 'y' }),
    ];
    expect(textAt(layers, '/a')).toBe('directory');
    expect(textAt(layers, '/a/old')).toBeUndefined();
    expect(overlayNames(layers, '/a')).toEqual(['new']);
  });

  it('shows only its own in a directory that is opaque', () => {
    const layers = [
      layer({ '/a': '/', '/a/b': '/', '/a/b/c': 'x', '/a/d': 'y' }),
      layer({ '/a': '/', '/a/.wh..wh..opq': '', '/a/e': 'z' }),
    ];
    expect(overlayNames(layers, '/a')).toEqual(['e']);
    expect(textAt(layers, '/a/b/c')).toBeUndefined();
    expect(textAt(layers, '/a/b')).toBeUndefined();
    expect(textAt(layers, '/a')).toBe('directory');
  });

  it('hides all there is below a root that is opaque', () => {
    const layers = [layer({ '/a': '/', '/a/x': 'x' }), layer({ '/.wh..wh..opq': '', '/b': 'y' })];
    expect(overlayNames(layers, '/')).toEqual(['b']);
    expect(overlayNames(layers, '/a')).toEqual([]);
    expect(textAt(layers, '/a')).toBeUndefined();
    expect(textAt(layers, '/a/x')).toBeUndefined();
  });

  it('knows marks of any kind by their names', () => {
    for (const word of ['', '/', '@']) {
      const below = layer({ '/a': 'x', '/b': '/', '/b/c': 'y' });
      const layers = [below, layer({ '/.wh.a': word, '/b': '/', '/b/.wh..wh..opq': word })];
      expect(textAt(layers, '/a')).toBeUndefined();
      expect(textAt(layers, '/b/c')).toBeUndefined();
      expect(overlayNames(layers, '/')).toEqual(['b']);
      expect(overlayNames(layers, '/b')).toEqual([]);
    }
  });

  it('needs no entry of a directory for what is in it', () => {
    const layers = [layer({ '/a/b': 'x' }), layer({ '/a/c/d': 'y' })];
    expect(textAt(layers, '/a')).toBeUndefined();
    expect(textAt(layers, '/a/b')).toBe('x');
    expect(overlayNames(layers, '/a')).toEqual(['b']);
    expect(overlayNames(layers, '/a/c')).toEqual(['d']);
    expect(overlayNames(layers, '/')).toEqual([]);
  });

  it('hides what lay below a path that is a file or a link now', () => {
    for (const word of ['text', '@']) {
      const layers = [layer({ '/a': '/', '/a/b': 'x' }), layer({ '/a': word })];
      expect(textAt(layers, '/a/b')).toBeUndefined();
      expect(overlayNames(layers, '/a')).toEqual([]);
    }
  });

  it('does not follow links', () => {
    expect(textAt([layer({ '/a': '@' })], '/a')).toBe('symlink');
  });

  it('tells apart names of which one begins with the other', () => {
    const layers = [layer({ '/a': '/', '/ab': 'x', '/a/c': 'y' }), layer({ '/.wh.a': '' })];
    expect(textAt(layers, '/ab')).toBe('x');
    expect(overlayNames(layers, '/')).toEqual(['ab']);
    expect(overlayNames([layer({ '/a': '/', '/ab': '/', '/ab/x': '' })], '/a')).toEqual([]);
  });

  it('lists only what is directly in a directory, once each, in byte order', () => {
    const layers = [
      layer({ '/d': '/', '/d/b': '1', '/d/B': '2', '/d/a': '/', '/d/a/x': '3' }),
      layer({ '/d/b': '4', '/d/C': '5' }),
    ];
    expect(overlayNames(layers, '/d')).toEqual(['B', 'C', 'a', 'b']);
    const wide = layer({ '/\u{1f600}': '1', '/\uff21': '2', '/\uff21b': '3', '/z': '4' });
    expect(overlayNames([wide], '/')).toEqual(['z', '\uff21', '\uff21b', '\u{1f600}']);
  });

  it('is empty where nothing is', () => {
    expect(overlayNames([], '/')).toEqual([]);
    expect(overlayNames([layer({ '/a': 'x' })], '/nothing')).toEqual([]);
    expect(overlayLookup([], '/a')).toBeUndefined();
  });

  it('leaves the layers as they are', () => {
    const layers = Object.freeze([layer({ '/a': '1' }), layer({ '/a': '2' })]);
    overlayLookup(layers, '/a');
    overlayNames(layers, '/');
    expect(textAt(layers, '/a')).toBe('2');
  });

  property(
    'agrees with applying the layers one after the other',
    fc.array(
      fc.array(
        fc.tuple(
          fc.constantFrom('put', 'remove'),
          fc.constantFrom('a', 'b', 'c'),
          fc.string({ maxLength: 3 }),
        ),
        { maxLength: 4 },
      ),
      { maxLength: 4 },
    ),
    (steps) => {
      const model = new Map<string, string>();
      const layers = steps.map((changes) => {
        const words: Record<string, string> = {};
        for (const [what, name, text] of changes) {
          const path = `/${name}`;
          const content = `x${text}`;
          if (what === 'put') {
            words[path] = content;
            model.set(name, content);
          } else {
            delete words[path];
            words[`/.wh.${name}`] = '';
            model.delete(name);
          }
        }
        return layer(words);
      });
      expect(overlayNames(layers, '/')).toEqual([...model.keys()].sort());
      for (const name of ['a', 'b', 'c']) expect(textAt(layers, `/${name}`)).toBe(model.get(name));
    },
  );
});

const config = (name: string): ImageConfig => ({
  entrypoint: [name],
  cmd: [],
  env: [],
  workingDir: '',
  user: '',
  stopSignal: '',
});

function newLayer(text: string, size: number): Layer {
  const entries = layer({ '/f': text });
  return { digest: layerDigest(entries), size, entries };
}

const a = newLayer('a', 100);
const b = newLayer('b', 20);
const c = newLayer('c', 3);

function manifest(name: string, ...layers: readonly Layer[]): Manifest {
  return { config: config(name), layers: layers.map(({ digest, size }) => ({ digest, size })) };
}

/** A registry that does as it is told, and notes what it is asked for. */
class TestRegistry implements Registry {
  readonly images = new Map<string, Manifest>();
  readonly layers = new Map([a, b, c].map((one) => [one.digest, one]));
  readonly asked: string[] = [];
  readonly auths: unknown[] = [];
  /** Thrown, one at a time, instead of an answer. */
  failures: Error[] = [];
  gate: Promise<void> = Promise.resolve();

  async manifest(reference: Reference, auth?: object): Promise<Manifest> {
    this.asked.push(referenceText(reference));
    this.auths.push(auth);
    await this.gate;
    this.#fail();
    const found = this.images.get(referenceText(reference));
    if (found === undefined)
      throw new RegistryError('not-found', `${referenceText(reference)}: not found`);
    return found;
  }

  async layer(_: Reference, digest: string, auth?: object): Promise<Layer> {
    this.asked.push(nameOf(digest));
    this.auths.push(auth);
    this.#fail();
    const found = this.layers.get(digest);
    if (found === undefined) throw new RegistryError('not-found', `${digest}: not found`);
    return found;
  }

  #fail(): void {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }
}

function nameOf(digest: string): string {
  const known = { a, b, c };
  return Object.entries(known).find(([, one]) => one.digest === digest)?.[0] ?? digest;
}

const one = manifest('one', a, b);
const two = manifest('two', a, c);
const NGINX = 'docker.io/library/nginx';

function newStore() {
  const clock = new FakeClock();
  const registry = new TestRegistry();
  registry.images.set(`${NGINX}:1`, one);
  registry.images.set(`${NGINX}:2`, two);
  return { clock, registry, store: new ImageStore({ registry, clock }) };
}

describe('ImageStore', () => {
  it.core('pulls an image, layer by layer, and finds it', async () => {
    const { registry, store } = newStore();
    expect(store.get('nginx:1')).toBeUndefined();
    const id = await store.pull('nginx:1');
    expect(id).toBe(imageIdOf(one));
    expect(registry.asked).toEqual([`${NGINX}:1`, 'a', 'b']);
    expect(store.get('nginx:1')).toEqual({
      id,
      config: config('one'),
      layers: [a, b],
      repoTags: [`${NGINX}:1`],
      repoDigests: [`${NGINX}@${manifestDigest(one)}`],
      size: 120,
    });
    expect(store.list()).toHaveLength(1);
  });

  it.core('fetches a layer once, whoever has it', async () => {
    const { registry, store } = newStore();
    await store.pull('nginx:1');
    await store.pull('nginx:2');
    expect(registry.asked.slice(3)).toEqual([`${NGINX}:2`, 'c']);
    expect(store.usedBytes()).toBe(123);
    expect(store.list().map(({ size }) => size)).toEqual([120, 103]);
  });

  it.core('frees the layers that nobody needs any more', async () => {
    const { store } = newStore();
    await store.pull('nginx:1');
    await store.pull('nginx:2');
    store.remove('nginx:1');
    expect(store.get('nginx:1')).toBeUndefined();
    expect(store.usedBytes()).toBe(123);
    expect(store.collectGarbage()).toBe(20);
    expect(store.usedBytes()).toBe(103);
    expect(store.get('nginx:2')).toMatchObject({ layers: [a, c] });
    expect(store.collectGarbage()).toBe(0);
  });

  it('keeps the layers that containers stand on', async () => {
    const { store } = newStore();
    await store.pull('nginx:1');
    store.remove('nginx:1');
    expect(store.collectGarbage([b.digest])).toBe(100);
    expect(store.usedBytes()).toBe(20);
    expect(store.collectGarbage(new Set())).toBe(20);
  });

  it('finds an image by every name that it has', async () => {
    const { store } = newStore();
    const id = await store.pull('nginx:1');
    const names = [
      `${NGINX}:1`,
      'docker.io/nginx:1',
      `nginx@${manifestDigest(one)}`,
      id,
      id.slice('sha256:'.length),
      id.slice(0, 'sha256:'.length + 12),
      id.slice('sha256:'.length, 'sha256:'.length + 4),
    ];
    for (const name of names) expect(store.get(name)?.id).toBe(id);
  });

  it('finds nothing for other names, nor for what is none', async () => {
    const { store } = newStore();
    const id = await store.pull('nginx:1');
    const others = [
      'nginx',
      'nginx:2',
      'other:1',
      `nginx@${DIGEST}`,
      '',
      'Not A Name',
      id.slice(7, 10),
      id.slice(0, 'sha256:'.length + 3),
      'sha256:',
      `${id}0`,
    ];
    for (const name of others) expect(store.get(name)).toBeUndefined();
  });

  it('does not take the beginning of two ids for one', async () => {
    const { registry, store } = newStore();
    const ids: string[] = [];
    // Enough images that two ids begin alike, in their first four digits, are unlikely to be missed.
    for (let i = 0; i < 700; i++) {
      registry.images.set(`${NGINX}:n${i}`, manifest(`n${i}`, a));
      ids.push(await store.pull(`nginx:n${i}`));
    }
    const starts = ids.map((id) => id.slice(7, 11));
    const twice = starts.find((start, i) => starts.indexOf(start) !== i);
    expect(twice).toBeDefined();
    expect(store.get(twice ?? '')).toBeUndefined();
  });

  it('asks the registry again, and fetches nothing when nothing is new', async () => {
    const { registry, store } = newStore();
    const id = await store.pull('nginx:1');
    expect(await store.pull('nginx:1')).toBe(id);
    expect(registry.asked.slice(3)).toEqual([`${NGINX}:1`]);
    expect(store.list()).toHaveLength(1);
    expect(store.get(id)?.repoTags).toEqual([`${NGINX}:1`]);
  });

  it('moves a tag, and keeps the image that lost it', async () => {
    const { registry, store } = newStore();
    const before = await store.pull('nginx:1');
    registry.images.set(`${NGINX}:1`, two);
    const after = await store.pull('nginx:1');
    expect(after).toBe(imageIdOf(two));
    expect(store.get('nginx:1')?.id).toBe(after);
    expect(store.get(before)).toMatchObject({
      repoTags: [],
      repoDigests: [`${NGINX}@${manifestDigest(one)}`],
    });
  });

  it('gives one image several tags, in the order they came', async () => {
    const { registry, store } = newStore();
    registry.images.set('ghcr.io/me/copy:9', one);
    const id = await store.pull('nginx:1');
    expect(await store.pull('ghcr.io/me/copy:9')).toBe(id);
    expect(store.get(id)).toMatchObject({
      repoTags: [`${NGINX}:1`, 'ghcr.io/me/copy:9'],
      repoDigests: [`${NGINX}@${manifestDigest(one)}`, `ghcr.io/me/copy@${manifestDigest(one)}`],
    });
    store.remove('nginx:1');
    expect(store.list()).toEqual([]);
    expect(store.get('ghcr.io/me/copy:9')).toBeUndefined();
  });

  it('pulls by digest, without a tag', async () => {
    const { registry, store } = newStore();
    const name = `${NGINX}@${manifestDigest(one)}`;
    registry.images.set(name, one);
    const id = await store.pull(`nginx@${manifestDigest(one)}`);
    expect(store.get(id)).toMatchObject({ repoTags: [], repoDigests: [name] });
    expect(store.get(name)?.id).toBe(id);
  });

  it('looks at the digest alone when there is a tag, too', async () => {
    const { store } = newStore();
    const id = await store.pull('nginx:1');
    expect(store.get(`nginx:other@${manifestDigest(one)}`)?.id).toBe(id);
    expect(store.get(`nginx:1@${DIGEST}`)).toBeUndefined();
  });

  it('believes a manifest that it asked for by digest', async () => {
    const { registry, store } = newStore();
    registry.images.set(`${NGINX}@${DIGEST}`, one);
    const id = await store.pull(`nginx@${DIGEST}`);
    expect(store.get(id)?.repoDigests).toEqual([`${NGINX}@${manifestDigest(one)}`]);
  });

  it('leaves a tag that is pulled again in its place', async () => {
    const { registry, store } = newStore();
    registry.images.set(`${NGINX}:3`, one);
    const id = await store.pull('nginx:1');
    await store.pull('nginx:3');
    await store.pull('nginx:1');
    expect(store.get(id)?.repoTags).toEqual([`${NGINX}:1`, `${NGINX}:3`]);
  });

  it('counts the bytes that layers have, not those the manifest says', async () => {
    const { registry, store } = newStore();
    const layers = one.layers.map((each) => ({ ...each, size: 7 }));
    registry.images.set(`${NGINX}:odd`, { ...one, layers });
    await store.pull('nginx:odd');
    expect(store.get('nginx:odd')?.size).toBe(120);
    expect(store.usedBytes()).toBe(120);
    store.remove('nginx:odd');
    expect(store.collectGarbage()).toBe(120);
  });

  it('counts a layer that an image has twice once', async () => {
    const { registry, store } = newStore();
    registry.images.set(`${NGINX}:twice`, manifest('twice', a, b, a));
    await store.pull('nginx:twice');
    expect(registry.asked.slice(1)).toEqual(['a', 'b']);
    expect(store.get('nginx:twice')).toMatchObject({ layers: [a, b, a], size: 120 });
  });

  it('lists images in the order they came', async () => {
    const { store } = newStore();
    const second = await store.pull('nginx:2');
    const first = await store.pull('nginx:1');
    await store.pull('nginx:2');
    expect(store.list().map(({ id }) => id)).toEqual([second, first]);
  });

  it('does not mind when what is to be removed is not there', () => {
    const { store } = newStore();
    store.remove('nginx:1');
    store.remove('Not A Name');
    expect(store.list()).toEqual([]);
  });

  it('hands out what does not change', async () => {
    const { registry, store } = newStore();
    await store.pull('nginx:1');
    const before = store.get('nginx:1');
    registry.images.set('ghcr.io/me/copy:9', one);
    await store.pull('ghcr.io/me/copy:9');
    expect(before?.repoTags).toEqual([`${NGINX}:1`]);
  });
});

describe('ImageStore, pulls that fail', () => {
  it.core('says that there is no such image', async () => {
    const { store } = newStore();
    const text = 'docker.io/library/nope:latest';
    expect(await refusalOf(store.pull('nope'))).toMatchObject({
      name: 'CriError',
      code: 'NOT_FOUND',
      description: `failed to pull and unpack image "${text}": failed to resolve reference "${text}": ${text}: not found`,
    });
    expect(store.list()).toEqual([]);
  });

  it('says that a name is none', async () => {
    const { registry, store } = newStore();
    expect(await refusalOf(store.pull('Nginx'))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      description:
        'failed to parse image reference "Nginx": invalid reference format: repository name (library/Nginx) must be lowercase',
    });
    expect(registry.asked).toEqual([]);
  });

  it('tries again when the registry may come back, later each time', async () => {
    const { clock, registry, store } = newStore();
    registry.failures = [
      new RegistryError('unavailable', 'EOF'),
      new RegistryError('too-many-requests', '429'),
    ];
    const pull = store.pull('nginx:1');
    await clock.advance(999);
    expect(registry.asked).toHaveLength(1);
    await clock.advance(1);
    expect(registry.asked).toHaveLength(2);
    await clock.advance(1999);
    expect(registry.asked).toHaveLength(2);
    await clock.advance(1);
    expect(await pull).toBe(imageIdOf(one));
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives up after three times', async () => {
    const { clock, registry, store } = newStore();
    registry.failures = Array.from({ length: 3 }, () => new RegistryError('unavailable', 'EOF'));
    const refusal = refusalOf(store.pull('nginx:1'));
    await clock.advance(3000);
    expect(await refusal).toMatchObject({
      code: 'UNKNOWN',
      description: `failed to pull and unpack image "${NGINX}:1": failed to resolve reference "${NGINX}:1": EOF`,
    });
    expect(registry.asked).toHaveLength(3);
    await store.pull('nginx:1');
  });

  it('counts the attempts of each question by itself', async () => {
    const { clock, registry, store } = newStore();
    const late = () => new RegistryError('unavailable', 'EOF');
    registry.failures = [late(), late()];
    const pull = store.pull('nginx:1');
    await clock.advance(3000);
    await pull;
    registry.images.set(`${NGINX}:3`, manifest('three', c));
    registry.failures = [late()];
    const again = store.pull('nginx:3');
    await clock.advance(1000);
    expect(await again).toBe(imageIdOf(manifest('three', c)));
  });

  it('does not ask again where that would not help', async () => {
    const { clock, registry, store } = newStore();
    registry.failures = [new RegistryError('unauthorized', 'authorization failed')];
    expect(await refusalOf(store.pull('nginx:1'))).toMatchObject({ code: 'UNKNOWN' });
    expect(registry.asked).toHaveLength(1);
    const odd = new Error('odd');
    registry.failures = [odd];
    expect(await refusalOf(store.pull('nginx:1'))).toBe(odd);
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps the layers it has when another cannot be had, and no image', async () => {
    const { registry, store } = newStore();
    registry.layers.delete(b.digest);
    expect(await refusalOf(store.pull('nginx:1'))).toMatchObject({
      code: 'NOT_FOUND',
      description: `failed to pull and unpack image "${NGINX}:1": failed to copy: ${b.digest}: not found`,
    });
    expect(store.list()).toEqual([]);
    expect(store.usedBytes()).toBe(100);
    registry.layers.set(b.digest, b);
    await store.pull('nginx:1');
    expect(registry.asked).toEqual([`${NGINX}:1`, 'a', 'b', `${NGINX}:1`, 'b']);
  });

  it('keeps no layer that is not what its name says', async () => {
    const { registry, store } = newStore();
    registry.layers.set(a.digest, { ...a, entries: b.entries });
    expect(await refusalOf(store.pull('nginx:1'))).toMatchObject({
      code: 'NOT_FOUND',
      description: `failed to pull and unpack image "${NGINX}:1": failed to copy: unexpected commit digest ${b.digest}, expected ${a.digest}`,
    });
    expect(store.usedBytes()).toBe(0);
  });

  it('leaves the images alone when a newer one cannot be had', async () => {
    const { registry, store } = newStore();
    const id = await store.pull('nginx:1');
    registry.images.set(`${NGINX}:1`, two);
    registry.layers.delete(c.digest);
    await refusalOf(store.pull('nginx:1'));
    expect(store.get('nginx:1')?.id).toBe(id);
  });
});

describe('ImageStore, several pulls at once', () => {
  it('asks once for those who want the same', async () => {
    const { registry, store } = newStore();
    const [first, second] = await Promise.all([
      store.pull('nginx:1'),
      store.pull('docker.io/library/nginx:1'),
    ]);
    expect(first).toBe(second);
    expect(registry.asked).toEqual([`${NGINX}:1`, 'a', 'b']);
  });

  it('fails for all who wait, and not for who comes later', async () => {
    const { registry, store } = newStore();
    registry.failures = [new RegistryError('unauthorized', 'no')];
    const refusals = await Promise.all([
      refusalOf(store.pull('nginx:1')),
      refusalOf(store.pull('nginx:1')),
    ]);
    expect(refusals).toMatchObject([{ code: 'UNKNOWN' }, { code: 'UNKNOWN' }]);
    expect(await store.pull('nginx:1')).toBe(imageIdOf(one));
  });

  it('does not collect what a pull has just fetched', async () => {
    const { registry, store } = newStore();
    let open = (): void => {};
    const layerOf = registry.layer.bind(registry);
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    registry.layer = async (reference, digest, auth) => {
      if (digest === b.digest) await gate;
      return layerOf(reference, digest, auth);
    };
    const pull = store.pull('nginx:1');
    await settle();
    expect(store.usedBytes()).toBe(100);
    expect(store.collectGarbage()).toBe(0);
    open();
    await pull;
    expect(store.get('nginx:1')?.layers).toEqual([a, b]);
    expect(store.usedBytes()).toBe(120);
  });

  it('keeps a layer for each pull that needs it, until that one is over', async () => {
    for (const isEarlier of [true, false]) {
      const { registry, store } = newStore();
      let open = (): void => {};
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      const layerOf = registry.layer.bind(registry);
      registry.layer = async (reference, digest, auth) => {
        if (digest === c.digest) await gate;
        return layerOf(reference, digest, auth);
      };
      registry.layers.delete(b.digest);
      // Both need a; the pull of 1 ends, in vain, while that of 2 waits.
      const pulls = isEarlier ? ['nginx:1', 'nginx:2'] : ['nginx:2', 'nginx:1'];
      const started = pulls.map((name) => store.pull(name).catch(() => 'failed'));
      await settle();
      expect(store.collectGarbage()).toBe(0);
      expect(store.usedBytes()).toBe(100);
      open();
      expect(await Promise.all(started)).toContain(imageIdOf(two));
      expect(store.get('nginx:2')?.layers).toEqual([a, c]);
      expect(store.usedBytes()).toBe(103);
    }
  });

  it('shows who asks to the registry, each time', async () => {
    const { registry, store } = newStore();
    const auth = { username: 'me', password: 'secret' };
    await store.pull('nginx:1', auth);
    expect(registry.auths).toEqual([auth, auth, auth]);
  });
});
