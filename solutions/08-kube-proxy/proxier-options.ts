/** What a proxier is told about its node and cluster. Given: data only. */

import type { IpFamily } from './services/service-port.ts';

/** @see kubernetes 1.33 pkg/proxy/iptables/proxier.go NewProxier */
export interface ProxierOptions {
  readonly family: IpFamily;
  readonly nodeName: string;
  /** The zone label of the node, when it has one. */
  readonly zone?: string;
  /** Where this node is reached; of the family. */
  readonly nodeIP: string;
  /** Addresses of pods: what comes from elsewhere to a cluster IP is masqueraded. */
  readonly clusterCidr?: string;
  /** Masquerade all that goes to a cluster IP. */
  readonly masqueradeAll: boolean;
  /** Which bit of the packet mark says "masquerade me"; 14 is `0x00004000`. */
  readonly masqueradeBit: number;
  /** CIDRs whose addresses of this node answer node ports; none: all. */
  readonly nodePortAddresses: readonly string[];
  /** Addresses of this node's interfaces, of the family; {@link nodeIP} alone when not said. */
  readonly localAddresses?: readonly string[];
  /** Whether node ports answer on 127.0.0.1 (IPv4 only). */
  readonly localhostNodePorts: boolean;
  /** Accept packets that connection tracking calls invalid (`--conntrack-tcp-be-liberal`). */
  readonly conntrackTcpBeLiberal: boolean;
}
