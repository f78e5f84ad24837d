/** Signals: names, numbers, and what happens when a process says nothing about one. Given. */

/** Numbers of the signals, as on Linux. */
export const SIGNALS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGWINCH: 28,
} as const;

export type SignalName = keyof typeof SIGNALS;

const IGNORED: ReadonlySet<SignalName> = new Set(['SIGCHLD', 'SIGCONT', 'SIGWINCH', 'SIGSTOP']);

/** Does an unhandled signal end a process? A stopped process is not modelled. */
export function endsProcess(signal: SignalName): boolean {
  return !IGNORED.has(signal);
}

/** `TERM`, `SIGTERM`, `term` or `15`; `undefined` for what is no signal. */
export function parseSignal(text: string): SignalName | undefined {
  const upper = text.toUpperCase();
  const names = Object.keys(SIGNALS) as SignalName[];
  return names.find(
    (name) => name === upper || name === `SIG${upper}` || String(SIGNALS[name]) === text,
  );
}

/** The exit code of a process that a signal ended. */
export function exitCodeOf(signal: SignalName): number {
  return 128 + SIGNALS[signal];
}
