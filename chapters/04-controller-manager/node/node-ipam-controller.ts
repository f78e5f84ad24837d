/** The node IPAM controller: it gives each node ranges for its pods, from `node-ipam.ts`. Given. */

import type { Node } from 'kubernetes-types/core/v1.js';
import { keyOf } from '#apimachinery';
import { type EventRecorder, NODES, type SharedInformer } from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { ControllerContext, NewController } from '../controller.ts';
import { finalState } from '../owners.ts';
import { parseCidr } from './cidr.ts';
import { CidrRangeFullError, CidrSet } from './node-ipam.ts';

const NAME = 'node-ipam-controller';
/** How long nodes' ranges are, when nobody says. */
export const NODE_MASK_SIZE_IPV4 = 24;
export const NODE_MASK_SIZE_IPV6 = 64;

/** Where nodes' ranges come from. */
export interface NodeIpamOptions {
  /** One range, or one of each family: `10.244.0.0/16`. */
  readonly clusterCidrs: readonly string[];
  readonly nodeMaskSizeIpv4?: number;
  readonly nodeMaskSizeIpv6?: number;
}

/**
 * Makes the controller of nodes' `spec.podCIDRs`.
 *
 * @throws RangeError as `CidrSet`, Error for what is no range
 * @see pkg/controller/nodeipam/ipam/range_allocator.go (1.33)
 */
export function newNodeIpamController(options: NodeIpamOptions): NewController {
  const { nodeMaskSizeIpv4 = NODE_MASK_SIZE_IPV4, nodeMaskSizeIpv6 = NODE_MASK_SIZE_IPV6 } =
    options;
  const newSets = () =>
    options.clusterCidrs.map(
      (cidr) =>
        new CidrSet(cidr, parseCidr(cidr).bits === 32 ? nodeMaskSizeIpv4 : nodeMaskSizeIpv6),
    );
  // What is wrong with them is said at once, and not when the controller is made.
  newSets();
  return (context) => new NodeIpamController(context, newSets()).loop;
}

class NodeIpamController {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #nodes: SharedInformer<Node>;
  readonly #sets: readonly CidrSet[];
  /** The ranges each node is known to have, by its name. */
  readonly #held = new Map<string, readonly string[]>();

  constructor(context: ControllerContext, sets: readonly CidrSet[]) {
    this.#context = context;
    this.#sets = sets;
    const { informers, clock, log } = context;
    this.#events = context.recorder(NAME);
    this.#nodes = informers.informer(NODES);
    this.loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced: [() => this.#nodes.hasSynced()],
      reconcile: (name) => this.#reconcile(name),
    });
    this.#nodes.addEventHandler({
      // All ranges that nodes have are taken before the first one is given out: work begins later.
      onAdd: (node) => {
        this.#note(node);
        this.loop.enqueue(node);
      },
      onUpdate: (_, node) => {
        this.#note(node);
        this.loop.enqueue(node);
      },
      onDelete: (gone) => this.#release(finalState(gone)),
    });
  }

  #note(node: Node): void {
    const ranges = rangesOf(node);
    if (ranges.length === 0 || this.#held.has(keyOf(node))) return;
    this.#held.set(keyOf(node), ranges);
    this.#each(node, ranges, (set, range) => set.occupy(range));
  }

  #release(node: Node): void {
    const ranges = this.#held.get(keyOf(node)) ?? [];
    this.#held.delete(keyOf(node));
    this.#each(node, ranges, (set, range) => set.release(range));
  }

  async #reconcile(name: string): Promise<void> {
    const node = this.#nodes.lister.get(name);
    if (!node || rangesOf(node).length > 0 || this.#held.has(name)) return;
    const podCIDRs = this.#allocate(node);
    this.#held.set(name, podCIDRs);
    try {
      await this.#context.client
        .resource(NODES)
        .patch(name, 'strategic-merge-patch', { spec: { podCIDR: podCIDRs[0], podCIDRs } });
    } catch (error) {
      // Perhaps it was written all the same. Then the cache will show it, and it stays taken.
      const fresh = await this.#freshRanges(name);
      if (fresh.length > 0) return;
      this.#release(node);
      this.#tell(node, 'CIDRAssignmentFailed');
      throw error;
    }
  }

  async #freshRanges(name: string): Promise<readonly string[]> {
    try {
      return rangesOf(await this.#context.client.resource(NODES).get(name));
    } catch {
      return [];
    }
  }

  #allocate(node: Node): string[] {
    const ranges: string[] = [];
    try {
      for (const set of this.#sets) ranges.push(set.allocateNext());
    } catch (error) {
      this.#each(node, ranges, (set, range) => set.release(range));
      if (error instanceof CidrRangeFullError) this.#tell(node, 'CIDRNotAvailable');
      throw error;
    }
    return ranges;
  }

  #each(node: Node, ranges: readonly string[], act: (set: CidrSet, range: string) => void): void {
    ranges.forEach((range, position) => {
      const set = this.#sets[position];
      if (!set) return;
      try {
        act(set, range);
      } catch (error) {
        this.#context.log.warn("a node's range is not one of the cluster's", {
          node: keyOf(node),
          range,
          error: String(error),
        });
      }
    });
  }

  #tell(node: Node, status: string): void {
    const message = `Node ${keyOf(node)} status is now: ${status}`;
    this.#events.event(NODES, node, 'Normal', status, message);
  }
}

function rangesOf({ spec }: Node): readonly string[] {
  if (spec?.podCIDRs && spec.podCIDRs.length > 0) return spec.podCIDRs;
  return spec?.podCIDR ? [spec.podCIDR] : [];
}
