import { type Random, seededRandom } from '#apimachinery';
import {
  DamagedLogError,
  type Disk,
  type DiskFile,
  encodeRecord,
  type KeyValue,
  MemoryDisk,
  recordLength,
  recover,
  type StoreState,
  segmentIndex,
  segmentName,
  snapshotIndex,
  snapshotName,
  UNFINISHED_SNAPSHOT,
  Wal,
  writeSnapshot,
} from '#etcd';
import { describe, expect, it, trace } from '#kit';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

/** The state after the records 1 to `index` of a log in which every record is one put. */
function stateAt(index: number): StoreState {
  const versions = Array.from(
    { length: index },
    (_, i): [{ main: number; sub: number }, KeyValue] => [
      { main: i + 2, sub: 0 },
      { ...aVersion, key: `key ${i}`, createRevision: i + 2, modRevision: i + 2 },
    ],
  );
  return { revision: index + 1, compactedRevision: -1, versions, leases: [] };
}

const aVersion = { value: 'value', version: 1, lease: 0n };

/** A disk with a snapshot at `snapshot` and the log's records `first` to `last`. */
async function diskWith(snapshot: number | undefined, first?: number, last = 0) {
  const disk = trace('disk', () => new MemoryDisk());
  if (snapshot !== undefined) {
    const { wal } = await Wal.open(disk);
    await writeSnapshot(disk, wal, snapshot, stateAt(snapshot));
    await wal.close();
    // A log may make its first file before the first append; what is in the log is said below.
    for (const name of await disk.list()) {
      if (segmentIndex(name) !== undefined) await disk.remove(name);
    }
  }
  if (first !== undefined) {
    const records = [];
    for (let i = first; i <= last; i++) records.push(...encodeRecord(i, bytes(`record ${i}`)));
    disk.overwrite(segmentName(first), Uint8Array.from(records));
  }
  return disk;
}

/** What is recovered, in short; the log is tried with one more append. */
async function recovered(disk: Disk) {
  const { state, index, entries, wal } = await recover(disk);
  const next = await wal.append(bytes('next'));
  return { state, index, entries: entries.map((one) => text(one.data)), next };
}

describe('recovery', () => {
  it.core('finds nothing on an empty disk, and a log to begin', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    expect(await recovered(disk)).toEqual({ state: undefined, index: 0, entries: [], next: 1 });
  });

  it.core('brings back the state of a snapshot', async () => {
    const disk = await diskWith(4);
    const { state, index, entries } = await recover(disk);
    expect(state).toEqual(stateAt(4));
    expect([index, entries]).toEqual([4, []]);
  });

  it.core('brings back the records after the snapshot, and those only', async () => {
    const disk = await diskWith(4, 3, 6);
    expect(await recovered(disk)).toEqual({
      state: stateAt(4),
      index: 6,
      entries: ['record 5', 'record 6'],
      next: 7,
    });
  });

  it.core('lets go of the log and the snapshots before a snapshot', async () => {
    const disk = await diskWith(2, 3, 5);
    const { wal } = await Wal.open(disk, { segmentBytes: 1 });
    expect(await wal.append(bytes('record 6'))).toBe(6);
    await writeSnapshot(disk, wal, 5, stateAt(5));
    expect(await disk.list()).toEqual([snapshotName(5), segmentName(6)]);
    expect(await recovered(disk)).toMatchObject({ state: stateAt(5), entries: ['record 6'] });
  });

  it.core('does not take an unfinished snapshot for one', async () => {
    const disk = await diskWith(4, 5, 6);
    disk.overwrite(UNFINISHED_SNAPSHOT, bytes('not a snapshot'));
    expect(await recovered(disk)).toMatchObject({ state: stateAt(4), index: 6 });
    expect(await disk.list()).not.toContain(UNFINISHED_SNAPSHOT);
  });
});

describe('recovery, what is on the disk', () => {
  const rows: [name: string, snapshot: number | undefined, first: number, last: number][] = [
    ['no snapshot', undefined, 1, 2],
    ['a log that ends before the snapshot ends', 4, 2, 4],
    ['a log that begins just after the snapshot', 4, 5, 7],
    ['a log from the very beginning', 4, 1, 6],
    ['an empty segment after the snapshot', 4, 5, 4],
  ];
  for (const [name, snapshot, first, last] of rows) {
    it(`is read with ${name}`, async () => {
      const disk = await diskWith(snapshot, first, last);
      const entries = Array.from({ length: last }, (_, i) => `record ${i + 1}`);
      expect(await recovered(disk)).toEqual({
        state: snapshot && stateAt(snapshot),
        index: last,
        entries: entries.slice(snapshot ?? 0),
        next: last + 1,
      });
    });
  }

  it('goes on after the snapshot when there is no log', async () => {
    const disk = await diskWith(4);
    for (const name of await disk.list()) if (segmentIndex(name)) await disk.remove(name);
    expect(await recovered(disk)).toMatchObject({ index: 4, next: 5 });
    expect(await recovered(disk)).toMatchObject({ index: 5, entries: ['next'], next: 6 });
  });

  it('is the newest snapshot’s state; older ones are removed unread', async () => {
    const disk = await diskWith(4, 1, 12);
    const content = await disk.read(snapshotName(4));
    disk.overwrite(snapshotName(10), content);
    disk.overwrite(snapshotName(4), bytes('damaged'));
    expect(await recovered(disk)).toMatchObject({
      state: stateAt(4),
      index: 12,
      entries: ['record 11', 'record 12'],
    });
    expect((await disk.list()).flatMap((name) => snapshotIndex(name) ?? [])).toEqual([10]);
  });

  it('is a torn end of the log, cut off', async () => {
    const disk = await diskWith(4, 5, 7);
    const { length } = await disk.read(segmentName(5));
    await disk.truncate(segmentName(5), length - 3);
    expect(await recovered(disk)).toMatchObject({ index: 6, next: 7 });
  });
});

describe('recovery, the state', () => {
  it('comes back with every byte, tombstone and lease', async () => {
    const state: StoreState = {
      revision: 9_000_000,
      compactedRevision: 3,
      versions: [
        [
          { main: 2, sub: 0 },
          { ...aVersion, key: '\0\xff"\\\n', createRevision: 2, modRevision: 2 },
        ],
        [
          { main: 5, sub: 0 },
          {
            key: 'a',
            value: '\x80',
            createRevision: 4,
            modRevision: 5,
            version: 7,
            lease: 2n ** 62n + 1n,
          },
        ],
        [
          { main: 5, sub: 3 },
          { key: 'b', value: '', createRevision: 0, modRevision: 5, version: 0, lease: 0n },
        ],
      ],
      leases: [
        { id: 2n ** 62n + 1n, ttlSeconds: 9_000_000_000 },
        { id: 1n, ttlSeconds: 2 },
      ],
    };
    const disk = trace('disk', () => new MemoryDisk());
    const { wal } = await Wal.open(disk, { firstIndex: 2 });
    await writeSnapshot(disk, wal, 1, state);
    expect((await recover(disk)).state).toEqual(state);
  });

  it('of an empty store comes back', async () => {
    const disk = trace('disk', () => new MemoryDisk());
    const { wal } = await Wal.open(disk, { firstIndex: 4 });
    await writeSnapshot(disk, wal, 3, stateAt(0));
    expect(await recovered(disk)).toMatchObject({ state: stateAt(0), index: 3, next: 4 });
  });

  it('is not added to what an earlier try left behind', async () => {
    const disk = await diskWith(2);
    disk.overwrite(UNFINISHED_SNAPSHOT, await disk.read(snapshotName(2)));
    const { wal } = await Wal.open(disk, { firstIndex: 3 });
    await writeSnapshot(disk, wal, 4, stateAt(4));
    expect(await recovered(disk)).toMatchObject({ state: stateAt(4), index: 4 });
  });

  it('is written in pieces when it is large', async () => {
    const disk = await diskWith(5_000);
    const content = await disk.read(snapshotName(5_000));
    const lengths = recordsIn(content).map(([start, end]) => end - start);
    // However large the pieces are: not nearly everything in one.
    expect(Math.max(...lengths) / content.length).toBeLessThan(0.9);
    expect((await recover(disk)).state).toEqual(stateAt(5_000));
  });

  it('is safe before it is called a snapshot', async () => {
    const disk = await diskWith(4);
    disk.crash();
    expect(await recovered(disk)).toMatchObject({ state: stateAt(4), index: 4 });
  });

  it('may be written while the log goes on', async () => {
    const disk = await diskWith(undefined, 1, 4);
    const { wal } = await Wal.open(disk);
    const appends = [5, 6].map((i) => wal.append(bytes(`record ${i}`)));
    const written = writeSnapshot(disk, wal, 4, stateAt(4));
    appends.push(wal.append(bytes('record 7')));
    await written;
    expect(await Promise.all(appends)).toEqual([5, 6, 7]);
    expect(await recovered(disk)).toMatchObject({
      state: stateAt(4),
      entries: ['record 5', 'record 6', 'record 7'],
    });
  });
});

/** Where the records of a file begin and end. */
function recordsIn(content: Uint8Array): [start: number, end: number][] {
  const view = new DataView(content.buffer, content.byteOffset);
  const places: [number, number][] = [];
  for (let start = 0; start < content.length; ) {
    const end = start + recordLength(view.getUint32(start, true));
    places.push([start, end]);
    start = end;
  }
  return places;
}

describe('recovery, refused', () => {
  const missing: [name: string, snapshot: number | undefined, first: number, last: number][] = [
    ['between the snapshot and the log', 4, 6, 7],
    ['between the snapshot and an empty log', 4, 6, 5],
    ['before the log when there is no snapshot', undefined, 3, 4],
    ['between the end of the log and the snapshot', 4, 1, 2],
  ];
  for (const [name, snapshot, first, last] of missing) {
    it(`when records are missing ${name}`, async () => {
      const disk = await diskWith(snapshot, first, last);
      const before = await disk.list();
      await expect(recover(disk)).rejects.toBeInstanceOf(DamagedLogError);
      const place = { file: segmentName(first), offset: 0 };
      await expect(recover(disk)).rejects.toThrow(place);
      expect(await disk.list()).toEqual(before);
    });
  }

  it('when the log ends in a torn record before the snapshot', async () => {
    const disk = await diskWith(4, 1, 3);
    const { length } = await disk.read(segmentName(1));
    await disk.truncate(segmentName(1), length - 3);
    await expect(recover(disk)).rejects.toThrow({
      name: 'DamagedLogError',
      file: segmentName(1),
      offset: 0,
    });
  });

  it('when the log is damaged', async () => {
    const disk = await diskWith(4, 5, 7);
    const content = await disk.read(segmentName(5));
    content.fill(7, 22, 23);
    disk.overwrite(segmentName(5), content);
    await expect(recover(disk)).rejects.toThrow({
      name: 'DamagedLogError',
      file: segmentName(5),
      offset: 0,
    });
  });

  it('when any bit of the snapshot has changed', async () => {
    const whole = await (await diskWith(2)).read(snapshotName(2));
    const places = recordsIn(whole);
    // Every byte, another bit of it each time.
    for (let i = 0; i < whole.length; i++) {
      const disk = await diskWith(undefined, 3, 3);
      const flipped = whole.slice();
      flipped[i] = (whole[i] ?? 0) ^ (1 << (i % 8));
      disk.overwrite(snapshotName(2), flipped);
      const offset = places.find(([, end]) => end > i)?.[0];
      await expect(recover(disk)).rejects.toThrow({
        name: 'DamagedLogError',
        file: snapshotName(2),
        offset,
      });
      expect(await disk.read(snapshotName(2))).toEqual(flipped);
    }
  });

  it('when the snapshot’s records stand in another order', async () => {
    const disk = await diskWith(5_000);
    const whole = await disk.read(snapshotName(5_000));
    const pieces = recordsIn(whole).map(([start, end]) => [...whole.slice(start, end)]);
    const last = pieces.pop() ?? [];
    pieces.splice(-1, 0, last);
    disk.overwrite(snapshotName(5_000), Uint8Array.from(pieces.flat()));
    await expect(recover(disk)).rejects.toThrow({
      name: 'DamagedLogError',
      file: snapshotName(5_000),
    });
  });

  it('when an end of the snapshot is missing', async () => {
    const whole = await (await diskWith(2)).read(snapshotName(2));
    for (let length = 0; length < whole.length; length++) {
      const disk = await diskWith(undefined, 3, 3);
      disk.overwrite(snapshotName(2), whole.slice(0, length));
      await expect(recover(disk)).rejects.toThrow({
        name: 'DamagedLogError',
        file: snapshotName(2),
      });
    }
  });
});

/** A disk that loses power at its `cutAt`-th operation, before or after doing it. */
class CutDisk implements Disk {
  readonly #disk: MemoryDisk;
  readonly #random: Random;
  #left: number;
  isCut = false;

  constructor(disk: MemoryDisk, cutAt: number, random: Random) {
    this.#disk = disk;
    this.#left = cutAt;
    this.#random = random;
  }

  async #attempt<T>(operation: () => Promise<T>): Promise<T> {
    if (this.isCut) throw new Error('no power');
    if (this.#left-- > 0) return operation();
    this.isCut = true;
    if (this.#random.int(2) === 0) await operation();
    this.#disk.crash(this.#random);
    throw new Error('the power was cut');
  }

  list = () => this.#attempt(() => this.#disk.list());
  read = (name: string) => this.#attempt(() => this.#disk.read(name));
  truncate = (name: string, to: number) => this.#attempt(() => this.#disk.truncate(name, to));
  rename = (from: string, to: string) => this.#attempt(() => this.#disk.rename(from, to));
  remove = (name: string) => this.#attempt(() => this.#disk.remove(name));
  append = async (name: string): Promise<DiskFile> => {
    const file = await this.#attempt(() => this.#disk.append(name));
    return {
      write: (data) => this.#attempt(() => file.write(data)),
      sync: () => this.#attempt(() => file.sync()),
      close: () => file.close(),
    };
  };
}

/** Appends records 1 to 12 in small segments, and writes snapshots at 4 and 9 in between. */
async function work(disk: Disk, onSafe: (index: number) => void): Promise<void> {
  const { wal } = await Wal.open(disk, { segmentBytes: 70 });
  const append = async (index: number) => onSafe(await wal.append(bytes(`record ${index}`)));
  for (const index of [1, 2, 3, 4, 5]) await append(index);
  const appends = [append(6), append(7)];
  const snapshot = writeSnapshot(disk, wal, 4, stateAt(4));
  appends.push(append(8), append(9));
  const outcomes = await Promise.allSettled([snapshot, ...appends]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  await append(10);
  await writeSnapshot(disk, wal, 9, stateAt(9));
  await Promise.all([append(11), append(12)]);
  await wal.close();
}

/** Checks that what is recovered is the work up to some record not before `safe`. */
async function checkRecovered(disk: Disk, safe: number): Promise<void> {
  const { state, index, entries } = await recover(disk);
  const base = index - entries.length;
  expect(index).toBeGreaterThanOrEqual(safe);
  expect(index).toBeLessThanOrEqual(12);
  expect(state).toEqual(base === 0 ? undefined : stateAt(base));
  expect(entries.map((one) => `${one.index} ${text(one.data)}`)).toEqual(
    Array.from(entries, (_, i) => `${base + i + 1} record ${base + i + 1}`),
  );
}

describe('recovery, a crash at any instant', () => {
  it('loses nothing that was acknowledged', async () => {
    let isCut = true;
    for (let cutAt = 0; isCut; cutAt++) {
      for (const seed of [1, 2, 3]) {
        const memory = trace('memory', () => new MemoryDisk());
        const disk = new CutDisk(memory, cutAt, seededRandom(seed * 1000 + cutAt));
        let safe = 0;
        await work(disk, (index) => {
          safe = Math.max(safe, index);
        }).catch((error: unknown) => {
          if (!disk.isCut) throw error;
        });
        isCut = disk.isCut;
        await checkRecovered(memory, safe);
        // And once more, after what recovery itself has cleared away.
        await checkRecovered(memory, safe);
        if (!isCut) expect(safe).toBe(12);
      }
    }
  });

  it('may happen while recovering', async () => {
    let isCut = true;
    for (let cutAt = 0; isCut; cutAt++) {
      const memory = await diskWith(4, 3, 6);
      memory.overwrite(UNFINISHED_SNAPSHOT, bytes('unfinished'));
      memory.overwrite(snapshotName(2), bytes('an older one'));
      const disk = new CutDisk(memory, cutAt, seededRandom(cutAt));
      await recover(disk).catch((error: unknown) => {
        if (!disk.isCut) throw error;
      });
      isCut = disk.isCut;
      expect(await recovered(memory)).toMatchObject({ state: stateAt(4), index: 6, next: 7 });
      expect(await memory.list()).toEqual([snapshotName(4), segmentName(3)]);
    }
  });
});
