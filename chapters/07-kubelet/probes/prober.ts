/** How a container is asked: by a command in it, by HTTP, by a connection, by gRPC. Given. */

import type { Probe } from 'kubernetes-types/core/v1.js';
import { type Clock, type Container, DialError, type PodNetwork } from '#apimachinery';
import { type CriClient, CriError } from '#container-runtime/cri';
import { expandVariables } from '../container-config/container-config.ts';
import { bareId } from '../runtime/read-runtime.ts';
import { type HttpGet, portOf } from './http-get.ts';
import type { ProbeAnswer, Prober } from './probes.ts';

/** Asks a gRPC health service; rejects when it is not serving. */
export type GrpcCheck = (
  host: string,
  port: number,
  service: string,
  signal: AbortSignal,
) => Promise<void>;

/** What probes reach. */
export interface ProberWorld {
  readonly cri: CriClient;
  readonly clock: Clock;
  readonly network: PodNetwork;
  /** The node's own address. */
  readonly from: string;
  readonly httpGet: HttpGet;
  readonly grpcCheck?: GrpcCheck;
}

/** @see pkg/probe (1.33) */
export function newProber(world: ProberWorld): Prober {
  return async (probe, container, status, containerId) => {
    try {
      if (probe.exec) return await execProbe(world, probe, container, containerId);
      return await withTimeout(world.clock, probe, (signal) =>
        networkProbe(world, probe, container, status.podIP ?? '', signal),
      );
    } catch (error) {
      return { outcome: 'error', output: textOf(error) };
    }
  };
}

async function execProbe(
  { cri }: ProberWorld,
  probe: Probe,
  container: Container,
  containerId: string,
): Promise<ProbeAnswer> {
  const values = new Map((container.env ?? []).map(({ name, value = '' }) => [name, value]));
  const cmd = (probe.exec?.command ?? []).map((word) =>
    expandVariables(word, (name) => values.get(name)),
  );
  const timeout = probe.timeoutSeconds ?? 1;
  try {
    const answer = await cri.execSync({ containerId: bareId(containerId), cmd, timeout });
    const output =
      new TextDecoder().decode(answer.stdout) + new TextDecoder().decode(answer.stderr);
    return { outcome: answer.exitCode === 0 ? 'success' : 'failure', output };
  } catch (error) {
    if (error instanceof CriError && error.code === 'DEADLINE_EXCEEDED') {
      const output = `command timed out: "${cmd.join(' ')}" timed out after ${timeout}s`;
      return { outcome: 'failure', output };
    }
    throw error;
  }
}

async function networkProbe(
  { network, from, httpGet, grpcCheck }: ProberWorld,
  probe: Probe,
  container: Container,
  podIP: string,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  if (probe.httpGet) {
    const { host = podIP, port, path = '/', scheme = 'HTTP', httpHeaders = [] } = probe.httpGet;
    const target = { host, port: portOf(port, container), path, scheme, headers: httpHeaders };
    const url = `${scheme.toLowerCase()}://${host}:${target.port}${path}`;
    try {
      const { status, body } = await httpGet(target, signal);
      if (status >= 200 && status < 300) return { outcome: 'success', output: body };
      if (status >= 300 && status < 400) {
        return { outcome: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
      }
      return { outcome: 'failure', output: `HTTP probe failed with statuscode: ${status}` };
    } catch (error) {
      return { outcome: 'failure', output: `Get "${url}": ${networkFault(error)}` };
    }
  }
  if (probe.tcpSocket) {
    const { host = podIP, port } = probe.tcpSocket;
    try {
      const connection = await network.dial(from, host, portOf(port, container), 'TCP');
      connection.destroy();
      return { outcome: 'success', output: '' };
    } catch (error) {
      return { outcome: 'failure', output: networkFault(error) };
    }
  }
  if (!probe.grpc) throw new Error(`missing probe handler for ${container.name}`);
  if (!grpcCheck) throw new Error('gRPC probes are not available here');
  try {
    await grpcCheck(podIP, probe.grpc.port, probe.grpc.service ?? '', signal);
    return { outcome: 'success', output: 'service healthy' };
  } catch (error) {
    return { outcome: 'failure', output: networkFault(error) };
  }
}

/** As Go says it. */
function networkFault(error: unknown): string {
  if (error instanceof DialError) {
    return error.message
      .replace(/^dial (?:tcp )?/, 'dial tcp ')
      .replace(/: connection/, ': connect: connection');
  }
  return textOf(error);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Who does not answer in time has failed; the work is told to stop and not waited for. */
function withTimeout(
  clock: Clock,
  { timeoutSeconds = 1 }: Probe,
  ask: (signal: AbortSignal) => Promise<ProbeAnswer>,
): Promise<ProbeAnswer> {
  return new Promise((resolve, reject) => {
    const giveUp = new AbortController();
    const timer = clock.after(timeoutSeconds * 1000, () => {
      const output = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
      resolve({ outcome: 'failure', output });
      giveUp.abort(new Error(output));
    });
    ask(giveUp.signal)
      .then(resolve, reject)
      .finally(() => timer.cancel());
  });
}
