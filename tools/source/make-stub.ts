/**
 * Makes the chapters' stubs from the solutions: the one place where a skeleton comes from.
 *
 * Exercise bodies go, and all that only they needed (`reachability.ts`); what stays keeps its
 * bytes. Writing to disk is `skeleton.ts`; a single student file is `stub-out.ts`.
 */

import { join } from 'node:path';
import ts from 'typescript';
import { applyEdits, type Edit, indentAt, lineStart } from './edits.ts';
import { type ExerciseDeclaration, findDeclarations, sourceError, superCall } from './exercises.ts';
import { reduceImport } from './imports.ts';
import { createProgram } from './program.ts';
import { findNeeded, type Needed } from './reachability.ts';
import {
  attachedStart,
  bodyEdit,
  importEdit,
  isStubImport,
  lineEnd,
  stubStatement,
} from './stub-out.ts';

/** The line that stands where a class lost its fields. */
export const STATE_COMMENT = '// Your state goes here: fields of your own choosing.';

/**
 * Makes stubs of all files of the solutions.
 *
 * @param files - path below `solutions/` (`01-etcd/range.ts`) to text; other files than TypeScript
 *   are taken over as they are
 * @param root - the repository's top folder; its `solutions/tsconfig.json` and packages are used
 * @returns the same paths below `chapters/`; a file that only exercise bodies needed is not there
 * @throws SourceError when a solution cannot be made into a stub, naming file and line
 */
export function makeStub(files: ReadonlyMap<string, string>, root: string): Map<string, string> {
  const sources = [...files].filter(([path]) => path.endsWith('.ts'));
  const program = createProgram(new Map(sources), root);
  const trees = sources.map(([path]) => ({
    path,
    file: treeOf(program, join(root, 'solutions', path)),
  }));
  const exercises = new Map(trees.map(({ file }) => [file, findDeclarations(file)]));
  const nodes = new Set<ts.Node>([...exercises.values()].flat().map(({ node }) => node));
  const needed = findNeeded(
    program.getTypeChecker(),
    trees.map(({ file }) => file),
    nodes,
  );
  const result = new Map(files);
  for (const { path, file } of trees) {
    const stub = new FileStub(file, exercises.get(file) ?? [], needed).make();
    if (stub === undefined) result.delete(path);
    else result.set(path, stub);
  }
  return result;
}

function treeOf(program: ts.Program, path: string): ts.SourceFile {
  const file = program.getSourceFile(path);
  if (file === undefined) throw new Error(`${path} is not in the program`);
  const [problem] = program.getSyntacticDiagnostics(file);
  if (problem !== undefined) {
    const line = file.getLineAndCharacterOfPosition(problem.start).line + 1;
    const message = ts.flattenDiagnosticMessageText(problem.messageText, ' ');
    throw new Error(`${path}:${line}: ${message}`);
  }
  return file;
}

/** Collects the edits that make one file its stub. */
class FileStub {
  readonly #file: ts.SourceFile;
  readonly #exercises: readonly ExerciseDeclaration[];
  readonly #needed: Needed;
  readonly #edits: Edit[] = [];

  constructor(file: ts.SourceFile, exercises: readonly ExerciseDeclaration[], needed: Needed) {
    this.#file = file;
    this.#exercises = exercises;
    this.#needed = needed;
  }

  /** The stub's text; `undefined` when nothing of the file is left. */
  make(): string | undefined {
    if (this.#needed.given.has(this.#file)) return this.#file.text;
    const { statements } = this.#file;
    const left = statements.filter((s) => this.#needed.units.has(s));
    if (left.length === 0 && statements.some((s) => !ts.isImportDeclaration(s))) return undefined;
    for (const exercise of this.#exercises) this.#empty(exercise);
    this.#imports();
    this.#removeUnneeded(
      statements.filter((s) => !ts.isImportDeclaration(s)),
      true,
    );
    for (const statement of left) {
      if (ts.isClassDeclaration(statement)) this.#classMembers(statement);
    }
    for (const write of this.#needed.deadWrites) {
      if (write.getSourceFile() === this.#file) this.#edits.push(this.#removal(write));
    }
    return applyEdits(this.#file.text, this.#edits);
  }

  #empty(exercise: ExerciseDeclaration): void {
    const { node, body, id, member } = exercise;
    if (ts.isConstructorDeclaration(node) && isDerived(node.parent) && !superComesFirst(node)) {
      const reason = 'must call super(…) in its first statement';
      throw sourceError(this.#file, body, `exercise ${id}: ${member} ${reason}`);
    }
    this.#edits.push(bodyEdit(this.#file.text, exercise, stubStatement(exercise)));
  }

  #imports(): void {
    const removed = new Set<ts.ImportDeclaration>();
    for (const statement of this.#file.statements) {
      if (!ts.isImportDeclaration(statement) || isStubImport(statement)) continue;
      const fate = reduceImport(statement, (binding) => this.#needed.bindings.has(binding));
      if (fate === 'remove') removed.add(statement);
      else if (fate !== 'keep') this.#edits.push(fate);
    }
    const added =
      this.#exercises.length > 0 ? importEdit(this.#file, (i) => removed.has(i)) : undefined;
    if (added) this.#edits.push(added);
    for (const statement of removed) {
      const removal = this.#removal(statement);
      if (added === undefined || removal.end <= added.start || removal.start >= added.end) {
        this.#edits.push(removal);
      }
    }
  }

  /** Takes out statements or members, and a section's comment when all of the section goes. */
  #removeUnneeded(units: readonly ts.Node[], isFile: boolean): void {
    let section: ts.Node[] = [];
    const closeSection = (): void => {
      const [first] = section;
      if (first === undefined || section.some((unit) => this.#needed.units.has(unit))) return;
      if (isFile && first === this.#file.statements[0]) return;
      this.#edits.push(...this.#detachedComments(first));
    };
    for (const unit of units) {
      if (this.#detachedComments(unit).length > 0) {
        closeSection();
        section = [];
      }
      section.push(unit);
      if (!this.#needed.units.has(unit)) this.#edits.push(this.#removal(unit));
    }
    closeSection();
  }

  #classMembers(node: ts.ClassDeclaration): void {
    const before = this.#edits.length;
    this.#removeUnneeded(node.members, false);
    const lost = node.members.find(
      (m) => ts.isPropertyDeclaration(m) && !isStatic(m) && !this.#needed.units.has(m),
    );
    if (lost === undefined) return;
    const { start, end } = this.#removal(lost);
    const index = this.#edits.findIndex(
      (e, i) => i >= before && e.start === start && e.end === end,
    );
    const indent = indentAt(this.#file.text, lost.getStart());
    this.#edits[index] = { start, end, text: `${indent}${STATE_COMMENT}\n` };
  }

  #removal(node: ts.Node): Edit {
    const { text } = this.#file;
    const isHead = ts.isImportDeclaration(node) && node === this.#file.statements[0];
    const from = isHead ? node.getStart() : attachedStart(text, node);
    return { start: lineStart(text, from), end: lineEnd(text, node.end), text: '' };
  }

  /** Comments in front of a node that a blank line sets apart from it. */
  #detachedComments(node: ts.Node): Edit[] {
    const { text } = this.#file;
    const attached = attachedStart(text, node);
    return (ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [])
      .filter((comment) => comment.end <= attached && comment.pos < attached)
      .map(({ pos, end }) => ({ start: lineStart(text, pos), end: lineEnd(text, end), text: '' }));
  }
}

function isDerived(owner: ts.ClassLikeDeclaration): boolean {
  return owner.heritageClauses?.some((c) => c.token === ts.SyntaxKind.ExtendsKeyword) ?? false;
}

function superComesFirst(node: ts.ConstructorDeclaration): boolean {
  const call = superCall(node);
  return call !== undefined && call === node.body?.statements[0];
}

function isStatic(member: ts.ClassElement): boolean {
  return (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Static) !== 0;
}
