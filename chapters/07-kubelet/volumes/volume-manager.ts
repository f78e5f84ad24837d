/** A pod's volumes on the node: made, kept up to date, mounted into containers, removed. Given. */

import type { ProjectedVolumeSource, Volume } from 'kubernetes-types/core/v1.js';
import type { Clock, Container, FileSystem, Pod, Random } from '#apimachinery';
import { CONFIG_MAPS, SECRETS } from '#client';
import type { Mount } from '#container-runtime/cri';
import {
  ContainerConfigError,
  expandVariables,
  fieldValue,
  resourceValue,
} from '../container-config/container-config.ts';
import type { ObjectCache } from '../objects/object-cache.ts';
import type { TokenManager } from '../objects/tokens.ts';
import { ClaimError, claimedVolume, claimNameOf } from './claims.ts';
import { giveToGroup } from './ownership.ts';
import { pinnedCopy } from './sub-path.ts';
import {
  downwardPayload,
  keysPayload,
  type Payload,
  type ProjectedFile,
  VolumeError,
  writeAtomically,
} from './volumes.ts';

/** What volumes need. */
export interface VolumeManagerOptions {
  readonly files: FileSystem;
  readonly objects: ObjectCache;
  readonly tokens: TokenManager;
  readonly clock: Clock;
  readonly random: Random;
  /** `/var/lib/kubelet` */
  readonly rootDir: string;
  readonly nodeName: string;
  readonly hostIPs: () => readonly string[];
  readonly allocatable: () => Readonly<Record<string, string>>;
}

/** Who made a volume, if somebody did when it was needed. */
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';

/** A volume that could not be set up. */
export class MountError extends Error {
  override readonly name = 'MountError';
}

/** @see pkg/kubelet/volumemanager (1.33) */
export class VolumeManager {
  readonly #options: VolumeManagerOptions;
  #stamps = 0;

  constructor(options: VolumeManagerOptions) {
    this.#options = options;
  }

  podDirectory(uid: string): string {
    return `${this.#options.rootDir}/pods/${uid}`;
  }

  /**
   * Sets up all volumes of a pod, or brings them up to date.
   *
   * @returns where each is on the node, by name
   * @throws MountError for the first that cannot be, in the words of the event
   */
  async setUp(pod: Pod, podIPs: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const paths = new Map<string, string>();
    for (const volume of pod.spec?.volumes ?? []) {
      try {
        paths.set(volume.name, await this.#setUp(pod, volume, podIPs));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (error instanceof ClaimError) {
          throw new MountError(
            `Unable to attach or mount volumes: unmounted volumes=[${volume.name}], unattached volumes=[], failed to process volumes=[${volume.name}]: ${why}`,
          );
        }
        throw new MountError(`MountVolume.SetUp failed for volume "${volume.name}" : ${why}`);
      }
    }
    return paths;
  }

  /** What is left of a pod goes, but not what is outside of its own directory. */
  tearDown(uid: string): void {
    this.#options.files.remove(this.podDirectory(uid));
  }

  async #setUp(pod: Pod, volume: Volume, podIPs: readonly string[]): Promise<string> {
    const { files } = this.#options;
    if (volume.hostPath) return this.#hostPath(volume.hostPath.path, volume.hostPath.type ?? '');
    const claimName = claimNameOf(pod, volume);
    if (claimName !== undefined) return this.#claimed(pod, volume, claimName);
    const payload = await this.#payload(pod, volume, podIPs);
    const plugin = payload?.plugin ?? 'empty-dir';
    const path = `${this.podDirectory(pod.metadata?.uid ?? '')}/volumes/kubernetes.io~${plugin}/${volume.name}`;
    if (payload) {
      const stamp = `..${this.#options.clock.now()}.${++this.#stamps}`;
      writeAtomically(files, path, payload.files, stamp);
      this.#own(pod, path, true);
    } else if (!volume.emptyDir) throw new VolumeError('no volume plugin matched');
    else if (!files.stat(path)) {
      files.makeDirectory(path, 0o777);
      files.changeMode(path, 0o777);
      this.#own(pod, path, false);
    }
    return path;
  }

  /** `fsGroup` owns what the kubelet makes. */
  #own(pod: Pod, path: string, isReadOnly: boolean): void {
    const group = pod.spec?.securityContext?.fsGroup;
    if (group !== undefined) giveToGroup(this.#options.files, path, group, { isReadOnly });
  }

  async #payload(
    pod: Pod,
    volume: Volume,
    podIPs: readonly string[],
  ): Promise<{ plugin: string; files: Payload } | undefined> {
    const { configMap, secret, downwardAPI, projected } = volume;
    if (configMap) {
      const mode = configMap.defaultMode ?? 0o644;
      const { name = '', items, optional } = configMap;
      const files = await this.#keys(pod, 'configmap', name, items, mode, optional);
      return { plugin: 'configmap', files };
    }
    if (secret) {
      const mode = secret.defaultMode ?? 0o644;
      const { secretName = '', items, optional } = secret;
      const files = await this.#keys(pod, 'secret', secretName, items, mode, optional);
      return { plugin: 'secret', files };
    }
    if (downwardAPI) {
      const mode = downwardAPI.defaultMode ?? 0o644;
      const files = this.#downward(pod, downwardAPI.items ?? [], mode, podIPs);
      return { plugin: 'downward-api', files };
    }
    return projected
      ? { plugin: 'projected', files: await this.#projected(pod, projected, podIPs) }
      : undefined;
  }

  async #keys(
    pod: Pod,
    kind: 'configmap' | 'secret',
    name: string,
    items: Parameters<typeof keysPayload>[3]['items'],
    defaultMode: number,
    optional = false,
  ): Promise<Payload> {
    const namespace = pod.metadata?.namespace ?? '';
    const { objects } = this.#options;
    const found =
      kind === 'configmap'
        ? await objects.get(CONFIG_MAPS, namespace, name)
        : await objects.get(SECRETS, namespace, name);
    return keysPayload(kind, name, found, { ...(items && { items }), defaultMode, optional });
  }

  #downward(
    pod: Pod,
    items: Parameters<typeof downwardPayload>[0],
    mode: number,
    podIPs: readonly string[],
  ): Payload {
    const { nodeName, hostIPs, allocatable } = this.#options;
    return downwardPayload(items, mode, ({ fieldRef, resourceFieldRef }) => {
      if (fieldRef)
        return fieldValue(fieldRef.fieldPath, { pod, podIPs, hostIPs: hostIPs(), nodeName });
      const { containerName, resource = '', divisor = '1' } = resourceFieldRef ?? {};
      const container = pod.spec?.containers.find(({ name }) => name === containerName);
      if (!container) throw new ContainerConfigError(`container ${containerName} not found`);
      return resourceValue(container, resource, divisor, allocatable());
    });
  }

  async #projected(
    pod: Pod,
    { sources = [], defaultMode = 0o644 }: ProjectedVolumeSource,
    podIPs: readonly string[],
  ): Promise<Payload> {
    const all = new Map<string, ProjectedFile>();
    for (const source of sources) {
      const { configMap, secret, downwardAPI, serviceAccountToken: token } = source;
      let payload: Payload = new Map();
      if (configMap) {
        const { name = '', items, optional } = configMap;
        payload = await this.#keys(pod, 'configmap', name, items, defaultMode, optional);
      } else if (secret) {
        const { name = '', items, optional } = secret;
        payload = await this.#keys(pod, 'secret', name, items, defaultMode, optional);
      } else if (downwardAPI) {
        payload = this.#downward(pod, downwardAPI.items ?? [], defaultMode, podIPs);
      } else if (token) {
        const { path, audience = '', expirationSeconds = 3600 } = token;
        const text = await this.#options.tokens.get(pod, audience, expirationSeconds);
        // A token is for one user only, unless a group was asked for.
        const mode = pod.spec?.securityContext?.fsGroup === undefined ? defaultMode : 0o640;
        payload = new Map([[path, { content: new TextEncoder().encode(text), mode }]]);
      } else throw new VolumeError('unsupported projected volume source');
      for (const [path, file] of payload) all.set(path, file);
    }
    return all;
  }

  #hostPath(path: string, type: string): string {
    const { files } = this.#options;
    const stat = files.stat(path);
    if (type === 'DirectoryOrCreate' && !stat) files.makeDirectory(path, 0o755);
    else if (type === 'FileOrCreate' && !stat) files.writeFile(path, new Uint8Array(), 0o644);
    else if (type === 'Directory' && stat?.kind !== 'directory') {
      throw new VolumeError(`hostPath type check failed: ${path} is not a directory`);
    } else if (type === 'File' && stat?.kind !== 'file') {
      throw new VolumeError(`hostPath type check failed: ${path} is not a file`);
    } else if (type === '' && !stat) files.makeDirectory(path, 0o755);
    return path;
  }

  async #claimed(pod: Pod, volume: Volume, claimName: string): Promise<string> {
    const { metadata, spec } = await claimedVolume(this.#options.objects, pod, volume, claimName);
    const { hostPath, local } = spec ?? {};
    if (hostPath && metadata?.annotations?.[PROVISIONED_BY]) {
      return this.#provisioned(hostPath.path);
    }
    if (hostPath) return this.#hostPath(hostPath.path, hostPath.type || 'DirectoryOrCreate');
    if (local) return this.#hostPath(local.path, 'Directory');
    throw new VolumeError(
      `PersistentVolume ${metadata?.name} is of a kind this kubelet cannot mount`,
    );
  }

  /** A folder that a provisioner promised; anybody in the pod may write there, as its makers have it. */
  #provisioned(path: string): string {
    const { files } = this.#options;
    if (!files.stat(path)) {
      files.makeDirectory(path, 0o777);
      files.changeMode(path, 0o777);
    }
    return path;
  }

  /**
   * A container's mounts: its volumes, the pod's `/etc/hosts`, and where it leaves its last words.
   *
   * @throws ContainerConfigError when it mounts a volume that the pod does not have
   */
  mounts(
    pod: Pod,
    container: Container,
    volumes: ReadonlyMap<string, string>,
    environment: ReadonlyMap<string, string>,
    hosts: string,
  ): Mount[] {
    const { files } = this.#options;
    const directory = this.podDirectory(pod.metadata?.uid ?? '');
    const mounts = (container.volumeMounts ?? []).map((mount, index): Mount => {
      const base = volumes.get(mount.name);
      if (base === undefined) {
        throw new ContainerConfigError(
          `cannot find volume "${mount.name}" to mount into container "${container.name}"`,
        );
      }
      const subPath = mount.subPathExpr
        ? expandVariables(mount.subPathExpr, (name) => environment.get(name))
        : (mount.subPath ?? '');
      let hostPath = subPath === '' ? base : `${base}/${subPath}`;
      if (subPath.split('/').includes('..')) {
        throw new ContainerConfigError(`unable to provision SubPath "${subPath}"`);
      }
      if (subPath !== '' && !files.stat(hostPath)) files.makeDirectory(hostPath, 0o750);
      if (subPath !== '' && isWritten(pod, mount.name)) {
        const copy = `${directory}/volume-subpaths/${mount.name}/${container.name}/${index}`;
        hostPath = pinnedCopy(files, hostPath, copy);
      }
      const propagations: Readonly<Record<string, Mount['propagation']>> = {
        HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
        Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
      };
      return {
        containerPath: absolute(mount.mountPath),
        hostPath,
        readonly: mount.readOnly === true || isReadOnly(pod, mount.name),
        propagation: propagations[mount.mountPropagation ?? ''] ?? 'PROPAGATION_PRIVATE',
      };
    });
    if (!mounts.some(({ containerPath }) => containerPath === '/etc/hosts') && hosts !== '') {
      files.makeDirectory(directory);
      files.writeFile(`${directory}/etc-hosts`, new TextEncoder().encode(hosts), 0o644);
      mounts.push({ containerPath: '/etc/hosts', hostPath: `${directory}/etc-hosts` });
    }
    const folder = `${directory}/containers/${container.name}`;
    files.makeDirectory(folder, 0o750);
    const lastWords = `${folder}/${this.#options.random.suffix(8)}`;
    files.writeFile(lastWords, new Uint8Array(), 0o666);
    files.changeMode(lastWords, 0o666);
    const containerPath = container.terminationMessagePath ?? '/dev/termination-log';
    mounts.push({ containerPath, hostPath: lastWords });
    return mounts;
  }
}

/** What the kubelet writes itself nobody else writes; and a claim may be used for reading only. */
function isReadOnly(pod: Pod, name: string): boolean {
  const volume = pod.spec?.volumes?.find((one) => one.name === name);
  return isWritten(pod, name) || volume?.persistentVolumeClaim?.readOnly === true;
}

/** Does the kubelet write the volume, again whenever an object changes? */
function isWritten({ spec }: Pod, name: string): boolean {
  const volume = spec?.volumes?.find((one) => one.name === name);
  const { configMap, secret, downwardAPI, projected } = volume ?? {};
  return [configMap, secret, downwardAPI, projected].some((one) => one !== undefined);
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

/** The text of a pod's `/etc/hosts`; empty on the node's own network, where the node's counts. */
export function hostsFile(pod: Pod, podIPs: readonly string[], hostname: string): string {
  if (pod.spec?.hostNetwork) return '';
  const own = podIPs.map((ip) => `${ip}\t${hostname}\n`).join('');
  const aliases = (pod.spec?.hostAliases ?? [])
    .map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`)
    .join('');
  const more = aliases === '' ? '' : `\n# Entries added by HostAliases.\n${aliases}`;
  return `# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n${own}${more}`;
}
