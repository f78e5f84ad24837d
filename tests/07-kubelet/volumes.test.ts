import { FakeClock, type FileSystem, MemoryFileSystem } from '#apimachinery';
import { describe, expect, it } from '#kit';
import { DATA_LINK, downwardPayload, keysPayload, type Payload, writeAtomically } from '#kubelet';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array | undefined) => new TextDecoder().decode(content);
const inShort = (payload: Payload) =>
  [...payload].map(([path, { content, mode }]) => [path, text(content), mode.toString(8)]);
const options = { defaultMode: 0o644, optional: false };

describe('keysPayload', () => {
  it.core('makes a file of every key', () => {
    expect(inShort(keysPayload('configmap', 'm', { data: { a: '1', b: 'é' } }, options))).toEqual([
      ['a', '1', '644'],
      ['b', 'é', '644'],
    ]);
  });
  it('reads Base64 where there is some', () => {
    expect(inShort(keysPayload('secret', 's', { data: { k: btoa('x') } }, options))).toEqual([
      ['k', 'x', '644'],
    ]);
    const map = { data: { a: btoa('x') }, binaryData: { b: btoa('y') } };
    expect(
      inShort(keysPayload('configmap', 'm', map, options)).map(([, content]) => content),
    ).toEqual([btoa('x'), 'y']);
  });
  it('makes only the items, where and how they say', () => {
    const items = [
      { key: 'b', path: 'etc/b', mode: 0o600 },
      { key: 'a', path: 'x' },
    ];
    expect(
      inShort(
        keysPayload('configmap', 'm', { data: { a: '1', b: '2', c: '3' } }, { ...options, items }),
      ),
    ).toEqual([
      ['etc/b', '2', '600'],
      ['x', '1', '644'],
    ]);
  });
  it('makes a file of every key when the list of items is empty', () => {
    const map = { data: { a: '1', b: '2' } };
    expect(inShort(keysPayload('configmap', 'm', map, { ...options, items: [] }))).toEqual([
      ['a', '1', '644'],
      ['b', '2', '644'],
    ]);
  });
  it('fails for what is missing', () => {
    const items = [{ key: 'no', path: 'no' }];
    expect(() => keysPayload('configmap', 'm', undefined, options)).toThrow(
      'configmap "m" not found',
    );
    expect(() => keysPayload('secret', 's', undefined, options)).toThrow('secret "s" not found');
    expect(() => keysPayload('configmap', 'm', {}, { ...options, items })).toThrow(
      'configmap references non-existent config key: no',
    );
    expect(() => keysPayload('secret', 's', {}, { ...options, items })).toThrow(
      'references non-existent secret key: no',
    );
  });
  it('does without what is optional', () => {
    const optional = {
      ...options,
      optional: true,
      items: [
        { key: 'no', path: 'no' },
        { key: 'a', path: 'a' },
      ],
    };
    expect(keysPayload('configmap', 'm', undefined, optional).size).toBe(0);
    expect(inShort(keysPayload('configmap', 'm', { data: { a: '1' } }, optional))).toEqual([
      ['a', '1', '644'],
    ]);
  });
});

describe('downwardPayload', () => {
  it('asks for every value', () => {
    const items = [{ path: 'a', mode: 0o400 }, { path: 'b' }];
    expect(inShort(downwardPayload(items, 0o644, ({ path }) => `of ${path}`))).toEqual([
      ['a', 'of a', '400'],
      ['b', 'of b', '644'],
    ]);
  });
});

describe('writeAtomically', () => {
  const payload = (files: Record<string, string>): Payload =>
    new Map(
      Object.entries(files).map(([path, content]) => [
        path,
        { content: bytes(content), mode: 0o640 },
      ]),
    );
  const newFiles = (): FileSystem => new MemoryFileSystem({ clock: new FakeClock() });

  it.core('writes files behind a link', () => {
    const files = newFiles();
    expect(writeAtomically(files, '/v', payload({ a: '1', 'etc/b': '2' }), '..s1')).toBe(true);
    expect(files.list('/v').filter((name) => !name.startsWith('..'))).toEqual(['a', 'etc']);
    expect([
      files.readLink(`/v/${DATA_LINK}`),
      files.readLink('/v/a'),
      files.readLink('/v/etc'),
    ]).toEqual(['..s1', '..data/a', '..data/etc']);
    expect([text(files.readFile('/v/a')), text(files.readFile('/v/etc/b'))]).toEqual(['1', '2']);
    expect(files.stat('/v/a')?.mode.toString(8)).toBe('640');
  });
  it.core('replaces all at once, and removes the old', () => {
    const files = newFiles();
    writeAtomically(files, '/v', payload({ a: '1', b: '1' }), '..s1');
    expect(writeAtomically(files, '/v', payload({ a: '2', c: '2' }), '..s2')).toBe(true);
    expect(files.list('/v')).toEqual(['..data', '..s2', 'a', 'c']);
    expect(text(files.readFile('/v/a'))).toBe('2');
  });
  it('writes nothing when nothing is different', () => {
    const files = newFiles();
    writeAtomically(files, '/v', payload({ a: '1', 'x/y': '2' }), '..s1');
    expect(writeAtomically(files, '/v', payload({ a: '1', 'x/y': '2' }), '..s2')).toBe(false);
    expect(files.readLink('/v/..data')).toBe('..s1');
    expect(files.list('/v')).toEqual(['..data', '..s1', 'a', 'x']);
  });
  it('writes nothing when only modes are different', () => {
    const files = newFiles();
    writeAtomically(files, '/v', payload({ a: '1' }), '..s1');
    const stricter: Payload = new Map([['a', { content: bytes('1'), mode: 0o400 }]]);
    expect(writeAtomically(files, '/v', stricter, '..s2')).toBe(false);
    expect(files.readLink('/v/..data')).toBe('..s1');
    expect(files.stat('/v/a')?.mode.toString(8)).toBe('640');
  });
  it('takes two dots further inside for a name like any other', () => {
    const files = newFiles();
    expect(writeAtomically(files, '/v', payload({ 'x/..a': '1' }), '..s1')).toBe(true);
    expect(text(files.readFile('/v/x/..a'))).toBe('1');
  });
  it('sees a file more, and a file less', () => {
    const files = newFiles();
    writeAtomically(files, '/v', payload({ a: '1', 'x/y': '2' }), '..s1');
    expect(writeAtomically(files, '/v', payload({ a: '1' }), '..s2')).toBe(true);
    expect(writeAtomically(files, '/v', payload({ a: '1', 'x/z': '2' }), '..s3')).toBe(true);
    expect(files.list('/v/x')).toEqual(['z']);
  });
  it('makes links that are missing', () => {
    const files = newFiles();
    writeAtomically(files, '/v', payload({ a: '1' }), '..s1');
    files.remove('/v/a');
    expect(writeAtomically(files, '/v', payload({ a: '1' }), '..s2')).toBe(false);
    expect(text(files.readFile('/v/a'))).toBe('1');
  });
  it('renames the link, so that it is always there', () => {
    const files = newFiles();
    writeAtomically(files, '/v', payload({ a: '1' }), '..s1');
    const renamed: string[] = [];
    const removed: string[] = [];
    const watched: FileSystem = new Proxy(files, {
      get: (target, key) => {
        if (key === 'rename') {
          return (from: string, to: string) => {
            renamed.push(`${from} ${to}`);
            target.rename(from, to);
          };
        }
        if (key === 'remove') {
          return (path: string) => {
            removed.push(path);
            target.remove(path);
          };
        }
        const member = target[key as keyof FileSystem];
        return member.bind(target);
      },
    });
    writeAtomically(watched, '/v', payload({ a: '2' }), '..s2');
    expect(renamed).toEqual(['/v/..data_tmp /v/..data']);
    expect(removed).not.toContain('/v/..data');
  });
  for (const path of ['/a', '../a', 'x/../../a', '..a', '']) {
    it(`refuses the path ${path || '(empty)'} before it does anything`, () => {
      const files = newFiles();
      expect(() =>
        writeAtomically(files, '/v', payload({ good: '1', [path]: '2' }), '..s1'),
      ).toThrow(`invalid path ${path}`);
      expect(files.stat('/v')).toBeUndefined();
    });
  }
});
