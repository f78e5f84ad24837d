/** What every runtime does, over its socket. Texts are compared where the kubelet reads them. */

import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { CriError } from '#container-runtime/cri';
import { describeCri, ended, IMAGE } from './target.ts';

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function read(stream: ReadableStream<Uint8Array> | undefined): Promise<string> {
  let text = '';
  if (stream) for await (const bytes of stream) text += textOf(bytes);
  return text;
}

describeCri('the runtime', (it) => {
  it('says who it is, and that it is ready', async ({ client }) => {
    expect(await client.version()).toMatchObject({
      version: expect.any(String),
      runtimeName: expect.stringMatching(/./),
    });
    expect(['v1', 'v1alpha2']).toContain(client.apiVersion);
    const { status } = await client.status();
    const conditions = status?.conditions.map(({ type, status: is }) => [type, is]);
    expect(conditions).toContainEqual(['RuntimeReady', true]);
  });

  it('knows images by their names', async ({ client }) => {
    const { image } = await client.imageStatus({ image: { image: IMAGE } });
    expect(image?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(image?.size).toBeGreaterThan(0);
    const { images } = await client.listImages();
    expect(images.map(({ id }) => id)).toContain(image?.id);
    const byId = await client.imageStatus({ image: { image: image?.id ?? '' } });
    expect(byId.image?.id).toBe(image?.id);
    expect(
      (await client.imageStatus({ image: { image: 'nobody/nothing:v0' } })).image,
    ).toBeUndefined();
    await client.removeImage({ image: { image: 'nobody/nothing:v0' } });
  });

  it('keeps what it was told of a sandbox', async ({ client, sandbox }) => {
    const podSandboxId = await sandbox();
    const { status } = await client.podSandboxStatus({ podSandboxId });
    expect(status).toMatchObject({
      id: podSandboxId,
      state: 'SANDBOX_READY',
      metadata: { namespace: 'default', attempt: 0 },
    });
    expect(status?.createdAt).toBeGreaterThan(0n);
    const { items } = await client.listPodSandbox({
      filter: { labelSelector: status?.labels ?? {} },
    });
    expect(items.map(({ id }) => id)).toEqual([podSandboxId]);
    await client.stopPodSandbox({ podSandboxId });
    await client.stopPodSandbox({ podSandboxId });
    expect((await client.podSandboxStatus({ podSandboxId })).status?.state).toBe(
      'SANDBOX_NOTREADY',
    );
    await client.removePodSandbox({ podSandboxId });
    await client.removePodSandbox({ podSandboxId });
    await expect(client.podSandboxStatus({ podSandboxId })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('runs a container to its end', async ({ client, run }) => {
    const { containerId } = await run('echo out; echo err >&2; exit 3');
    const status = await ended(client, containerId);
    expect(status).toMatchObject({ exitCode: 3, reason: 'Error', metadata: { name: 'main' } });
    expect(status.startedAt).toBeGreaterThanOrEqual(status.createdAt);
    // The two may come from different clocks in a real runtime.
    expect(status.finishedAt).toBeGreaterThanOrEqual(status.createdAt);
    const lines = readFileSync(status.logPath, 'utf8').split('\n').slice(0, -1);
    expect(lines.map((line) => line.split(' ').slice(1).join(' ')).sort()).toEqual([
      'stderr F err',
      'stdout F out',
    ]);
    // containerd leaves out zeros at the end.
    for (const line of lines)
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[-+]\d\d:\d\d) /);
  });

  it('ends a container that ends well', async ({ client, run }) => {
    const { containerId } = await run('true');
    expect(await ended(client, containerId)).toMatchObject({ exitCode: 0, reason: 'Completed' });
  });

  it('asks a container to end, and kills it', async ({ client, run }) => {
    const polite = await run('trap "exit 7" TERM; while true; do sleep 0.1; done');
    const deaf = await run('sleep 1000');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await client.stopContainer({ containerId: polite.containerId, timeout: 20 });
    expect(await ended(client, polite.containerId)).toMatchObject({ exitCode: 7 });
    const from = Date.now();
    await client.stopContainer({ containerId: deaf.containerId, timeout: 1 });
    expect(Date.now() - from).toBeGreaterThan(900);
    expect(await ended(client, deaf.containerId)).toMatchObject({ exitCode: 137 });
    await client.stopContainer({ containerId: deaf.containerId, timeout: 1 });
  });

  it('lists and removes containers', async ({ client, run }) => {
    const { containerId, podSandboxId } = await run('sleep 1000');
    const running = { state: { state: 'CONTAINER_RUNNING' }, podSandboxId } as const;
    const { containers } = await client.listContainers({ filter: running });
    expect(containers.map(({ id }) => id)).toEqual([containerId]);
    await client.stopContainer({ containerId, timeout: 0 });
    await client.removeContainer({ containerId });
    await client.removeContainer({ containerId });
    expect((await client.listContainers({ filter: { podSandboxId } })).containers).toEqual([]);
    await expect(client.containerStatus({ containerId })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('runs commands in a container, with their environment', async ({ client, run }) => {
    const { containerId } = await run('sleep 1000', { envs: [{ key: 'WHO', value: 'me' }] });
    const { stdout, stderr, exitCode } = await client.execSync({
      containerId,
      cmd: ['sh', '-c', 'echo $WHO; echo no >&2; exit 4'],
    });
    expect([textOf(stdout), textOf(stderr), exitCode]).toEqual(['me\n', 'no\n', 4]);
    await expect(
      client.execSync({ containerId, cmd: ['sleep', '100'], timeout: 1 }),
    ).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect(client.execSync({ containerId, cmd: ['no-such-command'] })).rejects.toThrow(
      'no-such-command',
    );
  });

  it('streams a command, both ways', async ({ client, run }) => {
    const { containerId } = await run('sleep 1000');
    const stream = await client.execStream({
      containerId,
      cmd: ['sh', '-c', 'read x; echo "got $x"; exit 5'],
      stdin: true,
      stdout: true,
      stderr: true,
    });
    const writer = stream.stdin?.getWriter();
    await writer?.write(new TextEncoder().encode('this\n'));
    expect(await read(stream.stdout)).toBe('got this\n');
    expect(await stream.exitCode).toBe(5);
  });

  it('tells what containers use', async ({ client, run }) => {
    const { containerId } = await run('sleep 1000');
    const { stats } = await client.containerStats({ containerId });
    expect(stats?.attributes).toMatchObject({ id: containerId, metadata: { name: 'main' } });
    expect(stats?.cpu?.timestamp).toBeGreaterThan(0n);
  });

  it('refuses what cannot be', async ({ client, sandbox, configOf }) => {
    const podSandboxId = await sandbox();
    const sandboxConfig = configOf(podSandboxId);
    const config = {
      metadata: { name: 'main', attempt: 0 },
      image: { image: 'nobody/nothing:v0' },
    };
    await expect(
      client.createContainer({ podSandboxId, config, sandboxConfig }),
    ).rejects.toMatchObject({
      name: 'CriError',
    });
    await expect(client.startContainer({ containerId: 'nope' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    // containerd minds this before 1.7, and newer ones do not.
    await client.stopContainer({ containerId: 'nope' }).catch((error: CriError) => {
      expect(error.code).toBe('NOT_FOUND');
    });
    await client.removeContainer({ containerId: 'nope' });
  });
});
