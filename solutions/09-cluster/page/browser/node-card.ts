/// <reference lib="dom" />
/** A node with the pods on it. Given. */

import { html } from 'htm/preact';
import { useMemo } from 'preact/hooks';
import type { NodeView, PodView } from '../messages.ts';
import { SIGNS, toneOf } from './pod-tone.ts';
import { linkToPod } from './route.ts';

/** With more pods than this chips are signs only. */
const ROOM_FOR_NAMES = 40;

interface CardProps {
  readonly node: NodeView;
  readonly pods: readonly PodView[];
  /** The pod that was chosen. */
  readonly podKey: string;
}

/** Drawn again only when something on the node changed. */
export function NodeCard({ node, pods, podKey }: CardProps) {
  return useMemo(() => {
    const isReady = node.ready === 'True';
    const classes = `card ${isReady ? '' : 'down'} ${node.isCordoned ? 'cordoned' : ''}`;
    const titleId = `node-title-${node.key}`;
    const room = node.maxPods > 0 ? ` of ${node.maxPods}` : '';
    return html`
      <article class=${classes} aria-labelledby=${titleId}>
        <div class="head">
          <h3 id=${titleId}>${node.key}</h3>
          ${!isReady && html`<span class="badge bad">${node.ready === 'False' ? 'not ready' : 'unknown'}</span>`}
          ${node.isCordoned && html`<span class="badge">cordoned</span>`}
          ${node.troubles.map((text) => html`<span class="badge" key=${text}>${text}</span>`)}
        </div>
        <p class="fine">${node.ip} · ${node.podRange || 'no range'} · ${pods.length}${room} pods</p>
        <${PodList} pods=${pods} podKey=${podKey} />
      </article>
    `;
  }, [node, pods, podKey]);
}

/** Chips in a row. */
export function PodList({ pods, podKey }: Pick<CardProps, 'pods' | 'podKey'>) {
  const isDense = pods.length > ROOM_FOR_NAMES;
  return html`
    <ul class="pods ${isDense ? 'dense' : ''}">
      ${pods.map(
        (pod) => html`
          <li key=${pod.key}><${PodChip} pod=${pod} isDense=${isDense} isChosen=${pod.key === podKey} /></li>`,
      )}
    </ul>
  `;
}

interface ChipProps {
  readonly pod: PodView;
  readonly isDense: boolean;
  readonly isChosen: boolean;
}

function PodChip({ pod, isDense, isChosen }: ChipProps) {
  const tone = toneOf(pod);
  const name = pod.key.slice(pod.key.indexOf('/') + 1);
  const restarts = pod.restarts > 0 ? `, ${pod.restarts} restarts` : '';
  const words = `${pod.key}: ${pod.status}, ${pod.readyContainers} of ${pod.containers} ready${restarts}`;
  return html`
    <a class="pod ${tone}" href=${linkToPod(pod.key)} title=${words} aria-label=${words}
       aria-current=${isChosen ? 'true' : undefined}>
      <span aria-hidden="true">${SIGNS[tone]}</span>
      ${!isDense && html`<span>${name}</span>`}
      ${!isDense && tone !== 'ready' && html`<small>${pod.status}</small>`}
      ${!isDense && pod.restarts > 0 && html`<small>↻${pod.restarts}</small>`}
    </a>
  `;
}
