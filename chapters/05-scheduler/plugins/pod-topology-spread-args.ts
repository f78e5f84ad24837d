/** What the plugin PodTopologySpread can be told in a profile. Given. */

import type { TopologySpreadConstraint } from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldDuplicate,
  fieldErrorText,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  qualifiedNameFaults,
} from '#apimachinery';

/** Arguments of the plugin, as in a KubeSchedulerConfiguration v1. */
export interface PodTopologySpreadArgs {
  /** For pods without constraints: the built-in ones (`System`, the default), or `defaultConstraints`. */
  readonly defaultingType?: 'System' | 'List';
  /** Only with `List`, and without selectors: those are worked out for each pod. */
  readonly defaultConstraints?: readonly TopologySpreadConstraint[];
}

/** What pods without constraints get when nothing else is said. */
const SYSTEM_CONSTRAINTS: readonly TopologySpreadConstraint[] = [
  { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

/** The arguments, ready to be used. */
export interface SpreadDefaults {
  readonly constraints: readonly TopologySpreadConstraint[];
  /** They are the built-in ones. */
  readonly areSystem: boolean;
}

/**
 * Reads the arguments.
 *
 * @throws Error with all that is wrong, by field
 * @see pkg/scheduler/apis/config/validation/validation_pluginargs.go (1.33)
 */
export function spreadDefaults(args: unknown): SpreadDefaults {
  const { defaultConstraints = [], ...rest } = (args ?? {}) as PodTopologySpreadArgs;
  const defaultingType = rest.defaultingType || 'System';
  const faults = [
    ...defaultingFaults(defaultingType, defaultConstraints),
    ...defaultConstraints.flatMap((_, index) => constraintFaults(defaultConstraints, index)),
  ].map(fieldErrorText);
  if (faults.length > 0) {
    throw new Error(faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`);
  }
  const areSystem = defaultingType === 'System';
  return { constraints: areSystem ? SYSTEM_CONSTRAINTS : defaultConstraints, areSystem };
}

function defaultingFaults(type: string, constraints: readonly unknown[]): FieldError[] {
  if (type !== 'System' && type !== 'List') {
    return [fieldNotSupported('defaultingType', type, ['System', 'List'])];
  }
  if (type === 'List' || constraints.length === 0) return [];
  return [fieldInvalid('defaultingType', type, 'when .defaultConstraints are not empty')];
}

function constraintFaults(
  all: readonly TopologySpreadConstraint[],
  index: number,
): readonly FieldError[] {
  const path = `defaultConstraints[${index}]`;
  const one = all[index];
  if (!one) return [];
  const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector } = one;
  const faults: FieldError[] = [];
  if (!(maxSkew > 0)) {
    faults.push(fieldInvalid(`${path}.maxSkew`, maxSkew ?? 0, 'not in valid range (0, inf)'));
  }
  if (!topologyKey) faults.push(fieldRequired(`${path}.topologyKey`, 'can not be empty'));
  for (const fault of topologyKey ? qualifiedNameFaults(topologyKey) : []) {
    faults.push(fieldInvalid(`${path}.topologyKey`, topologyKey, fault));
  }
  if (!whenUnsatisfiable) {
    faults.push(fieldRequired(`${path}.whenUnsatisfiable`, 'can not be empty'));
  } else if (!['DoNotSchedule', 'ScheduleAnyway'].includes(whenUnsatisfiable)) {
    const known = ['DoNotSchedule', 'ScheduleAnyway'];
    faults.push(fieldNotSupported(`${path}.whenUnsatisfiable`, whenUnsatisfiable, known));
  }
  if (labelSelector) {
    const detail = 'constraint must not define a selector, as they deduced for each pod';
    faults.push(fieldForbidden(`${path}.labelSelector`, detail));
  }
  const isSame = (other: TopologySpreadConstraint): boolean =>
    other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable;
  if (all.slice(0, index).some(isSame)) {
    faults.push(fieldDuplicate(path, `{${topologyKey}, ${whenUnsatisfiable}}`));
  }
  return faults;
}
