/** `tar`, as far as `kubectl cp` needs it: `cf -` and `xf -`. Given. */

import type { FileStat } from '#apimachinery';
import { concat } from '../../kernel/pipe.ts';
import type { Process } from '../../kernel/process.ts';
import { absolute } from '../shell/pattern.ts';
import { type Applet, allInput, decode, encode } from './applet.ts';
import { parentOf } from './files.ts';

const BLOCK = 512;

/** Runs `tar`. */
export const tar: Applet = async (process, args) => {
  const words = [...args];
  const first = words.shift() ?? '';
  let letters = first.replace(/^-/, '');
  let archive = '-';
  let directory = '.';
  const paths: string[] = [];
  if (letters.includes('f')) archive = words.shift() ?? '-';
  while (words.length > 0) {
    const word = words.shift() ?? '';
    if (word === '-C') directory = words.shift() ?? '.';
    else if (/^-[mpoxczf]+$/.test(word)) letters += word.slice(1);
    else if (!word.startsWith('--')) paths.push(word);
  }
  const base = absolute(process, directory);
  if (letters.includes('c')) return create(process, archive, base, paths);
  const bytes =
    archive === '-' ? await allInput(process) : process.files.readFile(absolute(process, archive));
  if (letters.includes('t'))
    await process.write(
      entriesOf(bytes)
        .map(({ name }) => `${name}\n`)
        .join(''),
    );
  else for (const entry of entriesOf(bytes)) extract(process, base, entry);
  return 0;
};

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
  const all = concat(blocks);
  if (archive === '-') await process.write(all);
  else process.files.writeFile(absolute(process, archive), all);
  return status;
}

function add(process: Process, full: string, name: string, blocks: Uint8Array[]): void {
  const stat = process.files.linkStat(full);
  if (stat === undefined) return;
  if (stat.kind === 'symlink')
    blocks.push(header(name, stat, '2', 0, process.files.readLink(full)));
  else if (stat.kind === 'directory') {
    blocks.push(header(`${name}/`, stat, '5', 0));
    for (const child of process.files.list(full))
      add(process, `${full}/${child}`, `${name}/${child}`, blocks);
  } else {
    const content = process.files.readFile(full);
    blocks.push(header(name, stat, '0', content.length), content);
    blocks.push(new Uint8Array((BLOCK - (content.length % BLOCK)) % BLOCK));
  }
}

function header(name: string, stat: FileStat, type: string, size: number, link = ''): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(encode(text), at);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  put(0, name.slice(0, 100));
  put(100, octal(stat.mode & 0o7777, 8));
  put(108, octal(stat.uid, 8));
  put(116, octal(stat.gid, 8));
  put(124, octal(size, 12));
  put(136, octal(Math.floor(stat.modifiedAt / 1000), 12));
  put(148, '        ');
  put(156, type);
  put(157, link.slice(0, 100));
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
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const head = bytes.subarray(at, at + BLOCK);
    const short = field(head, 0, 100);
    if (short === '') break;
    const size = Number.parseInt(field(head, 124, 12).trim() || '0', 8);
    const type = field(head, 156, 1) || '0';
    const content = bytes.slice(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'L' || type === 'x') {
      longName = longNameIn(type, decode(content));
      continue;
    }
    const prefix = field(head, 345, 155);
    const name = longName ?? (prefix === '' ? short : `${prefix}/${short}`);
    const mode = Number.parseInt(field(head, 100, 8).trim() || '644', 8);
    entries.push({ name, type, content, mode, link: field(head, 157, 100) });
    longName = undefined;
  }
  return entries;
}

/** The name that a header before the file's own has: GNU's, or POSIX's. */
function longNameIn(type: string, text: string): string | undefined {
  return type === 'L' ? text.split('\0')[0] : /\d+ path=(.*)\n/.exec(text)?.[1];
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
    } else process.files.writeFile(full, content, mode);
  }
}
