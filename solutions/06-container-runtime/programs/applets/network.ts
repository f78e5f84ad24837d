/** Commands about the network: `wget`, `curl`, `nslookup`, `nc`. Given. */

import { DialError } from '#apimachinery';
import type { Process } from '../../kernel/process.ts';
import type { Connection } from '../../network/connection.ts';
import { lookUp, NameError, resolveHost, resolverConfig } from '../dns.ts';
import { type DnsRecord, recordType } from '../dns-records.ts';
import { type HttpResponse, httpCall, reasonPhrase, serveHttp } from '../http.ts';
import { absolute } from '../shell/pattern.ts';
import { type Applet, encode, options } from './applet.ts';
import { baseName } from './files.ts';

interface Target {
  readonly url: URL;
  readonly ip: string;
}

async function targetOf(process: Process, text: string): Promise<Target> {
  const url = new URL(/^\w+:\/\//.test(text) ? text : `http://${text}`);
  return { url, ip: await resolveHost(process, url.hostname) };
}

async function fetchUrl(
  process: Process,
  text: string,
  more: {
    method?: string;
    headers?: Record<string, string>;
    body?: Uint8Array;
    /** Whom to trust, as PEM; absent: anybody. */
    authorities?: string;
  } = {},
  redirects = 5,
): Promise<HttpResponse> {
  const { url, ip } = await targetOf(process, text);
  const port = portOf(url);
  const { authorities, ...rest } = more;
  const response = await httpCall(process, {
    ip,
    port,
    host: url.host,
    target: url.pathname + url.search,
    ...rest,
    ...(url.protocol === 'https:' && { secure: { serverName: url.hostname, authorities } }),
  });
  const location = response.headers.get('location');
  if (location === undefined || response.status < 300 || response.status > 399 || redirects === 0)
    return response;
  return fetchUrl(process, new URL(location, url).href, more, redirects - 1);
}

function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === 'https:' ? 443 : 80));
}

/** Gives up after so many seconds. */
async function within<T>(process: Process, seconds: number, promise: Promise<T>): Promise<T> {
  if (!(seconds > 0)) return promise;
  const late = process.sleep(seconds * 1000).then(() => Promise.reject(new Error('timed out')));
  late.catch(() => {});
  return Promise.race([promise, late]);
}

const wget: Applet = async (process, args) => {
  const { flags, values, rest } = options(args.map(plainOption), 'OTYt');
  const isQuiet = flags.has('q');
  const [text = ''] = rest;
  const say = (line: string) => (isQuiet ? Promise.resolve() : process.writeError(line));
  try {
    const { url, ip } = await targetOf(process, text);
    await say(`Connecting to ${url.host} (${ip}:${portOf(url)})\n`);
    const response = await within(process, Number(values.get('T') ?? 0), fetchUrl(process, text));
    if (response.status >= 400) {
      await process.writeError(
        `wget: server returned error: HTTP/1.1 ${response.status} ${reasonPhrase(response.status)}\n`,
      );
      return 1;
    }
    if (flags.has('--spider')) {
      await say('remote file exists\n');
      return 0;
    }
    const path = values.get('O') ?? (baseName(url.pathname) || 'index.html');
    if (path === '-') await process.write(response.body);
    else {
      process.files.writeFile(absolute(process, path), response.body);
      await say(`saving to '${path}'\n'${path}' saved\n`);
    }
    return 0;
  } catch (error) {
    await process.writeError(`wget: ${wgetMessage(error, text)}\n`);
    return 1;
  }
};

function plainOption(arg: string): string {
  if (arg.startsWith('--timeout=')) return `-T${arg.slice(10)}`;
  if (arg.startsWith('--output-document=')) return `-O${arg.slice(18)}`;
  return arg === '--quiet' ? '-q' : arg;
}

function wgetMessage(error: unknown, text: string): string {
  if (error instanceof NameError) return error.message;
  if (!(error instanceof Error) || error.name === 'ProcessEnded') throw error;
  if (error.message === 'timed out') return 'download timed out';
  if (!(error instanceof DialError)) return error.message;
  const host = text.replace(/^\w+:\/\//, '').split('/')[0] ?? '';
  return `can't connect to remote host (${host}): ${dialMessage(error)}`;
}

function dialMessage({ failure }: DialError): string {
  return {
    refused: 'Connection refused',
    unreachable: 'No route to host',
    timeout: 'Connection timed out',
  }[failure];
}

const curl: Applet = async (process, args) => {
  const given = args.map(curlOption);
  const { flags, values, rest } = options(given, 'oXHdmwAuE');
  const headers: Record<string, string> = Object.fromEntries(
    given
      .filter((_, i) => given[i - 1] === '-H')
      .map((one) => [one.slice(0, one.indexOf(':')), one.slice(one.indexOf(':') + 1).trim()]),
  );
  headers['User-Agent'] ??= values.get('A') ?? 'curl/8.10.1';
  const user = values.get('u');
  if (user !== undefined) headers.Authorization = `Basic ${btoa(user)}`;
  const data = values.get('d');
  const method = flags.has('I')
    ? 'HEAD'
    : (values.get('X') ?? (data === undefined ? 'GET' : 'POST'));
  const [text = ''] = rest;
  try {
    const authorities = flags.has('k') ? undefined : trusted(process, values.get('E'));
    const call = fetchUrl(
      process,
      text,
      {
        method,
        headers,
        ...(data !== undefined && { body: encode(data) }),
        ...(authorities !== undefined && { authorities }),
      },
      flags.has('L') ? 10 : 0,
    );
    const response = await within(process, Number(values.get('m') ?? 0), call);
    if (response.status >= 400 && flags.has('f')) {
      if (!flags.has('s') || flags.has('S'))
        await process.writeError(
          `curl: (22) The requested URL returned error: ${response.status}\n`,
        );
      return 22;
    }
    if (flags.has('i') || flags.has('I')) {
      const lines = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`);
      await process.write(
        `HTTP/1.1 ${response.status} ${reasonPhrase(response.status)}\r\n${lines.join('')}\r\n`,
      );
    }
    const path = values.get('o');
    if (path === undefined) await process.write(response.body);
    else process.files.writeFile(absolute(process, path), response.body);
    const format = values.get('w');
    if (format !== undefined)
      await process.write(
        format.replaceAll('%{http_code}', String(response.status)).replaceAll('\\n', '\n'),
      );
    return 0;
  } catch (error) {
    return curlFailure(process, error, text, flags.has('s') && !flags.has('S'));
  }
};

/** Whom curl trusts: what it is told, or nobody. @throws FileError when the file is not there */
function trusted(process: Process, path: string | undefined): string {
  if (path === undefined) return '';
  return new TextDecoder().decode(process.files.readFile(absolute(process, path)));
}

function curlOption(arg: string): string {
  const short: Record<string, string> = {
    '--silent': '-s',
    '--fail': '-f',
    '--request': '-X',
    '--header': '-H',
    '--data': '-d',
    '--head': '-I',
    '--max-time': '-m',
    '--connect-timeout': '-m',
    '--output': '-o',
    '--write-out': '-w',
    '--location': '-L',
    '--include': '-i',
    '--insecure': '-k',
    '--user': '-u',
    '--user-agent': '-A',
    '--show-error': '-S',
    // There is no letter for it; `-E` is not for anything else here.
    '--cacert': '-E',
  };
  return short[arg] ?? arg;
}

async function curlFailure(
  process: Process,
  error: unknown,
  text: string,
  isSilent: boolean,
): Promise<number> {
  if (!(error instanceof Error) || error.name === 'ProcessEnded') throw error;
  const url = new URL(/^\w+:\/\//.test(text) ? text : `http://${text}`);
  const [status, message] = curlFault(error, url);
  if (!isSilent) await process.writeError(`curl: (${status}) ${message}\n`);
  return status;
}

function curlFault(error: Error, url: URL): readonly [status: number, message: string] {
  const { hostname, protocol } = url;
  if (error instanceof NameError) return [6, `Could not resolve host: ${hostname}`];
  if (error.message === 'timed out') return [28, 'Operation timed out'];
  if (protocol === 'https:' && !(error instanceof DialError)) {
    return [60, `SSL certificate problem: ${error.message}`];
  }
  const where = `${hostname} port ${portOf(url)}`;
  return [7, `Failed to connect to ${where} after 0 ms: Couldn't connect to server`];
}

/** `nslookup [-type=SRV] NAME`; an address is looked up the other way round. */
const nslookup: Applet = async (process, args) => {
  const named = /^-(?:type|query|q|qt)=(\w+)$/i;
  const asked = args.map((arg) => named.exec(arg)?.[1]).find((word) => word !== undefined);
  const [host = ''] = args.filter((arg) => !arg.startsWith('-'));
  const [server = '127.0.0.1'] = resolverConfig(process).servers;
  const reversed = reverseName(host);
  const type = recordType(asked ?? (reversed === undefined ? 'A' : 'PTR'));
  if (type === undefined) {
    await process.writeError(`nslookup: invalid query type: ${asked}\n`);
    return 1;
  }
  await process.write(`Server:\t\t${server}\nAddress:\t${server}:53\n\n`);
  const records = await lookUp(process, reversed ?? host, type);
  if (records === undefined) {
    await process.write(`** server can't find ${reversed ?? host}: NXDOMAIN\n\n`);
    return 1;
  }
  await process.write(`${records.map(nslookupLine).join('')}\n`);
  return 0;
};

function nslookupLine({ name, type, value }: DnsRecord): string {
  switch (type) {
    case 'A':
    case 'AAAA':
      return `Name:\t${name}\nAddress: ${value}\n`;
    case 'CNAME':
      return `${name}\tcanonical name = ${value}\n`;
    case 'PTR':
      return `${name}\tname = ${value}\n`;
    case 'SRV':
      return `${name}\tservice = ${value}\n`;
    default:
      return `${name}\ttext = ${value}\n`;
  }
}

/** `dig [+short] [-t TYPE] NAME [TYPE]`; it does not use search domains. */
const dig: Applet = async (process, args) => {
  const words = args.filter((arg) => !/^[-+@]/.test(arg));
  const type = words.map(recordType).find((found) => found !== undefined) ?? 'A';
  const [host = ''] = words.filter((word) => recordType(word) === undefined);
  const name = args.includes('-x') ? (reverseName(host) ?? host) : host;
  const wanted = args.includes('-x') ? 'PTR' : type;
  const full = args.includes('+search') || name.endsWith('.') ? name : `${name}.`;
  const records = (await lookUp(process, full, wanted)) ?? [];
  if (args.includes('+short')) {
    await process.write(records.map((one) => `${digValue(one)}\n`).join(''));
    return 0;
  }
  const status = records.length > 0 ? 'NOERROR' : 'NXDOMAIN';
  const lines = records.map((one) => `${one.name}.\t30\tIN\t${one.type}\t${digValue(one)}\n`);
  await process.write(
    `;; ->>HEADER<<- opcode: QUERY, status: ${status}\n\n;; QUESTION SECTION:\n;${full}\tIN\t${wanted}\n\n;; ANSWER SECTION:\n${lines.join('')}`,
  );
  return 0;
};

/** Names end with a dot. */
function digValue({ type, value }: DnsRecord): string {
  return type === 'CNAME' || type === 'PTR' || type === 'SRV' ? `${value}.` : value;
}

/** @returns `undefined` for what is no IPv4 address */
function reverseName(text: string): string | undefined {
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(text)) return undefined;
  return `${text.split('.').reverse().join('.')}.in-addr.arpa.`;
}

const nc: Applet = async (process, args) => {
  const { flags, values, rest } = options(args, 'pwei');
  if (flags.has('l')) {
    const port = Number(values.get('p') ?? rest.at(-1));
    const listener = process.listen(port);
    do {
      const connection = await process.wait(listener.accept());
      if (connection === undefined) return 1;
      await exchange(process, connection);
    } while (flags.has('k'));
    return 0;
  }
  const [host = '', port = ''] = rest;
  try {
    const ip = await resolveHost(process, host);
    const connection = await within(
      process,
      Number(values.get('w') ?? 0),
      process.dial(ip, Number(port)),
    );
    if (flags.has('z')) {
      if (flags.has('v')) await process.writeError(`${host} (${ip}:${port}) open\n`);
      connection.close();
    } else await exchange(process, connection);
    return 0;
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'ProcessEnded') throw error;
    const why = error instanceof DialError ? dialMessage(error) : error.message;
    if (!flags.has('z') || flags.has('v'))
      await process.writeError(`nc: ${host} (${host}:${port}): ${why}\n`);
    return 1;
  }
};

async function exchange(process: Process, connection: Connection): Promise<void> {
  const send = async (): Promise<void> => {
    for (let bytes = await process.read(); bytes; bytes = await process.read())
      await connection.output.write(bytes);
    connection.output.close();
  };
  send().catch(() => connection.output.close());
  for (
    let bytes = await process.wait(connection.input.read());
    bytes;
    bytes = await process.wait(connection.input.read())
  ) {
    await process.write(bytes);
  }
}

const ping: Applet = async (process, args) => {
  const { values, rest } = options(args, 'cWwi');
  const [host = ''] = rest;
  try {
    const ip = await resolveHost(process, host);
    await process.write(`PING ${host} (${ip}): 56 data bytes\n`);
    for (let i = 0; i < Number(values.get('c') ?? Number.POSITIVE_INFINITY); i++) {
      await process.sleep(1000);
      await process.write(`64 bytes from ${ip}: seq=${i} ttl=64 time=0.050 ms\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    await process.writeError(`ping: ${error.message}\n`);
    return 1;
  }
};

const ip: Applet = async (process) => {
  const addresses = process.namespace.network.ips.map(
    (one) => `    inet ${one}/24 scope global eth0\n`,
  );
  await process.write(
    `1: lo: <LOOPBACK,UP>\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,UP>\n${addresses.join('')}`,
  );
  return 0;
};

const httpd: Applet = async (process, args) => {
  const { values } = options(args, 'ph');
  const root = values.get('h') ?? process.cwd;
  await serveHttp(process, Number(values.get('p') ?? 80), ({ target }) => {
    const path = absolute(process, `${root}${target === '/' ? '/index.html' : target}`);
    const stat = process.files.stat(path);
    return stat?.kind === 'file'
      ? {
          status: 200,
          headers: { 'Content-Type': 'text/html' },
          body: process.files.readFile(path),
        }
      : { status: 404, body: '404 Not Found\n' };
  });
  return 0;
};

/** Commands by name. */
export const NETWORK_APPLETS: Readonly<Record<string, Applet>> = {
  wget,
  curl,
  nslookup,
  dig,
  nc,
  ping,
  ip,
  httpd,
};
