/** How often a container ran before, when the runtime does not know any more. Given. */

import type { FileSystem } from '#apimachinery';

const LOG_NAME = /^(\d+)\.log(?:\..*)?$/;

/**
 * The count to go on with, from the logs that are left: a machine that starts anew has lost its
 * containers, but not their logs, and no log may be written over.
 *
 * @param directory - of the container's logs, which are named after restart counts: `0.log`
 * @returns one more than the highest; 0 without logs
 * @see pkg/kubelet/kuberuntime/kuberuntime_container.go (1.33), calcRestartCountByLogDir
 */
export function restartCountByLogs(files: FileSystem, directory: string): number {
  if (files.stat(directory) === undefined) return 0;
  const counts = files.list(directory).map((name) => Number(LOG_NAME.exec(name)?.[1] ?? -1) + 1);
  return Math.max(0, ...counts);
}
