/** The addresses of this node: what its Node says, or what this computer has. */

import { networkInterfaces } from 'node:os';
import { type Clock, isNotFound, type Logger, type Node } from '#apimachinery';
import { type Client, NODES } from '#client';
import { familyOf } from '../services/ip-addresses.ts';
import type { IpFamily } from '../services/service-port.ts';

const LOOPBACK: Readonly<Record<IpFamily, string>> = { IPv4: '127.0.0.1', IPv6: '::1' };
/** How often a Node that is not there yet is asked for. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 1000;

/** Where a node is reached, by family; loopback where nobody knows. */
export type NodeIps = Readonly<Record<IpFamily, string>>;

/**
 * Asks for the Node, some times over if need be: a kubelet may just be about to make it.
 *
 * @throws the signal's reason, as a rejection, when it aborts first
 * @see kubernetes 1.33 cmd/kube-proxy/app/server.go getNodeIPs
 */
export async function findNodeIps(
  { client, clock, log }: { client: Client; clock: Clock; log: Logger },
  nodeName: string,
  signal: AbortSignal,
): Promise<NodeIps> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      return nodeIpsOf(await client.resource(NODES).get(nodeName, { signal }));
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn('the Node cannot be read', { node: nodeName, error });
      if (attempt === ATTEMPTS || !isNotFound(error)) return LOOPBACK;
    }
    await clock.sleep(pauseMs, signal);
    pauseMs *= 2;
  }
}

/** The first address of each family: internal ones before external ones. */
export function nodeIpsOf(node: Node): NodeIps {
  const addresses = (node.status?.addresses ?? []) as readonly { type: string; address: string }[];
  const byType = (wanted: string) =>
    addresses.filter(({ type }) => type === wanted).map(({ address }) => address);
  return pickIps([...byType('InternalIP'), ...byType('ExternalIP')]);
}

/** The first of each family, and loopback where there is none. */
export function pickIps(ips: readonly string[]): NodeIps {
  const first = (family: IpFamily): string =>
    ips.find((ip) => familyOf(ip) === family) ?? LOOPBACK[family];
  return { IPv4: first('IPv4'), IPv6: first('IPv6') };
}

/** All addresses of this computer but loopback's and those of virtual servers. */
export function machineAddresses(): string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    name === 'kube-ipvs0'
      ? []
      : addresses.filter(({ internal }) => !internal).map(({ address }) => address),
  );
}
