/**
 * One input per sync that says only what changed.
 *
 * A large cluster has a hundred thousand rules, and an endpoint that changes touches a dozen. What
 * the rules of a service port are is known elsewhere (`../iptables/service-rules.ts`); here is what
 * is remembered of them between syncs.
 */

import { isServiceChain } from '../iptables/chain-names.ts';
import {
  chainDeclarations,
  chainDeletions,
  linesText,
  restoreText,
} from '../iptables/restore-text.ts';
import { serviceRules } from '../iptables/service-rules.ts';
import type { RuleContext } from '../iptables/service-text.ts';
import { hasComments, idsInOrder, type Proxier, type SyncState } from '../iptables/sync-state.ts';
import type { ProxierOptions } from '../proxier-options.ts';
import type { Endpoint } from '../services/endpoint.ts';
import type { ServicePort } from '../services/service-port.ts';

/** The rules of one service port as texts: joining those of thousands must be cheap. */
interface Written {
  readonly filter: string;
  readonly dispatch: string;
  readonly chains: readonly string[];
  readonly rules: string;
}

/**
 * Writes everything once, and from then on what changed.
 *
 * @remarks
 * Which rules a service port has is what {@link serviceRules} says; {@link restoreText} puts an input
 * together. Every input has service ports in the order of {@link idsInOrder}.
 *
 * | | full sync | partial sync |
 * |---|---|---|
 * | rules in shared chains: `filter`, `dispatch` | of all service ports | of all service ports |
 * | own chains and `rules` | of all service ports | of new ones, and of those whose service is in `updatedServices` |
 * | chains that nobody needs any more | deleted | deleted |
 *
 * Shared chains are emptied by every input, so all rules in them must be in it again. Chains of
 * a service port that did not change are not even declared: a declaration would empty them.
 *
 * ```text
 * sync  a: .2 .3  b: .4       full: SVC-a SEP-a2 SEP-a3 SVC-b SEP-b4
 * sync  a: .2     b: .4  {a}  SVC-a and SEP-a2 are written, SEP-a3 is declared and deleted;
 *                             of b there is only its rule in KUBE-SERVICES
 * sync  a: .2     b: –   {b}  of a only its rule; b is refused in filter; SVC-b, SEP-b4 deleted
 * sync  a: .2            {b}  of a only its rule
 * ```
 *
 * A sync costs what changed. Of what did not change the texts are kept, and nothing is worked out.
 *
 * @see kubernetes 1.33 pkg/proxy/iptables/proxier.go syncProxyRules
 */
export class IncrementalProxier implements Proxier {
  #options: ProxierOptions;
  #full = true;
  /** By the id of the service port. */
  #written: ReadonlyMap<string, Written> = new Map();
  /** Chains that the last input deleted. */
  #deleted: ReadonlySet<string> = new Set();

  /**
   * Its first sync is a full one.
   *
   * @exercise kube-proxy/restore
   */
  constructor(options: ProxierOptions) {
    this.#options = options;
  }

  /**
   * Makes the next sync a full one. The one after that is partial again.
   *
   * @remarks It is called above all when the last input was not taken. So the next one also deletes
   * the chains that the last one was to delete, as far as nobody needs them.
   *
   * @exercise kube-proxy/restore
   */
  fullSync(): void {
    this.#full = true;
  }

  /**
   * Changes the options. Rules of any service may depend on them: the next sync is a full one.
   *
   * @exercise kube-proxy/restore
   */
  setOptions(options: ProxierOptions): void {
    this.#options = options;
    this.fullSync();
  }

  /**
   * Makes the next input.
   *
   * @remarks
   * 1. Rules that are written are made with the options and with {@link hasComments} of the state.
   *    What is not written again keeps its comments, or goes on without.
   * 2. `filterRules` has the `filter` of all service ports; `natRules` has, for one after another, its
   *    `dispatch` and, if it is written, its `rules`; `natChains` declares the chains of those that
   *    are written.
   * 3. At the end of `natChains` and of `natRules` are the chains to delete, declared and deleted. They
   *    are without order, each once:
   *    - chains that a service port needed at the last sync and does not need now,
   *    - chains of service ports that are gone,
   *    - in a full sync, those that the last input deleted,
   *    - those of `existingChains` that are an {@link isServiceChain}. Others belong to somebody else.
   *
   *    Never one that a service port needs now, whether it is written or not.
   * 4. An equal chain is never declared twice in one input.
   *
   * @returns the input, made by {@link restoreText}
   * @exercise kube-proxy/restore
   */
  sync(state: SyncState): string {
    const context = { options: this.#options, comments: hasComments(state) };
    const written = new Map<string, Written>();
    const parts = {
      filterRules: [] as string[],
      natChains: [] as string[],
      natRules: [] as string[],
    };
    const stale = new Set(this.#full ? this.#deleted : []);
    const needed = new Set<string>();
    for (const id of idsInOrder(state.services)) {
      const port = state.services.get(id);
      if (!port) continue;
      const before = this.#written.get(id);
      const again = this.#full || !before || state.updatedServices.has(port.service);
      const now = again ? newWritten(port, state.endpoints.get(id) ?? [], context) : before;
      written.set(id, now);
      parts.filterRules.push(now.filter);
      parts.natRules.push(now.dispatch);
      if (!again) continue;
      parts.natChains.push(chainDeclarations(now.chains));
      parts.natRules.push(now.rules);
      addAll(needed, now.chains);
      addAll(stale, before?.chains ?? []);
    }
    for (const [id, { chains }] of this.#written) if (!written.has(id)) addAll(stale, chains);
    if (state.existingChains) {
      for (const chain of state.existingChains) if (isServiceChain(chain)) stale.add(chain);
      // These may be chains of any service port, also of those that are not written again.
      for (const { chains } of written.values()) addAll(needed, chains);
    }
    for (const chain of needed) stale.delete(chain);
    parts.natChains.push(chainDeclarations(stale));
    parts.natRules.push(chainDeletions(stale));
    this.#written = written;
    this.#deleted = stale;
    this.#full = false;
    return restoreText(this.#options, parts);
  }
}

function newWritten(
  port: ServicePort,
  endpoints: readonly Endpoint[],
  context: RuleContext,
): Written {
  const { filter, dispatch, chains, rules } = serviceRules(port, endpoints, context);
  return {
    filter: linesText(filter),
    dispatch: linesText(dispatch),
    chains,
    rules: linesText(rules),
  };
}

function addAll(set: Set<string>, chains: Iterable<string>): void {
  for (const chain of chains) set.add(chain);
}
