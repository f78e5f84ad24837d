/**
 * Makes everything the language provides unchangeable, so that student code cannot replace it.
 *
 * Frozen prototypes would break `this.name = 'X'` in a subclass of Error (an inherited read-only
 * property refuses assignment), so such properties become accessors that write to the object
 * itself. See `platform.ts` for which globals remain at all.
 */

/** Freezes everything reachable from the roots through properties and prototypes. */
export function freezeReachable(roots: readonly unknown[]): void {
  const seen = new Set<object>();
  const open: unknown[] = [...roots];
  while (open.length > 0) {
    const value = open.pop();
    if (!isObject(value) || seen.has(value)) continue;
    seen.add(value);
    open.push(Object.getPrototypeOf(value));
    for (const property of properties(value)) {
      open.push(property.value, property.get, property.set);
    }
  }
  for (const value of seen) lock(value);
}

function lock(value: object): void {
  if (value === Error) {
    // Node switches stack traces off and on by this property; it decides nothing.
    for (const key of Reflect.ownKeys(value)) {
      if (key !== 'stackTraceLimit') fix(value, key);
    }
    Object.preventExtensions(value);
  } else if (!ArrayBuffer.isView(value)) {
    Object.freeze(value);
  }
}

function fix(value: object, key: string | symbol): void {
  const property = Object.getOwnPropertyDescriptor(value, key);
  if (!property?.configurable) return;
  const writable = 'value' in property ? { writable: false } : {};
  Object.defineProperty(value, key, { ...property, ...writable, configurable: false });
}

/** Lets objects have own properties named as those of the frozen prototypes they inherit from. */
export function allowOverrides(): void {
  const errors = [Error, TypeError, RangeError, SyntaxError, EvalError, ReferenceError, URIError];
  const whole = [Object, Function, AggregateError, ...errors].map(
    (type) => type.prototype as object,
  );
  for (const prototype of whole) {
    for (const key of Reflect.ownKeys(prototype)) overridable(prototype, key);
  }
  const others = [Array, Map, Set, Promise, Date, RegExp, EventTarget, Event, AbortSignal];
  for (const { prototype } of others) {
    for (const key of ['constructor', 'toString', 'name']) overridable(prototype as object, key);
  }
}

function overridable(prototype: object, key: string | symbol): void {
  const property = Object.getOwnPropertyDescriptor(prototype, key);
  if (!property?.configurable || !('value' in property)) return;
  const { value, enumerable } = property;
  Object.defineProperty(prototype, key, {
    get: () => value,
    set(this: unknown, written: unknown) {
      if (!isObject(this) || this === prototype) throw new TypeError(`${String(key)} is read-only`);
      const own = { value: written, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(this, key, own);
    },
    enumerable,
    configurable: false,
  });
}

/** Objects no global names: prototypes of generators, iterators, async functions. */
export function hiddenIntrinsics(): unknown[] {
  const iterators = [[].values(), new Map().values(), new Set().values(), ''[Symbol.iterator]()];
  return [
    ...iterators,
    'a'.matchAll(/a/g),
    function* () {},
    async function* () {},
    async () => undefined,
    Object.getPrototypeOf(Uint8Array),
  ];
}

/**
 * Freezes what a module of ours exports: functions, classes with their prototypes, plain data.
 *
 * @remarks Instances keep their state; their classes do not change.
 */
export function freezeExports(exported: object): void {
  const seen = new Set<object>();
  const open: unknown[] = [exported];
  while (open.length > 0) {
    const value = open.pop();
    if (!isObject(value) || seen.has(value)) continue;
    seen.add(value);
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      // The compiler's exports are getters; what they give is what others receive.
      if (value === exported) open.push(Reflect.get(value, key));
      open.push(property?.value, property?.get, property?.set);
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    open.push(prototype);
    if (isPlain(value, prototype)) Object.freeze(value);
  }
}

function isPlain(value: object, prototype: unknown): boolean {
  if (typeof value === 'function' || Array.isArray(value)) return true;
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.hasOwn(value, 'constructor');
}

function properties(value: object): PropertyDescriptor[] {
  return Reflect.ownKeys(value).flatMap((key) => {
    const property = Object.getOwnPropertyDescriptor(value, key);
    return property ? [property] : [];
  });
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
