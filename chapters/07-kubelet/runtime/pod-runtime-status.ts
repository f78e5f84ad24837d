/**
 * What the kubelet knows of a pod from its container runtime: sandboxes and containers. Given.
 *
 * This is how things are; how they should be is the pod itself. How it is read from the runtime is
 * `runtime/read-runtime.ts`; what is made of the two is `sync-pod/sync-pod.ts`.
 */

import type { Container, Pod } from '#apimachinery';

/** Where a container is in its life. `unknown`: the runtime cannot tell. */
export type ContainerPhase = 'created' | 'running' | 'exited' | 'unknown';

/** One container, as the runtime has it. Times are in milliseconds since 1970, 0 for not yet. */
export interface RuntimeContainer {
  /** With the runtime's name: `containerd://4f1b…`. */
  readonly id: string;
  /** The container's name in the pod. */
  readonly name: string;
  readonly phase: ContainerPhase;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  /** Why it ended: `Completed`, `Error`, `OOMKilled`; or what it waits for. */
  readonly reason: string;
  readonly message: string;
  /** As it was asked for: `nginx:1.27`. */
  readonly image: string;
  /** What that meant then: a digest. */
  readonly imageRef: string;
  /** `hashContainer` of what it was made from. */
  readonly hash: string;
  /** How often a container of this name was started before it. */
  readonly restartCount: number;
}

/** What the containers of a pod share, as the runtime has it: above all a network. */
export interface RuntimeSandbox {
  /** Without the runtime's name. */
  readonly id: string;
  readonly isReady: boolean;
  /** In milliseconds since 1970. */
  readonly createdAt: number;
  /** How many sandboxes this pod had before. */
  readonly attempt: number;
  /** Empty for one that has the node's network, or none yet. */
  readonly ips: readonly string[];
  readonly hostNetwork: boolean;
}

/** All that the runtime has of one pod. */
export interface PodRuntimeStatus {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Of the sandbox that is ready. */
  readonly ips: readonly string[];
  /** The newest first, earlier ones of the same name as well. */
  readonly containers: readonly RuntimeContainer[];
  /** The newest first. */
  readonly sandboxes: readonly RuntimeSandbox[];
}

/** What the runtime has of a pod it does not know. */
export function emptyRuntimeStatus({ metadata }: Pod): PodRuntimeStatus {
  return {
    uid: metadata?.uid ?? '',
    name: metadata?.name ?? '',
    namespace: metadata?.namespace ?? '',
    ips: [],
    containers: [],
    sandboxes: [],
  };
}

/** The newest container of a name; `undefined` when there never was one, or it was removed. */
export function latestContainer(
  status: PodRuntimeStatus,
  name: string,
): RuntimeContainer | undefined {
  return status.containers.find((container) => container.name === name);
}

/** An init container that stays: a sidecar. */
export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

/** Are containers of this pod started again when they fail? `Always` and `OnFailure`. */
export function restartsOnFailure({ spec }: Pod): boolean {
  return spec?.restartPolicy !== 'Never';
}
