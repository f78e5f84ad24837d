/** A client that others wrote, the npm package etcd3, against the same server. */

import { Etcd3 } from 'etcd3';
import { expect } from 'vitest';
import { describeEtcd } from './target.ts';

describeEtcd('etcd3, a client from npm', (it) => {
  it('puts, reads, compares, watches, locks and leases', async ({ endpoint, prefix }) => {
    const client = new Etcd3({ hosts: `http://${endpoint}` });
    try {
      const space = client.namespace(prefix());
      const watcher = await space.watch().prefix('a').create();
      const seen = new Promise((resolve) =>
        watcher.once('put', (kv) => resolve(kv.value.toString())),
      );
      await space.put('a1').value('one');
      expect(await seen).toBe('one');
      await watcher.cancel();

      expect(await space.getAll().prefix('a').strings()).toEqual({ a1: 'one' });
      const outcome = await space
        .if('a1', 'Value', '==', 'one')
        .then(space.put('a2').value('two'))
        .commit();
      expect(outcome.succeeded).toBe(true);
      expect(await space.get('a2').string()).toBe('two');

      const lease = space.lease(10);
      await lease.put('leased').value('x');
      expect(await space.get('leased').string()).toBe('x');
      await lease.revoke();
      expect(await space.get('leased').string()).toBeNull();

      const locked = await space.lock('mutex').do(async () => 'done');
      expect(locked).toBe('done');
    } finally {
      client.close();
    }
  });
});
