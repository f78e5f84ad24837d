/** The requests of the load, encoded once. */

import {
  putRequest,
  rangeRequest,
  txnRequest,
  type WireRequestOp,
  watchRequest,
} from '../../../solutions/01-etcd/grpc/messages.ts';
import { type PreparedCall, prepareCall, prepareMessage } from './raw-connection.ts';

/** How many keys the load touches. */
export const KEYS = 1000;
const VALUE = 'v'.repeat(256);

const keyOf = (i: number) => `/bench/${String(i).padStart(8, '0')}`;
const each = (make: (i: number) => PreparedCall): PreparedCall[] =>
  Array.from({ length: KEYS }, (_, i) => make(i));

const noSides = { version: 0, createRevision: 0, modRevision: 0, value: '', lease: 0n };

function txn(success: WireRequestOp, key: string): PreparedCall {
  const compare = [{ ...noSides, key, target: 'mod', result: 'greater' } as const];
  const failure = [{ range: { key } }];
  const message = txnRequest.encode({ compare, success: [success], failure });
  return prepareCall('/etcdserverpb.KV/Txn', message);
}

/** Kinds of load with one answer each. */
export const unaryLoads = {
  put: () =>
    each((i) =>
      prepareCall('/etcdserverpb.KV/Put', putRequest.encode({ key: keyOf(i), value: VALUE })),
    ),
  'range 1': () =>
    each((i) => prepareCall('/etcdserverpb.KV/Range', rangeRequest.encode({ key: keyOf(i) }))),
  'range 100': () =>
    each((i) => {
      const request = { key: keyOf(i % (KEYS - 100)), rangeEnd: keyOf((i % (KEYS - 100)) + 100) };
      return prepareCall('/etcdserverpb.KV/Range', rangeRequest.encode(request));
    }),
  /** Half of them update a key that exists, half only read it. */
  'txn mixed': () =>
    each((i) => {
      const key = keyOf(i);
      return txn(i % 2 ? { put: { key, value: VALUE } } : { range: { key } }, key);
    }),
} as const;

export type UnaryLoad = keyof typeof unaryLoads;

/** The key that watchers watch. */
export const WATCHED_KEY = '/bench-watched';

export const watchedPut = (): PreparedCall =>
  prepareCall('/etcdserverpb.KV/Put', putRequest.encode({ key: WATCHED_KEY, value: VALUE }));

const createWatch = (): Buffer => watchRequest.encode({ create: { key: WATCHED_KEY } });

/** Opens a stream with its first watch. */
export const firstWatch = (): PreparedCall =>
  prepareCall('/etcdserverpb.Watch/Watch', createWatch(), true);

/** Adds a watch to an open stream. */
export const nextWatch = (): PreparedCall => prepareMessage(createWatch());
