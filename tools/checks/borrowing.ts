/**
 * Check: each exercise can be borrowed alone.
 *
 * `borrow` puts an exercise's files of the reference among a student's stubs. So they may import
 * only what the stubs of other files still export: an `@internal` export that left with its users'
 * bodies must belong to the same exercise (`files` in `chapter.json`).
 */

import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';
import { isExported } from '../source/reachability.ts';
import { type Chapter, type Exercise, readSyllabus } from '../syllabus.ts';
import type { Check } from './check.ts';
import { lineOf, readSource } from './source-files.ts';

/** Fails when a borrowed file would import something the stubs do not have. */
export const borrowing: Check = {
  name: 'borrowing',
  run: (root) =>
    readSyllabus(root).flatMap((chapter) =>
      chapter.exercises.flatMap((exercise) => problemsOf(root, chapter, exercise)),
    ),
};

function problemsOf(root: string, chapter: Chapter, exercise: Exercise): string[] {
  const own = new Set(exercise.files);
  return exercise.files.flatMap((name) => {
    const path = `solutions/${chapter.id}/${name}`;
    if (!existsSync(join(root, path))) return [];
    const file = readSource(root, path);
    return relativeImports(file, name)
      .filter(({ target }) => !own.has(target))
      .flatMap(({ target, names, line }) => {
        const lacking = missingExports(root, `chapters/${chapter.id}/${target}`, names);
        const list = lacking.join(', ');
        return lacking.length === 0
          ? []
          : [`${path}:${line}: borrowed alone, ${exercise.id} lacks ${list} of ${target}`];
      });
  });
}

interface RelativeImport {
  /** The file imported, from the chapter's folder. */
  readonly target: string;
  readonly names: readonly string[];
  readonly line: number;
}

function relativeImports(file: ts.SourceFile, name: string): RelativeImport[] {
  return file.statements.filter(ts.isImportDeclaration).flatMap((statement) => {
    const { moduleSpecifier, importClause } = statement;
    if (!ts.isStringLiteral(moduleSpecifier) || !moduleSpecifier.text.startsWith('.')) return [];
    const bindings = importClause?.namedBindings;
    const specifiers = bindings && ts.isNamedImports(bindings) ? bindings.elements : [];
    const target = posix.join(posix.dirname(name), moduleSpecifier.text);
    const names = specifiers.map((s) => (s.propertyName ?? s.name).text);
    return [{ target, names, line: lineOf(file, statement) }];
  });
}

function missingExports(root: string, path: string, names: readonly string[]): readonly string[] {
  if (!existsSync(join(root, path))) return names;
  const exported = exportsOf(readSource(root, path));
  return names.filter((name) => !exported.has(name));
}

/** The names a file exports, re-exports included. */
export function exportsOf(file: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  for (const statement of file.statements) {
    if (!isExported(statement)) continue;
    for (const name of namesOf(statement)) names.add(name);
  }
  return names;
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause;
    return clause && ts.isNamedExports(clause) ? clause.elements.map((e) => e.name.text) : [];
  }
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((d) => d.name.getText());
  }
  const named =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return named && statement.name ? [statement.name.text] : [];
}
