/**
 * A packet's way as text: every rule it met and why, what was changed, the verdict. Given.
 *
 * What `npm run trace` prints.
 */

import { endpointAddress } from '../services/endpoint.ts';
import type { Journey, RuleStep, Step } from './journey.ts';
import type { Packet, Tuple } from './packet.ts';
import type { Rule, Target } from './rule.ts';

/**
 * Lines for people.
 *
 * @remarks Chains are indented as deep as they were jumped to. A built-in chain whose policy let the
 * packet through without a rule is not shown.
 *
 * @param packet - as it was sent
 */
export function traceText(packet: Packet, journey: Journey): string[] {
  const lines = [describePacket(packet)];
  let place = '';
  let state = 'INVALID';
  for (const step of journey.steps) {
    if (step.kind === 'track') state = step.state;
    const at = placeOfStep(step);
    if (at !== undefined && at !== place) {
      place = at;
      lines.push(at);
    }
    lines.push(...describeStep(step, state).map((line) => `  ${line}`));
  }
  return [...lines, verdictLine(journey)];
}

function describePacket(packet: Packet): string {
  return `${wayText(packet)} ${packet.protocol}${packet.mark === 0 ? '' : `, mark ${hex(packet.mark)}`}`;
}

function wayText({ source, sourcePort, destination, destinationPort }: Tuple): string {
  const from = endpointAddress({ ip: source, port: sourcePort });
  return `${from} → ${endpointAddress({ ip: destination, port: destinationPort })}`;
}

/** The heading a step stands under; `undefined` when it is not worth one. */
export function placeOfStep(step: Step): string | undefined {
  if (step.kind === 'rule') return `${step.hook}, table ${step.table}`;
  if (step.kind === 'nat') return `${step.hook}, table nat`;
  if (step.kind === 'policy') {
    return step.verdict === 'drop' ? `${step.hook}, table ${step.table}` : undefined;
  }
  return step.kind === 'track' ? 'connection tracking' : 'routing';
}

/**
 * A step in words: no line when it is not worth one.
 *
 * @param state - what connection tracking said of the packet before: `NEW`
 */
export function describeStep(step: Step, state: string): string[] {
  switch (step.kind) {
    case 'rule':
      return [ruleLine(step, state)];
    case 'policy':
      return step.verdict === 'drop' ? ['policy: drop'] : [];
    case 'track': {
      const back = step.direction === 'reply' ? ', on its way back' : '';
      return [`${step.state}${back}`];
    }
    case 'nat':
      return [natLine(step)];
    case 'route': {
      const device = step.out === '' ? '' : `, by device ${step.out}`;
      return [`${step.isLocal ? 'for this node' : 'for others'}${device}`];
    }
  }
}

function ruleLine({ depth, chain, number, rule, packet }: RuleStep, state: string): string {
  const why = rule.matches.flatMap((match) => reason(match.text, packet, state)).join(', ');
  const comment = commentOf(rule);
  const what = effect(rule.target, packet);
  const note = comment === undefined ? '' : `  # ${comment}`;
  return `${'  '.repeat(depth)}${chain} ${number}: ${why || 'every packet'} → ${what}${note}`;
}

function natLine({ side, before, after }: Extract<Step, { kind: 'nat' }>): string {
  const [from, to] =
    side === 'source'
      ? [before.source, after.source].map((ip, i) => [ip, [before, after][i]?.sourcePort] as const)
      : [before.destination, after.destination].map(
          (ip, i) => [ip, [before, after][i]?.destinationPort] as const,
        );
  const text = ([ip = '', port = 0]: readonly [string?, number?] = []) =>
    endpointAddress({ ip, port });
  return `= ${side} ${text(from)} becomes ${text(to)}`;
}

function verdictLine({ verdict, rejectWith, packet, isLocal, out }: Journey): string {
  if (verdict === 'drop') return 'verdict: drop; the sender hears nothing';
  if (verdict === 'reject') return `verdict: reject; the sender hears ${rejectWith}`;
  const end = isLocal ? 'arrives' : `leaves by ${out}`;
  return `verdict: accept; ${end}: ${wayText(packet)}`;
}

function effect(target: Target, packet: Packet): string {
  switch (target.kind) {
    case 'jump':
      return target.chain;
    case 'goto':
      return `${target.chain}, not to come back`;
    case 'mark': {
      const mark = ((packet.mark & ~target.mask) ^ target.value) >>> 0;
      return `mark ${hex(packet.mark)} becomes ${hex(mark)}`;
    }
    case 'reject':
      return `REJECT with ${target.with}`;
    case 'none':
      return 'on';
    case 'untrack':
      return 'not tracked';
    case 'dnat':
    case 'snat': {
      const { addresses, ports } = target.range;
      const ip = addresses?.[0] === addresses?.[1] ? addresses?.[0] : addresses?.join('-');
      const port = ports?.[0] === ports?.[1] ? ports?.[0] : ports?.join('-');
      const place = [ip, port].filter((part) => part !== undefined).join(' port ');
      return `${target.kind.toUpperCase()} to ${place}`;
    }
    default:
      return target.kind.toUpperCase();
  }
}

function commentOf(rule: Rule): string | undefined {
  const texts = rule.matches.flatMap(({ text }) => {
    const [, comment] = /^-m comment --comment (.*)$/.exec(text) ?? [];
    return comment === undefined ? [] : comment.replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1');
  });
  return texts.length > 0 ? texts.join('; ') : undefined;
}

/** A match in words; `$1` and so on are parts of its text. */
type Wording = readonly [
  pattern: RegExp,
  words: (parts: string[], packet: Packet, state: string) => string,
];

const no = (mark: string | undefined): string => (mark === '! ' ? 'not ' : '');

const WORDINGS: readonly Wording[] = [
  [/^(! )?-s (.*)$/, ([bang, range]) => `${no(bang)}from ${range}`],
  [/^(! )?-d (.*)$/, ([bang, range]) => `${no(bang)}to ${range}`],
  [/^(! )?-i (.*)$/, ([bang, device]) => `${no(bang)}in by ${device}`],
  [/^(! )?-o (.*)$/, ([bang, device]) => `${no(bang)}out by ${device}`],
  [/^(! )?-p (.*)$/, ([bang, protocol]) => `${no(bang)}${protocol}`],
  [/^-m (?:tcp|udp|sctp) (! )?--dport (\S+)$/, ([bang, port]) => `${no(bang)}port ${port}`],
  [/^-m (?:tcp|udp|sctp) (! )?--sport (\S+)$/, ([bang, port]) => `${no(bang)}from port ${port}`],
  [/^-m multiport (! )?--\w+ (\S+)$/, ([bang, ports]) => `${no(bang)}a port of ${ports}`],
  [
    /^-m mark (! )?--mark (\S+)$/,
    ([bang, mark], packet) => `mark ${hex(packet.mark)} is ${no(bang)}${mark}`,
  ],
  [
    /^-m (?:conntrack|state) (! )?--\w+ (\S+)$/,
    ([bang, states], _, state) => `${state} is ${no(bang)}of ${states}`,
  ],
  [
    /^-m addrtype (! )?--(src|dst)-type (\S+)$/,
    ([bang, side, type], { source, destination }) =>
      `${side === 'src' ? source : destination} is ${no(bang)}${type}`,
  ],
  [
    /^-m statistic --mode random (! )?--probability (\S+)$/,
    ([bang, chance]) => `${no(bang)}by chance of ${Number(chance).toFixed(3)}`,
  ],
  [/^-m statistic --mode nth (! )?--every (\d+) .*$/, ([, every]) => `one of ${every} in turn`],
  [/^-m recent --set .*--name (\S+).*$/, ([name], { source }) => `${source} noted in ${name}`],
  [
    /^-m recent (! )?--(?:rcheck|update)(?: --seconds (\d+))?.*--name (\S+).*$/,
    ([bang, seconds, name], { source }) =>
      `${source} ${no(bang)}in ${name}${seconds === '' ? '' : ` within ${seconds} s`}`,
  ],
  [
    /^-m set (! )?--match-set (\S+) (\S+)$/,
    ([bang, name, parts]) => `${parts} ${no(bang)}in ${name}`,
  ],
];

function reason(text: string, packet: Packet, state: string): string[] {
  // What is said by `-p`, or is a comment.
  if (/^-m (tcp|udp|sctp)$|^-m comment /.test(text)) return [];
  for (const [pattern, words] of WORDINGS) {
    const found = pattern.exec(text);
    if (found)
      return [
        words(
          found.slice(1).map((part) => part ?? ''),
          packet,
          state,
        ),
      ];
  }
  return [text];
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
