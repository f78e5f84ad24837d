/** What a kubelet is made from, and what follows from that. Given. */

import type { Clock, FileSystem, Logger, PodNetwork, Random } from '#apimachinery';
import type { Client } from '#client';
import type { CriClient } from '#container-runtime/cri';
import type { NodeFacts } from '../container-config/container-request.ts';
import type { NodeOptions } from '../node/node-reporter.ts';
import type { SecureConnection } from '../probes/http-get.ts';
import type { GrpcCheck } from '../probes/prober.ts';
import type { EvictionSignal, EvictionThreshold, Observation } from '../resources/resources.ts';
import { bytesOf } from './amounts.ts';

/** What a kubelet is made from. */
export interface KubeletOptions {
  readonly client: Client;
  readonly cri: CriClient;
  /** The node's disk. */
  readonly files: FileSystem;
  /** How it reaches its pods. */
  readonly network: PodNetwork;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly node: NodeOptions;
  /** Absent: `/var/lib/kubelet`. */
  readonly rootDir?: string;
  /** Absent: `/var/log/pods`. */
  readonly logRoot?: string;
  readonly clusterDns?: readonly string[];
  /** Absent: `cluster.local`. */
  readonly clusterDomain?: string;
  readonly nodeDns?: readonly string[];
  /** Static pods: where, and how their files are read. */
  readonly staticPods?: {
    readonly directory: string;
    readonly parse: (text: string) => unknown;
    readonly periodMs?: number;
  };
  readonly thresholds?: readonly EvictionThreshold[];
  /** What the node has left; absent: its capacity without what containers use. */
  readonly observe?: () => Promise<ReadonlyMap<EvictionSignal, Observation>>;
  readonly secure?: SecureConnection;
  readonly grpcCheck?: GrpcCheck;
  /** Be told of changes by the runtime, and look only every five minutes. */
  readonly evented?: boolean;
  /** Absent: 1000. */
  readonly relistMs?: number;
  /** Do pods get variables of Services? Absent: yes. */
  readonly serviceLinks?: boolean;
}

/** What containers' requests need to know of the node. */
export function factsOf(options: KubeletOptions): NodeFacts {
  const { node, clusterDns = [], clusterDomain = 'cluster.local', nodeDns = [] } = options;
  return {
    nodeName: node.name,
    clusterDns,
    clusterDomain,
    nodeDns,
    memoryCapacity: bytesOf(node.capacity.memory ?? '0'),
    logRoot: options.logRoot ?? '/var/log/pods',
  };
}
