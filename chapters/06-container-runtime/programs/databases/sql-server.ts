/**
 * `mysqld`, `postgres` and others that keep data: they insist on a password the first time, leave files
 * in their data directory, greet who connects, and know no SQL. Given.
 */

import { DialError } from '#apimachinery';
import type { Process } from '../../kernel/process.ts';
import { NameError, resolveHost } from '../dns.ts';
import { absolute } from '../shell/pattern.ts';

const MEMORY_BYTES = 50 * 1024 * 1024;
/** The file that says: this directory has been set up. */
const MARK = 'ibdata1';

/** The server; what it is comes from its image's variables. */
export async function sqlServer(process: Process): Promise<number> {
  const port = Number(process.env.get('SERVER_PORT') ?? 3306);
  const greeting = process.env.get('SERVER_GREETING') ?? '';
  const directory = process.env.get('SERVER_DATA');
  if (directory !== undefined) {
    const mark = `${absolute(process, directory)}/${MARK}`;
    if (process.files.stat(mark) === undefined) {
      if (!hasPassword(process)) {
        await process.writeError(NO_PASSWORD);
        return 1;
      }
      await process.writeError('[Note] [Entrypoint]: Initializing database files\n');
      process.files.writeFile(mark, new Uint8Array(1024));
      await process.writeError('[Note] [Entrypoint]: Database files initialized\n');
    }
  }
  process.allocate(MEMORY_BYTES);
  const stop = process.untilSignal('SIGTERM', 'SIGINT', 'SIGQUIT');
  const listener = process.listen(port);
  await process.writeError(`ready for connections. port: ${port}\n`);
  const serve = async (): Promise<void> => {
    for (let one = await listener.accept(); one; one = await listener.accept()) {
      await one.output.write(new TextEncoder().encode(greeting));
    }
  };
  void serve().catch(() => {});
  await stop;
  return 0;
}

const NO_PASSWORD =
  '[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n    You need to specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD\n    - MYSQL_ALLOW_EMPTY_PASSWORD\n    - MYSQL_RANDOM_ROOT_PASSWORD\n';

function hasPassword(process: Process): boolean {
  return [...process.env].some(
    ([name, value]) => /^(MYSQL|MARIADB|POSTGRES)_.*PASSWORD/.test(name) && value !== '',
  );
}

/**
 * The clients `mysql`, `mysqladmin`, `pg_isready`, `psql`: they find out whether a server is there. What
 * asks it for more is told that it knows no SQL.
 */
export async function sqlClient(process: Process): Promise<number> {
  const [path = '', ...args] = process.argv;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const host = optionOf(args, 'h', 'host') ?? '127.0.0.1';
  const isPostgres = name === 'psql' || name === 'pg_isready';
  const usual = process.env.get('SERVER_PORT') ?? (isPostgres ? '5432' : '3306');
  const port = Number(optionOf(args, isPostgres ? 'p' : 'P', 'port') ?? usual);
  const fault = await connects(process, host, port);
  if (name === 'pg_isready') {
    await process.write(`${host}:${port} - ${fault ? 'no response' : 'accepting connections'}\n`);
    return fault ? 2 : 0;
  }
  if (fault !== undefined) {
    const code = fault.startsWith('Unknown') ? 2005 : 2003;
    const text =
      code === 2005 ? fault : `Can't connect to MySQL server on '${host}:${port}' (${fault})`;
    await process.writeError(
      name === 'mysqladmin'
        ? `mysqladmin: connect to server at '${host}' failed\nerror: '${text}'\n`
        : `ERROR ${code} (HY000): ${text}\n`,
    );
    return 1;
  }
  if (name === 'mysqladmin' && args.includes('ping')) {
    await process.write('mysqld is alive\n');
    return 0;
  }
  return converse(process, `${name}> `, optionOf(args, isPostgres ? 'c' : 'e', 'execute'));
}

/** @returns what is wrong; `undefined` when it is there */
async function connects(process: Process, host: string, port: number): Promise<string | undefined> {
  try {
    const connection = await process.dial(await resolveHost(process, host), port);
    connection.close();
    return undefined;
  } catch (error) {
    if (error instanceof NameError) return `Unknown MySQL server host '${host}' (-2)`;
    if (error instanceof DialError) return error.failure === 'refused' ? '111' : '113';
    throw error;
  }
}

async function converse(
  process: Process,
  prompt: string,
  statement: string | undefined,
): Promise<number> {
  const answer = async (text: string): Promise<number> => {
    const [, number] = /^\s*select\s+(\d+)\s*;?\s*$/i.exec(text) ?? [];
    if (number !== undefined) {
      await process.write(`${number}\n${number}\n`);
      return 0;
    }
    await process.writeError('ERROR 1235 (42000): this simulated server knows no SQL\n');
    return 1;
  };
  if (statement !== undefined) return answer(statement);
  if (process.terminal) await process.write(`Welcome.\n\n${prompt}`);
  let status = 0;
  for (let bytes = await process.read(); bytes; bytes = await process.read()) {
    const line = new TextDecoder().decode(bytes).trim();
    if (/^(?:exit|quit|\\q);?$/.test(line)) break;
    if (line !== '') status = await answer(line);
    if (process.terminal) await process.write(prompt);
  }
  return process.terminal ? 0 : status;
}

/** `-hHOST`, `-h HOST`, `--host=HOST`, `--host HOST`. */
function optionOf(args: readonly string[], short: string, long: string): string | undefined {
  for (const [i, arg] of args.entries()) {
    if (arg === `-${short}` || arg === `--${long}`) return args[i + 1];
    if (arg.startsWith(`--${long}=`)) return arg.slice(long.length + 3);
    if (arg.startsWith(`-${short}`) && !arg.startsWith('--')) return arg.slice(2);
  }
  return undefined;
}
