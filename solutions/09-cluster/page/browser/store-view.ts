/// <reference lib="dom" />
/** The store: its revision, how fast it grows, and the last writes. Given. */

import { html } from 'htm/preact';
import { RATE_SECONDS, type StorePicture, writeRate } from '../picture.ts';
import { ageText, useNow } from './use-now.ts';

export function StoreView({ store }: { store: StorePicture }) {
  const now = useNow(1000);
  return html`
    <section aria-labelledby="store-title">
      <h2 id="store-title">Store</h2>
      <dl class="facts big">
        <div><dt>revision</dt><dd>${store.revision}</dd></div>
        <div><dt>writes a second, of the last ten</dt><dd>${writeRate(store, now).toFixed(1)}</dd></div>
      </dl>
      <${Bars} store=${store} now=${now} />
      <div class="scroll" tabindex="0" role="region" aria-label="The last writes">
        <table class="writes">
          <caption>The last writes</caption>
          <thead><tr>
            <th scope="col" class="number">revision</th><th scope="col">what</th>
            <th scope="col">key</th><th scope="col" class="number">age</th>
          </tr></thead>
          <tbody>
            ${store.writes.map(
              ({ revision, kind, key, at }) => html`
                <tr key=${`${revision} ${key}`} class=${kind}>
                  <td class="number">${revision}</td><td>${kind}</td>
                  <td><code>${key}</code></td><td class="number">${ageText(at, now)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>
  `;
}

const HEIGHT = 60;
const WIDTH = 8;

/** Writes in each second of the last minute. */
function Bars({ store, now }: { store: StorePicture; now: number }) {
  const second = Math.floor(now / 1000);
  const most = Math.max(1, ...store.rates.map(({ count }) => count));
  return html`
    <svg class="bars" preserveAspectRatio="none" viewBox="0 0 ${RATE_SECONDS * WIDTH} ${HEIGHT}" role="img"
         aria-label=${`Writes in each of the last ${RATE_SECONDS} seconds, at most ${most}`}>
      ${store.rates.map(({ second: when, count }) => {
        const height = (count / most) * HEIGHT;
        const x = (RATE_SECONDS - 1 - (second - when)) * WIDTH;
        return html`<rect key=${when} x=${x} y=${HEIGHT - height} width=${WIDTH - 2} height=${height} />`;
      })}
    </svg>
  `;
}
