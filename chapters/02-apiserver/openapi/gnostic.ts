/**
 * OpenAPI 2 in protobuf, the only form that kubectl before 1.29 asks for. Given.
 *
 * @see github.com/google/gnostic/openapiv2/OpenAPIv2.proto: the numbers below are its fields'
 */

import type { Json } from '../api-object.ts';
import { MessageWriter } from './message-writer.ts';
import type { JsonObject } from './well-known.ts';

/** How one field of a message is written. */
type FieldWriter = (writer: MessageWriter, number: number, value: Json) => void;

/** A message's fields: what they are called in JSON, their number, and how they are written. */
type Message = Readonly<Record<string, readonly [number, FieldWriter]>>;

const text: FieldWriter = (writer, number, value) => writer.text(number, String(value));
const flag: FieldWriter = (writer, number, value) => writer.flag(number, value === true);
const integer: FieldWriter = (writer, number, value) => writer.integer(number, Number(value));
const double: FieldWriter = (writer, number, value) => writer.double(number, Number(value));
/** Any JSON: as YAML, which JSON is. */
const any: FieldWriter = (writer, number, value) =>
  writer.message(number, (inner) => inner.text(2, JSON.stringify(value)));

function each(write: FieldWriter): FieldWriter {
  return (writer, number, value) => {
    for (const item of Array.isArray(value) ? value : [value]) write(writer, number, item);
  };
}

/** A message whose fields are in a table, and extensions (`x-…`) in a field of their own. */
function message(fields: () => Message, extensions?: number): FieldWriter {
  return (writer, number, value) =>
    writer.message(number, (inner) => writeFields(inner, value, fields(), extensions));
}

function writeFields(
  writer: MessageWriter,
  value: Json,
  fields: Message,
  extensions: number | undefined,
): void {
  for (const [key, member] of entriesOf(value)) {
    const field = fields[key];
    if (field) field[1](writer, field[0], member);
    else if (extensions !== undefined && key.startsWith('x-'))
      named(any)(writer, extensions, { [key]: member });
  }
}

function entriesOf(value: Json): [string, Json][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value)
    : [];
}

/** A map: pairs of a name and a value. */
function named(write: FieldWriter): FieldWriter {
  return (writer, number, value) => {
    for (const [key, member] of entriesOf(value)) {
      writer.message(number, (pair) => {
        pair.text(1, key);
        write(pair, 2, member);
      });
    }
  };
}

/** A message around another one. */
function within(inner: number, write: FieldWriter): FieldWriter {
  return (writer, number, value) => writer.message(number, (outer) => write(outer, inner, value));
}

const schema: FieldWriter = message(() => SCHEMA, 31);

const SCHEMA: Message = {
  $ref: [1, text],
  format: [2, text],
  title: [3, text],
  description: [4, text],
  default: [5, any],
  multipleOf: [6, double],
  maximum: [7, double],
  exclusiveMaximum: [8, flag],
  minimum: [9, double],
  exclusiveMinimum: [10, flag],
  maxLength: [11, integer],
  minLength: [12, integer],
  pattern: [13, text],
  maxItems: [14, integer],
  minItems: [15, integer],
  uniqueItems: [16, flag],
  maxProperties: [17, integer],
  minProperties: [18, integer],
  required: [19, each(text)],
  enum: [20, each(any)],
  additionalProperties: [21, within(1, schema)],
  type: [22, within(1, each(text))],
  items: [23, within(1, schema)],
  properties: [25, within(1, named(schema))],
};

const BODY_PARAMETER: Message = {
  description: [1, text],
  name: [2, text],
  in: [3, text],
  required: [4, flag],
  schema: [5, schema],
};

const QUERY_PARAMETER: Message = {
  required: [1, flag],
  in: [2, text],
  description: [3, text],
  name: [4, text],
  type: [6, text],
  format: [7, text],
  uniqueItems: [20, flag],
};

const PATH_PARAMETER: Message = {
  required: [1, flag],
  in: [2, text],
  description: [3, text],
  name: [4, text],
  type: [5, text],
  format: [6, text],
  uniqueItems: [19, flag],
};

const bodyParameter = within(
  1,
  within(
    1,
    message(() => BODY_PARAMETER),
  ),
);
const queryParameter = within(
  1,
  within(
    2,
    within(
      3,
      message(() => QUERY_PARAMETER),
    ),
  ),
);
const pathParameter = within(
  1,
  within(
    2,
    within(
      4,
      message(() => PATH_PARAMETER),
    ),
  ),
);

/** A parameter is one of several messages, three or four deep. */
const parameter: FieldWriter = (writer, number, value) => {
  const place = entriesOf(value).find(([key]) => key === 'in')?.[1];
  const other = place === 'path' ? pathParameter : queryParameter;
  (place === 'body' ? bodyParameter : other)(writer, number, value);
};

const RESPONSE: Message = { description: [1, text], schema: [2, within(1, schema)] };

const OPERATION: Message = {
  tags: [1, each(text)],
  description: [3, text],
  operationId: [5, text],
  produces: [6, each(text)],
  consumes: [7, each(text)],
  parameters: [8, each(parameter)],
  responses: [
    9,
    within(
      1,
      named(
        within(
          1,
          message(() => RESPONSE),
        ),
      ),
    ),
  ],
  schemes: [10, each(text)],
};

const operation: FieldWriter = message(() => OPERATION, 13);

const PATH_ITEM: Message = {
  get: [2, operation],
  put: [3, operation],
  post: [4, operation],
  delete: [5, operation],
  options: [6, operation],
  head: [7, operation],
  patch: [8, operation],
  parameters: [9, each(parameter)],
};

const INFO: Message = { title: [1, text], version: [2, text] };
const API_KEY: Message = {
  type: [1, text],
  name: [2, text],
  in: [3, text],
  description: [4, text],
};

const DOCUMENT: Message = {
  swagger: [1, text],
  info: [2, message(() => INFO)],
  paths: [8, within(2, named(message(() => PATH_ITEM, 10)))],
  definitions: [9, within(1, named(schema))],
  security: [12, each(within(1, named(message(() => ({})))))],
  securityDefinitions: [
    13,
    within(
      1,
      named(
        within(
          2,
          message(() => API_KEY, 5),
        ),
      ),
    ),
  ],
};

/** The bytes of an `openapi.v2.Document`. */
export function swaggerBytes(document: JsonObject): Uint8Array {
  const writer = new MessageWriter();
  writeFields(writer, document, DOCUMENT, 16);
  return writer.finish();
}
