/** The page to watch the cluster, in a real browser, beside a cluster driven by the real kubectl. */

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundlePage, PAGE_VARIABLE } from '../../tools/start/page-bundle.ts';
import { freePort } from '../conformance/apiserver/program.ts';
import { compiledProgram } from '../conformance/compiled-program.ts';
import { openBrowser, whyNoBrowser } from '../docs/browser.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
if (!hasKubectl)
  console.warn("SKIPPED: kubectl is not installed; the cluster's page is not tested");
const noBrowser = whyNoBrowser();
const START_MS = 120_000;

describe.skipIf(!hasKubectl || noBrowser)('the page to watch the cluster', () => {
  let folder: string;
  let cluster: ChildProcess;
  let url: string;
  let browser: Browser;
  let page: Page;
  /** What went wrong in the page, and requests that left this machine. */
  let trouble: string[];

  const kubectl = async (...args: string[]): Promise<string> => {
    const env = { ...process.env, KUBECONFIG: join(folder, 'kubeconfig') };
    return (await run('kubectl', args, { env, timeout: 60_000 })).stdout;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'page-'));
    const entry = join(ROOT, 'solutions', '09-cluster', 'page', 'browser', 'app.ts');
    const script = (await bundlePage(ROOT, entry)) ?? '';
    const flags = ['--port', String(await freePort()), '--data-dir', folder];
    cluster = spawn(process.execPath, [await compiledProgram('09-cluster'), ...flags], {
      env: { ...process.env, [PAGE_VARIABLE]: script },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const printed: string[] = [];
    await new Promise<void>((resolve, reject) => {
      cluster.once('exit', (code) => reject(new Error(`it ended with ${code}: ${printed}`)));
      if (!cluster.stdout) throw new Error('nothing to read');
      createInterface({ input: cluster.stdout }).on('line', (line) => {
        printed.push(line);
        if (line === 'ready') resolve();
      });
    });
    url = /^page (\S+)$/m.exec(printed.join('\n'))?.[1] ?? 'no page';
    browser = await openBrowser();
  }, START_MS);

  afterAll(async () => {
    await browser?.close();
    if (cluster && cluster.exitCode === null) {
      const ended = once(cluster, 'exit');
      cluster.kill('SIGTERM');
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  }, START_MS);

  beforeEach(async () => {
    trouble = [];
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => trouble.push(`error in the page: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') trouble.push(`console: ${message.text()}`);
    });
    page.on('request', (asked) => {
      if (!asked.url().startsWith(url)) trouble.push(asked.url());
    });
  });

  afterEach(async () => {
    await page.close();
    expect(trouble, 'errors, missing files and requests to other hosts').toEqual([]);
  });

  const card = (node: string) => page.getByRole('article', { name: node });
  const chip = (name: string | RegExp) => page.getByRole('link', { name });

  it('shows three nodes, and that one is cordoned', async () => {
    await page.goto(url);
    for (const node of ['node-1', 'node-2', 'node-3']) await card(node).waitFor();
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor();
    await kubectl('cordon', 'node-3');
    await card('node-3').getByText('cordoned').waitFor();
    await kubectl('uncordon', 'node-3');
    await card('node-3').getByText('cordoned').waitFor({ state: 'detached' });
  }, 120_000);

  it('shows pods as they come and go, and what happened', async () => {
    await page.goto(url);
    await card('node-1').waitFor();
    await kubectl('create', 'deployment', 'web', '--image=nginx', '--replicas=3');
    const ready = chip(/^default\/web-\S+: Running, 1 of 1 ready/);
    await expect.poll(() => ready.count(), { timeout: 30_000 }).toBe(3);
    await page.getByText(/Scaled up replica set web-\S+/).waitFor();
    await kubectl('scale', 'deployment', 'web', '--replicas=1');
    await expect.poll(() => chip(/^default\/web-/).count(), { timeout: 60_000 }).toBe(1);
  }, 120_000);

  it('shows what the scheduler thought of each node', async () => {
    const requests = { containers: [{ name: 'c', image: 'nginx', resources: {} }] };
    const tooMuch = { ...requests.containers[0], resources: { requests: { cpu: '100' } } };
    const overrides = JSON.stringify({ spec: { containers: [tooMuch] } });
    await kubectl('run', 'big', '--image=nginx', `--overrides=${overrides}`);
    await kubectl('run', 'small', '--image=nginx');
    await page.goto(url);
    await page.getByRole('article', { name: 'On no node yet' }).waitFor();
    await chip(/^default\/big: Pending/).click();
    const panel = page.getByRole('region', { name: 'Pod default/big' });
    const refused = panel.getByText('refused by NodeResourcesFit: Insufficient cpu');
    await expect.poll(() => refused.count(), { timeout: 30_000 }).toBe(3);
    await panel.getByText('0/3 nodes are available: 3 Insufficient cpu.').waitFor();
    await chip(/^default\/small: /).click();
    const scores = page.getByRole('region', { name: 'Pod default/small' }).getByRole('table');
    await scores.getByRole('columnheader', { name: /^NodeResourcesFit ×1$/ }).waitFor();
    expect(await scores.getByRole('rowheader').count()).toBe(3);
    expect(await scores.getByRole('rowheader', { name: /^→ node-\d$/ }).count()).toBe(1);
    await page.getByRole('link', { name: 'Close' }).click();
    await scores.waitFor({ state: 'detached' });
  }, 120_000);

  it("walks a packet through a service's rules", async () => {
    await page.goto(`${url}#/services/kube-system/kube-dns`);
    await page.getByRole('heading', { name: 'Service kube-system/kube-dns' }).waitFor();
    await page.getByLabel('on node').selectOption('node-2');
    await page.getByLabel('From').selectOption({ label: 'somebody outside (203.0.113.7)' });
    await page.getByRole('button', { name: 'Send a packet' }).click();
    await page.getByText(/^accepted: 10\.244\.255\.253:53 is reached, and sees/).waitFor();
    const way = page.getByRole('list', { name: "The packet's way" });
    await way.getByText(/KUBE-MARK-MASQ 1: .* mark 0x0 becomes 0x4000/).waitFor();
    await way.getByText(/DNAT to 10\.244\.255\.253 port 53/).waitFor();
    // By keyboard alone, to the rule that translates; it is marked among the service's rules.
    await way.focus();
    const here = way.locator('[aria-current=step]');
    for (let i = 0; i < 20 && !(await here.innerText()).includes('DNAT to'); i++) {
      await page.keyboard.press('ArrowDown');
    }
    const met = page.locator('.chain [aria-current=step]');
    await expect.poll(() => met.innerText()).toContain('-j DNAT --to-destination');
    await page.getByText('mark 0x4000', { exact: true }).waitFor();
  }, 120_000);

  it("counts the store's revisions and names the last writes", async () => {
    await page.goto(`${url}#/store`);
    await page.getByRole('heading', { name: 'Store' }).waitFor();
    // It is told of what is written from when somebody looks.
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor();
    await expect
      .poll(
        async () => {
          await kubectl('create', 'configmap', `c${Date.now()}`);
          return page.getByText('/registry/configmaps/default/c').count();
        },
        { timeout: 30_000 },
      )
      .toBeGreaterThan(0);
    const rows = page.getByRole('row').filter({ hasText: '/registry/configmaps/default/c' });
    const [revision = 0, kind] = (await rows.first().innerText()).split(/\s+/);
    expect(Number(revision)).toBeGreaterThan(100);
    expect(kind).toBe('create');
  }, 120_000);

  it('is dark where the browser is, and fits a phone', async () => {
    await page.goto(url);
    await card('node-1').waitFor();
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await ground()).not.toBe(light);
    await page.setViewportSize({ width: 360, height: 740 });
    for (const view of ['#/', '#/services/kube-system/kube-dns', '#/store']) {
      await page.goto(`${url}${view}`);
      await page.getByRole('heading', { level: 2 }).first().waitFor();
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect(width, `${view} does not scroll sideways`).toBeLessThanOrEqual(360);
    }
  }, 60_000);

  it('answers nobody who came by another name, and nothing but GET', async () => {
    const { port } = new URL(url);
    const ask = (path: string, headers = {}, method = 'GET') =>
      new Promise<{ code?: number; policy: string }>((resolve, reject) => {
        const options = { host: '127.0.0.1', port, path, headers, method };
        request(options, (response) => {
          response.resume();
          const policy = String(response.headers['content-security-policy']);
          resolve({ policy, ...(response.statusCode && { code: response.statusCode }) });
        })
          .on('error', reject)
          .end();
      });
    expect((await ask('/', { host: 'evil.example' })).code).toBe(403);
    expect((await ask('/stream', { host: `evil.example:${port}` })).code).toBe(403);
    expect((await ask('/', { host: '127.0.0.1:1' })).code).toBe(403);
    expect((await ask('/', {}, 'POST')).code).toBe(405);
    expect((await ask('/nothing')).code).toBe(404);
    expect((await ask('/walk?node=node-1&from=x&to=10.96.0.10:53')).code).toBe(400);
    expect((await ask('/walk?node=node-9&from=10.244.0.1&to=10.96.0.10:53')).code).toBe(404);
    const { code, policy } = await ask('/', { host: `localhost:${port}` });
    expect(code).toBe(200);
    expect(policy).toContain("default-src 'none'");
  });
});
