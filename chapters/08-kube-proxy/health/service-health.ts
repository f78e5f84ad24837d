/**
 * What a load balancer is told that asks a node whether it has endpoints of a Service: health-check node
 * ports. Given.
 *
 * Which ports are open changes with Services; who listens is the caller's (`PortOpener`).
 *
 * @see kubernetes 1.33 pkg/proxy/healthcheck/service_health.go
 */

import type { Logger } from '#apimachinery';
import type { EndpointsMap } from '../services/endpoint.ts';
import type { ServicePortMap } from '../services/service-port.ts';

/** What is answered to a GET of any path. */
export interface HealthAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Listens on a port of this node. */
export interface PortOpener {
  /** @throws Error, as a rejection, when the port cannot be had */
  open(port: number, answer: () => HealthAnswer): Promise<{ close(): Promise<void> }>;
}

/** The port of each Service that has one, by Service. */
export function healthCheckNodePorts(services: ServicePortMap): Map<string, number> {
  const ports = new Map<string, number>();
  for (const { service, healthCheckNodePort } of services.values()) {
    if (healthCheckNodePort !== 0) ports.set(service, healthCheckNodePort);
  }
  return ports;
}

/** How many addresses of this node serve a Service, by Service; ports do not count. */
export function localReadyEndpoints(
  services: ServicePortMap,
  endpoints: EndpointsMap,
): Map<string, number> {
  const addresses = new Map<string, Set<string>>();
  for (const { id, service } of services.values()) {
    const known = addresses.get(service) ?? new Set();
    addresses.set(service, known);
    for (const { ip, isLocal, ready } of endpoints.get(id) ?? []) {
      // One that is being deleted may still serve, but new connections should go elsewhere.
      if (isLocal && ready) known.add(ip);
    }
  }
  return new Map([...addresses].map(([service, ips]) => [service, ips.size]));
}

interface OpenPort {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** Keeps the ports open that Services ask for, and knows what to answer there. */
export class ServiceHealth {
  readonly #opener: PortOpener;
  readonly #log: Logger;
  readonly #isProxyHealthy: () => boolean;
  readonly #open = new Map<string, OpenPort>();
  #local: ReadonlyMap<string, number> = new Map();

  constructor(options: {
    readonly opener: PortOpener;
    readonly log: Logger;
    readonly isProxyHealthy: () => boolean;
  }) {
    this.#opener = options.opener;
    this.#log = options.log;
    this.#isProxyHealthy = options.isProxyHealthy;
  }

  /** Opens and closes ports after what Services are now. */
  async sync(services: ServicePortMap, endpoints: EndpointsMap): Promise<void> {
    this.#local = localReadyEndpoints(services, endpoints);
    const wanted = healthCheckNodePorts(services);
    for (const [service, { port, close }] of this.#open) {
      if (wanted.get(service) === port) continue;
      this.#open.delete(service);
      await close();
    }
    for (const [service, port] of wanted) {
      if (!this.#open.has(service)) await this.#openPort(service, port);
    }
  }

  async #openPort(service: string, port: number): Promise<void> {
    try {
      const { close } = await this.#opener.open(port, () => this.answer(service));
      this.#open.set(service, { port, close });
    } catch (error) {
      // Tried again at the next sync: whoever has it may let it go.
      this.#log.error('a health check node port cannot be opened', { service, port, error });
    }
  }

  /** What is answered at a Service's port. */
  answer(service: string): HealthAnswer {
    const [namespace = '', name = ''] = service.split('/');
    const localEndpoints = this.#local.get(service) ?? 0;
    const isHealthy = this.#isProxyHealthy();
    const facts = {
      service: { namespace, name },
      localEndpoints,
      serviceProxyHealthy: isHealthy,
    };
    return {
      status: localEndpoints > 0 && isHealthy ? 200 : 503,
      headers: {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'x-load-balancing-endpoint-weight': String(localEndpoints),
      },
      body: JSON.stringify(facts, undefined, '\t'),
    };
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map(({ close }) => close()));
  }
}
