/**
 * What `-m` knows: each kind of match, its options, and what it asks of a packet. Given: a table.
 *
 * What is not here is refused by name. Next: `target-extensions.ts`, `parse-rule.ts`.
 *
 * @see iptables-extensions(8)
 */

import type { ConnectionState } from './connection.ts';
import { isDestinationTranslated, isSourceTranslated } from './connection.ts';
import type { SetDirection } from './ip-sets.ts';
import type { PacketProtocol } from './packet.ts';
import { recentMatch } from './recent-match.ts';
import type { Match } from './rule.ts';
import {
  type GivenOptions,
  hex,
  type MatchExtension,
  maskedNumber,
  not,
  numberOf,
  option,
  portRange,
  portRangeText,
  quoted,
  RuleFault,
} from './rule-options.ts';

const comment: MatchExtension = {
  options: { '--comment': option('comment') },
  build: (given) => {
    const { values } = required(given, 'comment', 'comment');
    return { text: `-m comment --comment ${quoted(values[0] ?? '')}`, matches: () => true };
  },
};

type Ports = readonly [number, number];
const isIn = (port: number, [first, last]: Ports): boolean => port >= first && port <= last;

/** `-m tcp`, `-m udp`, `-m sctp`: one range of ports for each end. */
function portsOf(protocol: PacketProtocol): MatchExtension {
  return {
    options: {
      '--sport': option('sport', 1, true),
      '--source-port': option('sport', 1, true),
      '--dport': option('dport', 1, true),
      '--destination-port': option('dport', 1, true),
    },
    build: (given, head) => {
      if (head.protocol !== protocol)
        throw new RuleFault(`match "${protocol}" needs -p ${protocol}`);
      const conditions = (['sport', 'dport'] as const).flatMap((name) => {
        const { values, isNegated = false } = given.get(name) ?? {};
        return values ? [{ name, isNegated, range: portRange(values[0] ?? '', ':') }] : [];
      });
      const words = conditions.map(
        ({ name, isNegated, range }) => ` ${not(isNegated)}--${name} ${portRangeText(range, ':')}`,
      );
      return {
        text: `-m ${protocol}${words.join('')}`,
        matches: (packet) =>
          conditions.every(({ name, isNegated, range }) => {
            const port = name === 'sport' ? packet.sourcePort : packet.destinationPort;
            return isIn(port, range) !== isNegated;
          }),
      };
    },
  };
}

/** The most ports a `multiport` may have; a range counts as two. */
const MAX_MULTIPORTS = 15;

const multiport: MatchExtension = {
  options: {
    '--sports': option('sports', 1, true),
    '--source-ports': option('sports', 1, true),
    '--dports': option('dports', 1, true),
    '--destination-ports': option('dports', 1, true),
    '--ports': option('ports', 1, true),
  },
  build: (given, { protocol }) => {
    if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') {
      throw new RuleFault("multiport needs `-p tcp', `-p udp' or `-p sctp'");
    }
    const [name, { values, isNegated }] = onlyOne(given, 'multiport');
    const ranges = (values[0] ?? '').split(',').map((word) => portRange(word, ':'));
    const slots = ranges.reduce((sum, [first, last]) => sum + (first === last ? 1 : 2), 0);
    if (slots > MAX_MULTIPORTS) throw new RuleFault('too many ports specified');
    const text = ranges.map((range) => portRangeText(range, ':')).join(',');
    return {
      text: `-m multiport ${not(isNegated)}--${name} ${text}`,
      matches: ({ sourcePort, destinationPort }) => {
        const asked = [
          ...(name === 'dports' ? [] : [sourcePort]),
          ...(name === 'sports' ? [] : [destinationPort]),
        ];
        const hasOne = asked.some((port) => ranges.some((range) => isIn(port, range)));
        return hasOne !== isNegated;
      },
    };
  },
};

const mark: MatchExtension = {
  options: { '--mark': option('mark', 1, true) },
  build: (given) => {
    const { values, isNegated } = required(given, 'mark', 'mark');
    const { value, mask } = maskedNumber(values[0] ?? '');
    const masked = mask === 0xffff_ffff ? hex(value) : `${hex(value)}/${hex(mask)}`;
    return {
      text: `-m mark ${not(isNegated)}--mark ${masked}`,
      matches: (packet) => ((packet.mark & mask) >>> 0 === value) !== isNegated,
    };
  },
};

/** In the order `iptables-save` prints them. */
const STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED', 'SNAT', 'DNAT'] as const;
type StateWord = ConnectionState | 'SNAT' | 'DNAT';

function connectionStates(matchName: string, optionName: string): MatchExtension {
  return {
    options: { [`--${optionName}`]: option(optionName, 1, true) },
    build: (given) => {
      const { values, isNegated } = required(given, matchName, optionName);
      const asked = new Set<StateWord>();
      for (const word of (values[0] ?? '').split(',')) {
        const state = STATES.find((name) => name === word.toUpperCase());
        if (state === undefined) throw new RuleFault(`Bad ${optionName} "${word}"`);
        asked.add(state);
      }
      const words = STATES.filter((state) => asked.has(state)).join(',');
      return {
        text: `-m ${matchName} ${not(isNegated)}--${optionName} ${words}`,
        matches: (_, { tracked: { state, connection } }) => {
          const has =
            asked.has(state) ||
            (asked.has('DNAT') && !!connection && isDestinationTranslated(connection)) ||
            (asked.has('SNAT') && !!connection && isSourceTranslated(connection));
          return has !== isNegated;
        },
      };
    },
  };
}

const ADDRESS_TYPES = ['LOCAL', 'UNICAST', 'BROADCAST', 'MULTICAST'] as const;

const addrtype: MatchExtension = {
  options: {
    '--src-type': option('src-type', 1, true),
    '--dst-type': option('dst-type', 1, true),
  },
  build: (given) => {
    const conditions = (['src-type', 'dst-type'] as const).flatMap((name) => {
      const { values, isNegated = false } = given.get(name) ?? {};
      if (!values) return [];
      const types = (values[0] ?? '').split(',').map((word) => {
        const type = ADDRESS_TYPES.find((known) => known === word.toUpperCase());
        if (type === undefined) throw new RuleFault(`addrtype: bad type \`${word}'`);
        return type;
      });
      return [{ name, isNegated, types }];
    });
    if (conditions.length === 0) {
      throw new RuleFault('addrtype: you must specify --src-type or --dst-type');
    }
    const words = conditions.map(
      ({ name, isNegated, types }) => ` ${not(isNegated)}--${name} ${types.join(',')}`,
    );
    return {
      text: `-m addrtype${words.join('')}`,
      matches: ({ source, destination }, { world }) =>
        conditions.every(({ name, isNegated, types }) => {
          const ip = name === 'src-type' ? source : destination;
          const type = world.isLocal(ip) ? 'LOCAL' : wideType(ip);
          return types.includes(type) !== isNegated;
        }),
    };
  },
};

function wideType(ip: string): (typeof ADDRESS_TYPES)[number] {
  if (ip === '255.255.255.255') return 'BROADCAST';
  return /^(22[4-9]|23\d)\.|^ff..:/.test(ip) ? 'MULTICAST' : 'UNICAST';
}

/** A probability is a share of this, as in the kernel. */
const WHOLE = 0x8000_0000;

const statistic: MatchExtension = {
  options: {
    '--mode': option('mode'),
    '--probability': option('probability', 1, true),
    '--every': option('every', 1, true),
    '--packet': option('packet'),
  },
  build: (given) => {
    const [mode = ''] = required(given, 'statistic', 'mode').values;
    if (mode === 'random') return randomly(given);
    if (mode === 'nth') return everyNth(given);
    throw new RuleFault(`Bad mode "${mode}"`);
  },
};

function randomly(given: GivenOptions): Match {
  const { values, isNegated } = required(given, 'statistic', 'probability');
  const probability = /^[\d.]+$/.test(values[0] ?? '') ? Number(values[0]) : Number.NaN;
  if (!(probability >= 0 && probability <= 1)) {
    throw new RuleFault(`bad value "${values[0]}" for option "--probability"`);
  }
  const share = Math.round(probability * WHOLE);
  return {
    text: `-m statistic --mode random ${not(isNegated)}--probability ${(share / WHOLE).toFixed(11)}`,
    matches: (_, { world }) => world.random.next() * WHOLE < share !== isNegated,
  };
}

function everyNth(given: GivenOptions): Match {
  const { values, isNegated } = required(given, 'statistic', 'every');
  const every = numberOf(values[0] ?? '');
  const packet = numberOf(given.get('packet')?.values[0] ?? '0');
  if (every === 0 || packet >= every) throw new RuleFault('bad value for option "--packet"');
  let seen = 0;
  return {
    text: `-m statistic --mode nth ${not(isNegated)}--every ${every} --packet ${packet}`,
    matches: () => (seen++ % every === packet) !== isNegated,
  };
}

const set: MatchExtension = {
  options: { '--match-set': option('match-set', 2, true) },
  build: (given) => {
    const { values, isNegated } = required(given, 'set', 'match-set');
    const [name = '', words = ''] = values;
    const directions = words.split(',').map((word): SetDirection => {
      if (word !== 'src' && word !== 'dst') throw new RuleFault(`bad direction \`${word}'`);
      return word;
    });
    return {
      text: `-m set ${not(isNegated)}--match-set ${name} ${words}`,
      matches: (packet, { world }) => {
        const has = world.sets.has(name, packet, directions);
        return has !== undefined && has !== isNegated;
      },
    };
  },
};

/** No packet of this model comes by a port of a bridge: the devices are what they are ports of. */
const physdev: MatchExtension = {
  options: {
    '--physdev-is-in': option('physdev-is-in', 0, true),
    '--physdev-is-out': option('physdev-is-out', 0, true),
    '--physdev-is-bridged': option('physdev-is-bridged', 0, true),
  },
  build: (given) => {
    const [name, { isNegated }] = onlyOne(given, 'physdev');
    return { text: `-m physdev ${not(isNegated)}--${name}`, matches: () => isNegated };
  },
};

/** No packet of this model is one that IPVS sends on. */
const ipvs: MatchExtension = {
  options: {
    '--vaddr': option('vaddr', 1, true),
    '--vproto': option('vproto', 1, true),
    '--vport': option('vport', 1, true),
  },
  build: (given) => {
    const words = [...given].map(
      ([name, { values, isNegated }]) => ` ${not(isNegated)}--${name} ${values[0]}`,
    );
    return { text: `-m ipvs${words.join('')}`, matches: () => false };
  },
};

/** The matches of this model, by name. */
export const MATCH_EXTENSIONS: Readonly<Record<string, MatchExtension>> = {
  comment,
  tcp: portsOf('tcp'),
  udp: portsOf('udp'),
  sctp: portsOf('sctp'),
  multiport,
  mark,
  conntrack: connectionStates('conntrack', 'ctstate'),
  state: connectionStates('state', 'state'),
  addrtype,
  statistic,
  recent: recentMatch,
  set,
  physdev,
  ipvs,
};

function required(given: GivenOptions, match: string, name: string) {
  const found = given.get(name);
  if (found === undefined) throw new RuleFault(`${match}: option "--${name}" must be specified`);
  return found;
}

function onlyOne(given: GivenOptions, match: string) {
  const [first, ...rest] = given;
  if (first === undefined || rest.length > 0) {
    throw new RuleFault(`${match}: exactly one option must be specified`);
  }
  return first;
}
