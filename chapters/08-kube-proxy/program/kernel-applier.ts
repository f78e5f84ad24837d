/**
 * Makes rules true in the kernel of this computer, with the tools every Linux has for it.
 *
 * `iptables-restore` and, for IPVS, `ipset`, `ipvsadm` and `ip`. `conntrack` is used where it is there.
 *
 * @see kubernetes 1.33 pkg/util/iptables/iptables.go
 */

import type { Applier, RulesText } from '../appliers/applier.ts';
import {
  CANARY_CHAIN,
  CANARY_TABLES,
  IPTABLES_JUMPS,
  IPVS_JUMPS,
  type Jump,
  jumpArguments,
} from '../appliers/jumps.ts';
import type { UdpFlow } from '../conntrack/stale-flows.ts';
import type { IpFamily } from '../services/service-port.ts';
import { readVirtualServers } from './ipvsadm-list.ts';
import { type RunTool, ToolError, ToolMissingError } from './run-tool.ts';

/** The interface that has the addresses of virtual servers, so that the kernel takes them for its own. */
const DUMMY_DEVICE = 'kube-ipvs0';

/** Applies rules of one family. */
export function newKernelApplier(family: IpFamily, run: RunTool): Applier {
  const iptables = family === 'IPv6' ? 'ip6tables' : 'iptables';
  // Another program may be at it: wait for its lock.
  const tables = (...words: string[]) => run(iptables, ['-w', '5', ...words]);
  const applier: Applier = {
    apply: async (rules) => {
      const { ipset, ipvs } = rules;
      if (ipset !== undefined) await run('ipset', ['restore', '-!'], ipset);
      await ensureJumps(tables, ipvs === undefined ? IPTABLES_JUMPS : IPVS_JUMPS);
      await run(`${iptables}-restore`, ['-w', '5', '--noflush', '--counters'], rules.iptables);
      if (ipvs === undefined) return;
      await run('ipvsadm', ['--restore'], ipvs);
      await bindAddresses(run, family, rules);
    },
    isIntact: async () => {
      for (const table of CANARY_TABLES) {
        if (!(await succeeds(tables('-t', table, '-S', CANARY_CHAIN)))) return false;
      }
      return true;
    },
    natChains: async () => {
      const saved = await run(`${iptables}-save`, ['-t', 'nat']);
      return [...saved.matchAll(/^:(\S+)/gm)].map(([, chain = '']) => chain);
    },
    virtualServers: async () => readVirtualServers(await run('ipvsadm', ['-L', '-n']), family),
    conntrack: {
      listUdp: async () => {
        const listed = await run('conntrack', [
          '-L',
          '-p',
          'udp',
          '-f',
          family.toLowerCase(),
        ]).catch(nothingWithoutTool);
        return listed.split('\n').flatMap(readFlow);
      },
      forget: async (flows) => {
        for (const { originalDestination, replySource } of flows) {
          const { ip, port } = originalDestination;
          const which = [
            '--orig-dst',
            ip,
            '--orig-port-dst',
            String(port),
            '--reply-src',
            replySource,
          ];
          // It ends with 1 when there was nothing to delete: somebody was faster.
          await succeeds(run('conntrack', ['-D', '-p', 'udp', ...which]));
        }
      },
    },
  };
  return applier;
}

type Tables = (...words: string[]) => Promise<string>;

/** Chains that lead to ours, and the ones whose absence tells that somebody threw all away. */
async function ensureJumps(tables: Tables, jumps: readonly Jump[]): Promise<void> {
  for (const table of CANARY_TABLES) await ensureChain(tables, table, CANARY_CHAIN);
  for (const jump of jumps) {
    await ensureChain(tables, jump.table, jump.to);
    const rule = jumpArguments(jump);
    if (await succeeds(tables('-t', jump.table, '-C', jump.from, ...rule))) continue;
    await tables('-t', jump.table, '-I', jump.from, ...rule);
  }
}

async function ensureChain(tables: Tables, table: string, chain: string): Promise<void> {
  if (await succeeds(tables('-t', table, '-S', chain))) return;
  await tables('-t', table, '-N', chain);
}

async function succeeds(work: Promise<string>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  }
}

/** Gives the interface exactly the addresses it must have. */
async function bindAddresses(run: RunTool, family: IpFamily, rules: RulesText): Promise<void> {
  const wanted = new Set(rules.boundAddresses);
  const flag = family === 'IPv6' ? '-6' : '-4';
  if (!(await succeeds(run('ip', ['link', 'show', DUMMY_DEVICE])))) {
    await run('ip', ['link', 'add', DUMMY_DEVICE, 'type', 'dummy']);
  }
  const shown = await run('ip', [flag, '-o', 'addr', 'show', 'dev', DUMMY_DEVICE]);
  const bound = new Set([...shown.matchAll(/inet6? ([^/ ]+)/g)].map(([, ip = '']) => ip));
  for (const ip of wanted) {
    if (!bound.has(ip)) await run('ip', [flag, 'addr', 'add', ip, 'dev', DUMMY_DEVICE]);
  }
  for (const ip of bound) {
    if (wanted.has(ip) || ip.startsWith('fe80:')) continue;
    await run('ip', [flag, 'addr', 'del', ip, 'dev', DUMMY_DEVICE]);
  }
}

function nothingWithoutTool(error: unknown): string {
  if (error instanceof ToolMissingError) return '';
  throw error;
}

/** A line of `conntrack -L`: the first `dst` and `dport` are of the way there, the second `src` answers. */
function readFlow(line: string): UdpFlow[] {
  const sources = [...line.matchAll(/\bsrc=(\S+)/g)];
  const [, ip] = /\bdst=(\S+)/.exec(line) ?? [];
  const [, port] = /\bdport=(\d+)/.exec(line) ?? [];
  const replySource = sources[1]?.[1];
  if (ip === undefined || port === undefined || replySource === undefined) return [];
  return [{ originalDestination: { ip, port: Number(port) }, replySource }];
}
