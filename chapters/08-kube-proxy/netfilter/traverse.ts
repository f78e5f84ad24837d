/**
 * A packet in one table: from chain to chain until a rule decides, or the policy of the built-in chain.
 *
 * What rules look for is `ruleMatches`; what follows from the verdict is `netfilter.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { Hook } from './hooks.ts';
import type { Outcome, Step } from './journey.ts';
import type { Packet } from './packet.ts';
import type { PacketContext } from './rule.ts';
import type { Table } from './table.ts';

/**
 * Walks a packet through a built-in chain of one table, and all that its rules lead to.
 *
 * @remarks
 * Rules are held against the packet one after another: of each chain what `chain.rulesFor(packet)`
 * gives, with `ruleMatches`, no rule twice and none after the one that decides, since some matches
 * count how often they were asked. What a rule that matched does is its target:
 *
 * | `target.kind` | what happens |
 * |---|---|
 * | `accept`, `drop` | the walk ends with this verdict |
 * | `reject` | the walk ends; `rejectWith` of the outcome is the target's `with` |
 * | `dnat`, `snat`, `masquerade`, `redirect` | the walk ends with `accept`; `nat` of the outcome is the target |
 * | `jump` | the packet goes through the other chain; if nothing decides there, on with the next rule |
 * | `goto` | the same, but nothing is left of the chain with the rule: at the end of the other chain the packet is where this chain's own end would have led |
 * | `return` | this is the end of this chain |
 * | `mark` | the packet's mark becomes `(mark & ~mask) ^ value`, a whole number from 0 to 2^32 - 1; on |
 * | `untrack` | `isUntracked` of the outcome is true; on |
 * | `none`, `log` | on with the next rule |
 *
 * The end of a user's chain leads back behind the rule that jumped there. The end of the built-in one,
 * or `return` in it, is decided by its policy: `ACCEPT` or `DROP`.
 *
 * A mark stays on the packet whatever comes after, and later rules see it. `packet` is not changed: a
 * packet with another mark is another object.
 *
 * Written to `steps`, in order: a `rule` step for each rule that matched, before its target does
 * anything, with the packet as it came to the rule and how deep the chain is (0 in the built-in one; a
 * chain reached by `jump` or `goto` is one deeper); at last a `policy` step, if it was the policy that
 * decided.
 *
 * ```text
 * *nat
 * -A OUTPUT -j KUBE-SERVICES
 * -A KUBE-SERVICES -d 10.96.0.10/32 -j KUBE-SVC-A
 * -A KUBE-SVC-A ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ
 * -A KUBE-SVC-A -j KUBE-SEP-B
 * -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
 * -A KUBE-SEP-B -j DNAT --to-destination 10.244.1.2:53
 *
 * 192.168.0.5 → 10.96.0.10      depth  mark
 * OUTPUT 1          jump        0      0
 * KUBE-SERVICES 1   jump        1      0
 * KUBE-SVC-A 1      jump        2      0
 * KUBE-MARK-MASQ 1  mark        3      0       its end leads back behind KUBE-SVC-A 1
 * KUBE-SVC-A 2      jump        2      0x4000
 * KUBE-SEP-B 1      dnat        3      0x4000  → accept, nat: that target, packet.mark 0x4000
 * ```
 *
 * @param builtIn - the chain to begin with; it is in the table (`chainOf`), and has a policy
 * @param context - for `ruleMatches`
 * @param steps - appended to
 * @see linux 6.1 net/ipv4/netfilter/ip_tables.c ipt_do_table
 * @exercise kube-proxy/netfilter
 */
export function traverse(
  table: Table,
  builtIn: Hook,
  packet: Packet,
  context: PacketContext,
  steps: Step[],
): Outcome {
  throw new NotImplemented('kube-proxy/netfilter', 'traverse');
}
