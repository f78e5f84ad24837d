/** Where images come from. Given: the interface, and its errors. One in memory is `../catalogue/`. */

import type { AuthConfig } from '../cri/index.ts';
import type { Layer, Manifest } from './layer.ts';
import type { Reference } from './reference.ts';

/** A registry, or all of them. */
export interface Registry {
  /** @throws RegistryError, as a rejection */
  manifest(reference: Reference, auth?: AuthConfig): Promise<Manifest>;
  /** @throws RegistryError, as a rejection */
  layer(reference: Reference, digest: string, auth?: AuthConfig): Promise<Layer>;
}

/** Why a registry did not give what it was asked for. */
export type RegistryFailure = 'not-found' | 'unauthorized' | 'too-many-requests' | 'unavailable';

/** Thrown by a registry. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly failure: RegistryFailure;

  /** @param text - what the registry said, or what kept it from saying something */
  constructor(failure: RegistryFailure, text: string) {
    super(text);
    this.failure = failure;
  }

  /** May it go well next time? */
  get isTemporary(): boolean {
    return this.failure === 'too-many-requests' || this.failure === 'unavailable';
  }
}
