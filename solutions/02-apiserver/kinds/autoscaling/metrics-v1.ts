/**
 * An autoscaler's metrics as autoscaling/v1 writes them into annotations, and back. Given.
 *
 * The same facts under other names: `target.averageValue` is `targetAverageValue`, and so on. Each
 * kind of metric is a row of a table: where a value is in version 2, and what it is called in
 * version 1.
 *
 * @see pkg/apis/autoscaling/v1/conversion.go (1.33)
 */

import type { MetricSpec, MetricStatus } from 'kubernetes-types/autoscaling/v2.js';

type Fields = Record<string, unknown>;

/** Paths of version 2, and the fields of version 1. */
type Names = Readonly<Record<string, string>>;

const RESOURCE: Names = {
  name: 'name',
  'target.averageUtilization': 'targetAverageUtilization',
  'target.averageValue': 'targetAverageValue',
};
const RESOURCE_STATUS: Names = {
  name: 'name',
  'current.averageUtilization': 'currentAverageUtilization',
  'current.averageValue': 'currentAverageValue',
};

const SPECS: Readonly<Record<string, Names>> = {
  resource: RESOURCE,
  containerResource: { ...RESOURCE, container: 'container' },
  pods: {
    'metric.name': 'metricName',
    'target.averageValue': 'targetAverageValue',
    'metric.selector': 'selector',
  },
  object: {
    describedObject: 'target',
    'metric.name': 'metricName',
    'target.value': 'targetValue',
    'metric.selector': 'selector',
    'target.averageValue': 'averageValue',
  },
  external: {
    'metric.name': 'metricName',
    'metric.selector': 'metricSelector',
    'target.value': 'targetValue',
    'target.averageValue': 'targetAverageValue',
  },
};

const STATUSES: Readonly<Record<string, Names>> = {
  resource: RESOURCE_STATUS,
  containerResource: { ...RESOURCE_STATUS, container: 'container' },
  pods: {
    'metric.name': 'metricName',
    'current.averageValue': 'currentAverageValue',
    'metric.selector': 'selector',
  },
  object: {
    describedObject: 'target',
    'metric.name': 'metricName',
    'current.value': 'currentValue',
    'metric.selector': 'selector',
    'current.averageValue': 'averageValue',
  },
  external: {
    'metric.name': 'metricName',
    'metric.selector': 'metricSelector',
    'current.value': 'currentValue',
    'current.averageValue': 'currentAverageValue',
  },
};

/** Amounts that version 1 cannot leave out: zero says there is none. */
const ZERO_IF_ABSENT: Readonly<Record<string, string>> = {
  pods: 'targetAverageValue',
  object: 'targetValue',
};
const ZERO_IF_ABSENT_IN_STATUS: Readonly<Record<string, string>> = {
  resource: 'currentAverageValue',
  containerResource: 'currentAverageValue',
  pods: 'currentAverageValue',
  object: 'currentValue',
  external: 'currentValue',
};

/** A metric in version 1's form. */
export function metricToV1(metric: MetricSpec): Fields {
  return toV1(metric as unknown as Fields, SPECS, ZERO_IF_ABSENT);
}

/** A metric's current value in version 1's form. */
export function metricStatusToV1(status: MetricStatus): Fields {
  return toV1(status as unknown as Fields, STATUSES, ZERO_IF_ABSENT_IN_STATUS);
}

/** A metric out of version 1's form. */
export function metricFromV1(metric: Fields): MetricSpec {
  const converted = fromV1(metric, SPECS, ZERO_IF_ABSENT);
  for (const field of Object.keys(SPECS)) {
    const source = converted[field] as { target?: Fields } | undefined;
    if (source) source.target = { type: targetTypeOf(source.target ?? {}), ...source.target };
  }
  return converted as unknown as MetricSpec;
}

/** A metric's current value out of version 1's form. */
export function metricStatusFromV1(status: Fields): MetricStatus {
  const converted = fromV1(status, STATUSES, ZERO_IF_ABSENT_IN_STATUS);
  return converted as unknown as MetricStatus;
}

/** Version 1 says what is meant by which field is there. */
function targetTypeOf(target: Fields): string {
  if (target.averageUtilization !== undefined) return 'Utilization';
  return target.averageValue === undefined ? 'Value' : 'AverageValue';
}

type Table = Readonly<Record<string, Names>>;

function toV1(metric: Fields, table: Table, zeros: Readonly<Record<string, string>>): Fields {
  const converted: Fields = { type: metric.type };
  for (const [field, names] of Object.entries(table)) {
    const source = metric[field];
    if (source === undefined) continue;
    const target: Fields = {};
    for (const [path, name] of Object.entries(names)) {
      const value = valueAt(source as Fields, path);
      if (value !== undefined) target[name] = value;
      else if (zeros[field] === name) target[name] = '0';
    }
    converted[field] = target;
  }
  return converted;
}

function fromV1(metric: Fields, table: Table, zeros: Readonly<Record<string, string>>): Fields {
  const converted: Fields = { type: metric.type };
  for (const [field, names] of Object.entries(table)) {
    const source = metric[field] as Fields | undefined;
    if (!source) continue;
    const target: Fields = {};
    for (const [path, name] of Object.entries(names)) {
      const value = source[name];
      const isNone = value === '0' && zeros[field] === name && hasOther(source, name);
      if (value !== undefined && value !== null && !isNone) setAt(target, path, value);
    }
    converted[field] = target;
  }
  return converted;
}

/** Is another amount given, so that a zero need not be meant? */
function hasOther(source: Fields, name: string): boolean {
  return Object.keys(source).some((other) => other !== name && /(Value|Utilization)$/.test(other));
}

function valueAt(object: Fields, path: string): unknown {
  const [first = '', second] = path.split('.');
  const value = object[first];
  return second === undefined ? value : (value as Fields | undefined)?.[second];
}

function setAt(object: Fields, path: string, value: unknown): void {
  const [first = '', second] = path.split('.');
  if (second === undefined) object[first] = value;
  else object[first] = { ...(object[first] as Fields | undefined), [second]: value };
}
