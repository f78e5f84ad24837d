/**
 * Services in the store, each with the addresses and ports that are its own. Given.
 *
 * It stands before the storage of Services: what a Service needs is taken before it is written and
 * given back when it is gone, or when writing it failed. A crash between two writes is mended at
 * the next start (`repair`).
 *
 * @see pkg/registry/core/service/storage/alloc.go (1.33)
 */

import { type FieldError, fieldInvalid, newInternalError, newInvalid } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { Outcome, Storage } from '../storage/storage.ts';
import type { Stored } from '../storage/stored.ts';
import { AllocationError, type ClusterIps, clusterIpsOf } from './cluster-ips.ts';
import { dryIps, dryPorts, type IpAllocator, type PortAllocator } from './dry-run.ts';
import type { NodePorts } from './node-ports.ts';

/** What of a Service's spec addresses are about. */
interface ServiceSpec {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
  ipFamilies?: string[];
  ipFamilyPolicy?: string;
  selector?: Record<string, string>;
  ports?: { port: number; protocol?: string; nodePort?: number }[];
  healthCheckNodePort?: number;
  externalTrafficPolicy?: string;
  allocateLoadBalancerNodePorts?: boolean;
}

export interface ServiceStorageOptions {
  readonly storage: Storage;
  readonly ips: ClusterIps;
  readonly ports: NodePorts;
}

/** What was taken for one write, to be given back when it fails. */
interface Taken {
  readonly ips: string[];
  readonly ports: number[];
}

interface Allocators {
  readonly ips: IpAllocator;
  readonly ports: PortAllocator;
}

const NOT_WRITTEN: Outcome = { done: false, current: undefined };

/** A storage for Services. */
export class ServiceStorage implements Storage {
  readonly #inner: Storage;
  readonly #ips: ClusterIps;
  readonly #ports: NodePorts;
  readonly get: Storage['get'];
  readonly list: Storage['list'];
  readonly watch: Storage['watch'];

  constructor({ storage, ips, ports }: ServiceStorageOptions) {
    this.#inner = storage;
    this.#ips = ips;
    this.#ports = ports;
    this.get = storage.get.bind(storage);
    this.list = storage.list.bind(storage);
    this.watch = storage.watch.bind(storage);
  }

  async create(key: string, object: ApiObject, ttlSeconds?: number): Promise<Outcome> {
    // The name decides first: an address must not be taken for a Service that cannot be.
    const current = await this.#inner.get(key);
    if (current) return { done: false, current };
    return this.#withAddresses(object, undefined, () =>
      this.#inner.create(key, object, ttlSeconds),
    );
  }

  async replace(expected: Stored, object: ApiObject, ttlSeconds?: number): Promise<Outcome> {
    const old = expected.object;
    const outcome = await this.#withAddresses(object, old, () =>
      this.#inner.replace(expected, object, ttlSeconds),
    );
    if (outcome.done) await this.#release(old, object);
    return outcome;
  }

  async remove(expected: Stored): Promise<Outcome> {
    const outcome = await this.#inner.remove(expected);
    if (outcome.done) await this.#release(expected.object, undefined);
    return outcome;
  }

  /** Gives a Service that is not written what it would get, as far as that can be told. */
  async tryOut(object: ApiObject, old: ApiObject | undefined): Promise<void> {
    const allocators = { ips: dryIps(this.#ips), ports: dryPorts(this.#ports) };
    await this.#withAddresses(object, old, async () => NOT_WRITTEN, allocators);
  }

  /** Makes what is taken fit the Services that there are. Run once, before Services are written. */
  async repair(): Promise<string[]> {
    const { items } = await this.#inner.list('/registry/services/specs/');
    const services = items.map(({ object }) => object);
    await this.#ports.repair(new Set(services.flatMap(nodePortsOf)));
    return this.#ips.repair(services);
  }

  async #withAddresses(
    object: ApiObject,
    old: ApiObject | undefined,
    write: () => Promise<Outcome>,
    allocators: Allocators = { ips: this.#ips, ports: this.#ports },
  ): Promise<Outcome> {
    const taken: Taken = { ips: [], ports: [] };
    let isDone = false;
    try {
      this.#setFamilies(object);
      await takeIps(object, old, taken, allocators);
      await takePorts(object, old, taken, allocators);
      const outcome = await write();
      isDone = outcome.done;
      return outcome;
    } finally {
      if (!isDone) await giveBack(object, taken, allocators);
    }
  }

  /** Which families of addresses a Service has: IPv4, there is no other here. */
  #setFamilies(object: ApiObject): void {
    const spec = specOf(object);
    if (spec.type === 'ExternalName') return;
    const faults: FieldError[] = [];
    const isHeadlessWithoutSelector =
      spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
    if (isHeadlessWithoutSelector) {
      // Its endpoints are written by somebody who may know of both families.
      spec.ipFamilyPolicy ??= 'RequireDualStack';
      spec.ipFamilies ??= spec.ipFamilyPolicy === 'SingleStack' ? ['IPv4'] : ['IPv4', 'IPv6'];
      return;
    }
    const unknown = (spec.ipFamilies ?? []).findIndex((family) => family !== 'IPv4');
    if (unknown >= 0) {
      const field = `spec.ipFamilies[${unknown}]`;
      faults.push(
        fieldInvalid(field, spec.ipFamilies?.[unknown], 'not configured on this cluster'),
      );
    }
    if (spec.ipFamilyPolicy === 'RequireDualStack') {
      const why = 'this cluster is not configured for dual-stack services';
      faults.push(fieldInvalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, why));
    }
    refuse(object, faults);
    spec.ipFamilyPolicy ??= 'SingleStack';
    spec.ipFamilies ??= ['IPv4'];
  }

  /** Gives back what the old Service had and the new one, if there is one, has not. */
  async #release(old: ApiObject, object: ApiObject | undefined): Promise<void> {
    const keptIps = new Set(object ? clusterIpsOf(object) : []);
    const keptPorts = new Set(object ? nodePortsOf(object) : []);
    for (const ip of clusterIpsOf(old)) if (!keptIps.has(ip)) await this.#ips.release(ip, old);
    await this.#ports.release(nodePortsOf(old).filter((port) => !keptPorts.has(port)));
  }
}

async function takeIps(
  object: ApiObject,
  old: ApiObject | undefined,
  taken: Taken,
  { ips }: Allocators,
): Promise<void> {
  const spec = specOf(object);
  if (spec.type === 'ExternalName') return;
  if (spec.clusterIP === 'None') {
    spec.clusterIPs = ['None'];
    return;
  }
  const owned = old === undefined ? [] : clusterIpsOf(old);
  const [wanted] = clusterIpsOf(object);
  if (wanted !== undefined && owned.includes(wanted)) return;
  try {
    if (wanted !== undefined) {
      await ips.take(wanted, object);
      taken.ips.push(wanted);
    } else taken.ips.push(await ips.takeAny(object));
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    if (wanted === undefined) {
      throw newInternalError(new Error(`failed to allocate a serviceIP: ${error.message}`));
    }
    const why = `failed to allocate IP ${wanted}: ${error.message}`;
    refuse(object, [fieldInvalid('spec.clusterIPs', [wanted], why)]);
  }
  [spec.clusterIP] = taken.ips;
  spec.clusterIPs = [...taken.ips];
}

async function takePorts(
  object: ApiObject,
  old: ApiObject | undefined,
  taken: Taken,
  { ports }: Allocators,
): Promise<void> {
  const spec = specOf(object);
  const owned = new Set(old === undefined ? [] : nodePortsOf(old));
  if (needsNodePorts(spec)) {
    // Two protocols of one port number may share the node's port.
    const byPort = new Map<number, number>();
    for (const [i, port] of (spec.ports ?? []).entries()) {
      if (port.nodePort && (owned.has(port.nodePort) || taken.ports.includes(port.nodePort))) {
        byPort.set(port.port, port.nodePort);
        continue;
      }
      const shared = port.nodePort ? undefined : byPort.get(port.port);
      const field = `spec.ports[${i}].nodePort`;
      port.nodePort = shared ?? (await takePort(object, port.nodePort, field, taken, ports));
      byPort.set(port.port, port.nodePort);
    }
  }
  if (needsHealthCheckPort(spec)) {
    const wanted = spec.healthCheckNodePort;
    if (wanted && owned.has(wanted)) return;
    const field = 'spec.healthCheckNodePort';
    spec.healthCheckNodePort = await takePort(object, wanted, field, taken, ports);
  }
}

async function takePort(
  object: ApiObject,
  wanted: number | undefined,
  field: string,
  taken: Taken,
  ports: PortAllocator,
): Promise<number> {
  try {
    if (wanted) await ports.take(wanted);
    const port = wanted || (await ports.takeAny());
    taken.ports.push(port);
    return port;
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
    if (wanted) refuse(object, [fieldInvalid(field, wanted, error.message)]);
    throw newInternalError(new Error(`failed to allocate a nodePort: ${error.message}`));
  }
}

async function giveBack(
  object: ApiObject,
  taken: Taken,
  { ips, ports }: Allocators,
): Promise<void> {
  for (const ip of taken.ips) await ips.release(ip, object);
  await ports.release(taken.ports);
}

function specOf(object: ApiObject): ServiceSpec {
  return (object.spec ?? {}) as ServiceSpec;
}

/** The ports a Service has on every node. */
export function nodePortsOf(object: ApiObject): number[] {
  const { ports = [], healthCheckNodePort } = specOf(object);
  const all = [...ports.map(({ nodePort }) => nodePort), healthCheckNodePort];
  return [...new Set(all.filter((port) => port !== undefined && port > 0))] as number[];
}

function needsNodePorts({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean {
  if (type === 'NodePort') return true;
  return type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false;
}

function needsHealthCheckPort({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

function refuse({ metadata }: ApiObject, faults: readonly FieldError[]): void {
  if (faults.length === 0) return;
  throw newInvalid({ group: '', kind: 'Service' }, metadata.name ?? '', faults);
}
