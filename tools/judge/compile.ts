/**
 * One TypeScript file to the text of one CommonJS module, by esbuild, with nothing else consulted.
 *
 * No tsconfig.json, package.json or node_modules has a say. File by file, so that a syntax error in
 * one leaves the others whole. See `component.ts` for which files, `hidden.ts` for tests.
 */

import { type TransformFailure, transform } from 'esbuild';
import { hashOf } from './hash.ts';

/** What came of compiling. */
export type Compiled = { readonly code: string; readonly map: string } | { readonly error: string };

const memory = new Map<string, Compiled>();

/**
 * Compiles a file; the same text is compiled once in a process.
 *
 * @param file - the path shown in errors and stacks
 */
export async function compile(text: string, file: string): Promise<Compiled> {
  const key = hashOf(file, text);
  const known = memory.get(key);
  if (known) return known;
  const compiled = await compileAnew(text, file);
  if (memory.size > 2_000) memory.clear();
  memory.set(key, compiled);
  return compiled;
}

async function compileAnew(text: string, file: string): Promise<Compiled> {
  try {
    const { code, map } = await transform(text, {
      loader: file.endsWith('.json') ? 'json' : file.endsWith('.js') ? 'js' : 'ts',
      format: 'cjs',
      target: 'node20',
      platform: 'node',
      sourcefile: file,
      sourcemap: 'external',
      sourcesContent: false,
      legalComments: 'none',
      tsconfigRaw: { compilerOptions: { target: 'es2023', useDefineForClassFields: true } },
      logLevel: 'silent',
    });
    return { code, map };
  } catch (failure) {
    return { error: describeErrors(failure as TransformFailure) };
  }
}

function describeErrors(failure: TransformFailure): string {
  const [first] = failure.errors ?? [];
  if (!first) return `does not compile: ${failure.message}`;
  const { location } = first;
  const place = location ? `${location.file}:${location.line}:${location.column + 1}: ` : '';
  return `${place}does not compile: ${first.text}`;
}

/** The modules a compiled text requires; a string that looks like one does no harm. */
export function requiredBy(code: string): string[] {
  return [...code.matchAll(/\brequire\("([^"\n]+)"\)/g)].map((match) => match[1] ?? '');
}
