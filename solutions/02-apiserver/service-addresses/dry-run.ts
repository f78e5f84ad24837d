/**
 * Addresses and ports for a Service that is only tried out: nothing is taken, so what is given is
 * the right form and no more. Given.
 *
 * @see pkg/registry/core/service/ipallocator/ipallocator.go and portallocator/operation.go (1.33)
 */

import { AllocationError, type ClusterIps } from './cluster-ips.ts';
import type { NodePorts } from './node-ports.ts';

/** What giving out addresses takes. */
export type IpAllocator = Pick<ClusterIps, 'take' | 'takeAny' | 'release' | 'repair'>;
/** What giving out ports takes. */
export type PortAllocator = Pick<NodePorts, 'take' | 'takeAny' | 'release' | 'repair' | 'isTaken'>;

/** Behind the usual range of ports: nobody takes it for one that he has. */
const FIRST_PORT = 32_769;

/** Any address is the network's own; a wished-for one only has to be in the range. */
export function dryIps({ range }: Pick<ClusterIps, 'range'>): IpAllocator {
  return {
    async take(ip) {
      if (range.indexOf(ip) !== undefined) return;
      throw new AllocationError(
        `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${range.cidr}`,
      );
    },
    takeAny: async () => range.cidr.replace(/\/.*/, ''),
    release: async () => {},
    repair: async () => [],
  };
}

/** For one Service: no port is given twice. */
export function dryPorts(ports: Pick<NodePorts, 'isTaken'>): PortAllocator {
  const given = new Set<number>();
  const isTaken = async (port: number) => given.has(port) || (await ports.isTaken(port));
  return {
    isTaken,
    async take(port) {
      if (await isTaken(port)) throw new AllocationError('provided port is already allocated');
      given.add(port);
    },
    async takeAny() {
      const port = given.size === 0 ? FIRST_PORT : Math.max(...given) + 1;
      given.add(port);
      return port;
    },
    release: async () => {},
    repair: async () => {},
  };
}
