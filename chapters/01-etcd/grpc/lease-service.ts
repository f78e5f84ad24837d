/** Lease over gRPC. */

import type { Etcd } from '../etcd.ts';
import {
  leaseGrantRequest,
  leaseGrantResponse,
  leaseIdOnly,
  leaseKeepAliveResponse,
  leaseLeasesResponse,
  leaseTimeToLiveRequest,
  leaseTimeToLiveResponse,
} from './lease-messages.ts';
import type { Signer } from './member.ts';
import { empty, headerOnly } from './messages.ts';
import { type Method, unary } from './method.ts';

/** @see etcd v3.5 server/etcdserver/api/v3rpc/lease.go */
export function leaseMethods(etcd: Etcd, sign: Signer): Method[] {
  return [
    unary(
      '/etcdserverpb.Lease/LeaseGrant',
      leaseGrantRequest,
      leaseGrantResponse,
      async ({ ttlSeconds, id }) => sign(await etcd.leaseGrant(ttlSeconds, id)),
    ),
    unary('/etcdserverpb.Lease/LeaseRevoke', leaseIdOnly, headerOnly, async ({ id }) =>
      sign(await etcd.leaseRevoke(id)),
    ),
    unary(
      '/etcdserverpb.Lease/LeaseTimeToLive',
      leaseTimeToLiveRequest,
      leaseTimeToLiveResponse,
      ({ id, keys }) => sign(etcd.leaseTimeToLive(id, keys)),
    ),
    unary('/etcdserverpb.Lease/LeaseLeases', empty, leaseLeasesResponse, () => {
      const { header, leases } = etcd.leases();
      return sign({ header, leases: leases.map((id) => ({ id })) });
    }),
    keepAlive(etcd, sign),
  ];
}

function keepAlive(etcd: Etcd, sign: Signer): Method {
  return {
    kind: 'stream',
    path: '/etcdserverpb.Lease/LeaseKeepAlive',
    open: (outgoing) => ({
      message: (bytes) => {
        const response = sign(etcd.leaseKeepAlive(leaseIdOnly.decode(bytes).id));
        outgoing.send((headroom) => leaseKeepAliveResponse.encode(response, headroom));
      },
      end: () => outgoing.end(),
      drained: () => {},
      closed: () => {},
    }),
  };
}
