/**
 * Debian's containerd with a small image made here, in a folder of its own: no registry is asked.
 *
 * It needs root, `containerd`, `ctr`, `runc`, a static `busybox`, and the CNI plugins.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { isInstalled } from '../../tools/checks/real-tools.ts';

const run = promisify(execFile);

/** The image; it is the sandboxes' as well. */
export const TINY_IMAGE = 'localhost/tiny:1';
/** Where pods' addresses are. */
export const POD_RANGE = '10.99.0.0/24';

const PLUGINS = ['/usr/lib/cni', '/opt/cni/bin'];
const START_MS = 20_000;

/** A containerd that runs. */
export interface RealContainerd {
  /** `unix:///…` */
  readonly endpoint: string;
  readonly folder: string;
  /** Lets the network come and go, as a plugin's installer does. */
  setNetwork(isThere: boolean): void;
  stop(): Promise<void>;
}

/** What is not there; empty when containerd can be tried. */
export function missingForContainerd(): string[] {
  const tools = ['containerd', 'ctr', 'runc', 'busybox', 'tar'].filter(
    (tool) => !isInstalled(tool),
  );
  const hasPlugins = PLUGINS.some((folder) => existsSync(join(folder, 'bridge')));
  return [...tools, ...(hasPlugins ? [] : ['containernetworking-plugins'])];
}

/**
 * Starts it, and runs one container as a trial.
 *
 * @throws Error, as a rejection, with the reason why it cannot run here
 */
export async function startRealContainerd(): Promise<RealContainerd> {
  if (process.getuid?.() !== 0) throw new Error('containerd needs root');
  // The name of a unix socket may not be long.
  const folder = await mkdtemp('/tmp/ctrd-');
  const socket = join(folder, 'c.sock');
  const bridge = `kfs${process.pid}`;
  mkdirSync(join(folder, 'cni'));
  let child: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (child && child.exitCode === null) {
      await removeAll(socket);
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await run('ip', ['link', 'delete', bridge]).catch(() => {});
    await unmountBelow(folder);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    writeFileSync(join(folder, 'config.toml'), configOf(folder, socket, await hasOverlay(folder)));
    // Into a file: a pipe that nobody reads would stop it.
    const log = openSync(join(folder, 'log'), 'a');
    child = spawn('containerd', ['--config', join(folder, 'config.toml')], {
      stdio: ['ignore', 'ignore', log],
    });
    closeSync(log);
    await untilServing(child, folder, socket);
    await importImage(folder, socket);
    const snapshotter = (await hasOverlay(folder)) ? 'overlayfs' : 'native';
    await ctr(socket, 'run', '--rm', '--snapshotter', snapshotter, TINY_IMAGE, 'trial', 'true');
  } catch (error) {
    await stop();
    throw error;
  }
  const setNetwork = (isThere: boolean): void => {
    const text = isThere ? networkOf(folder, bridge) : '';
    writeFileSync(join(folder, 'cni', '10-pods.conflist'), text);
  };
  setNetwork(true);
  return { endpoint: `unix://${socket}`, folder, setNetwork, stop };
}

function ctr(socket: string, ...args: string[]): Promise<{ stdout: string }> {
  return run('ctr', ['--address', socket, '--namespace', 'k8s.io', ...args], { timeout: 30_000 });
}

async function untilServing(child: ChildProcess, folder: string, socket: string): Promise<void> {
  const end = Date.now() + START_MS;
  while (Date.now() < end && child.exitCode === null) {
    const isThere = await ctr(socket, 'version').then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const said = readFileSync(join(folder, 'log'), 'utf8');
  throw new Error(`containerd did not start: ${said.trimEnd().split('\n').at(-1)}`);
}

/** Mounts of one overlay over another file system are not possible everywhere. */
async function hasOverlay(folder: string): Promise<boolean> {
  const parts = ['lower', 'upper', 'work', 'merged'].map((name) => join(folder, 'try', name));
  for (const part of parts) mkdirSync(part, { recursive: true });
  const [lower, upper, work, merged = ''] = parts;
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  try {
    await run('mount', ['-t', 'overlay', 'overlay', '-o', options, merged]);
    await run('umount', [merged]);
    return true;
  } catch {
    return false;
  }
}

function configOf(folder: string, socket: string, isOverlay: boolean): string {
  const plugins = PLUGINS.find((one) => existsSync(join(one, 'bridge'))) ?? '';
  return `
version = 2
root = "${folder}/root"
state = "${folder}/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "${TINY_IMAGE}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${plugins}"
    conf_dir = "${folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${isOverlay ? 'overlayfs' : 'native'}"
`;
}

function networkOf(folder: string, bridge: string): string {
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet: POD_RANGE }]],
    dataDir: join(folder, 'addresses'),
  };
  const plugin = { type: 'bridge', bridge, isGateway: true, ipMasq: false, ipam };
  return JSON.stringify({ cniVersion: '0.4.0', name: bridge, plugins: [plugin] });
}

/** An archive as `docker save` makes it, with busybox alone in it. */
async function importImage(folder: string, socket: string): Promise<void> {
  const root = join(folder, 'image', 'rootfs');
  for (const name of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  const busybox = whereIs('busybox');
  copyFileSync(busybox, join(root, 'bin', 'busybox'));
  const { stdout } = await run(busybox, ['--list']);
  for (const applet of stdout.split('\n').filter((one) => one !== '' && one !== 'busybox')) {
    symlinkSync('busybox', join(root, 'bin', applet));
  }
  writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  const image = join(folder, 'image');
  await run('tar', ['--owner=0', '--group=0', '-C', root, '-cf', join(image, 'layer.tar'), '.']);
  const digest = createHash('sha256')
    .update(readFileSync(join(image, 'layer.tar')))
    .digest('hex');
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['/bin/sleep', '2147483647'], WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    history: [{ created_by: 'a test' }],
  };
  const manifest = [{ Config: 'config.json', RepoTags: [TINY_IMAGE], Layers: ['layer.tar'] }];
  writeFileSync(join(image, 'config.json'), JSON.stringify(config));
  writeFileSync(join(image, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(folder, 'image.tar');
  await run('tar', ['-C', image, '-cf', archive, 'manifest.json', 'config.json', 'layer.tar']);
  await ctr(socket, 'images', 'import', archive);
}

function whereIs(tool: string): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, tool)).find((path) => existsSync(path)) ?? tool;
}

/** Nothing that runs may outlive the test. */
async function removeAll(socket: string): Promise<void> {
  const { stdout } = await ctr(socket, 'tasks', 'list', '--quiet').catch(() => ({ stdout: '' }));
  for (const id of stdout.split('\n').filter((one) => one !== '')) {
    await ctr(socket, 'tasks', 'delete', '--force', id).catch(() => {});
  }
}

async function unmountBelow(folder: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const paths = mounts.map((line) => line.split(' ')[4] ?? '');
  const own = paths.filter((path) => path.startsWith(`${folder}/`));
  for (const path of own.reverse()) await run('umount', ['-l', path]).catch(() => {});
}
