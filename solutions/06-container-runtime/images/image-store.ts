/**
 * The images of a node: pulled layer by layer, shared layer by layer, found by any of their names.
 *
 * What the layers look like as files is `overlay.ts`; names are `reference.ts`.
 */

import type { Clock } from '#apimachinery';
import { type AuthConfig, CriError } from '../cri/index.ts';
import { type ImageConfig, imageIdOf, type Layer, layerDigest, manifestDigest } from './layer.ts';
import { ImageNameError, parseReference, type Reference, referenceText } from './reference.ts';
import { type Registry, RegistryError } from './registry.ts';

/** How often a registry that may come back is asked, the first time included. */
export const PULL_ATTEMPTS = 3;
/** How long before the second attempt; before each further one twice as long. */
export const PULL_BACKOFF_MS = 1000;

/** An image that is on the node. */
export interface StoredImage {
  /** `sha256:…` */
  readonly id: string;
  readonly config: ImageConfig;
  /** Lowest first. */
  readonly layers: readonly Layer[];
  /** Such as `docker.io/library/nginx:latest`, in the order they were pulled. */
  readonly repoTags: readonly string[];
  /** Such as `docker.io/library/nginx@sha256:…`. */
  readonly repoDigests: readonly string[];
  /** Bytes of all its layers. */
  readonly size: number;
}

interface ImageRecord {
  readonly id: string;
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
  readonly tags: Set<string>;
  readonly digests: Set<string>;
}

/** What a store gets from outside. */
export interface ImageStoreOptions {
  readonly registry: Registry;
  readonly clock: Pick<Clock, 'sleep'>;
}

/** Keeps images. */
export class ImageStore {
  readonly #registry: Registry;
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #images = new Map<string, ImageRecord>();
  readonly #layers = new Map<string, Layer>();
  readonly #pulls = new Map<string, Promise<string>>();
  /** Layers that a pull has fetched and no image refers to yet. */
  readonly #arriving = new Set<string>();

  constructor({ registry, clock }: ImageStoreOptions) {
    this.#registry = registry;
    this.#clock = clock;
  }

  pull(name: string, auth?: AuthConfig): Promise<string> {
    let reference: Reference;
    try {
      reference = parseReference(name);
    } catch (error) {
      return Promise.reject(unparsable(name, error));
    }
    const text = referenceText(reference);
    const running = this.#pulls.get(text);
    if (running !== undefined) return running;
    const pull = this.#pull(reference, text, auth).finally(() => this.#pulls.delete(text));
    this.#pulls.set(text, pull);
    return pull;
  }

  get(name: string): StoredImage | undefined {
    const record = this.#find(name);
    return record && storedImage(record);
  }

  list(): StoredImage[] {
    return [...this.#images.values()].map(storedImage);
  }

  remove(name: string): void {
    const record = this.#find(name);
    if (record !== undefined) this.#images.delete(record.id);
  }

  collectGarbage(inUse: Iterable<string> = []): number {
    const needed = new Set([...inUse, ...this.#arriving]);
    for (const { layers } of this.#images.values()) {
      for (const { digest } of layers) needed.add(digest);
    }
    let freed = 0;
    for (const [digest, { size }] of this.#layers) {
      if (needed.has(digest)) continue;
      this.#layers.delete(digest);
      freed += size;
    }
    return freed;
  }

  get usedBytes(): number {
    return sizeOf([...this.#layers.values()]);
  }

  async #pull(reference: Reference, text: string, auth?: AuthConfig): Promise<string> {
    const failed = (error: unknown, doing: string) => pullFailure(error, text, doing);
    const manifest = await this.#retry(() => this.#registry.manifest(reference, auth)).catch(
      (error: unknown) => {
        throw failed(error, `failed to resolve reference "${text}"`);
      },
    );
    const layers: Layer[] = [];
    try {
      for (const { digest } of manifest.layers) {
        layers.push(await this.#fetch(reference, digest, auth));
      }
    } catch (error) {
      throw failed(error, 'failed to copy');
    } finally {
      for (const { digest } of layers) this.#arriving.delete(digest);
    }
    const id = imageIdOf(manifest);
    const record = this.#images.get(id) ?? {
      id,
      config: manifest.config,
      layers,
      tags: new Set(),
      digests: new Set(),
    };
    // A fetched layer may have been collected between two of its images.
    for (const layer of layers) this.#layers.set(layer.digest, layer);
    this.#images.set(id, record);
    record.digests.add(`${reference.repository}@${manifestDigest(manifest)}`);
    if (reference.digest === undefined) this.#tag(record, text);
    return id;
  }

  async #fetch(reference: Reference, digest: string, auth?: AuthConfig): Promise<Layer> {
    this.#arriving.add(digest);
    const known = this.#layers.get(digest);
    if (known !== undefined) return known;
    const layer = await this.#retry(() => this.#registry.layer(reference, digest, auth));
    const found = layerDigest(layer.entries);
    if (found !== digest) {
      this.#arriving.delete(digest);
      throw new RegistryError('not-found', `unexpected commit digest ${found}, expected ${digest}`);
    }
    this.#layers.set(digest, layer);
    return layer;
  }

  async #retry<T>(ask: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask();
      } catch (error) {
        const mayHelp = error instanceof RegistryError && error.isTemporary;
        if (!mayHelp || attempt === PULL_ATTEMPTS) throw error;
        await this.#clock.sleep(PULL_BACKOFF_MS * 2 ** (attempt - 1));
      }
    }
  }

  /** A tag names one image: the one pulled last. */
  #tag(record: ImageRecord, tag: string): void {
    for (const other of this.#images.values()) if (other !== record) other.tags.delete(tag);
    record.tags.add(tag);
  }

  #find(name: string): ImageRecord | undefined {
    const id = /^(sha256:)?([0-9a-f]{4,64})$/.exec(name)?.[2];
    const byId = [...this.#images.values()].filter(
      (image) => id && image.id.startsWith(`sha256:${id}`),
    );
    if (byId.length === 1) return byId[0];
    try {
      const { repository, tag, digest } = parseReference(name);
      const wanted = digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`;
      return [...this.#images.values()].find(
        ({ tags, digests }) => tags.has(wanted) || digests.has(wanted),
      );
    } catch (error) {
      if (error instanceof ImageNameError) return undefined;
      throw error;
    }
  }
}

function storedImage({ id, config, layers, tags, digests }: ImageRecord): StoredImage {
  return {
    id,
    config,
    layers: [...layers],
    repoTags: [...tags],
    repoDigests: [...digests],
    size: sizeOf(layers),
  };
}

/** A layer that an image has twice takes its room once. */
function sizeOf(layers: readonly Layer[]): number {
  const sizes = new Map(layers.map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

function unparsable(name: string, error: unknown): unknown {
  if (!(error instanceof ImageNameError)) return error;
  return new CriError(
    'INVALID_ARGUMENT',
    `failed to parse image reference "${name}": ${error.message}`,
  );
}

function pullFailure(error: unknown, text: string, doing: string): unknown {
  if (!(error instanceof RegistryError)) return error;
  const code = error.failure === 'not-found' ? 'NOT_FOUND' : 'UNKNOWN';
  return new CriError(
    code,
    `failed to pull and unpack image "${text}": ${doing}: ${error.message}`,
  );
}
