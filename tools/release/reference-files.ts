/**
 * A release's `reference/`: per source file of the solutions one minified ES module with its
 * declarations, and the files they read.
 *
 * Modules stay apart, and `#x` and packages stay imports: two copies of an error class would
 * break `instanceof`, and one exercise's file can be borrowed by itself.
 */

import { join } from 'node:path';
import { type TransformOptions, transformSync } from 'esbuild';
import ts from 'typescript';
import { readSolutions } from '../start/solution-originals.ts';
import type { ReleaseFiles } from './release-plan.ts';
import { rewriteSpecifiers } from './specifiers.ts';

/** Nobody imports it, and the DOM it knows would be known to all that is compiled with it. */
const FOR_BROWSERS = /^[^/]+\/page\/browser\//;

/** @returns `reference/01-etcd/range.js`, `range.d.ts` beside it, and so on */
export function referenceFiles(root: string): ReleaseFiles {
  const files: ReleaseFiles = new Map();
  const sources: string[] = [];
  for (const [path, text] of readSolutions(root)) {
    if (path.endsWith('.ts')) {
      files.set(`reference/${asJs(path)}`, minify(path, text));
      if (!FOR_BROWSERS.test(path)) sources.push(join(root, 'solutions', path));
    } else if (!path.endsWith('tsconfig.json')) {
      files.set(`reference/${path}`, text);
    }
  }
  for (const [path, text] of declarations(root, sources)) files.set(`reference/${path}`, text);
  return files;
}

/**
 * Minifies one module; relative imports name the `.js` that will stand beside it.
 *
 * @throws Error when TypeScript would read the result differently: `a<b,c>(d)` is two comparisons
 * in JavaScript and a call in TypeScript, and `borrow` puts the module into a `.ts` file
 */
export function minify(path: string, text: string): string {
  // Names are kept: an error's class is part of what tests and messages look at.
  const options: TransformOptions = {
    format: 'esm',
    target: 'es2023',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  };
  const { code } = transformSync(text, { ...options, loader: 'ts', sourcefile: path });
  const plain = { ...options, keepNames: false };
  const asScript = transformSync(code, { ...plain, loader: 'js' }).code;
  if (asScript !== transformSync(code, { ...plain, loader: 'ts' }).code) {
    throw new Error(`${path}: its minified text means something else to TypeScript`);
  }
  const urls = code.replace(
    /(new URL\(["']\.{1,2}\/[^"']+)\.ts(["'],\s*import\.meta\.url)/g,
    '$1.js$2',
  );
  return rewriteSpecifiers(urls, relativeAsJs);
}

/** Declarations without their comments: those stand in the stubs, and some tell the solution. */
function declarations(root: string, sources: readonly string[]): ReleaseFiles {
  const configPath = join(root, 'solutions', 'tsconfig.json');
  const { config } = ts.readConfigFile(configPath, ts.sys.readFile);
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, join(root, 'solutions'));
  const options: ts.CompilerOptions = {
    ...parsed.options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    removeComments: true,
    rootDir: join(root, 'solutions'),
    outDir: '/',
  };
  const wanted = new Set(sources.map((path) => asPath(root, path).replace(/\.ts$/, '.d.ts')));
  const files: ReleaseFiles = new Map();
  ts.createProgram([...sources], options).emit(undefined, (name, text) => {
    const path = name.replaceAll('\\', '/').replace(/^([a-zA-Z]:)?\//, '');
    // What a solution imports from outside is emitted too; it has no place here.
    if (wanted.has(path)) files.set(path, rewriteSpecifiers(text, relativeAsJs));
  });
  const missing = [...wanted].find((path) => !files.has(path));
  if (missing !== undefined) throw new Error(`no ${missing} could be made`);
  return files;
}

function asPath(root: string, path: string): string {
  return path.slice(join(root, 'solutions').length + 1).replaceAll('\\', '/');
}

function relativeAsJs(specifier: string): string {
  return /^\.{1,2}\//.test(specifier) ? asJs(specifier) : specifier;
}

function asJs(path: string): string {
  return path.replace(/(?<!\.d)\.ts$/, '.js');
}
