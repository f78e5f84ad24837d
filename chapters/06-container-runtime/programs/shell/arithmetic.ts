/** `$(( … ))`: whole numbers. Given. */

const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<=', '>=', '<', '>'],
  ['+', '-'],
  ['*', '/', '%'],
];

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '||': (a, b) => Number(a !== 0 || b !== 0),
  '&&': (a, b) => Number(a !== 0 && b !== 0),
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '<=': (a, b) => Number(a <= b),
  '>=': (a, b) => Number(a >= b),
  '<': (a, b) => Number(a < b),
  '>': (a, b) => Number(a > b),
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => Math.trunc(a / b),
  '%': (a, b) => a % b,
};

/** Variables by name. */
export interface Variables {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
}

/** The value of an expression. @throws Error */
export function arithmetic(text: string, variables: Variables): number {
  const tokens =
    text.match(/\d+|[A-Za-z_]\w*|\+\+|--|\+=|-=|\*=|&&|\|\||[<>=!]=|[-+*/%<>=!()?:]/g) ?? [];
  return new Evaluator(tokens, variables).all();
}

class Evaluator {
  readonly #tokens: readonly string[];
  readonly #variables: Variables;
  #at = 0;

  constructor(tokens: readonly string[], variables: Variables) {
    this.#tokens = tokens;
    this.#variables = variables;
  }

  all(): number {
    return this.#tokens.length === 0 ? 0 : this.#assignment();
  }

  #assignment(): number {
    const [name = '', operator = ''] = this.#tokens.slice(this.#at, this.#at + 2);
    if (!/^[A-Za-z_]/.test(name) || !/^([-+*]?=)$/.test(operator)) return this.#choice();
    this.#at += 2;
    const value = this.#assignment();
    const apply = OPERATIONS[operator.slice(0, -1)];
    const result = apply ? apply(this.#value(name), value) : value;
    this.#variables.set(name, String(result));
    return result;
  }

  #choice(): number {
    const condition = this.#level(0);
    if (!this.#take('?')) return condition;
    const yes = this.#choice();
    if (!this.#take(':')) throw new Error('arithmetic syntax error');
    const no = this.#choice();
    return condition === 0 ? no : yes;
  }

  #level(level: number): number {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let value = this.#level(level + 1);
    for (;;) {
      const operator = this.#tokens[this.#at] ?? '';
      const apply = OPERATIONS[operator];
      if (!operators.includes(operator) || apply === undefined) return value;
      this.#at++;
      const right = this.#level(level + 1);
      if (right === 0 && (operator === '/' || operator === '%')) throw new Error('divide by zero');
      value = apply(value, right);
    }
  }

  #unary(): number {
    if (this.#take('-')) return -this.#unary();
    if (this.#take('+')) return this.#unary();
    if (this.#take('!')) return Number(this.#unary() === 0);
    if (this.#take('(')) {
      const value = this.#assignment();
      if (!this.#take(')')) throw new Error('arithmetic syntax error');
      return value;
    }
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Error('arithmetic syntax error');
    if (/^\d/.test(token)) return Number(token);
    const value = this.#value(token);
    if (this.#take('++')) this.#variables.set(token, String(value + 1));
    if (this.#take('--')) this.#variables.set(token, String(value - 1));
    return value;
  }

  #value(name: string): number {
    return Number(this.#variables.get(name) ?? 0) || 0;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }
}
