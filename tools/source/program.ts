/**
 * A TypeScript program over texts in memory, laid over the `solutions/` folder on disk.
 *
 * Only names and types are looked up in it; it is `npm run check` that reports type errors.
 */

import { dirname, join } from 'node:path';
import ts from 'typescript';

/** Library and package files are the same for every program of a process. */
const parsedLibraries = new Map<string, ts.SourceFile | undefined>();

/**
 * @param files - path below `solutions/` to text; they win over files on disk
 * @param root - the repository's top folder
 */
export function createProgram(files: ReadonlyMap<string, string>, root: string): ts.Program {
  const options = readOptions(root);
  const texts = new Map([...files].map(([path, text]) => [join(root, 'solutions', path), text]));
  const folders = new Set([...texts.keys()].flatMap((path) => foldersOf(path, root)));
  const host = ts.createCompilerHost(options, true);
  const { fileExists, readFile, directoryExists } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.directoryExists = (path) => folders.has(path) || (directoryExists?.(path) ?? false);
  host.getSourceFile = (path, target) => {
    const text = texts.get(path);
    if (text !== undefined) return ts.createSourceFile(path, text, target, true);
    if (!path.includes('/node_modules/')) return parse(path, target);
    if (!parsedLibraries.has(path)) parsedLibraries.set(path, parse(path, target));
    return parsedLibraries.get(path);
  };
  return ts.createProgram([...texts.keys()], options, host);
}

function readOptions(root: string): ts.CompilerOptions {
  const path = join(root, 'solutions', 'tsconfig.json');
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, ' '));
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(path)).options;
}

function parse(path: string, target: ts.ScriptTarget | ts.CreateSourceFileOptions) {
  const text = ts.sys.readFile(path);
  return text === undefined ? undefined : ts.createSourceFile(path, text, target, true);
}

function foldersOf(path: string, root: string): string[] {
  const folders: string[] = [];
  for (let at = dirname(path); at.length > root.length; at = dirname(at)) folders.push(at);
  return folders;
}
