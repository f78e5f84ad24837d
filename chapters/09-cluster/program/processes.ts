/**
 * The whole cluster as processes, one for each component, speaking the real protocols: etcd's gRPC,
 * HTTPS, the CRI. This process has what is left: the pod network, the way in, the system objects.
 *
 * A child ends when this process does, however it ends.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Clock, type Logger, type Random, RealClock, realRandom } from '#apimachinery';
import { type Client, NODES } from '#client';
import { openClient } from '#client/node';
import type { EtcdClient } from '#etcd';
import { newGrpcClient } from '#etcd/grpc';
import type { DecisionTrace } from '#scheduler';
import { isReadySince } from '../assembly/node-ready.ts';
import { untilAborted } from '../assembly/until-aborted.ts';
import { runWebsiteOperator } from '../assembly/website-operator.ts';
import { ensureObject, runParts } from '../bootstrap/bootstrap.ts';
import type { NodeShape } from '../bootstrap/cluster-shape.ts';
import type { Part } from '../bootstrap/part.ts';
import { ClusterNetwork, type NodeEnd } from '../network/cluster-network.ts';
import { NodeNetfilter } from '../network/node-netfilter.ts';
import type { NodeRulesNow, PageSources } from '../page/server/page-server.ts';
import { pageParts } from '../page/server/run-page.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { tellScheduler } from './decisions.ts';
import { dialFrom, serveEgress } from './egress-server.ts';
import { freePort } from './free-port.ts';
import { runGateways } from './gateways.ts';
import { runHostPorts } from './host-ports.ts';
import { JoinedNodes } from './joined-nodes.ts';
import { NetworkServer } from './network-server.ts';
import { runServingApprover } from './serving-approver.ts';
import {
  apiServerArguments,
  CLUSTER_CIDR,
  DNS_IP,
  LOAD_BALANCER_POOL,
  objectsOf,
} from './shape.ts';

/** Paths of programs by component: what `npm run cluster` has made. */
export type Programs = Readonly<Record<string, string>>;

/** Where `npm run cluster` says them, in JSON. */
const PROGRAMS_VARIABLE = 'CLUSTER_PROGRAMS';

/** @throws Error when they are not said: the program was not started by `npm run cluster` */
export function programsOf(environment: Readonly<Record<string, string | undefined>>): Programs {
  const text = environment[PROGRAMS_VARIABLE];
  if (text !== undefined) return JSON.parse(text) as Programs;
  throw new Error('--processes needs programs to start: use npm run cluster');
}

/** A child that does not end when it is told to is killed. */
const STOP_TIMEOUT_MS = 8000;
/** Between the ends of two processes that got the same signal. */
const GROUP_SIGNAL_MS = 1000;
/** A scheduler that does not answer is not waited for. */
const SCHEDULER_TIMEOUT_MS = 3000;

/** Runs a cluster of processes until the signal aborts; resolves when all have ended. */
export async function runInProcesses(
  options: ClusterOptions,
  programs: Programs,
  signal: AbortSignal,
): Promise<void> {
  // The name of a unix socket may not be long.
  const sockets = mkdtempSync(join(tmpdir(), 'cluster-'));
  try {
    await new Processes(options, programs, sockets, await freePort(), await freePort()).run(signal);
  } finally {
    rmSync(sockets, { recursive: true, force: true });
  }
}

class Processes {
  readonly #options: ClusterOptions;
  readonly #programs: Programs;
  readonly #sockets: string;
  readonly #etcdPort: number;
  /** Where the scheduler says what it thought. */
  readonly #schedulerPort: number;
  readonly #clock: Clock = new RealClock();
  readonly #startedAt = this.#clock.now();
  readonly #random: Random = realRandom();
  readonly #network: ClusterNetwork;
  readonly #rules = new Map<string, NodeNetfilter>();
  readonly #ends = new Map<string, NodeEnd>();
  readonly #joined: JoinedNodes;
  #client: Client | undefined;

  constructor(
    options: ClusterOptions,
    programs: Programs,
    sockets: string,
    etcdPort: number,
    schedulerPort: number,
  ) {
    this.#options = options;
    this.#programs = programs;
    this.#sockets = sockets;
    this.#etcdPort = etcdPort;
    this.#schedulerPort = schedulerPort;
    this.#network = new ClusterNetwork(this.#clock);
    this.#joined = new JoinedNodes({
      network: this.#network,
      clock: this.#clock,
      random: this.#random,
      own: options.shape.nodes,
    });
    for (const { name, ip } of options.shape.nodes) {
      const rules = new NodeNetfilter({ clock: this.#clock, random: this.#random, nodeIp: ip });
      this.#rules.set(name, rules);
      this.#ends.set(name, this.#network.addNode(name, ip, rules));
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { shape, paths, onReady, log } = this.#options;
    const kubeconfig = join(paths.pki, 'admin.conf');
    const opened = await openClient({
      kubeconfig,
      clock: this.#clock,
      log,
      userAgent: 'cluster',
    });
    this.#client = opened.client;
    const parts: Part[] = [
      this.#etcd(),
      this.#apiServer(),
      this.#controllerManager(),
      this.#scheduler(),
      { name: 'network', needs: [], ...this.#serveNetwork() },
      { name: 'system objects', needs: ['kube-apiserver'], ...this.#systemObjects(opened.client) },
      {
        name: 'kubelet-serving-approver',
        needs: ['system objects'],
        run: (stopped) =>
          runServingApprover(
            { client: opened.client, clock: this.#clock, random: this.#random, log },
            stopped,
          ),
        isReady: async () => true,
      },
      {
        name: 'website-controller',
        needs: ['system objects'],
        run: (stopped) =>
          runWebsiteOperator(
            { client: opened.client, clock: this.#clock, random: this.#random, log },
            stopped,
          ),
        isReady: async () => true,
      },
      ...shape.nodes.flatMap((node) => this.#node(node)),
      ...pageParts(this.#options.page, () => this.#pageSources(opened.client)),
    ];
    try {
      await runParts(parts, { clock: this.#clock, onReady }, signal);
    } finally {
      await opened.close();
    }
  }

  #etcd(): Part {
    const url = `http://127.0.0.1:${this.#etcdPort}`;
    const flags = ['--listen-client-urls', url, '--advertise-client-urls', url];
    return this.#child('etcd', 'etcd', [], [...flags, '--data-dir', this.#options.paths.etcd]);
  }

  #apiServer(): Part {
    const { paths, port } = this.#options;
    return this.#child(
      'kube-apiserver',
      'apiserver',
      ['etcd'],
      [
        ...['--etcd-servers', `http://127.0.0.1:${this.#etcdPort}`],
        ...['--egress-proxy', `unix://${this.#egressPath}`],
        ...apiServerArguments(paths.pki, port),
      ],
    );
  }

  #controllerManager(): Part {
    const { pki } = this.#options.paths;
    return this.#child(
      'kube-controller-manager',
      'controller-manager',
      ['kube-apiserver'],
      [
        ...['--kubeconfig', join(pki, 'controller-manager.conf')],
        ...['--allocate-node-cidrs', '--cluster-cidr', CLUSTER_CIDR],
        ...['--root-ca-file', join(pki, 'ca.crt')],
        ...['--cluster-signing-cert-file', join(pki, 'ca.crt')],
        ...['--cluster-signing-key-file', join(pki, 'ca.key')],
        ...['--load-balancer-pool', LOAD_BALANCER_POOL],
        ...['--use-service-account-credentials', 'true'],
        ...['--leader-elect', 'false', '--secure-port', '0'],
      ],
    );
  }

  #scheduler(): Part {
    const { paths, decisionTraces } = this.#options;
    const scheduler = this.#child(
      'kube-scheduler',
      'scheduler',
      ['kube-apiserver'],
      [
        ...['--kubeconfig', join(paths.pki, 'scheduler.conf')],
        ...['--leader-elect', 'false'],
        ...['--secure-port', String(this.#schedulerPort)],
        ...['--decision-traces', String(decisionTraces)],
      ],
    );
    const run = async (stopped: AbortSignal): Promise<void> => {
      const forget = tellScheduler(paths.scheduler, this.#schedulerPort);
      await scheduler.run(stopped).finally(forget);
    };
    return { ...scheduler, run };
  }

  #node({ name, ip }: NodeShape): Part[] {
    const { pki, node: folderOf } = this.#options.paths;
    const folder = folderOf(name);
    mkdirSync(folder, { recursive: true });
    const runtime = `unix://${join(this.#sockets, `${name}.sock`)}`;
    const network = `unix://${this.#networkPath}`;
    const file = (ending: string): string => join(pki, `kubelet-${name}${ending}`);
    const kubelet = this.#child(
      `kubelet of ${name}`,
      'kubelet',
      ['kube-apiserver', `container-runtime of ${name}`],
      [
        ...['--kubeconfig', file('.conf'), '--hostname-override', name],
        ...['--container-runtime-endpoint', runtime, '--pod-network', network],
        ...['--address', ip, '--port', '0', '--node-ip', ip],
        ...['--root-dir', join(folder, 'kubelet'), '--pod-logs-dir', join(folder, 'logs')],
        ...['--cluster-dns', DNS_IP, '--client-ca-file', join(pki, 'ca.crt')],
        ...['--tls-cert-file', file('-server.crt')],
        ...['--tls-private-key-file', file('-server.key')],
        ...['--authentication-token-webhook', 'true', '--authorization-mode', 'Webhook'],
        ...['--capacity', 'cpu=4,memory=8Gi'],
      ],
    );
    return [
      this.#child(
        `container-runtime of ${name}`,
        'container-runtime',
        ['network'],
        [
          ...['--listen', runtime, '--node-ip', ip, '--node-name', name],
          ...['--pod-network', network],
        ],
      ),
      kubelet,
      {
        name,
        needs: [kubelet.name],
        run: untilAborted,
        isReady: () => this.#isNodeReady(name),
      },
      this.#child(
        `kube-proxy of ${name}`,
        'kube-proxy',
        ['kube-apiserver', 'network'],
        [
          ...['--kubeconfig', join(pki, 'kube-proxy.conf'), '--hostname-override', name],
          ...['--cluster-cidr', CLUSTER_CIDR, '--apply', `network=${network}`],
        ],
      ),
    ];
  }

  get #networkPath(): string {
    return this.#options.paths.network ?? join(this.#sockets, 'network.sock');
  }

  /** Where the API server asks for connections to pods. */
  get #egressPath(): string {
    return join(this.#sockets, 'egress.sock');
  }

  #serveNetwork(): Pick<Part, 'run' | 'isReady'> {
    let isServing = false;
    return {
      isReady: async () => isServing,
      run: async (stopped) => {
        const { log, shape, port } = this.#options;
        const server = new NetworkServer({
          endpoint: this.#networkPath,
          nodes: {
            get: (name) => this.#ends.get(name) ?? this.#joined.end(name),
            admit: (name, ip) => this.#ends.get(name) ?? this.#joined.admit(name, ip),
            release: (name) => this.#joined.release(name),
          },
          log,
          rules: {
            apply: (node, rules) => {
              const own = this.#rules.get(node);
              return own ? own.applier.apply(rules) : this.#joined.apply(node, rules);
            },
          },
        });
        await server.listen();
        const egress = await serveEgress(this.#egressPath, (ip, to) =>
          dialFrom(shape.nodes[0], this.#network, ip, to),
        );
        isServing = true;
        const { client } = this;
        const world = { clock: this.#clock, random: this.#random, log, client };
        const gateways = runGateways({ ...world, network: this.#network, port }, stopped);
        await runHostPorts(
          { ...world, network: this.#network, nodes: shape.nodes, joined: this.#joined },
          stopped,
        );
        await gateways;
        egress.close();
        await server.close();
      },
    };
  }

  #systemObjects(client: Client): Pick<Part, 'run' | 'isReady'> {
    const { shape, credentials } = this.#options;
    let isDone = false;
    return {
      isReady: async () => isDone,
      run: async (stopped) => {
        const authority = credentials.authority.certificate;
        const objects = objectsOf(shape, authority, this.#networkPath);
        await Promise.all(objects.map(({ type, object }) => ensureObject(client, type, object)));
        isDone = true;
        await untilAborted(stopped);
      },
    };
  }

  #pageSources(client: Client): PageSources {
    // Made when somebody looks.
    let etcd: EtcdClient | undefined;
    return {
      clock: this.#clock,
      random: this.#random,
      log: this.#options.log,
      client,
      etcd: () => {
        etcd ??= newGrpcClient({ endpoints: [`http://127.0.0.1:${this.#etcdPort}`] });
        return etcd;
      },
      rules: (name) => this.#rulesNow(name),
      decision: (namespace, name) => this.#askScheduler(`${namespace}/${name}`),
      close: () => etcd?.close(),
    };
  }

  #rulesNow(name: string): NodeRulesNow | undefined {
    const ip = this.#ends.get(name)?.ip;
    const netfilter = this.#rules.get(name)?.netfilter;
    if (ip === undefined || netfilter === undefined) return this.#joined.rulesNow(name);
    return { ip, netfilter };
  }

  async #askScheduler(key: string): Promise<DecisionTrace | undefined> {
    const url = `http://127.0.0.1:${this.#schedulerPort}/debug/decisions/${key}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(SCHEDULER_TIMEOUT_MS) });
    return response.ok ? ((await response.json()) as DecisionTrace) : undefined;
  }

  async #isNodeReady(name: string): Promise<boolean> {
    return isReadySince(await this.client.resource(NODES).get(name), this.#startedAt);
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('there is no client yet');
    return this.#client;
  }

  #child(
    name: string,
    component: string,
    needs: readonly string[],
    flags: readonly string[],
  ): Part {
    const program = this.#programs[component];
    if (program === undefined) throw new Error(`there is no program for ${component}`);
    let isReady = false;
    return {
      name,
      needs,
      isReady: async () => isReady,
      run: (stopped) =>
        runChild(name, [program, ...flags], stopped, this.#options.log, () => {
          isReady = true;
        }),
    };
  }
}

/** Runs a program until the signal aborts. @throws Error, as a rejection, when it ends before */
async function runChild(
  name: string,
  args: readonly string[],
  stopped: AbortSignal,
  log: Logger,
  onReady: () => void,
): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const onAbort = (): void => {
    child.kill('SIGTERM');
  };
  stopped.addEventListener('abort', onAbort, { once: true });
  if (stopped.aborted) onAbort();
  let lastWords = '';
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'ready') onReady();
    });
  }
  if (child.stderr) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lastWords = line;
      log.info(line, { from: name });
    });
  }
  const killed = new Promise<void>((resolve) => {
    const later = (): void => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        resolve();
      }, STOP_TIMEOUT_MS);
      timer.unref();
    };
    if (stopped.aborted) later();
    else stopped.addEventListener('abort', later, { once: true });
  });
  const ended = once(child, 'exit');
  await Promise.race([ended, killed]);
  const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
  // A signal to the whole group, as Ctrl-C is, may reach the child first.
  if (!stopped.aborted) await abortedWithin(stopped, GROUP_SIGNAL_MS);
  if (!stopped.aborted) throw new Error(`it ended with ${signal ?? code}: ${lastWords}`);
}

function abortedWithin(signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
