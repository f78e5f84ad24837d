/**
 * The order in which nodes are asked: zones take turns. Given.
 *
 * Only some of many nodes are asked for each pod; if all of one zone came first, pods would pile up
 * there.
 *
 * @see pkg/scheduler/backend/cache/node_tree.go (1.33)
 */

import type { Node } from '#apimachinery';

const REGION = 'topology.kubernetes.io/region';
const ZONE = 'topology.kubernetes.io/zone';
const OLD_REGION = 'failure-domain.beta.kubernetes.io/region';
const OLD_ZONE = 'failure-domain.beta.kubernetes.io/zone';

/** Names of nodes by zone. */
export class NodeTree {
  /** Zones in the order they came; in each, nodes in the order they came. */
  readonly #zones = new Map<string, Set<string>>();
  readonly #zoneOf = new Map<string, string>();
  #version = 0;

  /** Another number after each change of `names()`, and only then. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#zoneOf.size;
  }

  /** Takes a node in, or to where it has moved. */
  set(node: Node): void {
    const name = node.metadata?.name ?? '';
    const zone = zoneKey(node);
    if (this.#zoneOf.get(name) === zone) return;
    this.delete(name);
    const names = this.#zones.get(zone) ?? new Set();
    this.#zones.set(zone, names.add(name));
    this.#zoneOf.set(name, zone);
    this.#version += 1;
  }

  delete(name: string): void {
    const zone = this.#zoneOf.get(name);
    if (zone === undefined) return;
    const names = this.#zones.get(zone);
    names?.delete(name);
    if (names?.size === 0) this.#zones.delete(zone);
    this.#zoneOf.delete(name);
    this.#version += 1;
  }

  /** The first of each zone, then the second of each, and so on; zones that have no more are left out. */
  names(): string[] {
    const names: string[] = [];
    let turns = [...this.#zones.values()].map((zone) => zone.values());
    while (turns.length > 0) {
      turns = turns.filter((turn) => {
        const next = turn.next();
        if (!next.done) names.push(next.value);
        return !next.done;
      });
    }
    return names;
  }
}

/** Region and zone; empty when the node has neither. */
function zoneKey({ metadata }: Node): string {
  const labels = metadata?.labels ?? {};
  const region = labels[REGION] ?? labels[OLD_REGION] ?? '';
  const zone = labels[ZONE] ?? labels[OLD_ZONE] ?? '';
  return region === '' && zone === '' ? '' : `${region}:${zone}`;
}
