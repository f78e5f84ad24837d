/** Commands about the system: `env`, `ps`, `id`, `date`, `sleep` and their like. Given. */

import type { Process } from '../../kernel/process.ts';
import { ExecError } from '../../kernel/program.ts';
import { parseSignal } from '../../kernel/signals.ts';
import { echoText } from '../shell/builtins.ts';
import { absolute } from '../shell/pattern.ts';
import { type Applet, decode, inputText, options } from './applet.ts';
import { printfText } from './printf.ts';
import { testExpression } from './test.ts';

/** `1.5`, `10s`, `2m`, `infinity`: milliseconds; `undefined` for what is no duration. */
export function durationMs(text: string): number | undefined {
  if (text === 'infinity' || text === 'inf') return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d+)?|\.\d+)([smhd]?)$/.exec(text);
  if (match === null) return undefined;
  const factor = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] || 's'] ?? 1000;
  return Number(match[1]) * factor;
}

const sleep: Applet = async (process, args) => {
  let totalMs = 0;
  for (const arg of args) {
    const ms = durationMs(arg);
    if (ms === undefined) {
      await process.writeError(`sleep: invalid number '${arg}'\n`);
      return 1;
    }
    totalMs += ms;
  }
  if (totalMs === Number.POSITIVE_INFINITY) return process.wait(new Promise<number>(() => {}));
  await process.sleep(totalMs);
  return 0;
};

const env: Applet = async (process, args) => {
  const set = args.filter((arg) => /^\w+=/.test(arg));
  const at = args.findIndex((arg) => !/^\w+=/.test(arg) && !arg.startsWith('-'));
  const all = new Map(process.env);
  for (const one of set.slice(0, at < 0 ? undefined : at))
    all.set(one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1));
  if (at >= 0) return run(process, args.slice(at), { env: all });
  await process.write([...all].map(([name, value]) => `${name}=${value}\n`).join(''));
  return 0;
};

/** Runs another command, and ends as it does. */
async function run(
  process: Process,
  argv: readonly string[],
  more: { env?: Map<string, string> } = {},
): Promise<number> {
  try {
    return (await process.wait(process.spawn(argv, more).exited)).exitCode;
  } catch (error) {
    if (!(error instanceof ExecError)) throw error;
    await process.writeError(
      `${process.argv[0]}: can't execute '${argv[0]}': No such file or directory\n`,
    );
    return error.exitCode;
  }
}

const printenv: Applet = async (process, [name]) => {
  if (name === undefined) return env(process, []);
  const value = process.env.get(name);
  if (value !== undefined) await process.write(`${value}\n`);
  return value === undefined ? 1 : 0;
};

function nameOf(process: Process, file: string, id: number): string | undefined {
  const text = process.files.stat(file) ? decode(process.files.readFile(file)) : '';
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .find((row) => row[2] === String(id))?.[0];
}

const id: Applet = async (process, args) => {
  const { flags } = options(args);
  const { uid, gid, groups } = process.credentials;
  if (flags.has('u'))
    await process.write(`${flags.has('n') ? (nameOf(process, '/etc/passwd', uid) ?? uid) : uid}\n`);
  else if (flags.has('g')) await process.write(`${gid}\n`);
  else if (flags.has('G')) await process.write(`${groups.join(' ')}\n`);
  else {
    const shown = (file: string, one: number) => {
      const name = nameOf(process, file, one);
      return name === undefined ? String(one) : `${one}(${name})`;
    };
    const list = groups.map((one) => shown('/etc/group', one)).join(',');
    await process.write(
      `uid=${shown('/etc/passwd', uid)} gid=${shown('/etc/group', gid)} groups=${list}\n`,
    );
  }
  return 0;
};

const whoami: Applet = async (process) => {
  const { uid } = process.credentials;
  const name = nameOf(process, '/etc/passwd', uid);
  if (name === undefined) {
    await process.writeError(`whoami: unknown uid ${uid}\n`);
    return 1;
  }
  await process.write(`${name}\n`);
  return 0;
};

const date: Applet = async (process, args) => {
  const { flags, values, rest } = options(args, 'd');
  const at = values.get('d');
  const now = new Date(at?.startsWith('@') ? Number(at.slice(1)) * 1000 : process.now());
  const format = rest.find((arg) => arg.startsWith('+'))?.slice(1);
  if (format !== undefined) await process.write(`${formatDate(now, format)}\n`);
  else if (flags.has('I')) await process.write(`${now.toISOString().slice(0, 10)}\n`);
  else await process.write(`${formatDate(now, '%a %b %e %H:%M:%S UTC %Y')}\n`);
  return 0;
};

function formatDate(at: Date, format: string): string {
  const iso = at.toISOString();
  const words = at.toUTCString();
  const parts: Record<string, string> = {
    Y: iso.slice(0, 4),
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    H: iso.slice(11, 13),
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    F: iso.slice(0, 10),
    T: iso.slice(11, 19),
    s: String(Math.floor(at.getTime() / 1000)),
    N: `${iso.slice(20, 23)}000000`,
    Z: 'UTC',
    z: '+0000',
    a: words.slice(0, 3),
    b: words.slice(8, 11),
    e: String(at.getUTCDate()).padStart(2),
    '%': '%',
  };
  return format.replace(/%([a-zA-Z%])/g, (all, letter: string) => parts[letter] ?? all);
}

const ps: Applet = async (process) => {
  const rows = process.namespace.processes.map((one) => {
    const user = nameOf(process, '/etc/passwd', one.credentials.uid) ?? String(one.credentials.uid);
    return `${String(one.pid).padStart(5)} ${user.padEnd(8)}  0:00 ${one.argv.join(' ')}\n`;
  });
  await process.write(`PID   USER     TIME  COMMAND\n${rows.join('')}`);
  return 0;
};

const kill: Applet = async (process, args) => {
  let signal = parseSignal('TERM');
  let status = 0;
  for (const arg of args) {
    if (arg.startsWith('-')) signal = parseSignal(arg.replace(/^-s?/, ''));
    else if (signal !== undefined) {
      try {
        process.sendSignal(Number(arg), signal);
      } catch (error) {
        await process.writeError(
          `kill: can't kill pid ${arg}: ${error instanceof Error ? error.message : error}\n`,
        );
        status = 1;
      }
    }
  }
  return status;
};

const uname: Applet = async (process, args) => {
  const { flags } = options(args);
  const all = ['Linux', process.namespace.hostname, '6.1.0', '#1 SMP', 'x86_64', 'GNU/Linux'];
  const one: Record<string, number> = { s: 0, n: 1, r: 2, v: 3, m: 4, o: 5 };
  const [flag] = flags;
  await process.write(`${flag === 'a' ? all.join(' ') : all[one[flag ?? 's'] ?? 0]}\n`);
  return 0;
};

const hostname: Applet = async (process, args) => {
  const { flags } = options(args);
  const { network, hostname: name } = process.namespace;
  await process.write(`${flags.has('i') || flags.has('I') ? network.ip : name}\n`);
  return 0;
};

const which: Applet = async (process, args) => {
  let status = 0;
  for (const name of args) {
    const path = (process.env.get('PATH') ?? '')
      .split(':')
      .map((directory) => `${directory}/${name}`)
      .find((full) => process.files.stat(full)?.kind === 'file');
    if (path === undefined) status = 1;
    else await process.write(`${path}\n`);
  }
  return status;
};

const timeout: Applet = async (process, args) => {
  const { values, rest } = options(args, 'sk');
  const [limit = '0', ...argv] = rest;
  const child = process.spawn(argv);
  let isLate = false;
  const late = process.sleep(durationMs(limit) ?? 0).then(() => {
    isLate = true;
    child.kill(parseSignal(values.get('s') ?? 'TERM') ?? 'SIGTERM');
  });
  late.catch(() => {});
  const { exitCode } = await process.wait(child.exited);
  return isLate ? 124 : exitCode;
};

const xargs: Applet = async (process, args) => {
  const { rest, values } = options(args, 'nI');
  const words = (await inputText(process, [])).split(/\s+/).filter((word) => word !== '');
  const placeholder = values.get('I');
  if (placeholder === undefined)
    return run(process, [...(rest.length > 0 ? rest : ['echo']), ...words]);
  let status = 0;
  for (const word of words)
    status =
      (await run(
        process,
        rest.map((one) => one.replaceAll(placeholder, word)),
      )) || status;
  return status;
};

const yes: Applet = async (process, args) => {
  const line = `${args.join(' ') || 'y'}\n`;
  for (;;) {
    await process.work(1);
    await process.write(line.repeat(100));
  }
};

const free: Applet = async (process) => {
  const { memoryBytes } = process.namespace.cgroup;
  const used = Math.ceil(memoryBytes / 1024);
  await process.write(
    `              total        used        free\nMem:        8388608 ${String(used).padStart(11)} ${String(8_388_608 - used).padStart(11)}\n`,
  );
  return 0;
};

/** Commands by name. */
export const SYSTEM_APPLETS: Readonly<Record<string, Applet>> = {
  sleep,
  env,
  printenv,
  id,
  whoami,
  date,
  ps,
  kill,
  uname,
  hostname,
  which,
  timeout,
  xargs,
  yes,
  free,
  true: () => 0,
  false: () => 1,
  nproc: async (process) => {
    await process.write('4\n');
    return 0;
  },
  pwd: async (process) => {
    await process.write(`${process.cwd}\n`);
    return 0;
  },
  echo: async (process, args) => {
    await process.write(echoText(args));
    return 0;
  },
  printf: async (process, [format = '', ...args]) => {
    await process.write(printfText(format, args));
    return 0;
  },
  test: (process, args) => (testExpression(process, args) ? 0 : 1),
  '[': (process, args) => (testExpression(process, args.slice(0, -1)) ? 0 : 1),
  usleep: async (process, [microseconds = '0']) => {
    await process.sleep(Number(microseconds) / 1000);
    return 0;
  },
  sync: () => 0,
  clear: () => 0,
  mount: async (process) => {
    await process.write('overlay on / type overlay (rw)\n');
    return 0;
  },
  df: async (process) => {
    await process.write(
      'Filesystem           1K-blocks      Used Available Use% Mounted on\noverlay               10485760         0  10485760   0% /\n',
    );
    return 0;
  },
  nohup: (process, args) => run(process, args),
  time: (process, args) => run(process, args),
  stty: async (process, [word]) => {
    if (process.terminal === undefined) {
      await process.writeError('stty: standard input: Not a tty\n');
      return 1;
    }
    const { width, height } = process.terminal;
    if (word === 'size') await process.write(`${height} ${width}\n`);
    return 0;
  },
  tty: async (process) => {
    await process.write(process.terminal ? '/dev/pts/0\n' : 'not a tty\n');
    return process.terminal ? 0 : 1;
  },
  more: async (process, args) => {
    await process.write(
      await inputText(
        process,
        args.map((path) => absolute(process, path)),
      ),
    );
    return 0;
  },
};
