/**
 * Records calls of a component's exported functions, so that tests of plain functions have steps.
 *
 * The judge puts this between a hidden test and `#component`; under Vitest tests import the
 * component itself. Unlike with `trace`, results are what the function returned, not stand-ins.
 */

import { originalOf, standFor } from './originals.ts';
import { currentRecording } from './recording.ts';
import { literal } from './render.ts';

type Callable = (...args: unknown[]) => unknown;

/**
 * A component's surface whose functions record that they are called.
 *
 * @param module - the name a test imports it by, for example `#etcd`
 */
export function recordCalls(module: string, surface: object): object {
  const recorders = new Map<unknown, unknown>();
  return new Proxy(Object.freeze({}), {
    get: (_, key) => {
      const value: unknown = Reflect.get(surface, key);
      if (typeof value !== 'function' || typeof key !== 'string') return value;
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
      record(text, name, module, args, (given) => Reflect.apply(target, originalOf(self), given)),
    construct: (_, args, newTarget) => {
      const type = originalOf(newTarget) as Callable;
      const create = (given: unknown[]): unknown => Reflect.construct(target, given, type);
      return record(`new ${text}`, name, module, args, create) as object;
    },
    get: (_, key) => {
      const value: unknown = Reflect.get(target, key, target);
      const own = Reflect.getOwnPropertyDescriptor(target, key);
      const fixed = own?.configurable === false && own.writable === false;
      if (typeof value !== 'function' || typeof key !== 'string' || fixed) return value;
      const method = (...args: unknown[]): unknown =>
        record(`${text}.${key}`, name, module, args, (given) =>
          Reflect.apply(value as Callable, target, given),
        );
      return method;
    },
  });
  standFor(proxy as object, target);
  return proxy;
}

function record(
  text: string,
  name: string,
  module: string,
  args: readonly unknown[],
  call: (given: unknown[]) => unknown,
): unknown {
  const recording = currentRecording();
  const given = args.map(originalOf);
  if (recording.muted) return call(given);
  recording.use({ code: text, imports: { [name]: module } });
  const step = recording.add(
    `${text}(${given.map((item) => literal(item, recording.nameOf)).join(', ')})`,
  );
  const result = call(given);
  if (result instanceof Promise) {
    const settled = (): void => {
      if (recording.steps.at(-1) === step) step.awaited = true;
    };
    result.then(settled, settled);
  } else if (typeof result === 'object' && result !== null) {
    const base = text.replace(/^new /, '').replace(/^.*\./, '');
    recording.nameResult(result, step, base.slice(0, 1).toLowerCase() + base.slice(1));
  }
  return result;
}
