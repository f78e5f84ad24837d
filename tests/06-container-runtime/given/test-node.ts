/** A runtime on a node in memory, with a sandbox, for tests of given code. */

import { type Clock, FakeClock, MemoryFileSystem, seededRandom, silentLogger } from '#apimachinery';
import { newSimulatedRuntime, type SimulatedRuntimeOptions } from '#container-runtime';
import type { ContainerConfig, LinuxPodSandboxConfig } from '#container-runtime/cri';

const LOGS = '/var/log/pods/shop_web_1';

export async function newTestNode(
  options: Partial<SimulatedRuntimeOptions> = {},
  clockOf: (clock: FakeClock) => Clock = (clock) => clock,
) {
  const clock = new FakeClock();
  const files = new MemoryFileSystem({ clock });
  const runtime = newSimulatedRuntime({
    clock: clockOf(clock),
    random: seededRandom(1),
    log: silentLogger,
    files,
    ...options,
  });
  const sandbox = async (name: string, linux: LinuxPodSandboxConfig = {}) => {
    const metadata = { name, uid: name, namespace: 'shop', attempt: 0 };
    const config = { metadata, hostname: name, logDirectory: LOGS, linux };
    return (await runtime.runPodSandbox({ config })).podSandboxId;
  };
  const podSandboxId = await sandbox('web');
  let made = 0;
  const run = async (image: string, more: Partial<ContainerConfig> = {}, pod = podSandboxId) => {
    await runtime.pullImage({ image: { image } });
    const name = `c${made++}`;
    const config = {
      metadata: { name, attempt: 0 },
      image: { image },
      logPath: `${name}.log`,
      ...more,
    };
    const { containerId } = await runtime.createContainer({ podSandboxId: pod, config });
    await runtime.startContainer({ containerId });
    return containerId;
  };
  const status = async (containerId: string) =>
    (await runtime.containerStatus({ containerId })).status;
  /** Lines of a container's log, without times. */
  const log = async (containerId: string) => {
    const path = (await status(containerId))?.logPath ?? '';
    const text = new TextDecoder().decode(files.readFile(path));
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => line.slice(31));
  };
  /** Runs a script; gives its exit code, output and errors. */
  const sh = async (containerId: string, script: string): Promise<string> => {
    const running = runtime.execSync({ containerId, cmd: ['sh', '-c', script] });
    await clock.advance(20_000);
    const { exitCode, stdout, stderr } = await running;
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return `${exitCode}|${text(stdout)}|${text(stderr)}`;
  };
  return { clock, files, runtime, sandbox, podSandboxId, run, status, log, sh };
}
