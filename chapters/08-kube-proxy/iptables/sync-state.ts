/** The seam between the proxy and what writes for iptables. Given. */

import type { ProxierOptions } from '../proxier-options.ts';
import type { EndpointsMap } from '../services/endpoint.ts';
import type { ServicePortMap } from '../services/service-port.ts';

/** All services at one moment, and what is new since the last sync. */
export interface SyncState {
  readonly services: ServicePortMap;
  readonly endpoints: EndpointsMap;
  /** Services (`default/web`) of which a port or an endpoint has changed since the last sync. */
  readonly updatedServices: ReadonlySet<string>;
  /**
   * Names of the chains that table `nat` has, where it was asked. So chains are found that an
   * earlier program left.
   */
  readonly existingChains?: Iterable<string>;
}

/** Makes one input for `iptables-restore --noflush --counters` a sync. */
export interface Proxier {
  /**
   * Makes the next input.
   *
   * @remarks It counts on all inputs before it having been taken, unless {@link fullSync} was called.
   */
  sync(state: SyncState): string;
  /**
   * Makes the next sync a full one. Called when an input was not taken, when somebody has flushed
   * the tables, and now and then.
   */
  fullSync(): void;
  /** Changes what is known of the node; the next sync is a full one. */
  setOptions(options: ProxierOptions): void;
}

/** Of so many endpoints on, comments would be nearly half of the text. */
export const LARGE_CLUSTER_ENDPOINTS = 1000;

/** Whether rules with endpoints get comments: where there are no more than 1,000 endpoints. */
export function hasComments({ services, endpoints }: SyncState): boolean {
  let total = 0;
  for (const id of services.keys()) total += endpoints.get(id)?.length ?? 0;
  return total <= LARGE_CLUSTER_ENDPOINTS;
}

/** The ids of the service ports in the order in which rules are written: that of their texts. */
export function idsInOrder(services: ServicePortMap): string[] {
  return [...services.keys()].sort();
}
