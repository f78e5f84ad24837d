/**
 * Service discovery by name: which records a name of the cluster has.
 *
 * A pure function over what there is. Where that comes from is `dns-view.ts`, who is asked on port 53
 * `dns-server.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { DnsAnswer, DnsQuestion, DnsView } from './records.ts';

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
  throw new NotImplemented('cluster/dns', 'answerQuestion');
}
