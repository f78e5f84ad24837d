/** From a CRI configuration and an image to what a process starts with. Given. */

import type { ContainerConfig, PodSandboxConfig } from './cri/index.ts';
import { CriError } from './cri/index.ts';
import type { ImageConfig } from './images/layer.ts';
import type { OverlayFiles } from './images/overlay-files.ts';
import { DEFAULT_PATH } from './kernel/kernel.ts';

/** Paths that a runtime hides and protects when the kubelet does not say. */
export const DEFAULT_MASKED_PATHS: readonly string[] = [
  '/proc/kcore',
  '/proc/keys',
  '/sys/firmware',
];
export const DEFAULT_READONLY_PATHS: readonly string[] = ['/proc/sys', '/sys/fs/cgroup'];

/**
 * The command line: `command` takes the place of the entrypoint, and then the image's `cmd` does not
 * count; `args` take the place of `cmd`.
 *
 * @throws CriError when there is none
 */
export function commandLine(
  { command = [], args = [] }: ContainerConfig,
  image: ImageConfig,
): string[] {
  const entrypoint = command.length > 0 ? command : image.entrypoint;
  const isImages = command.length === 0 && args.length === 0;
  const argv = [...entrypoint, ...(isImages ? image.cmd : args)];
  if (argv.length === 0)
    throw new CriError('UNKNOWN', 'failed to generate container spec: no command specified');
  return argv;
}

/** The environment: the image's, then the pod's, with what every process expects. */
export function environment(
  config: ContainerConfig,
  image: ImageConfig,
  around: { readonly hostname: string; readonly home: string },
): Map<string, string> {
  const env = new Map<string, string>([
    ['PATH', DEFAULT_PATH],
    ['HOSTNAME', around.hostname],
  ]);
  if (config.tty) env.set('TERM', 'xterm');
  for (const one of image.env) {
    const at = one.indexOf('=');
    env.set(one.slice(0, at), one.slice(at + 1));
  }
  for (const { key, value } of config.envs ?? []) env.set(key, value);
  if (!env.has('HOME')) env.set('HOME', around.home);
  return env;
}

/** Home directory of a user, from `/etc/passwd`. */
export function homeOf(passwd: string, uid: number): string {
  const row = passwd.split('\n').find((line) => line.split(':')[2] === String(uid));
  return row?.split(':')[5] || '/';
}

/** Writes what the runtime owns in a container: names and addresses. */
export function writeEtc(
  overlay: OverlayFiles,
  sandbox: PodSandboxConfig,
  around: { readonly hostname: string; readonly ip: string },
): void {
  const { hostname, ip } = around;
  const { servers = [], searches = [], options = [] } = sandbox.dnsConfig ?? {};
  const resolv = [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ];
  for (const path of ['/etc', '/tmp', '/proc', '/sys', '/dev']) {
    if (overlay.lookup(path) === undefined) {
      const mode = path === '/tmp' ? 0o1777 : 0o755;
      overlay.put(path, { kind: 'directory', mode, uid: 0, gid: 0 });
    }
  }
  writeText(overlay, '/etc/resolv.conf', resolv.join('\n'));
  writeText(overlay, '/etc/hostname', `${hostname}\n`);
  writeText(overlay, '/etc/hosts', `127.0.0.1\tlocalhost\n${ip}\t${hostname}\n`);
}

/** Makes a directory and all above it in a container's own layer. */
export function makeDirectories(overlay: OverlayFiles, path: string): void {
  let made = '';
  for (const part of path.split('/').filter((one) => one !== '')) {
    made += `/${part}`;
    if (overlay.lookup(made) !== undefined) continue;
    overlay.put(made, { kind: 'directory', mode: 0o755, uid: 0, gid: 0 });
  }
}

/** Text of a file in a container's root; empty when it is not there. */
export function readText(overlay: OverlayFiles, path: string): string {
  const entry = overlay.lookup(path);
  return entry?.kind === 'file' ? new TextDecoder().decode(entry.content) : '';
}

function writeText(overlay: OverlayFiles, path: string, text: string): void {
  const content = new TextEncoder().encode(text);
  overlay.put(path, { kind: 'file', content, mode: 0o644, uid: 0, gid: 0 });
}
