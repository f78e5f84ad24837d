/** The names of images: `nginx` is `docker.io/library/nginx:latest`. */

/** An image's name in full. */
export interface Reference {
  /** Registry and path, such as `docker.io/library/nginx`. */
  readonly repository: string;
  /** Absent when only a digest was given. */
  readonly tag?: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest?: string;
}

const DOMAIN =
  /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*(:\d+)?$/;
const COMPONENT = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

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
  const [named = '', digest, ...more] = text.split('@');
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const name = hasTag ? named.slice(0, colon) : named;
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  const repository = repositoryOf(name);
  if (tag !== undefined && !TAG.test(tag)) throw invalid();
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) throw invalid();
  if (digest !== undefined) return { repository, ...(tag !== undefined && { tag }), digest };
  return { repository, tag: tag ?? 'latest' };
}

function repositoryOf(name: string): string {
  const parts = name.split('/');
  const [first = ''] = parts;
  const hasDomain =
    parts.length > 1 && (/[.:]/.test(first) || first === 'localhost' || /[A-Z]/.test(first));
  const domain = hasDomain ? first : 'docker.io';
  const path = hasDomain ? parts.slice(1) : parts;
  if (domain === 'docker.io' && path.length === 1) path.unshift('library');
  const joined = path.join('/');
  if (joined !== joined.toLowerCase()) {
    throw new ImageNameError(
      `invalid reference format: repository name (${joined}) must be lowercase`,
    );
  }
  if (!DOMAIN.test(domain) || !path.every((part) => COMPONENT.test(part))) throw invalid();
  return `${domain}/${joined}`;
}

function invalid(): ImageNameError {
  return new ImageNameError('invalid reference format');
}

/** A reference as text: `repository:tag`, `repository@digest`, or all three. */
export function referenceText({ repository, tag, digest }: Reference): string {
  return `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
