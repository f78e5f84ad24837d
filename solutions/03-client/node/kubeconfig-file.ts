/** One kubeconfig file, read and checked. Joining several is `kubeconfig.ts`. */

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { Fields } from './fields.ts';
import { KubeconfigError, reasonOf, unexpected } from './kubeconfig-error.ts';

/** What a file has, by name. What is in a cluster or a user is looked at when it is used. */
export interface KubeconfigFile {
  readonly path: string;
  readonly currentContext: string;
  readonly clusters: ReadonlyMap<string, Fields>;
  readonly contexts: ReadonlyMap<string, Fields>;
  readonly users: ReadonlyMap<string, Fields>;
}

/**
 * Reads a file.
 *
 * @returns `undefined` when there is none
 * @throws KubeconfigError when it cannot be read, or is something else
 */
export async function readKubeconfigFile(path: string): Promise<KubeconfigFile | undefined> {
  const file = resolve(path);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new KubeconfigError(`${file}: expected a kubeconfig: ${reasonOf(error)}`);
  }
  return parseKubeconfig(text, file);
}

/**
 * @param path - for messages, and where relative paths begin
 * @throws KubeconfigError
 */
export function parseKubeconfig(text: string, path: string): KubeconfigFile {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new KubeconfigError(`${path}: expected a kubeconfig in YAML: ${reasonOf(error)}`);
  }
  // An empty file is one with nothing in it.
  const all = new Fields(path, dirname(path), '', document ?? {});
  checkKind(all);
  return {
    path,
    currentContext: all.text('current-context'),
    clusters: named(all, 'clusters', 'cluster'),
    contexts: named(all, 'contexts', 'context'),
    users: named(all, 'users', 'user'),
  };
}

function checkKind(all: Fields): void {
  const [kind, apiVersion] = [all.text('kind'), all.text('apiVersion')];
  const where = (name: string) => all.where(name);
  if (kind !== '' && kind !== 'Config') throw wrong(where('kind'), 'Config', kind);
  if (apiVersion !== '' && apiVersion !== 'v1') throw wrong(where('apiVersion'), 'v1', apiVersion);
}

function wrong(where: string, expected: string, found: string): KubeconfigError {
  return new KubeconfigError(`${where}: expected ${expected}, found ${JSON.stringify(found)}`);
}

function named(all: Fields, list: string, what: string): Map<string, Fields> {
  const found = new Map<string, Fields>();
  for (const entry of all.objects(list)) {
    const name = entry.text('name');
    if (found.has(name)) throw wrong(entry.where('name'), 'a name once', name);
    const value = entry.object(what);
    if (value === undefined) throw unexpected(entry.where(what), 'an object', undefined);
    found.set(name, value);
  }
  return found;
}
