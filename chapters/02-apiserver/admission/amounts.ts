/** Amounts by the name of what is counted, and how to reckon with them. Given. */

import { Quantity } from '#apimachinery';
import { quantityOf } from '../kinds/core/resources.ts';

/** `pods` → 3, `requests.cpu` → 500m. */
export type Amounts = ReadonlyMap<string, Quantity>;

/** Amounts as objects have them, with texts. */
export type AmountTexts = Readonly<Record<string, string>>;

export function amountsOf(texts: AmountTexts | undefined): Amounts {
  return new Map(Object.entries(texts ?? {}).map(([name, text]) => [name, quantityOf(text)]));
}

export function amountTexts(amounts: Amounts): Record<string, string> {
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, amount.toString()]));
}

/** Both together, with every name that either has. */
export function addAmounts(a: Amounts, b: Amounts): Amounts {
  const sum = new Map(a);
  for (const [name, amount] of b) sum.set(name, sum.get(name)?.add(amount) ?? amount);
  return sum;
}

/** What `a` is more than `b`; nothing goes below zero. */
export function excessAmounts(a: Amounts, b: Amounts): Amounts {
  const excess = [...a].map(([name, amount]): [string, Quantity] => {
    const more = amount.sub(b.get(name) ?? Quantity.zero);
    return [name, more.compare(Quantity.zero) > 0 ? more : Quantity.zero];
  });
  return new Map(excess);
}

/** Those of which `keep` is true. */
export function filterAmounts(
  amounts: Amounts,
  keep: (name: string, amount: Quantity) => boolean,
): Amounts {
  return new Map([...amounts].filter(([name, amount]) => keep(name, amount)));
}

/** For messages, by name: `pods=1,requests.cpu=500m`. */
export function amountsText(amounts: Amounts): string {
  const names = [...amounts.keys()].sort();
  return names.map((name) => `${name}=${amounts.get(name)}`).join(',');
}
