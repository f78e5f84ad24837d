/// <reference lib="dom" />
/** Sends a packet through a node's rules, and shows its way step by step. Given. */

import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import type { ServiceView, WalkStep, WalkView } from '../messages.ts';
import type { Picture } from '../picture.ts';
import { useAnswer } from './use-answer.ts';
import { type Caller, callersOf, type Target, targetsOf } from './walk-choices.ts';
import { WalkSteps } from './walk-steps.ts';

interface WalkProps {
  readonly node: string;
  readonly service: ServiceView;
  readonly picture: Picture;
  /** Told of the step that is shown. */
  readonly onStep: (step: WalkStep | undefined) => void;
}

export function WalkPanel({ node, service, picture, onStep }: WalkProps) {
  const callers = callersOf(picture, node);
  const targets = targetsOf(picture, service, node);
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [sent, setSent] = useState({ path: undefined as string | undefined, count: 0 });
  const caller = callers.find(({ id }) => id === from) ?? callers[0];
  const target = targets.find(({ id }) => id === to) ?? targets[0];
  const { value, error } = useAnswer<WalkView>(sent.path, sent.count);
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    if (caller && target) {
      setSent({ path: pathOf(node, caller, target), count: sent.count + 1 });
    }
  };
  const chosenIn = (event: Event): string => (event.target as HTMLSelectElement).value;
  return html`
    <form class="walk" onSubmit=${onSubmit} aria-label="Send a packet">
      <label>From <select value=${caller?.id} onChange=${(event: Event) => setFrom(chosenIn(event))}>
        ${callers.map(({ id, title }) => html`<option key=${id} value=${id}>${title}</option>`)}
      </select></label>
      <label>To <select value=${target?.id} onChange=${(event: Event) => setTo(chosenIn(event))}>
        ${targets.map(({ id, title }) => html`<option key=${id} value=${id}>${title}</option>`)}
      </select></label>
      <button type="submit" disabled=${!caller || !target}>Send a packet</button>
    </form>
    ${error !== undefined && html`<p class="error">${error}</p>`}
    ${value && html`<${WalkSteps} key=${sent.count} walk=${value} onStep=${onStep} />`}
  `;
}

function pathOf(node: string, caller: Caller, { address, protocol }: Target): string {
  const { ip: from, via } = caller;
  return `/walk?${new URLSearchParams({ node, from, to: address, protocol, via })}`;
}
