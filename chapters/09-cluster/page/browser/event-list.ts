/// <reference lib="dom" />
/** What happened last. Given. */

import { html } from 'htm/preact';
import type { EventView } from '../messages.ts';
import { ageText, useNow } from './use-now.ts';

/** More are not looked at, and cost the browser. */
const SHOWN = 100;

export function EventList({ events }: { events: readonly EventView[] }) {
  const now = useNow(1000);
  return html`
    <section class="events" aria-labelledby="events-title">
      <h2 id="events-title">Events</h2>
      <ol tabindex="0" aria-labelledby="events-title">
        ${events.slice(0, SHOWN).map(
          (event) => html`
            <li key=${event.key} class=${event.isWarning ? 'warning' : ''}>
              <p><time>${ageText(event.at, now)}</time>
                <strong>${event.isWarning ? '⚠ ' : ''}${event.reason}</strong>
                ${event.count > 1 && html`<small>×${event.count}</small>`}
                <span class="about">${event.about}</span></p>
              <p>${event.message}</p>
            </li>`,
        )}
      </ol>
      ${events.length === 0 && html`<p class="wait">Nothing has happened yet.</p>`}
    </section>
  `;
}
