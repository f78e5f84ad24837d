/**
 * A packet's way through a node's rules as steps that the page shows one by one. Given. Pure.
 *
 * It walks through a copy of the rules (`rule-copies.ts`): a look must not leave a connection behind.
 */

import {
  type Connected,
  type ConnectRequest,
  describeStep,
  endpointAddress,
  type Netfilter,
  type Packet,
  placeOfStep,
  type Step,
} from '#kube-proxy';
import type { WalkStep, WalkView } from './messages.ts';

/**
 * Sends the first packet of a connection.
 *
 * @throws RangeError for an address that is none
 */
export function walk(netfilter: Netfilter, request: ConnectRequest): WalkView {
  const connected = netfilter.connect(request);
  let state = 'INVALID';
  let last = { packet: '', mark: 0 };
  const steps = connected.steps.flatMap((step): WalkStep[] => {
    if (step.kind === 'track') state = step.state;
    const packet = packetAfter(step);
    if (packet) last = { packet: wayText(packet), mark: packet.mark };
    const text = describeStep(step, state).map((line) => line.trimStart());
    if (text.length === 0) return [];
    return [
      {
        place: placeOfStep(step) ?? '',
        text: text.join('; '),
        depth: step.kind === 'rule' ? step.depth : 0,
        ...(step.kind === 'rule' && {
          rule: { table: step.table, chain: step.chain, number: step.number },
        }),
        ...last,
      },
    ];
  });
  const first = firstPacket(connected);
  // What comes before the first rule has seen the packet as it was sent.
  const filled = steps.map((step) => (step.packet === '' ? { ...step, packet: first } : step));
  return { verdict: connected.verdict, ending: endingOf(connected), steps: filled };
}

function packetAfter(step: Step): Packet | undefined {
  if (step.kind === 'nat') return step.after;
  if (step.kind !== 'rule') return undefined;
  const { packet, rule } = step;
  const { target } = rule;
  if (target.kind !== 'mark') return packet;
  return { ...packet, mark: ((packet.mark & ~target.mask) ^ target.value) >>> 0 };
}

/** The packet as it was sent, as far as a step shows it. */
function firstPacket({ steps, source, destination }: Connected): string {
  for (const step of steps) {
    if (step.kind === 'nat') return wayText(step.before);
    if (step.kind === 'rule') return wayText(step.packet);
  }
  return `${endpointAddress(source)} → ${endpointAddress(destination)}`;
}

function wayText({ source, sourcePort, destination, destinationPort }: Packet): string {
  const from = endpointAddress({ ip: source, port: sourcePort });
  return `${from} → ${endpointAddress({ ip: destination, port: destinationPort })}`;
}

function endingOf({ verdict, rejectWith, source, destination }: Connected): string {
  if (verdict === 'drop') return 'dropped: the caller hears nothing';
  if (verdict === 'reject') return `rejected: the caller hears ${rejectWith ?? 'nothing'}`;
  return `accepted: ${endpointAddress(destination)} is reached, and sees ${endpointAddress(source)}`;
}
