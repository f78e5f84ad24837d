/** Applications of tutorials that need a database: the guestbook's front end, and WordPress. Given. */

import { DialError } from '#apimachinery';
import type { Process } from '../../kernel/process.ts';
import { bulk, commandText, type Reply, RespReader } from '../databases/resp.ts';
import { NameError, resolveHost } from '../dns.ts';
import { type HttpAnswer, serveHttp } from '../http.ts';

const HTML = { 'Content-Type': 'text/html' };
const MEMORY_BYTES = 10 * 1024 * 1024;
const CPU_MS = 2;
const REDIS_PORT = 6379;

/**
 * `gb-frontend`: writes to the Service of Redis' leader, reads from that of its followers.
 *
 * `/guestbook.php?cmd=set&key=K&value=V` and `…?cmd=get&key=K`, as its page asks. Older manifests call
 * the Services `redis-master` and `redis-slave`.
 */
export async function guestbook(process: Process): Promise<number> {
  const port = Number(process.env.get('PAGE_PORT') ?? 80);
  return serveApp(process, port, async (target) => {
    const url = new URL(target, 'http://localhost');
    if (url.pathname !== '/guestbook.php') return page('Guestbook');
    const key = url.searchParams.get('key') ?? 'messages';
    if (url.searchParams.get('cmd') === 'set') {
      const value = url.searchParams.get('value') ?? '';
      const reply = await askRedis(process, ['leader', 'master'], ['SET', key, value]);
      return reply.kind === 'error' ? broken(reply.text) : json({ message: 'Updated' });
    }
    const reply = await askRedis(process, ['follower', 'slave', 'replica'], ['GET', key]);
    if (reply.kind === 'error') return broken(reply.text);
    return json({ data: reply.kind === 'bulk' ? reply.text : '' });
  });
}

async function askRedis(
  process: Process,
  roles: readonly string[],
  words: readonly string[],
): Promise<Reply> {
  let last: unknown;
  for (const role of roles) {
    try {
      const ip = await redisAddress(process, role);
      const connection = await process.dial(ip, REDIS_PORT);
      try {
        await connection.output.write(new TextEncoder().encode(commandText(words)));
        return (await new RespReader(process, connection).reply()) ?? bulk(undefined);
      } finally {
        connection.close();
      }
    } catch (error) {
      if (!(error instanceof NameError) && !(error instanceof DialError)) throw error;
      last ??= error;
    }
  }
  const text = last instanceof Error ? last.message : 'no Redis';
  return { kind: 'error', text };
}

/** By name, or, as `GET_HOSTS_FROM=env` says, by the variables of Services. */
async function redisAddress(process: Process, role: string): Promise<string> {
  const variable = `REDIS_${role.toUpperCase()}_SERVICE_HOST`;
  const known = process.env.get('GET_HOSTS_FROM') === 'env' && process.env.get(variable);
  return known || resolveHost(process, `redis-${role}`);
}

const WEB_ROOT = '/var/www/html';

/** `wordpress`: puts its files into its volume, and answers as long as its database does. */
export async function wordpress(process: Process): Promise<number> {
  const mark = `${WEB_ROOT}/wp-config.php`;
  if (process.files.stat(mark) === undefined) {
    await process.writeError(`WordPress not found in ${WEB_ROOT} - copying now...\n`);
    process.files.makeDirectory(WEB_ROOT);
    process.files.writeFile(mark, new TextEncoder().encode('<?php\n'));
    await process.writeError(`Complete! WordPress has been successfully copied to ${WEB_ROOT}\n`);
  }
  const [host = 'mysql', port = '3306'] = (
    process.env.get('WORDPRESS_DB_HOST') ?? 'mysql:3306'
  ).split(':');
  return serveApp(process, 80, async (target) => {
    try {
      const connection = await process.dial(await resolveHost(process, host), Number(port));
      connection.close();
    } catch (error) {
      if (!(error instanceof NameError) && !(error instanceof DialError)) throw error;
      return broken('<h1>Error establishing a database connection</h1>');
    }
    if (target === '/') {
      return { status: 302, headers: { Location: '/wp-admin/install.php' }, body: '' };
    }
    return page('WordPress &rsaquo; Installation');
  });
}

async function serveApp(
  process: Process,
  port: number,
  handle: (target: string) => Promise<HttpAnswer>,
): Promise<number> {
  process.allocate(MEMORY_BYTES);
  const stop = process.untilSignal('SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGWINCH');
  const serving = serveHttp(process, port, async ({ method, target, remoteAddress }) => {
    await process.work(CPU_MS);
    const answer = await handle(target);
    await process.write(`${remoteAddress} - - "${method} ${target} HTTP/1.1" ${answer.status}\n`);
    return answer;
  });
  await Promise.race([stop, serving]);
  return 0;
}

function page(title: string): HttpAnswer {
  const body = `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  return { status: 200, headers: HTML, body };
}

function json(value: object): HttpAnswer {
  const headers = { 'Content-Type': 'application/json' };
  return { status: 200, headers, body: JSON.stringify(value) };
}

function broken(text: string): HttpAnswer {
  return { status: 500, headers: HTML, body: `${text}\n` };
}
