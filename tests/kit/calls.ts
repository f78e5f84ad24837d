/**
 * Records calls of a component's exported functions, so that tests of plain functions have steps.
 *
 * The judge puts this between a hidden test and `#component`; under Vitest tests import the
 * component itself. Unlike with `trace`, results are what the function returned, not stand-ins;
 * calls of their methods are recorded by `methods.ts`.
 */

import { followImported, isInside, recordCall, runInside, withoutSteps } from './methods.ts';
import { originalOf, standFor } from './originals.ts';
import { currentRecording, reserveNames } from './recording.ts';

type Callable = (...args: unknown[]) => unknown;

/**
 * A component's surface whose functions record that they are called.
 *
 * @param module - the name a test imports it by, for example `#etcd`
 */
export function recordCalls(module: string, surface: object): object {
  reserveNames(Object.keys(surface));
  const recorders = new Map<unknown, unknown>();
  return new Proxy(Object.freeze({}), {
    get: (_, key) => {
      const value: unknown = Reflect.get(surface, key);
      if (typeof key !== 'string') return value;
      if (typeof value !== 'function') return imported(value, key, key, module);
      if (!recorders.has(value))
        recorders.set(value, recorder(key, key, module, value as Callable));
      return recorders.get(value);
    },
    has: (_, key) => Reflect.has(surface, key),
  });
}

function recorder(text: string, name: string, module: string, target: Callable): unknown {
  const proxy: unknown = new Proxy(target, {
    apply: (_, self, args) =>
      record(
        text,
        name,
        module,
        args,
        (given) => Reflect.apply(target, originalOf(self), given),
        target,
      ),
    construct: (_, args, newTarget) => {
      const type = originalOf(newTarget) as Callable;
      const create = (given: unknown[]): unknown => Reflect.construct(target, given, type);
      return record(`new ${text}`, name, module, args, create, target) as object;
    },
    get: (_, key) => {
      const value: unknown = Reflect.get(target, key, target);
      const own = Reflect.getOwnPropertyDescriptor(target, key);
      const fixed = own?.configurable === false && own.writable === false;
      if (typeof key !== 'string' || key === 'prototype') return value;
      if (typeof value !== 'function') return imported(value, `${text}.${key}`, name, module);
      if (fixed) return value;
      const method = (...args: unknown[]): unknown =>
        record(
          `${text}.${key}`,
          name,
          module,
          args,
          (given) => Reflect.apply(value as Callable, target, given),
          value,
        );
      return method;
    },
  });
  standFor(proxy as object, target);
  return proxy;
}

/** A constant of the component is written by its name. */
function imported(value: unknown, code: string, name: string, module: string): unknown {
  if (typeof value === 'object' && value !== null) {
    followImported(value, { code, imports: { [name]: module } });
  }
  return value;
}

function record(
  text: string,
  name: string,
  module: string,
  args: readonly unknown[],
  call: (given: unknown[]) => unknown,
  parameters: unknown,
): unknown {
  const recording = currentRecording();
  const given = args.map(originalOf);
  const passed = module.endsWith('/testing') ? given.map(withUnrecordedClock) : given;
  if (recording.muted || recording.silent || isInside()) return runInside(() => call(passed));
  recording.use({ code: text, imports: { [name]: module } });
  const last = text.replace(/^new /, '').replace(/^.*\./, '');
  return recordCall({
    recording,
    callee: text,
    base: last.slice(0, 1).toLowerCase() + last.slice(1),
    args: given,
    parameters,
    call: () => runInside(() => call(passed)),
  });
}

/**
 * What serves a test (`newTestApi`) looks at its clock whenever the test asks it for something. These looks
 * are no steps: there would be more of them than of anything else.
 */
function withUnrecordedClock(given: unknown): unknown {
  const { clock } = (given ?? {}) as { readonly clock?: unknown };
  if (typeof clock !== 'object' || clock === null) return given;
  return { ...(given as object), clock: withoutSteps(clock) };
}
