/** What a Redis server keeps, and what its commands do to it. Given: strings and lists, no expiry. */

import { bulk, OK, type Reply } from './resp.ts';

type Value = string | string[];
type Command = (data: RedisData, args: readonly string[]) => Reply;

const WRONG_TYPE: Reply = {
  kind: 'error',
  text: 'WRONGTYPE Operation against a key holding the wrong kind of value',
};

/** A database. */
export class RedisData {
  readonly values = new Map<string, Value>();

  /** Carries a command out. Its name may be in any case. */
  run([name = '', ...args]: readonly string[]): Reply {
    const command = COMMANDS[name.toUpperCase()];
    if (command !== undefined) return command(this, args);
    const shown = args.map((arg) => `'${arg}' `).join('');
    return {
      kind: 'error',
      text: `ERR unknown command '${name}', with args beginning with: ${shown}`,
    };
  }

  /** Commands that make the same data elsewhere. */
  commands(): string[][] {
    return [...this.values].map(([key, value]) =>
      typeof value === 'string' ? ['SET', key, value] : ['RPUSH', key, ...value],
    );
  }
}

/** Does a command change data, so that followers must hear of it? */
export function isWrite(name: string): boolean {
  return WRITES.has(name.toUpperCase());
}

const WRITES: ReadonlySet<string> = new Set([
  ...['SET', 'APPEND', 'INCR', 'DECR', 'INCRBY', 'DEL', 'LPUSH', 'RPUSH', 'FLUSHALL', 'FLUSHDB'],
]);

const integer = (number: number): Reply => ({ kind: 'integer', number });
const list = (texts: readonly string[]): Reply => ({ kind: 'list', items: texts.map(bulk) });

function add(data: RedisData, key: string, by: number): Reply {
  const value = Number(data.values.get(key) ?? 0);
  if (!Number.isInteger(value) || !Number.isInteger(by)) {
    return { kind: 'error', text: 'ERR value is not an integer or out of range' };
  }
  data.values.set(key, String(value + by));
  return integer(value + by);
}

function push(data: RedisData, key: string, items: readonly string[], isLeft: boolean): Reply {
  const old = data.values.get(key) ?? [];
  if (typeof old === 'string') return WRONG_TYPE;
  const all = isLeft ? [...items.toReversed(), ...old] : [...old, ...items];
  data.values.set(key, all);
  return integer(all.length);
}

function range(data: RedisData, [key = '', from = '0', to = '-1']: readonly string[]): Reply {
  const value = data.values.get(key) ?? [];
  if (typeof value === 'string') return WRONG_TYPE;
  const at = (text: string): number =>
    Number(text) < 0 ? value.length + Number(text) : Number(text);
  return list(value.slice(Math.max(0, at(from)), at(to) + 1));
}

function clear(data: RedisData): Reply {
  data.values.clear();
  return OK;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  PING: (_, [text]) => (text === undefined ? { kind: 'simple', text: 'PONG' } : bulk(text)),
  ECHO: (_, [text = '']) => bulk(text),
  SELECT: () => OK,
  AUTH: () => OK,
  SAVE: () => OK,
  BGSAVE: () => ({ kind: 'simple', text: 'Background saving started' }),
  CONFIG: (_, [verb = '', name = '']) => (verb.toUpperCase() === 'GET' ? list([name, '']) : OK),
  COMMAND: () => list([]),
  SET: (data, [key = '', value = '']) => {
    data.values.set(key, value);
    return OK;
  },
  GET: (data, [key = '']) => {
    const value = data.values.get(key);
    return Array.isArray(value) ? WRONG_TYPE : bulk(value);
  },
  MGET: (data, keys) => ({
    kind: 'list',
    items: keys.map((key) => {
      const value = data.values.get(key);
      return bulk(typeof value === 'string' ? value : undefined);
    }),
  }),
  APPEND: (data, [key = '', more = '']) => {
    const text = `${data.values.get(key) ?? ''}${more}`;
    data.values.set(key, text);
    return integer(text.length);
  },
  INCR: (data, [key = '']) => add(data, key, 1),
  DECR: (data, [key = '']) => add(data, key, -1),
  INCRBY: (data, [key = '', by = '']) => add(data, key, Number(by)),
  DEL: (data, keys) => integer(keys.filter((key) => data.values.delete(key)).length),
  EXISTS: (data, keys) => integer(keys.filter((key) => data.values.has(key)).length),
  KEYS: (data) => list([...data.values.keys()]),
  DBSIZE: (data) => integer(data.values.size),
  TYPE: (data, [key = '']) => {
    const value = data.values.get(key);
    if (value === undefined) return { kind: 'simple', text: 'none' };
    return { kind: 'simple', text: typeof value === 'string' ? 'string' : 'list' };
  },
  LPUSH: (data, [key = '', ...items]) => push(data, key, items, true),
  RPUSH: (data, [key = '', ...items]) => push(data, key, items, false),
  LRANGE: range,
  LLEN: (data, [key = '']) => {
    const value = data.values.get(key) ?? [];
    return typeof value === 'string' ? WRONG_TYPE : integer(value.length);
  },
  FLUSHALL: clear,
  FLUSHDB: clear,
};
