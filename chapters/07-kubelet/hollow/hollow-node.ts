/** A kubelet whose pods run nothing, and that reaches nothing. Given. */

import type { Duplex } from 'node:stream';
import { type Clock, DialError, type Logger, type PodNetwork, type Random } from '#apimachinery';
import type { Client } from '#client';
import { type Kubelet, newKubelet } from '../kubelet/kubelet.ts';
import type { NodeOptions } from '../node/node-reporter.ts';
import { hollowFiles } from './hollow-files.ts';
import { newHollowRuntime } from './hollow-runtime.ts';

/** What a hollow node is made from. */
export interface HollowNodeOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** `capacity` and `addresses` have defaults here. */
  readonly node: Partial<NodeOptions> & { readonly name: string };
  /** Makes pods' addresses; absent: in `10.200.0.0/13`, by chance. */
  readonly addressOf?: (n: number) => string;
}

const CAPACITY = { cpu: '8', memory: '32Gi', 'ephemeral-storage': '100Gi', pods: '110' };

/** Pods on it begin at once, are ready, and stay until they are deleted. */
export function newHollowNode(options: HollowNodeOptions): Kubelet {
  const { client, clock, random, log, node } = options;
  const some = (): number => random.int(254) + 1;
  const addressOf = options.addressOf ?? (() => `10.${200 + random.int(8)}.${some()}.${some()}`);
  return newKubelet({
    client,
    clock,
    random,
    log,
    cri: newHollowRuntime(clock, addressOf),
    files: hollowFiles,
    network: NO_NETWORK,
    node: { capacity: CAPACITY, addresses: [`10.192.${some()}.${some()}`], ...node },
    evented: true,
    serviceLinks: false,
    thresholds: [],
  });
}

const NO_NETWORK: PodNetwork = {
  dial: (_from, ip, port): Promise<Duplex> =>
    Promise.reject(new DialError('unreachable', `tcp ${ip}:${port}`)),
};
