/** Who may send a packet through a node's rules, and where to. Given. Pure. */

import type { ServiceView } from '../messages.ts';
import type { Picture } from '../picture.ts';

/** Somebody who sends. */
export interface Caller {
  readonly id: string;
  readonly title: string;
  readonly ip: string;
  readonly via: 'pod' | 'local' | 'outside';
}

/** An address to send to. */
export interface Target {
  readonly id: string;
  readonly title: string;
  /** With a port. */
  readonly address: string;
  readonly protocol: string;
}

/** Stands for anybody: an address kept for examples. */
const OUTSIDE = '203.0.113.7';

/** The pods of the node, the node, somebody outside. */
export function callersOf({ podsByNode, nodes }: Picture, node: string): Caller[] {
  const pods = (podsByNode.get(node) ?? []).filter(({ ip }) => ip !== '');
  const ip = nodes.find(({ key }) => key === node)?.ip ?? '';
  return [
    ...pods.map((pod): Caller => {
      return { id: pod.key, title: `pod ${pod.key} (${pod.ip})`, ip: pod.ip, via: 'pod' };
    }),
    { id: 'node', title: `the node itself (${ip})`, ip, via: 'local' },
    { id: 'outside', title: `somebody outside (${OUTSIDE})`, ip: OUTSIDE, via: 'outside' },
  ];
}

/** All addresses of the service; node ports at the node's own address. */
export function targetsOf({ nodes }: Picture, { addresses }: ServiceView, node: string): Target[] {
  const nodeIp = nodes.find(({ key }) => key === node)?.ip ?? '';
  return addresses
    .filter(({ ip }) => !ip.includes(':'))
    .map(({ ip, port, protocol, kind }) => {
      const address = `${ip || nodeIp}:${port}`;
      const title = `${kind} ${address}/${protocol}`;
      return { id: title, title, address, protocol };
    });
}
