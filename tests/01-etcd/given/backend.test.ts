import { Backend, isTombstone, type KeyValue, TreeIndex, WriteView } from '#etcd';
import { describe, expect, it, trace } from '#kit';

const at = (main: number, sub = 0) => ({ main, sub });
const kv = (key: string, version = 1): KeyValue => ({
  key,
  value: '',
  createRevision: 1,
  modRevision: 1,
  version,
  lease: 0n,
});
const all = (backend: Backend) => [...backend.all()].map(([{ main, sub }]) => [main, sub]);

describe('backend', () => {
  it('keeps one change and several of a revision', () => {
    const backend = trace('backend', () => new Backend());
    backend.put(at(2), kv('a'));
    for (const [sub, key] of ['b', 'c', 'd'].entries()) backend.put(at(3, sub), kv(key));
    expect(backend.get(at(2))?.key).toBe('a');
    expect(backend.get(at(2, 1))).toBeUndefined();
    expect(backend.get(at(3, 2))?.key).toBe('d');
    expect(backend.get(at(4))).toBeUndefined();
    expect(backend.changesAt(3).map(({ key }) => key)).toEqual(['b', 'c', 'd']);
    expect(backend.changesAt(4)).toEqual([]);
    expect(all(backend)).toEqual([
      [2, 0],
      [3, 0],
      [3, 1],
      [3, 2],
    ]);
  });

  it('frees single changes', () => {
    const backend = trace('backend', () => new Backend());
    backend.put(at(2), kv('a'));
    for (const [sub, key] of ['b', 'c', 'd'].entries()) backend.put(at(3, sub), kv(key));
    backend.delete(at(2, 1));
    backend.delete(at(3, 1));
    expect(all(backend)).toEqual([
      [2, 0],
      [3, 0],
      [3, 2],
    ]);
    expect(backend.changesAt(3).map(({ key }) => key)).toEqual(['b', 'd']);
    for (const revision of [at(2), at(3), at(3, 2), at(9)]) backend.delete(revision);
    expect(all(backend)).toEqual([]);
  });

  it('takes a revision whose first changes were compacted, as a snapshot has it', () => {
    const backend = trace('backend', () => new Backend());
    backend.put(at(3, 2), kv('d'));
    expect(all(backend)).toEqual([[3, 2]]);
    expect(backend.get(at(3))).toBeUndefined();
    expect(backend.get(at(3, 2))?.key).toBe('d');
  });

  it('knows tombstones by their version', () => {
    expect([isTombstone(kv('a', 0)), isTombstone(kv('a', 1))]).toEqual([true, false]);
  });
});

describe('tree index', () => {
  const keysIn = (tree: TreeIndex, key: string, rangeEnd?: string) => {
    const keys: string[] = [];
    tree.scan({ key, rangeEnd }, (found) => keys.push(found));
    return keys.join('');
  };

  it('visits ranges in byte order', () => {
    const tree = trace('tree', () => new TreeIndex());
    expect(keysIn(tree, '\0', '\0')).toBe('');
    for (const key of ['c', '\xff', 'a', 'Z', 'b']) tree.getOrCreate(key);
    expect(keysIn(tree, '\0', '\0')).toBe('Zabc\xff');
    expect(keysIn(tree, 'a', 'c')).toBe('ab');
    expect(keysIn(tree, 'b')).toBe('b');
    expect(keysIn(tree, 'bb')).toBe('');
    expect(keysIn(tree, 'c', 'a')).toBe('');
    expect(tree.size).toBe(5);
  });

  it('keeps a key’s history until it is deleted', () => {
    const tree = trace('tree', () => new TreeIndex());
    const index = tree.getOrCreate('a');
    expect(tree.getOrCreate('a')).toBe(index);
    expect(tree.get('a')).toBe(index);
    tree.delete('a');
    expect(tree.get('a')).toBeUndefined();
  });
});

describe('write view', () => {
  it('takes a revision with its first change, and subs for the others', () => {
    const backend = new Backend();
    const base = { revision: 7, compactedRevision: -1, keys: new TreeIndex(), backend };
    const view = trace('view', () => new WriteView(base));
    expect([view.revision, view.nextRevision()]).toEqual([7, at(8)]);
    view.write(kv('a'));
    expect([view.revision, view.nextRevision()]).toEqual([8, at(8, 1)]);
    view.write(kv('b'));
    expect(backend.get(at(8, 1))?.key).toBe('b');
    expect(view.changes.map(({ key }) => key)).toEqual(['a', 'b']);
  });
});
