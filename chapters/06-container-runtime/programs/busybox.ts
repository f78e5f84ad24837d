/** One program that is many commands: which, its name says. Given. */

import type { Process } from '../kernel/process.ts';
import type { Applet } from './applets/applet.ts';
import { baseName, FILE_APPLETS } from './applets/files.ts';
import { NETWORK_APPLETS } from './applets/network.ts';
import { SYSTEM_APPLETS } from './applets/system.ts';
import { tar } from './applets/tar.ts';
import { TEXT_APPLETS } from './applets/text.ts';
import { sh } from './shell/sh.ts';

/** CPU time that starting a command costs, in milliseconds. */
const START_CPU_MS = 1;

const APPLETS: ReadonlyMap<string, Applet> = new Map(
  Object.entries({ ...FILE_APPLETS, ...TEXT_APPLETS, ...SYSTEM_APPLETS, ...NETWORK_APPLETS, tar }),
);

const SHELLS: readonly string[] = ['sh', 'ash', 'bash', 'dash'];

/** The names of all commands. */
export const COMMAND_NAMES: readonly string[] = [...SHELLS.slice(0, 2), ...APPLETS.keys()];

/** Runs the command that `argv[0]` names; as `busybox NAME …` the one after it. */
export async function busybox(process: Process): Promise<number> {
  await process.work(START_CPU_MS);
  const [zero = '', ...args] = process.argv;
  const name = baseName(zero).replace(/^-/, '');
  if (SHELLS.includes(name)) return sh(process);
  const [wanted = 'help', ...rest] = name === 'busybox' ? args : [name, ...args];
  if (SHELLS.includes(wanted)) {
    const child = process.spawn([`/bin/${wanted}`, ...rest]);
    return (await process.wait(child.exited)).exitCode;
  }
  const applet = APPLETS.get(wanted);
  if (applet !== undefined) return applet(process, rest);
  await process.writeError(`${wanted}: applet not found\n`);
  return 127;
}
