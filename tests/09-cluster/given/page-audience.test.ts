/** Those who look at the page: what is done while they do, and what is not when nobody does. */

import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { FakeClock, seededRandom, silentLogger } from '#apimachinery';
import { newTestApi, type TestApi } from '#apiserver/testing';
import { PODS } from '#client';
import { afterEach, beforeEach, describe, expect, it } from '#kit';
import type { PageMessage } from '../../../solutions/09-cluster/page/messages.ts';
import { Audience } from '../../../solutions/09-cluster/page/server/audience.ts';

/** A browser's connection: what it was sent, and how much of it is unread. */
class Browser extends EventEmitter {
  readonly received: string[] = [];
  writableLength = 0;
  isEnded = false;

  writeHead(): this {
    return this;
  }

  write(text: string): boolean {
    this.received.push(text);
    return true;
  }

  end(): void {
    this.isEnded = true;
  }

  get messages(): PageMessage[] {
    return this.received
      .filter((text) => text.startsWith('data: '))
      .map((text) => JSON.parse(text.slice('data: '.length)) as PageMessage);
  }

  get response(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}

describe('the audience of the page', () => {
  let clock: FakeClock;
  let api: TestApi;
  let audience: Audience;

  beforeEach(async () => {
    clock = new FakeClock();
    const random = seededRandom(1);
    api = await newTestApi({ clock, random });
    const etcd = () => undefined;
    audience = new Audience({ clock, random, log: silentLogger, client: api.client, etcd });
  });

  afterEach(async () => {
    audience.close();
    await pass(1000);
    await api.stop();
  });

  const pass = (ms: number) => clock.advance(ms);

  async function look(): Promise<Browser> {
    const browser = new Browser();
    audience.add(browser.response);
    await pass(500);
    return browser;
  }

  const addPod = (name: string) =>
    api.admin.resource(PODS, 'default').create({
      metadata: { name },
      spec: { containers: [{ name: 'c', image: 'nginx' }] },
    });
  const putPods = ({ pods }: PageMessage) => pods?.put.map(({ key }) => key);

  it('asks the API server for nothing until somebody looks', async () => {
    await pass(1000);
    expect(api.requests).toEqual([]);
    await look();
    const asked = api.requests.filter(({ verb }) => verb === 'list');
    expect(asked.map(({ resource }) => resource).sort()).toEqual([
      'events',
      'nodes',
      'pods',
      'services',
    ]);
  });

  it('tells everything first, then what changes', async () => {
    await addPod('a');
    const browser = await look();
    await addPod('b');
    await pass(500);
    const [first, ...rest] = browser.messages;
    expect(first?.isWhole).toBe(true);
    expect(first && putPods(first)).toEqual(['default/a']);
    expect(rest.map((one) => [one.isWhole, putPods(one)])).toEqual([[false, ['default/b']]]);
  });

  it('asks once for all who look', async () => {
    await look();
    const before = api.requests.length;
    await addPod('a');
    await pass(500);
    const second = await look();
    expect(api.requests.length).toBe(before);
    expect(second.messages.map(putPods)).toEqual([['default/a']]);
  });

  it('tells one that reads slowly nothing, and everything when it has caught up', async () => {
    const browser = await look();
    browser.writableLength = 10_000_000;
    await addPod('a');
    await pass(500);
    await addPod('b');
    await pass(500);
    expect(browser.messages).toHaveLength(1);
    browser.writableLength = 0;
    await pass(500);
    expect(browser.messages).toHaveLength(2);
    const last = browser.messages.at(-1);
    expect(last?.isWhole).toBe(true);
    expect(last && putPods(last)).toEqual(['default/a', 'default/b']);
  });

  it('shows that it is there while nothing happens', async () => {
    const browser = await look();
    await pass(20_000);
    expect(browser.received).toContain(':\n\n');
  });

  it('goes on for a page that is loaded again, and ends when nobody came back', async () => {
    const browser = await look();
    browser.emit('close');
    await pass(1000);
    const again = await look();
    const lists = () => api.requests.filter(({ verb }) => verb === 'list').length;
    expect(lists()).toBe(4);
    again.emit('close');
    await pass(10_000);
    const before = api.requests.length;
    await pass(60_000);
    expect(api.requests.length).toBe(before);
    const third = await look();
    expect(lists()).toBe(8);
    expect(third.messages[0]?.isWhole).toBe(true);
  });

  it('sends everybody away at the end', async () => {
    const browser = await look();
    audience.close();
    expect(browser.isEnded).toBe(true);
  });
});
