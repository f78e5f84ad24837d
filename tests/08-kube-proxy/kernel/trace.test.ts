/** `npm run trace`, as somebody types it. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const RULES = join(import.meta.dirname, 'services.kube-proxy-1.20.2.rules');

function trace(...args: string[]) {
  const command = join(ROOT, 'tools', 'commands', 'trace.ts');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', command, '--ref', ...args],
    { cwd: ROOT, encoding: 'utf8', timeout: 60_000 },
  );
  return { status, lines: stdout.trimEnd().split('\n'), stderr };
}

describe('npm run trace', () => {
  it('shows the way of a pod that reaches itself, by the rules of a real kube-proxy', () => {
    const { status, lines } = trace(
      '--rules',
      RULES,
      '--from',
      '10.244.1.2',
      '--to',
      '10.96.10.7:80/tcp',
    );
    expect(status).toBe(0);
    const note = "(the text has no rule in a built-in chain: 8 jumps of kube-proxy's added)";
    expect(lines.slice(0, 7)).toEqual([
      note,
      '10.244.1.2:40000 → 10.96.10.7:80 tcp',
      'connection tracking',
      '  NEW',
      'PREROUTING, table nat',
      '  PREROUTING 1: every packet → KUBE-SERVICES  # kubernetes service portals',
      '    KUBE-SERVICES 6: to 10.96.10.7/32, tcp, port 80 → KUBE-SVC-4MCPEXSLZTSPBPTK  # default/one:http cluster IP',
    ]);
    expect(lines).toContain('          KUBE-MARK-MASQ 1: every packet → mark 0x0 becomes 0x4000');
    expect(lines).toContain('  = destination 10.96.10.7:80 becomes 10.244.1.2:8080');
    expect(lines.at(-1)).toMatch(
      /^verdict: accept; leaves by eth0: 192\.0\.2\.1:\d+ → 10\.244\.1\.2:8080$/,
    );
  });

  it('shows what the node itself hears of a Service without endpoints', () => {
    const where = ['--from-host', '--from', '192.168.0.1', '--to', '10.96.10.6:80'];
    const { lines } = trace('--rules', RULES, ...where);
    expect(lines.at(-1)).toBe('verdict: reject; the sender hears icmp-port-unreachable');
  });

  it('has another chance for another number, and the same for the same', () => {
    const ends = ['1', '2', '3', '4', '1'].map((seed) =>
      trace(
        '--rules',
        RULES,
        '--from',
        '10.244.1.9',
        '--to',
        '10.96.10.1:80',
        '--seed',
        seed,
      ).lines.at(-1),
    );
    expect(ends[4]).toBe(ends[0]);
    expect(new Set(ends).size).toBeGreaterThan(1);
  });

  it('explains what it needs, and what it cannot read', () => {
    const missing = trace('--rules', RULES);
    expect(missing).toMatchObject({ status: 2 });
    expect(missing.stderr).toContain('usage: npm run trace');
    const protocol = trace('--rules', RULES, '--from', '10.0.0.1', '--to', '10.0.0.2:1/icmp');
    expect(protocol.stderr).toContain('the protocol is tcp, udp or sctp');
    const noFile = trace('--rules', '/nowhere', '--from', '10.0.0.1', '--to', '10.0.0.2:1');
    expect(noFile.stderr).toContain('cannot read /nowhere');
  });
});
