import { describe, expect, it } from 'vitest';
import { makeStub } from '../../../tools/source/make-stub.ts';

const root = process.cwd();

/** Makes stubs of files of a component of its own; paths are below the component. */
function stubs(files: Record<string, string>): Record<string, string> {
  const sources = Object.entries(files).map(([path, text]) => [`99-sample/${path}`, text] as const);
  const made = [...makeStub(new Map(sources), root)];
  return Object.fromEntries(made.map(([path, text]) => [path.replace('99-sample/', ''), text]));
}

function stub(text: string): string | undefined {
  return stubs({ 'a.ts': text })['a.ts'];
}

describe('an exercise', () => {
  it('keeps signature and docs; its body becomes one throw line', () => {
    expect(
      stub(`/**
 * Adds.
 *
 * @exercise sample/add
 * @param a - one number
 */
export function add(a: number, b: number): number {
  // the trick
  const sum = a + b;
  return sum;
}
`),
    ).toBe(`import { NotImplemented } from '#not-implemented';

/**
 * Adds.
 *
 * @exercise sample/add
 * @param a - one number
 */
export function add(a: number, b: number): number {
  throw new NotImplemented('sample/add', 'add');
}
`);
  });

  it('may be a method, a static method, an accessor or a symbol of a class', () => {
    expect(
      stub(`export class Store {
  /** @exercise sample/range */
  range(key: string): string[] {
    return [key];
  }

  /** @exercise sample/open */
  static open(): Store {
    return new Store();
  }

  /** @exercise sample/size */
  get size(): number {
    return 1;
  }

  /** @exercise sample/size */
  set size(value: number) {
    void value;
  }

  /** @exercise sample/walk */
  *[Symbol.iterator](): Generator<number> {
    yield 1;
  }
}
`),
    ).toBe(`import { NotImplemented } from '#not-implemented';

export class Store {
  /** @exercise sample/range */
  range(key: string): string[] {
    throw new NotImplemented('sample/range', 'Store.range');
  }

  /** @exercise sample/open */
  static open(): Store {
    throw new NotImplemented('sample/open', 'Store.open');
  }

  /** @exercise sample/size */
  get size(): number {
    throw new NotImplemented('sample/size', 'Store.size');
  }

  /** @exercise sample/size */
  set size(value: number) {
    throw new NotImplemented('sample/size', 'Store.size');
  }

  /** @exercise sample/walk */
  *[Symbol.iterator](): Generator<number> {
    throw new NotImplemented('sample/walk', 'Store.[Symbol.iterator]');
  }
}
`);
  });

  it('may be an async function, a generator, an overloaded function or an arrow function', () => {
    const made = stub(`/** @exercise sample/a */
export async function a(): Promise<number> {
  return await Promise.resolve(1);
}

/** @exercise sample/b */
export async function* b(): AsyncGenerator<number> {
  yield 1;
}

/** @exercise sample/c */
export function c(x: string): string;
export function c(x: number): number;
export function c(x: string | number): string | number {
  return x;
}

/** @exercise sample/d */
export const d = (x: number): number => {
  return x;
};
`);
    expect(made).toContain(
      "export async function a(): Promise<number> {\n  throw new NotImplemented('sample/a', 'a');\n}",
    );
    expect(made).toContain(
      "async function* b(): AsyncGenerator<number> {\n  throw new NotImplemented('sample/b', 'b');\n}",
    );
    expect(made).toContain("string | number {\n  throw new NotImplemented('sample/c', 'c');\n}");
    expect(made).toContain("=> {\n  throw new NotImplemented('sample/d', 'd');\n};\n");
  });

  it('keeps the indentation of a signature over several lines', () => {
    expect(
      stub(`export class A {
  /** @exercise sample/a */
  long(
    one: string,
    { two = 2 }: { two?: number } = {},
  ): string {
    return one + two;
  }
}
`),
    ).toContain(`  ): string {
    throw new NotImplemented('sample/a', 'A.long');
  }
}
`);
  });

  it('keeps super(...) in the constructor of a derived class, and what that names', () => {
    expect(
      stub(`const PREFIX = 'at ';
const DETAIL = 'so';

export class Wrong extends Error {
  readonly at: number;

  /** @exercise sample/wrong */
  constructor(at: number) {
    super(PREFIX + at);
    this.at = at + DETAIL.length;
  }
}
`),
    ).toBe(`import { NotImplemented } from '#not-implemented';

const PREFIX = 'at ';

export class Wrong extends Error {
  readonly at: number;

  /** @exercise sample/wrong */
  constructor(at: number) {
    super(PREFIX + at);
    throw new NotImplemented('sample/wrong', 'Wrong.constructor');
  }
}
`);
  });

  it('is refused when super(...) of a derived class does not come first', () => {
    const text = `export class Wrong extends Error {
  /** @exercise sample/wrong */
  constructor(at: number) {
    const message = String(at);
    super(message);
  }
}
`;
    expect(() => stub(text)).toThrow(/a\.ts:3: .* must call super\(…\) in its first statement/);
    expect(stub(text.replace('extends Error', 'implements Named'))).toContain('NotImplemented');
  });

  it('must have an explicit return type', () => {
    expect(() =>
      stub('/** @exercise sample/a */\nexport function a() {\n  return 1;\n}\n'),
    ).toThrow(/a\.ts:2: exercise sample\/a: a needs an explicit return type/);
  });

  it('must have an id', () => {
    expect(() => stub('/** @exercise */\nexport function a(): void {\n  return;\n}\n')).toThrow(
      /a\.ts:2: @exercise needs an id/,
    );
  });

  it('may not stand on a class, a type or something nested', () => {
    for (const text of [
      '/** @exercise sample/a */\nexport class A {}\n',
      '/** @exercise sample/a */\nexport type A = string;\n',
      'export const a = {\n  /** @exercise sample/a */\n  run(): void {},\n};\n',
    ]) {
      expect(() => stub(text)).toThrow(/@exercise must stand on a top-level function/);
    }
  });

  it('says where a solution does not parse', () => {
    expect(() => stub('export function a( {\n')).toThrow(/99-sample\/a\.ts:\d+: /);
  });
});

describe('what only exercise bodies used', () => {
  it('goes, through any number of steps, with its comments', () => {
    expect(
      stub(`/**
 * The head of the file.
 */

export const KEPT = 1;

/** How many. */
const LIMIT = 3; // at most

// Why this is so.
type Step = { at: number };

/**
 * Walks.
 */
function walk(steps: Step[]): number {
  return steps.length > LIMIT ? LIMIT : count(steps);
}

function count(steps: Step[]): number {
  return steps.length;
}

/** @exercise sample/run */
export function run(): number {
  return walk([{ at: KEPT }]);
}
`),
    ).toBe(`/**
 * The head of the file.
 */

import { NotImplemented } from '#not-implemented';

export const KEPT = 1;

/** @exercise sample/run */
export function run(): number {
  throw new NotImplemented('sample/run', 'run');
}
`);
  });

  it('stays when given code or a signature uses it too', () => {
    const made = stub(`type Row = { key: string };
const FIRST = 1;
const SECOND = 2;

export function given(): number {
  return inner();
}

function inner(): number {
  return FIRST;
}

/** @exercise sample/run */
export function run(row: Row, at = SECOND): number {
  return inner() + at + row.key.length;
}
`);
    for (const kept of ['type Row', 'const FIRST', 'const SECOND', 'function inner']) {
      expect(made).toContain(kept);
    }
  });

  it('goes with the comment of its section, when nothing of the section is left', () => {
    expect(
      stub(`/** @exercise sample/run */
export function run(): number {
  return one() + two();
}

// --- helpers ---

function one(): number {
  return 1;
}

function two(): number {
  return 2;
}

// --- given ---

export function given(): number {
  return 3;
}
`),
    ).toBe(`import { NotImplemented } from '#not-implemented';

/** @exercise sample/run */
export function run(): number {
  throw new NotImplemented('sample/run', 'run');
}

// --- given ---

export function given(): number {
  return 3;
}
`);
  });

  it('leaves one blank line where several declarations went, and none at the end', () => {
    expect(
      stub(`export const a = 1;

const b = 2;

const c = 3;

/** @exercise sample/run */
export function run(): number {
  return b + c + d;
}

const d = 4;
`),
    ).toBe(`import { NotImplemented } from '#not-implemented';

export const a = 1;

/** @exercise sample/run */
export function run(): number {
  throw new NotImplemented('sample/run', 'run');
}
`);
  });

  it('does not confuse a local name with a module-level one', () => {
    const made = stub(`const limit = 3;

export function given(limit: number): number {
  return limit;
}

/** @exercise sample/run */
export function run(): number {
  return limit;
}
`);
    expect(made).not.toContain('const limit');
  });
});

describe('a class', () => {
  it('loses private members only exercises used, and says where state goes', () => {
    expect(
      stub(`/** Keeps things. */
export class Store {
  /** All there is. */
  readonly #items = new Map<string, number>();
  private total = 0;

  /** @exercise sample/put */
  put(key: string): void {
    this.#items.set(key, this.#next());
  }

  #next(): number {
    this.total += 1;
    return this.total;
  }
}
`),
    ).toBe(`import { NotImplemented } from '#not-implemented';

/** Keeps things. */
export class Store {
  // Your state goes here: fields of your own choosing.

  /** @exercise sample/put */
  put(key: string): void {
    throw new NotImplemented('sample/put', 'Store.put');
  }
}
`);
  });

  it('keeps private members that given members use', () => {
    const made = stub(`export class Store {
  #items: number[] = [];
  private shift = 1;

  size(): number {
    const { shift } = this;
    return this.#items.length + shift;
  }

  /** @exercise sample/put */
  put(key: number): void {
    this.#items.push(key + this.shift);
  }
}
`);
    expect(made).toContain('  #items: number[] = [];\n  private shift = 1;\n');
    expect(made).not.toContain('Your state goes here');
  });

  it('keeps public and protected members that are not exercises', () => {
    const made = stub(`export class Store {
  readonly name = 'store';
  protected size = 1;

  /** @exercise sample/put */
  put(): number {
    return this.size + this.name.length;
  }
}
`);
    expect(made).toContain("  readonly name = 'store';\n  protected size = 1;\n");
  });

  it('loses a member that given code only writes, with the assignment', () => {
    expect(
      stub(`export interface Clock {
  now(): number;
}

export class Lease {
  readonly #clock: Clock;
  readonly #log: string[];

  constructor(clock: Clock, log: string[]) {
    this.#clock = clock;
    this.#log = log;
  }

  lines(): string[] {
    return this.#log;
  }

  /** @exercise sample/left */
  left(): number {
    return this.#clock.now();
  }
}
`),
    ).toBe(`import { NotImplemented } from '#not-implemented';

export interface Clock {
  now(): number;
}

export class Lease {
  // Your state goes here: fields of your own choosing.
  readonly #log: string[];

  constructor(clock: Clock, log: string[]) {
    this.#log = log;
  }

  lines(): string[] {
    return this.#log;
  }

  /** @exercise sample/left */
  left(): number {
    throw new NotImplemented('sample/left', 'Lease.left');
  }
}
`);
  });

  it('loses what only the right side of a lost assignment named', () => {
    const made = stub(`function fresh(): number[] {
  return [];
}

export class A {
  #list: number[];

  constructor() {
    this.#list = fresh();
  }

  /** @exercise sample/a */
  add(n: number): void {
    this.#list.push(n);
  }
}
`);
    expect(made).not.toContain('fresh');
    expect(made).toContain('  constructor() {\n  }\n');
  });

  it('keeps an assignment to a field that given code reads', () => {
    const made = stub(`export class A {
  #list: number[];

  constructor(list: number[]) {
    this.#list = list;
  }

  size(): number {
    return this.#list.length;
  }

  /** @exercise sample/a */
  add(n: number): void {
    this.#list.push(n);
  }
}
`);
    expect(made).toContain('    this.#list = list;\n');
  });

  it('that only exercises used goes whole', () => {
    const made = stub(`class Node {
  #next: Node | undefined;
  after(): Node | undefined {
    return this.#next;
  }
}

/** @exercise sample/a */
export function a(): boolean {
  return new Node().after() === undefined;
}
`);
    expect(made).not.toContain('Node ');
    expect(made).not.toContain('#next');
  });
});

describe('imports', () => {
  it('go when nothing needs them, name by name, types too', () => {
    const made = stubs({
      'b.ts': `export const one = 1;
export const two = 2;
export interface Three {
  n: number;
}
export type Four = string;
`,
      'c.ts': 'export const five = 5;\n',
      'a.ts': `import { readFileSync } from 'node:fs';
import { five } from './c.ts';
import { type Four, one, type Three, two } from './b.ts';

export const given = one;

/** @exercise sample/a */
export function a(three: Three): number {
  const four: Four = readFileSync('x', 'utf8');
  return three.n + two + five + four.length;
}
`,
    });
    expect(made['a.ts']).toBe(`import { NotImplemented } from '#not-implemented';
import { one, type Three } from './b.ts';

export const given = one;

/** @exercise sample/a */
export function a(three: Three): number {
  throw new NotImplemented('sample/a', 'a');
}
`);
    expect(made['c.ts']).toBe('export const five = 5;\n');
  });

  it('become type imports when only types are left', () => {
    const made = stubs({
      'b.ts': 'export const one = 1;\nexport type Two = string;\n',
      'a.ts': `import { one, type Two } from './b.ts';

/** @exercise sample/a */
export function a(two: Two): number {
  return two.length + one;
}
`,
    });
    expect(made['a.ts']).toContain("import type { Two } from './b.ts';\n");
  });

  it('of a default or a namespace go and stay by themselves', () => {
    const made = stubs({
      'b.ts': 'const b = 1;\nexport default b;\nexport const c = 2;\n',
      'a.ts': `import b, { c } from './b.ts';
import * as all from './b.ts';

export const given = b;

/** @exercise sample/a */
export function a(): number {
  return c + all.c;
}
`,
    });
    expect(made['a.ts']).toContain("import b from './b.ts';\n\n");
    expect(made['a.ts']).not.toContain('all');
  });

  it('of NotImplemented stands in front of the first relative import and is there once', () => {
    const made = stubs({
      'b.ts': 'export const one = 1;\n',
      'a.ts': `/** Head. */

import { join } from 'node:path';
import { one } from './b.ts';

export const given = join(String(one));

/** @exercise sample/a */
export function a(): void {
  return;
}
`,
    });
    expect(made['a.ts']).toContain(`/** Head. */

import { join } from 'node:path';
import { NotImplemented } from '#not-implemented';
import { one } from './b.ts';

export const given`);
  });

  it('for side effects stay', () => {
    const made = stubs({
      'b.ts': 'export const one = 1;\n',
      'a.ts':
        "import './b.ts';\n\n/** @exercise sample/a */\nexport function a(): void {\n  return;\n}\n",
    });
    expect(made['a.ts']).toContain("import './b.ts';\n");
  });
});

describe('@internal', () => {
  const user = `import { helper } from './helper.ts';

/** @exercise sample/a */
export function a(): number {
  return helper();
}
`;

  it('exports that only exercise bodies used go, and a file left empty with them', () => {
    const made = stubs({
      'helper.ts': `/** The head. */

const SIZE = 3;

/** @internal */
export function helper(): number {
  return SIZE;
}
`,
      'a.ts': user,
    });
    expect(Object.keys(made)).toEqual(['a.ts']);
    expect(made['a.ts']).not.toContain('helper');
  });

  it('exports stay when given code uses them', () => {
    const helper = `/** @internal */
export function helper(): number {
  return 3;
}
`;
    const made = stubs({
      'helper.ts': helper,
      'a.ts': user,
      'main.ts': "import { helper } from './helper.ts';\n\nexport const main = helper();\n",
    });
    expect(made['helper.ts']).toBe(helper);
  });

  it('exports stay when index.ts names them', () => {
    const made = stubs({
      'helper.ts': '/** @internal */\nexport function helper(): number {\n  return 3;\n}\n',
      'index.ts': "export { helper } from './helper.ts';\n",
      'a.ts': user,
    });
    expect(made['helper.ts']).toContain('export function helper');
  });

  it('exports go from a file that keeps its other exports', () => {
    const made = stubs({
      'helper.ts': `/** @internal */
export function helper(): number {
  return 3;
}

/** Given. */
export const OTHER = 1;
`,
      'a.ts': user,
    });
    expect(made['helper.ts']).toBe('/** Given. */\nexport const OTHER = 1;\n');
  });

  it('members that only exercise bodies used go', () => {
    const made = stubs({
      'b.ts': `export class B {
  readonly size = 1;

  /** @internal */
  peek(): number {
    return this.size;
  }
}
`,
      'a.ts': `import { B } from './b.ts';

/** @exercise sample/a */
export function a(b: B): number {
  return b.peek() + new B().size;
}
`,
    });
    expect(made['b.ts']).toBe('export class B {\n  readonly size = 1;\n}\n');
  });
});

describe('other files', () => {
  it('without exercises are taken over byte for byte', () => {
    const given = `export   const odd=1
const unused = 2;
export function f() { return odd }
`;
    expect(stubs({ 'given.ts': given })['given.ts']).toBe(given);
  });

  it('that are not TypeScript are taken over, in folders too', () => {
    const files = {
      'grpc/rpc.proto': 'syntax = "proto3";\n',
      'grpc/index.ts': "export { a } from '../a.ts';\n",
      'a.ts': 'export const a = 1;\n',
    };
    expect(stubs(files)).toEqual(files);
  });
});

it('makes the same of a stub again', () => {
  const made = stub(`import { join } from 'node:path';

export class A {
  #x = 1;

  /** @exercise sample/a */
  a(): string {
    return join(String(this.#x));
  }
}
`) as string;
  expect(stub(made)).toBe(made);
});
