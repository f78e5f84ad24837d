/**
 * What IPVS must have: virtual services, their real servers, and the entries of the sets. Given.
 *
 * How one gets there from what is there is `ipvs-proxier.ts`.
 *
 * @see kubernetes 1.33 pkg/proxy/ipvs/proxier.go syncProxyRules
 */

import { chooseEndpoints } from '../affinity/choose-endpoints.ts';
import type { ProxierOptions } from '../proxier-options.ts';
import { type Endpoint, type EndpointsMap, endpointAddress } from '../services/endpoint.ts';
import { cidrContains, familyOf, parseCidr } from '../services/ip-addresses.ts';
import type { ServicePort, ServicePortMap } from '../services/service-port.ts';
import type { IpSetName } from './ip-sets.ts';
import type { ForbiddenAddress } from './ipvs-rules.ts';
import type { IpvsSchedulerName } from './scheduler-names.ts';
import { type VirtualService, virtualServerId } from './virtual-server.ts';

/** What IPVS is told beside what every proxier is. */
export interface IpvsOptions {
  readonly scheduler: IpvsSchedulerName;
  /** Addresses of this node, loopback left out: where node ports are. Absent: its `nodeIP`. */
  readonly nodeAddresses?: readonly string[];
}

/** A virtual service and who must answer. */
export interface WantedServer {
  readonly service: VirtualService;
  /** Addresses of real servers. */
  readonly servers: readonly string[];
}

/** Everything. */
export class WantedState {
  readonly #servers = new Map<string, WantedServer>();
  readonly entries = new Map<IpSetName, Set<string>>();
  readonly forbidden: ForbiddenAddress[] = [];
  /** What the interface `kube-ipvs0` must have. */
  readonly boundAddresses = new Set<string>();
  readonly #options: ProxierOptions & IpvsOptions;
  readonly #nodeAddresses: readonly string[];

  constructor(
    options: ProxierOptions & IpvsOptions,
    services: ServicePortMap,
    endpoints: EndpointsMap,
  ) {
    this.#options = options;
    const { family, nodeIP, nodeAddresses = [nodeIP], nodePortAddresses } = options;
    const ranges = nodePortAddresses.flatMap((text) => parseCidr(text) ?? []);
    this.#nodeAddresses = nodeAddresses.filter(
      (ip) =>
        familyOf(ip) === family &&
        (ranges.length === 0 || ranges.some((range) => cidrContains(range, ip))),
    );
    for (const id of [...services.keys()].sort()) {
      const port = services.get(id);
      if (port) this.#addPort(port, endpoints.get(id) ?? []);
    }
    this.entries.set('KUBE-IPVS-IPS', new Set(this.boundAddresses));
  }

  /** Virtual services in the order of their service ports' ids. */
  get servers(): WantedServer[] {
    return [...this.#servers.values()];
  }

  /** Two Services may ask for the same address; the first one has it. */
  #want(service: VirtualService, servers: readonly string[]): void {
    const id = virtualServerId(service);
    if (!this.#servers.has(id)) this.#servers.set(id, { service, servers });
  }

  #addPort(port: ServicePort, endpoints: readonly Endpoint[]): void {
    const protocol = port.protocol.toLowerCase();
    for (const { ip, port: number, isLocal } of endpoints) {
      if (isLocal) this.#add('KUBE-LOOP-BACK', `${ip},${protocol}:${number},${ip}`);
    }
    const chosen = chooseEndpoints(port, endpoints, this.#options);
    const addresses = (onlyLocal: boolean): string[] => {
      // With none on this node, pods of this node may still use the address.
      const isLocal = onlyLocal && chosen.local.length > 0;
      return (isLocal ? chosen.local : chosen.cluster).map(endpointAddress);
    };
    const outside = addresses(port.externalPolicyLocal);
    this.#add('KUBE-CLUSTER-IP', `${port.clusterIP},${protocol}:${port.port}`);
    this.#serve(port, port.clusterIP, addresses(port.internalPolicyLocal));
    for (const ip of port.externalIPs) {
      const set = port.externalPolicyLocal ? 'KUBE-EXTERNAL-IP-LOCAL' : 'KUBE-EXTERNAL-IP';
      this.#add(set, `${ip},${protocol}:${port.port}`);
      this.#serve(port, ip, outside);
    }
    for (const ip of port.loadBalancerVIPs) {
      this.#addLoadBalancer(port, ip);
      this.#serve(port, ip, outside);
    }
    if (port.nodePort !== 0) this.#addNodePort(port, outside);
    if (port.healthCheckNodePort !== 0) {
      this.#add('KUBE-HEALTH-CHECK-NODE-PORT', String(port.healthCheckNodePort));
    }
  }

  #addLoadBalancer(port: ServicePort, ip: string): void {
    const protocol = port.protocol.toLowerCase();
    const entry = `${ip},${protocol}:${port.port}`;
    this.#add('KUBE-LOAD-BALANCER', entry);
    if (port.externalPolicyLocal) this.#add('KUBE-LOAD-BALANCER-LOCAL', entry);
    const ranges = port.loadBalancerSourceRanges;
    if (ranges.length === 0) return;
    this.#add('KUBE-LOAD-BALANCER-FW', entry);
    for (const range of ranges) this.#add('KUBE-LOAD-BALANCER-SOURCE-CIDR', `${entry},${range}`);
    const { nodeIP } = this.#options;
    const mayNode = ranges.some((text) => {
      const range = parseCidr(text);
      return range !== undefined && cidrContains(range, nodeIP);
    });
    // The node asks with the load balancer's own address as source: the address is on an interface of it.
    if (mayNode) this.#add('KUBE-LOAD-BALANCER-SOURCE-IP', `${entry},${ip}`);
    else this.forbidden.push({ ip, port: port.port, protocol });
  }

  #addNodePort(port: ServicePort, servers: readonly string[]): void {
    const { protocol, nodePort, externalPolicyLocal } = port;
    if (this.#nodeAddresses.length === 0) return;
    const set = protocol === 'SCTP' ? 'SCTP-HASH' : protocol;
    // Sets of ports only are of TCP or UDP.
    const entries =
      protocol === 'SCTP'
        ? this.#nodeAddresses.map((ip) => `${ip},sctp:${nodePort}`)
        : [String(nodePort)];
    for (const entry of entries) {
      this.#add(`KUBE-NODE-PORT-${set}`, entry);
      if (externalPolicyLocal) this.#add(`KUBE-NODE-PORT-LOCAL-${set}`, entry);
    }
    for (const ip of this.#nodeAddresses) {
      this.#want(this.#service(port, ip, nodePort), servers);
    }
  }

  #serve(port: ServicePort, ip: string, servers: readonly string[]): void {
    // The node's own addresses are on an interface already.
    if (!this.#nodeAddresses.includes(ip)) this.boundAddresses.add(ip);
    this.#want(this.#service(port, ip, port.port), servers);
  }

  #service(
    { protocol, stickyMaxAgeSeconds, sessionAffinity }: ServicePort,
    ip: string,
    port: number,
  ) {
    const persistenceSeconds = sessionAffinity === 'ClientIP' ? stickyMaxAgeSeconds : 0;
    return { protocol, ip, port, scheduler: this.#options.scheduler, persistenceSeconds };
  }

  #add(name: IpSetName, entry: string): void {
    const entries = this.entries.get(name) ?? new Set();
    this.entries.set(name, entries.add(entry));
  }
}
