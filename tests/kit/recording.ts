/**
 * The steps a test has done so far, and the runnable file made of them.
 *
 * One recording per run of a test's body; `trace.ts` writes into it, `cases.ts` starts it and reads
 * it when the test fails.
 */

import { BYTES_DEFINITION } from './render.ts';

const MAX_STEPS = 2_000;
const MAX_HEARD = 300;

/** Where the text of a traced creation comes from. */
export interface Source {
  /** The text of what `create` returns, for example `new Store()`. */
  readonly code: string;
  /** The names in it that are imported, each with its module: `{ Store: '#etcd' }`. */
  readonly imports: Readonly<Record<string, string>>;
}

/** One call a test made. */
export interface Step {
  /** The call without a leading `const x =` or `await`. */
  readonly call: string;
  /** The variable that holds its result, when a later step uses it. */
  variable?: string;
  /** Whether its promise was settled before the next step: then the file awaits it. */
  awaited: boolean;
}

/** Hears each step as it begins; a test that never ends is told by what was heard. */
export type StepListener = (call: string) => void;

/** The steps of one run of one test. */
export class Recording {
  private readonly listener: StepListener | undefined;

  readonly steps: Step[] = [];
  private readonly imports = new Map<string, string>();
  private readonly names = new Map<string, number>();
  private readonly variables = new WeakMap<object, string>();
  private readonly results = new WeakMap<object, { step: Step; base: string }>();
  private left = 0;
  /** While true, calls of exported functions are not steps: they are inside one. */
  muted = false;

  constructor(listener?: StepListener) {
    this.listener = listener;
  }

  /** Notes a step; beyond a few thousand only the number is kept. */
  add(call: string): Step {
    const step: Step = { call, awaited: false };
    if (this.steps.length < MAX_STEPS) this.steps.push(step);
    else this.left += 1;
    if (this.listener && this.steps.length < MAX_HEARD) this.listener(call);
    return step;
  }

  /** Notes what a creation's text imports. */
  use(source: Source): void {
    for (const [name, module] of Object.entries(source.imports)) this.imports.set(name, module);
  }

  /** Chooses a variable name: `store`, then `store2`; with `always` also the first is numbered. */
  claim(name: string, always = false): string {
    const taken = (this.names.get(name) ?? 0) + 1;
    this.names.set(name, taken);
    return taken === 1 && !always ? name : `${name}${taken}`;
  }

  /** Remembers which variable holds an object. */
  nameObject(value: object, variable: string): void {
    this.variables.set(value, variable);
  }

  /** Remembers which step an object came from; it gets a variable only if a later step uses it. */
  nameResult(value: object, step: Step, base: string): void {
    this.results.set(value, { step, base });
  }

  /** The variable that holds an object, when one does. */
  readonly nameOf = (value: object): string | undefined => {
    const known = this.variables.get(value);
    const result = known === undefined ? this.results.get(value) : undefined;
    if (!result) return known;
    result.step.variable ??= this.claim(result.base, true);
    this.variables.set(value, result.step.variable);
    return result.step.variable;
  };

  /** The steps as lines of TypeScript. */
  lines(): string[] {
    const lines = this.steps.map((step) => {
      const call = `${step.awaited ? 'await ' : ''}${step.call};`;
      return step.variable === undefined ? call : `const ${step.variable} = ${call}`;
    });
    return this.left === 0 ? lines : [...lines, `// and ${this.left} more steps`];
  }

  /**
   * A file that does the steps again, for a breakpoint.
   *
   * @param head - lines about the failure, written as comments at the top
   * @param tail - lines about expected and actual, written as comments at the end
   */
  asFile(head: readonly string[], tail: readonly string[]): string {
    const comment = (line: string): string => `// ${line}`.trimEnd();
    const lines = this.lines();
    const last = lines.at(-1);
    const shown = last === undefined ? [] : [...lines.slice(0, -1), showResult(last)];
    const needsBytes = lines.some((line) => line.includes('bytes('));
    return [
      ...head.flatMap((line) => line.split('\n')).map(comment),
      '',
      ...this.importLines(),
      ...(needsBytes ? ['', BYTES_DEFINITION] : []),
      '',
      ...shown,
      '',
      ...tail.flatMap((line) => line.split('\n')).map(comment),
      '',
    ].join('\n');
  }

  private importLines(): string[] {
    const modules = new Map<string, string[]>();
    for (const [name, module] of this.imports) {
      modules.set(module, [...(modules.get(module) ?? []), name]);
    }
    return [...modules].sort().map(([module, names]) => {
      const list = names.sort().join(', ');
      return `import { ${list} } from '${module}';`;
    });
  }
}

function showResult(line: string): string {
  return line.startsWith('const ') ? line : `console.log(${line.replace(/;$/, '')});`;
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
 * @param heard - false for the many runs of a property, whose steps would be too many to hear
 */
export function startRecording(heard = true): Recording {
  current = new Recording(heard ? listener : undefined);
  over = false;
  return current;
}
