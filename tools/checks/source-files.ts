/**
 * Finds source files and what they import. The checks' only way to read TypeScript.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { parseSource } from '../source/exercises.ts';

/** One `import … from`, `export … from` or `import(…)`. */
export interface Import {
  /** What is between the quotes. */
  readonly specifier: string;
  /** Only types: gone at run time. */
  readonly isTypeOnly: boolean;
  readonly line: number;
}

/**
 * Lists files below a folder of the repository, sorted.
 *
 * @param folder - for example `solutions`; a folder that is not there has no files
 * @param ending - for example `.ts`
 * @returns paths from the repository's top folder, with `/`
 */
export function listFiles(root: string, folder: string, ending: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.name === 'node_modules' || entry.name.startsWith('.')) return [];
      if (entry.isDirectory()) return listFiles(root, path, ending);
      return path.endsWith(ending) ? [path] : [];
    });
}

/** Reads and parses a file of the repository. */
export function readSource(root: string, path: string): ts.SourceFile {
  return parseSource(readFileSync(join(root, path), 'utf8'), path);
}

/** All imports of a file, in order. */
export function importsOf(file: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) {
      found.push({ specifier, isTypeOnly: isTypeOnly(node), line: lineOf(file, node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The line a node starts in, from 1. */
export function lineOf(file: ts.SourceFile, node: ts.Node): number {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}

function specifierOf(node: ts.Node): string | undefined {
  let specifier: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
    specifier = node.moduleSpecifier;
  else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    specifier = node.argument.literal;
  } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    specifier = node.arguments[0];
  }
  return specifier && ts.isStringLiteralLike(specifier) ? specifier.text : undefined;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  if (!ts.isImportDeclaration(node) || node.importClause === undefined) return false;
  return node.importClause.phaseModifier === ts.SyntaxKind.TypeKeyword;
}
