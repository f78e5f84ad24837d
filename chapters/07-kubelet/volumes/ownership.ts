/** Gives what the kubelet made to the pod's `fsGroup`. Given. */

import type { FileSystem } from '#apimachinery';

const READ = 0o440;
const READ_AND_WRITE = 0o660;
const ENTER = 0o110;

/**
 * The group owns a folder and all in it, and may read it, or write it as well.
 *
 * @remarks What is the group's already stays as it is. Links are not followed.
 *
 * @see pkg/volume/volume_linux.go (1.33), SetVolumeOwnership
 */
export function giveToGroup(
  files: FileSystem,
  path: string,
  group: number,
  { isReadOnly }: { isReadOnly: boolean },
): void {
  const stat = files.linkStat(path);
  if (!stat || stat.kind === 'symlink') return;
  const isDirectory = stat.kind === 'directory';
  if (stat.gid !== group) {
    const bits = (isReadOnly ? READ : READ_AND_WRITE) | (isDirectory ? ENTER : 0);
    files.changeOwner(path, stat.uid, group);
    files.changeMode(path, stat.mode | bits);
  }
  if (!isDirectory) return;
  for (const name of files.list(path)) {
    giveToGroup(files, `${path}/${name}`, group, { isReadOnly });
  }
}
