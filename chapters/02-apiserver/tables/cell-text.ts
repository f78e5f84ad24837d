/**
 * How labels, selectors, containers and long lists look in a cell. Given.
 */

import type { Container } from 'kubernetes-types/core/v1.js';
import { type LabelSelector, Quantity, selectorFromObject } from '#apimachinery';

/** `a=1,b=2`, by key; `<none>` when there are none. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const texts = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return texts.length === 0 ? '<none>' : texts.sort().join(',');
}

/** A selector's text; `<none>` when it chooses nothing in particular. */
export function selectorText(selector: LabelSelector | undefined): string {
  try {
    return selectorFromObject(selector).toString() || '<none>';
  } catch {
    return '<error>';
  }
}

/** Two cells: the containers' names and their images. */
export function containerCells(containers: readonly Container[] | undefined): [string, string] {
  const all = containers ?? [];
  const names = all.map(({ name }) => name).join(',');
  return [names, all.map(({ image = '' }) => image).join(',')];
}

/** `1/3`. */
export function ratio(part: number | undefined, whole: number | undefined): string {
  return `${part ?? 0}/${whole ?? 0}`;
}

/** The first three, and how many more there are. */
export function firstThree(list: readonly string[], empty: string): string {
  if (list.length === 0) return empty;
  const shown = list.slice(0, 3).join(',');
  return list.length > 3 ? `${shown} + ${list.length - 3} more...` : shown;
}

/** An amount in its canonical form; `0` when there is none. */
export function amountText(amount: string | undefined): string {
  return amount === undefined ? '0' : Quantity.parse(`${amount}`).toString();
}

/** `True`, `False`, or `<unset>`. */
export function flagText(flag: boolean | undefined): string {
  if (flag === undefined) return '<unset>';
  return flag ? 'True' : 'False';
}
