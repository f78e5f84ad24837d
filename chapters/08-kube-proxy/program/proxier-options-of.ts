/** From flags to what each family's proxier is told. */

import type { ProxierOptions } from '../proxier-options.ts';
import { familyOf, parseCidr } from '../services/ip-addresses.ts';
import type { IpFamily } from '../services/service-port.ts';
import type { Flags } from './flags.ts';
import type { NodeIps } from './node-ips.ts';

/**
 * The families there are: of `--cluster-cidr`, IPv4 without.
 *
 * @remarks A kernel has both always, and upstream keeps rules of both. Here the second family is there on
 * demand, so that one family's text can be looked at.
 */
export function familiesOf({ clusterCidr }: Flags): IpFamily[] {
  const families = clusterCidr.map((cidr) => familyOf(cidr));
  return families.length > 0 ? [...new Set(families)] : ['IPv4'];
}

/** What the proxier of one family is told. */
export function proxierOptionsOf(flags: Flags, family: IpFamily, ips: NodeIps): ProxierOptions {
  const ofFamily = (cidr: string): boolean => parseCidr(cidr)?.family === family;
  const clusterCidr = flags.clusterCidr.find(ofFamily);
  return {
    family,
    nodeName: flags.hostnameOverride,
    nodeIP: ips[family],
    ...(clusterCidr !== undefined && { clusterCidr }),
    masqueradeAll: flags.masqueradeAll,
    masqueradeBit: flags.iptablesMasqueradeBit,
    nodePortAddresses: flags.nodeportAddresses.filter(ofFamily),
    localhostNodePorts: flags.iptablesLocalhostNodeports,
    conntrackTcpBeLiberal: flags.conntrackTcpBeLiberal,
  };
}
