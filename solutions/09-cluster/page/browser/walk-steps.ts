/// <reference lib="dom" />
/** A packet's way: all steps, one of them looked at. Given. */

import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import type { WalkStep, WalkView } from '../messages.ts';

interface StepsProps {
  readonly walk: WalkView;
  /** Told of the step that is looked at. */
  readonly onStep: (step: WalkStep | undefined) => void;
}

export function WalkSteps({ walk, onStep }: StepsProps) {
  const { steps, verdict, ending } = walk;
  const [at, setAt] = useState(0);
  const step = steps[at];
  useEffect(() => onStep(step), [step, onStep]);
  const go = (to: number) => () => setAt(Math.min(steps.length - 1, Math.max(0, to)));
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowRight') go(at + 1)();
    else if (event.key === 'ArrowUp' || event.key === 'ArrowLeft') go(at - 1)();
    else return;
    event.preventDefault();
  };
  return html`
    <div class="way">
      <p class="verdict ${verdict}" role="status"><strong>${ending}</strong></p>
      <div class="head" role="group" aria-label="Steps">
        <button type="button" onClick=${go(at - 1)} disabled=${at === 0}>Back</button>
        <button type="button" onClick=${go(at + 1)} disabled=${at >= steps.length - 1}>Next</button>
        <span class="fine">step ${at + 1} of ${steps.length}</span>
      </div>
      <p class="packet" aria-live="polite"><code>${step?.packet}</code>
        ${step && step.mark !== 0 && html` <span class="badge">mark 0x${step.mark.toString(16)}</span>`}</p>
      <ol tabindex="0" aria-label="The packet's way" onKeyDown=${onKey}>
        ${steps.map((one, i) => line(one, i, at, steps[i - 1]?.place, go(i)))}
      </ol>
    </div>
  `;
}

function line(
  step: WalkStep,
  i: number,
  at: number,
  placeBefore: string | undefined,
  onClick: () => void,
) {
  const isHere = i === at;
  const depth = `depth-${Math.min(step.depth, 5)}`;
  return html`
    <li key=${i} class="${isHere ? 'here' : ''} ${i > at ? 'later' : ''}"
        aria-current=${isHere ? 'step' : undefined} onClick=${onClick}>
      ${step.place !== placeBefore && html`<span class="place">${step.place}</span>`}
      <span class=${depth}>${step.text}</span>
    </li>
  `;
}
