/**
 * `trace`: an object whose method calls are the "steps so far" of a failing test.
 *
 * `const store = trace('store', () => new Store({ clock }))`. Name it as the variable. What the
 * expression needs besides imports (here `clock`) should be traced too, so that the runnable file
 * has it. Results that have methods are traced in turn (`const watch1 = store.watch(…)`).
 */

import { followPart, followParts, isInside, parameterName, runInside } from './methods.ts';
import { originalOf, standFor } from './originals.ts';
import { isPlatformPrototype } from './platform.ts';
import { currentRecording, type Recording, type Source, type Step } from './recording.ts';

/**
 * Creates an object and records the calls of its methods.
 *
 * @param name - the variable's name in the steps
 * @param create - makes the object, or a promise of it; one expression, written as in a program
 * @param source - the text of `create`; the grader fills it in, tests never pass it
 * @returns a stand-in that behaves as the object; `expect` and traced calls see the object itself
 */
export function trace<T extends object>(name: string, create: () => T, source?: Source): T {
  const recording = currentRecording();
  const variable = recording.claim(name);
  const text = source ?? sourceOf(create);
  recording.use(text);
  const step = recording.add(text.code);
  step.variable = variable;
  const created = muted(recording, create);
  const named = (data: object): void => recording.nameObject(data, variable);
  return deliver(created, { recording, step, variable: () => variable, named }) as T;
}

function muted<T>(recording: Recording, create: () => T): T {
  recording.muted = true;
  try {
    return create();
  } finally {
    recording.muted = false;
  }
}

/** Without the grader's help the text is the compiled function's, less the compiler's additions. */
function sourceOf(create: () => unknown): Source {
  const code = String(create)
    .replace(/^(async\s*)?\(\)\s*=>\s*/, '')
    .replace(/\(0,\s*__vi_import_\d+__\.(\w+)\)/g, '$1')
    .replace(/__vi_import_\d+__\./g, '');
  return { code, imports: {} };
}

interface Delivery {
  readonly recording: Recording;
  readonly step: Step;
  /** The variable for the result, claimed only when the result needs one. */
  readonly variable: () => string;
  /** Told of a result that is data: it has a name should a later step use it. */
  readonly named: (result: object) => void;
}

/** What a test receives for the result of a recorded call. */
function deliver(result: unknown, delivery: Delivery): unknown {
  if (result instanceof Promise) {
    const arrived = result.then((value: unknown) => {
      // Only a promise that was there before the next step can have been awaited by the test.
      if (delivery.recording.steps.at(-1) === delivery.step) delivery.step.awaited = true;
      return follow(value, delivery);
    });
    return arrived;
  }
  return follow(result, delivery);
}

function follow(result: unknown, delivery: Delivery): unknown {
  if (!hasMethods(result)) {
    if (typeof result === 'object' && result !== null) {
      delivery.named(result);
      followParts(result, delivery.recording);
    }
    return result;
  }
  const known = proxies.get(result);
  if (known !== undefined && delivery.recording.nameOf(result) !== undefined) return known;
  delivery.step.variable ??= delivery.variable();
  delivery.recording.nameObject(result, delivery.step.variable);
  return standIn(result, delivery.step.variable, delivery.recording);
}

const proxies = new WeakMap<object, object>();

function standIn(target: object, variable: string, recording: Recording): object {
  const methods = new Map<unknown, unknown>();
  const read = (key: string | symbol): unknown => {
    const value: unknown = Reflect.get(target, key, target);
    if (typeof value !== 'function' || key === 'constructor') {
      if (typeof key !== 'string' || !(key in target)) return value;
      followPart(value, target, key, recording);
      recording.looksAt(`${variable}.${key}`);
      return value;
    }
    if (!methods.has(value)) methods.set(value, recorded(target, variable, key, value, recording));
    return methods.get(value);
  };
  // The proxy stands on an object of its own: a frozen target would forbid it to answer for it.
  const shadow = Object.create(Object.getPrototypeOf(target) as object | null) as object;
  const proxy = new Proxy(shadow, {
    get: (_, key) => read(key),
    set: (_, key, value) => Reflect.set(target, key, originalOf(value), target),
    has: (_, key) => Reflect.has(target, key),
    ownKeys: () => Reflect.ownKeys(target),
    getOwnPropertyDescriptor: (_, key) => {
      const found = Reflect.getOwnPropertyDescriptor(target, key);
      return found && { ...found, configurable: true };
    },
  });
  standFor(proxy, target);
  recording.nameObject(proxy, variable);
  proxies.set(target, proxy);
  return proxy;
}

function recorded(
  target: object,
  variable: string,
  key: string | symbol,
  method: unknown,
  recording: Recording,
): unknown {
  const iterates = key === Symbol.asyncIterator || key === Symbol.asyncDispose;
  if (typeof key === 'symbol' && !iterates) return (method as () => void).bind(target);
  const callee = typeof key === 'string' ? `${variable}.${key}` : `${variable}[${key.description}]`;
  return (...args: unknown[]) => {
    const given = args.map(originalOf);
    if (isInside()) return Reflect.apply(method as () => unknown, target, given);
    const step = recording.addCall(callee, given, (at) => parameterName(method, at));
    let result: unknown;
    try {
      result = runInside((): unknown => Reflect.apply(method as () => unknown, target, given));
    } finally {
      recording.returned(step);
    }
    const name = typeof key === 'string' ? key : 'iterator';
    return deliver(result, {
      recording,
      step,
      variable: () => recording.claim(name, true),
      named: (data) => recording.nameResult(data, step, name),
    });
  };
}

/** Objects a student made that can be called on; not data, not what the platform provides. */
function hasMethods(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value) || isPlatforms(value)) return false;
  if (Symbol.iterator in value) return false;
  let holder: object | null = value;
  while (holder !== null && !isPlatformPrototype(holder)) {
    for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (key !== 'constructor' && typeof property.value === 'function') return true;
    }
    holder = Object.getPrototypeOf(holder) as object | null;
  }
  return false;
}

function isPlatforms(value: object): boolean {
  if (value instanceof Error || value instanceof AbortSignal) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && isPlatformPrototype(prototype);
}
