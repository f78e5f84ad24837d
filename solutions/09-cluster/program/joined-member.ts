/**
 * A node in a process of its own: a runtime, a kubelet and a kube-proxy, on the pod network of a cluster
 * that runs elsewhere. How it got its credentials is `run-join.ts`.
 */

import { join } from 'node:path';
import { type Clock, isNotFound, NodeFileSystem } from '#apimachinery';
import { type Client, NODES } from '#client';
import { type OpenClient, openClient } from '#client/node';
import { newRemotePodNetwork, pathOf, RemoteNetwork } from '#container-runtime/wire';
import { NetworkApplier, newPortOpener } from '#kube-proxy/program';
import { type Serving, serveKubelet } from '#kubelet/program';
import { newNodeMachine } from '../assembly/cluster-node.ts';
import { runNodeProxy } from '../assembly/node-proxy.ts';
import { isReadySince } from '../assembly/node-ready.ts';
import { KUBELET_CONF } from '../node-join/node-join.ts';
import { poll } from '../node-join/poll.ts';
import type { JoinFlags } from './join-flags.ts';
import { type NodeSettings, readNodeSettings } from './node-settings.ts';
import type { JoinContext } from './run-join.ts';
import { ensureServingCertificate } from './serving-certificate.ts';
import { API_ENDPOINT } from './shape.ts';

/** How often a node looks whether it is ready, and then whether it is still there. */
const LOOK_MS = { untilReady: 200, untilGone: 2000 };
/** So long the network may take to let a node in, and so often it is asked. */
const NETWORK_MS = { timeout: 15_000, interval: 100 };
/** A network that began anew has no rules: so often is looked. */
const RULES_MS = 3000;

/** A node that can run. */
export interface Member {
  /** Runs until the signal aborts, or its Node is deleted. */
  run(stopped: AbortController): Promise<void>;
}

/**
 * Finds the node's place in the cluster: an address, the network, a certificate to serve with.
 *
 * @throws Error, as a rejection, when there is none
 */
export async function newMember(flags: JoinFlags, context: JoinContext): Promise<Member> {
  const { name, timeoutMs } = flags;
  const { clock, log, credentials } = context;
  const kubeconfig = join(credentials, KUBELET_CONF);
  const userAgent = 'kubelet';
  const opened = await openClient({ kubeconfig, clock, log, userAgent, qps: 0, burst: 0 });
  const { client, config } = opened;
  const settings = await readNodeSettings(client, name, flags.nodeIp);
  const { ip, endpoint } = settings;
  const place = { endpoint, nodeName: name, nodeIp: ip };
  const network = new RemoteNetwork(place);
  const pods = newRemotePodNetwork(place);
  await untilLetIn(pods, { name, ip, server: config.server, clock });
  const authority = config.certificateAuthority ?? '';
  const asking = { name, ip, client, clock, authority, directory: credentials, timeoutMs };
  const serving = await serveKubelet(name, {
    ...(await ensureServingCertificate(asking)),
    clientCa: authority,
    client,
    clock,
    address: ip,
    port: 0,
    tokens: true,
    anonymous: false,
    webhookAuthorization: true,
  });
  return new RunningMember(flags, context, { opened, settings, network, pods, serving });
}

/** What {@link newMember} has found. */
interface Found {
  readonly opened: OpenClient;
  readonly settings: NodeSettings;
  readonly network: RemoteNetwork;
  readonly pods: ReturnType<typeof newRemotePodNetwork>;
  readonly serving: Serving;
}

class RunningMember implements Member {
  readonly #flags: JoinFlags;
  readonly #context: JoinContext;
  readonly #found: Found;

  constructor(flags: JoinFlags, context: JoinContext, found: Found) {
    this.#flags = flags;
    this.#context = context;
    this.#found = found;
  }

  async run(stopped: AbortController): Promise<void> {
    const { opened, network, serving, settings } = this.#found;
    const { signal } = stopped;
    const { name } = this.#flags;
    const path = pathOf(settings.endpoint);
    const applier = new NetworkApplier(path, { node: name, family: 'IPv4' });
    const { kubelet, runtime } = this.#machine();
    serving.attach(kubelet);
    try {
      await Promise.all([
        kubelet.start(signal),
        this.#proxy(applier, signal),
        this.#follow(stopped),
      ]);
    } finally {
      stopped.abort();
      runtime.stop();
      network.close();
      applier.close();
      await serving.close();
      await opened.close();
    }
  }

  #machine(): ReturnType<typeof newNodeMachine> {
    const { opened, network, pods, serving, settings } = this.#found;
    const { name, dataDir, labels } = this.#flags;
    const { clock, random, log } = this.#context;
    return newNodeMachine({
      name,
      ip: settings.ip,
      clock,
      random,
      log,
      files: new NodeFileSystem(join(dataDir, 'root')),
      client: opened.client,
      network,
      pods,
      clusterDns: settings.clusterDns,
      labels,
      port: serving.port,
      bootId: random.uuid(),
    });
  }

  #proxy(applier: NetworkApplier, signal: AbortSignal): Promise<void> {
    const { opened, settings } = this.#found;
    const { clock, random, log } = this.#context;
    const { ip, clusterCidr } = settings;
    const options = {
      clock,
      random,
      log,
      client: opened.client,
      nodeName: this.#flags.name,
      nodeIp: ip,
      clusterCidr,
      syncMs: RULES_MS,
      portOpener: newPortOpener(ip),
    };
    return runNodeProxy(options, applier, signal);
  }

  /** Says when the node is ready, and ends all when it is no more. */
  async #follow(stopped: AbortController): Promise<void> {
    const { clock, say } = this.#context;
    const { name } = this.#flags;
    const { client } = this.#found.opened;
    const startedAt = clock.now();
    let wasReady = false;
    while (!stopped.signal.aborted) {
      const state = await stateOf(name, client, startedAt);
      if (state === 'none' && wasReady) {
        say(`node ${name} was deleted: it has left the cluster`);
        stopped.abort();
      }
      if (state === 'ready' && !wasReady) {
        wasReady = true;
        say('ready');
      }
      await clock
        .sleep(wasReady ? LOOK_MS.untilGone : LOOK_MS.untilReady, stopped.signal)
        .catch(() => {});
    }
  }
}

/**
 * How a Node is; `unknown` when the API server does not say.
 *
 * @param sinceMs - ready is only who has said so since then, in milliseconds since 1970
 */
export async function stateOf(
  name: string,
  client: Client,
  sinceMs = 0,
): Promise<'ready' | 'not ready' | 'none' | 'unknown'> {
  try {
    const node = await client.resource(NODES).get(name);
    return isReadySince(node, sinceMs) ? 'ready' : 'not ready';
  } catch (error) {
    return isNotFound(error) ? 'none' : 'unknown';
  }
}

/** Asks for a connection to the API server until the network, which knows the node then, makes one. */
async function untilLetIn(
  pods: Found['pods'],
  { name, ip, server, clock }: { name: string; ip: string; server: string; clock: Clock },
): Promise<void> {
  const port = Number(new URL(server).port);
  const ask = async () => {
    const way = await pods.dial(ip, API_ENDPOINT, port, 'TCP').catch(() => undefined);
    way?.destroy();
    return way;
  };
  const { timeout: timeoutMs, interval: intervalMs } = NETWORK_MS;
  if (await poll({ clock, intervalMs, timeoutMs }, ask)) return;
  throw new Error(`the network does not let in ${name} at ${ip}: has another node one of these?`);
}
