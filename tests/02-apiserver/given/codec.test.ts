/** Bodies in and media types: what is read, what is refused and with which words. */

import { describe, expect, it } from 'vitest';
import { StatusError } from '#apimachinery';
import { fc, property } from '#kit';
import { decodeObject } from '../../../solutions/02-apiserver/codec/decode.ts';
import { durationText, parseDuration } from '../../../solutions/02-apiserver/codec/durations.ts';
import {
  contentTypeOf,
  negotiate,
  patchTypeOf,
} from '../../../solutions/02-apiserver/codec/media-types.ts';
import { decodeProtobuf, PROTOBUF_PREFIX } from '../../../solutions/02-apiserver/codec/protobuf.ts';
import { ProtobufWriter } from '../../../solutions/02-apiserver/codec/protobuf-writer.ts';
import { checkFields } from '../../../solutions/02-apiserver/codec/strict-fields.ts';
import { readMicroTime, readTime } from '../../../solutions/02-apiserver/codec/times.ts';
import {
  builtInSchema,
  definitionNameOf,
  schemaOfKind,
} from '../../../solutions/02-apiserver/schema/built-in.ts';
import type { ObjectSchema } from '../../../solutions/02-apiserver/schema/schema.ts';
import { newTextParsers } from '../../../solutions/02-apiserver/wire/text-parsers.ts';

const POD = { group: '', version: 'v1', kind: 'Pod' };
const DEPLOYMENT = { group: 'apps', version: 'v1', kind: 'Deployment' };

/** What kubectl 1.32 sends for `kubectl create deployment web --image=nginx --replicas=0`. */
const CREATED_DEPLOYMENT =
  'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErIBCiYKA3dlYhIAGgdkZWZhdWx0IgAqADIAOABCAFoKCgNhcHASA3dlYhJ6CAASDAoKCgNhcHASA3dlYhpgChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkASIgoFbmdpbngSBW5naW54KgBCAGoAcgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA=';
/** What kubectl 1.32 sends for `kubectl auth can-i create pods`. */
const CAN_I =
  'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPwoQCgASABoAIgAqADIAOABCABIhCh8KB2RlZmF1bHQSBmNyZWF0ZRoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA=';
/** What kubectl 1.32 sends for `kubectl create token x --duration=1h`. */
const CREATED_TOKEN =
  'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIdChAKABIAGgAiACoAMgA4AEIAEgMgkBwaBAoAEgAaACIA';
/** A pod with many kinds of fields, as Kubernetes' own Go code encodes it. */
const ENCODED_POD =
  'azhzAAoJCgJ2MRIDUG9kEoUECnEKA3dlYhIAGgFkIgAqADIAOABCCAiAi9K7BhAAWgYKAWESAWJaBQoBYxIAag8KAVgaAW4iAXUqAnYxMAB6AIoBMAoBbRIFQXBwbHkaAnYxIggIgIvSuwYQADIIRmllbGRzVjE6DAoKeyJmOmEiOnt9fRK5AgoNCgF2EggKBgoCL3gSAAoQCgF3EgsSCQoAEgUKAzFHaQoSCgFwEg3SAQoKCBoGCgQKAmNtErkBCgFjEgFpIgFhIgAqADIKCgAQABhQIgAqADoFCgFFEgA6FAoBRhIAGg0aCwoECgJjbRIBaxgAQiESDgoDY3B1EgcKBTE1MDBtEg8KBm1lbW9yeRIFCgMxR2lSIQoVEhMKAS8SCggBEAAaBGh0dHAaACIAEAAYACAAKAAwAFoZCg0aCwoHCAAQkD8aABIAEAAYACAAKAAwAGoAcgB6BBAAIACAAQCIAQCQAQCaAQkKABoFCgMKAXOiAQAaACAAMgBCAEoAUgBYAGAAaAByEiABIAIgrAIo////////////AYIBAIoBAJoBALIBEwoAEgAaACIAKPv//////////wHCAQAaVAoHUnVubmluZxoAIgAqADIAQjIKAWMSIRofCP///////////wEQABoAIgAqCAiAi9K7BhAAMgA6ABoAIAAoADIAOgBCAEoAWgBiCQoHMS4yLjMuNBoAIgA=';

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

function schemaOf(gvk: { group: string; version: string; kind: string }): ObjectSchema | undefined {
  const name = definitionNameOf(gvk);
  return name === undefined ? undefined : builtInSchema(name);
}

function errorOf(run: () => unknown): StatusError {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const decodePod = (value: unknown) => decodeObject(value, schemaOfKind(POD), POD);
const podWith = (spec: unknown) => decodePod({ kind: 'Pod', apiVersion: 'v1', spec });

describe('contentTypeOf', () => {
  it.each([
    [null, 'json'],
    ['', 'json'],
    ['application/json', 'json'],
    ['Application/JSON; charset=utf-8', 'json'],
    ['application/yaml', 'yaml'],
    ['application/vnd.kubernetes.protobuf', 'protobuf'],
  ])('%s is %s', (header, expected) => {
    expect(contentTypeOf(header)).toBe(expected);
  });

  it.each(['application/cbor', 'text/plain', 'json'])('refuses %s', (header) => {
    const error = errorOf(() => contentTypeOf(header));
    expect(error.code).toBe(415);
    expect(error.reason).toBe('UnsupportedMediaType');
    expect(error.message).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  });
});

describe('patchTypeOf', () => {
  it.each([
    ['application/json-patch+json', 'json-patch'],
    ['application/merge-patch+json; charset=utf-8', 'merge-patch'],
    ['application/strategic-merge-patch+json', 'strategic-merge-patch'],
    ['application/apply-patch+yaml', 'apply-patch'],
  ])('%s is %s', (header, expected) => {
    expect(patchTypeOf(header)).toBe(expected);
  });

  it.each([null, 'application/json', 'application/apply-patch+cbor'])('refuses %s', (header) => {
    expect(errorOf(() => patchTypeOf(header)).code).toBe(415);
  });
});

describe('negotiate', () => {
  const table = { format: 'json', as: 'Table', group: 'meta.k8s.io', version: 'v1' };
  const discovery = { as: 'APIGroupDiscoveryList', group: 'apidiscovery.k8s.io', version: 'v2' };
  const rows: [string | null, object][] = [
    [null, { format: 'json' }],
    ['*/*', { format: 'json' }],
    ['application/json, */*', { format: 'json' }],
    ['application/yaml', { format: 'yaml' }],
    ['application/json;q=0.5,application/yaml', { format: 'yaml' }],
    ['*/*,application/yaml', { format: 'yaml' }],
    ['application/json;stream=watch', { format: 'json' }],
    ['application/json;pretty=1', { format: 'json' }],
    ['application/vnd.kubernetes.protobuf,application/json', { format: 'json' }],
    [
      'application/vnd.kubernetes.protobuf;stream=watch,application/json;stream=watch',
      { format: 'json' },
    ],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', table],
    ['application/json;as=Table;g=meta.k8s.io;v=v1beta1', { ...table, version: 'v1beta1' }],
    ['application/json;as=Table;g=meta.k8s.io;v=v9,application/json', { format: 'json' }],
    ['application/json;as=Chair;g=meta.k8s.io;v=v1,application/yaml', { format: 'yaml' }],
    [
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json',
      { format: 'json', ...discovery },
    ],
    ['application/json;q=0,application/yaml;q=0.1', { format: 'yaml' }],
  ];
  it.each(rows)('%s', (header, expected) => {
    expect(negotiate(header)).toEqual(expected);
  });

  it.each(['application/vnd.kubernetes.protobuf', 'application/cbor', 'text/html'])(
    'refuses %s alone',
    (header) => {
      const error = errorOf(() => negotiate(header));
      expect([error.code, error.reason, error.message]).toEqual([
        406,
        'NotAcceptable',
        'only the following media types are accepted: application/json, application/yaml',
      ]);
    },
  );
});

describe('decodeObject', () => {
  it('puts kind, apiVersion and metadata first', () => {
    const { object } = decodePod({
      spec: {},
      metadata: { name: 'a' },
      apiVersion: 'v1',
      kind: 'Pod',
    });
    expect(Object.keys(object)).toEqual(['kind', 'apiVersion', 'metadata', 'spec']);
  });

  it('fills in what is missing of kind, apiVersion and metadata', () => {
    expect(decodePod({ metadata: null }).object).toEqual({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {},
    });
  });

  it('makes a copy that shares nothing', () => {
    const sent = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c' }] } };
    const { object } = decodePod(sent);
    sent.metadata.labels.a = 'x';
    sent.spec.containers[0] = { name: 'x' };
    expect(object).toMatchObject({
      metadata: { labels: { a: 'b' } },
      spec: { containers: [{ name: 'c' }] },
    });
  });

  it('drops null, and takes it for the empty value in lists and maps', () => {
    const { object } = decodePod({
      metadata: { labels: { a: null }, name: null },
      spec: { containers: [null], volumes: null, hostNetwork: null },
    });
    expect(object).toEqual({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { labels: { a: '' } },
      spec: { containers: [{}] },
    });
  });

  it('drops unknown fields and says where they were', () => {
    const { object, unknownFields } = decodePod({
      extra: 1,
      spec: { containerz: [], Containers: [], containers: [{ name: 'a', foo: { b: 1 } }] },
    });
    expect(unknownFields).toEqual([
      'extra',
      'spec.containerz',
      'spec.Containers',
      'spec.containers[0].foo',
    ]);
    expect(object.spec).toEqual({ containers: [{ name: 'a' }] });
  });

  it('keeps unknown fields where they are welcome', () => {
    const schema: ObjectSchema = { type: 'object', preserveUnknown: true, fields: new Map() };
    const { object, unknownFields } = decodeObject({ a: { b: [1, null] } }, schema, POD);
    expect(object).toMatchObject({ a: { b: [1, null] } });
    expect(unknownFields).toEqual([]);
  });

  it('keeps __proto__ from doing harm', () => {
    const sent: unknown = JSON.parse(
      '{"metadata":{"labels":{"__proto__":"x"}},"__proto__":{"polluted":true}}',
    );
    const { object, unknownFields } = decodePod(sent);
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    expect(Object.keys(object.metadata.labels ?? {})).toEqual(['__proto__']);
    expect(unknownFields).toEqual(['__proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('writes quantities and times anew', () => {
    const { object } = decodePod({
      metadata: { creationTimestamp: '2025-02-28T20:00:00.5+01:30' },
      spec: { containers: [{ resources: { requests: { cpu: 1.5, memory: '1024Mi' } } }] },
    });
    expect(object).toMatchObject({
      metadata: { creationTimestamp: '2025-02-28T18:30:00Z' },
      spec: { containers: [{ resources: { requests: { cpu: '1500m', memory: '1Gi' } } }] },
    });
  });

  it('takes whole numbers and texts for ports', () => {
    const probe = (port: unknown) => ({ livenessProbe: { httpGet: { port } } });
    const { object } = podWith({ containers: [probe('http'), probe(80)] });
    expect(object.spec).toEqual({ containers: [probe('http'), probe(80)] });
  });

  const refused: [string, unknown, string][] = [
    [
      'a number for an object',
      5,
      'json: cannot unmarshal number into Go struct field Pod.spec of type v1.PodSpec',
    ],
    [
      'an object for a list',
      { containers: {} },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      'a list for a map',
      { nodeSelector: [] },
      'json: cannot unmarshal array into Go struct field PodSpec.spec.nodeSelector of type map[string]string',
    ],
    [
      'a number in a list of texts',
      { containers: [{ args: [1] }] },
      'json: cannot unmarshal number into Go struct field Container.spec.containers.args of type string',
    ],
    [
      'a text for a boolean',
      { hostNetwork: 'yes' },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
    ],
    [
      'a text for a number',
      { priority: '3' },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      'a fraction',
      { priority: 1.5 },
      'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      'a number that is too large',
      { priority: 3e9 },
      'json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      'a fraction for a port',
      { containers: [{ livenessProbe: { httpGet: { port: 1.5 } } }] },
      'json: cannot unmarshal number 1.5 into Go struct field HTTPGetAction.spec.containers.livenessProbe.httpGet.port of type int32',
    ],
    [
      'a list for a quantity',
      { overhead: { cpu: [] } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    ['a suffix that is none', { overhead: { cpu: '1i' } }, "unable to parse quantity's suffix"],
    [
      'a quantity of a million digits',
      { overhead: { cpu: '1'.repeat(1e6) } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
  ];
  it.each(refused)('refuses %s', (_, spec, text) => {
    const error = errorOf(() => podWith(spec));
    expect([error.code, error.reason]).toEqual([400, 'BadRequest']);
    expect(error.message).toBe(`Pod in version "v1" cannot be handled as a Pod: ${text}`);
  });

  it.each([null, 5, 'a', []])('refuses %j, which is no object', (value) => {
    const error = errorOf(() => decodePod(value));
    expect(error.message).toMatch(/^the object provided is unrecognized \(must be of type Pod\): /);
  });

  it('refuses another version', () => {
    expect(errorOf(() => decodePod({ apiVersion: 'v2', kind: 'Pod' })).message).toBe(
      'the API version in the data (v2) does not match the expected API version (v1)',
    );
  });

  it('refuses another kind', () => {
    const sent = { apiVersion: 'apps/v1', kind: 'Deployment' };
    expect(errorOf(() => decodePod(sent)).message).toMatch(
      /^Deployment in version "v1" cannot be handled as a Pod: /,
    );
  });

  it.each(['{"a":', '['])('refuses %s nested a hundred thousand times', (open) => {
    const schema: ObjectSchema = { type: 'object', preserveUnknown: true, fields: new Map() };
    let value: unknown = 1;
    for (let i = 0; i < 100_000; i++) value = open === '[' ? [value] : { a: value };
    const error = errorOf(() => decodeObject({ value }, schema, POD));
    expect(error.message).toMatch(/exceeded max depth$/);
  });

  const base64: [string, string | undefined][] = [
    ['YQ==', undefined],
    ['', undefined],
    ['YQ=x', '2'],
    ['YQ=', '3'],
    ['YQ', '0'],
    ['YWI=x', '4'],
    ['YWJj!', '4'],
    ['Y===', '1'],
    ['YWJj=', '4'],
    ['YQ==YQ==', '4'],
  ];
  it.each(base64)('reads %j as base64, or says where it is wrong', (text, at) => {
    const gvk = { group: '', version: 'v1', kind: 'Secret' };
    const decode = () => decodeObject({ data: { a: text } }, schemaOfKind(gvk), gvk);
    if (at === undefined) expect(decode().object.data).toEqual({ a: text });
    else expect(errorOf(decode).message).toMatch(`illegal base64 data at input byte ${at}`);
  });

  it('writes base64 without line ends and loose bits', () => {
    const gvk = { group: '', version: 'v1', kind: 'Secret' };
    const { object } = decodeObject({ data: { a: 'YW\nJj\r\nYR==' } }, schemaOfKind(gvk), gvk);
    expect(object.data).toEqual({ a: 'YWJjYQ==' });
  });
});

describe('metadata with nothing in it', () => {
  it('is left out, but for managedFields', () => {
    const metadata = {
      name: 'web',
      labels: {},
      annotations: {},
      ownerReferences: [],
      finalizers: [],
      managedFields: [],
    };
    expect(decodePod({ metadata }).object.metadata).toEqual({ name: 'web', managedFields: [] });
  });
});

describe('times', () => {
  const layout = '"2006-01-02T15:04:05Z07:00"';
  const faults: [string, string][] = [
    ['x', ` as ${layout}: cannot parse "x" as "2006"`],
    ['2025-01-01', ` as ${layout}: cannot parse "" as "T"`],
    ['2025-13-01T00:00:00Z', ': month out of range'],
    ['2025-02-30T00:00:00Z', ': day out of range'],
    ['2025-02-28T24:00:00Z', ': hour out of range'],
    ['2025-02-28T20:00:00', ` as ${layout}: cannot parse "" as "Z07:00"`],
    ['2025-02-28T20:00:00Zx', ': extra text: "x"'],
  ];
  it.each(faults)('refuses %s', (text, why) => {
    expect(() => readTime(text)).toThrow(`parsing time "${text}"${why}`);
  });

  it('needs six digits where microseconds are meant', () => {
    expect(readMicroTime('2025-02-28T20:00:00.123456+01:00')).toBe('2025-02-28T19:00:00.123456Z');
    expect(() => readMicroTime('2025-02-28T20:00:00Z')).toThrow(
      'parsing time "2025-02-28T20:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    );
  });

  it("takes Go's zero time for no time", () => {
    expect(readTime('0001-01-01T00:00:00Z')).toBeUndefined();
  });

  it('knows leap years', () => {
    expect(readTime('2024-02-29T00:00:00Z')).toBe('2024-02-29T00:00:00Z');
    expect(() => readTime('2025-02-29T00:00:00Z')).toThrow('day out of range');
  });

  it.each([
    ['1h', '1h0m0s'],
    ['90s', '1m30s'],
    ['1.5h', '1h30m0s'],
    ['0', '0s'],
    ['1.5us', '1.5µs'],
    ['-1m', '-1m0s'],
    ['61m1.5s', '1h1m1.5s'],
  ])('writes the duration %s as %s', (text, expected) => {
    expect(durationText(parseDuration(text))).toBe(expected);
  });

  it.each(['x', '', '.s', '3000000h', '1h x'])('refuses the duration %j', (text) => {
    expect(() => parseDuration(text)).toThrow('time: invalid duration');
  });
});

describe('checkFields', () => {
  const faults = [['spec.foo'], ['spec.a']] as const;

  it('warns, or says nothing', () => {
    expect(checkFields('Warn', ...faults, POD)).toEqual([
      'unknown field "spec.foo"',
      'duplicate field "spec.a"',
    ]);
    expect(checkFields('Ignore', ...faults, POD)).toEqual([]);
  });

  it('refuses in the mode Strict', () => {
    const error = errorOf(() => checkFields('Strict', ...faults, DEPLOYMENT));
    expect([error.code, error.message]).toEqual([
      400,
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.foo", duplicate field "spec.a"',
    ]);
    expect(checkFields('Strict', [], [], POD)).toEqual([]);
  });
});

describe('text parsers', () => {
  const { parseYaml, stringifyYaml, duplicateFields } = newTextParsers();

  it.each([
    ['{"a":1,"b":{"a":1}}', []],
    ['{"spec":{"a":1,"b":{},"a":2,"a":3}}', ['spec.a']],
    ['{"spec":{"containers":[{"name":"a"},{"name":"b","name":"c"}]}}', ['spec.containers[1].name']],
    ['{"a":[1,[2,{"b":1,"b":2}]],"a":1}', ['a[1][1].b', 'a']],
    ['{"a":"b","c":"a","d":["a","a"]}', []],
    ['{"\\u0061":1,"a":2}', ['a']],
  ])('finds what stands twice in %s', (json, expected) => {
    expect(duplicateFields(json)).toEqual(expected);
  });

  it('looks for duplicates however deep the text is', () => {
    expect(duplicateFields(`${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}`)).toEqual([]);
  });

  it('reads and writes YAML', () => {
    const value = { a: ['x', 1, null, true], b: { c: 'yes', d: '1', e: '2025-01-01' } };
    expect(parseYaml(stringifyYaml(value))).toEqual(value);
    expect(parseYaml('a: &x [1]\nb: *x\n')).toEqual({ a: [1], b: [1] });
  });

  it.each<[string, unknown]>([
    ['0644', 420],
    ['0x10', 16],
    ['yes', true],
    ['~', null],
    ['1e3', 1000],
    ['8080:80', '8080:80'],
    ['2025-01-01', '2025-01-01'],
    ['2025-01-01T00:00:00Z', '2025-01-01T00:00:00Z'],
    ['100m', '100m'],
    ['"0644"', '0644'],
  ])('reads %s in YAML as Go does', (text, expected) => {
    expect(parseYaml(`a: ${text}`)).toEqual({ a: expected });
  });

  it('knows merge keys', () => {
    const text = 'x: &x {a: 1, b: 2}\nz: {<<: *x, b: 3}\n';
    expect(parseYaml(text)).toMatchObject({ z: { a: 1, b: 3 } });
  });

  it('writes YAML without a head', () => {
    expect(stringifyYaml({ a: 'yes', b: ['x'] })).toBe('a: "yes"\nb:\n  - x\n');
  });

  it('refuses YAML that grows beyond measure', () => {
    const bomb = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 10; i++) bomb.push(`a${i}: &a${i} [${`*a${i - 1},`.repeat(9)}]`);
    expect(() => parseYaml(bomb.join('\n'))).toThrow();
  });

  it.each(['[', '{a: ', '- ', '? '])('refuses %j nested a hundred thousand times', (open) => {
    expect(() => parseYaml(open.repeat(100_000))).toThrow('yaml: exceeded max depth');
  });

  it.each([
    ['items', '- 1\n'.repeat(70_000)],
    ['items in a line', `[${'1,'.repeat(70_000)}1]`],
    ['maps in a line', `[${'{}'.repeat(40_000)}]`],
    ['lists in lists', `${'- '.repeat(200)}1\n`.repeat(400)],
    ['empty lines', `a: 1\n${'\n'.repeat(70_000)}`],
    ['comments', `a: 1\n${'#\r'.repeat(70_000)}`],
  ])('refuses YAML of too many parts: %s', (_name, text) => {
    expect(() => parseYaml(text)).toThrow(
      'Request entity too large: limit is 40000 lines and items of YAML; as JSON it may have more',
    );
  });

  it('reads a large manifest', () => {
    const property = (i: number) =>
      `  field${i}:\n    type: string\n    description: "${'What it is for, in words. '.repeat(4)}"\n`;
    const text = `properties:\n${Array.from({ length: 7000 }, (_, i) => property(i)).join('')}`;
    expect(text.length).toBeGreaterThan(1_000_000);
    const { properties } = parseYaml(text) as { properties: object };
    expect(Object.keys(properties)).toHaveLength(7000);
  });

  it('refuses what is no YAML, and says where', () => {
    expect(() => parseYaml('a: [1')).toThrow('yaml: line 1: ');
    expect(() => parseYaml('a: 1\nb: "x\nc: 1\n')).toThrow(/^yaml: line \d: /);
  });
});

describe('decodeProtobuf', () => {
  it('reads what kubectl sends to create a deployment', () => {
    expect(decodeProtobuf(bytesOf(CREATED_DEPLOYMENT), schemaOf)).toEqual({
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'nginx', image: 'nginx', resources: {} }] },
        },
        strategy: {},
      },
      status: {},
    });
  });

  it('reads what kubectl sends to ask what it may do', () => {
    expect(decodeProtobuf(bytesOf(CAN_I), schemaOf)).toMatchObject({
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { namespace: 'default', verb: 'create', resource: 'pods' } },
    });
  });

  it('reads what kubectl sends for a token', () => {
    expect(decodeProtobuf(bytesOf(CREATED_TOKEN), schemaOf)).toMatchObject({
      kind: 'TokenRequest',
      spec: { expirationSeconds: 3600 },
    });
  });

  it('reads a pod as its JSON would be read', () => {
    const decoded = decodeProtobuf(bytesOf(ENCODED_POD), schemaOf);
    expect(decodePod(decoded)).toEqual({ object: decoded, unknownFields: [] });
    expect(decoded).toMatchObject({
      metadata: {
        creationTimestamp: '2025-01-01T00:00:00Z',
        labels: { a: 'b', c: '' },
        managedFields: [{ time: '2025-01-01T00:00:00Z', fieldsV1: { 'f:a': {} } }],
        ownerReferences: [{ name: 'n', controller: false }],
      },
      spec: {
        containers: [
          {
            args: ['a', ''],
            env: [
              { name: 'E' },
              {
                name: 'F',
                valueFrom: { configMapKeyRef: { name: 'cm', key: 'k', optional: false } },
              },
            ],
            envFrom: [{ secretRef: { name: 's' } }],
            resources: { requests: { cpu: '1500m', memory: '1Gi' } },
            livenessProbe: { httpGet: { path: '/', port: 'http' } },
            readinessProbe: { tcpSocket: { port: 8080 } },
            securityContext: { runAsUser: 0, privileged: false },
          },
        ],
        volumes: [
          { name: 'v', hostPath: { path: '/x', type: '' } },
          { name: 'w', emptyDir: { sizeLimit: '1Gi' } },
          { name: 'p', projected: { sources: [{ configMap: { name: 'cm' } }] } },
        ],
        terminationGracePeriodSeconds: 0,
        tolerations: [{ tolerationSeconds: -5 }],
        securityContext: { supplementalGroups: [1, 2, 300], fsGroup: -1 },
      },
      status: { containerStatuses: [{ state: { terminated: { exitCode: -1 } } }] },
    });
  });

  it('leaves out what Go writes for fields that nobody set', () => {
    const { metadata, spec } = decodeProtobuf(bytesOf(ENCODED_POD), schemaOf) as {
      metadata: object;
      spec: object;
    };
    expect(metadata).not.toHaveProperty('generateName');
    expect(metadata).not.toHaveProperty('generation');
    expect(spec).not.toHaveProperty('restartPolicy');
    expect(spec).not.toHaveProperty('hostNetwork');
  });

  const body = (kind: string, write: (message: ProtobufWriter) => void) => {
    const unknown = new ProtobufWriter()
      .message(1, (meta) => meta.text(1, 'v1').text(2, kind))
      .message(2, write)
      .finish();
    return Uint8Array.from([...PROTOBUF_PREFIX, ...unknown]);
  };

  it('reads packed and single numbers, bytes, and passes over unknown fields', () => {
    const pod = body('Pod', (message) =>
      message
        .int(99, 5)
        .double(98, 1)
        .message(2, (spec) =>
          spec.message(14, (context) => context.int(4, 7).bytes(4, Uint8Array.of(8, 9))),
        ),
    );
    expect(decodeProtobuf(pod, schemaOf)).toMatchObject({
      spec: { securityContext: { supplementalGroups: [7, 8, 9] } },
    });
    const secret = body('Secret', (message) =>
      message.message(2, (entry) => entry.text(1, 'a').bytes(2, Uint8Array.of(255, 0))),
    );
    expect(decodeProtobuf(secret, schemaOf)).toMatchObject({ data: { a: '/wA=' } });
  });

  const malformed: [string, Uint8Array][] = [
    ['nothing', new Uint8Array()],
    ['JSON', new TextEncoder().encode('{}')],
    ['an end too early', bytesOf(CREATED_DEPLOYMENT).subarray(0, 100)],
    ['a kind that is not there', body('Sphinx', () => {})],
    ['a varint without an end', Uint8Array.from([...PROTOBUF_PREFIX, ...Array(20).fill(255)])],
    ['a group', body('Pod', (message) => message.bytes(1, Uint8Array.of(0x0b)))],
    ['a number for a text', body('Pod', (m) => m.message(1, (meta) => meta.int(1, 5)))],
    [
      'a text that is not UTF-8',
      body('Pod', (m) => m.message(1, (meta) => meta.bytes(1, Uint8Array.of(255)))),
    ],
  ];
  it.each(malformed)('refuses %s', (_, bytes) => {
    expect(errorOf(() => decodeProtobuf(bytes, schemaOf)).code).toBe(400);
  });

  it('refuses messages in messages without end', () => {
    let schema = new ProtobufWriter().finish();
    // `not` of JSONSchemaProps is one itself.
    for (let i = 0; i < 2000; i++) schema = new ProtobufWriter().bytes(27, schema).finish();
    const bytes = body('Loop', (message) => message.bytes(1, schema));
    const props = builtInSchema(
      'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
    );
    const fields = new Map(props && [['a', { schema: props, number: 1 }]]);
    const error = errorOf(() => decodeProtobuf(bytes, () => ({ type: 'object', fields })));
    expect(error.message).toMatch(/exceeded max depth$/);
  });

  property(
    'reads any bytes or answers 400',
    fc.uint8Array({ maxLength: 200 }),
    fc.nat(500),
    (noise, at) => {
      const bytes = bytesOf(ENCODED_POD);
      bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
      try {
        const value = decodeProtobuf(bytes, schemaOf);
        expect(typeof value).toBe('object');
      } catch (error) {
        if (!(error instanceof StatusError) || error.code !== 400) throw error;
      }
    },
  );
});
