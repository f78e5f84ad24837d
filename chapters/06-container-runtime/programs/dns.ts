/** Looking names up, as a C library does: `/etc/hosts`, then the servers of `/etc/resolv.conf`. Given. */

import type { Process } from '../kernel/process.ts';

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
  const config = resolverConfig(process);
  for (const name of candidates(host, config)) {
    for (const server of config.servers) {
      const addresses = await ask(process, server, name);
      if (addresses !== undefined && addresses.length > 0) return { server, name, addresses };
    }
  }
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

async function ask(process: Process, server: string, name: string): Promise<string[] | undefined> {
  try {
    const connection = await process.dial(server, 53, 'UDP');
    try {
      await connection.output.write(query(name));
      const late = process.sleep(TIMEOUT_MS).then(() => undefined);
      const answer = await Promise.race([process.wait(connection.input.read()), late]);
      return answer && addressesIn(answer);
    } finally {
      connection.close();
    }
  } catch (error) {
    if (process.status) throw error;
    return undefined;
  }
}

function query(name: string): Uint8Array {
  const labels = name
    .split('.')
    .flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  return Uint8Array.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1]);
}

/** The A records of an answer. */
function addressesIn(answer: Uint8Array): string[] {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  if (answer.length < 12) return [];
  let at = 12;
  for (let i = 0; i < view.getUint16(4); i++) at = afterName(answer, at) + 4;
  const found: string[] = [];
  for (let i = 0; i < view.getUint16(6) && at < answer.length; i++) {
    at = afterName(answer, at);
    const [type, length] = [view.getUint16(at), view.getUint16(at + 8)];
    if (type === 1 && length === 4) found.push(answer.slice(at + 10, at + 14).join('.'));
    at += 10 + length;
  }
  return found;
}

function afterName(answer: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const length = answer[at] ?? 0;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += length + 1;
  }
}
