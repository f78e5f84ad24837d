/** Files that the kernel makes up: `/proc` and `/sys/fs/cgroup`. Given. */

import { cgroupFiles } from '../limits/limits.ts';
import type { ContainerNamespace } from './kernel.ts';
import type { Process } from './process.ts';

const CGROUP = '/sys/fs/cgroup';

/** Content of a file, names in a directory, or `undefined` for what the kernel does not make up. */
export function procFile(
  namespace: ContainerNamespace,
  path: string,
): string | readonly string[] | undefined {
  if (path === CGROUP || path.startsWith(`${CGROUP}/`)) {
    const files = cgroupFiles(namespace.cgroup.resources, namespace.cgroup);
    return path === CGROUP ? Object.keys(files).sort() : files[path.slice(CGROUP.length + 1)];
  }
  if (path === '/sys' || path === '/sys/fs') return path === '/sys' ? ['fs'] : ['cgroup'];
  if (path === '/proc') {
    const pids = namespace.processes.map(({ pid }) => String(pid));
    return [...pids, 'meminfo', 'sys', 'uptime', 'version'];
  }
  if (!path.startsWith('/proc/')) return undefined;
  return fileOfProc(namespace, path.slice('/proc/'.length).split('/'));
}

function fileOfProc(namespace: ContainerNamespace, [first = '', second, ...more]: string[]) {
  if (more.length > 0) return undefined;
  if (first === 'version' && second === undefined) return 'Linux version 6.1.0 (simulated)\n';
  if (first === 'meminfo' && second === undefined) return 'MemTotal:        8388608 kB\n';
  if (first === 'uptime' && second === undefined) return '0.00 0.00\n';
  if (first === 'sys' && second === undefined) return [];
  const process = namespace.process(Number(first));
  if (process === undefined) return undefined;
  if (second === undefined) return ['cmdline', 'environ', 'status'];
  return fileOfProcess(process, second);
}

function fileOfProcess(process: Process, name: string): string | undefined {
  if (name === 'cmdline') return process.argv.map((one) => `${one}\0`).join('');
  if (name === 'environ') {
    return [...process.env].map(([key, value]) => `${key}=${value}\0`).join('');
  }
  if (name !== 'status') return undefined;
  const { uid, gid, groups, noNewPrivs } = process.credentials;
  return [
    `Name:\t${process.argv[0] ?? ''}`,
    `Pid:\t${process.pid}`,
    `PPid:\t${process.parentPid}`,
    `Uid:\t${uid}\t${uid}\t${uid}\t${uid}`,
    `Gid:\t${gid}\t${gid}\t${gid}\t${gid}`,
    `Groups:\t${groups.join(' ')}`,
    `VmRSS:\t${Math.ceil(process.memoryBytes / 1024)} kB`,
    `NoNewPrivs:\t${noNewPrivs ? 1 : 0}`,
    '',
  ].join('\n');
}
