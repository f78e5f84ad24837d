import { seededRandom } from '#apimachinery';
import {
  DamagedLogError,
  type Disk,
  type DiskFile,
  encodeRecord,
  MemoryDisk,
  recordLength,
  segmentIndex,
  segmentName,
  Wal,
  type WalRecord,
} from '#etcd';
import { describe, expect, fc, it, property, settle, trace } from '#kit';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);
const texts = (records: readonly WalRecord[]) =>
  records.map(({ index, data }) => `${index}:${text(data)}`);

/** What a log on this disk holds when it is opened again. */
async function reopened(disk: Disk, options = {}): Promise<string[]> {
  return texts((await Wal.open(disk, options)).records);
}

/** A disk whose files hold these records; a segment's name says the index of its first. */
function diskWith(...segments: [first: number, ...records: string[]][]): MemoryDisk {
  const disk = trace('disk', () => new MemoryDisk());
  for (const [first, ...records] of segments) {
    const parts = records.map((record, i) => [...encodeRecord(first + i, bytes(record))]);
    disk.overwrite(segmentName(first), Uint8Array.from(parts.flat()));
  }
  return disk;
}

/** Bytes that one record of this text takes. */
const length = (record: string) => recordLength(bytes(record).length);

describe('wal', () => {
  it.core('brings back what was appended, in order, with indexes from 1', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const { wal, records } = await Wal.open(disk);
    expect(records).toEqual([]);
    expect(await wal.append(bytes('first'))).toBe(1);
    expect(await wal.append(bytes('second'))).toBe(2);
    await wal.close();
    expect(await reopened(disk)).toEqual(['1:first', '2:second']);
  });

  it.core('resolves an append only when a crash can no longer take it', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const wal = await trace('wal', async () => (await Wal.open(disk)).wal);
    await wal.append(bytes('safe'));
    disk.crash();
    expect(await reopened(disk)).toEqual(['1:safe']);
  });

  it.core('makes a hundred appends at once safe with two syncs', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const wal = await trace('wal', async () => (await Wal.open(disk)).wal);
    const appends = Array.from({ length: 100 }, (_, i) => wal.append(bytes(String(i))));
    expect(await Promise.all(appends)).toEqual(appends.map((_, i) => i + 1));
    expect(disk.syncs).toBeGreaterThan(0);
    expect(disk.syncs).toBeLessThanOrEqual(2);
    disk.crash();
    expect(await reopened(disk)).toHaveLength(100);
  });

  it.core('cuts a record that was never finished, and goes on in its place', async () => {
    const disk = diskWith([1, 'a', 'b', 'unfinished']);
    await disk.truncate(segmentName(1), length('a') + length('b') + 5);
    const { wal, records } = await Wal.open(disk);
    expect(texts(records)).toEqual(['1:a', '2:b']);
    expect(await wal.append(bytes('c'))).toBe(3);
    expect(await reopened(disk)).toEqual(['1:a', '2:b', '3:c']);
  });

  it.core('refuses a log in whose middle something has changed', async () => {
    const disk = diskWith([1, 'a', 'b', 'c']);
    const content = await disk.read(segmentName(1));
    content.fill(0xff, length('a') + 21, length('a') + 22);
    disk.overwrite(segmentName(1), content);
    await expect(Wal.open(disk)).rejects.toThrow({
      name: 'DamagedLogError',
      file: segmentName(1),
      offset: length('a'),
    });
  });
});

describe('wal, appending', () => {
  it('goes on after what was there', async () => {
    const disk = diskWith([1, 'a', 'b']);
    const wal = await trace('wal', async () => (await Wal.open(disk)).wal);
    expect(await wal.append(bytes('c'))).toBe(3);
    expect(await disk.list()).toEqual([segmentName(1)]);
    expect(await reopened(disk)).toEqual(['1:a', '2:b', '3:c']);
  });

  it('takes any bytes, none at all too', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const wal = await trace('wal', async () => (await Wal.open(disk)).wal);
    const all = [
      [],
      [0],
      [0, 0, 0, 0, 0, 0, 0, 0],
      [0x5a],
      Array.from({ length: 256 }, (_, i) => i),
    ];
    for (const one of all) await wal.append(Uint8Array.from(one));
    const { records } = await Wal.open(disk);
    expect(records.map(({ data }) => [...data])).toEqual(all);
  });

  it('begins where it is told when the disk has no segment', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const wal = await trace('wal', async () => (await Wal.open(disk, { firstIndex: 8 })).wal);
    expect(await wal.append(bytes('x'))).toBe(8);
    expect(await disk.list()).toEqual([segmentName(8)]);
    expect(await reopened(disk, { firstIndex: 3 })).toEqual(['8:x']);
  });

  it('leaves alone files that are not its own', async () => {
    const disk = diskWith([1, 'a']);
    for (const name of ['snapshot.tmp', 'wal-1.log', 'zzz']) disk.overwrite(name, bytes('other'));
    expect(await reopened(disk)).toEqual(['1:a']);
    expect(text(await disk.read('wal-1.log'))).toBe('other');
  });

  it('resolves in order, each as soon as its own sync is done', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const wal = await trace('wal', async () => (await Wal.open(disk)).wal);
    const done: number[] = [];
    const appends = ['a', 'b', 'c'].map((one) =>
      wal.append(bytes(one)).then((index) => done.push(index)),
    );
    await appends[0];
    expect(done[0]).toBe(1);
    // Appended while the others are on their way.
    const late = wal.append(bytes('d')).then((index) => done.push(index));
    await Promise.all([...appends, late]);
    expect(done).toEqual([1, 2, 3, 4]);
  });

  it('syncs once for each append that waits for the one before', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const wal = await trace('wal', async () => (await Wal.open(disk)).wal);
    for (let i = 0; i < 5; i++) await wal.append(bytes(String(i)));
    expect(disk.syncs).toBe(5);
  });

  it('is over with close, once everything before is safe', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const wal = await trace('wal', async () => (await Wal.open(disk)).wal);
    const appends = ['a', 'b', 'c'].map((one) => wal.append(bytes(one)));
    await wal.close();
    disk.crash();
    expect(await Promise.all(appends)).toEqual([1, 2, 3]);
    expect(await reopened(disk)).toEqual(['1:a', '2:b', '3:c']);
  });
});

/** A disk that counts the files that are open. */
class CountingDisk extends MemoryDisk {
  open = 0;

  override async append(name: string): Promise<DiskFile> {
    const file = await super.append(name);
    this.open += 1;
    let isOpen = true;
    const close = () => {
      if (isOpen) this.open -= 1;
      isOpen = false;
      return file.close();
    };
    return { write: (data) => file.write(data), sync: () => file.sync(), close };
  }
}

describe('wal, segments', () => {
  it('begin once the one before has reached its size', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const wal = await trace(
      'wal',
      async () => (await Wal.open(disk, { segmentBytes: 2 * length('x') })).wal,
    );
    for (let i = 1; i <= 5; i++) await wal.append(bytes('x'));
    expect(await disk.list()).toEqual([1, 3, 5].map(segmentName));
    expect(await reopened(disk)).toEqual([1, 2, 3, 4, 5].map((i) => `${i}:x`));
  });

  it('do not begin one byte too early', async () => {
    const segmentBytes = 2 * length('x') + 1;
    for (const atOnce of [false, true]) {
      const disk = trace('disk', () => new MemoryDisk());
      const wal = await trace('wal', async () => (await Wal.open(disk, { segmentBytes })).wal);
      const appends = [];
      for (let i = 1; i <= 7; i++) {
        appends.push(wal.append(bytes('x')));
        if (!atOnce) await appends.at(-1);
      }
      await Promise.all(appends);
      expect(await disk.list()).toEqual([1, 4, 7].map(segmentName));
    }
  });

  it('are open one at a time at most, and none after close', async () => {
    const disk = trace('disk', () => new CountingDisk());
    const wal = await trace('wal', async () => (await Wal.open(disk, { segmentBytes: 1 })).wal);
    for (let i = 1; i <= 3; i++) {
      await wal.append(bytes('x'));
      expect(disk.open).toBeLessThanOrEqual(1);
    }
    await Promise.all([wal.append(bytes('x')), wal.append(bytes('x')), wal.append(bytes('x'))]);
    expect(disk.open).toBeLessThanOrEqual(1);
    await wal.close();
    expect(disk.open).toBe(0);
  });

  it('begin also in the middle of a group, and every part of it is safe', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const wal = await trace(
      'wal',
      async () => (await Wal.open(disk, { segmentBytes: 2 * length('x') })).wal,
    );
    const appends = Array.from({ length: 9 }, () => wal.append(bytes('x')));
    expect(await Promise.all(appends)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    disk.crash();
    expect(await disk.list()).toEqual([1, 3, 5, 7, 9].map(segmentName));
    expect(await reopened(disk)).toHaveLength(9);
  });

  it('that are full when the log is opened are not added to', async () => {
    const disk = diskWith([1, 'a', 'b']);
    const wal = await trace(
      'wal',
      async () => (await Wal.open(disk, { segmentBytes: length('a') })).wal,
    );
    expect(await wal.append(bytes('c'))).toBe(3);
    expect(await disk.list()).toEqual([1, 3].map(segmentName));
  });

  it('that are not full when the log is opened are filled', async () => {
    const disk = diskWith([1, 'a', 'b']);
    const wal = await trace(
      'wal',
      async () => (await Wal.open(disk, { segmentBytes: 3 * length('a') })).wal,
    );
    for (const one of ['c', 'd']) await wal.append(bytes(one));
    expect(await disk.list()).toEqual([1, 4].map(segmentName));
  });

  it('take one record that is larger than they are', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const wal = await trace('wal', async () => (await Wal.open(disk, { segmentBytes: 10 })).wal);
    await wal.append(bytes('larger than ten bytes'));
    await wal.append(bytes('next'));
    expect(await disk.list()).toEqual([1, 2].map(segmentName));
  });

  it('that are empty when the log is opened are used', async () => {
    const disk = diskWith([1, 'a', 'b'], [3]);
    const { wal, records } = await Wal.open(disk);
    expect(texts(records)).toEqual(['1:a', '2:b']);
    expect(await wal.append(bytes('c'))).toBe(3);
    expect(await reopened(disk)).toEqual(['1:a', '2:b', '3:c']);
  });

  it('are dropped when all they hold may go, but never the newest', async () => {
    const kept = async (index: number) => {
      const disk = diskWith([1, 'a', 'b'], [3, 'c', 'd'], [5, 'e', 'f']);
      disk.overwrite('snapshot.tmp', bytes('other'));
      const wal = await trace('wal', async () => (await Wal.open(disk)).wal);
      await wal.dropThrough(index);
      const names = await disk.list();
      expect(names).toContain('snapshot.tmp');
      expect(await wal.append(bytes('g'))).toBe(7);
      return names.flatMap((name) => segmentIndex(name) ?? []);
    };
    expect(await kept(0)).toEqual([1, 3, 5]);
    expect(await kept(1)).toEqual([1, 3, 5]);
    expect(await kept(2)).toEqual([3, 5]);
    expect(await kept(3)).toEqual([3, 5]);
    expect(await kept(4)).toEqual([5]);
    expect(await kept(6)).toEqual([5]);
    expect(await kept(100)).toEqual([5]);
  });
});

describe('wal, after a crash', () => {
  it('cuts at the last whole record, wherever the end was torn off', async () => {
    const whole = await diskWith([1, 'a', 'bb', '']).read(segmentName(1));
    const ends = [0, length('a'), length('a') + length('bb'), whole.length];
    for (let cut = 0; cut <= whole.length; cut++) {
      const disk = trace('disk', () => new MemoryDisk());
      disk.overwrite(segmentName(1), whole.slice(0, cut));
      const { wal, records } = await Wal.open(disk);
      const expected = ends.filter((end) => end > 0 && end <= cut).length;
      expect(records).toHaveLength(expected);
      expect(await wal.append(bytes('next'))).toBe(expected + 1);
      expect((await reopened(disk)).at(-1)).toBe(`${expected + 1}:next`);
    }
  });

  it('cuts a torn record that is followed by zeros, wherever it was torn', async () => {
    const whole = await diskWith([1, 'a', 'last']).read(segmentName(1));
    for (let cut = length('a'); cut < whole.length; cut++) {
      for (const zeros of [1, whole.length - cut, 100]) {
        const disk = trace('disk', () => new MemoryDisk());
        disk.overwrite(
          segmentName(1),
          Uint8Array.from([...whole.slice(0, cut), ...Array(zeros).fill(0)]),
        );
        const { wal, records } = await Wal.open(disk);
        expect(texts(records)).toEqual(['1:a']);
        await wal.append(bytes('next'));
        expect(await reopened(disk)).toEqual(['1:a', '2:next']);
      }
    }
  });

  it('cuts zeros behind the last record', async () => {
    const disk = diskWith([1, 'a']);
    const content = await disk.read(segmentName(1));
    disk.overwrite(segmentName(1), Uint8Array.from([...content, ...Array(64).fill(0)]));
    const wal = await trace('wal', async () => (await Wal.open(disk)).wal);
    await wal.append(bytes('b'));
    expect((await disk.read(segmentName(1))).length).toBe(length('a') + length('b'));
    expect(await reopened(disk)).toEqual(['1:a', '2:b']);
  });

  it('loses nothing that was cut off by a crash while it is opened', async () => {
    const disk = diskWith([1, 'a', 'torn']);
    await disk.truncate(segmentName(1), length('a') + 3);
    await Wal.open(disk);
    disk.crash();
    expect(await reopened(disk)).toEqual(['1:a']);
  });
});

describe('wal, damage', () => {
  const damaged = (file: string, offset: number) => ({ name: 'DamagedLogError', file, offset });

  it('is found in every bit, and its place is told', async () => {
    const segments: [number, ...string[]][] = [
      [1, 'a', 'bb'],
      [3, 'c', 'dd'],
    ];
    const starts = [0, length('a')];
    for (const [first] of segments) {
      const name = segmentName(first);
      const whole = await diskWith(...segments).read(name);
      for (let bit = 0; bit < whole.length * 8; bit++) {
        const disk = diskWith(...segments);
        const flipped = whole.slice();
        const byte = bit >> 3;
        flipped[byte] = (whole[byte] ?? 0) ^ (1 << (bit & 7));
        disk.overwrite(name, flipped);
        const offset = starts.findLast((start) => start <= byte) ?? 0;
        await expect(Wal.open(disk)).rejects.toThrow(damaged(name, offset));
        // A refusal leaves everything as it is, for somebody to look at.
        expect((await disk.read(name)).length).toBe(whole.length);
      }
    }
  });

  it('is a segment before the last that ends in the middle of a record', async () => {
    const disk = diskWith([1, 'a', 'b'], [3, 'c']);
    await disk.truncate(segmentName(1), length('a') + 10);
    await expect(Wal.open(disk)).rejects.toThrow(damaged(segmentName(1), length('a')));
  });

  it('is a segment before the last that ends in zeros', async () => {
    const disk = diskWith([1, 'a', 'b'], [3, 'c']);
    const content = await disk.read(segmentName(1));
    disk.overwrite(segmentName(1), Uint8Array.from([...content, 0, 0, 0]));
    await expect(Wal.open(disk)).rejects.toThrow(damaged(segmentName(1), content.length));
  });

  it('is a segment before the last that lacks its last record', async () => {
    const disk = diskWith([1, 'a', 'b'], [3, 'c']);
    await disk.truncate(segmentName(1), length('a'));
    await expect(Wal.open(disk)).rejects.toThrow(damaged(segmentName(3), 0));
  });

  it('is a missing segment', async () => {
    const disk = diskWith([1, 'a', 'b'], [3, 'c', 'd'], [5, 'e']);
    await disk.remove(segmentName(3));
    await expect(Wal.open(disk)).rejects.toThrow(damaged(segmentName(5), 0));
    await expect(Wal.open(disk)).rejects.toBeInstanceOf(DamagedLogError);
  });

  it('is not a missing beginning', async () => {
    const disk = diskWith([1, 'a', 'b'], [3, 'c', 'd'], [5, 'e']);
    await disk.remove(segmentName(1));
    expect(await reopened(disk)).toEqual(['3:c', '4:d', '5:e']);
  });

  it('is a record with another index than the next', async () => {
    const records = [encodeRecord(1, bytes('a')), encodeRecord(3, bytes('b'))];
    const disk = trace('disk', () => new MemoryDisk());
    disk.overwrite(segmentName(1), Uint8Array.from(records.flatMap((record) => [...record])));
    await expect(Wal.open(disk)).rejects.toThrow(damaged(segmentName(1), length('a')));
  });

  it('is a first record that is not the one its file is named after', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    disk.overwrite(segmentName(4), encodeRecord(5, bytes('a')));
    await expect(Wal.open(disk)).rejects.toThrow(damaged(segmentName(4), 0));
  });

  it('is zeros with something behind them', async () => {
    const disk = diskWith([1, 'a']);
    const content = await disk.read(segmentName(1));
    const after = [...Array(40).fill(0), ...encodeRecord(2, bytes('b'))];
    disk.overwrite(segmentName(1), Uint8Array.from([...content, ...after]));
    await expect(Wal.open(disk)).rejects.toThrow(damaged(segmentName(1), length('a')));
  });
});

/** A disk on which the next write or sync fails when `failing` says so, and works again then. */
class FailingDisk extends MemoryDisk {
  failing: 'write' | 'sync' | undefined;

  override async append(name: string): Promise<DiskFile> {
    const file = await super.append(name);
    const attempt = async (what: 'write' | 'sync', operation: () => Promise<void>) => {
      if (this.failing !== what) return operation();
      this.failing = undefined;
      throw new Error('the disk is broken');
    };
    return {
      write: (data) => attempt('write', () => file.write(data)),
      sync: () => attempt('sync', () => file.sync()),
      close: () => file.close(),
    };
  }
}

describe('wal, a disk that fails', () => {
  for (const what of ['write', 'sync'] as const) {
    it(`refuses every append from the failed ${what} on`, async () => {
      const disk = trace('disk', () => new FailingDisk());
      const wal = await trace('wal', async () => (await Wal.open(disk)).wal);
      expect(await wal.append(bytes('safe'))).toBe(1);
      disk.failing = what;
      const appends = ['b', 'c', 'd'].map((one) => wal.append(bytes(one)));
      for (const append of appends) append.catch(() => {});
      for (const append of appends) await expect(append).rejects.toThrow('the disk is broken');
      // The disk works again, but nobody knows what is on it.
      await expect(wal.append(bytes('e'))).rejects.toThrow('the disk is broken');
      await wal.close();
      disk.crash();
      expect(await reopened(disk)).toEqual(['1:safe']);
    });
  }
});

describe('wal, any crash', () => {
  property(
    'leaves every acknowledged record, and of the others a beginning',
    fc.array(fc.array(fc.string({ maxLength: 6 }), { maxLength: 5 }), { maxLength: 6 }),
    fc.constantFrom(30, 60, 1_000),
    fc.nat(),
    async (lives, segmentBytes, seed) => {
      const disk = trace('disk', () => new MemoryDisk());
      const random = seededRandom(seed);
      let survived: string[] = [];
      for (const life of lives) {
        const { wal, records } = await Wal.open(disk, { segmentBytes });
        expect(records.map(({ data }) => text(data))).toEqual(survived);
        const acknowledged: number[] = [];
        for (const one of life) {
          wal.append(bytes(one)).then(
            (index) => acknowledged.push(index),
            () => {},
          );
          // Some are appended together, some one after another.
          if (random.int(2) === 0) await settle();
        }
        for (let turns = random.int(6); turns > 0; turns--) await Promise.resolve();
        disk.crash(random);
        await settle();
        const written = [...survived, ...life];
        const { records: left } = await Wal.open(disk, { segmentBytes });
        survived = left.map(({ data }) => text(data));
        expect(survived.length).toBeGreaterThanOrEqual(acknowledged.at(-1) ?? 0);
        expect(survived).toEqual(written.slice(0, survived.length));
      }
    },
  );
});
