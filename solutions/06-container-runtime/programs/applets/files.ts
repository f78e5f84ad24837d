/** Commands about files: `ls`, `cat`, `cp`, `rm` and their like. Given. */

import { FileError, type FileStat } from '#apimachinery';
import type { Process } from '../../kernel/process.ts';
import { absolute } from '../shell/pattern.ts';
import { type Applet, allInput, each, encode, options, why } from './applet.ts';

const cat: Applet = async (process, args) => {
  const paths = args.filter((arg) => !/^-[un]$/.test(arg));
  if (paths.length === 0 || paths.includes('-')) {
    for (let bytes = await process.read(); bytes; bytes = await process.read())
      await process.write(bytes);
    if (paths.length === 0) return 0;
  }
  return each(
    process,
    'cat',
    paths.filter((one) => one !== '-'),
    (_, full) => process.write(process.files.readFile(full)),
    "can't open ",
  );
};

const ls: Applet = async (process, args) => {
  const { flags, rest } = options(args);
  const paths = rest.length > 0 ? rest : ['.'];
  const files: string[] = [];
  const status = await each(process, 'ls', paths, async (path, full) => {
    const stat = process.files.stat(full) ?? process.files.linkStat(full);
    if (stat === undefined) throw new FileError('ENOENT', 'ls', path);
    if (stat.kind !== 'directory' || flags.has('d')) {
      files.push(line(process, path, full, flags));
      return;
    }
    await process.write(listing(process, path, full, flags, paths.length > 1));
  });
  if (files.length > 0) await process.write(files.join(''));
  return status;
};

function listing(
  process: Process,
  path: string,
  full: string,
  flags: Set<string>,
  isNamed: boolean,
): string {
  const names = process.files
    .list(full)
    .filter((name) => flags.has('a') || flags.has('A') || !name.startsWith('.'));
  const dots = flags.has('a') ? ['.', '..'] : [];
  const lines = [...dots, ...names].map((name) => line(process, name, `${full}/${name}`, flags));
  const total = flags.has('l') ? 'total 0\n' : '';
  const below = flags.has('R')
    ? names
        .filter((name) => process.files.linkStat(`${full}/${name}`)?.kind === 'directory')
        .map((name) => `\n${listing(process, `${path}/${name}`, `${full}/${name}`, flags, true)}`)
    : [];
  return `${isNamed || flags.has('R') ? `${path}:\n` : ''}${total}${lines.join('')}${below.join('')}`;
}

function line(process: Process, name: string, full: string, flags: Set<string>): string {
  if (!flags.has('l')) return `${name}\n`;
  const stat = process.files.linkStat(full);
  if (stat === undefined) return `${name}\n`;
  const date = new Date(stat.modifiedAt).toUTCString();
  const time = `${date.slice(8, 11)} ${date.slice(5, 7)} ${date.slice(17, 22)}`;
  const target = stat.kind === 'symlink' ? ` -> ${process.files.readLink(full)}` : '';
  const owner = `${ownerName(stat.uid)} ${ownerName(stat.gid)}`;
  return `${modeText(stat)}    1 ${owner} ${String(stat.size).padStart(9)} ${time} ${name}${target}\n`;
}

function ownerName(id: number): string {
  return (id === 0 ? 'root' : String(id)).padEnd(8);
}

function modeText({ kind, mode }: FileStat): string {
  const type = { file: '-', directory: 'd', symlink: 'l' }[kind];
  const bits = [8, 7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (mode & (1 << bit) ? 'xwr'[bit % 3] : '-'));
  if (mode & 0o1000) bits[8] = mode & 1 ? 't' : 'T';
  return type + bits.join('');
}

const mkdir: Applet = (process, args) => {
  const { flags, values, rest } = options(args, 'm');
  const mode = values.has('m') ? Number.parseInt(values.get('m') ?? '', 8) : 0o755;
  return each(
    process,
    'mkdir',
    rest,
    (path, full) => {
      if (!flags.has('p')) {
        if (process.files.stat(full)) throw new FileError('EEXIST', 'mkdir', path);
        if (!process.files.stat(parentOf(full))) throw new FileError('ENOENT', 'mkdir', path);
      }
      process.files.makeDirectory(full, mode);
    },
    "can't create directory ",
  );
};

const rmdir: Applet = (process, args) =>
  each(process, 'rmdir', options(args).rest, (path, full) => {
    if (process.files.list(full).length > 0) throw new FileError('ENOTEMPTY', 'rmdir', path);
    process.files.remove(full);
  });

const rm: Applet = (process, args) => {
  const { flags, rest } = options(args);
  return each(
    process,
    'rm',
    rest,
    (path, full) => {
      const stat = process.files.linkStat(full);
      if (stat === undefined) {
        if (flags.has('f')) return;
        throw new FileError('ENOENT', 'rm', path);
      }
      if (stat.kind === 'directory' && !flags.has('r') && !flags.has('R'))
        throw new FileError('EISDIR', 'rm', path);
      process.files.remove(full);
    },
    "can't remove ",
  );
};

const touch: Applet = (process, args) =>
  each(process, 'touch', options(args).rest, (_, full) =>
    process.files.appendFile(full, new Uint8Array()),
  );

const cp: Applet = (process, args) =>
  transfer(process, 'cp', args, (from, to, isDeep) => copyTree(process, from, to, isDeep));

const mv: Applet = (process, args) =>
  transfer(process, 'mv', args, (from, to) => process.files.rename(from, to));

function transfer(
  process: Process,
  name: string,
  args: readonly string[],
  action: (from: string, to: string, isDeep: boolean) => void,
): Promise<number> {
  const { flags, rest } = options(args);
  const target = absolute(process, rest.at(-1) ?? '.');
  const isInto = process.files.stat(target)?.kind === 'directory';
  const isDeep = flags.has('r') || flags.has('R') || flags.has('a');
  return each(
    process,
    name,
    rest.slice(0, -1),
    (path, full) => {
      if (process.files.linkStat(full) === undefined) throw new FileError('ENOENT', name, path);
      action(full, isInto ? `${target}/${baseName(path)}` : target, isDeep);
    },
    "can't stat ",
  );
}

function copyTree(process: Process, from: string, to: string, isDeep: boolean): void {
  const stat = process.files.stat(from);
  if (stat?.kind !== 'directory') {
    process.files.writeFile(to, process.files.readFile(from), stat?.mode);
    return;
  }
  if (!isDeep) throw new FileError('EISDIR', 'cp', from);
  process.files.makeDirectory(to, stat.mode);
  for (const name of process.files.list(from))
    copyTree(process, `${from}/${name}`, `${to}/${name}`, true);
}

const ln: Applet = (process, args) => {
  const { flags, rest } = options(args);
  const [target = '', path = baseName(target)] = rest;
  return each(process, 'ln', [path], (_, full) => {
    const isInto = process.files.stat(full)?.kind === 'directory' && !flags.has('n');
    const link = isInto ? `${full}/${baseName(target)}` : full;
    if (flags.has('f')) process.files.remove(link);
    if (flags.has('s')) process.files.symlink(target, link);
    else process.files.writeFile(link, process.files.readFile(absolute(process, target)));
  });
};

const readlink: Applet = async (process, args) => {
  const { flags, rest } = options(args);
  try {
    const full = absolute(process, rest[0] ?? '');
    await process.write(
      `${flags.has('f') ? process.files.realPath(full) : process.files.readLink(full)}\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return 1;
  }
};

const chmod: Applet = (process, args) => {
  const { flags, rest } = options(args);
  const [wanted = '', ...paths] = /^[-+]/.test(args[0] ?? '') && !flags.has('R') ? args : rest;
  return each(process, 'chmod', paths, (path, full) => {
    const stat = process.files.stat(full);
    if (stat === undefined) throw new FileError('ENOENT', 'chmod', path);
    process.files.changeMode(full, newMode(stat.mode, wanted));
  });
};

function newMode(mode: number, wanted: string): number {
  if (/^[0-7]+$/.test(wanted)) return Number.parseInt(wanted, 8);
  const match = /^([ugoa]*)([-+=])([rwx]*)$/.exec(wanted);
  if (match === null) return mode;
  const [, who = '', operator, what = ''] = match;
  const bits = [...what].reduce((sum, one) => sum | ({ r: 4, w: 2, x: 1 }[one] ?? 0), 0);
  const all = who === '' || who.includes('a') ? 'ugo' : who;
  const mask = [...all].reduce((sum, one) => sum | (bits << ({ u: 6, g: 3, o: 0 }[one] ?? 0)), 0);
  return operator === '-' ? mode & ~mask : mode | mask;
}

const chown: Applet = (process, args) => {
  const [owner = '', ...paths] = options(args).rest;
  const [uid = '0', gid] = owner.split(':');
  return each(process, 'chown', paths, (path, full) => {
    const stat = process.files.stat(full);
    if (stat === undefined) throw new FileError('ENOENT', 'chown', path);
    process.files.changeOwner(full, idOf(uid, stat.uid), idOf(gid, stat.gid));
  });
};

function idOf(text: string | undefined, before: number): number {
  if (text === undefined || text === '') return before;
  return text === 'root' ? 0 : Number(text);
}

const stat: Applet = async (process, args) => {
  const { values, rest } = options(args, 'c');
  const format = values.get('c');
  return each(process, 'stat', rest, async (path, full) => {
    const found = process.files.linkStat(full);
    if (found === undefined) throw new FileError('ENOENT', 'stat', path);
    const { size, mode, uid, gid, kind } = found;
    const octal = mode.toString(8);
    const shown: Record<string, string> = {
      n: path,
      s: String(size),
      a: octal,
      u: String(uid),
      g: String(gid),
      F: kind,
    };
    await process.write(
      format === undefined
        ? `  File: ${path}\n  Size: ${size}\t${kind}\nAccess: (${octal.padStart(4, '0')}/${modeText(found)})  Uid: (${uid})   Gid: (${gid})\n`
        : `${format.replace(/%([a-zA-Z])/g, (_, letter: string) => shown[letter] ?? '?')}\n`,
    );
  });
};

const find: Applet = async (process, args) => {
  const at = args.findIndex((arg) => arg.startsWith('-'));
  const paths = args.slice(0, at < 0 ? undefined : at);
  const tests = at < 0 ? [] : args.slice(at);
  const option = (name: string) =>
    tests.includes(name) ? tests[tests.indexOf(name) + 1] : undefined;
  const name = option('-name');
  const type = option('-type');
  const regExp =
    name &&
    new RegExp(
      `^${name
        .replace(/[.+^${}()|\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    );
  const walk = async (path: string, full: string): Promise<void> => {
    const found = process.files.linkStat(full);
    if (found === undefined) throw new FileError('ENOENT', 'find', path);
    const kind = { file: 'f', directory: 'd', symlink: 'l' }[found.kind];
    if ((!regExp || regExp.test(baseName(path))) && (!type || kind === type))
      await process.write(`${path}\n`);
    if (found.kind !== 'directory') return;
    for (const one of process.files.list(full))
      await walk(`${path.replace(/\/$/, '')}/${one}`, `${full}/${one}`);
  };
  return each(process, 'find', paths.length > 0 ? paths : ['.'], walk);
};

const tee: Applet = async (process, args) => {
  const { flags, rest } = options(args);
  const paths = rest.map((path) => absolute(process, path));
  try {
    for (const path of paths) if (!flags.has('a')) process.files.writeFile(path, new Uint8Array());
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    await process.writeError(`tee: ${rest.join(' ')}: ${why(error)}\n`);
    return 1;
  }
  for (let bytes = await process.read(); bytes; bytes = await process.read()) {
    for (const path of paths) process.files.appendFile(path, bytes);
    await process.write(bytes);
  }
  return 0;
};

const dd: Applet = async (process, args) => {
  const given = new Map(
    args.map((arg) => [arg.split('=')[0] ?? '', arg.slice(arg.indexOf('=') + 1)]),
  );
  const bytes = sizeOf(given.get('bs') ?? '512') * Number(given.get('count') ?? 1);
  const from = given.get('if');
  let content = new Uint8Array(bytes);
  if (from === undefined) content = new Uint8Array(await allInput(process));
  else if (!isZeros(from))
    content = new Uint8Array(process.files.readFile(absolute(process, from)));
  await process.work(content.length / 1e6);
  const to = given.get('of');
  if (to === undefined) await process.write(content);
  else process.files.writeFile(absolute(process, to), content);
  await process.writeError(
    `${given.get('count') ?? 1}+0 records in\n${given.get('count') ?? 1}+0 records out\n`,
  );
  return 0;
};

/** A device without end. Nothing here is random, so both give zeros. */
export function isZeros(path: string): boolean {
  return path === '/dev/zero' || path === '/dev/urandom';
}

/** `64k`, `10M`: bytes. */
export function sizeOf(text: string): number {
  const match = /^(\d+)([kKmMgG]?)/.exec(text);
  const factor = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[(match?.[2] ?? '').toLowerCase()] ?? 1;
  return Number(match?.[1] ?? 0) * factor;
}

const du: Applet = async (process, args) => {
  const { flags, rest } = options(args);
  const total = (full: string): number => {
    const found = process.files.linkStat(full);
    if (found?.kind !== 'directory') return found?.size ?? 0;
    return process.files.list(full).reduce((sum, name) => sum + total(`${full}/${name}`), 0);
  };
  return each(process, 'du', rest.length > 0 ? rest : ['.'], (path, full) => {
    const bytes = total(full);
    return process.write(`${flags.has('b') ? bytes : Math.ceil(bytes / 1024)}\t${path}\n`);
  });
};

/** The last name of a path. */
export function baseName(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? '';
}

export function parentOf(path: string): string {
  return path.replace(/\/+$/, '').replace(/\/[^/]*$/, '') || '/';
}

/** Commands by name. */
export const FILE_APPLETS: Readonly<Record<string, Applet>> = {
  cat,
  chmod,
  chown,
  cp,
  dd,
  du,
  find,
  ln,
  ls,
  mkdir,
  mv,
  readlink,
  rm,
  rmdir,
  stat,
  tee,
  touch,
  basename: async (process, [path = '', suffix = '']) => {
    const name = baseName(path);
    const shown = suffix !== '' && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
    await process.stdout.write(encode(`${shown}\n`));
    return 0;
  },
  dirname: async (process, [path = '']) => {
    await process.write(`${path.includes('/') ? parentOf(path) : '.'}\n`);
    return 0;
  },
};
