/** Which endpoints count for a service port on one node: the words. Given. */

import type { ProxierOptions } from '../proxier-options.ts';
import type { Endpoint } from '../services/endpoint.ts';

/**
 * The endpoints that traffic to a service port may reach from this node.
 *
 * @remarks The lists have the very objects that were given, in the order in which they were given.
 */
export interface ChosenEndpoints {
  /** For traffic that may go to any node. */
  readonly cluster: readonly Endpoint[];
  /** For traffic that must stay on this node. */
  readonly local: readonly Endpoint[];
  /** All that are in one of the two lists, each once. */
  readonly reachable: readonly Endpoint[];
  /** Whether some node has an endpoint that can be used, also where none may be reached from here. */
  readonly hasAny: boolean;
}

/** For which node endpoints are chosen. */
export type EndpointsNode = Pick<ProxierOptions, 'nodeName' | 'zone'>;
