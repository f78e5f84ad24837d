/** What chooses a real server, and the arithmetic of weights. Given; who chooses how is `ipvs.ts`. */

import type { RealServer } from './virtual-server.ts';

/** Chooses a real server for each new connection to one virtual service. */
export interface IpvsScheduler {
  /** The real servers are these now, in this order: called first of all, and after each change. */
  serversChanged(servers: readonly RealServer[]): void;
  /**
   * @param source - the client's IP address
   * @param destination - the virtual service's IP address
   * @returns `undefined` when nobody may get the connection
   */
  schedule(source: string, destination: string): RealServer | undefined;
}

/** By how much `wrr` lowers its threshold, and where it begins. */
export interface WeightSteps {
  /** The greatest common divisor of the weights above 0; 1 when there are none. */
  readonly step: number;
  /** The highest weight − `step` + 1; 0 when no weight is above 0. */
  readonly top: number;
}

/** Works out what `wrr` needs to know of its servers' weights. */
export function weightSteps(servers: readonly RealServer[]): WeightSteps {
  const weights = servers.map(({ weight }) => weight);
  const step = weights.reduce(greatestCommonDivisor, 0) || 1;
  return { step, top: Math.max(0, ...weights) - step + 1 };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
