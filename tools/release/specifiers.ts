/**
 * What a module imports, read and rewritten in its text. TypeScript's scanner finds the places.
 */

import ts from 'typescript';

/** Every specifier the text imports or exports from, in order, dynamic imports of a text too. */
export function importSpecifiers(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map((file) => file.fileName);
}

/** Replaces each specifier, leaving every other character alone. */
export function rewriteSpecifiers(text: string, rewrite: (specifier: string) => string): string {
  const places = [...ts.preProcessFile(text, true, true).importedFiles];
  // From the end, so that earlier positions stay true.
  places.sort((a, b) => b.pos - a.pos);
  let result = text;
  for (const { fileName, pos, end } of places) {
    // `pos` and `end` enclose the quotes.
    const start = result.indexOf(fileName, pos);
    if (start < 0 || start > end + 1) continue;
    result = result.slice(0, start) + rewrite(fileName) + result.slice(start + fileName.length);
  }
  return result;
}
