/** A web server like nginx: files of `/usr/share/nginx/html`, access lines, graceful stop. Given. */

import type { Process } from '../../kernel/process.ts';
import { type HttpAnswer, type HttpRequest, reasonPhrase, serveHttp } from '../http.ts';

/** CPU time of a request, in milliseconds. */
const REQUEST_CPU_MS = 0.3;
const MEMORY_BYTES = 5 * 1024 * 1024;

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  css: 'text/css',
  js: 'application/javascript',
  json: 'application/json',
  txt: 'text/plain',
  svg: 'image/svg+xml',
  png: 'image/png',
};

interface Site {
  readonly port: number;
  readonly root: string;
}

/** Runs nginx. */
export async function nginx(process: Process): Promise<number> {
  process.allocate(MEMORY_BYTES);
  await process.work(5);
  const [, ...args] = process.argv;
  if (args.includes('-v') || args.includes('-V')) {
    await process.writeError(
      `nginx version: nginx/${process.env.get('NGINX_VERSION') ?? '1.27.0'}\n`,
    );
    return 0;
  }
  if (args.includes('-t')) {
    await process.writeError(
      'nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n',
    );
    return 0;
  }
  const note = (text: string) =>
    process.writeError(`${stamp(process)} [notice] ${process.pid}#${process.pid}: ${text}\n`);
  const stop = process.untilSignal('SIGQUIT', 'SIGTERM', 'SIGINT');
  process.onSignal('SIGHUP', () => void note('reconfiguring').catch(() => {}));
  const sites = sitesOf(process);
  try {
    for (const site of sites) serve(process, site);
  } catch (error) {
    await process.writeError(
      `${stamp(process)} [emerg] ${process.pid}#${process.pid}: ${error instanceof Error ? error.message : error}\n`,
    );
    return 1;
  }
  await note('using the "epoll" event method');
  await note(`nginx/${process.env.get('NGINX_VERSION') ?? '1.27.0'}`);
  await note('start worker processes');
  const signal = await stop;
  await note(
    `signal ${signal === 'SIGQUIT' ? '3 (SIGQUIT)' : '15 (SIGTERM)'} received, ${signal === 'SIGQUIT' ? 'shutting down' : 'exiting'}`,
  );
  await note('exit');
  return 0;
}

function serve(process: Process, { port, root }: Site): void {
  void serveHttp(process, port, async (request) => {
    await process.work(REQUEST_CPU_MS);
    const answer = answerOf(process, root, request);
    await process.write(accessLine(process, request, answer));
    return answer;
  }).catch(() => {});
}

/** What `listen` and `root` in the configuration say; a mounted one counts. */
function sitesOf(process: Process): Site[] {
  const directory = '/etc/nginx/conf.d';
  const texts = process.files.stat(directory)
    ? process.files
        .list(directory)
        .filter((name) => name.endsWith('.conf'))
        .map((name) => new TextDecoder().decode(process.files.readFile(`${directory}/${name}`)))
    : [];
  const sites = texts
    .flatMap((text) => text.split(/\bserver\s*\{/).slice(1))
    .map((block) => ({
      port: Number(/\blisten\s+(?:[\d.]+:)?(\d+)/.exec(block)?.[1] ?? 80),
      root: /\broot\s+([^;\s]+)/.exec(block)?.[1] ?? '/usr/share/nginx/html',
    }));
  const seen = new Map(sites.toReversed().map((site) => [site.port, site]));
  return seen.size > 0 ? [...seen.values()] : [{ port: 80, root: '/usr/share/nginx/html' }];
}

function answerOf(process: Process, root: string, { method, target }: HttpRequest): HttpAnswer {
  if (method !== 'GET' && method !== 'HEAD') return errorPage(process, 405);
  const path = decodeURIComponent(target.split('?')[0] ?? '/');
  const wanted = `${root}${path}${path.endsWith('/') ? 'index.html' : ''}`;
  let full = wanted;
  try {
    const stat = process.files.stat(full);
    if (stat?.kind === 'directory')
      return {
        status: 301,
        headers: { Location: `${path}/`, ...server(process) },
        body: page('301 Moved Permanently', process),
      };
    if (stat === undefined) {
      // What names no file may be a directory without an index.
      full = wanted.replace(/index\.html$/, '');
      return errorPage(process, path.endsWith('/') && process.files.stat(full) ? 403 : 404);
    }
    const type = TYPES[full.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    return {
      status: 200,
      headers: { ...server(process), 'Content-Type': type },
      body: process.files.readFile(full),
    };
  } catch {
    return errorPage(process, 403);
  }
}

function errorPage(process: Process, status: number): HttpAnswer {
  return {
    status,
    headers: { ...server(process), 'Content-Type': 'text/html' },
    body: page(`${status} ${reasonPhrase(status)}`, process),
  };
}

function page(title: string, process: Process): string {
  const version = process.env.get('NGINX_VERSION') ?? '1.27.0';
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx/${version}</center>\r\n</body>\r\n</html>\r\n`;
}

function server(process: Process): Record<string, string> {
  return { Server: `nginx/${process.env.get('NGINX_VERSION') ?? '1.27.0'}` };
}

function accessLine(
  process: Process,
  request: HttpRequest,
  { status, body = '' }: HttpAnswer,
): string {
  const agent = request.headers.get('user-agent') ?? '-';
  const forwarded = request.headers.get('x-forwarded-for') ?? '-';
  return `${request.remoteAddress} - - [${logTime(process)}] "${request.method} ${request.target} HTTP/1.1" ${status} ${body.length} "-" "${agent}" "${forwarded}"\n`;
}

function logTime(process: Process): string {
  const words = new Date(process.now()).toUTCString();
  return `${words.slice(5, 7)}/${words.slice(8, 11)}/${words.slice(12, 16)}:${words.slice(17, 25)} +0000`;
}

function stamp(process: Process): string {
  return new Date(process.now()).toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
}
