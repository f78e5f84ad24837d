/**
 * What every quantity needs and nobody has to learn: the three ways to write one, the table of
 * suffixes, and the error for text that is no quantity. Given; `quantity.ts` is the exercise.
 */

/** How a quantity was written, and so how it is written again: `12Mi`, `12M` or `12e6`. */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

/** One suffix: the number in front of it is multiplied by `base ** exponent`. */
export interface QuantitySuffix {
  readonly text: string;
  readonly base: 2 | 10;
  /** Power of `base`: 20 for `Mi` (2^20), 6 for `M` (10^6), -3 for `m`. */
  readonly exponent: number;
  readonly format: 'BinarySI' | 'DecimalSI';
}

/**
 * All suffixes, from the smallest to the largest of each family.
 *
 * @remarks There is no `Ki` below 1024 and nothing above `E` and `Ei`. Upper and lower case are
 * different letters: `m` is a thousandth, `M` a million. The suffix `e3` or `E3` (an `e` and a
 * whole number) is not in the table; it means 10^3 and has the format `DecimalExponent`.
 *
 * @see k8s.io/apimachinery/pkg/api/resource/suffix.go (1.33)
 */
export const QUANTITY_SUFFIXES: readonly QuantitySuffix[] = [
  { text: 'n', base: 10, exponent: -9, format: 'DecimalSI' },
  { text: 'u', base: 10, exponent: -6, format: 'DecimalSI' },
  { text: 'm', base: 10, exponent: -3, format: 'DecimalSI' },
  { text: '', base: 10, exponent: 0, format: 'DecimalSI' },
  { text: 'k', base: 10, exponent: 3, format: 'DecimalSI' },
  { text: 'M', base: 10, exponent: 6, format: 'DecimalSI' },
  { text: 'G', base: 10, exponent: 9, format: 'DecimalSI' },
  { text: 'T', base: 10, exponent: 12, format: 'DecimalSI' },
  { text: 'P', base: 10, exponent: 15, format: 'DecimalSI' },
  { text: 'E', base: 10, exponent: 18, format: 'DecimalSI' },
  { text: 'Ki', base: 2, exponent: 10, format: 'BinarySI' },
  { text: 'Mi', base: 2, exponent: 20, format: 'BinarySI' },
  { text: 'Gi', base: 2, exponent: 30, format: 'BinarySI' },
  { text: 'Ti', base: 2, exponent: 40, format: 'BinarySI' },
  { text: 'Pi', base: 2, exponent: 50, format: 'BinarySI' },
  { text: 'Ei', base: 2, exponent: 60, format: 'BinarySI' },
];

/** The largest amount that text in `BinarySI` can mean: 2^63 - 1. */
export const MAX_BINARY_AMOUNT = 2n ** 63n - 1n;

/** The largest power of ten, up or down, that may stand behind an `e`. */
export const MAX_DECIMAL_EXPONENT = 1000;

const EXPLANATIONS = {
  format:
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  suffix: "unable to parse quantity's suffix",
} as const;

/** Thrown for text that is not a quantity. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
  /** The text that was to be parsed. */
  readonly text: string;
  /** `format`: not a number followed by letters; `suffix`: the letters are no known suffix. */
  readonly problem: 'format' | 'suffix';

  constructor(text: string, problem: 'format' | 'suffix') {
    super(`${JSON.stringify(text)} is not a quantity: ${EXPLANATIONS[problem]}`);
    this.text = text;
    this.problem = problem;
  }
}
