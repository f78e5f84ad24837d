/** Connects to the container runtime on its socket. */

import type { CriClient } from '#container-runtime/cri';

/** A runtime behind a socket. */
export type RuntimeConnection = CriClient & { close?(): void };

interface WireSurface {
  newCriClient(endpoint: string): RuntimeConnection | Promise<RuntimeConnection>;
}

/** Loaded when it is needed: a hollow node has no runtime to connect to. */
const WIRE: string = '#container-runtime/wire';

/** @param endpoint - `unix:///run/containerd/containerd.sock` */
export async function openRuntime(endpoint: string): Promise<RuntimeConnection> {
  const wire = (await import(WIRE)) as WireSurface;
  return wire.newCriClient(endpoint);
}
