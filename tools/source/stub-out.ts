/**
 * Empties exercise bodies in one text and leaves all else as it is.
 *
 * This is what puts one exercise back in a file a student changed, and what the gates use to take
 * one exercise out of the solution. Whole chapters come from `make-stub.ts`.
 */

import ts from 'typescript';
import { applyEdits, type Edit, indentAt, lineStart } from './edits.ts';
import { type ExerciseDeclaration, findDeclarations, parseSource, superCall } from './exercises.ts';

const IMPORT = "import { NotImplemented } from '#not-implemented';\n";

/**
 * Empties exercise bodies: each becomes `throw new NotImplemented('etcd/range', 'Store.range');`.
 *
 * @param ids - only these exercises; all when absent
 * @returns the text with the stubs and the import they need; the same text when nothing is to do
 */
export function stubOut(text: string, fileName: string, ids?: readonly string[]): string {
  return withBodies(text, fileName, ids, stubStatement);
}

/**
 * Gives exercise bodies another single statement, for example `return undefined as never;`.
 *
 * Constructors of derived classes keep their `super(…)` in front of it.
 */
export function replaceBodies(
  text: string,
  fileName: string,
  ids: readonly string[] | undefined,
  statement: string,
): string {
  return withBodies(text, fileName, ids, () => statement);
}

/**
 * Makes every exercise body begin with `$reached('etcd/range');`, on the line of its brace.
 *
 * @remarks Where {@link stubOut} and {@link replaceBodies} change a body, and nowhere else: what
 * never calls `$reached` cannot notice a body that is taken out.
 */
export function countBodies(text: string, fileName: string): string {
  const edits = findDeclarations(parseSource(text, fileName)).map(({ id, bodyRange }) => {
    const inside = bodyRange[0] + 1;
    return { start: inside, end: inside, text: ` $reached('${id}');` };
  });
  return applyEdits(text, edits);
}

function withBodies(
  text: string,
  fileName: string,
  ids: readonly string[] | undefined,
  statement: (exercise: ExerciseDeclaration) => string,
): string {
  const file = parseSource(text, fileName);
  const chosen = findDeclarations(file).filter(({ id }) => ids === undefined || ids.includes(id));
  if (chosen.length === 0) return text;
  const edits = chosen.map((exercise) => bodyEdit(text, exercise, statement(exercise)));
  if (edits.some((edit) => edit.text.includes('new NotImplemented('))) {
    const needed = importEdit(file, () => false);
    if (needed) edits.push(needed);
  }
  return applyEdits(text, edits);
}

/** The line a stub consists of. */
export function stubStatement({ id, member }: ExerciseDeclaration): string {
  return `throw new NotImplemented('${id}', '${member.replaceAll("'", "\\'")}');`;
}

/** The edit that makes `statement` the only statement of an exercise's body. */
export function bodyEdit(text: string, exercise: ExerciseDeclaration, statement: string): Edit {
  const [start, end] = exercise.bodyRange;
  const indent = indentAt(text, exercise.node.getStart());
  const kept = superCall(exercise.node);
  const lines = [...(kept ? [kept.getText()] : []), statement];
  const body = lines.map((line) => `${indent}  ${line}\n`).join('');
  return { start, end, text: `{\n${body}${indent}}` };
}

/**
 * The edit that imports `NotImplemented`: in front of the first relative import, else behind all.
 *
 * @param isRemoved - which imports another edit takes out; the new line then takes the place
 * @returns `undefined` when the file imports it already
 */
export function importEdit(
  file: ts.SourceFile,
  isRemoved: (statement: ts.ImportDeclaration) => boolean,
): Edit | undefined {
  const { text } = file;
  const imports = file.statements.filter(ts.isImportDeclaration);
  if (imports.some(isStubImport)) return undefined;
  const relative = imports.find((i) => specifierOf(i).startsWith('.'));
  const place = relative ?? imports.at(-1);
  if (place === undefined) return importBeforeAll(file);
  const start = lineStart(text, place.getStart(file));
  const end = lineEnd(text, place.end);
  if (isRemoved(place)) return { start, end, text: IMPORT };
  const at = relative ? start : end;
  return { start: at, end: at, text: IMPORT };
}

/** Does a statement import `NotImplemented`? */
export function isStubImport(statement: ts.ImportDeclaration): boolean {
  return specifierOf(statement) === '#not-implemented';
}

function importBeforeAll(file: ts.SourceFile): Edit {
  const { text } = file;
  const first = file.statements[0];
  const at = first ? lineStart(text, attachedStart(text, first)) : text.length;
  return { start: at, end: at, text: `${IMPORT}\n` };
}

function specifierOf(statement: ts.ImportDeclaration): string {
  return ts.isStringLiteral(statement.moduleSpecifier) ? statement.moduleSpecifier.text : '';
}

/** Where a node begins with the comments that stand directly above it, without a blank line. */
export function attachedStart(text: string, node: ts.Node): number {
  let start = node.getStart();
  const comments = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [];
  for (const comment of comments.reverse()) {
    if (/\n[ \t]*\n/.test(text.slice(comment.end, start))) break;
    start = comment.pos;
  }
  return start;
}

/** Behind the end of the line `position` is in, comments at its end included. */
export function lineEnd(text: string, position: number): number {
  const end = ts.getTrailingCommentRanges(text, position)?.at(-1)?.end ?? position;
  const newline = text.indexOf('\n', end);
  const next = newline < 0 ? text.length : newline + 1;
  return text.slice(end, next).trim() === '' ? next : end;
}
