/** Reads what `ipvsadm -L -n` shows: virtual servers and how many connections each real server has. */

import type { NetworkProtocol } from '#apimachinery';
import type { IpvsSchedulerName } from '../ipvs/scheduler-names.ts';
import type { RealServer, VirtualServer } from '../ipvs/virtual-server.ts';
import { familyOf } from '../services/ip-addresses.ts';
import type { IpFamily } from '../services/service-port.ts';

const SERVICE = /^(TCP|UDP|SCTP)\s+(?:\[([^\]]+)\]|([\d.]+)):(\d+)\s+(\w+)(.*)$/;
const SERVER = /^\s+->\s+(\S+:\d+)\s+\S+\s+(\d+)\s+(\d+)\s+(\d+)/;

/** @returns those of one family */
export function readVirtualServers(text: string, family: IpFamily): VirtualServer[] {
  const all: (VirtualServer & { servers: RealServer[] })[] = [];
  for (const line of text.split('\n')) {
    const [, protocol, v6, v4, port, scheduler, flags = ''] = SERVICE.exec(line) ?? [];
    if (protocol !== undefined) {
      const [, seconds = '0'] = /persistent (\d+)/.exec(flags) ?? [];
      all.push({
        protocol: protocol as NetworkProtocol,
        ip: v6 ?? v4 ?? '',
        port: Number(port),
        // One that is none of ours is no equal of what is wanted, and will be replaced.
        scheduler: scheduler as IpvsSchedulerName,
        persistenceSeconds: Number(seconds),
        servers: [],
      });
      continue;
    }
    const [, address, weight, active, inactive] = SERVER.exec(line) ?? [];
    if (address === undefined) continue;
    all.at(-1)?.servers.push({
      address,
      weight: Number(weight),
      activeConnections: Number(active),
      inactiveConnections: Number(inactive),
    });
  }
  return all.filter(({ ip }) => familyOf(ip) === family);
}
