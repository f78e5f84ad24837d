/**
 * A node with its pods and what is left of it. Given.
 *
 * The cache keeps one for each node and counts its generation up with every change; plugins see
 * copies that do not change while a pod is scheduled (`snapshot.ts`).
 */

import type { Node, Pod } from '#apimachinery';
import { Quantity } from '#apimachinery';
import { UsedHostPorts } from './host-ports.ts';
import type { PodInfo } from './pod-info.ts';
import {
  addAmounts,
  NO_RESOURCES,
  type ResourceAmounts,
  resourceAmounts,
} from './resource-amounts.ts';

/** An image on a node. */
export interface ImageState {
  /** Bytes. */
  readonly size: number;
  /** On how many nodes it is. */
  readonly nodes: number;
}

/** Counts changes of all nodes together: the later a change, the larger its number. */
let generations = 0;

/** One node as plugins see it. */
export class NodeInfo {
  /** `undefined` when pods are known of a node that is gone, or not seen yet. */
  #node: Node | undefined;
  #name = '';
  #pods: PodInfo[] = [];
  #allocatable: ResourceAmounts = NO_RESOURCES;
  #allowedPods = 0;
  #requested: ResourceAmounts = NO_RESOURCES;
  #nonZeroRequested: ResourceAmounts = NO_RESOURCES;
  #usedPorts = new UsedHostPorts();
  #withAffinity: PodInfo[] = [];
  #withRequiredAntiAffinity: PodInfo[] = [];
  #generation = 0;
  #images: ReadonlyMap<string, ImageState> = new Map();

  /**
   * @param node - absent: nothing is known of it yet
   * @param pods - that are on it, also those only assumed to be
   */
  constructor(node?: Node, pods: readonly PodInfo[] = []) {
    if (node) this.setNode(node);
    for (const pod of pods) this.addPod(pod);
  }

  /** The node's name; `''` when there is no node. */
  get name(): string {
    return this.#name;
  }

  get node(): Node | undefined {
    return this.#node;
  }

  get pods(): readonly PodInfo[] {
    return this.#pods;
  }

  /** Its pods that have affinity or anti-affinity of any kind. */
  get podsWithAffinity(): readonly PodInfo[] {
    return this.#withAffinity;
  }

  /** Its pods that keep others away: with required anti-affinity. */
  get podsWithRequiredAntiAffinity(): readonly PodInfo[] {
    return this.#withRequiredAntiAffinity;
  }

  /** What the node offers to pods. */
  get allocatable(): ResourceAmounts {
    return this.#allocatable;
  }

  /** How many pods it takes, `allocatable.pods`. */
  get allowedPods(): number {
    return this.#allowedPods;
  }

  /** What its pods ask for together. */
  get requested(): ResourceAmounts {
    return this.#requested;
  }

  /** What its pods are taken to use, for comparing nodes. */
  get nonZeroRequested(): ResourceAmounts {
    return this.#nonZeroRequested;
  }

  get usedPorts(): UsedHostPorts {
    return this.#usedPorts;
  }

  /** Images on the node by every name they have. */
  get images(): ReadonlyMap<string, ImageState> {
    return this.#images;
  }

  /** Larger than that of any change before it, on whatever node. */
  get generation(): number {
    return this.#generation;
  }

  /** Takes in a new or changed node. */
  setNode(node: Node): void {
    this.#node = node;
    this.#name = node.metadata?.name ?? '';
    const offered = new Map(
      Object.entries(node.status?.allocatable ?? {}).map(([name, text]) => [
        name,
        Quantity.parse(text),
      ]),
    );
    this.#allocatable = resourceAmounts(offered);
    this.#allowedPods = Number(offered.get('pods')?.value() ?? 0);
    this.#changed();
  }

  /** Forgets the node; its pods stay until each is removed. */
  removeNode(): void {
    this.#node = undefined;
    this.#name = '';
    this.#changed();
  }

  setImages(images: ReadonlyMap<string, ImageState>): void {
    this.#images = images;
    this.#changed();
  }

  addPod(pod: PodInfo): void {
    this.#pods.push(pod);
    if (hasAffinity(pod)) this.#withAffinity.push(pod);
    if (pod.requiredAntiAffinityTerms.length > 0) this.#withRequiredAntiAffinity.push(pod);
    this.#count(pod, 1);
  }

  /**
   * @param pod - the same uid as one that is here, whatever else changed
   * @returns false when it is not here
   */
  removePod(pod: Pod): boolean {
    const uid = pod.metadata?.uid;
    const index = this.#pods.findIndex((one) => one.pod.metadata?.uid === uid);
    const [found] = index < 0 ? [] : this.#pods.splice(index, 1);
    if (!found) return false;
    for (const list of [this.#withAffinity, this.#withRequiredAntiAffinity]) {
      const at = list.indexOf(found);
      if (at >= 0) list.splice(at, 1);
    }
    this.#count(found, -1);
    return true;
  }

  #count(pod: PodInfo, sign: 1 | -1): void {
    this.#requested = addAmounts(this.#requested, pod.requests, sign);
    this.#nonZeroRequested = addAmounts(this.#nonZeroRequested, pod.nonZeroRequests, sign);
    for (const port of pod.hostPorts) {
      if (sign === 1) this.#usedPorts.add(port);
      else this.#usedPorts.remove(port);
    }
    this.#changed();
  }

  #changed(): void {
    generations += 1;
    this.#generation = generations;
  }

  /** A copy of the same generation that can change without changing this one. */
  clone(): NodeInfo {
    const copy = new NodeInfo();
    copy.#node = this.#node;
    copy.#name = this.#name;
    copy.#pods = [...this.#pods];
    copy.#allocatable = this.#allocatable;
    copy.#allowedPods = this.#allowedPods;
    copy.#requested = this.#requested;
    copy.#nonZeroRequested = this.#nonZeroRequested;
    copy.#usedPorts = this.#usedPorts.size === 0 ? copy.#usedPorts : this.#usedPorts.clone();
    copy.#withAffinity = [...this.#withAffinity];
    copy.#withRequiredAntiAffinity = [...this.#withRequiredAntiAffinity];
    copy.#images = this.#images;
    copy.#generation = this.#generation;
    return copy;
  }
}

function hasAffinity(pod: PodInfo): boolean {
  return (
    pod.requiredAffinityTerms.length > 0 ||
    pod.requiredAntiAffinityTerms.length > 0 ||
    pod.preferredAffinityTerms.length > 0 ||
    pod.preferredAntiAffinityTerms.length > 0
  );
}
