/**
 * Records calls of methods that a test makes on what exported functions and constructors return.
 *
 * The classes' own methods are replaced by recording ones, so the test holds the object itself:
 * identity, private fields and `instanceof` are untouched. A call is a step only when the test
 * makes it, on an object it was given; see `runInside`. What is frozen is not recorded, unless
 * `recordBeforeFreezing` saw it first.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { originalOf } from './originals.ts';
import { isPlatformPrototype } from './platform.ts';
import { currentRecording, type Recording, type Source, type Step } from './recording.ts';
import { isData } from './render.ts';

type Method = (...args: unknown[]) => unknown;

/** How many recorded calls are under way: above 0 it is the component that calls, not the test. */
let depth = 0;

/** Set in all that a recorded call has begun, also what goes on after a wait. */
const begun = new AsyncLocalStorage<true>();

/**
 * Runs a recorded call. What is called meanwhile, or later by what goes on from it, is not the
 * test's step: so neither are the calls that a test's double makes when the component asks it.
 */
export function runInside<T>(call: () => T): T {
  depth += 1;
  try {
    // A property's many runs have no steps, so nobody need know who calls.
    return currentRecording().silent ? call() : begun.run(true, call);
  } finally {
    depth -= 1;
  }
}

/** The same object for somebody whose calls are never steps. */
export function withoutSteps<T extends object>(target: T): T {
  return new Proxy(target, {
    get: (_, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => runInside(() => Reflect.apply(value, target, args) as unknown);
    },
  });
}

/** Whether it is the component that runs now, or somebody it has called. */
export function isInside(): boolean {
  return depth > 0 || begun.getStore() === true;
}

/**
 * Takes note of what a recorded call returned: it can be named, and its methods' calls are steps.
 *
 * @param base - what its variable is called, without a number
 */
export function followResult(
  result: unknown,
  step: Step,
  base: string,
  recording: Recording,
): void {
  if (result instanceof Promise) followPromise(result, step, base, recording);
  else if (typeof result === 'object' && result !== null) {
    recording.nameResult(result, step, base);
    followObject(result, recording);
    followParts(result, recording);
  }
}

/** Takes note of the objects in a result that is data: of `store.view()` its `keys`, its `backend`. */
export function followParts(result: object, recording: Recording): void {
  if (!isData(result) || Array.isArray(result)) return;
  for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(result))) {
    followPart(value, result, key, recording);
  }
}

/**
 * Takes note of an object that is a property of a known one: a call of its methods is written as
 * `view1.keys.get('a')`.
 *
 * @remarks Only for as long as the test goes on without waiting: the component, too, has the object
 * and may call it in a later turn.
 */
export function followPart(value: unknown, whole: object, key: string, recording: Recording): void {
  if (recording.silent || typeof value !== 'object' || value === null || isData(value)) return;
  if (recording.follows(value) || !/^[A-Za-z_$][\w$]*$/.test(key)) return;
  recording.namePart(value, whole, key);
  followObject(value, recording);
  Promise.resolve().then(() => recording.unfollow(value));
}

/** Takes note of an object that a test imported: a constant, or a class's static one. */
export function followImported(value: object, source: Source): void {
  const recording = currentRecording();
  recording.nameImported(value, source);
  followObject(value, recording);
}

function followObject(value: object, recording: Recording): void {
  recording.follow(value);
  try {
    recordClass(value);
  } catch {
    // An object that does not let itself be looked at goes without.
  }
}

function followPromise(
  promise: Promise<unknown>,
  step: Step,
  base: string,
  recording: Recording,
): void {
  const settled = (): void => {
    // Only a promise that was there before the next step can have been awaited by the test.
    if (recording.steps.at(-1) === step) step.awaited = true;
  };
  promise.then((value) => {
    settled();
    if (step.awaited) followResult(value, step, base, recording);
  }, settled);
}

const recordedClasses = new WeakSet<object>();

/**
 * Makes a class record while it still can be changed, for objects of given code.
 *
 * @param type - what a module exports; nothing happens when it is no class
 */
export function recordBeforeFreezing(type: unknown): void {
  if (typeof type !== 'function') return;
  const prototype: unknown = Object.getOwnPropertyDescriptor(type, 'prototype')?.value;
  if (typeof prototype === 'object' && prototype !== null) recordHolders(prototype);
}

function recordClass(instance: object): void {
  if (Array.isArray(instance)) return;
  recordHolders(Object.getPrototypeOf(instance) as object | null);
}

function recordHolders(first: object | null): void {
  let holder = first;
  while (holder !== null && !isPlatformPrototype(holder) && !recordedClasses.has(holder)) {
    recordedClasses.add(holder);
    for (const key of Object.getOwnPropertyNames(holder)) recordProperty(holder, key);
    holder = Object.getPrototypeOf(holder) as object | null;
  }
}

function recordProperty(holder: object, key: string): void {
  const property = Object.getOwnPropertyDescriptor(holder, key);
  if (!property?.configurable || key === 'constructor') return;
  const { value, get, set } = property;
  if (typeof value === 'function') {
    Object.defineProperty(holder, key, { ...property, value: recorded(key, value as Method) });
  } else if (get || set) {
    Object.defineProperty(holder, key, {
      ...property,
      ...(get && { get: unrecorded(get as Method) }),
      ...(set && { set: unrecorded(set as Method) }),
    });
  }
}

/** A getter reads like data, so it is no step; nor is what it calls. */
function unrecorded(accessor: Method): Method {
  return function (this: unknown, ...args) {
    return runInside(() => Reflect.apply(accessor, this, args));
  };
}

function recorded(key: string, method: Method): Method {
  const holder = {
    [key](this: unknown, ...args: unknown[]): unknown {
      if (isInside()) return Reflect.apply(method, this, args);
      return callFromTest(this, key, method, args);
    },
  };
  const recording = holder[key] as Method;
  Object.defineProperty(recording, 'length', { value: method.length, configurable: true });
  return recording;
}

function callFromTest(
  self: unknown,
  key: string,
  method: Method,
  args: readonly unknown[],
): unknown {
  const recording = currentRecording();
  const given = args.map(originalOf);
  const call = (): unknown => runInside(() => Reflect.apply(method, self, given));
  const isStep = typeof self === 'object' && self !== null && recording.follows(self);
  if (!isStep || recording.silent || recording.muted) return call();
  const callee = `${recording.nameOf(self)}.${key}`;
  return recordCall({ recording, callee, base: key, args: given, parameters: method, call });
}

/** A call that is about to be made, and how it is written. */
export interface RecordedCall {
  readonly recording: Recording;
  /** `parse`, `new Store` or `store.put`. */
  readonly callee: string;
  /** What its result is called should it need a name. */
  readonly base: string;
  readonly args: readonly unknown[];
  /** The function whose parameters give names to arguments. */
  readonly parameters: unknown;
  readonly call: () => unknown;
}

/** Makes a call that is a step, and follows what it returns. */
export function recordCall(made: RecordedCall): unknown {
  const { recording, callee, base, args, parameters } = made;
  const step = recording.addCall(callee, args, (at) => parameterName(parameters, at));
  try {
    const result = made.call();
    followResult(result, step, base, recording);
    return result;
  } finally {
    recording.returned(step);
  }
}

/** The name a function gives to a parameter, when it can be read off its text. */
export function parameterName(target: unknown, at: number): string {
  const text = typeof target === 'function' ? Function.prototype.toString.call(target) : '';
  const list = /^[^(]*\(([^()]*)\)/.exec(constructorText(text))?.[1]?.split(',') ?? [];
  const name = /^\s*_?([A-Za-z]\w+)\s*(=|$)/.exec(list[at] ?? '')?.[1];
  return name ?? 'value';
}

/** Of a class, its constructor is what is called. */
function constructorText(text: string): string {
  if (!text.startsWith('class')) return text;
  return /\bconstructor\s*\([^)]*\)/.exec(text)?.[0] ?? '';
}
