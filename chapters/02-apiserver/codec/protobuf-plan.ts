/** How a type's protobuf message is read: its fields by number. Given. */

import type { ObjectSchema, Schema } from '../schema/schema.ts';
import { POINTER_FIELDS } from './pointer-fields.ts';

/** One field, found by its number. */
export interface FieldPlan {
  readonly name: string;
  readonly schema: Schema;
  /** Is an empty text, `0` or `false` a value, and not just what Go writes for "not set"? */
  readonly keepsEmpty: boolean;
}

type Plan = ReadonlyMap<number, FieldPlan>;

/** Schemas never change, and there are as many plans as types. */
const plans = new WeakMap<ObjectSchema, Plan>();

/** @returns the same plan each time */
export function planOf(schema: ObjectSchema): Plan {
  const known = plans.get(schema);
  if (known) return known;
  const pointers = pointersOf(schema.name ?? '');
  const plan = new Map<number, FieldPlan>();
  for (const [name, { number, schema: type, required }] of schema.fields) {
    // Fields of embedded messages have no number here.
    if (number === undefined || number === 0) continue;
    plan.set(number, { name, schema: type, keepsEmpty: required === true || pointers.has(name) });
  }
  plans.set(schema, plan);
  return plan;
}

/** @param type - `io.k8s.api.core.v1.PodSpec` */
function pointersOf(type: string): ReadonlySet<string> {
  const at = type.lastIndexOf('.');
  const lines = POINTER_FIELDS[type.slice(0, at)]?.split('\n') ?? [];
  const line = lines.find((one) => one.startsWith(`${type.slice(at + 1)} `));
  return new Set(line?.split(' ').slice(1));
}
