/**
 * What the API server only passes on: logs, exec, attach and port-forward to kubelets, and the
 * subresource `proxy` of pods, services and nodes. Given.
 *
 * Who is asked, and by which path, is in `proxy/containers.ts` and `proxy/addresses.ts`; what of a
 * request goes on is in `proxy/forwarding.ts`.
 */

import { newBadRequest, newInternalError, type Pod, type Random, StatusError } from '#apimachinery';
import type { Upgrade } from './connection.ts';
import type { Answer, Context } from './context.ts';
import {
  type Address,
  addressesBehind,
  addressOfPod,
  type EndpointAddress,
  type EndpointsParts,
  noEndpoints,
  parseNamedPort,
  portNameOf,
  type ServiceParts,
} from './proxy/addresses.ts';
import type { AddressDialer, Backend, NodeDialer } from './proxy/backend.ts';
import {
  checkLogOptions,
  containerOf,
  isTrue,
  logPath,
  nodeOf,
  portForwardPath,
  streamPath,
} from './proxy/containers.ts';
import {
  asksForUpgrade,
  passRequest,
  passUpgrade,
  plainError,
  unreachable,
} from './proxy/forwarding.ts';
import { behindProxy } from './raw-target.ts';

/** What passing requests on needs. */
export interface NodeProxyOptions {
  readonly nodes: NodeDialer;
  readonly addresses: AddressDialer;
  readonly random: Random;
  /** Rejects with StatusError 404 when it is not there. */
  readonly get: (
    resource: 'pods' | 'services' | 'endpoints',
    namespace: string,
    name: string,
  ) => Promise<object>;
}

type Handle = (context: Context) => Promise<Answer | Upgrade>;

/** One handler for each subresource that is passed on. */
export interface NodeProxy {
  /** pods/log */
  readonly log: Handle;
  /** pods/exec */
  readonly exec: Handle;
  /** pods/attach */
  readonly attach: Handle;
  /** pods/portforward */
  readonly portForward: Handle;
  /** pods/proxy */
  readonly pod: Handle;
  /** services/proxy */
  readonly service: Handle;
  /** nodes/proxy */
  readonly node: Handle;
}

/** How much of an error's text is passed on. */
const MAX_ERROR_BYTES = 50_000;

export function newNodeProxy(options: NodeProxyOptions): NodeProxy {
  const { nodes, addresses } = options;
  const podOf = ({ info }: Context) =>
    options.get('pods', info.namespace, info.name) as Promise<Pod>;

  const stream = (kind: 'exec' | 'attach'): Handle => {
    return async (context) => {
      const pod = await podOf(context);
      const container = containerOf(pod, context.query.get('container') ?? '');
      const kubelet = await nodes.dial(nodeOf(pod));
      return passUpgrade(kubelet, streamPath(kind, pod, container, context.query), context);
    };
  };

  const service: Handle = async (context) => {
    const { scheme, host, port } = await addressOfService(options, context);
    return passOn(await addresses.dial(scheme, host, port), context);
  };

  return {
    log: (context) => passLog(options, context),
    exec: stream('exec'),
    attach: stream('attach'),
    async portForward(context) {
      const pod = await podOf(context);
      const kubelet = await nodes.dial(nodeOf(pod));
      return passUpgrade(kubelet, portForwardPath(pod, context.query), context);
    },
    async pod(context) {
      const { info } = context;
      const { scheme, name, port } = parseNamedPort('pod', info.name);
      const pod = (await options.get('pods', info.namespace, name)) as Pod;
      const address = addressOfPod(pod, port, scheme || 'http');
      return passOn(await addresses.dial(scheme || 'http', address.host, address.port), context);
    },
    service,
    async node(context) {
      const { scheme, name, port } = parseNamedPort('node', context.info.name);
      if (port === '') return passOn(await nodes.dial(name), context);
      const number = Number(port);
      if (!Number.isInteger(number)) throw newBadRequest(`invalid port ${JSON.stringify(port)}`);
      return passOn(await nodes.dial(name, { scheme: scheme || 'http', port: number }), context);
    },
  };
}

/** Whatever a client sends, to a backend of its choice. */
async function passOn(backend: Backend, context: Context): Promise<Answer | Upgrade> {
  const { incoming, connection, path } = context;
  const rest = behindProxy(connection.rawTarget);
  const target = rest.startsWith('/') ? rest : `/${rest}`;
  if (asksForUpgrade(incoming)) return passUpgrade(backend, target, context);
  const isRead = incoming.method === 'GET' || incoming.method === 'HEAD';
  if (isRead && !rest.startsWith('/')) {
    // A page's relative links must begin behind the slash.
    return { status: 301, headers: { Location: `${encodeURI(path)}/${rest}` }, body: '' };
  }
  return passRequest(backend, target, context);
}

async function passLog(options: NodeProxyOptions, context: Context): Promise<Answer> {
  const { info, query, incoming } = context;
  checkLogOptions(info.name, query);
  const pod = (await options.get('pods', info.namespace, info.name)) as Pod;
  const container = containerOf(pod, query.get('container') ?? '');
  // A pod that is nowhere has said nothing yet.
  if (!pod.spec?.nodeName) return { status: 204, headers: {}, body: '' };
  const kubelet = await options.nodes.dial(pod.spec.nodeName);
  const path = logPath(pod, container, query);
  const answer = await kubelet
    .request({
      method: 'GET',
      path,
      headers: {},
      signal: incoming.signal,
      skipVerification: isTrue(query, 'insecureSkipTLSVerifyBackend'),
    })
    .catch((error) => {
      throw unreachable(error, (why) => `Get "${kubelet.origin}${path}": ${why}`);
    });
  if (answer.status < 200 || answer.status > 206) throw await logError(answer, info.name);
  return { status: 200, headers: { 'Content-Type': 'text/plain' }, body: answer.body };
}

/** @see k8s.io/apiserver/pkg/registry/generic/rest/response_checker.go (1.33) */
async function logError({ status, body }: Answer, podName: string): Promise<StatusError> {
  const text = await textOf(body);
  if (status === 500) return newInternalError(new Error(text));
  if (status === 400) return newBadRequest(text);
  const found = GENERIC_ERRORS[status];
  const message = found?.message ?? text;
  return new StatusError({
    code: status,
    reason: found?.reason ?? (status >= 500 ? 'InternalError' : ''),
    message: `${message} ( pods/log ${podName})`,
    details: { name: podName, kind: 'pods/log' },
  });
}

/** What is said of an answer that says nothing useful itself. */
const GENERIC_ERRORS: Readonly<Record<number, { reason: string; message: string }>> = {
  401: {
    reason: 'Unauthorized',
    message: 'the server has asked for the client to provide credentials',
  },
  404: { reason: 'NotFound', message: 'the server could not find the requested resource' },
  405: {
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
  },
  503: {
    reason: 'ServiceUnavailable',
    message: 'the server is currently unable to handle the request',
  },
};

async function textOf(body: Answer['body']): Promise<string> {
  if (typeof body === 'string') return body.slice(0, MAX_ERROR_BYTES);
  const decoder = new TextDecoder();
  if (body instanceof Uint8Array) return decoder.decode(body.subarray(0, MAX_ERROR_BYTES));
  const reader = body.getReader();
  let text = '';
  while (text.length < MAX_ERROR_BYTES) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text.slice(0, MAX_ERROR_BYTES);
}

async function addressOfService(options: NodeProxyOptions, { info }: Context) {
  const { scheme, name, port } = parseNamedPort('service', info.name);
  const { namespace } = info;
  const found = (await options.get('services', namespace, name)) as ServiceParts;
  const portName = portNameOf(found, name, port);
  const endpoints = (await options.get('endpoints', namespace, name)) as EndpointsParts;
  if (!endpoints.subsets?.length) throw noEndpoints(name);
  for (const one of addressesBehind(endpoints, info.name, portName, options.random)) {
    if (await isPodsOwn(options, namespace, one)) return { ...one, scheme: scheme || 'http' };
  }
  throw noEndpoints(info.name);
}

/** Endpoints may be written by hand: only addresses of pods that have them are led to. */
async function isPodsOwn(
  options: NodeProxyOptions,
  namespace: string,
  { host, target }: Address & { target: EndpointAddress },
): Promise<boolean> {
  const { targetRef } = target;
  if (targetRef?.name === undefined || targetRef.namespace !== namespace) return false;
  try {
    const pod = (await options.get('pods', namespace, targetRef.name)) as Pod;
    return pod.status?.podIPs?.some((one) => one.ip === host) ?? pod.status?.podIP === host;
  } catch (error) {
    if (error instanceof StatusError && error.code === 404) return false;
    throw plainError(500, error instanceof Error ? error.message : String(error));
  }
}
