/**
 * The cluster's DNS: informers behind it, port 53 of an address of the pod network before it. Given.
 *
 * In real clusters CoreDNS runs in pods; here it is no pod, so that names work before anything is
 * scheduled. The Service `kube-dns` leads to it all the same.
 */

import type { Clock, Logger, Random } from '#apimachinery';
import { type Client, ENDPOINT_SLICES, NAMESPACES, newInformerFactory, SERVICES } from '#client';
import { type Connection, newConnection } from '#container-runtime';
import { untilAborted } from '../assembly/until-aborted.ts';
import type { ClusterNetwork } from '../network/cluster-network.ts';
import { answerQuestion } from './dns.ts';
import { decodeQuery, encodeAnswer } from './dns-messages.ts';
import { newDnsView, SERVICE_IPS, SLICE_INDEXES } from './dns-view.ts';
import type { DnsView } from './records.ts';

/** What it works with. */
export interface ClusterDnsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly network: Pick<ClusterNetwork, 'addGateway'>;
  /** Where it answers. */
  readonly ip: string;
  /** `cluster.local` */
  readonly domain: string;
}

const PORT = 53;
const MAX_TCP_BYTES = 65_535;

/** Answers until the signal aborts. */
export async function runClusterDns(
  options: ClusterDnsOptions,
  signal: AbortSignal,
): Promise<void> {
  const { client, network, ip } = options;
  const informers = newInformerFactory(client, options);
  const services = informers.informer(SERVICES);
  services.addIndexers(SERVICE_IPS);
  const slices = informers.informer(ENDPOINT_SLICES);
  slices.addIndexers(SLICE_INDEXES);
  const namespaces = informers.informer(NAMESPACES);
  const view = newDnsView({
    services: services.lister,
    slices: slices.lister,
    namespaces: namespaces.lister,
  });
  const serve = (talk: Talk) => async (from: string, to: string, port: number) => {
    const [near, far] = newConnection(from, to, port);
    talk(far, view, options).catch(() => far.close());
    return near;
  };
  const remove = [
    network.addGateway(ip, PORT, 'UDP', serve(talkUdp)),
    network.addGateway(ip, PORT, 'TCP', serve(talkTcp)),
  ];
  informers.start(signal);
  await untilAborted(signal);
  for (const one of remove) one();
  await informers.whenStopped();
}

type Talk = (connection: Connection, view: DnsView, options: ClusterDnsOptions) => Promise<void>;

/** Every chunk is a datagram. */
const talkUdp: Talk = async ({ input, output }, view, options) => {
  for (let bytes = await input.read(); bytes; bytes = await input.read()) {
    const reply = answerTo(bytes, view, options, undefined);
    if (reply) await output.write(reply);
  }
  output.close();
};

/** Before every message stands its length, in two bytes. */
const talkTcp: Talk = async ({ input, output }, view, options) => {
  let rest: Uint8Array = new Uint8Array();
  for (let bytes = await input.read(); bytes; bytes = await input.read()) {
    rest = joined(rest, bytes);
    for (let length = lengthIn(rest); rest.length >= 2 + length; length = lengthIn(rest)) {
      const reply = answerTo(rest.slice(2, 2 + length), view, options, MAX_TCP_BYTES);
      rest = rest.slice(2 + length);
      if (reply) {
        const head = Uint8Array.of(reply.length >> 8, reply.length & 0xff);
        await output.write(joined(head, reply));
      }
      if (rest.length < 2) break;
    }
  }
  output.close();
};

function lengthIn(bytes: Uint8Array): number {
  return bytes.length < 2 ? Number.POSITIVE_INFINITY : ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}

function answerTo(
  bytes: Uint8Array,
  view: DnsView,
  { domain, random }: ClusterDnsOptions,
  limit: number | undefined,
): Uint8Array | undefined {
  const query = decodeQuery(bytes);
  if (query === undefined || query instanceof Uint8Array) return query;
  const answer = answerQuestion(query.question, view, domain);
  // Who takes the first of several addresses should not always take the same.
  const isAlias = answer.answers[0]?.type === 'CNAME';
  const answers = isAlias ? answer.answers : random.shuffle(answer.answers);
  return encodeAnswer(query, { ...answer, answers }, domain, limit ?? query.udpBytes);
}
