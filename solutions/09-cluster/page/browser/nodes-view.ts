/// <reference lib="dom" />
/** The nodes with their pods, the pod that was chosen, and the stream of events. Given. */

import { html } from 'htm/preact';
import { useMemo, useState } from 'preact/hooks';
import type { PodView } from '../messages.ts';
import type { Picture } from '../picture.ts';
import { EventList } from './event-list.ts';
import { NodeCard, PodList } from './node-card.ts';
import { PodPanel } from './pod-panel.ts';
import { SIGNS, TONE_WORDS, type Tone } from './pod-tone.ts';

const NONE: readonly PodView[] = [];

export function NodesView({ picture, podKey }: { picture: Picture; podKey: string }) {
  const [words, setWords] = useState('');
  const { nodes, podsByNode } = picture;
  const shown = useMemo(() => fitting(podsByNode, words), [podsByNode, words]);
  const homeless = shown.get('') ?? NONE;
  return html`
    <div class="columns">
      <section class="wide" aria-labelledby="nodes-title">
        <div class="head">
          <h2 id="nodes-title">Nodes and pods</h2>
          <label>Only pods with <input type="search" value=${words} placeholder="part of a name"
            onInput=${(event: InputEvent) => setWords((event.target as HTMLInputElement).value)} /></label>
          <${Legend} />
        </div>
        ${podKey !== '' && html`<${PodPanel} key=${podKey} podKey=${podKey} pod=${picture.pods.get(podKey)} />`}
        ${
          homeless.length > 0 &&
          html`
          <article class="card homeless" aria-labelledby="homeless-title">
            <h3 id="homeless-title">On no node yet</h3>
            <${PodList} pods=${homeless} podKey=${podKey} />
          </article>`
        }
        <div class="cards">
          ${nodes.map(
            (node) => html`
              <${NodeCard} key=${node.key} node=${node} pods=${shown.get(node.key) ?? NONE} podKey=${podKey} />`,
          )}
        </div>
        ${nodes.length === 0 && html`<p class="wait">No node has joined yet.</p>`}
      </section>
      <${EventList} events=${picture.events} />
    </div>
  `;
}

/** Lists nobody filtered stay the same objects. */
function fitting(podsByNode: Picture['podsByNode'], words: string): Picture['podsByNode'] {
  if (words === '') return podsByNode;
  return new Map(
    [...podsByNode].map(([node, pods]) => [node, pods.filter(({ key }) => key.includes(words))]),
  );
}

function Legend() {
  return html`
    <ul class="legend" aria-label="What the signs stand for">
      ${(Object.keys(SIGNS) as Tone[]).map(
        (tone) => html`
          <li key=${tone} class=${tone}><span aria-hidden="true">${SIGNS[tone]}</span> ${TONE_WORDS[tone]}</li>`,
      )}
    </ul>
  `;
}
