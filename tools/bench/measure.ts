/** Runs one job against one server and says what it cost both sides. */

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A server that runs. */
export interface Server {
  readonly endpoint: string;
  readonly child: ChildProcess;
}

/** What came of a job. */
export interface Outcome {
  readonly operations: number;
  readonly seconds: number;
  readonly errors: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** What the process that made the load needed itself. */
  readonly clientCpuSeconds: number;
}

/** An outcome with what the server needed. */
export interface Measurement extends Outcome {
  /** Absent where the system does not tell. */
  readonly serverCpuSeconds?: number;
}

/** How many ticks of processor time a second has on Linux. */
const TICKS_PER_SECOND = 100;

/** How much longer than its job a load may take. */
const LOAD_GRACE_MS = 30_000;

/**
 * Runs a job in a process of its own.
 *
 * @param script - the load's program: takes the job, with the server's endpoint, as JSON in its first
 * argument, sends a message when it has warmed up, and prints its outcome as a line of JSON
 * @throws Error when calls were refused or the load ended badly
 */
export async function measure(
  script: string,
  server: Server,
  job: { readonly seconds: number },
): Promise<Measurement> {
  const load = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', '-C', 'ref-apimachinery', '-C', 'ref-etcd'],
      script,
      JSON.stringify({ ...job, endpoint: server.endpoint }),
    ],
    { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
  );
  let output = '';
  load.stdout?.on('data', (piece) => {
    output += String(piece);
  });
  let before = cpuSecondsOf(server.child.pid);
  load.on('message', () => {
    before = cpuSecondsOf(server.child.pid);
  });
  const impatience = setTimeout(() => load.kill('SIGKILL'), job.seconds * 1000 + LOAD_GRACE_MS);
  const code = await new Promise((resolve) => load.once('close', resolve));
  clearTimeout(impatience);
  if (code !== 0) throw new Error(`the load ended with ${code} in ${JSON.stringify(job)}`);
  const after = cpuSecondsOf(server.child.pid);
  const outcome = JSON.parse(output) as Outcome;
  if (outcome.errors > 0)
    throw new Error(`${outcome.errors} calls failed in ${JSON.stringify(job)}`);
  if (before === undefined || after === undefined) return outcome;
  return { ...outcome, serverCpuSeconds: after - before };
}

/** The measurement with more operations per second. */
export function fasterOf(one: Measurement | undefined, other: Measurement): Measurement {
  if (one === undefined) return other;
  return one.operations / one.seconds > other.operations / other.seconds ? one : other;
}

/** The processor time a process has used, where the system tells. */
function cpuSecondsOf(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}
