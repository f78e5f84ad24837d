/**
 * Check: no test is switched off, run alone, or unable to fail.
 */

import ts from 'typescript';
import type { Check } from './check.ts';
import { lineOf, listFiles, readSource } from './source-files.ts';

const SWITCHES = new Set(['skip', 'only', 'todo', 'fails']);
const RUNNERS = new Set(['it', 'test', 'describe', 'bench']);

/** Fails on a test that is switched off or run alone, and on one that cannot fail. */
export const tests: Check = {
  name: 'tests are live',
  run: (root) =>
    [...listFiles(root, 'tests', '.test.ts'), ...listFiles(root, 'chapters', '.test.ts')].flatMap(
      (path) => problemsOfTestFile(path, readSource(root, path)),
    ),
};

/** What is wrong with one test file. `skipIf` is allowed: `npm test` names what it skipped. */
export function problemsOfTestFile(path: string, file: ts.SourceFile): string[] {
  const problems: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && SWITCHES.has(node.name.text)) {
      const runner = /^\w+/.exec(node.expression.getText(file))?.[0] ?? '';
      if (RUNNERS.has(runner)) {
        problems.push(`${path}:${lineOf(file, node)}: ${node.getText(file)} switches tests off`);
      }
    }
    if (isTestCall(file, node) && !callsSomething(node)) {
      const title = node.arguments[0]?.getText(file) ?? '';
      problems.push(`${path}:${lineOf(file, node)}: ${title} calls nothing, so it cannot fail`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return problems;
}

function isTestCall(file: ts.SourceFile, node: ts.Node): node is ts.CallExpression {
  if (!ts.isCallExpression(node) || node.arguments.length < 2) return false;
  const body = node.arguments.at(-1);
  if (body === undefined || !(ts.isArrowFunction(body) || ts.isFunctionExpression(body))) {
    return false;
  }
  return /^(it|test)(\.core)?$/.test(node.expression.getText(file));
}

/** A test that calls nothing cannot fail. */
function callsSomething(test: ts.CallExpression): boolean {
  let found = false;
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node !== test) found = true;
    ts.forEachChild(node, visit);
  };
  visit(test);
  return found;
}
