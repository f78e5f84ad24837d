/**
 * What a plugin says: a code, reasons and the plugin's name. Given.
 *
 * Success is so common that it is no object: a plugin that has nothing to object returns `undefined`.
 */

/**
 * What became of a call to a plugin.
 *
 * - `Success`: go on.
 * - `Error`: something broke; the pod is tried again after a back-off.
 * - `Unschedulable`: no, as things are; taking other pods away could help.
 * - `UnschedulableAndUnresolvable`: no, and taking other pods away would not help.
 * - `Wait`: only from permit: the pod waits for a word of the plugin.
 * - `Skip`: from preFilter, preScore and bind: this plugin has no business with this pod.
 * - `Pending`: no, until something outside the cluster is done. Meant for preFilter, reserve, permit and
 *   preBind, but a rejection wherever it comes (`isRejected`): what is said of `Unschedulable` holds for
 *   it, too. Only the queue makes a difference: such a pod needs no back-off.
 *
 * @see pkg/scheduler/framework/interface.go (1.33), Code
 */
export type Code =
  | 'Success'
  | 'Error'
  | 'Unschedulable'
  | 'UnschedulableAndUnresolvable'
  | 'Wait'
  | 'Skip'
  | 'Pending';

/** A plugin's answer that is more than "go on". Never changed once made. */
export class Status {
  readonly code: Code;
  /** Short texts that end up in the pod's `FailedScheduling` event, for example `Insufficient cpu`. */
  readonly reasons: readonly string[];
  /** The plugin that said it, `''` when nobody set it. */
  readonly plugin: string;
  /** What was thrown, where the code is `Error`. */
  readonly error: unknown;

  constructor(code: Code, reasons: readonly string[] = [], plugin = '', error?: unknown) {
    this.code = code;
    this.reasons = reasons;
    this.plugin = plugin;
    this.error = error;
  }

  /** All reasons as one text. */
  get message(): string {
    return this.reasons.join(', ');
  }

  /** The same answer with the name of the plugin that gave it. */
  from(plugin: string): Status {
    return new Status(this.code, this.reasons, plugin, this.error);
  }

  /** The answer for something thrown. */
  static ofError(error: unknown, plugin = ''): Status {
    const text = error instanceof Error ? error.message : String(error);
    return new Status('Error', [text], plugin, error);
  }
}

/** The code of an answer; no answer is `Success`. */
export function codeOf(status: Status | undefined): Code {
  return status?.code ?? 'Success';
}

/** Tells whether it goes on. */
export function isSuccess(status: Status | undefined): boolean {
  return status === undefined || status.code === 'Success';
}

/** Tells whether the plugin has no business with this pod. */
export function isSkip(status: Status | undefined): boolean {
  return status?.code === 'Skip';
}

/** A no of a plugin. */
export type Rejection = Status & {
  readonly code: 'Unschedulable' | 'UnschedulableAndUnresolvable' | 'Pending';
};

/** Tells whether a plugin has said no: `Unschedulable`, `UnschedulableAndUnresolvable`, `Pending`. */
export function isRejected(status: Status | undefined): status is Rejection {
  const code = status?.code;
  return code === 'Unschedulable' || code === 'UnschedulableAndUnresolvable' || code === 'Pending';
}
