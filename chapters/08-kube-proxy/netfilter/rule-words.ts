/** Splits a line of `iptables-restore` into words, with its quotes. Given. */

import { RuleFault } from './rule-options.ts';

/**
 * `-m comment --comment "a \"b\""` → `['-m', 'comment', '--comment', 'a "b"']`
 *
 * @throws RuleFault when a quote is not closed
 */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let isQuoted = false;
  for (let i = 0; i < line.length; i++) {
    const letter = line[i] ?? '';
    if (isQuoted && letter === '\\' && i + 1 < line.length) word = (word ?? '') + line[++i];
    else if (letter === '"') {
      isQuoted = !isQuoted;
      word ??= '';
    } else if (!isQuoted && (letter === ' ' || letter === '\t')) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + letter;
  }
  if (isQuoted) throw new RuleFault('a quote is not closed');
  if (word !== undefined) words.push(word);
  return words;
}
