/**
 * The terminal as the watch loop uses it: a picture of its own, single keys, and everything as it
 * was before when the loop ends, however it ends.
 */

import type { ReadStream, WriteStream } from 'node:tty';

/** Other screen, cursor off, no wrapping at the right edge. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_TO_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const CTRL_Z = '\u001a';

/** What the world sends. */
export interface TerminalEvents {
  onKey(key: string): void;
  onResize(): void;
}

/** An open terminal. */
export interface Terminal {
  columns(): number;
  rows(): number;
  draw(lines: readonly string[]): void;
  close(): void;
}

/** Is there somebody to look and to press keys? */
export function isTerminal(input: NodeJS.ReadStream, output: NodeJS.WriteStream): boolean {
  return Boolean(input.isTTY && output.isTTY && process.env.TERM !== 'dumb');
}

/** Takes the terminal over until closed, or until the process ends. */
export function openTerminal(
  input: ReadStream,
  output: WriteStream,
  events: TerminalEvents,
): Terminal {
  let isOpen = false;
  const enter = () => {
    isOpen = true;
    input.setRawMode(true);
    output.write(ENTER);
  };
  const leave = () => {
    if (!isOpen) return;
    isOpen = false;
    output.write(LEAVE);
    input.setRawMode(false);
  };
  const onData = (data: string) => {
    // Arrow keys and the like come as one escape sequence; none of them means anything here.
    if (data.startsWith('\u001b')) return;
    for (const key of data) {
      if (key === CTRL_Z) suspend(leave);
      else events.onKey(key.toLowerCase());
    }
  };
  const onContinue = () => {
    if (isOpen) return;
    enter();
    events.onResize();
  };
  enter();
  input.setEncoding('utf8');
  input.on('data', onData);
  input.resume();
  output.on('resize', events.onResize);
  process.on('SIGCONT', onContinue);
  process.on('exit', leave);
  // Before the stack is printed, so that it is still there to read.
  process.on('uncaughtExceptionMonitor', leave);
  return {
    columns: () => output.columns || 80,
    rows: () => output.rows || 24,
    draw: (lines) => {
      if (!isOpen) return;
      output.write(HOME + lines.map((line) => line + CLEAR_TO_LINE_END).join('\r\n') + CLEAR_BELOW);
    },
    close: () => {
      process.off('SIGCONT', onContinue);
      process.off('exit', leave);
      process.off('uncaughtExceptionMonitor', leave);
      output.off('resize', events.onResize);
      input.off('data', onData);
      input.pause();
      leave();
    },
  };
}

/** Ctrl-Z: give the terminal back, then stop as any program does. */
function suspend(leave: () => void): void {
  if (process.platform === 'win32') return;
  leave();
  process.kill(process.pid, 'SIGTSTP');
}
