/**
 * `redis-server`: strings and lists over RESP, saved to `dump.rdb` of its directory, and replicated to
 * followers. Given.
 *
 * A follower asks its leader with `SYNC`; it gets all there is as commands, then each write.
 */

import type { Process } from '../../kernel/process.ts';
import type { Connection } from '../../network/connection.ts';
import { resolveHost } from '../dns.ts';
import { absolute } from '../shell/pattern.ts';
import { isWrite, RedisData } from './redis-data.ts';
import { bulk, commandText, type Reply, RespReader, replyText } from './resp.ts';

const MEMORY_BYTES = 8 * 1024 * 1024;
const RETRY_MS = 1000;
const DUMP = 'dump.rdb';
const CPU_MS = 0.05;

/** The server. `--port N`, `--replicaof HOST PORT`, or a file of such lines as its first argument. */
export async function redis(process: Process): Promise<number> {
  const settings = settingsOf(process);
  process.allocate(MEMORY_BYTES);
  const stop = process.untilSignal('SIGTERM', 'SIGINT');
  const server = new RedisServer(process, settings.get('dir')?.[0] ?? process.cwd);
  await server.load();
  const port = Number(settings.get('port')?.[0] ?? 6379);
  server.serve(port);
  const leader = leaderOf(process, settings);
  if (leader !== undefined) server.follow(leader.host, leader.port);
  await process.write('1:M * Ready to accept connections tcp\n');
  await stop;
  server.save();
  await process.write('1:M # Redis is now ready to exit, bye bye...\n');
  return 0;
}

/** `--name value value`, and the lines of the file that is the first argument. */
function settingsOf(process: Process): Map<string, string[]> {
  const [, ...args] = process.argv;
  const settings = new Map<string, string[]>();
  const [file] = args;
  if (file !== undefined && !file.startsWith('-')) {
    const text = new TextDecoder().decode(process.files.readFile(absolute(process, file)));
    for (const line of text.split('\n')) {
      const [name = '', ...values] = line.trim().split(/\s+/);
      if (name !== '' && !name.startsWith('#')) settings.set(name.toLowerCase(), values);
    }
  }
  let values: string[] = [];
  for (const arg of args) {
    if (arg.startsWith('--')) {
      values = [];
      settings.set(arg.slice(2).toLowerCase(), values);
    } else values.push(...arg.split(' '));
  }
  return settings;
}

/** Images of followers know their leader by a Service's name, or by its variables. */
function leaderOf(process: Process, settings: ReadonlyMap<string, string[]>) {
  const [host, port = '6379'] = settings.get('replicaof') ?? settings.get('slaveof') ?? [];
  if (host !== undefined) return { host, port: Number(port) };
  const service = process.env.get('REDIS_LEADER');
  if (service === undefined) return undefined;
  const variable = `${service.toUpperCase().replaceAll('-', '_')}_SERVICE_HOST`;
  const byVariables = process.env.get('GET_HOSTS_FROM') === 'env';
  return { host: (byVariables && process.env.get(variable)) || service, port: 6379 };
}

class RedisServer {
  readonly #process: Process;
  readonly #dumpPath: string;
  readonly #data = new RedisData();
  readonly #followers = new Set<Connection>();
  #leader: string | undefined;
  #isLinkUp = false;

  constructor(process: Process, directory: string) {
    this.#process = process;
    this.#dumpPath = `${absolute(process, directory)}/${DUMP}`;
  }

  async load(): Promise<void> {
    const { files } = this.#process;
    if (files.stat(this.#dumpPath) === undefined) return;
    const text = new TextDecoder().decode(files.readFile(this.#dumpPath));
    for (const line of text.split('\n')) if (line !== '') this.#data.run(JSON.parse(line));
    await this.#process.write('1:M * DB loaded from disk\n');
  }

  save(): void {
    const lines = this.#data.commands().map((words) => `${JSON.stringify(words)}\n`);
    this.#process.files.writeFile(this.#dumpPath, new TextEncoder().encode(lines.join('')));
  }

  serve(port: number): void {
    const listener = this.#process.listen(port);
    const accept = async (): Promise<void> => {
      for (let one = await listener.accept(); one; one = await listener.accept()) {
        const connection = one;
        void this.#answer(connection).catch(() => connection.close());
      }
    };
    void accept().catch(() => {});
  }

  follow(host: string, port: number): void {
    this.#leader = `${host}:${port}`;
    const loop = async (): Promise<void> => {
      for (;;) {
        await this.#copy(host, port).catch(() => {});
        this.#isLinkUp = false;
        await this.#process.sleep(RETRY_MS);
      }
    };
    void loop().catch(() => {});
  }

  async #copy(host: string, port: number): Promise<void> {
    const connection = await this.#process.dial(await resolveHost(this.#process, host), port);
    await connection.output.write(encode(commandText(['SYNC'])));
    const reader = new RespReader(this.#process, connection);
    this.#data.values.clear();
    this.#isLinkUp = true;
    await this.#process.write('1:S * MASTER <-> REPLICA sync: Finished with success\n');
    for (let words = await reader.command(); words; words = await reader.command()) {
      this.#write(words);
    }
  }

  async #answer(connection: Connection): Promise<void> {
    const reader = new RespReader(this.#process, connection);
    for (let words = await reader.command(); words; words = await reader.command()) {
      await this.#process.work(CPU_MS);
      const [name = ''] = words;
      if (name.toUpperCase() === 'SYNC') {
        for (const one of this.#data.commands())
          await connection.output.write(encode(commandText(one)));
        this.#followers.add(connection);
        continue;
      }
      await connection.output.write(encode(replyText(this.#reply(words))));
      if (name.toUpperCase() === 'QUIT') break;
    }
    this.#followers.delete(connection);
    connection.close();
  }

  #reply(words: readonly string[]): Reply {
    const [name = '', first = '', second = ''] = words;
    switch (name.toUpperCase()) {
      case 'QUIT':
        return { kind: 'simple', text: 'OK' };
      case 'INFO':
        return bulk(this.#info());
      case 'REPLICAOF':
      case 'SLAVEOF':
        this.follow(first, Number(second));
        return { kind: 'simple', text: 'OK' };
      default:
        if (!isWrite(name)) return this.#data.run(words);
        if (this.#leader === undefined) return this.#write(words);
        return {
          kind: 'error',
          text: "READONLY You can't write against a read only replica.",
        };
    }
  }

  #write(words: readonly string[]): Reply {
    const reply = this.#data.run(words);
    if (reply.kind === 'error') return reply;
    for (const follower of this.#followers) {
      void Promise.resolve(follower.output.write(encode(commandText(words)))).catch(() =>
        this.#followers.delete(follower),
      );
    }
    return reply;
  }

  #info(): string {
    const lines =
      this.#leader === undefined
        ? ['role:master', `connected_slaves:${this.#followers.size}`]
        : [
            'role:slave',
            `master_host:${this.#leader.split(':')[0]}`,
            `master_link_status:${this.#isLinkUp ? 'up' : 'down'}`,
          ];
    return ['# Replication', ...lines, ''].join('\r\n');
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
