import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FakeClock, type FileSystem, MemoryFileSystem, NodeFileSystem } from '#apimachinery';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const makers: [string, () => FileSystem][] = [
  ['MemoryFileSystem', () => new MemoryFileSystem({ clock: new FakeClock() })],
  [
    'NodeFileSystem',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'files-'));
      folders.push(folder);
      return new NodeFileSystem(folder);
    },
  ],
];
const bytes = (text: string) => new TextEncoder().encode(text);
const read = (files: FileSystem, path: string) => new TextDecoder().decode(files.readFile(path));

describe.each(makers)('%s', (_, make) => {
  it('writes, appends and reads', () => {
    const files = make();
    files.makeDirectory('/var/log');
    files.writeFile('/var/log/a', bytes('one '));
    files.appendFile('/var/log/a', bytes('two'));
    files.appendFile('/var/log/b', bytes('new'), 0o600);
    expect(read(files, '/var/log/../log/./a')).toBe('one two');
    expect(files.list('/var/log')).toEqual(['a', 'b']);
    expect(files.stat('/var/log/b')).toMatchObject({ kind: 'file', size: 3, mode: 0o600 });
    files.writeFile('/var/log/a', bytes('x'));
    expect(files.stat('/var/log/a')?.size).toBe(1);
  });

  it('does not share its bytes', () => {
    const files = make();
    const content = bytes('abc');
    files.writeFile('/f', content);
    content[0] = 0;
    files.readFile('/f')[1] = 0;
    expect(read(files, '/f')).toBe('abc');
  });

  it('says what is wrong', () => {
    const files = make();
    files.makeDirectory('/d');
    files.writeFile('/f', bytes(''));
    const cases: [() => unknown, string][] = [
      [() => files.readFile('/nothing'), 'open /nothing: no such file or directory'],
      [() => files.writeFile('/no/f', bytes('')), 'open /no/f: no such file or directory'],
      [() => files.writeFile('/d', bytes('')), 'open /d: is a directory'],
      [() => files.writeFile('/f/g', bytes('')), 'open /f/g: not a directory'],
      [() => files.makeDirectory('/f'), 'mkdir /f: not a directory'],
      [() => files.list('/f'), 'open /f: not a directory'],
      [() => files.symlink('x', '/f'), 'symlink /f: file exists'],
      [() => files.readLink('/f'), 'readlink /f: invalid argument'],
    ];
    for (const [action, message] of cases) expect(action).toThrow(message);
    expect(files.stat('/nothing')).toBeUndefined();
    expect(files.stat('/f/g')).toBeUndefined();
  });

  it('follows links, also on the way, and not with linkStat', () => {
    const files = make();
    files.makeDirectory('/data/..2025');
    files.writeFile('/data/..2025/key', bytes('v1'));
    files.symlink('..2025', '/data/..data');
    files.symlink('..data/key', '/data/key');
    expect(read(files, '/data/key')).toBe('v1');
    expect(files.stat('/data/..data')?.kind).toBe('directory');
    expect(files.linkStat('/data/key')?.kind).toBe('symlink');
    expect(files.readLink('/data/key')).toBe('..data/key');
    files.symlink('../data/key', '/data/up');
    expect(read(files, '/data/up')).toBe('v1');
    files.writeFile('/data/key', bytes('v2'));
    expect(read(files, '/data/..2025/key')).toBe('v2');
    files.symlink('loop', '/loop');
    expect(() => files.readFile('/loop')).toThrow('open /loop: too many levels of symbolic links');
  });

  it('replaces a link in one step', () => {
    const files = make();
    files.makeDirectory('/a');
    files.makeDirectory('/b');
    files.symlink('a', '/current');
    files.symlink('b', '/next');
    files.rename('/next', '/current');
    expect(files.readLink('/current')).toBe('b');
    expect(files.linkStat('/next')).toBeUndefined();
    expect(() => files.rename('/gone', '/x')).toThrow('no such file or directory');
  });

  it('removes trees and links, not what links lead to', () => {
    const files = make();
    files.makeDirectory('/d/e');
    files.writeFile('/d/e/f', bytes('1'));
    files.symlink('/d', '/link');
    files.remove('/link');
    expect(files.stat('/d/e/f')).toBeDefined();
    files.remove('/d');
    files.remove('/d');
    expect(files.stat('/d')).toBeUndefined();
  });

  it('changes modes', () => {
    const files = make();
    files.writeFile('/f', bytes(''));
    files.changeMode('/f', 0o400);
    expect(files.stat('/f')?.mode).toBe(0o400);
    expect(() => files.changeMode('/g', 0o400)).toThrow('chmod /g: no such file or directory');
  });
});

describe('MemoryFileSystem, what it has room for', () => {
  it('is full at its capacity and counts what goes', () => {
    const files = new MemoryFileSystem({ clock: new FakeClock(), capacityBytes: 10 });
    files.makeDirectory('/d');
    files.writeFile('/d/a', bytes('12345678'));
    expect(() => files.appendFile('/d/a', bytes('123'))).toThrow('no space left on device');
    files.writeFile('/d/a', bytes('1'));
    expect(files.usedBytes).toBe(1);
    files.remove('/d');
    expect(files.usedBytes).toBe(0);
  });

  it('tells when a file was modified, and whose it is', async () => {
    const clock = new FakeClock();
    const files = new MemoryFileSystem({ clock });
    await clock.advance(5000);
    files.writeFile('/f', bytes('x'));
    files.changeOwner('/f', 7, 8);
    expect(files.stat('/f')).toMatchObject({ modifiedAt: clock.now(), uid: 7, gid: 8 });
  });
});
