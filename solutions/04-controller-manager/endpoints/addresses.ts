/** Which family an address is of, and a pod's addresses of one. Given. */

import type { Pod, Service } from 'kubernetes-types/core/v1.js';

/** As in a Service's `ipFamilies` and a slice's `addressType`. */
export type IpFamily = 'IPv4' | 'IPv6';

/** The family an address is of. */
export function familyOf(ip: string): IpFamily {
  return ip.includes(':') ? 'IPv6' : 'IPv4';
}

/** The pod's addresses of a family, `status.podIPs` in order; none before it has one. */
export function addressesOf({ status }: Pod, family: IpFamily): string[] {
  const all = status?.podIPs?.map(({ ip }) => ip) ?? [status?.podIP];
  return all.filter((ip): ip is string => !!ip && familyOf(ip) === family);
}

/** The families a Service has addresses of; IPv4 when it does not say. */
export function familiesOf({ spec }: Service): IpFamily[] {
  const said = spec?.ipFamilies as IpFamily[] | undefined;
  if (said && said.length > 0) return said;
  const ip = spec?.clusterIP;
  return [ip && ip !== 'None' ? familyOf(ip) : 'IPv4'];
}
