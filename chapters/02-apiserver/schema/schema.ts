/**
 * What a value of the API may look like, and how lists and maps of it are merged. Given.
 *
 * Built-in kinds get their schema from the facts beside this file (`built-in.ts`), custom resources
 * from their definition (`../custom-resources/`). Decoding, strict field checks, patches,
 * server-side apply, OpenAPI and protobuf all read this one form.
 */

/** A value's shape. */
export type Schema = ScalarSchema | ObjectSchema | MapSchema | ListSchema | AnySchema;

/** How a scalar is written beyond its JSON type. */
export type ScalarFormat =
  | 'int32'
  | 'int64'
  | 'double'
  /** Bytes, as base64 text. */
  | 'byte'
  /** Seconds: `2025-01-01T00:00:00Z`. */
  | 'date-time'
  /** Microseconds: `2025-01-01T00:00:00.000000Z`. */
  | 'micro-time'
  /** A duration as Go writes it: `1m30s`. */
  | 'duration'
  /** A whole number or a text, as a port or `maxSurge` is. */
  | 'int-or-string'
  /** An amount: `100m`; a JSON number is taken too. */
  | 'quantity';

export interface ScalarSchema {
  readonly type: 'string' | 'integer' | 'number' | 'boolean';
  readonly format?: ScalarFormat;
  /** The values there are, where the API's documentation lists them. */
  readonly enum?: readonly string[];
}

/** An object whose fields are known. */
export interface ObjectSchema {
  readonly type: 'object';
  /** The definition's name: `io.k8s.api.core.v1.PodSpec`; absent for a custom resource's. */
  readonly name?: string;
  readonly fields: ReadonlyMap<string, Field>;
  /** In protobuf some of the fields stand in messages of their own: number to the message's type. */
  readonly embedded?: ReadonlyMap<number, ObjectSchema>;
  /** Is an object with other fields fine, and are they kept? */
  readonly preserveUnknown?: boolean;
  /** `atomic`: server-side apply sets it as a whole. */
  readonly mapType?: 'granular' | 'atomic';
}

/** An object whose keys are data: labels, a ConfigMap's data. */
export interface MapSchema {
  readonly type: 'map';
  readonly values: Schema;
  readonly mapType?: 'granular' | 'atomic';
}

/** A list. How it merges is said twice, because two kinds of patch differ: see `Field`. */
export interface ListSchema {
  readonly type: 'list';
  readonly items: Schema;
  /** For server-side apply; `atomic` when not given. */
  readonly listType?: 'atomic' | 'set' | 'map';
  /** For `listType: 'map'`: the fields that tell items apart. */
  readonly listMapKeys?: readonly string[];
}

/** Any JSON: what is in it is nobody's business here. */
export interface AnySchema {
  readonly type: 'any';
}

/** One field of an object. */
export interface Field {
  readonly schema: Schema;
  readonly required?: boolean;
  /** The value it has when it is left out, where server-side apply must know it (`protocol: TCP`). */
  readonly default?: unknown;
  /** For strategic merge patch. */
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[];
  /** For strategic merge patch: the one field that tells a merged list's items apart. */
  readonly patchMergeKey?: string;
  /** The field's number in protobuf. */
  readonly number?: number;
}
