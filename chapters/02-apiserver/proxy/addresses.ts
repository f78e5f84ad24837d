/** Where a pod or a service that is asked for by name can be reached. Given. */

import { newBadRequest, newServiceUnavailable, type Pod, type Random } from '#apimachinery';
import type { Scheme } from './backend.ts';

/** `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`. */
export interface NamedPort {
  readonly scheme: Scheme | '';
  readonly name: string;
  /** A number, a name, or `''`. */
  readonly port: string;
}

/**
 * Takes apart what a proxied request has for a name.
 *
 * @param what - `pod`, `service`, `node`
 * @throws StatusError 400 when it cannot be taken apart
 * @see k8s.io/apimachinery/pkg/util/net/port_split.go (1.33)
 */
export function parseNamedPort(what: string, text: string): NamedPort {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] = parts.length < 3 ? ['', ...parts] : parts;
  const isScheme = scheme === '' || scheme === 'http' || scheme === 'https';
  if (parts.length > 3 || name === '' || !isScheme) {
    throw newBadRequest(`invalid ${what} request ${JSON.stringify(text)}`);
  }
  return { scheme, name, port };
}

/** Somewhere to connect to. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Where a pod listens.
 *
 * @param port - `''` for the first port one of its containers has
 * @throws StatusError 400 when it has no address that may be connected to
 */
export function addressOfPod(pod: Pod, port: string, scheme: Scheme): Address {
  const ports = (pod.spec?.containers ?? []).flatMap((one) => one.ports?.slice(0, 1) ?? []);
  const chosen = port || String(ports[0]?.containerPort ?? DEFAULT_PORTS[scheme]);
  const host = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '';
  if (!isGlobalUnicast(host)) throw newBadRequest('address not allowed');
  return { host, port: portNumber(chosen) };
}

const DEFAULT_PORTS: Readonly<Record<Scheme, number>> = { http: 80, https: 443 };

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw newBadRequest(`invalid port ${JSON.stringify(text)}`);
}

/**
 * An address others may be led to: not this computer's own, no link's, no group's.
 *
 * @remarks Otherwise whoever may write a pod's status could have the API server call itself.
 */
export function isGlobalUnicast(ip: string): boolean {
  const v4 = /^(?:::ffff:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/i.exec(ip);
  if (v4 !== null) {
    const [a = 0, b = 0, ...rest] = v4.slice(1).map(Number);
    if ([a, b, ...rest].some((one) => one > 255)) return false;
    const isUnspecified = [a, b, ...rest].every((one) => one === 0);
    // From 224 on: groups, and at the end of all addresses everybody.
    return a !== 127 && a < 224 && !(a === 169 && b === 254) && !isUnspecified;
  }
  if (!ip.includes(':') || !/^[\da-f:]+$/i.test(ip)) return false;
  const isOwn = /^[0:]+1?$/.test(ip);
  return !isOwn && !/^(?:fe[89ab]|ff)/i.test(ip);
}

/** The parts of a Service and its Endpoints that count. */
export interface ServiceParts {
  readonly spec?: { readonly ports?: readonly { readonly name?: string; readonly port: number }[] };
}
export interface EndpointsParts {
  readonly subsets?: readonly {
    readonly addresses?: readonly EndpointAddress[];
    readonly ports?: readonly { readonly name?: string; readonly port: number }[];
  }[];
}
export interface EndpointAddress {
  readonly ip: string;
  readonly targetRef?: {
    readonly kind?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
}

/**
 * The name of the port a request means.
 *
 * @param port - a number is looked up among the service's ports, a name is taken as it is
 * @throws StatusError 503 when the service has no port of that number
 */
export function portNameOf(service: ServiceParts, name: string, port: string): string {
  if (!/^\d+$/.test(port)) return port;
  const found = service.spec?.ports?.find((one) => one.port === Number(port));
  if (found !== undefined) return found.name ?? '';
  throw newServiceUnavailable(
    `no service port ${Number(port)} found for service ${JSON.stringify(name)}`,
  );
}

/**
 * The addresses behind a service's port, in an order of chance.
 *
 * @throws StatusError 503 when there is none
 */
export function addressesBehind(
  { subsets = [] }: EndpointsParts,
  asked: string,
  portName: string,
  random: Random,
): readonly (Address & { readonly target: EndpointAddress })[] {
  const found = random.shuffle(subsets).flatMap((subset) => {
    const port = subset.ports?.find((one) => (one.name ?? '') === portName);
    if (port === undefined) return [];
    return random
      .shuffle(subset.addresses ?? [])
      .map((target) => ({ host: target.ip, port: port.port, target }));
  });
  if (found.length > 0) return found;
  throw noEndpoints(asked);
}

export function noEndpoints(asked: string) {
  return newServiceUnavailable(`no endpoints available for service ${JSON.stringify(asked)}`);
}
