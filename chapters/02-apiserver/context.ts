/**
 * A request on its way through the handler chain. Given: the types.
 *
 * The chain itself, in the order it runs, is `chain.ts`.
 */

import type { Connection, Upgrade } from './connection.ts';
import type { RequestInfo } from './request-info.ts';
import type { User } from './user.ts';

/**
 * What came in. A `Request` is one; so is what the HTTP adapter makes of Node's message without the
 * cost of a `Request`.
 */
export interface Incoming {
  readonly method: string;
  readonly headers: {
    get(name: string): string | null;
    /** All of them, for who passes a request on. */
    forEach?(each: (value: string, name: string) => void): void;
  };
  /** Aborts when the caller hangs up. */
  readonly signal: AbortSignal;
  /** The whole body; read once. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** What goes out. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | ReadableStream<Uint8Array>;
}

/** All that is known of a request; filters fill in what they find out. */
export interface Context {
  /** As it came in; filters take headers out of it that have done their service. */
  incoming: Incoming;
  readonly connection: Connection;
  /** The path, decoded, as it was judged to be safe. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Set by the first filter. */
  info: RequestInfo;
  /** Set by authentication. */
  user: User;
  /** For the header `Warning`, each once. */
  readonly warnings: string[];
  /** For the audit log: names and values; `object` and `response` are bodies. */
  readonly audit: Map<string, unknown>;
}

/** One link of the chain. */
export type Filter = (
  context: Context,
  next: () => Promise<Answer | Upgrade>,
) => Promise<Answer | Upgrade>;
