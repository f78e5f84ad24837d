/**
 * The program behind `npm run trace`: loads rules into the model and sends one packet through. Given.
 *
 * Rules come as `iptables-save` prints them or as a kube-proxy feeds them to `iptables-restore`.
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { RealClock, seededRandom } from '#apimachinery';
import { IPTABLES_JUMPS, IPVS_JUMPS, type Jump, jumpsText } from '../appliers/jumps.ts';
import { readAddress } from '../netfilter/connect.ts';
import { Netfilter } from '../netfilter/netfilter.ts';
import type { Packet } from '../netfilter/packet.ts';
import { traceText } from '../netfilter/trace-text.ts';

const USAGE =
  'usage: npm run trace -- --rules FILE --from IP[:PORT] --to IP:PORT[/tcp|udp|sctp]\n' +
  '  --rules FILE        rules, as iptables-save prints or a kube-proxy feeds them (- for standard input)\n' +
  '  --sets FILE         sets they look into, as ipset save prints them\n' +
  '  --from-host         the packet is sent by the node itself\n' +
  '  --local-address IP  an address of the node; may be repeated, the first is shown to others\n' +
  '  --seed N            another number, another chance (1)\n' +
  '  --ref               the model of the reference, not yours';

/** An address nobody else has where the rules do not care. */
const USUAL_ADDRESS = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' } as const;
const FIRST_PORT = 40_000;

function main(args: readonly string[]): number {
  try {
    for (const line of trace(args)) console.log(line);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

/** The command line makes no sense. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

function trace(args: readonly string[]): string[] {
  if (args.includes('--help') || args.includes('-h')) return [USAGE];
  const { values } = readFlags(args);
  const { rules, to = '', from = '' } = values;
  if (rules === undefined || to === '' || from === '') throw new UsageError(USAGE);
  const [address = '', protocolText = 'tcp'] = to.split('/');
  const protocol = (['tcp', 'udp', 'sctp'] as const).find((name) => name === protocolText);
  if (protocol === undefined) throw new UsageError(`${to}: the protocol is tcp, udp or sctp`);
  const family = /^\d+\./.test(from) ? 'IPv4' : 'IPv6';
  const [source, destination] = [readAddress(from, family), readAddress(address, family)];
  if (destination.port === undefined) throw new UsageError(`${to}: which port? ${address}:80/tcp`);
  const isFromHost = values['from-host'] ?? false;
  const local = values['local-address'] ?? [isFromHost ? source.ip : USUAL_ADDRESS[family]];
  const node = new Netfilter({
    family,
    localAddresses: local,
    clock: new RealClock(),
    random: seededRandom(values.seed ?? '1'),
  });
  const text = readText(rules);
  if (values.sets !== undefined) node.restoreSets(readText(values.sets));
  const added = missingJumps(text);
  node.restore(jumpsText(added), { noflush: true });
  node.restore(text, { noflush: true });
  const packet: Packet = {
    protocol,
    source: source.ip,
    sourcePort: source.port ?? FIRST_PORT,
    destination: destination.ip,
    destinationPort: destination.port,
    mark: 0,
  };
  const journey = node.send(packet, isFromHost ? 'OUTPUT' : 'PREROUTING');
  const note = `(the text has no rule in a built-in chain: ${added.length} jumps of kube-proxy's added)`;
  return [...(added.length > 0 ? [note] : []), ...traceText(packet, journey)];
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rules: { type: 'string' },
        sets: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        'from-host': { type: 'boolean' },
        'local-address': { type: 'string', multiple: true },
        seed: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch {
    throw new UsageError(`cannot read ${path}`);
  }
}

/**
 * What a kube-proxy feeds has no rule in the kernel's own chains: it makes sure of those apart.
 *
 * @returns jumps to the chains the text has; none when it has rules in built-in chains
 */
function missingJumps(text: string): Jump[] {
  if (/^(\[\d+:\d+\] )?-[AI] (PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) /m.test(text)) return [];
  const tables = new Map<string, string>();
  for (const part of text.split(/^\*/m)) tables.set(/^\w*/.exec(part)?.[0] ?? '', part);
  const isIpvs = text.includes('KUBE-IPVS-FILTER');
  return (isIpvs ? IPVS_JUMPS : IPTABLES_JUMPS).filter(({ table, to }) =>
    tables.get(table)?.includes(`\n:${to} `),
  );
}

process.exitCode = main(process.argv.slice(2));
