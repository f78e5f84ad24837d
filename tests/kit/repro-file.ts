/**
 * The runnable file that does a failing test's steps again.
 *
 * Made in the child from a whole recording, or by the judge from what was heard of a test that
 * never ended.
 */

import { BYTES_DEFINITION, testsOwnIn } from './render.ts';

/** What the file is made of. */
export interface ReproParts {
  /** Lines about the failure, written as comments at the top. */
  readonly head: readonly string[];
  /** Lines about expected and actual, written as comments at the end. */
  readonly tail: readonly string[];
  /** The steps. */
  readonly lines: readonly string[];
  /** Names the steps import, each with its module. */
  readonly imports: Readonly<Record<string, string>>;
  /** Variables to print after the last step. */
  readonly values: readonly string[];
}

/** Writes the file. */
export function reproFile({ head, tail, lines, imports, values }: ReproParts): string {
  const last = lines.at(-1);
  const shown = last === undefined ? [] : [...lines.slice(0, -1), showResult(last)];
  const needsBytes = lines.some((line) => line.includes('bytes('));
  return [
    ...comments(head),
    ...comments(aboutTestsOwn(lines)),
    '',
    ...importLines(imports),
    ...(needsBytes ? ['', BYTES_DEFINITION] : []),
    '',
    ...shown,
    ...values.map((name) => `console.log('${name} is now', ${name});`),
    '',
    ...comments(tail),
    '',
  ].join('\n');
}

/** What has to be done before the file can run. */
function aboutTestsOwn(lines: readonly string[]): string[] {
  const names = testsOwnIn(lines);
  if (names.length === 0) return [];
  return [
    '',
    `The test made these itself, and they are not in this file: ${names.join(', ')}.`,
    "Write your own where it says `the test's` before you run it. What they must do is in the",
    "exercise's doc; the handout's example session may have one to copy.",
  ];
}

function comments(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split('\n')).map((line) => `// ${line}`.trimEnd());
}

function importLines(imports: Readonly<Record<string, string>>): string[] {
  const modules = new Map<string, string[]>();
  for (const [name, module] of Object.entries(imports)) {
    modules.set(module, [...(modules.get(module) ?? []), name]);
  }
  return [...modules].sort().map(([module, names]) => {
    return `import { ${names.sort().join(', ')} } from '${module}';`;
  });
}

function showResult(line: string): string {
  if (line.startsWith('const ') || line.startsWith('//')) return line;
  return `console.log(${line.replace(/;$/, '')});`;
}
