/** What this computer has, for the Node object. */

import { readFileSync } from 'node:fs';
import { arch, availableParallelism, freemem, release, totalmem } from 'node:os';
import type { NodeUsage } from '../api/stats.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Amounts, as a Node's capacity has them. */
export function machineCapacity(maxPods: number): Record<string, string> {
  return {
    cpu: String(availableParallelism()),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    'ephemeral-storage': '100Gi',
    pods: String(maxPods),
  };
}

export function machineFacts(): {
  architecture: string;
  kernelVersion: string;
  osImage: string;
  bootId: string;
  machineId: string;
} {
  const pretty = /^PRETTY_NAME="?([^"\n]*)/m.exec(textOf('/etc/os-release'))?.[1];
  return {
    architecture: ARCHITECTURES[arch()] ?? arch(),
    kernelVersion: release(),
    osImage: pretty ?? 'unknown',
    bootId: textOf('/proc/sys/kernel/random/boot_id').trim(),
    machineId: textOf('/etc/machine-id').trim(),
  };
}

/** The name servers of this computer. */
export function machineDns(): string[] {
  return [...textOf('/etc/resolv.conf').matchAll(/^nameserver\s+(\S+)/gm)].map(([, ip = '']) => ip);
}

/** @returns what this computer uses now */
export function machineUsage(): NodeUsage {
  const [, user = '0', nice = '0', system = '0'] =
    /^cpu +(\d+) (\d+) (\d+)/m.exec(textOf('/proc/stat')) ?? [];
  // The kernel counts in hundredths of a second.
  const cpuSeconds = (Number(user) + Number(nice) + Number(system)) / 100;
  return { cpuSeconds, memoryBytes: totalmem() - freemem() };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
