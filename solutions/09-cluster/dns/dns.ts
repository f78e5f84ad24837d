/**
 * Service discovery by name: which records a name of the cluster has.
 *
 * A pure function over what there is. Where that comes from is `dns-view.ts`, who is asked on port 53
 * `dns-server.ts`.
 */

import type {
  DnsAnswer,
  DnsEndpoint,
  DnsQuestion,
  DnsRecord,
  DnsService,
  DnsView,
} from './records.ts';

/** The version of the specification, as the name `dns-version` tells it. */
export const DNS_VERSION = '1.1.0';

/**
 * Answers a question.
 *
 * @remarks
 * Names below are in front of `.DOMAIN`, in any case; records say them in small letters.
 *
 * | name | there is one if | A, AAAA | SRV |
 * |---|---|---|---|
 * | `SVC.NS.svc` | there is the Service | its cluster IPs; without any, all its endpoints' addresses | as `_PORT._PROTO` below, for every named port |
 * | `_PORT._PROTO.SVC.NS.svc` | the Service has a port of that name and protocol, or, without a cluster IP, an endpoint has | none | with a cluster IP one, to `SVC.NS.svc` at the Service's port; without, one for each endpoint that has the port, to `HOST.SVC.NS.svc` at the endpoint's own |
 * | `HOST.SVC.NS.svc` | the Service has no cluster IP and an endpoint is called so | the addresses of all endpoints called so | as for the Service, of those endpoints only |
 * | `A-B-C-D.NS.pod` | there is the namespace, and it is an IPv4 address with dashes | that address | none |
 * | `NS.svc`, `NS.pod` | there is the namespace | none | none |
 * | `svc`, `pod`, the domain itself | always | none | none |
 * | `dns-version` | always | none; `TXT` is {@link DNS_VERSION} | none |
 *
 * - HOST is the endpoint's hostname; without one its address with dashes for dots or colons:
 *   `10-244-1-5`, `fd00--5`.
 * - IPv4 addresses are `A`, others `AAAA`.
 * - SRV: priority 0; the weights are 100 divided by how many there are for the same port, rounded down,
 *   at least 1. The targets' addresses are the additionals, each once.
 * - An ExternalName Service answers A, AAAA and CNAME with a `CNAME` to its name. Is that in the domain,
 *   what A or AAAA finds there follows behind it, over at most eight such steps; nothing follows when
 *   the steps come round. It has no other records.
 * - `D.C.B.A.in-addr.arpa` with type PTR: of a cluster IP, the Service's full name; else for every
 *   endpoint with the address `HOST.SVC.NS.svc.DOMAIN`, of Services without a cluster IP and with one
 *   alike; with none, NXDOMAIN. (`ip6.arpa` is refused.)
 * - A name that is there without a record of that type: NOERROR without answers. None there: NXDOMAIN.
 *   A name outside the domain, and no `in-addr.arpa`: REFUSED.
 *
 * ```text
 * A   web.default.svc.cluster.local            10.96.0.7
 * A   db.default.svc.cluster.local             10.244.1.2, 10.244.2.3          (clusterIP: None)
 * A   db-0.db.default.svc.cluster.local        10.244.1.2
 * SRV _pg._tcp.db.default.svc.cluster.local    0 50 5432 db-0.db.default.svc.cluster.local, 0 50 5432 db-1.…
 * A   nope.default.svc.cluster.local           NXDOMAIN
 * TXT web.default.svc.cluster.local            NOERROR, nothing
 * A   example.com                              REFUSED
 * ```
 *
 * @param domain - `cluster.local`, in small letters
 * @see github.com/kubernetes/dns docs/specification.md (1.1.0); CoreDNS plugin/kubernetes
 * @exercise cluster/dns
 */
export function answerQuestion(question: DnsQuestion, view: DnsView, domain: string): DnsAnswer {
  const name = question.name.toLowerCase();
  if (name.endsWith('.in-addr.arpa')) return reverse(name, question.type, view, domain);
  if (name !== domain && !name.endsWith(`.${domain}`)) return verdict('REFUSED');
  const labels = name
    .slice(0, -domain.length - 1)
    .split('.')
    .filter((label) => label !== '');
  const [last, namespace, service, ...more] = labels.reverse();
  switch (last) {
    case undefined:
      return verdict('NOERROR');
    case 'dns-version':
      if (namespace !== undefined) return verdict('NXDOMAIN');
      return question.type === 'TXT' ? answer([{ name, type: 'TXT', data: DNS_VERSION }]) : NOTHING;
    case 'svc':
    case 'pod':
      break;
    default:
      return verdict('NXDOMAIN');
  }
  if (namespace === undefined) return NOTHING;
  if (service === undefined) return view.hasNamespace(namespace) ? NOTHING : verdict('NXDOMAIN');
  if (last === 'pod') return pod(name, question.type, namespace, service, more, view);
  const found = view.service(namespace, service);
  if (found === undefined) return verdict('NXDOMAIN');
  if (found.externalName !== undefined) {
    return more.length > 0
      ? verdict('NXDOMAIN')
      : external(question, found.externalName, view, domain);
  }
  return ofService({ name, type: question.type }, found, more, view, domain);
}

const NOTHING: DnsAnswer = { code: 'NOERROR', answers: [], additionals: [] };
const MAX_ALIASES = 8;

function verdict(code: DnsAnswer['code']): DnsAnswer {
  return { code, answers: [], additionals: [] };
}

function answer(answers: readonly DnsRecord[], additionals: readonly DnsRecord[] = []): DnsAnswer {
  return { code: 'NOERROR', answers, additionals };
}

function pod(
  name: string,
  type: string,
  namespace: string,
  dashed: string,
  more: readonly string[],
  view: DnsView,
): DnsAnswer {
  const ip = dashed.replaceAll('-', '.');
  const isIp =
    /^(\d{1,3}\.){3}\d{1,3}$/.test(ip) && ip.split('.').every((part) => Number(part) < 256);
  if (!isIp || more.length > 0 || !view.hasNamespace(namespace)) return verdict('NXDOMAIN');
  return answer(addresses(name, [ip], type));
}

function ofService(
  { name, type }: DnsQuestion,
  service: DnsService,
  more: readonly string[],
  view: DnsView,
  domain: string,
): DnsAnswer {
  const { clusterIPs } = service;
  const base = `${service.name}.${service.namespace}.svc.${domain}`;
  const isHeadless = clusterIPs.length === 0;
  const all = isHeadless ? view.endpoints(service.namespace, service.name) : [];
  const [first, second, ...tooMany] = more;
  if (tooMany.length > 0) return verdict('NXDOMAIN');
  if (first === undefined) {
    if (type !== 'SRV') {
      const ips = isHeadless ? all.map(({ ip }) => ip) : clusterIPs;
      return answer(addresses(name, ips, type));
    }
    return services(name, service, all, base, () => true);
  }
  if (second !== undefined) {
    const [protocol, port] = [first.slice(1), second.slice(1)];
    const fits = (one: { name: string; protocol: string }): boolean =>
      `_${one.name}` === `_${port}` && one.name !== '' && one.protocol === protocol;
    const isAsked = first.startsWith('_') && second.startsWith('_');
    const ports = [...service.ports, ...all.flatMap((endpoint) => endpoint.ports)];
    if (!isAsked || !ports.some(fits)) return verdict('NXDOMAIN');
    return type === 'SRV' ? services(name, service, all, base, fits) : NOTHING;
  }
  const called = all.filter((endpoint) => hostOf(endpoint) === first);
  if (called.length === 0) return verdict('NXDOMAIN');
  if (type === 'SRV') return services(name, service, called, base, () => true);
  return answer(
    addresses(
      name,
      called.map(({ ip }) => ip),
      type,
    ),
  );
}

function services(
  name: string,
  service: DnsService,
  endpoints: readonly DnsEndpoint[],
  base: string,
  fits: (port: { name: string; protocol: string }) => boolean,
): DnsAnswer {
  const targets =
    service.clusterIPs.length > 0
      ? service.ports.map((port) => ({ port, target: base, ips: service.clusterIPs }))
      : endpoints.flatMap((endpoint) =>
          endpoint.ports.map((port) => ({
            port,
            target: `${hostOf(endpoint)}.${base}`,
            ips: [endpoint.ip],
          })),
        );
  const wanted = targets.filter(({ port }) => port.name !== '' && fits(port));
  const keyOf = ({ port }: (typeof wanted)[number]): string => `${port.name} ${port.protocol}`;
  const answers = wanted.map((one): DnsRecord => {
    const alike = wanted.filter((other) => keyOf(other) === keyOf(one)).length;
    const weight = Math.max(1, Math.floor(100 / alike));
    const { port, target } = one;
    return { name, type: 'SRV', data: { priority: 0, weight, port: port.port, target } };
  });
  const seen = new Map<string, DnsRecord>();
  for (const { target, ips } of wanted) {
    for (const type of ['A', 'AAAA']) {
      for (const record of addresses(target, ips, type)) {
        seen.set(`${target} ${String(record.data)}`, record);
      }
    }
  }
  return answer(answers, [...seen.values()]);
}

function external(
  { name, type }: DnsQuestion,
  externalName: string,
  view: DnsView,
  domain: string,
): DnsAnswer {
  if (!['A', 'AAAA', 'CNAME'].includes(type)) return NOTHING;
  const answers: DnsRecord[] = [];
  let from = name.toLowerCase();
  let to: string | undefined = externalName.toLowerCase();
  for (let step = 0; to !== undefined && step < MAX_ALIASES; step++) {
    answers.push({ name: from, type: 'CNAME', data: to });
    if (type === 'CNAME' || !to.endsWith(`.${domain}`)) break;
    const next = aliasOf(to, view, domain);
    if (next === undefined) {
      answers.push(...answerQuestion({ name: to, type }, view, domain).answers);
      break;
    }
    if (answers.some((record) => record.name === to)) break;
    [from, to] = [to, next];
  }
  return answer(answers);
}

/** The name that an ExternalName Service stands for. */
function aliasOf(name: string, view: DnsView, domain: string): string | undefined {
  const [service = '', namespace = '', kind, ...more] = name
    .slice(0, -domain.length - 1)
    .split('.');
  if (kind !== 'svc' || more.length > 0) return undefined;
  return view.service(namespace, service)?.externalName?.toLowerCase();
}

function reverse(name: string, type: string, view: DnsView, domain: string): DnsAnswer {
  const ip = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.');
  const service = view.serviceAt(ip);
  const names = service
    ? [`${service.name}.${service.namespace}.svc.${domain}`]
    : view
        .endpointsAt(ip)
        .map(
          (one) =>
            `${hostOf(one.endpoint)}.${one.service.name}.${one.service.namespace}.svc.${domain}`,
        );
  if (names.length === 0) return verdict('NXDOMAIN');
  if (type !== 'PTR') return NOTHING;
  return answer(names.map((data) => ({ name, type: 'PTR', data })));
}

function hostOf({ hostname, ip }: DnsEndpoint): string {
  return hostname === '' ? ip.replace(/[.:]/g, '-') : hostname;
}

function addresses(name: string, ips: readonly string[], type: string): DnsRecord[] {
  return ips.flatMap((data): DnsRecord[] => {
    const own = data.includes(':') ? 'AAAA' : 'A';
    return own === type ? [{ name, type: own, data }] : [];
  });
}
