/** Watches: what is told, in which order, under which ids, and how they end. */

import { expect } from 'vitest';
import { bodyOf, describeEtcd, endOf, revisionOf, type Target } from './target.ts';
import type { Message, WireStream } from './wire.ts';

/** Opens a stream for the length of a test. */
async function withStream(
  target: Target,
  use: (stream: WireStream) => Promise<void>,
): Promise<void> {
  const stream = target.wire.open('Watch/Watch');
  try {
    await use(stream);
  } finally {
    stream.cancel();
  }
}

/** Starts a watch and takes the answer. */
async function create(stream: WireStream, request: Message): Promise<Message> {
  stream.send({ create_request: request });
  return stream.receive();
}

/** Receives until as many events have come; gives all of them. */
async function events(stream: WireStream, count: number): Promise<Message[]> {
  const all: Message[] = [];
  while (all.length < count) {
    const { events = [], watch_id } = await stream.receive();
    if (watch_id === '-1') throw new Error(`progress was reported after ${all.length} events`);
    all.push(...(events as Message[]));
  }
  return all;
}

describeEtcd('watch', (it) => {
  it('is created, and then tells of each change', (target) =>
    withStream(target, async (stream) => {
      const key = `${target.prefix()}a`;
      const before = await target.revision();
      const created = await create(stream, { key });
      expect([bodyOf(created), revisionOf(created)]).toEqual([{ created: true }, before]);
      await target.wire.call('KV/Put', { key, value: '1' });
      const told = await stream.receive();
      const revision = String(before + 1);
      expect(told.header).toMatchObject({
        revision,
        cluster_id: expect.anything(),
        member_id: expect.anything(),
      });
      expect(bodyOf(told)).toEqual({
        events: [
          {
            kv: {
              key,
              value: '1',
              create_revision: revision,
              mod_revision: revision,
              version: '1',
            },
          },
        ],
      });
      await target.wire.call('KV/DeleteRange', { key });
      expect(bodyOf(await stream.receive())).toEqual({
        events: [{ type: 'DELETE', kv: { key, mod_revision: String(before + 2) } }],
      });
    }));

  it('brings the version before, except for a creation', (target) =>
    withStream(target, async (stream) => {
      const key = `${target.prefix()}a`;
      await create(stream, { key, prev_kv: true });
      await target.wire.call('KV/Put', { key, value: '1' });
      await target.wire.call('KV/Put', { key, value: '2' });
      await target.wire.call('KV/DeleteRange', { key });
      const [first, second, third] = await events(stream, 3);
      expect(first).not.toHaveProperty('prev_kv');
      expect(second).toMatchObject({ kv: { value: '2' }, prev_kv: { value: '1', version: '1' } });
      expect(third).toMatchObject({ type: 'DELETE', prev_kv: { value: '2', version: '2' } });
    }));

  it('tells history first, and a transaction in one piece', (target) =>
    withStream(target, async (stream) => {
      const at = target.prefix();
      const start = (await target.revision()) + 1;
      await target.wire.call('KV/Put', { key: `${at}a`, value: '1' });
      await target.wire.call('KV/Txn', {
        success: ['b', 'c', 'd'].map((key) => ({ request_put: { key: at + key, value: '2' } })),
      });
      await create(stream, { key: at, range_end: endOf(at), start_revision: start });
      const history = await events(stream, 4);
      await target.wire.call('KV/Put', { key: `${at}e`, value: '3' });
      const live = await events(stream, 1);
      const keys = [...history, ...live].map(({ kv }) =>
        String((kv as Message).key).slice(at.length),
      );
      expect(keys).toEqual(['a', 'b', 'c', 'd', 'e']);
      const revisions = history.map((event) => Number((event.kv as Message).mod_revision) - start);
      expect(revisions).toEqual([0, 1, 1, 1]);
    }));

  it('waits for a revision in the future', (target) =>
    withStream(target, async (stream) => {
      const key = `${target.prefix()}a`;
      const now = await target.revision();
      await create(stream, { key, start_revision: now + 2 });
      await target.wire.call('KV/Put', { key, value: '1' });
      await target.wire.call('KV/Put', { key, value: '2' });
      expect(await events(stream, 1)).toMatchObject([{ kv: { value: '2' } }]);
    }));

  for (const [filter, kept] of [
    ['NOPUT', 'DELETE'],
    ['NODELETE', undefined],
  ] as const) {
    it(`filters: ${filter}`, (target) =>
      withStream(target, async (stream) => {
        const key = `${target.prefix()}a`;
        await create(stream, { key, filters: [filter] });
        for (let round = 0; round < 2; round++) {
          await target.wire.call('KV/Put', { key, value: '1' });
          await target.wire.call('KV/DeleteRange', { key });
        }
        const told = await events(stream, 2);
        expect(told.map(({ type }) => type)).toEqual([kept, kept]);
      }));
  }

  it('takes the ids that clients choose and gives others, from 0 up', (target) =>
    withStream(target, async (stream) => {
      const key = target.prefix();
      const ids: unknown[] = [];
      for (const watch_id of [0, 1, 0, 7, 0]) {
        ids.push((await create(stream, { key, watch_id })).watch_id ?? '0');
      }
      expect(ids).toEqual(['0', '1', '2', '7', '3']);
      const again = await create(stream, { key, watch_id: 7 });
      expect(bodyOf(again)).toEqual({
        watch_id: '-1',
        created: true,
        canceled: true,
        cancel_reason: 'mvcc: duplicate watch ID provided on the WatchStream',
      });
    }));

  it('refuses an empty range', (target) =>
    withStream(target, async (stream) => {
      for (const range_end of ['a', 'b']) {
        expect(bodyOf(await create(stream, { key: 'b', range_end }))).toEqual({
          watch_id: '-1',
          created: true,
          canceled: true,
          cancel_reason: 'mvcc: watcher range is empty',
        });
      }
    }));

  it('ends when cancelled, and says nothing of an id it does not know', (target) =>
    withStream(target, async (stream) => {
      const key = target.prefix();
      await create(stream, { key, watch_id: 4 });
      await create(stream, { key, watch_id: 5 });
      stream.send({ cancel_request: { watch_id: 99 } });
      stream.send({ cancel_request: { watch_id: 4 } });
      expect(bodyOf(await stream.receive())).toEqual({ watch_id: '4', canceled: true });
      await target.wire.call('KV/Put', { key, value: '1' });
      expect(await stream.receive()).toMatchObject({ watch_id: '5', events: [{}] });
    }));

  it('ends when its history is gone, with the revision that is left', (target) =>
    withStream(target, async (stream) => {
      const key = target.prefix();
      const start = await target.revision();
      await target.wire.call('KV/Put', { key, value: '1' });
      await target.wire.call('KV/Put', { key, value: '2' });
      const now = await target.revision();
      await target.wire.call('KV/Compact', { revision: now });
      const created = await create(stream, { key, start_revision: start });
      expect(bodyOf(created)).toEqual({ created: true });
      const ended = await stream.receive();
      expect(bodyOf(ended)).toEqual({ canceled: true, compact_revision: String(now) });
      expect(ended.header).not.toHaveProperty('revision');
    }));

  it('splits what is too large for those who ask', (target) =>
    withStream(target, async (stream) => {
      const at = target.prefix();
      const start = (await target.revision()) + 1;
      const value = 'x'.repeat(1_000_000);
      for (const key of ['a', 'b', 'c', 'd'])
        await target.wire.call('KV/Put', { key: at + key, value });
      await create(stream, {
        key: at,
        range_end: endOf(at),
        start_revision: start,
        fragment: true,
      });
      const parts: [number, unknown][] = [];
      for (let seen = 0; seen < 4; ) {
        const { events: some = [], fragment } = await stream.receive();
        seen += (some as Message[]).length;
        parts.push([(some as Message[]).length, fragment]);
      }
      expect(parts).toEqual([
        [2, true],
        [2, undefined],
      ]);
    }));

  it('reports progress of the whole stream when asked', (target) =>
    withStream(target, async (stream) => {
      const key = target.prefix();
      await create(stream, { key });
      await target.wire.call('KV/Put', { key, value: '1' });
      await stream.receive();
      stream.send({ progress_request: {} });
      const report = await stream.receive();
      expect(bodyOf(report)).toEqual({ watch_id: '-1' });
      expect(revisionOf(report)).toBe(await target.revision());
    }));

  it.since('3.5.13', 'reports no progress of a stream that still has history to tell', (target) =>
    withStream(target, async (stream) => {
      const key = target.prefix();
      const start = (await target.revision()) + 1;
      const puts = Array.from({ length: 300 }, () =>
        target.wire.call('KV/Put', { key, value: '' }),
      );
      await Promise.all(puts);
      stream.send({ create_request: { key, start_revision: start } });
      stream.send({ progress_request: {} });
      expect(bodyOf(await stream.receive())).toEqual({ created: true });
      expect(await events(stream, 300)).toHaveLength(300);
      stream.send({ progress_request: {} });
      expect(bodyOf(await stream.receive())).toEqual({ watch_id: '-1' });
    }),
  );

  it('goes on after a message that asks for nothing', (target) =>
    withStream(target, async (stream) => {
      stream.send({});
      expect(bodyOf(await create(stream, { key: target.prefix() }))).toEqual({ created: true });
    }));
});

describeEtcd(
  'progress of quiet watches',
  (it) => {
    it('is told to those who asked for it, by id', (target, context) => {
      if (process.env.ETCD_ENDPOINT) {
        context.skip('the server given has an interval of its own');
      }
      return withStream(target, async (stream) => {
        const key = target.prefix();
        await create(stream, { key, watch_id: 3 });
        await create(stream, { key, watch_id: 4, progress_notify: true });
        const now = await target.revision();
        const report = await stream.receive();
        expect([bodyOf(report), revisionOf(report)]).toEqual([{ watch_id: '4' }, now]);
      });
    });
  },
  ['--experimental-watch-progress-notify-interval', '200ms'],
);
