/** Web servers that say which pod answered: what one balances over, and sees it. Given. */

import type { Process } from '../../kernel/process.ts';
import { type HttpAnswer, type HttpRequest, serveHttp } from '../http.ts';

/** CPU time of a request, in milliseconds. */
const CPU_MS = 0.2;

/** `traefik/whoami`: the pod's name and addresses, and the request as it came. */
export async function whoami(process: Process): Promise<number> {
  const port = portOf(process, process.env.get('WHOAMI_PORT_NUMBER') ?? '80');
  await process.writeError(`Starting up on port ${port}\n`);
  return serve(process, port, (request) => {
    if (request.target === '/health') return { status: 200, body: '' };
    const { hostname, network } = process.namespace;
    const ips = ['127.0.0.1', ...network.ips].map((ip) => `IP: ${ip}\n`).join('');
    const headers = [...request.headers]
      .map(([name, value]) => `${titleCase(name)}: ${value}\n`)
      .join('');
    const { method, target, remoteAddress } = request;
    return {
      status: 200,
      body: `Hostname: ${hostname}\n${ips}RemoteAddr: ${remoteAddress}:0\n${method} ${target} HTTP/1.1\n${headers}`,
    };
  });
}

/** `nginxdemos/hello`: where it is, in a few lines. */
export async function nginxHello(process: Process): Promise<number> {
  return serve(process, portOf(process, '80'), ({ target }) => {
    const { hostname, network } = process.namespace;
    const date = new Date(process.now()).toUTCString();
    return {
      status: 200,
      body: `Server address: ${network.ip}:80\nServer name: ${hostname}\nDate: ${date}\nURI: ${target}\n`,
    };
  });
}

/** `kubernetes-bootcamp` of the interactive tutorial. */
export async function bootcamp(process: Process): Promise<number> {
  const version = (process.env.get('APP_VERSION') ?? '1').replace(/^v/, '');
  await process.write('Kubernetes Bootcamp App Started\n');
  return serve(process, 8080, async ({ remoteAddress }) => {
    const { hostname } = process.namespace;
    await process.write(`Running On: ${hostname} | From: ${remoteAddress}\n`);
    return {
      status: 200,
      body: `Hello Kubernetes bootcamp! | Running on: ${hostname} | v=${version}\n`,
    };
  });
}

/** `stefanprodan/podinfo`: JSON, and probes that can be turned. */
export async function podinfo(process: Process): Promise<number> {
  const version = process.env.get('APP_VERSION') ?? '6.0.0';
  let isReady = true;
  return serve(process, portOf(process, '9898'), ({ method, target }) => {
    const { hostname } = process.namespace;
    if (target === '/healthz') return { status: 200, body: '{"status":"OK"}\n' };
    if (target === '/readyz/enable' || target === '/readyz/disable') {
      if (method === 'POST') isReady = target.endsWith('enable');
      return { status: method === 'POST' ? 202 : 405, body: '' };
    }
    if (target === '/readyz') return { status: isReady ? 200 : 503, body: '' };
    const body = { hostname, version, message: `greetings from podinfo v${version}` };
    const headers = { 'Content-Type': 'application/json' };
    return { status: 200, headers, body: `${JSON.stringify(body, null, 2)}\n` };
  });
}

async function serve(
  process: Process,
  port: number,
  handle: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>,
): Promise<number> {
  const stop = process.untilSignal('SIGTERM', 'SIGINT', 'SIGQUIT');
  const serving = serveHttp(process, port, async (request) => {
    await process.work(CPU_MS);
    return handle(request);
  });
  await Promise.race([stop, serving]);
  return 0;
}

/** `--port 8080`, `--port=8080`, `-port 8080`. */
function portOf({ argv }: Process, usual: string): number {
  const at = argv.findIndex((arg) => /^--?port(?:=|$)/.test(arg));
  if (at < 0) return Number(usual);
  const [, joined] = (argv[at] ?? '').split('=');
  return Number(joined ?? argv[at + 1]);
}

function titleCase(name: string): string {
  return name.replace(/(?:^|-)\w/g, (letters) => letters.toUpperCase());
}
