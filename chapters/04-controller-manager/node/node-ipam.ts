/**
 * Ranges of pod addresses for nodes: each node gets one, no two get the same.
 *
 * This is the set of ranges; `node-ipam-controller.ts` gives them to nodes. Addresses as numbers are
 * `cidr.ts`.
 */

import { NotImplemented } from '#not-implemented';

/** Thrown when every range is taken. */
export class CidrRangeFullError extends Error {
  override readonly name = 'CidrRangeFullError';

  constructor() {
    super(
      'CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range',
    );
  }
}

/**
 * The ranges of one size within a larger one, and which of them are taken.
 *
 * @remarks They are given out in turn: the search begins behind the range that was given out last, and
 * starts over at the end. So a range that was released rests as long as it can, and packets to a node
 * that is gone do not reach a new one.
 *
 * ```text
 * 10.244.0.0/22 in ranges of /24
 * allocateNext → 10.244.0.0/24, 10.244.1.0/24;  release 10.244.0.0/24
 * allocateNext → 10.244.2.0/24, 10.244.3.0/24, 10.244.0.0/24, then CidrRangeFullError
 * ```
 *
 * @see pkg/controller/nodeipam/ipam/cidrset/cidr_set.go (1.33)
 */
export class CidrSet {
  // Your state goes here: fields of your own choosing.

  /**
   * @param clusterCidr - `10.244.0.0/16`, or of IPv6; an address within is taken for its beginning
   * @param prefixLength - of a node's range: 24
   * @throws RangeError when a node's range is not within the cluster's, or there would be more than
   * 65536: `subnet mask size X must be from Y to Z`, with Y the cluster's own prefix length
   * @exercise controller-manager/node-ipam
   */
  constructor(clusterCidr: string, prefixLength: number) {
    throw new NotImplemented('controller-manager/node-ipam', 'CidrSet.constructor');
  }

  /**
   * Takes the next free range.
   *
   * @returns as a text: `10.244.3.0/24`
   * @throws CidrRangeFullError
   * @exercise controller-manager/node-ipam
   */
  allocateNext(): string {
    throw new NotImplemented('controller-manager/node-ipam', 'CidrSet.allocateNext');
  }

  /**
   * Marks ranges as taken: of a node that had one before.
   *
   * @remarks A larger range takes all that lie in it; a smaller one takes the one it lies in. What is
   * taken already stays taken: two nodes that say the same are not this set's business.
   *
   * @throws RangeError when it is not wholly within the cluster's range, or of another family: `cidr X is
   * out the range of cluster cidr Y`
   * @exercise controller-manager/node-ipam
   */
  occupy(cidr: string): void {
    throw new NotImplemented('controller-manager/node-ipam', 'CidrSet.occupy');
  }

  /**
   * The other way round; what is free stays free.
   *
   * @throws RangeError as `occupy`
   * @exercise controller-manager/node-ipam
   */
  release(cidr: string): void {
    throw new NotImplemented('controller-manager/node-ipam', 'CidrSet.release');
  }
}
