/**
 * The Container Runtime Interface: what a kubelet asks of a runtime. Given: the interface only.
 *
 * In process a runtime implements it itself (`runtime.ts`); over a socket `#container-runtime/wire`
 * has a client. Byte streams are in `streaming.ts`.
 */

import type * as container from './container.ts';
import type * as image from './image.ts';
import type * as runtime from './runtime-status.ts';
import type * as sandbox from './sandbox.ts';
import type * as stats from './stats.ts';

/** An answer that says nothing but that it was done. */
export type Empty = Readonly<Record<never, never>>;

/**
 * One method for each RPC that a kubelet 1.33 calls.
 *
 * @remarks Every method rejects with `CriError`. Stop and remove are idempotent: what is gone
 * already is no error. Ids may be shortened as far as they are unambiguous.
 *
 * @see kubernetes v1.33 staging/src/k8s.io/cri-api/pkg/apis/runtime/v1/api.proto
 */
export interface CriClient {
  version(request?: runtime.VersionRequest): Promise<runtime.VersionResponse>;
  status(request?: runtime.StatusRequest): Promise<runtime.StatusResponse>;
  updateRuntimeConfig(request: runtime.UpdateRuntimeConfigRequest): Promise<Empty>;
  runtimeConfig(): Promise<runtime.RuntimeConfigResponse>;

  runPodSandbox(request: sandbox.RunPodSandboxRequest): Promise<sandbox.RunPodSandboxResponse>;
  stopPodSandbox(request: sandbox.StopPodSandboxRequest): Promise<Empty>;
  removePodSandbox(request: sandbox.RemovePodSandboxRequest): Promise<Empty>;
  podSandboxStatus(
    request: sandbox.PodSandboxStatusRequest,
  ): Promise<sandbox.PodSandboxStatusResponse>;
  listPodSandbox(request?: sandbox.ListPodSandboxRequest): Promise<sandbox.ListPodSandboxResponse>;

  createContainer(
    request: container.CreateContainerRequest,
  ): Promise<container.CreateContainerResponse>;
  startContainer(request: container.StartContainerRequest): Promise<Empty>;
  stopContainer(request: container.StopContainerRequest): Promise<Empty>;
  removeContainer(request: container.RemoveContainerRequest): Promise<Empty>;
  listContainers(
    request?: container.ListContainersRequest,
  ): Promise<container.ListContainersResponse>;
  containerStatus(
    request: container.ContainerStatusRequest,
  ): Promise<container.ContainerStatusResponse>;
  updateContainerResources(request: container.UpdateContainerResourcesRequest): Promise<Empty>;
  reopenContainerLog(request: container.ReopenContainerLogRequest): Promise<Empty>;

  execSync(request: container.ExecSyncRequest): Promise<container.ExecSyncResponse>;
  exec(request: container.ExecRequest): Promise<container.StreamingResponse>;
  attach(request: container.AttachRequest): Promise<container.StreamingResponse>;
  portForward(request: container.PortForwardRequest): Promise<container.StreamingResponse>;

  containerStats(request: stats.ContainerStatsRequest): Promise<stats.ContainerStatsResponse>;
  listContainerStats(
    request?: stats.ListContainerStatsRequest,
  ): Promise<stats.ListContainerStatsResponse>;
  podSandboxStats(request: stats.PodSandboxStatsRequest): Promise<stats.PodSandboxStatsResponse>;
  listPodSandboxStats(
    request?: stats.ListPodSandboxStatsRequest,
  ): Promise<stats.ListPodSandboxStatsResponse>;

  /** What happens from now on, until `signal` aborts: then the iteration ends without an error. */
  getContainerEvents(signal?: AbortSignal): AsyncIterable<container.ContainerEventResponse>;

  listImages(request?: image.ListImagesRequest): Promise<image.ListImagesResponse>;
  imageStatus(request: image.ImageStatusRequest): Promise<image.ImageStatusResponse>;
  pullImage(request: image.PullImageRequest): Promise<image.PullImageResponse>;
  removeImage(request: image.RemoveImageRequest): Promise<Empty>;
  imageFsInfo(): Promise<image.ImageFsInfoResponse>;
}
