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
  throw new NotImplemented('cluster/dns', 'answerQuestion');
}
