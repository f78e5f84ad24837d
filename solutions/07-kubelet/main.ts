/**
 * The `kubelet` program: a real clock, disk, network and runtime, its HTTPS port, and a clean end.
 * Its flags are in `program/flags.ts`.
 *
 * `npm run component -- --ref kubelet --kubeconfig F --hostname-override N --container-runtime-endpoint unix:///…`
 */

import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { consoleLogger, type Logger, NodeFileSystem, RealClock, realRandom } from '#apimachinery';
import { sayStopped, startProgram, whenOrphaned } from '#apimachinery/program';
import { openClient } from '#client/node';
import { newRemotePodNetwork } from '#container-runtime/wire';
import { newHollowNode } from './hollow/hollow-node.ts';
import { type Kubelet, newKubelet } from './kubelet/kubelet.ts';
import { type Flags, isOpen, NAME, parseFlags } from './program/flags.ts';
import { parseManifest } from './program/manifest.ts';
import { machineCapacity, machineDns, machineFacts, machineUsage } from './program/node-facts.ts';
import { openRuntime } from './program/open-runtime.ts';
import { newGrpcCheck, realNetwork, realTls } from './program/real-network.ts';
import { type Serving, serveKubelet } from './program/server/serve.ts';
import { servingCertificate } from './program/serving-certificate.ts';

const LEVELS = ['warn', 'info', 'info', 'info', 'debug'] as const;

/** Hollow nodes do not answer: who asks them is refused at once. */
const NO_PORT = 1;

type Opened = Awaited<ReturnType<typeof openClient>>;

async function run(flags: Flags): Promise<void> {
  const clock = new RealClock();
  const random = realRandom();
  const log = consoleLogger({ clock, level: LEVELS[flags.v] ?? 'debug' });
  const stopped = new AbortController();
  setMaxListeners(0, stopped.signal);
  const stop = (): void => stopped.abort();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  whenOrphaned(stop);
  const { kubeconfig } = flags;
  const opened = await openClient({ kubeconfig, clock, log, userAgent: NAME, qps: 0, burst: 0 });
  const world = { client: opened.client, clock, random, log };
  if (flags.hollow) {
    await runHollow(flags, world, stopped.signal);
  } else {
    await runNode(flags, world, opened, stopped.signal);
  }
  await opened.close();
  sayStopped();
}

interface World {
  readonly client: Opened['client'];
  readonly clock: RealClock;
  readonly random: ReturnType<typeof realRandom>;
  readonly log: Logger;
}

async function runHollow(flags: Flags, world: World, signal: AbortSignal): Promise<void> {
  const { hostnameOverride: name, hollowNodes: count, capacity, nodeLabels: labels } = flags;
  const nodes = Array.from({ length: count }, (_, i) =>
    newHollowNode({
      ...world,
      node: {
        name: count === 1 ? name : `${name}-${i}`,
        labels,
        addresses: flags.nodeIp,
        port: NO_PORT,
        ...(Object.keys(capacity).length > 0 && { capacity: { pods: '110', ...capacity } }),
      },
    }),
  );
  process.stdout.write('ready\n');
  await Promise.all(nodes.map((node) => node.start(ownSignal(signal))));
}

/** A signal remembers its listeners in a list: one for all nodes would be searched through by each of them. */
function ownSignal(signal: AbortSignal): AbortSignal {
  const own = new AbortController();
  setMaxListeners(0, own.signal);
  signal.addEventListener('abort', () => own.abort(), { once: true });
  return own.signal;
}

async function runNode(
  flags: Flags,
  world: World,
  { config }: Opened,
  signal: AbortSignal,
): Promise<void> {
  const {
    hostnameOverride: name,
    rootDir,
    nodeIp,
    containerRuntimeEndpoint: endpoint = '',
  } = flags;
  const cri = openRuntime(endpoint);
  const network = flags.podNetwork
    ? newRemotePodNetwork({
        endpoint: flags.podNetwork,
        nodeName: name,
        nodeIp: nodeIp[0] ?? '127.0.0.1',
      })
    : realNetwork;
  const serving = await serve(flags, world);
  process.stdout.write(`listening on https://${flags.address}:${serving.port}\n`);
  const kubelet: Kubelet = newKubelet({
    ...world,
    cri,
    files: new NodeFileSystem(),
    network,
    rootDir,
    logRoot: flags.podLogsDir,
    clusterDns: flags.clusterDns,
    clusterDomain: flags.clusterDomain,
    nodeDns: machineDns(),
    secure: realTls,
    grpcCheck: newGrpcCheck(network, nodeIp[0] ?? '127.0.0.1'),
    ...(flags.podManifestPath && {
      staticPods: { directory: flags.podManifestPath, parse: parseManifest },
    }),
    node: {
      name,
      addresses: nodeIp,
      capacity: { ...machineCapacity(flags.maxPods), ...flags.capacity },
      labels: flags.nodeLabels,
      registerNode: flags.registerNode,
      port: serving.port,
      ...machineFacts(),
    },
  });
  serving.attach(kubelet);
  world.log.info('begins', { server: config.server, node: name });
  process.stdout.write('ready\n');
  await kubelet.start(signal);
  await serving.close();
  cri.close();
}

async function serve(flags: Flags, { client, clock, log }: World): Promise<Serving> {
  const { tlsCertFile: certFile, tlsPrivateKeyFile: keyFile, clientCaFile: caFile } = flags;
  const names = [flags.hostnameOverride, ...flags.nodeIp];
  const pair =
    certFile && keyFile
      ? { certificate: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
      : await servingCertificate(join(flags.rootDir, 'pki'), names);
  if (isOpen(flags)) {
    log.warn('no client CA and no webhook: whoever reaches the port may do everything', {
      address: flags.address,
    });
  }
  return serveKubelet(flags.hostnameOverride, {
    ...pair,
    client,
    clock,
    address: flags.address,
    port: flags.port,
    ...(caFile && { clientCa: readFileSync(caFile, 'utf8') }),
    tokens: flags.authenticationTokenWebhook,
    // Without a way to know anybody nobody could be refused.
    anonymous: flags.anonymousAuth || isOpen(flags),
    webhookAuthorization: flags.authorizationMode === 'Webhook',
    usage: machineUsage,
  });
}

startProgram({ name: NAME, parseFlags, run });
