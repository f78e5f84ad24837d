/**
 * What a node has to do with an object: it runs a pod that needs it. Given.
 *
 * Kubernetes keeps a graph of all this at all times. Here it is looked up in the pods of the one node
 * that asks. Who asks is `node-authorizer.ts`.
 *
 * @see plugin/pkg/auth/authorizer/node/graph.go and graph_populator.go (1.33)
 */

import type {
  Container,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodSpec,
  SecretReference,
  Volume,
} from 'kubernetes-types/core/v1.js';
import type { VolumeAttachment } from 'kubernetes-types/storage/v1.js';

/** Knows what nodes have to do with objects. */
export interface NodeGraph {
  /**
   * Does something on the node need that object?
   *
   * @param resource - `pods`, `secrets`, `configmaps`, `serviceaccounts`, `persistentvolumeclaims`,
   * `persistentvolumes` or `volumeattachments`
   * @param namespace - `''` for the last two
   */
  isRelated(nodeName: string, resource: string, namespace: string, name: string): boolean;
}

/** Where a graph finds its objects: caches. */
export interface NodeObjects {
  podsOn(nodeName: string): Iterable<Pod>;
  pod(namespace: string, name: string): Pod | undefined;
  persistentVolumeClaim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  persistentVolume(name: string): PersistentVolume | undefined;
  volumeAttachment(name: string): VolumeAttachment | undefined;
}

/** On a mirror pod: the kubelet made it up itself, so what it refers to proves nothing. */
const MIRROR = 'kubernetes.io/config.mirror';

/** A graph that is looked up each time. */
export function nodeGraphOf(objects: NodeObjects): NodeGraph {
  return {
    isRelated(nodeName, resource, namespace, name) {
      if (resource === 'volumeattachments') {
        return objects.volumeAttachment(name)?.spec.nodeName === nodeName;
      }
      if (resource === 'pods') {
        return objects.pod(namespace, name)?.spec?.nodeName === nodeName;
      }
      for (const pod of objects.podsOn(nodeName)) {
        if (pod.metadata?.annotations?.[MIRROR] !== undefined) continue;
        if (needs(pod, { resource, namespace, name }, objects)) return true;
      }
      return false;
    },
  };
}

interface Needed {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

function needs(pod: Pod, { resource, namespace, name }: Needed, objects: NodeObjects): boolean {
  const spec = pod.spec ?? { containers: [] };
  const own = pod.metadata?.namespace ?? '';
  const isOwn = own === namespace;
  switch (resource) {
    case 'serviceaccounts':
      return isOwn && spec.serviceAccountName === name;
    case 'configmaps':
      return isOwn && configMapsOf(spec).includes(name);
    case 'secrets':
      return (
        (isOwn && secretsOf(spec).includes(name)) ||
        volumesOf(pod, objects).some((volume) => usesSecret(volume, namespace, name))
      );
    case 'persistentvolumeclaims':
      return isOwn && claimsOf(pod).includes(name);
    case 'persistentvolumes':
      return volumesOf(pod, objects).some(({ metadata }) => metadata?.name === name);
    default:
      return false;
  }
}

function containersOf(spec: PodSpec): readonly Container[] {
  return [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...((spec.ephemeralContainers ?? []) as Container[]),
  ];
}

/** The ConfigMaps a pod refers to; `undefined` for a reference without a name. */
export function configMapsOf(spec: PodSpec): (string | undefined)[] {
  return [
    ...containersOf(spec).flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
      ...envFrom.map(({ configMapRef }) => configMapRef?.name),
    ]),
    ...(spec.volumes ?? []).flatMap(({ configMap, projected }) => [
      configMap?.name,
      ...(projected?.sources ?? []).map((source) => source.configMap?.name),
    ]),
  ];
}

/** The Secrets a pod refers to; `undefined` for a reference without a name. */
export function secretsOf(spec: PodSpec): (string | undefined)[] {
  return [
    ...(spec.imagePullSecrets ?? []).map(({ name }) => name),
    ...containersOf(spec).flatMap(({ env = [], envFrom = [] }) => [
      ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
      ...envFrom.map(({ secretRef }) => secretRef?.name),
    ]),
    ...(spec.volumes ?? []).flatMap(secretsOfVolume),
  ];
}

function secretsOfVolume(volume: Volume): (string | undefined)[] {
  const { azureFile, cephfs, csi, flexVolume, iscsi, projected, rbd, scaleIO, secret } = volume;
  return [
    secret?.secretName,
    ...(projected?.sources ?? []).map((source) => source.secret?.name),
    azureFile?.secretName,
    csi?.nodePublishSecretRef?.name,
    ...[cephfs, flexVolume, iscsi, rbd, scaleIO, volume.storageos].map(
      (source) => source?.secretRef?.name,
    ),
  ];
}

function claimsOf(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName];
    return ephemeral ? [`${pod.metadata?.name}-${name}`] : [];
  });
}

function volumesOf(pod: Pod, objects: NodeObjects): PersistentVolume[] {
  const namespace = pod.metadata?.namespace ?? '';
  return claimsOf(pod).flatMap((name) => {
    const claim = objects.persistentVolumeClaim(namespace, name);
    const volumeName = claim?.spec?.volumeName;
    return volumeName ? (objects.persistentVolume(volumeName) ?? []) : [];
  });
}

function usesSecret({ spec }: PersistentVolume, namespace: string, name: string): boolean {
  const { azureFile, cephfs, csi, flexVolume, iscsi, rbd, scaleIO } = spec ?? {};
  const claimNamespace = spec?.claimRef?.namespace;
  const references: (SecretReference | undefined)[] = [
    csi?.nodeStageSecretRef,
    csi?.nodePublishSecretRef,
    csi?.nodeExpandSecretRef,
    ...[cephfs, flexVolume, iscsi, rbd, scaleIO].map((source) => source?.secretRef),
    azureFile && { name: azureFile.secretName, namespace: azureFile.secretNamespace },
  ];
  return references.some(
    (one) => one?.name === name && (one.namespace ?? claimNamespace) === namespace,
  );
}
