/** Watches: from where, of what, bookmarks, and their end. */

import { expect } from 'vitest';
import { describeApiServer } from './target.ts';
import { fieldOf } from './wire.ts';

describeApiServer('watch', (it) => {
  it('tells what happens after a version, in order', async ({ watch, configMap, done }) => {
    const labels = { watch: 'order' };
    const before = await configMap({ metadata: { labels } });
    const watching = await watch(
      `configmaps?watch=1&labelSelector=watch%3Dorder&resourceVersion=${before.version}`,
    );
    const { name, body } = await configMap({ metadata: { labels } });
    await done('PUT', `configmaps/${name}`, { ...body, data: { k: '1' } });
    await done('DELETE', `configmaps/${name}`);
    const events = [await watching.next(), await watching.next(), await watching.next()];
    watching.end();
    expect(events.map((event) => event?.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(events.map((event) => event?.object.kind)).toEqual([
      'ConfigMap',
      'ConfigMap',
      'ConfigMap',
    ]);
    expect(events[0]?.object).toEqual(body);
    // What was deleted comes as it last was, at the version of its deletion.
    expect(events[2]?.object.data).toEqual({ k: '1' });
    const versions = events.map((event) =>
      Number(fieldOf(event?.object, 'metadata.resourceVersion')),
    );
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
  });

  it('tells what happened since a version in the past', async ({ watch, configMap, done }) => {
    const labels = { watch: 'past' };
    const first = await configMap({ metadata: { labels } });
    await done('DELETE', `configmaps/${first.name}`);
    const { name } = await configMap({ metadata: { labels } });
    const watching = await watch(
      `configmaps?watch=1&labelSelector=watch%3Dpast&resourceVersion=${first.version}`,
    );
    expect(await watching.take(2)).toEqual([`DELETED ${first.name}`, `ADDED ${name}`]);
    watching.end();
  });

  it('without a version begins with what there is', async ({ watch, configMap }) => {
    const labels = { watch: 'state' };
    const one = await configMap({ metadata: { name: 'state-1', labels } });
    const watching = await watch('configmaps?watch=1&labelSelector=watch%3Dstate');
    expect(await watching.take(1)).toEqual([`ADDED ${one.name}`]);
    await configMap({ metadata: { name: 'state-2', labels } });
    expect(await watching.take(1)).toEqual(['ADDED state-2']);
    watching.end();
  });

  it('lets objects enter and leave its selector', async ({ watch, configMap, done }) => {
    const { name, version } = await configMap();
    const watching = await watch(
      `configmaps?watch=1&labelSelector=in%3Dyes&resourceVersion=${version}`,
    );
    const put = (labels: object, data = {}) =>
      done('PUT', `configmaps/${name}`, { metadata: { name, labels }, data });
    await put({ in: 'no' });
    await put({ in: 'yes' });
    await put({ in: 'yes' }, { k: '1' });
    await put({ in: 'no' }, { k: '2' });
    const left = await done('GET', `configmaps/${name}`);
    await put({ in: 'yes' });
    await done('DELETE', `configmaps/${name}`);
    expect(await watching.take(2)).toEqual([`ADDED ${name}`, `MODIFIED ${name}`]);
    const leaving = await watching.next();
    expect(leaving?.type).toBe('DELETED');
    // As it was while it was in, at the version of the write that took it out.
    expect(leaving?.object).toMatchObject({
      metadata: { labels: { in: 'yes' }, resourceVersion: left.version },
      data: { k: '1' },
    });
    expect(await watching.take(2)).toEqual([`ADDED ${name}`, `DELETED ${name}`]);
    watching.end();
  });

  it('of one name sees only that', async ({ watch, configMap }) => {
    const { version } = await configMap();
    const watching = await watch(
      `configmaps?watch=1&fieldSelector=metadata.name%3Donly&resourceVersion=${version}`,
    );
    await configMap();
    await configMap({ metadata: { name: 'only' } });
    expect(await watching.take(1)).toEqual(['ADDED only']);
    watching.end();
  });

  it('ends after the time it was given', async ({ watch, configMap }) => {
    const { version } = await configMap();
    const begin = performance.now();
    const watching = await watch(
      `configmaps?watch=1&labelSelector=none%3Dnone&resourceVersion=${version}&timeoutSeconds=1`,
    );
    expect(await watching.rest()).toEqual([]);
    expect(performance.now() - begin).toBeGreaterThan(900);
  });

  it('sends bookmarks to those who take them only', async ({ watch, configMap }) => {
    const { version } = await configMap();
    const eventsOf = async (more: string) => {
      const path = `configmaps?watch=1&resourceVersion=${version}&timeoutSeconds=1${more}`;
      return (await watch(path)).rest();
    };
    expect(await eventsOf('')).toEqual([]);
    // Whether and when there are any is the server's to decide.
    for (const { type, object } of await eventsOf('&allowWatchBookmarks=true')) {
      expect(type).toBe('BOOKMARK');
      expect(object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
      expect(fieldOf(object, 'metadata')).not.toHaveProperty('name');
    }
  });

  it('begins with the state and says where that ends, when asked to', async (target, context) => {
    const { ask, watch, configMap } = target;
    const { name } = await configMap({ metadata: { labels: { watch: 'initial' } } });
    const path = `configmaps?watch=1&labelSelector=watch%3Dinitial&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
    const answer = await ask('GET', `${path}&timeoutSeconds=1`);
    if (answer.status === 422) {
      console.warn('SKIPPED sendInitialEvents: the server has the feature WatchList turned off');
      context.skip('WatchList is off');
    }
    const watching = await watch(path);
    expect(await watching.take(1)).toEqual([`ADDED ${name}`]);
    const bookmark = await watching.next();
    expect(bookmark).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    watching.end();
  });

  it('comes as a table to who asks for one', async ({ watch, configMap }) => {
    const { name } = await configMap({ metadata: { labels: { watch: 'table' } } });
    const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1,application/json';
    const watching = await watch('configmaps?watch=1&labelSelector=watch%3Dtable', {
      headers: { accept },
    });
    expect(await watching.next()).toMatchObject({
      type: 'ADDED',
      object: {
        kind: 'Table',
        columnDefinitions: [{ name: 'Name' }, {}, {}],
        rows: [{ cells: [name, 0, expect.any(String)] }],
      },
    });
    watching.end();
  });

  it('of a version that is long gone is told so', async ({ ask, watch }) => {
    const answer = await ask('GET', 'configmaps?watch=1&resourceVersion=1&timeoutSeconds=1');
    if (answer.status === 410) {
      expect(answer.body).toMatchObject({ code: 410, reason: 'Expired' });
      return;
    }
    // Servers whose history still goes that far back begin there; others say it in an event.
    const first = await (
      await watch('configmaps?watch=1&resourceVersion=1&timeoutSeconds=1')
    ).next();
    if (first?.type === 'ERROR')
      expect(first.object).toMatchObject({ code: 410, reason: 'Expired' });
    else expect(['ADDED', 'MODIFIED', 'DELETED', undefined]).toContain(first?.type);
  });
});
