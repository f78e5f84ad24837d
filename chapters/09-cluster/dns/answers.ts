/** How answers and their records are written. Given. */

import type { DnsAnswer, DnsEndpoint, DnsRecord, DnsService } from './records.ts';

/** An answer without records. */
export function verdict(code: DnsAnswer['code']): DnsAnswer {
  return { code, answers: [], additionals: [] };
}

/** An answer with records, or with none of the type that was asked for. */
export function answer(
  answers: readonly DnsRecord[],
  additionals: readonly DnsRecord[] = [],
): DnsAnswer {
  return { code: 'NOERROR', answers, additionals };
}

/** @returns a record for each address that is of the type: IPv4 of `A`, IPv6 of `AAAA` */
export function addressRecords(name: string, ips: readonly string[], type: string): DnsRecord[] {
  return ips.flatMap((data): DnsRecord[] => {
    const own = data.includes(':') ? 'AAAA' : 'A';
    return own === type ? [{ name, type: own, data }] : [];
  });
}

/** @returns the endpoint's hostname, else its address with dashes: `10-244-1-5`, `fd00--5` */
export function hostOf({ hostname, ip }: DnsEndpoint): string {
  return hostname === '' ? ip.replace(/[.:]/g, '-') : hostname;
}

/** @returns `web.default.svc.cluster.local` */
export function nameOf({ name, namespace }: DnsService, domain: string): string {
  return `${name}.${namespace}.svc.${domain}`;
}

/** @param label - `10-244-1-5` @returns `10.244.1.5`, or `undefined` when it is no IPv4 address */
export function ipOf(label: string): string | undefined {
  const parts = label.split('-');
  const isIp = parts.length === 4 && parts.every((one) => /^\d{1,3}$/.test(one) && +one < 256);
  return isIp ? parts.join('.') : undefined;
}
