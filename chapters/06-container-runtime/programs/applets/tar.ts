/** `tar`, as far as `kubectl cp` needs it: `cf -` and `xf -`. Given. */

import type { FileStat } from '#apimachinery';
import { concat } from '../../kernel/pipe.ts';
import type { Process } from '../../kernel/process.ts';
import { absolute } from '../shell/pattern.ts';
import { type Applet, allInput, decode, encode } from './applet.ts';
import { parentOf } from './files.ts';

const BLOCK = 512;
/** A header has so many bytes for a name, and for a link's target. */
const NAME_BYTES = 100;

/** What was asked for. */
interface TarArguments {
  readonly letters: string;
  readonly archive: string;
  readonly directory: string;
  readonly paths: readonly string[];
}

/** Runs `tar`. */
export const tar: Applet = async (process, args) => {
  const { letters, archive, directory, paths } = parseArguments(args);
  if (/[zjJ]/.test(letters)) {
    await process.writeError('tar: compressed archives are not known here\n');
    return 1;
  }
  const base = absolute(process, directory);
  if (letters.includes('c')) return create(process, archive, base, paths);
  const bytes =
    archive === '-' ? await allInput(process) : process.files.readFile(absolute(process, archive));
  const entries = entriesOf(bytes);
  if (letters.includes('t')) await process.write(entries.map(({ name }) => `${name}\n`).join(''));
  else for (const entry of entries) extract(process, base, entry);
  return 0;
};

/** `xmf - -C DIR`, `-c -f FILE PATH…`; the first word may lack its `-`, long options mean nothing here. */
function parseArguments(args: readonly string[]): TarArguments {
  let [letters, archive, directory] = ['', '-', '.'];
  const paths: string[] = [];
  const words = args.filter((word) => !word.startsWith('--'));
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (i > 0 && !/^-./.test(word)) {
      paths.push(word);
      continue;
    }
    for (const letter of word.replace(/^-/, '')) {
      letters += letter;
      if (letter === 'f') archive = words[++i] ?? '-';
      if (letter === 'C') directory = words[++i] ?? '.';
    }
  }
  return { letters, archive, directory, paths };
}

async function create(
  process: Process,
  archive: string,
  base: string,
  paths: readonly string[],
): Promise<number> {
  const blocks: Uint8Array[] = [];
  let status = 0;
  for (const path of paths) {
    const full = path.startsWith('/') ? path : `${base}/${path}`;
    if (process.files.linkStat(full) === undefined) {
      await process.writeError(`tar: ${path}: No such file or directory\n`);
      status = 1;
    } else add(process, full, path.replace(/^\/+/, ''), blocks);
  }
  blocks.push(new Uint8Array(2 * BLOCK));
  if (archive === '-') for (const block of blocks) await process.write(block);
  else process.files.writeFile(absolute(process, archive), concat(blocks));
  return status;
}

function add(process: Process, full: string, name: string, blocks: Uint8Array[]): void {
  const stat = process.files.linkStat(full);
  if (stat === undefined) return;
  if (stat.kind === 'symlink') {
    const link = process.files.readLink(full);
    blocks.push(...longNames(name, stat, link), header(name, stat, '2', 0, link));
  } else if (stat.kind === 'directory') {
    blocks.push(...longNames(`${name}/`, stat), header(`${name}/`, stat, '5', 0));
    for (const child of process.files.list(full))
      add(process, `${full}/${child}`, `${name}/${child}`, blocks);
  } else {
    const content = process.files.readFile(full);
    blocks.push(...longNames(name, stat), header(name, stat, '0', content.length));
    blocks.push(content, padding(content.length));
  }
}

/** GNU's way: names that a header has no room for come before it, as content of headers of their own. */
function longNames(name: string, stat: FileStat, link = ''): Uint8Array[] {
  return [
    ['K', link],
    ['L', name],
  ].flatMap(([type = '', text = '']) => {
    const content = encode(`${text}\0`);
    if (content.length <= NAME_BYTES) return [];
    return [header('././@LongLink', stat, type, content.length), content, padding(content.length)];
  });
}

/** What is between content of so many bytes and the next header. */
function padding(bytes: number): Uint8Array {
  return new Uint8Array((BLOCK - (bytes % BLOCK)) % BLOCK);
}

function header(name: string, stat: FileStat, type: string, size: number, link = ''): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(encode(text), at);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  block.set(encode(name).subarray(0, NAME_BYTES));
  put(100, octal(stat.mode & 0o7777, 8));
  put(108, octal(stat.uid, 8));
  put(116, octal(stat.gid, 8));
  put(124, octal(size, 12));
  put(136, octal(Math.floor(stat.modifiedAt / 1000), 12));
  put(148, '        ');
  put(156, type);
  block.set(encode(link).subarray(0, NAME_BYTES), 157);
  put(257, 'ustar\0');
  put(263, '00');
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

interface TarEntry {
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly link: string;
  readonly content: Uint8Array;
}

function entriesOf(bytes: Uint8Array): TarEntry[] {
  const entries: TarEntry[] = [];
  let long: LongNames = {};
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const head = bytes.subarray(at, at + BLOCK);
    const short = field(head, 0, NAME_BYTES);
    if (short === '') break;
    const size = Number.parseInt(field(head, 124, 12).trim() || '0', 8);
    const type = field(head, 156, 1) || '0';
    const content = bytes.slice(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (/[LKxg]/.test(type)) {
      // What is global says nothing about names.
      if (type !== 'g') long = { ...long, ...longNamesIn(type, decode(content)) };
      continue;
    }
    const prefix = field(head, 345, 155);
    const name = long.name ?? (prefix === '' ? short : `${prefix}/${short}`);
    const mode = Number.parseInt(field(head, 100, 8).trim() || '644', 8);
    entries.push({ name, type, content, mode, link: long.link ?? field(head, 157, NAME_BYTES) });
    long = {};
  }
  return entries;
}

interface LongNames {
  readonly name?: string;
  readonly link?: string;
}

/** The names that a header before the file's own has: GNU's, or POSIX's. */
function longNamesIn(type: string, text: string): LongNames {
  if (type === 'L') return { name: text.split('\0')[0] ?? '' };
  if (type === 'K') return { link: text.split('\0')[0] ?? '' };
  const name = /^\d+ path=(.*)$/m.exec(text)?.[1];
  const link = /^\d+ linkpath=(.*)$/m.exec(text)?.[1];
  return { ...(name !== undefined && { name }), ...(link !== undefined && { link }) };
}

function field(head: Uint8Array, from: number, length: number): string {
  return decode(head.subarray(from, from + length)).split('\0')[0] ?? '';
}

function extract(
  process: Process,
  base: string,
  { name, type, mode, link, content }: TarEntry,
): void {
  const full = `${base}/${name.replace(/^\/+/, '')}`.replace(/\/+$/, '');
  if (type === '5') process.files.makeDirectory(full, mode);
  else {
    process.files.makeDirectory(parentOf(full));
    if (type === '2') {
      process.files.remove(full);
      process.files.symlink(link, full);
    } else if (type === '1') {
      // There are no second names here, only copies.
      const first = `${base}/${link.replace(/^\/+/, '')}`;
      process.files.writeFile(full, process.files.readFile(first), mode);
    } else process.files.writeFile(full, content, mode);
  }
}
