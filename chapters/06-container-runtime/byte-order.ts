/** Names as the kernel and Go sort them: by their UTF-8 bytes. Given. */

/**
 * A sorted copy.
 *
 * @remarks JavaScript's own order is that of UTF-16. It differs where a name has a character beyond
 * the basic plane: `'\u{1f600}' < '\uff21'` is true, and by bytes it is the other way round.
 */
export function inByteOrder(names: Iterable<string>): string[] {
  return [...names].sort(compareBytes);
}

/** Code points have the order of their UTF-8 bytes. */
function compareBytes(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  const at = left.findIndex((character, i) => character !== right[i]);
  if (at < 0) return left.length - right.length;
  return (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? -1);
}
