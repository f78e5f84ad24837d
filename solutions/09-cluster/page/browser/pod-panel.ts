/// <reference lib="dom" />
/** The pod that was chosen, and what the scheduler thought of each node for it. Given. */

import { html } from 'htm/preact';
import { useEffect, useRef } from 'preact/hooks';
import type { DecisionView, PodView } from '../messages.ts';
import { DecisionTable } from './decision-table.ts';
import { useAnswer } from './use-answer.ts';
import { ageText, useNow } from './use-now.ts';

/** A pod that waits is tried again, and nothing of the pod may change by it. */
const ASK_AGAIN_MS = 2000;

export function PodPanel({ podKey, pod }: { podKey: string; pod: PodView | undefined }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const now = useNow(ASK_AGAIN_MS);
  useEffect(() => heading.current?.focus(), []);
  const isWaiting = pod !== undefined && pod.node === '';
  const { value, error } = useAnswer<DecisionView>(
    `/decision/${podKey}`,
    isWaiting ? now : pod?.node,
  );
  return html`
    <section class="panel" aria-labelledby="pod-title">
      <div class="head">
        <h2 id="pod-title" tabindex="-1" ref=${heading}>Pod ${podKey}</h2>
        <a class="close" href="#/">Close</a>
      </div>
      <${Facts} pod=${pod} now=${now} />
      <h3>What the scheduler thought of each node</h3>
      ${error !== undefined && html`<p>${error}</p>`}
      ${value && html`<${DecisionTable} decision=${value} />`}
    </section>
  `;
}

function Facts({ pod, now }: { pod: PodView | undefined; now: number }) {
  if (pod === undefined) return html`<p>It is gone.</p>`;
  const facts = [
    ['status', pod.status],
    ['ready', `${pod.readyContainers}/${pod.containers}`],
    ['restarts', `${pod.restarts}`],
    ['node', pod.node || 'none yet'],
    ['address', pod.ip || 'none yet'],
    ['made by', pod.owner || 'nobody: by hand'],
    ['age', ageText(pod.createdAt, now)],
  ];
  return html`
    <dl class="facts">
      ${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
  `;
}
