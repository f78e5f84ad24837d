/**
 * The filter that lets somebody act as somebody else (`kubectl --as`), if he may. Given.
 *
 * Everything he wants to be (user, groups, uid, extra) is a right of its own: the verb `impersonate`.
 * What follows in the chain sees only who he acts as.
 *
 * @see k8s.io/apiserver/pkg/endpoints/filters/impersonation.go (1.33)
 */

import { newInternalError } from '#apimachinery';
import { serviceAccountGroups, serviceAccountOf } from '../authentication/service-account-names.ts';
import type { Authorizer, ResourceAttributes } from '../authorization/authorizer.ts';
import type { Filter, Incoming } from '../context.ts';
import { ANONYMOUS, type User } from '../user.ts';
import { forbidden } from './authorization.ts';
import { withoutHeaders } from './hidden-headers.ts';

const EXTRA_PREFIX = 'impersonate-extra-';
const AUTHENTICATION_GROUP = 'authentication.k8s.io';
const AUTHENTICATED = 'system:authenticated';
const UNAUTHENTICATED = 'system:unauthenticated';

/** Makes the request's user the one its headers ask for. */
export function newImpersonation(authorizer: Authorizer): Filter {
  return async (context, next) => {
    const wanted = readWanted(context.incoming);
    if (!wanted) return next();
    for (const right of rightsFor(wanted)) {
      const attributes = attributesFor(context.user, right);
      const { verdict, reason } = await authorizer.authorize(attributes);
      if (verdict !== 'allow') throw forbidden(attributes, reason);
    }
    context.user = userFor(wanted);
    context.audit.set('impersonatedUser', context.user);
    context.incoming = withoutHeaders(context.incoming, (name) => name.startsWith('impersonate-'));
    return next();
  };
}

/** Who somebody wants to be. */
interface Wanted {
  readonly username: string;
  readonly groups: readonly string[];
  /** `''` for none. */
  readonly uid: string;
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads the headers.
 *
 * @returns `undefined` when there are none of these
 * @throws StatusError 500, as Kubernetes answers, when they name no user
 */
function readWanted({ headers }: Incoming): Wanted | undefined {
  const wanted: Wanted = {
    username: headers.get('impersonate-user') ?? '',
    groups: valuesOf(headers.get('impersonate-group')),
    uid: headers.get('impersonate-uid') ?? '',
    extra: readExtra(headers),
  };
  if (wanted.username !== '') return wanted;
  const rights = rightsFor(wanted);
  if (rights.length === 0) return undefined;
  const list = rights.map(referenceText).join(' ');
  throw newInternalError(new Error(`requested [${list}] without impersonating a user`));
}

function readExtra(headers: Incoming['headers']): Map<string, readonly string[]> {
  const extra = new Map<string, readonly string[]>();
  headers.forEach?.((value, header) => {
    const name = header.toLowerCase();
    if (!name.startsWith(EXTRA_PREFIX)) return;
    extra.set(unescapeKey(name.slice(EXTRA_PREFIX.length)), valuesOf(value));
  });
  return extra;
}

/** A header that was sent several times arrives as one, with this between the values. */
function valuesOf(header: string | null): string[] {
  return header === null ? [] : header.split(', ');
}

/** Header names cannot have all the characters a key may: those are written `%2f`. */
function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** One thing somebody wants to be, as an object one needs the verb `impersonate` on. */
interface Right {
  readonly kind: 'ServiceAccount' | 'User' | 'Group' | 'UserExtra' | 'UID';
  readonly resource: string;
  readonly name: string;
  readonly namespace?: string;
  readonly subresource?: string;
  readonly apiVersion?: string;
}

function rightsFor({ username, groups, uid, extra }: Wanted): Right[] {
  const rights: Right[] = [];
  const account = serviceAccountOf(username);
  if (account) rights.push({ kind: 'ServiceAccount', resource: 'serviceaccounts', ...account });
  else if (username !== '') rights.push({ kind: 'User', resource: 'users', name: username });
  for (const name of groups) rights.push({ kind: 'Group', resource: 'groups', name });
  const apiVersion = `${AUTHENTICATION_GROUP}/v1`;
  for (const [subresource, values] of extra) {
    for (const name of values) {
      rights.push({ kind: 'UserExtra', resource: 'userextras', subresource, name, apiVersion });
    }
  }
  if (uid !== '') rights.push({ kind: 'UID', resource: 'uids', name: uid, apiVersion });
  return rights;
}

function attributesFor(user: User, right: Right): ResourceAttributes {
  const [group = '', version = ''] = right.apiVersion?.split('/') ?? [];
  const { resource, name, namespace = '', subresource = '' } = right;
  const about = { group, version, resource, subresource, namespace, name };
  return { user, verb: 'impersonate', isResourceRequest: true, ...about };
}

/** As Go prints an object reference: kind, namespace, name, uid, version, resourceVersion, path. */
function referenceText({ kind, namespace = '', name, apiVersion = '', subresource = '' }: Right) {
  return `{${[kind, namespace, name, '', apiVersion, '', subresource].join(' ')}}`;
}

function userFor({ username, groups, uid, extra }: Wanted): User {
  const account = serviceAccountOf(username);
  const own = groups.length === 0 && account ? serviceAccountGroups(account.namespace) : groups;
  return {
    username,
    groups: withEverybody(username, own),
    ...(uid !== '' && { uid }),
    ...(extra.size > 0 && { extra: Object.fromEntries(extra) }),
  };
}

/** Everybody is in one of the two groups; to be in the second one must say so. */
function withEverybody(username: string, groups: readonly string[]): readonly string[] {
  const isIn = (group: string) => groups.includes(group);
  if (username === ANONYMOUS.username) {
    return isIn(UNAUTHENTICATED) ? groups : [...groups, UNAUTHENTICATED];
  }
  return isIn(AUTHENTICATED) || isIn(UNAUTHENTICATED) ? groups : [...groups, AUTHENTICATED];
}
