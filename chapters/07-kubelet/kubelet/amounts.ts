/** Amounts of bytes as numbers. Given. */

import { Quantity } from '#apimachinery';

/** @throws QuantityError when it is no quantity */
export function bytesOf(text: string): number {
  return Number(Quantity.parse(text).value());
}
