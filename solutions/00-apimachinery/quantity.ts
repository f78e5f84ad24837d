/**
 * Quantities: how Kubernetes writes amounts of CPU, memory and everything else that is counted.
 *
 * Exact: a whole number (bigint) times a power of ten, never a floating-point number. The suffixes
 * are in `quantity-format.ts`; pods add quantities up in `placement.ts`.
 */

import {
  MAX_BINARY_AMOUNT,
  MAX_DECIMAL_EXPONENT,
  QUANTITY_SUFFIXES,
  QuantityError,
  type QuantityFormat,
} from './quantity-format.ts';

/** The smallest amount kept is one nano; 10 to this power. */
const NANO = -9;

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
    const parts = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/.exec(text);
    const [, sign = '', whole = '', fraction = '', suffix = ''] = parts ?? [];
    const digits = whole + fraction;
    if (!parts || digits === '') throw new QuantityError(text, 'format');
    const { base, exponent, format } = readSuffix(text, suffix);
    const mantissa = BigInt(digits) * (base === 2 ? 2n ** BigInt(exponent) : 1n);
    const scale = (base === 10 ? exponent : 0) - fraction.length;
    const amount = bounded(new Quantity(mantissa, scale, format));
    return sign === '-' ? amount.neg() : amount;
  }

  /**
   * Compares two amounts exactly; how they are written makes no difference.
   *
   * @returns -1, 0 or 1: this is less than, equal to, greater than `other`
   * @exercise apimachinery/quantity
   */
  compare(other: Quantity): -1 | 0 | 1 {
    const [mine, theirs] = align(this, other);
    if (mine === theirs) return 0;
    return mine < theirs ? -1 : 1;
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
    return this.mantissa === 0n;
  }

  /**
   * Adds two amounts, exactly.
   *
   * @returns the sum, written as `this` is; when `this` is zero, as `other` is, so that a sum that
   * started from `Quantity.zero` is written like what was added
   * @exercise apimachinery/quantity
   */
  add(other: Quantity): Quantity {
    const [mine, theirs] = align(this, other);
    const exponent = Math.min(this.exponent, other.exponent);
    return new Quantity(mine + theirs, exponent, this.isZero() ? other.format : this.format);
  }

  /**
   * Subtracts `other`, exactly; the result may be negative.
   *
   * @returns the difference, written as the sum would be (see `add`)
   * @exercise apimachinery/quantity
   */
  sub(other: Quantity): Quantity {
    return this.add(other.neg());
  }

  /**
   * The negative of this amount, written as this one is.
   *
   * @exercise apimachinery/quantity
   */
  neg(): Quantity {
    return new Quantity(-this.mantissa, this.exponent, this.format);
  }

  /**
   * The amount in whole units, rounded away from zero: 1 for `100m`, -1 for `-100m`.
   *
   * @exercise apimachinery/quantity
   */
  value(): bigint {
    return roundedAt(this, 0);
  }

  /**
   * The amount in thousandths, rounded away from zero: 100 for `100m`, 1 for `1u`, 2000 for `2`.
   *
   * @exercise apimachinery/quantity
   */
  milliValue(): bigint {
    return roundedAt(this, -3);
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
    if (this.isZero()) return '0';
    if (this.exponent < NANO) return inNanos(this).toString();
    return this.#isWrittenInBinary() ? this.#binaryText() : this.#decimalText();
  }

  /** The canonical text, so that `JSON.stringify` writes a quantity as the API does. */
  toJSON(): string {
    return this.toString();
  }

  #isWrittenInBinary(): boolean {
    if (this.format !== 'BinarySI') return false;
    const whole = roundedAt(this, 0);
    if (whole > -1024n && whole < 1024n) return false;
    return new Quantity(whole).equals(this);
  }

  #binaryText(): string {
    const { rest, times } = divideOut(roundedAt(this, 0), 1024n, 6);
    return `${rest}${suffixText('BinarySI', times * 10)}`;
  }

  #decimalText(): string {
    const stripped = divideOut(this.mantissa, 10n, Number.POSITIVE_INFINITY);
    const power = this.exponent + stripped.times;
    const multipleOfThree = Math.floor(power / 3) * 3;
    const isExponent = this.format === 'DecimalExponent';
    const shown = isExponent ? multipleOfThree : Math.min(multipleOfThree, 18);
    const front = stripped.rest * 10n ** BigInt(power - shown);
    if (!isExponent) return `${front}${suffixText('DecimalSI', shown)}`;
    return shown === 0 ? `${front}` : `${front}e${shown}`;
  }
}

interface Meaning {
  base: 2 | 10;
  exponent: number;
  format: QuantityFormat;
}

function readSuffix(text: string, suffix: string): Meaning {
  const known = QUANTITY_SUFFIXES.find((candidate) => candidate.text === suffix);
  if (known) return known;
  const power = /^[eE]([+-]?\d+)$/.exec(suffix)?.[1];
  const exponent = Number(power);
  // NaN (no power at all) fails the comparison too.
  if (!(Math.abs(exponent) <= MAX_DECIMAL_EXPONENT)) throw new QuantityError(text, 'suffix');
  return { base: 10, exponent, format: 'DecimalExponent' };
}

/** Rounds what is below a nano and caps what is written in binary; `q` is not negative. */
function bounded(q: Quantity): Quantity {
  const fine = q.exponent >= NANO ? q : inNanos(q);
  if (q.format !== 'BinarySI' || q.isZero()) return fine;
  if (fine.compare(new Quantity(MAX_BINARY_AMOUNT)) > 0) {
    return new Quantity(MAX_BINARY_AMOUNT, 0, 'BinarySI');
  }
  const isFraction = fine.compare(new Quantity(1n)) < 0;
  return isFraction ? new Quantity(fine.mantissa, fine.exponent, 'DecimalSI') : fine;
}

/** Both mantissas at the smaller of the two exponents. */
function align(a: Quantity, b: Quantity): [bigint, bigint] {
  const exponent = Math.min(a.exponent, b.exponent);
  return [
    a.mantissa * 10n ** BigInt(a.exponent - exponent),
    b.mantissa * 10n ** BigInt(b.exponent - exponent),
  ];
}

/** The amount in units of `10^exponent`, rounded away from zero. */
function roundedAt(q: Quantity, exponent: number): bigint {
  if (q.exponent >= exponent) return q.mantissa * 10n ** BigInt(q.exponent - exponent);
  const divisor = 10n ** BigInt(exponent - q.exponent);
  const quotient = q.mantissa / divisor;
  if (q.mantissa % divisor === 0n) return quotient;
  return q.mantissa > 0n ? quotient + 1n : quotient - 1n;
}

/** The same amount in whole nanos, rounded away from zero. */
function inNanos(q: Quantity): Quantity {
  return new Quantity(roundedAt(q, NANO), NANO, q.format);
}

/** Takes `factor` out of a number that is not zero, at most `limit` times. */
function divideOut(value: bigint, factor: bigint, limit: number): { rest: bigint; times: number } {
  let rest = value;
  let times = 0;
  while (times < limit && rest % factor === 0n) {
    rest /= factor;
    times++;
  }
  return { rest, times };
}

function suffixText(format: QuantityFormat, exponent: number): string {
  if (exponent === 0) return '';
  const found = QUANTITY_SUFFIXES.find((s) => s.format === format && s.exponent === exponent);
  if (!found) throw new Error(`no ${format} suffix for the power ${exponent}`);
  return found.text;
}
