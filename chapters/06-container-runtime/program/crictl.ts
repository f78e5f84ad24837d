/**
 * A small `crictl`: asks any runtime over its socket. Given; for looking around, nothing depends on it.
 *
 * `node --import tsx chapters/06-container-runtime/program/crictl.ts --endpoint unix:///tmp/cri.sock ps`
 */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { ContainerState } from '../cri/index.ts';
import { newCriClient, type RemoteCriClient } from '../wire/cri-client.ts';

const NS_PER_SECOND = 1_000_000_000n;

const program = new Command('crictl')
  .description('Talks to a container runtime over the CRI.')
  .requiredOption('--endpoint <endpoint>', 'unix:///PATH or tcp://HOST:PORT')
  .enablePositionalOptions();

/** Registers a command whose action gets a client, which is closed at its end. */
function command(
  usage: string,
  description: string,
  action: (
    client: RemoteCriClient,
    args: string[],
    options: Record<string, unknown>,
  ) => Promise<void>,
): Command {
  return program
    .command(usage)
    .description(description)
    .passThroughOptions()
    .action(async (...all: unknown[]) => {
      const self = all.at(-1) as Command;
      const client = newCriClient(program.opts<{ endpoint: string }>().endpoint);
      try {
        await action(client, self.args, self.opts());
      } finally {
        client.close();
      }
    });
}

function say(rows: readonly (readonly string[])[]): void {
  const [first = []] = rows;
  const widths = first.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  for (const row of rows) {
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

function ageOf(createdAt: bigint): string {
  return `${(BigInt(Date.now()) * 1_000_000n - createdAt) / NS_PER_SECOND}s`;
}

function shortState(state: ContainerState): string {
  const word = state.replace('CONTAINER_', '').toLowerCase();
  return word.charAt(0).toUpperCase() + word.slice(1);
}

command('version', 'Who is there?', async (client) => {
  const { runtimeName, runtimeVersion } = await client.version();
  say([
    ['RuntimeName:', runtimeName],
    ['RuntimeVersion:', runtimeVersion],
    ['RuntimeApiVersion:', client.apiVersion ?? ''],
  ]);
});

command('pull <image>', 'Pulls an image.', async (client, [image = '']) => {
  const { imageRef } = await client.pullImage({ image: { image } });
  console.log(`Image is up to date for ${imageRef}`);
});

command('images', 'Lists images.', async (client) => {
  const { images } = await client.listImages();
  const rows = images.map(({ id, repoTags, size }) => [
    repoTags[0] ?? '<none>',
    id.slice(7, 20),
    `${(size / 1e6).toFixed(1)}MB`,
  ]);
  say([['IMAGE', 'IMAGE ID', 'SIZE'], ...rows]);
});

command('rmi <image>', 'Removes an image.', async (client, [image = '']) => {
  await client.removeImage({ image: { image } });
});

command(
  'run <name> <image> [command...]',
  'A sandbox with one container.',
  async (client, args) => {
    const [name = '', image = '', ...words] = args;
    await client.pullImage({ image: { image } });
    const { podSandboxId } = await client.runPodSandbox({
      config: {
        metadata: { name, uid: name, namespace: 'default', attempt: 0 },
        hostname: name,
        logDirectory: resolve(`/tmp/crictl/${name}`),
      },
    });
    const { containerId } = await client.createContainer({
      podSandboxId,
      config: {
        metadata: { name, attempt: 0 },
        image: { image },
        command: words,
        logPath: `${name}.log`,
      },
    });
    await client.startContainer({ containerId });
    console.log(containerId.slice(0, 13));
  },
);

command('ps', 'Lists containers.', async (client) => {
  const { containers } = await client.listContainers();
  const rows = containers.map(({ id, image, createdAt, state, metadata, podSandboxId }) => [
    id.slice(0, 13),
    image.image,
    ageOf(createdAt),
    shortState(state),
    metadata.name,
    podSandboxId.slice(0, 13),
  ]);
  say([['CONTAINER', 'IMAGE', 'AGE', 'STATE', 'NAME', 'POD ID'], ...rows]);
});

command('pods', 'Lists sandboxes.', async (client) => {
  const { items } = await client.listPodSandbox();
  const rows = await Promise.all(
    items.map(async ({ id, state, metadata }) => {
      const { status } = await client.podSandboxStatus({ podSandboxId: id });
      return [
        id.slice(0, 13),
        state.replace('SANDBOX_', ''),
        metadata.name,
        status?.network?.ip ?? '',
      ];
    }),
  );
  say([['POD ID', 'STATE', 'NAME', 'IP'], ...rows]);
});

command(
  'inspect <container>',
  'All that is known of a container.',
  async (client, [containerId = '']) => {
    const { status } = await client.containerStatus({ containerId });
    console.log(
      JSON.stringify(status, (_, value) => (typeof value === 'bigint' ? String(value) : value), 2),
    );
  },
);

command('logs <container>', 'What a container has written.', async (client, [containerId = '']) => {
  const { status } = await client.containerStatus({ containerId });
  process.stdout.write(readFileSync(status?.logPath ?? '', 'utf8'));
});

command('exec <container> <command...>', 'Runs a command in a container.', async (client, args) => {
  const [containerId = '', ...cmd] = args;
  const { stdout, stderr, exitCode } = await client.execSync({ containerId, cmd });
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = exitCode;
});

command('stats', 'What containers use.', async (client) => {
  const { stats } = await client.listContainerStats();
  const rows = stats.map(({ attributes, cpu, memory }) => [
    attributes.id.slice(0, 13),
    attributes.metadata.name,
    `${((cpu?.usageCoreNanoSeconds?.value ?? 0) / 1e9).toFixed(3)}s`,
    `${((memory?.workingSetBytes?.value ?? 0) / 1e6).toFixed(1)}MB`,
  ]);
  say([['CONTAINER', 'NAME', 'CPU', 'MEM'], ...rows]);
});

command(
  'stop <container> [seconds]',
  'Stops a container.',
  async (client, [containerId = '', seconds = '10']) => {
    const from = Date.now();
    await client.stopContainer({ containerId, timeout: Number(seconds) });
    console.log(`stopped after ${((Date.now() - from) / 1000).toFixed(1)} s`);
  },
);

command('rm <container>', 'Removes a container.', async (client, [containerId = '']) => {
  await client.removeContainer({ containerId });
});

command('rmp <sandbox>', 'Stops and removes a sandbox.', async (client, [podSandboxId = '']) => {
  await client.stopPodSandbox({ podSandboxId });
  await client.removePodSandbox({ podSandboxId });
});

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
