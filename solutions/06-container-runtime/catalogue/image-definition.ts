/** How an image of the catalogue is written down, and made. Given. */

import { type ImageConfig, type Layer, type LayerEntry, layerDigest } from '../images/layer.ts';
import { executable } from '../kernel/program.ts';
import { COMMAND_NAMES } from '../programs/busybox.ts';

/** One repository's images. */
export interface ImageDefinition {
  /** What is in it beside its own files. */
  readonly base: 'scratch' | 'busybox' | 'alpine' | 'debian';
  /** Path to the name of a program. */
  readonly executables?: Readonly<Record<string, string>>;
  /** Path to text. */
  readonly files?: Readonly<Record<string, string>>;
  readonly config?: Partial<ImageConfig>;
  /** Name of a variable that has the tag's version. */
  readonly versionVariable?: string;
  /** What `latest` is; the tag itself if absent. */
  readonly latestVersion?: string;
  /** Which tags there are; if absent, those that look like a version, and usual words. */
  readonly tags?: RegExp;
  /** Bytes on disk. */
  readonly size: number;
}

const ROOT_OWNED = { uid: 0, gid: 0 };
const PASSWD =
  'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n';
const GROUP = 'root:x:0:\ndaemon:x:1:\nwww-data:x:33:\nnogroup:x:65534:\n';

/** A layer of these files, with all directories that lead to them. */
export function layerOf(
  files: ReadonlyMap<string, Uint8Array | string>,
  size: number,
  executables: ReadonlySet<string> = new Set(),
): Layer {
  const entries = new Map<string, LayerEntry>();
  for (const [path, content] of files) {
    addDirectories(entries, path);
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    const mode = executables.has(path) ? 0o755 : 0o644;
    entries.set(path, { kind: 'file', content: bytes, mode, ...ROOT_OWNED });
  }
  return { digest: layerDigest(entries), size, entries };
}

function addDirectories(entries: Map<string, LayerEntry>, path: string): void {
  for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1)) {
    const directory = path.slice(0, at);
    if (entries.has(directory)) continue;
    entries.set(directory, { kind: 'directory', mode: 0o755, ...ROOT_OWNED });
  }
}

/** What most images stand on: commands, users, places to write. */
export function baseLayer(base: Exclude<ImageDefinition['base'], 'scratch'>, size: number): Layer {
  const shells = base === 'debian' ? ['bash', 'dash'] : [];
  const paths = [...COMMAND_NAMES, ...shells, 'busybox'].map((name) => `/bin/${name}`);
  const files = new Map<string, Uint8Array | string>(
    paths.map((path) => [path, executable('busybox')]),
  );
  files.set('/etc/passwd', PASSWD);
  files.set('/etc/group', GROUP);
  files.set('/etc/os-release', `NAME="${base}"\nID=${base}\n`);
  const { entries } = layerOf(files, size, new Set(paths));
  const all = new Map(entries);
  for (const [path, mode] of [
    ['/tmp', 0o1777],
    ['/var', 0o755],
    ['/var/log', 0o755],
    ['/var/run', 0o755],
    ['/run', 0o755],
    ['/root', 0o700],
    ['/usr', 0o755],
    ['/usr/bin', 0o755],
    ['/usr/share', 0o755],
    ['/home', 0o755],
    ['/dev', 0o755],
    ['/data', 0o755],
  ] as const) {
    all.set(path, { kind: 'directory', mode, ...ROOT_OWNED });
  }
  return { digest: layerDigest(all), size, entries: all };
}

/** Usual tags: versions and the words people use. */
export const USUAL_TAGS =
  /^(latest|stable|mainline|edge|alpine|slim|lts|current|debug|glibc|musl|uclibc|bullseye|bookworm|buster|trixie|jammy|noble|focal|test|dev|main|master|v?\d[\w.-]*|(php|apache|fpm)[\w.-]*)(-[\w.-]+)?$/;
