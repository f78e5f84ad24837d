/** Which images are on which nodes. Given. */

import type { Node } from '#apimachinery';
import type { ImageState } from '../framework/node-info.ts';

/** One image, shared by all nodes that have it: a node that pulls it changes no other node's state. */
class SharedImage implements ImageState {
  readonly size: number;
  readonly holders = new Set<string>();

  constructor(size: number) {
    this.size = size;
  }

  get nodes(): number {
    return this.holders.size;
  }
}

/** The images of all nodes. */
export class ImageStates {
  readonly #images = new Map<string, SharedImage>();

  /**
   * Takes in the images of a node (`status.images`), which must have none here.
   *
   * @returns their states under each of their names. `size` is what the first node that has it said;
   * `nodes` is never old: it goes up and down with other nodes' images
   */
  add({ metadata, status }: Node): ReadonlyMap<string, ImageState> {
    const states = new Map<string, ImageState>();
    for (const { names = [], sizeBytes = 0 } of status?.images ?? []) {
      for (const name of names) {
        const image = this.#images.get(name) ?? new SharedImage(sizeBytes);
        image.holders.add(metadata?.name ?? '');
        this.#images.set(name, image);
        states.set(name, image);
      }
    }
    return states;
  }

  /** @param node - as it was when it was added */
  delete({ metadata, status }: Node): void {
    for (const name of (status?.images ?? []).flatMap(({ names = [] }) => names)) {
      const image = this.#images.get(name);
      image?.holders.delete(metadata?.name ?? '');
      if (image?.nodes === 0) this.#images.delete(name);
    }
  }
}
