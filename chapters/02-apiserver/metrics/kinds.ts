/** The kinds of metrics.k8s.io: what nodes and pods use. They are made when asked for, never stored. Given. */

import { defineKind } from '../kinds/define-kind.ts';
import type { Kind } from '../kinds/kind.ts';

/** As on a real cluster they have no singular. */
const METRICS = { group: 'metrics.k8s.io', version: 'v1beta1', singular: '' };

export const nodeMetricsKind: Kind = defineKind({
  ...METRICS,
  kind: 'NodeMetrics',
  resource: 'nodes',
  namespaced: false,
});

export const podMetricsKind: Kind = defineKind({
  ...METRICS,
  kind: 'PodMetrics',
  resource: 'pods',
  namespaced: true,
});
