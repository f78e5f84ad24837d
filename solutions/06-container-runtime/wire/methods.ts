/** The CRI's RPCs: which service, which messages. */

import type { CriClient } from '../cri/index.ts';
import * as m from './messages.ts';
import type { Message } from './protobuf.ts';

/** The versions that are spoken, the preferred first. */
export const CRI_PACKAGES: readonly string[] = ['runtime.v1', 'runtime.v1alpha2'];

/** One RPC. */
export interface Method {
  readonly service: 'RuntimeService' | 'ImageService';
  /** As in the proto, for example `RunPodSandbox`. */
  readonly name: string;
  readonly request: Message;
  readonly response: Message;
}

const runtime = (name: string, request: Message, response: Message): Method => ({
  service: 'RuntimeService',
  name,
  request,
  response,
});
const image = (name: string, request: Message, response: Message): Method => ({
  service: 'ImageService',
  name,
  request,
  response,
});

/** RPCs with one answer, by the name of the client's method. */
export const METHODS: Readonly<Record<Exclude<keyof CriClient, 'getContainerEvents'>, Method>> = {
  version: runtime('Version', m.VersionRequest, m.VersionResponse),
  status: runtime('Status', m.StatusRequest, m.StatusResponse),
  updateRuntimeConfig: runtime('UpdateRuntimeConfig', m.UpdateRuntimeConfigRequest, m.Empty),
  runtimeConfig: runtime('RuntimeConfig', m.Empty, m.RuntimeConfigResponse),
  runPodSandbox: runtime('RunPodSandbox', m.RunPodSandboxRequest, m.PodSandboxId),
  stopPodSandbox: runtime('StopPodSandbox', m.PodSandboxId, m.Empty),
  removePodSandbox: runtime('RemovePodSandbox', m.PodSandboxId, m.Empty),
  podSandboxStatus: runtime(
    'PodSandboxStatus',
    m.PodSandboxStatusRequest,
    m.PodSandboxStatusResponse,
  ),
  listPodSandbox: runtime('ListPodSandbox', m.ListPodSandboxRequest, m.ListPodSandboxResponse),
  createContainer: runtime('CreateContainer', m.CreateContainerRequest, m.ContainerId),
  startContainer: runtime('StartContainer', m.ContainerId, m.Empty),
  stopContainer: runtime('StopContainer', m.StopContainerRequest, m.Empty),
  removeContainer: runtime('RemoveContainer', m.ContainerId, m.Empty),
  listContainers: runtime('ListContainers', m.ListContainersRequest, m.ListContainersResponse),
  containerStatus: runtime('ContainerStatus', m.ContainerStatusRequest, m.ContainerStatusResponse),
  updateContainerResources: runtime(
    'UpdateContainerResources',
    m.UpdateContainerResourcesRequest,
    m.Empty,
  ),
  reopenContainerLog: runtime('ReopenContainerLog', m.ContainerId, m.Empty),
  execSync: runtime('ExecSync', m.ExecSyncRequest, m.ExecSyncResponse),
  exec: runtime('Exec', m.ExecRequest, m.StreamingResponse),
  attach: runtime('Attach', m.AttachRequest, m.StreamingResponse),
  portForward: runtime('PortForward', m.PortForwardRequest, m.StreamingResponse),
  containerStats: runtime('ContainerStats', m.ContainerId, m.ContainerStatsResponse),
  listContainerStats: runtime(
    'ListContainerStats',
    m.ListContainerStatsRequest,
    m.ListContainerStatsResponse,
  ),
  podSandboxStats: runtime('PodSandboxStats', m.PodSandboxId, m.PodSandboxStatsResponse),
  listPodSandboxStats: runtime(
    'ListPodSandboxStats',
    m.ListPodSandboxStatsRequest,
    m.ListPodSandboxStatsResponse,
  ),
  listImages: image('ListImages', m.ListImagesRequest, m.ListImagesResponse),
  imageStatus: image('ImageStatus', m.ImageStatusRequest, m.ImageStatusResponse),
  pullImage: image('PullImage', m.PullImageRequest, m.PullImageResponse),
  removeImage: image('RemoveImage', m.RemoveImageRequest, m.Empty),
  imageFsInfo: image('ImageFsInfo', m.Empty, m.ImageFsInfoResponse),
};

/** The one RPC that is a stream of answers. */
export const EVENTS: Method = runtime('GetContainerEvents', m.Empty, m.ContainerEventResponse);
