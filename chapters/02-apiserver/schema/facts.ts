/**
 * Reads the tables of facts in `facts/`: one line for each field of each type of the API. Given.
 *
 * ```text
 * Container                                   a type; `kind` behind it: with apiVersion and kind,
 *   name 1 string!                            name, protobuf number, type; ! means required
 *   ports 6 []ContainerPort map=containerPort,protocol patch=merge:containerPort
 *   + 2 VolumeSource                          its fields stand in this type, in protobuf in a message
 * ```
 *
 * A type is a scalar, `any`, another type (`meta.LabelSelector` of another table), `[]` a list of, or
 * `{}` a map to one. Then: `map=keys`, `set`, `atomic`, `patch=strategy:key`, `default=`, `enum=`.
 */

import type { Field, ListSchema, MapSchema, ObjectSchema, ScalarSchema, Schema } from './schema.ts';

const SCALARS: Readonly<Record<string, ScalarSchema>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  time: { type: 'string', format: 'date-time' },
  'micro-time': { type: 'string', format: 'micro-time' },
  duration: { type: 'string', format: 'duration' },
  'int-or-string': { type: 'string', format: 'int-or-string' },
  quantity: { type: 'string', format: 'quantity' },
};

/** One group version's table and where its names belong. */
export interface FactTable {
  /** The beginning of its types' names: `io.k8s.api.core.v1`. */
  readonly prefix: string;
  readonly text: string;
}

/** The types of all tables; each is made when it is first asked for, and only once. */
export class Facts {
  readonly #lines = new Map<string, readonly string[]>();
  readonly #schemas = new Map<string, ObjectSchema>();
  readonly #prefixes: ReadonlyMap<string, string>;

  /** @param tables - by the name other tables call them: `core`, `meta`, `autoscaling-v1` */
  constructor(tables: ReadonlyMap<string, FactTable>) {
    this.#prefixes = new Map([...tables].map(([name, { prefix }]) => [name, prefix]));
    for (const { prefix, text } of tables.values()) this.#index(prefix, text);
  }

  #index(prefix: string, text: string): void {
    let lines: string[] = [];
    for (const line of text.split('\n')) {
      if (line === '') continue;
      if (line.startsWith(' ')) {
        lines.push(line);
        continue;
      }
      lines = [line];
      this.#lines.set(`${prefix}.${line.split(' ')[0]}`, lines);
    }
  }

  /** All types' names. */
  names(): string[] {
    return [...this.#lines.keys()];
  }

  /** Is it a kind of its own, with apiVersion and kind? */
  isKind(name: string): boolean {
    return this.#lines.get(name)?.[0]?.split(' ').includes('kind') === true;
  }

  /** @param name - `io.k8s.api.core.v1.PodSpec`; `undefined` when there is no such type */
  schema(name: string): ObjectSchema | undefined {
    const known = this.#schemas.get(name);
    const lines = this.#lines.get(name);
    if (known || lines === undefined) return known;
    const [head = '', ...rest] = lines;
    const flags = head.split(' ').slice(1);
    const fields = new Map<string, Field>();
    const embedded = new Map<number, ObjectSchema>();
    const schema: ObjectSchema = {
      type: 'object',
      name,
      fields,
      embedded,
      ...(flags.includes('atomic') && { mapType: 'atomic' }),
    };
    // Types may hold themselves: it must be there before its fields are read.
    this.#schemas.set(name, schema);
    if (flags.includes('kind')) {
      fields.set('apiVersion', { schema: STRING });
      fields.set('kind', { schema: STRING });
    }
    const prefix = name.slice(0, name.lastIndexOf('.'));
    for (const line of rest) this.#read(line.trim(), prefix, fields, embedded);
    return schema;
  }

  #read(
    line: string,
    prefix: string,
    fields: Map<string, Field>,
    embedded: Map<number, ObjectSchema>,
  ): void {
    const [name = '', number = '', type = '', ...flags] = line.split(' ');
    const required = type.endsWith('!');
    const schema = this.#type(required ? type.slice(0, -1) : type, prefix, new Flags(flags));
    if (name === '+') {
      if (schema.type !== 'object')
        throw new Error(`${line}: only a type's fields can be embedded`);
      embedded.set(Number(number), schema);
      for (const [key, field] of schema.fields) fields.set(key, { ...field, number: 0 });
      return;
    }
    fields.set(name, {
      schema,
      number: Number(number),
      ...(required && { required }),
      ...new Flags(flags).ofField(),
    });
  }

  #type(text: string, prefix: string, flags: Flags): Schema {
    if (text.startsWith('[]')) {
      const items = this.#type(text.slice(2), prefix, flags.ofItems());
      return { type: 'list', items, ...flags.ofList() };
    }
    if (text.startsWith('{}')) {
      const values = this.#type(text.slice(2), prefix, NO_FLAGS);
      return { type: 'map', values, ...flags.ofMap() };
    }
    if (text === 'any') return { type: 'any' };
    const scalar = SCALARS[text];
    if (scalar) return { ...scalar, ...flags.ofScalar() };
    const schema = this.#named(text, prefix);
    return flags.has('atomic') ? atomic(schema) : schema;
  }

  #named(text: string, prefix: string): ObjectSchema {
    const [table, type] = text.includes('.') ? text.split('.') : ['', text];
    const home = table === '' ? prefix : this.#prefixes.get(table ?? '');
    const schema = this.schema(`${home}.${type}`);
    if (schema === undefined) throw new Error(`no type ${text} in ${prefix}`);
    return schema;
  }
}

const STRING: ScalarSchema = { type: 'string' };

/** The same type, set as a whole; its fields may not all be there yet, so they are shared. */
function atomic(schema: ObjectSchema): ObjectSchema {
  return { ...schema, mapType: 'atomic' };
}

/** What stands behind a field's type. */
class Flags {
  readonly #flags: readonly string[];

  constructor(flags: readonly string[]) {
    this.#flags = flags;
  }

  has(name: string): boolean {
    return this.#flags.includes(name);
  }

  #value(name: string): string | undefined {
    return this.#flags.find((flag) => flag.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  ofList(): Pick<ListSchema, 'listType' | 'listMapKeys'> {
    const keys = this.#value('map');
    if (keys !== undefined) return { listType: 'map', listMapKeys: keys.split(',') };
    return { listType: this.has('set') ? 'set' : 'atomic' };
  }

  ofMap(): Pick<MapSchema, 'mapType'> {
    return this.has('atomic') ? { mapType: 'atomic' } : {};
  }

  ofScalar(): Pick<ScalarSchema, 'enum'> {
    const values = this.#value('enum');
    return values === undefined ? {} : { enum: values.split('|') };
  }

  /** Of a list's items only the values there are, are said with the list. */
  ofItems(): Flags {
    return new Flags(this.#flags.filter((flag) => flag.startsWith('enum=')));
  }

  ofField(): Pick<Field, 'default' | 'patchStrategy' | 'patchMergeKey'> {
    const standard = this.#value('default');
    const [strategy, key] = this.#value('patch')?.split(':') ?? [];
    return {
      ...(standard !== undefined && { default: JSON.parse(standard) as unknown }),
      ...(strategy && {
        patchStrategy: strategy.split(',') as NonNullable<Field['patchStrategy']>,
      }),
      ...(key && { patchMergeKey: key }),
    };
  }
}

const NO_FLAGS = new Flags([]);
