/**
 * The images of a node: pulled layer by layer, shared layer by layer, found by any of their names.
 *
 * What the layers look like as files is `overlay.ts`; names are `reference.ts`.
 */

import type { Clock } from '#apimachinery';
import { type AuthConfig, CriError } from '../cri/index.ts';
import {
  type ImageConfig,
  imageIdOf,
  type Layer,
  layerDigest,
  type Manifest,
  manifestDigest,
} from './layer.ts';
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
  /**
   * Such as `docker.io/library/nginx:latest`, in the order in which they came to this image; one that is
   * pulled again keeps its place.
   */
  readonly repoTags: readonly string[];
  /** Such as `docker.io/library/nginx@sha256:…`; in the same order. */
  readonly repoDigests: readonly string[];
  /** The `size` of all its layers as they came, not as the manifest says; one that it has twice counts once. */
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

/**
 * The images of a node, and their layers.
 *
 * @remarks
 * Content has the name of its digest, so what is there once need not be fetched again, whoever has it:
 *
 * ```text
 * pull nginx:1.25     fetches layers a b          images: nginx:1.25 (a b)
 * pull nginx:1.26     fetches c only              nginx:1.25 (a b), nginx:1.26 (a c)
 * remove nginx:1.25                               nginx:1.26 (a c);  b is still on the disk
 * collectGarbage()    frees b                     a belongs to nginx:1.26
 * ```
 *
 * @see containerd v2 core/images, pkg/cri (internal/cri/server/images/image_pull.go)
 */
export class ImageStore {
  readonly #registry: Registry;
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #images = new Map<string, ImageRecord>();
  readonly #layers = new Map<string, Layer>();
  readonly #pulls = new Map<string, Promise<string>>();
  /** Layers that a pull has fetched and no image refers to yet. */
  readonly #arriving = new Map<symbol, readonly string[]>();

  /** @exercise container-runtime/images */
  constructor({ registry, clock }: ImageStoreOptions) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /**
   * Makes an image be here.
   *
   * @remarks
   * 1. Read the name (`parseReference`), ask the registry for the manifest, then for each layer that is
   *    not here, in order. `auth` goes along with every question.
   * 2. A layer whose `layerDigest` is not what the manifest says is not kept; the pull fails as for
   *    `RegistryError('not-found', 'unexpected commit digest FOUND, expected WANTED')`. A manifest is
   *    believed, also one that was asked for by digest.
   * 3. A question that fails with a temporary `RegistryError` is asked again, `PULL_ATTEMPTS` times in
   *    all; before the second time after `PULL_BACKOFF_MS`, before each further one after twice as
   *    long as before. Nothing else is asked twice.
   * 4. The image's id is `imageIdOf(manifest)`. A name with a tag and no digest is now a tag of this image and of no
   *    other; an image that lost its tag stays. Either way `repository@manifestDigest(manifest)` is
   *    one of its digests.
   * 5. While one pull of a name runs, another of the same name (in full) waits for it and gets the
   *    same answer. After it is over, the next pull asks the registry again: the tag may have moved.
   *    Whether pulls of different names that want the same layer at the same time fetch it once or
   *    twice is open; each keeps it from being collected, for as long as that pull runs.
   * 6. A pull that fails leaves the images as they were. Layers it has fetched stay for the next try.
   *
   * @returns the image's id
   * @throws CriError, as a rejection: `INVALID_ARGUMENT` `failed to parse image reference "NAME": WHY`
   * where WHY is the ImageNameError's text; for a RegistryError `NOT_FOUND` when its failure is
   * `not-found`, else `UNKNOWN`, with the text `failed to pull and unpack image "REF": DOING: WHY`,
   * where REF is the name in full and DOING is `failed to resolve reference "REF"` for the manifest
   * and `failed to copy` for a layer. Other errors as they are.
   * @exercise container-runtime/images
   */
  async pull(name: string, auth?: AuthConfig): Promise<string> {
    const reference = parsed(name);
    const text = referenceText(reference);
    const running = this.#pulls.get(text);
    if (running !== undefined) return running;
    const pull = this.#pull(reference, text, auth).finally(() => this.#pulls.delete(text));
    this.#pulls.set(text, pull);
    return pull;
  }

  /**
   * Finds an image by one of its tags or digests, as people write them (`nginx` finds
   * `docker.io/library/nginx:latest`), or by its id: with or without `sha256:`, whole or its first
   * digits, at least four, if no other image's id begins so. An id goes before a name. Of a name with
   * tag and digest only the digest counts.
   *
   * @returns `undefined` when there is none, also for what is no name
   * @exercise container-runtime/images
   */
  get(name: string): StoredImage | undefined {
    const record = this.#find(name);
    return record && storedImage(record);
  }

  /**
   * All images, in the order in which they came.
   *
   * @exercise container-runtime/images
   */
  list(): StoredImage[] {
    return [...this.#images.values()].map(storedImage);
  }

  /**
   * Removes the image that `get` finds, with all its tags and digests. Nothing there is no error. Its
   * layers stay on the disk until somebody collects.
   *
   * @exercise container-runtime/images
   */
  remove(name: string): void {
    const record = this.#find(name);
    if (record !== undefined) this.#images.delete(record.id);
  }

  /**
   * Removes the layers that nobody needs: no image, no pull that runs, and nobody in `inUse`.
   *
   * @param inUse - digests of layers that containers stand on
   * @returns how many bytes that freed
   * @exercise container-runtime/images
   */
  collectGarbage(inUse: Iterable<string> = []): number {
    const needed = new Set([...inUse, ...[...this.#arriving.values()].flat()]);
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

  /**
   * Bytes of all layers on the disk, each once, by the layers' own `size`.
   *
   * @exercise container-runtime/images
   */
  usedBytes(): number {
    return sizeOf([...this.#layers.values()]);
  }

  async #pull(reference: Reference, text: string, auth?: AuthConfig): Promise<string> {
    const failed = (error: unknown, doing: string) => pullFailure(error, text, doing);
    const manifest = await this.#retry(() => this.#registry.manifest(reference, auth)).catch(
      (error: unknown) => {
        throw failed(error, `failed to resolve reference "${text}"`);
      },
    );
    // Nobody may collect what this pull has fetched before the image is there.
    const pull = Symbol();
    this.#arriving.set(
      pull,
      manifest.layers.map(({ digest }) => digest),
    );
    try {
      const layers: Layer[] = [];
      for (const { digest } of manifest.layers) {
        layers.push(await this.#fetch(reference, digest, auth));
      }
      return this.#keep(reference, text, manifest, layers);
    } catch (error) {
      throw failed(error, 'failed to copy');
    } finally {
      this.#arriving.delete(pull);
    }
  }

  #keep(reference: Reference, text: string, manifest: Manifest, layers: readonly Layer[]): string {
    const id = imageIdOf(manifest);
    const record = this.#images.get(id) ?? {
      id,
      config: manifest.config,
      layers,
      tags: new Set(),
      digests: new Set(),
    };
    this.#images.set(id, record);
    record.digests.add(`${reference.repository}@${manifestDigest(manifest)}`);
    if (reference.digest === undefined) this.#tag(record, text);
    return id;
  }

  async #fetch(reference: Reference, digest: string, auth?: AuthConfig): Promise<Layer> {
    const known = this.#layers.get(digest);
    if (known !== undefined) return known;
    const layer = await this.#retry(() => this.#registry.layer(reference, digest, auth));
    const found = layerDigest(layer.entries);
    if (found !== digest) {
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

function parsed(name: string): Reference {
  try {
    return parseReference(name);
  } catch (error) {
    if (!(error instanceof ImageNameError)) throw error;
    const text = `failed to parse image reference "${name}": ${error.message}`;
    throw new CriError('INVALID_ARGUMENT', text);
  }
}

function pullFailure(error: unknown, text: string, doing: string): unknown {
  if (!(error instanceof RegistryError)) return error;
  const code = error.failure === 'not-found' ? 'NOT_FOUND' : 'UNKNOWN';
  return new CriError(
    code,
    `failed to pull and unpack image "${text}": ${doing}: ${error.message}`,
  );
}
