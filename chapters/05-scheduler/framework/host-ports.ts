/** The ports of a node that its pods hold. Given: which of them are in conflict with which. */

import type { Pod } from '#apimachinery';

/** A port on the node itself that a container asks for. */
export interface HostPort {
  /** `0.0.0.0` when the container names none: all addresses of the node. */
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

const EVERY_ADDRESS = '0.0.0.0';

/** The host ports a pod's containers and sidecars ask for. */
export function hostPortsOf(pod: Pod): readonly HostPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  return [...(pod.spec?.containers ?? []), ...sidecars].flatMap((container) =>
    (container.ports ?? [])
      .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
      .map(({ hostIP, protocol, hostPort = 0 }) => ({
        ip: hostIP || EVERY_ADDRESS,
        protocol: protocol || 'TCP',
        port: hostPort,
      })),
  );
}

/**
 * Ports in use. The same port and protocol is in conflict on the same address, and on all addresses
 * with any.
 */
export class UsedHostPorts {
  /** `TCP/80` → address → how many hold it. */
  readonly #holders = new Map<string, Map<string, number>>();

  add({ ip, protocol, port }: HostPort): void {
    const key = `${protocol}/${port}`;
    const addresses = this.#holders.get(key) ?? new Map<string, number>();
    this.#holders.set(key, addresses.set(ip, (addresses.get(ip) ?? 0) + 1));
  }

  remove({ ip, protocol, port }: HostPort): void {
    const key = `${protocol}/${port}`;
    const addresses = this.#holders.get(key);
    const left = (addresses?.get(ip) ?? 0) - 1;
    if (left > 0) addresses?.set(ip, left);
    else addresses?.delete(ip);
    if (addresses?.size === 0) this.#holders.delete(key);
  }

  /** Tells whether somebody who asks for the port would be in conflict with a holder. */
  conflicts({ ip, protocol, port }: HostPort): boolean {
    const addresses = this.#holders.get(`${protocol}/${port}`);
    if (addresses === undefined) return false;
    return ip === EVERY_ADDRESS || addresses.has(ip) || addresses.has(EVERY_ADDRESS);
  }

  get size(): number {
    return this.#holders.size;
  }

  clone(): UsedHostPorts {
    const copy = new UsedHostPorts();
    for (const [key, addresses] of this.#holders) copy.#holders.set(key, new Map(addresses));
    return copy;
  }
}
