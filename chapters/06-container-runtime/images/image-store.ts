/**
 * The images of a node: pulled layer by layer, shared layer by layer, found by any of their names.
 *
 * What the layers look like as files is `overlay.ts`; names are `reference.ts`.
 */

import type { Clock } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { AuthConfig } from '../cri/index.ts';
import type { ImageConfig, Layer } from './layer.ts';
import type { Registry } from './registry.ts';

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
  // Your state goes here: fields of your own choosing.

  /** @exercise container-runtime/images */
  constructor({ registry, clock }: ImageStoreOptions) {
    throw new NotImplemented('container-runtime/images', 'ImageStore.constructor');
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
    throw new NotImplemented('container-runtime/images', 'ImageStore.pull');
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
    throw new NotImplemented('container-runtime/images', 'ImageStore.get');
  }

  /**
   * All images, in the order in which they came.
   *
   * @exercise container-runtime/images
   */
  list(): StoredImage[] {
    throw new NotImplemented('container-runtime/images', 'ImageStore.list');
  }

  /**
   * Removes the image that `get` finds, with all its tags and digests. Nothing there is no error. Its
   * layers stay on the disk until somebody collects.
   *
   * @exercise container-runtime/images
   */
  remove(name: string): void {
    throw new NotImplemented('container-runtime/images', 'ImageStore.remove');
  }

  /**
   * Removes the layers that nobody needs: no image, no pull that runs, and nobody in `inUse`.
   *
   * @param inUse - digests of layers that containers stand on
   * @returns how many bytes that freed
   * @exercise container-runtime/images
   */
  collectGarbage(inUse: Iterable<string> = []): number {
    throw new NotImplemented('container-runtime/images', 'ImageStore.collectGarbage');
  }

  /**
   * Bytes of all layers on the disk, each once, by the layers' own `size`.
   *
   * @exercise container-runtime/images
   */
  usedBytes(): number {
    throw new NotImplemented('container-runtime/images', 'ImageStore.usedBytes');
  }
}
