/**
 * Pushes rules to a network in another process: a line of JSON for each sync over a unix socket, and a
 * line of JSON back.
 *
 * `{"node":"node-a","family":"IPv4","text":"…"}` is answered `{"ok":true}` or `{"error":"…"}`. With IPVS
 * there are also `ipset` and `ipvs`.
 */

import { connect, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import type { Applier, RulesText } from '../appliers/applier.ts';
import type { IpFamily } from '../services/service-port.ts';

/** How long the network may take. */
const ANSWER_TIMEOUT_MS = 30_000;

interface Connection {
  readonly socket: Socket;
  readonly lines: AsyncIterator<string>;
  readonly reader: Interface;
}

/** Applies rules of one family of one node. */
export class NetworkApplier implements Applier {
  readonly #path: string;
  readonly #who: { readonly node: string; readonly family: IpFamily };
  #connection: Connection | undefined;
  #wasApplied = false;

  /** @param path - of the socket */
  constructor(path: string, who: { readonly node: string; readonly family: IpFamily }) {
    this.#path = path;
    this.#who = who;
  }

  async apply({ iptables, ipset, ipvs }: RulesText): Promise<void> {
    try {
      const connection = await this.#open();
      const message = {
        ...this.#who,
        text: iptables,
        ...(ipset && { ipset }),
        ...(ipvs && { ipvs }),
      };
      connection.socket.setTimeout(ANSWER_TIMEOUT_MS);
      connection.socket.write(`${JSON.stringify(message)}\n`);
      const { value, done } = await connection.lines.next();
      if (done) throw new Error(`the network at ${this.#path} ended the connection`);
      const answer = JSON.parse(value) as { ok?: boolean; error?: string };
      connection.socket.setTimeout(0);
      if (answer.ok !== true) throw new Error(answer.error ?? `unexpected answer ${value}`);
      this.#wasApplied = true;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** A network that ended the connection may have begun anew, with no rules. */
  async isIntact(): Promise<boolean> {
    return !this.#wasApplied || this.#connection !== undefined;
  }

  async #open(): Promise<Connection> {
    if (this.#connection) return this.#connection;
    const socket = connect(this.#path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.on('timeout', () => socket.destroy(new Error(`${this.#path} does not answer`)));
    const reader = createInterface({ input: socket });
    const connection = { socket, reader, lines: reader[Symbol.asyncIterator]() };
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      if (this.#connection === connection) this.#connection = undefined;
    });
    this.#connection = connection;
    return connection;
  }

  close(): void {
    this.#connection?.reader.close();
    this.#connection?.socket.destroy();
    this.#connection = undefined;
  }
}
