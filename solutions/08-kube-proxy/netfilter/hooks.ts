/**
 * Where the kernel lets netfilter look at a packet, and which tables look there. Given: data only.
 *
 * @see linux 6.1 include/uapi/linux/netfilter_ipv4.h (enum nf_ip_hook_priorities)
 */

/** The tables of this model, in the order the kernel asks them. `security` is not here. */
export const TABLE_NAMES = ['raw', 'mangle', 'nat', 'filter'] as const;
export type TableName = (typeof TABLE_NAMES)[number];

/** A place on a packet's way, and the built-in chain of that name in each table that looks there. */
export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

/**
 * The tables that look at each hook, in order. Connection tracking stands right behind `raw`.
 *
 * ```text
 * from a wire  PREROUTING → for this node?  yes: INPUT
 *                                            no: FORWARD → POSTROUTING
 * from here    OUTPUT → POSTROUTING → for this node? then PREROUTING → INPUT, by the device lo
 * ```
 */
export const HOOK_TABLES: Readonly<Record<Hook, readonly TableName[]>> = {
  PREROUTING: ['raw', 'mangle', 'nat'],
  INPUT: ['mangle', 'filter', 'nat'],
  FORWARD: ['mangle', 'filter'],
  OUTPUT: ['raw', 'mangle', 'nat', 'filter'],
  POSTROUTING: ['mangle', 'nat'],
};

/** The order in which `iptables-save` prints built-in chains. */
export const HOOKS: readonly Hook[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

/** Which side of a packet `nat` changes: where it goes is decided before routing, who sent it after. */
export type NatSide = 'destination' | 'source';

export const NAT_SIDES: Readonly<Partial<Record<Hook, NatSide>>> = {
  PREROUTING: 'destination',
  OUTPUT: 'destination',
  INPUT: 'source',
  POSTROUTING: 'source',
};
