/** A value as Go writes it in source, which is how it stands in some messages of the API. Given. */

import type { Json } from '../api-object.ts';

/** `"text"`, `1`, `[]interface {}{1, 2}`, `map[string]interface {}{"a":true}`. */
export function goSyntax(value: Json): string {
  if (value === null) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.keys(value).sort();
  const texts = fields.map((key) => `${JSON.stringify(key)}:${goSyntax(value[key] as Json)}`);
  return `map[string]interface {}{${texts.join(', ')}}`;
}
