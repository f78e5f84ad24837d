/** Pods from files on the node, and the pods in the API that stand for them. Given. */

import {
  type Container,
  type FileSystem,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isNotFound,
  type Logger,
  type Pod,
} from '#apimachinery';
import { type Client, PODS } from '#client';

/** How a pod says where it comes from, and which one it stands for. */
export const SOURCE = 'kubernetes.io/config.source';
export const HASH = 'kubernetes.io/config.hash';
export const MIRROR = 'kubernetes.io/config.mirror';
const SEEN = 'kubernetes.io/config.seen';

export function isStaticPod({ metadata }: Pod): boolean {
  const source = metadata?.annotations?.[SOURCE];
  return source !== undefined && source !== 'api';
}

export function isMirrorPod({ metadata }: Pod): boolean {
  return metadata?.annotations?.[MIRROR] !== undefined;
}

/**
 * Reads all pods in a directory.
 *
 * @param parse - of a file's text
 * @returns pods with name, namespace, uid and node set; a file that cannot be read is left out
 * @see pkg/kubelet/config/file.go (1.33)
 */
export function readStaticPods(
  { files, log }: { files: FileSystem; log: Logger },
  directory: string,
  nodeName: string,
  parse: (text: string) => unknown,
  seenAt: string,
): Pod[] {
  if (files.stat(directory)?.kind !== 'directory') return [];
  return files.list(directory).flatMap((name) => {
    const path = `${directory}/${name}`;
    if (name.startsWith('.') || files.stat(path)?.kind !== 'file') return [];
    try {
      const text = new TextDecoder().decode(files.readFile(path));
      return [staticPod(parse(text) as Pod, text, path, nodeName, seenAt)];
    } catch (error) {
      log.error('cannot read a static pod', { path, error: String(error) });
      return [];
    }
  });
}

function staticPod(pod: Pod, text: string, path: string, nodeName: string, seenAt: string): Pod {
  if (pod?.kind !== 'Pod' || !pod.metadata?.name) throw new Error('it is no Pod with a name');
  const hash = hashOf(`${nodeName}\n${path}\n${text}`);
  const { spec } = pod;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name: `${pod.metadata.name}-${nodeName}`,
      namespace: pod.metadata.namespace ?? 'default',
      uid: pod.metadata.uid ?? hash,
      annotations: { ...pod.metadata.annotations, [SOURCE]: 'file', [HASH]: hash, [SEEN]: seenAt },
    },
    spec: {
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
      ...spec,
      ...(spec?.initContainers && { initContainers: spec.initContainers.map(withDefaults) }),
      containers: (spec?.containers ?? []).map(withDefaults),
      nodeName,
      tolerations: [...(spec?.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }],
    },
    status: { phase: 'Pending' },
  };
}

/** What the API server would have filled in. */
function withDefaults(container: Container): Container {
  const { image = '' } = container;
  const isFixed = /[:@][^/]*$/.test(image) && !image.endsWith(':latest');
  return {
    imagePullPolicy: isFixed ? 'IfNotPresent' : 'Always',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...container,
  };
}

/** 32 hexadecimal digits that change with the text. */
function hashOf(text: string): string {
  const words = [0x811c9dc5, 0x9e3779b9, 0x243f6a88, 0xb7e15162].map((start) => {
    let hash = start;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    return (hash >>> 0).toString(16).padStart(8, '0');
  });
  return words.join('');
}

/** Makes and removes pods in the API that stand for static ones. */
export class MirrorClient {
  readonly #client: Client;
  readonly #node: () => { readonly name: string; readonly uid: string | undefined };

  constructor(client: Client, node: () => { name: string; uid: string | undefined }) {
    this.#client = client;
    this.#node = node;
  }

  /** @param mirror - the one there is; another one's is replaced */
  async ensure(pod: Pod, mirror: Pod | undefined): Promise<void> {
    const hash = pod.metadata?.annotations?.[HASH] ?? '';
    if (mirror?.metadata?.deletionTimestamp || mirror?.metadata?.annotations?.[MIRROR] !== hash) {
      if (mirror) await this.remove(mirror);
    } else return;
    const { name, uid } = this.#node();
    if (uid === undefined) return;
    const { uid: _, ...metadata } = pod.metadata ?? {};
    const owner = { apiVersion: 'v1', kind: 'Node', name, uid, controller: true };
    try {
      await this.#client.resource(PODS, pod.metadata?.namespace).create({
        ...pod,
        metadata: {
          ...metadata,
          annotations: { ...metadata.annotations, [MIRROR]: hash },
          ownerReferences: [owner],
        },
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async remove({ metadata }: Pod): Promise<void> {
    const { name = '', namespace, uid } = metadata ?? {};
    try {
      await this.#client.resource(PODS, namespace).delete(name, {
        gracePeriodSeconds: 0,
        ...(uid && { preconditions: { uid } }),
      });
    } catch (error) {
      // A conflict: another one of that name is there already.
      if (!isNotFound(error) && !isForbidden(error) && !isConflict(error)) throw error;
    }
  }
}
