/// <reference lib="dom" />
/** The top of the page: where one can go, what there is, and whether it is of now. Given. */

import { html } from 'htm/preact';
import { writeRate } from '../picture.ts';
import type { Connection } from './connection.ts';
import type { Route } from './route.ts';
import { useNow } from './use-now.ts';

const VIEWS = [
  { view: 'nodes', link: '#/', title: 'Nodes' },
  { view: 'services', link: '#/services', title: 'Services' },
  { view: 'store', link: '#/store', title: 'Store' },
] as const;

const WORDS = {
  new: 'waiting for the cluster',
  live: 'live',
  lost: 'not connected: this is old',
} as const;

export function TopBar({ connection, route }: { connection: Connection; route: Route }) {
  const { picture, is } = connection;
  const now = useNow(1000);
  const rate = writeRate(picture.store, now).toFixed(1);
  return html`
    <header>
      <h1>Cluster</h1>
      <nav aria-label="Views">
        <ul>
          ${VIEWS.map(
            ({ view, link, title }) => html`
              <li key=${view}>
                <a href=${link} aria-current=${route.view === view ? 'page' : undefined}>${title}</a>
              </li>`,
          )}
        </ul>
      </nav>
      <dl class="figures">
        <${Figure} name="nodes" value=${picture.nodes.length} />
        <${Figure} name="pods" value=${picture.pods.size} />
        <${Figure} name="revision" value=${picture.store.revision} />
        <${Figure} name="writes/s" value=${rate} />
      </dl>
      <p role="status" class="connection ${is}">${WORDS[is]}</p>
    </header>
  `;
}

function Figure({ name, value }: { name: string; value: number | string }) {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}
