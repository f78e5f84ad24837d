/** Rules in CEL: types from a schema, values of JSON, errors in the API's words. */

import { describe, expect, it } from '#kit';
import type { JsonSchema } from '../../../solutions/02-apiserver/custom-resources/json-schema.ts';
import { newCelCompiler } from '../../../solutions/02-apiserver/wire/cel.ts';

const cel = newCelCompiler();
const text: JsonSchema = { type: 'string' };
const whole: JsonSchema = { type: 'integer' };
const object = (properties: Record<string, JsonSchema>): JsonSchema => ({
  type: 'object',
  properties,
});
const schema = object({
  size: whole,
  max: whole,
  ratio: { type: 'number' },
  tags: { type: 'array', items: text },
  items: { type: 'array', items: object({ name: text, size: whole }) },
  labels: { type: 'object', additionalProperties: text },
  byName: { type: 'object', additionalProperties: object({ size: whole }) },
  port: { 'x-kubernetes-int-or-string': true },
  time: { ...text, format: 'date-time' },
  wait: { ...text, format: 'duration' },
  data: { ...text, format: 'byte' },
  'a-b': text,
  namespace: text,
  maybe: { ...text, nullable: true },
});
const self = {
  size: 3,
  ratio: 2,
  tags: ['a', 'b'],
  items: [
    { name: 'q', size: 1 },
    { name: 'z', size: 5 },
  ],
  labels: { a: 'b', constructor: 'c' },
  byName: { q: { size: 1 } },
  port: '10%',
  time: '2020-01-01T00:00:00Z',
  wait: '90s',
  data: 'YQ==',
  'a-b': 'x',
  namespace: 'n',
  maybe: null,
  odd: 1,
};
const oldSelf = { ...self, size: 2, items: [{ name: 'q', size: 1 }] };

const compile = (rule: string, isObject = false) =>
  cel.compile(rule, schema, { result: 'bool', isObject });

describe('newCelCompiler', () => {
  const rules: [rule: string, answer: boolean][] = [
    ['self == oldSelf', false],
    ['self.labels == oldSelf.labels', true],
    ['self.items == oldSelf.items', false],
    ['self.items[0] == oldSelf.items[0]', true],
    ['self.items.all(i, i in oldSelf.items)', false],
    ['oldSelf.size <= self.size', true],
    ['has(self.max)', false],
    ['has(self.max) && self.max > 2', false],
    ['has(self.items[0].name) && has(self.byName["q"].size)', true],
    ['has(self.tags) ? has(self.items.filter(i, i.name.matches("q"))[0].name) : false', true],
    ['self.size in [1, 3]', true],
    ['self.ratio == 2.0', true],
    ['"a" in self.labels && self.labels.a == "b"', true],
    ['self.labels.all(k, self.labels[k].size() == 1)', true],
    ['self.byName.all(k, self.byName[k].size > 0)', true],
    ['self.items.exists_one(i, i.size == 5)', true],
    ['self.items.map(i, i.size).sum() == 6', true],
    ['self.tags.isSorted() && self.tags.max() == "b" && self.tags.indexOf("b") == 1', true],
    ['type(self.port) == string && self.port.endsWith("%")', true],
    ['self.time > timestamp("2019-01-01T00:00:00Z")', true],
    ['self.wait > duration("1m")', true],
    ['self.data == b"a"', true],
    ['self.a__dash__b == "x" && self.__namespace__ == "n"', true],
    ['self.maybe == null', true],
    ['self.?max.orValue(4) == 4', true],
    ['"aB1".matches("^(?i)[[:alpha:]]+[0-9]$")', true],
    ['"a1b2".findAll("[0-9]") == ["1", "2"] && "a1".find("[0-9]") == "1"', true],
    ['"a-b-c".replace("-", "+", 1) == "a+b-c"', true],
    ['"%s has %d, %.2f".format(["x", 3, 1.5]) == "x has 3, 1.50"', true],
    ['quantity("1Gi").isGreaterThan(quantity("1Mi")) && !isQuantity("x")', true],
    ['quantity("1").add(2).compareTo(quantity("3000m")) == 0', true],
    ['url("https://a.b:80/c?d=e").getHost() == "a.b:80" && !isURL("x y")', true],
    ['url("/c?d=e").getQuery() == {"d": ["e"]} && url("/c").getHost() == ""', true],
    ['ip("127.0.0.1").isLoopback() && ip("::1").family() == 6', true],
    [
      'cidr("10.0.0.0/9").containsIP("10.127.0.1") && !cidr("10.0.0.0/9").containsIP("10.128.0.1")',
      true,
    ],
    ['sets.contains(self.tags, ["a"]) && sets.intersects([1], [1, 2])', true],
    ['!format.dns1123Label().validate("a").hasValue()', true],
    ['format.dns1123Label().validate("A").hasValue()', true],
    ['cel.bind(n, size(self.tags), n == 2)', true],
  ];
  for (const [rule, answer] of rules) {
    it(`works out ${rule}`, () => {
      expect(compile(rule).evaluate(self, oldSelf)).toBe(answer);
    });
  }

  it('knows whether a rule is about changes', () => {
    expect(compile('self.size > 1').usesOldSelf).toBe(false);
    expect(compile('self.tags.all(t, t in oldSelf.tags)').usesOldSelf).toBe(true);
  });

  it('knows name, kind and version of a whole object', () => {
    const rule = 'self.metadata.name == "a" && self.kind == "Foo"';
    const whole = { apiVersion: 'x/v1', kind: 'Foo', metadata: { name: 'a' } };
    expect(compile(rule, true).evaluate(whole, undefined)).toBe(true);
    expect(() => compile(rule)).toThrow("undefined field 'metadata'");
  });

  it('makes messages', () => {
    const wanted = { result: 'string', isObject: false } as const;
    const made = cel.compile('"size is " + string(self.size)', schema, wanted);
    expect(made.evaluate(self, undefined)).toBe('size is 3');
    expect(() => cel.compile('self.size', schema, wanted)).toThrow(
      'messageExpression must evaluate to a string',
    );
  });

  const refused: [rule: string, message: string][] = [
    [
      'self.foo == 1',
      "compilation failed: ERROR: <input>:1:5: undefined field 'foo'\n | self.foo == 1\n | ....^",
    ],
    [
      'self.size == 1 &&\nnope',
      "compilation failed: ERROR: <input>:2:1: undeclared reference to 'nope' (in container '')\n | nope\n | ^",
    ],
    ['self.items[0].nope == 1', "compilation failed: ERROR: <input>:1:14: undefined field 'nope'"],
    ['self.size +', 'compilation failed: ERROR: <input>:1:12: Syntax error'],
    ['self.size == "a"', 'compilation failed: ERROR: <input>:1:1: no such overload'],
    ['self.size', 'cel expression must evaluate to a bool'],
    ['self.odd == 1', "undefined field 'odd'"],
  ];
  for (const [rule, message] of refused) {
    it(`refuses to compile ${JSON.stringify(rule)}`, () => {
      expect(() => compile(rule)).toThrow(message);
    });
  }

  const failing: [rule: string, message: string][] = [
    ['self.max == 3', 'no such key: max'],
    ['self.tags[7] == "a"', 'index out of bounds: 7'],
    ['1 / 0 == 1', 'division by zero'],
    ['self.port < 5', 'no such overload'],
    ['quantity("x").isInteger()', ''],
  ];
  for (const [rule, message] of failing) {
    it(`fails to work out ${rule}`, () => {
      expect(() => compile(rule).evaluate(self, oldSelf)).toThrow(message);
    });
  }
});
