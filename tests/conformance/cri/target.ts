/**
 * What the suite runs against: the runtime of `CRI_ENDPOINT`, or ours, served from this process.
 *
 * Another runtime needs an image with a shell: `CRI_IMAGE`, `busybox` if not said. `CRI_HOST_NETWORK=1`
 * makes sandboxes on the node's own network, for runtimes without a network plugin.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest';
import { NodeFileSystem, RealClock, realRandom, silentLogger } from '#apimachinery';
import { newSimulatedRuntime } from '#container-runtime';
import type { ContainerConfig, PodSandboxConfig } from '#container-runtime/cri';
import { CriServer, newCriClient, type RemoteCriClient } from '#container-runtime/wire';

/** The image whose containers are made. */
export const IMAGE = process.env.CRI_IMAGE ?? 'busybox';

const NAMESPACES = {
  securityContext: {
    namespaceOptions: {
      network: process.env.CRI_HOST_NETWORK ? 'NODE' : 'POD',
      pid: 'CONTAINER',
    },
  },
} as const;

/** A runtime under test. */
export interface Target {
  readonly client: RemoteCriClient;
  /** A directory for logs, of this run. */
  readonly folder: string;
  /** A sandbox that is removed after the test. */
  sandbox(): Promise<string>;
  /** What a sandbox was made with; runtimes want it again with each container. */
  configOf(podSandboxId: string): PodSandboxConfig;
  /** A container that runs a script, in a sandbox of its own. */
  run(
    script: string,
    more?: Partial<ContainerConfig>,
  ): Promise<{ podSandboxId: string; containerId: string }>;
}

/** Describes a behaviour of runtimes. */
export function describeCri(
  title: string,
  define: (run: (name: string, test: (target: Target) => Promise<void>) => void) => void,
): void {
  const endpoint = process.env.CRI_ENDPOINT;
  describe(`${title}: ${endpoint === undefined ? 'our runtime' : `the runtime at ${endpoint}`}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'cri-'));
    const sandboxes: string[] = [];
    const configs = new Map<string, PodSandboxConfig>();
    let client: RemoteCriClient;
    let stop = async (): Promise<void> => {};
    let made = 0;

    beforeAll(async () => {
      if (endpoint === undefined) {
        const clock = new RealClock();
        const parts = {
          clock,
          random: realRandom(),
          log: silentLogger,
          files: new NodeFileSystem(),
        };
        const runtime = newSimulatedRuntime(parts);
        const server = new CriServer({ runtime, log: silentLogger });
        client = newCriClient(await server.listen(`unix://${folder}/cri.sock`));
        stop = async () => {
          runtime.stop();
          await server.stop();
        };
      } else client = newCriClient(endpoint);
      const { image } = await client.imageStatus({ image: { image: IMAGE } });
      if (image === undefined) await client.pullImage({ image: { image: IMAGE } });
    }, 120_000);

    afterEach(async () => {
      for (const podSandboxId of sandboxes.splice(0)) {
        // Older runtimes mind when it is gone.
        await client.stopPodSandbox({ podSandboxId }).catch(() => {});
        await client.removePodSandbox({ podSandboxId });
      }
    });

    afterAll(async () => {
      client.close();
      await stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const sandbox = async (): Promise<string> => {
      const name = `conformance-${process.pid}-${++made}`;
      const config = {
        metadata: { name, uid: name, namespace: 'default', attempt: 0 },
        hostname: process.env.CRI_HOST_NETWORK ? '' : name,
        logDirectory: folder,
        labels: { conformance: name },
        linux: NAMESPACES,
      };
      const { podSandboxId } = await client.runPodSandbox({ config });
      configs.set(podSandboxId, config);
      sandboxes.push(podSandboxId);
      return podSandboxId;
    };
    const configOf = (podSandboxId: string): PodSandboxConfig => {
      const config = configs.get(podSandboxId);
      if (config === undefined) throw new Error(`no sandbox ${podSandboxId} was made`);
      return config;
    };
    const run: Target['run'] = async (script, more = {}) => {
      const podSandboxId = await sandbox();
      const { containerId } = await client.createContainer({
        podSandboxId,
        config: {
          metadata: { name: 'main', attempt: 0 },
          image: { image: IMAGE },
          command: ['sh', '-c', script],
          logPath: `${made}.log`,
          linux: NAMESPACES,
          ...more,
        },
        sandboxConfig: configOf(podSandboxId),
      });
      await client.startContainer({ containerId });
      return { podSandboxId, containerId };
    };
    define((name, test) => {
      it(name, () => test({ client, folder, sandbox, configOf, run }), 60_000);
    });
  });
}

/** Waits until a container has ended. */
export async function ended(client: RemoteCriClient, containerId: string) {
  for (;;) {
    const { status } = await client.containerStatus({ containerId });
    if (status?.state === 'CONTAINER_EXITED') return status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
