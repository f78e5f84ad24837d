/** Runs a container's hooks: `postStart` and `preStop`. Given. */

import type { LifecycleHandler } from 'kubernetes-types/core/v1.js';
import type { Clock, Container } from '#apimachinery';
import type { CriClient } from '#container-runtime/cri';
import { type HttpGet, portOf } from '../probes/http-get.ts';
import { bareId } from '../runtime/read-runtime.ts';

/** What hooks reach. */
export interface HookWorld {
  readonly cri: CriClient;
  readonly clock: Clock;
  readonly httpGet: HttpGet;
}

/** @throws Error, as a rejection, when the hook fails */
export async function runHook(
  world: HookWorld,
  hook: LifecycleHandler,
  container: Container,
  containerId: string,
  podIP: string,
  signal: AbortSignal,
): Promise<void> {
  if (hook.exec) {
    const cmd = hook.exec.command ?? [];
    const answer = await world.cri.execSync({ containerId: bareId(containerId), cmd });
    if (answer.exitCode === 0) return;
    const said = new TextDecoder().decode(answer.stderr.length ? answer.stderr : answer.stdout);
    throw new Error(`command '${cmd.join(' ')}' exited with ${answer.exitCode}: ${said}`);
  }
  if (hook.httpGet) {
    const { host = podIP, port, path = '/', scheme = 'HTTP', httpHeaders = [] } = hook.httpGet;
    const target = { host, port: portOf(port, container), path, scheme, headers: httpHeaders };
    const { status } = await world.httpGet(target, signal);
    if (status >= 400) throw new Error(`HTTP hook answered ${status}`);
    return;
  }
  const { sleep } = hook as { sleep?: { seconds: number } };
  if (sleep) return world.clock.sleep(sleep.seconds * 1000, signal);
  throw new Error('invalid handler: it has neither exec, httpGet nor sleep');
}
