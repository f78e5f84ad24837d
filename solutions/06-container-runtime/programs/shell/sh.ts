/** The program `sh`: a script from `-c`, from a file, or line by line. Given. */

import type { Process } from '../../kernel/process.ts';
import { Leave } from './leave.ts';
import { parseScript } from './parser.ts';
import { absolute } from './pattern.ts';
import { Shell } from './shell.ts';
import { SyntaxFault } from './syntax.ts';

/** Runs `sh`. */
export async function sh(process: Process): Promise<number> {
  process.allocate(400 * 1024);
  const [name = 'sh', ...args] = process.argv;
  const options: string[] = [];
  while (args[0] !== undefined && /^[-+]\w+$/.test(args[0])) options.push(args.shift() ?? '');
  const flags = options.filter((one) => one.startsWith('-')).join('');
  if (flags.includes('c')) {
    const [script = '', scriptName = name, ...parameters] = args;
    return withFlags(new Shell(process, scriptName, parameters), flags).runAll(script);
  }
  const [file, ...parameters] = args;
  if (file !== undefined) return runFile(process, name, file, parameters, flags);
  return runLines(withFlags(new Shell(process, name, []), flags));
}

function withFlags(shell: Shell, flags: string): Shell {
  shell.exitOnError = flags.includes('e');
  shell.traceCommands = flags.includes('x');
  shell.errorOnUnset = flags.includes('u');
  return shell;
}

async function runFile(
  process: Process,
  name: string,
  file: string,
  parameters: readonly string[],
  flags: string,
): Promise<number> {
  let bytes: Uint8Array;
  try {
    bytes = process.files.readFile(absolute(process, file));
  } catch {
    await process.writeError(`${name}: can't open '${file}': No such file or directory\n`);
    return 2;
  }
  return withFlags(new Shell(process, file, parameters), flags).runAll(
    new TextDecoder().decode(bytes),
  );
}

/** Reads commands as they come, and asks for them when somebody sits at a terminal. */
async function runLines(shell: Shell): Promise<number> {
  const { process } = shell;
  const isInteractive = process.terminal !== undefined;
  // An interactive shell outlives Ctrl-C.
  if (isInteractive) process.onSignal('SIGINT', () => void prompt(shell));
  const decoder = new TextDecoder();
  let text = '';
  if (isInteractive) await prompt(shell);
  for (let bytes = await process.read(); bytes; bytes = await process.read()) {
    text += decoder.decode(bytes, { stream: true });
    if (!text.endsWith('\n')) continue;
    const status = await runText(shell, text);
    if (status === 'unfinished') {
      if (isInteractive) await process.write('> ');
      continue;
    }
    text = '';
    if (typeof status === 'number') return shell.runExitTrap(status);
    if (isInteractive) await prompt(shell);
  }
  const rest = text === '' ? undefined : await runText(shell, text);
  return shell.runExitTrap(typeof rest === 'number' ? rest : shell.lastStatus);
}

async function runText(shell: Shell, text: string): Promise<number | 'unfinished' | 'done'> {
  try {
    await shell.run(parseScript(text), shell.streams);
    return 'done';
  } catch (error) {
    if (error instanceof SyntaxFault && error.isUnfinished) return 'unfinished';
    if (error instanceof Leave && error.what === 'exit') return error.value;
    shell.lastStatus = await shell.statusOf(error);
    return 'done';
  }
}

async function prompt(shell: Shell): Promise<void> {
  const mark = shell.process.credentials.uid === 0 ? '#' : '$';
  await shell.process.write(`${shell.process.cwd} ${mark} `);
}
