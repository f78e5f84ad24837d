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

/** Reads an image's name as people write it. */
export function parseReference(text: string): Reference {
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) throw invalid();
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const name = hasTag ? named.slice(0, colon) : named;
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) throw invalid();
  const repository = repositoryOf(name);
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
