/** What the runtime keeps of sandboxes, containers and images, as the CRI's messages. Given. */

import type { ContainerRecord, Sandbox } from './containers/containers.ts';
import type * as cri from './cri/index.ts';
import type { StoredImage } from './images/image-store.ts';

export function sandboxItem({
  id,
  config,
  state,
  createdAt,
  runtimeHandler,
}: Sandbox): cri.PodSandbox {
  const { metadata, labels = {}, annotations = {} } = config;
  return { id, metadata, state, createdAt, labels, annotations, runtimeHandler };
}

export function sandboxStatus(sandbox: Sandbox): cri.PodSandboxStatus {
  const [ip = '', ...more] = sandbox.state === 'SANDBOX_READY' ? sandbox.ips : [];
  const options = sandbox.config.linux?.securityContext?.namespaceOptions;
  return {
    ...sandboxItem(sandbox),
    network: { ip, additionalIps: more.map((other) => ({ ip: other })) },
    linux: { namespaces: { options: { network: 'POD', pid: 'POD', ipc: 'POD', ...options } } },
  };
}

export function containerItem(record: ContainerRecord): cri.Container {
  const { id, sandboxId, config, state, createdAt, imageId, imageRef } = record;
  const { metadata, image, labels = {}, annotations = {} } = config;
  return {
    id,
    podSandboxId: sandboxId,
    metadata,
    image,
    imageRef,
    state,
    createdAt,
    labels,
    annotations,
    imageId,
  };
}

export function imageItem({ id, repoTags, repoDigests, size, config }: StoredImage): cri.Image {
  const [user = ''] = config.user.split(':');
  const isNumber = /^\d+$/.test(user);
  return {
    id,
    repoTags,
    repoDigests,
    size,
    ...(isNumber && { uid: { value: Number(user) } }),
    username: isNumber ? '' : user,
    spec: { image: '' },
    pinned: false,
  };
}
