/** What pods leave in the runtime and on the disk, found and taken away; and which images there are. Given. */

import type { FileSystem, Node, Pod } from '#apimachinery';
import type { CriClient } from '#container-runtime/cri';
import { LABELS } from '../runtime/read-runtime.ts';

type Labels = Readonly<Record<string, string>>;

/** Takes away all that the runtime has of a pod, and its logs. */
export async function removeFromRuntime(
  { cri, files, logRoot }: { cri: CriClient; files: FileSystem; logRoot: string },
  uid: string,
  onContainer: (id: string) => void,
): Promise<void> {
  const logsOf = (labels: Labels): string =>
    `${logRoot}/${labels[LABELS.podNamespace]}_${labels[LABELS.podName]}_${uid}`;
  const labelSelector = { [LABELS.podUid]: uid };
  const { containers } = await cri.listContainers({ filter: { labelSelector } });
  for (const { id, labels } of containers) {
    await cri.removeContainer({ containerId: id });
    onContainer(id);
    files.remove(logsOf(labels));
  }
  const { items } = await cri.listPodSandbox({ filter: { labelSelector } });
  for (const { id, labels } of items) {
    await cri.stopPodSandbox({ podSandboxId: id });
    await cri.removePodSandbox({ podSandboxId: id });
    files.remove(logsOf(labels));
  }
}

/** Pods of which the runtime has something and nobody else knows: deleted while no kubelet ran. */
export async function orphanedPods(
  cri: CriClient,
  isKnown: (uid: string) => boolean,
): Promise<Pod[]> {
  const { items } = await cri.listPodSandbox();
  return items.flatMap(({ labels }) => {
    const uid = labels[LABELS.podUid];
    if (uid === undefined || isKnown(uid)) return [];
    const name = labels[LABELS.podName] ?? '';
    const namespace = labels[LABELS.podNamespace] ?? '';
    const spec = { containers: [], terminationGracePeriodSeconds: 30 };
    return [{ metadata: { uid, name, namespace }, spec }];
  });
}

const MOST_IMAGES = 50;

/** The largest images, as the Node object names them. */
export async function imagesOfNode(
  cri: CriClient,
): Promise<NonNullable<NonNullable<Node['status']>['images']>> {
  const { images } = await cri.listImages();
  return images
    .map(({ repoTags, repoDigests, size }) => ({
      names: [...repoDigests, ...repoTags],
      sizeBytes: size,
    }))
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, MOST_IMAGES);
}
