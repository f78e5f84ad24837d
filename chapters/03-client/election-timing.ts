/**
 * The three durations of an election, and what must hold between them. Given.
 *
 * What they are for is `leader-election.ts`.
 */

/** How much longer than the retry period a candidate may wait, so that not all try at once. */
export const JITTER_FACTOR = 1.2;

/** How an election is timed, in milliseconds. */
export interface ElectionTiming {
  /** So long others wait after the record last changed. */
  readonly leaseDurationMs: number;
  /** So long a leader leads after it sent the last write that succeeded. */
  readonly renewDeadlineMs: number;
  /** So long everybody waits between two tries, candidates a bit longer. */
  readonly retryPeriodMs: number;
  /** After so long a request counts as failed. */
  readonly requestTimeoutMs: number;
}

/**
 * The timing asked for; what is absent is as in kube-controller-manager: 15, 10 and 2 seconds.
 *
 * @throws RangeError when no safe election is possible with it
 * @see client-go v0.33 tools/leaderelection/leaderelection.go, NewLeaderElector
 */
export function newElectionTiming(asked: Partial<ElectionTiming>): ElectionTiming {
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2000 } = asked;
  const rules: readonly [holds: boolean, message: string][] = [
    [leaseDurationMs > renewDeadlineMs, 'leaseDuration must be greater than renewDeadline'],
    [
      renewDeadlineMs > retryPeriodMs * JITTER_FACTOR,
      'renewDeadline must be greater than retryPeriod*JitterFactor',
    ],
    [leaseDurationMs > 0, 'leaseDuration must be greater than zero'],
    [renewDeadlineMs > 0, 'renewDeadline must be greater than zero'],
    [retryPeriodMs > 0, 'retryPeriod must be greater than zero'],
  ];
  for (const [holds, message] of rules) if (!holds) throw new RangeError(message);
  // Two requests fit in before a leader must go, so that one that hangs does not end it.
  const { requestTimeoutMs = Math.max(1000, renewDeadlineMs / 2) } = asked;
  return { leaseDurationMs, renewDeadlineMs, retryPeriodMs, requestTimeoutMs };
}
