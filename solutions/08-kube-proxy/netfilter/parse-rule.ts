/**
 * Reads the words of a rule, `-s 10.0.0.0/8 -m tcp -p tcp --dport 80 -j ACCEPT`. Given.
 *
 * Words of a line are `rule-words.ts`; what extensions know is in their tables.
 */

import type { IpFamily } from '../services/service-port.ts';
import { parseAddressRange } from './address-range.ts';
import { MATCH_EXTENSIONS } from './match-extensions.ts';
import type { PacketProtocol } from './packet.ts';
import type { Match, Rule, Target } from './rule.ts';
import {
  type GivenOption,
  type MatchExtension,
  not,
  type OptionSpec,
  RuleFault,
  type TargetExtension,
} from './rule-options.ts';
import { TARGET_EXTENSIONS } from './target-extensions.ts';

const PROTOCOLS: Readonly<Record<string, PacketProtocol>> = {
  tcp: 'tcp',
  udp: 'udp',
  sctp: 'sctp',
  icmp: 'icmp',
  icmpv6: 'icmpv6',
  'ipv6-icmp': 'icmpv6',
  '6': 'tcp',
  '17': 'udp',
  '132': 'sctp',
  '1': 'icmp',
  '58': 'icmpv6',
};

/** Heads of rules, by what their spellings share. */
const HEADS: Readonly<Record<string, string>> = {
  '-s': '-s',
  '--source': '-s',
  '--src': '-s',
  '-d': '-d',
  '--destination': '-d',
  '--dst': '-d',
  '-i': '-i',
  '--in-interface': '-i',
  '-o': '-o',
  '--out-interface': '-o',
  '-p': '-p',
  '--protocol': '-p',
  '--proto': '-p',
};

/** An extension of a rule, and the options of it that were given. */
interface Loaded<E> {
  readonly name: string;
  readonly extension: E;
  readonly given: Map<string, GivenOption>;
}

/** What has been read of a rule. */
interface Draft {
  readonly heads: Map<string, GivenOption>;
  readonly matches: Loaded<MatchExtension>[];
  target?: Loaded<TargetExtension> | { readonly kind: 'jump' | 'goto'; readonly chain: string };
}

/**
 * Makes a rule of words.
 *
 * @param words - what follows `-A CHAIN`
 * @param isChain - is there a user's chain of this name in the table?
 * @throws RuleFault
 */
export function parseRule(
  words: readonly string[],
  family: IpFamily,
  isChain: (name: string) => boolean,
): Rule {
  const draft: Draft = { heads: new Map(), matches: [] };
  let isNegated = false;
  for (let i = 0; i < words.length; ) {
    const word = words[i] ?? '';
    i++;
    if (word === '!') {
      if (isNegated) throw new RuleFault("Multiple `!' flags not allowed");
      isNegated = true;
      continue;
    }
    const take = (): string => {
      const value = words[i++];
      if (value === undefined) throw new RuleFault(`option "${word}" requires an argument`);
      return value;
    };
    readOption(draft, word, isNegated, take, isChain);
    isNegated = false;
  }
  if (isNegated) throw new RuleFault("`!' at the end of a rule");
  return build(draft, family);
}

function readOption(
  draft: Draft,
  word: string,
  isNegated: boolean,
  take: () => string,
  isChain: (name: string) => boolean,
): void {
  const head = HEADS[word];
  if (head !== undefined) {
    if (draft.heads.has(head)) throw new RuleFault(`multiple ${head} flags not allowed`);
    draft.heads.set(head, { values: [take()], isNegated });
    return;
  }
  const spec = optionOf(draft, word);
  if (spec === undefined && isNegated) throw new RuleFault(`unexpected ! flag before ${word}`);
  if (word === '-m' || word === '--match') loadMatch(draft, take());
  else if (word === '-j' || word === '--jump' || word === '-g' || word === '--goto') {
    setTarget(draft, word.replace(/^--?(.).*/, '$1'), take(), isChain);
  } else if (word === '-c' || word === '--set-counters') {
    take();
    take();
  } else if (spec === undefined) {
    throw new RuleFault(
      word.startsWith('-') ? `unknown option "${word}"` : `Bad argument \`${word}'`,
    );
  } else {
    if (isNegated && !spec.isNegatable) throw new RuleFault(`unexpected ! flag before ${word}`);
    if (spec.given.has(spec.name)) throw new RuleFault(`option "${word}" cannot be given twice`);
    const values = Array.from({ length: spec.values }, take);
    spec.given.set(spec.name, { values, isNegated });
  }
}

function loadMatch(draft: Draft, name: string): Loaded<MatchExtension> {
  const extension = MATCH_EXTENSIONS[name];
  if (extension === undefined) {
    throw new RuleFault(`Couldn't load match \`${name}': no match of this model`);
  }
  const loaded = { name, extension, given: new Map() };
  draft.matches.push(loaded);
  return loaded;
}

function setTarget(draft: Draft, how: string, name: string, isChain: (name: string) => boolean) {
  if (draft.target) throw new RuleFault(`multiple -${how} flags not allowed`);
  const extension = TARGET_EXTENSIONS[name];
  if (extension && how === 'j') draft.target = { name, extension, given: new Map() };
  else if (isChain(name)) draft.target = { kind: how === 'g' ? 'goto' : 'jump', chain: name };
  else {
    throw new RuleFault(
      /^[A-Z]+$/.test(name)
        ? `Couldn't load target \`${name}': no target of this model, nor a chain`
        : `Chain '${name}' does not exist`,
    );
  }
}

/** An option of the target, or of the match that was named last and has it. */
function optionOf(
  draft: Draft,
  word: string,
): (OptionSpec & { given: Map<string, GivenOption> }) | undefined {
  const { target, matches } = draft;
  if (target && 'extension' in target) {
    const spec = target.extension.options[word];
    if (spec) return { ...spec, given: target.given };
  }
  for (const { extension, given } of [...matches].reverse()) {
    const spec = extension.options[word];
    if (spec) return { ...spec, given };
  }
  // `-p tcp --dport 80` has no `-m tcp` and means it.
  const protocol = PROTOCOLS[draft.heads.get('-p')?.values[0]?.toLowerCase() ?? ''] ?? '';
  const implied = MATCH_EXTENSIONS[protocol]?.options[word];
  if (implied === undefined || matches.some(({ name }) => name === protocol)) return undefined;
  return { ...implied, given: loadMatch(draft, protocol).given };
}

function build(draft: Draft, family: IpFamily): Rule {
  const { heads, matches: loaded } = draft;
  const source = addressMatch('-s', heads.get('-s'), family);
  const destination = addressMatch('-d', heads.get('-d'), family);
  const protocol = protocolOf(heads.get('-p'));
  const isPlain = protocol && !protocol.isNegated;
  const head = { family, protocol: isPlain ? protocol.name : undefined };
  const matches: Match[] = [
    ...[source?.match, destination?.match].filter((match) => match !== undefined),
    ...deviceMatches(heads),
    ...(protocol ? [protocol.match] : []),
    ...loaded.map(({ extension, given }) => extension.build(given, head)),
  ];
  const { text, target } = buildTarget(draft.target, head);
  const port = loaded
    .map(({ given }) => given.get('dport'))
    .find((given) => given && !given.isNegated && /^\d+$/.test(given.values[0] ?? ''));
  return {
    text: [...matches.map((match) => match.text), text].filter((word) => word !== '').join(' '),
    matches,
    target,
    ...(destination?.single !== undefined && { destination: destination.single }),
    ...(port && { destinationPort: Number(port.values[0]) }),
  };
}

function buildTarget(
  target: Draft['target'],
  head: Parameters<TargetExtension['build']>[1],
): { text: string; target: Target } {
  if (target === undefined) return { text: '', target: { kind: 'none' } };
  if ('extension' in target) return target.extension.build(target.given, head);
  return { text: `-${target.kind === 'goto' ? 'g' : 'j'} ${target.chain}`, target };
}

function addressMatch(flag: '-s' | '-d', given: GivenOption | undefined, family: IpFamily) {
  if (given === undefined) return undefined;
  const [written = ''] = given.values;
  const range = parseAddressRange(written, family);
  if (range === undefined) throw new RuleFault(`host/network \`${written}' not found`);
  const { isNegated } = given;
  const match: Match = {
    text: `${not(isNegated)}${flag} ${range.text}`,
    matches: (packet) =>
      range.contains(flag === '-s' ? packet.source : packet.destination) !== isNegated,
  };
  // Everything is in a range of all addresses: `iptables-save` does not print it.
  if (range.text.endsWith('/0') && !isNegated) return undefined;
  return { match, single: isNegated ? undefined : range.single };
}

function deviceMatches(heads: Draft['heads']): Match[] {
  return (['-i', '-o'] as const).flatMap((flag) => {
    const given = heads.get(flag);
    if (given === undefined) return [];
    const [name = ''] = given.values;
    const { isNegated } = given;
    // `eth+` is every device whose name begins so; an empty name is no device at all.
    const prefix = name.endsWith('+') ? name.slice(0, -1) : undefined;
    return {
      text: `${not(isNegated)}${flag} ${name}`,
      matches: (_, context) => {
        const device = flag === '-i' ? context.in : context.out;
        const fits = prefix === undefined ? device === name : device.startsWith(prefix);
        return fits !== isNegated;
      },
    };
  });
}

function protocolOf(given: GivenOption | undefined) {
  const [written = ''] = given?.values ?? [];
  if (given === undefined || written === 'all' || written === '0') return undefined;
  const name = PROTOCOLS[written.toLowerCase()];
  if (name === undefined) throw new RuleFault(`unknown protocol "${written}" specified`);
  const { isNegated } = given;
  const match: Match = {
    text: `${not(isNegated)}-p ${name === 'icmpv6' ? 'ipv6-icmp' : name}`,
    matches: (packet) => (packet.protocol === name) !== isNegated,
  };
  return { name, isNegated, match };
}
