/** What probes have found out, by container. Given. */

import type { ProbeVerdict } from '../sync-pod/sync-pod.ts';

/** The three questions a container may be asked. */
export type ProbeKind = 'startup' | 'liveness' | 'readiness';

/** A verdict that changed. */
export interface ProbeChange {
  readonly containerId: string;
  readonly podUid: string;
  readonly verdict: ProbeVerdict;
}

/** The verdicts of one kind of probe. */
export class ProbeResults {
  readonly #verdicts = new Map<string, ProbeVerdict>();
  readonly #onChange: (change: ProbeChange) => void;

  /** @param onChange - is told of verdicts that are others than before */
  constructor(onChange: (change: ProbeChange) => void = () => {}) {
    this.#onChange = onChange;
  }

  /** `undefined`: none yet. */
  get(containerId: string): ProbeVerdict {
    return this.#verdicts.get(containerId);
  }

  set(containerId: string, verdict: ProbeVerdict, podUid: string): void {
    const isNew = !this.#verdicts.has(containerId);
    const before = this.#verdicts.get(containerId);
    this.#verdicts.set(containerId, verdict);
    if (isNew || before !== verdict) this.#onChange({ containerId, podUid, verdict });
  }

  remove(containerId: string): void {
    this.#verdicts.delete(containerId);
  }
}
