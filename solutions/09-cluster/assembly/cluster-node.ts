/**
 * One node of a cluster in one process: a simulated runtime, a kubelet and a kube-proxy around it.
 *
 * Pure: the clock, the disk and the API server come from outside, so that it runs in the storm as well.
 */

import type { Clock, FileSystem, Logger, PodNetwork, Random } from '#apimachinery';
import type { Client } from '#client';
import { type NodeNetwork, newSimulatedRuntime } from '#container-runtime';
import { type Kubelet, type KubeletOptions, newKubelet } from '#kubelet';
import type { ClusterNetwork } from '../network/cluster-network.ts';
import { type Identity, KUBE_PROXY, nodeIdentity } from './identity.ts';
import { NodeProxy, type NodeProxyOptions } from './node-proxy.ts';

/** What is the same for all nodes. */
interface MachineOptions {
  readonly name: string;
  /** Its own address. */
  readonly ip: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Its disk. */
  readonly files: FileSystem;
  readonly clusterDns: string;
  /** Absent: 4 CPUs, 8Gi, 110 pods. */
  readonly capacity?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Where its kubelet's own API listens. */
  readonly port?: number;
  /** What a kubelet can do only where there is a platform. */
  readonly platform?: Partial<Pick<KubeletOptions, 'secure' | 'grpcCheck' | 'staticPods'>>;
  /** Another one after each start of the machine. */
  readonly bootId: string;
}

/** What a node is made from. */
export interface ClusterNodeOptions extends MachineOptions, Pick<NodeProxyOptions, 'portOpener'> {
  readonly network: ClusterNetwork;
  /** How somebody reaches the API server. */
  readonly clientAs: (user: Identity) => Client;
  readonly clusterCidr: string;
}

/** What a machine is made from, wherever its network is. */
export interface NodeMachineOptions extends MachineOptions {
  /** As the node's kubelet. */
  readonly client: Client;
  /** For its runtime. */
  readonly network: NodeNetwork;
  /** For its kubelet. */
  readonly pods: PodNetwork;
}

const CAPACITY = { cpu: '4', memory: '8Gi', 'ephemeral-storage': '100Gi', pods: '110' };
const ROOT_DIR = '/var/lib/kubelet';
const LOG_ROOT = '/var/log/pods';

/** A node that runs. */
export interface ClusterNode {
  readonly kubelet: Kubelet;
  readonly proxy: NodeProxy;
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes a node; its processes die with it, as on a machine that is turned off. */
export function newClusterNode(options: ClusterNodeOptions): ClusterNode {
  const { name, ip, network, clientAs } = options;
  const proxy = new NodeProxy({
    ...options,
    client: clientAs(KUBE_PROXY),
    nodeName: name,
    nodeIp: ip,
  });
  const end = network.addNode(name, ip, proxy.rules);
  const { kubelet, runtime } = newNodeMachine({
    ...options,
    client: clientAs(nodeIdentity(name)),
    network: end.network,
    pods: end.pods,
  });
  return {
    kubelet,
    proxy,
    run: async (signal) => {
      await Promise.all([kubelet.start(signal), proxy.run(signal)]);
      runtime.stop();
      network.removeNode(name);
    },
  };
}

/** Makes a runtime and a kubelet around it. */
export function newNodeMachine(options: NodeMachineOptions): {
  readonly kubelet: Kubelet;
  readonly runtime: Pick<ReturnType<typeof newSimulatedRuntime>, 'stop'>;
} {
  const { name, ip, clock, random, log, files } = options;
  const capacity = { ...CAPACITY, ...options.capacity };
  const runtime = newSimulatedRuntime({
    clock,
    random,
    log,
    files,
    network: options.network,
    cpus: Number(capacity.cpu),
    nodeIp: ip,
    nodeName: name,
  });
  const kubelet = newKubelet({
    ...options.platform,
    client: options.client,
    cri: runtime,
    files,
    network: options.pods,
    clock,
    random,
    log,
    rootDir: ROOT_DIR,
    logRoot: LOG_ROOT,
    clusterDns: [options.clusterDns],
    evented: true,
    node: {
      name,
      addresses: [ip],
      capacity,
      ...(options.labels && { labels: options.labels }),
      ...(options.port !== undefined && { port: options.port }),
      bootId: options.bootId,
    },
  });
  return { kubelet, runtime };
}
