/**
 * Words of rules as `iptables-restore` reads them. Given.
 *
 * A rule is one line: `-A <chain> <matches> -j <target>`. Parts that are empty leave no trace.
 */

import type { ProxierOptions } from '../proxier-options.ts';
import type { ServicePort } from '../services/service-port.ts';

/** `-A KUBE-SERVICES <parts>`, the parts joined by single spaces. */
export function rule(chain: string, ...parts: readonly string[]): string {
  return ['-A', chain, ...parts.filter((part) => part !== '')].join(' ');
}

/** `-m comment --comment "<text>"` */
export function comment(text: string): string {
  return `-m comment --comment "${text}"`;
}

/**
 * `-m comment --comment default/web:http`: the name alone, which needs no quotes.
 *
 * @remarks Names of namespaces, services and ports have no spaces.
 */
export function nameComment({ name }: ServicePort): string {
  return `-m comment --comment ${name}`;
}

/** `-m tcp -p tcp` */
export function protocolMatch({ protocol }: ServicePort): string {
  const name = protocol.toLowerCase();
  return `-m ${name} -p ${name}`;
}

/** `-m tcp -p tcp -d 10.96.0.10 --dport 80`: what is sent to an address of a service port. */
export function destinationMatch(port: ServicePort, ip: string): string {
  return `${protocolMatch(port)} -d ${ip} --dport ${port.port}`;
}

/** The masquerade mark: bit 14 is `0x00004000`. */
export function masqueradeMark({ masqueradeBit }: ProxierOptions): string {
  // Bit 31 would be negative as a signed number.
  return `0x${(2 ** masqueradeBit).toString(16).padStart(8, '0')}`;
}

/** The comment of the jump to `KUBE-NODEPORTS`. */
export const NODE_PORTS_COMMENT =
  'kubernetes service nodeports; NOTE: this must be the last rule in this chain';
