/**
 * The documents under `/openapi`: what types there are and what can be done with them. Given.
 *
 * Version 3 has an index and a document for each group version, version 2 is one document of all.
 * They are made when they are asked for and kept until what is served changes.
 *
 * @see k8s.io/kube-openapi/pkg/handler3/handler.go, pkg/handler/handler.go
 */

import type { Answer } from '../context.ts';
import type { ServedResource, ServedResources } from '../served-resources.ts';
import { contentHash } from './content-hash.ts';
import type { Descriptions } from './descriptions.ts';
import { discoveryPath } from './discovery-paths.ts';
import { documentOf } from './document.ts';
import { swaggerBytes } from './gnostic.ts';
import { toSwagger } from './swagger.ts';
import type { JsonObject } from './well-known.ts';

const JSON_TYPE = 'application/json';
/** What clients ask for, and what it is called in the answer: an `@` may not stand in a media type. */
const SWAGGER_PROTOBUF = /application\/com\.github\.proto-openapi\.spec\.v2[@.]v1\.0\+protobuf/;
const SWAGGER_PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** A document as it goes out. */
interface Kept {
  readonly body: string | Uint8Array;
  readonly type: string;
  readonly etag: string;
}

/** A group version's document and what it was made of. */
interface KeptDocument extends Kept {
  readonly resources: readonly ServedResource[];
}

/** Headers of a request for a document; `null` when it has none. */
export interface DocumentRequest {
  readonly accept: string | null;
  readonly ifNoneMatch: string | null;
}

/** One server's documents. */
export class OpenApi {
  readonly #served: ServedResources;
  readonly #descriptions: Descriptions;
  #generation = -1;
  /** By `api/v1`, `apis/apps/v1`. */
  #resources = new Map<string, ServedResource[]>();
  /** Those and what is above them: `api`, `apis`, `apis/apps`, `version`. */
  #keys: ReadonlySet<string> = new Set();
  readonly #documents = new Map<string, KeptDocument>();
  /** The index and the documents of version 2, by path and type; of this generation. */
  readonly #wholes = new Map<string, Kept>();

  constructor(served: ServedResources, descriptions: Descriptions) {
    this.#served = served;
    this.#descriptions = descriptions;
  }

  /**
   * Answers a request for a document.
   *
   * @param path - `/openapi/v2`, `/openapi/v3`, `/openapi/v3/apis/apps/v1`
   * @returns `undefined` when there is no such document
   */
  answer(path: string, { accept, ifNoneMatch }: DocumentRequest): Answer | undefined {
    this.#catchUp();
    const kept = this.#at(path, accept ?? '');
    if (kept === undefined) return undefined;
    const { etag, type, body } = kept;
    const headers = { ETag: etag, Vary: 'Accept', 'Cache-Control': 'no-cache, private' };
    if (ifNoneMatch === etag) return { status: 304, headers, body: '' };
    return { status: 200, headers: { ...headers, 'Content-Type': type }, body };
  }

  /** Forgets what is no longer so. */
  #catchUp(): void {
    if (this.#generation === this.#served.generation) return;
    this.#generation = this.#served.generation;
    this.#wholes.clear();
    this.#resources = new Map();
    for (const resource of this.#served.all()) {
      const key = keyOf(resource);
      const members = this.#resources.get(key);
      if (members) members.push(resource);
      else this.#resources.set(key, [resource]);
    }
    this.#keys = keysOf(this.#resources.keys());
    for (const [key, { resources }] of this.#documents) {
      if (!isSame(resources, this.#resources.get(key))) this.#documents.delete(key);
    }
  }

  #at(path: string, accept: string): Kept | undefined {
    if (path === '/openapi/v3' || path === '/openapi/v3/') {
      return this.#whole('index', () => plain(this.#index()));
    }
    if (path.startsWith('/openapi/v3/')) return this.#document(path.slice('/openapi/v3/'.length));
    if (path !== '/openapi/v2' && path !== '/openapi/v2/') return undefined;
    if (!SWAGGER_PROTOBUF.test(accept)) return this.#swagger();
    return this.#whole('protobuf', () => {
      const body = swaggerBytes(JSON.parse(`${this.#swagger().body}`));
      return { body, type: SWAGGER_PROTOBUF_TYPE, etag: this.#swagger().etag };
    });
  }

  #whole(name: string, make: () => Kept): Kept {
    const known = this.#wholes.get(name) ?? make();
    this.#wholes.set(name, known);
    return known;
  }

  #swagger(): Kept {
    return this.#whole('swagger', () => plain(toSwagger(this.#everything())));
  }

  #everything(): JsonObject {
    const discovery = Object.assign({}, ...[...this.#keys].map(discoveryPath));
    return documentOf(this.#served.all(), this.#descriptions, discovery);
  }

  #document(key: string): KeptDocument | undefined {
    if (!this.#keys.has(key)) return undefined;
    const known = this.#documents.get(key);
    if (known) return known;
    const resources = this.#resources.get(key) ?? [];
    const document = documentOf(resources, this.#descriptions, discoveryPath(key));
    const made = { ...plain(document), resources };
    this.#documents.set(key, made);
    return made;
  }

  /** The hash in a URL lets clients keep a document for good. */
  #index(): object {
    const paths = [...this.#keys].sort().map((key) => {
      const hash = this.#document(key)?.etag.replaceAll('"', '');
      return [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${hash}` }];
    });
    return { paths: Object.fromEntries(paths) };
  }
}

function plain(document: object): Kept {
  const body = JSON.stringify(document);
  return { body, type: JSON_TYPE, etag: `"${contentHash(body)}"` };
}

function keyOf({ group, version }: ServedResource): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function keysOf(groupVersions: Iterable<string>): Set<string> {
  const keys = new Set(['version']);
  for (const key of groupVersions) {
    const parts = key.split('/');
    for (const [index] of parts.entries()) keys.add(parts.slice(0, index + 1).join('/'));
  }
  return keys;
}

function isSame(
  before: readonly ServedResource[],
  now: readonly ServedResource[] | undefined,
): boolean {
  return before.length === now?.length && before.every((resource, i) => resource === now[i]);
}
