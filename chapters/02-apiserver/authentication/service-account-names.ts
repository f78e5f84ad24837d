/**
 * What a service account is called as a user, and the groups it is in. Given.
 *
 * @see k8s.io/apiserver/pkg/authentication/serviceaccount/util.go (1.33)
 */

import { dnsLabelFaults, dnsSubdomainFaults, type NamespacedName } from '#apimachinery';

const PREFIX = 'system:serviceaccount:';

/** `system:serviceaccount:NAMESPACE:NAME` */
export function serviceAccountUsername({ namespace, name }: NamespacedName): string {
  return `${PREFIX}${namespace}:${name}`;
}

/** Which service account a user is; `undefined` when it is none. */
export function serviceAccountOf(username: string): NamespacedName | undefined {
  if (!username.startsWith(PREFIX)) return undefined;
  const [namespace = '', name = '', ...more] = username.slice(PREFIX.length).split(':');
  if (more.length > 0) return undefined;
  if (dnsLabelFaults(namespace).length + dnsSubdomainFaults(name).length > 0) return undefined;
  return { namespace, name };
}

/** All service accounts are in one group, those of a namespace in another. */
export function serviceAccountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}
