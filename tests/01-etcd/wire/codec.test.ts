/** The hand-written encoding against the general library that reads the schema as text. */

import { join } from 'node:path';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as lease from '../../../solutions/01-etcd/grpc/lease-messages.ts';
import * as maintenance from '../../../solutions/01-etcd/grpc/maintenance-messages.ts';
import * as kv from '../../../solutions/01-etcd/grpc/messages.ts';
import type { MessageType } from '../../../solutions/01-etcd/grpc/protobuf.ts';
import { readInt64, sizeOfInt64, writeInt64 } from '../../../solutions/01-etcd/grpc/varint.ts';

const schema = loadSync('rpc.proto', {
  includeDirs: [join(import.meta.dirname, '..', '..', '..', 'solutions', '01-etcd', 'grpc')],
  keepCase: true,
  longs: String,
  enums: String,
});

type General = MethodDefinition<object, object>;
const methodOf = (service: string, name: string): General =>
  (schema[`etcdserverpb.${service}`] as Record<string, General>)[name] as General;

/** Service, method, and our two message types for it. */
const methods: [string, string, MessageType<never>, MessageType<never>][] = (
  [
    ['KV', 'Range', kv.rangeRequest, kv.rangeResponse],
    ['KV', 'Put', kv.putRequest, kv.putResponse],
    ['KV', 'DeleteRange', kv.deleteRangeRequest, kv.deleteRangeResponse],
    ['KV', 'Txn', kv.txnRequest, kv.txnResponse],
    ['KV', 'Compact', kv.compactionRequest, kv.compactionResponse],
    ['Watch', 'Watch', kv.watchRequest, kv.watchResponse],
    ['Lease', 'LeaseGrant', lease.leaseGrantRequest, lease.leaseGrantResponse],
    ['Lease', 'LeaseRevoke', lease.leaseIdOnly, kv.headerOnly],
    ['Lease', 'LeaseKeepAlive', lease.leaseIdOnly, lease.leaseKeepAliveResponse],
    ['Lease', 'LeaseTimeToLive', lease.leaseTimeToLiveRequest, lease.leaseTimeToLiveResponse],
    ['Lease', 'LeaseLeases', kv.empty, lease.leaseLeasesResponse],
    ['Maintenance', 'Alarm', maintenance.alarmRequest, maintenance.alarmResponse],
    ['Maintenance', 'Status', kv.empty, maintenance.statusResponse],
    ['Maintenance', 'Hash', kv.empty, maintenance.hashResponse],
    ['Maintenance', 'HashKV', maintenance.hashKvRequest, maintenance.hashKvResponse],
    ['Maintenance', 'Snapshot', kv.empty, maintenance.snapshotResponse],
    ['Cluster', 'MemberList', kv.empty, maintenance.memberListResponse],
  ] as const
).map(([service, name, request, response]) => [
  service,
  name,
  request as MessageType<unknown> as MessageType<never>,
  response as MessageType<unknown> as MessageType<never>,
]);

const text = fc.string({
  maxLength: 200,
  unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
});
const int64 = fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n }).map(String);
const anyInt64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const anyUint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);

/** Fields of ours that keep all 64 bits. */
const wide = /^(ID|lease|cluster_id|member_id|memberID|leader)$/;

interface FieldShape {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly typeName: string;
  readonly oneofIndex?: number;
}

/** Random messages of a type of the schema. */
function arbitrary(typeName: string, scope: string, depth: number): fc.Arbitrary<object> {
  const found = schema[`${scope}.${typeName}`] ?? schema[typeName];
  const descriptor = found as unknown as { type: { field: FieldShape[]; oneofDecl: unknown[] } };
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  const choices: [string, fc.Arbitrary<unknown>][] = [];
  for (const field of descriptor.type.field) {
    // What we have no field for is passed over, as any reader of messages must.
    const value = valuesOf(field, depth);
    if (value === undefined) continue;
    const one = field.label === 'LABEL_REPEATED' ? fc.array(value, { maxLength: 3 }) : value;
    if (
      descriptor.type.oneofDecl.length > 0 &&
      field.name !== 'range_end' &&
      isChoice(field, typeName)
    ) {
      choices.push([field.name, one]);
    } else fields[field.name] = one;
  }
  const plain = fc.record(fields, { requiredKeys: [] });
  if (choices.length === 0) return plain;
  const choice = fc.oneof(...choices.map(([name, value]) => value.map((v) => ({ [name]: v }))));
  return fc.tuple(plain, choice).map(([base, chosen]) => ({ ...base, ...chosen }));
}

function isChoice(field: FieldShape, typeName: string): boolean {
  return (
    typeName !== 'Compare' ||
    /^(version|create_revision|mod_revision|value|lease)$/.test(field.name)
  );
}

function valuesOf(field: FieldShape, depth: number): fc.Arbitrary<unknown> | undefined {
  if (field.name === 'error' || field.name === 'linearizable') return undefined;
  switch (field.type) {
    case 'TYPE_BYTES':
      return text.map((value) => Buffer.from(value, 'latin1'));
    case 'TYPE_STRING':
      return fc.string({ maxLength: 50 });
    case 'TYPE_BOOL':
      return fc.boolean();
    case 'TYPE_UINT32':
      return fc.nat();
    case 'TYPE_INT64':
      return wide.test(field.name) ? anyInt64 : int64;
    case 'TYPE_UINT64':
      return wide.test(field.name) ? anyUint64 : fc.nat().map(String);
    case 'TYPE_ENUM':
      return fc.integer({ min: 0, max: (enumSizes[lastPart(field.typeName)] ?? 0) - 1 });
    default: {
      const name = lastPart(field.typeName);
      if (depth <= 0 && /Txn/.test(name)) return undefined;
      const scope = /^(KeyValue|Event)$/.test(name) ? 'mvccpb' : 'etcdserverpb';
      return arbitrary(name, scope, depth - 1);
    }
  }
}

/** How many values each enumeration of the schema has. */
const enumSizes: Readonly<Record<string, number>> = {
  ...{ SortOrder: 3, SortTarget: 5, CompareResult: 4, CompareTarget: 5 },
  ...{ FilterType: 2, EventType: 2, AlarmType: 3, AlarmAction: 3 },
};

function lastPart(typeName: string): string {
  return typeName.split('.').at(-1) ?? '';
}

function nameOf(definition: unknown): string {
  return (definition as { type: { name: string } }).type.name;
}

describe.each(methods)('%s/%s', (service, name, request, response) => {
  const general = methodOf(service, name);
  const sides = [
    ['request', request, general.requestType, general.requestSerialize, general.requestDeserialize],
    [
      'response',
      response,
      general.responseType,
      general.responseSerialize,
      general.responseDeserialize,
    ],
  ] as const;
  for (const [side, ours, type, serialize, deserialize] of sides) {
    it(`reads and writes a ${side} as the schema says`, () => {
      const messages = arbitrary(nameOf(type), 'etcdserverpb', 2);
      fc.assert(
        fc.property(messages, (message) => {
          const bytes = serialize(message);
          const decoded = ours.decode(bytes);
          const written = ours.encode(decoded);
          // The same message, whatever the order of fields and whether defaults are written.
          expect(withoutDefaults(deserialize(written))).toEqual(
            withoutDefaults(deserialize(bytes)),
          );
        }),
        { numRuns: 60, seed: 1 },
      );
    });
  }
});

/** A field that says its default says as much as one that is left out. */
function withoutDefaults(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== 'object' || value === null) return value;
  const isDefault = (one: unknown, name: string) =>
    one === '0' || one === '' || one === false || one === 0 || enumDefaults.has(`${name}=${one}`);
  const entries = Object.entries(value)
    .map(([name, one]) => [name, withoutDefaults(one)] as const)
    .filter(([name, one]) => !isDefault(one, name));
  return Object.fromEntries(entries);
}

const enumDefaults = new Set([
  ...['sort_order=NONE', 'sort_target=KEY', 'result=EQUAL', 'target=VERSION'],
  ...['type=PUT', 'alarm=NONE', 'action=GET'],
]);

describe('varint', () => {
  it('keeps every number that JavaScript can', () => {
    const numbers = fc.oneof(
      fc.maxSafeInteger(),
      fc.integer(),
      fc.constantFrom(0, -1, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 53, -(2 ** 53)),
    );
    fc.assert(
      fc.property(numbers, (value) => {
        const bytes = Buffer.alloc(12);
        const end = writeInt64(bytes, 0, value);
        expect(end).toBe(sizeOfInt64(value));
        expect(readInt64({ bytes, at: 0 })).toBe(value);
      }),
    );
  });

  it('refuses what does not end', () => {
    const bytes = Buffer.alloc(11, 0xff);
    expect(() => readInt64({ bytes, at: 0 })).toThrow('a number does not end');
    expect(() => kv.putRequest.decode(Buffer.from([0x0a, 0x05, 0x61]))).toThrow('longer');
  });
});
