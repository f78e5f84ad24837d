/**
 * OpenAPI 2 ("swagger") made of OpenAPI 3: what older clients read. Given.
 *
 * It can say less: no defaults, no alternatives, no `allOf` for a reference with a description.
 */

import type { Json } from '../api-object.ts';
import type { JsonObject } from './well-known.ts';

/** The whole document. */
export function toSwagger(document: JsonObject): JsonObject {
  const { info = {}, paths, components } = document;
  const { schemas, securitySchemes } = asObject(components);
  return {
    swagger: '2.0',
    info,
    paths: mapped(asObject(paths), pathItem),
    definitions: mapped(asObject(schemas), schema),
    securityDefinitions: asObject(securitySchemes),
    security: [{ BearerToken: [] }],
  };
}

function asObject(json: Json | undefined): JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
}

function asList(json: Json | undefined): JsonObject[] {
  return Array.isArray(json) ? json.map(asObject) : [];
}

function mapped(object: JsonObject, change: (value: JsonObject) => JsonObject): JsonObject {
  const entries = Object.entries(object).map(([key, value]) => [key, change(asObject(value))]);
  return Object.fromEntries(entries);
}

function pathItem(item: JsonObject): JsonObject {
  const { parameters, ...operations } = item;
  return { ...mapped(operations, operation), parameters: asList(parameters).map(parameter) };
}

function parameter({ schema: type, ...rest }: JsonObject): JsonObject {
  return { ...rest, ...asObject(type) };
}

function operation({ parameters, requestBody, responses, ...rest }: JsonObject): JsonObject {
  const body = requestBody === undefined ? undefined : firstContent(asObject(requestBody));
  const consumes = requestBody === undefined ? [] : typesOf(asObject(requestBody));
  const all = [
    ...(body ? [{ name: 'body', in: 'body', required: true, schema: schema(body) }] : []),
    ...asList(parameters).map(parameter),
  ];
  return {
    ...rest,
    consumes: consumes.length > 0 ? consumes : ['*/*'],
    produces: typesOf(asObject(asObject(responses)['200'])),
    schemes: ['https'],
    ...(all.length > 0 && { parameters: all }),
    responses: mapped(asObject(responses), response),
  };
}

function typesOf({ content }: JsonObject): string[] {
  return Object.keys(asObject(content));
}

function firstContent({ content }: JsonObject): JsonObject | undefined {
  const [first] = Object.values(asObject(content));
  return first === undefined ? undefined : asObject(asObject(first).schema);
}

function response(given: JsonObject): JsonObject {
  const content = firstContent(given);
  const { description = '' } = given;
  return { description, ...(content && { schema: schema(content) }) };
}

/** What a schema of OpenAPI 2 may say; anything else is left out. */
const KEPT = new Set([
  'description',
  'type',
  'format',
  'required',
  'enum',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'maxProperties',
  'minProperties',
  'multipleOf',
]);

function schema(given: JsonObject): JsonObject {
  const reference = given.$ref ?? asObject(asList(given.allOf)[0]).$ref;
  const kept = Object.entries(given).filter(([key]) => KEPT.has(key) || key.startsWith('x-'));
  const result: JsonObject = Object.fromEntries(kept);
  if (typeof reference === 'string') {
    const $ref = reference.replace('#/components/schemas/', '#/definitions/');
    return { ...result, $ref };
  }
  // A number or a text: whoever reads this takes a text.
  const isIntOrString = given['x-kubernetes-int-or-string'] === true;
  if (isIntOrString || (given.oneOf !== undefined && given.type === undefined)) {
    return { ...result, ...(hasNoType(given) && { type: 'string' }) };
  }
  // What may be anything or null cannot be said: then nothing is.
  if (given.nullable === true) return withoutType(result);
  if (given['x-kubernetes-preserve-unknown-fields'] === true) return result;
  return { ...result, ...inside(given) };
}

/** Only our own alternatives (a Quantity's) are of a text; a definition's may be anything. */
function hasNoType(given: JsonObject): boolean {
  return asList(given.oneOf).some(({ type }) => type === 'string');
}

function withoutType({ type: _, format: __, ...rest }: JsonObject): JsonObject {
  return rest;
}

function inside({ items, properties, additionalProperties }: JsonObject): JsonObject {
  return {
    ...(items !== undefined && { items: schema(asObject(items)) }),
    ...(properties !== undefined && { properties: mapped(asObject(properties), schema) }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: schema(asObject(additionalProperties)),
    }),
  };
}
