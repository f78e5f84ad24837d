/**
 * Makes mutants of a source text: copies with one small mistake, as a student might make it.
 *
 * A mutant that passes an exercise's hidden tests shows what the tests do not look at. `gates.ts`
 * is what runs tests; this file only edits text, and only inside function bodies.
 */

import ts from 'typescript';
import { applyEdits, type Edit } from '../source/edits.ts';
import { parseSource } from '../source/exercises.ts';
import { lineOf } from './source-files.ts';

/** A text with one mistake in it. */
export interface Mutant {
  readonly line: number;
  /** For example `< became <=`. */
  readonly mistake: string;
  readonly text: string;
}

const K = ts.SyntaxKind;

/** What an operator is mistaken for. */
const OPERATORS = new Map<ts.SyntaxKind, string>([
  [K.LessThanToken, '<='],
  [K.LessThanEqualsToken, '<'],
  [K.GreaterThanToken, '>='],
  [K.GreaterThanEqualsToken, '>'],
  [K.EqualsEqualsEqualsToken, '!=='],
  [K.ExclamationEqualsEqualsToken, '==='],
  [K.AmpersandAmpersandToken, '||'],
  [K.BarBarToken, '&&'],
  [K.PlusToken, '-'],
  [K.MinusToken, '+'],
  [K.PlusEqualsToken, '-='],
  [K.MinusEqualsToken, '+='],
]);

/**
 * All mutants of a text, in the order of the text.
 *
 * Flipped comparisons, swapped operators, numbers one off, dropped statements, dropped `!`, and
 * conditions that always or never hold.
 */
export function mutantsOf(text: string, fileName: string): Mutant[] {
  const file = parseSource(text, fileName);
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node, inBody: boolean): void => {
    if (ts.isTypeNode(node)) return;
    const isBody = ts.isFunctionLike(node.parent) && 'body' in node.parent;
    const inside = inBody || (isBody && node.parent.body === node);
    if (inside) {
      for (const { edit, mistake } of mistakes(node)) {
        mutants.push({ line: lineOf(file, node), mistake, text: applyEdits(text, [edit]) });
      }
    }
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  ts.forEachChild(file, (node) => visit(node, false));
  return mutants;
}

interface Mistake {
  readonly edit: Edit;
  readonly mistake: string;
}

function mistakes(node: ts.Node): Mistake[] {
  const replace = (target: ts.Node, text: string): Mistake => ({
    edit: { start: target.getStart(), end: target.end, text },
    mistake: `${short(target)} became ${text}`,
  });
  if (ts.isBinaryExpression(node)) {
    const other = OPERATORS.get(node.operatorToken.kind);
    return other === undefined ? [] : [replace(node.operatorToken, other)];
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === K.ExclamationToken) {
    return [replace(node, node.operand.getText())];
  }
  if (ts.isNumericLiteral(node) && !ts.isEnumMember(node.parent)) {
    return [replace(node, String(Number(node.text) + 1))];
  }
  if (node.kind === K.TrueKeyword) return [replace(node, 'false')];
  if (node.kind === K.FalseKeyword) return [replace(node, 'true')];
  if (ts.isIfStatement(node) || ts.isConditionalExpression(node)) {
    const condition = ts.isIfStatement(node) ? node.expression : node.condition;
    return [replace(condition, 'true'), replace(condition, 'false')];
  }
  return isDroppable(node) ? [dropped(node)] : [];
}

function isDroppable(node: ts.Node): boolean {
  if (ts.isContinueStatement(node) || ts.isThrowStatement(node)) return true;
  if (!ts.isExpressionStatement(node)) return false;
  const call = node.expression;
  return !(ts.isCallExpression(call) && call.expression.kind === K.SuperKeyword);
}

function dropped(node: ts.Node): Mistake {
  const edit = { start: node.getStart(), end: node.end, text: ';' };
  return { edit, mistake: `${short(node)} was dropped` };
}

function short(node: ts.Node): string {
  const text = node.getText().replaceAll(/\s+/g, ' ');
  return text.length > 50 ? `${text.slice(0, 49)}…` : text;
}
