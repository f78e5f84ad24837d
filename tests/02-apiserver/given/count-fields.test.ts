/** What tells that nothing stood in a body twice, and what puts lists together. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { property } from '#kit';
import { fieldsIn, fieldsOf } from '../../../solutions/02-apiserver/codec/count-fields.ts';
import { listBytes, listText } from '../../../solutions/02-apiserver/handlers/list-body.ts';
import { Stored } from '../../../solutions/02-apiserver/storage/stored.ts';

describe('counting fields', () => {
  it.each([
    ['{}', 0],
    ['{"a":1}', 1],
    ['[{"a":{"b":[]}},{"a":"x"}]', 3],
    ['{ "a" : "\\"b\\":", \n"c"\t:":"}', 2],
    ['{"a\\\\":"\\\\","b":"c"}', 2],
    ['{"__proto__":{"x":1},"constructor":1}', 3],
    ['"a:b"', 0],
  ])('finds in %s as many as its value has', (json, count) => {
    expect([fieldsIn(json), fieldsOf(JSON.parse(json))]).toEqual([count, count]);
  });

  it.each(['{"a":1,"a":1}', '{"a":{"b":1,"b":2}}', '[{"a":1,"\\u0061":1}]'])(
    'finds more in %s than its value has',
    (json) => {
      expect(fieldsIn(json)).toBeGreaterThan(fieldsOf(JSON.parse(json)));
    },
  );

  property('agrees for whatever is written once', fc.json(), fc.nat(3), (json, blanks) => {
    const text = JSON.stringify(JSON.parse(json), null, blanks);
    expect(fieldsIn(text)).toBe(fieldsOf(JSON.parse(text)));
  });
});

describe('the body of a list', () => {
  const kind = { group: '', version: 'v1', kind: 'ConfigMap' };
  const text = (name: string) =>
    `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"${name}"},"data":{"ü":"€"}}`;
  const items = ['a', 'b'].map(
    (name, i) => new Stored(`/registry/configmaps/${name}`, i + 1, text(name)),
  );

  it('is one object whose items do not say what they are', () => {
    const list = JSON.parse(listText(kind, { resourceVersion: '2' }, items));
    const item = (name: string) => ({ metadata: { name }, data: { ü: '€' } });
    expect(list).toEqual({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '2' },
      items: [item('a'), item('b')],
    });
  });

  it.each([0, 1, 2])('is the same as bytes, with %i items', (count) => {
    const some = items.slice(0, count);
    const bytes = listBytes(kind, { resourceVersion: '2' }, some);
    expect(new TextDecoder().decode(bytes)).toBe(
      `${listText(kind, { resourceVersion: '2' }, some)}\n`,
    );
  });

  it("keeps the items' kind where it is a custom one", () => {
    const list = JSON.parse(listText({ ...kind, isCustom: true }, {}, items));
    expect(list.items[0]).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
  });
});
