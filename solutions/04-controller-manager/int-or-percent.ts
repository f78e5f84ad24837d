/** Numbers that may be percentages of another: `maxSurge: 25%`. Given. */

/**
 * The number that is meant.
 *
 * @param value - a whole number, or a text such as `25%`
 * @param total - of what the percentage is
 * @param round - which way a part goes
 * @throws Error when it is neither; validation lets no such value through
 */
export function scaledValue(value: number | string, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  if (percent === undefined) throw new Error(`"${value}" is neither a number nor a percentage`);
  const exact = (Number(percent) * total) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
