/** `test` and `[`. Given. */

import type { Process } from '../../kernel/process.ts';
import { absolute } from '../shell/pattern.ts';

/** Is an expression true? @throws Error for one that cannot be read */
export function testExpression(process: Process, args: readonly string[]): boolean {
  const or = splitAt(args, '-o');
  if (or.length > 1) return or.some((one) => testExpression(process, one));
  const and = splitAt(args, '-a');
  if (and.length > 1) return and.every((one) => testExpression(process, one));
  if (args[0] === '!' && args.length > 1) return !testExpression(process, args.slice(1));
  const [a = '', b = '', c = ''] = args;
  if (args.length === 0) return false;
  if (args.length === 1) return a !== '';
  if (args.length === 2) return unary(process, a, b);
  if (args.length === 3) return binary(a, b, c);
  throw new Error('too many arguments');
}

function splitAt(args: readonly string[], separator: string): string[][] {
  if (args.length <= 3) return [[...args]];
  const parts: string[][] = [[]];
  for (const arg of args) {
    if (arg === separator) parts.push([]);
    else parts.at(-1)?.push(arg);
  }
  return parts;
}

function unary(process: Process, operator: string, operand: string): boolean {
  if (operator === '-z') return operand === '';
  if (operator === '-n') return operand !== '';
  const path = absolute(process, operand);
  if (operator === '-L' || operator === '-h')
    return process.files.linkStat(path)?.kind === 'symlink';
  const stat = process.files.stat(path);
  switch (operator) {
    case '-e':
      return stat !== undefined;
    case '-f':
      return stat?.kind === 'file';
    case '-d':
      return stat?.kind === 'directory';
    case '-s':
      return (stat?.size ?? 0) > 0;
    case '-r':
      return process.files.may(path, 'read');
    case '-w':
      return process.files.may(path, 'write');
    case '-x':
      return process.files.may(path, 'execute');
    case '-t':
      return process.terminal !== undefined;
    default:
      throw new Error(`${operator}: unknown operand`);
  }
}

function binary(a: string, operator: string, b: string): boolean {
  if (operator === '=' || operator === '==') return a === b;
  if (operator === '!=') return a !== b;
  if (!/^[-+]?\d+$/.test(a.trim())) throw new Error(`${a}: bad number`);
  if (!/^[-+]?\d+$/.test(b.trim())) throw new Error(`${b}: bad number`);
  const [x, y] = [Number(a), Number(b)];
  switch (operator) {
    case '-eq':
      return x === y;
    case '-ne':
      return x !== y;
    case '-lt':
      return x < y;
    case '-le':
      return x <= y;
    case '-gt':
      return x > y;
    case '-ge':
      return x >= y;
    default:
      throw new Error(`${operator}: unknown operand`);
  }
}
