/** Who the components of a cluster are to its API server. Given. */

import type { Clock, Logger } from '#apimachinery';
import { inProcessTransport, newRestClient, type RequestHandler, type RestClient } from '#client';

/** A user and the groups it is in. */
export interface Identity {
  readonly name: string;
  readonly groups: readonly string[];
}

/** May do everything. */
export const ADMIN: Identity = { name: 'kubernetes-admin', groups: ['system:masters'] };
export const CONTROLLER_MANAGER: Identity = { name: 'system:kube-controller-manager', groups: [] };
export const SCHEDULER: Identity = { name: 'system:kube-scheduler', groups: [] };
export const KUBE_PROXY: Identity = { name: 'system:kube-proxy', groups: [] };
/** A service account, as its tokens would have it. */
export function serviceAccount(namespace: string, name: string): Identity {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  };
}

/** Reads Services and their endpoints, for names. */
export const CLUSTER_DNS = serviceAccount('kube-system', 'coredns');

/** Makes Websites right. */
export const WEBSITE_CONTROLLER = serviceAccount('kube-system', 'website-controller');

/** Lets kubelets have certificates for the names by which they are reached. */
export const SERVING_APPROVER = serviceAccount('kube-system', 'kubelet-serving-approver');

/** The kubelet of a node. */
export function nodeIdentity(name: string): Identity {
  return { name: `system:node:${name}`, groups: ['system:nodes'] };
}

/**
 * A client of an API server in this process, as somebody.
 *
 * @param handler - asked for at every request, so that a server that restarts is found again
 */
export function newInProcessClient(
  handler: () => RequestHandler,
  user: Identity,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): RestClient {
  const transport = inProcessTransport((request, connection) => handler()(request, connection), {
    user,
  });
  return newRestClient({
    transport,
    server: 'https://kubernetes.default.svc',
    clock,
    log,
    userAgent: user.name,
  });
}
