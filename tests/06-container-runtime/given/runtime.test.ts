/** The whole runtime in process: every part together, on the fake clock. */

import { describe, expect, it } from 'vitest';
import { NetworkSwitch } from '#container-runtime';
import { newTestNode } from './test-node.ts';

const MIB = 1024 * 1024;
const encode = (text: string) => new TextEncoder().encode(text);
const textOf = async (stream: ReadableStream<Uint8Array> | undefined) => {
  let text = '';
  if (stream) for await (const bytes of stream) text += new TextDecoder().decode(bytes);
  return text;
};

describe('the simulated runtime', () => {
  it('serves the files that are mounted, and writes who asked', async () => {
    const { clock, files, runtime, run, log, sh } = await newTestNode();
    files.makeDirectory('/vol/..1');
    files.writeFile('/vol/..1/index.html', encode('from a volume'));
    files.symlink('..1', '/vol/..data');
    files.symlink('..data/index.html', '/vol/index.html');
    const mounts = [{ containerPath: '/usr/share/nginx/html', hostPath: '/vol', readonly: true }];
    const nginx = await run('nginx:1.25', { mounts });
    await clock.advance(100);
    expect(await sh(nginx, 'wget -qO- http://localhost/')).toBe('0|from a volume|');
    expect(await sh(nginx, 'echo x > /usr/share/nginx/html/y')).toBe(
      "1||sh: can't create /usr/share/nginx/html/y: Read-only file system\n",
    );
    expect((await log(nginx)).at(-1)).toContain('"GET / HTTP/1.1" 200 13');
    runtime.stop();
    await clock.settle();
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives signals and grace the time they take', async () => {
    const { clock, runtime, run, status } = await newTestNode();
    const nginx = await run('nginx');
    const sleeper = await run('busybox', { command: ['sleep', '3600'] });
    const polite = await run('busybox', {
      command: ['sh', '-c', 'trap "echo bye; exit 3" TERM; while true; do sleep 1; done'],
    });
    await clock.advance(1000);
    const stops = [nginx, sleeper, polite].map((containerId) =>
      runtime.stopContainer({ containerId, timeout: 30 }),
    );
    await clock.advance(2000);
    expect(await status(nginx)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 0 });
    expect(await status(polite)).toMatchObject({
      state: 'CONTAINER_EXITED',
      exitCode: 3,
      reason: 'Error',
    });
    expect(await status(sleeper)).toMatchObject({ state: 'CONTAINER_RUNNING' });
    await clock.advance(28_000);
    expect(await status(sleeper)).toMatchObject({ exitCode: 137, reason: 'Error' });
    await Promise.all(stops);
  });

  it('kills who wants more memory than there may be', async () => {
    const { clock, run, status } = await newTestNode();
    const command = ['stress', '--vm', '1', '--vm-bytes', '150M'];
    const linux = { resources: { memoryLimitInBytes: 100 * MIB } };
    const eater = await run('polinux/stress', { command, linux });
    await clock.advance(5000);
    expect(await status(eater)).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  });

  it('divides CPUs, and counts them', async () => {
    const { clock, runtime, run } = await newTestNode({ cpus: 1 });
    const burn = { command: ['burn'] };
    await run('burner', { ...burn, linux: { resources: { cpuShares: 3072 } } });
    await run('burner', { ...burn, linux: { resources: { cpuShares: 1024 } } });
    await clock.advance(10_000);
    const used = async () =>
      (await runtime.listContainerStats()).stats.map(
        ({ cpu }) => (cpu?.usageCoreNanoSeconds?.value ?? 0) / 1e9,
      );
    const [most = 0, least = 0] = await used();
    expect(most).toBeCloseTo(7.5);
    expect(least).toBeCloseTo(2.5);
    const { containers } = await runtime.listContainers();
    await runtime.updateContainerResources({
      containerId: containers[0]?.id ?? '',
      linux: { cpuQuota: 10_000, cpuPeriod: 100_000 },
    });
    await clock.advance(10_000);
    expect((await used())[0]).toBeCloseTo(8.5);
    const { stats } = await runtime.listContainerStats();
    expect(stats[0]?.cpu?.usageNanoCores?.value).toBe(100_000_000);
  });

  it('is who it is told to be', async () => {
    const { run, sh, files } = await newTestNode();
    files.makeDirectory('/secret');
    files.writeFile('/secret/key', encode('x'), 0o400);
    const linux = { securityContext: { runAsUser: { value: 1000 }, readonlyRootfs: true } };
    const mounts = [
      { containerPath: '/secret', hostPath: '/secret' },
      { containerPath: '/scratch', hostPath: '/scratch' },
    ];
    const container = await run('busybox', { command: ['sleep', 'infinity'], linux, mounts });
    expect(await sh(container, 'id -u; cat /secret/key; echo x > /f')).toBe(
      "1|1000\n|cat: can't open '/secret/key': Permission denied\nsh: can't create /f: Read-only file system\n",
    );
    files.changeMode('/scratch', 0o777);
    expect(await sh(container, 'echo x > /scratch/f; stat -c %u /scratch/f')).toBe('0|1000\n|');
  });

  it("lets a container see another's processes, and signal them", async () => {
    const { clock, run, sh, status } = await newTestNode();
    const sleep = { command: ['sh', '-c', 'trap "exit 9" TERM; while true; do sleep 1; done'] };
    const target = await run('busybox', sleep);
    const securityContext = { namespaceOptions: { pid: 'TARGET' as const, targetId: target } };
    const debugger_ = await run('busybox', {
      command: ['sleep', '99'],
      linux: { securityContext },
    });
    expect(await sh(debugger_, 'tr "\\0" " " < /proc/1/cmdline; ps | grep -c "sleep 99$"')).toMatch(
      /^0\|sh -c trap .*1\n\|$/s,
    );
    expect(await sh(debugger_, 'kill 1')).toBe('0||');
    await clock.advance(2000);
    expect(await status(target)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 9 });
    expect(await status(debugger_)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 137 });
    const again = run('busybox', { command: ['sleep', '99'], linux: { securityContext } });
    await expect(again).rejects.toThrow('invalid target container');
  });

  it('shares processes among the containers of a sandbox that says so', async () => {
    const { clock, run, sh, status } = await newTestNode();
    const linux = { securityContext: { namespaceOptions: { pid: 'POD' as const } } };
    const one = await run('busybox', { command: ['sleep', '50'], linux });
    const other = await run('busybox', { command: ['sleep', '60'], linux });
    expect(await sh(other, 'ps | grep -o "sleep .0$"')).toBe('0|sleep 50\nsleep 60\n|');
    await clock.advance(60_000);
    expect(await status(one)).toMatchObject({ exitCode: 0 });
    expect(await status(other)).toMatchObject({ exitCode: 0 });
  });

  it('says what a command that is not there looks like', async () => {
    const { runtime, run, status } = await newTestNode();
    await expect(run('busybox', { command: ['nosuch'] })).rejects.toMatchObject({
      code: 'UNKNOWN',
      description: expect.stringContaining(
        'exec: "nosuch": executable file not found in $PATH: unknown',
      ),
    });
    const { containers } = await runtime.listContainers();
    expect(await status(containers[0]?.id ?? '')).toMatchObject({
      state: 'CONTAINER_EXITED',
      exitCode: 127,
      reason: 'StartError',
    });
    await expect(run('nginx:1.161')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('connects pods, also of other nodes', async () => {
    const network = new NetworkSwitch();
    const one = await newTestNode({ network, nodeIp: '192.168.0.1', podCidr: '10.0.1.0/24' });
    const two = await newTestNode({ network, nodeIp: '192.168.0.2', podCidr: '10.0.2.0/24' });
    await two.run('registry.k8s.io/e2e-test-images/agnhost:2.53', { args: ['netexec'] });
    const client = await one.run('busybox', { command: ['sleep', 'infinity'] });
    const get = async () => {
      const asked = one.runtime.execSync({
        containerId: client,
        cmd: ['wget', '-qO-', 'http://10.0.2.2:8080/hostname'],
      });
      for (let i = 0; i < 20; i++) {
        await one.clock.advance(10);
        await two.clock.advance(10);
      }
      return asked;
    };
    expect(new TextDecoder().decode((await get()).stdout)).toBe('web');
    await two.runtime.stopPodSandbox({ podSandboxId: two.podSandboxId });
    expect((await get()).exitCode).toBe(1);
  });

  it('streams commands, attachments and ports', async () => {
    const { clock, runtime, run, podSandboxId } = await newTestNode();
    const container = await run('busybox', {
      command: ['sh', '-c', 'read x; echo got $x; nc -l -p 7 -k'],
      stdin: true,
    });
    const attached = await runtime.attachStream({
      containerId: container,
      stdin: true,
      stdout: true,
    });
    const typing = attached.stdin?.getWriter();
    await typing?.write(encode('something\n'));
    const reader = attached.stdout?.getReader();
    await clock.advance(100);
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('got something\n');
    attached.close();

    const exec = await runtime.execStream({
      containerId: container,
      cmd: ['sh'],
      stdin: true,
      stdout: true,
      tty: true,
    });
    const keys = exec.stdin?.getWriter();
    await keys?.write(encode('echo $((6*7))\rexit 5\r'));
    const screen = textOf(exec.stdout);
    await clock.advance(100);
    expect(await exec.exitCode).toBe(5);
    expect(await screen).toContain('42\r\n');

    const port = await runtime.portForwardStream(podSandboxId, 7);
    const writer = port.writable.getWriter();
    await writer.write(encode('ping\n'));
    await clock.advance(10);
    port.close();
    await expect(runtime.portForwardStream(podSandboxId, 8)).rejects.toThrow('connection refused');
    runtime.stop();
  });

  it('tells what happens', async () => {
    const { clock, runtime, run } = await newTestNode();
    const stop = new AbortController();
    const seen: string[] = [];
    const listening = (async () => {
      for await (const {
        containerEventType,
        podSandboxStatus,
        containersStatuses,
      } of runtime.getContainerEvents(stop.signal)) {
        seen.push(`${containerEventType} ${podSandboxStatus?.state} ${containersStatuses.length}`);
      }
    })();
    await run('busybox', { command: ['true'] });
    await clock.advance(100);
    stop.abort();
    await listening;
    expect(seen).toEqual([
      'CONTAINER_CREATED_EVENT SANDBOX_READY 1',
      'CONTAINER_STARTED_EVENT SANDBOX_READY 1',
      'CONTAINER_STOPPED_EVENT SANDBOX_READY 1',
    ]);
  });

  it("gives pods addresses, or the node's", async () => {
    const { runtime, sandbox, podSandboxId } = await newTestNode();
    const ipOf = async (id: string) =>
      (await runtime.podSandboxStatus({ podSandboxId: id })).status?.network?.ip;
    expect(await ipOf(podSandboxId)).toBe('10.88.0.2');
    await runtime.updateRuntimeConfig({
      runtimeConfig: { networkConfig: { podCidr: '10.244.3.0/24' } },
    });
    expect(await ipOf(await sandbox('next'))).toBe('10.244.3.2');
    const host = await sandbox('host', {
      securityContext: { namespaceOptions: { network: 'NODE' } },
    });
    expect(await ipOf(host)).toBe('');
    expect(await ipOf(podSandboxId)).toBe('10.88.0.2');
  });
});
