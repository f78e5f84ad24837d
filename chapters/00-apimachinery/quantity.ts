/**
 * Quantities: how Kubernetes writes amounts of CPU, memory and everything else that is counted.
 *
 * Exact: a whole number (bigint) times a power of ten, never a floating-point number. The suffixes
 * are in `quantity-format.ts`; pods add quantities up in `placement.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { QuantityFormat } from './quantity-format.ts';

/**
 * An exact amount, for example of CPU or memory, and the way it is written.
 *
 * @remarks The amount is `mantissa × 10^exponent`. Quantities never change: every operation returns
 * a new one. The same amount can have many pairs: 1500m is (1500, -3) or (15, -1). So compare with
 * `compare`, not by looking at the fields.
 *
 * ```text
 * parse('1.5Gi')   15 × 10^-1 × 2^30   = (16106127360, -1), BinarySI
 * toString()       1610612736 = 1536 × 1024 × 1024, so '1536Mi'
 * ```
 *
 * @see k8s.io/apimachinery/pkg/api/resource/quantity.go (1.33)
 */
export class Quantity {
  /** The whole number in front. */
  readonly mantissa: bigint;
  /** The power of ten it is multiplied by; a whole number, often negative. */
  readonly exponent: number;
  /** The family of suffixes it is written with. */
  readonly format: QuantityFormat;

  constructor(mantissa: bigint, exponent = 0, format: QuantityFormat = 'DecimalSI') {
    this.mantissa = mantissa;
    this.exponent = exponent;
    this.format = format;
  }

  /** Nothing of anything; the start of a sum. */
  static readonly zero = new Quantity(0n);

  /**
   * Reads a quantity.
   *
   * @remarks
   * The text is a number and a suffix with nothing before, between or after:
   *
   * - The number is an optional sign, digits, and at most one dot. `5.` and `.5` are fine; at least
   *   one digit is needed.
   * - The suffix is one of `QUANTITY_SUFFIXES`, or `e` or `E` with a whole number (`1e3`, `12E-1`,
   *   `1e+6`), which is the format `DecimalExponent`. The power behind `e` must lie between
   *   -`MAX_DECIMAL_EXPONENT` and `MAX_DECIMAL_EXPONENT`; beyond that it is no suffix.
   *
   * An amount with parts smaller than a nano is rounded away from zero to the next nano: whoever
   * asks for something gets something (`0.1n` is `1n`, `-1.2n` is `-2n`).
   *
   * Text in `BinarySI` means at most 2^63 - 1: a larger amount becomes that, a smaller one than its
   * negative becomes its negative. And an amount between -1 and 1 but not zero (`0.0001Ki`,
   * `-0.0001Ki`) gets the format `DecimalSI`; -1, 0 and 1 themselves stay in `BinarySI`.
   *
   * @param text - for example `100m`, `1.5Gi`, `1e3`, `0.5`, `-2`
   * @throws QuantityError with problem `suffix` when the text is a number, then perhaps letters of
   * `eEinumkKMGTP`, then perhaps a sign, then perhaps digits, but what follows the number is no
   * suffix (`1i`, `3e`, `5-5`, `1e1001`); with problem `format` for everything else (`1.5Gigs`,
   * `1.1.M`, `` (no text), ` 1`, `Ki`)
   * @exercise apimachinery/quantity
   */
  static parse(text: string): Quantity {
    throw new NotImplemented('apimachinery/quantity', 'Quantity.parse');
  }

  /**
   * Compares two amounts exactly; how they are written makes no difference.
   *
   * @returns -1, 0 or 1: this is less than, equal to, greater than `other`
   * @exercise apimachinery/quantity
   */
  compare(other: Quantity): -1 | 0 | 1 {
    throw new NotImplemented('apimachinery/quantity', 'Quantity.compare');
  }

  /** Tells whether two quantities are the same amount: `1000m` equals `1`. */
  equals(other: Quantity): boolean {
    return this.compare(other) === 0;
  }

  /**
   * Tells whether there is nothing of it.
   *
   * @exercise apimachinery/quantity
   */
  isZero(): boolean {
    throw new NotImplemented('apimachinery/quantity', 'Quantity.isZero');
  }

  /**
   * Adds two amounts, exactly.
   *
   * @returns the sum, written as `this` is; when `this` is zero, as `other` is, so that a sum that
   * started from `Quantity.zero` is written like what was added
   * @exercise apimachinery/quantity
   */
  add(other: Quantity): Quantity {
    throw new NotImplemented('apimachinery/quantity', 'Quantity.add');
  }

  /**
   * Subtracts `other`, exactly; the result may be negative.
   *
   * @returns the difference, written as the sum would be (see `add`)
   * @exercise apimachinery/quantity
   */
  sub(other: Quantity): Quantity {
    throw new NotImplemented('apimachinery/quantity', 'Quantity.sub');
  }

  /**
   * The negative of this amount, written as this one is.
   *
   * @exercise apimachinery/quantity
   */
  neg(): Quantity {
    throw new NotImplemented('apimachinery/quantity', 'Quantity.neg');
  }

  /**
   * The amount in whole units, rounded away from zero: 1 for `100m`, -1 for `-100m`.
   *
   * @exercise apimachinery/quantity
   */
  value(): bigint {
    throw new NotImplemented('apimachinery/quantity', 'Quantity.value');
  }

  /**
   * The amount in thousandths, rounded away from zero: 100 for `100m`, 1 for `1u`, 2000 for `2`.
   *
   * @exercise apimachinery/quantity
   */
  milliValue(): bigint {
    throw new NotImplemented('apimachinery/quantity', 'Quantity.milliValue');
  }

  /**
   * The canonical text: one text for each amount and format.
   *
   * @remarks No precision is lost down to a nano, there is no dot, and the suffix is as large as
   * possible.
   *
   * - Zero is `0`.
   * - Parts smaller than a nano, which the constructor can make, are rounded away from zero in the
   *   text, as `parse` would round them: `new Quantity(1n, -12)` is written `1n`.
   * - `DecimalSI` and `DecimalExponent`: the largest power of ten that is a multiple of three and
   *   leaves a whole number in front. `DecimalSI` writes it as a suffix (`1500m`, `2k`),
   *   `DecimalExponent` as `e` and the power (`1200e-3`, `10e9`), or nothing when the power is 0.
   * - `BinarySI`: the largest power of 1024 that leaves a whole number (`1536Mi`, `1025Ki`). An
   *   amount between -1024 and 1024 (not those two: they are `-1Ki` and `1Ki`), or one that is not
   *   a whole number, is written as `DecimalSI` instead: `512`, `1048576500m`.
   * - Nothing is larger than `E` and `Ei`: the rest stays in front (`1000E`, `1024Ei`). In
   *   `DecimalExponent` there is no such limit.
   *
   * ```text
   * 0.5 → 500m     1000 → 1k     1000Ki → 1000Ki     1024Mi → 1Gi     12e-1 → 1200e-3
   * ```
   *
   * @exercise apimachinery/quantity
   */
  toString(): string {
    throw new NotImplemented('apimachinery/quantity', 'Quantity.toString');
  }

  /** The canonical text, so that `JSON.stringify` writes a quantity as the API does. */
  toJSON(): string {
    return this.toString();
  }
}
