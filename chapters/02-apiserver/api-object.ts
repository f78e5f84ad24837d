/**
 * An object of the API as the server handles it: JSON with a type and metadata. Given.
 *
 * What comes out of storage or a cache is shared: copy it (`deepCopy` of `#apimachinery`) before
 * changing it. Which kinds there are is in `kinds/`; how one is stored is in `storage/stored.ts`.
 */

import type { ObjectMeta } from '#apimachinery';

/** An object's metadata; unlike a client's, not read-only: here it is the server that sets it. */
export type Metadata = { -readonly [Field in keyof ObjectMeta]: ObjectMeta[Field] };

/** An object of any kind. Fields beside these three depend on the kind. */
export interface ApiObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  [field: string]: unknown;
}

/** JSON's values. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
