/** The ports of nodes that pods take for themselves: `hostPort`, and all of a pod on its node's network. */

import { keyOf, type NetworkProtocol, type Pod } from '#apimachinery';
import { type Client, PODS, Reflector, type ReflectorOptions } from '#client';

/** A port of a node that leads to a pod on it. */
export interface PodPort {
  readonly node: string;
  /** Of a node; `''` is each of its addresses. */
  readonly hostIp: string;
  readonly port: number;
  readonly protocol: NetworkProtocol;
}

/** Knows the ports of running pods, and nothing else of the pods. */
export class PodPorts {
  readonly #ports = new Map<string, readonly PodPort[]>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  list(): PodPort[] {
    return [...this.#ports.values()].flat();
  }

  /** Watches until the signal aborts. */
  run(
    client: Client,
    options: Pick<ReflectorOptions, 'clock' | 'random' | 'log'>,
    signal: AbortSignal,
  ): Promise<void> {
    const set = (pod: Pod): boolean => this.#set(keyOf(pod), portsOf(pod));
    const store = {
      replace: (pods: readonly Pod[]) => {
        this.#ports.clear();
        for (const pod of pods) set(pod);
        this.#onChange();
      },
      add: (pod: Pod) => this.#tell(set(pod)),
      update: (pod: Pod) => this.#tell(set(pod)),
      delete: (pod: Pod) => this.#tell(this.#set(keyOf(pod), [])),
    };
    return new Reflector(client.resource(PODS), store, { ...options, name: 'pods' }).run(signal);
  }

  /** @returns whether that changed anything */
  #set(key: string, ports: readonly PodPort[]): boolean {
    const before = this.#ports.get(key)?.length ?? 0;
    if (ports.length === 0) this.#ports.delete(key);
    else this.#ports.set(key, ports);
    return before !== ports.length;
  }

  #tell(hasChanged: boolean): void {
    if (hasChanged) this.#onChange();
  }
}

/** A pod's ports of its node do not change while it runs. */
function portsOf({ spec, status }: Pod): PodPort[] {
  const node = spec?.nodeName;
  if (!node || status?.phase !== 'Running') return [];
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return containers
    .flatMap(({ ports = [] }) => ports)
    .filter(({ hostPort = 0 }) => hostPort > 0)
    .map(({ hostPort = 0, hostIP = '', protocol }) => ({
      node,
      hostIp: hostIP === '0.0.0.0' ? '' : hostIP,
      port: hostPort,
      protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP',
    }));
}
