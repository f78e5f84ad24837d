/**
 * What code in the grader can name: the language, a few harmless classes, a console, timers.
 *
 * Components receive time, chance and I/O from outside, so they need nothing more. Everything else
 * is deleted from the global object, and compiled code sees a `globalThis` of its own.
 */

import { format, inspect as inspectPlain } from 'node:util';
import { allowOverrides, freezeReachable, hiddenIntrinsics } from './freeze.ts';

/** Globals that stay. */
const LANGUAGE = [
  ...['Object', 'Function', 'Array', 'Number', 'parseFloat', 'parseInt', 'Infinity', 'NaN'],
  ...['undefined', 'Boolean', 'String', 'Symbol', 'Date', 'Promise', 'RegExp', 'Error'],
  ...['AggregateError', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError'],
  ...['URIError', 'JSON', 'Math', 'Intl', 'ArrayBuffer', 'Atomics', 'Uint8Array', 'Int8Array'],
  ...['Uint16Array', 'Int16Array', 'Uint32Array', 'Int32Array', 'Float32Array', 'Float64Array'],
  ...['Uint8ClampedArray', 'BigUint64Array', 'BigInt64Array', 'DataView', 'Map', 'BigInt', 'Set'],
  ...['WeakMap', 'WeakSet', 'WeakRef', 'FinalizationRegistry', 'Proxy', 'Reflect', 'Iterator'],
  ...['decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'escape', 'unescape'],
  ...['isFinite', 'isNaN', 'SharedArrayBuffer', 'Float16Array', 'SuppressedError'],
  ...['DisposableStack', 'AsyncDisposableStack', 'eval'],
];
const HARMLESS = [
  ...['AbortController', 'AbortSignal', 'Event', 'EventTarget', 'TextEncoder', 'TextDecoder'],
  ...['URL', 'URLSearchParams', 'structuredClone', 'atob', 'btoa', 'DOMException'],
  ...['ReadableStream', 'WritableStream', 'TransformStream', 'TextDecoderStream'],
  ...['TextEncoderStream'],
];
/** Classes that Node loads much for; only where some code names them. */
const FETCH = ['Headers', 'Request', 'Response', 'Blob'];

const MAX_OUTPUT = 4_000;

/** What the judge's side of the child keeps in hand. */
export interface Platform {
  /** Names and values that compiled code gets as if they were globals. */
  readonly names: readonly string[];
  readonly values: readonly unknown[];
  /** Ends a test's timers and returns what it printed. */
  endTest(): string;
}

/**
 * Takes the platform away; after this only what is captured can reach it.
 *
 * @param codes - the texts to be linked
 */
export function lockPlatform(codes: readonly string[]): Platform {
  const fetches = codes.some((code) => /\b(Headers|Request|Response|Blob)\b/.test(code));
  const keptNames = [...LANGUAGE, ...HARMLESS, ...(fetches ? FETCH : [])];
  const printed = new Printed();
  const timers = new Timers();
  const offered: Record<string, unknown> = {
    console: printed.console(),
    process: processStandIn(),
    ...timers.functions(),
  };
  const kept = keptGlobals(keptNames);
  allowOverrides();
  tameBuffer();
  freezeReachable([
    Buffer,
    ...Object.values(kept),
    ...hiddenIntrinsics(),
    ...Object.values(offered),
  ]);
  const forgotten = forgetGlobals(keptNames);
  const own: Record<string, unknown> = { ...kept, ...offered };
  own.globalThis = own;
  Object.freeze(own);
  // A name that was deleted may come back when Node loads a part of itself late: it stays hidden.
  const hidden = forgotten.filter((name) => !(name in own));
  const names = [...Object.keys(offered), 'globalThis', ...hidden];
  return {
    names,
    values: [...Object.values(offered), own, ...hidden.map(() => undefined)],
    endTest: () => {
      timers.clear();
      return printed.take();
    },
  };
}

function keptGlobals(names: readonly string[]): Record<string, unknown> {
  const realm = realGlobal();
  return Object.fromEntries(
    names.flatMap((name) => (name in realm ? [[name, Reflect.get(realm, name)]] : [])),
  );
}

/** The build puts an object that inherits from the global one in `globalThis`'s place. */
function realGlobal(): object {
  let object: object = globalThis;
  while (!Object.hasOwn(object, 'Object')) object = Object.getPrototypeOf(object) as object;
  return object;
}

/** Node itself still looks these up by name; what is graded does not see them. */
const NEEDED_BY_NODE = new Set<string | symbol>(['WebAssembly', 'Buffer', 'queueMicrotask']);

/** Bytes that were used before, for whatever, are not given out. */
function tameBuffer(): void {
  const { alloc } = Buffer;
  const replace = { value: alloc, writable: false, configurable: false };
  for (const name of ['allocUnsafe', 'allocUnsafeSlow'])
    Object.defineProperty(Buffer, name, replace);
  Buffer.poolSize = 0;
}

/** Deletes all other globals; returns their names. */
function forgetGlobals(keptNames: readonly string[]): string[] {
  const realm = realGlobal();
  const kept = new Set<string | symbol>([...keptNames, 'globalThis']);
  const names = Reflect.ownKeys(realm).filter((key) => !kept.has(key));
  for (const key of names) {
    if (!NEEDED_BY_NODE.has(key)) Reflect.deleteProperty(realm, key);
  }
  for (const key of kept) {
    const property = Object.getOwnPropertyDescriptor(realm, key);
    if (property?.configurable) {
      const value: unknown = Reflect.get(realm, key);
      const { enumerable } = property;
      Object.defineProperty(realm, key, {
        value,
        enumerable,
        writable: false,
        configurable: false,
      });
    }
  }
  Object.preventExtensions(realm);
  return names.filter((key) => typeof key === 'string');
}

/** Leaving the process is a failure with a name. */
function processStandIn(): object {
  const leave = (name: string) => (): never => {
    throw new Error(`called process.${name}(): a component never ends the process it runs in`);
  };
  const names = ['exit', 'reallyExit', 'abort', 'kill', 'emit', 'on', 'once', 'chdir'];
  const refused = Object.fromEntries(names.map((name) => [name, leave(name)]));
  return { ...refused, env: {}, argv: [], platform: 'grader', versions: {}, execArgv: [] };
}

/** A console that keeps the first few thousand characters of each test. */
class Printed {
  private text = '';

  console(): object {
    const print = (...values: unknown[]): void => {
      if (this.text.length >= MAX_OUTPUT) return;
      this.text += `${format(...values.map(printable)).slice(0, MAX_OUTPUT)}\n`;
    };
    const names = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'];
    const silent = ['assert', 'group', 'groupEnd', 'time', 'timeEnd', 'timeLog', 'count'];
    return Object.fromEntries([
      ...names.map((name) => [name, print]),
      ...silent.map((name) => [name, () => undefined]),
    ]);
  }

  take(): string {
    const text = this.text.slice(0, MAX_OUTPUT);
    this.text = '';
    return text;
  }
}

/** What a person sees of a value: not what the value says of itself. */
function printable(value: unknown): unknown {
  return isPrimitive(value) ? value : inspectPlain(value, { customInspect: false, depth: 4 });
}

function isPrimitive(value: unknown): boolean {
  return (typeof value !== 'object' && typeof value !== 'function') || value === null;
}

/** Timers by number: Node's own timer objects lead to each other, and so to the runner's. */
class Timers {
  private readonly started = new Map<number, () => void>();
  private last = 0;
  private readonly timeout = setTimeout;
  private readonly interval = setInterval;
  private readonly immediate = setImmediate;
  private readonly stop = clearTimeout;
  private readonly stopImmediate = clearImmediate;
  private readonly microtask = queueMicrotask;

  functions(): Record<string, unknown> {
    const clear = (id: unknown): void => this.clearOne(Number(id));
    return {
      setTimeout: (run: () => void, ms?: number) => this.start(run, (f) => this.after(f, ms)),
      setInterval: (run: () => void, ms?: number) =>
        this.start(run, (f) => this.every(f, ms), true),
      setImmediate: (run: () => void) => this.start(run, (f) => this.soon(f)),
      queueMicrotask: (run: () => void) => this.microtask.call(undefined, () => run()),
      clearTimeout: clear,
      clearInterval: clear,
      clearImmediate: clear,
    };
  }

  clear(): void {
    for (const id of [...this.started.keys()]) this.clearOne(id);
  }

  private start(run: () => void, begin: (run: () => void) => () => void, keeps = false): number {
    if (this.started.size > 100_000) throw new Error('too many timers');
    const id = ++this.last;
    const once = (): void => {
      if (!keeps) this.started.delete(id);
      run();
    };
    this.started.set(id, begin(once));
    return id;
  }

  private clearOne(id: number): void {
    this.started.get(id)?.();
    this.started.delete(id);
  }

  private after(run: () => void, ms: number | undefined): () => void {
    const { timeout, stop } = this;
    const timer = timeout(run, ms);
    return () => stop(timer);
  }

  private every(run: () => void, ms: number | undefined): () => void {
    const { interval, stop } = this;
    const timer = interval(run, ms);
    return () => stop(timer);
  }

  private soon(run: () => void): () => void {
    const { immediate, stopImmediate } = this;
    const timer = immediate(run);
    return () => stopImmediate(timer);
  }
}
