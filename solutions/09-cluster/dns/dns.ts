/**
 * Service discovery by name: which records a name of the cluster has.
 *
 * A pure function over what there is. Where that comes from is `dns-view.ts`, who is asked on port 53
 * `dns-server.ts`.
 */

import { addressRecords, answer, hostOf, ipOf, nameOf, verdict } from './answers.ts';
import type { DnsAnswer, DnsPort, DnsQuestion, DnsRecord, DnsService, DnsView } from './records.ts';
import { REVERSE_ZONE, reverseAnswer } from './reverse.ts';

/** The version of the specification, as the name `dns-version` tells it. */
export const DNS_VERSION = '1.1.0';
/** An alias of an alias is followed, but not for ever. */
export const MAX_ALIASES = 8;

/**
 * Answers a question.
 *
 * @remarks
 * Names below are in front of `.DOMAIN`, in any case; records say them in small letters.
 *
 * | name | there is one if | A, AAAA | SRV |
 * |---|---|---|---|
 * | `SVC.NS.svc` | there is the Service | its cluster IPs; without any, all its endpoints' addresses | of every named port, as below |
 * | `_PORT._PROTO.SVC.NS.svc` | the Service has a port of that name and protocol, or, without a cluster IP, one of its endpoints has | none | with a cluster IP one, to `SVC.NS.svc` at the Service's port; without, one for each endpoint that has the port, to `HOST.SVC.NS.svc` at the endpoint's own |
 * | `_PROTO.SVC.NS.svc` | never, though names below it are there: so CoreDNS has it | | |
 * | `HOST.SVC.NS.svc` | the Service has no cluster IP and an endpoint is called so | the addresses of all endpoints called so | as for the Service, of those endpoints only |
 * | `A-B-C-D.NS.pod` | there is the namespace, and {@link ipOf} the label | that address | none |
 * | `NS.svc`, `NS.pod` | there is the namespace | none | none |
 * | `svc`, `pod`, the domain itself | always | none | none |
 * | `dns-version` | always | none; `TXT` is {@link DNS_VERSION} | none |
 *
 * - HOST is what {@link hostOf} says. A port without a name has no SRV record, and no name `_._PROTO`.
 * - Records are in the view's order: endpoint after endpoint, each with its ports in their order.
 * - SRV: priority 0; every weight is 100 divided by the number of records in the answer, rounded down,
 *   at least 1. Endpoints called alike that have the port at the same number have one record together.
 *   The addresses of the endpoints, or of the Service, that the records are about are the additionals, under
 *   the targets' names: both families, each once, in any order.
 * - An ExternalName Service answers A, AAAA and CNAME with a `CNAME` to its name, in small letters; it
 *   has no other records, and nothing is below it. CNAME gets that one record. Is that name in the domain,
 *   what A or AAAA finds there follows behind it, aliases again with what follows them: {@link MAX_ALIASES} aliases at most,
 *   and none twice. The code is NOERROR, whatever is found there.
 * - A name that is there without a record of that type: NOERROR without answers. None there: NXDOMAIN.
 * - A name below {@link REVERSE_ZONE} is {@link reverseAnswer}'s. Any other name outside the domain:
 *   REFUSED.
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
 * Given are `hostOf`, `ipOf` and what writes answers (`answers.ts`), and `reverseAnswer` (`reverse.ts`).
 *
 * @param domain - `cluster.local`, in small letters
 * @see github.com/kubernetes/dns docs/specification.md (1.1.0); CoreDNS plugin/kubernetes
 * @exercise cluster/dns
 */
export function answerQuestion(question: DnsQuestion, view: DnsView, domain: string): DnsAnswer {
  return resolve({ ...question, name: question.name.toLowerCase() }, { view, domain, path: [] });
}

/** Where a name is looked up. */
interface Around {
  readonly view: DnsView;
  readonly domain: string;
  /** The aliases that led here. */
  readonly path: readonly string[];
}

function resolve({ name, type }: DnsQuestion, around: Around): DnsAnswer {
  const { view, domain } = around;
  if (name.endsWith(REVERSE_ZONE)) return reverseAnswer(name, type, view, domain);
  if (name === domain) return answer([]);
  if (!name.endsWith(`.${domain}`)) return verdict('REFUSED');
  const [kind, namespace, label, ...below] = name
    .slice(0, -domain.length - 1)
    .split('.')
    .reverse();
  if (kind === 'dns-version' && namespace === undefined) {
    return answer(type === 'TXT' ? [{ name, type, data: DNS_VERSION }] : []);
  }
  if (kind !== 'svc' && kind !== 'pod') return verdict('NXDOMAIN');
  if (namespace === undefined) return answer([]);
  if (label === undefined) return view.hasNamespace(namespace) ? answer([]) : verdict('NXDOMAIN');
  if (kind === 'svc') {
    const service = view.service(namespace, label);
    return service ? ofService({ name, type }, service, below, around) : verdict('NXDOMAIN');
  }
  const ip = ipOf(label);
  const isThere = ip !== undefined && below.length === 0 && view.hasNamespace(namespace);
  return isThere ? answer(addressRecords(name, [ip], type)) : verdict('NXDOMAIN');
}

/** Somewhere a Service's port is found. */
interface Target {
  readonly host: string;
  readonly ips: readonly string[];
  readonly ports: readonly DnsPort[];
}

/** @param below - the labels in front of the Service's name, the nearest first */
function ofService(
  { name, type }: DnsQuestion,
  service: DnsService,
  below: readonly string[],
  around: Around,
): DnsAnswer {
  const [first, second, ...more] = below;
  if (service.externalName !== undefined) {
    if (first !== undefined) return verdict('NXDOMAIN');
    return answer(aliases(name, service.externalName.toLowerCase(), type, around));
  }
  if (more.length > 0) return verdict('NXDOMAIN');
  const all = targetsOf(service, around);
  if (second !== undefined) {
    const isAsked = (one: DnsPort): boolean =>
      one.name !== '' && `_${one.name}` === second && `_${one.protocol}` === first;
    const ports = [...service.ports, ...all.flatMap((target) => target.ports)];
    if (!ports.some(isAsked)) return verdict('NXDOMAIN');
    return type === 'SRV' ? serviceRecords(name, all, isAsked) : answer([]);
  }
  const isHeadless = service.clusterIPs.length === 0;
  const called = all.filter(({ host }) => isHeadless && host.startsWith(`${first}.`));
  if (first !== undefined && called.length === 0) return verdict('NXDOMAIN');
  const targets = first === undefined ? all : called;
  if (type === 'SRV') return serviceRecords(name, targets, (port) => port.name !== '');
  const ips = targets.flatMap((target) => target.ips);
  return answer(addressRecords(name, ips, type));
}

function targetsOf(service: DnsService, { view, domain }: Around): readonly Target[] {
  const { clusterIPs, ports } = service;
  const host = nameOf(service, domain);
  if (clusterIPs.length > 0) return [{ host, ips: clusterIPs, ports }];
  return view
    .endpoints(service.namespace, service.name)
    .map((one) => ({ host: `${hostOf(one)}.${host}`, ips: [one.ip], ports: one.ports }));
}

function serviceRecords(
  name: string,
  targets: readonly Target[],
  isAsked: (port: DnsPort) => boolean,
): DnsAnswer {
  const found = targets.flatMap((target) =>
    target.ports.filter(isAsked).map(({ port }) => ({ port, target })),
  );
  const told = new Map(
    found.map(({ port, target }) => [`${target.host} ${port}`, { port, target }]),
  );
  const weight = Math.max(1, Math.floor(100 / told.size));
  const answers = [...told.values()].map(({ port, target }): DnsRecord => {
    return { name, type: 'SRV', data: { priority: 0, weight, port, target: target.host } };
  });
  const additionals = new Map<string, DnsRecord>();
  for (const { host, ips } of found.map(({ target }) => target)) {
    for (const record of ['A', 'AAAA'].flatMap((type) => addressRecords(host, ips, type))) {
      additionals.set(`${host} ${record.data}`, record);
    }
  }
  return answer(answers, [...additionals.values()]);
}

function aliases(from: string, to: string, type: string, around: Around): readonly DnsRecord[] {
  const path = [...around.path, from];
  if (!['A', 'AAAA', 'CNAME'].includes(type) || path.length > MAX_ALIASES) return [];
  const alias: DnsRecord = { name: from, type: 'CNAME', data: to };
  const isFollowed = type !== 'CNAME' && to.endsWith(`.${around.domain}`) && !path.includes(to);
  if (!isFollowed) return [alias];
  return [alias, ...resolve({ name: to, type }, { ...around, path }).answers];
}
