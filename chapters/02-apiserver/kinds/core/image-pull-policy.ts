/** When an image is pulled: always when its tag may move, else once. Given. */

/** In the order the API lists them. */
export const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

/**
 * What an image that says nothing of it gets: a tag that moves is pulled each time.
 *
 * @remarks
 *
 * ```text
 * nginx                       Always: that is nginx:latest
 * nginx:latest                Always
 * nginx:1.27                  IfNotPresent
 * localhost:5000/nginx        Always: 5000 is a port
 * nginx@sha256:…              IfNotPresent
 * ```
 *
 * @see pkg/util/parsers/parsers.go (1.33)
 */
export function defaultPullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  // No image is no tag: it is found missing elsewhere.
  if (!image?.trim()) return 'IfNotPresent';
  const [reference = '', digest] = image.split('@');
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  const colon = name.lastIndexOf(':');
  const tag = colon < 0 ? undefined : name.slice(colon + 1);
  const moves = tag === 'latest' || (tag === undefined && digest === undefined);
  return moves ? 'Always' : 'IfNotPresent';
}
