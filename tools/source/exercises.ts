/**
 * Finds exercises in a source text: functions, methods, constructors and accessors whose TSDoc
 * carries `@exercise <id>`.
 *
 * This looks at syntax only, one file at a time, so it also works on what a student wrote.
 * `stub-out.ts` empties what is found here; `make-stub.ts` makes whole chapters.
 */

import ts from 'typescript';

/** A function-like declaration that has a body to take out. */
export type ExerciseNode =
  | ts.FunctionDeclaration
  | ts.MethodDeclaration
  | ts.ConstructorDeclaration
  | ts.GetAccessorDeclaration
  | ts.SetAccessorDeclaration
  | ts.ArrowFunction
  | ts.FunctionExpression;

/** One body that belongs to an exercise. An exercise may have several. */
export interface ExerciseBody {
  /** The exercise, for example `etcd/range`. */
  readonly id: string;
  /** What the body is the body of, for example `Store.range`. */
  readonly member: string;
  /** `[start, end)` of the body in the text, braces included. */
  readonly bodyRange: readonly [start: number, end: number];
  /** Does the body only throw `NotImplemented` (after `super(…)` where one is needed)? */
  readonly isStub: boolean;
}

/** The same, with the syntax tree's nodes. */
export interface ExerciseDeclaration extends ExerciseBody {
  readonly node: ExerciseNode;
  readonly body: ts.Block;
}

/** Says that a source file is not written the way the skeleton needs it. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  constructor(fileName: string, line: number, message: string) {
    super(`${fileName}:${line}: ${message}`);
  }
}

/** Parses a text with TSDoc attached and parents set. */
export function parseSource(text: string, fileName: string): ts.SourceFile {
  return ts.createSourceFile(fileName, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS);
}

/**
 * Finds the exercise bodies in a text, in order.
 *
 * @param fileName - only named in errors
 * @throws SourceError when an `@exercise` stands where no body can be taken out
 */
export function findExercises(text: string, fileName: string): ExerciseBody[] {
  return findDeclarations(parseSource(text, fileName)).map(({ id, member, bodyRange, isStub }) => ({
    id,
    member,
    bodyRange,
    isStub,
  }));
}

/** The same as {@link findExercises} on a tree from {@link parseSource} or a program. */
export function findDeclarations(file: ts.SourceFile): ExerciseDeclaration[] {
  const found: ExerciseDeclaration[] = [];
  const accepted = new Set<ts.Node>();
  for (const candidate of candidates(file)) {
    const tagged = candidate.documented.filter((node) => exerciseTag(node) !== undefined);
    const first = tagged[0];
    if (first === undefined) continue;
    for (const node of tagged) accepted.add(node);
    found.push(declaration(file, candidate, exerciseTag(first) as string));
  }
  refuseStrayTags(file, accepted);
  return found;
}

interface Candidate {
  readonly node: ExerciseNode;
  readonly member: string;
  /** The nodes whose TSDoc speaks for this body: the declaration itself and its overloads. */
  readonly documented: readonly ts.Node[];
}

function declaration(file: ts.SourceFile, candidate: Candidate, id: string): ExerciseDeclaration {
  const { node, member } = candidate;
  if (!/^[a-z0-9-]+\/[a-z0-9-]+$/.test(id)) {
    throw sourceError(file, node, `@exercise needs an id like etcd/range, not "${id}"`);
  }
  const body = node.body;
  if (body === undefined || !ts.isBlock(body)) {
    throw sourceError(file, node, `exercise ${id}: ${member} has no body in braces to take out`);
  }
  const returnsSomething = !ts.isConstructorDeclaration(node) && !ts.isSetAccessor(node);
  if (returnsSomething && node.type === undefined) {
    throw sourceError(file, node, `exercise ${id}: ${member} needs an explicit return type`);
  }
  const bodyRange = [body.getStart(file), body.end] as const;
  return { id, member, bodyRange, isStub: isStubBody(node, body), node, body };
}

/** Every place in a file where an exercise may be. */
function* candidates(file: ts.SourceFile): Generator<Candidate> {
  const siblings = file.statements;
  for (const statement of siblings) {
    if (ts.isFunctionDeclaration(statement) && statement.body && statement.name) {
      const member = statement.name.text;
      const overloads = siblings.filter(
        (s) => ts.isFunctionDeclaration(s) && s.name?.text === member,
      );
      yield { node: statement, member, documented: overloads };
    } else if (ts.isVariableStatement(statement)) {
      yield* variableCandidate(statement);
    } else if (ts.isClassDeclaration(statement)) {
      yield* classCandidates(file, statement);
    }
  }
}

function* variableCandidate(statement: ts.VariableStatement): Generator<Candidate> {
  const [only, ...others] = statement.declarationList.declarations;
  const value = only?.initializer;
  if (!only || !value || others.length > 0) return;
  if (!ts.isArrowFunction(value) && !ts.isFunctionExpression(value)) return;
  yield { node: value, member: only.name.getText(), documented: [statement] };
}

function* classCandidates(file: ts.SourceFile, owner: ts.ClassDeclaration): Generator<Candidate> {
  const className = owner.name?.text ?? 'default';
  for (const element of owner.members) {
    if (!isExerciseElement(element) || element.body === undefined) continue;
    const name = memberName(file, element);
    const overloads = owner.members.filter(
      (m) => m.kind === element.kind && isExerciseElement(m) && memberName(file, m) === name,
    );
    yield { node: element, member: `${className}.${name}`, documented: overloads };
  }
}

type ExerciseElement = Exclude<
  ExerciseNode,
  ts.FunctionDeclaration | ts.ArrowFunction | ts.FunctionExpression
>;

function isExerciseElement(element: ts.ClassElement): element is ExerciseElement {
  return (
    ts.isMethodDeclaration(element) ||
    ts.isConstructorDeclaration(element) ||
    ts.isGetAccessor(element) ||
    ts.isSetAccessor(element)
  );
}

function memberName(file: ts.SourceFile, element: ExerciseElement): string {
  return ts.isConstructorDeclaration(element) ? 'constructor' : element.name.getText(file);
}

/** The id in a node's own TSDoc (the comment nearest to it), `undefined` without the tag. */
function exerciseTag(node: ts.Node): string | undefined {
  const docs = (node as { jsDoc?: readonly ts.JSDoc[] }).jsDoc;
  const tag = docs?.at(-1)?.tags?.find((t) => t.tagName.text === 'exercise');
  if (tag === undefined) return undefined;
  return (ts.getTextOfJSDocComment(tag.comment) ?? '').trim().split(/\s/)[0] ?? '';
}

function refuseStrayTags(file: ts.SourceFile, accepted: ReadonlySet<ts.Node>): void {
  const visit = (node: ts.Node): void => {
    if (exerciseTag(node) !== undefined && !accepted.has(node)) {
      const places = 'a top-level function or a member of a top-level class';
      throw sourceError(file, node, `@exercise must stand on ${places}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
}

/** The `super(…)` statement that a derived class's constructor begins with. */
export function superCall(node: ExerciseNode): ts.ExpressionStatement | undefined {
  if (!ts.isConstructorDeclaration(node)) return undefined;
  return node.body?.statements.find(isSuperCall);
}

function isSuperCall(statement: ts.Statement): statement is ts.ExpressionStatement {
  return (
    ts.isExpressionStatement(statement) &&
    ts.isCallExpression(statement.expression) &&
    statement.expression.expression.kind === ts.SyntaxKind.SuperKeyword
  );
}

function isStubBody(node: ExerciseNode, body: ts.Block): boolean {
  const needed = superCall(node);
  const [only, ...others] = body.statements.filter((statement) => statement !== needed);
  return (
    only !== undefined &&
    others.length === 0 &&
    ts.isThrowStatement(only) &&
    ts.isNewExpression(only.expression) &&
    ts.isIdentifier(only.expression.expression) &&
    only.expression.expression.text === 'NotImplemented'
  );
}

/** An error that names the file and the line of a node. */
export function sourceError(file: ts.SourceFile, node: ts.Node, message: string): SourceError {
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
  return new SourceError(file.fileName, line + 1, message);
}
