/** Reading an object out of a file, field by field, with errors that say which file and field. */

import { isAbsolute, join } from 'node:path';
import { unexpected } from './kubeconfig-error.ts';

/** An object in a file. Absent fields and `null` are the same. */
export class Fields {
  readonly #file: string;
  readonly #folder: string;
  readonly #path: string;
  readonly #object: Readonly<Record<string, unknown>>;

  /**
   * @param file - for messages
   * @param folder - what relative paths in it are relative to
   * @param path - where in the file this is; `''` for all of it
   */
  constructor(file: string, folder: string, path: string, value: unknown) {
    this.#file = file;
    this.#folder = folder;
    this.#path = path;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw unexpected(path === '' ? file : `${file}: ${path}`, 'an object', value);
    }
    this.#object = value as Readonly<Record<string, unknown>>;
  }

  /** For messages: the file, and where in it a field is. */
  where(name: string): string {
    return `${this.#file}: ${this.#pathOf(name)}`;
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  raw(name: string): unknown {
    return this.#object[name] ?? undefined;
  }

  /** @returns `''` for none */
  text(name: string): string {
    const value = this.raw(name) ?? '';
    if (typeof value !== 'string') throw unexpected(this.where(name), 'text', value);
    return value;
  }

  requiredText(name: string): string {
    const value = this.text(name);
    if (value === '') throw unexpected(this.where(name), 'text', undefined);
    return value;
  }

  boolean(name: string): boolean {
    const value = this.raw(name) ?? false;
    if (typeof value !== 'boolean') throw unexpected(this.where(name), 'true or false', value);
    return value;
  }

  /** A path, absolute. @returns `''` for none */
  path(name: string): string {
    const value = this.text(name);
    return value === '' || isAbsolute(value) ? value : join(this.#folder, value);
  }

  /** What is written as base64. @returns `''` for none */
  base64(name: string): string {
    const value = this.text(name).replace(/\s/g, '');
    if (!/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)) {
      throw unexpected(this.where(name), 'base64', 'other text');
    }
    return Buffer.from(value, 'base64').toString('utf8');
  }

  object(name: string): Fields | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    return new Fields(this.#file, this.#folder, this.#pathOf(name), value);
  }

  objects(name: string): Fields[] {
    return this.#list(name).map(
      (value, at) => new Fields(this.#file, this.#folder, `${this.#pathOf(name)}[${at}]`, value),
    );
  }

  texts(name: string): string[] {
    return this.#list(name).map((value, at) => {
      if (typeof value === 'string') return value;
      throw unexpected(`${this.where(name)}[${at}]`, 'text', value);
    });
  }

  names(): string[] {
    return Object.keys(this.#object);
  }

  #list(name: string): readonly unknown[] {
    const value = this.raw(name) ?? [];
    if (!Array.isArray(value)) throw unexpected(this.where(name), 'a list', value);
    return value as readonly unknown[];
  }

  #pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}
