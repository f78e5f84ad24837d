/**
 * What a scheduler can be told: the content of a `KubeSchedulerConfiguration`, read and checked. Given.
 *
 * What becomes of a profile's plugins is `profiles.ts`. The file itself is read by `program/`.
 *
 * @see k8s.io/kube-scheduler/config/v1 (1.33)
 */

import { REGISTRY, type Registry } from '../plugins/default-plugins.ts';
import type { PluginRefs } from './profiles.ts';

/** The extension points by the names they have in configurations. */
export const EXTENSION_POINTS = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
] as const;

/** One of them. */
export type ExtensionPoint = (typeof EXTENSION_POINTS)[number];

/** One profile. */
export interface ProfileConfiguration {
  readonly schedulerName: string;
  /** In per cent; 0: chosen by the size of the cluster. Absent: the scheduler's. */
  readonly percentageOfNodesToScore?: number;
  readonly plugins?: Readonly<Partial<Record<ExtensionPoint | 'multiPoint', PluginRefs>>>;
  readonly pluginConfig?: readonly { readonly name: string; readonly args?: unknown }[];
}

/** All that a scheduler is told, with what was not said filled in. */
export interface SchedulerConfiguration {
  readonly profiles: readonly ProfileConfiguration[];
  /** In per cent; 0: chosen by the size of the cluster. */
  readonly percentageOfNodesToScore: number;
  /** How long a pod waits after its first failure. */
  readonly podInitialBackoffMs: number;
  /** How long at most. */
  readonly podMaxBackoffMs: number;
  /** How to reach the API server, where the file says it. */
  readonly clientConnection: { kubeconfig?: string; qps?: number; burst?: number };
  readonly leaderElection: Readonly<Record<string, unknown>>;
}

/** What holds when nothing is said. */
export const DEFAULT_CONFIGURATION: SchedulerConfiguration = {
  profiles: [{ schedulerName: 'default-scheduler' }],
  percentageOfNodesToScore: 0,
  podInitialBackoffMs: 1000,
  podMaxBackoffMs: 10_000,
  clientConnection: {},
  leaderElection: {},
};

/** Thrown when a configuration cannot be used. The message lists every fault with its path. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

const KNOWN_FIELDS = new Set([
  'apiVersion',
  'kind',
  'parallelism',
  'profiles',
  'percentageOfNodesToScore',
  'podInitialBackoffSeconds',
  'podMaxBackoffSeconds',
  'clientConnection',
  'leaderElection',
  'enableProfiling',
  'enableContentionProfiling',
  'delayCacheUntilActive',
]);

/**
 * Reads a configuration.
 *
 * @param object - what the file holds
 * @throws ConfigurationError when anything in it is unknown or out of range
 */
export function parseConfiguration(
  object: unknown,
  registry: Registry = REGISTRY,
): SchedulerConfiguration {
  const faults: string[] = [];
  const said = record(object);
  if (!said) throw new ConfigurationError('expected a KubeSchedulerConfiguration');
  if (said.apiVersion !== 'kubescheduler.config.k8s.io/v1') {
    faults.push(
      `apiVersion: expected kubescheduler.config.k8s.io/v1, found ${text(said.apiVersion)}`,
    );
  }
  if (said.kind !== 'KubeSchedulerConfiguration') {
    faults.push(`kind: expected KubeSchedulerConfiguration, found ${text(said.kind)}`);
  }
  for (const name of Object.keys(said)) {
    if (name === 'extenders') faults.push('extenders: not supported here; write a plugin');
    else if (!KNOWN_FIELDS.has(name)) faults.push(`${name}: unknown field`);
  }
  const number = (
    path: string,
    value: unknown,
    least: number,
    most: number,
  ): number | undefined => {
    if (value === undefined || value === null) return undefined;
    if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) {
      return Number(value);
    }
    faults.push(`${path}: expected a whole number from ${least} to ${most}, found ${text(value)}`);
    return undefined;
  };
  const most = 1_000_000;
  const first = number('podInitialBackoffSeconds', said.podInitialBackoffSeconds, 1, most) ?? 1;
  const last = number('podMaxBackoffSeconds', said.podMaxBackoffSeconds, 1, most) ?? 10;
  if (last < first) faults.push('podMaxBackoffSeconds: less than podInitialBackoffSeconds');
  const share = number('percentageOfNodesToScore', said.percentageOfNodesToScore, 0, 100) ?? 0;
  const profiles = parseProfiles(said.profiles, registry, faults, number);
  const clientConnection = recordAt('clientConnection', said.clientConnection, faults);
  const leaderElection = recordAt('leaderElection', said.leaderElection, faults);
  if (faults.length > 0) throw new ConfigurationError(faults.join('; '));
  return {
    profiles,
    percentageOfNodesToScore: share,
    podInitialBackoffMs: first * 1000,
    podMaxBackoffMs: last * 1000,
    clientConnection,
    leaderElection,
  };
}

type ReadNumber = (path: string, value: unknown, least: number, most: number) => number | undefined;

function parseProfiles(
  said: unknown,
  registry: Registry,
  faults: string[],
  number: ReadNumber,
): readonly ProfileConfiguration[] {
  if (said === undefined) return DEFAULT_CONFIGURATION.profiles;
  if (!Array.isArray(said) || said.length === 0) {
    faults.push('profiles: expected a list of at least one');
    return [];
  }
  const names = new Set<string>();
  return said.map((one: unknown, i) => {
    const path = `profiles[${i}]`;
    const profile = recordAt(path, one, faults);
    const schedulerName = String(
      profile.schedulerName ?? (said.length === 1 ? 'default-scheduler' : ''),
    );
    if (schedulerName === '') faults.push(`${path}.schedulerName: required`);
    if (names.has(schedulerName))
      faults.push(`${path}.schedulerName: ${schedulerName} is there twice`);
    names.add(schedulerName);
    for (const name of Object.keys(profile)) {
      if (
        !['schedulerName', 'plugins', 'pluginConfig', 'percentageOfNodesToScore'].includes(name)
      ) {
        faults.push(`${path}.${name}: unknown field`);
      }
    }
    const share = number(
      `${path}.percentageOfNodesToScore`,
      profile.percentageOfNodesToScore,
      0,
      100,
    );
    checkPlugins(`${path}.plugins`, profile.plugins, registry, faults);
    checkPluginConfig(`${path}.pluginConfig`, profile.pluginConfig, registry, faults);
    return {
      ...(profile as Partial<ProfileConfiguration>),
      schedulerName,
      ...(share !== undefined && { percentageOfNodesToScore: share }),
    };
  });
}

function checkPlugins(path: string, said: unknown, registry: Registry, faults: string[]): void {
  const points: readonly string[] = [...EXTENSION_POINTS, 'multiPoint'];
  for (const [point, refs] of Object.entries(recordAt(path, said, faults))) {
    if (!points.includes(point)) faults.push(`${path}.${point}: unknown field`);
    const lists = recordAt(`${path}.${point}`, refs, faults);
    for (const [list, plugins] of Object.entries(lists)) {
      const at = `${path}.${point}.${list}`;
      if (list !== 'enabled' && list !== 'disabled') faults.push(`${at}: unknown field`);
      if (!Array.isArray(plugins)) {
        faults.push(`${at}: expected a list`);
        continue;
      }
      const seen = new Set<string>();
      for (const ref of plugins) {
        const name = text(record(ref)?.name);
        const isAll = name === '*' && list === 'disabled';
        if (!isAll && !Object.hasOwn(registry, name)) {
          faults.push(`${at}: there is no plugin ${name}`);
        }
        checkWeight(`${at}: weight of ${name}`, record(ref)?.weight, faults);
        if (seen.has(name)) faults.push(`${at}: ${name} is there twice`);
        seen.add(name);
      }
    }
  }
}

function checkPluginConfig(
  path: string,
  said: unknown,
  registry: Registry,
  faults: string[],
): void {
  if (said === undefined) return;
  if (!Array.isArray(said)) {
    faults.push(`${path}: expected a list`);
    return;
  }
  const seen = new Set<string>();
  said.forEach((one: unknown, i) => {
    const name = text(record(one)?.name);
    if (!Object.hasOwn(registry, name)) faults.push(`${path}[${i}]: there is no plugin ${name}`);
    if (seen.has(name)) faults.push(`${path}[${i}]: ${name} is there twice`);
    seen.add(name);
  });
}

/** A total of all weights that is still exact when multiplied by scores. */
const MOST_WEIGHT = 1_000_000_000;

function checkWeight(path: string, weight: unknown, faults: string[]): void {
  const isWeight = Number.isInteger(weight) && Number(weight) >= 0 && Number(weight) <= MOST_WEIGHT;
  if (weight === undefined || isWeight) return;
  faults.push(`${path}: expected a whole number from 0 to ${MOST_WEIGHT}, found ${text(weight)}`);
}

/** Nothing where nothing was said. */
function recordAt(path: string, value: unknown, faults: string[]): Record<string, unknown> {
  const found = record(value ?? {});
  if (!found) faults.push(`${path}: expected an object, found ${text(value)}`);
  return found ?? {};
}

function record(value: unknown): Record<string, unknown> | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : undefined;
}

function text(value: unknown): string {
  return value === undefined ? 'nothing' : String(value);
}
