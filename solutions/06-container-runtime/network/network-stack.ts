/**
 * One network namespace: its addresses, and who listens at its ports. Given.
 *
 * A sandbox has one; the node has one, which host-network pods share. `node-network.ts` connects them.
 */

import { DialError, type NetworkProtocol } from '#apimachinery';
import { type Connection, newConnection } from './connection.ts';

/** Waits for connections at a port. */
export interface Listener {
  /** The next connection; `undefined` when it does not listen any more. */
  accept(): Promise<Connection | undefined>;
  close(): void;
}

/** Bytes that went in and out, for stats. */
export interface Traffic {
  rxBytes: number;
  txBytes: number;
}

/** Thrown when a port is taken. */
export class AddressInUse extends Error {
  override readonly name = 'AddressInUse';
  constructor(port: number) {
    super(`bind: address already in use: ${port}`);
  }
}

/** Addresses and listeners. */
export class NetworkStack {
  readonly ips: readonly string[];
  readonly traffic: Traffic = { rxBytes: 0, txBytes: 0 };
  readonly #listeners = new Map<string, OpenListener>();

  /** @param ips - the first is the one that others are told of */
  constructor(ips: readonly string[]) {
    this.ips = ips;
  }

  get ip(): string {
    return this.ips[0] ?? '127.0.0.1';
  }

  /** @throws AddressInUse */
  listen(port: number, protocol: NetworkProtocol): Listener {
    const key = `${protocol} ${port}`;
    if (this.#listeners.has(key)) throw new AddressInUse(port);
    const listener = new OpenListener(() => this.#listeners.delete(key));
    this.#listeners.set(key, listener);
    return listener;
  }

  /** Ports that somebody listens at, ascending. */
  ports(protocol: NetworkProtocol = 'TCP'): number[] {
    return [...this.#listeners.keys()]
      .filter((key) => key.startsWith(`${protocol} `))
      .map((key) => Number(key.split(' ')[1]))
      .sort((a, b) => a - b);
  }

  /**
   * Connects somebody to a port of this namespace.
   *
   * @returns the caller's end
   * @throws DialError `refused` when nobody listens there
   */
  connect(from: string, ip: string, port: number, protocol: NetworkProtocol): Connection {
    const listener = this.#listeners.get(`${protocol} ${port}`);
    if (listener === undefined)
      throw new DialError('refused', `${protocol.toLowerCase()} ${ip}:${port}`);
    const [near, far] = newConnection(from, ip, port, protocol);
    listener.offer(counted(far, this.traffic));
    return near;
  }

  /** Everybody stops listening. */
  close(): void {
    for (const listener of this.#listeners.values()) listener.close();
  }
}

/** Counts what goes through one end of a connection. */
export function counted(connection: Connection, traffic: Traffic): Connection {
  const { input, output } = connection;
  return {
    ...connection,
    input: {
      read: async () => {
        const bytes = await input.read();
        traffic.rxBytes += bytes?.length ?? 0;
        return bytes;
      },
      cancel: () => input.cancel(),
    },
    output: {
      write: (bytes) => {
        traffic.txBytes += bytes.length;
        return output.write(bytes);
      },
      close: () => output.close(),
    },
  };
}

class OpenListener implements Listener {
  readonly #queue: Connection[] = [];
  readonly #waiting: ((connection: Connection | undefined) => void)[] = [];
  readonly #onClose: () => void;
  #isClosed = false;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  offer(connection: Connection): void {
    const taker = this.#waiting.shift();
    if (taker === undefined) this.#queue.push(connection);
    else taker(connection);
  }

  accept(): Promise<Connection | undefined> {
    const next = this.#queue.shift();
    if (next !== undefined || this.#isClosed) return Promise.resolve(next);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClose();
    for (const connection of this.#queue.splice(0)) connection.close();
    for (const taker of this.#waiting.splice(0)) taker(undefined);
  }
}
