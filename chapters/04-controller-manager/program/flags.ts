/**
 * The flags of `kube-controller-manager`, with upstream's names. What becomes of them is `main.ts`.
 */

import { Command } from 'commander';
import {
  addElection,
  addServing,
  checked,
  type ElectionFlags,
  electionOf,
  parseBoolean,
  parseCount,
  parseDurationMs,
  parseRate,
  parseShare,
  type ServingFlags,
} from '#apimachinery/program';
import { newElectionTiming } from '#client';
import { type ControllerOptions, controllersFor, selectControllers } from '../controllers.ts';
import { parseCidr } from '../node/cidr.ts';
import { type AddressRange, parseAddressRange } from '../service/address-range.ts';

/** The program's name. */
export const NAME = 'kube-controller-manager';

/** What was said; durations are in milliseconds. */
export interface Flags extends ElectionFlags, ServingFlags {
  kubeconfig?: string;
  kubeApiQps: number;
  kubeApiBurst: number;
  controllers: string[];
  rootCaFile?: string;
  clusterSigningCertFile?: string;
  clusterSigningKeyFile?: string;
  clusterSigningDuration: number;
  allocateNodeCidrs: boolean;
  clusterCidr?: string[];
  nodeCidrMaskSizeIpv4: number;
  nodeCidrMaskSizeIpv6: number;
  nodeMonitorPeriod: number;
  nodeMonitorGracePeriod: number;
  nodeStartupGracePeriod: number;
  nodeEvictionRate: number;
  secondaryNodeEvictionRate: number;
  largeClusterSizeThreshold: number;
  unhealthyZoneThreshold: number;
  terminatedPodGcThreshold: number;
  horizontalPodAutoscalerSyncPeriod: number;
  mirroringMaxEndpointsPerSubset: number;
  loadBalancerPool?: AddressRange[];
  serviceAccountPrivateKeyFile?: string;
  useServiceAccountCredentials: boolean;
  v: number;
}

/**
 * Reads flags.
 *
 * @throws CommanderError after it has said in one line what is wrong; with exit code 0 after `--help`
 */
export function parseFlags(argv: readonly string[]): Flags {
  const program = new Command(NAME)
    .description('The loops that make a cluster what its objects say.')
    .allowExcessArguments(false)
    .exitOverride();
  addElection(program, NAME);
  for (const add of [addConnection, addServing, addNodes, addOthers]) add(program);
  program.parse([...argv], { from: 'user' });
  const flags = program.opts<Flags>();
  const fault = faultOf(flags);
  if (fault !== undefined) program.error(`error: ${fault}`);
  return flags;
}

function addConnection(program: Command): void {
  program
    .option('--kubeconfig <file>', 'how to reach the API server (default: as in a pod)')
    // Upstream has a limit for each controller; here they share one.
    .option('--kube-api-qps <n>', 'requests in a second, for all; 0: no limit', parseRate, 0)
    .option('--kube-api-burst <n>', 'requests that may go out at once', parseCount, 30)
    .option(
      '--controllers <names>',
      "which ones: '*' is all, 'foo' is foo, '-foo' is not foo",
      (text) => text.split(','),
      ['*'],
    )
    .option('-v, --v <level>', 'how much to log: 0, 2, 4', parseCount, 0);
}

function addNodes(program: Command): void {
  program
    .option(
      '--allocate-node-cidrs [boolean]',
      'give nodes ranges of pod addresses; needs --cluster-cidr',
      parseBoolean,
      false,
    )
    .option('--cluster-cidr <ranges>', 'all pod addresses: 10.244.0.0/16', checked(parseCidrs))
    .option('--node-cidr-mask-size-ipv4 <n>', "how long nodes' ranges are", parseCount, 24)
    .option('--node-cidr-mask-size-ipv6 <n>', 'the same for IPv6', parseCount, 64)
    .option('--node-monitor-period <duration>', 'how often to look', parseDurationMs, 5000)
    .option(
      '--node-monitor-grace-period <duration>',
      'how long a node may be silent',
      parseDurationMs,
      50_000,
    )
    .option(
      '--node-startup-grace-period <duration>',
      'how long one that starts may be',
      parseDurationMs,
      60_000,
    )
    .option('--node-eviction-rate <n>', 'nodes in a second whose pods go', parseRate, 0.1)
    .option(
      '--secondary-node-eviction-rate <n>',
      'the same in a large zone that is partly down',
      parseRate,
      0.01,
    )
    .option('--large-cluster-size-threshold <n>', 'nodes of a large zone', parseCount, 50)
    .option(
      '--unhealthy-zone-threshold <share>',
      'of nodes that are down until a zone is',
      parseShare,
      0.55,
    );
}

function addOthers(program: Command): void {
  program
    .option(
      '--terminated-pod-gc-threshold <n>',
      'how many pods that ended may stay; 0: any number',
      parseCount,
      12_500,
    )
    .option(
      '--horizontal-pod-autoscaler-sync-period <duration>',
      'how often each is looked at',
      parseDurationMs,
      15_000,
    )
    .option(
      '--mirroring-max-endpoints-per-subset <n>',
      'addresses of a subset that are mirrored, at most',
      parseCount,
      1000,
    )
    .option(
      '--load-balancer-pool <ranges>',
      'addresses for Services of type LoadBalancer: 192.0.2.10-192.0.2.99',
      checked((text) => text.split(',').map(parseAddressRange)),
    )
    .option('--root-ca-file <file>', 'certificates to give to every namespace')
    .option('--cluster-signing-cert-file <file>', 'the authority that signs certificates')
    .option('--cluster-signing-key-file <file>', 'its key')
    .option(
      '--cluster-signing-duration <duration>',
      'how long certificates are valid at most',
      parseDurationMs,
      365 * 24 * 3_600_000,
    )
    .option(
      '--service-account-private-key-file <file>',
      'taken for compatibility: the API server signs tokens',
    )
    .option(
      '--use-service-account-credentials [boolean]',
      'each controller works as its own service account of kube-system',
      parseBoolean,
      false,
    );
}

function parseCidrs(text: string): string[] {
  const cidrs = text.split(',');
  for (const cidr of cidrs) parseCidr(cidr);
  return cidrs;
}

/** What flags say together. */
function faultOf(flags: Flags): string | undefined {
  if (flags.allocateNodeCidrs && !flags.clusterCidr) {
    return '--allocate-node-cidrs needs --cluster-cidr';
  }
  const pairs = [
    ['--tls-cert-file', flags.tlsCertFile, '--tls-private-key-file', flags.tlsPrivateKeyFile],
    [
      '--cluster-signing-cert-file',
      flags.clusterSigningCertFile,
      '--cluster-signing-key-file',
      flags.clusterSigningKeyFile,
    ],
  ] as const;
  for (const [one, first, other, second] of pairs) {
    if ((first === undefined) !== (second === undefined)) return `${one} and ${other} go together`;
  }
  try {
    if (flags.leaderElect) newElectionTiming(electionOf(flags));
    selectControllers(controllersFor(optionsOf(flags)), flags.controllers);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What controllers are told by flags alone. */
export function optionsOf(flags: Flags): ControllerOptions {
  const { allocateNodeCidrs, clusterCidr, loadBalancerPool } = flags;
  return {
    ...(allocateNodeCidrs && clusterCidr
      ? {
          nodeIpam: {
            clusterCidrs: clusterCidr,
            nodeMaskSizeIpv4: flags.nodeCidrMaskSizeIpv4,
            nodeMaskSizeIpv6: flags.nodeCidrMaskSizeIpv6,
          },
        }
      : {}),
    ...(loadBalancerPool && { loadBalancerPool }),
    nodeLifecycle: {
      monitorPeriodMs: flags.nodeMonitorPeriod,
      gracePeriodMs: flags.nodeMonitorGracePeriod,
      startupGracePeriodMs: flags.nodeStartupGracePeriod,
      normal: flags.nodeEvictionRate,
      secondary: flags.secondaryNodeEvictionRate,
      largeClusterSize: flags.largeClusterSizeThreshold,
      unhealthyThreshold: flags.unhealthyZoneThreshold,
    },
    terminatedPodThreshold: flags.terminatedPodGcThreshold,
    mirroringMaxPerSubset: flags.mirroringMaxEndpointsPerSubset,
    autoscalerSyncPeriodMs: flags.horizontalPodAutoscalerSyncPeriod,
  };
}
