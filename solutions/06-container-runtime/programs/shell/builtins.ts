/** Commands that the shell runs itself. Given. */

import { Pipe } from '../../kernel/pipe.ts';
import { parseSignal } from '../../kernel/signals.ts';
import { printfText } from '../applets/printf.ts';
import { testExpression } from '../applets/test.ts';
import { Leave, type Streams } from './leave.ts';
import { absolute } from './pattern.ts';
import type { Shell } from './shell.ts';

/** A builtin; it returns, or resolves with, its exit code. */
export type Builtin = (
  shell: Shell,
  args: readonly string[],
  streams: Streams,
) => number | Promise<number>;

async function say({ stdout }: Streams, text: string): Promise<number> {
  await stdout.write(new TextEncoder().encode(text));
  return 0;
}

/** `echo` as ash has it: `-n` and `-e`. */
export function echoText(args: readonly string[]): string {
  let [isBare, isEscaped, from] = [false, false, 0];
  for (const arg of args) {
    if (!/^-[neE]+$/.test(arg)) break;
    if (arg.includes('n')) isBare = true;
    if (arg.includes('e')) isEscaped = true;
    from++;
  }
  const text = args.slice(from).join(' ');
  const shown = isEscaped ? printfText(text.replaceAll('%', '%%'), []) : text;
  return shown + (isBare ? '' : '\n');
}

async function cd(shell: Shell, [target]: readonly string[], streams: Streams): Promise<number> {
  const wanted = target === '-' ? (shell.variables.get('OLDPWD') ?? '/') : target;
  const path = absolute(shell.process, wanted ?? shell.variables.get('HOME') ?? '/');
  if (shell.process.files.stat(path)?.kind !== 'directory') {
    await shell.complain(streams, `cd: can't cd to ${wanted ?? path}: No such file or directory`);
    return 2;
  }
  shell.variables.set('OLDPWD', shell.process.cwd);
  shell.process.cwd = shell.process.files.realPath(path);
  shell.variables.set('PWD', shell.process.cwd);
  return 0;
}

function exportNames(shell: Shell, args: readonly string[]): number {
  for (const arg of args) {
    const at = arg.indexOf('=');
    const name = at < 0 ? arg : arg.slice(0, at);
    if (at >= 0) shell.variables.set(name, arg.slice(at + 1));
    shell.exported.add(name);
  }
  return 0;
}

function set(shell: Shell, args: readonly string[], streams: Streams): number | Promise<number> {
  if (args.length === 0) {
    const lines = [...shell.variables].map(([name, value]) => `${name}='${value}'\n`).sort();
    return say(streams, lines.join(''));
  }
  for (const [i, arg] of args.entries()) {
    if (arg === '--' || !/^[-+]/.test(arg)) {
      shell.parameters = args.slice(arg === '--' ? i + 1 : i);
      return 0;
    }
    const isOn = arg.startsWith('-');
    if (arg.includes('e')) shell.exitOnError = isOn;
    if (arg.includes('x')) shell.traceCommands = isOn;
    if (arg.includes('u')) shell.errorOnUnset = isOn;
    if (arg.endsWith('o')) return 0;
  }
  return 0;
}

function trap(shell: Shell, args: readonly string[]): number {
  const [action = '', ...signals] = args;
  for (const signal of signals) {
    const name = signal.toUpperCase() === 'EXIT' ? 'EXIT' : parseSignal(signal)?.slice(3);
    if (name !== undefined || signal === '0') {
      shell.trap(name ?? '0', action === '-' ? undefined : action);
    }
  }
  return 0;
}

async function wait(shell: Shell, args: readonly string[]): Promise<number> {
  const jobs =
    args.length === 0 ? shell.jobs : shell.jobs.filter(({ pid }) => args.includes(String(pid)));
  const all = Promise.all(jobs.map((job) => job.exited));
  // Background commands share the container: a wait without any ends at once.
  if ((await shell.waitFor(all)) === 'signal') return 143;
  return args.length === 0 ? 0 : ((await all).at(-1)?.exitCode ?? 127);
}

async function read(shell: Shell, args: readonly string[], streams: Streams): Promise<number> {
  const names = args.filter((arg) => !arg.startsWith('-'));
  const line = await readLine(shell, streams);
  if (line === undefined) return 1;
  const words = line.trim().split(/[ \t]+/);
  const targets = names.length > 0 ? names : ['REPLY'];
  for (const [i, name] of targets.entries()) {
    const isLast = i === targets.length - 1;
    shell.variables.set(name, isLast ? words.slice(i).join(' ') : (words[i] ?? ''));
  }
  return 0;
}

/** Reads byte for byte, as a shell does, so that the next command finds the rest. */
async function readLine(shell: Shell, { stdin }: Streams): Promise<string | undefined> {
  let text = '';
  for (;;) {
    const bytes = await shell.process.wait(stdin.read());
    if (bytes === undefined) return text === '' ? undefined : text;
    const end = bytes.indexOf(10);
    if (end < 0) {
      text += new TextDecoder().decode(bytes);
      continue;
    }
    if (stdin instanceof Pipe) stdin.unread(bytes.subarray(end + 1));
    return text + new TextDecoder().decode(bytes.subarray(0, end));
  }
}

async function evaluate(shell: Shell, args: readonly string[], streams: Streams): Promise<number> {
  return shell.runText(args.join(' '), streams);
}

async function source(
  shell: Shell,
  [path = '']: readonly string[],
  streams: Streams,
): Promise<number> {
  const bytes = shell.process.files.readFile(absolute(shell.process, path));
  return shell.runText(new TextDecoder().decode(bytes), streams);
}

/** Takes the shell's place: here, it ends with the command. */
async function exec(shell: Shell, args: readonly string[], streams: Streams): Promise<number> {
  if (args.length === 0) return 0;
  const child = await runReplacing(shell, args, streams);
  throw new Leave('exit', child);
}

async function runReplacing(
  shell: Shell,
  args: readonly string[],
  streams: Streams,
): Promise<number> {
  const { process } = shell;
  let current: { kill(signal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP'): void } | undefined;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const) {
    process.onSignal(signal, () => current?.kill(signal));
  }
  try {
    const child = process.spawn(args, { ...streams, env: shell.environment(), cwd: process.cwd });
    current = child;
    return (await process.wait(child.exited)).exitCode;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ExecError') throw error;
    await shell.complain(streams, `exec: ${args[0]}: not found`);
    return 127;
  }
}

async function command(shell: Shell, args: readonly string[], streams: Streams): Promise<number> {
  if (args[0] !== '-v' && args[0] !== '-V') {
    const [name = '', ...rest] = args;
    const builtin = BUILTINS.get(name);
    return builtin ? builtin(shell, rest, streams) : shell.external(args, [], streams);
  }
  const [, name = ''] = args;
  if (BUILTINS.has(name) || shell.functions.has(name)) return say(streams, `${name}\n`);
  const path = (shell.variables.get('PATH') ?? '')
    .split(':')
    .map((directory) => `${directory}/${name}`)
    .find((full) => shell.process.files.stat(full)?.kind === 'file');
  return path === undefined ? 127 : say(streams, `${path}\n`);
}

async function test(shell: Shell, args: readonly string[], streams: Streams): Promise<number> {
  try {
    return testExpression(shell.process, args) ? 0 : 1;
  } catch (error) {
    await shell.complain(streams, `test: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
}

async function kill(shell: Shell, args: readonly string[], streams: Streams): Promise<number> {
  let signal = parseSignal('TERM');
  let status = 0;
  for (const arg of args) {
    if (arg === '-s') continue;
    if (arg.startsWith('-') || parseSignal(arg)?.endsWith(arg)) {
      signal = parseSignal(arg.replace(/^-/, ''));
    } else if (signal === undefined) {
      await shell.complain(streams, `kill: invalid signal`);
      return 1;
    } else {
      try {
        shell.process.sendSignal(Number(arg), signal);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        await shell.complain(streams, `kill: can't kill pid ${arg}: ${why}`);
        status = 1;
      }
    }
  }
  return status;
}

const leave =
  (what: Leave['what'], fallback: (shell: Shell) => number): Builtin =>
  (shell, [value]) => {
    throw new Leave(what, value === undefined ? fallback(shell) : Number(value));
  };

/** Builtins by name. */
export const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', () => 0],
  ['true', () => 0],
  ['false', () => 1],
  ['echo', (_, args, streams) => say(streams, echoText(args))],
  ['printf', (_, [format = '', ...args], streams) => say(streams, printfText(format, args))],
  ['cd', cd],
  ['pwd', (shell, _, streams) => say(streams, `${shell.process.cwd}\n`)],
  ['export', exportNames],
  ['readonly', exportNames],
  ['local', exportNames],
  [
    'unset',
    (shell, args) => {
      for (const name of args) shell.variables.delete(name);
      return 0;
    },
  ],
  ['set', set],
  [
    'shift',
    (shell, [count = '1']) => {
      shell.parameters = shell.parameters.slice(Number(count));
      return 0;
    },
  ],
  ['trap', trap],
  ['wait', wait],
  ['read', read],
  ['eval', evaluate],
  ['.', source],
  ['source', source],
  ['exec', exec],
  ['command', command],
  ['type', (shell, args, streams) => command(shell, ['-v', ...args], streams)],
  ['test', test],
  ['[', (shell, args, streams) => test(shell, args.slice(0, -1), streams)],
  ['kill', kill],
  ['exit', leave('exit', (shell) => shell.lastStatus)],
  ['return', leave('return', (shell) => shell.lastStatus)],
  ['break', leave('break', () => 1)],
  ['continue', leave('continue', () => 1)],
]);
