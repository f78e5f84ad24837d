/**
 * Bounds what requests may cost: how many are handled at a time, and for how long one may take.
 * Given.
 *
 * Requests that are meant to last (a watch, a log, an exec) are neither counted nor timed.
 */

import {
  type Clock,
  newBadRequest,
  newTimeout,
  newTooManyRequests,
  type Timer,
} from '#apimachinery';
import type { Context, Filter } from '../context.ts';
import type { RequestInfo } from '../request-info.ts';

/** How much is too much. */
export interface Limits {
  /** Reads at a time; 0: any number. */
  readonly maxRequestsInFlight: number;
  /** Writes at a time; 0: any number. */
  readonly maxMutatingRequestsInFlight: number;
  readonly requestTimeoutMs: number;
}

/** As in Kubernetes. */
export const DEFAULT_LIMITS: Limits = {
  maxRequestsInFlight: 400,
  maxMutatingRequestsInFlight: 200,
  requestTimeoutMs: 60_000,
};

const RETRY_AFTER_SECONDS = 1;
/** They must always get through, if only to see what is wrong. */
const EXEMPT_GROUP = 'system:masters';

const READS = new Set(['get', 'list', 'watch']);
const LONG_VERBS = new Set(['watch', 'proxy']);
const LONG_SUBRESOURCES = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/**
 * Tells whether a request is meant to last.
 *
 * @see k8s.io/apiserver/pkg/server/filters/longrunning.go (1.33)
 */
export function isLongRunning({ verb, isResourceRequest, subresource }: RequestInfo): boolean {
  return LONG_VERBS.has(verb) || (isResourceRequest && LONG_SUBRESOURCES.has(subresource));
}

/**
 * Refuses requests that are too many with 429, and gives up on those that take too long with 504.
 *
 * @remarks A request may ask for less time by the query parameter `timeout`, a duration as Go
 * writes it; 400 when it is none. What was begun may still be done when its request has timed out.
 *
 * @see k8s.io/apiserver/pkg/server/filters/maxinflight.go and timeout.go (1.33)
 */
export function newLimits(limits: Limits, clock: Clock): Filter {
  const inFlight = { reads: 0, writes: 0 };
  return async (context, next) => {
    if (isLongRunning(context.info)) return next();
    const timeoutMs = timeoutOf(context.query, limits.requestTimeoutMs);
    const isRead = READS.has(context.info.verb);
    const kind = isRead ? 'reads' : 'writes';
    const max = isRead ? limits.maxRequestsInFlight : limits.maxMutatingRequestsInFlight;
    if (max > 0 && inFlight[kind] >= max && !isExempt(context)) {
      throw newTooManyRequests('Too many requests, please try again later.', RETRY_AFTER_SECONDS);
    }
    inFlight[kind]++;
    // What goes on after its time is up still counts: it still costs.
    return within(timeoutMs, clock, next, () => {
      inFlight[kind]--;
    });
  };
}

/** The result, or 504 if it is not there in time. */
function within<T>(
  ms: number,
  clock: Clock,
  run: () => Promise<T>,
  settled: () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => {
      reject(newTimeout('request did not complete within the allotted timeout', 0));
    });
    untilSettled(run, timer, settled).then(resolve, reject);
  });
}

/** Async, so that what throws at once ends it as well. */
async function untilSettled<T>(
  run: () => Promise<T>,
  timer: Timer,
  settled: () => void,
): Promise<T> {
  try {
    return await run();
  } finally {
    timer.cancel();
    settled();
  }
}

function isExempt({ user }: Context): boolean {
  return user.groups.includes(EXEMPT_GROUP);
}

/** No time, or more than is allowed, is what everybody gets. */
function timeoutOf(query: URLSearchParams, longestMs: number): number {
  const text = query.get('timeout');
  if (text === null || text === '') return longestMs;
  const ms = parseDurationMs(text);
  if (ms === undefined) {
    const quoted = JSON.stringify(text);
    throw newBadRequest(
      `invalid timeout specified in the request URL - time: invalid duration ${quoted}`,
    );
  }
  return ms > 0 ? Math.min(ms, longestMs) : longestMs;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;

/**
 * Milliseconds of a duration as Go writes it: `1m30s`, `500ms`, `0`.
 *
 * @returns `undefined` when it is none
 */
export function parseDurationMs(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0;
  if (!DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    ms += Number(amount) * (UNIT_MS[unit] ?? 0);
  }
  return text.startsWith('-') ? -ms : ms;
}
