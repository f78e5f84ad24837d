/**
 * Amounts of resources as plain numbers, which is what the scheduler adds up and compares. Given.
 *
 * Quantities are exact and slow; a scheduler compares millions of them a second. CPU is in
 * thousandths of a core, rounded up; everything else in whole units (bytes), rounded up.
 */

import { type Pod, podRequests, type Quantity, type Resources } from '#apimachinery';

/** What is asked for, used or offered. A resource that is not there is 0. */
export interface ResourceAmounts {
  /** Thousandths of a core. */
  readonly milliCpu: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes. */
  readonly ephemeralStorage: number;
  /** Every other resource by name: `example.com/gpu`, `hugepages-2Mi`. */
  readonly scalars: ReadonlyMap<string, number>;
}

const NONE: ReadonlyMap<string, number> = new Map();

/** Nothing at all. */
export const NO_RESOURCES: ResourceAmounts = {
  milliCpu: 0,
  memory: 0,
  ephemeralStorage: 0,
  scalars: NONE,
};

/** What a container that asks for nothing is taken to use when nodes are compared: 0.1 core. */
export const DEFAULT_MILLI_CPU = 100;
/** What a container that asks for no memory is taken to use: 200 MiB. */
export const DEFAULT_MEMORY = 200 * 1024 * 1024;

/** Amounts from quantities. `pods` is left out: it is counted, not added up. */
export function resourceAmounts(resources: Resources): ResourceAmounts {
  const scalars = new Map<string, number>();
  for (const [name, amount] of resources) {
    if (!OWN_FIELDS.has(name)) scalars.set(name, units(amount));
  }
  return {
    milliCpu: milliUnits(resources.get('cpu')),
    memory: units(resources.get('memory')),
    ephemeralStorage: units(resources.get('ephemeral-storage')),
    scalars: scalars.size === 0 ? NONE : scalars,
  };
}

const OWN_FIELDS = new Set(['cpu', 'memory', 'ephemeral-storage', 'pods']);

function units(amount: Quantity | undefined): number {
  return Number(amount?.value() ?? 0);
}

function milliUnits(amount: Quantity | undefined): number {
  return Number(amount?.milliValue() ?? 0);
}

/** @param sign - 1 adds, -1 takes away */
export function addAmounts(
  sum: ResourceAmounts,
  more: ResourceAmounts,
  sign: 1 | -1 = 1,
): ResourceAmounts {
  return {
    milliCpu: sum.milliCpu + sign * more.milliCpu,
    memory: sum.memory + sign * more.memory,
    ephemeralStorage: sum.ephemeralStorage + sign * more.ephemeralStorage,
    scalars: addScalars(sum.scalars, more.scalars, sign),
  };
}

function addScalars(
  sum: ReadonlyMap<string, number>,
  more: ReadonlyMap<string, number>,
  sign: 1 | -1,
): ReadonlyMap<string, number> {
  if (more.size === 0) return sum;
  const total = new Map(sum);
  for (const [name, amount] of more) total.set(name, (total.get(name) ?? 0) + sign * amount);
  return total;
}

/**
 * One resource of amounts by its name.
 *
 * @param name - `cpu`, `memory`, `ephemeral-storage` or any other
 */
export function amountOf(amounts: ResourceAmounts, name: string): number {
  switch (name) {
    case 'cpu':
      return amounts.milliCpu;
    case 'memory':
      return amounts.memory;
    case 'ephemeral-storage':
      return amounts.ephemeralStorage;
    default:
      return amounts.scalars.get(name) ?? 0;
  }
}

/** What a pod asks for. */
export function podAmounts(pod: Pod): ResourceAmounts {
  return resourceAmounts(podRequests(pod));
}

/**
 * What a pod is taken to use when nodes are compared: as `podAmounts`, but containers without a
 * request for CPU or memory count with a little, so that many of them do not all land on one node.
 */
export function podNonZeroAmounts(pod: Pod): ResourceAmounts {
  const { spec } = pod;
  const filled = {
    ...pod,
    spec: {
      ...spec,
      containers: (spec?.containers ?? []).map(withDefaultRequests),
      ...(spec?.initContainers && { initContainers: spec.initContainers.map(withDefaultRequests) }),
    },
  };
  return podAmounts(filled);
}

type Containers = NonNullable<Pod['spec']>['containers'];

function withDefaultRequests(container: Containers[number]): Containers[number] {
  const requests = container.resources?.requests;
  if (requests?.cpu !== undefined && requests.memory !== undefined) return container;
  return {
    ...container,
    resources: {
      ...container.resources,
      requests: { cpu: `${DEFAULT_MILLI_CPU}m`, memory: String(DEFAULT_MEMORY), ...requests },
    },
  };
}
