/** The taints that follow from how a node is. Given: a table. */

export const NOT_READY_TAINT = 'node.kubernetes.io/not-ready';
export const UNREACHABLE_TAINT = 'node.kubernetes.io/unreachable';
export const UNSCHEDULABLE_TAINT = 'node.kubernetes.io/unschedulable';

/** Which taint a node has when a condition has a status. */
export const CONDITION_TAINTS: readonly {
  readonly condition: string;
  readonly status: string;
  readonly key: string;
}[] = [
  { condition: 'Ready', status: 'False', key: NOT_READY_TAINT },
  { condition: 'Ready', status: 'Unknown', key: UNREACHABLE_TAINT },
  {
    condition: 'MemoryPressure',
    status: 'True',
    key: 'node.kubernetes.io/memory-pressure',
  },
  { condition: 'DiskPressure', status: 'True', key: 'node.kubernetes.io/disk-pressure' },
  {
    condition: 'NetworkUnavailable',
    status: 'True',
    key: 'node.kubernetes.io/network-unavailable',
  },
  { condition: 'PIDPressure', status: 'True', key: 'node.kubernetes.io/pid-pressure' },
];

/** All keys that the node lifecycle controller sets and takes away. */
export const OWN_TAINTS: ReadonlySet<string> = new Set([
  ...CONDITION_TAINTS.map(({ key }) => key),
  UNSCHEDULABLE_TAINT,
]);
