/**
 * Runs instrumented examples, one after the other, in a process of its own, and writes what
 * became of each as JSON.
 *
 * usage: run-examples.ts OUTPUT.json EXAMPLE.ts…
 */

import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { problems } from './example-check.ts';

/** What became of one example. */
export interface ExampleResult {
  readonly problems: readonly string[];
  /** What it printed. */
  readonly printed: string;
}

const [output = '', ...examples] = process.argv.slice(2);
const results: Record<string, ExampleResult> = {};
for (const example of examples) {
  let printed = '';
  console.log = (...values: unknown[]) => {
    printed += `${format(...values)}\n`;
  };
  try {
    await import(pathToFileURL(example).href);
  } catch (error) {
    problems.push(`it threw ${error instanceof Error ? error.stack : String(error)}`);
  }
  results[example] = { problems: problems.splice(0), printed };
}
writeFileSync(output, JSON.stringify(results));
// A handout's example may leave a timer or a stream open; the next one must not wait for it.
process.exit(0);
