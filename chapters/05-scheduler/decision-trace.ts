/**
 * What the scheduler thought of each node, written down as data. Given.
 *
 * It is off unless asked for. Nothing in the framework knows of it: each plugin gets another around it
 * that writes its answers down. `npm run explain` shows it as a table.
 */

import type { Clock, Pod } from '#apimachinery';
import type { CycleState } from './framework/cycle-state.ts';
import type { NodeInfo } from './framework/node-info.ts';
import type { NodeScore, Plugin } from './framework/plugin.ts';
import type { PodInfo } from './framework/pod-info.ts';
import { type Code, codeOf, type Status } from './framework/status.ts';

/** What a plugin refused a node, or the whole pod, with. */
export interface TracedRefusal {
  readonly plugin: string;
  readonly code: Code;
  readonly reasons: readonly string[];
}

/** What a plugin thought of a node. */
export interface TracedScore {
  readonly plugin: string;
  raw: number;
  /** Between 0 and 100. */
  normalized: number;
  readonly weight: number;
  /** `normalized × weight`. */
  weighted: number;
}

/** What became of a node in an attempt. */
export interface TracedNode {
  readonly name: string;
  /** Absent: it can do. */
  refusal?: TracedRefusal;
  readonly scores: TracedScore[];
  total: number;
}

/** One attempt to place one pod. */
export interface DecisionTrace {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** How many nodes there were; those not asked are not in `nodes`. */
  readonly totalNodes: number;
  /** What preFilter plugins refused the pod with, before any node was asked. */
  readonly preFilter: TracedRefusal[];
  readonly nodes: TracedNode[];
  /** Where it went; absent: nowhere. */
  nodeName?: string;
  /** Why it went nowhere. */
  error?: string;
}

/** Writes attempts down, and keeps the last ones. */
export class DecisionTracer {
  readonly #clock: Clock;
  readonly #capacity: number;
  /** By the pod's uid, the one traced last at the end. */
  readonly #traces = new Map<string, DecisionTrace>();
  #current: DecisionTrace | undefined;
  #nodes = new Map<string, TracedNode>();
  #weights: ReadonlyMap<string, number> = new Map();

  /** @param capacity - of how many pods the last attempt is kept */
  constructor(clock: Clock, capacity: number) {
    this.#clock = clock;
    this.#capacity = capacity;
  }

  /**
   * An attempt begins: what plugins answer from now on belongs to it.
   *
   * @param weights - of the profile's score plugins
   */
  begin(pod: Pod, attempt: number, totalNodes: number, weights: ReadonlyMap<string, number>): void {
    const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
    const at = this.#clock.now();
    const nodes: TracedNode[] = [];
    this.#current = { namespace, name, uid, attempt, at, totalNodes, preFilter: [], nodes };
    this.#nodes = new Map();
    this.#weights = weights;
  }

  /** The attempt is over. */
  end(outcome: { readonly nodeName: string } | { readonly error: unknown }): void {
    const trace = this.#current;
    this.#current = undefined;
    if (!trace) return;
    if ('nodeName' in outcome) trace.nodeName = outcome.nodeName;
    else trace.error = outcome.error instanceof Error ? outcome.error.message : `${outcome.error}`;
    for (const node of trace.nodes) {
      node.total = node.scores.reduce((sum, { weighted }) => sum + weighted, 0);
    }
    this.#traces.delete(trace.uid);
    this.#traces.set(trace.uid, trace);
    const [oldest] = this.#traces.keys();
    if (this.#traces.size > this.#capacity && oldest !== undefined) this.#traces.delete(oldest);
  }

  /** The last attempt for a pod of this name, `undefined` when there is none in memory. */
  find(namespace: string, name: string): DecisionTrace | undefined {
    return [...this.#traces.values()]
      .filter((trace) => trace.namespace === namespace && trace.name === name)
      .at(-1);
  }

  /** Puts a plugin around another that writes its answers down. */
  readonly wrap = (plugin: Plugin): Plugin => {
    const methods = plugin as unknown as Record<string, unknown>;
    const wrapped: Record<string, unknown> = { name: plugin.name };
    for (const method of METHODS) {
      const original = methods[method];
      if (typeof original !== 'function') continue;
      const call = (...args: unknown[]): unknown => original.apply(plugin, args);
      wrapped[method] = this.#noting(plugin.name, method, call) ?? call;
    }
    return wrapped as unknown as Plugin;
  };

  #noting(
    plugin: string,
    method: string,
    call: (...args: never[]) => unknown,
  ): ((...args: never[]) => unknown) | undefined {
    switch (method) {
      case 'preFilter':
        return (...args) => {
          const answer = call(...args) as { status?: Status } | undefined;
          this.#noteRefusal(plugin, answer?.status);
          return answer;
        };
      case 'filter':
        return (state: CycleState, pod: PodInfo, node: NodeInfo) => {
          const status = call(...([state, pod, node] as never[])) as Status | undefined;
          this.#noteFilter(plugin, node.name, status);
          return status;
        };
      case 'score':
        return (state: CycleState, pod: PodInfo, node: NodeInfo) => {
          const score = call(...([state, pod, node] as never[])) as number;
          this.#noteScore(plugin, node.name, score, true);
          return score;
        };
      case 'normalizeScore':
        return (...args) => {
          const scores = call(...args) as readonly NodeScore[];
          for (const { name, score } of scores) this.#noteScore(plugin, name, score, false);
          return scores;
        };
      case 'postFilter':
        return (...args) => {
          // What is tried out in there is no opinion about nodes as they are.
          const trace = this.#current;
          this.#current = undefined;
          const restore = (): void => {
            this.#current = trace;
          };
          return (async () => call(...args))().finally(restore);
        };
      default:
        return undefined;
    }
  }

  #noteRefusal(plugin: string, status: Status | undefined): void {
    const code = codeOf(status);
    if (code === 'Success' || code === 'Skip') return;
    this.#current?.preFilter.push({ plugin, code, reasons: status?.reasons ?? [] });
  }

  #noteFilter(plugin: string, name: string, status: Status | undefined): void {
    const node = this.#node(name);
    if (!node || codeOf(status) === 'Success') return;
    node.refusal ??= { plugin, code: codeOf(status), reasons: status?.reasons ?? [] };
  }

  #noteScore(plugin: string, name: string, score: number, isRaw: boolean): void {
    const node = this.#node(name);
    if (!node) return;
    const weight = this.#weights.get(plugin) ?? 1;
    const known = node.scores.find((one) => one.plugin === plugin);
    if (isRaw || !known) {
      node.scores.push({ plugin, raw: score, normalized: score, weight, weighted: score * weight });
      return;
    }
    known.normalized = score;
    known.weighted = score * weight;
  }

  #node(name: string): TracedNode | undefined {
    if (!this.#current) return undefined;
    const known = this.#nodes.get(name);
    if (known) return known;
    const node: TracedNode = { name, scores: [], total: 0 };
    this.#nodes.set(name, node);
    this.#current.nodes.push(node);
    return node;
  }
}

/** All that a plugin can be asked. */
const METHODS = [
  'preEnqueue',
  'less',
  'preFilter',
  'addPod',
  'removePod',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'normalizeScore',
  'reserve',
  'unreserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
  'eventsToRegister',
] as const;
