/**
 * What connects network namespaces, on one node or on all. Given.
 *
 * `NetworkSwitch` is enough for a runtime alone. The cluster chapter gives runtimes a `NodeNetwork`
 * of its own, which sends what leaves a namespace through kube-proxy's rules.
 */

import { DialError, type NetworkProtocol } from '#apimachinery';
import type { Connection } from './connection.ts';
import type { NetworkStack } from './network-stack.ts';

/** How a client wants a connection encrypted. */
export interface SecureOptions {
  /** What the other side's certificate must be for; `''` when the client has only an address. */
  readonly serverName: string;
  /** Whom to trust, as PEM; `undefined`: nobody is asked for. */
  readonly authorities: string | undefined;
}

/** What a runtime asks of the network around its sandboxes. */
export interface NodeNetwork {
  /** A namespace can be reached at its addresses from now on. */
  join(stack: NetworkStack): void;
  leave(stack: NetworkStack): void;
  /**
   * A process connects to somewhere that is not its own namespace.
   *
   * @param from - its address
   * @throws DialError, as a rejection
   */
  dial(from: string, ip: string, port: number, protocol: NetworkProtocol): Promise<Connection>;
  /**
   * TLS over a connection, as its client. Absent where there is no platform that can.
   *
   * @throws Error, as a rejection, when the other side speaks none, or is not trusted
   */
  secure?(connection: Connection, options: SecureOptions): Promise<Connection>;
}

/** Every address reaches every other one. */
export class NetworkSwitch implements NodeNetwork {
  readonly #stacks = new Map<string, NetworkStack>();

  join(stack: NetworkStack): void {
    for (const ip of stack.ips) this.#stacks.set(ip, stack);
  }

  leave(stack: NetworkStack): void {
    for (const ip of stack.ips) if (this.#stacks.get(ip) === stack) this.#stacks.delete(ip);
  }

  async dial(
    from: string,
    ip: string,
    port: number,
    protocol: NetworkProtocol,
  ): Promise<Connection> {
    const stack = this.#stacks.get(ip);
    if (stack === undefined)
      throw new DialError('unreachable', `${protocol.toLowerCase()} ${ip}:${port}`);
    return stack.connect(from, ip, port, protocol);
  }
}
