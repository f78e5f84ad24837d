/**
 * Writes source text into a test's calls, for what a failure tells: of each `trace(name, () => expression)`
 * the expression, of each `expect(value)` the value. Always as the third argument.
 */

import ts from 'typescript';

interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** Longer texts tell less than none. */
const MAX_LABEL = 120;

/**
 * Adds `{ code: 'new Store()', imports: { Store: '#etcd' } }` to every trace call of a test file, and
 * `'clock.pendingTimers'` to every `expect(clock.pendingTimers)`.
 *
 * @returns the text with nothing else changed
 */
export function writeTraceSources(text: string, fileName: string): string {
  if (!/\b(trace|expect)\(/.test(text)) return text;
  const file = ts.createSourceFile(fileName, text, ts.ScriptTarget.ES2023, true);
  const modules = importedNames(file);
  const insertions: Insertion[] = [];
  const visit = (node: ts.Node): void => {
    const create = tracedCreation(node);
    if (create) {
      const source = sourceOf(create, file, modules);
      insertions.push({ at: create.end, text: `, ${JSON.stringify(source)}` });
    }
    const label = expectLabel(node, file);
    if (label) insertions.push(label);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return insertions
    .sort((a, b) => b.at - a.at)
    .reduce((whole, { at, text: added }) => whole.slice(0, at) + added + whole.slice(at), text);
}

/** What an `expect(value)` looks at, as the test has it. */
function expectLabel(node: ts.Node, file: ts.SourceFile): Insertion | undefined {
  if (!ts.isCallExpression(node) || node.expression.getText(file) !== 'expect') return undefined;
  const [value, message, more] = node.arguments;
  if (!value || more || ts.isSpreadElement(value)) return undefined;
  const looked = ts.isArrowFunction(value) && !ts.isBlock(value.body) ? value.body : value;
  const plain = ts.isAwaitExpression(looked) ? looked.expression : looked;
  const label = plain.getText(file).replace(/\s+/g, ' ');
  if (ts.isArrowFunction(plain) || label.length > MAX_LABEL) return undefined;
  const last = message ?? value;
  return { at: last.end, text: `${message ? '' : ', undefined'}, ${JSON.stringify(label)}` };
}

function tracedCreation(node: ts.Node): ts.ArrowFunction | undefined {
  if (!ts.isCallExpression(node) || node.expression.getText() !== 'trace') return undefined;
  const [, create, more] = node.arguments;
  return create && !more && ts.isArrowFunction(create) ? create : undefined;
}

function sourceOf(
  create: ts.ArrowFunction,
  file: ts.SourceFile,
  modules: ReadonlyMap<string, string>,
): { code: string; imports: Record<string, string> } {
  const body = ts.isParenthesizedExpression(create.body) ? create.body.expression : create.body;
  const imports: Record<string, string> = {};
  const visit = (node: ts.Node): void => {
    const module = ts.isIdentifier(node) ? modules.get(node.text) : undefined;
    if (module !== undefined) imports[(node as ts.Identifier).text] = module;
    ts.forEachChild(node, visit);
  };
  visit(body);
  return { code: dedent(body.getText(file)), imports };
}

/** Takes away the indentation that all lines but the first have in common. */
function dedent(code: string): string {
  const [first = '', ...rest] = code.split('\n');
  const indents = rest.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const common = indents.length === 0 ? 0 : Math.min(...indents);
  return [first, ...rest.map((line) => line.slice(common))].join('\n');
}

/** Names a test file imports from components. */
function importedNames(file: ts.SourceFile): Map<string, string> {
  const names = new Map<string, string>();
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    const module = (statement.moduleSpecifier as ts.StringLiteral).text;
    const bindings = statement.importClause?.namedBindings;
    if (module === '#kit' || !bindings || !ts.isNamedImports(bindings)) continue;
    for (const element of bindings.elements) names.set(element.name.text, module);
  }
  return names;
}
