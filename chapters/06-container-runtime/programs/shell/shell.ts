/**
 * Runs shell scripts. Given.
 *
 * Builtins (`builtins.ts`) run in the shell, everything else is a process of its own, found in the
 * image's files. Each command costs a little CPU time, so that no loop is free.
 */

import type { FileError } from '#apimachinery';
import { type ByteSink, type ByteSource, emptySource, Pipe, readAll } from '../../kernel/pipe.ts';
import { type Process, ProcessEnded, SystemError } from '../../kernel/process.ts';
import { ExecError } from '../../kernel/program.ts';
import { BUILTINS } from './builtins.ts';
import { expandText, expandWord, expandWords } from './expand.ts';
import { Leave, type Streams } from './leave.ts';
import { parseScript } from './parser.ts';
import { absolute, LITERAL, patternRegExp } from './pattern.ts';
import {
  type AndOr,
  type Command,
  type Pipeline,
  type Redirect,
  type Script,
  SyntaxFault,
} from './syntax.ts';

/** CPU time of a command of a script, in milliseconds. */
const COMMAND_CPU_MS = 0.25;

/** A shell: variables, functions, where it is. */
export class Shell {
  readonly process: Process;
  readonly variables: Map<string, string>;
  readonly exported: Set<string>;
  readonly functions: Map<string, Command>;
  readonly traps = new Map<string, string>();
  readonly jobs: Process[] = [];
  readonly name: string;
  parameters: string[];
  lastStatus = 0;
  lastJob = '';
  exitOnError = false;
  traceCommands = false;
  errorOnUnset = false;
  #inCondition = 0;
  #pendingTraps: string[] = [];
  #wakeWait: (() => void) | undefined;

  constructor(process: Process, name: string, parameters: readonly string[], from?: Shell) {
    this.process = process;
    this.name = name;
    this.parameters = [...parameters];
    this.variables = new Map(from?.variables ?? process.env);
    this.exported = new Set(from?.exported ?? process.env.keys());
    this.functions = new Map(from?.functions);
    this.exitOnError = from?.exitOnError ?? false;
    this.lastStatus = from?.lastStatus ?? 0;
    if (!this.variables.has('IFS')) this.variables.set('IFS', ' \t\n');
    if (!this.variables.has('PWD')) this.variables.set('PWD', process.cwd);
  }

  get streams(): Streams {
    const { stdin, stdout, stderr } = this.process;
    return { stdin, stdout, stderr };
  }

  /** Runs a script to its end, with traps. @returns the exit code */
  async runAll(text: string): Promise<number> {
    let status: number;
    try {
      await this.run(parseScript(text), this.streams);
      status = this.lastStatus;
    } catch (error) {
      status = await this.statusOf(error);
    }
    return this.runExitTrap(status);
  }

  async runExitTrap(status: number): Promise<number> {
    const trap = this.traps.get('EXIT');
    if (trap === undefined) return status;
    this.traps.delete('EXIT');
    try {
      await this.run(parseScript(trap), this.streams);
    } catch (error) {
      return this.statusOf(error);
    }
    return status;
  }

  /** What an error means for the shell's exit code. @throws what ends the process */
  async statusOf(error: unknown): Promise<number> {
    if (error instanceof Leave) return error.value;
    if (error instanceof ProcessEnded) throw error;
    const status = error instanceof SyntaxFault ? 2 : 1;
    await this.complain(this.streams, error instanceof Error ? error.message : String(error));
    return status;
  }

  async complain(streams: Streams, text: string): Promise<void> {
    await streams.stderr.write(new TextEncoder().encode(`${this.name}: ${text}\n`));
  }

  /** @returns the last command's exit code, also `lastStatus` */
  async run(script: Script, streams: Streams): Promise<number> {
    for (const one of script) {
      if (one.background) this.#runInBackground(one, streams);
      else await this.#andOr(one, streams);
      await this.#runTraps(streams);
    }
    return this.lastStatus;
  }

  async runText(text: string, streams: Streams): Promise<number> {
    return this.run(parseScript(text), streams);
  }

  trap(signal: string, action: string | undefined): void {
    const name = signal === '0' ? 'EXIT' : signal;
    if (action === undefined) this.traps.delete(name);
    else this.traps.set(name, action);
    if (name === 'EXIT') return;
    const kernelName = `SIG${name}` as 'SIGTERM';
    if (action === undefined) this.process.onSignal(kernelName, undefined);
    else {
      this.process.onSignal(kernelName, () => {
        this.#pendingTraps.push(action);
        this.#wakeWait?.();
      });
    }
  }

  /** Waits for something, or for a signal that is trapped. */
  async waitFor(what: Promise<unknown>): Promise<'done' | 'signal'> {
    const signal = new Promise<'signal'>((resolve) => {
      this.#wakeWait = () => resolve('signal');
    });
    if (this.#pendingTraps.length > 0) return 'signal';
    const done = this.process.wait(Promise.race([what.then(() => 'done' as const), signal]));
    return done.finally(() => {
      this.#wakeWait = undefined;
    });
  }

  async #runTraps(streams: Streams): Promise<void> {
    while (this.#pendingTraps.length > 0) {
      const status = this.lastStatus;
      await this.runText(this.#pendingTraps.shift() ?? '', streams);
      this.lastStatus = status;
    }
  }

  #runInBackground(one: AndOr, streams: Streams): void {
    const job = this.#fork({ ...streams, stdin: emptySource }, (shell, own) =>
      shell.#andOr({ ...one, background: false }, own),
    );
    this.jobs.push(job);
    this.lastJob = String(job.pid);
    this.lastStatus = 0;
  }

  async #andOr({ first, rest }: AndOr, streams: Streams): Promise<number> {
    await this.#guarded(first, rest.length > 0, streams);
    for (const [i, { operator, pipeline }] of rest.entries()) {
      if ((this.lastStatus === 0) !== (operator === '&&')) continue;
      await this.#guarded(pipeline, i < rest.length - 1, streams);
    }
    return this.lastStatus;
  }

  async #guarded(pipeline: Pipeline, isCondition: boolean, streams: Streams): Promise<void> {
    const counts = isCondition || pipeline.negated;
    if (counts) this.#inCondition++;
    try {
      await this.#pipeline(pipeline, streams);
    } finally {
      if (counts) this.#inCondition--;
    }
    if (this.exitOnError && this.lastStatus !== 0 && !counts && this.#inCondition === 0) {
      throw new Leave('exit', this.lastStatus);
    }
  }

  async #pipeline({ negated, commands }: Pipeline, streams: Streams): Promise<void> {
    const [only] = commands;
    if (commands.length === 1 && only) this.lastStatus = await this.command(only, streams);
    else this.lastStatus = await this.#piped(commands, streams);
    if (negated) this.lastStatus = this.lastStatus === 0 ? 1 : 0;
  }

  async #piped(commands: readonly Command[], streams: Streams): Promise<number> {
    const stages: Process[] = [];
    let stdin = streams.stdin;
    for (const [i, command] of commands.entries()) {
      const pipe = i < commands.length - 1 ? new Pipe() : undefined;
      const input = stdin;
      const stage = this.#fork(
        { stdin: input, stdout: pipe ?? streams.stdout, stderr: streams.stderr },
        (shell, own) => shell.command(command, own),
        () => {
          pipe?.close();
          if (i > 0) input.cancel();
        },
      );
      stages.push(stage);
      if (pipe) stdin = pipe;
    }
    const statuses = await this.process.wait(Promise.all(stages.map((stage) => stage.exited)));
    return statuses.at(-1)?.exitCode ?? 0;
  }

  #fork(
    streams: Streams,
    run: (shell: Shell, streams: Streams) => Promise<number>,
    onEnd: () => void = () => {},
  ): Process {
    return this.process.fork(
      async (child) => {
        child.cwd = this.process.cwd;
        const shell = new Shell(child, this.name, this.parameters, this);
        try {
          return await run(shell, streams);
        } catch (error) {
          return shell.statusOf(error);
        }
      },
      { ...streams, onEnd, cwd: this.process.cwd },
    );
  }

  /** Runs one command. @returns its exit code */
  async command(command: Command, streams: Streams): Promise<number> {
    await this.process.work(COMMAND_CPU_MS);
    if (command.redirects.length === 0) return this.#body(command, streams);
    let own: Streams;
    const after: (() => void)[] = [];
    try {
      own = await this.#redirected(command.redirects, streams, after);
    } catch (error) {
      if (!isFileError(error)) throw error;
      await this.complain(streams, redirectMessage(error));
      return 1;
    }
    try {
      return await this.#body(command, own);
    } finally {
      for (const flush of after) flush();
    }
  }

  async #body(command: Command, streams: Streams): Promise<number> {
    switch (command.kind) {
      case 'simple':
        return this.#simple(command, streams);
      case 'group':
        return this.run(command.body, streams);
      case 'subshell':
        return this.#subshell(command.body, streams);
      case 'if':
        return this.#if(command, streams);
      case 'while':
        return this.#loop(
          async () => {
            const isTrue = (await this.#condition(command.condition, streams)) === 0;
            return isTrue !== command.until;
          },
          () => this.run(command.body, streams),
        );
      case 'for':
        return this.#for(command, streams);
      case 'case':
        return this.#case(command, streams);
      case 'function':
        this.functions.set(command.name, command.body);
        return 0;
    }
  }

  async #subshell(body: Script, streams: Streams): Promise<number> {
    const child = this.#fork(streams, (shell, own) => shell.run(body, own));
    return (await this.process.wait(child.exited)).exitCode;
  }

  async #condition(script: Script, streams: Streams): Promise<number> {
    this.#inCondition++;
    try {
      return await this.run(script, streams);
    } finally {
      this.#inCondition--;
    }
  }

  async #if(command: Extract<Command, { kind: 'if' }>, streams: Streams): Promise<number> {
    for (const { condition, body } of command.branches) {
      if ((await this.#condition(condition, streams)) === 0) return this.#list(body, streams);
    }
    return this.#list(command.otherwise, streams);
  }

  /** A list that may be empty: then it went well. */
  async #list(body: Script, streams: Streams): Promise<number> {
    return body.length === 0 ? 0 : this.run(body, streams);
  }

  async #for(command: Extract<Command, { kind: 'for' }>, streams: Streams): Promise<number> {
    const values = command.words
      ? await expandWords(this, command.words, streams)
      : [...this.parameters];
    return this.#loop(
      async () => {
        const value = values.shift();
        if (value !== undefined) this.variables.set(command.name, value);
        return value !== undefined;
      },
      () => this.run(command.body, streams),
    );
  }

  async #loop(next: () => Promise<boolean>, body: () => Promise<number>): Promise<number> {
    let status = 0;
    while (await next()) {
      try {
        status = await body();
      } catch (error) {
        const isMine =
          error instanceof Leave && (error.what === 'break' || error.what === 'continue');
        if (!isMine) throw error;
        if (error.value > 1) throw new Leave(error.what, error.value - 1);
        status = 0;
        if (error.what === 'break') break;
      }
    }
    return status;
  }

  async #case(command: Extract<Command, { kind: 'case' }>, streams: Streams): Promise<number> {
    const subject = await expandText(this, command.subject, streams);
    for (const { patterns, body } of command.arms) {
      for (const pattern of patterns) {
        const source = await expandWord(this, pattern, streams);
        if (patternRegExp(source).test(subject)) return this.#list(body, streams);
      }
    }
    return 0;
  }

  async #simple(command: Extract<Command, { kind: 'simple' }>, streams: Streams): Promise<number> {
    const words = await expandWords(this, command.words, streams);
    const assignments: [string, string][] = [];
    for (const { name, value } of command.assignments) {
      assignments.push([name, await expandText(this, value, streams)]);
    }
    if (this.traceCommands && words.length > 0) {
      await streams.stderr.write(new TextEncoder().encode(`+ ${words.join(' ')}\n`));
    }
    const [name, ...args] = words;
    if (name === undefined) {
      for (const [key, value] of assignments) this.variables.set(key, value);
      // `x=$(false)` is false.
      return command.assignments.some(({ value }) => value.some(({ kind }) => kind === 'command'))
        ? this.lastStatus
        : 0;
    }
    const body = this.functions.get(name);
    if (body !== undefined) return this.#function(body, args, streams);
    const builtin = BUILTINS.get(name);
    if (builtin === undefined) return this.external(words, assignments, streams);
    for (const [key, value] of assignments) this.variables.set(key, value);
    return builtin(this, args, streams);
  }

  async #function(body: Command, args: readonly string[], streams: Streams): Promise<number> {
    const outer = this.parameters;
    this.parameters = [...args];
    try {
      return await this.command(body, streams);
    } catch (error) {
      if (error instanceof Leave && error.what === 'return') return error.value;
      throw error;
    } finally {
      this.parameters = outer;
    }
  }

  /** What commands get as their environment. */
  environment(extra: readonly (readonly [string, string])[] = []): Map<string, string> {
    const env = new Map<string, string>();
    for (const name of this.exported) {
      const value = this.variables.get(name);
      if (value !== undefined) env.set(name, value);
    }
    for (const [name, value] of extra) env.set(name, value);
    return env;
  }

  /** Runs a command that is a file. */
  async external(
    words: readonly string[],
    assignments: readonly (readonly [string, string])[],
    streams: Streams,
  ): Promise<number> {
    const env = this.environment(assignments);
    // Where to look follows the shell's own PATH, exported or not.
    const path = this.variables.get('PATH');
    if (path !== undefined && !env.has('PATH')) env.set('PATH', path);
    try {
      const child = this.process.spawn(words, { ...streams, env, cwd: this.process.cwd });
      return (await this.process.wait(child.exited)).exitCode;
    } catch (error) {
      if (error instanceof SystemError) {
        await this.complain(streams, `can't fork: ${error.message}`);
        return 2;
      }
      if (!(error instanceof ExecError)) throw error;
      const [name = ''] = words;
      await this.complain(streams, `${name}: ${execMessage(name, error)}`);
      return error.exitCode;
    }
  }

  async #redirected(
    redirects: readonly Redirect[],
    streams: Streams,
    after: (() => void)[],
  ): Promise<Streams> {
    const fds: [ByteSource, ByteSink, ByteSink] = [streams.stdin, streams.stdout, streams.stderr];
    for (const { fd, kind, target } of redirects) {
      const word = await expandText(this, target, streams);
      if (kind === 'here') fds[0] = sourceOf(new TextEncoder().encode(word));
      else if (kind === 'read') {
        fds[0] = sourceOf(this.process.files.readFile(absolute(this.process, word)));
      } else if (kind === 'dup') {
        const from = word === '2' ? fds[2] : fds[1];
        if (fd === 1) fds[1] = from;
        if (fd === 2) fds[2] = from;
      } else {
        const sink = this.#fileSink(word, kind === 'append', streams, after);
        if (fd === 2) fds[2] = sink;
        else fds[1] = sink;
      }
    }
    return { stdin: fds[0], stdout: fds[1], stderr: fds[2] };
  }

  #fileSink(path: string, append: boolean, streams: Streams, _after: (() => void)[]): ByteSink {
    const first = this.process.namespace.process(1);
    if (path === '/dev/stdout') return streams.stdout;
    if (path === '/dev/stderr') return streams.stderr;
    if (path === '/proc/1/fd/1' && first) return first.stdout;
    if (path === '/proc/1/fd/2' && first) return first.stderr;
    const full = absolute(this.process, path);
    const { files } = this.process;
    if (append) files.appendFile(full, new Uint8Array());
    else files.writeFile(full, new Uint8Array());
    return { write: (bytes) => files.appendFile(full, bytes), close: () => {} };
  }

  /** What a script writes, for `$(…)`, without the newlines at its end. */
  async output(script: Script, streams: Streams): Promise<string> {
    const pipe = new Pipe();
    const child = this.#fork(
      { ...streams, stdout: pipe },
      (shell, own) => shell.run(script, own),
      () => pipe.close(),
    );
    const bytes = await this.process.wait(readAll(pipe));
    this.lastStatus = (await this.process.wait(child.exited)).exitCode;
    return new TextDecoder().decode(bytes).replace(/\n+$/, '');
  }
}

function sourceOf(bytes: Uint8Array): ByteSource {
  const pipe = new Pipe();
  pipe.unread(bytes);
  pipe.close();
  return pipe;
}

function isFileError(error: unknown): error is FileError {
  return error instanceof Error && error.name === 'FileError';
}

function redirectMessage(error: FileError): string {
  const why = error.message.slice(error.message.lastIndexOf(': ') + 2);
  const verb = error.code === 'ENOENT' ? "can't open" : "can't create";
  return `${verb} ${error.path}: ${capitalized(why)}`;
}

function execMessage(name: string, error: ExecError): string {
  if (error.exitCode === 127) return name.includes('/') ? 'not found' : 'not found';
  return capitalized(error.message.slice(error.message.lastIndexOf(': ') + 2));
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Keeps a character from meaning something in a pattern. */
export function literal(text: string): string {
  return [...text].map((char) => LITERAL + char).join('');
}
