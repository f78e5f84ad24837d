/** Makes the proxier: the one of exercise restore, or without it the plain way. Given. */

import { asNotImplemented } from '#not-implemented';
import type { ProxierOptions } from '../proxier-options.ts';
import { IncrementalProxier } from '../restore/restore.ts';
import { chainDeclarations, linesText, restoreText } from './restore-text.ts';
import { serviceRules } from './service-rules.ts';
import { hasComments, idsInOrder, type Proxier, type SyncState } from './sync-state.ts';

/** Makes the proxier of a node. */
export function newIptablesProxier(options: ProxierOptions): Proxier {
  try {
    return new IncrementalProxier(options);
  } catch (error) {
    if (asNotImplemented(error) === undefined) throw error;
    return new FullTextProxier(options);
  }
}

/** Writes everything at every sync. What is no longer needed stays in the table, unused. */
export class FullTextProxier implements Proxier {
  #options: ProxierOptions;

  constructor(options: ProxierOptions) {
    this.#options = options;
  }

  sync(state: SyncState): string {
    return fullText(this.#options, state);
  }

  fullSync(): void {}

  setOptions(options: ProxierOptions): void {
    this.#options = options;
  }
}

/** The whole input for a state. */
export function fullText(options: ProxierOptions, state: SyncState): string {
  const context = { options, comments: hasComments(state) };
  const all = idsInOrder(state.services).flatMap((id) => {
    const port = state.services.get(id);
    return port ? [serviceRules(port, state.endpoints.get(id) ?? [], context)] : [];
  });
  return restoreText(options, {
    filterRules: all.map(({ filter }) => linesText(filter)),
    natChains: all.map(({ chains }) => chainDeclarations(chains)),
    natRules: all.flatMap(({ dispatch, rules }) => [linesText(dispatch), linesText(rules)]),
  });
}
