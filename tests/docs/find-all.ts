/** Looks for very many texts in long ones, in one walk through each. */

/**
 * What finds texts.
 *
 * @param needles - none is empty
 * @returns a function that gives those of the needles that are in a text, each once
 */
export function newFinder(needles: readonly string[]): (haystack: string) => string[] {
  const length = needles.reduce((least, needle) => Math.min(least, needle.length), 1000);
  const byBeginning = new Map<string, string[]>();
  for (const needle of new Set(needles)) {
    const beginning = needle.slice(0, length);
    const known = byBeginning.get(beginning);
    if (known) known.push(needle);
    else byBeginning.set(beginning, [needle]);
  }
  return (haystack) => {
    const found = new Set<string>();
    for (let at = 0; at + length <= haystack.length; at++) {
      for (const needle of byBeginning.get(haystack.slice(at, at + length)) ?? []) {
        if (haystack.startsWith(needle, at)) found.add(needle);
      }
    }
    return [...found];
  };
}
