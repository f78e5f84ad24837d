import { FakeClock, isConflict, isNotFound, seededRandom } from '#apimachinery';
import {
  type ApiObject,
  applyJsonPatch,
  applyMergePatch,
  create,
  get,
  type Json,
  type Kind,
  MAX_COPIED_LENGTH,
  MAX_JSON_PATCH_OPERATIONS,
  openMemoryStorage,
  patchObject,
  type Registry,
} from '#apiserver';
import { describe, expect, fc, it, property, refusalOf, widget, widgetKind } from '#kit';

/** A copy that was read from text: `__proto__` is an ordinary field of it. */
const read = (text: string): Json => JSON.parse(text) as Json;

const UNPROCESSABLE = {
  code: 422,
  reason: 'Invalid',
  message: 'the server rejected our request due to an error in our request',
};

const rejected = (document: Json, ...operations: Json[]) =>
  expect(() => applyJsonPatch(document, operations)).toThrow(UNPROCESSABLE);

const json = fc.jsonValue({ maxDepth: 3 }).map((value) => read(JSON.stringify(value)));

describe('applyJsonPatch', () => {
  it.core('adds, removes and replaces fields', () => {
    const document = { a: 1, b: { c: 2 } };
    const patch: Json[] = [
      { op: 'add', path: '/b/d', value: [3] },
      { op: 'remove', path: '/a' },
      { op: 'replace', path: '/b/c', value: 'x' },
    ];
    expect(applyJsonPatch(document, patch)).toEqual({ b: { c: 'x', d: [3] } });
  });

  it.core('inserts into, removes from and replaces in arrays', () => {
    const document = { list: [1, 2, 3] };
    const patch: Json[] = [
      { op: 'add', path: '/list/1', value: 9 },
      { op: 'remove', path: '/list/0' },
      { op: 'replace', path: '/list/2', value: 'last' },
      { op: 'add', path: '/list/3', value: 4 },
      { op: 'add', path: '/list/-', value: 5 },
    ];
    expect(applyJsonPatch(document, patch)).toEqual({ list: [9, 2, 'last', 4, 5] });
  });

  it.core('does all operations or none', () => {
    const document = { a: 1 };
    rejected(document, { op: 'add', path: '/b', value: 2 }, { op: 'test', path: '/a', value: 2 });
    expect(document).toEqual({ a: 1 });
  });

  it('does each operation on what the ones before it left', () => {
    const patch: Json[] = [
      { op: 'add', path: '/a', value: {} },
      { op: 'add', path: '/a/b', value: [] },
      { op: 'add', path: '/a/b/-', value: 1 },
      { op: 'test', path: '/a', value: { b: [1] } },
    ];
    expect(applyJsonPatch({}, patch)).toEqual({ a: { b: [1] } });
  });

  it('changes nothing for a patch without operations', () => {
    expect(applyJsonPatch({ a: [1] }, [])).toEqual({ a: [1] });
  });

  it('sets a field that is there by add', () => {
    expect(applyJsonPatch({ a: 1 }, [{ op: 'add', path: '/a', value: 2 }])).toEqual({ a: 2 });
  });

  it('sets a field that is not there by replace, as Kubernetes does', () => {
    const patch: Json[] = [{ op: 'replace', path: '/a', value: 1 }];
    expect(applyJsonPatch({}, patch)).toEqual({ a: 1 });
  });

  it('takes null for a value', () => {
    const patch: Json[] = [{ op: 'add', path: '/a', value: null }];
    expect(applyJsonPatch({}, patch)).toEqual({ a: null });
  });

  it('moves a value', () => {
    const patch: Json[] = [{ op: 'move', from: '/a/b', path: '/c' }];
    expect(applyJsonPatch({ a: { b: [1] } }, patch)).toEqual({ a: {}, c: [1] });
  });

  it('removes before it adds when it moves', () => {
    const patch: Json[] = [{ op: 'move', from: '/list/0', path: '/list/2' }];
    expect(applyJsonPatch({ list: ['a', 'b', 'c'] }, patch)).toEqual({ list: ['b', 'c', 'a'] });
  });

  it('finds the place to move to once the value has been removed', () => {
    const patch: Json[] = [{ op: 'move', from: '/list/0', path: '/list/1/x' }];
    const document: Json = { list: [1, { a: 2 }, { b: 3 }] };
    expect(applyJsonPatch(document, patch)).toEqual({ list: [{ a: 2 }, { b: 3, x: 1 }] });
    rejected({ list: [1, { a: 2 }] }, ...patch);
  });

  it('moves a value to where it is', () => {
    const patch: Json[] = [{ op: 'move', from: '/a', path: '/a' }];
    expect(applyJsonPatch({ a: { b: 1 } }, patch)).toEqual({ a: { b: 1 } });
  });

  it('copies a value, which is then another one', () => {
    const patch: Json[] = [
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/b/c', value: 2 },
    ];
    expect(applyJsonPatch({ a: { c: 1 } }, patch)).toEqual({ a: { c: 1 }, b: { c: 2 } });
  });

  it('copies a value into itself', () => {
    const patch: Json[] = [{ op: 'copy', from: '/a', path: '/a/b' }];
    expect(applyJsonPatch({ a: { c: 1 } }, patch)).toEqual({ a: { c: 1, b: { c: 1 } } });
  });

  it('sees every operation as one of its own, though two have the same value', () => {
    const value = { x: 1 };
    const patch: Json[] = [
      { op: 'add', path: '/a', value },
      { op: 'add', path: '/b', value },
      { op: 'replace', path: '/a/x', value: 2 },
    ];
    expect(applyJsonPatch({}, patch)).toEqual({ a: { x: 2 }, b: { x: 1 } });
    expect(value).toEqual({ x: 1 });
  });
});

describe('applyJsonPatch, test', () => {
  const document: Json = { a: { x: 1, y: [1, 2] }, s: 'text', n: null };
  const holds: [name: string, path: string, value: Json][] = [
    ['an object with its fields in another order', '/a', { y: [1, 2], x: 1 }],
    ['an array', '/a/y', [1, 2]],
    ['an item', '/a/y/1', 2],
    ['a text', '/s', 'text'],
    ['null', '/n', null],
    ['null for a field that is not there', '/missing', null],
    ['the whole document', '', { s: 'text', n: null, a: { x: 1, y: [1, 2] } }],
  ];
  for (const [name, path, value] of holds) {
    it(`holds for ${name}`, () => {
      expect(applyJsonPatch(document, [{ op: 'test', path, value }])).toEqual(document);
    });
  }

  const fails: [name: string, path: string, value: Json][] = [
    ['another value', '/s', 'other'],
    ['a number beside the same text', '/a/x', '1'],
    ['an array in another order', '/a/y', [2, 1]],
    ['a longer array', '/a/y', [1, 2, 3]],
    ['an object with fewer fields', '/a', { x: 1 }],
    ['an object with more fields', '/a', { x: 1, y: [1, 2], z: 0 }],
    ['an array beside an object', '/a', ['x']],
    ['a value for a field that is not there', '/missing', 1],
    ['null for an item that is not there', '/a/y/2', null],
    ['null below what is not there', '/missing/x', null],
    ['a value where null is', '/n', false],
    ['what objects inherit', '/constructor', {}],
  ];
  for (const [name, path, value] of fails) {
    it(`fails for ${name}`, () => rejected(document, { op: 'test', path, value }));
  }
});

describe('applyJsonPatch, pointers', () => {
  it('takes ~1 for / and ~0 for ~', () => {
    const patch: Json[] = [
      { op: 'remove', path: '/a~1b' },
      { op: 'remove', path: '/c~0d' },
      { op: 'remove', path: '/e~01f' },
    ];
    expect(applyJsonPatch({ 'a/b': 1, 'c~d': 2, 'e~1f': 3, g: 4 }, patch)).toEqual({ g: 4 });
  });

  it('takes them wherever they stand, and however often', () => {
    const patch: Json[] = [{ op: 'add', path: '/~1a~1b~1/~0~0c~01', value: 1 }];
    expect(applyJsonPatch({ '/a/b/': {} }, patch)).toEqual({ '/a/b/': { '~~c~1': 1 } });
  });

  it('finds the empty key', () => {
    const patch: Json[] = [{ op: 'replace', path: '/a/', value: 2 }];
    expect(applyJsonPatch({ a: { '': 1 } }, patch)).toEqual({ a: { '': 2 } });
  });

  it('finds the empty key of the whole document', () => {
    const patch: Json[] = [{ op: 'add', path: '/', value: 2 }];
    expect(applyJsonPatch({ a: 1 }, patch)).toEqual({ a: 1, '': 2 });
  });

  it('takes digits for an object as a key', () => {
    const patch: Json[] = [{ op: 'add', path: '/a/01', value: 1 }];
    expect(applyJsonPatch({ a: {} }, patch)).toEqual({ a: { '01': 1 } });
  });

  it('takes - for an object as a key', () => {
    expect(applyJsonPatch({}, [{ op: 'add', path: '/-', value: 1 }])).toEqual({ '-': 1 });
  });

  it('replaces the whole document', () => {
    const patch: Json[] = [{ op: 'replace', path: '', value: { b: 2 } }];
    expect(applyJsonPatch({ a: 1 }, patch)).toEqual({ b: 2 });
  });

  it('copies and moves to the whole document', () => {
    const document = { a: { b: { c: 1 } } };
    const patch: Json[] = [
      { op: 'copy', from: '/a', path: '' },
      { op: 'move', from: '/b', path: '' },
    ];
    expect(applyJsonPatch(document, patch)).toEqual({ c: 1 });
  });

  const list = { list: [1, 2], text: 'abc', nothing: null };
  const bad: [name: string, operation: Json][] = [
    ['an index after the end', { op: 'add', path: '/list/3', value: 0 }],
    ['replacing at the length', { op: 'replace', path: '/list/2', value: 0 }],
    ['removing at the length', { op: 'remove', path: '/list/2' }],
    ['removing -', { op: 'remove', path: '/list/-' }],
    ['replacing -', { op: 'replace', path: '/list/-', value: 0 }],
    ['a leading zero', { op: 'add', path: '/list/01', value: 0 }],
    ['an index below zero', { op: 'add', path: '/list/-1', value: 0 }],
    ['an index with a fraction', { op: 'replace', path: '/list/1.0', value: 0 }],
    ['an index with a space', { op: 'replace', path: '/list/ 1', value: 0 }],
    ['an index with an exponent', { op: 'replace', path: '/list/1e0', value: 0 }],
    ['an empty index', { op: 'replace', path: '/list/', value: 0 }],
    ['the length of an array', { op: 'test', path: '/list/length', value: 2 }],
    ['a character of a text', { op: 'test', path: '/text/0', value: 'a' }],
    ['a field of a text', { op: 'add', path: '/text/x', value: 1 }],
    ['a field of null', { op: 'add', path: '/nothing/x', value: 1 }],
    ['a field of nothing', { op: 'add', path: '/missing/x', value: 1 }],
    ['a field of what is inherited', { op: 'add', path: '/constructor/x', value: 1 }],
    ['removing what is not there', { op: 'remove', path: '/missing' }],
    ['removing what is inherited', { op: 'remove', path: '/toString' }],
    ['removing the whole document', { op: 'remove', path: '' }],
    ['no leading slash', { op: 'add', path: 'a', value: 1 }],
    ['copying what is not there', { op: 'copy', from: '/missing', path: '/x' }],
    ['copying from behind an array', { op: 'copy', from: '/list/-', path: '/x' }],
    ['moving what is not there', { op: 'move', from: '/missing', path: '/x' }],
  ];
  for (const [name, operation] of bad) {
    it(`refuses ${name}`, () => rejected(list, operation));
  }

  it('refuses to move a value into itself', () => {
    rejected({ a: { b: {} } }, { op: 'move', from: '/a', path: '/a/b' });
    rejected({ l: [{ a: 1 }, { b: 2 }] }, { op: 'move', from: '/l/0', path: '/l/0/x' });
    rejected({ a: 1 }, { op: 'move', from: '', path: '/a' });
  });

  it('moves beside what only begins alike', () => {
    const patch: Json[] = [{ op: 'move', from: '/a', path: '/ab' }];
    expect(applyJsonPatch({ a: 1 }, patch)).toEqual({ ab: 1 });
  });
});

describe('applyJsonPatch, keys of every name', () => {
  it.core('keeps __proto__ as a field', () => {
    const patch: Json[] = [{ op: 'add', path: '/a/__proto__', value: { polluted: true } }];
    const result = applyJsonPatch({ a: {} }, patch);
    expect(JSON.stringify(result)).toBe('{"a":{"__proto__":{"polluted":true}}}');
    expect((result as { a: { polluted?: boolean } }).a.polluted).toBeUndefined();
  });

  it('replaces a field of the name __proto__', () => {
    const patch: Json[] = [{ op: 'replace', path: '/a/__proto__', value: { polluted: true } }];
    for (const document of ['{"a":{}}', '{"a":{"__proto__":{"x":1}}}']) {
      const result = applyJsonPatch(read(document), patch);
      expect(JSON.stringify(result)).toBe('{"a":{"__proto__":{"polluted":true}}}');
    }
  });

  it('finds nothing to test in what every object inherits', () => {
    for (const path of ['/toString', '/constructor', '/__proto__']) {
      expect(applyJsonPatch({}, [{ op: 'test', path, value: null }])).toEqual({});
    }
  });

  it('changes nothing that other objects inherit', () => {
    rejected({}, { op: 'add', path: '/__proto__/polluted', value: true });
    rejected({}, { op: 'add', path: '/constructor/prototype/polluted', value: true });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('finds, copies and removes a field of the name __proto__', () => {
    const patch: Json[] = [
      { op: 'test', path: '/__proto__', value: { x: 1 } },
      { op: 'copy', from: '/__proto__', path: '/copy' },
      { op: 'remove', path: '/__proto__' },
    ];
    const result = applyJsonPatch(read('{"__proto__": {"x": 1}, "a": 1}'), patch);
    expect(JSON.stringify(result)).toBe('{"a":1,"copy":{"x":1}}');
  });

  it('keeps a field of the name __proto__ in a value it adds', () => {
    const patch: Json[] = [{ op: 'add', path: '/a', value: read('{"__proto__": 1}') }];
    expect(JSON.stringify(applyJsonPatch({}, patch))).toBe('{"a":{"__proto__":1}}');
  });
});

describe('applyJsonPatch, what is wrong with a patch', () => {
  const malformed: [name: string, patch: Json, message: string][] = [
    ['an object', {}, 'cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
    ['a text', 'x', 'cannot unmarshal string into Go value of type []handlers.jsonPatchOp'],
    [
      'an item that is a number',
      [1],
      'cannot unmarshal number into Go value of type handlers.jsonPatchOp',
    ],
    [
      'an op that is a boolean',
      [{ op: true, path: '/a' }],
      'cannot unmarshal bool into Go struct field jsonPatchOp.op of type string',
    ],
    [
      'a path that is an array',
      [{ op: 'remove', path: ['a'] }],
      'cannot unmarshal array into Go struct field jsonPatchOp.path of type string',
    ],
  ];
  for (const [name, patch, message] of malformed) {
    it(`answers 400 to ${name}`, () => {
      expect(() => applyJsonPatch({ a: 1 }, patch)).toThrow({
        code: 400,
        reason: 'BadRequest',
        message: `error decoding patch: json: ${message}`,
      });
    });
  }

  const impossible: [name: string, operation: Json][] = [
    ['an unknown op', { op: 'merge', path: '/a', value: 1 }],
    ['an op of another case', { op: 'Add', path: '/a', value: 1 }],
    ['no op', { path: '/a', value: 1 }],
    ['no path', { op: 'add', value: 1 }],
    ['no value to add', { op: 'add', path: '/a' }],
    ['no value to replace with', { op: 'replace', path: '/a' }],
    ['no value to test', { op: 'test', path: '/a' }],
    ['no value to test nothing with', { op: 'test', path: '/missing' }],
    ['no from to move', { op: 'move', path: '/b' }],
    ['no from to copy', { op: 'copy', path: '/b' }],
  ];
  for (const [name, operation] of impossible) {
    it(`answers 422 to ${name}`, () => rejected({ a: 1 }, operation));
  }

  it('takes no notice of other fields of an operation', () => {
    const patch: Json[] = [{ op: 'remove', path: '/a', from: '/nowhere', value: 1, comment: 'x' }];
    expect(applyJsonPatch({ a: 1 }, patch)).toEqual({});
  });

  it('takes ten thousand operations, and not one more', () => {
    const add = { op: 'add', path: '/a', value: 1 };
    const patch = Array.from({ length: MAX_JSON_PATCH_OPERATIONS }, () => add);
    expect(applyJsonPatch({}, patch)).toEqual({ a: 1 });
    expect(() => applyJsonPatch({}, [...patch, add])).toThrow({
      code: 413,
      message:
        'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    });
  });

  it('bounds what is copied', () => {
    const document = { a: 'x'.repeat(MAX_COPIED_LENGTH / 4) };
    const copy = (path: string) => ({ op: 'copy', from: '/a', path });
    const three = [copy('/b'), copy('/c'), copy('/d')];
    expect(Object.keys(applyJsonPatch(document, three) as object)).toEqual(['a', 'b', 'c', 'd']);
    rejected(document, ...three, copy('/e'));
  });

  it('bounds copies by their length as JSON, in characters', () => {
    const patch: Json[] = [{ op: 'copy', from: '/a', path: '/b' }];
    const document = (length: number) => ({ a: 'é'.repeat(length - 2) });
    const largest = document(MAX_COPIED_LENGTH);
    expect(Object.keys(applyJsonPatch(largest, patch) as object)).toEqual(['a', 'b']);
    rejected(document(MAX_COPIED_LENGTH + 1), ...patch);
  });

  it('bounds copies that double each time', () => {
    const doubling = Array.from({ length: 60 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }));
    rejected({ a: ['0123456789'] }, ...doubling);
  });
});

describe('applyJsonPatch, properties', () => {
  property('adds what it then finds', json, json, (document, value) => {
    const patch: Json[] = [
      { op: 'add', path: '/x', value },
      { op: 'test', path: '/x', value },
    ];
    expect(applyJsonPatch({ document }, patch)).toEqual({ document, x: value });
  });

  property(
    'is undone by the opposite patch',
    fc.array(fc.integer()),
    fc.nat(),
    json,
    (list, at, value) => {
      const path = `/list/${at % (list.length + 1)}`;
      const there = applyJsonPatch({ list }, [{ op: 'add', path, value }]);
      expect(applyJsonPatch(there, [{ op: 'remove', path }])).toEqual({ list });
    },
  );

  property('changes neither document nor patch', json, json, (document, value) => {
    const input = { a: document, list: [document] };
    const patch: Json[] = [
      { op: 'add', path: '/b', value },
      { op: 'add', path: '/list/0', value },
      { op: 'move', from: '/a', path: '/b' },
      { op: 'remove', path: '/list/1' },
    ];
    const before = JSON.stringify([input, patch]);
    applyJsonPatch(input, patch);
    expect(JSON.stringify([input, patch])).toBe(before);
  });

  it('shares nothing of the patch with the result', () => {
    const patch: Json[] = [{ op: 'add', path: '/a', value: { b: 1 } }];
    const result = applyJsonPatch({}, patch) as { a: { b: number } };
    result.a.b = 2;
    expect(patch).toEqual([{ op: 'add', path: '/a', value: { b: 1 } }]);
  });
});

describe('applyMergePatch', () => {
  it.core('sets fields, takes fields away by null, and merges objects', () => {
    const document = { a: 1, b: { c: 2, d: 3 }, e: 4 };
    const patch = { a: null, b: { d: 5, f: 6 }, g: { h: 7 } };
    expect(applyMergePatch(document, patch)).toEqual({
      b: { c: 2, d: 5, f: 6 },
      e: 4,
      g: { h: 7 },
    });
  });

  it('replaces arrays', () => {
    expect(applyMergePatch({ a: [1, 2, 3] }, { a: [4] })).toEqual({ a: [4] });
  });

  // The cases of RFC 7386, appendix A, with an object for a patch.
  const cases: [document: string, patch: string, result: string][] = [
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ];
  for (const [document, patch, result] of cases) {
    it(`makes ${result} of ${document} and ${patch}`, () => {
      expect(applyMergePatch(read(document), read(patch))).toEqual(read(result));
    });
  }

  it('puts no null into a new object', () => {
    expect(applyMergePatch({ a: 1 }, { a: { b: null, c: { d: null } } })).toEqual({ a: { c: {} } });
  });

  it('leaves arrays as they are sent', () => {
    const list = [null, { a: null }];
    expect(applyMergePatch({}, { list })).toEqual({ list });
  });

  it('sets empty objects', () => {
    expect(applyMergePatch({ b: { c: 1 } }, { a: {}, b: {} })).toEqual({ a: {}, b: { c: 1 } });
  });

  it('keeps __proto__ as a field', () => {
    const result = applyMergePatch({ a: {} }, read('{"a": {"__proto__": {"polluted": true}}}'));
    expect(JSON.stringify(result)).toBe('{"a":{"__proto__":{"polluted":true}}}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('keeps __proto__ as a field that is no object', () => {
    for (const value of ['[1]', '1', '"x"']) {
      const result = applyMergePatch({}, read(`{"__proto__":${value}}`));
      expect(JSON.stringify(result)).toBe(`{"__proto__":${value}}`);
    }
  });

  it('takes a field of the name __proto__ away', () => {
    const result = applyMergePatch(read('{"__proto__": 1, "a": 2}'), read('{"__proto__": null}'));
    expect(JSON.stringify(result)).toBe('{"a":2}');
  });

  it('merges nothing that an object inherits', () => {
    const patch = { constructor: { name: 'x' }, toString: { y: 1 } } as unknown as Json;
    const result = applyMergePatch({}, patch);
    expect(JSON.stringify(result)).toBe('{"constructor":{"name":"x"},"toString":{"y":1}}');
  });

  const refused: [name: string, patch: Json, message: string][] = [
    ['null', null, 'Invalid JSON Patch'],
    [
      'an array',
      [],
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
    [
      'a text',
      'x',
      'error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}',
    ],
  ];
  for (const [name, patch, message] of refused) {
    it(`answers 400 to ${name}`, () => {
      expect(() => applyMergePatch({}, patch)).toThrow({
        code: 400,
        reason: 'BadRequest',
        message,
      });
    });
  }

  property('changes neither document nor patch', json, json, (a, b) => {
    const [document, patch] = [
      { x: a, y: a },
      { x: b, z: b },
    ];
    const before = JSON.stringify([document, patch]);
    applyMergePatch(document, patch);
    expect(JSON.stringify([document, patch])).toBe(before);
  });

  property('does no more when done again', json, json, (a, b) => {
    const patch = { x: b };
    const once = applyMergePatch({ x: a }, patch);
    expect(applyMergePatch(once, patch)).toEqual(once);
  });

  it('shares nothing of the patch with the result', () => {
    const patch = { a: { b: [1] } };
    const result = applyMergePatch({}, patch) as { a: { b: number[] } };
    result.a.b.push(2);
    expect(patch).toEqual({ a: { b: [1] } });
  });
});

describe('patchObject', () => {
  const inDefault = { namespace: 'default' };

  async function withWidget(special: Partial<Kind> = {}) {
    const clock = new FakeClock({ now: Date.UTC(2025, 0, 1) });
    const random = seededRandom(1);
    const memory = await openMemoryStorage({ clock, random });
    const kind = widgetKind(special);
    const registry: Registry = { kind, storage: memory.storage, clock, random };
    const stored = await create(registry, widget('a', { data: { a: '1' } }), inDefault);
    return { registry, stored };
  }

  const merge = (patch: Json) => (old: ApiObject) =>
    applyMergePatch(old as Json, patch) as unknown as ApiObject;

  it.core('writes the patched object', async () => {
    const { registry } = await withWidget();
    const { stored } = await patchObject(registry, 'a', merge({ data: { b: '2' } }), inDefault);
    expect(stored.object.data).toEqual({ a: '1', b: '2' });
    expect((await get(registry, 'a', inDefault)).object.data).toEqual({ a: '1', b: '2' });
  });

  it.core('is applied to what is there when somebody was faster', async () => {
    const { registry } = await withWidget();
    let isFirst = true;
    const patch = async (old: ApiObject): Promise<ApiObject> => {
      if (isFirst) {
        isFirst = false;
        await patchObject(registry, 'a', merge({ data: { other: 'x' } }), inDefault);
      }
      return merge({ data: { b: '2' } })(old);
    };
    const { stored } = await patchObject(registry, 'a', patch, inDefault);
    expect(stored.object.data).toEqual({ a: '1', b: '2', other: 'x' });
  });

  it('refuses a version that the patch names and that is not the newest', async () => {
    const { registry } = await withWidget();
    const patch = merge({ metadata: { resourceVersion: '1' }, data: { b: '2' } });
    expect(isConflict(await refusalOf(patchObject(registry, 'a', patch, inDefault)))).toBe(true);
    expect((await get(registry, 'a', inDefault)).object.data).toEqual({ a: '1' });
  });

  it('takes the newest version where the patch names it', async () => {
    const { registry, stored } = await withWidget();
    const resourceVersion = String(stored.revision);
    const patch = merge({ metadata: { resourceVersion }, data: { b: '2' } });
    const patched = await patchObject(registry, 'a', patch, inDefault);
    expect(patched.stored.object.data).toEqual({ a: '1', b: '2' });
  });

  for (const resourceVersion of [null, '']) {
    it(`takes ${JSON.stringify(resourceVersion)} for any version`, async () => {
      const { registry } = await withWidget({ allowUnconditionalUpdate: false });
      const patch = merge({ metadata: { resourceVersion }, data: { b: '2' } });
      const { stored } = await patchObject(registry, 'a', patch, inDefault);
      expect(stored.object.data).toEqual({ a: '1', b: '2' });
    });
  }

  it('takes a version that the patch takes away from its copy for any version', async () => {
    const { registry } = await withWidget({ allowUnconditionalUpdate: false });
    const patch = (old: ApiObject): ApiObject => {
      delete old.metadata.resourceVersion;
      old.data = { b: '2' };
      return old;
    };
    const { stored } = await patchObject(registry, 'a', patch, inDefault);
    expect(stored.object.data).toEqual({ b: '2' });
  });

  it('is about any version, in each round, when it names none', async () => {
    const { registry } = await withWidget();
    let isFirst = true;
    const patch = async (old: ApiObject): Promise<ApiObject> => {
      if (isFirst) {
        isFirst = false;
        await patchObject(registry, 'a', merge({ data: { other: 'x' } }), inDefault);
      }
      return merge({ metadata: { resourceVersion: null }, data: { b: '2' } })(old);
    };
    const { stored } = await patchObject(registry, 'a', patch, inDefault);
    expect(stored.object.data).toEqual({ a: '1', b: '2', other: 'x' });
  });

  it('refuses another uid', async () => {
    const { registry } = await withWidget();
    const patch = merge({ metadata: { uid: 'other' } });
    expect(isConflict(await refusalOf(patchObject(registry, 'a', patch, inDefault)))).toBe(true);
  });

  it('says 404 of what is not there', async () => {
    const { registry } = await withWidget();
    expect(isNotFound(await refusalOf(patchObject(registry, 'b', merge({}), inDefault)))).toBe(
      true,
    );
  });

  it('writes nothing when the patch changes nothing', async () => {
    const { registry, stored } = await withWidget();
    const patched = await patchObject(registry, 'a', merge({ data: { a: '1' } }), inDefault);
    expect(patched.stored.revision).toBe(stored.revision);
  });

  it('passes options on', async () => {
    const { registry } = await withWidget({ subresources: { status: true } });
    const patch = merge({ data: { b: '2' }, status: { ready: true } });
    const options = { ...inDefault, subresource: 'status' } as const;
    const { stored } = await patchObject(registry, 'a', patch, options);
    expect(stored.object).toMatchObject({ data: { a: '1' }, status: { ready: true } });
  });

  it('is made for the other object when it was deleted and made anew', async () => {
    const { registry, stored } = await withWidget();
    let isFirst = true;
    const patch = async (old: ApiObject): Promise<ApiObject> => {
      if (isFirst) {
        isFirst = false;
        await registry.storage.remove(stored);
        await create(registry, widget('a', { data: { anew: '1' } }), inDefault);
      }
      return merge({ data: { b: '2' } })(old);
    };
    const patched = await patchObject(registry, 'a', patch, inDefault);
    expect(patched.stored.object.data).toEqual({ anew: '1', b: '2' });
    expect(patched.stored.object.metadata.uid).not.toBe(stored.object.metadata.uid);
  });

  it('refuses the version the patch names when it is overtaken', async () => {
    const { registry, stored } = await withWidget();
    const named = merge({
      metadata: { resourceVersion: String(stored.revision) },
      data: { b: '2' },
    });
    let isFirst = true;
    const patch = async (old: ApiObject): Promise<ApiObject> => {
      if (isFirst) {
        isFirst = false;
        await patchObject(registry, 'a', merge({ data: { other: 'x' } }), inDefault);
      }
      return named(old);
    };
    expect(isConflict(await refusalOf(patchObject(registry, 'a', patch, inDefault)))).toBe(true);
    expect((await get(registry, 'a', inDefault)).object.data).toEqual({ a: '1', other: 'x' });
  });

  it('loses none of many at once', async () => {
    const { registry } = await withWidget();
    const names = Array.from({ length: 20 }, (_, i) => `k${i}`);
    await Promise.all(
      names.map((name) => patchObject(registry, 'a', merge({ data: { [name]: 'x' } }), inDefault)),
    );
    const { data } = (await get(registry, 'a', inDefault)).object;
    expect(Object.keys(data as object).sort()).toEqual(['a', ...names].sort());
  });

  it('makes the object where there is none, when it may', async () => {
    const { registry } = await withWidget();
    const options = { ...inDefault, createWith: () => widget('b', { data: { n: '1' } }) };
    expect((await patchObject(registry, 'b', merge({}), options)).created).toBe(true);
    expect((await get(registry, 'b', inDefault)).object.data).toEqual({ n: '1' });
  });

  it('passes on what the patch throws', async () => {
    const { registry } = await withWidget();
    const fail = () => {
      throw new Error('no');
    };
    await expect(patchObject(registry, 'a', fail, inDefault)).rejects.toThrow('no');
  });
});
