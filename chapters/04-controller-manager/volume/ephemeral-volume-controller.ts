/**
 * Makes the claims of pods' ephemeral volumes: a claim that lives as long as its pod. Given.
 *
 * @see pkg/controller/volume/ephemeral/controller.go (1.33)
 */

import type { PersistentVolumeClaim, Pod, Volume } from 'kubernetes-types/core/v1.js';
import { isControlledBy, keyOf, newControllerRef } from '#apimachinery';
import { PERSISTENT_VOLUME_CLAIMS, PODS } from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { finalState } from '../owners.ts';

const NAME = 'ephemeral-volume-controller';
/** Who its events are from. */
const COMPONENT = 'ephemeral_volume';
/** An index of pods by the claims of their ephemeral volumes. */
const BY_CLAIM = 'ephemeral-volume/by-claim';
const POD = { group: '', version: 'v1', kind: 'Pod' };

/** Makes the controller. */
export function newEphemeralVolumeController(context: ControllerContext): Controller {
  const { client, clock, informers, log } = context;
  const events = context.recorder(COMPONENT);
  const claims = informers.informer(PERSISTENT_VOLUME_CLAIMS);
  const pods = context.indexedInformer(PODS, BY_CLAIM, (pod) =>
    ephemeralVolumes(pod).map((volume) => `${pod.metadata?.namespace}/${claimNameOf(pod, volume)}`),
  );

  const provide = async (pod: Pod, volume: Volume): Promise<void> => {
    const { namespace, name } = pod.metadata ?? {};
    const claimName = claimNameOf(pod, volume);
    const known = claims.lister.get(`${namespace}/${claimName}`);
    if (known) {
      if (isControlledBy(known, pod)) return;
      const who = `pod ${namespace}/${name} (pod is not owner)`;
      throw new Error(`PVC ${namespace}/${claimName} was not created for ${who}`);
    }
    try {
      await client.resource(PERSISTENT_VOLUME_CLAIMS, namespace).create(claimFor(pod, volume));
    } catch (error) {
      throw new Error(`create PVC ${claimName}: ${textOf(error)}`);
    }
  };

  const reconcile = async (key: string): Promise<void> => {
    const pod = pods.lister.get(key);
    if (!pod || pod.metadata?.deletionTimestamp) return;
    for (const volume of ephemeralVolumes(pod)) {
      try {
        await provide(pod, volume);
      } catch (error) {
        const what = `ephemeral volume ${volume.name}: ${textOf(error)}`;
        events.event(PODS, pod, 'Warning', 'FailedBinding', what);
        throw new Error(`pod ${key}, ${what}`);
      }
    }
  };

  const loop = new ControlLoop({
    name: NAME,
    clock,
    log,
    synced: [() => claims.hasSynced(), () => pods.hasSynced()],
    reconcile,
  });
  // A pod's volumes never change, and its claims go with it: only new pods are of interest.
  pods.addEventHandler({
    onAdd: (pod) => {
      if (ephemeralVolumes(pod).length > 0) loop.enqueue(pod);
    },
  });
  claims.addEventHandler({
    onDelete: (gone) => {
      for (const pod of pods.lister.byIndex(BY_CLAIM, keyOf(finalState(gone)))) loop.enqueue(pod);
    },
  });
  return loop;
}

function ephemeralVolumes({ spec }: Pod): Volume[] {
  return (spec?.volumes ?? []).filter(({ ephemeral }) => ephemeral !== undefined);
}

function claimNameOf({ metadata }: Pod, volume: Volume): string {
  return `${metadata?.name}-${volume.name}`;
}

function claimFor(pod: Pod, volume: Volume): PersistentVolumeClaim {
  const template = volume.ephemeral?.volumeClaimTemplate;
  const { labels, annotations } = template?.metadata ?? {};
  return {
    metadata: {
      name: claimNameOf(pod, volume),
      ...(labels && { labels: { ...labels } }),
      ...(annotations && { annotations: { ...annotations } }),
      ownerReferences: [newControllerRef(pod, POD)],
    },
    spec: structuredClone(template?.spec ?? {}),
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
