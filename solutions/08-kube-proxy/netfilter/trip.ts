/**
 * A packet on its way through a node, and what is told of it: to rules, and in the end. Given.
 *
 * Who takes it from hook to hook is `netfilter.ts`.
 */

import { INVALID, type Tracked } from './connection.ts';
import type { Hook } from './hooks.ts';
import type { Journey, Outcome, Step } from './journey.ts';
import type { Packet } from './packet.ts';
import type { MatchWorld, PacketContext } from './rule.ts';

/** Where a packet is, and what has been found out about it. */
export interface Trip {
  packet: Packet;
  /** {@link INVALID} until connection tracking has looked. */
  tracked: Tracked;
  /** The device it came by; `''` when it comes from this node. */
  in: string;
  /** The device it will leave by; `''` while nobody knows, and for what has arrived. */
  out: string;
  /** Is it for this node? False until it has been routed. */
  isLocal: boolean;
  /** What has happened so far. */
  readonly steps: Step[];
}

/** A way that has not begun. */
export function newTrip(packet: Packet): Trip {
  return { packet, tracked: INVALID, in: '', out: '', isLocal: false, steps: [] };
}

/** What rules at a hook are told. PREROUTING and INPUT know no device to leave by, even of `lo`. */
export function contextOf(trip: Trip, hook: Hook, world: MatchWorld): PacketContext {
  const { in: device, tracked } = trip;
  const out = hook === 'PREROUTING' || hook === 'INPUT' ? '' : trip.out;
  return { hook, in: device, out, tracked, world };
}

/** What there is to tell when the way has ended, wherever that was. */
export function journeyOf(
  { packet, isLocal, out, tracked, steps }: Trip,
  { verdict, rejectWith }: Pick<Outcome, 'verdict' | 'rejectWith'>,
): Journey {
  const { state } = tracked;
  const ended = { verdict, ...(rejectWith !== undefined && { rejectWith }) };
  return { ...ended, packet, isLocal, out, state, steps };
}
