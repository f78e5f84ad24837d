/**
 * The anchor of a heading, as GitHub makes it, so that `README.md#key-index` lands on the same
 * heading on GitHub and on the site.
 */

/**
 * @param title - a heading's text without markup, for example `Key index`
 * @returns its anchor without `#`, for example `key-index`
 */
export function slug(title: string): string {
  return title
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-');
}
