/**
 * What `-j` knows beside chains: each target, its options, and in which tables it may stand. Given: a
 * table. What is not here is refused by name.
 *
 * @see iptables-extensions(8)
 */

import type { IpFamily } from '../services/service-port.ts';
import { canonicalAddress } from './address-range.ts';
import type { Hook, TableName } from './hooks.ts';
import type { NatRange } from './nat-range.ts';
import type { Target } from './rule.ts';
import {
  type BuiltTarget,
  type GivenOptions,
  hex,
  maskedNumber,
  numberOf,
  option,
  portRange,
  portRangeText,
  quoted,
  RuleFault,
  type TargetExtension,
} from './rule-options.ts';

function plain(name: string, kind: 'accept' | 'drop' | 'return' | 'untrack'): TargetExtension {
  return { options: {}, build: () => ({ text: `-j ${name}`, target: { kind } }) };
}

const REJECT_WITH: Readonly<Record<IpFamily, readonly string[]>> = {
  IPv4: [
    'icmp-port-unreachable',
    'icmp-net-unreachable',
    'icmp-host-unreachable',
    'icmp-proto-unreachable',
    'icmp-net-prohibited',
    'icmp-host-prohibited',
    'icmp-admin-prohibited',
    'tcp-reset',
  ],
  IPv6: [
    'icmp6-port-unreachable',
    'icmp6-no-route',
    'icmp6-adm-prohibited',
    'icmp6-addr-unreachable',
    'icmp6-policy-fail',
    'icmp6-reject-route',
    'tcp-reset',
  ],
};

const reject: TargetExtension = {
  options: { '--reject-with': option('reject-with') },
  build: (given, { family, protocol }) => {
    const known = REJECT_WITH[family];
    const asked = given.get('reject-with')?.values[0] ?? known[0];
    const how = known.find((name) => name === asked);
    if (how === undefined) throw new RuleFault(`unknown reject type "${asked}"`);
    if (how === 'tcp-reset' && protocol !== 'tcp') {
      throw new RuleFault('REJECT: --reject-with tcp-reset needs -p tcp');
    }
    return { text: `-j REJECT --reject-with ${how}`, target: { kind: 'reject', with: how } };
  },
};

const ALL_BITS = 0xffff_ffff;

const mark: TargetExtension = {
  options: {
    '--set-xmark': option('set-xmark'),
    '--set-mark': option('set-mark'),
    '--or-mark': option('or-mark'),
    '--and-mark': option('and-mark'),
    '--xor-mark': option('xor-mark'),
  },
  build: (given) => {
    const [first, ...more] = given;
    if (first === undefined || more.length > 0) {
      throw new RuleFault('MARK: exactly one of the --set-xmark, --set-mark, … must be specified');
    }
    const [name, { values }] = first;
    const { value, mask } = markChange(name, values[0] ?? '');
    return {
      text: `-j MARK --set-xmark ${hex(value)}/${hex(mask)}`,
      target: { kind: 'mark', value, mask },
    };
  },
};

/** All five ways to say it come down to one: clear some bits, then flip some. */
function markChange(name: string, text: string): { value: number; mask: number } {
  if (name === 'set-xmark') return maskedNumber(text);
  if (name === 'set-mark') {
    const { value, mask } = maskedNumber(text);
    return { value, mask: (mask | value) >>> 0 };
  }
  const bits = numberOf(text);
  if (name === 'or-mark') return { value: bits, mask: bits };
  if (name === 'and-mark') return { value: 0, mask: (ALL_BITS ^ bits) >>> 0 };
  return { value: bits, mask: 0 };
}

const RANDOM_OPTIONS = {
  '--random': option('random', 0),
  '--random-fully': option('random-fully', 0),
  '--persistent': option('persistent', 0),
} as const;
const FLAGS = ['random', 'random-fully', 'persistent'] as const;

/** `--to-destination`, `--to-source`: an address or a range of them, ports or none. */
function translating(kind: 'dnat' | 'snat', name: string, optionName: string): TargetExtension {
  return {
    options: { [`--${optionName}`]: option(optionName), ...RANDOM_OPTIONS },
    build: (given, { family, protocol }) => {
      const text = given.get(optionName)?.values[0];
      if (text === undefined)
        throw new RuleFault(`${name}: option "--${optionName}" must be specified`);
      const { addresses, ports } = readPlace(text, family);
      if (ports && (protocol === undefined || protocol.startsWith('icmp'))) {
        throw new RuleFault('Need TCP, UDP, SCTP or DCCP with port specification');
      }
      const range = {
        ...(addresses && { addresses }),
        ...(ports && { ports }),
        ...randomness(given),
      };
      return natTarget(kind, `-j ${name} --${optionName} ${placeText(range)}`, range, given);
    },
  };
}

/** `MASQUERADE` and `REDIRECT`: the address is found when a packet comes. */
function toPorts(kind: 'masquerade' | 'redirect', name: string): TargetExtension {
  return {
    options: { '--to-ports': option('to-ports'), ...RANDOM_OPTIONS },
    build: (given, { protocol }) => {
      const text = given.get('to-ports')?.values[0];
      const ports = text === undefined ? undefined : portRange(text, '-');
      if (ports && (protocol === undefined || protocol.startsWith('icmp'))) {
        throw new RuleFault('Need TCP, UDP, SCTP or DCCP with port specification');
      }
      const range = { ...(ports && { ports }), ...randomness(given) };
      const words = ports ? ` --to-ports ${portRangeText(ports, '-')}` : '';
      return natTarget(kind, `-j ${name}${words}`, range, given);
    },
  };
}

function randomness(given: GivenOptions): Pick<NatRange, 'isRandom' | 'isPersistent'> {
  return {
    isRandom: given.has('random') || given.has('random-fully'),
    isPersistent: given.has('persistent'),
  };
}

function natTarget(
  kind: 'dnat' | 'snat' | 'masquerade' | 'redirect',
  text: string,
  range: NatRange,
  given: GivenOptions,
): BuiltTarget {
  const flags = FLAGS.filter((flag) => given.has(flag)).map((flag) => ` --${flag}`);
  return { text: `${text}${flags.join('')}`, target: { kind, range } };
}

/** `10.0.0.1`, `10.0.0.1-10.0.0.9:80-90`, `:80`, `[fd00::1]:80`. */
function readPlace(text: string, family: IpFamily) {
  const pattern =
    family === 'IPv6' ? /^(?:\[([^\]]*)\]|([^[\]]*?))(?::(\d[^:]*))?$/ : /^()([^:]*)(?::(.*))?$/;
  // Without brackets all colons belong to the address.
  const isBare = family === 'IPv6' && !text.startsWith('[');
  const [, bracketed, bare = '', portText] = isBare ? [text, '', text] : (pattern.exec(text) ?? []);
  const written = bracketed || bare;
  const [first = '', last = first] = written === '' ? [] : written.split('-');
  const ports = portText === undefined ? undefined : portRange(portText, '-');
  if (first === '') {
    if (ports === undefined) throw new RuleFault(`Bad IP address "${text}"`);
    return { addresses: undefined, ports };
  }
  const [from, to] = [first, last].map((ip) => {
    try {
      return canonicalAddress(ip, family);
    } catch {
      throw new RuleFault(`Bad IP address "${ip}"`);
    }
  });
  return { addresses: [from ?? '', to ?? ''] as const, ports };
}

function placeText({ addresses, ports }: NatRange): string {
  const port = ports ? `:${portRangeText(ports, '-')}` : '';
  if (addresses === undefined) return port;
  const [first, last] = addresses;
  const ip = first === last ? first : `${first}-${last}`;
  return port !== '' && first.includes(':') ? `[${ip}]${port}` : `${ip}${port}`;
}

const log: TargetExtension = {
  options: {
    '--log-prefix': option('log-prefix'),
    '--log-level': option('log-level'),
    '--log-tcp-options': option('log-tcp-options', 0),
    '--log-ip-options': option('log-ip-options', 0),
    '--log-uid': option('log-uid', 0),
  },
  build: (given) => {
    const words = [...given].map(([name, { values }]) =>
      [` --${name}`, ...values.map(quoted)].join(' '),
    );
    return { text: `-j LOG${words.join('')}`, target: { kind: 'log' } };
  },
};

const ct: TargetExtension = {
  options: { '--notrack': option('notrack', 0) },
  build: (given) => {
    if (!given.has('notrack')) throw new RuleFault('CT: only --notrack is supported');
    return { text: '-j CT --notrack', target: { kind: 'untrack' } };
  },
};

/** The targets of this model, by name. */
export const TARGET_EXTENSIONS: Readonly<Record<string, TargetExtension>> = {
  ACCEPT: plain('ACCEPT', 'accept'),
  DROP: plain('DROP', 'drop'),
  RETURN: plain('RETURN', 'return'),
  REJECT: reject,
  MARK: mark,
  DNAT: translating('dnat', 'DNAT', 'to-destination'),
  SNAT: translating('snat', 'SNAT', 'to-source'),
  MASQUERADE: toPorts('masquerade', 'MASQUERADE'),
  REDIRECT: toPorts('redirect', 'REDIRECT'),
  LOG: log,
  NOTRACK: plain('NOTRACK', 'untrack'),
  CT: ct,
};

/** Where a target may stand; what is not here may stand everywhere. */
const PLACES: Readonly<
  Partial<Record<Target['kind'], { table: TableName; hooks: readonly Hook[] }>>
> = {
  dnat: { table: 'nat', hooks: ['PREROUTING', 'OUTPUT'] },
  redirect: { table: 'nat', hooks: ['PREROUTING', 'OUTPUT'] },
  snat: { table: 'nat', hooks: ['INPUT', 'POSTROUTING'] },
  masquerade: { table: 'nat', hooks: ['POSTROUTING'] },
  reject: { table: 'filter', hooks: ['INPUT', 'FORWARD', 'OUTPUT'] },
  untrack: { table: 'raw', hooks: ['PREROUTING', 'OUTPUT'] },
};

/** May a target stand in a table, in what a hook's chain leads to? */
export function mayStand({ kind }: Target, table: TableName, hook?: Hook): boolean {
  const place = PLACES[kind];
  if (place === undefined) return true;
  return place.table === table && (hook === undefined || place.hooks.includes(hook));
}
