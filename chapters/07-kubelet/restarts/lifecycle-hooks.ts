/** Runs a container's hooks: `postStart` and `preStop`. Given. */

import type { LifecycleHandler } from 'kubernetes-types/core/v1.js';
import type { Clock, Container, Pod } from '#apimachinery';
import type { CriClient } from '#container-runtime/cri';
import { type HttpGet, portOf } from '../probes/http-get.ts';
import { bareId } from '../runtime/read-runtime.ts';

/** What hooks reach. */
export interface HookWorld {
  readonly cri: CriClient;
  readonly clock: Clock;
  readonly httpGet: HttpGet;
}

/** Whose hook it is. */
export interface HookPlace {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
}

/**
 * @throws Error, as a rejection, when the hook fails; whatever an HTTP server answers is no failure
 * @see pkg/kubelet/lifecycle/handlers.go (1.33)
 */
export async function runHook(
  world: HookWorld,
  hook: LifecycleHandler,
  place: HookPlace,
  signal: AbortSignal,
): Promise<void> {
  const { container } = place;
  if (hook.exec) {
    const { command = [] } = hook.exec;
    const what = `Exec lifecycle hook (${goList(command)})`;
    return named(what, place, () => execHook(world, command, place.containerId));
  }
  if (hook.httpGet) {
    const { host = '', port, path = '', scheme = 'HTTP', httpHeaders = [] } = hook.httpGet;
    return named(`HTTP lifecycle hook (${path})`, place, async () => {
      const number = port === '' ? 80 : portOf(port, container);
      const target = { host: host || place.podIP, port: number, path, scheme };
      if (target.host === '') throw new Error('failed to find networking container: no IP address');
      await world.httpGet({ ...target, headers: httpHeaders }, signal);
    });
  }
  const { sleep } = hook as { sleep?: { seconds: number } };
  if (sleep) return world.clock.sleep(sleep.seconds * 1000, signal);
  throw new Error('Cannot run handler: it has neither exec, httpGet nor sleep');
}

async function execHook({ cri }: HookWorld, cmd: string[], containerId: string): Promise<void> {
  const { exitCode, stdout, stderr } = await cri.execSync({
    containerId: bareId(containerId),
    cmd,
  });
  if (exitCode === 0) return;
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  const fault = `command '${cmd.join(' ')}' exited with ${exitCode}: ${err}`;
  throw new HookFailure(fault, `${out}${err}`);
}

/** What went wrong, and what was said meanwhile. */
class HookFailure extends Error {
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

async function named(
  what: string,
  { container, pod }: HookPlace,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { name, namespace, uid } = pod.metadata ?? {};
    const whose = `for Container "${container.name}" in Pod "${name}_${namespace}(${uid})"`;
    const output = error instanceof HookFailure ? error.output : '';
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${what} ${whose} failed - error: ${why}, message: ${JSON.stringify(output)}`);
  }
}

/** A list of texts as Go prints it. */
function goList(words: readonly string[]): string {
  return `[${words.join(' ')}]`;
}
