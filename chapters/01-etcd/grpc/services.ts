/** All of etcd's services over gRPC; what is not here answers Unimplemented. */

import { type Etcd, MAX_REQUEST_BYTES } from '../etcd.ts';
import { clusterMethods } from './cluster-service.ts';
import { kvMethods } from './kv-service.ts';
import { leaseMethods } from './lease-service.ts';
import { maintenanceMethods } from './maintenance-service.ts';
import { type Member, newSigner } from './member.ts';
import type { Method } from './method.ts';
import { watchMethods } from './watch-service.ts';

/** How much larger than a request a message may be and still be told so in etcd's words. */
const OVERHEAD_BYTES = 512 * 1024;

/** What the services need beside the etcd they serve. */
export interface ServicesOptions {
  readonly member: Member;
  /** The largest write that `etcd` takes; 1.5 MiB if left out. */
  readonly maxRequestBytes?: number;
}

/** The methods of a server, and the largest message that it must receive for them. */
export function newServices(
  etcd: Etcd,
  options: ServicesOptions,
): { readonly methods: Method[]; readonly maxMessageBytes: number } {
  const { member, maxRequestBytes = MAX_REQUEST_BYTES } = options;
  const maxMessageBytes = maxRequestBytes + OVERHEAD_BYTES;
  const sign = newSigner(member);
  const methods = [
    ...kvMethods(etcd, sign),
    ...watchMethods(etcd, sign, maxMessageBytes),
    ...leaseMethods(etcd, sign),
    ...maintenanceMethods(etcd, member, sign),
    ...clusterMethods(member, sign),
  ];
  return { methods, maxMessageBytes };
}
