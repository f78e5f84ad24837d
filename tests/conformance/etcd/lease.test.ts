/** Leases over the wire. */

import { expect } from 'vitest';
import { bodyOf, describeEtcd, endOf, revisionOf } from './target.ts';
import type { Message } from './wire.ts';

const notFound = { code: 'NOT_FOUND', message: 'etcdserver: requested lease not found' };

describeEtcd('lease', (it) => {
  it('is granted under an id of ours or of the server, for at least the minimum', async ({
    wire,
  }) => {
    const id = String(Math.floor(Math.random() * 2 ** 50) + 1);
    expect(bodyOf(await wire.call('Lease/LeaseGrant', { TTL: 60, ID: id }))).toEqual({
      ID: id,
      TTL: '60',
    });
    expect(await wire.attempt('Lease/LeaseGrant', { TTL: 60, ID: id })).toEqual({
      code: 'FAILED_PRECONDITION',
      message: 'etcdserver: lease already exists',
    });
    const { ID, TTL } = await wire.call('Lease/LeaseGrant', { TTL: 0 });
    expect([BigInt(String(ID)) > 0n, TTL]).toEqual([true, '2']);
    expect(await wire.attempt('Lease/LeaseGrant', { TTL: '9000000001' })).toEqual({
      code: 'OUT_OF_RANGE',
      message: 'etcdserver: too large lease TTL',
    });
  });

  it('takes an id of all 63 bits', async ({ wire, prefix }) => {
    const ID = String(2n ** 63n - 1n - BigInt(Math.floor(Math.random() * 2 ** 40)));
    const key = `${prefix()}a`;
    await wire.call('Lease/LeaseGrant', { TTL: 60, ID });
    await wire.call('KV/Put', { key, lease: ID });
    expect((await wire.call('KV/Range', { key })).kvs).toMatchObject([{ lease: ID }]);
    await wire.call('Lease/LeaseRevoke', { ID });
  });

  it('tells its time and keys', async ({ wire, prefix }) => {
    const at = prefix();
    const { ID } = await wire.call('Lease/LeaseGrant', { TTL: 60 });
    await wire.call('KV/Put', { key: `${at}b`, lease: ID });
    await wire.call('KV/Put', { key: `${at}a`, lease: ID });
    const told = await wire.call('Lease/LeaseTimeToLive', { ID, keys: true });
    expect(told).toMatchObject({ ID, grantedTTL: '60' });
    expect(['59', '60']).toContain(told.TTL);
    expect([...(told.keys as string[])].sort()).toEqual([`${at}a`, `${at}b`]);
    expect(await wire.call('Lease/LeaseTimeToLive', { ID })).not.toHaveProperty('keys');
    expect((await wire.call('Lease/LeaseLeases')).leases).toContainEqual({ ID });
  });

  it('takes its keys with it, in one revision', async (target) => {
    const { wire } = target;
    const at = target.prefix();
    const { ID } = await wire.call('Lease/LeaseGrant', { TTL: 60 });
    for (const key of ['a', 'b']) await wire.call('KV/Put', { key: at + key, lease: ID });
    const before = await target.revision();
    const response = await wire.call('Lease/LeaseRevoke', { ID });
    expect([bodyOf(response), revisionOf(response)]).toEqual([{}, before + 1]);
    expect(bodyOf(await wire.call('KV/Range', { key: at, range_end: endOf(at) }))).toEqual({});
    expect(await wire.attempt('Lease/LeaseRevoke', { ID })).toEqual(notFound);
    expect(bodyOf(await wire.call('Lease/LeaseTimeToLive', { ID, keys: true }))).toEqual({
      ID,
      TTL: '-1',
    });
  });

  it('is kept alive on a stream that ends when the client has said all', async ({ wire }) => {
    const { ID } = await wire.call('Lease/LeaseGrant', { TTL: 30 });
    const stream = wire.open('Lease/LeaseKeepAlive');
    stream.send({ ID });
    expect(bodyOf(await stream.receive())).toEqual({ ID, TTL: '30' });
    stream.send({ ID: '4242' });
    expect(bodyOf(await stream.receive())).toEqual({ ID: '4242' });
    stream.end();
    expect(await stream.next()).toEqual({ code: 'OK', message: '' });
  });

  it('runs out, and watchers of its keys hear of it', async ({ wire, prefix }) => {
    const at = prefix();
    const { ID } = await wire.call('Lease/LeaseGrant', { TTL: 2 });
    for (const key of ['a', 'b']) await wire.call('KV/Put', { key: at + key, lease: ID });
    const stream = wire.open('Watch/Watch');
    stream.send({ create_request: { key: at, range_end: endOf(at) } });
    await stream.receive();
    const { events } = await stream.receive();
    stream.cancel();
    const told = (events as Message[]).map(({ type, kv }) => [type, (kv as Message).key]);
    expect(told.sort()).toEqual([
      ['DELETE', `${at}a`],
      ['DELETE', `${at}b`],
    ]);
  });

  it('is left when a key is put without it', async ({ wire, prefix }) => {
    const key = `${prefix()}a`;
    const { ID } = await wire.call('Lease/LeaseGrant', { TTL: 60 });
    await wire.call('KV/Put', { key, lease: ID });
    await wire.call('KV/Put', { key, value: '2' });
    await wire.call('Lease/LeaseRevoke', { ID });
    expect((await wire.call('KV/Range', { key })).kvs).toMatchObject([{ value: '2' }]);
  });
});
