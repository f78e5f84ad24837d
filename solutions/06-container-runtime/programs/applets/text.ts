/** Commands about text: `grep`, `head`, `wc`, `sort` and their like. Given. */

import { FileError } from '#apimachinery';
import type { Process } from '../../kernel/process.ts';
import { sha256 } from '../../sha256.ts';
import { absolute } from '../shell/pattern.ts';
import {
  type Applet,
  allInput,
  decode,
  encode,
  inputBytes,
  inputText,
  linesOf,
  options,
  splitLines,
  why,
} from './applet.ts';
import { isZeros, sizeOf } from './files.ts';

const NEWLINE = 10;

/** Runs what reads files, and says when one cannot be read. */
function reading(name: string, applet: Applet): Applet {
  return async (process, args) => {
    try {
      return await applet(process, args);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await process.writeError(`${name}: ${error.path}: ${why(error)}\n`);
      return 1;
    }
  };
}

const head: Applet = async (process, args) => {
  const { values, rest } = options(numbered(args), 'nc');
  if (values.has('c')) return headBytes(process, rest, sizeOf(values.get('c') ?? ''));
  const count = Number(values.get('n') ?? 10);
  if (rest.length > 0) {
    const lines = splitLines(await inputText(process, rest)).slice(0, count);
    await process.write(lines.map((line) => `${line}\n`).join(''));
    return 0;
  }
  let seen = 0;
  if (count === 0) return 0;
  for await (const line of linesOf(process, process.stdin)) {
    await process.write(`${line}\n`);
    if (++seen >= count) break;
  }
  process.stdin.cancel();
  return 0;
};

async function headBytes(
  process: Process,
  paths: readonly string[],
  count: number,
): Promise<number> {
  for (const path of paths) {
    const full = absolute(process, path);
    const bytes = isZeros(full) ? new Uint8Array(count) : process.files.readFile(full);
    await process.write(bytes.subarray(0, count));
  }
  if (paths.length > 0) return 0;
  for (let left = count; left > 0; ) {
    const bytes = await process.read();
    if (bytes === undefined) return 0;
    await process.write(bytes.subarray(0, left));
    left -= bytes.length;
  }
  process.stdin.cancel();
  return 0;
}

/** `-5` is `-n 5`. */
function numbered(args: readonly string[]): string[] {
  return args.flatMap((arg) => (/^-\d+$/.test(arg) ? ['-n', arg.slice(1)] : [arg]));
}

/** How often `tail -f` looks, in milliseconds. */
const TAIL_MS = 1000;

const tail: Applet = async (process, args) => {
  const { flags, values, rest } = options(numbered(args), 'ncs');
  const wanted = values.get('n') ?? '10';
  const path = rest[0] === undefined ? undefined : absolute(process, rest[0]);
  if (path === '/dev/null' && flags.has('f')) return forever(process);
  const bytes = path === undefined ? await allInput(process) : process.files.readFile(path);
  if (values.has('c')) await process.write(lastBytes(bytes, values.get('c') ?? ''));
  else {
    const lines = splitLines(decode(bytes));
    const shown = wanted.startsWith('+')
      ? lines.slice(Number(wanted) - 1)
      : lastOf(lines, Number(wanted));
    await process.write(shown.map((line) => `${line}\n`).join(''));
  }
  if (!flags.has('f') && !flags.has('F')) return 0;
  if (path === undefined) return forever(process);
  for (let at = bytes.length; ; ) {
    await process.sleep(TAIL_MS);
    const size = process.files.stat(path)?.size ?? 0;
    if (size > at) await process.write(process.files.readFile(path).subarray(at));
    at = size;
  }
};

/** `N`: so many at the end. `+N`: from the one with that number, the first being 1. */
function lastBytes(bytes: Uint8Array, wanted: string): Uint8Array {
  const count = sizeOf(wanted.replace('+', ''));
  if (wanted.startsWith('+')) return bytes.subarray(Math.max(0, count - 1));
  return bytes.subarray(Math.max(0, bytes.length - count));
}

function lastOf<T>(items: readonly T[], count: number): T[] {
  return count === 0 ? [] : items.slice(-count);
}

function forever(process: Process): Promise<number> {
  return process.wait(new Promise<number>(() => {}));
}

const grep: Applet = async (process, args) => {
  const { flags, values, rest } = options(args, 'emABC');
  const pattern = values.get('e') ?? rest.shift() ?? '';
  const source = flags.has('F')
    ? pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    : regExpSource(pattern, flags.has('E'));
  const whole = flags.has('w') ? `\\b(?:${source})\\b` : source;
  const regExp = new RegExp(flags.has('x') ? `^(?:${whole})$` : whole, flags.has('i') ? 'i' : '');
  let count = 0;
  const take = async (line: string, number: number): Promise<void> => {
    if (regExp.test(line) === flags.has('v')) return;
    count++;
    if (flags.has('q') || flags.has('c') || flags.has('l')) return;
    const shown = flags.has('o') ? (regExp.exec(line)?.[0] ?? '') : line;
    await process.write(`${flags.has('n') ? `${number}:` : ''}${shown}\n`);
  };
  if (rest.length > 0) {
    for (const [i, line] of splitLines(await inputText(process, rest)).entries())
      await take(line, i + 1);
    if (flags.has('l') && count > 0) await process.write(`${rest.join('\n')}\n`);
  } else {
    let number = 0;
    for await (const line of linesOf(process, process.stdin)) await take(line, ++number);
  }
  if (flags.has('c')) await process.write(`${count}\n`);
  return count > 0 ? 0 : 1;
};

/** In a basic expression `+ ? | ( ) { }` stand for themselves, and with a backslash they do not. */
function regExpSource(pattern: string, isExtended: boolean): string {
  const posix = pattern
    .replaceAll('[[:space:]]', '\\s')
    .replaceAll('[[:digit:]]', '\\d')
    .replaceAll('[:digit:]', '0-9')
    .replaceAll('[:alpha:]', 'A-Za-z');
  if (isExtended) return posix;
  return posix.replace(
    /\\([+?|(){}])|([+?|(){}])/g,
    (_, special: string, plain: string) => special ?? `\\${plain}`,
  );
}

const wc: Applet = async (process, args) => {
  const { flags, rest } = options(args);
  const bytes = await inputBytes(process, rest);
  const count = {
    l: () => bytes.reduce((lines, byte) => lines + (byte === NEWLINE ? 1 : 0), 0),
    w: () =>
      decode(bytes)
        .split(/\s+/)
        .filter((word) => word !== '').length,
    c: () => bytes.length,
  };
  const wanted = (['l', 'w', 'c'] as const).filter((flag) => flags.size === 0 || flags.has(flag));
  const name = rest.length > 0 ? ` ${rest[0]}` : '';
  const shown =
    wanted.length === 1
      ? String(count[wanted[0] ?? 'l']())
      : wanted.map((flag) => String(count[flag]()).padStart(9)).join(' ');
  await process.write(`${shown}${name}\n`);
  return 0;
};

const seq: Applet = async (process, args) => {
  const numbers = args.map(Number);
  const [first, step, last] =
    numbers.length === 1
      ? [1, 1, numbers[0]]
      : numbers.length === 2
        ? [numbers[0], 1, numbers[1]]
        : numbers;
  for (let n = first ?? 1; (step ?? 1) > 0 ? n <= (last ?? 0) : n >= (last ?? 0); n += step ?? 1)
    await process.write(`${n}\n`);
  return 0;
};

const sort: Applet = async (process, args) => {
  const { flags, rest } = options(args, 'kt');
  const lines = splitLines(await inputText(process, rest));
  lines.sort(flags.has('n') ? (a, b) => Number.parseFloat(a) - Number.parseFloat(b) : undefined);
  if (flags.has('r')) lines.reverse();
  const shown = flags.has('u') ? [...new Set(lines)] : lines;
  await process.write(shown.map((line) => `${line}\n`).join(''));
  return 0;
};

const uniq: Applet = async (process, args) => {
  const { flags, rest } = options(args);
  const groups: { line: string; count: number }[] = [];
  for (const line of splitLines(await inputText(process, rest))) {
    const last = groups.at(-1);
    if (last?.line === line) last.count++;
    else groups.push({ line, count: 1 });
  }
  const shown = groups.map(({ line, count }) =>
    flags.has('c') ? `${String(count).padStart(7)} ${line}` : line,
  );
  await process.write(shown.map((line) => `${line}\n`).join(''));
  return 0;
};

const cut: Applet = async (process, args) => {
  const { values, rest } = options(args, 'dfc');
  const separator = values.get('d') ?? '\t';
  const wanted = (values.get('f') ?? values.get('c') ?? '1')
    .split(',')
    .map((part) => part.split('-'));
  const isWanted = (n: number) =>
    wanted.some(([from, to]) =>
      to === undefined
        ? n === Number(from)
        : n >= Number(from || 1) && n <= Number(to || Number.MAX_SAFE_INTEGER),
    );
  for (const line of splitLines(await inputText(process, rest))) {
    const isChars = values.has('c');
    const parts = isChars ? [...line] : line.split(separator);
    await process.write(
      `${parts.filter((_, i) => isWanted(i + 1)).join(isChars ? '' : separator)}\n`,
    );
  }
  return 0;
};

const tr: Applet = async (process, args) => {
  const { flags, rest } = options(args);
  const [from = '', to = ''] = rest.map(characters);
  const text = decode(await allInput(process));
  const mapped = [...text].map((char) => {
    const at = from.indexOf(char);
    if (at < 0) return char;
    return flags.has('d') ? '' : to === '' ? char : (to[at] ?? to.at(-1) ?? '');
  });
  const out = flags.has('s')
    ? mapped.filter((char, i) => char !== mapped[i - 1] || !(to || from).includes(char))
    : mapped;
  await process.write(out.join(''));
  return 0;
};

function characters(set: string): string {
  const named = set
    .replace('[:upper:]', 'A-Z')
    .replace('[:lower:]', 'a-z')
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t')
    .replaceAll('\\0', '\0');
  return named.replace(/(.)-(.)/g, (_, a: string, b: string) => {
    let all = '';
    for (let code = a.charCodeAt(0); code <= b.charCodeAt(0); code++)
      all += String.fromCharCode(code);
    return all;
  });
}

const sed: Applet = async (process, args) => {
  const { flags, values, rest } = options(args, 'e');
  const script = values.get('e') ?? rest.shift() ?? '';
  const parts = /^s(.)(.*)$/s.exec(script);
  const print = /^(\d+)p$/.exec(script);
  if (parts === null && print === null) {
    await process.writeError(`sed: only s/…/…/ and Np are known here, found ${script}\n`);
    return 1;
  }
  const [pattern = '', replacement = '', mode = ''] = (parts?.[2] ?? '').split(parts?.[1] ?? '/');
  const regExp = new RegExp(
    regExpSource(pattern, flags.has('E') || flags.has('r')),
    mode.includes('g') ? 'g' : '',
  );
  const replace = (line: string) =>
    line.replace(regExp, replacement.replace(/\\(\d)/g, '$$$1').replaceAll(/(?<!\\)&/g, '$$&'));
  const apply = (text: string) =>
    splitLines(text)
      .map((line) => `${replace(line)}\n`)
      .join('');
  if (print !== null) {
    await process.write(
      `${splitLines(await inputText(process, rest))[Number(print[1]) - 1] ?? ''}\n`,
    );
  } else if (flags.has('i')) {
    for (const path of rest) {
      const full = absolute(process, path);
      process.files.writeFile(full, encode(apply(decode(process.files.readFile(full)))));
    }
  } else if (rest.length > 0) await process.write(apply(await inputText(process, rest)));
  else
    for await (const line of linesOf(process, process.stdin))
      await process.write(`${replace(line)}\n`);
  return 0;
};

const base64: Applet = async (process, args) => {
  const { flags, rest } = options(args, 'w');
  const bytes =
    rest.length > 0
      ? process.files.readFile(absolute(process, rest[0] ?? ''))
      : await allInput(process);
  if (flags.has('d')) {
    await process.write(
      Uint8Array.from(atob(decode(bytes).replace(/\s/g, '')), (char) => char.charCodeAt(0)),
    );
    return 0;
  }
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  await process.write(`${text.replace(/(.{76})/g, '$1\n').replace(/\n$/, '')}\n`);
  return 0;
};

const sha256sum: Applet = async (process, args) => {
  for (const path of args.length > 0 ? args : ['-']) {
    const bytes =
      path === '-' ? await allInput(process) : process.files.readFile(absolute(process, path));
    await process.write(`${sha256(bytes).slice(7)}  ${path}\n`);
  }
  return 0;
};

/** Commands by name. */
export const TEXT_APPLETS: Readonly<Record<string, Applet>> = {
  head: reading('head', head),
  tail: reading('tail', tail),
  grep: reading('grep', grep),
  egrep: reading('egrep', (process, args) => grep(process, ['-E', ...args])),
  wc: reading('wc', wc),
  sort: reading('sort', sort),
  uniq: reading('uniq', uniq),
  cut: reading('cut', cut),
  sed: reading('sed', sed),
  base64: reading('base64', base64),
  sha256sum: reading('sha256sum', sha256sum),
  seq,
  tr,
};
