/** The folder in which a cluster's credentials are kept. Given. */

import type { FileSystem } from '#apimachinery';

/** Nobody else may read these. */
export const SECRET_MODE = 0o600;
/** Everybody may. */
export const PUBLIC_MODE = 0o644;
const DIRECTORY_MODE = 0o700;

/** Text files in one folder; a crash leaves the old text of a file or the new one, never a part. */
export class CredentialFiles {
  readonly #files: FileSystem;
  readonly #directory: string;
  readonly #written: string[] = [];

  /** Makes the folder, for its owner only, if it is not there. */
  constructor(files: FileSystem, directory: string) {
    this.#files = files;
    this.#directory = directory;
    if (files.stat(directory) === undefined) files.makeDirectory(directory, DIRECTORY_MODE);
  }

  /** The names of the files that were written, in order. */
  get written(): readonly string[] {
    return this.#written;
  }

  /** @returns `''` when there is no such file */
  read(name: string): string {
    const path = `${this.#directory}/${name}`;
    return this.#files.stat(path) ? new TextDecoder().decode(this.#files.readFile(path)) : '';
  }

  /** @param mode - {@link SECRET_MODE} or {@link PUBLIC_MODE}; the file has it afterwards */
  write(name: string, text: string, mode: number): void {
    const path = `${this.#directory}/${name}`;
    const unfinished = `${path}.tmp`;
    this.#files.remove(unfinished);
    this.#files.writeFile(unfinished, new TextEncoder().encode(text), mode);
    this.#files.rename(unfinished, path);
    this.#written.push(name);
  }
}
