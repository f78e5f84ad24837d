import { cleanPath, locate, type MountTable, mountedNames, mountTable } from '#container-runtime';
import { describe, expect, fc, it, property } from '#kit';

const bind = (containerPath: string, hostPath: string, readonly?: boolean) => ({
  containerPath,
  hostPath,
  ...(readonly !== undefined && { readonly }),
});
const at = (table: MountTable, path: string) => {
  const { mount, path: to } = locate(table, path);
  return `${mount.kind} ${to}${mount.readonly ? ' ro' : ''}`;
};

describe('mountTable and locate', () => {
  it.core('leads into what is mounted, and to the root else', () => {
    const table = mountTable([bind('/data', '/var/lib/a')], {});
    expect(at(table, '/data/x/y')).toBe('bind /var/lib/a/x/y');
    expect(at(table, '/data')).toBe('bind /var/lib/a');
    expect(at(table, '/etc/hosts')).toBe('root /etc/hosts');
    expect(at(table, '/')).toBe('root /');
  });

  it.core('takes the longest path', () => {
    const mounts = [bind('/data/cache', '/b'), bind('/data', '/a'), bind('/data/cache/x/y', '/c')];
    const table = mountTable(mounts, {});
    expect(at(table, '/data/f')).toBe('bind /a/f');
    expect(at(table, '/data/cache/f')).toBe('bind /b/f');
    expect(at(table, '/data/cache/x/f')).toBe('bind /b/x/f');
    expect(at(table, '/data/cache/x/y/f')).toBe('bind /c/f');
    expect(table.map(({ path }) => path)).toEqual(['/data/cache/x/y', '/data/cache', '/data', '/']);
  });

  it('takes no part of a name for the name', () => {
    const table = mountTable([bind('/data', '/a')], {});
    expect(at(table, '/database')).toBe('root /database');
    expect(at(table, '/data-old/x')).toBe('root /data-old/x');
  });

  it.core('knows what is read-only', () => {
    const mounts = [bind('/ro', '/a', true), bind('/rw', '/b', false), bind('/plain', '/c')];
    const table = mountTable(mounts, { readonlyRootfs: true });
    expect(at(table, '/ro/x')).toBe('bind /a/x ro');
    expect(at(table, '/rw/x')).toBe('bind /b/x');
    expect(at(table, '/plain/x')).toBe('bind /c/x');
    expect(at(table, '/x')).toBe('root /x ro');
    expect(at(mountTable([], {}), '/x')).toBe('root /x');
    expect(at(mountTable([], { readonlyRootfs: false }), '/x')).toBe('root /x');
  });

  it('has masked and read-only paths', () => {
    const table = mountTable([], { maskedPaths: ['/proc/kcore'], readonlyPaths: ['/proc/sys'] });
    expect(at(table, '/proc/kcore')).toBe('masked /proc/kcore ro');
    expect(at(table, '/proc/kcore/below')).toBe('masked /proc/kcore/below ro');
    expect(at(table, '/proc/sys/net')).toBe('root /proc/sys/net ro');
    expect(at(table, '/proc/cpuinfo')).toBe('root /proc/cpuinfo');
  });

  it('lets the last of one path count', () => {
    const rules = { maskedPaths: ['/a', '/b'], readonlyPaths: ['/a'] };
    const table = mountTable([bind('/b', '/host/b'), bind('/c', '/1'), bind('/c', '/2')], rules);
    expect(at(table, '/a')).toBe('masked /a ro');
    expect(at(table, '/b/x')).toBe('bind /host/b/x');
    expect(at(table, '/c/x')).toBe('bind /2/x');
    expect(table).toHaveLength(4);
  });

  it('mounts over the root', () => {
    const table = mountTable([bind('/', '/image')], { readonlyRootfs: true });
    expect(at(table, '/etc/x')).toBe('bind /image/etc/x');
    expect(at(table, '/')).toBe('bind /image');
    expect(table).toHaveLength(1);
  });

  it('mounts the root of the node', () => {
    const table = mountTable([bind('/host', '/')], {});
    expect(at(table, '/host/etc/x')).toBe('bind /etc/x');
    expect(at(table, '/host')).toBe('bind /');
  });

  it('takes no path of the node for its root', () => {
    const table = mountTable([bind('/host', '')], {});
    expect(table[0]).toMatchObject({ kind: 'bind', hostPath: '/' });
    expect(at(table, '/host/etc')).toBe('bind /etc');
  });

  it('does not care how paths are written', () => {
    const table = mountTable([bind('/data/', '//var/./a/')], { maskedPaths: ['/proc/../proc/x/'] });
    expect(at(table, '//data//./x/')).toBe('bind /var/a/x');
    expect(at(table, '/proc/x')).toBe('masked /proc/x ro');
  });

  it('leads nowhere else by two dots', () => {
    const table = mountTable([bind('/data', '/var/lib/a')], {});
    expect(at(table, '/data/../etc')).toBe('root /etc');
    expect(at(table, '/data/../../..')).toBe('root /');
    expect(at(table, '/etc/../data/x')).toBe('bind /var/lib/a/x');
  });

  it('says all of each point', () => {
    expect(mountTable([bind('/data', '/a', true)], { maskedPaths: ['/x'] })).toEqual([
      { path: '/data', kind: 'bind', hostPath: '/a', readonly: true },
      { path: '/x', kind: 'masked', hostPath: '', readonly: true },
      { path: '/', kind: 'root', hostPath: '', readonly: false },
    ]);
  });

  const paths = fc
    .array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 4 })
    .map((parts) => `/${parts.join('/')}`);
  property(
    'every path has one place, that of the nearest mount above it',
    fc.array(paths, { maxLength: 5 }),
    paths,
    (mounted, path) => {
      const table = mountTable(
        mounted.map((one, i) => bind(one, `/h${i}`)),
        {},
      );
      const parts = path === '/' ? [] : path.slice(1).split('/');
      let expected = mounted.includes('/') ? '' : `root ${path}`;
      for (let length = parts.length; length >= 0; length--) {
        const above = `/${parts.slice(0, length).join('/')}`;
        const index = mounted.lastIndexOf(above);
        if (index < 0) continue;
        expected = `bind ${[`/h${index}`, ...parts.slice(length)].join('/')}`;
        break;
      }
      expect(at(table, path)).toBe(expected);
    },
  );
});

describe('mountedNames', () => {
  const table = mountTable(
    [bind('/a/b/c', '/1'), bind('/a/d', '/2'), bind('/x', '/3'), bind('/a/b/e', '/4')],
    { maskedPaths: ['/m/n'], readonlyPaths: ['/r'] },
  );

  it.core('names what is mounted in a directory', () => {
    expect(mountedNames(table, '/a')).toEqual(['b', 'd']);
    expect(mountedNames(table, '/a/b')).toEqual(['c', 'e']);
  });

  it('names what leads to a mount', () => {
    expect(mountedNames(table, '/')).toEqual(['a', 'm', 'x']);
    expect(mountedNames(table, '/m/')).toEqual(['n']);
  });

  it('names each once, in byte order', () => {
    const some = ['/d/\uff21', '/d/\u{1f600}', '/d/b', '/d/B/x', '/d/B/y', '/d/a'];
    const wide = mountTable(
      some.map((path) => bind(path, '/h')),
      {},
    );
    expect(mountedNames(wide, '/d')).toEqual(['B', 'a', 'b', '\uff21', '\u{1f600}']);
  });

  it('names nothing where nothing is mounted', () => {
    expect(mountedNames(table, '/x')).toEqual([]);
    expect(mountedNames(table, '/a/b/c/d')).toEqual([]);
    expect(mountedNames(table, '/aa')).toEqual([]);
    expect(mountedNames(mountTable([], {}), '/')).toEqual([]);
  });

  it('takes no part of a name for the name', () => {
    expect(mountedNames(mountTable([bind('/ab/c', '/1')], {}), '/a')).toEqual([]);
  });
});

describe('cleanPath', () => {
  const rows: [path: string, clean: string][] = [
    ['/', '/'],
    ['', '/'],
    ['/a/b', '/a/b'],
    ['/a/b/', '/a/b'],
    ['//a///b', '/a/b'],
    ['/a/./b/.', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/b/../..', '/'],
    ['/../../a', '/a'],
    ['a/b', '/a/b'],
    ['/...', '/...'],
    ['/.a/..b', '/.a/..b'],
  ];
  for (const [path, clean] of rows) {
    it(`makes ${JSON.stringify(path)} ${clean}`, () => {
      expect(cleanPath(path)).toBe(clean);
    });
  }
});
