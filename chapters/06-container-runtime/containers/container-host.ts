/**
 * What stands below sandboxes and containers: the part that really runs something. Given: the
 * interface only. The simulated one is `../simulated-host.ts`.
 */

import type { ContainerConfig, LinuxContainerUser, PodSandboxConfig } from '../cri/index.ts';

/** How a container's first process ended. */
export interface ContainerExit {
  /** 0 to 255; 128 and the signal's number when a signal ended it. */
  readonly exitCode: number;
  /** The kernel killed it for want of memory. */
  readonly isOomKilled: boolean;
}

/** A container's first process. */
export interface ContainerProcess {
  /** Sends it a signal, such as `SIGTERM`. Nothing happens when it has ended. */
  kill(signal: string): void;
  /** Resolves when it has ended. Never rejects. */
  readonly exited: Promise<ContainerExit>;
}

/** What is known of a container once it has been prepared. */
export interface PreparedContainer {
  readonly imageId: string;
  /** The image by its digest, or its id. */
  readonly imageRef: string;
  /** What asks its first process to end: the container's own signal, else the image's, else `SIGTERM`. */
  readonly stopSignal: string;
  readonly user: LinuxContainerUser;
}

/** Does what sandboxes and containers need done. */
export interface ContainerHost {
  /**
   * Gives a new sandbox its network.
   *
   * @returns its addresses; none on the node's own network
   * @throws CriError, as a rejection: nothing was kept, and there will be no sandbox
   */
  setUpSandbox(id: string, config: PodSandboxConfig): Promise<readonly string[]>;
  /** Takes it back. Called once for a sandbox, also when it fails. */
  tearDownSandbox(id: string): Promise<void>;
  /** Prepares a container's files and user. @throws CriError, as a rejection: nothing was kept */
  prepareContainer(
    id: string,
    sandboxId: string,
    config: ContainerConfig,
  ): Promise<PreparedContainer>;
  /** Starts its first process. @throws CriError, as a rejection, when that cannot be started */
  startContainer(id: string): Promise<ContainerProcess>;
  /**
   * Takes away what was prepared. Called once for a container, also when it fails, when no process of
   * it runs.
   */
  removeContainer(id: string): Promise<void>;
}
