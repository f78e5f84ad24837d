/**
 * Makes links between files of the repository work on the site.
 *
 * A handout links to `../01-etcd/README.md#range` or `../../docs/student-guide.md`, because that
 * works on GitHub and in an editor. On the site the same link goes to the page. A link to a file
 * that is no page (code, a test) goes to the repository's web page when its address is known,
 * and is plain text when it is not.
 */

import { existsSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pageOf } from './paths.ts';

/** What links are resolved against. */
export interface LinkPlace {
  /** The repository's top folder. */
  readonly root: string;
  /** Address of the repository on the web without a slash at the end, when there is one. */
  readonly repository?: string;
}

/** What a link becomes: another address, the same address, or plain text. */
export type SiteLink = { readonly href: string } | 'plain text';

/**
 * @param href - the link as written
 * @param from - the file it is in, for example `chapters/01-etcd/README.md`
 * @throws Error when the link names a file that does not exist
 */
export function siteLink(href: string, from: string, place: LinkPlace): SiteLink {
  if (/^([a-z][a-z0-9+.-]*:|\/|#)/i.test(href)) return { href };
  const [path = '', anchor] = href.split('#', 2);
  const target = posix.join(posix.dirname(from), decodeURIComponent(path));
  const file = withReadme(target, place.root);
  if (file === undefined) throw new Error(`${from} links to ${href}, but there is no ${target}`);
  const hash = anchor === undefined ? '' : `#${anchor}`;
  const page = pageOf(file);
  if (page !== undefined) return { href: `/${page}${hash}` };
  if (place.repository === undefined) return 'plain text';
  return { href: `${place.repository}/blob/HEAD/${file}${hash}` };
}

/** A folder stands for its README, as it does on GitHub. */
function withReadme(target: string, root: string): string | undefined {
  const path = join(root, target);
  if (!existsSync(path)) return undefined;
  if (!statSync(path).isDirectory()) return target;
  const readme = posix.join(target, 'README.md');
  return existsSync(join(root, readme)) ? readme : target.replace(/\/$/, '');
}
