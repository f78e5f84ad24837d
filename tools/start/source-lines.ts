/**
 * Loaded into a bundle before all else: stack traces name the lines of the files it was made of.
 *
 * Node does that by itself when told to (`--enable-source-maps`), but reads the map of every line when it
 * loads the program, and that takes half of a start. Here it is read when somebody looks at a trace.
 */

import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** In a bundle this is the bundle's own address; its map lies beside it. */
const BUNDLE = import.meta.url;
/** Two folders down from the course: `.course/cache`. */
const ROOT = resolve(dirname(fileURLToPath(BUNDLE)), '..', '..');

/** `null`: there is none. */
let map: SourceMap | null | undefined;

Error.prepareStackTrace = (error, frames) => {
  const lines = frames.map((frame) => `\n    at ${lineOf(frame)}`);
  return `${headOf(error)}${lines.join('')}`;
};

function headOf(error: Error): string {
  try {
    return String(error);
  } catch {
    return 'Error';
  }
}

function lineOf(frame: NodeJS.CallSite): string {
  const text = String(frame);
  const [line, column] = [frame.getLineNumber() ?? 0, frame.getColumnNumber() ?? 0];
  if (frame.getFileName() !== BUNDLE) return text;
  map ??= readMap();
  const entry = map?.findEntry(line - 1, column - 1);
  if (!entry || !('originalSource' in entry)) return text;
  const { originalSource, originalLine, originalColumn } = entry;
  const place = `${resolve(ROOT, originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
  return text.replace(`${BUNDLE}:${line}:${column}`, place);
}

function readMap(): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(BUNDLE)}.map`, 'utf8')));
  } catch {
    return null;
  }
}
