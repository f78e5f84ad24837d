/**
 * Finds what is still needed once exercise bodies are gone.
 *
 * A unit is a top-level statement or a member of a top-level class. Exports (but `@internal` ones),
 * side effects, exercises and all that is not private are needed; so is what a needed unit names
 * outside exercise bodies. `make-stub.ts` takes out the rest.
 */

import ts from 'typescript';
import { type ExerciseNode, superCall } from './exercises.ts';

/** A top-level statement, or a member of a top-level class. */
export type Unit = ts.Statement | ts.ClassElement;

/** An imported name: what an import declaration may lose one by one. */
export type Binding = ts.ImportSpecifier | ts.ImportClause | ts.NamespaceImport;

/** What the stubs still need, and what only they no longer need. */
export interface Needed {
  /** Files that stay as they are. */
  readonly given: ReadonlySet<ts.SourceFile>;
  readonly units: ReadonlySet<ts.Node>;
  readonly bindings: ReadonlySet<ts.Node>;
  /** Assignments such as `this.#x = x;` to members that are gone. */
  readonly deadWrites: readonly ts.ExpressionStatement[];
}

/**
 * Walks from all that must stay to all it names.
 *
 * @param files - the files of the components that become stubs
 * @param exercises - the declarations whose bodies do not count
 */
export function findNeeded(
  checker: ts.TypeChecker,
  files: readonly ts.SourceFile[],
  exercises: ReadonlySet<ts.Node>,
): Needed {
  return new Reachability(checker, files, exercises).run();
}

class Reachability {
  readonly #checker: ts.TypeChecker;
  readonly #files: ReadonlySet<ts.SourceFile>;
  readonly #exercises: ReadonlySet<ts.Node>;
  /** Files without exercises and without `@internal`: all of them stays. */
  readonly #given: ReadonlySet<ts.SourceFile>;
  /** Names of all that may go, and other names for it. No other name in a given file tells anything. */
  readonly #telling: ReadonlySet<string>;
  readonly #units = new Set<ts.Node>();
  readonly #bindings = new Set<ts.Node>();
  /** Assignments that count only when the member they write to is needed for another reason. */
  readonly #writes = new Map<ts.ExpressionStatement, readonly ts.Node[]>();
  readonly #queue: ts.Node[] = [];

  constructor(
    checker: ts.TypeChecker,
    files: readonly ts.SourceFile[],
    exercises: ReadonlySet<ts.Node>,
  ) {
    this.#checker = checker;
    this.#files = new Set(files);
    this.#exercises = exercises;
    this.#given = new Set(
      files.filter((file) => !this.#holdsExercise(file) && !holdsInternal(file)),
    );
    this.#telling = this.#tellingNames();
  }

  run(): Needed {
    for (const file of this.#files) {
      for (const statement of file.statements) {
        if (!this.#isRemovableStatement(statement)) this.#need(statement);
      }
    }
    do this.#drain();
    while (this.#takeLiveWrites());
    return {
      given: this.#given,
      units: this.#units,
      bindings: this.#bindings,
      deadWrites: [...this.#writes.keys()],
    };
  }

  #drain(): void {
    for (let unit = this.#queue.pop(); unit; unit = this.#queue.pop()) {
      if (ts.isClassDeclaration(unit)) this.#scanClass(unit);
      else this.#scan(unit);
    }
  }

  /** Assignments to members that turned out to be needed are ordinary code after all. */
  #takeLiveWrites(): boolean {
    const live = [...this.#writes].filter(([, members]) => members.some((m) => this.#units.has(m)));
    for (const [write] of live) {
      this.#writes.delete(write);
      ts.forEachChild(write, (child) => this.#scan(child));
    }
    return live.length > 0;
  }

  #need(unit: ts.Node): void {
    if (this.#units.has(unit)) return;
    this.#units.add(unit);
    this.#queue.push(unit);
    if (unit.parent !== undefined && ts.isClassDeclaration(unit.parent)) this.#need(unit.parent);
  }

  #scanClass(node: ts.ClassDeclaration): void {
    for (const part of [...(node.typeParameters ?? []), ...(node.heritageClauses ?? [])]) {
      this.#scan(part);
    }
    for (const member of node.members) {
      if (!this.#isRemovableMember(member)) this.#need(member);
    }
  }

  #scan(node: ts.Node): void {
    if (ts.isImportDeclaration(node)) return;
    if (this.#exercises.has(node)) {
      this.#scanSignature(node as ExerciseNode);
      return;
    }
    if (ts.isExpressionStatement(node)) {
      const members = this.#writtenMembers(node.expression);
      if (members.length > 0) {
        this.#writes.set(node, members);
        return;
      }
    }
    this.#reference(node);
    ts.forEachChild(node, (child) => this.#scan(child));
  }

  #scanSignature(node: ExerciseNode): void {
    const parent = superCall(node);
    if (parent) this.#scan(parent);
    ts.forEachChild(node, (child) => {
      if (child !== node.body) this.#scan(child);
    });
  }

  /** The removable members that `this.#x = …` writes, and does nothing else. */
  #writtenMembers(expression: ts.Expression): ts.Node[] {
    if (!ts.isBinaryExpression(expression)) return [];
    const { left, operatorToken } = expression;
    if (operatorToken.kind !== ts.SyntaxKind.EqualsToken) return [];
    if (!ts.isPropertyAccessExpression(left)) return [];
    const declarations = this.#checker.getSymbolAtLocation(left.name)?.declarations ?? [];
    const removable = declarations.every(
      (d) => ts.isClassElement(d) && this.#isUnitMember(d) && this.#isRemovableMember(d),
    );
    return removable ? declarations : [];
  }

  /** Looking names up is what takes time, and most files are given ones. */
  #tellingNames(): Set<string> {
    const names = new Set<string>();
    for (const file of this.#files) {
      if (this.#given.has(file)) continue;
      for (const unit of file.statements) {
        if (this.#isRemovableStatement(unit)) for (const name of namesOf(unit)) names.add(name);
        if (!ts.isClassDeclaration(unit)) continue;
        for (const member of unit.members) {
          if (member.name && this.#isRemovableMember(member)) names.add(member.name.getText(file));
        }
      }
    }
    for (const file of this.#given) for (const name of otherNames(file)) names.add(name);
    return names;
  }

  #tellsNothing(node: ts.Node): boolean {
    if (!ts.isIdentifier(node) && !ts.isPrivateIdentifier(node)) return false;
    return this.#given.has(node.getSourceFile()) && !this.#telling.has(node.text);
  }

  #reference(node: ts.Node): void {
    if (this.#tellsNothing(node)) return;
    if (ts.isExportSpecifier(node)) {
      this.#symbol(this.#checker.getExportSpecifierLocalTargetSymbol(node), node);
      this.#symbol(this.#checker.getSymbolAtLocation(node.name), node);
    } else if (ts.isExportDeclaration(node) && node.exportClause === undefined) {
      return;
    } else if (ts.isShorthandPropertyAssignment(node)) {
      this.#symbol(this.#checker.getShorthandAssignmentValueSymbol(node), node);
    } else if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      this.#symbol(this.#checker.getSymbolAtLocation(node), node);
    } else if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
      this.#destructured(node, node.parent);
    } else if (ts.isStringLiteralLike(node)) {
      this.#symbol(this.#checker.getSymbolAtLocation(node), node);
    }
  }

  /** `const { size } = this` names the member `size`. */
  #destructured(node: ts.BindingElement, pattern: ts.ObjectBindingPattern): void {
    const name = node.propertyName ?? node.name;
    if (!ts.isIdentifier(name)) return;
    this.#symbol(this.#checker.getTypeAtLocation(pattern).getProperty(name.text), node);
  }

  #symbol(symbol: ts.Symbol | undefined, from: ts.Node): void {
    if (symbol === undefined) return;
    for (const declaration of symbol.declarations ?? []) this.#declaration(declaration, from);
    if (symbol.flags & ts.SymbolFlags.Alias) {
      const target = this.#checker.getAliasedSymbol(symbol);
      for (const declaration of target.declarations ?? []) this.#declaration(declaration, from);
    }
  }

  #declaration(declaration: ts.Declaration, from: ts.Node): void {
    if (isBinding(declaration)) {
      this.#bindings.add(declaration);
      return;
    }
    if (ts.isSourceFile(declaration)) {
      this.#wholeModule(declaration, from);
      return;
    }
    if (!this.#files.has(declaration.getSourceFile())) return;
    const unit = unitOf(declaration);
    if (unit !== undefined) this.#need(unit);
  }

  /** `import * as x` handed on, or `import('./x.ts')`: any export may be used. */
  #wholeModule(file: ts.SourceFile, from: ts.Node): void {
    if (!this.#files.has(file) || ts.isPropertyAccessExpression(from.parent)) return;
    if (ts.isExportDeclaration(from.parent)) return;
    for (const statement of file.statements) if (isExported(statement)) this.#need(statement);
  }

  #isRemovableStatement(statement: ts.Statement): boolean {
    if (ts.isImportDeclaration(statement)) return statement.importClause !== undefined;
    if (this.#given.has(statement.getSourceFile())) return false;
    if (this.#holdsExercise(statement)) return false;
    if (isExported(statement)) return isInternal(statement);
    return isDeclaration(statement);
  }

  #holdsExercise(node: ts.Node): boolean {
    if (this.#exercises.has(node)) return true;
    return ts.forEachChild(node, (child) => this.#holdsExercise(child)) ?? false;
  }

  #isUnitMember(member: ts.ClassElement): boolean {
    return this.#files.has(member.getSourceFile()) && unitOf(member) === member;
  }

  #isRemovableMember(member: ts.ClassElement): boolean {
    if (this.#exercises.has(member) || ts.isConstructorDeclaration(member)) return false;
    if (this.#given.has(member.getSourceFile())) return false;
    const isPrivate =
      (member.name !== undefined && ts.isPrivateIdentifier(member.name)) ||
      (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) !== 0;
    return isPrivate || isInternal(member);
  }
}

/** The unit a node is in, `undefined` for the file itself. */
export function unitOf(node: ts.Node): Unit | undefined {
  for (let at = node; at.parent !== undefined; at = at.parent) {
    if (ts.isSourceFile(at.parent)) return at as ts.Statement;
    const inClass = ts.isClassDeclaration(at.parent) && ts.isClassElement(at);
    if (inClass && ts.isSourceFile(at.parent.parent)) return at as ts.ClassElement;
  }
  return undefined;
}

/** What a statement declares. */
function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  }
  if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause;
    if (clause && ts.isNamespaceExport(clause)) return [clause.name.text];
    return clause?.elements.map(({ name }) => name.text) ?? [];
  }
  const { name } = statement as ts.DeclarationStatement;
  return name ? [name.text] : [];
}

function boundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((e) => (ts.isBindingElement(e) ? boundNames(e.name) : []));
}

/** Names that a file gives to what it imports, or to a whole module. */
function otherNames(file: ts.SourceFile): string[] {
  return file.statements.filter(ts.isImportDeclaration).flatMap(({ importClause }) => {
    const bindings = importClause?.namedBindings;
    const whole = importClause?.name ? [importClause.name.text] : [];
    if (!bindings) return whole;
    if (ts.isNamespaceImport(bindings)) return [...whole, bindings.name.text];
    const renamed = bindings.elements.filter(({ propertyName }) => propertyName);
    return [...whole, ...renamed.map(({ name }) => name.text)];
  });
}

function isBinding(node: ts.Node): node is Binding {
  return ts.isImportSpecifier(node) || ts.isImportClause(node) || ts.isNamespaceImport(node);
}

function isDeclaration(statement: ts.Statement): boolean {
  return (
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isVariableStatement(statement)
  );
}

/** Does a statement carry `export`, or is it an `export { … }`? */
export function isExported(statement: ts.Statement): boolean {
  if (ts.isExportDeclaration(statement) || ts.isExportAssignment(statement)) return true;
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

/** Does a declaration's own TSDoc say `@internal`? */
export function isInternal(node: ts.Node): boolean {
  const docs = (node as { jsDoc?: readonly ts.JSDoc[] }).jsDoc;
  return docs?.at(-1)?.tags?.some((tag) => tag.tagName.text === 'internal') ?? false;
}

function holdsInternal(file: ts.SourceFile): boolean {
  return file.statements.some(
    (s) => isInternal(s) || (ts.isClassDeclaration(s) && s.members.some(isInternal)),
  );
}
