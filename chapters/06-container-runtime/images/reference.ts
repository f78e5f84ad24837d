/** The names of images: `nginx` is `docker.io/library/nginx:latest`. */

import { NotImplemented } from '#not-implemented';

/** An image's name in full. */
export interface Reference {
  /** Registry and path, such as `docker.io/library/nginx`. */
  readonly repository: string;
  /** Absent when only a digest was given. */
  readonly tag?: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest?: string;
}

/** Thrown for what is no name of an image. */
export class ImageNameError extends Error {
  override readonly name = 'ImageNameError';
}

/**
 * Reads an image's name as people write it.
 *
 * @remarks
 * A name is `[REGISTRY/]PATH[:TAG][@DIGEST]`.
 *
 * 1. What stands before the first `/` is a registry when it has a `.` or a `:`, is `localhost`, or
 *    has a capital letter. Otherwise the registry is `docker.io`.
 * 2. On `docker.io` a path of one part is in `library/`.
 * 3. A `:` behind the last `/` begins the tag. Without tag and digest the tag is `latest`; with a
 *    digest and no tag there is none.
 *
 * ```text
 * nginx                          docker.io/library/nginx        latest
 * bitnami/redis:7.2              docker.io/bitnami/redis        7.2
 * localhost:5000/app             localhost:5000/app             latest
 * registry.k8s.io/pause:3.10     registry.k8s.io/pause          3.10
 * nginx@sha256:1f…               docker.io/library/nginx        (none)  sha256:1f…
 * ```
 *
 * A registry is host labels (letters, digits, `-` inside) with `.` between them, and maybe `:PORT`.
 * Each part of a path is small letters and digits, with `.`, `_`, `__` or any number of `-` inside.
 * A tag is 1 to 128 of letters, digits, `_`, `.`, `-`, and does not begin with `.` or `-`. A digest
 * is `sha256:` and 64 small hexadecimal digits.
 *
 * @returns `tag` and `digest` are not there, rather than `undefined`, when there is none
 * @throws ImageNameError `invalid reference format: repository name (PATH) must be lowercase` when the
 * path has capital letters, whatever else is wrong with it, the registry, the tag or the digest; PATH is
 * without those, and has `library/` in front if rule 2 puts it there. `invalid reference format` for
 * anything else.
 * @see github.com/distribution/reference reference.go, normalize.go
 * @exercise container-runtime/images
 */
export function parseReference(text: string): Reference {
  throw new NotImplemented('container-runtime/images', 'parseReference');
}

/** A reference as text: `repository:tag`, `repository@digest`, or all three. */
export function referenceText({ repository, tag, digest }: Reference): string {
  return `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
