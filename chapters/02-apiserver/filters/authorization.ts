/**
 * The filter that lets through only what its sender may do. Given; who may do what is
 * `../authorization/`.
 *
 * @see k8s.io/apiserver/pkg/endpoints/filters/authorization.go,
 * handlers/responsewriters/errors.go (1.33)
 */

import { newForbidden, type StatusError } from '#apimachinery';
import type { Attributes, Authorizer } from '../authorization/authorizer.ts';
import type { Context, Filter } from '../context.ts';

/** Refuses with 403 what the authorizer does not allow. */
export function newAuthorization(authorizer: Authorizer): Filter {
  return async (context, next) => {
    const attributes = attributesOf(context);
    const { verdict, reason } = await authorizer.authorize(attributes);
    const isAllowed = verdict === 'allow';
    context.audit.set('authorization.k8s.io/decision', isAllowed ? 'allow' : 'forbid');
    context.audit.set('authorization.k8s.io/reason', reason);
    if (!isAllowed) throw forbidden(attributes, reason);
    return next();
  };
}

/** What a request wants to do, as an authorizer is asked about it. */
export function attributesOf({ info, user, query }: Context): Attributes {
  const { verb, path } = info;
  if (!info.isResourceRequest) return { user, verb, isResourceRequest: false, path };
  const fieldSelector = query.get('fieldSelector');
  return {
    user,
    verb,
    isResourceRequest: true,
    group: info.apiGroup,
    version: info.apiVersion,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    ...(fieldSelector && { fieldSelector }),
  };
}

/**
 * 403, in words:
 *
 * ```text
 * pods "web" is forbidden: User "x" cannot get resource "pods" in API group "" in the namespace "default"
 * nodes is forbidden: User "x" cannot list resource "nodes" in API group "" at the cluster scope
 * forbidden: User "x" cannot get path "/metrics"
 * ```
 *
 * @param reason - what else there is to say; may be empty
 */
export function forbidden(attributes: Attributes, reason: string): StatusError {
  const why = withoutTags(refusalOf(attributes)) + (reason === '' ? '' : `: ${reason}`);
  if (!attributes.isResourceRequest) return newForbidden({ group: '', resource: '' }, '', why);
  const { group, resource, name } = attributes;
  return newForbidden({ group, resource }, name, why);
}

function refusalOf(attributes: Attributes): string {
  const who = `User ${JSON.stringify(attributes.user.username)} cannot ${attributes.verb}`;
  if (!attributes.isResourceRequest) return `${who} path ${JSON.stringify(attributes.path)}`;
  const { group, resource, subresource, namespace } = attributes;
  const what = JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`);
  const where =
    namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} resource ${what} in API group ${JSON.stringify(group)} ${where}`;
}

/** A browser that takes the answer for a page must find no tags in it. */
function withoutTags(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
