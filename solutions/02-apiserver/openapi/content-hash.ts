/**
 * A short mark of a long text, for ETags: two different texts hardly ever have the same. Given.
 *
 * Four sums of 32 bits that are mixed at every character; no secret depends on it. Much faster than
 * `../discovery/sha256.ts`, and documents have megabytes.
 */

const FACTORS = [597_399_067, 2_869_860_233, 951_274_213, 2_716_044_179] as const;

/** 32 hexadecimal digits. */
export function contentHash(text: string): string {
  let a = 1_779_033_703;
  let b = 3_144_134_277;
  let c = 1_013_904_242;
  let d = 2_773_480_762;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = b ^ Math.imul(a ^ code, FACTORS[0]);
    b = c ^ Math.imul(b ^ code, FACTORS[1]);
    c = d ^ Math.imul(c ^ code, FACTORS[2]);
    d = a ^ Math.imul(d ^ code, FACTORS[3]);
  }
  const words = [a, b, c, d].map((word) => (word ^ (word >>> 15)) >>> 0);
  return words
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('')
    .toUpperCase();
}
