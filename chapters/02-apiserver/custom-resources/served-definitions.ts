/**
 * Which definitions are served, and as what. Given; `controller.ts` says when.
 *
 * To have a kind served anew makes clients' discovery and OpenAPI new as well, so it is only done
 * when something about it is different.
 */

import type { Logger } from '#apimachinery';
import type { Kind } from '../kinds/kind.ts';
import type { CelCompiler } from './cel-compiler.ts';
import {
  type CustomResourceDefinition,
  isTerminating,
  namesOf,
  storageVersionOf,
} from './definition.ts';
import { kindOf } from './kind-of.ts';

/** While a definition is being deleted nothing new may come. */
const VERBS_WHILE_TERMINATING: readonly string[] = [
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

/** Serves kinds that come and go. */
export interface ResourceHost {
  /**
   * Serves a kind from now on, instead of an earlier one of the same group, version and resource.
   *
   * @param stored - the kind of the version that objects are stored in; `kind` itself when it is
   * that
   */
  add(kind: Kind, definition: CustomResourceDefinition, stored: Kind): void;
  remove(group: string, version: string, resource: string): void;
}

interface Served {
  /** What it was served as: a text that differs when it must be served anew. */
  readonly state: string;
  readonly group: string;
  readonly resource: string;
  readonly versions: readonly string[];
}

/** Tells a host of definitions. */
export class ServedDefinitions {
  readonly #served = new Map<string, Served>();
  readonly #options: {
    readonly host: ResourceHost;
    readonly log: Logger;
    readonly cel?: CelCompiler;
  };

  constructor(options: {
    readonly host: ResourceHost;
    readonly log: Logger;
    readonly cel?: CelCompiler;
  }) {
    this.#options = options;
  }

  /** Has all served versions of a definition served as it is now. */
  put(definition: CustomResourceDefinition): void {
    const { log } = this.#options;
    const { name = '', uid, generation } = definition.metadata;
    const before = this.#served.get(name);
    const names = namesOf(definition);
    const state = JSON.stringify([uid, generation, isTerminating(definition), names]);
    if (before?.state === state) return;
    const { group, versions } = definition.spec;
    const served = versions.filter((version) => version.served).map((version) => version.name);
    try {
      this.#add(definition, served);
    } catch (error) {
      log.error('definitions: one cannot be served', { name, error });
      return;
    }
    for (const version of before?.versions ?? []) {
      if (!served.includes(version)) this.#options.host.remove(group, version, names.plural);
    }
    this.#served.set(name, { state, group, resource: names.plural, versions: served });
  }

  #add(definition: CustomResourceDefinition, versions: readonly string[]): void {
    const { cel, host } = this.#options;
    const { version: storage } = storageVersionOf(definition);
    const make = (version: string): Kind => {
      const kind = kindOf(definition, version, cel);
      return isTerminating(definition) ? { ...kind, verbs: VERBS_WHILE_TERMINATING } : kind;
    };
    const stored = make(storage);
    // All are made before one is served: either all work, or none is touched.
    const kinds = versions.map((version) => (version === storage ? stored : make(version)));
    for (const kind of kinds) host.add(kind, definition, stored);
  }

  /** A definition that is gone is not served any more. */
  remove(name: string): void {
    const served = this.#served.get(name);
    if (served === undefined) return;
    this.#served.delete(name);
    for (const version of served.versions) {
      this.#options.host.remove(served.group, version, served.resource);
    }
  }

  /** Definitions that are not among these are gone. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of [...this.#served.keys()]) if (!names.has(name)) this.remove(name);
  }
}
