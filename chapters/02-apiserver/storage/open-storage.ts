/**
 * A storage over an etcd in this process, or over any client of one. Given.
 *
 * What opens a directory or a connection is `open-etcd.ts`.
 */

import { type Clock, type Logger, type Random, silentLogger } from '#apimachinery';
import { Etcd, type EtcdClient, newInProcessClient } from '#etcd';
import { runCompactor } from './compactor.ts';
import { EtcdStorage } from './etcd-storage.ts';
import { LeaseManager } from './lease-manager.ts';

/** What an API server is given to keep things in. */
export interface Store {
  readonly storage: EtcdStorage;
  /** Lets old revisions go until `signal` aborts. */
  runCompactor(
    world: { readonly clock: Clock; readonly log: Logger },
    signal: AbortSignal,
  ): Promise<void>;
  /** Resolves when the store answers. */
  check(): Promise<void>;
}

/** A store over a client; closing the client is its owner's business. */
export function newStore(client: EtcdClient, clock: Clock): Store {
  return {
    storage: newEtcdStorage(client, clock),
    runCompactor: (world, signal) => runCompactor(client, world, signal),
    check: async () => {
      await client.range({ key: '/registry/health' });
    },
  };
}

/** A storage over a client. */
export function newEtcdStorage(client: EtcdClient, clock: Clock): EtcdStorage {
  return new EtcdStorage({ client, leases: new LeaseManager(client, clock) });
}

/** A storage that forgets everything when the process ends. */
export interface MemoryStorage {
  readonly storage: EtcdStorage;
  readonly client: EtcdClient;
  /** Lets history before a revision go. */
  compact(revision: number): Promise<void>;
  stop(): Promise<void>;
}

/** Opens a storage over an etcd of its own, in memory. */
export async function openMemoryStorage(world: {
  readonly clock: Clock;
  readonly random: Random;
}): Promise<MemoryStorage> {
  const etcd = await Etcd.open({ ...world, log: silentLogger });
  const client = newInProcessClient(etcd);
  return {
    storage: newEtcdStorage(client, world.clock),
    client,
    compact: async (revision) => {
      await client.compact({ revision });
    },
    stop: async () => {
      client.close();
      await etcd.stop();
    },
  };
}
