/** Programs for tests of everything else: they wait, fail, eat memory, burn CPU, or answer. Given. */

import type { Process } from '../../kernel/process.ts';
import { sizeOf } from '../applets/files.ts';
import { durationMs } from '../applets/system.ts';
import { type HttpAnswer, type HttpRequest, serveHttp } from '../http.ts';

const MIB = 1024 * 1024;

/** What keeps a sandbox: waits to be told to go. */
export async function pause(process: Process): Promise<number> {
  await process.untilSignal('SIGTERM', 'SIGINT');
  return 0;
}

/** Works for a moment and fails: `crasher [CODE [SECONDS]]`. */
export async function crasher(process: Process): Promise<number> {
  const [, code = '1', seconds = '1'] = process.argv;
  await process.write('about to crash\n');
  await process.sleep(Number(seconds) * 1000);
  await process.writeError('panic: something went wrong\n');
  return Number(code);
}

/** Says hello. */
export async function hello(process: Process): Promise<number> {
  await process.write(
    '\nHello from Docker!\nThis message shows that your installation appears to be working correctly.\n\n',
  );
  return 0;
}

/** Takes memory, and keeps it: `stress --vm 1 --vm-bytes 150M --vm-hang 1`, `stress --cpu 2`. */
export async function stress(process: Process): Promise<number> {
  const options = new Map<string, string>();
  const [, ...args] = process.argv;
  for (const [i, arg] of args.entries()) {
    const [name = '', value] = arg.replace(/^--?/, '').split('=');
    if (arg.startsWith('-')) options.set(name, value ?? args[i + 1] ?? '');
  }
  const memory = options.get('vm-bytes') ?? options.get('mem-total');
  const cpus = Number(options.get('cpu') ?? options.get('c') ?? options.get('cpus') ?? 0);
  await process.write(
    `stress: info: [${process.pid}] dispatching hogs: ${cpus} cpu, 0 io, ${memory ? 1 : 0} vm, 0 hdd\n`,
  );
  const timeoutMs = durationMs(options.get('timeout') ?? options.get('t') ?? '') ?? 0;
  for (let i = 0; i < cpus; i++) process.fork(burn);
  if (memory !== undefined) await grow(process, sizeOf(memory.replace(/i$/, '')));
  if (timeoutMs > 0) await process.sleep(timeoutMs);
  else await process.untilSignal('SIGTERM', 'SIGINT');
  return 0;
}

async function grow(process: Process, bytes: number): Promise<void> {
  for (let taken = 0; taken < bytes; taken += MIB) {
    process.allocate(Math.min(MIB, bytes - taken));
    await process.work(0.2);
  }
}

/** Uses a whole CPU for ever. */
export async function burn(process: Process): Promise<number> {
  for (;;) await process.work(1000);
}

/** `php-apache` of the HPA walkthrough: each request costs CPU time. */
export async function hpaExample(process: Process): Promise<number> {
  process.allocate(10 * MIB);
  return untilStopped(process, 80, async () => {
    await process.work(100);
    return { status: 200, headers: { 'Content-Type': 'text/html' }, body: 'OK!' };
  });
}

/** `perl -Mbignum=bpi -wle 'print bpi(2000)'`: the Job of the documentation. */
export async function perl(process: Process): Promise<number> {
  const text = process.argv.join(' ');
  const digits = /bpi\((\d+)\)/.exec(text)?.[1];
  const printed = /print\s+["'](.*?)["']/.exec(text)?.[1];
  await process.work(digits === undefined ? 20 : Number(digits));
  await process.write(`${digits === undefined ? (printed ?? '') : pi(Number(digits))}\n`);
  return 0;
}

/** Pi with so many digits in all, by Machin's formula. */
export function pi(digits: number): string {
  const scale = 10n ** BigInt(digits + 10);
  const arctan = (x: bigint): bigint => {
    let [term, sum, n] = [scale / x, scale / x, 3n];
    for (let sign = -1n; term !== 0n; sign = -sign, n += 2n) {
      term /= x * x;
      sum += (sign * term) / n;
    }
    return sum;
  };
  const text = String((4n * (4n * arctan(5n) - arctan(239n))) / 10n ** 11n);
  return `${text[0]}.${text.slice(1, digits)}`;
}

async function untilStopped(
  process: Process,
  port: number,
  handle: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>,
): Promise<number> {
  const stop = process.untilSignal('SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGWINCH');
  const serving = serveHttp(process, port, handle);
  await Promise.race([stop, serving]);
  return 0;
}

function flagValue(process: Process, name: string): string | undefined {
  const { argv } = process;
  const joined = argv.find((arg) => arg.replace(/^-+/, '').startsWith(`${name}=`));
  if (joined !== undefined) return joined.slice(joined.indexOf('=') + 1);
  const at = argv.findIndex((arg) => arg.replace(/^-+/, '') === name);
  return at < 0 ? undefined : argv[at + 1];
}

/** `agnhost netexec`, `serve-hostname`, `pause`, and echo servers like `http-echo -text=…`. */
export async function agnhost(process: Process): Promise<number> {
  const [, command = 'netexec'] = process.argv;
  if (command === 'pause') return pause(process);
  if (command === 'liveness') return liveness(process);
  if (command === 'test-webserver') {
    return untilStopped(process, 80, () => ({ status: 200, body: '' }));
  }
  const text = flagValue(process, 'text');
  const { hostname } = process.namespace;
  const fallback = text === undefined ? 8080 : 5678;
  const port = Number(
    (
      flagValue(process, 'http-port') ??
      flagValue(process, 'port') ??
      flagValue(process, 'listen') ??
      String(fallback)
    ).replace(/^.*:/, ''),
  );
  await process.write(`Started HTTP server on port ${port}\n`);
  return untilStopped(
    process,
    command === 'serve-hostname' ? Number(flagValue(process, 'port') ?? 9376) : port,
    async (request) => {
      await process.work(0.2);
      if (command === 'serve-hostname') return { status: 200, body: hostname };
      if (text !== undefined) return { status: 200, body: `${text}\n` };
      return netexec(process, request);
    },
  );
}

/** Healthy for ten seconds, and never again: the documentation's example of a probe. */
async function liveness(process: Process): Promise<number> {
  const started = process.now();
  return untilStopped(process, 8080, ({ target }) => {
    const ageMs = process.now() - started;
    if (target !== '/healthz' || ageMs <= 10_000) return { status: 200, body: 'ok' };
    return { status: 500, body: `error: ${ageMs / 1000}` };
  });
}

async function netexec(
  process: Process,
  { target, body, remoteAddress }: HttpRequest,
): Promise<HttpAnswer> {
  const url = new URL(target, 'http://localhost');
  const { hostname } = process.namespace;
  if (url.pathname === '/hostname' || url.pathname === '/hostName')
    return { status: 200, body: hostname };
  if (url.pathname === '/clientip') return { status: 200, body: `${remoteAddress}:0` };
  if (url.pathname === '/echo')
    return {
      status: Number(url.searchParams.get('code') ?? 200),
      body: url.searchParams.get('msg') ?? body,
    };
  if (url.pathname === '/healthz') return { status: 200, body: 'ok' };
  if (url.pathname === '/exit') {
    process.kill('SIGKILL');
    return { status: 200, body: 'exiting' };
  }
  return { status: 200, body: `NOW: ${new Date(process.now()).toISOString()}` };
}

/** The echo server of the documentation: tells the request back. */
export async function echoServer(process: Process): Promise<number> {
  const port = Number(flagValue(process, 'port') ?? process.env.get('PORT') ?? 8080);
  return untilStopped(process, port, ({ method, target, headers, body }) => {
    const lines = [...headers].map(([name, value]) => `\t${name}=${value}\n`);
    return {
      status: 200,
      body: `Hostname: ${process.namespace.hostname}\n\nRequest Information:\n\tmethod=${method}\n\trequest_uri=${target}\n\nRequest Headers:\n${lines.join('')}\nRequest Body:\n${new TextDecoder().decode(body)}\n`,
    };
  });
}

/** `hello-app`: says its version and name. */
export async function helloApp(process: Process): Promise<number> {
  const given = process.env.get('APP_VERSION') ?? '1.0.0';
  const version = /^\d+\.\d+$/.test(given) ? `${given}.0` : given;
  const port = Number(process.env.get('PORT') ?? 8080);
  await process.writeError(`Server listening on port ${port}\n`);
  return untilStopped(process, port, async ({ target }) => {
    await process.writeError(`Serving request: ${target}\n`);
    return {
      status: 200,
      body: `Hello, world!\nVersion: ${version}\nHostname: ${process.namespace.hostname}\n`,
    };
  });
}

/** Web pages of one sentence: what `httpd`, `wordpress` and guestbook front ends are here. */
export async function webPage(process: Process): Promise<number> {
  const title = process.env.get('PAGE_TITLE') ?? 'It works!';
  const port = Number(process.env.get('PAGE_PORT') ?? 80);
  process.allocate(10 * MIB);
  return untilStopped(process, port, async ({ method, target, remoteAddress }) => {
    await process.work(1);
    await process.write(`${remoteAddress} - - "${method} ${target} HTTP/1.1" 200\n`);
    return {
      status: 200,
      headers: { 'Content-Type': 'text/html' },
      body: `<html><body><h1>${title}</h1></body></html>\n`,
    };
  });
}
