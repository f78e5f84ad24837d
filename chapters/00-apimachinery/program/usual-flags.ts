/**
 * Flags that all programs of the control plane have, with upstream's names. Given.
 *
 * How their values are read is `flag-values.ts`.
 */

import type { Command } from 'commander';
import { parseBoolean, parseDurationMs, parsePort } from './flag-values.ts';

/** What was said of leader election; durations are in milliseconds. */
export interface ElectionFlags {
  leaderElect: boolean;
  leaderElectLeaseDuration: number;
  leaderElectRenewDeadline: number;
  leaderElectRetryPeriod: number;
  leaderElectResourceName: string;
  leaderElectResourceNamespace: string;
}

/** What was said of the port. */
export interface ServingFlags {
  securePort: number;
  bindAddress: string;
  tlsCertFile?: string;
  tlsPrivateKeyFile?: string;
}

/**
 * Adds the flags of leader election.
 *
 * @param name - of the program, and so of its Lease
 */
export function addElection(program: Command, name: string): void {
  program
    .option(
      '--leader-elect [boolean]',
      'work only while no other of this name does',
      parseBoolean,
      true,
    )
    .option(
      '--leader-elect-lease-duration <duration>',
      'for how long others stand back',
      parseDurationMs,
      15_000,
    )
    .option(
      '--leader-elect-renew-deadline <duration>',
      'after how long without renewal to give up',
      parseDurationMs,
      10_000,
    )
    .option('--leader-elect-retry-period <duration>', 'how often to try', parseDurationMs, 2000)
    .option('--leader-elect-resource-name <name>', 'of the Lease', name)
    .option('--leader-elect-resource-namespace <name>', 'where it is', 'kube-system');
}

/** Adds the flags of the port. */
export function addServing(program: Command): void {
  program
    // Upstream's port is always open. Two of a program on one computer are usual here, so it is only on demand.
    .option('--secure-port <port>', 'answer /healthz and /metrics here; 0: do not', parsePort, 0)
    .option('--bind-address <ip>', 'listen on this address, with certificates', '0.0.0.0')
    .option('--tls-cert-file <file>', 'the certificate to show; without: HTTP to this computer')
    .option('--tls-private-key-file <file>', 'its key');
}

/** How the election is timed. */
export function electionOf(flags: ElectionFlags) {
  return {
    leaseDurationMs: flags.leaderElectLeaseDuration,
    renewDeadlineMs: flags.leaderElectRenewDeadline,
    retryPeriodMs: flags.leaderElectRetryPeriod,
  };
}
