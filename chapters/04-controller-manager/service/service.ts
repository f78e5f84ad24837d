/**
 * Addresses of load balancers: given to Services from a pool, kept as long as they are wanted, and
 * given back.
 *
 * A cloud has such a pool and boxes that listen on its addresses. Here kube-proxy is the box; the pool
 * is this file, and `service-controller.ts` gives its addresses out.
 */

import type { Service } from 'kubernetes-types/core/v1.js';
import { NotImplemented } from '#not-implemented';
import type { AddressRange } from './address-range.ts';

/** Thrown when a Service cannot have an address. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
}

/**
 * Does a Service want an address from the pool?
 *
 * @remarks It is of type `LoadBalancer`, names no `loadBalancerClass` (then somebody else serves it), and
 * is not being deleted.
 *
 * @see k8s.io/cloud-provider/controllers/service/controller.go (1.33), wantsLoadBalancer
 * @exercise controller-manager/service
 */
export function wantsLoadBalancer({ spec, metadata }: Service): boolean {
  throw new NotImplemented('controller-manager/service', 'wantsLoadBalancer');
}

/**
 * A pool of addresses, and who has which.
 *
 * @remarks A Service keeps its address until it is released, whatever happens to others. Addresses are
 * given out lowest first. One that is asked for (`loadBalancerIP`) is given if it is free.
 *
 * ```text
 * pool 192.0.2.1 - 192.0.2.3
 * assign a            → 192.0.2.1
 * assign b, wants .3  → 192.0.2.3
 * assign c            → 192.0.2.2
 * assign d            → AddressError
 * release a, assign d → 192.0.2.1
 * ```
 */
export class AddressPool {
  // Your state goes here: fields of your own choosing.

  /**
   * @param ranges - in order
   * @exercise controller-manager/service
   */
  constructor(ranges: readonly AddressRange[]) {
    throw new NotImplemented('controller-manager/service', 'AddressPool.constructor');
  }

  /**
   * The address of a Service; the one it has, if it has one that fits.
   *
   * @remarks Asking for another one than it has releases the old one, but only once the new one is there
   * to be had.
   *
   * @param owner - the Service's key
   * @param wanted - `spec.loadBalancerIP`; `undefined` or `''`: any
   * @throws AddressError `no address is free`; `X is not in the pool`; `X is taken by OWNER`
   * @exercise controller-manager/service
   */
  assign(owner: string, wanted?: string): string {
    throw new NotImplemented('controller-manager/service', 'AddressPool.assign');
  }

  /**
   * Notes that a Service has an address already, from before this pool was made.
   *
   * @returns false when it cannot keep it: it is not in the pool, or another Service has it
   * @exercise controller-manager/service
   */
  keep(owner: string, address: string): boolean {
    throw new NotImplemented('controller-manager/service', 'AddressPool.keep');
  }

  /**
   * Takes a Service's address back; one that has none is fine.
   *
   * @returns whether it had one
   * @exercise controller-manager/service
   */
  release(owner: string): boolean {
    throw new NotImplemented('controller-manager/service', 'AddressPool.release');
  }
}
