/** The process that measures the store by itself: `rates SECONDS` or `memory KEYS`. */

import { Store } from '#etcd';

const keyOf = (i: number) => `/bench/${String(i).padStart(8, '0')}`;

/** A value of its own for each key, as bytes from outside would be. */
const newValue = (i: number) => Buffer.alloc(256, 97 + (i % 26)).toString('latin1');

function fill(keys: number): Store {
  const store = new Store();
  for (let i = 0; i < keys; i++) store.put({ key: keyOf(i), value: newValue(i) });
  return store;
}

/** Calls a function for some time; gives calls per second. */
function rateOf(seconds: number, run: (i: number) => void): number {
  const begin = performance.now();
  let calls = 0;
  while (performance.now() - begin < seconds * 1000) {
    for (let i = 0; i < 100; i++) run(calls++);
  }
  return Math.round(calls / ((performance.now() - begin) / 1000));
}

function rates(seconds: number): void {
  const keys = 1000;
  const store = fill(keys);
  const value = newValue(0);
  const measured: [string, number][] = [
    ['range 1', rateOf(seconds, (i) => store.range({ key: keyOf(i % keys) }))],
    [
      'range 100',
      rateOf(seconds, (i) =>
        store.range({ key: keyOf(i % 900), rangeEnd: keyOf((i % 900) + 100) }),
      ),
    ],
    ['put', rateOf(seconds, (i) => store.put({ key: keyOf(i % keys), value }))],
  ];
  console.log('in process, nothing on disk, per second');
  for (const [name, rate] of measured) console.log(`${name.padEnd(25)} ${rate}`);
}

function memory(keys: number): void {
  const store = fill(keys);
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  const held = megabytes(heapUsed + external);
  console.log(`${keys} keys of 256 bytes: ${held} held, ${megabytes(rss)} resident`);
  if (store.revision !== keys + 1) throw new Error('the store lost keys');
}

const [job, amount] = process.argv.slice(2);
if (job === 'rates') rates(Number(amount));
else memory(Number(amount));
