/**
 * Sets of addresses and ports that rules look into (`-m set`), and the text that fills them. Given.
 *
 * @see ipset(8): `create`, `add`, `del`, `flush`, `destroy`
 */

import type { IpFamily } from '../services/service-port.ts';
import { type AddressRange, parseAddressRange } from './address-range.ts';
import type { Packet } from './packet.ts';

/** What an entry is made of, by the name of the set's type. */
const TYPES: Readonly<Record<string, readonly Part[]>> = {
  'hash:ip': ['ip'],
  'hash:net': ['net'],
  'hash:ip,port': ['ip', 'port'],
  'hash:ip,port,ip': ['ip', 'port', 'ip'],
  'hash:ip,port,net': ['ip', 'port', 'net'],
  'bitmap:port': ['bare-port'],
};
type Part = 'ip' | 'net' | 'port' | 'bare-port';

/** `src` or `dst`, one for each part of an entry. */
export type SetDirection = 'src' | 'dst';

interface IpSet {
  readonly type: string;
  readonly parts: readonly Part[];
  readonly family: IpFamily;
  /** As they were added, in the usual spelling. */
  readonly entries: Set<string>;
  /** Where the last part is a range: what stands before it, to the ranges. */
  readonly ranges: Map<string, Map<string, AddressRange>>;
}

/** Thrown when a line of `ipset restore` cannot be done; what stood before it is done. */
export class IpSetError extends Error {
  override readonly name = 'IpSetError';

  constructor(line: number, reason: string) {
    super(`ipset: error in line ${line}: ${reason}`);
  }
}

/** All sets of a node, of both families. */
export class IpSets {
  readonly #sets = new Map<string, IpSet>();

  /**
   * Does what `ipset restore -!` does: what is there already may be made again.
   *
   * @throws IpSetError at the first line that cannot be done
   */
  restore(text: string): void {
    text.split('\n').forEach((line, i) => {
      const fault = this.#command(line.trim().split(/\s+/));
      if (fault !== undefined) throw new IpSetError(i + 1, fault);
    });
  }

  /** Is the packet in the set? `undefined` when there is no such set. */
  has(name: string, packet: Packet, directions: readonly SetDirection[]): boolean | undefined {
    const set = this.#sets.get(name);
    if (set === undefined) return undefined;
    const words = set.parts.map((part, i) => wordOf(part, directions[i] ?? 'dst', packet));
    if (set.parts.at(-1) !== 'net') return set.entries.has(words.join(','));
    const ip = words.pop() ?? '';
    const ranges = set.ranges.get(words.join(',')) ?? new Map<string, AddressRange>();
    return [...ranges.values()].some((range) => range.contains(ip));
  }

  /** How many parts an entry has; `undefined` when there is no such set. */
  dimensions(name: string): number | undefined {
    return this.#sets.get(name)?.parts.length;
  }

  /** Entries in alphabetical order. */
  entries(name: string): string[] {
    return [...(this.#sets.get(name)?.entries ?? [])].sort();
  }

  /** @returns what is wrong with a line */
  #command([command = '', name = '', ...rest]: string[]): string | undefined {
    if (command === '' || command.startsWith('#') || command === 'COMMIT') return undefined;
    if (command === 'create') return this.#create(name, rest);
    const set = this.#sets.get(name);
    if (set === undefined) return `The set with the given name does not exist: ${name}`;
    if (command === 'destroy') this.#sets.delete(name);
    else if (command === 'flush') clear(set);
    else if (command === 'add' || command === 'del') return change(set, command, rest[0] ?? '');
    else return `Unknown argument: ${command}`;
    return undefined;
  }

  #create(name: string, [type = '', ...options]: string[]): string | undefined {
    const parts = TYPES[type];
    if (parts === undefined) return `Syntax error: unknown settype '${type}'`;
    const before = this.#sets.get(name);
    if (before && before.type !== type) {
      return 'Set cannot be created: set with the same name already exists';
    }
    const at = options.indexOf('family');
    const family = options[at + 1] === 'inet6' && at >= 0 ? 'IPv6' : 'IPv4';
    if (!before) {
      this.#sets.set(name, { type, parts, family, entries: new Set(), ranges: new Map() });
    }
    return undefined;
  }
}

function clear(set: IpSet): void {
  set.entries.clear();
  set.ranges.clear();
}

function change(set: IpSet, command: 'add' | 'del', entry: string): string | undefined {
  const words = entry.split(',');
  // In `10.0.0.1,tcp:80` the protocol belongs to the port.
  const spelled = words.map((word, i) => spell(set.parts[i] ?? 'ip', word, set.family));
  if (words.length !== set.parts.length || spelled.includes(undefined)) {
    return `Syntax error: cannot parse ${entry} as ${set.type}`;
  }
  const key = spelled.join(',');
  const [range = '', ...before] = spelled.reverse();
  const place = before.reverse().join(',');
  const ranges = set.ranges.get(place) ?? new Map<string, AddressRange>();
  if (command === 'del') {
    set.entries.delete(key);
    ranges.delete(range);
    return undefined;
  }
  set.entries.add(key);
  const parsed = set.parts.at(-1) === 'net' ? parseAddressRange(range, set.family) : undefined;
  if (parsed) set.ranges.set(place, ranges.set(range, parsed));
  return undefined;
}

function spell(part: Part, word: string, family: IpFamily): string | undefined {
  if (part === 'ip') return parseAddressRange(word, family)?.single;
  if (part === 'net') return parseAddressRange(word, family)?.text;
  const [, protocol = 'tcp', port = ''] = /^(?:(tcp|udp|sctp):)?(\d{1,5})$/.exec(word) ?? [];
  if (port === '' || Number(port) > 65_535) return undefined;
  return part === 'port' ? `${protocol}:${Number(port)}` : String(Number(port));
}

function wordOf(part: Part, direction: SetDirection, packet: Packet): string {
  const port = direction === 'src' ? packet.sourcePort : packet.destinationPort;
  if (part === 'bare-port') return String(port);
  if (part === 'port') return `${packet.protocol}:${port}`;
  return direction === 'src' ? packet.source : packet.destination;
}
