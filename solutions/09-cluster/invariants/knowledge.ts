/** How old may what a component knows be? Given. */

import { type Entry, PATIENCE, type Patience } from './history.ts';

/**
 * Who acts or connects may do so by what was true at any time since `since(at)`.
 *
 * @remarks Usually that is `knowledgeMs` before. In a storm, and until `knowledgeMs` after it, watches
 * may have been silent since it began: then it is `knowledgeMs` before the storm's beginning. It has to
 * be told of all entries up to the one in question.
 */
export class Knowledge {
  readonly #knowledgeMs: number;
  #began: number | undefined;
  /** Absent while it storms. */
  #ended: number | undefined;

  constructor({ knowledgeMs }: Patience = PATIENCE) {
    this.#knowledgeMs = knowledgeMs;
  }

  note(entry: Entry): void {
    if (entry.kind === 'storm-ended') this.#ended = entry.at;
    if (entry.kind !== 'storm-began') return;
    // One that begins while the last one still tells makes what is known older yet.
    const isLong = this.#began !== undefined && !this.#isOver(entry.at);
    if (!isLong) this.#began = entry.at;
    this.#ended = undefined;
  }

  /** @returns in milliseconds, as `at` of an entry */
  since(at: number): number {
    if (this.#began === undefined || this.#isOver(at)) return at - this.#knowledgeMs;
    return this.#began - this.#knowledgeMs;
  }

  #isOver(at: number): boolean {
    return this.#ended !== undefined && at - this.#ended > this.#knowledgeMs;
  }
}
