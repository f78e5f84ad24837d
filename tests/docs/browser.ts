/** A real browser for the site's tests, and what to do where there is none. */

import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** The browser's program; `undefined` when this machine has none. */
export const BROWSER = PLACES.find((path) => existsSync(path));

/**
 * The reason to leave browser tests out, or `undefined` when they can run.
 *
 * @throws Error in CI, where leaving them out would go unseen
 */
export function whyNoBrowser(): string | undefined {
  if (BROWSER !== undefined) return undefined;
  const reason = `no browser at ${PLACES.join(', ')}: install Debian's package chromium`;
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`NOT RUN: the site's browser tests: ${reason}`);
  return reason;
}

/** Starts the browser; the caller closes it. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: BROWSER ?? '', args: FLAGS });
}
