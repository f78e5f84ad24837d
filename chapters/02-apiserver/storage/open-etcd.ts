/**
 * The etcd behind an API server: one of its own on a directory, or any other by its address. Given.
 */

import type { Clock, Logger, Random } from '#apimachinery';
import { Etcd, type EtcdClient, newInProcessClient } from '#etcd';
import { type GrpcClientOptions, NodeDisk, newGrpcClient } from '#etcd/grpc';

/** A connection that somebody closes. */
export interface OpenedEtcd {
  readonly client: EtcdClient;
  stop(): Promise<void>;
}

/**
 * Opens an etcd of this process's own.
 *
 * @param folder - where it keeps its log; absent: in memory only
 */
export async function openEmbeddedEtcd(
  folder: string | undefined,
  world: { readonly clock: Clock; readonly random: Random; readonly log: Logger },
): Promise<OpenedEtcd> {
  const disk = folder === undefined ? undefined : await NodeDisk.open(folder);
  const etcd = await Etcd.open({ ...world, ...(disk && { disk }) });
  const client = newInProcessClient(etcd);
  return {
    client,
    stop: async () => {
      client.close();
      await etcd.stop();
      await disk?.close();
    },
  };
}

/** Connects to an etcd by its endpoints. */
export function connectEtcd(options: GrpcClientOptions): OpenedEtcd {
  const client = newGrpcClient(options);
  return { client, stop: async () => client.close() };
}
