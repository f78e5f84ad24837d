import {
  FieldSelector,
  fieldsOf,
  matchesRequirement,
  newRequirement,
  parseFieldSelector,
  parseSelector,
  type Requirement,
  Selector,
  SelectorError,
  type SelectorOperator,
  selectorFromObject,
} from '#apimachinery';
import { describe, expect, fc, it, property } from '#kit';

type Labels = Record<string, string>;

const matches = (text: string, labels: Labels): boolean => parseSelector(text).matches(labels);
const canonical = (text: string): string => parseSelector(text).toString();

describe('a requirement', () => {
  it.core('keeps its values sorted and without repeats', () => {
    expect(newRequirement('a', 'in', ['y', 'x', 'y'])).toEqual({
      key: 'a',
      operator: 'in',
      values: ['x', 'y'],
    });
  });

  it('does not change the values it is made from', () => {
    const values = ['y', 'x'];
    newRequirement('a', 'notin', values);
    expect(values).toEqual(['y', 'x']);
  });

  it('needs no values for exists and !', () => {
    expect(newRequirement('a', 'exists').values).toEqual([]);
    expect(newRequirement('a', '!').values).toEqual([]);
  });

  const good: [name: string, key: string, operator: SelectorOperator, values: string[]][] = [
    ['a key with a prefix', 'example.com/name', '=', ['a']],
    ['a key of 63 characters', 'k'.repeat(63), 'exists', []],
    ['a key with _ . and -', 'A_b.c-D', 'exists', []],
    ['the empty value', 'a', '=', ['']],
    ['a value of 63 characters', 'a', '=', ['v'.repeat(63)]],
    ['two equals signs', 'a', '==', ['b']],
    ['a number for gt', 'a', 'gt', ['9223372036854775807']],
    ['a number for lt', 'a', 'lt', ['0']],
  ];
  for (const [name, key, operator, values] of good) {
    it(`takes ${name}`, () => {
      expect(newRequirement(key, operator, values)).toEqual({ key, operator, values });
    });
  }

  const bad: [name: string, key: string, operator: SelectorOperator, values: string[]][] = [
    ['an empty key', '', 'exists', []],
    ['a key with a space', 'a b', 'exists', []],
    ['a key that begins with -', '-a', 'exists', []],
    ['a key that ends with .', 'a.', 'exists', []],
    ['a key of 64 characters', 'k'.repeat(64), 'exists', []],
    ['a key with two slashes', 'a/b/c', 'exists', []],
    ['a prefix with upper case', 'Example.com/a', 'exists', []],
    ['an empty prefix', '/a', 'exists', []],
    ['an empty name', 'example.com/', 'exists', []],
    ['in without values', 'a', 'in', []],
    ['notin without values', 'a', 'notin', []],
    ['= without a value', 'a', '=', []],
    ['= with two values', 'a', '=', ['x', 'y']],
    ['= with one value twice', 'a', '=', ['x', 'x']],
    ['gt with one number twice', 'a', 'gt', ['1', '1']],
    ['!= with two values', 'a', '!=', ['x', 'y']],
    ['exists with a value', 'a', 'exists', ['x']],
    ['! with a value', 'a', '!', ['x']],
    ['gt with a word', 'a', 'gt', ['x']],
    ['gt with a fraction', 'a', 'gt', ['1.5']],
    ['gt with nothing', 'a', 'gt', ['']],
    ['lt with two numbers', 'a', 'lt', ['1', '2']],
    ['lt with more than 64 bits', 'a', 'lt', ['9223372036854775808']],
    ['a value with a space', 'a', '=', ['x y']],
    ['a value with a slash', 'a', 'in', ['fine', 'x/y']],
    ['a value of 64 characters', 'a', '=', ['v'.repeat(64)]],
  ];
  for (const [name, key, operator, values] of bad) {
    it(`refuses ${name}`, () => {
      expect(() => newRequirement(key, operator, values)).toThrow(SelectorError);
      expect(() => newRequirement(key, operator, values)).toThrow(key);
    });
  }
});

describe('matching a requirement', () => {
  const rows: [operator: SelectorOperator, values: string[], value: string, holds: boolean][] = [
    ['=', ['x'], 'x', true],
    ['=', ['x'], 'y', false],
    ['==', ['x'], 'x', true],
    ['==', ['x'], 'X', false],
    ['!=', ['x'], 'x', false],
    ['!=', ['x'], 'y', true],
    ['in', ['x', 'y'], 'y', true],
    ['in', ['x', 'y'], 'z', false],
    ['notin', ['x', 'y'], 'y', false],
    ['notin', ['x', 'y'], 'z', true],
    ['exists', [], '', true],
    ['!', [], '', false],
    ['gt', ['5'], '6', true],
    ['gt', ['5'], '5', false],
    ['gt', ['5'], '10', true],
    ['lt', ['10'], '9', true],
    ['lt', ['10'], '10', false],
    ['lt', ['10'], '11', false],
  ];
  for (const [operator, values, value, holds] of rows) {
    it.core(`a ${operator} [${values}] ${holds ? 'holds' : 'does not hold'} for "${value}"`, () => {
      expect(matchesRequirement(newRequirement('a', operator, values), { a: value })).toBe(holds);
    });
  }

  const missing: [operator: SelectorOperator, values: string[], holds: boolean][] = [
    ['=', [''], false],
    ['==', ['x'], false],
    ['in', ['', 'x'], false],
    ['exists', [], false],
    ['gt', ['0'], false],
    ['lt', ['5'], false],
    ['!', [], true],
    ['!=', ['x'], true],
    ['notin', ['x'], true],
  ];
  for (const [operator, values, holds] of missing) {
    it.core(`${operator} ${holds ? 'holds' : 'does not hold'} without the label`, () => {
      expect(matchesRequirement(newRequirement('a', operator, values), { b: 'x' })).toBe(holds);
    });
  }

  for (const value of ['', 'many', '1.5', '9223372036854775808', '1e3', '0x10']) {
    it(`neither gt nor lt holds for a label "${value}"`, () => {
      expect(matchesRequirement(newRequirement('a', 'gt', ['1']), { a: value })).toBe(false);
      expect(matchesRequirement(newRequirement('a', 'lt', ['99999']), { a: value })).toBe(false);
    });
  }

  it('compares whole numbers of 64 bits exactly', () => {
    const limit = newRequirement('a', 'gt', ['9007199254740992']);
    expect(matchesRequirement(limit, { a: '9007199254740993' })).toBe(true);
    expect(matchesRequirement(limit, { a: '9007199254740992' })).toBe(false);
    expect(matchesRequirement(newRequirement('a', 'lt', ['1']), { a: '-5' })).toBe(true);
  });

  it('finds no label in what every object inherits', () => {
    expect(matchesRequirement(newRequirement('constructor', 'exists'), {})).toBe(false);
    expect(matchesRequirement(newRequirement('toString', '!'), {})).toBe(true);
  });
});

describe('a label selector in text', () => {
  const labels: Labels = { app: 'web', tier: 'front', size: '3', empty: '' };
  const core: [text: string, holds: boolean][] = [
    ['app=web', true],
    ['app=db', false],
    ['app==web', true],
    ['app!=web', false],
    ['app!=db', true],
    ['app in (db,web)', true],
    ['app in (db)', false],
    ['app notin (db)', true],
    ['app notin (web,db)', false],
    ['app', true],
    ['color', false],
    ['!color', true],
    ['!app', false],
    ['size>2', true],
    ['size>3', false],
    ['size<10', true],
    ['app=web,tier=front', true],
    ['app=web,tier=back', false],
    ['app=db,tier=front', false],
  ];
  for (const [text, holds] of core) {
    it.core(`${text} ${holds ? 'matches' : 'does not match'}`, () => {
      expect(matches(text, labels)).toBe(holds);
    });
  }

  const rows: [name: string, text: string, holds: boolean][] = [
    ['no text', '', true],
    ['only space', '  \t ', true],
    ['space everywhere', '  app  in ( web , db ) ,  ! color ', true],
    ['new lines', 'app=web,\n tier=front', true],
    ['! and a space', '! app', false],
    ['no value after =', 'empty=', true],
    ['no value after = before a comma', 'empty=,app=web', true],
    ['no value after !=', 'app!=', true],
    ['an empty list', 'empty in ()', true],
    ['an empty first value', 'empty in (,x)', true],
    ['an empty last value', 'empty in (x,)', true],
    ['an empty value between', 'empty in (x,,y)', true],
    ['no space before a list', 'app in(web)', true],
    ['upper case in a value', 'app=Web', false],
    ['a requirement twice', 'app=web,app=web', true],
    ['requirements that exclude each other', 'app=web,app=db', false],
  ];
  for (const [name, text, holds] of rows) {
    it(`with ${name} ${holds ? 'matches' : 'does not match'}`, () => {
      expect(matches(text, labels)).toBe(holds);
    });
  }

  it('may have keys and values called in and notin', () => {
    expect(matches('in=notin', { in: 'notin' })).toBe(true);
    expect(matches('in in (in)', { in: 'in' })).toBe(true);
    expect(matches('notin', { notin: 'x' })).toBe(true);
    expect(matches('!in', { in: 'x' })).toBe(false);
    expect(matches('a,in=x', { a: '', in: 'x' })).toBe(true);
  });

  it('matches an object without labels like one with an empty set', () => {
    expect(parseSelector('!a').matches(undefined)).toBe(true);
    expect(parseSelector('a').matches(undefined)).toBe(false);
    expect(parseSelector('').matches(undefined)).toBe(true);
  });

  const bad: [name: string, text: string, found: string][] = [
    ['a comma at the end', 'a=b,', "''"],
    ['a comma in front', ',a=b', "','"],
    ['two commas', 'a,,b', "','"],
    ['! without a key', '!', "''"],
    ['! twice', '!!a', "'!'"],
    ['! and a value', '!a=b', "'='"],
    ['no key', '=b', "'='"],
    ['a word too many', 'a b', "'b'"],
    ['in without a list', 'a in', "''"],
    ['in with a bare value', 'a in x', "'x'"],
    ['a list that does not end', 'a in (x', "''"],
    ['a list without commas', 'a in (x y)', "'y'"],
    ['a list in a list', 'a in ((x))', "'('"],
    ['= and a list', 'a=(x)', "'('"],
    ['= twice with a value between', 'a=b=c', "'='"],
    ['three equals signs', 'a===b', "'='"],
    ['<=', 'a<=3', "'='"],
    ['text behind a list', 'a in (x) y', "'y'"],
    ['a closing bracket', 'a)', "')'"],
    ['!= turned around', 'a=!b', "'!'"],
  ];
  for (const [name, text, found] of bad) {
    it(`is refused with ${name}`, () => {
      expect(() => parseSelector(text)).toThrow(SelectorError);
      expect(() => parseSelector(text)).toThrow(found.slice(1, -1));
    });
  }

  it.core('is refused when it makes no sense', () => {
    expect(() => parseSelector('a in x')).toThrow(SelectorError);
    expect(() => parseSelector('a,')).toThrow(SelectorError);
    expect(() => parseSelector('')).not.toThrow();
  });

  for (const text of [
    'a!b',
    'a>x',
    'a>',
    'a=b/c',
    'a=-b',
    '-a=b',
    'a/b/c',
    `${'k'.repeat(64)}=x`,
  ]) {
    it(`is refused for its names or values: ${text.slice(0, 12)}`, () => {
      expect(() => parseSelector(text)).toThrow(SelectorError);
    });
  }
});

describe('the canonical text of a selector', () => {
  const rows: [text: string, canonical: string][] = [
    ['a=b', 'a=b'],
    ['b,a in (y,x)', 'a in (x,y),b'],
    [' a = b , ! c ', 'a=b,!c'],
    ['a==b', 'a==b'],
    ['a!=b', 'a!=b'],
    ['a notin (y, x, y)', 'a notin (x,y)'],
    ['a in (x)', 'a in (x)'],
    ['a>1', 'a>1'],
    ['a < 2', 'a<2'],
    ['a=', 'a='],
    ['a in ()', 'a in ()'],
    ['a in (x,)', 'a in (,x)'],
    ['!b,a', 'a,!b'],
    ['', ''],
    ['z=1,x=1,y=1', 'x=1,y=1,z=1'],
  ];
  for (const [text, expected] of rows) {
    it.core(`of "${text}" is "${expected}"`, () => {
      expect(canonical(text)).toBe(expected);
    });
  }

  it('sorts keys as text, capital letters first', () => {
    expect(canonical('b,B,a10,a9,A')).toBe('A,B,a10,a9,b');
  });

  it('keeps the order of requirements of one key', () => {
    expect(canonical('a!=z,a!=b,a')).toBe('a!=z,a!=b,a');
  });

  it('is empty for everything and for nothing', () => {
    expect(Selector.everything.toString()).toBe('');
    expect(Selector.nothing.toString()).toBe('');
  });
});

describe('a LabelSelector object', () => {
  it.core('selects nothing when it is missing, everything when it is empty', () => {
    expect(selectorFromObject(undefined).matches({ a: 'x' })).toBe(false);
    expect(selectorFromObject(undefined).matches({})).toBe(false);
    expect(selectorFromObject({}).matches({ a: 'x' })).toBe(true);
    expect(selectorFromObject({}).matches({})).toBe(true);
  });

  it('selects nothing when it is null', () => {
    expect(selectorFromObject(null).matches({ a: 'x' })).toBe(false);
    expect(selectorFromObject(null).matches(undefined)).toBe(false);
  });

  it('selects everything when its parts are empty', () => {
    expect(selectorFromObject({ matchLabels: {}, matchExpressions: [] }).matches({})).toBe(true);
  });

  it.core('needs all of matchLabels and all of matchExpressions', () => {
    const selector = selectorFromObject({
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'back'] }],
    });
    expect(selector.matches({ app: 'web', tier: 'back' })).toBe(true);
    expect(selector.matches({ app: 'web' })).toBe(false);
    expect(selector.matches({ tier: 'front' })).toBe(false);
  });

  const operators: [operator: string, values: string[] | undefined, text: string][] = [
    ['In', ['y', 'x'], 'k in (x,y)'],
    ['NotIn', ['x'], 'k notin (x)'],
    ['Exists', undefined, 'k'],
    ['Exists', [], 'k'],
    ['DoesNotExist', undefined, '!k'],
  ];
  for (const [operator, values, text] of operators) {
    it(`writes ${operator} [${values}] as ${text}`, () => {
      const selector = selectorFromObject({ matchExpressions: [{ key: 'k', operator, values }] });
      expect(selector.toString()).toBe(text);
    });
  }

  it('writes its labels as = and sorts by key', () => {
    const selector = selectorFromObject({
      matchLabels: { z: '1', a: '2' },
      matchExpressions: [{ key: 'm', operator: 'Exists' }],
    });
    expect(selector.toString()).toBe('a=2,m,z=1');
  });

  const bad: [name: string, operator: string, values: string[] | undefined][] = [
    ['an operator in lower case', 'in', ['x']],
    ['an operator that only nodes have', 'Gt', ['1']],
    ['an empty operator', '', ['x']],
    ['a name every object inherits', 'toString', ['x']],
    ['In without values', 'In', undefined],
    ['Exists with values', 'Exists', ['x']],
    ['a value that is no label value', 'In', ['a b']],
  ];
  for (const [name, operator, values] of bad) {
    it(`is refused with ${name}`, () => {
      const object = { matchExpressions: [{ key: 'k', operator, values }] };
      expect(() => selectorFromObject(object)).toThrow(SelectorError);
    });
  }

  it('is refused with an invalid label', () => {
    expect(() => selectorFromObject({ matchLabels: { 'a b': 'c' } })).toThrow(SelectorError);
    expect(() => selectorFromObject({ matchLabels: { a: 'b c' } })).toThrow(SelectorError);
  });
});

describe('Selector', () => {
  it('knows the selectors of everything and of nothing', () => {
    expect(Selector.everything.matches(undefined)).toBe(true);
    expect(Selector.everything.matches({ a: 'x' })).toBe(true);
    expect(Selector.nothing.matches(undefined)).toBe(false);
    expect(Selector.nothing.matches({ a: 'x' })).toBe(false);
  });

  const required: [text: string, value: string | undefined][] = [
    ['app=web', 'web'],
    ['app==web', 'web'],
    ['app in (web)', 'web'],
    ['app=', ''],
    ['tier=x,app=web', 'web'],
    ['app in (web,db)', undefined],
    ['app!=web', undefined],
    ['app notin (web)', undefined],
    ['app', undefined],
    ['!app', undefined],
    ['app>1', undefined],
    ['tier=x', undefined],
    ['', undefined],
  ];
  for (const [text, value] of required) {
    it.core(`"${text}" requires ${value === undefined ? 'no value' : `"${value}"`} of app`, () => {
      expect(parseSelector(text).requiredValue('app')).toBe(value);
    });
  }

  it('goes by the first requirement of a key', () => {
    expect(parseSelector('app=a,app=b').requiredValue('app')).toBe('a');
    expect(parseSelector('app,app=b').requiredValue('app')).toBeUndefined();
  });

  it('requires nothing when it selects nothing', () => {
    expect(Selector.nothing.requiredValue('app')).toBeUndefined();
  });
});

const keys = fc.constantFrom('a', 'b', 'c/d', 'in', 'notin', 'E.f');
const values = fc.constantFrom('', 'x', 'y', '7', '12', 'in', 'notin', 'A.b_c-1');
const labelSets = fc.dictionary(keys, values);
const requirements: fc.Arbitrary<Requirement> = fc.oneof(
  fc
    .tuple(keys, fc.constantFrom('=' as const, '==' as const, '!=' as const), values)
    .map(([key, operator, value]) => ({ key, operator, values: [value] })),
  fc
    .tuple(
      keys,
      fc.constantFrom('in' as const, 'notin' as const),
      fc.uniqueArray(values, { minLength: 1, maxLength: 3 }),
    )
    .map(([key, operator, list]) => ({ key, operator, values: [...list].sort() })),
  fc
    .tuple(keys, fc.constantFrom('exists' as const, '!' as const))
    .map(([key, operator]) => ({ key, operator, values: [] })),
  fc
    .tuple(keys, fc.constantFrom('gt' as const, 'lt' as const), fc.integer({ min: 0, max: 20 }))
    .map(([key, operator, limit]) => ({ key, operator, values: [String(limit)] })),
);

describe('any label selector', () => {
  property('is read back from its canonical text', fc.array(requirements), (list) => {
    const selector = new Selector(list);
    expect(parseSelector(selector.toString()).requirements).toEqual([
      ...(selector.requirements ?? []),
    ]);
  });

  property(
    'matches when each of its requirements does',
    fc.array(requirements),
    labelSets,
    (list, labels) => {
      const all = list.every((requirement) => matchesRequirement(requirement, labels));
      expect(new Selector(list).matches(labels)).toBe(all);
    },
  );

  property(
    'has an opposite in notin for in, ! for exists, != for =',
    keys,
    values,
    labelSets,
    (key, value, labels) => {
      const holds = (operator: SelectorOperator, list: string[]): boolean =>
        matchesRequirement(newRequirement(key, operator, list), labels);
      expect(holds('notin', [value, 'z'])).toBe(!holds('in', [value, 'z']));
      expect(holds('!', [])).toBe(!holds('exists', []));
      expect(holds('!=', [value])).toBe(!holds('=', [value]));
    },
  );
});

const POD = { group: '', kind: 'Pod' };

describe('a field selector', () => {
  const fields = { 'metadata.name': 'web', 'spec.nodeName': '', 'status.phase': 'Running' };
  const core: [text: string, holds: boolean][] = [
    ['metadata.name=web', true],
    ['metadata.name==web', true],
    ['metadata.name=db', false],
    ['metadata.name!=db', true],
    ['metadata.name!=web', false],
    ['spec.nodeName=', true],
    ['spec.nodeName!=', false],
    ['metadata.name=web,status.phase=Running', true],
    ['metadata.name=web,status.phase!=Running', false],
  ];
  for (const [text, holds] of core) {
    it.core(`${text} ${holds ? 'matches' : 'does not match'}`, () => {
      expect(parseFieldSelector(text).matches(fields)).toBe(holds);
    });
  }

  it('matches everything when it is empty', () => {
    expect(parseFieldSelector('').matches(fields)).toBe(true);
    expect(parseFieldSelector('').matches({})).toBe(true);
  });

  it('takes a missing field for an empty one', () => {
    expect(parseFieldSelector('a=').matches({})).toBe(true);
    expect(parseFieldSelector('a!=').matches({})).toBe(false);
    expect(parseFieldSelector('a!=x').matches({})).toBe(true);
    expect(parseFieldSelector('toString=').matches({})).toBe(true);
  });

  it.core('is read into its conditions', () => {
    expect([...parseFieldSelector('a=1,b!=2,c==3').requirements]).toEqual([
      { field: 'a', operator: '=', value: '1' },
      { field: 'b', operator: '!=', value: '2' },
      { field: 'c', operator: '=', value: '3' },
    ]);
  });

  const read: [name: string, text: string, field: string, operator: '=' | '!=', value: string][] = [
    ['an escaped comma', 'a=x\\,y', 'a', '=', 'x,y'],
    ['an escaped equals sign', 'a=x\\=y', 'a', '=', 'x=y'],
    ['an escaped backslash', 'a=x\\\\', 'a', '=', 'x\\'],
    ['an escaped backslash before a comma at the end', 'a=x\\\\,', 'a', '=', 'x\\'],
    ['space', ' a = b ', ' a ', '=', ' b '],
    ['an exclamation mark in the value', 'a=!b', 'a', '=', '!b'],
    ['an exclamation mark behind the field', 'a!!=b', 'a!', '!=', 'b'],
    ['no field', '=b', '', '=', 'b'],
    ['empty terms', ',a=b,,', 'a', '=', 'b'],
  ];
  for (const [name, text, field, operator, value] of read) {
    it(`understands ${name}`, () => {
      expect([...parseFieldSelector(text).requirements]).toEqual([{ field, operator, value }]);
    });
  }

  const unescaped: [name: string, text: string, field: string, value: string][] = [
    ['an escaped comma', 'a\\,b=1', 'a\\,b', '1'],
    ['an escaped backslash', 'a\\\\b=1', 'a\\\\b', '1'],
    ['a backslash before a letter', 'a\\b=1', 'a\\b', '1'],
    ['a backslash before its operator', 'a\\=b', 'a\\', 'b'],
  ];
  for (const [name, text, field, value] of unescaped) {
    it(`leaves ${name} in a field as it is`, () => {
      const selector = parseFieldSelector(text);
      expect([...selector.requirements]).toEqual([{ field, operator: '=', value }]);
      expect(selector.toString()).toBe(text);
    });
  }

  it('means the same, read back, though the order may be another', () => {
    const text = parseFieldSelector('a==1,a=2').toString();
    expect(text).toBe('a=2,a=1');
    expect(parseFieldSelector(text).toString()).toBe('a=1,a=2');
  });

  it('sorts its terms', () => {
    expect(parseFieldSelector('c=1,a=2,b!=3').toString()).toBe('a=2,b!=3,c=1');
    expect(parseFieldSelector('a=2,a!=1').toString()).toBe('a!=1,a=2');
  });

  const bad: [name: string, text: string][] = [
    ['a term without an operator', 'abc'],
    ['one term without an operator', 'a=b,abc'],
    ['an equals sign in a value', 'a=b=c'],
    ['three equals signs', 'a===b'],
    ['a backslash before a letter', 'a=b\\c'],
    ['a backslash at the end', 'a=b\\'],
  ];
  for (const [name, text] of bad) {
    it(`is refused with ${name}`, () => {
      expect(() => parseFieldSelector(text)).toThrow(SelectorError);
    });
  }

  it('names the term it does not understand', () => {
    expect(() => parseFieldSelector('a=b,abc,c=d')).toThrow(/'?abc'?/);
  });

  it.core('writes itself as text, escaped', () => {
    const selector = new FieldSelector([
      { field: 'b', operator: '=', value: 'x,y=z\\' },
      { field: 'a', operator: '!=', value: '' },
    ]);
    expect(selector.toString()).toBe('b=x\\,y\\=z\\\\,a!=');
  });

  it.core('knows which value it requires of a field', () => {
    const selector = parseFieldSelector('spec.nodeName=n1,status.phase!=Failed');
    expect(selector.requiredValue('spec.nodeName')).toBe('n1');
    expect(selector.requiredValue('status.phase')).toBeUndefined();
    expect(selector.requiredValue('metadata.name')).toBeUndefined();
  });

  it('requires the value of the first = condition, behind a != one too', () => {
    expect(parseFieldSelector('a!=1,a=2,a=3').requiredValue('a')).toBe('2');
    expect(parseFieldSelector('a=').requiredValue('a')).toBe('');
  });

  const escaped = fc.string({ maxLength: 8 });
  property(
    'is read back from its text',
    fc.constantFrom('a', 'metadata.name'),
    escaped,
    (field, value) => {
      const selector = new FieldSelector([{ field, operator: '=', value }]);
      expect([...parseFieldSelector(selector.toString()).requirements]).toEqual([
        { field, operator: '=', value },
      ]);
    },
  );
});

describe('a field selector for a kind', () => {
  it.core('takes the fields that a Pod has', () => {
    const selector = parseFieldSelector('spec.nodeName=n1,status.phase!=Failed').forKind(POD);
    const pod = { metadata: { name: 'web' }, spec: { nodeName: 'n1' }, status: {} };
    expect(selector.matches(fieldsOf(POD, pod))).toBe(true);
    expect(selector.matches(fieldsOf(POD, { ...pod, spec: { nodeName: 'n2' } }))).toBe(false);
  });

  it.core('is a bad request when the kind has no such field', () => {
    expect(() => parseFieldSelector('spec.image=x').forKind(POD)).toThrow({
      name: 'StatusError',
      code: 400,
      reason: 'BadRequest',
      message: 'field label not supported: spec.image',
    });
  });

  it('says which fields every other kind has', () => {
    const kind = { group: 'apps', kind: 'ReplicaSet' };
    expect(() => parseFieldSelector('spec.replicas=1').forKind(kind)).toThrow({
      code: 400,
      reason: 'BadRequest',
      message:
        '"spec.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
    expect(parseFieldSelector('metadata.name=a').forKind(kind).toString()).toBe('metadata.name=a');
  });

  it('complains about the first field that is not there', () => {
    const selector = parseFieldSelector('a=1,b=2,metadata.name=x');
    expect(() => selector.forKind(POD)).toThrow('field label not supported: a');
  });

  it('uses the inside name of an old field', () => {
    const selector = parseFieldSelector('spec.host=n1').forKind(POD);
    expect(selector.toString()).toBe('spec.nodeName=n1');
    expect(selector.requiredValue('spec.nodeName')).toBe('n1');
  });

  it('leaves the selector it is made from as it was', () => {
    const selector = parseFieldSelector('spec.host=n1');
    selector.forKind(POD);
    expect(selector.toString()).toBe('spec.host=n1');
  });

  it('keeps operators, values and order', () => {
    const selector = parseFieldSelector('metadata.name!=a,metadata.namespace=b').forKind(POD);
    expect([...selector.requirements]).toEqual([
      { field: 'metadata.name', operator: '!=', value: 'a' },
      { field: 'metadata.namespace', operator: '=', value: 'b' },
    ]);
  });
});
