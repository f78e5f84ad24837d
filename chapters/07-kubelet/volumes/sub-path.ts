/** A part of a volume that a container mounts. Given. */

import type { FileSystem } from '#apimachinery';

/**
 * Where a part of a volume is that is written anew when an object changes: a copy of its own for the
 * container.
 *
 * @remarks A real kubelet mounts the file itself, which stays when a newer one takes its name: the
 * container does not see the change until it starts again.
 *
 * @param source - the part in the volume
 * @param target - where the copy shall be
 * @see pkg/volume/util/subpath/subpath_linux.go (1.33)
 */
export function pinnedCopy(files: FileSystem, source: string, target: string): string {
  files.remove(target);
  files.makeDirectory(target.slice(0, target.lastIndexOf('/')), 0o750);
  copy(files, source, target);
  return target;
}

function copy(files: FileSystem, source: string, target: string): void {
  const stat = files.stat(source);
  if (!stat) return;
  if (stat.kind === 'directory') {
    files.makeDirectory(target, stat.mode);
    for (const name of files.list(source)) copy(files, `${source}/${name}`, `${target}/${name}`);
  } else files.writeFile(target, files.readFile(source), stat.mode);
  files.changeMode(target, stat.mode);
  files.changeOwner(target, stat.uid, stat.gid);
}
