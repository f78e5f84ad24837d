/** What a network asks of a node's rules for each connection, and the answer. Given: the types. */

import type { IpFamily } from '../services/service-port.ts';
import { canonicalAddress } from './address-range.ts';
import type { Journey } from './journey.ts';

/** Somebody opens a connection. */
export interface ConnectRequest {
  /** `10.244.1.5`, or with a port `10.244.1.5:40000`, `[fd00::5]:40000`. */
  readonly from: string;
  /** With a port. */
  readonly to: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** A pod of this node, this node itself, or somebody who came to this node from outside. */
  readonly via: 'pod' | 'local' | 'outside';
  /** The device it comes by; when not said, that which leads to `from`. */
  readonly device?: string;
}

/** Where it leads. */
export interface Connected extends Omit<Journey, 'packet'> {
  /** Who is reached, when the verdict is `accept`. */
  readonly destination: { readonly ip: string; readonly port: number };
  /** Whom they see. */
  readonly source: { readonly ip: string; readonly port: number };
}

/**
 * Reads an address with or without a port.
 *
 * @throws RangeError when it is none of the family
 */
export function readAddress(text: string, family: IpFamily): { ip: string; port?: number } {
  const pattern = family === 'IPv6' ? /^\[([^\]]+)\]:(\d+)$/ : /^([^:]+):(\d+)$/;
  const [, ip = text.replace(/^\[|\]$/g, ''), port] = pattern.exec(text) ?? [];
  if (port !== undefined && Number(port) > 65_535) throw new RangeError(`${text} has no such port`);
  return {
    ip: canonicalAddress(ip, family),
    ...(port !== undefined && { port: Number(port) }),
  };
}
