/** Who answers: the identity of this one-member cluster, and the headers it signs. */

import type { ResponseHeader } from '../rpc.ts';
import type { WireHeader } from './messages.ts';

/** The version of etcd whose behaviour this is. */
export const ETCD_VERSION = '3.5.17';

/** There is one member and it is always the leader, so there is one term. */
export const RAFT_TERM = 2;

/** A cluster's only member. */
export interface Member {
  readonly name: string;
  readonly id: bigint;
  readonly clusterId: bigint;
  /** Where clients reach it. */
  readonly clientUrls: readonly string[];
}

/** A member whose ids follow from its name, so that they are the same after a restart. */
export function newMember(name: string, clientUrls: readonly string[]): Member {
  return { name, id: hash64(`member ${name}`), clusterId: hash64(`cluster ${name}`), clientUrls };
}

/** @returns a function that adds to an answer's header who gives it */
export function newSigner(member: Member) {
  return <T extends { readonly header: ResponseHeader }>(
    response: T,
  ): T & { header: WireHeader } => ({
    ...response,
    header: {
      clusterId: member.clusterId,
      memberId: member.id,
      revision: response.header.revision,
      raftTerm: RAFT_TERM,
    },
  });
}

export type Signer = ReturnType<typeof newSigner>;

/** FNV-1a with 64 bits. */
function hash64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const char of text) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(char.codePointAt(0) ?? 0)) * 0x100000001b3n);
  }
  return hash;
}
