/**
 * Finds, holds and binds the volumes of a pod on a node. Given; when it does what is `volume-binding.ts`.
 *
 * The scheduler only says which claim belongs to which volume, or on which node one is to be made; the
 * controllers of volumes do the rest, and it waits for them.
 *
 * @see pkg/scheduler/framework/plugins/volumebinding/binder.go (1.33)
 */

import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
} from 'kubernetes-types/core/v1.js';
import { deepCopy, isControlledBy, keyOf } from '#apimachinery';
import {
  NODES,
  objectReference,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  STORAGE_CLASSES,
} from '#client';
import type { Handle } from '../framework/handle.ts';
import { claimsOfPod, classOfClaim } from './pod-claims.ts';
import { isOlder, VolumeAssumeCache } from './volume-assume-cache.ts';
import {
  chooseVolume,
  claimSize,
  classFitsNode,
  isReservedFor,
  type OpenClaim,
  openClaim,
  volumeFitsNode,
} from './volume-matching.ts';

/** On a claim: it is bound, and both sides say so. */
const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** On a volume: it was chosen by a program. */
const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** On a claim: on which node its volume is to be made. */
const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** The provisioner of classes whose volumes are only made by hand. */
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

const NODE_CONFLICT = 'node(s) had volume node affinity conflict';
const BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind";
const VOLUME_GONE = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';

const POLL_MS = 1000;

/** A pod's claims, as preFilter sees them. */
export interface PodClaims {
  readonly bound: readonly PersistentVolumeClaim[];
  /** To be bound when the node is known: the smallest first. */
  readonly delayed: readonly OpenClaim[];
  /** That should have been bound before. */
  readonly immediate: readonly PersistentVolumeClaim[];
}

/** What is to be done for a pod on a node. */
export interface PodVolumes {
  readonly bindings: readonly Binding[];
  /** Claims whose volumes are to be made. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

interface Binding {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume;
}

/** All there is to know and to do about volumes. */
export class VolumeBinder {
  readonly #handle: Handle;
  readonly #timeoutMs: number;
  readonly #claims: VolumeAssumeCache<PersistentVolumeClaim>;
  readonly #volumes: VolumeAssumeCache<PersistentVolume>;

  constructor(handle: Handle, timeoutMs: number) {
    this.#handle = handle;
    this.#timeoutMs = timeoutMs;
    const { informers } = handle;
    this.#claims = new VolumeAssumeCache(informers.informer(PERSISTENT_VOLUME_CLAIMS));
    this.#volumes = new VolumeAssumeCache(informers.informer(PERSISTENT_VOLUMES));
    informers.informer(NODES);
    informers.informer(PODS);
    informers.informer(STORAGE_CLASSES);
  }

  /**
   * Why the pod's claims cannot be used.
   *
   * @returns `undefined` when they can
   */
  claimFault(pod: Pod): string | undefined {
    for (const { name, isEphemeral } of claimsOfPod(pod)) {
      const claim = this.#claims.told.get(`${pod.metadata?.namespace}/${name}`);
      const quoted = `persistentvolumeclaim "${name}"`;
      if (!claim) {
        return isEphemeral
          ? `waiting for ephemeral volume controller to create the ${quoted}`
          : `${quoted} not found`;
      }
      if (claim.status?.phase === 'Lost') {
        return `${quoted} bound to non-existent persistentvolume "${claim.spec?.volumeName}"`;
      }
      if (claim.metadata?.deletionTimestamp !== undefined) return `${quoted} is being deleted`;
      if (isEphemeral && !isControlledBy(claim, pod)) {
        return `PVC ${keyOf(claim)} was not created for pod ${keyOf(pod)} (pod is not owner)`;
      }
    }
    return undefined;
  }

  /** @throws Error when a class is not there or does not say when to bind */
  claimsOf(pod: Pod): PodClaims {
    const bound: PersistentVolumeClaim[] = [];
    const delayed: PersistentVolumeClaim[] = [];
    const immediate: PersistentVolumeClaim[] = [];
    for (const { name } of claimsOfPod(pod)) {
      const claim = this.#claims.get(`${pod.metadata?.namespace}/${name}`);
      if (!claim) continue;
      if (isFullyBound(claim)) bound.push(claim);
      else if (this.#isDelayed(claim) && !claim.spec?.volumeName) delayed.push(claim);
      else immediate.push(claim);
    }
    if (delayed.length === 0) return { bound, delayed: [], immediate };
    const volumes = this.#volumes.list();
    const open = delayed
      .sort((a, b) => claimSize(a).compare(claimSize(b)))
      .map((claim) => openClaim(claim, volumes));
    return { bound, delayed: open, immediate };
  }

  #isDelayed(claim: PersistentVolumeClaim): boolean {
    const className = classOfClaim(claim);
    if (className === '') return false;
    const found = this.#handle.informers.informer(STORAGE_CLASSES).lister.get(className);
    if (!found) return false;
    if (found.volumeBindingMode === undefined) {
      throw new Error(`VolumeBindingMode not set for StorageClass "${className}"`);
    }
    return found.volumeBindingMode === 'WaitForFirstConsumer';
  }

  /** @returns what is to be done, or why the node will not do */
  find({ bound, delayed }: PodClaims, node: Node): PodVolumes | string[] {
    const volumes = bound.map((claim) => this.#volumes.get(claim.spec?.volumeName ?? ''));
    // Of the bound claims the first that will not do decides, as upstream has it.
    const first = volumes.findIndex((volume) => !volume || !volumeFitsNode(volume, node));
    const isElsewhere = volumes[first] !== undefined;
    const isGone = first >= 0 && !isElsewhere;
    const chosen = this.#choose(delayed, node);
    if (chosen && first < 0) return chosen;
    return [
      ...(isElsewhere ? [NODE_CONFLICT] : []),
      ...(chosen ? [] : [BIND_CONFLICT]),
      ...(isGone ? [VOLUME_GONE] : []),
    ];
  }

  #choose(delayed: readonly OpenClaim[], node: Node): PodVolumes | undefined {
    const bindings: Binding[] = [];
    const provisions: PersistentVolumeClaim[] = [];
    const taken = new Set<string>();
    const selectedOf = ({ metadata }: PersistentVolumeClaim): string | undefined =>
      metadata?.annotations?.[SELECTED_NODE];
    for (const open of delayed) {
      const { claim } = open;
      const selected = selectedOf(claim);
      if (selected !== undefined) {
        if (selected !== node.metadata?.name) return undefined;
        provisions.push(claim);
        continue;
      }
      const volume = chooseVolume(open, node, taken);
      if (!volume) {
        provisions.push(claim);
        continue;
      }
      taken.add(volume.metadata?.name ?? '');
      bindings.push({ claim, volume });
    }
    return provisions.every((claim) => this.#canProvision(claim, node))
      ? { bindings, provisions }
      : undefined;
  }

  #canProvision(claim: PersistentVolumeClaim, node: Node): boolean {
    const found = this.#handle.informers.informer(STORAGE_CLASSES).lister.get(classOfClaim(claim));
    if (!found) throw new Error(`failed to find storage class "${classOfClaim(claim)}"`);
    const { provisioner } = found;
    if (provisioner === '' || provisioner === NO_PROVISIONER) return false;
    return classFitsNode(found, node);
  }

  /**
   * Holds what was found.
   *
   * @returns with what has to be written; `undefined` when all is bound already
   */
  assume(pod: Pod, nodeName: string, { bindings, provisions }: PodVolumes): PodVolumes | undefined {
    const isDone = claimsOfPod(pod).every(({ name }) => {
      const claim = this.#claims.get(`${pod.metadata?.namespace}/${name}`);
      return claim !== undefined && isFullyBound(claim);
    });
    if (isDone) return undefined;
    const held = bindings.map(({ claim, volume }) => ({ claim, volume: boundTo(volume, claim) }));
    for (const { volume } of held) this.#volumes.assume(volume);
    const asked = provisions.map((claim) => withSelectedNode(claim, nodeName));
    for (const claim of asked) this.#claims.assume(claim);
    return { bindings: held, provisions: asked };
  }

  /** Lets go what was held. */
  revert({ bindings, provisions }: PodVolumes): void {
    for (const { volume } of bindings) this.#volumes.restore(volume);
    for (const claim of provisions) this.#claims.restore(claim);
  }

  /**
   * Writes what was assumed, and waits until everything is bound.
   *
   * @param pod - with its node
   * @throws whatever the API server answers; Error `binding volumes: …` when it does not come to an end
   */
  async bind(pod: Pod, { bindings, provisions }: PodVolumes): Promise<void> {
    const { client, clock } = this.#handle;
    const volumes = client.resource(PERSISTENT_VOLUMES);
    const claims = client.resource(PERSISTENT_VOLUME_CLAIMS, pod.metadata?.namespace ?? '');
    const written: { bindings: Binding[]; provisions: PersistentVolumeClaim[] } = {
      bindings: [],
      provisions: [],
    };
    for (const { claim, volume } of bindings) {
      written.bindings.push({ claim, volume: await volumes.update(volume) });
    }
    for (const claim of provisions) written.provisions.push(await claims.update(claim));
    const until = clock.monotonic() + this.#timeoutMs;
    while (clock.monotonic() < until) {
      await clock.sleep(Math.min(POLL_MS, until - clock.monotonic()));
      const state = this.#stateOf(pod, written);
      if (state === 'bound') return;
      if (state !== 'wait') throw new Error(`binding volumes: ${state.fault}`);
    }
    throw new Error('binding volumes: context deadline exceeded');
  }

  /** Looks at what the API server told: an assumption of this scheduler proves nothing. */
  #stateOf(pod: Pod, { bindings, provisions }: PodVolumes): 'bound' | 'wait' | { fault: string } {
    const { informers } = this.#handle;
    const nodeName = pod.spec?.nodeName ?? '';
    const node = informers.informer(NODES).lister.get(nodeName);
    if (!node) return { fault: `failed to get node "${nodeName}": node "${nodeName}" not found` };
    if (!informers.informer(PODS).lister.get(keyOf(pod))) {
      return { fault: `pod does not exist any more: pod "${pod.metadata?.name}" not found` };
    }
    let isWaiting = false;
    for (const binding of bindings) {
      const state = this.#bindingState(binding, node);
      if (typeof state === 'object') return state;
      isWaiting ||= state === 'wait';
    }
    for (const claim of provisions) {
      const state = this.#provisionState(claim, node);
      if (typeof state === 'object') return state;
      isWaiting ||= state === 'wait';
    }
    return isWaiting ? 'wait' : 'bound';
  }

  #bindingState(binding: Binding, node: Node): 'bound' | 'wait' | { fault: string } {
    const name = binding.volume.metadata?.name ?? '';
    const volume = this.#volumes.told.get(name);
    const claim = this.#claims.told.get(keyOf(binding.claim));
    if (!volume)
      return { fault: `failed to check binding: could not find v1.PersistentVolume "${name}"` };
    if (!claim) {
      const what = `could not find v1.PersistentVolumeClaim "${keyOf(binding.claim)}"`;
      return { fault: `failed to check binding: ${what}` };
    }
    if (isOlder(volume, binding.volume)) return 'wait';
    if (!volumeFitsNode(volume, node)) return affinityFault(name, node);
    if (!volume.spec?.claimRef?.uid) return { fault: `ClaimRef got reset for pv "${name}"` };
    return isFullyBound(claim) ? 'bound' : 'wait';
  }

  #provisionState(asked: PersistentVolumeClaim, node: Node): 'bound' | 'wait' | { fault: string } {
    const name = asked.metadata?.name ?? '';
    const claim = this.#claims.told.get(keyOf(asked));
    if (!claim) {
      const what = `could not find v1.PersistentVolumeClaim "${keyOf(asked)}"`;
      return { fault: `failed to check provisioning pvc: ${what}` };
    }
    if (isOlder(claim, asked)) return 'wait';
    const { annotations } = claim.metadata ?? {};
    if (!annotations) return { fault: `selectedNode annotation reset for PVC "${name}"` };
    // Who makes volumes takes the annotation away when it does not work out.
    if (annotations[SELECTED_NODE] !== node.metadata?.name) {
      return { fault: `provisioning failed for PVC "${name}"` };
    }
    const { volumeName } = claim.spec ?? {};
    if (volumeName) {
      const volume = this.#volumes.told.get(volumeName);
      if (!volume) return 'wait';
      if (!volumeFitsNode(volume, node)) return affinityFault(volumeName, node);
    }
    return isFullyBound(claim) ? 'bound' : 'wait';
  }
}

function affinityFault(volumeName: string, { metadata }: Node): { fault: string } {
  const what = `pv "${volumeName}" node affinity doesn't match node "${metadata?.name}"`;
  return { fault: `${what}: no matching NodeSelectorTerms` };
}

function isFullyBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return !!spec?.volumeName && metadata?.annotations?.[BIND_COMPLETED] !== undefined;
}

/** A copy of the volume that refers to the claim. */
function boundTo(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const copy = deepCopy(volume);
  const isChosen = !isReservedFor(volume, claim);
  if (copy.spec) copy.spec.claimRef = objectReference(PERSISTENT_VOLUME_CLAIMS, claim);
  if (isChosen) {
    const annotations = { ...copy.metadata?.annotations, [BOUND_BY_CONTROLLER]: 'yes' };
    copy.metadata = { ...copy.metadata, annotations };
  }
  return copy;
}

function withSelectedNode(claim: PersistentVolumeClaim, nodeName: string): PersistentVolumeClaim {
  const { metadata } = claim;
  const annotations = { ...metadata?.annotations, [SELECTED_NODE]: nodeName };
  return { ...claim, metadata: { ...metadata, annotations } };
}
