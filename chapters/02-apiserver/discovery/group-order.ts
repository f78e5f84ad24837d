/**
 * In which order groups, versions and resources are told: it decides what a bare name means. Given.
 *
 * `kubectl get events` takes the first group that has `events`, and of it the preferred version.
 *
 * @see cmd/kube-apiserver/app/aggregator.go (1.33), the priorities of API services
 */

import type { ServedResource } from '../served-resources.ts';

/** The higher comes first; of equals the name decides. */
const PRIORITIES: ReadonlyMap<string, number> = new Map([
  ['apiregistration.k8s.io', 20_000],
  ['', 18_000],
  ['apps', 17_800],
  ['events.k8s.io', 17_750],
  ['authentication.k8s.io', 17_700],
  ['authorization.k8s.io', 17_600],
  ['autoscaling', 17_500],
  ['batch', 17_400],
  ['certificates.k8s.io', 17_300],
  ['networking.k8s.io', 17_200],
  ['policy', 17_100],
  ['rbac.authorization.k8s.io', 17_000],
  ['storage.k8s.io', 16_800],
  ['apiextensions.k8s.io', 16_700],
  ['admissionregistration.k8s.io', 16_700],
  ['scheduling.k8s.io', 16_600],
  ['coordination.k8s.io', 16_500],
  ['node.k8s.io', 16_300],
  ['discovery.k8s.io', 16_200],
  ['metrics.k8s.io', 100],
]);

/** Of groups that come with CustomResourceDefinitions. */
const CUSTOM_PRIORITY = 1000;

/** One version of a group and what it serves, by name. */
export interface GroupVersion {
  readonly version: string;
  readonly resources: readonly ServedResource[];
}

/** A group and its versions, the preferred one first. */
export interface Group {
  readonly name: string;
  readonly versions: readonly GroupVersion[];
}

/** All groups, the core group among them. */
export function groupsOf(resources: readonly ServedResource[]): Group[] {
  const groups = groupedBy(resources, ({ group }) => group);
  return [...groups]
    .map(([name, members]) => ({ name, versions: versionsOf(members) }))
    .sort((a, b) => priority(b.name) - priority(a.name) || compareText(a.name, b.name));
}

function groupedBy(
  resources: readonly ServedResource[],
  keyOf: (resource: ServedResource) => string,
): Map<string, ServedResource[]> {
  const groups = new Map<string, ServedResource[]>();
  for (const resource of resources) {
    const key = keyOf(resource);
    const members = groups.get(key);
    if (members) members.push(resource);
    else groups.set(key, [resource]);
  }
  return groups;
}

function priority(group: string): number {
  return PRIORITIES.get(group) ?? CUSTOM_PRIORITY;
}

function versionsOf(members: readonly ServedResource[]): GroupVersion[] {
  return [...groupedBy(members, ({ version }) => version)]
    .map(([version, resources]) => ({
      version,
      resources: [...resources].sort((a, b) => compareText(a.resource, b.resource)),
    }))
    .sort((a, b) => compareVersions(b.version, a.version));
}

/**
 * Which of two versions is the better one.
 *
 * @remarks From best to worst: `v10 v2 v1 v11beta2 v10beta3 v3beta1 v12alpha1 foo1 foo10`.
 *
 * @returns positive when `a` is better, negative when `b` is
 * @see k8s.io/apimachinery/pkg/version/helpers.go (1.33), CompareKubeAwareVersionStrings
 */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [ranked(a), ranked(b)];
  if (x === undefined && y === undefined) return compareText(b, a);
  if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
  return x.stability - y.stability || x.major - y.major || x.minor - y.minor;
}

const STABILITY: Readonly<Record<string, number>> = { alpha: 0, beta: 1, '': 2 };

function ranked(version: string): { stability: number; major: number; minor: number } | undefined {
  const [, major, stage = '', minor = '0'] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  if (major === undefined) return undefined;
  return { stability: STABILITY[stage] ?? 0, major: Number(major), minor: Number(minor) };
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
