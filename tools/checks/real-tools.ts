/**
 * Check: the real programs that tests compare with are installed.
 *
 * Without them some suites are skipped. That is said aloud; on CI (`CI=true`) it is a failure.
 */

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Check } from './check.ts';

/** Program to what is not tested without it. */
const TOOLS: Readonly<Record<string, string>> = {
  etcd: 'the conformance suite against the real etcd',
  etcdctl: 'the etcdctl sessions',
  chromium: 'the docs site in a browser',
  containerd: 'the kubelet on a real containerd',
};

/** Names missing programs; fails on them when `CI` is `true`. */
export const realTools: Check = {
  name: 'real tools',
  run: () => {
    const missing = Object.keys(TOOLS).filter((tool) => !isInstalled(tool));
    const lines = missing.map((tool) => `${tool} is not installed: skipping ${TOOLS[tool]}`);
    if (process.env.CI === 'true') return lines;
    for (const line of lines) console.log(`  ${line}`);
    return [];
  },
};

/** Is there a program of this name on the PATH? */
export function isInstalled(tool: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
