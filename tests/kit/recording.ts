/**
 * The steps a test has done so far.
 *
 * One recording per run of a test's body; `trace.ts`, `calls.ts` and `methods.ts` write into it,
 * `cases.ts` starts it and reads it when the test fails. `repro-file.ts` makes a file of it.
 */

import { isData, literal } from './render.ts';
import { reproFile } from './repro-file.ts';

const MAX_STEPS = 2_000;
const MAX_HEARD = 300;

/** Where the text of a traced creation comes from. */
export interface Source {
  /** The text of what `create` returns, for example `new Store()`. */
  readonly code: string;
  /** The names in it that are imported, each with its module: `{ Store: '#etcd' }`. */
  readonly imports: Readonly<Record<string, string>>;
}

/** An object or array a test passed as an argument; it gets a name when one literal cannot stand for it. */
interface Given {
  readonly object: object;
  /** How it looked when it was first passed. */
  readonly text: string;
  /** How it looked when the last call with it returned. */
  now: string;
  readonly base: string;
  /** The step it was first passed in. */
  readonly first: Step;
  variable?: string;
}

/** One call a test made. */
export interface Step {
  /** The call without a leading `const x =` or `await`; arguments may get names later. */
  readonly parts: (string | Given)[];
  /** The variable that holds its result, when a later step uses it. */
  variable?: string;
  /** Whether its promise was settled before the next step: then the file awaits it. */
  awaited: boolean;
}

/** A step as it is known now; the same place is told again when more is known of it. */
export interface HeardStep {
  /** Which step it is, counted from 0. */
  readonly at: number;
  /** Its lines of TypeScript. */
  readonly lines: readonly string[];
  /** What it needs from components, by name. */
  readonly imports: Readonly<Record<string, string>>;
}

/** Hears each step as it begins; a test that never ends is told by what was heard. */
export type StepListener = (step: HeardStep) => void;

/** The steps of one run of one test. */
export class Recording {
  private readonly listener: StepListener | undefined;

  readonly steps: Step[] = [];
  private readonly imports = new Map<string, string>();
  private readonly names = new Map<string, number>();
  private readonly variables = new WeakMap<object, string>();
  private readonly results = new WeakMap<object, { step: Step; base: string }>();
  private readonly parts = new WeakMap<object, { whole: object; key: string }>();
  private readonly imported = new WeakMap<object, Source>();
  private readonly given = new WeakMap<object, Given>();
  private readonly followed = new WeakSet<object>();
  private readonly heard: string[] = [];
  private left = 0;
  private lookedAt: { readonly code: string; readonly steps: number } | undefined;
  /** While true, calls of exported functions are not steps: they are inside one. */
  muted = false;
  /** Nothing is written down: one of the many runs of a property, which are repeated when they fail. */
  readonly silent: boolean;

  constructor(listener?: StepListener, silent = false) {
    this.listener = listener;
    this.silent = silent;
  }

  /** Notes a step that is known as text. */
  add(code: string): Step {
    return this.note([code]);
  }

  /**
   * Notes a call; beyond a few thousand only the number is kept.
   *
   * @param callee - `store.put`, or `new Store`
   * @param args - what it is called with
   * @param parameter - a name for the argument at this place, should it need one
   */
  addCall(callee: string, args: readonly unknown[], parameter: (at: number) => string): Step {
    const step = this.note([]);
    if (this.silent) return step;
    step.parts.push(`${callee}(`);
    for (const [i, arg] of args.entries()) {
      step.parts.push(...(i > 0 ? [', '] : []), this.argument(arg, step, parameter(i)));
    }
    step.parts.push(')');
    this.tell();
    return step;
  }

  /** Looks at the arguments again once a call has returned: what it changed gets a name. */
  returned(step: Step): void {
    for (const part of step.parts) {
      if (typeof part === 'string') continue;
      const now = literal(part.object, this.nameOf);
      if (now === part.now) continue;
      part.now = now;
      this.nameGiven(part);
    }
  }

  /** Notes what a creation's text imports. */
  use(source: Source): void {
    for (const [name, module] of Object.entries(source.imports)) this.imports.set(name, module);
  }

  /** Chooses a variable name: `store`, then `store2`; with `always` also the first is numbered. */
  claim(name: string, always = false): string {
    const taken = (this.names.get(name) ?? 0) + 1;
    this.names.set(name, taken);
    return taken === 1 && !always && !reserved.has(name) ? name : `${name}${taken}`;
  }

  /** Remembers which variable holds an object. */
  nameObject(value: object, variable: string): void {
    this.variables.set(value, variable);
  }

  /** Remembers which step an object came from; it gets a variable only if a later step uses it. */
  nameResult(value: object, step: Step, base: string): void {
    if (!this.results.has(value)) this.results.set(value, { step, base });
  }

  /** Remembers that an object is a property of a result: its methods are called as `view1.keys.get`. */
  namePart(value: object, whole: object, key: string): void {
    this.parts.set(value, { whole, key });
  }

  /** Remembers what an object that was imported is written as: `Selector.nothing`. */
  nameImported(value: object, source: Source): void {
    this.imported.set(value, source);
  }

  /** Notes that calls of this object's methods are steps. */
  follow(value: object): void {
    this.followed.add(value);
  }

  /** Notes that calls of this object's methods are steps no more. */
  unfollow(value: object): void {
    this.followed.delete(value);
  }

  /** Whether calls of this object's methods are steps. */
  follows(value: object): boolean {
    return this.followed.has(value);
  }

  /** The variable that holds an object, when one does. */
  readonly nameOf = (value: object): string | undefined => {
    const imported = this.imported.get(value);
    if (imported) {
      this.use(imported);
      return imported.code;
    }
    const known = this.variables.get(value);
    const result = known === undefined ? this.results.get(value) : undefined;
    if (!result) return known ?? this.nameOfPart(value);
    result.step.variable ??= this.claim(result.base, true);
    this.variables.set(value, result.step.variable);
    return result.step.variable;
  };

  private nameOfPart(value: object): string | undefined {
    const part = this.parts.get(value);
    const whole = part && this.nameOf(part.whole);
    return whole && `${whole}.${part.key}`;
  }

  /** Notes what a test reads from an object without a call: it is shown if the next thing is a failure. */
  looksAt(code: string): void {
    this.lookedAt = { code, steps: this.steps.length };
  }

  /** Says that a comparison held: what was looked at for it is no news. */
  held(): void {
    this.lookedAt = undefined;
  }

  /** The steps as lines of TypeScript, the last one perhaps only a look. */
  lines(): string[] {
    const lines = this.steps.flatMap(linesOf);
    if (this.left > 0) return [...lines, `// and ${this.left} more steps`];
    const { lookedAt, steps } = this;
    return lookedAt?.steps === steps.length ? [...lines, `${lookedAt.code};`] : lines;
  }

  /**
   * A file that does the steps again, for a breakpoint.
   *
   * @param head - lines about the failure, written as comments at the top
   * @param tail - lines about expected and actual, written as comments at the end
   */
  asFile(head: readonly string[], tail: readonly string[]): string {
    const values = this.steps.flatMap(givenIn).flatMap((given) => given.variable ?? []);
    const imports = Object.fromEntries(this.imports);
    return reproFile({ head, tail, lines: this.lines(), imports, values });
  }

  private note(parts: (string | Given)[]): Step {
    const step: Step = { parts, awaited: false };
    if (this.silent) return step;
    if (this.steps.length < MAX_STEPS) this.steps.push(step);
    else this.left += 1;
    if (parts.length > 0) this.tell();
    return step;
  }

  private argument(arg: unknown, step: Step, base: string): string | Given {
    const text = literal(arg, this.nameOf);
    if (!isData(arg) || this.nameOf(arg) !== undefined) return text;
    const known = this.given.get(arg);
    // When it looks otherwise than it was left, the test changed it: then the old name is no use.
    if (known?.now === text) {
      this.nameGiven(known);
      return known;
    }
    const given: Given = { object: arg, text, now: text, base, first: step };
    this.given.set(arg, given);
    return given;
  }

  private nameGiven(given: Given): void {
    given.variable ??= this.claim(given.base);
  }

  /** Tells the newest step, and of the ones before it those that look otherwise by now. */
  private tell(): void {
    const { listener, steps, heard } = this;
    if (!listener || steps.length > MAX_HEARD) return;
    for (const [at, step] of steps.entries()) {
      const lines = linesOf(step);
      const text = lines.join('\n');
      if (heard[at] === text) continue;
      heard[at] = text;
      listener({ at, lines, imports: Object.fromEntries(this.imports) });
    }
  }
}

function linesOf(step: Step): string[] {
  const call = step.parts.map((part) => {
    return typeof part === 'string' ? part : (part.variable ?? part.text);
  });
  const done = `${step.awaited ? 'await ' : ''}${call.join('')};`;
  return [
    ...givenIn(step).map(({ variable, text }) => `const ${variable} = ${text};`),
    step.variable === undefined ? done : `const ${step.variable} = ${done}`,
  ];
}

/** The named arguments that are first passed in this step. */
function givenIn(step: Step): Given[] {
  const given = step.parts.flatMap((part) => (typeof part === 'string' ? [] : [part]));
  return [...new Set(given)].filter((one) => one.variable !== undefined && one.first === step);
}

/** Names that mean something else in a file of steps. */
const reserved = new Set(['bytes', 'console']);

/** Keeps variables from being called as what a component exports. */
export function reserveNames(names: readonly string[]): void {
  for (const name of names) reserved.add(name);
}

let listener: StepListener | undefined;
let current = new Recording();
let over = false;

/** Sets who hears the steps of tests; for the judge's runner. */
export function listenToSteps(heardBy: StepListener): void {
  listener = heardBy;
}

/** The recording of the test that runs now; hooks before a test's body already write into it. */
export function currentRecording(): Recording {
  if (over) startRecording();
  return current;
}

/** Says that a test has ended: what is recorded next belongs to another. */
export function endRecording(): void {
  over = true;
}

/**
 * Starts an empty recording.
 *
 * @param heard - false for the many runs of a property: they are not written down
 */
export function startRecording(heard = true): Recording {
  current = new Recording(heard ? listener : undefined, !heard);
  over = false;
  return current;
}
