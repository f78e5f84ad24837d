/** From addresses to names. Given. */

import { answer, hostOf, nameOf, verdict } from './answers.ts';
import type { DnsAnswer, DnsView } from './records.ts';

export const REVERSE_ZONE = '.in-addr.arpa';

/**
 * Answers a question below `in-addr.arpa`.
 *
 * @remarks `D.C.B.A.in-addr.arpa` has a `PTR` to the full name of the Service with that cluster IP, else
 * to `HOST.SVC.NS.svc.DOMAIN` of every endpoint with that address; with none it is no name.
 *
 * @param name - in small letters
 */
export function reverseAnswer(
  name: string,
  type: string,
  view: DnsView,
  domain: string,
): DnsAnswer {
  const ip = name.slice(0, -REVERSE_ZONE.length).split('.').reverse().join('.');
  const service = view.serviceAt(ip);
  const names = service
    ? [nameOf(service, domain)]
    : view.endpointsAt(ip).map((one) => `${hostOf(one.endpoint)}.${nameOf(one.service, domain)}`);
  if (names.length === 0) return verdict('NXDOMAIN');
  return answer(type === 'PTR' ? names.map((data) => ({ name, type, data })) : []);
}
