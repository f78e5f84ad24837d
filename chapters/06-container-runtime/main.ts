/**
 * The `container-runtime` program: flags, a real clock, a socket, and a clean end.
 *
 * `npm run component -- --ref container-runtime --listen unix:///tmp/cri.sock`
 *
 * Containers live in this process: they go on while a kubelet restarts, and end when it does.
 */

import { Command, InvalidArgumentError } from 'commander';
import { consoleLogger, NodeFileSystem, RealClock, realRandom } from '#apimachinery';
import { failureOf, sayStopped, startProgram, whenOrphaned } from '#apimachinery/program';
import { NetworkSwitch } from './network/node-network.ts';
import { newSimulatedRuntime } from './runtime.ts';
import { CriServer } from './wire/cri-server.ts';
import { RemoteNetwork } from './wire/remote-network.ts';

interface Flags {
  listen: string;
  cpus: number;
  podCidr?: string;
  nodeIp: string;
  rootDir: string;
  nodeName: string;
  podNetwork?: string;
}

function parseEndpoint(text: string): string {
  if (/^unix:\/\/\/./.test(text) || /^tcp:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(text))
    return text;
  throw new InvalidArgumentError(`expected unix:///PATH or tcp://127.0.0.1:PORT, found ${text}`);
}

function parseSocket(text: string): string {
  if (/^unix:\/\/\/./.test(text)) return text;
  throw new InvalidArgumentError(`expected unix:///PATH, found ${text}`);
}

function parseCpus(text: string): number {
  const cpus = Number(text);
  if (!(cpus > 0 && cpus <= 1024)) throw new InvalidArgumentError('expected a number above 0');
  return cpus;
}

function parseCidr(text: string): string {
  if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(text)) {
    throw new InvalidArgumentError(`expected a range such as 10.244.0.0/24, found ${text}`);
  }
  return text;
}

function parseFlags(argv: readonly string[]): Flags {
  const program = new Command('container-runtime')
    .description('Runs simulated containers, speaking the CRI (v1 and v1alpha2) over gRPC.')
    .requiredOption(
      '--listen <endpoint>',
      'unix:///PATH, or tcp://127.0.0.1:PORT (0 takes any)',
      parseEndpoint,
    )
    .option('--cpus <n>', 'CPUs that all containers share', parseCpus, 4)
    .option(
      '--pod-cidr <range>',
      'addresses of sandboxes; without: the network is not ready until the kubelet says',
      parseCidr,
    )
    .option('--node-ip <address>', "the node's own address", '127.0.0.1')
    .option('--root-dir <folder>', "what is / for the node's files: logs and volumes", '/')
    .option('--node-name <name>', "the node's name", 'localhost')
    .option(
      '--pod-network <endpoint>',
      'the socket of a network that connects several nodes: unix:///PATH',
      parseSocket,
    )
    .allowExcessArguments(false)
    .exitOverride();
  program.parse([...argv], { from: 'user' });
  return program.opts<Flags>();
}

async function run(flags: Flags): Promise<void> {
  const { listen, cpus, podCidr, nodeIp, nodeName, rootDir, podNetwork } = flags;
  const clock = new RealClock();
  const log = consoleLogger({ clock, level: 'warn' });
  const files = new NodeFileSystem(rootDir);
  const random = realRandom();
  const network = podNetwork
    ? new RemoteNetwork({ endpoint: podNetwork, nodeName, nodeIp })
    : new NetworkSwitch();
  const node = { cpus, ...(podCidr && { podCidr }), nodeIp, nodeName };
  const runtime = newSimulatedRuntime({ clock, random, log, files, network, ...node });
  const server = new CriServer({ runtime, log });
  const endpoint = await server.listen(listen);
  process.stdout.write(`listening on ${endpoint}\n`);

  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    runtime.stop();
    if (network instanceof RemoteNetwork) network.close();
    server.stop().then(sayStopped, failureOf('container-runtime'));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  whenOrphaned(stop);
  process.stdout.write('ready\n');
}

startProgram({ name: 'container-runtime', parseFlags, run });
