/**
 * Which plugins there are, and which of them a profile has unless it says otherwise. Given.
 *
 * The order is the order in which they are asked: what costs little and refuses much comes first.
 *
 * @see pkg/scheduler/apis/config/v1/default_plugins.go (1.33)
 */

import type { NewPlugin } from '../framework/handle.ts';
import type { PluginRef } from '../profiles/profiles.ts';
import { newBalancedAllocation } from './balanced-allocation.ts';
import { newCoscheduling } from './coscheduling.ts';
import { newDefaultBinder } from './default-binder.ts';
import { newDefaultPreemption } from './default-preemption.ts';
import { newImageLocality } from './image-locality.ts';
import { newInterPodAffinity } from './inter-pod-affinity.ts';
import { newNodeAffinity } from './node-affinity.ts';
import { newNodeName } from './node-name.ts';
import { newNodePorts } from './node-ports.ts';
import { newNodeResourcesFit } from './node-resources-fit.ts';
import { newNodeUnschedulable } from './node-unschedulable.ts';
import { newNodeVolumeLimits } from './node-volume-limits.ts';
import { newPodTopologySpread } from './pod-topology-spread.ts';
import { newPrioritySort } from './priority-sort.ts';
import { newSchedulingGates } from './scheduling-gates.ts';
import { newTaintToleration } from './taint-toleration.ts';
import { newVolumeBinding } from './volume-binding.ts';
import { newVolumeRestrictions } from './volume-restrictions.ts';
import { newVolumeZone } from './volume-zone.ts';

/** Makers of plugins by their names. */
export type Registry = Readonly<Record<string, NewPlugin>>;

/** All plugins there are. */
export const REGISTRY: Registry = {
  SchedulingGates: newSchedulingGates,
  PrioritySort: newPrioritySort,
  NodeUnschedulable: newNodeUnschedulable,
  NodeName: newNodeName,
  TaintToleration: newTaintToleration,
  NodeAffinity: newNodeAffinity,
  NodePorts: newNodePorts,
  NodeResourcesFit: newNodeResourcesFit,
  VolumeRestrictions: newVolumeRestrictions,
  NodeVolumeLimits: newNodeVolumeLimits,
  VolumeBinding: newVolumeBinding,
  VolumeZone: newVolumeZone,
  PodTopologySpread: newPodTopologySpread,
  InterPodAffinity: newInterPodAffinity,
  DefaultPreemption: newDefaultPreemption,
  NodeResourcesBalancedAllocation: newBalancedAllocation,
  ImageLocality: newImageLocality,
  DefaultBinder: newDefaultBinder,
  // In use only where a profile enables it.
  Coscheduling: newCoscheduling,
};

/** What a profile has at all points. */
export const DEFAULT_MULTI_POINT: readonly PluginRef[] = [
  { name: 'SchedulingGates' },
  { name: 'PrioritySort' },
  { name: 'NodeUnschedulable' },
  { name: 'NodeName' },
  { name: 'TaintToleration', weight: 3 },
  { name: 'NodeAffinity', weight: 2 },
  { name: 'NodePorts' },
  { name: 'NodeResourcesFit', weight: 1 },
  { name: 'VolumeRestrictions' },
  { name: 'NodeVolumeLimits' },
  { name: 'VolumeBinding' },
  { name: 'VolumeZone' },
  { name: 'PodTopologySpread', weight: 2 },
  { name: 'InterPodAffinity', weight: 2 },
  { name: 'DefaultPreemption' },
  { name: 'NodeResourcesBalancedAllocation', weight: 1 },
  { name: 'ImageLocality', weight: 1 },
  { name: 'DefaultBinder' },
];
