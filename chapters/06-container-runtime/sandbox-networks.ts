/** The network namespaces of a node's sandboxes. Given; addresses are `network/network.ts`. */

import type { PodSandboxConfig } from './cri/index.ts';
import type { Connection } from './network/connection.ts';
import { AddressPool, parseCidr } from './network/network.ts';
import { NetworkStack } from './network/network-stack.ts';
import type { NodeNetwork } from './network/node-network.ts';

/** Makes and takes away namespaces. */
export class SandboxNetworks {
  /** What pods on the node's own network share. */
  readonly host: NetworkStack;
  readonly #network: NodeNetwork;
  readonly #stacks = new Map<string, NetworkStack>();
  readonly #cleanups = new Map<string, (() => void)[]>();
  #pools: AddressPool[] = [];

  constructor(network: NodeNetwork, nodeIp: string, podCidr: string) {
    this.#network = network;
    this.host = new NetworkStack([nodeIp]);
    network.join(this.host);
    this.setPodCidr(podCidr);
  }

  /** @param podCidr - IPv4 ranges with commas between them. @throws CriError */
  setPodCidr(podCidr: string): void {
    const texts = podCidr.split(',').filter((text) => !text.includes(':'));
    this.#pools = texts.map((text) => new AddressPool(parseCidr(text)));
    // Sandboxes that were there before keep their addresses.
    for (const [id, stack] of this.#stacks)
      if (stack !== this.host) this.#pools[0]?.reserve(id, stack.ip);
  }

  /** @returns its addresses; none on the node's own network */
  setUp(id: string, config: PodSandboxConfig): readonly string[] {
    const mode = config.linux?.securityContext?.namespaceOptions?.network ?? 'POD';
    if (mode === 'NODE') {
      this.#stacks.set(id, this.host);
      return [];
    }
    const ips = this.#pools.slice(0, 1).map((pool) => pool.allocate(id));
    const stack = new NetworkStack(ips);
    this.#stacks.set(id, stack);
    this.#network.join(stack);
    this.#cleanups.set(id, this.#hostPorts(config, stack));
    return ips;
  }

  stack(id: string): NetworkStack {
    return this.#stacks.get(id) ?? this.host;
  }

  tearDown(id: string): void {
    const stack = this.#stacks.get(id);
    if (stack === undefined) return;
    for (const cleanup of this.#cleanups.get(id) ?? []) cleanup();
    this.#cleanups.delete(id);
    if (stack === this.host) return;
    this.#network.leave(stack);
    stack.close();
    for (const pool of this.#pools) pool.release(id);
  }

  forget(id: string): void {
    this.tearDown(id);
    this.#stacks.delete(id);
  }

  #hostPorts(config: PodSandboxConfig, stack: NetworkStack): (() => void)[] {
    const mappings = (config.portMappings ?? []).filter(({ hostPort = 0 }) => hostPort > 0);
    return mappings.map(({ hostPort = 0, containerPort = 0, protocol = 'TCP' }) => {
      const listener = this.host.listen(hostPort, protocol);
      const forward = async (): Promise<void> => {
        for (let near = await listener.accept(); near; near = await listener.accept()) {
          try {
            join(near, stack.connect(near.remoteAddress, stack.ip, containerPort, protocol));
          } catch {
            near.close();
          }
        }
      };
      void forward();
      return () => listener.close();
    });
  }
}

/** Carries bytes between two connections until both have ended. */
export function join(a: Connection, b: Connection): void {
  const pump = async (from: Connection, to: Connection): Promise<void> => {
    try {
      for (let bytes = await from.input.read(); bytes; bytes = await from.input.read()) {
        await to.output.write(bytes);
      }
    } catch {
      from.input.cancel();
    }
    to.output.close();
  };
  void pump(a, b);
  void pump(b, a);
}
