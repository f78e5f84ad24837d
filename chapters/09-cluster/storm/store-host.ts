/**
 * The computer of the store: an etcd on a disk that loses what was not synced when the power goes.
 *
 * Its client stays the same over crashes, as a connection to an address does.
 */

import { type Clock, type Random, silentLogger } from '#apimachinery';
import {
  type Disk,
  type DiskFile,
  Etcd,
  type EtcdClient,
  EtcdError,
  type EtcdWatch,
  MemoryDisk,
  newInProcessClient,
  type RequestOp,
  type WatchCreateRequest,
  type WatchResponse,
} from '#etcd';
import { Loss } from './loss.ts';
import type { Recorder } from './recorder.ts';

/** What it is made from. */
export interface StoreHostOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly recorder: Recorder;
  /** False is a bug: it acknowledges what is not safe. */
  readonly waitsForDisk: boolean;
}

interface Running {
  readonly etcd: Etcd;
  readonly client: EtcdClient;
  readonly lost: Loss;
}

/** Holds the store. */
export class StoreHost {
  readonly client: EtcdClient;
  readonly #options: StoreHostOptions;
  readonly #disk = new MemoryDisk();
  #running: Running | undefined;
  #hasRun = false;
  /** So long a sync of the disk takes. */
  syncMs = 0;

  constructor(options: StoreHostOptions) {
    this.#options = options;
    this.client = this.#newClient();
  }

  get isUp(): boolean {
    return this.#running !== undefined;
  }

  async start(): Promise<void> {
    const { clock, random, recorder, waitsForDisk } = this.#options;
    const disk = slowDisk(this.#disk, clock, () => this.syncMs);
    const etcd = await Etcd.open({
      clock: unhurried(clock),
      random,
      log: silentLogger,
      disk: waitsForDisk ? disk : neverSynced(disk),
    });
    if (this.#hasRun) recorder.restarted(etcd);
    this.#hasRun = true;
    recorder.follow(etcd);
    this.#running = { etcd, client: newInProcessClient(etcd), lost: new Loss() };
  }

  /** Cuts the power. What was not synced is lost, or a part of it is. */
  crash(): void {
    const running = this.#running;
    this.#running = undefined;
    this.#disk.crash(this.#options.random);
    running?.lost.happen();
    running?.client.close();
    running?.etcd.stop().catch(() => {});
  }

  /** Lets all history go, so that who is behind has to list again. */
  async compact(): Promise<void> {
    const running = this.#running;
    if (running) await running.client.compact({ revision: running.etcd.revision }).catch(() => {});
  }

  #newClient(): EtcdClient {
    const ask = async <T>(send: (client: EtcdClient) => Promise<T>): Promise<T> => {
      const running = this.#running;
      if (running === undefined) throw unavailable();
      return untilLost(send(running.client), running.lost);
    };
    return {
      range: (request) => ask((client) => client.range(request)),
      put: (request) => ask((client) => client.put(request)),
      deleteRange: (request) => ask((client) => client.deleteRange(request)),
      txn: async (request) => {
        const response = await ask((client) => client.txn(request));
        const done = (response.succeeded ? request.success : request.failure) ?? [];
        for (const operation of done) this.#acknowledge(operation, response.header.revision);
        return response;
      },
      compact: (request) => ask((client) => client.compact(request)),
      watch: (request, signal) => this.#watch(request, signal),
      leaseGrant: (ttlSeconds, id) => ask((client) => client.leaseGrant(ttlSeconds, id)),
      leaseRevoke: (id) => ask((client) => client.leaseRevoke(id)),
      leaseKeepAlive: (id) => ask((client) => client.leaseKeepAlive(id)),
      leaseTimeToLive: (id, keys) => ask((client) => client.leaseTimeToLive(id, keys)),
      leases: () => ask((client) => client.leases()),
      close: () => {},
    };
  }

  #acknowledge(operation: RequestOp, revision: number): void {
    const { recorder } = this.#options;
    if ('put' in operation) recorder.acknowledged(operation.put.key, revision, false);
    if ('deleteRange' in operation) {
      recorder.acknowledged(operation.deleteRange.key, revision, true);
    }
  }

  #watch(request: WatchCreateRequest, signal?: AbortSignal): EtcdWatch {
    const running = this.#running;
    const inner = running?.client.watch(request, signal);
    async function* responses(): AsyncGenerator<WatchResponse> {
      if (running === undefined || inner === undefined) throw unavailable();
      yield* inner;
      if (running.lost.hasHappened) throw unavailable();
    }
    return Object.assign(responses(), { requestProgress: () => inner?.requestProgress() });
  }
}

function unavailable(): EtcdError {
  return new EtcdError('Unavailable', 'connection error: the store does not answer');
}

/** An answer that has not come when the power goes does not come any more. */
function untilLost<T>(answer: Promise<T>, lost: Loss): Promise<T> {
  return new Promise((resolve, reject) => {
    const onLost = (): void => reject(unavailable());
    lost.tell(onLost);
    answer.then(resolve, reject).finally(() => lost.forget(onLost));
  });
}

const HOUSEKEEPING_MS = 10_000;

/** etcd looks after its leases many times a second. Here it takes its time, so that hours cost less. */
function unhurried(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    after: (ms, callback) => clock.after(ms > 0 ? Math.max(ms, HOUSEKEEPING_MS) : 0, callback),
  };
}

/** A disk whose syncs take time: in it, power cuts find something to lose. */
function slowDisk(disk: Disk, clock: Clock, syncMs: () => number): Disk {
  return syncingBy(disk, async (file) => {
    const ms = syncMs();
    if (ms > 0) await clock.sleep(ms);
    await file.sync();
  });
}

/** A disk that says at once that all is safe. */
function neverSynced(disk: Disk): Disk {
  return syncingBy(disk, async () => {});
}

/** The same disk with another way to sync a file. */
function syncingBy(disk: Disk, sync: (file: DiskFile) => Promise<void>): Disk {
  return {
    list: () => disk.list(),
    read: (name) => disk.read(name),
    truncate: (name, length) => disk.truncate(name, length),
    rename: (from, to) => disk.rename(from, to),
    remove: (name) => disk.remove(name),
    append: async (name) => {
      const file = await disk.append(name);
      return {
        write: (bytes) => file.write(bytes),
        close: () => file.close(),
        sync: () => sync(file),
      };
    },
  };
}
