/**
 * What is to be done about a claim, and about a volume: the decisions of the binder. Given.
 *
 * Which volume a claim gets is `matching-volume.ts`; who writes it all is `pv-binder-controller.ts`.
 *
 * @see pkg/controller/volume/persistentvolume/pv_controller.go (1.33), syncClaim, syncVolume
 */

import type { PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import type { EventType } from '#client';
import { findMatchingVolume, volumeMismatch } from './matching-volume.ts';
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  classOf,
  defaultClass,
  isBoundTo,
  PROVISIONED_BY,
  SELECTED_NODE,
  saysNoClass,
  volumeModeOf,
  waitsForConsumer,
} from './volume-terms.ts';

/** What is told of a claim or a volume. */
export interface Told {
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
}

/** What is to be done about a claim. */
export type ClaimStep =
  /** Both sides are to say that they belong together, and are `Bound`. */
  | { readonly do: 'bind'; readonly volume: PersistentVolume }
  /** It is `Pending`. */
  | { readonly do: 'wait'; readonly tell?: Told }
  /** It gets the default class, and is looked at again. */
  | { readonly do: 'assign class'; readonly storageClass: StorageClass }
  /** Somebody else is asked to make a volume. */
  | { readonly do: 'provision'; readonly provisioner: string; readonly tell: Told }
  /** Nothing but telling. */
  | { readonly do: 'tell'; readonly tell: Told }
  /** It is `Lost`; told when it was not before. */
  | { readonly do: 'lose'; readonly tell: Told }
  /** What must not be: told, and an error. */
  | { readonly do: 'fail'; readonly tell: Told; readonly error: string };

/** What the binder sees when it looks at a claim. */
export interface ClaimView {
  readonly volumes: readonly PersistentVolume[];
  /** The one that the claim names; `undefined` when there is none, or it names none. */
  readonly named: PersistentVolume | undefined;
  readonly classes: readonly StorageClass[];
  /** The names of the pods that use the claim and have no node. */
  readonly waitingPods: readonly string[];
}

/** Decides about a claim. */
export function claimStep(claim: PersistentVolumeClaim, view: ClaimView): ClaimStep {
  const isBound = claim.metadata?.annotations?.[BIND_COMPLETED] !== undefined;
  if (isBound) return boundClaimStep(claim, view);
  return claim.spec?.volumeName ? namingClaimStep(claim, view) : openClaimStep(claim, view);
}

/** One that does not say which volume. */
function openClaimStep(claim: PersistentVolumeClaim, view: ClaimView): ClaimStep {
  const className = classOf(claim);
  const storageClass = view.classes.find(({ metadata }) => metadata?.name === className);
  const isDelayed = className !== '' && waitsForConsumer(storageClass);
  const volume = findMatchingVolume(claim, view.volumes, isDelayed);
  if (volume) return { do: 'bind', volume };
  const fallback = saysNoClass(claim) ? defaultClass(view.classes) : undefined;
  if (fallback) return { do: 'assign class', storageClass: fallback };
  if (isDelayed && claim.metadata?.annotations?.[SELECTED_NODE] === undefined) {
    return { do: 'wait', tell: consumerNews(view.waitingPods) };
  }
  if (className !== '') return provisionStep(className, storageClass);
  return {
    do: 'wait',
    tell: normal(
      'FailedBinding',
      'no persistent volumes available for this claim and no storage class is set',
    ),
  };
}

function consumerNews(pods: readonly string[]): Told {
  if (pods.length === 0) {
    return normal(
      'WaitForFirstConsumer',
      'waiting for first consumer to be created before binding',
    );
  }
  const who = pods.length > 1 ? `pods ${pods.join(',')}` : `pod ${pods[0]}`;
  return normal('WaitForPodScheduled', `waiting for ${who} to be scheduled`);
}

function provisionStep(className: string, storageClass: StorageClass | undefined): ClaimStep {
  const failed = (message: string): ClaimStep => ({
    do: 'tell',
    tell: warning('ProvisioningFailed', message),
  });
  if (!storageClass) return failed(`storageclass.storage.k8s.io "${className}" not found`);
  const { provisioner } = storageClass;
  // Those that were once part of Kubernetes; nobody else may call themselves so.
  if (provisioner.startsWith('kubernetes.io/')) {
    return failed(`no volume plugin matched name: ${provisioner}`);
  }
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  return { do: 'provision', provisioner, tell: normal('ExternalProvisioning', message) };
}

/** One that names its volume, and is not bound to it yet. */
function namingClaimStep(claim: PersistentVolumeClaim, { named }: ClaimView): ClaimStep {
  if (!named) return { do: 'wait' };
  const { name } = named.metadata ?? {};
  if (!named.spec?.claimRef) {
    const mismatch = volumeMismatch(named, claim);
    if (mismatch === undefined) return { do: 'bind', volume: named };
    const message = `Cannot bind to requested volume "${name}": ${mismatch}`;
    return { do: 'wait', tell: warning('VolumeMismatch', message) };
  }
  if (isBoundTo(named, claim)) return { do: 'bind', volume: named };
  const tell = warning('FailedBinding', `volume "${name}" already bound to a different claim.`);
  if (claim.metadata?.annotations?.[BOUND_BY_CONTROLLER] === undefined) return { do: 'wait', tell };
  const { namespace, name: other } = named.spec.claimRef;
  const claimKey = `${claim.metadata?.namespace}/${claim.metadata?.name}`;
  const error = `Invalid binding of claim "${claimKey}" to volume "${name}": volume already claimed by "${namespace}/${other}"`;
  return { do: 'fail', tell, error };
}

/** One that was bound before. */
function boundClaimStep(claim: PersistentVolumeClaim, { named }: ClaimView): ClaimStep {
  const lost = (message: string, reason = 'ClaimLost'): ClaimStep => ({
    do: 'lose',
    tell: warning(reason, message),
  });
  if (!claim.spec?.volumeName) {
    return lost('Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  }
  if (!named) return lost('Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  const ref = named.spec?.claimRef;
  if (!ref || ref.uid === claim.metadata?.uid) return { do: 'bind', volume: named };
  const message = 'Two claims are bound to the same volume, this one is bound incorrectly';
  return lost(message, 'ClaimMisbound');
}

/** What is to be done about a volume. */
export type VolumeStep =
  | { readonly do: 'set phase'; readonly phase: 'Available' | 'Bound' }
  /** Its claim is to be looked at: that ends the binding. */
  | { readonly do: 'look at claim' }
  /** Its claim wants another `volumeMode`. */
  | { readonly do: 'tell'; readonly volume: Told; readonly claim: Told }
  /** It goes back to whom it is reserved for, or to all. */
  | { readonly do: 'unbind' }
  /** It is `Released`, and then what its policy says. */
  | { readonly do: 'release' };

/**
 * Decides about a volume.
 *
 * @param claim - the one of the name that the volume refers to
 */
export function volumeStep(
  volume: PersistentVolume,
  claim: PersistentVolumeClaim | undefined,
): VolumeStep {
  const ref = volume.spec?.claimRef;
  // Without a uid it is reserved: the claim ends the binding.
  if (!ref?.uid) return { do: 'set phase', phase: 'Available' };
  if (claim?.metadata?.uid !== ref.uid) return { do: 'release' };
  const { name } = volume.metadata ?? {};
  if (!claim.spec?.volumeName) {
    if (volumeModeOf(claim) === volumeModeOf(volume)) return { do: 'look at claim' };
    const why = 'due to incompatible volumeMode.';
    const ofVolume = `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata?.name}" ${why}`;
    const ofClaim = `Cannot bind PersistentVolume "${name}" to requested PersistentVolumeClaim ${why}`;
    return {
      do: 'tell',
      volume: warning('VolumeMismatch', ofVolume),
      claim: warning('VolumeMismatch', ofClaim),
    };
  }
  if (claim.spec.volumeName === name) return { do: 'set phase', phase: 'Bound' };
  const isMade = volume.metadata?.annotations?.[PROVISIONED_BY] !== undefined;
  const isToGo = volume.spec?.persistentVolumeReclaimPolicy === 'Delete';
  return isMade && isToGo ? { do: 'release' } : { do: 'unbind' };
}

/**
 * Why a released volume cannot be made ready for others.
 *
 * @returns `undefined` when there is nothing to do, or who made it will
 */
export function reclaimFault({ metadata, spec }: PersistentVolume): Told | undefined {
  const policy = spec?.persistentVolumeReclaimPolicy ?? 'Retain';
  if (policy === 'Retain') return undefined;
  if (policy === 'Recycle') {
    return warning('VolumeFailedRecycle', 'No recycler plugin found for the volume!');
  }
  if (policy !== 'Delete') {
    const message = 'Volume has unrecognized PersistentVolumeReclaimPolicy';
    return warning('VolumeUnknownReclaimPolicy', message);
  }
  const maker = metadata?.annotations?.[PROVISIONED_BY] ?? '';
  if (maker !== '' && !maker.startsWith('kubernetes.io/')) return undefined;
  const what = `error getting deleter volume plugin for volume "${metadata?.name}"`;
  return warning('VolumeFailedDelete', `${what}: no deletable volume plugin matched`);
}

function normal(reason: string, message: string): Told {
  return { type: 'Normal', reason, message };
}

function warning(reason: string, message: string): Told {
  return { type: 'Warning', reason, message };
}
