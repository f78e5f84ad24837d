/** Cluster and health over gRPC: the one member there is, and that it is well. */

import { healthCheckResponse, memberListResponse } from './maintenance-messages.ts';
import type { Member, Signer } from './member.ts';
import { empty } from './messages.ts';
import { type Method, unary } from './method.ts';

/** @see etcd v3.5 server/etcdserver/api/v3rpc/member.go, google.golang.org/grpc/health */
export function clusterMethods(member: Member, sign: Signer): Method[] {
  const { id, name, clientUrls } = member;
  // There are no peers; the address is what etcd says when it is started without flags.
  const peerUrls = ['http://localhost:2380'];
  const members = [{ id, name, peerUrls, clientUrls, isLearner: false }];
  return [
    // As etcd's, this header carries no revision.
    unary('/etcdserverpb.Cluster/MemberList', empty, memberListResponse, () =>
      sign({ header: { revision: 0 }, members }),
    ),
    unary('/grpc.health.v1.Health/Check', empty, healthCheckResponse, () => ({
      status: 'serving' as const,
    })),
  ];
}
