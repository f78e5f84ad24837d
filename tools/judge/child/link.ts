/**
 * Puts compiled modules together: a `require` with a small table, and nothing else behind it.
 *
 * A file that does not compile, or throws while loading, does not take the component with it: what
 * it exports throws when used, as a stub does, so exercises that do not need it are graded.
 */

import { compileFunction } from 'node:vm';
import type { Module } from '../protocol.ts';
import { freezeExports } from './freeze.ts';

/** What linking needs to know. */
export interface LinkOptions {
  readonly modules: readonly Module[];
  /** `#etcd` to a module's key. */
  readonly surfaces: Readonly<Record<string, string>>;
  /** Packages and modules that are there already, by the name they are imported by. */
  readonly provided: ReadonlyMap<string, object>;
  /** Names and values given to compiled code as globals. */
  readonly names: readonly string[];
  readonly values: readonly unknown[];
  /** Told once for each file that could not be loaded. */
  /** Sees what a module that is not the student's exports before it is frozen. */
  readonly beforeFreezing?: (exported: object) => void;
  readonly onBroken: (module: Module, thrown: unknown) => void;
}

const NODE_MODULE = /^node:/;

/** The modules of one child. */
export class Linker {
  private readonly options: LinkOptions;
  private readonly byKey: Map<string, Module>;
  private readonly loaded = new Map<string, { exports: object }>();

  constructor(options: LinkOptions) {
    this.options = options;
    this.byKey = new Map(options.modules.map((module) => [module.key, module]));
  }

  /** What `import … from '#etcd'` gives. */
  surface(name: string): object {
    const key = this.options.surfaces[name];
    if (key === undefined) throw new Error(`there is no component ${name}`);
    return this.load(key);
  }

  /**
   * Evaluates a text as a module that may import components and what is provided to tests.
   *
   * @param extra - modules only this one may import
   * @param shown - what it gets for a component's surface
   */
  evaluateTest(
    code: string,
    file: string,
    extra: ReadonlyMap<string, object>,
    shown: (name: string, surface: object) => object,
  ): void {
    const require = (name: string): object => {
      const found = extra.get(name) ?? this.resolve(name, undefined);
      return this.options.surfaces[name] === undefined ? found : shown(name, found);
    };
    this.evaluate(code, file, { exports: {} }, require);
  }

  private load(key: string): object {
    const known = this.loaded.get(key);
    if (known) return known.exports;
    const module = this.byKey.get(key);
    if (!module) throw new Error(`there is no file ${key}`);
    const holder = { exports: {} };
    this.loaded.set(key, holder);
    try {
      if (module.code === undefined) throw new Error(module.error ?? 'it was not compiled');
      this.evaluate(module.code, module.file, holder, (name) => this.resolve(name, module));
    } catch (thrown) {
      holder.exports = brokenExports(module, thrown);
      this.options.onBroken(module, thrown);
    }
    if (!module.mine) {
      this.options.beforeFreezing?.(holder.exports);
      freezeExports(holder.exports);
    }
    return holder.exports;
  }

  private evaluate(
    code: string,
    file: string,
    holder: { exports: object },
    require: (name: string) => object,
  ): void {
    const { names, values } = this.options;
    // No importModuleDynamically: `import()` in this text is refused.
    const run = compileFunction(
      `"use strict";${code}`,
      ['exports', 'require', 'module', ...names],
      {
        filename: file,
      },
    );
    Reflect.apply(run, undefined, [holder.exports, Object.freeze(require), holder, ...values]);
  }

  private resolve(name: string, from: Module | undefined): object {
    const provided = this.options.provided.get(name);
    if (provided) return provided;
    if (name.startsWith('#') && this.options.surfaces[name]) return this.surface(name);
    if (name.startsWith('.') && from) {
      const key = joinKey(from.key, name);
      if (this.byKey.has(key)) return this.load(key);
      throw new Error(`${from.file} imports ${name}, which is not a file of its chapter`);
    }
    if (NODE_MODULE.test(name)) return absentModule(name);
    throw new Error(
      `${from?.file ?? 'the test'} imports ${name}, which a component cannot have when it is graded`,
    );
  }
}

/**
 * `./x.ts` seen from `etcd/grpc/index.ts` is `etcd/grpc/x.ts`; so is `./x.js`, which is how a release's
 * minified files name each other, also when they are borrowed and stand among a student's.
 */
export function joinKey(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/').replace(/\.js$/, '.ts');
}

/** Stands for the exports of a file that could not be loaded: each throws when used. */
function brokenExports(module: Module, thrown: unknown): object {
  const complaint = new Error(`${module.file} could not be loaded: ${messageOf(thrown)}`);
  if (module.exercise !== undefined) {
    // As a stub of that exercise would: the exercises that need it are blocked by it.
    const about = { name: 'NotImplemented', id: module.exercise, member: module.file };
    for (const [key, value] of Object.entries(about))
      Object.defineProperty(complaint, key, { value });
  }
  return throwingExports(complaint);
}

/** Node's own modules can be imported, since given adapters do, but there is nothing in them. */
function absentModule(name: string): object {
  return throwingExports(new Error(`${name} is not available to a component when it is graded`));
}

function throwingExports(complaint: Error): object {
  const complain = new Proxy(function broken() {}, {
    apply: () => {
      throw complaint;
    },
    construct: () => {
      throw complaint;
    },
  });
  return new Proxy(Object.freeze({ __esModule: true }), {
    get: (_, key) => (key === '__esModule' ? true : key === 'then' ? undefined : complain),
    has: () => true,
  });
}

function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return 'it threw something that cannot be looked at';
  }
}
