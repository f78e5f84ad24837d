/**
 * Gives out nodePorts, each once: a bit for each port, in one object of the store. Given.
 *
 * @see pkg/registry/core/service/portallocator/allocator.go (1.33)
 */

import type { Random } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { Storage } from '../storage/storage.ts';
import { AllocationError } from './cluster-ips.ts';

const KEY = '/registry/ranges/servicenodeports';

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** @throws RangeError when it is not `30000-32767` or the like */
export function parsePortRange(text: string): PortRange {
  const [, first = '', last = ''] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (first === '' || range.first < 1 || range.last > 65535 || range.first > range.last) {
    throw new RangeError(`expected a range of ports such as 30000-32767, found ${text}`);
  }
  return range;
}

export interface NodePortsOptions {
  readonly storage: Storage;
  readonly range: PortRange;
  readonly random: Random;
}

/** The ports of the range, taken or free. */
export class NodePorts {
  readonly #options: NodePortsOptions;

  constructor(options: NodePortsOptions) {
    this.#options = options;
  }

  /** @throws AllocationError, as a rejection, when it is not in the range or is taken */
  async take(port: number): Promise<void> {
    const { first, last } = this.#options.range;
    if (port < first || port > last) {
      throw new AllocationError(
        `provided port is not in the valid range. The range of valid ports is ${first}-${last}`,
      );
    }
    await this.#change((taken) => {
      if (taken.has(port)) throw new AllocationError('provided port is already allocated');
      taken.add(port);
    });
  }

  /** @throws AllocationError, as a rejection, when all are taken */
  async takeAny(): Promise<number> {
    const { range, random } = this.#options;
    let port = 0;
    await this.#change((taken) => {
      const free: number[] = [];
      for (let p = range.first; p <= range.last; p++) if (!taken.has(p)) free.push(p);
      if (free.length === 0) throw new AllocationError('range is full');
      port = random.pick(free);
      taken.add(port);
    });
    return port;
  }

  async isTaken(port: number): Promise<boolean> {
    const { storage, range } = this.#options;
    return portsIn((await storage.get(KEY))?.object, range).has(port);
  }

  async release(ports: readonly number[]): Promise<void> {
    if (ports.length === 0) return;
    await this.#change((taken) => {
      for (const port of ports) taken.delete(port);
    });
  }

  /** Marks exactly these as taken. */
  async repair(ports: ReadonlySet<number>): Promise<void> {
    await this.#change((taken) => {
      taken.clear();
      for (const port of ports) taken.add(port);
    });
  }

  /** Changes the set of taken ports, as often as it takes until nobody else did at the same time. */
  async #change(change: (taken: Set<number>) => void): Promise<void> {
    const { storage, range } = this.#options;
    let current = await storage.get(KEY);
    for (;;) {
      const taken = portsIn(current?.object, range);
      const before = taken.size;
      change(taken);
      const data = bitsOf(taken, range);
      if (current && before === taken.size && current.object.data === data) return;
      const object: ApiObject = {
        kind: 'RangeAllocation',
        apiVersion: 'v1',
        metadata: {},
        range: `${range.first}-${range.last}`,
        data,
      };
      const outcome = current
        ? await storage.replace(current, object)
        : await storage.create(KEY, object);
      if (outcome.done) return;
      current = outcome.current;
    }
  }
}

function portsIn(object: ApiObject | undefined, range: PortRange): Set<number> {
  const ports = new Set<number>();
  // After a change of the flags the bits mean other ports: `repair` finds out which are taken.
  if (object?.range !== `${range.first}-${range.last}`) return ports;
  const bytes = atob(String(object.data ?? ''));
  for (let p = range.first; p <= range.last; p++) {
    const bit = p - range.first;
    if ((bytes.charCodeAt(bit >> 3) >> (bit & 7)) & 1) ports.add(p);
  }
  return ports;
}

function bitsOf(ports: ReadonlySet<number>, range: PortRange): string {
  const bytes = new Uint8Array((range.last - range.first + 8) >> 3);
  for (const port of ports) {
    const bit = port - range.first;
    if (bit >= 0 && bit >> 3 < bytes.length) {
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return btoa(String.fromCharCode(...bytes));
}
