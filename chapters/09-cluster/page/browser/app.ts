/// <reference lib="dom" />
/**
 * The page in the browser: begins here. Given.
 *
 * What is known is a `Picture`, told by the server (`connection.ts`); what is looked at is in the
 * address behind `#` (`route.ts`). Components draw the two, and keep nothing but what is typed.
 */

import { html, render } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import { EMPTY_PICTURE } from '../picture.ts';
import { type Connection, connect } from './connection.ts';
import { NodesView } from './nodes-view.ts';
import { type Route, readRoute } from './route.ts';
import { ServicesView } from './services-view.ts';
import { StoreView } from './store-view.ts';
import { TopBar } from './top-bar.ts';

function App() {
  const [connection, setConnection] = useState<Connection>({ picture: EMPTY_PICTURE, is: 'new' });
  const [route, setRoute] = useState<Route>(() => readRoute(location.hash));
  useEffect(() => connect(setConnection), []);
  useEffect(() => {
    const onChange = (): void => setRoute(readRoute(location.hash));
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  const { picture } = connection;
  return html`
    <a class="skip" href="#content" onClick=${toContent}>To the content</a>
    <${TopBar} connection=${connection} route=${route} />
    <main id="content" tabindex="-1">
      ${route.view === 'nodes' && html`<${NodesView} picture=${picture} podKey=${route.key} />`}
      ${route.view === 'services' && html`<${ServicesView} picture=${picture} serviceKey=${route.key} />`}
      ${route.view === 'store' && html`<${StoreView} store=${picture.store} />`}
    </main>
  `;
}

/** The address behind `#` says what is looked at: it stays. */
function toContent(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

const place = document.getElementById('page');
if (place) {
  place.textContent = '';
  render(html`<${App} />`, place);
}
