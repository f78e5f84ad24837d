/**
 * What plugins say, made into what the framework says: asking so that nothing is thrown, and the
 * messages of failures. Given.
 *
 * Whom to ask, and what an answer means at a point, is `framework.ts`.
 *
 * @see pkg/scheduler/framework/runtime/framework.go (1.33)
 */

import { MAX_NODE_SCORE, MIN_NODE_SCORE, type PreFilterResult } from './plugin.ts';
import { codeOf, isRejected, Status } from './status.ts';

/** What was asked of a plugin when it failed; the text of the failure depends on it. */
export type FailurePoint =
  | 'PreFilter'
  | 'AddPod'
  | 'RemovePod'
  | 'Filter'
  | 'PostFilter'
  | 'PreScore'
  | 'Score'
  | 'Normalize on Score'
  | 'Reserve'
  | 'Permit'
  | 'PreBind'
  | 'Bind';

/**
 * Asks a plugin.
 *
 * @param ask - calls the plugin's method, as the plugin's own: `() => plugin.preScore(…)`
 * @returns what it answered; when it threw, an `Error` whose `error` is what was thrown
 */
export function attempt<T>(ask: () => T): T | Status {
  try {
    return ask();
  } catch (error) {
    return Status.ofError(error);
  }
}

/** `attempt` for a plugin that gives a promise, also when it throws before it gives one. */
export async function attemptAsync<T>(ask: () => Promise<T>): Promise<T | Status> {
  try {
    return await ask();
  } catch (error) {
    return Status.ofError(error);
  }
}

/** The answer of a preFilter plugin, or what `attempt` made of one that threw, in one shape. */
export function toPreFilterResult(answer: PreFilterResult | Status | undefined): PreFilterResult {
  return answer instanceof Status ? { status: answer } : (answer ?? {});
}

/**
 * A status that is no success, as the framework hands it on where plugins may say no: a rejection as it
 * is, with the plugin's name; anything else as `failed` makes it.
 */
export function refused(point: FailurePoint, plugin: string, status: Status | undefined): Status {
  return isRejected(status) ? status.from(plugin) : failed(point, plugin, status);
}

/**
 * The `Error` for what a plugin threw, or may not answer at this point, a rejection too.
 *
 * @returns with the message of `failureText`, of the status' message or, when that is empty, its code;
 * with the status' `error`, or else an error with that message
 */
export function failed(point: FailurePoint, plugin: string, status: Status | undefined): Status {
  const text = failureText(point, plugin, status?.message || codeOf(status));
  return new Status('Error', [text], plugin, status?.error ?? new Error(text));
}

/** The `Error` for a score that is not from 0 to 100 where it must be. */
export function scoreOutOfRange(plugin: string, score: number): Status {
  const text =
    `applying score defaultWeights on Score plugins: plugin "${plugin}" returns an invalid score ` +
    `${score}, it should in the range of [${MIN_NODE_SCORE}, ${MAX_NODE_SCORE}] after normalizing`;
  return new Status('Error', [text], plugin, new Error(text));
}

/**
 * The status when plugins of preFilter have named nodes, and none is named by all of them. From nobody.
 *
 * @param namedBy - who named nodes, in any order; at least one
 */
export function noNodeLeft(namedBy: readonly string[]): Status {
  const names = [...namedBy].sort().join(' ');
  const text =
    namedBy.length === 1
      ? `node(s) didn't satisfy plugin ${names}`
      : `node(s) didn't satisfy plugin(s) [${names}] simultaneously`;
  return new Status('UnschedulableAndUnresolvable', [text]);
}

/** What a failure at a point is called. PostFilter's is as it is. */
export function failureText(point: FailurePoint, plugin: string, message: string): string {
  switch (point) {
    case 'AddPod':
    case 'RemovePod':
      return `running ${point} on PreFilter plugin "${plugin}": ${message}`;
    case 'Filter':
      return `running "${plugin}" filter plugin: ${message}`;
    case 'PostFilter':
      return message;
    case 'Score':
    case 'Normalize on Score':
      return `running ${point} plugins: plugin "${plugin}" failed with: ${message}`;
    default:
      return `running ${point} plugin "${plugin}": ${message}`;
  }
}
