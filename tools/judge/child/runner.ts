/**
 * What the kit finds under the name `vitest` in a child: declare tests, then run them one by one.
 *
 * Core tests run first. Nothing here can skip, focus or repeat a test. What a test must survive
 * (waiting for ever, stray rejections) is in `patience.ts`.
 */

import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect';
import type { DeclaredTest } from '../protocol.ts';

type Body = () => unknown;

interface Scope {
  readonly name: string;
  readonly outer?: Scope;
  readonly before: Body[];
  readonly after: Body[];
}

/** A test that can be run. */
export interface Case extends DeclaredTest {
  /** Runs hooks and body; rejects when any of them throws. */
  run(): Promise<void>;
}

let scope: Scope = { name: '', before: [], after: [] };
let cases: Case[] = [];

/** Groups tests. */
export function describe(name: string, declare: () => void): void {
  const outer = scope;
  scope = {
    name: outer.name === '' ? name : `${outer.name} › ${name}`,
    outer,
    before: [],
    after: [],
  };
  declare();
  scope = outer;
}

/** Declares a test, with Vitest's arguments. */
export function it(name: string, options: { meta: { core: boolean } }, body: Body): void {
  const own = scope;
  const full = own.name === '' ? name : `${own.name} › ${name}`;
  if (cases.some((test) => test.name === full)) throw new Error(`two tests are named "${full}"`);
  cases.push({ name: full, core: options.meta.core, run: () => runCase(own, body) });
}

/** Runs before each test of the describe it stands in. */
export function beforeEach(body: Body): void {
  scope.before.push(body);
}

/** Runs after each test of the describe it stands in, also when the test failed. */
export function afterEach(body: Body): void {
  scope.after.push(body);
}

async function runCase(own: Scope, body: Body): Promise<void> {
  const scopes: Scope[] = [];
  for (let s: Scope | undefined = own; s !== undefined; s = s.outer) scopes.push(s);
  try {
    for (const s of [...scopes].reverse()) for (const hook of s.before) await hook();
    await body();
  } finally {
    for (const s of scopes) for (const hook of [...s.after].reverse()) await hook();
  }
}

/** Declares the tests of one file; an instructor's extra file has names of its own. */
export function collect(load: () => void, extra = false): Case[] {
  scope = { name: extra ? 'extra' : '', before: [], after: [] };
  cases = [];
  load();
  return [...cases.filter((test) => test.core), ...cases.filter((test) => !test.core)];
}

/** Vitest's `expect`, without anything that needs Vitest running. */
export const expect = makeExpect();

function makeExpect(): (value: unknown) => unknown {
  chai.use(JestExtend);
  chai.use(JestChaiExpect);
  chai.use(JestAsymmetricMatchers);
  const made = ((value: unknown) => new chai.Assertion(value)) as never;
  const realm = globalThis as unknown as Record<symbol, unknown>;
  Object.assign(made, chai.expect, realm[ASYMMETRIC_MATCHERS_OBJECT]);
  realm[GLOBAL_EXPECT] = made;
  setState({ assertionCalls: 0, isExpectingAssertions: false } as never, made);
  return made;
}
