import { describe, expect, it } from 'vitest';
import { findExercises } from '../../../tools/source/exercises.ts';
import { countBodies, replaceBodies, stubOut } from '../../../tools/source/stub-out.ts';

const source = `import { get } from './get.ts';

/** A student's own. */
const cache = new Map<string, number>();

export class Store extends Base {
  /** @exercise sample/open */
  constructor(name: string) {
    super(name);
    this.name = name;
  }

  /** @exercise sample/get */
  get(key: string): number {
    return cache.get(key) ?? get(key);
  }
}

/** @exercise sample/put */
export function put(): void {
  throw new NotImplemented('sample/put', 'put');
}
`;

describe('findExercises', () => {
  it('finds id, member, body and whether it is a stub still', () => {
    const found = findExercises(source, 'store.ts');
    expect(found.map(({ id, member, isStub }) => ({ id, member, isStub }))).toEqual([
      { id: 'sample/open', member: 'Store.constructor', isStub: false },
      { id: 'sample/get', member: 'Store.get', isStub: false },
      { id: 'sample/put', member: 'put', isStub: true },
    ]);
    const [start, end] = found[1]?.bodyRange ?? [0, 0];
    expect(source.slice(start, end)).toBe('{\n    return cache.get(key) ?? get(key);\n  }');
  });

  it('takes a body that throws something else, or does more, for written', () => {
    const bodies = [
      "throw new Error('NotImplemented');",
      "prepare(); throw new NotImplemented('a/b', 'c');",
      '',
    ];
    for (const body of bodies) {
      const text = `/** @exercise a/b */\nexport function c(): void { ${body} }\n`;
      expect(findExercises(text, 'c.ts')[0]?.isStub).toBe(false);
    }
  });

  it('takes super(...) and the throw for a stub', () => {
    const text = stubOut(source, 'store.ts', ['sample/open']);
    expect(findExercises(text, 'store.ts')[0]?.isStub).toBe(true);
  });
});

describe('stubOut', () => {
  it('empties one exercise and leaves everything else, the import added', () => {
    expect(stubOut(source, 'store.ts', ['sample/get'])).toBe(
      source
        .replace(
          'return cache.get(key) ?? get(key);',
          "throw new NotImplemented('sample/get', 'Store.get');",
        )
        .replace('import {', "import { NotImplemented } from '#not-implemented';\nimport {"),
    );
  });

  it('empties all exercises when none is named', () => {
    const stubs = findExercises(stubOut(source, 'store.ts'), 'store.ts');
    expect(stubs.map(({ isStub }) => isStub)).toEqual([true, true, true]);
  });

  it('leaves a text alone that does not hold the exercise', () => {
    expect(stubOut(source, 'store.ts', ['sample/other'])).toBe(source);
  });

  it('works on a text with a syntax error elsewhere', () => {
    const broken = `${source}\nconst x = ;\n`;
    expect(stubOut(broken, 'store.ts', ['sample/get'])).toContain("'Store.get'");
  });
});

describe('countBodies', () => {
  it('makes every body begin with a call, and moves no line', () => {
    const text = countBodies(source, 'store.ts');
    expect(text).toContain(
      "constructor(name: string) { $reached('sample/open');\n    super(name);",
    );
    expect(text).toContain("get(key: string): number { $reached('sample/get');\n");
    expect(text.split('\n')).toHaveLength(source.split('\n').length);
    expect(text.replaceAll(/ \$reached\('[a-z/]+'\);/g, '')).toBe(source);
  });
});

describe('replaceBodies', () => {
  it('puts any statement in the place of a body and keeps super(...)', () => {
    const text = replaceBodies(source, 'store.ts', undefined, 'return undefined as never;');
    expect(text).toContain('    super(name);\n    return undefined as never;\n  }\n');
    expect(text).toContain('export function put(): void {\n  return undefined as never;\n}\n');
    expect(text).not.toContain('#not-implemented');
  });
});
