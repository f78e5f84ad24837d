/**
 * How many pods of each node a rule speaks of, remembered from one scheduled pod to the next. Given.
 *
 * Between two pods of a Deployment one node of 5,000 changes. Counting all again would make a pod cost
 * what the cluster is large; here it costs a comparison of two numbers for each node.
 */

import type { NodeInfo } from '../framework/node-info.ts';

/** What was counted, by the place of the node in the list. */
interface Answers {
  readonly generations: number[];
  readonly counts: number[];
}

/** How many rules are remembered; the one not asked for longest is forgotten first. */
const MAX_REMEMBERED = 64;

/** Remembers numbers of nodes that did not change. */
export class PodCounts {
  readonly #answers = new Map<string, Answers>();

  /**
   * One number for each node.
   *
   * @param nodes - quick when it is almost the list of the last call, in the same order
   * @param question - names what is counted; the same text is the same rule
   * @param countOn - is asked for nodes that are new or changed. Only what is in the `NodeInfo` may count
   * @returns in the order of the nodes; valid until the next call
   */
  counts(
    nodes: readonly NodeInfo[],
    question: string,
    countOn: (node: NodeInfo) => number,
  ): readonly number[] {
    const known = this.#take(question);
    const { generations, counts } = known;
    generations.length = nodes.length;
    counts.length = nodes.length;
    for (let i = 0; i < nodes.length; i += 1) {
      const node = nodes[i];
      // A generation is given out once: the same number is the same node with the same pods.
      if (!node || generations[i] === node.generation) continue;
      counts[i] = countOn(node);
      generations[i] = node.generation;
    }
    return counts;
  }

  #take(question: string): Answers {
    const known = this.#answers.get(question) ?? { generations: [], counts: [] };
    this.#answers.delete(question);
    this.#answers.set(question, known);
    if (this.#answers.size > MAX_REMEMBERED) {
      for (const oldest of this.#answers.keys()) {
        this.#answers.delete(oldest);
        break;
      }
    }
    return known;
  }
}
