/**
 * Turns a handout's example into a program that checks itself.
 *
 * `expression; // → value` becomes a call of `check` in `example-check.ts`. Lines keep their
 * numbers.
 */

import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const ARROW = /^[ \t]*(?:\r?\n[ \t]*)?\/\/ → (.*(?:\r?\n[ \t]*\/\/ {2,}.*)*)/;

/** An example, ready to run. */
export interface InstrumentedExample {
  readonly source: string;
  /** How many `// → value` it checks. */
  readonly checks: number;
}

/**
 * @param source - the example as the handout shows it
 * @param checkModule - path of the module that exports `check`
 * @throws Error when a `// →` stands behind something that has no value
 */
export function instrument(source: string, checkModule: string): InstrumentedExample {
  const file = ts.createSourceFile('example.ts', source, ts.ScriptTarget.ES2023, true);
  let result = '';
  let copied = 0;
  let checks = 0;
  for (const statement of file.statements) {
    const arrow = ARROW.exec(source.slice(statement.end));
    if (!arrow) continue;
    const expected = (arrow[1] ?? '').replace(/\r?\n[ \t]*\/\/ +/g, ' ').trim();
    const line = file.getLineAndCharacterOfPosition(statement.getStart()).line + 1;
    const call = (value: string) =>
      `await __check(${line}, ${JSON.stringify(expected)}, async () => (${value}));`;
    result += source.slice(copied, statement.getStart());
    if (ts.isExpressionStatement(statement)) result += call(statement.expression.getText());
    else result += `${statement.getText()} ${call(nameOf(statement, line))}`;
    copied = statement.end;
    checks += 1;
  }
  const written = source.split('// →').length - 1;
  if (written !== checks) {
    throw new Error(
      `${written - checks} of ${written} "// →" do not stand behind a top-level statement`,
    );
  }
  const header = `import { check as __check } from ${JSON.stringify(pathToFileURL(checkModule).href)}; `;
  return { source: `${header}${result}${source.slice(copied)}\nexport {};\n`, checks };
}

function nameOf(statement: ts.Statement, line: number): string {
  const declarations = ts.isVariableStatement(statement)
    ? statement.declarationList.declarations
    : [];
  const [declaration, ...more] = declarations;
  if (!declaration || more.length > 0 || !ts.isIdentifier(declaration.name)) {
    throw new Error(`line ${line}: "// →" must follow an expression or one const`);
  }
  return declaration.name.text;
}
