/** `redis-cli`: one command from its arguments, or one for each line of input. Given. */

import { DialError } from '#apimachinery';
import type { Process } from '../../kernel/process.ts';
import type { Connection } from '../../network/connection.ts';
import { resolveHost } from '../dns.ts';
import { commandText, type Reply, RespReader } from './resp.ts';

/** Options with a value that come before the command. */
const OPTIONS: ReadonlySet<string> = new Set(['-h', '-p', '-a', '-n', '-u']);

/** `redis-cli [-h HOST] [-p PORT] [COMMAND …]` */
export async function redisCli(process: Process): Promise<number> {
  const [, ...args] = process.argv;
  const options = new Map<string, string>();
  while (args[0]?.startsWith('-')) {
    const name = args.shift() ?? '';
    options.set(name, OPTIONS.has(name) ? (args.shift() ?? '') : '');
  }
  const [host, port] = [options.get('-h') ?? '127.0.0.1', Number(options.get('-p') ?? 6379)];
  let connection: Connection;
  try {
    connection = await process.dial(await resolveHost(process, host), port);
  } catch (error) {
    if (process.status || !(error instanceof Error)) throw error;
    const isRefused = error instanceof DialError && error.failure === 'refused';
    const why = isRefused ? 'Connection refused' : error.message;
    await process.writeError(`Could not connect to Redis at ${host}:${port}: ${why}\n`);
    return 1;
  }
  const reader = new RespReader(process, connection);
  const ask = async (words: readonly string[]): Promise<number> => {
    await connection.output.write(new TextEncoder().encode(commandText(words)));
    const reply = await reader.reply();
    if (reply === undefined) return 1;
    await process.write(`${shown(reply, process.terminal !== undefined)}\n`);
    return reply.kind === 'error' ? 1 : 0;
  };
  if (args.length > 0) return ask(args);
  return converse(process, `${host}:${port}> `, ask);
}

async function converse(
  process: Process,
  prompt: string,
  ask: (words: readonly string[]) => Promise<number>,
): Promise<number> {
  const showPrompt = async (): Promise<void> => {
    if (process.terminal) await process.write(prompt);
  };
  await showPrompt();
  let rest = '';
  for (let bytes = await process.read(); bytes; bytes = await process.read()) {
    const lines = (rest + new TextDecoder().decode(bytes)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const words = wordsOf(line);
      if (/^(?:exit|quit)$/i.test(words[0] ?? '')) return 0;
      if (words.length > 0) await ask(words);
      await showPrompt();
    }
  }
  return 0;
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );
}

/** For a person with signs that tell kinds apart; for a program only the text. */
function shown(reply: Reply, isForPerson: boolean): string {
  switch (reply.kind) {
    case 'simple':
      return reply.text;
    case 'error':
      return isForPerson ? `(error) ${reply.text}` : reply.text;
    case 'integer':
      return isForPerson ? `(integer) ${reply.number}` : String(reply.number);
    case 'nil':
      return isForPerson ? '(nil)' : '';
    case 'bulk':
      return isForPerson ? JSON.stringify(reply.text) : reply.text;
    case 'list':
      if (reply.items.length === 0) return isForPerson ? '(empty array)' : '';
      return reply.items
        .map((item, i) => `${isForPerson ? `${i + 1}) ` : ''}${shown(item, isForPerson)}`)
        .join('\n');
  }
}
