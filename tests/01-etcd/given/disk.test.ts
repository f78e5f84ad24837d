import { seededRandom } from '#apimachinery';
import {
  decodeEntry,
  type Entry,
  encodeEntry,
  encodeRecord,
  MemoryDisk,
  readRecord,
  recordLength,
  segmentIndex,
  segmentName,
  snapshotIndex,
  snapshotName,
} from '#etcd';
import { describe, expect, fc, it, property, trace } from '#kit';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

describe('record', () => {
  property(
    'is read as it was written, and what follows it too',
    fc.uint8Array({ maxLength: 40 }),
    fc.maxSafeNat(),
    (data, index) => {
      const record = encodeRecord(index, data);
      expect(record.length).toBe(recordLength(data.length));
      const read = readRecord(Uint8Array.from([...record, ...encodeRecord(1, data)]), 0);
      expect(read).toEqual({ kind: 'record', index, data, next: record.length });
      expect(readRecord(record, record.length)).toEqual({ kind: 'end' });
    },
  );

  it('is torn where it was not written to its end, damaged where it changed', () => {
    const record = encodeRecord(1, bytes('data'));
    for (let cut = 1; cut < record.length; cut++) {
      expect(readRecord(record.slice(0, cut), 0)).toEqual({ kind: 'torn' });
      const zeros = new Uint8Array(record.length);
      zeros.set(record.slice(0, cut));
      expect(readRecord(zeros, 0)).toEqual({ kind: 'torn' });
    }
    for (let i = 0; i < record.length; i++) {
      const changed = record.slice();
      changed[i] = (changed[i] ?? 0) ^ 0x10;
      expect(readRecord(changed, 0)).toEqual({ kind: 'damaged' });
    }
    expect(readRecord(new Uint8Array(9), 0)).toEqual({ kind: 'end' });
  });
});

describe('names of files', () => {
  it('sort as their indexes', () => {
    expect(segmentName(10)).toBe('wal-000000000000000a.log');
    expect(snapshotName(255)).toBe('snapshot-00000000000000ff.snap');
    expect([9, 10, 300].map((i) => segmentIndex(segmentName(i)))).toEqual([9, 10, 300]);
    expect(snapshotIndex(snapshotName(7))).toBe(7);
    expect([segmentIndex('wal-1.log'), snapshotIndex('snapshot.tmp')]).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('entry', () => {
  const entries: Entry[] = [
    { put: { key: '\0\xff"', value: 'id', lease: 2n ** 62n + 1n, prevKv: true } },
    { deleteRange: { key: 'a', rangeEnd: '\0' } },
    {
      txn: {
        compare: [{ key: 'a', target: 'lease', result: 'equal', lease: 5n }],
        success: [{ put: { key: 'lease', value: '12' } }],
        failure: [{ txn: { success: [{ range: { key: 'id' } }] } }],
      },
    },
    { compact: { revision: 12 } },
    { leaseGrant: { id: 7n, ttlSeconds: 60 } },
    { leaseRevoke: { id: -(2n ** 63n) } },
  ];
  for (const entry of entries) {
    it(`of ${Object.keys(entry)[0]} comes back from bytes`, () => {
      expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
    });
  }
});

describe('memory disk', () => {
  it('keeps files by name', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const file = await disk.append('b');
    await file.write(bytes('one'));
    await (await disk.append('b')).write(bytes(' two'));
    await disk.append('a');
    expect(await disk.list()).toEqual(['a', 'b']);
    expect(text(await disk.read('b'))).toBe('one two');
    await disk.rename('b', 'a');
    await disk.truncate('a', 3);
    expect(text(await disk.read('a'))).toBe('one');
    await disk.remove('a');
    await disk.remove('a');
    expect(await disk.list()).toEqual([]);
    await expect(disk.read('a')).rejects.toThrow('there is no file a');
  });

  it('loses in a crash what was not synced, and no more', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const file = await disk.append('a');
    await file.write(bytes('safe'));
    await file.sync();
    await file.write(bytes(' unsafe'));
    disk.crash();
    expect(text(await disk.read('a'))).toBe('safe');
    await expect(file.write(bytes('x'))).rejects.toThrow('the power was cut');
    await expect(file.sync()).rejects.toThrow('the power was cut');
    expect(disk.syncs).toBe(1);
  });

  it('does not promise what was written while a sync was on its way', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const file = await disk.append('a');
    await file.write(bytes('one'));
    const syncing = file.sync();
    await file.write(bytes('two'));
    await syncing;
    disk.crash();
    expect(text(await disk.read('a'))).toBe('one');
  });

  it('may keep a beginning of what was not synced, and zeros', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const disk = trace('disk', () => new MemoryDisk());
      await (await disk.append('a')).write(bytes('xyz'));
      disk.crash(seededRandom(seed));
      seen.add(text(await disk.read('a')).replaceAll('\0', '0'));
    }
    const possible = ['', '0', '00', '000', 'x', 'x0', 'x00', 'xy', 'xy0', 'xyz'];
    expect([...seen].sort()).toEqual(possible);
  });
});
