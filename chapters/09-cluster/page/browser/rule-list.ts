/// <reference lib="dom" />
/** Chains with their rules, as `iptables-save` prints them; the one a packet is at is marked. Given. */

import { html } from 'htm/preact';
import type { ChainView, RulePlace } from '../messages.ts';

export function RuleList({ chains, met }: { chains: readonly ChainView[]; met?: RulePlace }) {
  if (chains.length === 0) return html`<p class="wait">No rule speaks of it.</p>`;
  return html`
    <div class="chains">
      ${chains.map(
        ({ table, chain, rules }) => html`
          <div key=${`${table} ${chain}`} class="chain">
            <h4>${chain} <small>table ${table}</small></h4>
            <ol>
              ${rules.map(({ number, text }) => {
                const isMet = met?.table === table && met.chain === chain && met.number === number;
                return html`
                  <li key=${number} value=${number} class=${isMet ? 'met' : ''}
                      aria-current=${isMet ? 'step' : undefined}><code>${text}</code></li>`;
              })}
            </ol>
          </div>`,
      )}
    </div>
  `;
}
