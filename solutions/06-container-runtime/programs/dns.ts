/** Looking names up, as a C library does: `/etc/hosts`, then the servers of `/etc/resolv.conf`. Given. */

import type { Process } from '../kernel/process.ts';
import { type DnsRecord, question, type RecordType, recordsIn } from './dns-records.ts';

/** What could be found out. */
export interface Resolution {
  /** The server that answered; empty for `/etc/hosts`. */
  readonly server: string;
  /** The name in full. */
  readonly name: string;
  readonly addresses: readonly string[];
}

/** Thrown when a name has no address. */
export class NameError extends Error {
  override readonly name = 'NameError';
  constructor(host: string) {
    super(`bad address '${host}'`);
  }
}

interface ResolverConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly ndots: number;
}

const TIMEOUT_MS = 5000;

/** The address of a host. @throws NameError */
export async function resolveHost(process: Process, host: string): Promise<string> {
  const [address] = (await resolve(process, host)).addresses;
  if (address === undefined) throw new NameError(host);
  return address;
}

/** All addresses of a host. @throws NameError */
export async function resolve(process: Process, host: string): Promise<Resolution> {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return { server: '', name: host, addresses: [host] };
  const known = hostsFile(process, host);
  if (known !== undefined) return { server: '', name: host, addresses: [known] };
  const records = (await lookUp(process, host, 'A')) ?? [];
  const addresses = records.flatMap(({ type, value }) => (type === 'A' ? value : []));
  const [{ name } = { name: host }] = records;
  const [server = ''] = resolverConfig(process).servers;
  if (addresses.length > 0) return { server, name, addresses };
  throw new NameError(host);
}

/** What `/etc/resolv.conf` says. */
export function resolverConfig(process: Process): ResolverConfig {
  const lines = textOf(process, '/etc/resolv.conf')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const servers = lines.filter(([word]) => word === 'nameserver').map(([, server = '']) => server);
  const searches = lines.filter(([word]) => word === 'search').flatMap(([, ...names]) => names);
  const ndots = lines
    .flat()
    .find((word) => word.startsWith('ndots:'))
    ?.slice(6);
  return { servers, searches, ndots: Number(ndots ?? 1) };
}

/** Names with few dots are tried with the search domains first. */
function candidates(host: string, { searches, ndots }: ResolverConfig): string[] {
  if (host.endsWith('.')) return [host.slice(0, -1)];
  const searched = searches.map((domain) => `${host}.${domain}`);
  return host.split('.').length - 1 >= ndots ? [host, ...searched] : [...searched, host];
}

function hostsFile(process: Process, host: string): string | undefined {
  for (const line of textOf(process, '/etc/hosts').split('\n')) {
    const [address, ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    if (names.includes(host)) return address;
  }
  return undefined;
}

function textOf(process: Process, path: string): string {
  return process.files.stat(path) ? new TextDecoder().decode(process.files.readFile(path)) : '';
}

/**
 * Asks the servers of `/etc/resolv.conf` for records, with the search domains.
 *
 * @returns records, or `undefined` when no name has any
 */
export async function lookUp(
  process: Process,
  host: string,
  type: RecordType,
): Promise<DnsRecord[] | undefined> {
  const config = resolverConfig(process);
  for (const name of candidates(host, config)) {
    for (const server of config.servers) {
      const records = await ask(process, server, name, type);
      if (records !== undefined && records.length > 0) return records;
    }
  }
  return undefined;
}

/** @returns `undefined` when the server does not answer */
async function ask(
  process: Process,
  server: string,
  name: string,
  type: RecordType,
): Promise<DnsRecord[] | undefined> {
  try {
    const connection = await process.dial(server, 53, 'UDP');
    try {
      await connection.output.write(question(name, type));
      const late = process.sleep(TIMEOUT_MS).then(() => undefined);
      const answer = await Promise.race([process.wait(connection.input.read()), late]);
      return answer && recordsIn(answer);
    } finally {
      connection.close();
    }
  } catch (error) {
    if (process.status) throw error;
    return undefined;
  }
}
