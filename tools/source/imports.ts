/**
 * Takes imported names out of import declarations when nothing needs them any more.
 */

import ts from 'typescript';
import type { Edit } from './edits.ts';

const LINE_WIDTH = 100;

/**
 * What becomes of one import declaration.
 *
 * @param isNeeded - whether a name it binds is still used
 * @returns `'keep'`, `'remove'`, or the edit that leaves only the names still needed
 */
export function reduceImport(
  statement: ts.ImportDeclaration,
  isNeeded: (binding: ts.Node) => boolean,
): 'keep' | 'remove' | Edit {
  const clause = statement.importClause;
  if (clause === undefined) return 'keep';
  const named = clause.namedBindings;
  const specifiers = named && ts.isNamedImports(named) ? [...named.elements] : [];
  const keptSpecifiers = specifiers.filter(isNeeded);
  const keptDefault = clause.name !== undefined && isNeeded(clause);
  const keptNamespace = named !== undefined && ts.isNamespaceImport(named) && isNeeded(named);
  const kept = keptSpecifiers.length + Number(keptDefault) + Number(keptNamespace);
  const all = specifiers.length + Number(clause.name !== undefined);
  const total = all + Number(named !== undefined && ts.isNamespaceImport(named));
  if (kept === total) return 'keep';
  if (kept === 0) return 'remove';
  const parts = [
    ...(keptDefault && clause.name ? [clause.name.text] : []),
    ...(keptNamespace ? [named.getText()] : []),
  ];
  return rewrite(statement, clause, parts, keptSpecifiers);
}

function rewrite(
  statement: ts.ImportDeclaration,
  clause: ts.ImportClause,
  parts: readonly string[],
  specifiers: readonly ts.ImportSpecifier[],
): Edit {
  const from = ` from ${statement.moduleSpecifier.getText()};`;
  const wholeIsType = clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
  const allTypes = parts.length === 0 && specifiers.every((s) => s.isTypeOnly);
  const names = specifiers.map((s) =>
    allTypes ? s.getText().replace(/^type\s+/, '') : s.getText(),
  );
  const keyword = wholeIsType || allTypes ? 'import type ' : 'import ';
  const line = keyword + [...parts, ...braces(names, '{ ', ', ', ' }')].join(', ');
  const long = keyword + [...parts, ...braces(names, '{\n  ', ',\n  ', ',\n}')].join(', ');
  const text = (line + from).length <= LINE_WIDTH ? line + from : long + from;
  return { start: statement.getStart(), end: statement.end, text };
}

function braces(names: readonly string[], open: string, between: string, close: string): string[] {
  return names.length === 0 ? [] : [open + names.join(between) + close];
}
