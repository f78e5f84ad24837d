/**
 * The plugin VolumeBinding: claims and the node are chosen together. Given.
 *
 * A claim that is not bound yet is bound where its first pod goes, when its class says so
 * (`WaitForFirstConsumer`). How is `volume-binder.ts`.
 */

import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import { newStateKey } from '../framework/cycle-state.ts';
import type { Handle } from '../framework/handle.ts';
import type {
  EnqueueExtensions,
  FilterPlugin,
  PreBindPlugin,
  PreFilterPlugin,
  ReservePlugin,
} from '../framework/plugin.ts';
import { Status } from '../framework/status.ts';
import { hasClaims, podUsesClaim } from './pod-claims.ts';
import { type PodClaims, type PodVolumes, VolumeBinder } from './volume-binder.ts';

/** Arguments of the plugin. */
export interface VolumeBindingArgs {
  /** How long to wait until volumes are bound. */
  readonly bindTimeoutSeconds?: number;
}

/** What is known about the pod's volumes in one attempt. */
interface Findings {
  readonly claims: PodClaims;
  /** By the name of the node. */
  readonly byNode: Map<string, PodVolumes>;
  /** What was reserved, and is to be written. */
  held: PodVolumes | undefined;
}

const FINDINGS = newStateKey<Findings>('VolumeBinding');

/**
 * Makes the plugin.
 *
 * @throws Error when the timeout is negative
 * @see pkg/scheduler/framework/plugins/volumebinding/volume_binding.go (1.33)
 */
export function newVolumeBinding(
  args: unknown,
  handle: Handle,
): PreFilterPlugin & FilterPlugin & ReservePlugin & PreBindPlugin & EnqueueExtensions {
  const { bindTimeoutSeconds = 600 } = (args ?? {}) as VolumeBindingArgs;
  if (!(bindTimeoutSeconds >= 0)) {
    throw new Error(
      `bindTimeoutSeconds: Invalid value: ${bindTimeoutSeconds}: invalid BindTimeoutSeconds, should not be a negative value`,
    );
  }
  const binder = new VolumeBinder(handle, bindTimeoutSeconds * 1000);
  return {
    name: 'VolumeBinding',

    preFilter: (state, { pod }) => {
      if (!hasClaims(pod)) return { status: new Status('Skip') };
      const fault = binder.claimFault(pod);
      if (fault !== undefined) {
        return { status: new Status('UnschedulableAndUnresolvable', [fault]) };
      }
      const claims = binder.claimsOf(pod);
      if (claims.immediate.length > 0) {
        const text = 'pod has unbound immediate PersistentVolumeClaims';
        return { status: new Status('UnschedulableAndUnresolvable', [text]) };
      }
      state.write(FINDINGS, { claims, byNode: new Map(), held: undefined });
      return undefined;
    },

    filter: (state, _pod, { node, name }) => {
      const findings = state.read(FINDINGS);
      if (!findings || !node) return undefined;
      const found = binder.find(findings.claims, node);
      if (Array.isArray(found)) return new Status('UnschedulableAndUnresolvable', found);
      findings.byNode.set(name, found);
      return undefined;
    },

    reserve: (state, { pod }, nodeName) => {
      const findings = state.read(FINDINGS);
      const found = findings?.byNode.get(nodeName);
      if (findings && found) findings.held = binder.assume(pod, nodeName, found);
      return undefined;
    },

    unreserve: (state) => {
      const findings = state.read(FINDINGS);
      if (findings?.held) binder.revert(findings.held);
      if (findings) findings.held = undefined;
    },

    preBind: async (state, { pod }) => {
      const held = state.read(FINDINGS)?.held;
      if (held) await binder.bind(pod, held);
      return undefined;
    },

    eventsToRegister: () => [
      { resource: 'PersistentVolume', actions: ['Add', 'Update'] },
      {
        resource: 'PersistentVolumeClaim',
        actions: ['Add', 'Update'],
        hint: (pod, _before, after) =>
          podUsesClaim(pod, after as PersistentVolumeClaim) ? 'Queue' : 'QueueSkip',
      },
      { resource: 'StorageClass', actions: ['Add', 'Update'] },
      { resource: 'CSINode', actions: ['Add', 'Update'] },
      { resource: 'Node', actions: ['Add', 'UpdateNodeLabel'] },
    ],
  };
}
