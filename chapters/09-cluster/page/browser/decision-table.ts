/// <reference lib="dom" />
/** What the scheduler thought: a row for each node, a column for each plugin that gave scores. Given. */

import { html } from 'htm/preact';
import type { DecisionView, RefusalView, ScoreView } from '../messages.ts';

export function DecisionTable({ decision }: { decision: DecisionView }) {
  const { attempt, nodeName, error, refusals, plugins, nodes, unasked } = decision;
  const when = new Date(decision.at).toLocaleTimeString();
  return html`
    <p>Attempt ${attempt}, at ${when}:
      ${nodeName ? html` it goes to <strong>${nodeName}</strong>.` : html` it goes nowhere.`}
      ${unasked > 0 && html` ${unasked} nodes were not looked at.`}</p>
    ${error && html`<p class="error">${error}</p>`}
    ${nodeName && plugins.length === 0 && html`<p>No other node can do, so nobody was asked for a score.</p>`}
    ${refusals.map((refusal) => html`<p key=${refusal.plugin}>No node can do: ${refusalText(refusal)}</p>`)}
    ${
      nodes.length > 0 &&
      html`
      <div class="scroll" tabindex="0" role="region" aria-label="Scores">
        <table class="decision">
          <caption>raw score → between 0 and 100 → with the plugin's weight</caption>
          <thead>
            <tr>
              <th scope="col">node</th>
              <th scope="col" class="number">total</th>
              ${plugins.map(
                ({ name, weight }) => html`
                  <th scope="col" key=${name} class="number">${name} <small>×${weight}</small></th>`,
              )}
            </tr>
          </thead>
          <tbody>${nodes.map((node) => row(node, nodeName, plugins.length))}</tbody>
        </table>
      </div>`
    }
  `;
}

function row(
  { name, refusal, scores, total }: DecisionView['nodes'][number],
  chosen: string,
  columns: number,
) {
  const isChosen = name === chosen;
  return html`
    <tr key=${name} class=${isChosen ? 'chosen' : ''}>
      <th scope="row">${isChosen ? '→ ' : ''}${name}</th>
      ${
        refusal
          ? html`<td colspan=${columns + 1} class="refused">refused by ${refusalText(refusal)}</td>`
          : html`<td class="number"><strong>${scores.length > 0 ? total : ''}</strong></td>
                 ${scores.map((score) => html`<td class="number">${scoreText(score)}</td>`)}`
      }
    </tr>
  `;
}

function scoreText(score: ScoreView | undefined) {
  if (score === undefined) return '–';
  return html`<small>${score.raw} → ${score.normalized} →</small> ${score.weighted}`;
}

function refusalText({ plugin, reasons }: RefusalView): string {
  return reasons.length > 0 ? `${plugin}: ${reasons.join('; ')}` : plugin;
}
