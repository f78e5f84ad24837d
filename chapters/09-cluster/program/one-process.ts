/**
 * The whole cluster in this process, on the real clock.
 *
 * Components call the API server's handler directly, each as its own user; kubectl comes in over HTTPS,
 * and the API server reaches kubelets over HTTPS too, for logs and exec. With `--processes` it is
 * `processes.ts` instead.
 */

import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Clock, NodeFileSystem, type Random, RealClock, realRandom } from '#apimachinery';
import { newApiServer } from '#apiserver';
import {
  newAddressDialer,
  type OpenApiServer,
  openApiServer,
  parseApiServerFlags,
} from '#apiserver/wire';
import { type Client, NODES, type RequestHandler } from '#client';
import { secureConnection } from '#container-runtime/wire';
import { parseAddressRange } from '#controller-manager';
import { certificateReader, newCertificateSigner } from '#controller-manager/program';
import { newPortOpener } from '#kube-proxy/program';
import { serveKubelet } from '#kubelet/program';
import { DecisionTracer } from '#scheduler';
import { newClusterNode } from '../assembly/cluster-node.ts';
import { type PartWorld, runControllerManager, runScheduler } from '../assembly/control-plane.ts';
import {
  ADMIN,
  CLUSTER_DNS,
  type Identity,
  newInProcessClient,
  nodeIdentity,
  SERVING_APPROVER,
  WEBSITE_CONTROLLER,
} from '../assembly/identity.ts';
import { isReadySince } from '../assembly/node-ready.ts';
import { untilAborted } from '../assembly/until-aborted.ts';
import { runWebsiteOperator } from '../assembly/website-operator.ts';
import { ensureObject, runParts } from '../bootstrap/bootstrap.ts';
import type { NodeShape } from '../bootstrap/cluster-shape.ts';
import type { Part } from '../bootstrap/part.ts';
import { ClusterNetwork } from '../network/cluster-network.ts';
import type { NodeRulesNow, PageSources } from '../page/server/page-server.ts';
import { pageParts } from '../page/server/run-page.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { decisionsPart } from './decisions.ts';
import { dialFrom } from './egress-server.ts';
import { runGateways } from './gateways.ts';
import { runHostPorts } from './host-ports.ts';
import { JoinedNodes, openNetworkServer } from './joined-nodes.ts';
import { runServingApprover } from './serving-approver.ts';
import {
  apiServerArguments,
  CLUSTER_CIDR,
  DNS_IP,
  LOAD_BALANCER_POOL,
  objectsOf,
  type Paths,
} from './shape.ts';

/** Runs a cluster until the signal aborts; resolves when nothing of it is left. */
export async function runInOneProcess(options: ClusterOptions, signal: AbortSignal): Promise<void> {
  await new OneProcess(options).run(signal);
}

class OneProcess {
  readonly #options: ClusterOptions;
  readonly #clock: Clock = new RealClock();
  readonly #random: Random = realRandom();
  readonly #startedAt = this.#clock.now();
  readonly #network: ClusterNetwork;
  readonly #tracer: DecisionTracer;
  /** The rules of nodes that run. */
  readonly #rules = new Map<string, NodeRulesNow>();
  readonly #joined: JoinedNodes;
  #server: OpenApiServer | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#network = new ClusterNetwork(this.#clock, secureConnection);
    this.#joined = new JoinedNodes({
      network: this.#network,
      clock: this.#clock,
      random: this.#random,
      own: options.shape.nodes,
    });
    this.#tracer = new DecisionTracer(this.#clock, options.decisionTraces);
  }

  run(signal: AbortSignal): Promise<void> {
    const { shape, port, onReady } = this.#options;
    const around = (user: Identity) => {
      return { ...this.#world(), client: this.#clientAs(user), network: this.#network };
    };
    const api = 'kube-apiserver';
    const parts: Part[] = [
      { name: api, needs: [], ...this.#apiServer() },
      { name: 'system objects', needs: [api], ...this.#systemObjects() },
      {
        name: 'kube-controller-manager',
        needs: [api],
        run: (stopped) => this.#controllers(stopped),
        isReady: async () => true,
      },
      {
        name: 'kube-scheduler',
        needs: [api],
        run: (stopped) => runScheduler(this.#world(), this.#tracer, stopped),
        isReady: async () => true,
      },
      decisionsPart(this.#tracer, this.#options.paths.scheduler),
      ...shape.nodes.map((node) => ({
        name: node.name,
        needs: [api],
        run: (stopped: AbortSignal) => this.#node(node, stopped),
        isReady: () => this.#isNodeReady(node.name),
      })),
      {
        name: 'gateways',
        needs: ['system objects'],
        run: (stopped) => runGateways({ ...around(CLUSTER_DNS), port }, stopped),
        isReady: async () => true,
      },
      { name: 'network', needs: [], ...this.#serveNetwork() },
      {
        name: 'kubelet-serving-approver',
        needs: ['system objects'],
        run: (stopped) => runServingApprover(around(SERVING_APPROVER), stopped),
        isReady: async () => true,
      },
      {
        name: 'website-controller',
        needs: ['system objects'],
        run: (stopped) => runWebsiteOperator(around(WEBSITE_CONTROLLER), stopped),
        isReady: async () => true,
      },
      {
        name: 'host ports',
        needs: [api],
        run: (stopped) =>
          runHostPorts({ ...around(ADMIN), nodes: shape.nodes, joined: this.#joined }, stopped),
        isReady: async () => true,
      },
      ...pageParts(this.#options.page, () => this.#pageSources()),
    ];
    return runParts(parts, { clock: this.#clock, onReady }, signal);
  }

  #apiServer(): Pick<Part, 'run' | 'isReady'> {
    const { paths, port, shape } = this.#options;
    const flags = parseApiServerFlags([
      ...['--data-dir', dirname(paths.etcd)],
      ...apiServerArguments(paths.pki, port),
    ]);
    const addresses = newAddressDialer((host, to) =>
      dialFrom(shape.nodes[0], this.#network, host, to),
    );
    return {
      run: async (stopped) => {
        this.#server = await openApiServer(flags, newApiServer, stopped, { addresses });
        await untilAborted(stopped);
        await this.#server?.stop();
      },
      isReady: async () => this.#server !== undefined,
    };
  }

  /** For nodes of other processes. */
  #serveNetwork(): Pick<Part, 'run' | 'isReady'> {
    const { paths, log } = this.#options;
    let isDone = false;
    return {
      run: async (stopped) => {
        const server = await openNetworkServer(paths.network, this.#joined, log);
        isDone = true;
        await untilAborted(stopped);
        await server?.close();
      },
      isReady: async () => isDone,
    };
  }

  #systemObjects(): Pick<Part, 'run' | 'isReady'> {
    const { shape, credentials, paths } = this.#options;
    let isDone = false;
    return {
      run: async (stopped) => {
        const client = this.#clientAs(ADMIN);
        const authority = credentials.authority.certificate;
        const objects = objectsOf(shape, authority, paths.network);
        await Promise.all(objects.map(({ type, object }) => ensureObject(client, type, object)));
        isDone = true;
        await untilAborted(stopped);
      },
      isReady: async () => isDone,
    };
  }

  async #controllers(stopped: AbortSignal): Promise<void> {
    const { credentials } = this.#options;
    const { certificate, key } = credentials.authority;
    const signer = await newCertificateSigner(certificate, key);
    const longestMs = 365 * 24 * 3_600_000;
    await runControllerManager(
      this.#world(),
      {
        rootCa: certificate,
        certificateReader,
        signing: { reader: certificateReader, signer, longestMs },
        nodeIpam: { clusterCidrs: [CLUSTER_CIDR] },
        loadBalancerPool: [parseAddressRange(LOAD_BALANCER_POOL)],
      },
      stopped,
    );
  }

  async #node({ name, ip }: NodeShape, stopped: AbortSignal): Promise<void> {
    const { paths, credentials, log } = this.#options;
    const [clock, random] = [this.#clock, this.#random];
    const directory = paths.node(name);
    mkdirSync(directory, { recursive: true });
    const pair = credentials.pairs.get(`kubelet-${name}-server`);
    if (pair === undefined) throw new Error(`there is no certificate for ${name}`);
    const serving = await serveKubelet(name, {
      ...pair,
      clientCa: credentials.authority.certificate,
      client: this.#clientAs(nodeIdentity(name)),
      clock,
      address: ip,
      port: 0,
      tokens: true,
      anonymous: false,
      webhookAuthorization: true,
    });
    const node = newClusterNode({
      name,
      ip,
      clock,
      random,
      log,
      files: new NodeFileSystem(directory),
      network: this.#network,
      clientAs: (user) => this.#clientAs(user),
      clusterCidr: CLUSTER_CIDR,
      clusterDns: DNS_IP,
      portOpener: newPortOpener(ip),
      port: serving.port,
      bootId: random.uuid(),
    });
    this.#rules.set(name, { ip, netfilter: node.proxy.rules.netfilter });
    serving.attach(node.kubelet);
    try {
      await node.run(stopped);
    } finally {
      await serving.close();
    }
  }

  #pageSources(): PageSources {
    return {
      ...this.#world(),
      client: this.#clientAs(ADMIN),
      etcd: () => this.#server?.etcd,
      rules: (node) => this.#rules.get(node) ?? this.#joined.rulesNow(node),
      decision: async (namespace, name) => this.#tracer.find(namespace, name),
    };
  }

  async #isNodeReady(name: string): Promise<boolean> {
    return isReadySince(await this.#clientAs(ADMIN).resource(NODES).get(name), this.#startedAt);
  }

  #world(): PartWorld {
    const { log } = this.#options;
    const clientAs = (user: Identity): Client => this.#clientAs(user);
    return { clock: this.#clock, random: this.#random, log, clientAs };
  }

  #clientAs(user: Identity): Client {
    return newInProcessClient(() => this.#handler(), user, {
      clock: this.#clock,
      log: this.#options.log,
    });
  }

  #handler(): RequestHandler {
    if (this.#server === undefined) throw new Error('the API server is not there yet');
    return this.#server.handler;
  }
}

/** Puts the administrator's kubeconfig where it was asked for. */
export function placeKubeconfig({ pki, kubeconfig }: Paths): void {
  mkdirSync(dirname(kubeconfig), { recursive: true });
  copyFileSync(join(pki, 'admin.conf'), kubeconfig);
}
